/*
 * flat.h
 *		What the flat varlena types of icm share: the header in memory, and the
 *		same header at the start of the binary form.
 *
 * Binary form: version (1 byte), flags (1), zero (2), count (4), then count
 * items of a fixed size.
 */
#ifndef ICM_FLAT_H
#define ICM_FLAT_H

#include "common/compat.h"
#include "lib/stringinfo.h"

/* How each of these types starts; items follow, 8-aligned. */
typedef struct IcmFlat
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* of the type's layout */
	uint8		flags;
	uint16		zero;			/* padding */
} IcmFlat;

/* A new value of this many bytes, zero but for its header. */
extern void *IcmFlatMake(Size size, int version);

/* ERROR: a stored value is not what its type says. */
pg_noreturn extern void IcmFlatCorrupt(const char *type);

/* The detoasted value, of at least this many bytes and of this version. */
static inline void *
IcmFlatGet(Datum datum, Size least, int version, const char *type)
{
	IcmFlat    *value = (IcmFlat *) PG_DETOAST_DATUM(datum);

	if (unlikely(VARSIZE(value) < least || value->version != version))
		IcmFlatCorrupt(type);
	return value;
}

/* Begin the binary form of a value with this many items. */
extern void IcmFlatBeginSend(StringInfo buf, const void *value, int32 count);

/*
 * Read the header of a message and return the count, of which the rest of the
 * message has exactly as many items of this size. Errors: 22P03 for a header
 * that is wrong, 54000 for more items than a value can hold.
 */
extern int32 IcmFlatBeginRecv(StringInfo buf, const char *type, int version, Size item_size);

/* The same of a type that has flags, from 0 to flags_max. */
extern int32 IcmFlatBeginRecvFlags(StringInfo buf, const char *type, int version, Size item_size, int flags_max, int *flags);

#endif							/* ICM_FLAT_H */
