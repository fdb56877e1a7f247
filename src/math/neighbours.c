/*
 * neighbours.c
 *		Quantiles among the nearest neighbours; see neighbours.h.
 *
 * The rows are put into the order of a balanced tree: a node holds rows that
 * follow each other, its left child the first half of them, which in the column
 * in which the node is widest are at or below the other half. So nothing but the
 * box around the rows has to be kept of a node: child nodes and rows follow from its
 * number. A node whose rows are all equal is not divided further, but keeps them in
 * the order of their values: a crowd of equal rows is then found, counted and
 * looked through in logarithmic time.
 *
 * The distance to a box is computed as that to a row, from differences that are
 * no larger, so it is no larger than the distance to any row in it. A node
 * is left out only if its box is farther away than the k-th neighbour found so far.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "math/exactsum.h"
#include "math/neighbours.h"
#include "math/points.h"

#define LEAF_ROWS 16
#define ROWS_A_POLL 4096		/* a node of more is worth it to poll */

/*
 * Squared distances that differ by less are the same but for rounding. A node is left out only if
 * its box is farther away than that, as a compiler may fuse the operations in the one sum of squares and not
 * in the other.
 */
#define TIE_SLACK (1.0 + 1e-12)
#define BOX_SLACK (1.0 + 2e-12)

/* A row in the tree's order. */
typedef struct Row
{
	int32_t		rank;			/* of its value among the distinct values; -1: it has none */
	int32_t		number;			/* its place in the input */
} Row;

/* Rows of the tree that follow each other, at the same distance: one, or all of a node whose rows are equal. */
typedef struct Candidate
{
	double		distance;		/* squared */
	int32_t		first;
	int32_t		count;			/* with the row that is searched for, if it is among them */
} Candidate;

typedef struct Tree
{
	int			columns;
	double	   *x;				/* of each row, scaled by powers of two */
	double	   *precision;		/* of each column: 1 / variance, or 0 */
	Row		   *rows;
	int32_t		n;				/* rows with a value: the first of all */
	double	   *boxes;			/* of each node: lowest and highest of each column */
	double	   *values;			/* distinct, ascending */
	int32_t		n_values;
	uint64_t	random;
	void		(*poll) (void);
} Tree;

/*
 * What is searched for, and what has been found: a heap with the fewest candidates that hold k rows,
 * the farthest on top, and from the other end of the room those that are as far away as it.
 */
typedef struct Search
{
	const Tree *tree;
	const double *x;
	int32_t		self;			/* the row of the tree that is none of the others; -1: none */
	int64_t		k;
	Candidate  *candidates;
	int32_t		room;
	int32_t		heap;			/* candidates in the heap */
	int32_t		ties;			/* at the end of the room */
	int64_t		others;			/* rows in the heap */
} Search;

/* ---- memory --------------------------------------------------------------- */

/* Nodes of a tree of n rows: whole levels, of which the last has leaves only. */
static size_t
CountNodes(size_t n)
{
	size_t		leaves = 1;

	while ((n + leaves - 1) / leaves > LEAF_ROWS)
		leaves *= 2;
	return 2 * leaves - 1;
}

static void *
Take(char **work, size_t size)
{
	void	   *memory = *work;

	*work += (size + sizeof(double) - 1) / sizeof(double) * sizeof(double);
	return memory;
}

size_t
IcmNeighboursWork(size_t n, int columns)
{
	size_t		doubles = (size_t) columns + CountNodes(n) * 2 * (size_t) columns + n;

	return doubles * sizeof(double) + (n + 1) * (sizeof(Row) + sizeof(Candidate));
}

/* ---- distances ------------------------------------------------------------ */

static inline double *
RowAt(const Tree *tree, int32_t row)
{
	return tree->x + (size_t) row * (size_t) tree->columns;
}

static inline double *
BoxOf(const Tree *tree, size_t node)
{
	return tree->boxes + node * 2 * (size_t) tree->columns;
}

static inline double
Distance(const Tree *tree, const double *a, const double *b)
{
	double		sum = 0.0;

	for (int i = 0; i < tree->columns; i++)
	{
		double		difference = a[i] - b[i];

		sum += difference * difference * tree->precision[i];
	}
	return sum;
}

static double
BoxDistance(const Tree *tree, const double *x, size_t node)
{
	const double *lowest = BoxOf(tree, node);
	const double *highest = lowest + tree->columns;
	double		sum = 0.0;

	for (int i = 0; i < tree->columns; i++)
	{
		double		difference = x[i] < lowest[i] ? lowest[i] - x[i] : x[i] > highest[i] ? x[i] - highest[i] : 0.0;

		sum += difference * difference * tree->precision[i];
	}
	return sum;
}

