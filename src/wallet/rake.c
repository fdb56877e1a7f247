/*
 * rake.c
 *		icm_rake: reconciling estimates with the known totals of several margins.
 *
 * Rows that are in the same cells get the same factor. So each distinct array of
 * margins is read once, as a combination of cells, and a row is found to be of it by its
 * bytes; what is scaled are the combinations (math/rake). As the order of the
 * rows must not have a say, cells and combinations are sorted first, and the
 * estimates of the rows of each are added up exactly.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/float.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "common/host.h"
#include "math/rake.h"
#include "wallet/window.h"

#define ARG_ESTIMATE 0
#define ARG_MARGINS 1
#define ARG_TOTALS 2
#define ARG_TOLERANCE 3
#define ARG_ITERATIONS 4

#define MARGINS_MAX 100

#define HINT_NEGATIVE \
	"An estimate below own spend leaves nothing to win: give greatest(estimate - own, 0). Of an estimate that is itself negative, give greatest(estimate, 0)."

/* In place of a group: the row is in no cell, so its estimate, perhaps NULL, stays. */
#define NO_GROUP (-1)

/* ---- names ---------------------------------------------------------------- */

/* The text of a cell of a margin; or, as margin -1, the content of an array of margins. */
typedef struct Label
{
	int			margin;
	int			size;
	const char *bytes;
} Label;

typedef struct LabelEntry
{
	Label		name;
	int32		number;
	uint32		hash;
	char		status;			/* of the hash table */
} LabelEntry;

static inline uint32
HashLabel(Label name)
{
	return hash_bytes((const unsigned char *) name.bytes, name.size) ^ (uint32) name.margin * 0x9E3779B9U;
}

static inline bool
SameLabel(Label a, Label b)
{
	return a.margin == b.margin && a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

#define SH_PREFIX names
#define SH_ELEMENT_TYPE LabelEntry
#define SH_KEY_TYPE Label
#define SH_KEY name
#define SH_HASH_KEY(tb, key) HashLabel(key)
#define SH_EQUAL(tb, a, b) SameLabel(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
/* PostgreSQL's header declares a variable twice in one function. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "lib/simplehash.h"
#pragma GCC diagnostic pop

/* ---- what is read --------------------------------------------------------- */

typedef struct Cell
{
	Label		name;
	double		total;
	int32		number;			/* in the order in which cells came */
} Cell;

typedef struct Combination
{
	int32	   *cells;			/* of each margin, or ICM_RAKE_NO_CELL */
	Label		totals;			/* the content of the array of totals that came with it first */
	int32		number;			/* in the order in which combinations came */
} Combination;

/* All of a partition; in a memory context of its own. */
typedef struct Input
{
	MemoryContext context;
	names_hash *names;
	int			margins;		/* 0: not known yet */
	Cell	   *cells;
	int32		n_cells;
	int32		cells_room;
	Combination *combinations;
	int32		n_combinations;
	int32		combinations_room;
} Input;

/* Room for one more in an array. */
static void *
Grow(Input *input, void *array, int32 n, int32 *room, Size size)
{
	void	   *larger;

	if (n < *room)
		return array;
	if (n == INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many cells or combinations of cells"),
				 errdetail("There can be at most %d of each in a partition.", INT32_MAX)));
	*room = *room < INT32_MAX / 2 ? Max(*room * 2, 64) : INT32_MAX;
	larger = IcmAllocRows(input->context, *room, size);
	if (array != NULL)
	{
		memcpy(larger, array, n * size);
		pfree(array);
	}
	return larger;
}

/* The content of an array, without its length: a short header and a long one have the same. */
static Label
ContentOf(const void *array)
{
	Label		name = {-1, VARSIZE_ANY_EXHDR(array), VARDATA_ANY(array)};

	return name;
}

