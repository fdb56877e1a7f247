/*
 * qr_interior.c
 *		Quantile regression by an interior point method; see qr_interior.h.
 *
 * The residuals are not computed anew in each step but stepped along, so that
 * they keep their digits where they are far smaller than y.
 *
 * Loops over a block have a constant number of turns and no branches, so that
 * compilers compute several rows at a time without being asked for more than -O2.
 */
#include <math.h>
#include <string.h>

#include "math/cholesky.h"
#include "math/qr_interior.h"
#include "math/qr_rows.h"

#define BLOCK ICM_QR_BLOCK
#define ARRAYS 11				/* of a number for each row, beside x */
#define STEPS_MAX 100
#define INSIDE 0.99995			/* share of the way to the boundary that is gone at most */
#define STUCK 1e-3				/* steps below this lead nowhere, */
#define SLOW_STEPS 5			/* nor do so many that leave more than this share of the gap */
#define SLOW 0.8
#define WELL_INSIDE 0.1			/* share of u that a is off its bounds at the start */
#define POLL_BLOCKS (ICM_QR_POLL_ROWS / BLOCK)

static size_t
Blocks(size_t n)
{
	return (n + BLOCK - 1) / BLOCK;
}

size_t
IcmQrInteriorBytes(size_t n, int p)
{
	return Blocks(n) * BLOCK * sizeof(double) * (p + ARRAYS);
}

void
IcmQrInteriorInit(IcmQrInterior *interior, size_t n, int p, void *memory, void (*poll) (void))
{
	size_t		rows = Blocks(n) * BLOCK;
	double	   *next = memory;
	double	  **arrays[ARRAYS] = {
		&interior->residual, &interior->upper, &interior->a, &interior->slack, &interior->below, &interior->above,
		&interior->step_a, &interior->step_below, &interior->step_above, &interior->target, &interior->q
	};

	interior->n = n;
	interior->blocks = Blocks(n);
	interior->p = p;
	interior->solved = false;
	interior->converged = false;
	interior->poll = poll;
	interior->x = next;
	next += rows * p;
	for (int i = 0; i < ARRAYS; i++, next += rows)
		*arrays[i] = next;
	for (size_t i = n / BLOCK * BLOCK; i < rows; i++)
	{
		double		zero[ICM_QR_COLUMNS_MAX] = {0.0};

		IcmQrInteriorSetRow(interior, i, zero, 0.0, 1.0);
	}
}

void
IcmQrInteriorSetRow(IcmQrInterior *interior, size_t i, const double *x, double y, double upper)
{
	double	   *block = interior->x + i / BLOCK * BLOCK * interior->p;

	for (int j = 0; j < interior->p; j++)
		block[j * BLOCK + i % BLOCK] = x[j];
	interior->residual[i] = y;
	interior->upper[i] = upper;
}

/* ---- blocks --------------------------------------------------------------- */

/* The arrays of one block. */
typedef struct Block
{
	const double *x;
	size_t		start;			/* in the others */
} Block;

static Block
BlockAt(const IcmQrInterior *in, size_t block)
{
	Block		result = {in->x + block * BLOCK * in->p, block * BLOCK};

	if (block % POLL_BLOCKS == 0)
		in->poll();
	return result;
}

/* result = X v */
static void
Multiply(const double *restrict x, int p, const double *restrict v, double *restrict result)
{
	for (int i = 0; i < BLOCK; i++)
		result[i] = 0.0;
	for (int j = 0; j < p; j++)
		for (int i = 0; i < BLOCK; i++)
			result[i] += x[j * BLOCK + i] * v[j];
}

/* sum += X'v */
static void
AddProducts(const double *restrict x, int p, const double *restrict v, double *restrict sum)
{
	for (int j = 0; j < p; j++)
		sum[j] += IcmQrBlockDot(x + j * BLOCK, v);
}

static double
Largest(const double *restrict v, double largest)
{
	double		lane[4] = {largest, largest, largest, largest};

	for (int i = 0; i < BLOCK; i += 4)
		for (int j = 0; j < 4; j++)
			lane[j] = v[i + j] > lane[j] ? v[i + j] : lane[j];
	lane[0] = lane[1] > lane[0] ? lane[1] : lane[0];
	lane[2] = lane[3] > lane[2] ? lane[3] : lane[2];
	return lane[2] > lane[0] ? lane[2] : lane[0];
}

/* ---- start ---------------------------------------------------------------- */