/* Are all rows of a node equal? */
static inline bool
IsPoint(const Tree *tree, size_t node)
{
	const double *box = BoxOf(tree, node);

	return memcmp(box, box + tree->columns, (size_t) tree->columns * sizeof(double)) == 0;
}

/* ---- scaling -------------------------------------------------------------- */

/* Bring a column to below 1 by a power of two, which rounds nothing but what is 2^-1000 of its largest. */
static void
ScaleColumn(IcmNeighbours *neighbours, int column)
{
	double		largest = 0.0;
	double		factor;
	int			exponent;

	for (size_t i = 0; i < neighbours->n; i++)
		largest = fmax(largest, fabs(neighbours->x[i * (size_t) neighbours->columns + (size_t) column]));
	(void) frexp(largest, &exponent);
	factor = ldexp(1.0, -(exponent < -1000 ? -1000 : exponent));
	for (size_t i = 0; i < neighbours->n; i++)
	{
		double	   *x = &neighbours->x[i * (size_t) neighbours->columns + (size_t) column];

		*x = *x * factor + 0.0; /* no negative zero: equal rows, equal bytes */
	}
}

/* 1 / variance of a column, 0 if it is constant. The sums are exact, so the order of the rows has no say. */
static double
Precision(const IcmNeighbours *neighbours, int column)
{
	const double *x = neighbours->x + column;
	size_t		columns = (size_t) neighbours->columns;
	double		n = (double) neighbours->n;
	double		mean,
				bias;
	bool		constant = true;
	IcmExactSum sum,
				squares;

	IcmExactSumInit(&sum);
	for (size_t i = 0; i < neighbours->n; i++)
	{
		IcmExactSumAdd(&sum, x[i * columns]);
		constant = constant && x[i * columns] == x[0];
	}
	if (constant)
		return 0.0;
	mean = IcmExactSumRound(&sum) / n;
	IcmExactSumInit(&sum);
	IcmExactSumInit(&squares);
	for (size_t i = 0; i < neighbours->n; i++)
	{
		double		difference = x[i * columns] - mean;

		IcmExactSumAdd(&sum, difference);
		IcmExactSumAdd(&squares, difference * difference);
	}
	bias = IcmExactSumRound(&sum) / n;	/* what rounding the mean has left */
	return 1.0 / (IcmExactSumRound(&squares) / n - bias * bias);
}

/* ---- building ------------------------------------------------------------- */

