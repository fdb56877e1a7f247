/*
 * standard.c
 *		The backend's cache of icm.standard, and the lookup by name.
 *
 * Every change of icm.standard sends a relcache invalidation for it (the
 * row trigger icm.standard_changed() sees to that), which reaches every session when
 * the change commits, the changing session at its next command, and again when
 * it rolls back. The callback only raises a flag; the next lookup throws the
 * cache away. The same message re-plans the statements that a name was folded
 * into (standard_support.c).
 *
 * A query reads the table with its own snapshot, so that all its rows and all
 * its parallel workers go by the same versions, whatever is published
 * meanwhile. If that is not the newest there is, what was read holds for this
 * snapshot only: the cache is pinned to it.
 *
 * The planner reads with a catalog snapshot, as DDL reads catalogs, into a
 * cache of its own: a PL/pgSQL block plans its statements under a snapshot that
 * is older than what it has just published.
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
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
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
	IcmStandardVersion *versions;	/* the oldest first */
	Oid			input;			/* of the kind's type */
	Oid			ioparam;
} Standard;

/* What tells one snapshot from another that sees something else of icm.standard. */
typedef struct SnapshotStamp
{
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	command;
	SubTransactionId subtransaction;
} SnapshotStamp;

typedef struct StandardCache
{
	bool		outdated;		/* the table has changed since the cache was begun */
	MemoryContext context;
	HTAB	   *standards;
} StandardCache;

static StandardCache query_cache = {.outdated = true};
static bool pinned = false;		/* it holds what only this snapshot sees: */
static SnapshotStamp pin;
static StandardCache planner_cache = {.outdated = true};
static bool folded = false;		/* a name was folded into a plan in this transaction */
static bool stale_plans = false;	/* and the table has changed since */
static Oid	relation = InvalidOid;
static Oid	reader = InvalidOid;	/* the user last seen to have SELECT */

static void
StandardChanged(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == relation)
	{
		query_cache.outdated = true;
		planner_cache.outdated = true;
		reader = InvalidOid;
		stale_plans = folded;
	}
}

/*
 * A message that arrives while a statement is being planned finds no plan yet
 * that it could invalidate, as no lock keeps publishers from what was folded.
 * So if one has come since, plan everything again.
 */
static void
TransactionEnds(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PARALLEL_PRE_COMMIT ||
		event == XACT_EVENT_PRE_PREPARE)
		return;
	if (stale_plans)
		ResetPlanCache();
	folded = stale_plans = false;
}

/* Who may read was checked when a name was folded. */
static void
RolesChanged(Datum arg, int cacheid, uint32 hashvalue)
{
	reader = InvalidOid;
	if (planner_cache.context != NULL)
		ResetPlanCache();
}

void
IcmStandardInit(void)
{
	CacheRegisterRelcacheCallback(StandardChanged, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, RolesChanged, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, RolesChanged, (Datum) 0);
	RegisterXactCallback(TransactionEnds, NULL);
}

Oid
IcmStandardRelation(void)
{
	Oid			icm = get_namespace_oid("icm", true);

	relation = OidIsValid(icm) ? get_relname_relid("standard", icm) : InvalidOid;
	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table icm.standard does not exist"),
				 errhint("It belongs to the extension icm; see CREATE EXTENSION.")));
	return relation;
}

/*
 * The stamp of the active snapshot. A publication that commits between two
 * snapshots ends an xid, so that xmax is larger or fewer are in progress; one
 * of this transaction takes a command, or its subtransaction ends.
 */
static SnapshotStamp
StampOf(Snapshot snapshot)
{
	SnapshotStamp stamp;

	memset(&stamp, 0, sizeof(stamp));
	stamp.xmin = snapshot->xmin;
	stamp.xmax = snapshot->xmax;
	stamp.xcnt = snapshot->xcnt;
	stamp.subxcnt = snapshot->subxcnt;
	stamp.command = snapshot->curcid;
	stamp.subtransaction = GetCurrentSubTransactionId();
	return stamp;
}

static bool
IsPinnedTo(Snapshot snapshot)
{
	SnapshotStamp stamp = StampOf(snapshot);

	return memcmp(&stamp, &pin, sizeof(stamp)) == 0;
}

/*
 * Begin a cache anew. A message that arrives from here on raises the flag
 * again, so what is cached may be newer than the flag says, never older.
 */
