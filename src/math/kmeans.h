/*
 * kmeans.h
 *		The best k-means groups of sorted numbers.
 *
 * Dynamic programming: what the first j points cost in g groups is the least,
 * over i, of what the first i cost in g - 1 groups and the others in one (Wang,
 * Song 2011). The best i does not fall as j grows, so the best of the middle j
 * halves the search for those on either side: O(groups n log n) instead of
 * O(groups n^2).
 */
#ifndef ICM_KMEANS_H
#define ICM_KMEANS_H

#include <stddef.h>

/* Bytes of working memory: 16 and groups / 4 for each point. */
extern size_t IcmKMeansWork(size_t n, int groups);

/*
 * Split n >= groups points x, ascending, with positive weights, into groups
 * whose weighted squared distances to their means have the smallest sum there is.
 * |x| is below 2^424 and the sum of weights below 2^53, so that nothing
 * overflows. start[j - 1] is the index of the first point of group j, j = 1 to
 * groups - 1. Splits whose sums differ by less than some 10^-14 of them count
 * as equally good, as rounding could tell such apart only by chance; then the
 * last group is the smaller one, and so on downwards. work is aligned memory of
 * IcmKMeansWork() bytes. poll is called now and then, and may not return.
 */
extern void IcmKMeans(const double *x, const double *weight, size_t n, int groups, size_t *start, void *work,
					  void (*poll) (void));

#endif							/* ICM_KMEANS_H */
