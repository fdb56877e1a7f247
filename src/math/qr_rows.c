/*
 * qr_rows.c
 *		The rows of a quantile regression; see qr_rows.h.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/cholesky.h"
#include "math/qr_rows.h"
#include "math/wide.h"

#define WIDTH_MAX (ICM_QR_COLUMNS_MAX + 2)
#define FEW 32					/* rows that are sorted by insertion */
#define EXPONENT_MIN -1000		/* so that the factor of a column does not overflow */

/* Where a column's square distance from those before it is more than this share, X'X tells well enough. */
#define CLEAR 1e-7
#define DEPENDENT 1e-11
#define PART 1e-6				/* of a column, below which another has no part in it */

/* ---- scale ---------------------------------------------------------------- */

void
IcmQrScale(IcmQrRows *rows)
{
	double		largest[WIDTH_MAX] = {0.0};
	double		factor[WIDTH_MAX];

	for (size_t i = 0; i < rows->n; i++)
	{
		const double *row = IcmQrRow(rows, i);

		for (int j = 0; j < rows->width; j++)
			largest[j] = fabs(row[j]) > largest[j] ? fabs(row[j]) : largest[j];
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	for (int j = 0; j < rows->width; j++)
	{
		frexp(largest[j], &rows->exponent[j]);
		if (rows->exponent[j] < EXPONENT_MIN)
			rows->exponent[j] = EXPONENT_MIN;
		factor[j] = ldexp(1.0, -rows->exponent[j]);
	}
	for (size_t i = 0; i < rows->n; i++)
	{
		double	   *row = rows->row + i * rows->width;

		for (int j = 0; j < rows->width; j++)
			row[j] = row[j] * factor[j] + 0.0;
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
}

/* ---- order ---------------------------------------------------------------- */

typedef struct Key
{
	uint64_t	hash;
	size_t		row;
} Key;

/* A word and the next, each with a key of its place; the words are in it too, as one that is its key makes the product 0. */
static inline uint64_t
HashPair(uint64_t a, uint64_t b, int place)
{
	IcmUint128	product;

	a ^= (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
	b ^= (place + 2) * UINT64_C(0x9e3779b97f4a7c15);
	product = (IcmUint128) a * b;
	return (uint64_t) product ^ (uint64_t) (product >> 64) ^ a ^ b;
}

/*
 * Words in pairs whose products are folded (as in wyhash by Wang Yi): the pairs do not
 * wait for each other. Rows can be made up that have the same hash.
 */
static uint64_t
Hash(const double *row, int width)
{
	uint64_t	hash = 0,
				word[2] = {0, 0};
	int			j = 0;

	for (; j + 1 < width; j += 2)
	{
		memcpy(word, row + j, sizeof(word));
		hash += HashPair(word[0], word[1], j);
	}
	if (j < width)
	{
		memcpy(word, row + j, sizeof(double));
		hash += HashPair(word[0], 0, j);
	}
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ hash >> 29;
}

static void
Swap(double *a, double *b, int width)
{
	for (int j = 0; j < width; j++)
	{
		double		kept = a[j];

		a[j] = b[j];
		b[j] = kept;
	}
}

static bool
IsBefore(const double *row, int width, Key a, Key b)
{
	if (a.hash != b.hash)
		return a.hash < b.hash;
	return memcmp(row + a.row * width, row + b.row * width, width * sizeof(double)) < 0;
}

/* Sort no more than FEW rows: their keys, then move each cycle of the permutation. */
static void
SortFew(double *row, size_t n, int width)
{
	Key			key[FEW];

	for (size_t i = 0; i < n; i++)
	{
		Key			moved = {Hash(row + i * width, width), i};
		size_t		to = i;

		for (; to > 0 && IsBefore(row, width, moved, key[to - 1]); to--)
			key[to] = key[to - 1];
		key[to] = moved;
	}
	for (size_t i = 0; i < n; i++)
		while (key[i].row != i)
		{
			size_t		from = key[i].row;

			/* what belongs at i stands at from; after the swap what stood at i does */
			Swap(row + i * width, row + from * width, width);
			key[i].row = i;
			for (size_t j = i + 1; j < n; j++)
				if (key[j].row == i)
				{
					key[j].row = from;
					break;
				}
		}
}

static bool
AreSame(const double *row, size_t n, int width)
{
	size_t		i = 1;

	while (i < n && memcmp(row, row + i * width, width * sizeof(double)) == 0)
		i++;
	return i == n;
}

/* Move row i down the heap of n rows, the last one on top, to where it belongs. */
static void
SiftDown(double *row, size_t n, size_t i, int width)
{
	size_t		bytes = width * sizeof(double);

	for (size_t child = 2 * i + 1; child < n; child = 2 * i + 1)
	{
		if (child + 1 < n && memcmp(row + child * width, row + (child + 1) * width, bytes) < 0)
			child++;
		if (memcmp(row + i * width, row + child * width, bytes) >= 0)
			break;
		Swap(row + i * width, row + child * width, width);
		i = child;
	}
}

/* Sort rows whose hashes are all the same, though the rows are not, by their bytes: made up, so not one by one. */
static void
SortColliding(const IcmQrRows *rows, double *row, size_t n)
{
	int			width = rows->width;

	for (size_t i = n / 2; i-- > 0;)
	{
		SiftDown(row, n, i, width);
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	for (size_t left = n - 1; left > 0; left--)
	{
		Swap(row, row + left * width, width);
		SiftDown(row, left, 0, width);
		if (left % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
}

/*
 * Sort by the bits of the hash from shift + 7 down: each row is swapped to the next
 * free place of its byte (McIlroy, Bostic, McIlroy 1993, "Engineering radix sort",
 * American flag sort), then the rows of each byte by the next one.
 */
static void
SortFrom(const IcmQrRows *rows, double *row, size_t n, int shift)
{
	size_t		next[256] = {0},
				end[256];
	size_t		sum = 0,
				moves = 0;
	int			width = rows->width;

	if (n <= FEW)
	{
		SortFew(row, n, width);
		return;
	}
	rows->poll();
	if (AreSame(row, n, width))
		return;
	if (shift < 0)
	{
		SortColliding(rows, row, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
	{
		next[Hash(row + i * width, width) >> shift & 255]++;
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	for (int b = 0; b < 256; b++)
	{
		end[b] = sum += next[b];
		next[b] = sum - next[b];
	}
	for (int b = 0; b < 256; b++)
		while (next[b] < end[b])
		{
			int			to = Hash(row + next[b] * width, width) >> shift & 255;

			if (to != b)
				Swap(row + next[b] * width, row + next[to] * width, width);
			next[to]++;
			if (++moves % ICM_QR_POLL_ROWS == 0)
				rows->poll();
		}
	for (int b = 0; b < 256; b++)
	{
		size_t		start = b == 0 ? 0 : end[b - 1];

		if (end[b] > start + 1)
			SortFrom(rows, row + start * width, end[b] - start, shift - 8);
	}
}

void
IcmQrSort(IcmQrRows *rows)
{
	SortFrom(rows, rows->row, rows->n, 56);
}

/* ---- rank ----------------------------------------------------------------- */

void
IcmQrAddSquares(const double *restrict x, const double *restrict q, int p, double *restrict gram)
{
	for (int j = 0; j < p; j++)
	{
		const double *column = x + j * ICM_QR_BLOCK;
		double		weighted[ICM_QR_BLOCK];

		for (int i = 0; i < ICM_QR_BLOCK; i++)
			weighted[i] = q[i] * column[i];
		for (int k = 0; k <= j; k++)
			gram[ICM_PACKED(j, k)] += IcmQrBlockDot(weighted, x + k * ICM_QR_BLOCK);
	}
}

int
IcmQrGather(const IcmQrRows *rows, size_t start, double *x)
{
	int			p = rows->p;
	int			count = rows->n - start < ICM_QR_BLOCK ? (int) (rows->n - start) : ICM_QR_BLOCK;

	if (count < ICM_QR_BLOCK)
		memset(x, 0, p * ICM_QR_BLOCK * sizeof(double));
	for (int i = 0; i < count; i++)
	{
		const double *row = IcmQrRow(rows, start + i);

		for (int j = 0; j < p; j++)
			x[j * ICM_QR_BLOCK + i] = row[j];
	}
	if (start % ICM_QR_POLL_ROWS == 0)
		rows->poll();
	return count;
}

/* to -= factor from, in a column of a block */
static void
Reduce(double *restrict to, const double *restrict from, double factor)
{
	for (int i = 0; i < ICM_QR_BLOCK; i++)
		to[i] -= factor * from[i];
}

void
IcmQrTransformBlock(const double *factor, int p, double *x)
{
	for (int j = 0; j < p; j++)
	{
		double	   *column = x + j * ICM_QR_BLOCK;

		for (int k = 0; k < j; k++)
			Reduce(column, x + k * ICM_QR_BLOCK, factor[ICM_PACKED(j, k)]);
		for (int i = 0; i < ICM_QR_BLOCK; i++)
			column[i] /= factor[ICM_PACKED(j, j)];
	}
}

static void
Squares(const IcmQrRows *rows, double *gram)
{
	double		x[ICM_QR_COLUMNS_MAX * ICM_QR_BLOCK];
	double		one[ICM_QR_BLOCK];

	memset(gram, 0, rows->p * (rows->p + 1) / 2 * sizeof(double));
	for (int i = 0; i < ICM_QR_BLOCK; i++)
		one[i] = 1.0;
	for (size_t start = 0; start < rows->n; start += ICM_QR_BLOCK)
	{
		IcmQrGather(rows, start, x);
		IcmQrAddSquares(x, one, rows->p, gram);
	}
}

/* L' of X = Q L', one row after the other by Givens rotations, so that no digits are lost to squares. */
static void
Rotate(const IcmQrRows *rows, double *factor)
{
	int			p = rows->p;

	memset(factor, 0, p * (p + 1) / 2 * sizeof(double));
	for (size_t i = 0; i < rows->n; i++)
	{
		double		x[ICM_QR_COLUMNS_MAX];

		memcpy(x, IcmQrRow(rows, i), p * sizeof(double));
		for (int j = 0; j < p; j++)
		{
			double		before = factor[ICM_PACKED(j, j)],
						length = sqrt(before * before + x[j] * x[j]);
			double		cosine,
						sine;

			if (x[j] == 0.0 || length == 0.0)
				continue;
			cosine = before / length;
			sine = x[j] / length;
			factor[ICM_PACKED(j, j)] = length;
			for (int k = j + 1; k < p; k++)
			{
				double		l = factor[ICM_PACKED(k, j)];

				factor[ICM_PACKED(k, j)] = cosine * l + sine * x[k];
				x[k] = cosine * x[k] - sine * l;
			}
		}
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
}

static double
RowNorm(const double *factor, int j)
{
	double		sum = 0.0;

	for (int k = 0; k <= j; k++)
		sum += factor[ICM_PACKED(j, k)] * factor[ICM_PACKED(j, k)];
	return sqrt(sum);
}

/* The columns before column j of which it is made: those with a coefficient when it is written in them. */
static uint64_t
MadeOf(const double *factor, int j)
{
	double		c[ICM_QR_COLUMNS_MAX];
	uint64_t	others = 0;

	for (int k = j - 1; k >= 0; k--)
	{
		c[k] = factor[ICM_PACKED(j, k)];
		for (int l = k + 1; l < j; l++)
			c[k] -= factor[ICM_PACKED(l, k)] * c[l];
		c[k] /= factor[ICM_PACKED(k, k)];
		if (fabs(c[k]) * RowNorm(factor, k) > PART * RowNorm(factor, j))
			others |= UINT64_C(1) << k;
	}
	return others;
}

IcmQrRank
IcmQrFactor(const IcmQrRows *rows, double *factor, int *column, uint64_t *others)
{
	double		norm[ICM_QR_COLUMNS_MAX];
	int			p = rows->p;
	bool		clear = true;

	Squares(rows, factor);
	for (int j = 0; j < p; j++)
	{
		norm[j] = sqrt(factor[ICM_PACKED(j, j)]);
		if (norm[j] == 0.0)
		{
			*column = j;
			return ICM_QR_ZERO_COLUMN;
		}
	}
	clear = IcmCholesky(factor, p);
	for (int j = 0; j < p && clear; j++)
		clear = factor[ICM_PACKED(j, j)] > sqrt(CLEAR) * norm[j];
	if (clear)
		return ICM_QR_FULL_RANK;
	Rotate(rows, factor);
	for (int j = 0; j < p; j++)
		if (factor[ICM_PACKED(j, j)] <= DEPENDENT * RowNorm(factor, j))
		{
			*column = j;
			*others = MadeOf(factor, j);
			return ICM_QR_DEPENDENT_COLUMN;
		}
	return ICM_QR_FULL_RANK;
}

void
IcmQrTransformBack(const double *factor, int p, double *b)
{
	for (int i = p - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < p; j++)
			b[i] -= factor[ICM_PACKED(j, i)] * b[j];
		b[i] /= factor[ICM_PACKED(i, i)];
	}
}

void
IcmQrTransformCoefficients(const double *factor, int p, double *b)
{
	for (int j = 0; j < p; j++)
	{
		b[j] *= factor[ICM_PACKED(j, j)];
		for (int i = j + 1; i < p; i++)
			b[j] += factor[ICM_PACKED(i, j)] * b[i];
	}
}
