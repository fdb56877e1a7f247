/*
 * hash.c
 *		Unit tests of math/hash: the published values of FNV-1a, found again by
 *		undoing the mixing; and that places are uniform.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "math/hash.h"
#include "../tap.h"

/* The inverse of MurmurHash3's finalizer. */
static uint64_t
Unmix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= UINT64_C(0x9cb4b2f8129337db);
	hash ^= hash >> 33;
	hash *= UINT64_C(0x4f74430c22a54005);
	return hash ^ hash >> 33;
}

/* Does the place of this salt and an empty key come from this hash, whatever the 11 bits are that it leaves out? */
static bool
ComesFrom(const char *salt, uint64_t hash)
{
	uint64_t	high = (uint64_t) (IcmHashPlace(salt, strlen(salt), "", 0) * 0x1p53) << 11;

	for (uint64_t low = 0; low < 2048; low++)
		if (Unmix(high | low) == hash)
			return true;
	return false;
}

int
main(void)
{
	int			counts[64] = {0};
	double		chi_square = 0.0;
	char		key[32];

	ok(UINT64_C(0xc4ceb9fe1a85ec53) * UINT64_C(0x9cb4b2f8129337db) == 1 &&
	   UINT64_C(0xff51afd7ed558ccd) * UINT64_C(0x4f74430c22a54005) == 1, "the mixing is undone");
	/* the test vectors of draft-eastlake-fnv, which hash the text and its zero byte */
	ok(ComesFrom("", UINT64_C(0xaf63bd4c8601b7df)), "nothing, and a zero byte");
	ok(ComesFrom("a", UINT64_C(0x089be207b544f1e4)), "a, and a zero byte");
	ok(ComesFrom("foobar", UINT64_C(0x34531ca7168b8f38)), "foobar, and a zero byte");
	ok(IcmHashPlace("ab", 2, "c", 1) != IcmHashPlace("a", 1, "bc", 2), "where the salt ends matters");
	ok(IcmHashPlace("\xff", 1, "\x80", 1) >= 0.0, "bytes are not signed");

	for (int i = 0; i < 64000; i++)
	{
		int			length = snprintf(key, sizeof(key), "%d", i);

		counts[(int) (IcmHashPlace("q4", 2, key, length) * 64)]++;
	}
	for (int i = 0; i < 64; i++)
		chi_square += (counts[i] - 1000.0) * (counts[i] - 1000.0) / 1000.0;
	/* 63 degrees of freedom: beyond these once in a million each */
	ok(chi_square > 20.0 && chi_square < 130.0, "the places of 64,000 numbers are uniform");
	printf("1..%d\n", tests);
	return failures > 0;
}
