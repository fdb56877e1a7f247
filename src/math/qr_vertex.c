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
#define LENIENT_STEPS 2000		/* before only exact zeros count as zero */
#define TOLERANCE 0x1p-40		/* of subgradients, to the weight */

#define LOST 0x1p-98			/* what arithmetic in two doubles may be off by, as a share of the terms, */
#define LOST_MAX 0x1p-62		/* or more than that, as the basis is ill-conditioned */
#define LENIENT (4.0 * DBL_EPSILON)	/* p + 4 times this share of its terms is a residual that rounding may cause */
#define SINGULAR 0x1p-90		/* pivot of rows that are not independent */
#define PARALLEL 0x1p-44		/* an edge that moves along a row, to its terms */
#define CANCELS 0x1p-20			/* a sum whose terms deserve a closer look */

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
	v->lost = fmin(LOST_MAX, LOST * largest / smallest);
	v->zero = v->strict ? v->lost : LENIENT * (p + 4);
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

static bool
SolveVertex(const IcmQrRows *rows, IcmQrVertex *v)
{
	int			p = rows->p;

	if (!Factor(rows, v))
		return false;
	for (int i = 0; i < p; i++)
	{
		v->b[i] = IcmTwofoldOf(IcmQrRow(rows, v->basis[i])[p]);
		v->noise[i] = IcmTwofoldOf(IcmQrNoise(v->basis[i]));
	}
	Solve(v, p, v->b);
	Solve(v, p, v->noise);
	v->size = 1.0;
	for (int i = 0; i < p; i++)
		v->size += fabs(v->b[i].high);
	/* what is but lost digits is 0 */
	for (int i = 0; i < p; i++)
		if (fabs(v->b[i].high) <= v->lost * v->size)
			v->b[i] = IcmTwofoldOf(0.0);
	return isfinite(v->size);
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

/* The sum of products with b, in two doubles, and of their absolute values. */
static IcmTwofold
CloseProduct(const double *row, int p, const IcmTwofold *b, double *terms)
{
	IcmTwofold	sum = IcmTwofoldOf(0.0);

	*terms = 0.0;
	for (int j = 0; j < p; j++)
	{
		sum = IcmTwofoldAdd(sum, IcmTwofoldMultiply(IcmTwofoldOf(row[j]), b[j]));
		*terms += fabs(row[j] * b[j].high);
	}
	return sum;
}

static IcmTwofold
CloseResidual(const IcmQrRows *rows, const IcmQrVertex *v, const double *row, double *terms)
{
	IcmTwofold	r = IcmTwofoldSubtract(IcmTwofoldOf(row[rows->p]), CloseProduct(row, rows->p, v->b, terms));

	*terms += fabs(row[rows->p]);
	if (fabs(r.high) <= v->zero * *terms + v->lost * v->size)
		r = IcmTwofoldOf(0.0);
	return r;
}

/* The bound on what is lost in a residual that is computed in doubles. */
static inline double
ResidualError(const IcmQrVertex *v, int p)
{
	return (p + 4) * DBL_EPSILON * v->size;
}

/* The residual of a row: within ResidualError(), and with the right sign in any case. */
static inline double
Residual(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	const double *row = IcmQrRow(rows, i);
	double		r = row[rows->p],
				terms;

	for (int j = 0; j < rows->p; j++)
		r -= row[j] * v->b[j].high;
	if (fabs(r) > ResidualError(v, rows->p) + v->zero * v->size)
		return r;
	return CloseResidual(rows, v, row, &terms).high;
}

/* The same of the noise. */
static double
NoiseResidual(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	const double *row = IcmQrRow(rows, i);
	double		noise = IcmQrNoise(i),
				r = noise,
				terms = fabs(noise);

	for (int j = 0; j < rows->p; j++)
	{
		r -= row[j] * v->noise[j].high;
		terms += fabs(row[j] * v->noise[j].high);
	}
	if (fabs(r) > (rows->p + 4) * DBL_EPSILON * terms)
		return r;
	if (IsInBasis(v, rows->p, i))
		return 0.0;
	return IcmTwofoldSubtract(IcmTwofoldOf(noise), CloseProduct(row, rows->p, v->noise, &terms)).high;
}

static int
Sign(double r)
{
	return (r > 0.0) - (r < 0.0);
}

static int
SideOf(const IcmQrRows *rows, const IcmQrVertex *v, size_t i, double residual)
{
	return Sign(residual != 0.0 ? residual : NoiseResidual(rows, v, i));
}

int
IcmQrVertexSide(const IcmQrRows *rows, const IcmQrVertex *v, size_t i)
{
	return SideOf(rows, v, i, Residual(rows, v, i));
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
 * fewer rows are added up. Leaves the residuals.
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
		double		r = Residual(rows, v, i);

		active->residual[a] = r;
		if (SideOf(rows, v, i, r) == side)
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
 * up to need, by quickselect. False: they do not get that far.
 */
static bool
SelectBreak(IcmQrBreak *breaks, size_t n, double need, const IcmQrRows *rows)
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
		if (below >= need)
			n = low;
		else if (below + equal >= need)
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

/* The breaks of the active rows that the plane moves towards. */
static size_t
FindBreaks(const IcmQrActive *active, const IcmQrVertex *v, const Edge *edge, size_t leaving)
{
	const IcmQrRows *rows = active->rows;
	int			p = rows->p;
	double		error = ResidualError(v, p);
	size_t		n = 0;

	for (size_t a = 0; a < active->n; a++)
	{
		size_t		i = ActiveRow(active, a);
		const double *row = IcmQrRow(rows, i);
		double		r = active->residual[a],
					speed = 0.0,
					terms;
		IcmQrBreak *found = &active->breaks[n];

		if (a % ICM_QR_POLL_ROWS == 0)
			rows->poll();
		for (int j = 0; j < p; j++)
			speed += row[j] * edge->direction[j].high;
		if (fabs(speed) <= CANCELS * edge->size)
		{
			speed = CloseProduct(row, p, edge->direction, &terms).high;
			if (fabs(speed) <= PARALLEL * terms)
				continue;
		}
		if (r != 0.0 ? (r > 0.0) != (speed > 0.0) : SideOf(rows, v, i, r) != Sign(speed))
			continue;
		if (i == leaving)
			continue;
		found->key = r / speed;
		found->slack = (r == 0.0 ? 0.0 : error / fabs(speed)) + found->key * (p + 4) * DBL_EPSILON / CANCELS;
		found->weight = IcmQrWeight(rows, row) * fabs(speed);
		found->row = i;
		n++;
	}
	return n;
}

/* How far along an edge a row is, in two doubles; how far off that may be; and how far its noise is. */
static IcmTwofold
CloseKey(const IcmQrRows *rows, const IcmQrVertex *v, const Edge *edge, size_t i, double *slack, double *noise)
{
	const double *row = IcmQrRow(rows, i);
	double		terms,
				speed_terms;
	IcmTwofold	r = CloseResidual(rows, v, row, &terms),
				speed = CloseProduct(row, rows->p, edge->direction, &speed_terms),
				key = IcmTwofoldDivide(r, speed);

	*slack = r.high == 0.0 ? 0.0 : v->lost * (v->size + key.high * speed_terms) / fabs(speed.high);
	*noise = NoiseResidual(rows, v, i) / speed.high;
	return key;
}

/*
 * The row at which the objective stops falling along an edge, where its slope rises
 * by need. Rows that may meet the plane at the same place are told apart by keys in
 * two doubles, and by their noise if that does not help. False: there is none.
 */
static bool
Entering(const IcmQrActive *active, const IcmQrVertex *v, const Edge *edge, size_t leaving, double need, size_t *row)
{
	IcmQrBreak *breaks = active->breaks;
	size_t		n = FindBreaks(active, v, edge, leaving);

	for (int round = 0; round < 3; round++)
	{
		if (!SelectBreak(breaks, n, need, active->rows))
			return false;
		n = KeepNear(breaks, n, &need);
		if (n == 1)
			break;
		if (round < 2)
		{
			double		slack,
						noise;
			IcmTwofold	selected = CloseKey(active->rows, v, edge, breaks[0].row, &slack, &noise);

			for (size_t k = 0; k < n; k++)
			{
				IcmTwofold	key = CloseKey(active->rows, v, edge, breaks[k].row, &slack, &noise);

				breaks[k].key = round == 0 ? IcmTwofoldSubtract(key, selected).high : noise;
				breaks[k].slack = round == 0 ? slack : 0.0;
			}
		}
	}
	*row = breaks[0].row;
	return true;
}

/* ---- descent -------------------------------------------------------------- */

/* The edge along which the plane leaves a row of the basis, to the side at which its residual has that sign. */
static void
FindEdge(const IcmQrVertex *v, int p, int leaving, int sign, Edge *edge)
{
	for (int j = 0; j < p; j++)
		edge->direction[j] = IcmTwofoldOf(j == leaving ? -sign : 0.0);
	Solve(v, p, edge->direction);
	edge->size = 0.0;
	for (int j = 0; j < p; j++)
		edge->size += fabs(edge->direction[j].high);
}

IcmQrOutcome
IcmQrVertexDescend(const IcmQrActive *active, IcmQrVertex *v)
{
	int			p = active->rows->p;

	v->strict = false;
	if (!SolveVertex(active->rows, v))
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
		FindEdge(v, p, leaving, sign, &edge);
		if (!Entering(active, v, &edge, v->basis[leaving], -slope, &row))
			return ICM_QR_OPEN;
		v->basis[leaving] = row;
		v->strict = steps >= LENIENT_STEPS;
		if (!SolveVertex(active->rows, v))
			return ICM_QR_STUCK;
	}
	return ICM_QR_STUCK;
}
