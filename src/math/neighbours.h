/*
 * neighbours.h
 *		Quantiles among the nearest neighbours: what the most similar others spend.
 *
 * The distance of two rows is Euclidean, after each column is divided by its
 * standard deviation over the rows that have a value, which can be neighbours: so a
 * row that is nobody's neighbour has no say in another's result. A column that is the
 * same in all of them counts nothing. The search is exact, with a k-d tree (Friedman, Bentley, Finkel 1977,
 * "An algorithm for finding best matches in logarithmic expected time"). All
 * others that are as far away as the k-th, but for rounding, are neighbours too, so the
 * result does not depend on the order of the rows.
 *
 * Equal rows share one search, however many they are. So it takes O(n log n) time
 * to sort n rows, and then, for few columns, O(p log n) for each distinct row, where
 * p of the distinct rows are neighbours: at most k, but for ties. This is
 * O(n k log n) if all rows are distinct, and O(n log n) if few are. The more columns,
 * the less the tree can leave out: with twenty that are independent, a search
 * looks at most of the distinct rows.
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
	double	   *x;				/* of each row so many, finite; overwritten */
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
 * percentile_disc. poll may not return. It is called now and then while the rows are
 * sorted, and in a search at each leaf of the tree that is looked through and each
 * step towards the quantile, so its calls measure the work.
 */
extern void IcmNeighbourQuantiles(IcmNeighbours *neighbours, void *work, void (*poll) (void));

#endif							/* ICM_NEIGHBOURS_H */
