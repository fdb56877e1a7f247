/*
 * grade.h
 *		The icm_grade type: one byte, by value, 0 for A (the best) to 25 for Z.
 */
#ifndef ICM_GRADE_H
#define ICM_GRADE_H

#include "common/compat.h"

#define ICM_GRADES_MIN 2		/* grades that a scale can have */
#define ICM_GRADES_MAX 26

typedef uint8 IcmGrade;

#define DatumGetGrade(d) ((IcmGrade) DatumGetUInt8(d))
#define GradeGetDatum(g) UInt8GetDatum(g)
#define PG_GETARG_GRADE(n) DatumGetGrade(PG_GETARG_DATUM(n))
#define PG_RETURN_GRADE(g) return GradeGetDatum(g)

#define ICM_GRADE_LETTER(g) ((char) ('A' + (g)))

#endif							/* ICM_GRADE_H */
