/*
 * scale.c
 *		The SQL face of icm_scale: text and binary form, what it is made of.
 *
 * Text form: {10,20,50}, the cuts as an array of float8 would write them. A scale
 * that was cut from values also says from what, with numbers for each grade, the
 * worst first:
 *
 *		{cuts: 10 20 50, method: quantile, counts: 25 25 25 25, sums: 100 375
 *		900 2500, within: 9 8 70 200, total: 150000}
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "common/array.h"
#include "common/definition.h"
#include "common/rows.h"
#include "grade/scale.h"

static const char *const methods[] = {
	[ICM_CUT_QUANTILE] = "quantile",
	[ICM_CUT_PARETO] = "pareto",
	[ICM_CUT_KMEANS] = "kmeans",
	[ICM_CUT_LOGKMEANS] = "logkmeans"
};

const char *
IcmCutMethodName(IcmCutMethod method)
{
	return methods[method];
}

IcmCutMethod
IcmCutMethodNamed(const char *name, int length)
{
	for (int i = ICM_CUT_QUANTILE; i < lengthof(methods); i++)
		if (strlen(methods[i]) == length && memcmp(methods[i], name, length) == 0)
			return (IcmCutMethod) i;
	return ICM_CUT_GIVEN;
}

/* Cuts, and what they were cut from, where there is a method. */
typedef struct Draft
{
	int			n;
	double		cuts[ICM_CUTS_MAX];
	IcmCutMethod method;
	IcmGroup	groups[ICM_GRADES_MAX];
	double		total;
} Draft;

static IcmScale *
MakeScale(const Draft *draft)
{
	int			items = ICM_SCALE_ITEMS(draft->n, draft->method);
	IcmScale   *scale = IcmFlatMake(ICM_SCALE_SIZE(items), ICM_SCALE_VERSION);

	scale->method = draft->method;
	for (int i = 0; i < draft->n; i++)
		scale->cuts[i] = draft->cuts[i] + 0.0;	/* no negative zero */
	if (draft->method != ICM_CUT_GIVEN)
	{
		memcpy(scale->cuts + draft->n, draft->groups, (draft->n + 1) * sizeof(IcmGroup));
		scale->cuts[items - 1] = draft->total;
	}
	return scale;
}

IcmScale *
IcmScaleMake(const double *cuts, int n)
{
	Draft		draft = {.n = n,.method = ICM_CUT_GIVEN};

	memcpy(draft.cuts, cuts, n * sizeof(double));
	return MakeScale(&draft);
}

IcmScale *
IcmScaleMakeCut(IcmCutMethod method, const double *cuts, int n, const IcmGroup *groups, double total)
{
	Draft		draft = {.n = n,.method = method,.total = total};

	memcpy(draft.cuts, cuts, n * sizeof(double));
	for (int i = 0; i <= n; i++)
	{
		draft.groups[i] = groups[i];
		draft.groups[i].sum += 0.0; /* no negative zero, as of a sum that underflows */
	}
	return MakeScale(&draft);
}

