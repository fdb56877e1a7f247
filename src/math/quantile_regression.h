/*
 * quantile_regression.h
 *		Linear quantile regression, exactly: the b that minimises
 *		sum w rho(y - x'b), rho(r) = tau r for r > 0 and (tau - 1) r below
 *		(Koenker and Bassett 1978, Econometrica 46).
 *
 * The result is a vertex: a plane through as many rows as there are columns, and b are its
 * coefficients, each rounded to a double. With the numbers given taken as exact, the objective of the
 * plane before that rounding is the least there is, but for the share 2^-40 / min(tau, 1 - tau) of it;
 * residuals of less than some 10^-28 of their terms count as 0 (math/qr_vertex.h). Where several
 * planes are as good, which one is taken depends on what rows there are only, not on their order. No
 * intercept is added.
 *
 * An interior point method (math/qr_interior.h) comes close to the minimum, steps
 * from vertex to vertex (math/qr_vertex.h) end at it. Above 2,000 rows only a
 * sample is fitted, then the rows near its plane; of the others only the sum counts, and it
 * is seen at the end that each is on the side it was taken to be on (Portnoy and
 * Koenker 1997, "The Gaussian hare and the Laplacian tortoise", Statistical Science 12).
 * Where responses leave a gap around the quantile, as between 0 and what others spend, the rows near the sample's
 * plane do not tell where it must be; then better planes are found first, by rows near and a sample of the others.
 *
 * Memory beside the rows is got by allocate, about: 0.2 MB; 5 bytes a row above 2,000
 * rows; and 100 + 8 columns bytes for each row that is computed with. These are all rows up to
 * 2,000, beyond that 1.5 ((columns + 1) rows)^(2/3), for standard errors up to twice that, and up to
 * all only where such samples do not do.
 */
#ifndef ICM_QUANTILE_REGRESSION_H
#define ICM_QUANTILE_REGRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ICM_REGRESSION_COLUMNS_MAX 64
#define ICM_REGRESSION_ROWS_MAX UINT32_MAX

typedef enum IcmRegressionResult
{
	ICM_REGRESSION_DONE,
	ICM_REGRESSION_FEW_ROWS,	/* fewer than columns */
	ICM_REGRESSION_ZERO_COLUMN,	/* column: all values are 0 */
	ICM_REGRESSION_DEPENDENT_COLUMN,	/* column: made of those before it whose bits are in others */
	ICM_REGRESSION_WEIGHTS,		/* the largest is more than 2^40 times the smallest, about 10^12 */
	ICM_REGRESSION_OVERFLOW,	/* a coefficient or standard error is too large for a double, or, not being 0, too small */
	ICM_REGRESSION_FLAT,		/* no standard errors: the quantiles around tau do not differ, or cross */
	ICM_REGRESSION_UNSETTLED	/* digits lacking: the columns are nearly dependent; of standard errors, weights differ much */
} IcmRegressionResult;

typedef struct IcmRegression
{
	/* given */
	double	   *rows;			/* n times: columns values of x, y, and where weighted a positive weight; finite */
	size_t		n;				/* at most ICM_REGRESSION_ROWS_MAX */
	int			columns;		/* 1 to ICM_REGRESSION_COLUMNS_MAX */
	bool		weighted;
	void	   *(*allocate) (size_t bytes);	/* memory aligned for doubles; may not return, but never returns NULL */
	void		(*release) (void *memory);
	void		(*poll) (void);	/* called now and then; may not return */

	/* results of IcmRegressionPrepare() that found fault with a column, from 0 */
	int			column;
	uint64_t	others;

	/* or with the weights */
	double		least_weight;
	double		largest_weight;

	struct IcmRegressionState *state;	/* private */
} IcmRegression;

/*
 * Look at the rows, once for any number of fits. They are scaled and reordered in
 * place, and must stay as they are until IcmRegressionEnd(), which must follow where
 * the result is DONE. Values that are more than 10^270 times smaller than the largest of
 * their column lose digits.
 */
extern IcmRegressionResult IcmRegressionPrepare(IcmRegression *regression);
extern void IcmRegressionEnd(IcmRegression *regression);

/* The coefficients for one tau in (0, 1), in the order of the columns. */
extern IcmRegressionResult IcmRegressionFit(IcmRegression *regression, double tau, double *coefficient);

/*
 * Rows at which the fits of several tau, ascending, cross: that of a larger tau is
 * lower, by more than rounding. coefficient: those of the first tau, of the second ...
 */
extern size_t IcmRegressionCrossings(const IcmRegression *regression, const double *coefficient, int taus);

/*
 * The standard errors and the correlations of the coefficients for one tau, by their covariances, the sandwich
 * tau (1 - tau) H^-1 J H^-1, J = sum w^2 x x', H = sum w f x x', where f is the density of a row's
 * response at the fit, by the difference between the fits at tau + h and
 * tau - h: 2 h / x'(b+ - b-), 0 where they cross (Hendricks and Koenker 1992,
 * JASA 87); h by Hall and Sheather (1988), halved until both are in (0, 1). It is
 * what quantreg's summary.rq(se = "nid") gives, with its weights too. It takes two fits, which are
 * faster if the last one was of this tau. correlation: the lower triangle without the diagonal, by
 * rows: (1,0) (2,0) (2,1) (3,0) ...; only written if the result is DONE. *crossed is the number of rows at
 * which the two fits cross, or meet.
 */
extern IcmRegressionResult IcmRegressionErrors(IcmRegression *regression, double tau, double *std_error, double *correlation,
											   size_t *crossed);

#endif							/* ICM_QUANTILE_REGRESSION_H */
