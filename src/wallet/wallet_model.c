/*
 * wallet_model.c
 *		The SQL face of icm_wallet_model: text and binary form, and what a model
 *		consists of.
 *
 * Text form: {taus: [0.5 0.9], coefficients: [81.5 0.56, 67.4 0.69], std_errors: nid [19.3 0.028, none],
 * correlations: [-0.87, none], rows: 235, left_out: 12, crossings: 0, lowest: [1 377], highest: [1 4957.8]}
 * a row of coefficients for each tau, one for each column of x, and their standard
 * errors, or none; their correlations, of the second with the first, of the third with the first and the
 * second, and so on, or none; the number of rows that were fitted, that were left out, and at
 * which the fits of the taus cross; and the range of each column.
 *
 * Standard errors may be absent, correlations too, and what only a fit says (the rest): so a
 * person can write a model from a paper.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "common/array.h"
#include "common/definition.h"
#include "common/rows.h"
#include "wallet/wallet_model.h"

IcmWalletModel *
IcmWalletModelMake(int columns, int taus)
{
	IcmWalletModel *model = IcmFlatMake(ICM_WALLET_MODEL_SIZE(columns, taus), ICM_WALLET_MODEL_VERSION);

	model->columns = columns;
	model->taus = taus;
	for (int i = 0; i < columns * taus; i++)
		ICM_WALLET_ERRORS(model, 0)[i] = ICM_WALLET_NO_ERROR;
	for (int i = 0; i < ICM_WALLET_PAIRS(columns) * taus; i++)
		ICM_WALLET_CORRELATIONS(model, 0)[i] = ICM_WALLET_NO_CORRELATION;
	return model;
}

IcmWalletModel *
IcmWalletModelGet(Datum datum)
{
	IcmWalletModel *model = IcmFlatGet(datum, ICM_WALLET_MODEL_SIZE(1, 1), ICM_WALLET_MODEL_VERSION, "icm_wallet_model");

	if (unlikely(model->columns < 1 || model->columns > ICM_WALLET_COLUMNS_MAX || model->taus < 1 ||
				 model->taus > ICM_WALLET_TAUS_MAX || VARSIZE(model) != ICM_WALLET_MODEL_SIZE(model->columns, model->taus)))
		IcmFlatCorrupt("icm_wallet_model");
	return model;
}

const char *
IcmWalletTausFault(const double *taus, int n)
{
	if (n < 1 || n > ICM_WALLET_TAUS_MAX)
		return psprintf("There are %d taus; a model has 1 to %d.", n, ICM_WALLET_TAUS_MAX);
	for (int i = 0; i < n; i++)
	{
		if (!(taus[i] > 0.0 && taus[i] < 1.0))
			return psprintf("A tau is %s; it must be between 0 and 1.", float8out_internal(taus[i]));
		if (i > 0 && taus[i] <= taus[i - 1])
			return psprintf("Tau %s comes after %s; they must ascend.", float8out_internal(taus[i]), float8out_internal(taus[i - 1]));
	}
	return NULL;
}

const char *
IcmWalletTausText(const double *taus, int n)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int k = 0; k < n; k++)
		appendStringInfo(&buf, "%s%s", k == 0 ? "" : ", ", float8out_internal(taus[k]));
	return buf.data;
}

/* ---- text and binary form ---------------------------------------------------- */

typedef struct Vector
{
	int			n;
	double		value[ICM_WALLET_TAUS_MAX];
} Vector;

/* Rows of numbers; one of length 0 is "none". */
typedef struct Matrix
{
	int			rows;
	int			length[ICM_WALLET_TAUS_MAX];
	int			n;				/* numbers, of all rows */
	int			room;
	double	   *value;			/* one row after the other */
} Matrix;

/* All that a text can give. */
typedef struct Draft
{
	Vector		taus;
	Matrix		coefficients;
	Matrix		std_errors;
	Matrix		correlations;
	int64		rows;
	int64		left_out;
	int64		crossings;
	Vector		lowest;
	Vector		highest;
} Draft;

