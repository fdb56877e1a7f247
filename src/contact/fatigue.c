/*
 * fatigue.c
 *		The SQL face of icm_fatigue: text and binary form, accessors.
 *
 * Text form: {A 1 400 31, A 2 350 20, 1 17544 2561}
 * grade, unless there is none, dose, customers and responses of each cell.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "common/check.h"
#include "common/rows.h"
#include "common/text.h"
#include "contact/fatigue.h"
#include "math/dose_response.h"
#include "math/trend.h"

/* A cell in the binary form: letter or -, dose, customers, responses. */
#define MESSAGE_CELL_SIZE 18
#define UNGRADED '-'

#define CONFIDENCE_DEFAULT 0.95

StaticAssertDecl(ICM_GRADES_MAX + 1 <= ICM_STRATA_MAX, "a stratum for each grade, and one for none");

IcmFatigue *
IcmFatigueMake(int n)
{
	return IcmFlatMake(ICM_FATIGUE_SIZE(n), ICM_FATIGUE_VERSION);
}

const char *
IcmFatigueCellFault(const IcmFatigueCell *cell, const IcmFatigueCell *previous)
{
	if (cell->grade > ICM_FATIGUE_UNGRADED)
		return "A grade is one capital letter from A to Z.";
	if (cell->dose >= ICM_DOSES_MAX)
		return "A dose is from 0 to 63.";
	if (previous != NULL && ICM_FATIGUE_KEY(cell) <= ICM_FATIGUE_KEY(previous))
		return "Cells must ascend by grade, none last, then dose, each once.";
	if (cell->customers < 1 || cell->customers > ICM_FATIGUE_CUSTOMERS_MAX)
		return "The number of customers is from 1 to 4398046511104.";
	if (cell->responses < 0 || cell->responses > cell->customers)
		return "The number of responses is from 0 to that of the customers.";
	return NULL;
}

/* ---- text and binary form ------------------------------------------------- */

/* Read "[grade] dose customers responses"; a sentence on what is wrong, or NULL. */
static const char *
ReadCell(IcmReader *reader, IcmFatigueCell *cell)
{
	static const char *const incomplete = "A cell is grade, if there is one, dose, customers and responses, separated by spaces.";
	int32		dose;

	cell->grade = ICM_FATIGUE_UNGRADED;
	IcmReadSpace(reader);
	if (*reader->at >= 'A' && *reader->at <= 'Z')
	{
		cell->grade = *reader->at++ - 'A';
		if (!IcmReadSpace(reader))
			return incomplete;
	}
	if (!IcmReadCount(reader, &dose) || dose >= ICM_DOSES_MAX)
		return "A dose is from 0 to 63.";
	cell->dose = (uint8) dose;
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadCount64(reader, &cell->customers))
		return "The number of customers is from 1 to 4398046511104.";
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadCount64(reader, &cell->responses))
		return "The number of responses is from 0 to that of the customers.";
	return NULL;
}

static const char *
ReadCellAfter(IcmReader *reader, void *item, const void *previous)
{
	const char *fault = ReadCell(reader, item);

	return fault != NULL ? fault : IcmFatigueCellFault(item, previous);
}

PG_FUNCTION_INFO_V1(icm_fatigue_in);
Datum
icm_fatigue_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	IcmFatigue *fatigue = IcmFatigueMake(ICM_FATIGUE_CELLS_MAX + 1);
	IcmFatigue *result;
	const char *fault;
	int			n;

	fault = IcmReadItems(&reader, ReadCellAfter, fatigue->cells, sizeof(IcmFatigueCell), &n, "A fatigue summary", "A cell");
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "icm_fatigue"),
				 n > 0 ? errdetail("Cell %d: %s", n, fault) : errdetail("%s", fault),
				 errhint("The form is {[grade] dose customers responses, ...}, for example {1 17544 2561, 2 12505 1401} or {A 1 400 31, A 2 350 20, B 1 900 25}.")));

	result = IcmFatigueMake(n);
	memcpy(result->cells, fatigue->cells, n * sizeof(IcmFatigueCell));
	pfree(fatigue);
	PG_RETURN_POINTER(result);
}

