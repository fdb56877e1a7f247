/*
 * qr_vertex.c
 *		Quantile regression from vertex to vertex; see qr_vertex.h.
 *
 * Values of x and y are at most 1 (IcmQrScale()), so the terms of a residual are
 * no more than 1 + sum |b|.
 */
#include <float.h>
#include <math.h>

#include "math/qr_vertex.h"

#define STEPS_MAX 100000
#define TOLERANCE 0x1p-40		/* of subgradients, to the weight */

#define SINGULAR 0x1p-90		/* pivot of rows that are not independent */
#define SOLVED 0x1p-100			/* what a solution may be off by, to its size, or as much more as the pivots differ */
#define CONVERGES 0x1p-12		/* a solution that is off by less, to its size, can be made better */
#define REFINED 0x1p-110		/* what it may be off by in the end, beside its last digit */
#define UNSURE 0x1p8			/* how much more that may be, as it is not known but estimated */
#define CANCELS 0x1p-20			/* a sum whose terms deserve a closer look */
#define FEW_DIGITS 0x1p10		/* times what may be lost: a residual that has too few */
#define LEAST 0x1p-900			/* a residual that is 0: there, two doubles have not all of their digits */
#define TIE DBL_MIN				/* stands for a residual of 0, with the sign of that of the noise */

/* ---- the plane through p rows --------------------------------------------- */

static IcmTwofold
Scaled(IcmTwofold a, double scale)
{
	IcmTwofold	result = {a.high * scale, a.low * scale};

	return result;
}

/* a -= b c */
static void
Reduce(IcmTwofold *a, IcmTwofold b, IcmTwofold c)
{
	*a = IcmTwofoldSubtract(*a, IcmTwofoldMultiply(b, c));
}

/*
 * Factor the basis, its rows scaled by powers of two to a largest value near 1,
 * with partial pivoting.
 */
static bool
Factor(const IcmQrRows *rows, IcmQrVertex *v)
{
	int			p = rows->p;
	double		largest = 0.0,
				smallest = HUGE_VAL;

	for (int i = 0; i < p; i++)
	{
		const double *row = IcmQrRow(rows, v->basis[i]);
		double		size = 0.0;
		int			exponent;

		for (int j = 0; j < p; j++)
			size = fabs(row[j]) > size ? fabs(row[j]) : size;
		frexp(size, &exponent);
		v->scale[i] = ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
		v->pivot[i] = i;
		for (int j = 0; j < p; j++)
			v->lu[i * p + j] = IcmTwofoldOf(row[j] * v->scale[i]);
	}
	for (int k = 0; k < p; k++)
	{
		int			best = k;
		double		size;

		for (int i = k + 1; i < p; i++)
			if (fabs(v->lu[i * p + k].high) > fabs(v->lu[best * p + k].high))
				best = i;
		if (best != k)
		{
			int			row = v->pivot[k];

			v->pivot[k] = v->pivot[best];
			v->pivot[best] = row;
			for (int j = 0; j < p; j++)
			{
				IcmTwofold	kept = v->lu[k * p + j];

				v->lu[k * p + j] = v->lu[best * p + j];
				v->lu[best * p + j] = kept;
			}
		}
		size = fabs(v->lu[k * p + k].high);
		if (!(size > SINGULAR))
			return false;
		largest = size > largest ? size : largest;
		smallest = size < smallest ? size : smallest;
		for (int i = k + 1; i < p; i++)
		{
			IcmTwofold	factor = IcmTwofoldDivide(v->lu[i * p + k], v->lu[k * p + k]);

			v->lu[i * p + k] = factor;
			if (factor.high != 0.0)
				for (int j = k + 1; j < p; j++)
					Reduce(&v->lu[i * p + j], factor, v->lu[k * p + j]);
		}
	}
	v->solved = SOLVED * largest / smallest;
	return true;
}

/* Replace right, in the order of the basis, by the solution of B b = right. */
static void
Solve(const IcmQrVertex *v, int p, IcmTwofold *right)
{
	IcmTwofold	b[ICM_QR_COLUMNS_MAX];

	for (int i = 0; i < p; i++)
	{
		b[i] = Scaled(right[v->pivot[i]], v->scale[v->pivot[i]]);
		for (int j = 0; j < i; j++)
			Reduce(&b[i], v->lu[i * p + j], b[j]);
	}
	for (int i = p - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < p; j++)
			Reduce(&b[i], v->lu[i * p + j], b[j]);
		b[i] = IcmTwofoldDivide(b[i], v->lu[i * p + i]);
	}
	for (int i = 0; i < p; i++)
		right[i] = b[i];
}

