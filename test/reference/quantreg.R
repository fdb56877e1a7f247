#!/usr/bin/env Rscript
# Reference values of src/math/quantile_regression.h, from quantreg for R (Koenker;
# written with quantreg 5.94 and R 4.2).
#
# usage: Rscript test/reference/quantreg.R >test/reference/quantreg.txt
#
# Coefficients are of rq.fit.br, the simplex method of Barrodale and Roberts, which
# ends at a vertex; taus are such that the minimum is at one vertex only. Standard errors and
# covariances are those of summary.rq(se = "nid"), intervals those of predict.rq(interval = "confidence",
# se = "nid"), which takes the quantiles of t with n - p degrees of freedom: confidence is that of the
# normal quantile of the same width.
#
# Data: stackloss is Brownlee's, of R; random is made here; engel is quantreg's own,
# which is not repeated (it is in engel.csv).
suppressMessages(library(quantreg))

number <- function(x) paste(sprintf("%.17g", x), collapse = " ")

data_set <- function(name, x, y, w = NULL) {
	cat("data", name, nrow(x), ncol(x), if (is.null(w)) 0 else 1, "\n")
	for (i in seq_len(nrow(x))) cat(number(c(x[i, ], y[i], w[i])), "\n")
}

fits <- function(name, x, y, w = NULL, taus, errors) {
	for (tau in taus) {
		scale <- if (is.null(w)) 1 else w
		b <- rq.fit.br(x * scale, y * scale, tau = tau)$coefficients
		cat("fit", name, number(c(tau, b)), "\n")
	}
	for (tau in errors) {
		model <- if (is.null(w)) rq(y ~ x - 1, tau = tau) else rq(y ~ x - 1, tau = tau, weights = w)
		found <- summary(model, se = "nid", covariance = TRUE)
		cat("errors", name, number(c(tau, found$coefficients[, 2])), "\n")
		cat("covariance", name, number(c(tau, found$cov[upper.tri(found$cov, diag = TRUE)])), "\n")
	}
}

# Intervals of the quantile at a few x, at 90 %.
intervals <- function(name, x, y, w = NULL, taus, at) {
	confidence <- 2 * pnorm(qt(0.95, nrow(x) - ncol(x))) - 1
	for (tau in taus) {
		model <- if (is.null(w)) rq(y ~ x - 1, tau = tau) else rq(y ~ x - 1, tau = tau, weights = w)
		for (i in seq_len(nrow(at))) {
			found <- predict(model, newdata = list(x = at[i, , drop = FALSE]), interval = "confidence", level = 0.9, se = "nid")
			cat("interval", name, number(c(tau, confidence, at[i, ], found)), "\n")
		}
	}
}

cat("# Written by test/reference/quantreg.R (what is right, and how it is known, stands there). Do not edit.\n")
cat("# data: name, rows, columns, weighted; then x, y and weight of each row\n")
cat("# fit: name, tau, coefficients; errors: name, tau, standard errors; covariance: name, tau, lower triangle by rows\n")
cat("# interval: name, tau, confidence, x, fit, lower, upper\n")

taus <- c(0.013, seq(0.05, 0.95, 0.05) + 0.0031, 0.987)

x <- cbind(1, as.matrix(stackloss[, 1:3]))
data_set("stackloss", x, stackloss$stack.loss)
fits("stackloss", x, stackloss$stack.loss, NULL, taus, c(0.31, 0.5031))
intervals("stackloss", x, stackloss$stack.loss, NULL, c(0.31, 0.5031), rbind(c(1, 60, 20, 86), c(1, 80, 27, 89), c(21, colSums(x)[-1])))

set.seed(20240229)
n <- 120
x <- cbind(1, rnorm(n), rexp(n), runif(n) < 0.3, round(rnorm(n), 1) * 1000)
y <- x %*% c(3, -1, 2, 0.5, 0.001) + rt(n, 3) * (1 + x[, 3])
w <- rexp(n) + 0.05
data_set("random", x, y)
fits("random", x, y, NULL, taus, c(0.25, 0.5031, 0.9))
intervals("random", x, y, NULL, c(0.5031, 0.9), rbind(x[1:2, ], c(1, 0, 0, 0, 0)))
data_set("weighted", x, y, w)
fits("weighted", x, y, w, taus, c(0.25, 0.5031, 0.9))
intervals("weighted", x, y, w, c(0.5031, 0.9), rbind(x[1:2, ], c(1, 0, 0, 0, 0)))

data(engel)
x <- cbind(1, engel$income)
fits("engel", x, engel$foodexp, NULL, c(seq(0.02, 0.98, 0.02) + 0.001, 0.5, 0.75), c(0.1, 0.25, 0.5, 0.75, 0.9))
intervals("engel", x, engel$foodexp, NULL, c(0.1, 0.25, 0.5, 0.75, 0.9), rbind(c(1, 377), c(1, 982), c(1, 5000), c(235, 230881)))
