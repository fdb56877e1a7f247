/*
 * migration.h
 *		The icm_migration type: how customers moved between grades from one
 *		period to the next.
 */
#ifndef ICM_MIGRATION_H
#define ICM_MIGRATION_H

#include "common/flat.h"
#include "grade/grade.h"

#define ICM_MIGRATION_VERSION 1

/* In the place of a grade: the customer had none then. Sorts last. */
#define ICM_GRADE_NONE ICM_GRADES_MAX

/* Every pair of grades or none, but for none and none. */
#define ICM_MIGRATION_CELLS_MAX ((ICM_GRADES_MAX + 1) * (ICM_GRADES_MAX + 1) - 1)

/*
 * A cell counts no more customers than float8 counts exactly, and the value of
 * each is within ICM_MIGRATION_VALUE_MAX. So no sum of them overflows on the
 * way, and whether one is refused cannot depend on the order of its terms.
 */
#define ICM_MIGRATION_CUSTOMERS_MAX (INT64CONST(1) << 53)
#define ICM_MIGRATION_VALUE_MAX 1e280

/* The customers who moved from one grade to another: 24 bytes. */
typedef struct IcmMigrationCell
{
	IcmGrade	previous;		/* or ICM_GRADE_NONE: a new customer */
	IcmGrade	current;		/* or ICM_GRADE_NONE: one who has left */
	uint16		zero1;			/* padding */
	uint32		zero2;
	int64		customers;		/* from 1 to ICM_MIGRATION_CUSTOMERS_MAX */
	double		value;			/* their sum; within ICM_MIGRATION_VALUE_MAX a customer */
} IcmMigrationCell;

/* What cells are sorted by. */
#define ICM_MIGRATION_KEY(cell) ((cell)->previous * (ICM_GRADES_MAX + 1) + (cell)->current)

/* Cells ascend by previous, then current grade, each once, never none and none. 8 + 24 n bytes. */
typedef struct IcmMigration
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_MIGRATION_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	IcmMigrationCell cells[FLEXIBLE_ARRAY_MEMBER];
} IcmMigration;

#define ICM_MIGRATION_SIZE(n) (offsetof(IcmMigration, cells) + (Size) (n) * sizeof(IcmMigrationCell))
#define ICM_MIGRATION_COUNT(m) ((int) ((VARSIZE(m) - offsetof(IcmMigration, cells)) / sizeof(IcmMigrationCell)))

#define PG_GETARG_MIGRATION(n) \
	((IcmMigration *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_MIGRATION_SIZE(0), ICM_MIGRATION_VERSION, "icm_migration"))

/* A new migration with room for n cells, which the caller fills. */
extern IcmMigration *IcmMigrationMake(int n);

/*
 * What is wrong with a cell that follows the given one (NULL for the first), as
 * a sentence; NULL if nothing is.
 */
extern const char *IcmMigrationCellFault(const IcmMigrationCell *cell, const IcmMigrationCell *previous);

#endif							/* ICM_MIGRATION_H */