PG_FUNCTION_INFO_V1(icm_fatigue_out);
Datum
icm_fatigue_out(PG_FUNCTION_ARGS)
{
	IcmFatigue *fatigue = PG_GETARG_FATIGUE(0);
	int			n = ICM_FATIGUE_COUNT(fatigue);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < n; i++)
	{
		const IcmFatigueCell *cell = &fatigue->cells[i];

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		if (cell->grade != ICM_FATIGUE_UNGRADED)
			appendStringInfo(&buf, "%c ", ICM_GRADE_LETTER(cell->grade));
		appendStringInfo(&buf, "%d " INT64_FORMAT " " INT64_FORMAT, cell->dose, cell->customers, cell->responses);
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/* The grade of a byte of a message; beyond ICM_FATIGUE_UNGRADED if it is of none. */
static IcmGrade
ByteGrade(int byte)
{
	if (byte == UNGRADED)
		return ICM_FATIGUE_UNGRADED;
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' : ICM_FATIGUE_UNGRADED + 1;
}

/* items: grade, dose, customers, responses */
PG_FUNCTION_INFO_V1(icm_fatigue_recv);
Datum
icm_fatigue_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		n = IcmFlatBeginRecv(buf, "icm_fatigue", ICM_FATIGUE_VERSION, MESSAGE_CELL_SIZE);
	IcmFatigue *fatigue;

	if (n > ICM_FATIGUE_CELLS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid number of cells in icm_fatigue"),
				 errdetail("The message says %d; there are at most %d.", n, ICM_FATIGUE_CELLS_MAX)));
	fatigue = IcmFatigueMake(n);
	for (int i = 0; i < n; i++)
	{
		IcmFatigueCell *cell = &fatigue->cells[i];
		const char *fault;

		cell->grade = ByteGrade(pq_getmsgbyte(buf));
		cell->dose = pq_getmsgbyte(buf);
		cell->customers = pq_getmsgint64(buf);
		cell->responses = pq_getmsgint64(buf);
		fault = IcmFatigueCellFault(cell, i > 0 ? cell - 1 : NULL);
		if (fault != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid cell in icm_fatigue"),
					 errdetail("Cell %d: %s", i + 1, fault)));
	}
	PG_RETURN_POINTER(fatigue);
}

