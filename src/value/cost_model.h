/*
 * cost_model.h
 *		The icm_cost_model type: what an event of each kind costs.
 */
#ifndef ICM_COST_MODEL_H
#define ICM_COST_MODEL_H

#include "common/flat.h"
#include "common/text.h"

#define ICM_COST_MODEL_VERSION 1

/* 80 KB then; nobody tells more kinds apart. */
#define ICM_COST_KINDS_MAX 1000

/* An event costs rate * quantity + percent / 100 * amount: 80 bytes. */
typedef struct IcmCostRate
{
	double		rate;			/* finite, not negative; in the company's currency */
	double		percent;		/* finite, not negative; as entered, so that it reads back the same */
	char		kind[ICM_NAME_MAX + 1]; /* zero to the end; empty: the default for kinds that are not listed */
} IcmCostRate;

/* Rates ascend by the bytes of their kinds, each once, the default first; at least one. 8 + 80 n bytes. */
typedef struct IcmCostModel
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_COST_MODEL_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	IcmCostRate rates[FLEXIBLE_ARRAY_MEMBER];
} IcmCostModel;

#define ICM_COST_MODEL_SIZE(n) (offsetof(IcmCostModel, rates) + (Size) (n) * sizeof(IcmCostRate))
#define ICM_COST_MODEL_COUNT(m) ((int) ((VARSIZE(m) - offsetof(IcmCostModel, rates)) / sizeof(IcmCostRate)))

#define PG_GETARG_COST_MODEL(n) \
	((IcmCostModel *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_COST_MODEL_SIZE(1), ICM_COST_MODEL_VERSION, "icm_cost_model"))

#endif							/* ICM_COST_MODEL_H */