/* Replace right by the solution, in the order of the basis, of B'd = right. */
static void
SolveTransposed(const IcmQrVertex *v, int p, IcmTwofold *right)
{
	IcmTwofold	d[ICM_QR_COLUMNS_MAX];

	for (int i = 0; i < p; i++)
	{
		d[i] = right[i];
		for (int j = 0; j < i; j++)
			Reduce(&d[i], v->lu[j * p + i], d[j]);
		d[i] = IcmTwofoldDivide(d[i], v->lu[i * p + i]);
	}
	for (int i = p - 1; i >= 0; i--)
		for (int j = i + 1; j < p; j++)
			Reduce(&d[i], v->lu[j * p + i], d[j]);
	for (int i = 0; i < p; i++)
		right[v->pivot[i]] = Scaled(d[i], v->scale[v->pivot[i]]);
}

/* sum += term, in four doubles */
static inline void
AddTerm(double *sum, double term)
{
	for (int k = 0; k < 3; k++)
		sum[k] = IcmTwofoldSum(sum[k], term, &term);
	sum[3] += term;
}

/* right - x'b, which is much smaller than its terms */
static IcmTwofold
Remainder(const double *x, int p, const IcmTwofold *b, double right)
{
	double		sum[4] = {right, 0.0, 0.0, 0.0};
	IcmTwofold	result;

	for (int j = 0; j < p; j++)
	{
		double		high = x[j] * b[j].high,
					low = x[j] * b[j].low;

		AddTerm(sum, -high);
		AddTerm(sum, -low);
		AddTerm(sum, -fma(x[j], b[j].high, -high));
		AddTerm(sum, -fma(x[j], b[j].low, -low));
	}
	/* what cancels moves up */
	for (int pass = 0; pass < 3; pass++)
		for (int k = 3; k > 0; k--)
			sum[k - 1] = IcmTwofoldSum(sum[k - 1], sum[k], &sum[k]);
	result.high = sum[0];
	result.low = sum[1];
	return result;
}

/*
 * The solution of B b = right to the last digit, also where the basis is ill-conditioned, by solving for what
 * remains: each time what it is off by gets smaller by the share that the first solution was off by, or could
 * have been. *size: sum |b|; *lost: what each of b may be off by, beside its last digit. False: too
 * ill-conditioned for that.
 */
static bool
SolveWell(const IcmQrRows *rows, const IcmQrVertex *v, const double *right, IcmTwofold *b, double *size, double *lost)
{
	int			p = rows->p;
	double		share = v->solved,
				off = 1.0;

	for (int i = 0; i < p; i++)
		b[i] = IcmTwofoldOf(right[i]);
	Solve(v, p, b);
	for (int pass = 0; pass == 0 || off > REFINED; pass++)
	{
		IcmTwofold	step[ICM_QR_COLUMNS_MAX];
		double		change = 0.0;

		*size = 0.0;
		for (int i = 0; i < p; i++)
			step[i] = Remainder(IcmQrRow(rows, v->basis[i]), p, b, right[i]);
		Solve(v, p, step);
		for (int i = 0; i < p; i++)
		{
			b[i] = IcmTwofoldAdd(b[i], step[i]);
			change += fabs(step[i].high);
			*size += fabs(b[i].high);
		}
		if (pass == 0)
		{
			share = fmax(share, change == 0.0 ? 0.0 : change / *size);
			off = change == 0.0 ? 0.0 : share;
		}
		if (!(share < CONVERGES && isfinite(*size)))
			return false;
		off *= share;
	}
	*lost = UNSURE * off * *size;
	/* what is but lost digits is 0 */
	for (int i = 0; i < p; i++)
		if (fabs(b[i].high) <= *lost)
			b[i] = IcmTwofoldOf(0.0);
	return true;
}

bool
IcmQrVertexSolve(const IcmQrRows *rows, IcmQrVertex *v)
{
	int			p = rows->p;
	double		y[ICM_QR_COLUMNS_MAX] = {0.0};

	if (!Factor(rows, v))
		return false;
	for (int i = 0; i < p; i++)
	{
		y[i] = IcmQrRow(rows, v->basis[i])[p];
		v->noise[i] = IcmTwofoldOf(IcmQrNoise(v->basis[i]));
	}
	Solve(v, p, v->noise);
	if (!SolveWell(rows, v, y, v->b, &v->size, &v->lost))
		return false;
	v->lost += LEAST;
	v->size += 1.0;
	v->noise_size = 1.0;
	for (int i = 0; i < p; i++)
		v->noise_size += fabs(v->noise[i].high);
	return true;
}

