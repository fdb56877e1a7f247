/*
 * qr_state.h
 *		What the parts of a quantile regression share: preparations
 *		(quantile_regression.c), fits (qr_fit.c), standard errors (qr_errors.c).
 */
#ifndef ICM_QR_STATE_H
#define ICM_QR_STATE_H

#include "math/qr_rows.h"
#include "math/qr_vertex.h"
#include "math/quantile_regression.h"

#define ICM_QR_ROWS_MAX 2000	/* that are fitted as they are; above it, by way of some of them */

typedef struct IcmRegressionState
{
	IcmQrRows	rows;
	double		factor[ICM_QR_PACKED_MAX];	/* L of X'X */
	IcmTwofold	total[ICM_REGRESSION_COLUMNS_MAX];	/* sum of w x */
	double		mean_weight;
	double		noise_of_rows;	/* the noise of responses as they are */
	double		noise;			/* of those that are computed with */
	double		magnified;		/* times that; 0: they are as they are */
	IcmQrVertex centre;			/* the plane they are off, where magnified */
	float	   *band;			/* |L^-1 x|: how much a row's fit varies; and */
	signed char *side;			/* -1, 1: of the plane; 0: active. Both only above ICM_QR_ROWS_MAX rows */
	double		tau;			/* that vertex is optimal for; -1: for none */
	IcmQrVertex vertex;
} IcmRegressionState;

/* Find the vertex for tau, in state->vertex. */
extern IcmQrOutcome IcmQrFit(IcmRegression *regression, double tau);

/* The coefficients at tau - h and tau + h, of scaled rows; fast after a fit at tau. False: they are not settled. */
extern bool IcmQrFitAround(IcmRegression *regression, double tau, double h, IcmTwofold *low, IcmTwofold *high);

#endif							/* ICM_QR_STATE_H */
