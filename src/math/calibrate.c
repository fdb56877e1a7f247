/*
 * calibrate.c
 *		Calibrating estimates to a known total; see calibrate.h.
 *
 * As lambda rises, a row leaves its own spend when lambda passes own / estimate,
 * its ratio. If the rows up to ratio r are scaled and the others are at their own
 * spend, the total asks for
 *
 *		lambda = (total - own spend of the others) / estimates of the scaled
 *
 * and these are the right rows if lambda is at least r, but below the next
 * ratio. Which ratio that is, is found by bisection of the sorted ratios: rows of
 * which it is known on what side they are go into the sums, so all passes
 * together look at twice as many rows as there are. The sums are exact, and the ratios
 * at which they are compared come from the sorted list, so the order of
 * the rows has no say.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "math/calibrate.h"
#include "math/exactsum.h"
#include "math/points.h"

/* What is known while lambda is looked for. */
typedef struct Search
{
	IcmCalibrationRow *rows;	/* of which it is not known whether they are scaled: first to last */
	size_t		first;
	size_t		last;
	IcmExactSum rest;			/* the total less the own spend of those at it */
	IcmExactSum scaled;			/* the estimates of those that are scaled */
} Search;

size_t
IcmCalibrateWork(size_t n)
{
	return 2 * (n > 0 ? n : 1) * sizeof(double);
}

/* Infinite where the row is at its own spend whatever lambda is. */
static inline double
Ratio(const IcmCalibrationRow *row)
{
	return row->estimate > 0.0 ? row->own / row->estimate : INFINITY;
}

/* Put the rows first to last with a ratio below the limit, or at it if asked for, before the others: where these begin. */
static size_t
Split(IcmCalibrationRow *rows, size_t first, size_t last, double limit, bool inclusive)
{
	for (size_t i = first; i < last; i++)
	{
		double		ratio = Ratio(&rows[i]);

		if (ratio < limit || (inclusive && ratio == limit))
		{
			IcmCalibrationRow swap = rows[first];

			rows[first++] = rows[i];
			rows[i] = swap;
		}
	}
	return first;
}

static void
AddEstimates(IcmExactSum *sum, const IcmCalibrationRow *rows, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		IcmExactSumAdd(sum, rows[i].estimate);
}

static void
SubtractOwn(IcmExactSum *sum, const IcmCalibrationRow *rows, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		IcmExactSumAdd(sum, -rows[i].own);
}

/* One step: on which side of this ratio, that of one of the rows, is lambda? */
static void
Step(Search *search, double ratio)
{
	size_t		at = Split(search->rows, search->first, search->last, ratio, false);
	size_t		above = Split(search->rows, at, search->last, ratio, true);
	IcmExactSum rest = search->rest;
	IcmExactSum scaled = search->scaled;

	SubtractOwn(&rest, search->rows, above, search->last);
	AddEstimates(&scaled, search->rows, search->first, above);
	if (IcmExactSumRound(&rest) / IcmExactSumRound(&scaled) >= ratio)
	{
		search->scaled = scaled;
		search->first = above;
	}
	else
	{
		SubtractOwn(&rest, search->rows, at, above);
		search->rest = rest;
		search->last = at;
	}
}

/* The ratios of the n first rows, sorted. */
static double *
SortRatios(const IcmCalibrationRow *rows, size_t n, double *work, void (*poll) (void))
{
	for (size_t i = 0; i < n; i++)
		work[i] = Ratio(&rows[i]);
	IcmSortDoubles(work, work + n, n, poll);
	return work;
}

/* Of the n first rows, to whose smallest ratio lambda is rounded, is there one that it lifts above its own spend? */
static bool
LiftsAny(const IcmCalibrationRow *rows, size_t n, double lambda)
{
	for (size_t i = 0; i < n; i++)
		if (lambda * rows[i].estimate > rows[i].own)
			return true;
	return false;
}

/* The smallest ratio, rounded down if rounding it to nearest would lift a row. One step does: it is below the quotient. */
static double
LeaveAll(const IcmCalibrationRow *rows, size_t n, double ratio)
{
	return LiftsAny(rows, n, ratio) ? nextafter(ratio, 0.0) : ratio;
}

static double
FindLambda(IcmCalibrationRow *rows, size_t n, size_t scalable, double own, double total, double *work, void (*poll) (void))
{
	const double *ratios = SortRatios(rows, scalable, work, poll);
	Search		search = {.rows = rows, .last = scalable};

	if (total <= own)
		return LeaveAll(rows, scalable, ratios[0]);
	IcmExactSumInit(&search.rest);
	IcmExactSumInit(&search.scaled);
	IcmExactSumAdd(&search.rest, total);
	SubtractOwn(&search.rest, rows, scalable, n);
	while (search.first < search.last)
	{
		poll();
		Step(&search, ratios[search.first + (search.last - search.first) / 2]);
	}
	if (search.first == 0)		/* the total is so close to own spend that all quotients were rounded to below */
		return LeaveAll(rows, scalable, ratios[0]);
	return IcmExactSumRound(&search.rest) / IcmExactSumRound(&search.scaled);
}

IcmCalibrationResult
IcmCalibrate(IcmCalibrationRow *rows, size_t n, double total, IcmCalibration *result, void *work, void (*poll) (void))
{
	IcmExactSum own,
				estimate;
	size_t		scalable = Split(rows, 0, n, INFINITY, false);

	IcmExactSumInit(&own);
	IcmExactSumInit(&estimate);
	SubtractOwn(&own, rows, 0, n);
	AddEstimates(&estimate, rows, 0, n);
	result->own = -IcmExactSumRound(&own) + 0.0;
	result->estimate = IcmExactSumRound(&estimate);
	result->lambda = NAN;
	if (total < result->own * (1.0 - ICM_CALIBRATION_TOLERANCE))
		return ICM_OWN_EXCEEDS_TOTAL;
	if (scalable > 0)
		result->lambda = FindLambda(rows, n, scalable, result->own, total, work, poll);
	if (isfinite(result->lambda) && result->lambda < DBL_MIN && total > result->own * (1.0 + ICM_CALIBRATION_TOLERANCE))
		return ICM_ESTIMATES_TOO_LARGE;
	if (isfinite(result->lambda) || total <= result->own)
		return ICM_CALIBRATED;
	result->lambda = NAN;
	return result->estimate > 0.0 ? ICM_ESTIMATES_TOO_SMALL : ICM_NO_POSITIVE_ESTIMATE;
}