/* ---- residuals ------------------------------------------------------------ */

static bool
IsInBasis(const IcmQrVertex *v, int p, size_t i)
{
	for (int k = 0; k < p; k++)
		if (v->basis[k] == i)
			return true;
	return false;
}

/*
 * The sum of products with b, in two doubles, and of their absolute values, of which CloseError() is lost
 * (Ogita, Rump and Oishi 2005, "Accurate sum and dot product").
 */
static IcmTwofold
CloseProduct(const double *row, int p, const IcmTwofold *b, double *terms)
{
	IcmTwofold	result;
	double		sum = 0.0,
				low = 0.0;

	*terms = 0.0;
	for (int j = 0; j < p; j++)
	{
		double		product,
					error;

		if (b[j].high == 0.0)
			continue;
		product = row[j] * b[j].high;
		low += fma(row[j], b[j].high, -product) + row[j] * b[j].low;
		sum = IcmTwofoldSum(sum, product, &error);
		low += error;
		*terms += fabs(product);
	}
	result.high = IcmTwofoldSum(sum, low, &result.low);
	return result;
}

static inline double
CloseError(int p)
{
	return (p + 4) * (p + 4) * 0x1p-105;
}

/* What is lost in a sum of products that is computed in doubles, as a share of their absolute values. */
static inline double
Error(int p)
{
	return (p + 4) * DBL_EPSILON;
}

/* *error: what it may be off by; what is no larger is 0. */
static IcmTwofold
CloseResidual(const IcmQrRows *rows, const IcmQrVertex *v, const double *row, double *error)
{
	double		terms;
	IcmTwofold	r = IcmTwofoldSubtract(IcmTwofoldOf(row[rows->p]), CloseProduct(row, rows->p, v->b, &terms));

	*error = CloseError(rows->p) * (terms + fabs(row[rows->p])) + v->lost;
	return fabs(r.high) <= *error ? IcmTwofoldOf(0.0) : r;
}

/* The residual of a row: within Error() of v->size, and with the right sign in any case. */
static inline double
Residual(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	const double *row = IcmQrRow(rows, i);
	double		r = row[rows->p],
				error;

	for (int j = 0; j < rows->p; j++)
		r -= row[j] * v->b[j].high;
	if (fabs(r) > Error(rows->p) * v->size + v->lost)
		return r;
	return CloseResidual(rows, v, row, &error).high;
}

/* The residual of the noise. */
static IcmTwofold
CloseNoise(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	double		terms;

	return IcmTwofoldSubtract(IcmTwofoldOf(IcmQrNoise(i)), CloseProduct(IcmQrRow(rows, i), rows->p, v->noise, &terms));
}

/* The same in doubles: within Error() of v->noise_size, and with the right sign. 0: the row is of the basis. */
static double
NoiseResidual(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	const double *row = IcmQrRow(rows, i);
	double		r = IcmQrNoise(i);

	for (int j = 0; j < rows->p; j++)
		r -= row[j] * v->noise[j].high;
	if (fabs(r) > Error(rows->p) * v->noise_size)
		return r;
	return IsInBasis(v, rows->p, i) ? 0.0 : CloseNoise(rows, v, i).high;
}

static int
Sign(double r)
{
	return (r > 0.0) - (r < 0.0);
}

/* The residual; or TIE or -TIE, as the noise decides; 0: the row is of the basis. */
static inline double
DecidedResidual(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	double		r = Residual(rows, v, i);

	return r != 0.0 ? r : TIE * Sign(NoiseResidual(rows, v, i));
}

int
IcmQrVertexSide(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	return Sign(DecidedResidual(rows, v, i));
}

double
IcmQrVertexResidual(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	const double *row = IcmQrRow(rows, i);
	double		r = row[rows->p],
				error;

	for (int j = 0; j < rows->p; j++)
		r -= row[j] * v->b[j].high;
	if (fabs(r) > FEW_DIGITS * (Error(rows->p) * v->size + v->lost))
		return r;
	return CloseResidual(rows, v, row, &error).high;
}

/* ---- which row leaves ----------------------------------------------------- */