/* What is wrong with these cuts, as a sentence; NULL if nothing is. */
static const char *
CutsFault(const double *cuts, int n)
{
	if (n < ICM_GRADES_MIN - 1 || n > ICM_CUTS_MAX)
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

/* Is the mean of a grade between its cuts, but for rounding? A sum below DBL_MIN has few digits left, or none. */
static bool
MeanFits(const Draft *draft, int i)
{
	double		mean = draft->groups[i].sum / draft->groups[i].count;
	double		rounding = 1e-9 * fabs(mean) + DBL_MIN / Min(draft->groups[i].count, 1.0);

	return (i == 0 || mean >= draft->cuts[i - 1] - rounding) && (i == draft->n || mean <= draft->cuts[i] + rounding);
}

/* The same of what they were cut from. */
static const char *
GroupsFault(const Draft *draft)
{
	IcmGroup	all = {0};

	for (int i = 0; i <= draft->n; i++)
	{
		const IcmGroup *group = &draft->groups[i];

		if (!(group->count > 0.0))
			return "Counts must be positive: no grade of a scale is cut empty.";
		if (!(group->within >= 0.0))
			return "Squared distances must not be negative.";
		all.count += group->count;
		all.sum += fabs(group->sum) + fabs(group->sum / group->count);
		all.within += group->within;
	}
	if (!isfinite(all.count) || !isfinite(all.sum) || !isfinite(all.within) || !isfinite(draft->total))
		return "Counts, sums and squared distances, and what they add up to, must be finite numbers.";

	for (int i = 0; i <= draft->n; i++)
		if (!MeanFits(draft, i))
			return "The mean of a grade, its sum by its count, must lie between its cuts.";

	/* numbers below DBL_MIN have few digits left, so that rounding is no small share of them */
	if (all.within > draft->total * (1.0 + 1e-9) + DBL_MIN || draft->total < 0.0)
		return "Squared distances to the means of the grades cannot add up to more than those to the mean of all.";
	return NULL;
}

static const char *
DraftFault(const Draft *draft)
{
	const char *fault = CutsFault(draft->cuts, draft->n);

	if (fault == NULL && draft->method != ICM_CUT_GIVEN)
		fault = GroupsFault(draft);
	return fault;
}

/* ---- text form ------------------------------------------------------------ */

/* Numbers separated by white space. */
typedef struct Numbers
{
	int			n;
	double		value[ICM_GRADES_MAX];
} Numbers;

/* The entries of the long form. */
typedef struct Entries
{
	Numbers		cuts;
	IcmName		method;
	Numbers		counts;
	Numbers		sums;
	Numbers		within;
	double		total;
} Entries;

static const char *
ReadNumbers(IcmReader *reader, void *value)
{
	Numbers    *numbers = (Numbers *) value;

	do
	{
		if (numbers->n == ICM_GRADES_MAX)
			return "There are at most 26 numbers, one for each grade.";
		if (!IcmReadDouble(reader, &numbers->value[numbers->n]))
			return "Finite numbers in the range of float8, separated by white space, are expected.";
		numbers->n++;
	} while (IcmReadSpace(reader) && *reader->at != ',' && *reader->at != '}');
	return NULL;
}

static const char *
ReadMethod(IcmReader *reader, void *value)
{
	IcmName    *method = (IcmName *) value;

	if (!IcmReadName(reader, method) || IcmCutMethodNamed(method->text, strlen(method->text)) == ICM_CUT_GIVEN)
		return "The method is one of quantile, pareto, kmeans, logkmeans.";
	return NULL;
}

static const IcmField fields[] = {
	{"cuts", ReadNumbers, offsetof(Entries, cuts)},
	{"method", ReadMethod, offsetof(Entries, method)},
	{"counts", ReadNumbers, offsetof(Entries, counts)},
	{"sums", ReadNumbers, offsetof(Entries, sums)},
	{"within", ReadNumbers, offsetof(Entries, within)},
	{"total", IcmReadNumberField, offsetof(Entries, total)}
};

/* The long form. Returns a sentence on what is wrong, or NULL. */
static const char *
ReadEntries(IcmReader *reader, Draft *draft)
{
	IcmEntries	entries = {.reader = *reader,.nested = true};
	Entries		read = {0};
	uint32		given = IcmReadFields(&entries, fields, lengthof(fields), &read);

	if (entries.fault != NULL)
		return IcmEntriesFault(&entries);
	*reader = entries.reader;
	for (int i = 0; i < lengthof(fields); i++)
		if ((given & ICM_FIELD(i)) == 0)
			return psprintf("The key \"%s\" is missing.", fields[i].key);
	if (read.cuts.n > ICM_CUTS_MAX)
		return CutsFault(NULL, read.cuts.n);
	if (read.counts.n != read.cuts.n + 1 || read.sums.n != read.cuts.n + 1 || read.within.n != read.cuts.n + 1)
		return "Counts, sums and within have a number for each grade, one more than there are cuts.";

	draft->n = read.cuts.n;
	memcpy(draft->cuts, read.cuts.value, draft->n * sizeof(double));
	draft->method = IcmCutMethodNamed(read.method.text, strlen(read.method.text));
	for (int i = 0; i <= draft->n; i++)
	{
		draft->groups[i].count = read.counts.value[i];
		draft->groups[i].sum = read.sums.value[i];
		draft->groups[i].within = read.within.value[i];
	}
	draft->total = read.total;
	return NULL;
}

/* The short form, after its opening brace. */
static const char *
ReadCuts(IcmReader *reader, Draft *draft)
{
	do
	{
		if (draft->n == ICM_CUTS_MAX)
			return CutsFault(NULL, ICM_CUTS_MAX + 1);
		if (!IcmReadDouble(reader, &draft->cuts[draft->n++]))
			return "A cut is a finite number in the range of float8.";
	} while (IcmReadChar(reader, ','));
	if (!IcmReadChar(reader, '}'))
		return "A cut is followed by a comma or the closing brace.";
	return NULL;
}

IcmScale *
IcmScaleRead(IcmReader *reader, const char **fault)
{
	IcmReader	ahead = *reader;
	IcmName		key;
	Draft		draft = {.method = ICM_CUT_GIVEN};

	if (!IcmReadChar(&ahead, '{'))
		*fault = "Cuts are written in braces.";
	else if (IcmReadName(&ahead, &key) && IcmReadChar(&ahead, ':'))
		*fault = ReadEntries(reader, &draft);
	else
	{
		IcmReadChar(reader, '{');
		*fault = ReadCuts(reader, &draft);
	}
	if (*fault == NULL)
		*fault = DraftFault(&draft);
	return *fault == NULL ? MakeScale(&draft) : NULL;
}

PG_FUNCTION_INFO_V1(icm_scale_in);
Datum
icm_scale_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	const char *fault;
	IcmScale   *scale = IcmScaleRead(&reader, &fault);

	if (fault == NULL && !IcmReadEnd(&reader))
		fault = "Nothing may follow the closing brace.";
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "icm_scale", input),
				 errdetail("%s", fault),
				 errhint("The form is {cut,cut,...}, ascending, for example {10,20,50}; or {cuts: ..., method: ..., counts: ..., sums: ..., within: ..., total: ...}, as icm_scale_agg() gives it.")));
	PG_RETURN_POINTER(scale);
}

