/*
 * definition.h
 *		What the types of definitions that a person writes share: the text form
 *		{key: value, key: value}, and the binary form.
 *
 * Keys are names (text.h), in any order; white space is free. The binary form
 * is the header of flat.h and then the text, which is exact: so what may come in
 * is checked in one place. Its count is the number of bytes of text.
 */
#ifndef ICM_DEFINITION_H
#define ICM_DEFINITION_H

#include "common/flat.h"
#include "common/text.h"

/*
 * A walk through the entries:
 *
 *		IcmEntries	entries = {.reader = {input}};
 *
 *		while (IcmNextEntry(&entries))
 *			entries.fault = <read the value of entries.key from entries.reader>;
 *		if (entries.fault != NULL)
 *			return IcmDefinitionError(...);
 */
typedef struct IcmEntries
{
	IcmReader	reader;			/* set to the text; at an entry, after "key:" */
	int			n;				/* the entry's number from 1; 0 before and after them */
	IcmName		key;			/* of the entry; empty while it is read */
	const char *fault;			/* a sentence on what is wrong; NULL if nothing is */
	bool		nested;			/* set when the text may go on behind the closing brace */
} IcmEntries;

/* Go to the first or next entry; false after the last, or with the first fault. */
extern bool IcmNextEntry(IcmEntries *entries);

/* A key that stands for one thing, for definitions that are not lists. */
typedef struct IcmField
{
	const char *key;
	const char *(*read) (IcmReader *reader, void *value);	/* a sentence on what is wrong, or NULL */
	size_t		offset;			/* of the value in what is filled */
} IcmField;

#define ICM_FIELD(i) ((uint32) 1 << (i))

/*
 * Read all entries as at most 32 fields, each at most once. Returns which there
 * were, ICM_FIELD(i) for fields[i]; look at entries->fault first.
 */
extern uint32 IcmReadFields(IcmEntries *entries, const IcmField *fields, int n, void *into);

/* For IcmField.read: a number into a double, a name into an IcmName. */
extern const char *IcmReadNumberField(IcmReader *reader, void *value);
extern const char *IcmReadNameField(IcmReader *reader, void *value);

/* Begin the text form's next entry, up to the colon; buf is empty at first. */
extern void IcmAppendKey(StringInfo buf, const char *key, bool quoted);

/* An entry whose value is a number, or a name. */
extern void IcmAppendNumberField(StringInfo buf, const char *key, double value);
extern void IcmAppendNameField(StringInfo buf, const char *key, const char *value);

/* The fault, with the entry that it is in. */
extern const char *IcmEntriesFault(const IcmEntries *entries);

/* Report the fault, through ereturn(); form is the hint. */
extern Datum IcmDefinitionError(FunctionCallInfo fcinfo, const char *type, const IcmEntries *entries, const char *form);

/* The text in a binary form, and the binary form of a value with this text. */
extern char *IcmDefinitionRecv(FunctionCallInfo fcinfo, const char *type, int version);
extern Datum IcmDefinitionSend(const void *value, const char *output);

#endif							/* ICM_DEFINITION_H */
