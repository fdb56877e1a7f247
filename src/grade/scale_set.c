/*
 * scale_set.c
 *		The SQL face of icm_scale_set, and grades by segment.
 *
 * Text form: {north: {10,20}, "south west": {5,15}, default: {8,18}}, each scale in
 * its own text form. The default, a bare word, is for segments that are not
 * listed; a segment "default" is written in quotes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/definition.h"
#include "common/rows.h"
#include "grade/scale_set.h"

#define DEFAULT_KEY "default"
#define SEGMENTS_MAX 10000

/* A segment that a set is to be made of. */
typedef struct Entry
{
	char		name[ICM_NAME_MAX + 1];	/* zero to the end; empty: the default */
	const IcmScale *scale;
} Entry;

typedef struct Draft
{
	int			n;
	int			room;
	Entry	   *entries;
} Draft;

static const char *
AddEntry(Draft *draft, const char *name, int length, const IcmScale *scale)
{
	Entry	   *entry;

	if (draft->n >= SEGMENTS_MAX)
		return "A scale set has at most 10000 segments, the default among them.";
	if (draft->n == draft->room)
	{
		draft->room = Max(8, draft->room * 2);
		draft->entries = draft->entries == NULL ? palloc(draft->room * sizeof(Entry)) :
			repalloc(draft->entries, draft->room * sizeof(Entry));
	}
	entry = &draft->entries[draft->n++];
	memset(entry->name, 0, sizeof(entry->name));
	memcpy(entry->name, name, length);
	entry->scale = scale;
	return NULL;
}

/* By bytes; names are zero to the end, so a prefix comes first. */
static int
CompareEntries(const void *a, const void *b)
{
	return memcmp(((const Entry *) a)->name, ((const Entry *) b)->name, ICM_NAME_MAX + 1);
}

/* Sort the entries. Returns a sentence on what is wrong, or NULL. */
static const char *
SortEntries(Draft *draft)
{
	if (draft->n == 0)
		return "A scale set has at least one segment, or the default.";
	qsort(draft->entries, draft->n, sizeof(Entry), CompareEntries);
	for (int i = 1; i < draft->n; i++)
		if (CompareEntries(&draft->entries[i - 1], &draft->entries[i]) == 0)
			return draft->entries[i].name[0] == '\0' ? "The default is given more than once." :
				psprintf("The segment \"%s\" is given more than once.", draft->entries[i].name);
	return NULL;
}

static IcmScaleSet *
MakeSet(const Draft *draft)
{
	Size		size = ICM_SCALE_SET_SIZE(draft->n);
	IcmScaleSet *set;

	for (int i = 0; i < draft->n; i++)
		size += MAXALIGN(VARSIZE(draft->entries[i].scale));
	set = IcmFlatMake(size, ICM_SCALE_SET_VERSION);
	set->n = draft->n;
	size = ICM_SCALE_SET_SIZE(draft->n);
	for (int i = 0; i < draft->n; i++)
	{
		const Entry *entry = &draft->entries[i];

		memcpy(set->segments[i].name, entry->name, sizeof(entry->name));
		set->segments[i].offset = (int32) size;
		memcpy((char *) set + size, entry->scale, VARSIZE(entry->scale));
		size += MAXALIGN(VARSIZE(entry->scale));
	}
	return set;
}

static IcmScale *
ScaleAt(const IcmScaleSet *set, int i)
{
	return (IcmScale *) ((char *) set + set->segments[i].offset);
}

/* ---- text and binary form ------------------------------------------------- */

/* Read the entry that begins with the key. */
static const char *
ReadEntry(const IcmName *key, IcmReader *reader, Draft *draft)
{
	bool		is_default = !key->quoted && strcmp(key->text, DEFAULT_KEY) == 0;
	const char *fault;
	IcmScale   *scale = IcmScaleRead(reader, &fault);

	if (scale == NULL)
		return fault;
	return AddEntry(draft, key->text, is_default ? 0 : strlen(key->text), scale);
}

/* The set that the text says. */
static Datum
ReadSet(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	Draft		draft = {0};

	while (IcmNextEntry(&entries))
		entries.fault = ReadEntry(&entries.key, &entries.reader, &draft);
	if (entries.fault == NULL)
		entries.fault = SortEntries(&draft);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_scale_set", &entries,
								  "The form is {segment: scale, ..., default: scale}, for example {north: {10,20}, default: {8,18}}.");
	PG_RETURN_POINTER(MakeSet(&draft));
}

/* Segments in their order, the default last. */
static char *
SetText(const IcmScaleSet *set)
{
	int			first = set->segments[0].name[0] == '\0' ? 1 : 0;
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = first; i < set->n; i++)
	{
		IcmAppendKey(&buf, set->segments[i].name, strcmp(set->segments[i].name, DEFAULT_KEY) == 0);
		IcmScaleAppend(&buf, ScaleAt(set, i));
	}
	if (first > 0)
	{
		IcmAppendKey(&buf, DEFAULT_KEY, false);
		IcmScaleAppend(&buf, ScaleAt(set, 0));
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_scale_set_in);
Datum
icm_scale_set_in(PG_FUNCTION_ARGS)
{
	return ReadSet(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_scale_set_out);
Datum
icm_scale_set_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(SetText(PG_GETARG_SCALE_SET(0)));
}

PG_FUNCTION_INFO_V1(icm_scale_set_recv);
Datum
icm_scale_set_recv(PG_FUNCTION_ARGS)
{
	return ReadSet(fcinfo, IcmDefinitionRecv(fcinfo, "icm_scale_set", ICM_SCALE_SET_VERSION));
}

