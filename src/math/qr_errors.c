/*
 * qr_errors.c
 *		Standard errors of a quantile regression, and correlations of its coefficients.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/cholesky.h"
#include "math/qr_state.h"
#include "math/trend.h"

#define P_MAX ICM_REGRESSION_COLUMNS_MAX

#define LOST 0x1p-96			/* what a coefficient in two doubles may be off by */

static double
NormalQuantile(double probability)
{
	double		z = IcmNormalWithin(fabs(2.0 * probability - 1.0));

	return probability < 0.5 ? -z : z;
}

/* Hall and Sheather (1988, JRSS B 50), for intervals of 95 %. */
static double
Bandwidth(double tau, size_t n)
{
	const double density_at_0 = 0.3989422804014327;
	double		z = NormalQuantile(tau),
				density = density_at_0 * exp(-0.5 * z * z),
				h = pow((double) n, -1.0 / 3.0) * pow(IcmNormalWithin(0.95), 2.0 / 3.0) *
		pow(1.5 * density * density / (2.0 * z * z + 1.0), 1.0 / 3.0);

	while (tau - h <= 0.0 || tau + h >= 1.0)
		h *= 0.5;
	return h;
}

/* The difference of two planes, and what may be lost of it. */
typedef struct Gap
{
	double		b[P_MAX];
	double		lost[P_MAX];
} Gap;

static Gap
GapOf(const IcmTwofold *low, const IcmTwofold *high, int p)
{
	Gap			gap;

	for (int j = 0; j < p; j++)
	{
		gap.b[j] = IcmTwofoldSubtract(high[j], low[j]).high;
		gap.lost[j] = LOST * (fabs(high[j].high) + fabs(low[j].high));
	}
	return gap;
}

/* By how much the higher plane is above the lower one at x; 0 if it is not, or by no more than may be lost. */
static double
GapAt(const Gap *gap, const double *x, int p)
{
	double		difference = 0.0,
				lost = 0.0;

	for (int j = 0; j < p; j++)
	{
		double		term = x[j] * gap->b[j];

		difference += term;
		lost += (p + 4) * DBL_EPSILON * fabs(term) + fabs(x[j]) * gap->lost[j];
	}
	return difference > lost ? difference : 0.0;
}

/* H and J of the sandwich, packed, for transformed rows; gap: of the fits at tau - h and tau + h. */
static void
AddSandwich(const IcmRegressionState *state, const Gap *gap, double h, double *hessian, double *squares, size_t *crossed)
{
	const IcmQrRows *rows = &state->rows;
	int			p = rows->p;

	*crossed = 0;
	memset(hessian, 0, sizeof(double) * p * (p + 1) / 2);
	memset(squares, 0, sizeof(double) * p * (p + 1) / 2);
	/* without weights J is X'X, which is L L' */
	for (int j = 0; j < p && !rows->weighted; j++)
		squares[ICM_PACKED(j, j)] = 1.0;
	for (size_t start = 0; start < rows->n; start += ICM_QR_BLOCK)
	{
		double		x[P_MAX * ICM_QR_BLOCK],
					density[ICM_QR_BLOCK] = {0.0},
					square[ICM_QR_BLOCK] = {0.0};
		int			count = IcmQrGather(rows, start, x);

		for (int i = 0; i < count; i++)
		{
			const double *row = IcmQrRow(rows, start + i);
			double		weight = IcmQrWeight(rows, row),
						difference = GapAt(gap, row, p);

			*crossed += difference == 0.0;
			density[i] = difference > 0.0 ? weight * 2.0 * h / difference : 0.0;
			square[i] = weight * weight;
		}
		IcmQrTransformBlock(state->factor, p, x);
		IcmQrAddSquares(x, density, p, hessian);
		if (rows->weighted)
			IcmQrAddSquares(x, square, p, squares);
	}
}

/*
 * G, by columns, of which G G' is H^-1 J H^-1, as of coefficients of the rows: L'^-1 H^-1 K, J being K K'.
 * H and J are given as their factors.
 */
static void
RootOfSandwich(const IcmRegressionState *state, const double *hessian, const double *squares, double *root)
{
	int			p = state->rows.p;

	for (int k = 0; k < p; k++)
	{
		double	   *column = root + k * p;

		for (int i = 0; i < p; i++)
			column[i] = i < k ? 0.0 : squares[ICM_PACKED(i, k)];
		IcmCholeskySolve(hessian, p, column);
		IcmQrTransformBack(state->factor, p, column);
	}
}

/* Divide row i of a matrix, given by columns, by its length, which is the result. */
static double
Normalise(double *matrix, int p, int i)
{
	double		largest = 0.0,
				squares = 0.0;

	for (int k = 0; k < p; k++)
		largest = fmax(largest, fabs(matrix[k * p + i]));
	if (!(largest > 0.0 && isfinite(largest)))
		return largest;
	for (int k = 0; k < p; k++)
	{
		matrix[k * p + i] /= largest;
		squares += matrix[k * p + i] * matrix[k * p + i];
	}
	for (int k = 0; k < p; k++)
		matrix[k * p + i] /= sqrt(squares);
	return largest * sqrt(squares);
}

/* The products of rows of length 1, each with those before it. */
static void
Correlations(const double *matrix, int p, double *correlation)
{
	for (int i = 1; i < p; i++)
		for (int j = 0; j < i; j++)
		{
			double		product = 0.0;

			for (int k = 0; k < p; k++)
				product += matrix[k * p + i] * matrix[k * p + j];
			*correlation++ = fmax(-1.0, fmin(1.0, product)) + 0.0;
		}
}

IcmRegressionResult
IcmRegressionErrors(IcmRegression *regression, double tau, double *std_error, double *correlation, size_t *crossed)
{
	IcmRegressionState *state = regression->state;
	const IcmQrRows *rows = &state->rows;
	int			p = rows->p;
	double		h = Bandwidth(tau, rows->n);
	double		hessian[ICM_QR_PACKED_MAX],
				squares[ICM_QR_PACKED_MAX];
	IcmTwofold	low[P_MAX],
				high[P_MAX];
	Gap			gap;
	double	   *root;
	bool		held = true;

	if (!IcmQrFitAround(regression, tau, h, low, high))
		return ICM_REGRESSION_UNSETTLED;
	gap = GapOf(low, high, p);
	AddSandwich(state, &gap, h, hessian, squares, crossed);
	if (!IcmCholesky(hessian, p))
		return ICM_REGRESSION_FLAT;
	if (!IcmCholesky(squares, p))
		return ICM_REGRESSION_UNSETTLED;
	root = regression->allocate(sizeof(double) * p * p);
	RootOfSandwich(state, hessian, squares, root);
	for (int j = 0; j < p; j++)
	{
		std_error[j] = ldexp(sqrt(tau * (1.0 - tau)) * Normalise(root, p, j), rows->exponent[p] - rows->exponent[j]);
		held = held && std_error[j] >= DBL_MIN && isfinite(std_error[j]);
	}
	if (held)
		Correlations(root, p, correlation);
	regression->release(root);
	return held ? ICM_REGRESSION_DONE : ICM_REGRESSION_OVERFLOW;
}