PG_FUNCTION_INFO_V1(icm_fatigue_send);
Datum
icm_fatigue_send(PG_FUNCTION_ARGS)
{
	IcmFatigue *fatigue = PG_GETARG_FATIGUE(0);
	int			n = ICM_FATIGUE_COUNT(fatigue);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, fatigue, n);
	for (int i = 0; i < n; i++)
	{
		const IcmFatigueCell *cell = &fatigue->cells[i];

		pq_sendint8(&buf, cell->grade == ICM_FATIGUE_UNGRADED ? UNGRADED : ICM_GRADE_LETTER(cell->grade));
		pq_sendint8(&buf, cell->dose);
		pq_sendint64(&buf, cell->customers);
		pq_sendint64(&buf, cell->responses);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- counts --------------------------------------------------------------- */

/* (grade, dose, customers, responses) of each cell */
PG_FUNCTION_INFO_V1(icm_fatigue_cells);
Datum
icm_fatigue_cells(PG_FUNCTION_ARGS)
{
	IcmFatigue *fatigue = PG_GETARG_FATIGUE(0);
	int			n = ICM_FATIGUE_COUNT(fatigue);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < n; i++)
	{
		const IcmFatigueCell *cell = &fatigue->cells[i];
		Datum		values[4];
		bool		nulls[4] = {cell->grade == ICM_FATIGUE_UNGRADED};

		values[0] = GradeGetDatum(cell->grade);
		values[1] = Int32GetDatum(cell->dose);
		values[2] = Int64GetDatum(cell->customers);
		values[3] = Int64GetDatum(cell->responses);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* The cells of each dose as one, at the place of the dose; those that are not have no customers. */
static void
PoolDoses(const IcmFatigue *fatigue, IcmFatigueCell *pooled)
{
	memset(pooled, 0, ICM_DOSES_MAX * sizeof(IcmFatigueCell));
	for (int i = 0; i < ICM_FATIGUE_COUNT(fatigue); i++)
	{
		const IcmFatigueCell *cell = &fatigue->cells[i];

		if (cell->dose >= ICM_DOSES_MAX)
			IcmFlatCorrupt("icm_fatigue");
		pooled[cell->dose].grade = ICM_FATIGUE_UNGRADED;
		pooled[cell->dose].dose = cell->dose;
		pooled[cell->dose].customers += cell->customers;
		pooled[cell->dose].responses += cell->responses;
	}
}

PG_FUNCTION_INFO_V1(icm_fatigue_pool);
Datum
icm_fatigue_pool(PG_FUNCTION_ARGS)
{
	IcmFatigueCell pooled[ICM_DOSES_MAX];
	IcmFatigue *result = IcmFatigueMake(ICM_DOSES_MAX);
	int			n = 0;

	PoolDoses(PG_GETARG_FATIGUE(0), pooled);
	for (int dose = 0; dose < ICM_DOSES_MAX; dose++)
	{
		if (pooled[dose].customers > ICM_FATIGUE_CUSTOMERS_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("too many customers with one dose"),
					 errdetail("A fatigue summary counts at most " INT64_FORMAT " customers a grade and dose.",
							   ICM_FATIGUE_CUSTOMERS_MAX)));
		if (pooled[dose].customers > 0)
			result->cells[n++] = pooled[dose];
	}
	SET_VARSIZE(result, ICM_FATIGUE_SIZE(n));
	PG_RETURN_POINTER(result);
}

/* How many standard errors an interval is wide to each side, by its confidence in an argument, if there is one. */
static double
GetWidth(FunctionCallInfo fcinfo, int arg)
{
	double		confidence = PG_NARGS() > arg ? PG_GETARG_FLOAT8(arg) : CONFIDENCE_DEFAULT;

	return IcmNormalWithin(IcmCheckConfidence(confidence));
}

/* (fatigue [, confidence]): (dose, customers, responses, rate, lower, upper) of each dose */
PG_FUNCTION_INFO_V1(icm_fatigue_response);
Datum
icm_fatigue_response(PG_FUNCTION_ARGS)
{
	double		width = GetWidth(fcinfo, 1);
	IcmFatigueCell pooled[ICM_DOSES_MAX];
	IcmRows		rows;

	PoolDoses(PG_GETARG_FATIGUE(0), pooled);
	IcmBeginRows(&rows, fcinfo);
	for (int dose = 0; dose < ICM_DOSES_MAX; dose++)
	{
		double		customers = (double) pooled[dose].customers;
		double		responses = (double) pooled[dose].responses;
		double		lower,
					upper;
		Datum		values[6];
		bool		nulls[6] = {0};

		if (pooled[dose].customers == 0)
			continue;
		IcmWilson(responses, customers, width, &lower, &upper);
		values[0] = Int32GetDatum(dose);
		values[1] = Int64GetDatum(pooled[dose].customers);
		values[2] = Int64GetDatum(pooled[dose].responses);
		values[3] = Float8GetDatum(responses / customers);
		values[4] = Float8GetDatum(lower);
		values[5] = Float8GetDatum(upper);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* ---- trend ---------------------------------------------------------------- */

/* The cells as the statistics take them, checked as they index by what is in them; their number in *n. */
static IcmDose *
GetDoses(const IcmFatigue *fatigue, int *n)
{
	IcmDose    *doses;

	*n = ICM_FATIGUE_COUNT(fatigue);
	doses = palloc(Max(*n, 1) * sizeof(IcmDose));
	for (int i = 0; i < *n; i++)
	{
		const IcmFatigueCell *cell = &fatigue->cells[i];

		if (IcmFatigueCellFault(cell, i > 0 ? cell - 1 : NULL) != NULL)
			IcmFlatCorrupt("icm_fatigue");
		doses[i].stratum = cell->grade;
		doses[i].dose = cell->dose;
		doses[i].customers = (double) cell->customers;
		doses[i].responses = (double) cell->responses;
	}
	return doses;
}

/* A number for a row, NaN as NULL. */
static Datum
NumberOrNull(double value, bool *null)
{
	*null = isnan(value);
	return Float8GetDatum(value);
}

/* (z, p, log10_p, chi_square) */
PG_FUNCTION_INFO_V1(icm_fatigue_trend);
Datum
icm_fatigue_trend(PG_FUNCTION_ARGS)
{
	int			n;
	IcmDose    *doses = GetDoses(PG_GETARG_FATIGUE(0), &n);
	double		z = IcmTrend(doses, n);
	Datum		values[4];
	bool		nulls[4];

	values[0] = NumberOrNull(z, &nulls[0]);
	values[1] = NumberOrNull(IcmNormalBeyond(z), &nulls[1]);
	values[2] = NumberOrNull(IcmNormalBeyondLog10(z), &nulls[2]);
	values[3] = NumberOrNull(z * z, &nulls[3]);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* ---- regression ----------------------------------------------------------- */

/* Fit; false if there is nothing to fit. */
static bool
Fit(IcmDoseFit *fit, const IcmFatigue *fatigue, int powers)
{
	int			n;
	IcmDose    *doses = GetDoses(fatigue, &n);
	IcmFitOutcome outcome = IcmDoseFitMake(fit, doses, n, powers);

	pfree(doses);
	if (outcome == ICM_FIT_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("logistic regression of response on dose did not converge"),
				 errdetail("Likelihood has a largest value, but it was not found within rounding."),
				 errhint("This happens where almost all respond at some doses and almost none at others. Count such doses together, or leave them out.")));
	return outcome == ICM_FIT_DONE;
}

/* (slope, slope_error, z, p, log10_p, intercept, intercept_error, loglik) */
PG_FUNCTION_INFO_V1(icm_fatigue_slope);
Datum
icm_fatigue_slope(PG_FUNCTION_ARGS)
{
	IcmDoseFit	fit;
	double		error;
	double		numbers[8];
	Datum		values[8];
	bool		nulls[8] = {true, true, true, true, true, true, true, true};

	if (!Fit(&fit, PG_GETARG_FATIGUE(0), ICM_LINEAR))
		return IcmReturnRow(fcinfo, values, nulls);
	numbers[0] = IcmDoseSlope(&fit, &error);
	numbers[1] = error;
	numbers[2] = numbers[0] / error;
	numbers[3] = IcmNormalBeyond(numbers[2]);
	numbers[4] = IcmNormalBeyondLog10(numbers[2]);
	numbers[5] = numbers[6] = NAN;
	if (fit.strata == 1)
		numbers[5] = IcmDoseIntercept(&fit, 0, &numbers[6]);
	numbers[7] = fit.loglik;
	for (int i = 0; i < 8; i++)
		values[i] = NumberOrNull(numbers[i], &nulls[i]);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* The place of a grade in a fit; -1 if it is not there. */
static int
FindStratum(const IcmDoseFit *fit, int grade)
{
	for (int i = 0; i < fit->strata; i++)
		if (fit->stratum[i].stratum == grade)
			return i;
	return -1;
}

/* Begin a row for the grade of the index-th cell: its grade, and NULLs. False if an earlier cell has had that row. */
static bool
BeginGrade(const IcmFatigue *fatigue, int index, Datum *values, bool *nulls, int columns)
{
	IcmGrade	grade = fatigue->cells[index].grade;

	if (index > 0 && fatigue->cells[index - 1].grade == grade)
		return false;
	values[0] = GradeGetDatum(grade);
	nulls[0] = grade == ICM_FATIGUE_UNGRADED;
	for (int i = 1; i < columns; i++)
		nulls[i] = true;
	return true;
}

/* (grade, intercept, intercept_error) of each grade */
PG_FUNCTION_INFO_V1(icm_fatigue_intercepts);
Datum
icm_fatigue_intercepts(PG_FUNCTION_ARGS)
{
	IcmFatigue *fatigue = PG_GETARG_FATIGUE(0);
	IcmDoseFit	fit;
	bool		fitted = Fit(&fit, fatigue, ICM_LINEAR);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < ICM_FATIGUE_COUNT(fatigue); i++)
	{
		Datum		values[3];
		bool		nulls[3];
		int			stratum = fitted ? FindStratum(&fit, fatigue->cells[i].grade) : -1;
		double		error;

		if (!BeginGrade(fatigue, i, values, nulls, 3))
			continue;
		if (stratum >= 0)
		{
			values[1] = NumberOrNull(IcmDoseIntercept(&fit, stratum, &error), &nulls[1]);
			values[2] = NumberOrNull(error, &nulls[2]);
		}
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* ---- peak ----------------------------------------------------------------- */

/* What a contact costs, in units of what a response brings: of arguments margin and cost. */
static double
GetRelativeCost(FunctionCallInfo fcinfo, int arg)
{
	double		margin = PG_GETARG_FLOAT8(arg);
	double		cost = PG_GETARG_FLOAT8(arg + 1);

	if (!isfinite(margin) || !isfinite(cost))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("margin and cost must be finite numbers"),
				 errdetail("The margin given is %g, the cost %g.", margin, cost)));
	if (margin <= 0.0 || cost < 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("margin must be positive, and cost not negative"),
				 errdetail("The margin given is %g, the cost %g.", margin, cost),
				 errhint("Margin is what a response brings, cost what a unit of the dose, such as a contact, costs.")));
	return IcmCheckResult(cost / margin);
}

/* The least and greatest dose of the grade of the index-th cell, which is its first. */
static void
DosesOfGrade(const IcmFatigue *fatigue, int index, double *least, double *most)
{
	int			last = index;

	while (last + 1 < ICM_FATIGUE_COUNT(fatigue) && fatigue->cells[last + 1].grade == fatigue->cells[index].grade)
		last++;
	*least = fatigue->cells[index].dose;
	*most = fatigue->cells[last].dose;
}

/* (fatigue [, margin, cost [, confidence]]): (grade, dose, lower, upper, response [, profit]) of each grade */
PG_FUNCTION_INFO_V1(icm_fatigue_peak);
Datum
icm_fatigue_peak(PG_FUNCTION_ARGS)
{
	IcmFatigue *fatigue = PG_GETARG_FATIGUE(0);
	bool		of_profit = PG_NARGS() > 1;
	double		cost = of_profit ? GetRelativeCost(fcinfo, 1) : 0.0;
	double		width = GetWidth(fcinfo, 3);
	IcmDoseFit	fit;
	bool		fitted = Fit(&fit, fatigue, ICM_QUADRATIC);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < ICM_FATIGUE_COUNT(fatigue); i++)
	{
		Datum		values[6];
		bool		nulls[6];
		int			stratum = fitted ? FindStratum(&fit, fatigue->cells[i].grade) : -1;
		double		least,
					most;

		if (!BeginGrade(fatigue, i, values, nulls, 6))
			continue;
		if (stratum >= 0)
		{
			IcmDosePeak peak;

			DosesOfGrade(fatigue, i, &least, &most);
			peak = IcmDosePeakFind(&fit, stratum, cost, width, least, most);
			values[1] = NumberOrNull(peak.dose, &nulls[1]);
			values[2] = NumberOrNull(peak.lower, &nulls[2]);
			values[3] = NumberOrNull(peak.upper, &nulls[3]);
			values[4] = NumberOrNull(peak.response, &nulls[4]);
			if (of_profit)
				values[5] = NumberOrNull(IcmCheckResult(PG_GETARG_FLOAT8(1) * peak.response - PG_GETARG_FLOAT8(2) * peak.dose), &nulls[5]);
		}
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}
