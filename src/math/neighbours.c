/*
 * neighbours.c
 *		Quantiles among the nearest neighbours; see neighbours.h.
 *
 * The rows are sorted, so that equal ones follow each other in the order of their
 * values: they are one point. All rows of a point are as far away from any row, so
 * only points are searched for and found, each with a sorted list of values.
 *
 * The points are put into the order of a balanced tree: a node holds points that
 * follow each other, its left child the first half of them, which in the column
 * in which the node is widest are at or below the other half. So nothing but the
 * box around the points has to be kept of a node: child nodes and points follow
 * from its number.
 *
 * The distance to a box is computed as that to a point, from differences that are
 * no larger, so it is no larger than the distance to any point in it. A node
 * is left out only if its box is farther away than the k-th neighbour found so far.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "math/exactsum.h"
#include "math/neighbours.h"

#define LEAF_POINTS 16
#define ROWS_A_POLL 4096		/* more are worth it to poll */

/*
 * Squared distances that differ by less are the same but for rounding. A node is left out only if
 * its box is farther away than that, as a compiler may fuse the operations in the one sum of squares and not
 * in the other.
 */
#define TIE_SLACK (1.0 + 1e-12)
#define BOX_SLACK (1.0 + 2e-12)

/* Beside the numbers below 1 that others are scaled to: no digit of them counts. Its square times a precision is in range. */
#define FAR_OFF 0x1p200

/* Rows that are equal but for their values. */
typedef struct Point
{
	int32_t		first;			/* of its rows; those with a value come first, sorted by it */
	int32_t		values;			/* rows with a value */
	int32_t		rows;
} Point;

/* A point that has been found: a sorted list of values. */
typedef struct Found
{
	double		distance;		/* squared */
	int32_t		first;
	int32_t		count;
} Found;

typedef struct Tree
{
	int			columns;
	double	   *precision;		/* of each column: 1 / variance, or 0 */
	double	   *value;			/* of each row, sorted; NaN: none */
	int32_t    *number;			/* of each row: its place in the input */
	double	   *x;				/* of each row, then of each point; scaled by powers of two */
	Point	   *points;
	int32_t		n_points;
	int32_t		n;				/* points with a value: the first of all */
	double	   *boxes;			/* of each node: lowest and highest of each column */
	uint64_t	random;
	void		(*poll) (void);
} Tree;

/*
 * What is searched for, and what has been found: a heap with the fewest points that hold the values
 * wanted, the farthest on top, and from the other end of the room those that are, or were, as far away as it.
 */
typedef struct Search
{
	Tree	   *tree;
	const double *x;
	int64_t		wanted;			/* values */
	Found	   *found;
	int32_t		room;
	int32_t		heap;			/* points in the heap */
	int32_t		ties;			/* at the end of the room */
	int64_t		values;			/* in the heap */
} Search;

/* ---- memory --------------------------------------------------------------- */

/* Nodes of a tree of n points: whole levels, of which the last has leaves only. */
static size_t
CountNodes(size_t n)
{
	size_t		leaves = 1;

	while ((n + leaves - 1) / leaves > LEAF_POINTS)
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

	/* what is not of a double's size is rounded up to it */
	return doubles * sizeof(double) + n * (sizeof(Found) + sizeof(Point) + sizeof(int32_t)) + 2 * sizeof(double);
}

/* ---- distances ------------------------------------------------------------ */

/* x of a row, as long as there are no points; then of a point. */
static inline double *
XOf(const Tree *tree, int32_t i)
{
	return tree->x + (size_t) i * (size_t) tree->columns;
}

static inline void
SwapX(const Tree *tree, int32_t a, int32_t b)
{
	double	   *x = XOf(tree, a);
	double	   *y = XOf(tree, b);

	for (int i = 0; i < tree->columns; i++)
	{
		double		swap = x[i];

		x[i] = y[i];
		y[i] = swap;
	}
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

/* A number below n. Linear congruence (Knuth): no order in which rows usually come makes such pivots bad ones. */
static inline int32_t
RandomBelow(Tree *tree, int64_t n)
{
	tree->random = tree->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int32_t) ((tree->random >> 33) % (uint64_t) n);
}

