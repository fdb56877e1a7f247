/*
 * neighbours.h
 *		Quantiles among the nearest neighbours: what the most similar others spend.
 *
 * The distance of two rows is Euclidean, after each column is divided by its
 * standard deviation over all rows; a column that is the same in all rows counts
 * nothing. The search is exact, with a k-d tree (Friedman, Bentley, Finkel 1977,
 * "An algorithm for finding best matches in logarithmic expected time"). All
 * others that are as far away as the k-th, but for rounding, are neighbours too, so the
 * result does not depend on the order of the rows.
 */
#ifndef ICM_NEIGHBOURS_H
#define ICM_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

#define ICM_NEIGHBOURS_COLUMNS_MAX 100

typedef struct IcmNeighbours
{
	size_t		n;				/* rows, at most INT32_MAX */
	int			columns;		/* 1 to ICM_NEIGHBOURS_COLUMNS_MAX */
	double	   *x;				/* of each row so many, finite; they are scaled and put into another order */
	const double *value;		/* of each row, finite; NaN: it is nobody's neighbour, but has some */
	int			k;				/* 1 or more */
	double		tau;			/* 0 to 1 */
	double	   *quantile;		/* result by row; NaN where there are less than k others */
} IcmNeighbours;

/* The bytes of work that IcmNeighbourQuantiles() needs, at an address where a double may stand. */
extern size_t IcmNeighboursWork(size_t n, int columns);

/*
 * For each row the smallest value that at least a part tau of its neighbours'
 * values do not exceed: the inverse of their distribution function, as
 * percentile_disc. poll is called now and then, and may not return.
 */
extern void IcmNeighbourQuantiles(IcmNeighbours *neighbours, void *work, void (*poll) (void));

#endif							/* ICM_NEIGHBOURS_H */
