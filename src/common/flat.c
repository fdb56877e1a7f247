/*
 * flat.c
 *		What the flat varlena types of icm share; see flat.h.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "common/flat.h"

void *
IcmFlatMake(Size size, int version)
{
	IcmFlat    *value = palloc0(size);

	SET_VARSIZE(value, size);
	value->version = version;
	return value;
}

void
IcmFlatCorrupt(const char *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("%s value is corrupt or of a later version", type)));
}

void
IcmFlatBeginSend(StringInfo buf, const void *value, int32 count)
{
	const IcmFlat *flat = value;

	pq_begintypsend(buf);
	pq_sendint8(buf, flat->version);
	pq_sendint8(buf, flat->flags);
	pq_sendint16(buf, flat->zero);
	pq_sendint32(buf, count);
}

int32
IcmFlatBeginRecv(StringInfo buf, const char *type, int version, Size item_size)
{
	int			flags;

	return IcmFlatBeginRecvFlags(buf, type, version, item_size, 0, &flags);
}

int32
IcmFlatBeginRecvFlags(StringInfo buf, const char *type, int version, Size item_size, int flags_max, int *flags)
{
	int			message_version = pq_getmsgbyte(buf);
	int			message_flags = pq_getmsgbyte(buf);
	int			zero = pq_getmsgint(buf, 2);
	int32		count = (int32) pq_getmsgint(buf, 4);
	int32		most = (MaxAllocSize - sizeof(IcmFlat)) / item_size;

	if (message_version != version)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported %s version number %d", type, message_version)));
	if (message_flags > flags_max || zero != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid flags or padding in %s", type)));
	if (count > most)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many items in %s", type),
				 errdetail("The message says %d; a value holds at most %d.", count, most)));
	if (count < 0 || (Size) count * item_size != (Size) (buf->len - buf->cursor))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid number of items in %s", type),
				 errdetail("The message says %d and carries %d bytes of them.",
						   count, buf->len - buf->cursor)));
	*flags = message_flags;
	return count;
}