static void
CheckLength(Input *input, const ArrayType *margins, const ArrayType *totals)
{
	int			n = ArrayGetNItems(ARR_NDIM(margins), ARR_DIMS(margins));
	int			n_totals = ArrayGetNItems(ARR_NDIM(totals), ARR_DIMS(totals));

	if (ARR_NDIM(margins) > 1 || ARR_NDIM(totals) > 1 || n < 1 || n > MARGINS_MAX || n != n_totals)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("margins and totals must be one-dimensional arrays of the same length, 1 to %d", MARGINS_MAX),
				 errdetail("Number of margins: %d; of totals: %d.", n, n_totals)));
	if (input->margins == 0)
		input->margins = n;
	if (n != input->margins)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("margins must have the same number of elements in all rows of a partition"),
				 errdetail("It has %d at first, then %d.", input->margins, n),
				 errhint("Give NULL as an element where a row is in no cell of a margin.")));
}

static char *
CellText(const Label *name)
{
	return pnstrdup(name->bytes, name->size);
}

/* The total of a cell; ERROR unless it is known. */
static double
ReadTotal(const Label *name, Datum total, bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("total of a cell must not be null"),
				 errdetail("Margin %d, cell \"%s\".", name->margin + 1, CellText(name)),
				 errhint("Give NULL as the margin of rows that are in no cell of known total.")));
	return IcmReadTotal(DatumGetFloat8(total));
}

/* The number of a cell, which is new or has been seen with the same total. */
static int32
FindCell(Input *input, Label name, Datum total_datum, bool isnull)
{
	double		total = ReadTotal(&name, total_datum, isnull);
	bool		found;
	LabelEntry  *entry = names_insert(input->names, name, &found);
	Cell	   *cell;

	if (!found)
	{
		entry->name.bytes = memcpy(MemoryContextAlloc(input->context, Max(name.size, 1)), name.bytes, name.size);
		entry->number = input->n_cells;
		input->cells = Grow(input, input->cells, input->n_cells, &input->cells_room, sizeof(Cell));
		input->cells[input->n_cells++] = (Cell) {entry->name, total, entry->number};
	}
	cell = &input->cells[entry->number];
	if (cell->total != total)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("total of a cell must be the same in all its rows"),
				 errdetail("Margin %d, cell \"%s\": it is %s at first, then %s.", name.margin + 1, CellText(&name),
						   float8out_internal(cell->total), float8out_internal(total)),
				 errhint("Add what it depends on to PARTITION BY, or to the text of the cell.")));
	return entry->number;
}

/* Read the cells of an array of margins; into an array, if one is given. */
static void
ReadCells(Input *input, ArrayType *margins, ArrayType *totals, int32 *cells)
{
	Datum	   *names,
			   *amounts;
	bool	   *no_name,
			   *no_amount;
	int			n;

	CheckLength(input, margins, totals);
	deconstruct_array(margins, TEXTOID, -1, false, TYPALIGN_INT, &names, &no_name, &n);
	deconstruct_array(totals, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &amounts, &no_amount, &n);
	for (int margin = 0; margin < n; margin++)
	{
		int32		number = ICM_RAKE_NO_CELL;

		if (!no_name[margin])
		{
			struct varlena *value = PG_DETOAST_DATUM_PACKED(names[margin]);
			Label		name = {margin, VARSIZE_ANY_EXHDR(value), VARDATA_ANY(value)};

			number = FindCell(input, name, amounts[margin], no_amount[margin]);
		}
		if (cells != NULL)
			cells[margin] = number;
	}
}

/* A new combination, whose margins have been copied already. */
static void
AddCombination(Input *input, ArrayType *margins, Datum totals_datum)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(input->context);
	ArrayType  *totals = (ArrayType *) PG_DETOAST_DATUM_COPY(totals_datum);
	Combination *combination;

	MemoryContextSwitchTo(oldcontext);
	CheckLength(input, margins, totals);
	input->combinations = Grow(input, input->combinations, input->n_combinations, &input->combinations_room,
							   sizeof(Combination));
	combination = &input->combinations[input->n_combinations];
	combination->cells = MemoryContextAlloc(input->context, input->margins * sizeof(int32));
	combination->totals = ContentOf(totals);
	combination->number = input->n_combinations++;
	ReadCells(input, margins, totals, combination->cells);
}

