/*
 * trend.h
 *		How often customers respond at each dose, such as a number of contacts,
 *		and whether that rises or falls with the dose: intervals of shares, and the
 *		test of Cochran and Armitage.
 */
#ifndef ICM_TREND_H
#define ICM_TREND_H

/*
 * The customers of one stratum who had one dose. All are integers; the sum of
 * all customers is at most 2^53.
 */
typedef struct IcmDose
{
	int			stratum;		/* customers are compared with those of their own stratum only */
	double		dose;			/* from 0 to 63 */
	double		customers;		/* more than 0 */
	double		responses;		/* from 0 to customers */
} IcmDose;

/* The end of the stratum that begins at this one of n doses, which are sorted by stratum. */
static inline int
IcmDoseStratumEnd(const IcmDose *doses, int n, int first)
{
	int			end = first + 1;

	while (end < n && doses[end].stratum == doses[first].stratum)
		end++;
	return end;
}

/* The z at which a standard normal is within -z and z with this probability, in [0, 1). */
extern double IcmNormalWithin(double probability);

/* The probability that a standard normal is beyond -z or z, and its decimal logarithm, which does not underflow. */
extern double IcmNormalBeyond(double z);
extern double IcmNormalBeyondLog10(double z);

/*
 * The interval of Wilson (1927, Journal of the American Statistical
 * Association 22) for a share of which a sample has responses of customers; z is
 * how many standard errors wide it is to each side.
 */
extern void IcmWilson(double responses, double customers, double z, double *lower, double *upper);

/*
 * The test of a trend of the response over the dose: Z, positive where response
 * rises. Within a stratum of N customers and R responses, U = sum s (r - n R/N) for the
 * cells of dose s, and
 * V = R/N (1 - R/N) (sum n s^2 - (sum n s)^2 / N). Z = U / sqrt(V): Cochran 1954, Armitage 1955
 * (Biometrics 10 and 11). Over several strata, Z = sum U / sqrt(sum V N / (N - 1)): Mantel 1963
 * (Journal of the American Statistical Association 58), whose variance is right in
 * small strata too. NaN where V is 0: all or none responded, or all had one
 * dose. Doses are sorted by stratum.
 */
extern double IcmTrend(const IcmDose *doses, int n);

#endif							/* ICM_TREND_H */
