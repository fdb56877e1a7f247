/*
 * cholesky.c
 *		Small symmetric positive definite matrices; see cholesky.h.
 */
#include <float.h>
#include <math.h>

#include "math/cholesky.h"

#define N_MAX 16

bool
IcmCholesky(double *a, int n)
{
	for (int i = 0; i < n; i++)
	{
		double		before = a[ICM_PACKED(i, i)];

		for (int j = 0; j <= i; j++)
		{
			double		sum = a[ICM_PACKED(i, j)];

			for (int k = 0; k < j; k++)
				sum -= a[ICM_PACKED(i, k)] * a[ICM_PACKED(j, k)];
			if (j < i)
				a[ICM_PACKED(i, j)] = sum / a[ICM_PACKED(j, j)];
			/* what rounding leaves of a singular matrix does not count as positive */
			else if (sum > n * DBL_EPSILON * before)
				a[ICM_PACKED(i, i)] = sqrt(sum);
			else
				return false;
		}
	}
	return true;
}

void
IcmCholeskySolve(const double *factor, int n, double *b)
{
	for (int i = 0; i < n; i++)
	{
		for (int k = 0; k < i; k++)
			b[i] -= factor[ICM_PACKED(i, k)] * b[k];
		b[i] /= factor[ICM_PACKED(i, i)];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < n; k++)
			b[i] -= factor[ICM_PACKED(k, i)] * b[k];
		b[i] /= factor[ICM_PACKED(i, i)];
	}
}

void
IcmCholeskyInvert(const double *factor, int n, double *inverse)
{
	for (int j = 0; j < n; j++)
	{
		double		column[N_MAX] = {0};

		column[j] = 1.0;
		IcmCholeskySolve(factor, n, column);
		for (int i = j; i < n; i++)
			inverse[ICM_PACKED(i, j)] = column[i];
	}
}