/* ---- scaling -------------------------------------------------------------- */

/* Can the row be a neighbour? */
static inline bool
HasValue(const IcmNeighbours *neighbours, size_t row)
{
	return !isnan(neighbours->value[row]);
}

/*
 * Bring a column of the rows that can be neighbours to below 1 by a power of two, which rounds nothing but what is
 * 2^-1000 of its largest. Another row may be far off: at FAR_OFF deviations at least, all are as far away from it.
 */
static void
ScaleColumn(IcmNeighbours *neighbours, int column)
{
	double		largest = 0.0;
	double		factor;
	int			exponent;

	for (size_t i = 0; i < neighbours->n; i++)
		if (HasValue(neighbours, i))
			largest = fmax(largest, fabs(neighbours->x[i * (size_t) neighbours->columns + (size_t) column]));
	(void) frexp(largest, &exponent);
	factor = ldexp(1.0, -(exponent < -1000 ? -1000 : exponent));
	for (size_t i = 0; i < neighbours->n; i++)
	{
		double	   *x = &neighbours->x[i * (size_t) neighbours->columns + (size_t) column];

		*x = fmin(fmax(*x * factor, -FAR_OFF), FAR_OFF) + 0.0;	/* no negative zero: equal rows, equal bytes */
	}
}

/*
 * 1 / variance of a column over the n rows that can be neighbours, 0 if it is constant. The sums are exact, so the
 * order of the rows has no say.
 */
static double
Precision(const IcmNeighbours *neighbours, int column, double n)
{
	const double *x = neighbours->x + column;
	size_t		columns = (size_t) neighbours->columns;
	double		lowest = INFINITY,
				highest = -INFINITY,
				mean,
				bias;
	IcmExactSum sum,
				squares;

	IcmExactSumInit(&sum);
	for (size_t i = 0; i < neighbours->n; i++)
		if (HasValue(neighbours, i))
		{
			IcmExactSumAdd(&sum, x[i * columns]);
			lowest = fmin(lowest, x[i * columns]);
			highest = fmax(highest, x[i * columns]);
		}
	if (lowest == highest)
		return 0.0;
	mean = IcmExactSumRound(&sum) / n;
	IcmExactSumInit(&sum);
	IcmExactSumInit(&squares);
	for (size_t i = 0; i < neighbours->n; i++)
	{
		double		difference = x[i * columns] - mean;

		if (!HasValue(neighbours, i))
			continue;
		IcmExactSumAdd(&sum, difference);
		IcmExactSumAdd(&squares, difference * difference);
	}
	bias = IcmExactSumRound(&sum) / n;	/* what rounding the mean has left */
	return 1.0 / (IcmExactSumRound(&squares) / n - bias * bias);
}

/* ---- grouping ------------------------------------------------------------- */

/* What rows are sorted by: each column, then the value; those without one come last. */
static inline double
KeyOf(const Tree *tree, int32_t row, int key)
{
	if (key < tree->columns)
		return XOf(tree, row)[key];
	return isnan(tree->value[row]) ? INFINITY : tree->value[row];
}

static inline void
SwapRows(const Tree *tree, int32_t a, int32_t b)
{
	double		value = tree->value[a];
	int32_t		number = tree->number[a];

	tree->value[a] = tree->value[b];
	tree->value[b] = value;
	tree->number[a] = tree->number[b];
	tree->number[b] = number;
	SwapX(tree, a, b);
}

/*
 * Sort the rows from first to before end, which do not differ in the keys before this one (multikey quicksort,
 * Bentley and Sedgewick 1997). Of the rows below and above the pivot the fewer are left to a recursion, so it
 * is not deep.
 */
static void
SortRows(Tree *tree, int32_t first, int32_t end, int key)
{
	while (end - first > 1 && key <= tree->columns)
	{
		double		pivot = KeyOf(tree, first + RandomBelow(tree, end - first), key);
		int32_t		low = first,
					high = end;

		if (end - first > ROWS_A_POLL)
			tree->poll();
		for (int32_t row = first; row < high;)
		{
			double		value = KeyOf(tree, row, key);

			if (value < pivot)
				SwapRows(tree, low++, row++);
			else if (value > pivot)
				SwapRows(tree, row, --high);
			else
				row++;
		}
		SortRows(tree, low, high, key + 1);
		if (low - first < end - high)
		{
			SortRows(tree, first, low, key);
			first = high;
		}
		else
		{
			SortRows(tree, high, end, key);
			end = low;
		}
	}
}

