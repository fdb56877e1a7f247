/*
 * grade_matrix.c
 *		The SQL face of icm_grade_matrix, and the strategy for a customer.
 *
 * Text form: {A: keep keep keep, B: grow keep harvest, C: "win back" harvest harvest}
 * for each actual grade, the strategies for potential A, B, C, ...
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "common/definition.h"
#include "common/rows.h"
#include "grade/grade_matrix.h"

/* ---- text form ------------------------------------------------------------ */

/* What is read, before it is known how long it is. */
typedef struct Draft
{
	bool		given[ICM_GRADES_MAX];	/* the row of this actual grade */
	int			rows;			/* up to the last one given */
	int			columns;		/* of each row */
	IcmName		names[ICM_GRADES_MAX][ICM_GRADES_MAX];
} Draft;

/* Read the strategies of a row. Returns a sentence on what is wrong, or NULL. */
static const char *
ReadNames(IcmReader *reader, IcmName *names, int *n)
{
	*n = 0;
	do
	{
		if (*n == ICM_GRADES_MAX)
			return "A row has at most 26 strategies, for potential grades A to Z.";
		if (!IcmReadName(reader, &names[(*n)++]))
			return "A strategy is a word, or anything in double quotes, of 1 to 63 bytes.";
	} while (IcmReadSpace(reader) && *reader->at != ',' && *reader->at != '}' && *reader->at != '\0');
	return NULL;
}

/* Read the entry that begins with the key. */
static const char *
ReadRow(const IcmName *key, IcmReader *reader, Draft *draft)
{
	int			row = key->text[0] - 'A';
	const char *fault;
	int			columns;

	if (row < 0 || row >= ICM_GRADES_MAX || key->text[1] != '\0')
		return "A row begins with its actual grade, one capital letter from A to Z.";
	if (draft->given[row])
		return "Each actual grade has one row.";
	fault = ReadNames(reader, draft->names[row], &columns);
	if (fault != NULL)
		return fault;
	if (draft->rows > 0 && columns != draft->columns)
		return psprintf("Each row has as many strategies as the others; this one has %d, the one before it %d.", columns, draft->columns);

	draft->given[row] = true;
	draft->rows = Max(draft->rows, row + 1);
	draft->columns = columns;
	return NULL;
}

/* What is wrong with the rows together, as a sentence; NULL if nothing is. */
static const char *
RowsFault(const Draft *draft)
{
	if (draft->rows == 0)
		return "A matrix has at least one row.";
	for (int row = 0; row < draft->rows; row++)
		if (!draft->given[row])
			return psprintf("The row of actual grade %c is missing.", ICM_GRADE_LETTER(row));
	return NULL;
}

/* The first cell with the same name as this one, perhaps itself; both counted row by row. */
static int
FirstCell(const Draft *draft, int cell)
{
	const char *name = draft->names[cell / draft->columns][cell % draft->columns].text;
	int			first = 0;

	while (strcmp(draft->names[first / draft->columns][first % draft->columns].text, name) != 0)
		first++;
	return first;
}

StaticAssertDecl(ICM_GRADE_MATRIX_SIZE(ICM_GRADES_MAX * ICM_GRADES_MAX) +
				 ICM_GRADES_MAX * ICM_GRADES_MAX * (ICM_NAME_MAX + 1) <= PG_UINT16_MAX,
				 "an offset is 16 bits");

static IcmGradeMatrix *
MakeMatrix(const Draft *draft)
{
	int			cells = draft->rows * draft->columns;
	Size		size = ICM_GRADE_MATRIX_SIZE(cells);
	IcmGradeMatrix *matrix = IcmFlatMake(size + cells * (ICM_NAME_MAX + 1), ICM_GRADE_MATRIX_VERSION);

	matrix->rows = draft->rows;
	matrix->columns = draft->columns;
	for (int cell = 0; cell < cells; cell++)
	{
		int			first = FirstCell(draft, cell);
		const char *name = draft->names[cell / draft->columns][cell % draft->columns].text;

		if (first < cell)
		{
			matrix->names[cell] = matrix->names[first];
			continue;
		}
		matrix->names[cell] = (uint16) size;
		strcpy((char *) matrix + size, name);
		size += strlen(name) + 1;
	}
	SET_VARSIZE(matrix, size);
	return matrix;
}

