/*
 * quantile_regression.c
 *		Linear quantile regression; see quantile_regression.h. Here rows are checked and
 *		prepared, and coefficients turned back into the units that they came in; qr_fit.c
 *		fits, qr_errors.c has the standard errors.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/qr_state.h"

#define P_MAX ICM_REGRESSION_COLUMNS_MAX
#define WEIGHT_RANGE 0x1p-40	/* of the least to the largest: sums in two doubles hold all weights to 2^-40 of each */

/* The noise that responses are moved by, to the median of those that are not 0. */
#define NOISE 0x1p-27
#define MEDIAN_ROWS 1000

/* ---- preparations --------------------------------------------------------- */

/* The median size of responses that are not 0, in a sample of the rows. */
static double
MedianResponse(const IcmQrRows *rows)
{
	double		sample[MEDIAN_ROWS];
	size_t		step = rows->n / MEDIAN_ROWS + 1;
	int			n = 0;

	for (size_t i = 0; i < rows->n; i += step)
	{
		double		y = fabs(IcmQrRow(rows, i)[rows->p]);
		int			to = n;

		if (y == 0.0)
			continue;
		for (; to > 0 && sample[to - 1] > y; to--)
			sample[to] = sample[to - 1];
		sample[to] = y;
		n++;
	}
	return n == 0 ? 1.0 : sample[n / 2];
}

/* Before they are scaled: some may be too small for that. */
static IcmRegressionResult
CheckWeights(const IcmQrRows *rows, IcmRegression *regression)
{
	double		least = INFINITY,
				largest = 0.0;

	for (size_t i = 0; i < rows->n && rows->weighted; i++)
	{
		least = fmin(least, IcmQrWeight(rows, IcmQrRow(rows, i)));
		largest = fmax(largest, IcmQrWeight(rows, IcmQrRow(rows, i)));
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	regression->least_weight = least;
	regression->largest_weight = largest;
	return rows->weighted && least / largest < WEIGHT_RANGE ? ICM_REGRESSION_WEIGHTS : ICM_REGRESSION_DONE;
}

/* How much the fit of each row varies. */
static void
FillBand(IcmRegressionState *state)
{
	const IcmQrRows *rows = &state->rows;

	for (size_t start = 0; start < rows->n; start += ICM_QR_BLOCK)
	{
		double		x[P_MAX * ICM_QR_BLOCK],
					squares[ICM_QR_BLOCK] = {0.0};
		int			count = IcmQrGather(rows, start, x);

		IcmQrTransformBlock(state->factor, rows->p, x);
		for (int j = 0; j < rows->p; j++)
			for (int i = 0; i < ICM_QR_BLOCK; i++)
				squares[i] += x[j * ICM_QR_BLOCK + i] * x[j * ICM_QR_BLOCK + i];
		for (int i = 0; i < count; i++)
			state->band[start + i] = (float) sqrt(squares[i]);
	}
}

/* Sums over all rows. */
static void
Survey(IcmRegressionState *state)
{
	const IcmQrRows *rows = &state->rows;
	double		weights = 0.0;

	memset(state->total, 0, sizeof(state->total));
	for (size_t i = 0; i < rows->n; i++)
	{
		IcmQrAddRow(rows, i, 1.0, state->total);
		weights += IcmQrWeight(rows, IcmQrRow(rows, i));
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	state->mean_weight = weights / rows->n;
	state->noise_of_rows = NOISE * MedianResponse(rows);
}

static IcmRegressionResult
PrepareRows(IcmRegression *regression, IcmRegressionState *state)
{
	IcmQrRows  *rows = &state->rows;
	IcmQrRank	rank;

	if (CheckWeights(rows, regression) != ICM_REGRESSION_DONE)
		return ICM_REGRESSION_WEIGHTS;
	IcmQrScale(rows);
	IcmQrSort(rows);
	rank = IcmQrFactor(rows, state->factor, &regression->column, &regression->others);
	if (rank != ICM_QR_FULL_RANK)
		return rank == ICM_QR_ZERO_COLUMN ? ICM_REGRESSION_ZERO_COLUMN : ICM_REGRESSION_DEPENDENT_COLUMN;
	if (rows->n > ICM_QR_ROWS_MAX)
	{
		state->band = regression->allocate(rows->n * sizeof(float));
		state->side = regression->allocate(rows->n);
		FillBand(state);
	}
	Survey(state);
	return ICM_REGRESSION_DONE;
}

IcmRegressionResult
IcmRegressionPrepare(IcmRegression *regression)
{
	IcmRegressionState *state;
	IcmRegressionResult result;
	IcmQrRows	rows = {
		.row = regression->rows,.n = regression->n,.p = regression->columns,
		.width = regression->columns + 1 + regression->weighted,.weighted = regression->weighted,
		.poll = regression->poll
	};

	regression->state = NULL;
	if (regression->n < (size_t) regression->columns)
		return ICM_REGRESSION_FEW_ROWS;
	regression->state = state = regression->allocate(sizeof(IcmRegressionState));
	state->rows = rows;
	state->band = NULL;
	state->side = NULL;
	state->tau = -1.0;
	result = PrepareRows(regression, state);
	if (result != ICM_REGRESSION_DONE)
		IcmRegressionEnd(regression);
	return result;
}

void
IcmRegressionEnd(IcmRegression *regression)
{
	IcmRegressionState *state = regression->state;

	if (state == NULL)
		return;
	if (state->band != NULL)
	{
		regression->release(state->band);
		regression->release(state->side);
	}
	regression->release(state);
	regression->state = NULL;
}

/* ---- answers -------------------------------------------------------------- */

IcmRegressionResult
IcmRegressionFit(IcmRegression *regression, double tau, double *coefficient)
{
	const IcmQrRows *rows = &regression->state->rows;

	if (IcmQrFit(regression, tau) != ICM_QR_OPTIMAL)
		return ICM_REGRESSION_UNSETTLED;
	for (int j = 0; j < rows->p; j++)
	{
		double		scaled = regression->state->vertex.b[j].high;
		int			exponent = rows->exponent[rows->p] - rows->exponent[j];

		coefficient[j] = ldexp(scaled, exponent) + 0.0;
		/* infinite, or too small to hold all digits */
		if (ldexp(coefficient[j], -exponent) != scaled)
			return ICM_REGRESSION_OVERFLOW;
	}
	return ICM_REGRESSION_DONE;
}

/* Is x'a above x'b, by more than rounding may be the cause of? */
static bool
IsAbove(const double *x, const double *a, const double *b, int p)
{
	double		difference = 0.0,
				terms = 0.0;

	for (int j = 0; j < p; j++)
	{
		difference += x[j] * (a[j] - b[j]);
		terms += fabs(x[j]) * (fabs(a[j]) + fabs(b[j]));
	}
	return difference > (p + 4) * DBL_EPSILON * terms;
}

size_t
IcmRegressionCrossings(const IcmRegression *regression, const double *coefficient, int taus)
{
	const IcmQrRows *rows = &regression->state->rows;
	int			p = rows->p;
	size_t		crossings = 0;
	double	   *b = regression->allocate(sizeof(double) * p * taus);

	for (int k = 0; k < p * taus; k++)
		b[k] = ldexp(coefficient[k], rows->exponent[k % p] - rows->exponent[p]);
	for (size_t i = 0; i < rows->n; i++)
	{
		bool		crosses = false;

		for (int k = 1; k < taus && !crosses; k++)
			crosses = IsAbove(IcmQrRow(rows, i), b + (k - 1) * p, b + k * p, p);
		crossings += crosses;
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	regression->release(b);
	return crossings;
}
