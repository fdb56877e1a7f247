/*
 * tap.h
 *		What test programs in C share: TAP output, and numbers that look random.
 */
#ifndef ICM_TAP_H
#define ICM_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int	tests = 0;
static int	failures = 0;

/* One test, named as printf() would. */
static inline void
ok(bool good, const char *name,...)
{
	va_list		args;

	printf("%sok %d - ", good ? "" : "not ", ++tests);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	failures += !good;
}

/* xorshift64*: the same numbers everywhere */
static inline uint64_t
Random(void)
{
	static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

#endif							/* ICM_TAP_H */
