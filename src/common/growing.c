/*
 * growing.c
 *		Transition states that grow by the row; see growing.h.
 */
#include "postgres.h"

#include "utils/expandeddatum.h"

#include "common/aggregate.h"
#include "common/growing.h"

/* What is pointed to, which stays where it is; the state moves when it is enlarged. */
typedef struct Growing
{
	ExpandedObjectHeader header;
	IcmGrowingUsed used;
	struct Place *place;
} Growing;

typedef struct Place
{
	Growing    *growing;		/* whose it is */
	double		state[FLEXIBLE_ARRAY_MEMBER];	/* for its alignment */
} Place;

StaticAssertDecl(ICM_GROWING_NEW <= ICM_GROWING_FLAT, "a new state is flat");

#define PLACE_OF(state) ((Place *) ((char *) (state) - offsetof(Place, state)))

/* ---- as an expanded object -------------------------------------------------- */

static Size
FlatSize(ExpandedObjectHeader *header)
{
	const Growing *growing = (const Growing *) header;

	return growing->used(growing->place->state);
}

static void
Flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	memcpy(result, ((const Growing *) header)->place->state, size);
	SET_VARSIZE(result, size);
}

static const ExpandedObjectMethods methods = {FlatSize, Flatten};

/* NULL: the datum is flat, or some other expanded object. */
static Growing *
GrowingOf(Datum datum)
{
	ExpandedObjectHeader *header;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		return NULL;
	header = DatumGetEOHP(datum);
	return header->eoh_methods == &methods ? (Growing *) header : NULL;
}

/* ERROR unless it is a state of such a kind. */
static void *
StateOf(const Growing *growing, IcmGrowingUsed used)
{
	if (unlikely(growing->used != used))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("transition state is of another aggregate")));
	return growing->place->state;
}

/* A copy of what is in use, in an expanded object of so many bytes. */
static void *
Expand(FunctionCallInfo fcinfo, const void *state, Size size, IcmGrowingUsed used)
{
	MemoryContext parent,
				context;
	Growing    *growing;

	if (!AggCheckCallContext(fcinfo, &parent))
		elog(ERROR, "a transition state can grow only in an aggregate");
	context = AllocSetContextCreate(parent, "icm growing state", ALLOCSET_SMALL_SIZES);
	growing = MemoryContextAlloc(context, sizeof(Growing));
	EOH_init_header(&growing->header, &methods, context);
	growing->used = used;
	growing->place = MemoryContextAllocHuge(context, offsetof(Place, state) + size);
	growing->place->growing = growing;
	memcpy(growing->place->state, state, used(state));
	SET_VARSIZE(growing->place->state, size);
	return growing->place->state;
}

/* ---- for transition functions ----------------------------------------------- */

void *
IcmGrowingNew(void)
{
	void	   *state = palloc0(ICM_GROWING_NEW);

	SET_VARSIZE(state, ICM_GROWING_NEW);
	return state;
}

const void *
IcmGrowingGet(Datum datum, IcmGrowingUsed used)
{
	Growing    *growing = GrowingOf(datum);
	void	   *state;

	if (growing != NULL)
		return StateOf(growing, used);
	state = IcmGetAligned(datum);
	(void) used(state);
	return state;
}

void *
IcmGrowingOwn(FunctionCallInfo fcinfo, IcmGrowingUsed used)
{
	Datum		datum = PG_GETARG_DATUM(0);
	Growing    *growing = GrowingOf(datum);
	void	   *state;

	if (growing != NULL && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
		return StateOf(growing, used);
	state = unconstify(void *, IcmGrowingGet(datum, used));
	/* large, but flat as an initial condition is, or read-only: a copy, which stands where large states do */
	return VARSIZE(state) > ICM_GROWING_FLAT ? Expand(fcinfo, state, VARSIZE(state), used) : state;
}

void *
IcmGrow(FunctionCallInfo fcinfo, void *state, Size needed, IcmGrowingUsed used)
{
	Size		size = Min(Max(2 * (Size) VARSIZE(state), needed), ICM_GROWING_MAX);

	Assert(needed <= ICM_GROWING_MAX);
	if (VARSIZE(state) > ICM_GROWING_FLAT)
	{
		Growing    *growing = PLACE_OF(state)->growing;

		/* of a large piece glibc moves the pages, not the bytes */
		growing->place = repalloc_huge(PLACE_OF(state), offsetof(Place, state) + size);
		state = growing->place->state;
	}
	else if (size > ICM_GROWING_FLAT)
		state = Expand(fcinfo, state, size, used);
	else
		state = memcpy(palloc0(size), state, used(state));	/* zeroed, as a flat state is read with its room */
	SET_VARSIZE(state, size);
	return state;
}

Datum
IcmGrowingReturn(void *state)
{
	if (VARSIZE(state) > ICM_GROWING_FLAT)
	{
		Assert(PLACE_OF(state)->growing->place == PLACE_OF(state));
		return EOHPGetRWDatum(&PLACE_OF(state)->growing->header);
	}
	return PointerGetDatum(state);
}

Datum
IcmGrowingTakeOver(FunctionCallInfo fcinfo, const void *other, IcmGrowingUsed used)
{
	if (VARSIZE(other) > ICM_GROWING_FLAT)
		return IcmGrowingReturn(Expand(fcinfo, other, VARSIZE(other), used));
	return PointerGetDatum(other);
}
