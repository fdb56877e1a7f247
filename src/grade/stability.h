/*
 * stability.h
 *		How far a distribution over groups has moved: the population stability
 *		index.
 */
#ifndef ICM_STABILITY_H
#define ICM_STABILITY_H

/*
 * The population stability index (PSI) of two distributions over n groups,
 * given as counts or shares, finite, not negative and with a finite sum: each
 * is taken relative to its own sum.
 *
 *		sum_i (a_i - e_i) ln(a_i / e_i)
 *
 * 0 where the shares are equal, and the same to the bit when the two are
 * exchanged. A group that is empty in both adds nothing; one that is empty in
 * one of them only makes the index infinite, as no share can be put in the
 * place of nothing. NaN where a sum is not positive.
 * Siddiqi 2006, "Credit Risk Scorecards"; the J divergence of Kullback 1959.
 */
extern double IcmStabilityIndex(const double *expected, const double *actual, int n);

#endif							/* ICM_STABILITY_H */