static const char *
ReadVector(IcmReader *reader, void *value)
{
	static const char *const form = "Numbers in brackets, separated by spaces, are expected: [0.5 0.9].";
	Vector	   *vector = value;

	if (!IcmReadChar(reader, '['))
		return form;
	do
	{
		if (vector->n == ICM_WALLET_TAUS_MAX)
			return psprintf("There are more than %d numbers.", ICM_WALLET_TAUS_MAX);
		if (!IcmReadDouble(reader, &vector->value[vector->n++]))
			return form;
	} while (!IcmReadChar(reader, ']'));
	return NULL;
}

static void
MakeRoom(Matrix *matrix)
{
	if (matrix->n < matrix->room)
		return;
	matrix->room = Max(64, 2 * matrix->room);
	matrix->value = matrix->value == NULL ? palloc(matrix->room * sizeof(double)) :
		repalloc(matrix->value, matrix->room * sizeof(double));
}

/* Read the numbers of one row, so many at most, or "none" if there may be none. */
static bool
ReadRow(IcmReader *reader, Matrix *matrix, int most, bool none)
{
	int			row = matrix->rows++;
	int		   *length = &matrix->length[row];
	IcmReader	next = *reader;
	IcmName		word;

	if (none && IcmReadName(&next, &word))
	{
		*reader = next;
		return !word.quoted && strcmp(word.text, "none") == 0;
	}
	for (; *length < most; (*length)++)
	{
		MakeRoom(matrix);
		if (!IcmReadDouble(reader, &matrix->value[matrix->n]))
			break;
		matrix->n++;
	}
	return *length > 0;
}

static const char *
ReadMatrix(IcmReader *reader, Matrix *matrix, int most, bool none)
{
	const char *form = psprintf("Rows of at most %d numbers%s are expected in brackets, at most %d of them: [%s].",
								most, none ? ", or none," : "", ICM_WALLET_TAUS_MAX, none ? "0.5 0.25, none" : "1 0.5, 2 0.6");

	if (!IcmReadChar(reader, '['))
		return form;
	do
	{
		if (matrix->rows == ICM_WALLET_TAUS_MAX || !ReadRow(reader, matrix, most, none))
			return form;
	} while (IcmReadChar(reader, ','));
	return IcmReadChar(reader, ']') ? NULL : form;
}

static const char *
ReadCoefficients(IcmReader *reader, void *value)
{
	return ReadMatrix(reader, value, ICM_WALLET_COLUMNS_MAX, false);
}

/* Read the method, of which there is one, and the numbers. */
static const char *
ReadErrors(IcmReader *reader, void *value)
{
	Matrix	   *errors = value;
	IcmName		method;
	const char *fault;

	if (!IcmReadName(reader, &method) || strcmp(method.text, "nid") != 0)
		return "How they are estimated is said first, which is nid: nid [19.3 0.028].";
	fault = ReadMatrix(reader, errors, ICM_WALLET_COLUMNS_MAX, true);
	for (int i = 0; i < errors->n && fault == NULL; i++)
		if (!(errors->value[i] >= 0.0))
			return "A standard error is not negative.";
	return fault;
}

static const char *
ReadCorrelations(IcmReader *reader, void *value)
{
	Matrix	   *correlations = value;
	const char *fault = ReadMatrix(reader, correlations, ICM_WALLET_PAIRS_MAX, true);

	for (int i = 0; i < correlations->n && fault == NULL; i++)
		if (!(fabs(correlations->value[i]) <= 1.0))
			return "A correlation is from -1 to 1.";
	return fault;
}

static const char *
ReadRows(IcmReader *reader, void *value)
{
	return IcmReadCount64(reader, value) ? NULL : "A whole number of rows is expected.";
}

enum
{
	KEY_TAUS,
	KEY_COEFFICIENTS,
	KEY_ERRORS,
	KEY_CORRELATIONS,
	KEY_ROWS,
	KEY_LEFT_OUT,
	KEY_CROSSINGS,
	KEY_LOWEST,
	KEY_HIGHEST
};

static const IcmField fields[] = {
	{"taus", ReadVector, offsetof(Draft, taus)},
	{"coefficients", ReadCoefficients, offsetof(Draft, coefficients)},
	{"std_errors", ReadErrors, offsetof(Draft, std_errors)},
	{"correlations", ReadCorrelations, offsetof(Draft, correlations)},
	{"rows", ReadRows, offsetof(Draft, rows)},
	{"left_out", ReadRows, offsetof(Draft, left_out)},
	{"crossings", ReadRows, offsetof(Draft, crossings)},
	{"lowest", ReadVector, offsetof(Draft, lowest)},
	{"highest", ReadVector, offsetof(Draft, highest)}
};

