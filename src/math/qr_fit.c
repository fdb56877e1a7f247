/*
 * qr_fit.c
 *		Finding the vertex of a quantile regression.
 *
 * The interior point method works with rows whose columns are orthonormal over all
 * rows, L^-1 x (IcmQrTransform()), so that it does not suffer where columns
 * nearly depend on each other; and with responses moved by a tiny noise, so that
 * ties, which it would leave undecided by the thousands, are decided as the vertex
 * method does. Only the rows near which it ends count; the vertex method starts
 * from there with the rows as they are.
 *
 * It hardly gets on where most rows are the same but for noise and the plane is to stand between them and others, as
 * where most spend nothing and tau is near their share. Then it is left early.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/qr_interior.h"
#include "math/qr_state.h"

#define P_MAX ICM_REGRESSION_COLUMNS_MAX

/*
 * Responses are magnified where the noise would hide how they differ: where ON_PLANE times as many rows of a
 * sample as are to be near its plane are no more than HIDDEN times the noise off it, and yet not all on one.
 * What is computed in doubles then is what they are off a plane through some of these rows, times what makes the
 * median of that about 1, up to MAGNIFIED_MAX.
 */
#define ON_PLANE 0.25
#define HIDDEN 8.0
#define MAGNIFIED_MAX 0x1p14
#define MAGNIFIED_NOISE 0x1p-10
#define MAGNIFIED_LEAST (-1000)	/* exponent of a median that is no less */

#define CLOSE 1e-12				/* duality gap at which the interior point method ends, to the objective */
#define ROUGH 1e-11				/* the same for a sample: less than the noise is of it */

/*
 * Above ICM_QR_ROWS_MAX rows a sample of ((p + 1) n)^(2/3) is fitted, then the rows near its
 * plane, NEAR times as many, half of them on each side. Up to half of the sample are rows of more leverage than
 * LEVERAGE times that of the average row of a sample, all of them.
 */
#define NEAR 1.2
#define NEAR_MAX 1.35			/* in case there are more than expected */
#define ROOM 1.5				/* for those, and rows that are found on the wrong side */
#define LEVERAGE 2.0
#define ROUNDS_MAX 50			/* in which rows are found on the wrong side */
#define WINDOW_SAMPLE 1000.0	/* rows of a sample that are within a window, by which its width is found */

/*
 * Where these do not do, REFINE_NEAR times as many near the plane are fitted together with a sample of the
 * others, REFINE_SAMPLE times as many, to find a better plane, and again, until no more than MOVED_MAX times as many
 * of the others change sides. Then the rows near that plane alone are tried again.
 */
#define REFINE_NEAR 0.9
#define REFINE_NEAR_MAX 1.0
#define REFINE_SAMPLE 0.45
#define REFINE_ROUNDS 6
#define MOVED_MAX 0.25

/*
 * Between the planes at tau and tau + h are about h n rows. A window around the first that
 * reaches as far as the second has up to sqrt(p) times as many; BESIDE times that
 * are taken, and the share BEHIND of that on the other side.
 */
#define BESIDE 1.3
#define BEHIND 0.25
#define BESIDE_MIN 14.0			/* rows that are taken at least, to sqrt(n) */

/* Sine of the angle to the space of the rows chosen before, from which a row is chosen for the basis. */
#define INDEPENDENT 1e-5
#define BARELY_INDEPENDENT 1e-13

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

static double
Norm(const double *x, int p)
{
	double		sum = 0.0;

	for (int j = 0; j < p; j++)
		sum += x[j] * x[j];
	return sqrt(sum);
}

