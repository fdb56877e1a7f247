/*
 * wallet_model.h
 *		The icm_wallet_model type: what customers with these attributes spend, at one or several
 *		quantiles, as a linear regression says.
 */
#ifndef ICM_WALLET_MODEL_H
#define ICM_WALLET_MODEL_H

#include "common/flat.h"
#include "math/quantile_regression.h"

#define ICM_WALLET_MODEL_VERSION 1

#define ICM_WALLET_COLUMNS_MAX ICM_REGRESSION_COLUMNS_MAX
#define ICM_WALLET_TAUS_MAX 99

/* Standard errors, and correlations, of a tau that has none, each. */
#define ICM_WALLET_NO_ERROR (-1.0)
#define ICM_WALLET_NO_CORRELATION (-2.0)

/* How many correlations so many coefficients have: one for each two of them. */
#define ICM_WALLET_PAIRS(columns) ((columns) * ((columns) - 1) / 2)
#define ICM_WALLET_PAIRS_MAX ICM_WALLET_PAIRS(ICM_WALLET_COLUMNS_MAX)

/*
 * 40 bytes, and the numbers: taus; coefficients, those of the first tau first; their standard
 * errors; their correlations, of each tau the lower triangle without the diagonal, by rows; and the least
 * and the largest of each column. What a model that was written, not fitted, does not have is zero:
 * rows, left_out, crossings and the ranges. Only a tau that has standard errors has correlations.
 */
typedef struct IcmWalletModel
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_WALLET_MODEL_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	int32		columns;		/* 1 to ICM_WALLET_COLUMNS_MAX */
	int32		taus;			/* 1 to ICM_WALLET_TAUS_MAX */
	int64		rows;			/* that were fitted; 0: none were */
	int64		left_out;		/* rows that were not, as spend or x was NULL or the weight 0 */
	int64		crossings;		/* rows at which the fit of a larger tau is lower */
	double		numbers[FLEXIBLE_ARRAY_MEMBER];
} IcmWalletModel;

#define ICM_WALLET_MODEL_SIZE(columns, taus) \
	(offsetof(IcmWalletModel, numbers) + \
	 ((taus) * (1 + 2 * (columns) + ICM_WALLET_PAIRS(columns)) + 2 * (columns)) * sizeof(double))

#define ICM_WALLET_FITTED(m) ((m)->rows > 0)
#define ICM_WALLET_TAUS(m) ((m)->numbers)
#define ICM_WALLET_COEFFICIENTS(m, k) ((m)->numbers + (m)->taus + (k) * (m)->columns)
#define ICM_WALLET_ERRORS(m, k) ICM_WALLET_COEFFICIENTS(m, (m)->taus + (k))
#define ICM_WALLET_CORRELATIONS(m, k) (ICM_WALLET_ERRORS(m, (m)->taus) + (k) * ICM_WALLET_PAIRS((m)->columns))
#define ICM_WALLET_LOWEST(m) ICM_WALLET_CORRELATIONS(m, (m)->taus)
#define ICM_WALLET_HIGHEST(m) (ICM_WALLET_LOWEST(m) + (m)->columns)
#define ICM_WALLET_HAS_ERRORS(m, k) (ICM_WALLET_ERRORS(m, k)[0] != ICM_WALLET_NO_ERROR)

/* Are the covariances of the coefficients of a tau known? One coefficient has no correlations. */
#define ICM_WALLET_HAS_COVARIANCES(m, k) \
	(ICM_WALLET_HAS_ERRORS(m, k) && ((m)->columns == 1 || ICM_WALLET_CORRELATIONS(m, k)[0] != ICM_WALLET_NO_CORRELATION))

#define PG_GETARG_WALLET_MODEL(n) IcmWalletModelGet(PG_GETARG_DATUM(n))

/* A model without numbers, standard errors and correlations, to be filled. */
extern IcmWalletModel *IcmWalletModelMake(int columns, int taus);

/* The argument, whatever form it came in. */
extern IcmWalletModel *IcmWalletModelGet(Datum datum);

/* A sentence on what is wrong with these taus, or NULL. */
extern const char *IcmWalletTausFault(const double *taus, int n);

/* Taus, for messages. */
extern const char *IcmWalletTausText(const double *taus, int n);

/* ---- what it says of a customer (wallet_model_estimate.c) -------------------- */

/* The number of a tau, which the model has. */
extern int	IcmWalletFindTau(const IcmWalletModel *model, double tau);

/* Which tau is meant where none is given. */
extern int	IcmWalletOnlyTau(const IcmWalletModel *model);

/* x, an argument, in columns of the model. */
extern const double *IcmWalletGetX(FunctionCallInfo fcinfo, int arg, const IcmWalletModel *model);

/* Own spend, an argument; 0 where it is not known. */
extern double IcmWalletGetOwn(FunctionCallInfo fcinfo, int arg);

/* x'b of so many columns. */
extern double IcmWalletPredict(const double *coefficient, const double *x, int columns);

/* The standard error of x'b for the k-th tau, x being finite; NaN where it is not known. */
extern double IcmWalletStandardError(const IcmWalletModel *model, int k, const double *x);

/* Is x beyond what was fitted, by a model that was? */
extern bool IcmWalletExtrapolates(const IcmWalletModel *model, const double *x);

#endif							/* ICM_WALLET_MODEL_H */