/* Solve for the coefficients of weighted least squares, which a step is: matrix is the packed X'QX. */
static bool
SolveSquares(double *matrix, int p, double *b)
{
	if (!IcmCholesky(matrix, p))
		return false;
	IcmCholeskySolve(matrix, p, b);
	for (int j = 0; j < p; j++)
		if (!isfinite(b[j]))
			return false;
	return true;
}

/* The factor of X'UX, and X'Uy for the responses. */
static bool
Squares(const IcmQrInterior *in, double *matrix, double *products)
{
	int			p = in->p;

	memset(matrix, 0, p * (p + 1) / 2 * sizeof(double));
	memset(products, 0, p * sizeof(double));
	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		double		product[BLOCK];

		for (int i = 0; i < BLOCK; i++)
			product[i] = in->upper[at.start + i] * in->residual[at.start + i];
		IcmQrAddSquares(at.x, in->upper + at.start, p, matrix);
		AddProducts(at.x, p, product, products);
	}
	return IcmCholesky(matrix, p);
}

/* a = u times what satisfies X'a = goal, X'UX (level) = goal, as far as that is well inside. */
static void
StartDual(IcmQrInterior *in, const double *level)
{
	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		double		share[BLOCK];

		Multiply(at.x, in->p, level, share);
		for (int i = 0; i < BLOCK; i++)
			in->a[at.start + i] = in->upper[at.start + i] * fmin(1.0 - WELL_INSIDE, fmax(WELL_INSIDE, share[i]));
	}
}

/* The residuals of b, split into multipliers that are as far off 0 as residuals are on the average. */
static void
StartPrimal(IcmQrInterior *in, const double *b)
{
	double		sum = 0.0,
				mean;

	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		double		fitted[BLOCK];

		Multiply(at.x, in->p, b, fitted);
		for (int i = 0; i < BLOCK; i++)
		{
			in->residual[at.start + i] -= fitted[i];
			sum += fabs(in->residual[at.start + i]);
		}
	}
	mean = sum > 0.0 ? sum / (in->blocks * BLOCK) : 1.0;
	for (size_t i = 0; i < in->blocks * BLOCK; i++)
	{
		double		r = in->residual[i];

		in->slack[i] = in->upper[i] - in->a[i];
		in->below[i] = (r < 0.0 ? -r : 0.0) + mean;
		in->above[i] = (r > 0.0 ? r : 0.0) + mean;
	}
}

/* ---- a step --------------------------------------------------------------- */

typedef struct Step
{
	double		matrix[ICM_QR_PACKED_MAX];	/* X'QX, then its factor */
	double		miss[ICM_QR_COLUMNS_MAX];	/* goal - X'a */
	double		b[ICM_QR_COLUMNS_MAX];
	double		primal;			/* how far the step of a, and of the multipliers with b, can go */
	double		dual;
	double		gap;			/* a'below + slack'above */
	double		objective;
} Step;

/*
 * Q = 1 / (above / slack + below / a), and the step of least squares with these
 * weights: the predictor of Newton's method for complementarities of 0.
 */
static bool
PrepareStep(IcmQrInterior *in, double tau, const double *goal, Step *step)
{
	int			p = in->p;

	memset(step, 0, sizeof(*step));
	for (int j = 0; j < p; j++)
		step->miss[j] = -goal[j];
	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		const double *restrict residual = in->residual + at.start;
		const double *restrict upper = in->upper + at.start;
		const double *restrict a = in->a + at.start;
		const double *restrict slack = in->slack + at.start;
		const double *restrict below = in->below + at.start;
		const double *restrict above = in->above + at.start;
		double	   *restrict q = in->q + at.start;
		double		product[BLOCK],
					loss[BLOCK];

		for (int i = 0; i < BLOCK; i++)
			q[i] = a[i] * slack[i] / (above[i] * a[i] + below[i] * slack[i]);
		for (int i = 0; i < BLOCK; i++)
		{
			product[i] = q[i] * residual[i];
			loss[i] = upper[i] * (0.5 * fabs(residual[i]) + (tau - 0.5) * residual[i]);
		}
		IcmQrAddSquares(at.x, q, p, step->matrix);
		AddProducts(at.x, p, product, step->b);
		AddProducts(at.x, p, a, step->miss);
		step->gap += IcmQrBlockDot(a, below) + IcmQrBlockDot(slack, above);
		for (int i = 0; i < BLOCK; i++)
			step->objective += loss[i];
	}
	for (int j = 0; j < p; j++)
	{
		step->b[j] += step->miss[j];
		step->miss[j] = -step->miss[j];
	}
	return SolveSquares(step->matrix, p, step->b);
}

