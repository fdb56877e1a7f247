/*
 * quantile_regression.c
 *		Linear quantile regression; see quantile_regression.h.
 *
 * The interior point method works with rows whose columns are orthonormal over all
 * rows, L^-1 x (IcmQrTransform()), so that it does not suffer where columns
 * nearly depend on each other; and with responses moved by a tiny noise, so that
 * ties, which it would leave undecided by the thousands, are decided as the vertex
 * method does. Only the rows near which it ends count; the vertex method starts
 * from there with the rows as they are.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/cholesky.h"
#include "math/qr_interior.h"
#include "math/qr_rows.h"
#include "math/qr_vertex.h"
#include "math/quantile_regression.h"
#include "math/trend.h"

#define P_MAX ICM_REGRESSION_COLUMNS_MAX
#define WEIGHT_RANGE 0x1p-40	/* of the least to the largest: sums in two doubles hold all weights to 2^-40 of each */

/* The noise that responses are moved by, to the median of those that are not 0. */
#define NOISE 0x1p-27
#define MEDIAN_ROWS 1000

#define CLOSE 1e-12				/* duality gap at which the interior point method ends, to the objective */
#define ROUGH 1e-11				/* the same for a sample: less than the noise is of it */

/*
 * Above this many rows a sample of ((p + 1) n)^(2/3) is fitted, then the rows near its
 * plane, NEAR times as many. Up to half of the sample are rows of more leverage than
 * LEVERAGE times that of the average row of a sample, all of them.
 */
#define ROWS_MAX 2000
#define NEAR 1.2
#define NEAR_MAX 1.35			/* in case there are more than expected */
#define ROOM 1.5				/* for those, and rows that are found on the wrong side */
#define LEVERAGE 2.0
#define ROUNDS_MAX 50			/* in which rows are found on the wrong side */

/*
 * Between the planes at tau and tau + h are about h n rows. A window around the first that
 * reaches as far as the second has up to sqrt(p) times as many; BESIDE times that
 * are taken, and the share BEHIND of its width on the other side.
 */
#define BESIDE 1.3
#define BEHIND 0.25
#define BESIDE_MIN 14.0			/* rows that are taken at least, to sqrt(n) */
#define BESIDE_SAMPLE 100.0		/* rows of a sample that are within the window, by which its width is found */

/* Sine of the angle to the space of the rows chosen before, from which a row is chosen for the basis. */
#define INDEPENDENT 1e-5
#define BARELY_INDEPENDENT 1e-13

typedef struct IcmRegressionState
{
	IcmQrRows	rows;
	double		factor[ICM_QR_PACKED_MAX];	/* L of X'X */
	IcmTwofold	total[P_MAX];	/* sum of w x */
	double		mean_weight;
	double		noise;
	float	   *band;			/* |L^-1 x|: how much a row's fit varies; and */
	signed char *side;			/* -1, 1: of the plane; 0: active. Both only above ROWS_MAX rows */
	double		tau;			/* that vertex is optimal for; -1: for none */
	IcmQrVertex vertex;
} IcmRegressionState;

/* ---- preparations --------------------------------------------------------- */

static double
Norm(const double *x, int p)
{
	double		sum = 0.0;

	for (int j = 0; j < p; j++)
		sum += x[j] * x[j];
	return sqrt(sum);
}

/* The median size of responses that are not 0, in a sample of the rows. */
static double
MedianResponse(const IcmQrRows *rows)
{
	double		sample[MEDIAN_ROWS];
	size_t		step = rows->n / MEDIAN_ROWS + 1;
	int			n = 0;

	for (size_t i = 0; i < rows->n; i += step)
	{
		double		y = fabs(IcmQrRow(rows, i)[rows->p]);
		int			to = n;

		if (y == 0.0)
			continue;
		for (; to > 0 && sample[to - 1] > y; to--)
			sample[to] = sample[to - 1];
		sample[to] = y;
		n++;
	}
	return n == 0 ? 1.0 : sample[n / 2];
}