/* The numbers that stand at the same place in each of n groups, as an entry. */
static void
AppendNumbers(StringInfo buf, const char *key, const double *first, int n, int step)
{
	appendStringInfo(buf, "%s: ", key);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(buf, ' ');
		IcmAppendDouble(buf, first[i * step]);
	}
}

void
IcmScaleAppend(StringInfo buf, const IcmScale *scale)
{
	int			n = IcmScaleCount(scale);
	const IcmGroup *groups = IcmScaleGroups(scale);
	int			step = sizeof(IcmGroup) / sizeof(double);

	appendStringInfoChar(buf, '{');
	if (scale->method == ICM_CUT_GIVEN)
	{
		for (int i = 0; i < n; i++)
		{
			if (i > 0)
				appendStringInfoChar(buf, ',');
			IcmAppendDouble(buf, scale->cuts[i]);
		}
	}
	else
	{
		AppendNumbers(buf, "cuts", scale->cuts, n, 1);
		appendStringInfo(buf, ", method: %s, ", IcmCutMethodName(scale->method));
		AppendNumbers(buf, "counts", &groups->count, n + 1, step);
		appendStringInfoString(buf, ", ");
		AppendNumbers(buf, "sums", &groups->sum, n + 1, step);
		appendStringInfoString(buf, ", ");
		AppendNumbers(buf, "within", &groups->within, n + 1, step);
		appendStringInfoString(buf, ", ");
		AppendNumbers(buf, "total", &groups[n + 1].count, 1, 1);
	}
	appendStringInfoChar(buf, '}');
}

PG_FUNCTION_INFO_V1(icm_scale_out);
Datum
icm_scale_out(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	initStringInfo(&buf);
	IcmScaleAppend(&buf, PG_GETARG_SCALE(0));
	PG_RETURN_CSTRING(buf.data);
}

/* ---- binary form ---------------------------------------------------------- */