void
IcmQrAddRow(const IcmQrRows *rows, size_t i, double factor, IcmTwofold *sum)
{
	const double *row = IcmQrRow(rows, i);
	double		weight = factor * IcmQrWeight(rows, row);

	for (int j = 0; j < rows->p; j++)
	{
		double		term = weight * row[j],
					error;

		sum[j].high = IcmTwofoldSum(sum[j].high, term, &error);
		sum[j].low += error;
		if (rows->weighted)
			sum[j].low += fma(weight, row[j], -term);
	}
}

static size_t
ActiveRow(const IcmQrActive *active, size_t a)
{
	return active->row == NULL ? a : active->row[a];
}

/*
 * The sum of subgradients times x over the rows off the plane: (tau - [r < 0]) w x.
 * Where more rows are below than above, it is (tau - 1 + [r > 0]) w x, so that the
 * fewer rows are added up. Leaves the decided residuals.
 */
static void
Gradient(const IcmQrActive *active, const IcmQrVertex *v, IcmTwofold *gradient)
{
	const IcmQrRows *rows = active->rows;
	int			side = IcmQrSide(active->tau);
	IcmTwofold	factor = IcmTwofoldOf(side > 0 ? active->tau - 1.0 : active->tau);
	IcmTwofold	sum[ICM_QR_COLUMNS_MAX];

	for (int j = 0; j < rows->p; j++)
	{
		gradient[j] = active->total[j];
		sum[j] = active->fixed == NULL ? IcmTwofoldOf(0.0) : active->fixed[j];
	}
	for (size_t a = 0; a < active->n; a++)
	{
		size_t		i = ActiveRow(active, a);
		double		r = DecidedResidual(rows, v, i);

		active->residual[a] = r;
		if (Sign(r) == side)
			IcmQrAddRow(rows, i, 1.0, sum);
		if (a % ICM_QR_POLL_ROWS == 0)
			rows->poll();
	}
	for (int k = 0; k < rows->p; k++)
		IcmQrAddRow(rows, v->basis[k], -1.0, gradient);
	for (int j = 0; j < rows->p; j++)
	{
		gradient[j] = IcmTwofoldMultiply(gradient[j], factor);
		gradient[j] = side > 0 ? IcmTwofoldAdd(gradient[j], sum[j]) : IcmTwofoldSubtract(gradient[j], sum[j]);
	}
}

/*
 * The row of the basis whose subgradient is farthest out of bounds, in weights of the
 * row: the other rows' gradient pulls the plane off it. Which way it goes is its
 * residual's sign after that; *slope is the objective's, by that residual.
 */
static int
Leaving(const IcmQrActive *active, const IcmQrVertex *v, const IcmTwofold *d, int *sign, double *slope)
{
	const IcmQrRows *rows = active->rows;
	double		farthest = TOLERANCE;
	int			leaving = -1;

	for (int k = 0; k < rows->p; k++)
	{
		double		weight = IcmQrWeight(rows, IcmQrRow(rows, v->basis[k]));
		double		below = d[k].high - (1.0 - active->tau) * weight,
					above = -active->tau * weight - d[k].high;
		double		out = below > above ? below : above;

		if (out > farthest * weight)
		{
			farthest = out / weight;
			leaving = k;
			*sign = below > above ? -1 : 1;
			*slope = -out;
		}
	}
	return leaving;
}

/* ---- which row enters ----------------------------------------------------- */

/* What is known of an edge. */
typedef struct Edge
{
	IcmTwofold	direction[ICM_QR_COLUMNS_MAX];	/* of b */
	double		size;			/* sum of its absolute values */
	double		lost;			/* what each of them may be off by */
} Edge;

static void
Exchange(IcmQrBreak *a, IcmQrBreak *b)
{
	IcmQrBreak	kept = *a;

	*a = *b;
	*b = kept;
}

static double
MiddleKey(const IcmQrBreak *breaks, size_t n)
{
	double		a = breaks[0].key,
				b = breaks[n / 2].key,
				c = breaks[n - 1].key;

	if (a > b)
	{
		double		kept = a;

		a = b;
		b = kept;
	}
	return c < a ? a : c > b ? b : c;
}

/*
 * Move to the front the break at which the weights, in the order of the keys, have added
 * up to need, by quickselect. False: they do not get that far, unless it is known that they are enough: in
 * another order their sum may be a bit less.
 */
