/*
 * buckets.c
 *		Values counted in buckets; see buckets.h.
 */
#include <stddef.h>
#include <stdlib.h>

#include "math/buckets.h"

IcmBucket
IcmBucketRaise(const IcmBucket *bucket, int from, int to)
{
	uint64_t	cut = (uint64_t) bucket->key & ((UINT64_C(1) << (to - from)) - 1);
	IcmBucket	raised = *bucket;

	raised.key >>= to - from;
	IcmWideAdd(&raised.excess, IcmWideProduct(cut << from, (uint64_t) bucket->count));
	return raised;
}

static int
CompareKeys(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a,
				y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* The key is a bucket's first member. */
bool
IcmTableSorted(const IcmTable *table, IcmBucket *sorted)
{
	int			n = 0;

	for (size_t i = 0; i < (size_t) 1 << table->bits; i++)
	{
		if (table->slots[i].count == 0)
			continue;
		if (n == table->used)
			return false;
		sorted[n++] = table->slots[i];
	}
	qsort(sorted, n, sizeof(IcmBucket), CompareKeys);
	return n == table->used;
}

/*
 * How many bits n distinct keys, ascending, must lose for at most
 * ICM_BUCKETS_MAX to be left. Neighbours whose highest different bit is b stay
 * different as long as no more than b bits are lost.
 */
static int
BitsToLose(const int64_t *keys, int n)
{
	int			parted[64] = {0};	/* neighbours by that bit */
	int			bit;

	for (int i = 1; i < n; i++)
	{
		uint64_t	different = (uint64_t) keys[i] ^ (uint64_t) keys[i - 1];

		for (bit = 0; (different >>= 1) != 0; bit++)
			;
		parted[bit]++;
	}
	for (bit = 0; bit < 64 && n > ICM_BUCKETS_MAX; bit++)
		n -= parted[bit];
	return bit;
}

bool
IcmTableNext(const IcmTable *full, int64_t key, IcmTable *next)
{
	int64_t		keys[ICM_BUCKETS_MAX + 1];
	int			n = 0,
				level;

	next->bits = full->bits + 1;
	next->level = full->level;
	if (full->bits < ICM_TABLE_BITS_MAX)
		return true;

	for (size_t i = 0; i < (size_t) 1 << full->bits; i++)
	{
		if (full->slots[i].count == 0)
			continue;
		if (n == ICM_BUCKETS_MAX)
			return false;
		keys[n++] = full->slots[i].key;
	}
	keys[n++] = key;
	qsort(keys, n, sizeof(int64_t), CompareKeys);
	level = full->level + BitsToLose(keys, n);
	next->bits = ICM_TABLE_BITS_MAX;
	next->level = (uint8_t) level;
	return level <= ICM_BUCKET_LEVEL_MAX;
}

bool
IcmTableMove(const IcmTable *from, IcmTable *to)
{
	to->n = from->n;
	to->min = from->min;
	to->max = from->max;
	for (size_t i = 0; i < (size_t) 1 << from->bits; i++)
	{
		IcmBucket	bucket;

		if (from->slots[i].count == 0)
			continue;
		bucket = IcmBucketRaise(&from->slots[i], from->level, to->level);
		if (IcmTablePut(to, &bucket) != ICM_PUT_DONE)
			return false;
	}
	return true;
}
