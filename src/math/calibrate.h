/*
 * calibrate.h
 *		Calibrating estimates to a known total: w = max(own, lambda * estimate),
 *		with the lambda that makes the sum of w the total.
 *
 * The result depends neither on the order of the rows nor on how they came.
 */
#ifndef ICM_CALIBRATE_H
#define ICM_CALIBRATE_H

#include <stddef.h>
#include <stdint.h>

/* A total that is below the sum of own spend by no more than this part of it is that sum. */
#define ICM_CALIBRATION_TOLERANCE 1e-12

typedef struct IcmCalibrationRow
{
	double		own;			/* 0 to 1e280, so that no sum of 2^31 of them leaves the range of double */
	double		estimate;		/* likewise */
} IcmCalibrationRow;

typedef enum IcmCalibrationResult
{
	ICM_CALIBRATED,
	ICM_OWN_EXCEEDS_TOTAL,
	ICM_NO_POSITIVE_ESTIMATE,	/* where the total exceeds own spend */
	ICM_ESTIMATES_TOO_SMALL,	/* lambda leaves the range of double */
	ICM_ESTIMATES_TOO_LARGE		/* lambda leaves the normal range of double, below which it has few digits */
} IcmCalibrationResult;

typedef struct IcmCalibration
{
	double		own;			/* the sum of own spend, rounded once */
	double		estimate;		/* the sum of the estimates, rounded once */
	double		lambda;			/* NaN where no estimate is positive; then all are at their own spend */
} IcmCalibration;

/*
 * Find lambda, in time O(n log n). Where the total is own spend, it is the largest lambda that leaves all
 * at it, own / estimate of the row in which that is smallest, rounded so that it lifts none. The rows are
 * put into another order. work is memory of IcmCalibrateWork() bytes, at an address where a double may stand.
 * poll is called between the passes over the rows, and may not return.
 */
extern size_t IcmCalibrateWork(size_t n);
extern IcmCalibrationResult IcmCalibrate(IcmCalibrationRow *rows, size_t n, double total, IcmCalibration *result,
										 void *work, void (*poll) (void));

/* The calibrated wallet of a row. */
static inline double
IcmCalibrated(double own, double estimate, double lambda)
{
	double		scaled = lambda * estimate;

	return scaled > own ? scaled : own;	/* own where lambda is NaN */
}

#endif							/* ICM_CALIBRATE_H */