static void
BeginCache(StandardCache *cache)
{
	HASHCTL		control = {0};

	cache->outdated = true;		/* until all is done */
	IcmStandardRelation();
	if (cache->context == NULL)
		cache->context = AllocSetContextCreate(CacheMemoryContext, "icm.standard", ALLOCSET_SMALL_SIZES);
	cache->standards = NULL;
	MemoryContextReset(cache->context);
	control.keysize = sizeof(StandardKey);
	control.entrysize = sizeof(Standard);
	control.hcxt = cache->context;
	cache->standards = hash_create("icm.standard", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	cache->outdated = false;
}

bool
IcmStandardMayRead(void)
{
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

static void
ReadVersion(IcmStandardVersion *version, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		null;

	version->version = DatumGetInt32(heap_getattr(tuple, ANUM_VERSION, tupdesc, &null));
	version->from = DatumGetTimestampTz(heap_getattr(tuple, ANUM_FROM, tupdesc, &null));
	version->until = DatumGetTimestampTz(heap_getattr(tuple, ANUM_UNTIL, tupdesc, &null));
	version->body = TextDatumGetCString(heap_getattr(tuple, ANUM_BODY, tupdesc, &null));
	version->parsed = false;
}

/*
 * Read all versions of a name that the snapshot sees, the oldest first, into
 * the current memory context. NULL is a fresh catalog snapshot.
 */
static Standard
ReadStandard(const StandardKey *key, Snapshot snapshot)
{
	Standard	standard = {.key = *key};
	Relation	table = table_open(relation, AccessShareLock);
	Oid			index = get_relname_relid("standard_pkey", RelationGetNamespace(table));
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			room = 4;

	ScanKeyInit(&keys[0], ANUM_KIND, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(KindOf(key->type)));
	ScanKeyInit(&keys[1], ANUM_NAME, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(NameStr(key->name)));
	standard.versions = palloc(room * sizeof(IcmStandardVersion));
	scan = systable_beginscan(table, index, OidIsValid(index), snapshot, lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		if (standard.count == room)
			standard.versions = repalloc(standard.versions, (room *= 2) * sizeof(IcmStandardVersion));
		ReadVersion(&standard.versions[standard.count++], tuple, RelationGetDescr(table));
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	getTypeInputInfo(key->type, &standard.input, &standard.ioparam);
	return standard;
}

/* Do two snapshots see the same versions, in force at the same times? */
static bool
IsSameStandard(const Standard *a, const Standard *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++)
		if (a->versions[i].version != b->versions[i].version ||
			a->versions[i].from != b->versions[i].from ||
			a->versions[i].until != b->versions[i].until)
			return false;
	return true;
}

/* A key, zero-padded; false if no such name can have been published. */
static bool
MakeKey(StandardKey *key, Oid type, const char *name, int length)
{
	memset(key, 0, sizeof(*key));
	if (length >= NAMEDATALEN)
		return false;
	key->type = type;
	memcpy(NameStr(key->name), name, length);
	return true;
}

/* All versions of a name that the snapshot sees, by the cache, or NULL. */
static Standard *
FindStandard(StandardCache *cache, Oid type, const char *name, int length, Snapshot snapshot)
{
	StandardKey key;
	Standard   *standard;
	Standard	seen;
	MemoryContext oldcontext;

	if (!MakeKey(&key, type, name, length))
		return NULL;
	standard = hash_search(cache->standards, &key, HASH_FIND, NULL);
	if (standard != NULL)
		return standard;

	oldcontext = MemoryContextSwitchTo(cache->context);
	seen = ReadStandard(&key, snapshot);
	MemoryContextSwitchTo(oldcontext);
	if (snapshot != NULL && !pinned)
	{
		Standard	newest = ReadStandard(&key, NULL);

		pinned = !IsSameStandard(&seen, &newest);
		pin = StampOf(snapshot);
	}
	if (seen.count == 0)
	{
		pfree(seen.versions);	/* a loop over names that are not published must not fill the cache */
		return NULL;
	}
	standard = hash_search(cache->standards, &key, HASH_ENTER, NULL);
	*standard = seen;
	return standard;
}

/* The newest version in force at a time, or NULL. */
static IcmStandardVersion *
VersionAt(const Standard *standard, TimestampTz at)
{
	for (int i = standard->count - 1; i >= 0; i--)
	{
		IcmStandardVersion *version = &standard->versions[i];

		if (version->from <= at && (at < version->until || TIMESTAMP_IS_NOEND(version->until)))
			return version;
	}
	return NULL;
}

/* Read the version's body, unless that was done before. */
static void
ParseVersion(StandardCache *cache, const Standard *standard, IcmStandardVersion *version)
{
	MemoryContext oldcontext;

	if (version->parsed)
		return;
	oldcontext = MemoryContextSwitchTo(cache->context);
	version->value = OidInputFunctionCall(standard->input, version->body, standard->ioparam, -1);
	version->parsed = true;
	MemoryContextSwitchTo(oldcontext);
}

const IcmStandardVersion *
IcmStandardNewest(bool first, Oid type, const char *name, int length, TimestampTz at)
{
	Standard   *standard;
	IcmStandardVersion *version;

	if (planner_cache.outdated && (first || planner_cache.standards == NULL))
		BeginCache(&planner_cache);
	folded = true;
	standard = FindStandard(&planner_cache, type, name, length, NULL);
	version = standard == NULL ? NULL : VersionAt(standard, at);
	if (version != NULL)
		ParseVersion(&planner_cache, standard, version);
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
NotInForce(const Standard *standard, Oid type, const char *name, int length, TimestampTz at)
{
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
	const text *argument = PG_GETARG_TEXT_PP(0);
	const char *name = VARDATA_ANY(argument);
	int			length = VARSIZE_ANY_EXHDR(argument);
	TimestampTz at = PG_NARGS() > 1 ? PG_GETARG_TIMESTAMPTZ(1) : GetCurrentTransactionStartTimestamp();
	const LookupType *result = GetLookupType(fcinfo->flinfo);
	Snapshot	snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();
	Standard   *standard;
	IcmStandardVersion *version;

	if (query_cache.outdated || (pinned && !IsPinnedTo(snapshot)))
	{
		BeginCache(&query_cache);
		pinned = false;
	}
	if (!IcmStandardMayRead())
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "standard");
	standard = FindStandard(&query_cache, result->type, name, length, snapshot);
	version = standard == NULL ? NULL : VersionAt(standard, at);
	if (version == NULL)
		NotInForce(standard, result->type, name, length, at);
	ParseVersion(&query_cache, standard, version);
	PG_RETURN_DATUM(datumCopy(version->value, result->by_value, result->length));
}

/* row trigger on icm.standard: tell all sessions */
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
