/*
 * peer.c
 *		icm_wallet_peer: the wallet as what the most similar others spend.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "common/host.h"
#include "math/neighbours.h"
#include "wallet/attributes.h"
#include "wallet/share.h"
#include "wallet/window.h"

#define ARG_OWN 0
#define ARG_X 1
#define ARG_K 2
#define ARG_TAU 3

/* The rows that take part: those that have x. */
typedef struct Customers
{
	int			rows;			/* of the partition */
	int			n;
	int			columns;		/* 0: not known yet */
	double	   *x;
	double	   *own;			/* NaN: not known */
	int		   *position;
} Customers;

/* ---- arguments ------------------------------------------------------------ */

/* Room for x of all customers at the first, as many numbers of the others. */
static void
CheckColumns(Customers *customers, int columns)
{
	if (customers->columns == 0)
	{
		customers->columns = columns;
		customers->x = IcmAllocRows(GetMemoryChunkContext(customers->own), customers->rows, columns * sizeof(double));
	}
	else if (unlikely(columns != customers->columns))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have the same number of elements in all rows of a partition"),
				 errdetail("It has %d at first, then %d.", customers->columns, columns)));
}

/* Copy x of the next customer, whose memory is there only until another argument is read. */
static void
ReadColumns(Customers *customers, Datum datum)
{
	int			columns;
	const double *given = IcmAttributes(DatumGetArrayTypeP(datum), ICM_NEIGHBOURS_COLUMNS_MAX, &columns);
	double	   *x;

	CheckColumns(customers, columns);
	x = customers->x + (Size) customers->n * columns;
	for (int i = 0; i < columns; i++)
	{
		if (unlikely(!isfinite(given[i])))
			IcmAttributesNotFinite(given, columns);
		x[i] = given[i];
	}
}

/* The customers of the partition. */
static Customers
ReadCustomers(FunctionCallInfo fcinfo)
{
	IcmColumn	own = IcmColumnOf(fcinfo, ARG_OWN);
	IcmColumn	x = IcmColumnOf(fcinfo, ARG_X);
	Customers	customers = {.rows = IcmPartitionRows(PG_WINDOW_OBJECT())};
	IcmScan		scan;

	customers.own = IcmAllocRows(CurrentMemoryContext, customers.rows, sizeof(double));
	customers.position = IcmAllocRows(CurrentMemoryContext, customers.rows, sizeof(int));
	scan = IcmScanPartition(PG_WINDOW_OBJECT());
	while (IcmScanNext(&scan))
	{
		if (!IcmColumnRead(&x, scan.row))
			continue;
		ReadColumns(&customers, x.value);
		customers.own[customers.n] = IcmColumnRead(&own, scan.row) ?
			IcmReadAmount(DatumGetFloat8(own.value), "own spend", ICM_HINT_REFUNDS) : NAN;
		customers.position[customers.n++] = scan.row;
	}
	return customers;
}

static double
ReadK(Datum datum)
{
	int32		k = DatumGetInt32(datum);

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1"),
				 errdetail("The number of peers given is %d.", k)));
	return k;
}

static double
ReadTau(Datum datum)
{
	double		tau = DatumGetFloat8(datum);

	if (!(tau >= 0.0 && tau <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tau must be from 0 to 1"),
				 errdetail("The quantile given is %s.", float8out_internal(tau)),
				 errhint("Usual are 0.8 to 0.9.")));
	return tau;
}

/* ---- estimating ----------------------------------------------------------- */

/*
 * What the peers of each customer spend, but at least what it spends itself, by position. At first the
 * quantiles are at the start of the array, without gaps; as a customer is never before its place there, they
 * are moved from the last to the first.
 */
static void
FillWallets(double *wallet, Customers *customers, double k, double tau)
{
	IcmNeighbours neighbours = {
		.n = customers->n,
		.columns = customers->columns,
		.x = customers->x,
		.value = customers->own,
		.k = (int) k,
		.tau = tau,
		.quantile = wallet
	};
	void	   *work = IcmAllocRows(CurrentMemoryContext, 1, IcmNeighboursWork(customers->n, customers->columns));
	int			left = customers->n;

	IcmNeighbourQuantiles(&neighbours, work, IcmPoll);
	for (int row = customers->rows - 1; row >= 0; row--)
	{
		if (left > 0 && customers->position[left - 1] == row)
		{
			left--;
			wallet[row] = customers->own[left] > wallet[left] ? customers->own[left] : wallet[left];
		}
		else
			wallet[row] = NAN;
	}
	pfree(work);
}

/* The estimated wallets of all rows of a partition. */
static double *
EstimatePartition(FunctionCallInfo fcinfo, MemoryContext context)
{
	double		k = IcmReadParameter(fcinfo, ARG_K, "k", ReadK);
	double		tau = IcmReadParameter(fcinfo, ARG_TAU, "tau", ReadTau);
	Customers	customers;
	double	   *wallet = NULL;

	if (isnan(k) || isnan(tau))
		return NULL;
	customers = ReadCustomers(fcinfo);
	if (customers.n > 0)
	{
		wallet = IcmAllocRows(context, customers.rows, sizeof(double));
		FillWallets(wallet, &customers, k, tau);
		pfree(customers.x);
	}
	pfree(customers.own);
	pfree(customers.position);
	return wallet;
}

/* icm_wallet_peer(own, x, k, tau) OVER (...) */
PG_FUNCTION_INFO_V1(icm_wallet_peer);
Datum
icm_wallet_peer(PG_FUNCTION_ARGS)
{
	return IcmResultOfRow(fcinfo, EstimatePartition);
}
