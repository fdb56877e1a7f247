/*
 * quantile.h
 *		Exact quantiles, and the cuts of a quantile scale.
 */
#ifndef ICM_QUANTILE_H
#define ICM_QUANTILE_H

#include <stddef.h>
#include <stdint.h>

#define ICM_GROUPS_MAX 26

/*
 * Sort n finite doubles, ascending; negative zero sorts before zero. scratch
 * has room for n as well. poll is called between passes, and may not return.
 */
extern void IcmSortDoubles(double *values, double *scratch, size_t n, void (*poll) (void));

/*
 * The groups - 1 cuts that split n sorted values into groups of equal count,
 * counted from the lowest. Cut j is the smallest value whose share of values at
 * or below it exceeds j/groups, the upper inverse of the empirical
 * distribution, so that exactly j/groups of the values lie below it unless
 * ties prevent that. Where ties would leave a group empty, its cut moves up to
 * the next larger value (or down, if there are not enough larger ones), so
 * that equal values are never split and no group is empty.
 *
 * Returns the number of cuts, groups - 1, or 0 when there are fewer distinct
 * values than groups; *distinct is then how many there are. groups is from 2
 * to ICM_GROUPS_MAX.
 */
extern int	IcmQuantileCuts(const double *sorted, size_t n, int groups, double *cuts, size_t *distinct);

#endif							/* ICM_QUANTILE_H */
