/*
 * value_definition.h
 *		The icm_value_definition type: what the company means by a customer's
 *		value.
 */
#ifndef ICM_VALUE_DEFINITION_H
#define ICM_VALUE_DEFINITION_H

#include "common/flat.h"
#include "common/text.h"

#define ICM_VALUE_DEFINITION_VERSION 1

/* What is learnt from the customer's ledger, not given. */
#define ICM_LEARNT_MARGIN 0x01
#define ICM_LEARNT_COST_TO_SERVE 0x02

#define ICM_MARGIN_MAX 1.0			/* on either side of 0 */
#define ICM_CURRENCY_MAX 16		/* bytes */

/* 144 bytes. What is not given is zero: equal definitions have equal bytes. */
typedef struct IcmValueDefinition
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_VALUE_DEFINITION_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	double		history_days;	/* window of history, > 0; 0: all of it */
	double		half_life_days; /* of history, > 0; 0: it does not decay. Not with history_days */
	double		annual_discount;	/* 0 to 1; 0.1 is 10 % a year */
	double		margin;			/* share of revenue, -1 to 1; 0 when learnt */
	double		cost_to_serve;	/* a purchase day, >= 0; 0 when learnt */
	int32		horizon_days;	/* of expectation, > 0 */
	int32		learnt;			/* ICM_LEARNT_... */
	char		currency[ICM_CURRENCY_MAX + 8]; /* label; empty: none */
	char		model[ICM_NAME_MAX + 1];	/* name of the published icm_clv_model */
} IcmValueDefinition;

#define PG_GETARG_VALUE_DEFINITION(n) \
	((IcmValueDefinition *) IcmFlatGet(PG_GETARG_DATUM(n), sizeof(IcmValueDefinition), \
									   ICM_VALUE_DEFINITION_VERSION, "icm_value_definition"))

#endif							/* ICM_VALUE_DEFINITION_H */
