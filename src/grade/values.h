/*
 * values.h
 *		The transition state of the aggregates that need every value: scales, and
 *		measures of concentration.
 *
 * A bytea that grows (common/growing.h): a header, and the values in the order they
 * came, with their weights, where there are any. So the result is exact, merging is
 * appending, and work_mem has no say in the result. The order of the values has none
 * either, as they are sorted in the end. Memory: 8 bytes a value, and another 16 for
 * sorting; with weights, twice that.
 */
#ifndef ICM_VALUES_H
#define ICM_VALUES_H

#include "common/compat.h"
#include "math/points.h"

/* So that squares do not overflow, nor those of usual values underflow beside the largest. */
#define ICM_VALUE_MAX 1e100

/* What the weights of all values may add up to: all whole numbers up to here are doubles. */
#define ICM_WEIGHTS_MAX 9007199254740992.0
#define ICM_WEIGHT_MIN 1e-100

#define ICM_SHARES_MAX 25

/* What an aggregate is asked for: the same for all its values. What it does not use is zero. */
typedef struct IcmValuesTerms
{
	uint8		method;			/* IcmCutMethod */
	uint8		fewer;			/* fewer groups will do */
	uint8		weighted;		/* values have weights */
	uint8		nshares;		/* shares in use */
	int32		groups;			/* grades, or steps of a curve */
	double		shares[ICM_SHARES_MAX];
} IcmValuesTerms;

typedef struct IcmValues
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	int32		version;
	int64		n;				/* values in use */
	IcmValuesTerms terms;
	double		items[FLEXIBLE_ARRAY_MEMBER];	/* values, or values and weights in turn */
} IcmValues;

/*
 * The transition of one row, whose value is argument 1: argument 0, or a new state, with the value
 * added, which must be finite and at most ICM_VALUE_MAX in size; a NULL is left out. Where the terms
 * say that values have weights, argument 4 is the weight: 0, which leaves the value out, or from
 * ICM_WEIGHT_MIN to ICM_WEIGHTS_MAX.
 */
extern Datum IcmValuesAccum(FunctionCallInfo fcinfo, const IcmValuesTerms *terms);

/* A state given as an argument that is not null, where doubles may stand; ERROR unless it is one. */
extern const IcmValues *IcmValuesGet(Datum datum);

/* The points of a state, in new memory. */
extern IcmPoints IcmValuesPoints(const IcmValues *state);

/* ERROR: a transition state is not one. */
pg_noreturn extern void IcmValuesCorrupt(void);

#endif							/* ICM_VALUES_H */