PG_FUNCTION_INFO_V1(icm_scale_set_send);
Datum
icm_scale_set_send(PG_FUNCTION_ARGS)
{
	IcmScaleSet *set = PG_GETARG_SCALE_SET(0);

	return IcmDefinitionSend(set, SetText(set));
}

/* ---- made of arrays, read as rows ----------------------------------------- */

static void
CheckNames(Datum *names, bool *nulls, int n)
{
	for (int i = 0; i < n; i++)
	{
		int			length = nulls[i] ? 1 : VARSIZE_ANY_EXHDR(DatumGetPointer(names[i]));

		if (length < 1 || length > ICM_NAME_MAX)
			ereport(ERROR,
					(errcode(length < 1 ? ERRCODE_INVALID_PARAMETER_VALUE : ERRCODE_NAME_TOO_LONG),
					 errmsg("name of a segment must have 1 to %d bytes", ICM_NAME_MAX),
					 errdetail("The name given is \"%s\".", TextDatumGetCString(names[i]))));
	}
}

/* The elements of a one-dimensional array. */
static int
Elements(ArrayType *array, char align, Datum **elements, bool **nulls)
{
	int			n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("segments and scales must be one-dimensional arrays")));
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, align, elements, nulls, &n);
	return n;
}

/* icm_scale_set(segments text[], scales icm_scale[]) */
PG_FUNCTION_INFO_V1(icm_scale_set);
Datum
icm_scale_set(PG_FUNCTION_ARGS)
{
	Datum	   *names,
			   *scales;
	bool	   *names_null,
			   *scales_null;
	int			n = Elements(PG_GETARG_ARRAYTYPE_P(0), TYPALIGN_INT, &names, &names_null);
	int			nscales = Elements(PG_GETARG_ARRAYTYPE_P(1), TYPALIGN_DOUBLE, &scales, &scales_null);
	Draft		draft = {0};
	const char *fault = NULL;

	if (nscales != n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there must be as many scales as segments"),
				 errdetail("Number of segments: %d; of scales: %d.", n, nscales)));
	CheckNames(names, names_null, n);
	for (int i = 0; fault == NULL && i < n; i++)
	{
		if (scales_null[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("scales must not contain nulls"),
					 names_null[i] ? errdetail("The default scale is null.") :
					 errdetail("The scale of segment \"%s\" is null.", TextDatumGetCString(names[i]))));
		fault = AddEntry(&draft, names_null[i] ? "" : VARDATA_ANY(DatumGetPointer(names[i])),
						 names_null[i] ? 0 : VARSIZE_ANY_EXHDR(DatumGetPointer(names[i])),
						 IcmFlatGet(scales[i], ICM_SCALE_SIZE(1), ICM_SCALE_VERSION, "icm_scale"));
	}
	if (fault == NULL)
		fault = SortEntries(&draft);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("segments do not make a scale set"),
				 errdetail("%s", fault),
				 errhint("Give each of up to %d segments once; NULL stands for the default, so leave customers without a segment out.", SEGMENTS_MAX)));
	PG_RETURN_POINTER(MakeSet(&draft));
}

/* (segment, scale) of each segment in order, then the default, segment NULL */
PG_FUNCTION_INFO_V1(icm_scale_set_scales);
Datum
icm_scale_set_scales(PG_FUNCTION_ARGS)
{
	IcmScaleSet *set = PG_GETARG_SCALE_SET(0);
	int			n = (int) set->n;
	int			first = set->segments[0].name[0] == '\0' ? 1 : 0;
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = first; i < n + first; i++)
	{
		Datum		values[2];
		bool		nulls[2] = {i == n, false};

		values[0] = CStringGetTextDatum(set->segments[i % n].name);
		values[1] = PointerGetDatum(ScaleAt(set, i % n));
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* ---- the scale of a segment ----------------------------------------------- */

/* The number of the segment, or -1. */
static int
FindSegment(const IcmScaleSet *set, const char *name, int length)
{
	char		sought[ICM_NAME_MAX + 1] = {0};
	int			low = 0,
				high = (int) set->n - 1;

	if (length < 1 || length > ICM_NAME_MAX)
		return -1;
	memcpy(sought, name, length);
	while (low <= high)
	{
		int			middle = low + (high - low) / 2;
		int			order = memcmp(sought, set->segments[middle].name, sizeof(sought));

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return -1;
}

IcmScale *
IcmScaleOfSegment(const IcmScaleSet *set, const text *segment)
{
	int			i = segment == NULL ? -1 : FindSegment(set, VARDATA_ANY(segment), VARSIZE_ANY_EXHDR(segment));

	if (i < 0 && set->segments[0].name[0] == '\0')
		i = 0;
	if (i < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 segment == NULL ? errmsg("scale set has no default, and segment is null") :
				 errmsg("scale set has no segment \"%s\" and no default", text_to_cstring(segment)),
				 errhint("Add the segment to the set, or a default, as in {north: {10,20}, default: {8,18}}; icm_scale_set_scales() lists what there is.")));
	return ScaleAt(set, i);
}

/* icm_scale_of(set, segment) */
PG_FUNCTION_INFO_V1(icm_scale_of);
Datum
icm_scale_of(PG_FUNCTION_ARGS)
{
	IcmScale   *scale;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scale = IcmScaleOfSegment(PG_GETARG_SCALE_SET(0), PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1));
	PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PointerGetDatum(scale)));
}
