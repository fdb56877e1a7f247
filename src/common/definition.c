/*
 * definition.c
 *		What the types of definitions that a person writes share; see
 *		definition.h.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "common/definition.h"

/* After the last entry: nothing may follow, unless it is a part of something. */
static const char *
End(IcmEntries *entries)
{
	entries->n = 0;
	return entries->nested || IcmReadEnd(&entries->reader) ? NULL : "Nothing may follow the closing brace.";
}

bool
IcmNextEntry(IcmEntries *entries)
{
	bool		first = entries->n == 0;

	CHECK_FOR_INTERRUPTS();
	if (entries->fault != NULL)
		return false;
	if (first && !IcmReadChar(&entries->reader, '{'))
	{
		entries->fault = "A definition is written in braces.";
		return false;
	}
	if (IcmReadChar(&entries->reader, '}'))
	{
		entries->fault = End(entries);
		return false;
	}
	if (!first && !IcmReadChar(&entries->reader, ','))
	{
		entries->fault = "An entry is followed by a comma or the closing brace.";
		return false;
	}

	entries->n++;
	entries->key.text[0] = '\0';
	if (!IcmReadName(&entries->reader, &entries->key))
		entries->fault = "A key is a word, or anything in double quotes, of 1 to 63 bytes.";
	else if (!IcmReadChar(&entries->reader, ':'))
		entries->fault = "A key is followed by a colon.";
	return entries->fault == NULL;
}

/* Which field the key is; with a fault if it is none, or seen before. */
static int
FindField(IcmEntries *entries, const IcmField *fields, int n, uint32 seen)
{
	StringInfoData known;

	for (int i = 0; i < n; i++)
		if (strcmp(entries->key.text, fields[i].key) == 0)
		{
			if (seen & ICM_FIELD(i))
				entries->fault = "Each key is given once.";
			return i;
		}

	initStringInfo(&known);
	for (int i = 0; i < n; i++)
		appendStringInfo(&known, "%s%s", i == 0 ? "There is no such key; the keys are: " : ", ", fields[i].key);
	appendStringInfoChar(&known, '.');
	entries->fault = known.data;
	return n;
}

uint32
IcmReadFields(IcmEntries *entries, const IcmField *fields, int n, void *into)
{
	uint32		seen = 0;

	while (IcmNextEntry(entries))
	{
		int			i = FindField(entries, fields, n, seen);

		if (entries->fault != NULL)
			break;
		entries->fault = fields[i].read(&entries->reader, (char *) into + fields[i].offset);
		seen |= ICM_FIELD(i);
	}
	return seen;
}

const char *
IcmReadNumberField(IcmReader *reader, void *value)
{
	return IcmReadDouble(reader, value) ? NULL : "A finite number in the range of float8 is expected.";
}

const char *
IcmReadNameField(IcmReader *reader, void *value)
{
	return IcmReadName(reader, value) ? NULL :
		"A word, or anything in double quotes, of 1 to 63 bytes is expected.";
}

void
IcmAppendKey(StringInfo buf, const char *key, bool quoted)
{
	appendStringInfoString(buf, buf->len == 0 ? "{" : ", ");
	IcmAppendName(buf, key, quoted);
	appendStringInfoString(buf, ": ");
}

void
IcmAppendNumberField(StringInfo buf, const char *key, double value)
{
	IcmAppendKey(buf, key, false);
	IcmAppendDouble(buf, value);
}

void
IcmAppendNameField(StringInfo buf, const char *key, const char *value)
{
	IcmAppendKey(buf, key, false);
	IcmAppendName(buf, value, false);
}

const char *
IcmEntriesFault(const IcmEntries *entries)
{
	if (entries->n > 0 && entries->key.text[0] != '\0')
		return psprintf("Entry %d, \"%s\": %s", entries->n, entries->key.text, entries->fault);
	if (entries->n > 0)
		return psprintf("Entry %d: %s", entries->n, entries->fault);
	return entries->fault;
}

Datum
IcmDefinitionError(FunctionCallInfo fcinfo, const char *type, const IcmEntries *entries, const char *form)
{
	ereturn(fcinfo->context, (Datum) 0,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s", type),
			 errdetail("%s", IcmEntriesFault(entries)),
			 errhint("%s", form)));
}

char *
IcmDefinitionRecv(FunctionCallInfo fcinfo, const char *type, int version)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			nbytes;

	nbytes = IcmFlatBeginRecv(buf, type, version, 1);
	return pq_getmsgtext(buf, nbytes, &nbytes);
}

Datum
IcmDefinitionSend(const void *value, const char *output)
{
	char	   *sent = pg_server_to_client(output, strlen(output));
	StringInfoData buf;

	IcmFlatBeginSend(&buf, value, strlen(sent));
	pq_sendbytes(&buf, sent, strlen(sent));
	return PointerGetDatum(pq_endtypsend(&buf));
}
