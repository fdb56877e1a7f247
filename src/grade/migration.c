/*
 * migration.c
 *		The SQL face of icm_migration: text and binary form, accessors; and
 *		icm_psi.
 *
 * Text form: {A>A 120 3456.5, A>B 4 99, C>- 3 5, ->B 7 12}
 * previous and current grade, customers and value of each cell; - for a
 * customer who was new, or has left.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "common/rows.h"
#include "common/text.h"
#include "grade/migration.h"
#include "grade/stability.h"
#include "math/exactsum.h"

#define NONE '-'

/* A cell in the binary form: two letters, customers, value. */
#define MESSAGE_CELL_SIZE 18

IcmMigration *
IcmMigrationMake(int n)
{
	return IcmFlatMake(ICM_MIGRATION_SIZE(n), ICM_MIGRATION_VERSION);
}

const char *
IcmMigrationCellFault(const IcmMigrationCell *cell, const IcmMigrationCell *previous)
{
	if (cell->previous > ICM_GRADE_NONE || cell->current > ICM_GRADE_NONE)
		return "A grade is one capital letter from A to Z, or - for none.";
	if (cell->previous == ICM_GRADE_NONE && cell->current == ICM_GRADE_NONE)
		return "A customer has a previous or a current grade, or both.";
	if (previous != NULL && ICM_MIGRATION_KEY(cell) <= ICM_MIGRATION_KEY(previous))
		return "Cells must ascend by previous, then current grade, none last, each once.";
	if (cell->customers < 1 || cell->customers > ICM_MIGRATION_CUSTOMERS_MAX)
		return "The number of customers is from 1 to 9007199254740992.";
	if (!(fabs(cell->value) <= ICM_MIGRATION_VALUE_MAX * (double) cell->customers))
		return "The value of a cell is from -1e280 to 1e280 a customer.";
	return NULL;
}

/* ---- text and binary form ------------------------------------------------- */

static char
GradeLetter(IcmGrade grade)
{
	return grade == ICM_GRADE_NONE ? NONE : ICM_GRADE_LETTER(grade);
}

/* The grade of a letter; beyond ICM_GRADE_NONE if it is of none. */
static IcmGrade
LetterGrade(char letter)
{
	if (letter == NONE)
		return ICM_GRADE_NONE;
	return letter >= 'A' && letter <= 'Z' ? (IcmGrade) (letter - 'A') : ICM_GRADE_NONE + 1;
}

/* Read a grade or none; false if there is neither. */
static bool
ReadGrade(IcmReader *reader, IcmGrade *grade)
{
	IcmReadSpace(reader);
	*grade = LetterGrade(*reader->at);
	if (*grade > ICM_GRADE_NONE)
		return false;
	reader->at++;
	return true;
}

/* Read "previous>current customers value"; a sentence on what is wrong, or NULL. */
static const char *
ReadCell(IcmReader *reader, IcmMigrationCell *cell)
{
	static const char *const incomplete = "A cell is previous>current, customers and value, separated by spaces.";

	if (!ReadGrade(reader, &cell->previous))
		return "A grade is one capital letter from A to Z, or - for none.";
	if (!IcmReadChar(reader, '>'))
		return incomplete;
	if (!ReadGrade(reader, &cell->current))
		return "A grade is one capital letter from A to Z, or - for none.";
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadCount64(reader, &cell->customers))
		return "The number of customers is from 1 to 9007199254740992.";
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadDouble(reader, &cell->value))
		return "The value is a finite number in the range of float8.";
	return NULL;
}

static const char *
ReadCellAfter(IcmReader *reader, void *item, const void *previous)
{
	const char *fault = ReadCell(reader, item);

	return fault != NULL ? fault : IcmMigrationCellFault(item, previous);
}

PG_FUNCTION_INFO_V1(icm_migration_in);
Datum
icm_migration_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	IcmMigration *migration = IcmMigrationMake(ICM_MIGRATION_CELLS_MAX + 1);
	IcmMigration *result;
	const char *fault;
	int			n;

	fault = IcmReadItems(&reader, ReadCellAfter, migration->cells, sizeof(IcmMigrationCell), &n, "A migration", "A cell");
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "icm_migration"),
				 n > 0 ? errdetail("Cell %d: %s", n, fault) : errdetail("%s", fault),
				 errhint("The form is {previous>current customers value, ...}, for example {A>A 120 3456.5, A>B 4 99, C>- 3 5, ->B 7 12}.")));

	result = IcmMigrationMake(n);
	memcpy(result->cells, migration->cells, n * sizeof(IcmMigrationCell));
	pfree(migration);
	PG_RETURN_POINTER(result);
}

