/*
 * scale.c
 *		The SQL face of icm_scale: text and binary form, cuts in and out.
 *
 * Text form: {10,20,50}, the cuts as an array of float8 would write them.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"

#include "common/text.h"
#include "grade/scale.h"

#define CUTS_MAX (ICM_GRADES_MAX - 1)

IcmScale *
IcmScaleMake(const double *cuts, int n)
{
	IcmScale   *scale = IcmFlatMake(ICM_SCALE_SIZE(n), ICM_SCALE_VERSION);

	for (int i = 0; i < n; i++)
		scale->cuts[i] = cuts[i] + 0.0; /* no negative zero */
	return scale;
}

/* What is wrong with these cuts, as a sentence; NULL if nothing is. */
static const char *
CutsFault(const double *cuts, int n)
{
	if (n < ICM_GRADES_MIN - 1 || n > CUTS_MAX)
		return "A scale has 1 to 25 cuts, for 2 to 26 grades.";
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(cuts[i]))
			return "Cuts must be finite numbers.";
		if (i > 0 && cuts[i] <= cuts[i - 1])
			return "Cuts must ascend, each once.";
	}
	return NULL;
}

PG_FUNCTION_INFO_V1(icm_scale_in);
Datum
icm_scale_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	double		cuts[CUTS_MAX + 1];
	const char *fault = NULL;
	int			n = 0;

	if (!IcmReadChar(&reader, '{'))
		fault = "Cuts are written in braces.";
	else
	{
		do
		{
			if (!IcmReadDouble(&reader, &cuts[n]))
				fault = "A cut is a finite number in the range of float8.";
			n++;
		} while (fault == NULL && n <= CUTS_MAX && IcmReadChar(&reader, ','));
		if (fault == NULL)
			fault = CutsFault(cuts, n);
		if (fault == NULL && !IcmReadChar(&reader, '}'))
			fault = "A cut is followed by a comma or the closing brace.";
	}
	if (fault == NULL && !IcmReadEnd(&reader))
		fault = "Nothing may follow the closing brace.";
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "icm_scale", input),
				 errdetail("%s", fault),
				 errhint("The form is {cut,cut,...}, ascending, for example {10,20,50}.")));
	PG_RETURN_POINTER(IcmScaleMake(cuts, n));
}

PG_FUNCTION_INFO_V1(icm_scale_out);
Datum
icm_scale_out(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	int			n = ICM_SCALE_COUNT(scale);
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < n; i++)
	{
		appendStringInfoChar(&buf, i == 0 ? '{' : ',');
		IcmAppendDouble(&buf, scale->cuts[i]);
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/* items: cuts */
PG_FUNCTION_INFO_V1(icm_scale_recv);
Datum
icm_scale_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		n = IcmFlatBeginRecv(buf, "icm_scale", ICM_SCALE_VERSION, sizeof(double));
	double		cuts[CUTS_MAX];
	const char *fault;

	for (int i = 0; i < Min(n, CUTS_MAX); i++)
		cuts[i] = IcmGetMsgDouble(buf);
	fault = CutsFault(cuts, n);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of icm_scale"),
				 errdetail("%s", fault)));
	PG_RETURN_POINTER(IcmScaleMake(cuts, n));
}

PG_FUNCTION_INFO_V1(icm_scale_send);
Datum
icm_scale_send(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	int			n = ICM_SCALE_COUNT(scale);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, scale, n);
	for (int i = 0; i < n; i++)
		pq_sendfloat8(&buf, scale->cuts[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* icm_scale(cuts float8[]) */
PG_FUNCTION_INFO_V1(icm_scale);
Datum
icm_scale(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	const double *cuts = (const double *) ARR_DATA_PTR(array);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const char *fault;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("cuts must be a one-dimensional array")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("cuts must not contain nulls")));
	fault = CutsFault(cuts, n);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cuts do not make a scale"),
				 errdetail("%s", fault)));
	PG_RETURN_POINTER(IcmScaleMake(cuts, n));
}

PG_FUNCTION_INFO_V1(icm_cuts);
Datum
icm_cuts(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	int			n = ICM_SCALE_COUNT(scale);
	Datum		cuts[CUTS_MAX];

	for (int i = 0; i < n; i++)
		cuts[i] = Float8GetDatum(scale->cuts[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(cuts, n, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