/* Before they are scaled: some may be too small for that. */
static IcmRegressionResult
CheckWeights(const IcmQrRows *rows, IcmRegression *regression)
{
	double		least = INFINITY,
				largest = 0.0;

	for (size_t i = 0; i < rows->n && rows->weighted; i++)
	{
		least = fmin(least, IcmQrWeight(rows, IcmQrRow(rows, i)));
		largest = fmax(largest, IcmQrWeight(rows, IcmQrRow(rows, i)));
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	regression->least_weight = least;
	regression->largest_weight = largest;
	return rows->weighted && least / largest < WEIGHT_RANGE ? ICM_REGRESSION_WEIGHTS : ICM_REGRESSION_DONE;
}

/* How much the fit of each row varies. */
static void
FillBand(IcmRegressionState *state)
{
	const IcmQrRows *rows = &state->rows;

	for (size_t start = 0; start < rows->n; start += ICM_QR_BLOCK)
	{
		double		x[P_MAX * ICM_QR_BLOCK],
					squares[ICM_QR_BLOCK] = {0.0};
		int			count = IcmQrGather(rows, start, x);

		IcmQrTransformBlock(state->factor, rows->p, x);
		for (int j = 0; j < rows->p; j++)
			for (int i = 0; i < ICM_QR_BLOCK; i++)
				squares[i] += x[j * ICM_QR_BLOCK + i] * x[j * ICM_QR_BLOCK + i];
		for (int i = 0; i < count; i++)
			state->band[start + i] = (float) sqrt(squares[i]);
	}
}

/* Sums over all rows. */
static void
Survey(IcmRegressionState *state)
{
	const IcmQrRows *rows = &state->rows;
	double		weights = 0.0;

	memset(state->total, 0, sizeof(state->total));
	for (size_t i = 0; i < rows->n; i++)
	{
		IcmQrAddRow(rows, i, 1.0, state->total);
		weights += IcmQrWeight(rows, IcmQrRow(rows, i));
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	state->mean_weight = weights / rows->n;
	state->noise = NOISE * MedianResponse(rows);
}

static IcmRegressionResult
PrepareRows(IcmRegression *regression, IcmRegressionState *state)
{
	IcmQrRows  *rows = &state->rows;
	IcmQrRank	rank;

	if (CheckWeights(rows, regression) != ICM_REGRESSION_DONE)
		return ICM_REGRESSION_WEIGHTS;
	IcmQrScale(rows);
	IcmQrSort(rows);
	rank = IcmQrFactor(rows, state->factor, &regression->column, &regression->others);
	if (rank != ICM_QR_FULL_RANK)
		return rank == ICM_QR_ZERO_COLUMN ? ICM_REGRESSION_ZERO_COLUMN : ICM_REGRESSION_DEPENDENT_COLUMN;
	if (rows->n > ROWS_MAX)
	{
		state->band = regression->allocate(rows->n * sizeof(float));
		state->side = regression->allocate(rows->n);
		FillBand(state);
	}
	Survey(state);
	return ICM_REGRESSION_DONE;
}

IcmRegressionResult
IcmRegressionPrepare(IcmRegression *regression)
{
	IcmRegressionState *state;
	IcmRegressionResult result;
	IcmQrRows	rows = {
		.row = regression->rows,.n = regression->n,.p = regression->columns,
		.width = regression->columns + 1 + regression->weighted,.weighted = regression->weighted,
		.poll = regression->poll
	};

	regression->state = NULL;
	if (regression->n < (size_t) regression->columns)
		return ICM_REGRESSION_FEW_ROWS;
	regression->state = state = regression->allocate(sizeof(IcmRegressionState));
	state->rows = rows;
	state->band = NULL;
	state->side = NULL;
	state->tau = -1.0;
	result = PrepareRows(regression, state);
	if (result != ICM_REGRESSION_DONE)
		IcmRegressionEnd(regression);
	return result;
}

void
IcmRegressionEnd(IcmRegression *regression)
{
	IcmRegressionState *state = regression->state;

	if (state == NULL)
		return;
	if (state->band != NULL)
	{
		regression->release(state->band);
		regression->release(state->side);
	}
	regression->release(state);
	regression->state = NULL;
}

/* ---- from the interior to a vertex ---------------------------------------- */

/* A row that may be of the basis. */
typedef struct Candidate
{
	double		score;			/* smaller is better */
	uint32_t	row;
} Candidate;

static void
SiftDown(Candidate *heap, size_t n, size_t i)
{
	Candidate	moved = heap[i];

	for (size_t child = 2 * i + 1; child < n; child = 2 * i + 1)
	{
		if (child + 1 < n && heap[child + 1].score < heap[child].score)
			child++;
		if (!(heap[child].score < moved.score))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = moved;
}

static void
MakeHeap(Candidate *heap, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		SiftDown(heap, n, i);
}

/* The score that k of the n candidates, or all but one, are better than. The heap is used up. */
static double
Score(Candidate *heap, size_t n, size_t k)
{
	MakeHeap(heap, n);
	for (; k > 0 && n > 1; k--)
	{
		heap[0] = heap[--n];
		SiftDown(heap, n, 0);
	}
	return heap[0].score;
}

/* Take the row into the basis if it is independent of the others there; chosen is an orthonormal base of them. */
static bool
Choose(const IcmRegressionState *state, uint32_t row, double least, double (*chosen)[P_MAX], int count)
{
	int			p = state->rows.p;
	double	   *x = chosen[count];
	double		before,
				after;

	IcmQrTransform(state->factor, p, IcmQrRow(&state->rows, row), x);
	before = Norm(x, p);
	if (before == 0.0)
		return false;
	for (int pass = 0; pass < 2; pass++)
		for (int k = 0; k < count; k++)
		{
			double		product = 0.0;

			for (int j = 0; j < p; j++)
				product += chosen[k][j] * x[j];
			for (int j = 0; j < p; j++)
				x[j] -= product * chosen[k][j];
		}
	after = Norm(x, p);
	if (!(after > least * before))
		return false;
	for (int j = 0; j < p; j++)
		x[j] /= after;
	return true;
}

/* The first rows by their scores that are independent. The heap is used up. */
static int
ChooseBasis(IcmRegressionState *state, Candidate *heap, size_t n, double least, double (*chosen)[P_MAX], int count)
{
	MakeHeap(heap, n);
	while (n > 0 && count < state->rows.p)
	{
		Candidate	best = heap[0];

		if (n % ICM_QR_POLL_ROWS == 0)
			state->rows.poll();
		heap[0] = heap[--n];
		if (n > 0)
			SiftDown(heap, n, 0);
		if (Choose(state, best.row, least, chosen, count))
			state->vertex.basis[count++] = best.row;
	}
	return count;
}

/* ---- rows that are computed with ------------------------------------------ */

/* Memory for some rows, in one piece. */
typedef struct Work
{
	size_t		room;			/* rows */
	uint32_t   *row;			/* which they are */
	double	   *residual;
	void	   *memory;			/* of the interior point method, then of candidates, then of breaks */
	IcmTwofold	fixed[P_MAX];	/* of rows on the side IcmQrSide(tau) that are not active */
	double		chosen[P_MAX][P_MAX];
} Work;

static size_t
Larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static Work *
NewWork(const IcmRegression *regression, size_t room)
{
	size_t		memory = Larger(IcmQrInteriorBytes(room, regression->columns), room * sizeof(IcmQrBreak));
	Work	   *work = regression->allocate(sizeof(Work) + memory + room * (sizeof(double) + sizeof(uint32_t)));

	work->room = room;
	work->memory = work + 1;
	work->residual = (double *) ((char *) work->memory + memory);
	work->row = (uint32_t *) (work->residual + room);
	return work;
}

/* Row k of the interior point method is this row, which counts so often. */
static void
SetRow(const IcmRegressionState *state, IcmQrInterior *interior, size_t k, size_t i, double times)
{
	const IcmQrRows *rows = &state->rows;
	const double *row = IcmQrRow(rows, i);
	double		x[P_MAX];

	IcmQrTransform(state->factor, rows->p, row, x);
	IcmQrInteriorSetRow(interior, k, x, row[rows->p] + state->noise * IcmQrNoise(i), times * IcmQrWeight(rows, row));
}

/*
 * Step to the minimum over the first n active rows, from what the interior point
 * method left: the rows of the basis are those whose a is inside its bounds while
 * the residual is near 0. Where it left nothing, any rows will do.
 */
static IcmQrOutcome
FromInterior(IcmRegressionState *state, Work *work, const IcmQrInterior *interior, const IcmQrActive *active)
{
	Candidate  *heap = work->memory;	/* in place of the interior point method's, which is read first */
	int			count = 0;

	for (size_t k = 0; k < active->n; k++)
	{
		double		inside = fmin(interior->a[k], interior->slack[k]);

		work->residual[k] = interior->solved ? fabs(interior->residual[k]) / inside : 0.0;
		if (isnan(work->residual[k]))
			work->residual[k] = HUGE_VAL;
	}
	for (int pass = 0; pass < 2 && count < state->rows.p; pass++)
	{
		for (size_t k = 0; k < active->n; k++)
		{
			heap[k].score = work->residual[k];
			heap[k].row = work->row[k];
		}
		count = ChooseBasis(state, heap, active->n, pass == 0 ? INDEPENDENT : BARELY_INDEPENDENT, work->chosen, count);
	}
	if (count < state->rows.p)
		return ICM_QR_STUCK;
	return IcmQrVertexDescend(active, &state->vertex);
}

static IcmQrOutcome
FitAll(IcmRegression *regression, double tau)
{
	IcmRegressionState *state = regression->state;
	size_t		n = state->rows.n;
	Work	   *work = NewWork(regression, n);
	IcmQrActive active = {&state->rows, tau, state->total, NULL, NULL, n, work->residual, work->memory};
	IcmQrInterior interior;
	IcmQrOutcome outcome;
	double		b[P_MAX];

	IcmQrInteriorInit(&interior, n, state->rows.p, work->memory, state->rows.poll);
	for (size_t i = 0; i < n; i++)
	{
		SetRow(state, &interior, i, i, 1.0);
		work->row[i] = (uint32_t) i;
	}
	IcmQrInteriorSolve(&interior, tau, CLOSE, NULL, b);
	outcome = FromInterior(state, work, &interior, &active);
	regression->release(work);
	return outcome;
}

/* ---- a sample, and the rows near its plane -------------------------------- */

static bool
IsInfluential(const IcmRegressionState *state, size_t i, double least)
{
	double		band = state->band[i];

	return band * band * IcmQrWeight(&state->rows, IcmQrRow(&state->rows, i)) > least;
}

/*
 * Choose a sample of about some size: all rows of high leverage, and every so
 * manieth of the others, which is the result; 0 if there are too many of the first.
 */
static size_t
ChooseSample(const IcmRegressionState *state, Work *work, size_t size, double least, size_t *chosen)
{
	const IcmQrRows *rows = &state->rows;
	size_t		influential = 0,
				others = 0,
				step;

	for (size_t i = 0; i < rows->n; i++)
		influential += IsInfluential(state, i, least);
	if (influential > size / 2)
		return 0;
	step = (rows->n - influential) / (size - influential) + 1;
	*chosen = 0;
	for (size_t i = 0; i < rows->n; i++)
	{
		if (IsInfluential(state, i, least) || others++ % step == 0)
			work->row[(*chosen)++] = (uint32_t) i;
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	return step;
}

/*
 * Fit a sample of some size. Returns how many bands off its plane the rows are that
 * are to be computed with, near of all; 0 if the sample does not do.
 */
static double
FitSample(const IcmRegressionState *state, Work *work, double tau, size_t size, size_t near, double *b)
{
	const IcmQrRows *rows = &state->rows;
	double		least = LEVERAGE * rows->p / size * state->mean_weight;
	size_t		n,
				others = 0,
				step = ChooseSample(state, work, size, least, &n);
	IcmQrInterior interior;
	Candidate  *heap = work->memory;	/* in place of the interior point method's */

	if (step == 0)
		return 0.0;
	IcmQrInteriorInit(&interior, n, rows->p, work->memory, rows->poll);
	for (size_t k = 0; k < n; k++)
		SetRow(state, &interior, k, work->row[k], IsInfluential(state, work->row[k], least) ? 1.0 : (double) step);
	if (!IcmQrInteriorSolve(&interior, tau, ROUGH, NULL, b))
		return 0.0;
	memcpy(work->residual, interior.residual, n * sizeof(double));
	for (size_t k = 0; k < n; k++)
		if (!IsInfluential(state, work->row[k], least) && state->band[work->row[k]] > 0.0f)
		{
			heap[others].score = fabs(work->residual[k]) / state->band[work->row[k]];
			heap[others++].row = work->row[k];
		}
	if (others == 0)
		return 0.0;
	return Score(heap, others, (size_t) ((double) near / rows->n * others));
}

/* The response of a row, moved by its noise, less its fit. */
static double
NoisyResidual(const IcmRegressionState *state, size_t i, const double *b)
{
	const double *row = IcmQrRow(&state->rows, i);
	int			p = state->rows.p;
	double		r = row[p] + state->noise * IcmQrNoise(i);

	for (int j = 0; j < p; j++)
		r -= row[j] * b[j];
	return r;
}

/* How many bands above a plane rows are that are to be computed with. */
typedef struct Window
{
	double		low;
	double		high;
} Window;

/*
 * Make the rows active that are in a window around a plane, and add up those that are not,
 * on the side IcmQrSide(tau). False: there is not enough room.
 */
static bool
TakeNear(IcmRegressionState *state, Work *work, double tau, const double *b, Window window, size_t room, size_t *n)
{
	const IcmQrRows *rows = &state->rows;
	int			side = IcmQrSide(tau);

	*n = 0;
	memset(work->fixed, 0, sizeof(work->fixed));
	for (size_t i = 0; i < rows->n; i++)
	{
		double		r = NoisyResidual(state, i, b),
					band = state->band[i];

		state->side[i] = r > window.high * band ? 1 : r < window.low * band ? -1 : 0;
		if (state->side[i] == 0)
		{
			if (*n == room)
				return false;
			work->row[(*n)++] = (uint32_t) i;
		}
		else if (state->side[i] == side)
			IcmQrAddRow(rows, i, 1.0, work->fixed);
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	return true;
}

/*
 * What the a of the active rows must make X'a, transformed: (1 - tau) X'w over all
 * rows, less the w x of those above the plane, which are not active.
 */
static void
FindGoal(const IcmRegressionState *state, const Work *work, double tau, size_t n, double *goal)
{
	int			p = state->rows.p;
	IcmTwofold	active[P_MAX];
	double		sum[P_MAX];

	memset(active, 0, sizeof(active));
	for (size_t k = 0; k < n; k++)
		IcmQrAddRow(&state->rows, work->row[k], 1.0, active);
	for (int j = 0; j < p; j++)
	{
		IcmTwofold	all = IcmTwofoldMultiply(state->total[j], IcmTwofoldSubtract(IcmTwofoldOf(1.0), IcmTwofoldOf(tau))),
					above = work->fixed[j];

		if (IcmQrSide(tau) < 0)
			above = IcmTwofoldSubtract(IcmTwofoldSubtract(state->total[j], active[j]), work->fixed[j]);
		sum[j] = IcmTwofoldSubtract(all, above).high;
	}
	IcmQrTransform(state->factor, p, sum, goal);
}

/* Fit the n active rows, the others being where they are; start from the plane b of transformed rows. */
static IcmQrOutcome
FitNear(IcmRegressionState *state, Work *work, double tau, size_t n, double *b)
{
	const IcmQrRows *rows = &state->rows;
	IcmQrActive active = {rows, tau, state->total, work->fixed, work->row, n, work->residual, work->memory};
	IcmQrInterior interior;
	double		goal[P_MAX];

	IcmQrInteriorInit(&interior, n, rows->p, work->memory, rows->poll);
	for (size_t k = 0; k < n; k++)
		SetRow(state, &interior, k, work->row[k], 1.0);
	FindGoal(state, work, tau, n, goal);
	IcmQrInteriorSolve(&interior, tau, CLOSE, goal, b);
	return FromInterior(state, work, &interior, &active);
}

/* Make the rows active that are not on the side they were taken to be on. False: there is not enough room. */
static bool
TakeMistaken(IcmRegressionState *state, Work *work, double tau, size_t *n)
{
	const IcmQrRows *rows = &state->rows;

	for (size_t i = 0; i < rows->n; i++)
	{
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
		if (state->side[i] == 0 || IcmQrVertexSide(rows, &state->vertex, i) == state->side[i])
			continue;
		if (*n == work->room)
			return false;
		if (state->side[i] == IcmQrSide(tau))
			IcmQrAddRow(rows, i, -1.0, work->fixed);
		state->side[i] = 0;
		work->row[(*n)++] = (uint32_t) i;
	}
	return true;
}

/*
 * Fit the rows in a window around the plane b of transformed rows, at most so many, and then those that
 * turn out to be on the wrong side. Not OPTIMAL: another window is needed.
 */
static IcmQrOutcome
FitWindow(IcmRegressionState *state, Work *work, double tau, double *b, Window window, size_t most)
{
	size_t		n;
	double		plane[P_MAX];
	IcmQrOutcome outcome;

	memcpy(plane, b, sizeof(plane));
	IcmQrTransformBack(state->factor, state->rows.p, plane);
	if (!TakeNear(state, work, tau, plane, window, most, &n))
		return ICM_QR_STUCK;
	outcome = FitNear(state, work, tau, n, b);
	for (int round = 0; outcome == ICM_QR_OPTIMAL && round < ROUNDS_MAX; round++)
	{
		IcmQrActive active = {
			&state->rows, tau, state->total, work->fixed, work->row, n, work->residual, work->memory
		};

		if (!TakeMistaken(state, work, tau, &active.n))
			return ICM_QR_STUCK;
		if (active.n == n)
			return ICM_QR_OPTIMAL;
		n = active.n;
		outcome = IcmQrVertexDescend(&active, &state->vertex);
	}
	return outcome == ICM_QR_OPTIMAL ? ICM_QR_STUCK : outcome;
}

/* Fit by way of a sample of some size. Not OPTIMAL: a larger one is needed. */
static IcmQrOutcome
FitBySample(IcmRegressionState *state, Work *work, double tau, size_t size)
{
	double		b[P_MAX];
	double		bands = FitSample(state, work, tau, size, (size_t) (NEAR * size), b);
	Window		window = {-bands, bands};

	return bands == 0.0 ? ICM_QR_STUCK : FitWindow(state, work, tau, b, window, (size_t) (NEAR_MAX * size));
}

/* Of how many rows a sample is. */
static size_t
SampleSize(const IcmQrRows *rows)
{
	return (size_t) pow((rows->p + 1.0) * rows->n, 2.0 / 3.0);
}

/* Find the vertex: by way of samples, each twice as large, or of all rows. */
static IcmQrOutcome
Fit(IcmRegression *regression, double tau)
{
	IcmRegressionState *state = regression->state;
	size_t		n = state->rows.n;
	IcmQrOutcome outcome;

	state->tau = -1.0;
	for (size_t size = SampleSize(&state->rows); n > ROWS_MAX && size < n / 2; size *= 2)
	{
		Work	   *work = NewWork(regression, (size_t) (ROOM * size));

		outcome = FitBySample(state, work, tau, size);
		regression->release(work);
		if (outcome == ICM_QR_OPTIMAL)
		{
			state->tau = tau;
			return outcome;
		}
	}
	outcome = FitAll(regression, tau);
	if (outcome == ICM_QR_OPTIMAL)
		state->tau = tau;
	return outcome;
}

/* ---- a fit beside another ------------------------------------------------- */

/* How many bands off a plane a share of the rows is, by a sample. */
static double
BandsOfShare(const IcmRegressionState *state, Work *work, const double *b, double share)
{
	const IcmQrRows *rows = &state->rows;
	Candidate  *heap = work->memory;
	size_t		step = (size_t) fmax(1.0, floor(rows->n * share / BESIDE_SAMPLE)),
				n = 0;

	for (size_t i = 0; i < rows->n && n < work->room; i += step)
		if (state->band[i] > 0.0f)
		{
			heap[n].score = fabs(NoisyResidual(state, i, b)) / state->band[i];
			heap[n++].row = (uint32_t) i;
		}
	return n == 0 ? 0.0 : Score(heap, n, (size_t) (share * n));
}

/* The plane of the vertex, for responses moved by the noise. */
static void
NoisyPlane(const IcmRegressionState *state, double *b)
{
	for (int j = 0; j < state->rows.p; j++)
		b[j] = state->vertex.b[j].high + state->noise * state->vertex.noise[j].high;
}

/* Fit for tau + change, a small one; b: the noisy plane at tau. Not OPTIMAL: this is no way to do it. */
static IcmQrOutcome
FitBeside(IcmRegression *regression, double tau, double change, const double *b)
{
	IcmRegressionState *state = regression->state;
	double		n = state->rows.n,
				share = fmax(2.0 * BESIDE * sqrt(state->rows.p) * fabs(change), BESIDE_MIN / sqrt(n));
	double		rows = 0.5 * (1.0 + BEHIND) * share * n;
	double		start[P_MAX],
				bands;
	Work	   *work;
	IcmQrOutcome outcome;

	if (rows > 2.0 * SampleSize(&state->rows))
		return ICM_QR_STUCK;
	work = NewWork(regression, (size_t) (ROOM * rows));
	memcpy(start, b, sizeof(start));
	IcmQrTransformCoefficients(state->factor, state->rows.p, start);
	bands = BandsOfShare(state, work, b, share);
	outcome = FitWindow(state, work, tau + change, start,
						change > 0.0 ? (Window) {-BEHIND * bands, bands} : (Window) {-bands, BEHIND * bands},
						work->room);
	regression->release(work);
	state->tau = -1.0;
	return outcome;
}

/* ---- answers -------------------------------------------------------------- */

IcmRegressionResult
IcmRegressionFit(IcmRegression *regression, double tau, double *coefficient)
{
	const IcmQrRows *rows = &regression->state->rows;

	if (Fit(regression, tau) != ICM_QR_OPTIMAL)
		return ICM_REGRESSION_UNSETTLED;
	for (int j = 0; j < rows->p; j++)
	{
		double		scaled = regression->state->vertex.b[j].high;
		int			exponent = rows->exponent[rows->p] - rows->exponent[j];

		coefficient[j] = ldexp(scaled, exponent) + 0.0;
		/* infinite, or too small to hold all digits */
		if (ldexp(coefficient[j], -exponent) != scaled)
			return ICM_REGRESSION_OVERFLOW;
	}
	return ICM_REGRESSION_DONE;
}

/* By how much x'a is above x'b; 0 if it is not, or by no more than rounding may be the cause of. */
static double
Above(const double *x, const double *a, const double *b, int p)
{
	double		difference = 0.0,
				terms = 0.0;

	for (int j = 0; j < p; j++)
	{
		difference += x[j] * (a[j] - b[j]);
		terms += fabs(x[j]) * (fabs(a[j]) + fabs(b[j]));
	}
	return difference > (p + 4) * DBL_EPSILON * terms ? difference : 0.0;
}

size_t
IcmRegressionCrossings(const IcmRegression *regression, const double *coefficient, int taus)
{
	const IcmQrRows *rows = &regression->state->rows;
	int			p = rows->p;
	size_t		crossings = 0;
	double	   *b = regression->allocate(sizeof(double) * p * taus);

	for (int k = 0; k < p * taus; k++)
		b[k] = ldexp(coefficient[k], rows->exponent[k % p] - rows->exponent[p]);
	for (size_t i = 0; i < rows->n; i++)
	{
		bool		crosses = false;

		for (int k = 1; k < taus && !crosses; k++)
			crosses = Above(IcmQrRow(rows, i), b + (k - 1) * p, b + k * p, p) > 0.0;
		crossings += crosses;
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	regression->release(b);
	return crossings;
}

/* ---- standard errors ------------------------------------------------------ */

static double
NormalQuantile(double probability)
{
	double		z = IcmNormalWithin(fabs(2.0 * probability - 1.0));

	return probability < 0.5 ? -z : z;
}

/* Hall and Sheather (1988, JRSS B 50), for intervals of 95 %. */
static double
Bandwidth(double tau, size_t n)
{
	const double density_at_0 = 0.3989422804014327;
	double		z = NormalQuantile(tau),
				density = density_at_0 * exp(-0.5 * z * z),
				h = pow((double) n, -1.0 / 3.0) * pow(IcmNormalWithin(0.95), 2.0 / 3.0) *
		pow(1.5 * density * density / (2.0 * z * z + 1.0), 1.0 / 3.0);

	while (tau - h <= 0.0 || tau + h >= 1.0)
		h *= 0.5;
	return h;
}

/* H and J of the sandwich, packed, for transformed rows; low and high: the fits at tau - h and tau + h. */
static void
AddSandwich(const IcmRegressionState *state, const double *low, const double *high, double h, double *hessian,
			double *squares, size_t *crossed)
{
	const IcmQrRows *rows = &state->rows;
	int			p = rows->p;

	*crossed = 0;
	memset(hessian, 0, sizeof(double) * p * (p + 1) / 2);
	memset(squares, 0, sizeof(double) * p * (p + 1) / 2);
	/* without weights J is X'X, which is L L' */
	for (int j = 0; j < p && !rows->weighted; j++)
		squares[ICM_PACKED(j, j)] = 1.0;
	for (size_t start = 0; start < rows->n; start += ICM_QR_BLOCK)
	{
		double		x[P_MAX * ICM_QR_BLOCK],
					density[ICM_QR_BLOCK] = {0.0},
					square[ICM_QR_BLOCK] = {0.0};
		int			count = IcmQrGather(rows, start, x);

		for (int i = 0; i < count; i++)
		{
			const double *row = IcmQrRow(rows, start + i);
			double		weight = IcmQrWeight(rows, row),
						difference = Above(row, high, low, p);

			*crossed += difference == 0.0;
			density[i] = difference > 0.0 ? weight * 2.0 * h / difference : 0.0;
			square[i] = weight * weight;
		}
		IcmQrTransformBlock(state->factor, p, x);
		IcmQrAddSquares(x, density, p, hessian);
		if (rows->weighted)
			IcmQrAddSquares(x, square, p, squares);
	}
}

/*
 * G, by columns, of which G G' is H^-1 J H^-1, as of coefficients of the rows: L'^-1 H^-1 K, J being K K'.
 * H and J are given as their factors.
 */
static void
RootOfSandwich(const IcmRegressionState *state, const double *hessian, const double *squares, double *root)
{
	int			p = state->rows.p;

	for (int k = 0; k < p; k++)
	{
		double	   *column = root + k * p;

		for (int i = 0; i < p; i++)
			column[i] = i < k ? 0.0 : squares[ICM_PACKED(i, k)];
		IcmCholeskySolve(hessian, p, column);
		IcmQrTransformBack(state->factor, p, column);
	}
}

/* Divide row i of a matrix, given by columns, by its length, which is the result. */
static double
Normalise(double *matrix, int p, int i)
{
	double		largest = 0.0,
				squares = 0.0;

	for (int k = 0; k < p; k++)
		largest = fmax(largest, fabs(matrix[k * p + i]));
	if (!(largest > 0.0 && isfinite(largest)))
		return largest;
	for (int k = 0; k < p; k++)
	{
		matrix[k * p + i] /= largest;
		squares += matrix[k * p + i] * matrix[k * p + i];
	}
	for (int k = 0; k < p; k++)
		matrix[k * p + i] /= sqrt(squares);
	return largest * sqrt(squares);
}

/* The products of rows of length 1, each with those before it. */
static void
Correlations(const double *matrix, int p, double *correlation)
{
	for (int i = 1; i < p; i++)
		for (int j = 0; j < i; j++)
		{
			double		product = 0.0;

			for (int k = 0; k < p; k++)
				product += matrix[k * p + i] * matrix[k * p + j];
			*correlation++ = fmax(-1.0, fmin(1.0, product)) + 0.0;
		}
}

/* The coefficients at tau - h and tau + h, of scaled rows. */
static IcmRegressionResult
FitAround(IcmRegression *regression, double tau, double h, double *low, double *high)
{
	IcmRegressionState *state = regression->state;
	bool		beside = state->tau == tau && state->rows.n > ROWS_MAX;
	double		b[P_MAX];

	if (beside)
		NoisyPlane(state, b);
	for (int turn = 0; turn < 2; turn++)
	{
		double		change = turn == 0 ? -h : h;

		if (!(beside && FitBeside(regression, tau, change, b) == ICM_QR_OPTIMAL) &&
			Fit(regression, tau + change) != ICM_QR_OPTIMAL)
			return ICM_REGRESSION_UNSETTLED;
		for (int j = 0; j < state->rows.p; j++)
			(turn == 0 ? low : high)[j] = state->vertex.b[j].high;
	}
	return ICM_REGRESSION_DONE;
}

IcmRegressionResult
IcmRegressionErrors(IcmRegression *regression, double tau, double *std_error, double *correlation, size_t *crossed)
{
	IcmRegressionState *state = regression->state;
	const IcmQrRows *rows = &state->rows;
	int			p = rows->p;
	double		h = Bandwidth(tau, rows->n);
	double		hessian[ICM_QR_PACKED_MAX],
				squares[ICM_QR_PACKED_MAX],
				low[P_MAX],
				high[P_MAX];
	double	   *root;
	bool		held = true;

	if (FitAround(regression, tau, h, low, high) != ICM_REGRESSION_DONE)
		return ICM_REGRESSION_UNSETTLED;
	AddSandwich(state, low, high, h, hessian, squares, crossed);
	if (!IcmCholesky(hessian, p))
		return ICM_REGRESSION_FLAT;
	if (!IcmCholesky(squares, p))
		return ICM_REGRESSION_UNSETTLED;
	root = regression->allocate(sizeof(double) * p * p);
	RootOfSandwich(state, hessian, squares, root);
	for (int j = 0; j < p; j++)
	{
		std_error[j] = ldexp(sqrt(tau * (1.0 - tau)) * Normalise(root, p, j), rows->exponent[p] - rows->exponent[j]);
		held = held && std_error[j] >= DBL_MIN && isfinite(std_error[j]);
	}
	if (held)
		Correlations(root, p, correlation);
	regression->release(root);
	return held ? ICM_REGRESSION_DONE : ICM_REGRESSION_OVERFLOW;
}