PG_FUNCTION_INFO_V1(icm_migration_out);
Datum
icm_migration_out(PG_FUNCTION_ARGS)
{
	IcmMigration *migration = PG_GETARG_MIGRATION(0);
	int			n = ICM_MIGRATION_COUNT(migration);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < n; i++)
	{
		const IcmMigrationCell *cell = &migration->cells[i];

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		appendStringInfo(&buf, "%c>%c " INT64_FORMAT " ", GradeLetter(cell->previous), GradeLetter(cell->current), cell->customers);
		IcmAppendDouble(&buf, cell->value);
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/* items: previous, current, customers, value */
PG_FUNCTION_INFO_V1(icm_migration_recv);
Datum
icm_migration_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		n = IcmFlatBeginRecv(buf, "icm_migration", ICM_MIGRATION_VERSION, MESSAGE_CELL_SIZE);
	IcmMigration *migration;

	if (n > ICM_MIGRATION_CELLS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid number of cells in icm_migration"),
				 errdetail("The message says %d; there are at most %d.", n, ICM_MIGRATION_CELLS_MAX)));
	migration = IcmMigrationMake(n);
	for (int i = 0; i < n; i++)
	{
		IcmMigrationCell *cell = &migration->cells[i];
		const char *fault;

		cell->previous = LetterGrade((char) pq_getmsgbyte(buf));
		cell->current = LetterGrade((char) pq_getmsgbyte(buf));
		cell->customers = pq_getmsgint64(buf);
		cell->value = IcmGetMsgDouble(buf);
		fault = IcmMigrationCellFault(cell, i > 0 ? cell - 1 : NULL);
		if (fault != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid cell in icm_migration"),
					 errdetail("Cell %d: %s", i + 1, fault)));
	}
	PG_RETURN_POINTER(migration);
}

