/*
 * standard.c
 *		The backend's cache of icm.standard, and the lookup by name.
 *
 * Every change of icm.standard sends a relcache invalidation for it (the
 * trigger icm_standard_changed sees to that), which reaches every session when
 * the change commits, the changing session at its next command, and again when
 * it rolls back. The callback only raises a flag; the next lookup throws the
 * cache away. The same message re-plans the statements that a name was folded
 * into (standard_support.c).
 *
 * The table is read with a catalog snapshot, as DDL reads catalogs: what is
 * committed now and what this transaction has done so far. A snapshot of the
 * query would be older than the message that has just emptied the cache, and
 * would fill it with what is outdated.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "standard/standard.h"

/* the columns of icm.standard that are read here */
enum
{
	ANUM_KIND = 1,
	ANUM_NAME,
	ANUM_VERSION,
	ANUM_BODY,
	ANUM_FROM,
	ANUM_UNTIL
};

typedef struct StandardKey
{
	Oid			type;
	NameData	name;			/* zero-padded */
} StandardKey;

/* All versions published under one name. */
typedef struct Standard
{
	StandardKey key;
	int			count;
	IcmStandardVersion *versions;	/* newest first */
	Oid			input;			/* of the kind's type */
	Oid			ioparam;
} Standard;

static bool outdated = true;
static MemoryContext cache_context = NULL;
static HTAB *cache = NULL;
static Oid	relation = InvalidOid;
static Oid	reader = InvalidOid;	/* the user last seen to have SELECT */

static void
StandardChanged(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == relation)
		outdated = true;
}

static void
RolesChanged(Datum arg, int cacheid, uint32 hashvalue)
{
	reader = InvalidOid;
}

void
IcmStandardInit(void)
{
	CacheRegisterRelcacheCallback(StandardChanged, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, RolesChanged, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, RolesChanged, (Datum) 0);
}

/*
 * Start anew if the table has changed. Messages that arrive from here on raise
 * the flag again, so what is cached may be newer than the flag says, never
 * older.
 */
static void
RefreshCache(void)
{
	HASHCTL		control = {0};
	Oid			icm;

	if (!outdated)
		return;
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext, "icm.standard", ALLOCSET_SMALL_SIZES);
	cache = NULL;
	MemoryContextReset(cache_context);
	control.keysize = sizeof(StandardKey);
	control.entrysize = sizeof(Standard);
	control.hcxt = cache_context;
	cache = hash_create("icm.standard", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	reader = InvalidOid;
	outdated = false;
	icm = get_namespace_oid("icm", true);
	relation = OidIsValid(icm) ? get_relname_relid("standard", icm) : InvalidOid;
	if (!OidIsValid(relation))
	{
		outdated = true;
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table icm.standard does not exist"),
				 errhint("It belongs to the extension icm; see CREATE EXTENSION.")));
	}
}

Oid
IcmStandardRelation(void)
{
	RefreshCache();
	return relation;
}

bool
IcmStandardMayRead(void)
{
	RefreshCache();
	if (reader != GetUserId())
	{
		if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			return false;
		reader = GetUserId();
	}
	return true;
}

/* What the type's kind is called: its name without icm_. Palloc'd. */
static char *
KindOf(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	char	   *kind;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	kind = NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname);
	if (strncmp(kind, "icm_", 4) != 0)
		elog(ERROR, "type %s is no kind of definition", kind);
	kind = pstrdup(kind + 4);
	ReleaseSysCache(tuple);
	return kind;
}

/* Read one row, its body as text, into the cache's memory. */
static void
ReadVersion(IcmStandardVersion *version, HeapTuple tuple, TupleDesc tupdesc)
{
	MemoryContext oldcontext;
	bool		null;

	version->version = DatumGetInt32(heap_getattr(tuple, ANUM_VERSION, tupdesc, &null));
	version->from = DatumGetTimestampTz(heap_getattr(tuple, ANUM_FROM, tupdesc, &null));
	version->until = DatumGetTimestampTz(heap_getattr(tuple, ANUM_UNTIL, tupdesc, &null));
	version->parsed = false;

	oldcontext = MemoryContextSwitchTo(cache_context);
	version->body = TextDatumGetCString(heap_getattr(tuple, ANUM_BODY, tupdesc, &null));
	MemoryContextSwitchTo(oldcontext);
}

/* Read all versions of a name, newest first, into the cache's memory; returns their number. */
static int
ReadVersions(const StandardKey *key, IcmStandardVersion **versions)
{
	Relation	table = table_open(relation, AccessShareLock);
	Oid			index = get_relname_relid("standard_pkey", RelationGetNamespace(table));
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			count = 0;
	int			room = 4;

	ScanKeyInit(&keys[0], ANUM_KIND, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(KindOf(key->type)));
	ScanKeyInit(&keys[1], ANUM_NAME, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(NameStr(key->name)));
	*versions = MemoryContextAlloc(cache_context, room * sizeof(IcmStandardVersion));
	scan = systable_beginscan(table, index, OidIsValid(index), NULL, lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		if (count == room)
			*versions = repalloc(*versions, (room *= 2) * sizeof(IcmStandardVersion));
		ReadVersion(&(*versions)[count++], tuple, RelationGetDescr(table));
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);

	/* the primary key ends in the version: oldest first */
	for (int i = 0; i < count / 2; i++)
	{
		IcmStandardVersion swap = (*versions)[i];

		(*versions)[i] = (*versions)[count - 1 - i];
		(*versions)[count - 1 - i] = swap;
	}
	return count;
}