/* The number of the combination of a row, or NO_GROUP. */
static int32
ReadCombination(Input *input, IcmColumn *margins, IcmColumn *totals, int row)
{
	struct varlena *content;
	LabelEntry  *entry;
	ArrayType  *copy;
	Label		given;
	int32		number;
	bool		found;

	if (!IcmColumnRead(margins, row))
		return NO_GROUP;
	content = PG_DETOAST_DATUM_PACKED(margins->value);
	entry = names_insert(input->names, ContentOf(content), &found);
	if (!found)
	{
		/* what has been read of the row is gone when more is read */
		copy = (ArrayType *) MemoryContextAlloc(input->context, VARSIZE_ANY_EXHDR(content) + VARHDRSZ);
		SET_VARSIZE(copy, VARSIZE_ANY_EXHDR(content) + VARHDRSZ);
		memcpy(VARDATA(copy), VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
		entry->name = ContentOf(copy);
		entry->number = input->n_combinations;
	}
	copy = (ArrayType *) (entry->name.bytes - VARHDRSZ);
	number = entry->number;		/* adding cells may move the entry */
	if (!IcmColumnRead(totals, row))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("totals must not be null where margins are not"),
				 errhint("Give NULL as margins of a row that is in no cell of known total.")));
	if (!found)
		AddCombination(input, copy, totals->value);
	else
	{
		given = ContentOf(PG_DETOAST_DATUM_PACKED(totals->value));
		if (unlikely(!SameLabel(given, input->combinations[number].totals)))
			ReadCells(input, copy, (ArrayType *) PG_DETOAST_DATUM(totals->value), NULL);
	}
	return number;
}

/* The combination and the estimate, NaN for NULL, of each row. */
static void
ReadRows(FunctionCallInfo fcinfo, Input *input, int32 *group, double *estimate)
{
	IcmColumn	estimates = IcmColumnOf(fcinfo, ARG_ESTIMATE);
	IcmColumn	margins = IcmColumnOf(fcinfo, ARG_MARGINS);
	IcmColumn	totals = IcmColumnOf(fcinfo, ARG_TOTALS);
	IcmScan		scan = IcmScanPartition(PG_WINDOW_OBJECT());

	while (IcmScanNext(&scan))
	{
		group[scan.row] = ReadCombination(input, &margins, &totals, scan.row);
		if (IcmColumnRead(&estimates, scan.row))
			estimate[scan.row] = IcmReadAmount(DatumGetFloat8(estimates.value), "estimate", HINT_NEGATIVE);
		else
		{
			group[scan.row] = NO_GROUP;
			estimate[scan.row] = NAN;
		}
	}
}

/* ---- order ---------------------------------------------------------------- */