PG_FUNCTION_INFO_V1(icm_migration_send);
Datum
icm_migration_send(PG_FUNCTION_ARGS)
{
	IcmMigration *migration = PG_GETARG_MIGRATION(0);
	int			n = ICM_MIGRATION_COUNT(migration);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, migration, n);
	for (int i = 0; i < n; i++)
	{
		pq_sendint8(&buf, GradeLetter(migration->cells[i].previous));
		pq_sendint8(&buf, GradeLetter(migration->cells[i].current));
		pq_sendint64(&buf, migration->cells[i].customers);
		pq_sendfloat8(&buf, migration->cells[i].value);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- accessors ------------------------------------------------------------ */

/* (previous, current, customers, value) of each cell */
PG_FUNCTION_INFO_V1(icm_migration_matrix);
Datum
icm_migration_matrix(PG_FUNCTION_ARGS)
{
	IcmMigration *migration = PG_GETARG_MIGRATION(0);
	int			n = ICM_MIGRATION_COUNT(migration);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < n; i++)
	{
		const IcmMigrationCell *cell = &migration->cells[i];
		Datum		values[4];
		bool		nulls[4] = {cell->previous == ICM_GRADE_NONE, cell->current == ICM_GRADE_NONE, false, false};

		values[0] = GradeGetDatum(cell->previous);
		values[1] = GradeGetDatum(cell->current);
		values[2] = Int64GetDatum(cell->customers);
		values[3] = Float8GetDatum(cell->value);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* Some of the cells together. */
typedef struct Part
{
	int64		customers;
	IcmExactSum value;
} Part;

static void
AddCell(Part *part, const IcmMigrationCell *cell)
{
	part->customers += cell->customers;
	IcmExactSumAdd(&part->value, cell->value);
}

/* Who moved how, and the customers of each grade in each period. */
typedef struct Movement
{
	Part		both,			/* customers in both periods; they are the sum of the next three */
				upgraded,
				downgraded,
				unchanged,
				entered,
				departed;
	double		previous[ICM_GRADES_MAX];
	double		current[ICM_GRADES_MAX];
} Movement;

static void
CountMovement(Movement *movement, const IcmMigration *migration)
{
	memset(movement, 0, sizeof(*movement));
	for (int i = 0; i < ICM_MIGRATION_COUNT(migration); i++)
	{
		const IcmMigrationCell *cell = &migration->cells[i];

		if (cell->previous != ICM_GRADE_NONE)
			movement->previous[cell->previous] += (double) cell->customers;
		if (cell->current != ICM_GRADE_NONE)
			movement->current[cell->current] += (double) cell->customers;

		if (cell->previous == ICM_GRADE_NONE)
			AddCell(&movement->entered, cell);
		else if (cell->current == ICM_GRADE_NONE)
			AddCell(&movement->departed, cell);
		else
		{
			AddCell(&movement->both, cell);
			AddCell(cell->current < cell->previous ? &movement->upgraded :
					cell->current > cell->previous ? &movement->downgraded : &movement->unchanged, cell);
		}
	}
}

static Datum
ShareOf(const Part *part, const Part *whole)
{
	return Float8GetDatum(whole->customers == 0 ? 0.0 : (double) part->customers / (double) whole->customers);
}

/*
 * (customers, share_upgraded, share_downgraded, share_unchanged, entered, departed, value,
 * value_upgraded, value_downgraded, psi)
 */
PG_FUNCTION_INFO_V1(icm_migration_stats);
Datum
icm_migration_stats(PG_FUNCTION_ARGS)
{
	Movement	movement;
	double		psi;
	Datum		values[10];
	bool		nulls[10] = {0};

	CountMovement(&movement, PG_GETARG_MIGRATION(0));
	psi = IcmStabilityIndex(movement.previous, movement.current, ICM_GRADES_MAX);
	values[0] = Int64GetDatum(movement.both.customers);
	values[1] = ShareOf(&movement.upgraded, &movement.both);
	values[2] = ShareOf(&movement.downgraded, &movement.both);
	values[3] = ShareOf(&movement.unchanged, &movement.both);
	nulls[1] = nulls[2] = nulls[3] = movement.both.customers == 0;
	values[4] = Int64GetDatum(movement.entered.customers);
	values[5] = Int64GetDatum(movement.departed.customers);
	values[6] = Float8GetDatum(IcmExactSumRound(&movement.both.value));
	values[7] = Float8GetDatum(IcmExactSumRound(&movement.upgraded.value));
	values[8] = Float8GetDatum(IcmExactSumRound(&movement.downgraded.value));
	values[9] = Float8GetDatum(psi);
	nulls[9] = isnan(psi);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* ---- stability ------------------------------------------------------------ */

/* A distribution, as counts or shares; its length in *n. */
static const double *
GetDistribution(FunctionCallInfo fcinfo, int arg, const char *what, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	const double *values = (const double *) ARR_DATA_PTR(array);
	double		sum = 0.0;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be a one-dimensional array", what)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain nulls", what),
				 errhint("The count of an empty group is 0.")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	for (int i = 0; i < *n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!isfinite(values[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("%s must contain finite numbers", what),
					 errdetail("Element %d is %s.", i + 1, isnan(values[i]) ? "NaN" : "infinite")));
		if (values[i] < 0.0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must contain counts or shares, which are not negative", what),
					 errdetail("Element %d is %g.", i + 1, values[i])));
		sum += values[i];
	}
	if (sum == 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have an element above zero", what),
				 errdetail("Its %d elements have no sum that they could be shares of.", *n)));
	if (isinf(sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of %s is out of range", what),
				 errdetail("It is beyond what float8 holds, about 1.8e308.")));
	return values;
}

/* icm_psi(expected float8[], actual float8[]) */
PG_FUNCTION_INFO_V1(icm_psi);
Datum
icm_psi(PG_FUNCTION_ARGS)
{
	int			n_expected,
				n_actual;
	const double *expected = GetDistribution(fcinfo, 0, "expected", &n_expected);
	const double *actual = GetDistribution(fcinfo, 1, "actual", &n_actual);

	if (n_expected != n_actual)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected and actual must have as many groups as each other"),
				 errdetail("They have %d and %d elements.", n_expected, n_actual),
				 errhint("The count of an empty group is 0.")));
	PG_RETURN_FLOAT8(IcmStabilityIndex(expected, actual, n_expected));
}
