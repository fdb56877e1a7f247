/*
 * qr_vertex.h
 *		Quantile regression from vertex to vertex: a plane through p rows (the
 *		basis), and steps along the edges that lead from it down to the minimum.
 *
 * The step is that of Barrodale and Roberts (1973) and Koenker and d'Orey (1987):
 * one row leaves the basis, and the plane moves until the objective would rise,
 * past as many rows as that takes.
 *
 * The plane is known in two doubles, to the last digit of them, and so is a residual whose sign
 * doubles do not tell. It counts as zero only where two doubles do not tell it either: if it
 * is no larger than (p + 4)^2 2^-105 of its terms, 10^-30 to 10^-28, or 2^-900. The sign of a zero is
 * that of the residual for the response y + epsilon * noise with an infinitesimal epsilon
 * (IcmQrNoise()). With that no vertex has more than p rows, so each step makes the objective smaller
 * and the steps end (Charnes 1952, "Optimality and degeneracy in linear programming").
 *
 * At the end no subgradient is out of bounds by more than 2^-40 of its row's weight. So, but for
 * residuals that count as zero, the objective is above the least by no more than the share
 * 2^-40 / min(tau, 1 - tau) of that.
 */
#ifndef ICM_QR_VERTEX_H
#define ICM_QR_VERTEX_H

#include "math/qr_rows.h"
#include "math/qr_twofold.h"

typedef struct IcmQrVertex
{
	size_t		basis[ICM_QR_COLUMNS_MAX];
	IcmTwofold	b[ICM_QR_COLUMNS_MAX];
	IcmTwofold	noise[ICM_QR_COLUMNS_MAX];	/* what b is for the noise as the response */
	double		size;			/* 1 + sum |b|: no less than the terms of any residual */
	double		noise_size;		/* the same of noise */
	double		lost;			/* what each of b may be off by, beside its last digit */
	double		solved;			/* what a solution with lu may be off by, as a share of its size */
	IcmTwofold	lu[ICM_QR_COLUMNS_MAX * ICM_QR_COLUMNS_MAX];	/* of the basis, rows scaled and pivoted */
	double		scale[ICM_QR_COLUMNS_MAX];	/* of a row of the basis: a power of two */
	int			pivot[ICM_QR_COLUMNS_MAX];	/* which of its rows stands where in lu */
} IcmQrVertex;

/* A place on an edge where the plane meets a row. */
typedef struct IcmQrBreak
{
	double		key;			/* how far along */
	double		slack;			/* how far that may be off */
	double		weight;			/* by which the slope rises there */
	size_t		row;
} IcmQrBreak;

/*
 * The rows that a minimum is looked for in. The others lie on a side of the plane
 * that does not change; only their sum counts.
 */
typedef struct IcmQrActive
{
	const IcmQrRows *rows;
	double		tau;
	const IcmTwofold *total;	/* sum of w x over all rows */
	const IcmTwofold *fixed;	/* the same over rows that are not active, on the side IcmQrSide(tau); NULL: there are none */
	const uint32_t *row;		/* which are active; NULL: all */
	size_t		n;				/* how many */
	double	   *residual;		/* room for n */
	IcmQrBreak *breaks;			/* room for n */
} IcmQrActive;

typedef enum IcmQrOutcome
{
	ICM_QR_OPTIMAL,
	ICM_QR_OPEN,				/* a way down with no end among the active rows */
	ICM_QR_STUCK				/* the rows of the basis are not independent, or too many steps */
} IcmQrOutcome;

/* The side of the plane, -1 or 1, on which there are fewer rows. */
static inline int
IcmQrSide(double tau)
{
	return tau > 0.5 ? 1 : -1;
}

/* sum += factor w x of a row; exact for a factor of 1 or -1 */
extern void IcmQrAddRow(const IcmQrRows *rows, size_t i, double factor, IcmTwofold *sum);

/* Find the plane through the rows of vertex->basis. False: they are not independent. */
extern bool IcmQrVertexSolve(const IcmQrRows *rows, IcmQrVertex *vertex);

/* How far a row is off the plane, to at least 10 bits; 0 where that is what counts as zero. */
extern double IcmQrVertexResidual(const IcmQrRows *rows, const IcmQrVertex *vertex, size_t i);

/* On which side of the plane a row is: -1 or 1; 0: it is of the basis. */
extern int	IcmQrVertexSide(const IcmQrRows *rows, const IcmQrVertex *vertex, size_t i);

/*
 * Step from the plane through the rows of vertex->basis to the minimum. OPTIMAL: with the subgradient of each
 * row off the plane, tau w or (tau - 1) w, there is one of each basis row
 * between these two, give or take 2^-40 w, with which all add up to zero.
 */
extern IcmQrOutcome IcmQrVertexDescend(const IcmQrActive *active, IcmQrVertex *vertex);

#endif							/* ICM_QR_VERTEX_H */
