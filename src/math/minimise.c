/*
 * minimise.c
 *		Minimum of a smooth function; see minimise.h.
 */
#include <math.h>
#include <string.h>

#include "math/cholesky.h"
#include "math/minimise.h"

#define N ICM_VARIABLES_MAX
#define BFGS_STEPS 300
#define NEWTON_STEPS 30
#define PATIENCE 25				/* steps between looks at what has been gained */
#define PATIENCE_GAIN 1e-9		/* least gain in them */
#define LONGEST_STEP 2.0		/* of any one variable */
#define DIFFERENCE 1e-4			/* of a variable, for the Hessian */

typedef struct Point
{
	double		value;
	double		x[N];
	double		gradient[N];
} Point;

typedef struct Problem
{
	IcmObjective f;
	void	   *arg;
	int			n;
	double		limit;
	double		tolerance;
	void		(*poll) (void);
} Problem;

static double
Dot(const double *a, const double *b, int n)
{
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static void
Evaluate(const Problem *problem, Point *point)
{
	point->value = problem->f(point->x, point->gradient, problem->arg);
	for (int i = 0; i < problem->n; i++)
		if (!isfinite(point->gradient[i]))
			point->value = NAN;
}

/* Has a variable gone beyond the limit? */
static int
IsBeyond(const Problem *problem, const Point *point)
{
	for (int i = 0; i < problem->n; i++)
		if (fabs(point->x[i]) > problem->limit)
			return 1;
	return 0;
}

/*
 * Go from *from along direction, in which the function falls, to a lower point,
 * which replaces it: halve (or interpolate) the step until the function has
 * fallen enough. Returns the length of the step in units of direction, 0 if
 * there is none.
 */
static double
Descend(const Problem *problem, Point *from, const double *direction)
{
	int			n = problem->n;
	double		slope = Dot(from->gradient, direction, n);
	double		step = 1.0;
	Point		to = {0};

	for (int i = 0; i < n; i++)
		if (step * fabs(direction[i]) > LONGEST_STEP)
			step = LONGEST_STEP / fabs(direction[i]);
	for (int tries = 0; tries < 40; tries++)
	{
		double		parabola;

		for (int i = 0; i < n; i++)
			to.x[i] = from->x[i] + step * direction[i];
		Evaluate(problem, &to);
		/* where the fall is lost in rounding, a smaller gradient will do */
		if (to.value <= from->value + 1e-4 * step * slope ||
			(to.value <= from->value + 1e-13 * fabs(from->value) &&
			 Dot(to.gradient, to.gradient, n) < 0.25 * Dot(from->gradient, from->gradient, n)))
		{
			*from = to;
			return step;
		}
		parabola = -0.5 * slope * step * step / (to.value - from->value - slope * step);
		step = parabola > 0.1 * step && parabola < 0.5 * step ? parabola : 0.25 * step;
	}
	return 0.0;
}

/* Update the inverse Hessian h by a step s and the change y of the gradient. */
static void
UpdateInverse(double h[N][N], const double *s, const double *y, int n, int first)
{
	double		sy = Dot(s, y, n);
	double		hy[N];
	double		factor;

	if (sy <= 1e-10 * sqrt(Dot(s, s, n) * Dot(y, y, n)))
		return;
	if (first)
		for (int i = 0; i < n; i++)
			h[i][i] = sy / Dot(y, y, n);
	for (int i = 0; i < n; i++)
		hy[i] = Dot(h[i], y, n);
	factor = 1.0 + Dot(y, hy, n) / sy;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			h[i][j] += (factor * s[i] * s[j] - hy[i] * s[j] - s[i] * hy[j]) / sy;
}

static void
SetIdentity(double h[N][N], int n)
{
	memset(h, 0, sizeof(double) * N * N);
	for (int i = 0; i < n; i++)
		h[i][i] = 1.0;
}

/* Down to where the gradient is small, for Newton's method to go on. */
static void
Bfgs(const Problem *problem, const double *guess, Point *point)
{
	int			n = problem->n;
	double		h[N][N];
	int			first = guess == NULL;
	double		last_look = INFINITY;

	SetIdentity(h, n);
	for (int i = 0; !first && i < n; i++)
		for (int j = 0; j < n; j++)
			h[i][j] = guess[i > j ? ICM_PACKED(i, j) : ICM_PACKED(j, i)];
	for (int step = 0; step < BFGS_STEPS; step++)
	{
		Point		before = *point;
		double		direction[N],
					y[N],
					s[N];

		problem->poll();
		if (Dot(point->gradient, point->gradient, n) < 1e-10 || IsBeyond(problem, point))
			return;
		if (step % PATIENCE == 0)
		{
			if (last_look - point->value < PATIENCE_GAIN)
				return;
			last_look = point->value;
		}
		for (int i = 0; i < n; i++)
			direction[i] = -Dot(h[i], point->gradient, n);
		if (Dot(direction, point->gradient, n) >= 0.0 || Descend(problem, point, direction) == 0.0)
		{
			if (first)
				return;
			SetIdentity(h, n);
			first = 1;
			continue;
		}
		for (int i = 0; i < n; i++)
		{
			s[i] = point->x[i] - before.x[i];
			y[i] = point->gradient[i] - before.gradient[i];
		}
		UpdateInverse(h, s, y, n, first);
		first = 0;
	}
}

/* Packed lower triangle of the Hessian, from differences of the gradient. */
static int
Hessian(const Problem *problem, const Point *point, double *packed)
{
	int			n = problem->n;
	double		row[N][N];

	for (int i = 0; i < n; i++)
	{
		Point		up = *point,
					down = *point;

		up.x[i] += DIFFERENCE;
		down.x[i] -= DIFFERENCE;
		Evaluate(problem, &up);
		Evaluate(problem, &down);
		if (!isfinite(up.value) || !isfinite(down.value))
			return 0;
		for (int j = 0; j < n; j++)
			row[i][j] = (up.gradient[j] - down.gradient[j]) / (up.x[i] - down.x[i]);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			*packed++ = 0.5 * (row[i][j] + row[j][i]);
	return 1;
}

/* Newton's method from a point that should be near the minimum, which it replaces. */
static IcmMinimum
Newton(const Problem *problem, Point *point, double *covariance)
{
	int			n = problem->n;

	for (int step = 0; step < NEWTON_STEPS; step++)
	{
		double		factor[ICM_HESSIAN_MAX];
		double		direction[N];
		double		gain;

		problem->poll();
		if (IsBeyond(problem, point) || !Hessian(problem, point, factor))
			return ICM_MINIMUM_NOT_FOUND;
		if (!IcmCholesky(factor, n))
			return ICM_MINIMUM_NOT_CONVEX;
		for (int i = 0; i < n; i++)
			direction[i] = -point->gradient[i];
		IcmCholeskySolve(factor, n, direction);
		gain = -0.5 * Dot(direction, point->gradient, n);
		if (gain < problem->tolerance)
		{
			/* the step that would gain so little is made: it costs nothing more */
			for (int i = 0; i < n; i++)
				point->x[i] += direction[i];
			point->value -= gain;
			IcmCholeskyInvert(factor, n, covariance);
			return ICM_MINIMUM_FOUND;
		}
		if (Descend(problem, point, direction) == 0.0)
			break;
	}
	return ICM_MINIMUM_NOT_FOUND;
}

IcmMinimum
IcmMinimise(IcmObjective f, void *arg, int n, double limit, double tolerance, void (*poll) (void),
			const double *guess, double *x, double *value, double *covariance)
{
	Problem		problem = {f, arg, n, limit, tolerance, poll};
	Point		point = {0};
	IcmMinimum	result;

	memcpy(point.x, x, n * sizeof(double));
	Evaluate(&problem, &point);
	*value = point.value;
	if (!isfinite(point.value))
		return ICM_MINIMUM_NOT_FOUND;
	Bfgs(&problem, guess, &point);
	result = Newton(&problem, &point, covariance);
	memcpy(x, point.x, n * sizeof(double));
	*value = point.value;
	return result;
}
