/*
 * scale_cut.c
 *		Cutting a scale from points; see scale_cut.h.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "common/host.h"
#include "grade/scale_cut.h"
#include "grade/values.h"

int
IcmScaleCheckGrades(int32 grades)
{
	if (grades < ICM_GRADES_MIN || grades > ICM_GRADES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grades must be from %d to %d", ICM_GRADES_MIN, ICM_GRADES_MAX),
				 errdetail("The number given is %d.", grades)));
	return grades;
}

IcmCutMethod
IcmScaleCheckMethod(const text *method)
{
	IcmCutMethod found = IcmCutMethodNamed(VARDATA_ANY(method), VARSIZE_ANY_EXHDR(method));

	if (found == ICM_CUT_GIVEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown scale method \"%s\"", text_to_cstring(method)),
				 errhint("The methods are quantile, pareto, kmeans, logkmeans.")));
	return found;
}

int
IcmScaleCheckShares(ArrayType *array, IcmCutMethod method, double *shares)
{
	const double *given = (const double *) ARR_DATA_PTR(array);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const char *fault = NULL;

	if (method != ICM_CUT_QUANTILE && method != ICM_CUT_PARETO)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method %s does not take shares", IcmCutMethodName(method)),
				 errhint("quantile takes shares of the customers, pareto shares of the value.")));
	if (ARR_NDIM(array) != 1 || n > ICM_CUTS_MAX)
		fault = "They are a one-dimensional array of 1 to 25 numbers.";
	else if (array_contains_nulls(array))
		fault = "They must not contain nulls.";
	for (int i = 0; fault == NULL && i < n; i++)
	{
		shares[i] = given[i];
		if (!(shares[i] > 0.0 && shares[i] < 1.0))
			fault = "Each is more than 0 and less than 1; 80 % is written 0.8.";
		else if (i > 0 && shares[i] <= shares[i - 1])
			fault = "They are cumulated from the best grade, so they ascend.";
	}
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares do not make a scale"),
				 errdetail("%s", fault),
				 errhint("ARRAY[0.8, 0.95] makes A of the best up to 80 %%, B of those up to 95 %%, and C of the rest.")));
	return n;
}

/* ERROR: the points cannot be cut into as many grades. */
static void
TooFew(const IcmCutting *cutting, size_t most)
{
	const char *positive = cutting->method == ICM_CUT_LOGKMEANS ? " positive" : "";

	if (most == 0 && (cutting->method == ICM_CUT_PARETO || cutting->method == ICM_CUT_LOGKMEANS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no value is positive"),
				 cutting->method == ICM_CUT_PARETO ?
				 errdetail("Method pareto cuts at shares of the sum of the positive values.") :
				 errdetail("Method logkmeans groups the logarithms of the positive values."),
				 errhint("Use method quantile or kmeans.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("fewer distinct%s values than grades", positive),
			 errdetail_plural("There are %d grades and %d distinct%s value, as equal values always share a grade.",
							  "There are %d grades and %d distinct%s values, as equal values always share a grade.",
							  most, cutting->groups, (int) most, positive),
			 cutting->shares == NULL ?
			 errhint("Ask for fewer grades, allow fewer, or cut the scale over more customers.") :
			 errhint("Give fewer shares, or cut the scale over more customers.")));
}

/* ERROR unless the values, which a distribution may have of any size, are within those of a scale. */
static void
CheckValues(const IcmPoints *points)
{
	if (points->n > 0 && Max(-points->value[0], points->value[points->n - 1]) > ICM_VALUE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("values are too large for a scale"),
				 errdetail("Values of a scale are from -%g to %g.", ICM_VALUE_MAX, ICM_VALUE_MAX)));
}

IcmScale *
IcmScaleCut(const IcmPoints *points, const double *lower, const IcmCutting *cutting, bool fewer)
{
	IcmCutting	cut = *cutting;
	size_t		most = IcmCutGroupsMax(points, cut.method);
	Size		size;
	void	   *work = NULL;
	size_t		start[ICM_CUTS_MAX];
	double		cuts[ICM_CUTS_MAX];
	IcmGroup	groups[ICM_GRADES_MAX];
	double		total;

	CheckValues(points);
	if (fewer && most < ICM_GRADES_MIN)
		return NULL;
	if (most < cut.groups && !fewer)
		TooFew(&cut, most);
	cut.groups = Min(cut.groups, most);

	size = IcmCutWork(points->n, &cut);
	if (size > 0)
		work = IcmAllocLarge(size);
	IcmCut(points, &cut, start, work, IcmPoll);
	if (work != NULL)
		pfree(work);
	for (int i = 0; i < cut.groups - 1; i++)
		cuts[i] = lower == NULL ? points->value[start[i]] : lower[start[i]];
	total = IcmDescribeGroups(points, cut.method, cut.groups, start, groups);
	return IcmScaleMakeCut(cut.method, cuts, cut.groups - 1, groups, total);
}

/* icm_grades(preset) */
PG_FUNCTION_INFO_V1(icm_grades);
Datum
icm_grades(PG_FUNCTION_ARGS)
{
	static const struct
	{
		const char *name;
		int			grades;
	}			presets[] = {{"five", 5}, {"seven", 7}};
	char	   *preset = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int i = 0; i < lengthof(presets); i++)
		if (strcmp(preset, presets[i].name) == 0)
			PG_RETURN_INT32(presets[i].grades);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown preset \"%s\"", preset),
			 errhint("The presets are five and seven; any number of grades from 2 to 26 can be given as such.")));
	pg_unreachable();
}
