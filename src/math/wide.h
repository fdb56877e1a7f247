/*
 * wide.h
 *		Unsigned integers of 128 bits, as the compiler has them, and in two words
 *		where they are stored, as memory need not be aligned for them. They wrap
 *		around, as uint64_t does.
 */
#ifndef ICM_WIDE_H
#define ICM_WIDE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef __SIZEOF_INT128__
#error "icm needs integers of 128 bits, which gcc and clang have on 64-bit machines"
#endif

__extension__ typedef unsigned __int128 IcmUint128;

typedef struct IcmWide
{
	uint64_t	high;
	uint64_t	low;
} IcmWide;

static inline IcmUint128
IcmWideGet(IcmWide a)
{
	return (IcmUint128) a.high << 64 | a.low;
}

static inline IcmWide
IcmWideOf(IcmUint128 a)
{
	IcmWide		wide = {(uint64_t) (a >> 64), (uint64_t) a};

	return wide;
}

static inline void
IcmWideAdd(IcmWide *a, IcmWide b)
{
	*a = IcmWideOf(IcmWideGet(*a) + IcmWideGet(b));
}

static inline void
IcmWideSubtract(IcmWide *a, IcmWide b)
{
	*a = IcmWideOf(IcmWideGet(*a) - IcmWideGet(b));
}

static inline bool
IcmWideLess(IcmWide a, IcmWide b)
{
	return IcmWideGet(a) < IcmWideGet(b);
}

static inline IcmWide
IcmWideProduct(uint64_t a, uint64_t b)
{
	return IcmWideOf((IcmUint128) a * b);
}

/* A double close to it: within two units of the last place. */
static inline double
IcmWideToDouble(IcmWide a)
{
	return ldexp((double) a.high, 64) + (double) a.low;
}

#endif							/* ICM_WIDE_H */