/* The matrix that the text says. */
static Datum
ReadMatrix(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	Draft	   *draft = palloc0(sizeof(Draft));
	IcmGradeMatrix *matrix;

	while (IcmNextEntry(&entries))
		entries.fault = ReadRow(&entries.key, &entries.reader, draft);
	if (entries.fault == NULL)
		entries.fault = RowsFault(draft);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_grade_matrix", &entries,
								  "The form is {actual grade: strategy for potential A, for B, ..., ...},"
								  " for example {A: keep keep, B: grow harvest, C: \"win back\" harvest}.");
	matrix = MakeMatrix(draft);
	pfree(draft);
	PG_RETURN_POINTER(matrix);
}

static char *
MatrixText(const IcmGradeMatrix *matrix)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int row = 0; row < matrix->rows; row++)
	{
		char		key[2] = {ICM_GRADE_LETTER(row), '\0'};

		IcmAppendKey(&buf, key, false);
		for (int column = 0; column < matrix->columns; column++)
		{
			if (column > 0)
				appendStringInfoChar(&buf, ' ');
			IcmAppendName(&buf, IcmGradeMatrixName(matrix, row, column), false);
		}
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_grade_matrix_in);
Datum
icm_grade_matrix_in(PG_FUNCTION_ARGS)
{
	return ReadMatrix(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_grade_matrix_out);
Datum
icm_grade_matrix_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(MatrixText(PG_GETARG_GRADE_MATRIX(0)));
}

PG_FUNCTION_INFO_V1(icm_grade_matrix_recv);
Datum
icm_grade_matrix_recv(PG_FUNCTION_ARGS)
{
	return ReadMatrix(fcinfo, IcmDefinitionRecv(fcinfo, "icm_grade_matrix", ICM_GRADE_MATRIX_VERSION));
}

PG_FUNCTION_INFO_V1(icm_grade_matrix_send);
Datum
icm_grade_matrix_send(PG_FUNCTION_ARGS)
{
	IcmGradeMatrix *matrix = PG_GETARG_GRADE_MATRIX(0);

	return IcmDefinitionSend(matrix, MatrixText(matrix));
}

/* (actual, potential, strategy) of each cell, row by row */
PG_FUNCTION_INFO_V1(icm_grade_matrix_cells);
Datum
icm_grade_matrix_cells(PG_FUNCTION_ARGS)
{
	IcmGradeMatrix *matrix = PG_GETARG_GRADE_MATRIX(0);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int cell = 0; cell < matrix->rows * matrix->columns; cell++)
	{
		int			row = cell / matrix->columns;
		int			column = cell % matrix->columns;
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] = GradeGetDatum((IcmGrade) row);
		values[1] = GradeGetDatum((IcmGrade) column);
		values[2] = CStringGetTextDatum(IcmGradeMatrixName(matrix, row, column));
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* ---- the strategy for a customer ------------------------------------------ */

static void
CheckGrade(const IcmGradeMatrix *matrix, IcmGrade grade, int grades, const char *what)
{
	if (unlikely(grade >= grades))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s grade %c is not in the grade matrix", what, ICM_GRADE_LETTER(grade)),
				 errdetail("The matrix has actual grades A to %c and potential grades A to %c.",
						   ICM_GRADE_LETTER(matrix->rows - 1), ICM_GRADE_LETTER(matrix->columns - 1)),
				 errhint("Use the matrix that was made for the scales that the grades are from.")));
}

/* icm_strategy(actual, potential, matrix) */
PG_FUNCTION_INFO_V1(icm_strategy);
Datum
icm_strategy(PG_FUNCTION_ARGS)
{
	IcmGrade	actual = PG_GETARG_GRADE(0);
	IcmGrade	potential = PG_GETARG_GRADE(1);
	IcmGradeMatrix *matrix = PG_GETARG_GRADE_MATRIX(2);

	CheckGrade(matrix, actual, matrix->rows, "actual");
	CheckGrade(matrix, potential, matrix->columns, "potential");
	PG_RETURN_TEXT_P(cstring_to_text(IcmGradeMatrixName(matrix, actual, potential)));
}