static void
SwapPoints(const Tree *tree, int32_t a, int32_t b)
{
	Point		swap = tree->points[a];

	tree->points[a] = tree->points[b];
	tree->points[b] = swap;
	SwapX(tree, a, b);
}

/* Make points of the rows, and put those that have a value first. */
static void
MakePoints(Tree *tree, const IcmNeighbours *neighbours)
{
	int32_t		n = (int32_t) neighbours->n;
	size_t		size = (size_t) tree->columns * sizeof(double);

	for (int32_t row = 0; row < n; row++)
	{
		tree->value[row] = neighbours->value[row] + 0.0;
		tree->number[row] = row;
	}
	SortRows(tree, 0, n, 0);
	for (int32_t row = 0; row < n; row++)
	{
		if (row % ROWS_A_POLL == 0)
			tree->poll();
		if (row == 0 || memcmp(XOf(tree, tree->n_points - 1), XOf(tree, row), size) != 0)
		{
			memmove(XOf(tree, tree->n_points), XOf(tree, row), size);
			tree->points[tree->n_points++] = (Point) {.first = row};
		}
		tree->points[tree->n_points - 1].rows++;
		tree->points[tree->n_points - 1].values += !isnan(tree->value[row]);
	}
	for (int32_t i = 0; i < tree->n_points; i++)
		if (tree->points[i].values > 0)
			SwapPoints(tree, i, tree->n++);
}

/* ---- building ------------------------------------------------------------- */

