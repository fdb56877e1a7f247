/*
 * clv_model.h
 *		The icm_clv_model type: a fitted purchase process, a fitted spend
 *		model, or both.
 */
#ifndef ICM_CLV_MODEL_H
#define ICM_CLV_MODEL_H

#include "common/flat.h"
#include "value/model.h"

#define ICM_CLV_MODEL_VERSION 1

/* A model's unit of time unless the user says otherwise: a week; of contracts, a year. */
#define ICM_UNIT_DAYS 7.0
#define ICM_CONTRACT_UNIT_DAYS ICM_DAYS_A_YEAR
#define ICM_DAYS_A_YEAR 365.25

/*
 * 280 bytes. What a part does not have is zero, so that equal models have equal
 * bytes: no purchase part: process is ICM_PROCESS_NONE; no spend part:
 * spend.param[0] is 0; a part that was given, not fitted: customers is 0, as
 * are loglik and cov.
 */
typedef struct IcmClvModel
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_CLV_MODEL_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	int32		process;		/* IcmProcess of the purchase part */
	int32		zero2;			/* padding */
	double		unit_days;		/* of the purchase part's times; 0 without one */
	IcmEstimate purchase;
	IcmEstimate spend;
} IcmClvModel;

/* The argument, whatever form it came in. */
#define PG_GETARG_CLV_MODEL(n) \
	((IcmClvModel *) IcmFlatGet(PG_GETARG_DATUM(n), sizeof(IcmClvModel), ICM_CLV_MODEL_VERSION, "icm_clv_model"))

#define ICM_CLV_HAS_PURCHASE(m) ((m)->process != ICM_PROCESS_NONE)
#define ICM_CLV_HAS_SPEND(m) ((m)->spend.param[0] > 0.0)

/* A model without parts, to be filled. */
extern IcmClvModel *IcmClvModelMake(void);

#endif							/* ICM_CLV_MODEL_H */
