/*
 * buckets.h
 *		Values counted in buckets of bounded relative width and bounded number,
 *		and the hash table in which that is done.
 *
 * A finite double is taken as the integer that its bits are, so arranged that the
 * integers ascend with the values; the high bits of this, level bits short, are
 * the key of its bucket. So a bucket is given by sign, exponent and leading bits
 * of the mantissa: the logarithm, linearly interpolated, of a relative-error
 * sketch (DDSketch: Masson, Rim, Lee 2019, PVLDB 12(12):2195). At level 0 each
 * value has a bucket of its own. Above, the values of a bucket, up to level 52
 * within one octave, differ by less than 2^(level - 52) of any of them (unless they
 * are subnormal, below 2.3e-308).
 *
 * When there would be more than ICM_BUCKETS_MAX buckets, the level rises, for all
 * buckets alike (UDDSketch: Epicoco, Melle, Cafaro, Pulimeno, Morleo 2020, IEEE
 * Access 8:147604), to the lowest at which there are not. That is a property of
 * the set of values, so it does not depend on the order in which they come or on
 * how parts of them are merged. Level 52 always suffices: each sign has 2047
 * exponents.
 *
 * A bucket counts its values and sums what they exceed its lower bound by, in units
 * of their last place, which are integers: so the sum of its values is exact.
 */
#ifndef ICM_BUCKETS_H
#define ICM_BUCKETS_H

#include <string.h>

#include "math/wide.h"

#define ICM_BUCKETS_MAX 4096
#define ICM_BUCKET_LEVEL_MAX 52

/* Values that can be counted: doubles hold these numbers exactly, and 106 bits the sums in a bucket. */
#define ICM_BUCKET_COUNT_MAX ((INT64_C(1) << 53) - 1)

typedef struct IcmBucket
{
	int64_t		key;
	int64_t		count;
	IcmWide		excess;			/* sum of the values' integers less that of the lower bound */
} IcmBucket;

/* The integer of a double; negative zero, which is not to come in, is -1. */
static inline int64_t
IcmIntegerOf(double value)
{
	int64_t		bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits ^ ((bits >> 63) & INT64_MAX);
}

static inline double
IcmDoubleOf(int64_t integer)
{
	double		value;

	integer ^= (integer >> 63) & INT64_MAX;
	memcpy(&value, &integer, sizeof(value));
	return value;
}

/* The smallest and the largest double of a bucket, negative zero aside. */
static inline double
IcmBucketLower(int64_t key, int level)
{
	return IcmDoubleOf((int64_t) ((uint64_t) key << level));
}

static inline double
IcmBucketUpper(int64_t key, int level)
{
	int64_t		integer = (int64_t) (((uint64_t) key << level) | ((UINT64_C(1) << level) - 1));

	return IcmDoubleOf(integer == -1 ? -2 : integer);
}

/* This many equal values, as a bucket. */
static inline IcmBucket
IcmBucketOf(double value, int64_t count, int level)
{
	int64_t		integer = IcmIntegerOf(value);
	uint64_t	excess = (uint64_t) integer & ((UINT64_C(1) << level) - 1);
	IcmBucket	bucket = {integer >> level, count, {0, excess}};

	if (count != 1)
		bucket.excess = IcmWideProduct(excess, (uint64_t) count);
	return bucket;
}

/* The bucket at a higher level (or the same). */
extern IcmBucket IcmBucketRaise(const IcmBucket *bucket, int from, int to);

/* ---- building: an open-addressing hash table in the caller's memory -------- */

#define ICM_TABLE_BITS_MIN 4
#define ICM_TABLE_BITS_MAX 13

/* It is followed by 2^bits slots, of which up to half are used, the others zero. */
typedef struct IcmTable
{
	int64_t		n;				/* values */
	double		min;
	double		max;
	int32_t		used;			/* buckets */
	uint8_t		level;
	uint8_t		bits;
	uint16_t	zero;
	IcmBucket	slots[];
} IcmTable;

#define ICM_TABLE_SIZE(bits) (offsetof(IcmTable, slots) + ((size_t) 1 << (bits)) * sizeof(IcmBucket))

/* Is this the header of a table of so many bytes? */
static inline bool
IcmTableValid(const IcmTable *table, size_t size)
{
	return table->bits >= ICM_TABLE_BITS_MIN && table->bits <= ICM_TABLE_BITS_MAX &&
		size == ICM_TABLE_SIZE(table->bits) && table->level <= ICM_BUCKET_LEVEL_MAX &&
		table->n >= 0 && table->n <= ICM_BUCKET_COUNT_MAX &&
		table->used >= 0 && table->used <= 1 << (table->bits - 1);
}

/*
 * The slot of this key, or the empty one that it would take: keys are hashed by
 * multiplication (Knuth, The Art of Computer Programming 3, 6.4). NULL if there is
 * neither, and so the table corrupt.
 */
static inline IcmBucket *
IcmTableFind(IcmTable *table, int64_t key)
{
	uint64_t	mask = (UINT64_C(1) << table->bits) - 1;
	uint64_t	at = ((uint64_t) key * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - table->bits);

	for (uint64_t step = 0; step <= mask; step++)
	{
		IcmBucket  *slot = &table->slots[(at + step) & mask];

		if (slot->key == key || slot->count == 0)
			return slot;
	}
	return NULL;
}

typedef enum IcmPut
{
	ICM_PUT_DONE,
	ICM_PUT_NO_ROOM,			/* move the table to one of IcmTableNext() */
	ICM_PUT_CORRUPT
} IcmPut;

/* Add a bucket of the table's level to what there is; n, min and max are the caller's. */
static inline IcmPut
IcmTablePut(IcmTable *table, const IcmBucket *bucket)
{
	IcmBucket  *slot = IcmTableFind(table, bucket->key);

	if (slot == NULL)
		return ICM_PUT_CORRUPT;
	if (slot->count == 0)
	{
		if (table->used >= 1 << (table->bits - 1))
			return ICM_PUT_NO_ROOM;
		table->used++;
		*slot = *bucket;
		return ICM_PUT_DONE;
	}
	slot->count = (int64_t) ((uint64_t) slot->count + (uint64_t) bucket->count);
	IcmWideAdd(&slot->excess, bucket->excess);
	return ICM_PUT_DONE;
}

/* Count values into the table's n, min and max; false if there are too many. */
static inline bool
IcmTableCount(IcmTable *table, int64_t n, double min, double max)
{
	if (n > ICM_BUCKET_COUNT_MAX - table->n)
		return false;
	if (min < table->min || table->n == 0)
		table->min = min;
	if (max > table->max || table->n == 0)
		table->max = max;
	table->n += n;
	return true;
}

/*
 * Set bits and level of the table to which a full one has to move so that there is
 * room for this key too; false if the full one is corrupt.
 */
extern bool IcmTableNext(const IcmTable *full, int64_t key, IcmTable *next);

/*
 * Move everything from one table to another, zero but for its bits and its level,
 * which are at least as high, and which has room. False if a table is corrupt.
 */
extern bool IcmTableMove(const IcmTable *from, IcmTable *to);

/*
 * Copy the buckets in use, ascending; there is room for table->used of them. False if there
 * are more or fewer, and so the table corrupt.
 */
extern bool IcmTableSorted(const IcmTable *table, IcmBucket *sorted);

#endif							/* ICM_BUCKETS_H */
