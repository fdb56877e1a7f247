/*
 * grade.c
 *		The icm_grade type and the functions that give grades.
 *
 * Text form: one letter, A to Z. A is best, and sorts first.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"

#include "grade/grade.h"
#include "grade/scale.h"
#include "grade/scale_set.h"

PG_FUNCTION_INFO_V1(icm_grade_in);
Datum
icm_grade_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);

	if (input[0] < 'A' || input[0] > 'Z' || input[1] != '\0')
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "icm_grade", input),
				 errhint("A grade is one capital letter from A, the best, to Z.")));
	PG_RETURN_GRADE((IcmGrade) (input[0] - 'A'));
}

PG_FUNCTION_INFO_V1(icm_grade_out);
Datum
icm_grade_out(PG_FUNCTION_ARGS)
{
	char	   *letter = (char *) palloc(2);

	letter[0] = ICM_GRADE_LETTER(PG_GETARG_GRADE(0));
	letter[1] = '\0';
	PG_RETURN_CSTRING(letter);
}

PG_FUNCTION_INFO_V1(icm_grade_recv);
Datum
icm_grade_recv(PG_FUNCTION_ARGS)
{
	int			letter = pq_getmsgbyte((StringInfo) PG_GETARG_POINTER(0));

	if (letter < 'A' || letter > 'Z')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of icm_grade"),
				 errdetail("A grade is one letter from A to Z; byte %d is none.", letter)));
	PG_RETURN_GRADE((IcmGrade) (letter - 'A'));
}

PG_FUNCTION_INFO_V1(icm_grade_send);
Datum
icm_grade_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, ICM_GRADE_LETTER(PG_GETARG_GRADE(0)));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(icm_grade_lt);
Datum
icm_grade_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_GRADE(0) < PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_le);
Datum
icm_grade_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_GRADE(0) <= PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_eq);
Datum
icm_grade_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_GRADE(0) == PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_ne);
Datum
icm_grade_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_GRADE(0) != PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_ge);
Datum
icm_grade_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_GRADE(0) >= PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_gt);
Datum
icm_grade_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_GRADE(0) > PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_cmp);
Datum
icm_grade_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) PG_GETARG_GRADE(0) - (int32) PG_GETARG_GRADE(1));
}

PG_FUNCTION_INFO_V1(icm_grade_hash);
Datum
icm_grade_hash(PG_FUNCTION_ARGS)
{
	return hash_uint32(PG_GETARG_GRADE(0));
}

PG_FUNCTION_INFO_V1(icm_grade_hash_extended);
Datum
icm_grade_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_uint32_extended(PG_GETARG_GRADE(0), PG_GETARG_INT64(1));
}

/* icm_grade::int4, 1 for A */
PG_FUNCTION_INFO_V1(icm_grade_to_int4);
Datum
icm_grade_to_int4(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_GRADE(0) + 1);
}

/* int4::icm_grade, A for 1 */
PG_FUNCTION_INFO_V1(icm_grade_from_int4);
Datum
icm_grade_from_int4(PG_FUNCTION_ARGS)
{
	int32		rank = PG_GETARG_INT32(0);

	if (rank < 1 || rank > ICM_GRADES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("grade out of range: %d", rank),
				 errdetail("Grades count from 1 (A) to 26 (Z).")));
	PG_RETURN_GRADE((IcmGrade) (rank - 1));
}

static inline void
CheckValue(double value)
{
	if (unlikely(!isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value to grade must be a finite number"),
				 errdetail("The value given is %s.", isnan(value) ? "NaN" : "infinite")));
}

/*
 * The number of cuts at or below the value, each cut moved by band times its
 * size: up for a positive band, down for a negative one. At most 25
 * comparisons without a branch beat a binary search.
 */
static inline int
CountCuts(const IcmScale *scale, double value, double band)
{
	int			n = IcmScaleCount(scale);
	int			level = 0;

	for (int i = 0; i < n; i++)
		level += scale->cuts[i] + band * fabs(scale->cuts[i]) <= value;
	return level;
}

static inline IcmGrade
GradeOf(double value, const IcmScale *scale)
{
	int			n = IcmScaleCount(scale);
	int			level = 0;

	CheckValue(value);
	for (int i = 0; i < n; i++)
		level += scale->cuts[i] <= value;
	return (IcmGrade) (n - level);
}

/* icm_grade(value, scale) */
PG_FUNCTION_INFO_V1(icm_grade);
Datum
icm_grade(PG_FUNCTION_ARGS)
{
	PG_RETURN_GRADE(GradeOf(PG_GETARG_FLOAT8(0), PG_GETARG_SCALE(1)));
}

/* icm_grade(value, scales, segment) */
PG_FUNCTION_INFO_V1(icm_grade_segment);
Datum
icm_grade_segment(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_GRADE(GradeOf(PG_GETARG_FLOAT8(0),
							IcmScaleOfSegment(PG_GETARG_SCALE_SET(1), PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2))));
}

/*
 * icm_grade(value, scale, previous, band)
 *
 * The grade goes up as far as the value clears cuts raised by the band, down as
 * far as it falls below cuts lowered by it, and else stays what it was.
 */
PG_FUNCTION_INFO_V1(icm_grade_stable);
Datum
icm_grade_stable(PG_FUNCTION_ARGS)
{
	double		value,
				band;
	IcmScale   *scale;
	int			n,
				level;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	band = PG_GETARG_FLOAT8(3);
	if (!(band >= 0.0 && band < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("band must be at least 0 and less than 1"),
				 errhint("A band of 0.1 keeps the grade within 10 percent of a cut.")));
	if (PG_ARGISNULL(2))
		return icm_grade(fcinfo);	/* a new customer */

	value = PG_GETARG_FLOAT8(0);
	CheckValue(value);
	scale = PG_GETARG_SCALE(1);
	n = IcmScaleCount(scale);
	level = n - PG_GETARG_GRADE(2);
	if (level < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("previous grade %c is not on a scale of %d grades",
						ICM_GRADE_LETTER(PG_GETARG_GRADE(2)), n + 1),
				 errhint("Give NULL as the previous grade when the number of grades changes.")));

	level = Max(level, CountCuts(scale, value, band));
	level = Min(level, CountCuts(scale, value, -band));
	PG_RETURN_GRADE((IcmGrade) (n - level));
}
