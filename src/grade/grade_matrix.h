/*
 * grade_matrix.h
 *		The icm_grade_matrix type: the strategy for customers of each actual and
 *		potential grade.
 */
#ifndef ICM_GRADE_MATRIX_H
#define ICM_GRADE_MATRIX_H

#include "common/flat.h"
#include "grade/grade.h"

#define ICM_GRADE_MATRIX_VERSION 1

/*
 * rows * columns offsets, row by row, and then the strategies' names, each once
 * and ended by zero, in the order in which they first occur. An offset is that of
 * the cell's name in the value. At most 44 KB: 26 * 26 names of 63 bytes.
 */
typedef struct IcmGradeMatrix
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_GRADE_MATRIX_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	uint16		rows;			/* actual grades, from A */
	uint16		columns;		/* potential grades, from A */
	uint16		names[FLEXIBLE_ARRAY_MEMBER];
} IcmGradeMatrix;

#define ICM_GRADE_MATRIX_SIZE(cells) (offsetof(IcmGradeMatrix, names) + (Size) (cells) * sizeof(uint16))

#define PG_GETARG_GRADE_MATRIX(n) \
	((IcmGradeMatrix *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_GRADE_MATRIX_SIZE(1), ICM_GRADE_MATRIX_VERSION, "icm_grade_matrix"))

/* The name of a strategy; both grades are in the matrix. */
static inline const char *
IcmGradeMatrixName(const IcmGradeMatrix *matrix, int row, int column)
{
	return (const char *) matrix + matrix->names[row * matrix->columns + column];
}

#endif							/* ICM_GRADE_MATRIX_H */