#define FIT_KEYS (ICM_FIELD(KEY_ROWS) | ICM_FIELD(KEY_LEFT_OUT) | ICM_FIELD(KEY_CROSSINGS) | \
				  ICM_FIELD(KEY_LOWEST) | ICM_FIELD(KEY_HIGHEST))

static const char *
CorrelationsFault(const Draft *draft)
{
	const Matrix *correlations = &draft->correlations;
	int			columns = draft->coefficients.length[0];

	if (correlations->rows != 0 && correlations->rows != draft->taus.n)
		return "There must be a row of correlations, or none, for each tau.";
	for (int k = 0; k < correlations->rows; k++)
	{
		if (correlations->length[k] != 0 && (draft->std_errors.rows == 0 || draft->std_errors.length[k] == 0))
			return "A tau without standard errors has no correlations.";
		if (correlations->length[k] != 0 && correlations->length[k] != ICM_WALLET_PAIRS(columns))
			return psprintf("Correlations, one for each two coefficients, must be %d.", ICM_WALLET_PAIRS(columns));
	}
	return NULL;
}

static const char *
NumbersFault(const Draft *draft)
{
	int			taus = draft->taus.n;
	int			columns = draft->coefficients.length[0];

	if (draft->coefficients.rows != taus)
		return "There must be a row of coefficients for each tau.";
	for (int k = 0; k < taus; k++)
		if (draft->coefficients.length[k] != columns)
			return "Each tau must have as many coefficients as the others.";
	if (draft->std_errors.rows != 0 && draft->std_errors.rows != taus)
		return "There must be a row of standard errors, or none, for each tau.";
	for (int k = 0; k < draft->std_errors.rows; k++)
		if (draft->std_errors.length[k] != 0 && draft->std_errors.length[k] != columns)
			return "There must be a standard error for each coefficient.";
	return CorrelationsFault(draft);
}

/* What is wrong with what a fit says. */
static const char *
FitFault(const Draft *draft)
{
	int			columns = draft->coefficients.length[0];

	if (draft->rows < columns)
		return "There cannot be fewer rows than columns.";
	if (draft->crossings > draft->rows || (draft->crossings > 0 && draft->taus.n == 1))
		return "There cannot be so many crossings.";
	if (draft->lowest.n != columns || draft->highest.n != columns)
		return "Each column has a lowest and a highest value.";
	for (int j = 0; j < columns; j++)
		if (draft->lowest.value[j] > draft->highest.value[j])
			return psprintf("The lowest value of column %d is above the highest.", j + 1);
	return NULL;
}

/* What is wrong with the whole, as a sentence; NULL if nothing is. */
static const char *
DraftFault(const Draft *draft, uint32 given)
{
	const char *fault = NULL;

	for (int key = KEY_TAUS; key <= KEY_COEFFICIENTS; key++)
		if ((given & ICM_FIELD(key)) == 0)
			return psprintf("The key \"%s\" is missing.", fields[key].key);
	fault = IcmWalletTausFault(draft->taus.value, draft->taus.n);
	if (fault == NULL)
		fault = NumbersFault(draft);
	if (fault != NULL || (given & FIT_KEYS) == 0)
		return fault;
	for (int key = KEY_ROWS; key <= KEY_HIGHEST; key++)
		if ((given & ICM_FIELD(key)) == 0)
			return psprintf("The key \"%s\" is missing; rows, left_out, crossings, lowest and highest go together.", fields[key].key);
	return FitFault(draft);
}

/* The rows of a matrix, so many numbers apart; of one that is "none" nothing. */
static void
CopyRows(double *to, int apart, const Matrix *from)
{
	const double *row = from->value;

	for (int k = 0; k < from->rows; k++)
	{
		if (from->length[k] > 0)
			memcpy(to + k * apart, row, from->length[k] * sizeof(double));
		row += from->length[k];
	}
}