/*
 * The predictor's steps, how far they can go, and mu: the complementarity to aim
 * at, by what would be left of the gap (Mehrotra). Leaves target = the products of
 * second order.
 */
static double
Predict(IcmQrInterior *in, Step *step)
{
	double		primal = 0.0,
				dual = 0.0;
	double		slope_primal = 0.0,
				slope_dual = 0.0,
				square = 0.0,
				left;

	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		const double *restrict residual = in->residual + at.start;
		const double *restrict a = in->a + at.start;
		const double *restrict slack = in->slack + at.start;
		const double *restrict below = in->below + at.start;
		const double *restrict above = in->above + at.start;
		const double *restrict q = in->q + at.start;
		double	   *restrict step_a = in->step_a + at.start;
		double	   *restrict step_below = in->step_below + at.start;
		double	   *restrict step_above = in->step_above + at.start;
		double		fitted[BLOCK],
					down[BLOCK],
					up[BLOCK],
					limit[BLOCK],
					limit_dual[BLOCK],
					difference[BLOCK];

		Multiply(at.x, in->p, step->b, fitted);
		for (int i = 0; i < BLOCK; i++)
		{
			step_a[i] = q[i] * (residual[i] - fitted[i]);
			down[i] = step_a[i] / a[i];
			up[i] = step_a[i] / slack[i];
		}
		for (int i = 0; i < BLOCK; i++)
		{
			step_below[i] = -below[i] - below[i] * down[i];
			step_above[i] = -above[i] + above[i] * up[i];
			limit[i] = -down[i] > up[i] ? -down[i] : up[i];
			limit_dual[i] = 1.0 + (down[i] > -up[i] ? down[i] : -up[i]);
			difference[i] = below[i] - above[i];
		}
		primal = Largest(limit, primal);
		dual = Largest(limit_dual, dual);
		slope_primal += IcmQrBlockDot(step_a, difference);
		slope_dual += IcmQrBlockDot(a, step_below) + IcmQrBlockDot(slack, step_above);
		for (int i = 0; i < BLOCK; i++)
			difference[i] = step_below[i] - step_above[i];
		square += IcmQrBlockDot(step_a, difference);
	}
	step->primal = primal > INSIDE ? INSIDE / primal : 1.0;
	step->dual = dual > INSIDE ? INSIDE / dual : 1.0;
	left = step->gap + step->primal * slope_primal + step->dual * slope_dual + step->primal * step->dual * square;
	left = left > 0.0 ? left / step->gap : 0.0;
	return left * left * left * step->gap / (2.0 * in->blocks * BLOCK);
}

/* The right side of the corrector; leaves in step_below and step_above what each complementarity aims at. */
static void
PrepareCorrector(IcmQrInterior *in, double mu, Step *step)
{
	memcpy(step->b, step->miss, in->p * sizeof(double));
	for (int j = 0; j < in->p; j++)
		step->b[j] = -step->b[j];
	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		const double *restrict residual = in->residual + at.start;
		const double *restrict a = in->a + at.start;
		const double *restrict slack = in->slack + at.start;
		const double *restrict q = in->q + at.start;
		const double *restrict step_a = in->step_a + at.start;
		double	   *restrict step_below = in->step_below + at.start;
		double	   *restrict step_above = in->step_above + at.start;
		double	   *restrict target = in->target + at.start;
		double		product[BLOCK];

		for (int i = 0; i < BLOCK; i++)
		{
			step_below[i] = (mu - step_a[i] * step_below[i]) / a[i];
			step_above[i] = (mu + step_a[i] * step_above[i]) / slack[i];
			target[i] = residual[i] + step_below[i] - step_above[i];
			product[i] = q[i] * target[i];
		}
		AddProducts(at.x, in->p, product, step->b);
	}
}