/* flags: the method; items: as in memory */
PG_FUNCTION_INFO_V1(icm_scale_recv);
Datum
icm_scale_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			method;
	int32		items = IcmFlatBeginRecvFlags(buf, "icm_scale", ICM_SCALE_VERSION, sizeof(double), ICM_CUT_LOGKMEANS, &method);
	Draft		draft = {.n = method == ICM_CUT_GIVEN ? items : items / 4 - 1,.method = method};
	const char *fault;

	if (draft.n < 1 || draft.n > ICM_CUTS_MAX || ICM_SCALE_ITEMS(draft.n, method) != items)
		fault = "The number of items is not that of 1 to 25 cuts, and with a method of what they were cut from.";
	else
	{
		for (int i = 0; i < draft.n; i++)
			draft.cuts[i] = IcmGetMsgDouble(buf);
		if (method != ICM_CUT_GIVEN)
		{
			for (int i = 0; i <= draft.n; i++)
			{
				draft.groups[i].count = IcmGetMsgDouble(buf);
				draft.groups[i].sum = IcmGetMsgDouble(buf);
				draft.groups[i].within = IcmGetMsgDouble(buf);
			}
			draft.total = IcmGetMsgDouble(buf);
		}
		fault = DraftFault(&draft);
	}
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of icm_scale"),
				 errdetail("%s", fault)));
	PG_RETURN_POINTER(MakeScale(&draft));
}

PG_FUNCTION_INFO_V1(icm_scale_send);
Datum
icm_scale_send(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	int			items = IcmScaleItems(scale);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, scale, items);
	for (int i = 0; i < items; i++)
		pq_sendfloat8(&buf, scale->cuts[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- cuts and what is behind them ----------------------------------------- */

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

	return IcmDoubleArray(scale->cuts, IcmScaleCount(scale), 1);
}

/* All that a scale was cut from. */
static IcmGroup
AddGroups(const IcmGroup *groups, int n)
{
	IcmGroup	all = {0};

	for (int i = 0; i < n; i++)
	{
		all.count += groups[i].count;
		all.sum += groups[i].sum;
		all.within += groups[i].within;
	}
	return all;
}

/* (method, grades, n, sum, variance_explained, counts, sums, within) */
PG_FUNCTION_INFO_V1(icm_scale_stats);
Datum
icm_scale_stats(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	int			grades = IcmScaleCount(scale) + 1;
	const IcmGroup *groups = IcmScaleGroups(scale);
	int			step = sizeof(IcmGroup) / sizeof(double);
	IcmGroup	all;
	double		total;
	Datum		values[8];
	bool		nulls[8] = {true, false, true, true, true, true, true, true};

	values[1] = Int32GetDatum(grades);
	if (scale->method == ICM_CUT_GIVEN)
		return IcmReturnRow(fcinfo, values, nulls);

	all = AddGroups(groups, grades);
	total = groups[grades].count;	/* it stands behind the groups */
	memset(nulls, 0, sizeof(nulls));
	values[0] = CStringGetTextDatum(IcmCutMethodName(scale->method));
	values[2] = Float8GetDatum(all.count);
	values[3] = Float8GetDatum(all.sum);
	values[4] = Float8GetDatum(Max(1.0 - all.within / total, 0.0));
	nulls[4] = total == 0.0;
	values[5] = IcmDoubleArray(&groups->count, grades, step);
	values[6] = IcmDoubleArray(&groups->sum, grades, step);
	values[7] = IcmDoubleArray(&groups->within, grades, step);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* (grade, lower, upper, customers, share, sum, sum_share, mean), A first */
PG_FUNCTION_INFO_V1(icm_scale_grades);
Datum
icm_scale_grades(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	int			n = IcmScaleCount(scale);
	const IcmGroup *groups = IcmScaleGroups(scale);
	bool		cut = scale->method != ICM_CUT_GIVEN;
	IcmGroup	all = {0};
	IcmRows		rows;

	if (cut)
		all = AddGroups(groups, n + 1);
	IcmBeginRows(&rows, fcinfo);
	for (int i = n; i >= 0; i--)
	{
		Datum		values[8];
		bool		nulls[8] = {false, false, false, !cut, !cut, !cut, !cut, !cut};

		values[0] = GradeGetDatum((IcmGrade) (n - i));
		nulls[1] = i == 0;
		if (i > 0)
			values[1] = Float8GetDatum(scale->cuts[i - 1]);
		nulls[2] = i == n;
		if (i < n)
			values[2] = Float8GetDatum(scale->cuts[i]);
		if (cut)
		{
			values[3] = Float8GetDatum(groups[i].count);
			values[4] = Float8GetDatum(groups[i].count / all.count);
			values[5] = Float8GetDatum(groups[i].sum);
			values[6] = Float8GetDatum(groups[i].sum / all.sum);
			nulls[6] = all.sum == 0.0;
			values[7] = Float8GetDatum(groups[i].sum / groups[i].count);
		}
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}
