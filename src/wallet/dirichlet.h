/*
 * dirichlet.h
 *		The icm_dirichlet type: an NBD-Dirichlet model of a market, by which a
 *		brand's share tells what buyers it should have.
 */
#ifndef ICM_DIRICHLET_H
#define ICM_DIRICHLET_H

#include "common/flat.h"
#include "common/text.h"
#include "math/dirichlet.h"

#define ICM_DIRICHLET_VERSION 1

/* A million pairs then. */
#define ICM_DIRICHLET_BRANDS_MAX 1000

/* What shares may add up to more than 1 by, and a penetration be above the category's, as they are rounded. */
#define ICM_DIRICHLET_ROUNDING 1e-9

/* A brand of the market: 80 bytes. */
typedef struct IcmBrand
{
	double		share;			/* of the category's purchases; from ICM_DIRICHLET_SHARE_MIN to 1 */
	double		penetration;	/* observed: share of all customers who buy it; 0: not given */
	char		name[ICM_NAME_MAX + 1]; /* zero to the end, not empty */
} IcmBrand;

/*
 * Brands by share, the largest first, and by the bytes of their names, each name once; at least one. What their shares
 * leave of 1 is other brands'. 32 + 80 n bytes.
 */
typedef struct IcmDirichlet
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_DIRICHLET_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	IcmDirichletMarket market;	/* within the limits of math/dirichlet.h; of the period that the model is of */
	IcmBrand	brands[FLEXIBLE_ARRAY_MEMBER];
} IcmDirichlet;

#define ICM_DIRICHLET_SIZE(n) (offsetof(IcmDirichlet, brands) + (Size) (n) * sizeof(IcmBrand))
#define ICM_DIRICHLET_COUNT(m) ((int) ((VARSIZE(m) - offsetof(IcmDirichlet, brands)) / sizeof(IcmBrand)))

#define PG_GETARG_DIRICHLET(n) \
	((IcmDirichlet *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_DIRICHLET_SIZE(1), ICM_DIRICHLET_VERSION, "icm_dirichlet"))

/* Put the brands in their order. Returns a sentence on what is wrong with them, or NULL. */
extern const char *IcmBrandsSort(IcmBrand *brands, int n);

/* A sentence on what is wrong with an observed penetration in this market, or NULL. */
extern const char *IcmBrandFault(const IcmDirichletMarket *market, const IcmBrand *brand);

#endif							/* ICM_DIRICHLET_H */