static IcmWalletModel *
MakeModel(const Draft *draft)
{
	int			columns = draft->coefficients.length[0];
	IcmWalletModel *model = IcmWalletModelMake(columns, draft->taus.n);

	model->rows = draft->rows;
	model->left_out = draft->left_out;
	model->crossings = draft->crossings;
	memcpy(ICM_WALLET_TAUS(model), draft->taus.value, model->taus * sizeof(double));
	CopyRows(ICM_WALLET_COEFFICIENTS(model, 0), columns, &draft->coefficients);
	CopyRows(ICM_WALLET_ERRORS(model, 0), columns, &draft->std_errors);
	CopyRows(ICM_WALLET_CORRELATIONS(model, 0), ICM_WALLET_PAIRS(columns), &draft->correlations);
	memcpy(ICM_WALLET_LOWEST(model), draft->lowest.value, columns * sizeof(double));
	memcpy(ICM_WALLET_HIGHEST(model), draft->highest.value, columns * sizeof(double));
	return model;
}

static void
FreeDraft(Draft *draft)
{
	Matrix	   *matrices[] = {&draft->coefficients, &draft->std_errors, &draft->correlations};

	for (int i = 0; i < lengthof(matrices); i++)
		if (matrices[i]->value != NULL)
			pfree(matrices[i]->value);
	pfree(draft);
}

/* The model that the text says. */
static Datum
ReadModel(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	Draft	   *draft = palloc0(sizeof(Draft));
	uint32		given = IcmReadFields(&entries, fields, lengthof(fields), draft);
	IcmWalletModel *model;

	if (entries.fault == NULL)
		entries.fault = DraftFault(draft, given);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_wallet_model", &entries,
								  "The form is {taus: [tau ...], coefficients: [number ..., ...]}, a row of coefficients for each tau,"
								  " for example {taus: [0.5 0.9], coefficients: [81.5 0.56, 67.4 0.69]}."
								  " A published model is icm_standard_wallet_model(name).");
	model = MakeModel(draft);
	FreeDraft(draft);
	PG_RETURN_POINTER(model);
}

static void
AppendNumbers(StringInfo buf, const double *numbers, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(buf, ' ');
		IcmAppendDouble(buf, numbers[i]);
	}
}

static void
AppendVector(StringInfo buf, int key, const double *numbers, int n)
{
	IcmAppendKey(buf, fields[key].key, false);
	appendStringInfoChar(buf, '[');
	AppendNumbers(buf, numbers, n);
	appendStringInfoChar(buf, ']');
}

static void
AppendCount(StringInfo buf, int key, int64 count)
{
	IcmAppendKey(buf, fields[key].key, false);
	appendStringInfo(buf, INT64_FORMAT, count);
}

static void
AppendCoefficients(StringInfo buf, const IcmWalletModel *model)
{
	IcmAppendKey(buf, fields[KEY_COEFFICIENTS].key, false);
	for (int k = 0; k < model->taus; k++)
	{
		appendStringInfoString(buf, k == 0 ? "[" : ", ");
		AppendNumbers(buf, ICM_WALLET_COEFFICIENTS(model, k), model->columns);
	}
	appendStringInfoChar(buf, ']');
}

/* Does a tau have a row of n numbers? Of one that has not, they are what stands for none. */
static bool
HasRows(const double *rows, int n, double none, int taus)
{
	for (int k = 0; k < taus && n > 0; k++)
		if (rows[k * n] != none)
			return true;
	return false;
}

static void
AppendRows(StringInfo buf, const double *rows, int n, double none, int taus)
{
	for (int k = 0; k < taus; k++)
	{
		appendStringInfoString(buf, k == 0 ? "[" : ", ");
		if (rows[k * n] != none)
			AppendNumbers(buf, rows + k * n, n);
		else
			appendStringInfoString(buf, "none");
	}
	appendStringInfoChar(buf, ']');
}

static void
AppendErrors(StringInfo buf, const IcmWalletModel *model)
{
	const double *errors = ICM_WALLET_ERRORS(model, 0);

	if (!HasRows(errors, model->columns, ICM_WALLET_NO_ERROR, model->taus))
		return;
	IcmAppendNameField(buf, fields[KEY_ERRORS].key, "nid");
	appendStringInfoChar(buf, ' ');
	AppendRows(buf, errors, model->columns, ICM_WALLET_NO_ERROR, model->taus);
}

