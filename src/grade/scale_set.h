/*
 * scale_set.h
 *		The icm_scale_set type: a scale for each segment, and one for the others.
 */
#ifndef ICM_SCALE_SET_H
#define ICM_SCALE_SET_H

#include "common/flat.h"
#include "common/text.h"
#include "grade/scale.h"

#define ICM_SCALE_SET_VERSION 1

/* A segment and where its scale begins, in bytes from the set's own beginning. */
typedef struct IcmSegment
{
	char		name[ICM_NAME_MAX + 1];	/* zero to the end; empty: the default */
	int32		offset;
	int32		zero;			/* padding */
} IcmSegment;

/*
 * Segments by the bytes of their names, each once, so the default comes first;
 * behind them their scales, as values of icm_scale.
 */
typedef struct IcmScaleSet
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_SCALE_SET_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	int64		n;				/* at least 1 */
	IcmSegment	segments[FLEXIBLE_ARRAY_MEMBER];
} IcmScaleSet;

#define ICM_SCALE_SET_SIZE(n) (offsetof(IcmScaleSet, segments) + (Size) (n) * sizeof(IcmSegment))

#define PG_GETARG_SCALE_SET(n) \
	((IcmScaleSet *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_SCALE_SET_SIZE(1), ICM_SCALE_SET_VERSION, "icm_scale_set"))

/* The segment's own scale, or else the default one; ERROR (22023) if there is neither. */
extern IcmScale *IcmScaleOfSegment(const IcmScaleSet *set, const text *segment);

#endif							/* ICM_SCALE_SET_H */