static int
CompareCells(const void *a, const void *b)
{
	const Label *x = &((const Cell *) a)->name;
	const Label *y = &((const Cell *) b)->name;
	int			order = (x->margin > y->margin) - (x->margin < y->margin);

	CHECK_FOR_INTERRUPTS();
	if (order == 0)
		order = memcmp(x->bytes, y->bytes, Min(x->size, y->size));
	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

static int
CompareCombinations(const void *a, const void *b, void *margins)
{
	const int32 *x = ((const Combination *) a)->cells;
	const int32 *y = ((const Combination *) b)->cells;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < *(int *) margins; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* Sort the cells by margin and text, and number them so. Returns where each margin begins. */
static int32 *
SortCells(Input *input)
{
	int32	   *first = IcmAllocRows(input->context, input->margins + 1, sizeof(int32));
	int32	   *numbers = IcmAllocRows(input->context, input->n_cells, sizeof(int32));
	int32		cell = 0;

	if (input->n_cells > 0)
		qsort(input->cells, input->n_cells, sizeof(Cell), CompareCells);
	for (int32 i = 0; i < input->n_cells; i++)
		numbers[input->cells[i].number] = i;
	for (int margin = 0; margin <= input->margins; margin++)
	{
		while (cell < input->n_cells && input->cells[cell].name.margin < margin)
			cell++;
		first[margin] = cell;
	}
	for (int32 i = 0; i < input->n_combinations; i++)
		for (int margin = 0; margin < input->margins; margin++)
		{
			int32	   *number = &input->combinations[i].cells[margin];

			if (*number != ICM_RAKE_NO_CELL)
				*number = numbers[*number];
		}
	return first;
}

/* Sort the combinations, and make groups of those with the same cells. Returns the group of each as they came. */
static int32 *
SortCombinations(Input *input, size_t *n_groups)
{
	int32	   *groups = IcmAllocRows(input->context, input->n_combinations, sizeof(int32));
	Combination *combinations = input->combinations;
	int32		n = 0;

	if (input->n_combinations > 0)
		qsort_arg(combinations, input->n_combinations, sizeof(Combination), CompareCombinations, &input->margins);
	for (int32 i = 0; i < input->n_combinations; i++)
	{
		if (i == 0 || CompareCombinations(&combinations[i], &combinations[i - 1], &input->margins) != 0)
			combinations[n++].cells = combinations[i].cells;
		groups[combinations[i].number] = n - 1;
	}
	*n_groups = n;
	return groups;
}

/* ---- raking --------------------------------------------------------------- */

/* The sums of the estimates of each group, each rounded once. group is of rows. */
static void
SumGroups(Input *input, int n, const int32 *group, const double *estimate, size_t n_groups, double *sums)
{
	int64	   *place = IcmAllocRows(input->context, n_groups + 1, sizeof(int64));
	double	   *sorted = IcmAllocRows(input->context, n, sizeof(double));
	int64		next = 0;

	memset(place, 0, (n_groups + 1) * sizeof(int64));
	for (int row = 0; row < n; row++)
		if (group[row] >= 0)
			place[group[row] + 1]++;
	for (size_t i = 0; i < n_groups; i++)
		place[i + 1] += place[i];
	for (int row = 0; row < n; row++)
		if (group[row] >= 0)
			sorted[place[group[row]]++] = estimate[row];
	for (size_t i = 0; i < n_groups; i++)	/* place is now where the next group begins */
	{
		IcmExactSum sum;

		IcmExactSumInit(&sum);
		while (next < place[i])
		{
			CHECK_FOR_INTERRUPTS();
			IcmExactSumAdd(&sum, sorted[next++]);
		}
		sums[i] = IcmExactSumRound(&sum);
	}
}

static void
CheckResult(const Input *input, const IcmRake *rake, IcmRakeResult result, const IcmRakeFault *fault)
{
	const Cell *cell;

	if (result == ICM_RAKED)
		return;
	if (result == ICM_RAKE_SUMS_DIFFER)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("totals of the margins do not add up to the same sum"),
				 errdetail("Those of margin %d add up to %s, those of margin %d to %s.",
						   fault->margin[0] + 1, float8out_internal(fault->margin_sum[0]),
						   fault->margin[1] + 1, float8out_internal(fault->margin_sum[1])),
				 errhint("Scale the totals of one to the sum of the other; a margin that is not complete has rows in no cell of it, with NULL.")));
	cell = &input->cells[fault->cell];
	if (result == ICM_RAKE_EMPTY_CELL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a cell has nothing that could be scaled to its total"),
				 errdetail("Margin %d, cell \"%s\": the total is %s, and its estimates are zero, NULL, or in other cells of total 0.",
						   cell->name.margin + 1, CellText(&cell->name), float8out_internal(cell->total)),
				 errhint("Give a positive estimate to some of its rows, or merge the cell with another.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("raking has not converged in %d iterations", rake->iterations),
			 errdetail("The largest relative deviation is %s: margin %d, cell \"%s\" adds up to %s instead of %s.",
					   float8out_internal(fault->deviation), cell->name.margin + 1, CellText(&cell->name),
					   float8out_internal(fault->sum), float8out_internal(cell->total)),
			 errhint("Perhaps no weights meet all totals, as where estimates are zero; else allow more iterations or a larger tolerance.")));
}