/* Take the row into the basis if it is independent of the others there; chosen is an orthonormal base of them. */
static bool
Choose(const IcmRegressionState *state, const double *row, double least, double (*chosen)[P_MAX], int count)
{
	int			p = state->rows.p;
	double	   *x = chosen[count];
	double		before,
				after;

	IcmQrTransform(state->factor, p, row, x);
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
ChooseBasis(IcmRegressionState *state, const IcmQrRows *rows, Candidate *heap, size_t n, double least,
			double (*chosen)[P_MAX], int count)
{
	MakeHeap(heap, n);
	while (n > 0 && count < rows->p)
	{
		Candidate	best = heap[0];

		if (n % ICM_QR_POLL_ROWS == 0)
			rows->poll();
		heap[0] = heap[--n];
		if (n > 0)
			SiftDown(heap, n, 0);
		if (Choose(state, IcmQrRow(rows, best.row), least, chosen, count))
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

static double
MagnifiedResponse(const IcmRegressionState *state, size_t i)
{
	double		r = state->magnified * IcmQrVertexResidual(&state->rows, &state->centre, i);

	return fmax(-MAGNIFIED_MAX, fmin(MAGNIFIED_MAX, r));
}

/* The response of a row, moved by its noise, as it is outside of the vertex method. */
static inline double
Response(const IcmRegressionState *state, size_t i)
{
	double		y = state->magnified > 0.0 ? MagnifiedResponse(state, i) : IcmQrRow(&state->rows, i)[state->rows.p];

	return y + state->noise * IcmQrNoise(i);
}

/* Row k of the interior point method is this row, which counts so often. */
static void
SetRow(const IcmRegressionState *state, IcmQrInterior *interior, size_t k, size_t i, double times)
{
	const IcmQrRows *rows = &state->rows;
	const double *row = IcmQrRow(rows, i);
	double		x[P_MAX];

	IcmQrTransform(state->factor, rows->p, row, x);
	IcmQrInteriorSetRow(interior, k, x, Response(state, i), times * IcmQrWeight(rows, row));
}

/*
 * How well each row suits the basis, by what the interior point method left: less is better, as a is inside its
 * bounds and the residual near 0. Where it left nothing, any rows will do.
 */
static void
ScoreRows(Work *work, const IcmQrInterior *interior)
{
	for (size_t k = 0; k < interior->n; k++)
	{
		double		inside = fmin(interior->a[k], interior->slack[k]);

		work->residual[k] = interior->solved ? fabs(interior->residual[k]) / inside : 0.0;
		if (isnan(work->residual[k]))
			work->residual[k] = HUGE_VAL;
	}
}

/* Step to the minimum over the active rows from a plane through those with the least scores. */
static IcmQrOutcome
FromScores(IcmRegressionState *state, Work *work, const IcmQrActive *active)
{
	Candidate  *heap = work->memory;	/* in place of the interior point method's */
	int			count = 0;

	for (int pass = 0; pass < 2 && count < state->rows.p; pass++)
	{
		for (size_t k = 0; k < active->n; k++)
		{
			heap[k].score = work->residual[k];
			heap[k].row = active->row == NULL ? (uint32_t) k : active->row[k];
		}
		count = ChooseBasis(state, active->rows, heap, active->n, pass == 0 ? INDEPENDENT : BARELY_INDEPENDENT,
							work->chosen, count);
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
		SetRow(state, &interior, i, i, 1.0);
	IcmQrInteriorSolve(&interior, tau, CLOSE, NULL, b);
	ScoreRows(work, &interior);
	outcome = FromScores(state, work, &active);
	regression->release(work);
	return outcome;
}

/* ---- windows around a plane ----------------------------------------------- */

/* The response of a row, moved by its noise, less its fit. */
static double
NoisyResidual(const IcmRegressionState *state, size_t i, const double *b)
{
	const double *row = IcmQrRow(&state->rows, i);
	int			p = state->rows.p;
	double		r = Response(state, i);

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

/* Some rows by how many bands they are off a plane: those below it stand in front, those above it at the end. */
typedef struct Sides
{
	Candidate  *heap;
	size_t		room;
	size_t		below;
	size_t		above;
} Sides;

static void
AddToSides(Sides *sides, double bands)
{
	if (bands < 0.0)
		sides->heap[sides->below++].score = -bands;
	else
		sides->heap[sides->room - ++sides->above].score = bands;
}

/* How many bands off a plane the next k of n rows are; all there are if these are fewer. */
static double
Reach(Candidate *heap, size_t n, double k)
{
	return k < n ? Score(heap, n, (size_t) k) : DBL_MAX;
}

/*
 * The window that has these shares of the rows, below the plane and above it. Each side has a width of its own: beside
 * a gap between responses a common one would take in rows of one side only.
 */
static Window
WindowOf(Sides *sides, double below, double above)
{
	double		n = sides->below + sides->above;
	Window		window = {
		-Reach(sides->heap, sides->below, below * n),
		Reach(sides->heap + sides->room - sides->above, sides->above, above * n)
	};

	return window;
}

/* The window that has so many rows around a plane, by a sample of them. */
static Window
WindowAround(const IcmRegressionState *state, Work *work, const double *b, double below, double above)
{
	const IcmQrRows *rows = &state->rows;
	Sides		sides = {work->memory, work->room, 0, 0};
	/* no more than there is room for: rows that are the same stand together, so some at the start would be no sample */
	size_t		step = (size_t) fmax(rows->n / sides.room + 1, floor((below + above) / WINDOW_SAMPLE));

	for (size_t i = 0; i < rows->n; i += step)
		if (state->band[i] > 0.0f)
			AddToSides(&sides, NoisyResidual(state, i, b) / state->band[i]);
	return WindowOf(&sides, below / rows->n, above / rows->n);
}

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

/* ---- a few rows in place of all ------------------------------------------- */

/*
 * Rows near a plane, and a sample of the others; or only a sample, of all. The sample stands for
 * the rows it is of, so that a plane can be found that is about right where they are more than there is room for.
 */
typedef struct Draft
{
	size_t		near;			/* how many rows of work->row, at its start, are near */
	size_t		n;				/* with the sample */
	double		least;			/* influence: of those with more, the sample has all */
	size_t		step;			/* of the others, every so manieth */
} Draft;

static bool
IsInfluential(const IcmRegressionState *state, size_t i, double least)
{
	double		band = state->band[i];

	return band * band * IcmQrWeight(&state->rows, IcmQrRow(&state->rows, i)) > least;
}

/* How many rows row k of the draft stands for. */
static double
Times(const IcmRegressionState *state, const Work *work, const Draft *draft, size_t k)
{
	return k < draft->near || IsInfluential(state, work->row[k], draft->least) ? 1.0 : (double) draft->step;
}

/*
 * Add a sample of about some size to the rows near a plane: all rows of high leverage, and every so
 * manieth of the others. False: there are too many of the first.
 */
static bool
ChooseSample(const IcmRegressionState *state, Work *work, size_t size, Draft *draft)
{
	const IcmQrRows *rows = &state->rows;
	size_t		influential = 0,
				others = 0;

	draft->least = LEVERAGE * rows->p / size * state->mean_weight;
	for (size_t i = 0; i < rows->n; i++)
		influential += IsInfluential(state, i, draft->least);
	if (influential > size / 2)
		return false;
	draft->step = (rows->n - influential) / (size - influential) + 1;
	draft->n = draft->near;
	for (size_t i = 0; i < rows->n; i++)
	{
		bool		chosen = IsInfluential(state, i, draft->least) || others++ % draft->step == 0;

		if (chosen && (draft->near == 0 || state->side[i] != 0))
			work->row[draft->n++] = (uint32_t) i;
		if (i % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	return true;
}

/*
 * What the a of the draft must make X'a, transformed: (1 - tau) X'w over all
 * rows, less the w x of those above the plane that it does not stand for.
 */
static void
FindGoal(const IcmRegressionState *state, const Work *work, double tau, const Draft *draft, double *goal)
{
	int			p = state->rows.p;
	IcmTwofold	active[P_MAX];
	double		sum[P_MAX];

	memset(active, 0, sizeof(active));
	for (size_t k = 0; k < draft->n; k++)
		IcmQrAddRow(&state->rows, work->row[k], Times(state, work, draft, k), active);
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

/* Come close to the minimum over a draft; goal and b as of IcmQrInteriorSolve(). */
static void
SolveDraft(const IcmRegressionState *state, Work *work, double tau, const Draft *draft, double tolerance,
		   const double *goal, double *b, IcmQrInterior *interior)
{
	IcmQrInteriorInit(interior, draft->n, state->rows.p, work->memory, state->rows.poll);
	for (size_t k = 0; k < draft->n; k++)
		SetRow(state, interior, k, work->row[k], Times(state, work, draft, k));
	IcmQrInteriorSolve(interior, tau, tolerance, goal, b);
}

/*
 * Step to the minimum over a draft from the scores of its rows. They are copied, as they have weights of their own here;
 * with the noise, by which they are no ties. fixed: as of IcmQrActive; NULL: there are only those of the draft.
 */
static bool
FinishDraft(IcmRegressionState *state, Work *work, double tau, const Draft *draft, const IcmTwofold *fixed, double *b)
{
	int			p = state->rows.p;
	IcmQrRows	copy = {
		.row = (double *) ((IcmQrBreak *) work->memory + work->room),.n = draft->n,.p = p,.width = p + 2,
		.weighted = true,.poll = state->rows.poll
	};
	IcmTwofold	total[P_MAX];
	IcmQrActive active = {
		&copy, tau, fixed == NULL ? total : state->total, fixed, NULL, draft->n, work->residual, work->memory
	};

	memset(total, 0, sizeof(total));
	for (size_t k = 0; k < draft->n; k++)
	{
		const double *row = IcmQrRow(&state->rows, work->row[k]);
		double	   *to = copy.row + k * copy.width;

		memcpy(to, row, p * sizeof(double));
		to[p] = Response(state, work->row[k]);
		to[p + 1] = IcmQrWeight(&state->rows, row) * Times(state, work, draft, k);
		IcmQrAddRow(&copy, k, 1.0, total);
	}
	if (FromScores(state, work, &active) != ICM_QR_OPTIMAL)
		return false;
	for (int j = 0; j < p; j++)
		b[j] = state->vertex.b[j].high;
	return true;
}

/*
 * Fit a draft, where there is a goal from the plane b, and leave the residuals. The interior point method is enough
 * where it gets there. False: there is no minimum; b is as it was.
 */
static bool
FitDraft(IcmRegressionState *state, Work *work, double tau, const Draft *draft, const double *goal, double *b)
{
	int			p = state->rows.p;
	double		plane[P_MAX];
	IcmQrInterior interior;

	if (goal != NULL)
	{
		memcpy(plane, b, p * sizeof(double));
		IcmQrTransformCoefficients(state->factor, p, plane);
	}
	SolveDraft(state, work, tau, draft, ROUGH, goal, plane, &interior);
	if (!interior.converged)
	{
		ScoreRows(work, &interior);
		return FinishDraft(state, work, tau, draft, goal == NULL ? NULL : work->fixed, b);
	}
	memcpy(work->residual, interior.residual, draft->n * sizeof(double));
	IcmQrTransformBack(state->factor, p, plane);
	memcpy(b, plane, p * sizeof(double));
	return true;
}

/*
 * Magnify the responses if the noise hides how they differ. enough: if so many of the n rows of a sample
 * differ no more; what these are off its plane is in work->residual.
 */
static bool
Magnify(IcmRegressionState *state, Work *work, size_t n, double enough)
{
	const IcmQrRows *rows = &state->rows;
	Candidate  *heap = work->memory;
	double		hidden = HIDDEN * state->noise;
	size_t		count = 0;

	for (size_t k = 0; k < n; k++)
		if (fabs(work->residual[k]) <= hidden)
		{
			heap[count].score = fabs(work->residual[k]);
			heap[count++].row = work->row[k];
		}
	if (state->magnified > 0.0 || count < enough ||
		ChooseBasis(state, rows, heap, count, INDEPENDENT, work->chosen, 0) < rows->p ||
		!IcmQrVertexSolve(rows, &state->vertex))
		return false;
	count = 0;
	for (size_t k = 0; k < n; k++)
	{
		double		r = fabs(IcmQrVertexResidual(rows, &state->vertex, work->row[k]));

		if (r > 0.0 && r <= hidden)
			heap[count++].score = r;
	}
	if (count < enough)
		return false;
	state->centre = state->vertex;
	state->magnified = ldexp(1.0, -(int) fmax(MAGNIFIED_LEAST, ilogb(Score(heap, count, count / 2))));
	state->noise = MAGNIFIED_NOISE;
	return true;
}

/* Fit a sample of some size. *window: that which has near of all rows, by the sample. */
static bool
FitSample(IcmRegressionState *state, Work *work, double tau, size_t size, double near, double *b, Window *window)
{
	Draft		draft = {0};
	Sides		sides = {work->memory, work->room, 0, 0};
	double		share = 0.5 * near / state->rows.n;

	if (!ChooseSample(state, work, size, &draft) || !FitDraft(state, work, tau, &draft, NULL, b))
		return false;
	if (Magnify(state, work, draft.n, ON_PLANE * near / state->rows.n * draft.n) &&
		!FitDraft(state, work, tau, &draft, NULL, b))
		return false;
	for (size_t k = 0; k < draft.n; k++)
		if (!IsInfluential(state, work->row[k], draft.least) && state->band[work->row[k]] > 0.0f)
			AddToSides(&sides, work->residual[k] / state->band[work->row[k]]);
	*window = WindowOf(&sides, share, share);
	return true;
}

/*
 * Come closer to the minimum from the plane b. Of rows that are neither near it nor in the sample, the sides are known:
 * the sample only stands for the change of their sum. *moved: how many of them change sides, by the sample.
 */
static bool
Refine(IcmRegressionState *state, Work *work, double tau, size_t size, double *b, double *moved)
{
	const IcmQrRows *rows = &state->rows;
	double		each = 0.5 * REFINE_NEAR * size;
	double		goal[P_MAX];
	Draft		draft;

	if (!TakeNear(state, work, tau, b, WindowAround(state, work, b, each, each), (size_t) (REFINE_NEAR_MAX * size),
				  &draft.near) ||
		!ChooseSample(state, work, (size_t) (REFINE_SAMPLE * size), &draft))
		return false;
	/* in digits enough for a draft */
	for (size_t k = draft.near; k < draft.n; k++)
		if (state->side[work->row[k]] == IcmQrSide(tau))
			IcmQrAddRow(rows, work->row[k], -Times(state, work, &draft, k), work->fixed);
	FindGoal(state, work, tau, &draft, goal);
	if (!FitDraft(state, work, tau, &draft, goal, b))
		return false;
	*moved = 0.0;
	for (size_t k = draft.near; k < draft.n; k++)
		if (!(work->residual[k] * state->side[work->row[k]] > 0.0))
			*moved += Times(state, work, &draft, k);
	return true;
}

/* ---- rows near a plane in place of all ------------------------------------ */

/* Fit the n active rows, the others being where they are; start from the plane b of transformed rows. */
static IcmQrOutcome
FitNear(IcmRegressionState *state, Work *work, double tau, size_t n, double *b)
{
	IcmQrActive active = {&state->rows, tau, state->total, work->fixed, work->row, n, work->residual, work->memory};
	Draft		draft = {.near = n,.n = n};
	IcmQrInterior interior;
	double		goal[P_MAX];

	FindGoal(state, work, tau, &draft, goal);
	SolveDraft(state, work, tau, &draft, CLOSE, goal, b, &interior);
	ScoreRows(work, &interior);
	return FromScores(state, work, &active);
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
 * Fit the rows in a window around the plane b, at most so many, and then those that
 * turn out to be on the wrong side. Not OPTIMAL: another window is needed.
 */
static IcmQrOutcome
FitWindow(IcmRegressionState *state, Work *work, double tau, const double *b, Window window, size_t most)
{
	size_t		n;
	double		start[P_MAX];
	IcmQrOutcome outcome;

	if (!TakeNear(state, work, tau, b, window, most, &n))
		return ICM_QR_STUCK;
	memcpy(start, b, sizeof(start));
	IcmQrTransformCoefficients(state->factor, state->rows.p, start);
	outcome = FitNear(state, work, tau, n, start);
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

/* Fit by way of a sample of some size, or, once started, from a plane b. Not OPTIMAL: a larger size is needed. */
static IcmQrOutcome
FitBySample(IcmRegressionState *state, Work *work, double tau, size_t size, double *b, bool *started)
{
	IcmQrOutcome outcome = ICM_QR_STUCK;
	Window		window;
	double		moved = 0.0;

	if (!*started)
	{
		*started = FitSample(state, work, tau, size, NEAR * size, b, &window);
		if (*started)
			outcome = FitWindow(state, work, tau, b, window, (size_t) (NEAR_MAX * size));
	}
	for (int round = 0; *started && outcome != ICM_QR_OPTIMAL && round < REFINE_ROUNDS; round++)
	{
		if (!Refine(state, work, tau, size, b, &moved))
			return ICM_QR_STUCK;
		if (moved > MOVED_MAX * size)
			continue;
		window = WindowAround(state, work, b, 0.5 * REFINE_NEAR * size, 0.5 * REFINE_NEAR * size);
		outcome = FitWindow(state, work, tau, b, window, (size_t) (NEAR_MAX * size));
	}
	return outcome;
}

/* Of how many rows a sample is. */
static size_t
SampleSize(const IcmQrRows *rows)
{
	return (size_t) pow((rows->p + 1.0) * rows->n, 2.0 / 3.0);
}

/* Find the vertex: by way of some rows, each time twice as many, or of all. */
IcmQrOutcome
IcmQrFit(IcmRegression *regression, double tau)
{
	IcmRegressionState *state = regression->state;
	size_t		n = state->rows.n;
	double		b[P_MAX];
	bool		started = false;
	IcmQrOutcome outcome;

	state->tau = -1.0;
	state->noise = state->noise_of_rows;
	state->magnified = 0.0;
	for (size_t size = SampleSize(&state->rows); n > ICM_QR_ROWS_MAX && size < n / 2; size *= 2)
	{
		Work	   *work = NewWork(regression, (size_t) (ROOM * size));

		outcome = FitBySample(state, work, tau, size, b, &started);
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

/* The plane of the vertex, for responses as of Response(). */
static void
NoisyPlane(const IcmRegressionState *state, double *b)
{
	for (int j = 0; j < state->rows.p; j++)
	{
		b[j] = state->vertex.b[j].high;
		if (state->magnified > 0.0)
			b[j] = state->magnified * IcmTwofoldSubtract(state->vertex.b[j], state->centre.b[j]).high;
		b[j] += state->noise * state->vertex.noise[j].high;
	}
}

/* Fit for tau + change, a small one; b: the noisy plane at tau. Not OPTIMAL: this is no way to do it. */
static IcmQrOutcome
FitBeside(IcmRegression *regression, double tau, double change, const double *b)
{
	IcmRegressionState *state = regression->state;
	double		n = state->rows.n,
				share = fmax(2.0 * BESIDE * sqrt(state->rows.p) * fabs(change), BESIDE_MIN / sqrt(n));
	double		ahead = 0.5 * share * n,
				rows = (1.0 + BEHIND) * ahead;
	Window		window;
	Work	   *work;
	IcmQrOutcome outcome;

	if (rows > 2.0 * SampleSize(&state->rows))
		return ICM_QR_STUCK;
	work = NewWork(regression, (size_t) (ROOM * rows));
	window = WindowAround(state, work, b, change > 0.0 ? BEHIND * ahead : ahead, change > 0.0 ? ahead : BEHIND * ahead);
	outcome = FitWindow(state, work, tau + change, b, window, work->room);
	regression->release(work);
	state->tau = -1.0;
	return outcome;
}

bool
IcmQrFitAround(IcmRegression *regression, double tau, double h, IcmTwofold *low, IcmTwofold *high)
{
	IcmRegressionState *state = regression->state;
	bool		beside = state->tau == tau && state->rows.n > ICM_QR_ROWS_MAX;
	double		b[P_MAX];

	if (beside)
		NoisyPlane(state, b);
	for (int turn = 0; turn < 2; turn++)
	{
		double		change = turn == 0 ? -h : h;

		if (!(beside && FitBeside(regression, tau, change, b) == ICM_QR_OPTIMAL))
		{
			beside = beside && state->magnified == 0.0;
			if (IcmQrFit(regression, tau + change) != ICM_QR_OPTIMAL)
				return false;
			/* b is not for responses that have been magnified otherwise */
			beside = beside && state->magnified == 0.0;
		}
		for (int j = 0; j < state->rows.p; j++)
			(turn == 0 ? low : high)[j] = state->vertex.b[j];
	}
	return true;
}
