/*
 * qr_interior.h
 *		Quantile regression by an interior point method: Frisch-Newton of Portnoy
 *		and Koenker (1997, "The Gaussian hare and the Laplacian tortoise",
 *		Statistical Science 12), with Mehrotra's predictor and corrector (1992).
 *
 * To minimise sum u (tau r+ + (1 - tau) r-), r = y - X b, is the dual of
 * maximising y'a where X'a = (1 - tau) X'u and 0 <= a <= u. Where some rows are
 * known to lie below the plane, their a is 0, where above, u, and what these add up to
 * goes to the other side, so that the sum over the others is another goal than (1 - tau) X'u.
 * It ends close to the minimum, which is where the vertex is looked for.
 */
#ifndef ICM_QR_INTERIOR_H
#define ICM_QR_INTERIOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Rows stand in blocks of ICM_QR_BLOCK: x[block][column][row], and the others by
 * row. The last block is filled up with rows of zeros, which change nothing.
 */
typedef struct IcmQrInterior
{
	size_t		n;
	size_t		blocks;
	int			p;
	bool		solved;			/* IcmQrInteriorSolve() has made at least a step */
	bool		converged;		/* it has come as close as it was to */
	void		(*poll) (void);
	double	   *x;
	double	   *residual;		/* y - X b; y at first */
	double	   *upper;			/* u, more than 0 */
	double	   *a;
	double	   *slack;			/* u - a */
	double	   *below;			/* multiplier of 0 <= a: the negative part of the residual, and more */
	double	   *above;			/* of a <= u: the positive part */
	double	   *step_a;
	double	   *step_below;
	double	   *step_above;
	double	   *target;
	double	   *q;
} IcmQrInterior;

/* Bytes of memory for n rows: 8 (p + 11) for each, and some. */
extern size_t IcmQrInteriorBytes(size_t n, int p);

/* Rows of zeros in that memory. */
extern void IcmQrInteriorInit(IcmQrInterior *interior, size_t n, int p, void *memory, void (*poll) (void));

extern void IcmQrInteriorSetRow(IcmQrInterior *interior, size_t i, const double *x, double y, double upper);

/*
 * Iterate until the duality gap is below tolerance times the objective, which is converged, or hardly gets
 * smaller: no digits are left to gain, or the central path is too crooked. goal: what X'a must be;
 * NULL: (1 - tau) X'u, and then the start is at least squares, otherwise at b. The result is interior->solved: false where
 * not even the first step could be made, as X'UX is singular for doubles.
 */
extern bool IcmQrInteriorSolve(IcmQrInterior *interior, double tau, double tolerance, const double *goal, double *b);

#endif							/* ICM_QR_INTERIOR_H */