/* What the n groups, whose estimates are given, are raked to. */
static double *
RakeGroups(Input *input, const int32 *first, size_t n, const double *estimate, double tolerance, double iterations)
{
	double	   *total = IcmAllocRows(input->context, input->n_cells, sizeof(double));
	int32	   *cells = IcmAllocRows(input->context, n, Max(input->margins, 1) * sizeof(int32));
	IcmRakeFault fault;
	IcmRake		rake = {
		.n = n,
		.margins = input->margins,
		.first = first,
		.total = total,
		.cells = cells,
		.estimate = estimate,
		.tolerance = tolerance,
		.iterations = (int) iterations,
		.weight = IcmAllocRows(input->context, n, sizeof(double)),
		.sum = IcmAllocRows(input->context, input->n_cells, sizeof(IcmProductSum))
	};

	for (int32 i = 0; i < input->n_cells; i++)
		total[i] = input->cells[i].total;
	for (size_t i = 0; i < n; i++)
		memcpy(cells + i * input->margins, input->combinations[i].cells, input->margins * sizeof(int32));
	CheckResult(input, &rake, IcmRakeGroups(&rake, &fault, IcmPoll), &fault);
	return rake.weight;
}

static double
ReadTolerance(Datum datum)
{
	double		tolerance = DatumGetFloat8(datum);

	if (!(tolerance > 0.0 && tolerance < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tolerance must be above 0 and below 1"),
				 errdetail("The relative deviation given is %s.", float8out_internal(tolerance))));
	return tolerance;
}

static double
ReadIterations(Datum datum)
{
	int32		iterations = DatumGetInt32(datum);

	if (iterations < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("iterations must be at least 1"),
				 errdetail("The number given is %d.", iterations)));
	return iterations;
}

/* Rake the estimates of the n rows of a partition, in their array. */
static void
RakeRows(FunctionCallInfo fcinfo, Input *input, int n, double *estimate, double tolerance, double iterations)
{
	int32	   *group = IcmAllocRows(input->context, n, sizeof(int32));
	int32	   *first,
			   *groups;
	double	   *sums,
			   *weights;
	size_t		n_groups;

	ReadRows(fcinfo, input, group, estimate);
	first = SortCells(input);
	groups = SortCombinations(input, &n_groups);
	for (int row = 0; row < n; row++)
		if (group[row] >= 0)
			group[row] = groups[group[row]];
	sums = IcmAllocRows(input->context, n_groups, sizeof(double));
	SumGroups(input, n, group, estimate, n_groups, sums);
	weights = RakeGroups(input, first, n_groups, sums, tolerance, iterations);
	for (int row = 0; row < n; row++)
		if (group[row] >= 0 && estimate[row] > 0.0)
			estimate[row] = estimate[row] / sums[group[row]] * weights[group[row]];
}

/* The raked estimates of all rows of a partition. */
static double *
RakePartition(FunctionCallInfo fcinfo, MemoryContext context)
{
	double		tolerance = IcmReadParameter(fcinfo, ARG_TOLERANCE, "tolerance", ReadTolerance);
	double		iterations = IcmReadParameter(fcinfo, ARG_ITERATIONS, "iterations", ReadIterations);
	int			n = IcmPartitionRows(PG_WINDOW_OBJECT());
	Input		input = {0};
	double	   *estimate;

	if (isnan(tolerance) || isnan(iterations))
		return NULL;
	input.context = AllocSetContextCreate(CurrentMemoryContext, "icm_rake", ALLOCSET_DEFAULT_SIZES);
	input.names = names_create(input.context, 256, NULL);
	estimate = IcmAllocRows(context, n, sizeof(double));
	RakeRows(fcinfo, &input, n, estimate, tolerance, iterations);
	MemoryContextDelete(input.context);
	return estimate;
}

/* icm_rake(estimate, margins, totals, tolerance, iterations) OVER (...) */
PG_FUNCTION_INFO_V1(icm_rake);
Datum
icm_rake(PG_FUNCTION_ARGS)
{
	return IcmResultOfRow(fcinfo, RakePartition);
}