static void
AppendCorrelations(StringInfo buf, const IcmWalletModel *model)
{
	const double *correlations = ICM_WALLET_CORRELATIONS(model, 0);
	int			pairs = ICM_WALLET_PAIRS(model->columns);

	if (!HasRows(correlations, pairs, ICM_WALLET_NO_CORRELATION, model->taus))
		return;
	IcmAppendKey(buf, fields[KEY_CORRELATIONS].key, false);
	AppendRows(buf, correlations, pairs, ICM_WALLET_NO_CORRELATION, model->taus);
}

static char *
ModelText(const IcmWalletModel *model)
{
	StringInfoData buf;

	initStringInfo(&buf);
	AppendVector(&buf, KEY_TAUS, ICM_WALLET_TAUS(model), model->taus);
	AppendCoefficients(&buf, model);
	AppendErrors(&buf, model);
	AppendCorrelations(&buf, model);
	if (ICM_WALLET_FITTED(model))
	{
		AppendCount(&buf, KEY_ROWS, model->rows);
		AppendCount(&buf, KEY_LEFT_OUT, model->left_out);
		AppendCount(&buf, KEY_CROSSINGS, model->crossings);
		AppendVector(&buf, KEY_LOWEST, ICM_WALLET_LOWEST(model), model->columns);
		AppendVector(&buf, KEY_HIGHEST, ICM_WALLET_HIGHEST(model), model->columns);
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_wallet_model_in);
Datum
icm_wallet_model_in(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_wallet_model_out);
Datum
icm_wallet_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(PG_GETARG_WALLET_MODEL(0)));
}

PG_FUNCTION_INFO_V1(icm_wallet_model_recv);
Datum
icm_wallet_model_recv(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, IcmDefinitionRecv(fcinfo, "icm_wallet_model", ICM_WALLET_MODEL_VERSION));
}

PG_FUNCTION_INFO_V1(icm_wallet_model_send);
Datum
icm_wallet_model_send(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = PG_GETARG_WALLET_MODEL(0);

	return IcmDefinitionSend(model, ModelText(model));
}

/* ---- what a model consists of ------------------------------------------------ */

/* (tau, position, estimate, std_error) of each coefficient */
PG_FUNCTION_INFO_V1(icm_wallet_params);
Datum
icm_wallet_params(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = PG_GETARG_WALLET_MODEL(0);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int k = 0; k < model->taus; k++)
		for (int j = 0; j < model->columns; j++)
		{
			Datum		values[4];
			bool		nulls[4] = {false, false, false, !ICM_WALLET_HAS_ERRORS(model, k)};

			values[0] = Float8GetDatum(ICM_WALLET_TAUS(model)[k]);
			values[1] = Int32GetDatum(j + 1);
			values[2] = Float8GetDatum(ICM_WALLET_COEFFICIENTS(model, k)[j]);
			values[3] = Float8GetDatum(ICM_WALLET_ERRORS(model, k)[j]);
			IcmPutRow(&rows, values, nulls);
		}
	return (Datum) 0;
}

/* (position, lowest, highest) of each column, if the model was fitted */
PG_FUNCTION_INFO_V1(icm_wallet_ranges);
Datum
icm_wallet_ranges(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = PG_GETARG_WALLET_MODEL(0);
	bool		none = !ICM_WALLET_FITTED(model);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int j = 0; j < model->columns; j++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, none, none};

		values[0] = Int32GetDatum(j + 1);
		values[1] = Float8GetDatum(ICM_WALLET_LOWEST(model)[j]);
		values[2] = Float8GetDatum(ICM_WALLET_HIGHEST(model)[j]);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* (n, left_out, columns, taus, crossings) */
PG_FUNCTION_INFO_V1(icm_wallet_model_stats);
Datum
icm_wallet_model_stats(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = PG_GETARG_WALLET_MODEL(0);
	bool		none = !ICM_WALLET_FITTED(model);
	Datum		values[5];
	bool		nulls[5] = {none, none, false, false, none};

	values[0] = Int64GetDatum(model->rows);
	values[1] = Int64GetDatum(model->left_out);
	values[2] = Int32GetDatum(model->columns);
	values[3] = IcmDoubleArray(ICM_WALLET_TAUS(model), model->taus, 1);
	values[4] = Int64GetDatum(model->crossings);
	return IcmReturnRow(fcinfo, values, nulls);
}