static bool
SelectBreak(IcmQrBreak *breaks, size_t n, double need, bool enough, const IcmQrRows *rows)
{
	IcmQrBreak *first = breaks;

	while (n > 0)
	{
		double		key = MiddleKey(breaks, n),
					below = 0.0,
					equal = 0.0;
		size_t		low = 0,
					next = 0,
					high = n;

		rows->poll();
		while (next < high)
			if (breaks[next].key < key)
			{
				below += breaks[next].weight;
				Exchange(&breaks[low++], &breaks[next++]);
			}
			else if (breaks[next].key > key)
				Exchange(&breaks[next], &breaks[--high]);
			else
				equal += breaks[next++].weight;
		if (low > 0 && below >= need)
		{
			n = low;
			enough = true;
		}
		else if (below + equal >= need || (enough && high == n))
		{
			Exchange(first, &breaks[low]);
			return true;
		}
		else
		{
			need -= below + equal;
			breaks += high;
			n -= high;
		}
	}
	return false;
}

/*
 * Of n breaks, the first of which was selected, keep those that may be at the same
 * place, the selected one first. What the weights of those surely before them add up
 * to is taken off *need.
 */
static size_t
KeepNear(IcmQrBreak *breaks, size_t n, double *need)
{
	double		key = breaks[0].key,
				slack = breaks[0].slack;
	size_t		kept = 1;

	for (size_t k = 1; k < n; k++)
	{
		if (fabs(breaks[k].key - key) <= slack + breaks[k].slack)
			breaks[kept++] = breaks[k];
		else if (breaks[k].key < key)
			*need -= breaks[k].weight;
	}
	return kept;
}

/* The fit of a row along an edge; *error: what it may be off by; what is no larger is 0. */
static IcmTwofold
CloseSpeed(const Edge *edge, const double *row, int p, double *error)
{
	double		terms;
	IcmTwofold	speed = CloseProduct(row, p, edge->direction, &terms);

	*error = CloseError(p) * terms + edge->lost;
	return fabs(speed.high) <= *error ? IcmTwofoldOf(0.0) : speed;
}

/* The same in doubles, to Error() / CANCELS of itself; 0 where it is. */
static inline double
Speed(const Edge *edge, const double *row, int p)
{
	double		speed = 0.0,
				error;

	for (int j = 0; j < p; j++)
		speed += row[j] * edge->direction[j].high;
	return fabs(speed) > CANCELS * edge->size ? speed : CloseSpeed(edge, row, p, &error).high;
}

/* The breaks of the active rows that the plane moves towards. */
static size_t
FindBreaks(const IcmQrActive *active, const IcmQrVertex *v, const Edge *edge)
{
	const IcmQrRows *rows = active->rows;
	int			p = rows->p;
	double		error = Error(p) * v->size;
	size_t		n = 0;

	for (size_t a = 0; a < active->n; a++)
	{
		size_t		i = ActiveRow(active, a);
		const double *row = IcmQrRow(rows, i);
		double		r = active->residual[a],
					speed = Speed(edge, row, p);
		IcmQrBreak *found = &active->breaks[n];

		if (a % ICM_QR_POLL_ROWS == 0)
			rows->poll();
		if (Sign(r) * Sign(speed) <= 0)
			continue;
		found->key = fabs(r) == TIE ? 0.0 : r / speed;
		found->slack = fabs(r) == TIE ? 0.0 : error / fabs(speed) + found->key * (Error(p) / CANCELS);
		found->weight = IcmQrWeight(rows, row) * fabs(speed);
		found->row = i;
		n++;
	}
	return n;
}

/* How far along an edge a row is, in two doubles. */
static IcmTwofold
CloseKey(const IcmQrRows *rows, const IcmQrVertex *v, const Edge *edge, size_t i, double *slack)
{
	const double *row = IcmQrRow(rows, i);
	double		error,
				speed_error;
	IcmTwofold	r = CloseResidual(rows, v, row, &error),
				speed = CloseSpeed(edge, row, rows->p, &speed_error),
				key = IcmTwofoldDivide(r, speed);

	*slack = r.high == 0.0 ? 0.0 : (error + fabs(key.high) * speed_error) / fabs(speed.high);
	return key;
}

/* How far its noise is, in doubles. */
static double
NoiseKey(const IcmQrRows *rows, const IcmQrVertex *v, const Edge *edge, size_t i, double *slack)
{
	double		speed = Speed(edge, IcmQrRow(rows, i), rows->p),
				key = NoiseResidual(rows, v, i) / speed;

	*slack = Error(rows->p) * (v->noise_size / fabs(speed) + fabs(key) / CANCELS);
	return key;
}