/* The box of a node, and the column in which it is widest. */
static int
MakeBox(const Tree *tree, size_t node, int32_t first, int32_t count)
{
	double	   *lowest = BoxOf(tree, node);
	double	   *highest = lowest + tree->columns;
	double		widest = 0.0;
	int			column = 0;

	memcpy(lowest, XOf(tree, first), (size_t) tree->columns * sizeof(double));
	memcpy(highest, lowest, (size_t) tree->columns * sizeof(double));
	for (int32_t point = first + 1; point < first + count; point++)
	{
		const double *x = XOf(tree, point);

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

/* Put the points first to last so that those before the middle are at or below the others in a column (Hoare). */
static void
Divide(Tree *tree, int32_t first, int32_t last, int32_t middle, int column)
{
	while (first < last)
	{
		double		pivot = XOf(tree, first + RandomBelow(tree, (int64_t) last - first + 1))[column];
		int32_t		low = first,
					high = last;

		if (last - first > ROWS_A_POLL)
			tree->poll();
		while (low <= high)
		{
			while (XOf(tree, low)[column] < pivot)
				low++;
			while (XOf(tree, high)[column] > pivot)
				high--;
			if (low <= high)
				SwapPoints(tree, low++, high--);
		}
		if (middle <= high)
			last = high;
		else if (middle >= low)
			first = low;
		else
			return;
	}
}

static void
Build(Tree *tree, size_t node, int32_t first, int32_t count)
{
	int			column = MakeBox(tree, node, first, count);
	int32_t		left = count / 2;

	if (count > ROWS_A_POLL)
		tree->poll();
	if (count > LEAF_POINTS)
	{
		Divide(tree, first, first + count - 1, first + left, column);
		Build(tree, 2 * node + 1, first, left);
		Build(tree, 2 * node + 2, first + left, count - left);
	}
}

/* ---- searching ------------------------------------------------------------ */

static void
PushHeap(Search *search, Found found)
{
	Found	   *heap = search->found;
	int32_t		i = search->heap++;

	while (i > 0 && heap[(i - 1) / 2].distance < found.distance)
	{
		heap[i] = heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap[i] = found;
	search->values += found.count;
}

static Found
PopHeap(Search *search)
{
	Found	   *heap = search->found;
	Found		top = heap[0];
	Found		last = heap[--search->heap];
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
	search->values -= top.count;
	return top;
}

static inline void
PushTie(Search *search, Found found)
{
	search->found[search->room - ++search->ties] = found;
}

/* The distance of the last value wanted that has been found so far; infinite as long as there is none. */
static inline double
Farthest(const Search *search)
{
	return search->values < search->wanted ? INFINITY : search->found[0].distance;
}

static void
Offer(Search *search, int32_t point)
{
	const Tree *tree = search->tree;
	Found		found = {Distance(tree, search->x, XOf(tree, point)), tree->points[point].first, tree->points[point].values};
	double		farthest = Farthest(search);

	if (found.distance > farthest * TIE_SLACK)
		return;
	if (found.distance >= farthest)
	{
		PushTie(search, found);
		return;
	}
	PushHeap(search, found);
	while (search->values - search->found[0].count >= search->wanted)
		PushTie(search, PopHeap(search));
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
	if (count <= LEAF_POINTS)
	{
		tree->poll();
		for (int32_t point = first; point < first + count; point++)
			Offer(search, point);
		return;
	}
	left_box = BoxDistance(tree, search->x, 2 * node + 1);
	right_box = BoxDistance(tree, search->x, 2 * node + 2);
	if (left_box <= right_box)
		Visit(search, 2 * node + 1, first, left, left_box);
	Visit(search, 2 * node + 2, first + left, count - left, right_box);
	if (left_box > right_box)
		Visit(search, 2 * node + 1, first, left, left_box);
}

/* Find the points nearest to x that hold so many values, and all that are as far away as the last of them. */
static void
Find(Search *search, const double *x, int64_t wanted)
{
	double		limit;

	search->x = x;
	search->wanted = wanted;
	search->heap = search->ties = 0;
	search->values = 0;
	Visit(search, 0, 0, search->tree->n, 0.0);

	/* some have been as far away only until nearer ones were found */
	limit = Farthest(search) * TIE_SLACK;
	for (int32_t i = search->room - search->ties; i < search->room; i++)
		if (search->found[i].distance <= limit)
		{
			search->values += search->found[i].count;
			search->found[search->heap++] = search->found[i];
		}
}

/* ---- quantiles ------------------------------------------------------------ */

/* How many values of a list are below this. */
static inline int32_t
CountBelow(const Tree *tree, const Found *list, double value)
{
	int32_t		low = list->first,
				high = list->first + list->count;

	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if (tree->value[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low - list->first;
}

/* How many values of a list do not exceed this. */
static inline int32_t
CountAtMost(const Tree *tree, const Found *list, double value)
{
	int32_t		low = list->first,
				high = list->first + list->count;

	while (low < high)
	{
		int32_t		middle = low + (high - low) / 2;

		if (tree->value[middle] <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low - list->first;
}

/* Any of the values that have been found. */
static double
RandomValue(const Search *search)
{
	int32_t		i = RandomBelow(search->tree, search->values);
	const Found *list = search->found;

	while (i >= list->count)
		i -= (list++)->count;
	return search->tree->value[list->first + i];
}

/* Leave of each list only what is below the pivot, or only what exceeds it, and no list empty. */
static void
Narrow(Search *search, double pivot, bool below)
{
	int32_t		lists = search->heap;

	search->heap = 0;
	search->values = 0;
	for (int32_t i = 0; i < lists; i++)
	{
		Found		list = search->found[i];

		if (below)
			list.count = CountBelow(search->tree, &list, pivot);
		else
		{
			int32_t		at_most = CountAtMost(search->tree, &list, pivot);

			list.first += at_most;
			list.count -= at_most;
		}
		if (list.count == 0)
			continue;
		search->found[search->heap++] = list;
		search->values += list.count;
	}
}

static double
Lowest(const Search *search)
{
	double		lowest = INFINITY;

	for (int32_t i = 0; i < search->heap; i++)
		lowest = fmin(lowest, search->tree->value[search->found[i].first]);
	return lowest;
}

/*
 * The value in this place (0: the first) of all that have been found, sorted, and the one in the next place, if
 * there is one: a quickselect, in which a pivot divides every list. It uses the lists up.
 */
static void
Select(Search *search, int64_t place, double *value, double *next)
{
	double		above = INFINITY;	/* the lowest of what has been left out above */

	for (;;)
	{
		double		pivot = RandomValue(search);
		int64_t		below = 0,
					at_most = 0;

		search->tree->poll();
		for (int32_t i = 0; i < search->heap; i++)
		{
			below += CountBelow(search->tree, &search->found[i], pivot);
			at_most += CountAtMost(search->tree, &search->found[i], pivot);
		}
		Narrow(search, pivot, place < below);
		if (place < below)
			above = pivot;
		else if (place < at_most)
		{
			*value = pivot;
			*next = place + 1 < at_most ? pivot : fmin(Lowest(search), above);
			return;
		}
		else
			place -= at_most;
	}
}

/* The place in n sorted values, 1 or more, of the smallest that at least a part tau of them do not exceed. */
static inline int64_t
PlaceOf(double tau, int64_t n)
{
	return (int64_t) fmax(ceil(tau * (double) n), 1.0) - 1;
}

/*
 * The rows of a point that have a value. Each row and the k others nearest to it are the k + 1 nearest to their
 * point, so all rows find the same, of which each leaves out itself: if its value is not above the quantile, the
 * next one takes that place.
 */
static void
FillWithValue(Search *search, const IcmNeighbours *neighbours, const Point *point, const double *x)
{
	const Tree *tree = search->tree;
	double		quantile,
				next;

	Find(search, x, (int64_t) neighbours->k + 1);
	Select(search, PlaceOf(neighbours->tau, search->values - 1), &quantile, &next);
	for (int32_t row = point->first; row < point->first + point->values; row++)
		neighbours->quantile[tree->number[row]] = tree->value[row] <= quantile ? next : quantile;
}

/* The rows of a point that have none: they are nobody's neighbour, so there is nothing to leave out. */
static void
FillWithoutValue(Search *search, const IcmNeighbours *neighbours, const Point *point, const double *x)
{
	const Tree *tree = search->tree;
	double		quantile,
				next;

	Find(search, x, neighbours->k);
	Select(search, PlaceOf(neighbours->tau, search->values), &quantile, &next);
	for (int32_t row = point->first + point->values; row < point->first + point->rows; row++)
		neighbours->quantile[tree->number[row]] = quantile;
}

void
IcmNeighbourQuantiles(IcmNeighbours *neighbours, void *work, void (*poll) (void))
{
	size_t		n = neighbours->n;
	size_t		columns = (size_t) neighbours->columns;
	size_t		values = 0;
	bool		with_value,		/* do rows with a value have k others? */
				without_value;	/* and are there rows without one that have? */
	char	   *memory = work;
	Tree		tree = {.columns = neighbours->columns, .x = neighbours->x, .random = 1, .poll = poll};
	Search		search = {.tree = &tree};

	for (size_t i = 0; i < n; i++)
	{
		neighbours->quantile[i] = NAN;
		values += HasValue(neighbours, i);
	}
	with_value = values > (size_t) neighbours->k;
	without_value = values >= (size_t) neighbours->k && values < n;
	if (!with_value && !without_value)
		return;

	tree.precision = Take(&memory, columns * sizeof(double));
	tree.boxes = Take(&memory, CountNodes(n) * 2 * columns * sizeof(double));
	tree.value = Take(&memory, n * sizeof(double));
	tree.number = Take(&memory, n * sizeof(int32_t));
	tree.points = Take(&memory, n * sizeof(Point));
	search.found = Take(&memory, n * sizeof(Found));
	for (int i = 0; i < neighbours->columns; i++)
	{
		poll();
		ScaleColumn(neighbours, i);
		tree.precision[i] = Precision(neighbours, i, (double) values);
	}
	MakePoints(&tree, neighbours);
	Build(&tree, 0, 0, tree.n);

	/* in the order of the tree, as the next search then finds in the cache what the last has read */
	search.room = tree.n;
	for (int32_t i = 0; i < tree.n_points; i++)
	{
		const Point *point = &tree.points[i];

		if (with_value && point->values > 0)
			FillWithValue(&search, neighbours, point, XOf(&tree, i));
		if (without_value && point->values < point->rows)
			FillWithoutValue(&search, neighbours, point, XOf(&tree, i));
	}
}
