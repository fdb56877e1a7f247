#!/usr/bin/env Rscript
# Reference values of src/math/quantile_regression.h, from quantreg for R (Koenker;
# written with quantreg 5.94 and R 4.2).
#
# usage: Rscript test/reference/quantreg.R >test/reference/quantreg.txt
#
# Coefficients are of rq.fit.br, the simplex method of Barrodale and Roberts, which
# ends at a vertex; taus are such that the minimum is at one vertex only. Standard errors are
# those of summary.rq(se = "nid").
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
		cat("errors", name, number(c(tau, summary(model, se = "nid")$coefficients[, 2])), "\n")
	}
}

cat("# Written by test/reference/quantreg.R (what is right, and how it is known, stands there). Do not edit.\n")
cat("# data: name, rows, columns, weighted; then x, y and weight of each row\n")
cat("# fit: name, tau, coefficients; errors: name, tau, standard errors\n")

taus <- c(0.013, seq(0.05, 0.95, 0.05) + 0.0031, 0.987)

x <- cbind(1, as.matrix(stackloss[, 1:3]))
data_set("stackloss", x, stackloss$stack.loss)
fits("stackloss", x, stackloss$stack.loss, NULL, taus, c(0.31, 0.5031))

set.seed(20240229)
n <- 120
x <- cbind(1, rnorm(n), rexp(n), runif(n) < 0.3, round(rnorm(n), 1) * 1000)
y <- x %*% c(3, -1, 2, 0.5, 0.001) + rt(n, 3) * (1 + x[, 3])
w <- rexp(n) + 0.05
data_set("random", x, y)
fits("random", x, y, NULL, taus, c(0.25, 0.5031, 0.9))
data_set("weighted", x, y, w)
fits("weighted", x, y, w, taus, c(0.25, 0.5031, 0.9))

data(engel)
fits("engel", cbind(1, engel$income), engel$foodexp, NULL, c(seq(0.02, 0.98, 0.02) + 0.001, 0.5, 0.75), c(0.1, 0.25, 0.5, 0.75, 0.9))