/* The same in two doubles, of which no two are the same. */
static IcmTwofold
CloseNoiseKey(const IcmQrRows *rows, const IcmQrVertex *v, const Edge *edge, size_t i)
{
	const double *row = IcmQrRow(rows, i);
	double		error;

	return IcmTwofoldDivide(CloseNoise(rows, v, i), CloseSpeed(edge, row, rows->p, &error));
}

/* The keys by which breaks are told apart, one after the other as long as that takes. */
typedef enum Measure
{
	ROUGH,						/* where a row is, in doubles */
	CLOSE,						/* in two doubles, from where the selected row is */
	NOISE,						/* where its noise is, in doubles */
	CLOSE_NOISE					/* in two doubles, from where that of the selected row is */
} Measure;

static void
SetKeys(const IcmQrActive *active, const IcmQrVertex *v, const Edge *edge, Measure measure, IcmQrBreak *breaks, size_t n)
{
	const IcmQrRows *rows = active->rows;
	IcmTwofold	selected = IcmTwofoldOf(0.0);
	double		slack;

	if (measure == CLOSE && breaks[0].key != 0.0)
		selected = CloseKey(rows, v, edge, breaks[0].row, &slack);
	if (measure == CLOSE_NOISE)
		selected = CloseNoiseKey(rows, v, edge, breaks[0].row);
	for (size_t k = 0; k < n; k++)
	{
		IcmQrBreak *found = &breaks[k];

		if (k % ICM_QR_POLL_ROWS == 0)
			rows->poll();
		if (measure == NOISE)
			found->key = NoiseKey(rows, v, edge, found->row, &found->slack);
		else if (measure == CLOSE_NOISE)
		{
			found->key = IcmTwofoldSubtract(CloseNoiseKey(rows, v, edge, found->row), selected).high;
			found->slack = 0.0;
		}
		else if (found->key == 0.0)
			found->key = -selected.high;
		else
			found->key = IcmTwofoldSubtract(CloseKey(rows, v, edge, found->row, &found->slack), selected).high;
	}
}

/*
 * The row at which the objective stops falling along an edge, where its slope rises
 * by need. Rows that may meet the plane at the same place are told apart by keys in
 * two doubles, and by their noise if that does not help. False: there is none.
 */
static bool
Entering(const IcmQrActive *active, const IcmQrVertex *v, const Edge *edge, double need, size_t *row)
{
	IcmQrBreak *breaks = active->breaks;
	size_t		n = FindBreaks(active, v, edge);

	for (Measure measure = ROUGH;; measure++)
	{
		if (!SelectBreak(breaks, n, need, measure > ROUGH, active->rows))
			return false;
		n = KeepNear(breaks, n, &need);
		if (n == 1 || measure == CLOSE_NOISE)
			break;
		SetKeys(active, v, edge, measure + 1, breaks, n);
	}
	*row = breaks[0].row;
	return true;
}

/* ---- descent -------------------------------------------------------------- */

/* The edge along which the plane leaves a row of the basis, to the side at which its residual has that sign. */
static bool
FindEdge(const IcmQrRows *rows, const IcmQrVertex *v, int leaving, int sign, Edge *edge)
{
	double		right[ICM_QR_COLUMNS_MAX] = {0.0};

	right[leaving] = -sign;
	return SolveWell(rows, v, right, edge->direction, &edge->size, &edge->lost);
}

IcmQrOutcome
IcmQrVertexDescend(const IcmQrActive *active, IcmQrVertex *v)
{
	int			p = active->rows->p;

	if (!IcmQrVertexSolve(active->rows, v))
		return ICM_QR_STUCK;
	for (int steps = 0; steps < STEPS_MAX; steps++)
	{
		IcmTwofold	d[ICM_QR_COLUMNS_MAX];
		Edge		edge;
		double		slope;
		int			leaving,
					sign;
		size_t		row;

		Gradient(active, v, d);
		SolveTransposed(v, p, d);
		leaving = Leaving(active, v, d, &sign, &slope);
		if (leaving < 0)
			return ICM_QR_OPTIMAL;
		if (!FindEdge(active->rows, v, leaving, sign, &edge))
			return ICM_QR_STUCK;
		if (!Entering(active, v, &edge, -slope, &row))
			return ICM_QR_OPEN;
		v->basis[leaving] = row;
		if (!IcmQrVertexSolve(active->rows, v))
			return ICM_QR_STUCK;
	}
	return ICM_QR_STUCK;
}