static int32_t
RankOf(const Tree *tree, double value)
{
	int32_t		low = 0,
				high = tree->n_values - 1;

	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if (tree->values[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
SwapRows(const Tree *tree, int32_t a, int32_t b)
{
	double	   *x = RowAt(tree, a);
	double	   *y = RowAt(tree, b);
	Row			swap = tree->rows[a];

	tree->rows[a] = tree->rows[b];
	tree->rows[b] = swap;
	for (int i = 0; i < tree->columns; i++)
	{
		double		value = x[i];

		x[i] = y[i];
		y[i] = value;
	}
}

/* Rank the values, and put the rows that have one first. scratch has room for as many doubles as there are rows. */
static void
RankRows(Tree *tree, const IcmNeighbours *neighbours, double *scratch)
{
	tree->n = 0;
	for (size_t i = 0; i < neighbours->n; i++)
	{
		tree->rows[i].rank = -1;
		tree->rows[i].number = (int32_t) i;
		if (!isnan(neighbours->value[i]))
			tree->values[tree->n++] = neighbours->value[i] + 0.0;
	}
	IcmSortDoubles(tree->values, scratch, (size_t) tree->n, tree->poll);
	tree->n_values = 0;
	for (int32_t i = 0; i < tree->n; i++)
		if (i == 0 || tree->values[i] != tree->values[i - 1])
			tree->values[tree->n_values++] = tree->values[i];
	tree->n = 0;
	for (int32_t i = 0; i < (int32_t) neighbours->n; i++)
	{
		if (isnan(neighbours->value[i]))
			continue;
		tree->rows[i].rank = RankOf(tree, neighbours->value[i]);
		SwapRows(tree, i, tree->n++);
	}
}

/* The box of a node, and the column in which it is widest. */
static int
MakeBox(const Tree *tree, size_t node, int32_t first, int32_t count)
{
	double	   *lowest = BoxOf(tree, node);
	double	   *highest = lowest + tree->columns;
	double		widest = 0.0;
	int			column = 0;

	memcpy(lowest, RowAt(tree, first), (size_t) tree->columns * sizeof(double));
	memcpy(highest, lowest, (size_t) tree->columns * sizeof(double));
	for (int32_t row = first + 1; row < first + count; row++)
	{
		const double *x = RowAt(tree, row);

		for (int i = 0; i < tree->columns; i++)
		{
			lowest[i] = x[i] < lowest[i] ? x[i] : lowest[i];
			highest[i] = x[i] > highest[i] ? x[i] : highest[i];
		}
	}
	for (int i = 0; i < tree->columns; i++)
	{
		double		width = (highest[i] - lowest[i]) * (highest[i] - lowest[i]) * tree->precision[i];

		if (width > widest)
		{
			widest = width;
			column = i;
		}
	}
	return column;
}

/* Linear congruence (Knuth): no order in which rows usually come makes such pivots bad ones. */
static int32_t
RandomRow(Tree *tree, int32_t first, int32_t last)
{
	tree->random = tree->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return first + (int32_t) ((tree->random >> 33) % (uint64_t) (last - first + 1));
}

/* Put the rows first to last so that those before the middle are at or below the others in a column (Hoare). */
static void
Divide(Tree *tree, int32_t first, int32_t last, int32_t middle, int column)
{
	while (first < last)
	{
		double		pivot = RowAt(tree, RandomRow(tree, first, last))[column];
		int32_t		low = first,
					high = last;

		if (last - first > ROWS_A_POLL)
			tree->poll();
		while (low <= high)
		{
			while (RowAt(tree, low)[column] < pivot)
				low++;
			while (RowAt(tree, high)[column] > pivot)
				high--;
			if (low <= high)
				SwapRows(tree, low++, high--);
		}
		if (middle <= high)
			last = high;
		else if (middle >= low)
			first = low;
		else
			return;
	}
}

static int
CompareRanks(const void *a, const void *b)
{
	int32_t		x = ((const Row *) a)->rank;
	int32_t		y = ((const Row *) b)->rank;

	return (x > y) - (x < y);
}

static void
Build(Tree *tree, size_t node, int32_t first, int32_t count)
{
	int			column = MakeBox(tree, node, first, count);
	int32_t		left = count / 2;

	if (count > ROWS_A_POLL)
		tree->poll();
	if (IsPoint(tree, node))
		qsort(tree->rows + first, (size_t) count, sizeof(Row), CompareRanks);
	else if (count > LEAF_ROWS)
	{
		Divide(tree, first, first + count - 1, first + left, column);
		Build(tree, 2 * node + 1, first, left);
		Build(tree, 2 * node + 2, first + left, count - left);
	}
}

/* ---- searching ------------------------------------------------------------ */

/* The rows of a candidate, without the one that is searched for. */
static inline int32_t
CountOthers(const Search *search, const Candidate *candidate)
{
	return candidate->count - (search->self >= candidate->first && search->self < candidate->first + candidate->count);
}

static void
PushHeap(Search *search, Candidate candidate)
{
	Candidate  *heap = search->candidates;
	int32_t		i = search->heap++;

	while (i > 0 && heap[(i - 1) / 2].distance < candidate.distance)
	{
		heap[i] = heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap[i] = candidate;
}

static Candidate
PopHeap(Search *search)
{
	Candidate  *heap = search->candidates;
	Candidate	top = heap[0];
	Candidate	last = heap[--search->heap];
	int32_t		i = 0;

	for (int32_t child; (child = 2 * i + 1) < search->heap; i = child)
	{
		if (child + 1 < search->heap && heap[child + 1].distance > heap[child].distance)
			child++;
		if (heap[child].distance <= last.distance)
			break;
		heap[i] = heap[child];
	}
	heap[i] = last;
	return top;
}

static inline void
PushTie(Search *search, Candidate candidate)
{
	search->candidates[search->room - ++search->ties] = candidate;
}

/* Keep only those that are not farther away than this. */
static void
FilterTies(Search *search, double limit)
{
	int32_t		n = search->ties;

	search->ties = 0;
	for (int32_t i = 1; i <= n; i++)
		if (search->candidates[search->room - i].distance <= limit)
			PushTie(search, search->candidates[search->room - i]);
}

/* The distance of the k-th other found so far; infinite as long as there is none. */
static inline double
Farthest(const Search *search)
{
	return search->others < search->k ? INFINITY : search->candidates[0].distance;
}

static void
Offer(Search *search, double distance, int32_t first, int32_t count)
{
	Candidate	candidate = {distance, first, count};
	double		farthest = Farthest(search);
	int32_t		others;

	if (distance > farthest * TIE_SLACK)
		return;
	others = CountOthers(search, &candidate);
	if (others == 0)
		return;
	if (distance >= farthest)
	{
		PushTie(search, candidate);
		return;
	}
	PushHeap(search, candidate);
	search->others += others;
	while (search->others - CountOthers(search, &search->candidates[0]) >= search->k)
	{
		Candidate	top = PopHeap(search);

		search->others -= CountOthers(search, &top);
		PushTie(search, top);
	}
	FilterTies(search, Farthest(search) * TIE_SLACK);
}

/* Look through a node, whose box is at this distance. */
static void
Visit(Search *search, size_t node, int32_t first, int32_t count, double box)
{
	const Tree *tree = search->tree;
	int32_t		left = count / 2;
	double		left_box,
				right_box;

	if (box > Farthest(search) * BOX_SLACK)
		return;
	if (IsPoint(tree, node))
		Offer(search, Distance(tree, search->x, BoxOf(tree, node)), first, count);
	else if (count <= LEAF_ROWS)
		for (int32_t row = first; row < first + count; row++)
			Offer(search, Distance(tree, search->x, RowAt(tree, row)), row, 1);
	else
	{
		left_box = BoxDistance(tree, search->x, 2 * node + 1);
		right_box = BoxDistance(tree, search->x, 2 * node + 2);
		if (left_box <= right_box)
			Visit(search, 2 * node + 1, first, left, left_box);
		Visit(search, 2 * node + 2, first + left, count - left, right_box);
		if (left_box > right_box)
			Visit(search, 2 * node + 1, first, left, left_box);
	}
}

/* ---- quantiles ------------------------------------------------------------ */

/* The others of a candidate with at most this rank. The rows of a node of equal ones are sorted by it. */
static int32_t
CountAtMost(const Search *search, const Candidate *candidate, int32_t rank)
{
	const Row  *rows = search->tree->rows;
	int32_t		low = candidate->first,
				high = candidate->first + candidate->count;

	if (candidate->count == 1)
		return rows[low].rank <= rank;
	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if (rows[middle].rank <= rank)
			low = middle + 1;
		else
			high = middle;
	}
	return low - candidate->first - (search->self >= candidate->first && search->self < low);
}

static int64_t
CountAllAtMost(const Search *search, int32_t rank)
{
	int64_t		count = 0;

	for (int32_t i = 0; i < search->heap; i++)
		count += CountAtMost(search, &search->candidates[i], rank);
	for (int32_t i = search->room - search->ties; i < search->room; i++)
		count += CountAtMost(search, &search->candidates[i], rank);
	return count;
}

/* The quantile of what has been found, by bisection of the values. */
static double
Quantile(const Search *search, double tau)
{
	int32_t		low = 0,
				high = search->tree->n_values - 1;
	double		wanted = tau * (double) CountAllAtMost(search, high);

	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if ((double) CountAllAtMost(search, middle) < fmax(wanted, 1.0))
			low = middle + 1;
		else
			high = middle;
	}
	return search->tree->values[low];
}

void
IcmNeighbourQuantiles(IcmNeighbours *neighbours, void *work, void (*poll) (void))
{
	size_t		n = neighbours->n;
	size_t		columns = (size_t) neighbours->columns;
	char	   *memory = work;
	Tree		tree = {.columns = neighbours->columns, .x = neighbours->x, .random = 1, .poll = poll};
	Search		search = {.tree = &tree, .k = neighbours->k, .room = (int32_t) n};

	tree.precision = Take(&memory, columns * sizeof(double));
	tree.boxes = Take(&memory, CountNodes(n) * 2 * columns * sizeof(double));
	tree.values = Take(&memory, n * sizeof(double));
	tree.rows = Take(&memory, n * sizeof(Row));
	search.candidates = Take(&memory, n * sizeof(Candidate));
	for (int i = 0; i < neighbours->columns; i++)
	{
		poll();
		ScaleColumn(neighbours, i);
		tree.precision[i] = Precision(neighbours, i);
	}
	RankRows(&tree, neighbours, (double *) search.candidates);
	if (tree.n > 0)
		Build(&tree, 0, 0, tree.n);

	/* in the order of the tree, as the next search then finds in the cache what the last has read */
	for (int32_t row = 0; row < (int32_t) n; row++)
	{
		poll();
		search.x = RowAt(&tree, row);
		search.self = row < tree.n ? row : -1;
		search.heap = search.ties = 0;
		search.others = 0;
		if (tree.n > 0)
			Visit(&search, 0, 0, tree.n, BoxDistance(&tree, search.x, 0));
		neighbours->quantile[tree.rows[row].number] = search.others < search.k ? NAN : Quantile(&search, neighbours->tau);
	}
}
