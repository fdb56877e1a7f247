/*
 * fatigue.h
 *		The icm_fatigue type: how many customers had each dose, such as a number
 *		of contacts, and how many of them responded, by grade.
 */
#ifndef ICM_FATIGUE_H
#define ICM_FATIGUE_H

#include "common/flat.h"
#include "grade/grade.h"

#define ICM_FATIGUE_VERSION 1

#define ICM_DOSES_MAX 64		/* doses are from 0 to 63 */

/* In the place of a grade: none is known. Sorts last. */
#define ICM_FATIGUE_UNGRADED ICM_GRADES_MAX

#define ICM_FATIGUE_CELLS_MAX ((ICM_GRADES_MAX + 1) * ICM_DOSES_MAX)

/* So no sum of all cells is beyond 2^53: float8 counts them exactly, and an int8 never overflows. */
#define ICM_FATIGUE_CUSTOMERS_MAX (INT64CONST(1) << 42)

StaticAssertDecl(ICM_FATIGUE_CELLS_MAX <= 1 << 11, "all customers are at most 2^53");

/* The customers of one grade with one dose: 24 bytes. */
typedef struct IcmFatigueCell
{
	IcmGrade	grade;			/* or ICM_FATIGUE_UNGRADED */
	uint8		dose;			/* below ICM_DOSES_MAX */
	uint16		zero1;			/* padding */
	uint32		zero2;
	int64		customers;		/* from 1 to ICM_FATIGUE_CUSTOMERS_MAX */
	int64		responses;		/* from 0 to customers */
} IcmFatigueCell;

/* What cells are sorted by. */
#define ICM_FATIGUE_KEY(cell) ((cell)->grade * ICM_DOSES_MAX + (cell)->dose)

/* Cells ascend by grade, then dose, each once. 8 + 24 n bytes. */
typedef struct IcmFatigue
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_FATIGUE_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	IcmFatigueCell cells[FLEXIBLE_ARRAY_MEMBER];
} IcmFatigue;

#define ICM_FATIGUE_SIZE(n) (offsetof(IcmFatigue, cells) + (Size) (n) * sizeof(IcmFatigueCell))
#define ICM_FATIGUE_COUNT(f) ((int) ((VARSIZE(f) - offsetof(IcmFatigue, cells)) / sizeof(IcmFatigueCell)))

#define PG_GETARG_FATIGUE(n) \
	((IcmFatigue *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_FATIGUE_SIZE(0), ICM_FATIGUE_VERSION, "icm_fatigue"))

/* A new value with room for n cells, which the caller fills. */
extern IcmFatigue *IcmFatigueMake(int n);

/*
 * What is wrong with a cell that follows the given one (NULL for the first), as
 * a sentence; NULL if nothing is.
 */
extern const char *IcmFatigueCellFault(const IcmFatigueCell *cell, const IcmFatigueCell *previous);

#endif							/* ICM_FATIGUE_H */