/* The corrector's steps, and how far they can go. */
static void
Correct(IcmQrInterior *in, Step *step)
{
	double		primal = 0.0,
				dual = 0.0;

	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		const double *restrict a = in->a + at.start;
		const double *restrict slack = in->slack + at.start;
		const double *restrict below = in->below + at.start;
		const double *restrict above = in->above + at.start;
		const double *restrict q = in->q + at.start;
		double	   *restrict target = in->target + at.start;
		double	   *restrict step_a = in->step_a + at.start;
		double	   *restrict step_below = in->step_below + at.start;
		double	   *restrict step_above = in->step_above + at.start;
		double		fitted[BLOCK],
					limit[BLOCK],
					limit_dual[BLOCK];

		Multiply(at.x, in->p, step->b, fitted);
		for (int i = 0; i < BLOCK; i++)
		{
			double		down,
						up;

			step_a[i] = q[i] * (target[i] - fitted[i]);
			target[i] = fitted[i];	/* the step of the residual */
			down = step_a[i] / a[i];
			up = step_a[i] / slack[i];
			step_below[i] = step_below[i] - below[i] - below[i] * down;
			step_above[i] = step_above[i] - above[i] + above[i] * up;
			limit[i] = -down > up ? -down : up;
		}
		for (int i = 0; i < BLOCK; i++)
		{
			double		first = -step_below[i] / below[i],
						second = -step_above[i] / above[i];

			limit_dual[i] = first > second ? first : second;
		}
		primal = Largest(limit, primal);
		dual = Largest(limit_dual, dual);
	}
	step->primal = primal > INSIDE ? INSIDE / primal : 1.0;
	step->dual = dual > INSIDE ? INSIDE / dual : 1.0;
}

static void
Move(IcmQrInterior *in, const Step *step, double *b)
{
	double		primal = step->primal,
				dual = step->dual;

	for (int j = 0; j < in->p; j++)
		b[j] += dual * step->b[j];
	for (size_t k = 0; k < in->blocks; k++)
	{
		Block		at = BlockAt(in, k);
		double	   *restrict residual = in->residual + at.start;
		double	   *restrict a = in->a + at.start;
		double	   *restrict slack = in->slack + at.start;
		double	   *restrict below = in->below + at.start;
		double	   *restrict above = in->above + at.start;
		const double *restrict target = in->target + at.start;
		const double *restrict step_a = in->step_a + at.start;
		const double *restrict step_below = in->step_below + at.start;
		const double *restrict step_above = in->step_above + at.start;

		for (int i = 0; i < BLOCK; i++)
		{
			residual[i] -= dual * target[i];
			a[i] += primal * step_a[i];
			slack[i] -= primal * step_a[i];
			below[i] += dual * step_below[i];
			above[i] += dual * step_above[i];
		}
	}
}

/* Where to start; goal, where it is not given, is a result too. */
static bool
Start(IcmQrInterior *in, double tau, const double *given, double *goal, double *b)
{
	double		matrix[ICM_QR_PACKED_MAX],
				products[ICM_QR_COLUMNS_MAX],
				level[ICM_QR_COLUMNS_MAX];

	memset(goal, 0, in->p * sizeof(double));
	if (!Squares(in, matrix, products))
		return false;
	if (given == NULL)
	{
		memcpy(b, products, in->p * sizeof(double));
		IcmCholeskySolve(matrix, in->p, b);
		for (size_t i = 0; i < in->blocks * BLOCK; i++)
			in->a[i] = (1.0 - tau) * in->upper[i];
		for (size_t k = 0; k < in->blocks; k++)
			AddProducts(BlockAt(in, k).x, in->p, in->a + k * BLOCK, goal);
	}
	else
	{
		memcpy(goal, given, in->p * sizeof(double));
		memcpy(level, given, in->p * sizeof(double));
		IcmCholeskySolve(matrix, in->p, level);
		StartDual(in, level);
	}
	StartPrimal(in, b);
	return true;
}

bool
IcmQrInteriorSolve(IcmQrInterior *in, double tau, double tolerance, const double *goal, double *b)
{
	Step		step;
	double		sum[ICM_QR_COLUMNS_MAX],
				gap[SLOW_STEPS] = {0.0};	/* before the last steps */

	if (!Start(in, tau, goal, sum, b))
		return false;
	for (int steps = 0; steps < STEPS_MAX; steps++)
	{
		double		mu;

		if (!PrepareStep(in, tau, sum, &step))
			break;
		in->solved = true;
		in->converged = !(step.gap > tolerance * step.objective);
		if (in->converged || (steps >= SLOW_STEPS && step.gap > SLOW * gap[steps % SLOW_STEPS]))
			break;
		gap[steps % SLOW_STEPS] = step.gap;
		mu = Predict(in, &step);
		PrepareCorrector(in, mu, &step);
		IcmCholeskySolve(step.matrix, in->p, step.b);
		Correct(in, &step);
		if (!(step.primal > STUCK || step.dual > STUCK))
			break;
		Move(in, &step, b);
	}
	return in->solved;
}