/* All versions of a name, or NULL if it was never published. */
static Standard *
FindStandard(Oid type, const char *name, int length)
{
	StandardKey key;
	Standard   *standard;
	IcmStandardVersion *versions;
	int			count;

	RefreshCache();
	if (length >= NAMEDATALEN)
		return NULL;			/* cannot have been published */
	memset(&key, 0, sizeof(key));
	key.type = type;
	memcpy(NameStr(key.name), name, length);
	standard = hash_search(cache, &key, HASH_FIND, NULL);
	if (standard != NULL)
		return standard;

	count = ReadVersions(&key, &versions);
	if (count == 0)
	{
		pfree(versions);
		return NULL;
	}
	standard = hash_search(cache, &key, HASH_ENTER, NULL);
	standard->count = count;
	standard->versions = versions;
	getTypeInputInfo(type, &standard->input, &standard->ioparam);
	return standard;
}

const IcmStandardVersion *
IcmStandardLookup(Oid type, const char *name, int length, TimestampTz at)
{
	Standard   *standard = FindStandard(type, name, length);
	IcmStandardVersion *version;
	MemoryContext oldcontext;

	if (standard == NULL)
		return NULL;
	for (int i = 0;; i++)
	{
		if (i == standard->count)
			return NULL;
		version = &standard->versions[i];
		if (version->from <= at && (at < version->until || TIMESTAMP_IS_NOEND(version->until)))
			break;
	}
	if (!version->parsed)
	{
		oldcontext = MemoryContextSwitchTo(cache_context);
		version->value = OidInputFunctionCall(standard->input, version->body, standard->ioparam, -1);
		version->parsed = true;
		MemoryContextSwitchTo(oldcontext);
	}
	return version;
}

/*
 * The version that is next to take effect after a time, or else the last to
 * have ended by then. Versions that never were in force do not count.
 */
static const IcmStandardVersion *
NearestVersion(const Standard *standard, TimestampTz at)
{
	const IcmStandardVersion *next = NULL;
	const IcmStandardVersion *last = NULL;

	for (int i = 0; i < standard->count; i++)
	{
		const IcmStandardVersion *version = &standard->versions[i];

		if (version->until <= version->from)
			continue;
		if (version->from > at && (next == NULL || version->from < next->from))
			next = version;
		if (version->until <= at && (last == NULL || version->until > last->until))
			last = version;
	}
	return next != NULL ? next : last;
}

/* ERROR: nothing was published under this name, or nothing is in force at that time. */
static void
NotInForce(Oid type, const char *name, int length, TimestampTz at)
{
	Standard   *standard = FindStandard(type, name, length);
	const IcmStandardVersion *nearest = standard == NULL ? NULL : NearestVersion(standard, at);
	char	   *kind = KindOf(type);
	char	   *quoted = quote_literal_cstr(pnstrdup(name, length));

	if (nearest == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s \"%.*s\" is not published", kind, length, name),
				 length > 0 && name[0] == '{' ?
				 errhint("To give the %s itself and not a name, write %s::icm_%s.", kind, quoted, kind) :
				 errhint("Publish it with SELECT icm_publish('%s', %s, '<body>'); "
						 "icm.standard_in_force lists what is published.", kind, quoted)));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s \"%.*s\" has no version in force at %s",
					kind, length, name, timestamptz_to_str(at)),
			 nearest->from > at ?
			 errdetail("Version %d takes effect at %s.", nearest->version, timestamptz_to_str(nearest->from)) :
			 errdetail("Version %d ended at %s.", nearest->version, timestamptz_to_str(nearest->until)),
			 errhint("icm.standard lists all versions.")));
}

/* The result type of the calling function, looked up once a query. */
typedef struct LookupType
{
	Oid			type;
	int16		length;
	bool		by_value;
} LookupType;

static const LookupType *
GetLookupType(FmgrInfo *flinfo)
{
	LookupType *result = flinfo->fn_extra;

	if (result == NULL)
	{
		result = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(LookupType));
		result->type = get_func_rettype(flinfo->fn_oid);
		get_typlenbyval(result->type, &result->length, &result->by_value);
		flinfo->fn_extra = result;
	}
	return result;
}

/* icm_standard_<kind>(name [, as_of]): the definition in force now, or at as_of */
PG_FUNCTION_INFO_V1(icm_standard_lookup);
Datum
icm_standard_lookup(PG_FUNCTION_ARGS)
{
	const text *name = PG_GETARG_TEXT_PP(0);
	const LookupType *result = GetLookupType(fcinfo->flinfo);
	TimestampTz at = PG_NARGS() > 1 ? PG_GETARG_TIMESTAMPTZ(1) : GetCurrentTransactionStartTimestamp();
	const IcmStandardVersion *version;

	if (!IcmStandardMayRead())
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "standard");
	version = IcmStandardLookup(result->type, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), at);
	if (version == NULL)
		NotInForce(result->type, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), at);
	PG_RETURN_DATUM(datumCopy(version->value, result->by_value, result->length));
}

/* statement trigger on icm.standard: tell all sessions */
PG_FUNCTION_INFO_V1(icm_standard_changed);
Datum
icm_standard_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("icm_standard_changed can be called only as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
