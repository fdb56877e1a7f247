/*
 * hash.c
 *		A place from 0 to 1 for a text; see hash.h.
 */
#include <stdint.h>

#include "math/hash.h"

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t
Add(uint64_t hash, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char) bytes[i]) * FNV_PRIME;
	return hash;
}

/* All bits of the result depend on all of the argument's, which FNV's highest ones do not. */
static uint64_t
Mix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

double
IcmHashPlace(const char *salt, size_t salt_length, const char *key, size_t key_length)
{
	uint64_t	hash = Add(Add(FNV_OFFSET, salt, salt_length), "", 1);

	return (double) (Mix(Add(hash, key, key_length)) >> 11) * 0x1p-53;
}
