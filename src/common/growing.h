/*
 * growing.h
 *		Transition states that grow by the row: a bytea whose size includes room at its end.
 *
 * The executor copies a state that is returned to it, unless it is the one that it passed. Up to
 * ICM_GROWING_FLAT bytes this is let happen. A larger state stands in an expanded object
 * (utils/expandeddatum.h), with a memory context of its own: the executor takes it as it is, and it is enlarged where
 * it stands. Read as a bytea, as when a worker sends it, it is what is in use of it, without the room.
 *
 * Whoever has a state of his own in hand has it from these functions, so that its size tells where it stands.
 */
#ifndef ICM_GROWING_H
#define ICM_GROWING_H

#include "common/compat.h"
#include "utils/memutils.h"

#define ICM_GROWING_NEW 1024	/* bytes of a new state */
#define ICM_GROWING_FLAT (1024 * 1024)
#define ICM_GROWING_MAX (MaxAllocSize - 65536)	/* bytes of a state; the rest is for the tuple in which a worker sends it */

/* How many bytes of a state are in use. ERROR if it is none: it may come from anywhere that a bytea can. */
typedef Size (*IcmGrowingUsed) (const void *state);

/* A new state of ICM_GROWING_NEW bytes, zeroed. */
extern void *IcmGrowingNew(void);

/* The state in argument 0, to be changed. */
extern void *IcmGrowingOwn(FunctionCallInfo fcinfo, IcmGrowingUsed used);

/* Any state, to be read. */
extern const void *IcmGrowingGet(Datum datum, IcmGrowingUsed used);

/*
 * Enlarge a state to twice its size, or more if so many bytes are needed, but not beyond
 * ICM_GROWING_MAX, which needed must not exceed. Returns where it stands now.
 */
extern void *IcmGrow(FunctionCallInfo fcinfo, void *state, Size needed, IcmGrowingUsed used);

/* What a transition function returns. */
extern Datum IcmGrowingReturn(void *state);

/* The same for a combine function whose own state is NULL, and that takes over the other. */
extern Datum IcmGrowingTakeOver(FunctionCallInfo fcinfo, const void *other, IcmGrowingUsed used);

#endif							/* ICM_GROWING_H */
