/*
 * poll.h
 *		What the loops of src/math, which know nothing of PostgreSQL, call now and then.
 */
#ifndef ICM_POLL_H
#define ICM_POLL_H

#include "miscadmin.h"

static inline void
IcmPoll(void)
{
	CHECK_FOR_INTERRUPTS();
}

#endif							/* ICM_POLL_H */
