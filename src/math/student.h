/*
 * student.h
 *		Student's t distribution.
 */
#ifndef ICM_STUDENT_H
#define ICM_STUDENT_H

/*
 * The t at which a variable of Student's distribution is within -t and t with this probability, in [0, 1). Degrees of
 * freedom are any number from 1 to 2^53; the more, the nearer it is to IcmNormalWithin.
 */
extern double IcmStudentWithin(double probability, double df);

/* The probability that such a variable is beyond -t or t. */
extern double IcmStudentBeyond(double t, double df);

#endif							/* ICM_STUDENT_H */
