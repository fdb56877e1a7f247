/*
 * qr_rows.h
 *		The rows of a quantile regression: scaled, in an order of their own, and
 *		with columns that are linearly independent.
 */
#ifndef ICM_QR_ROWS_H
#define ICM_QR_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/quantile_regression.h"

#define ICM_QR_COLUMNS_MAX ICM_REGRESSION_COLUMNS_MAX
#define ICM_QR_PACKED_MAX (ICM_QR_COLUMNS_MAX * (ICM_QR_COLUMNS_MAX + 1) / 2)
#define ICM_QR_BLOCK 64			/* rows that are computed with at a time */
#define ICM_QR_POLL_ROWS 65536

typedef struct IcmQrRows
{
	double	   *row;			/* n rows of p values of x, y and, where weighted, the weight */
	size_t		n;
	int			p;
	int			width;			/* doubles in a row */
	bool		weighted;
	void		(*poll) (void);
	int			exponent[ICM_QR_COLUMNS_MAX + 2];	/* each column was divided by 2 to this power */
} IcmQrRows;

typedef enum IcmQrRank
{
	ICM_QR_FULL_RANK,
	ICM_QR_ZERO_COLUMN,
	ICM_QR_DEPENDENT_COLUMN
} IcmQrRank;

static inline const double *
IcmQrRow(const IcmQrRows *rows, size_t i)
{
	return rows->row + i * rows->width;
}

static inline double
IcmQrWeight(const IcmQrRows *rows, const double *row)
{
	return rows->weighted ? row[rows->p + 1] : 1.0;
}

/*
 * A number in (-1, 1) that stands for row i and looks random: the first-order part
 * of a response that is y + epsilon * noise with an infinitesimal epsilon, in
 * which no p + 1 rows lie on one plane. The mixer is that of splitmix64 (Steele,
 * Lea, Flood 2014).
 */
static inline double
IcmQrNoise(size_t i)
{
	uint64_t	z = (uint64_t) i * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x632be59bd9b4e019);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double) ((z ^ z >> 31) >> 11) + 0.5) * 0x1p-52 - 1.0;
}

/* Divide each column by a power of two, so that its largest absolute value is in [1/2, 1), and make -0 to 0. */
extern void IcmQrScale(IcmQrRows *rows);

/*
 * Sort the rows by a hash of their bytes, and where that is the same by the bytes,
 * in place: the order then depends on what rows there are only, and every k-th row
 * is as good as a random sample.
 */
extern void IcmQrSort(IcmQrRows *rows);

/*
 * The factor L of X'X = L L', packed by rows (math/cholesky.h); or the first
 * column that is zero, or within 10^-11 of its length in the space of those before
 * it, and in *others the bits of those it is made of.
 */
extern IcmQrRank IcmQrFactor(const IcmQrRows *rows, double *factor, int *column, uint64_t *others);

/* result = L^-1 x: the row in coordinates in which the columns are orthonormal over all rows. */
static inline void
IcmQrTransform(const double *restrict factor, int p, const double *restrict x, double *restrict result)
{
	for (int i = 0; i < p; i++)
	{
		const double *l = factor + i * (i + 1) / 2;
		double		sum = x[i];

		for (int j = 0; j < i; j++)
			sum -= l[j] * result[j];
		result[i] = sum / l[i];
	}
}

/*
 * The columns of ICM_QR_BLOCK rows from start on, one after the other, filled up with zeros. Returns how many
 * rows there are; polls now and then.
 */
extern int	IcmQrGather(const IcmQrRows *rows, size_t start, double *x);

/* Replace the rows of such a block by L^-1 x. */
extern void IcmQrTransformBlock(const double *factor, int p, double *x);

/* Replace b by L'^-1 b: coefficients of transformed rows become those of the rows. */
extern void IcmQrTransformBack(const double *factor, int p, double *b);

/* Replace b by L'b: the other way round. */
extern void IcmQrTransformCoefficients(const double *factor, int p, double *b);

/* Add the sum of q x x' over a block of p columns of ICM_QR_BLOCK rows to a packed matrix. */
extern void IcmQrAddSquares(const double *x, const double *q, int p, double *gram);

static inline double
IcmQrBlockDot(const double *restrict a, const double *restrict b)
{
	double		sum[8] = {0.0};

	for (int i = 0; i < ICM_QR_BLOCK; i += 8)
		for (int j = 0; j < 8; j++)
			sum[j] += a[i + j] * b[i + j];
	return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

#endif							/* ICM_QR_ROWS_H */
