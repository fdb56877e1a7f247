/*
 * text.h
 *		Reading and writing the items of icm's types: locale-free, exact, no
 *		allocation an item.
 */
#ifndef ICM_TEXT_H
#define ICM_TEXT_H

#include "lib/stringinfo.h"
#include "utils/date.h"

/* A cursor over the text that an input function reads. */
typedef struct IcmReader
{
	const char *at;				/* next character to read */
} IcmReader;

/* Skip white space; false if there is none. */
extern bool IcmReadSpace(IcmReader *reader);

/* Take the character c, after white space; false and nothing taken if it is not there. */
extern bool IcmReadChar(IcmReader *reader, char c);

/* True if nothing but white space is left. */
extern bool IcmReadEnd(IcmReader *reader);

/*
 * A finite number in decimal notation, read to the nearest double; negative zero becomes zero.
 * False if there is none, or if it does not fit.
 */
extern bool IcmReadDouble(IcmReader *reader, double *value);

/* A decimal integer from 0 to 2147483647; false otherwise. */
extern bool IcmReadCount(IcmReader *reader, int32 *value);

/* A decimal integer from 0 to 9223372036854775807; false otherwise. */
extern bool IcmReadCount64(IcmReader *reader, int64 *value);

/* Bytes of the longest name, as of PostgreSQL's own. */
#define ICM_NAME_MAX 63

typedef struct IcmName
{
	bool		quoted;
	char		text[ICM_NAME_MAX + 1]; /* zero to the end: equal names, equal bytes */
} IcmName;

/*
 * A name: a bare word [A-Za-z_][A-Za-z0-9_.-]*, or anything in double quotes,
 * a double quote in it written twice. False unless there is one, of 1 to 63
 * bytes.
 */
extern bool IcmReadName(IcmReader *reader, IcmName *name);

/* A day, year-month-day with an optional " BC"; false unless it exists and PostgreSQL can hold it. */
extern bool IcmReadDay(IcmReader *reader, DateADT *day);

/*
 * Read one item of a list, into memory of its size; previous is the one before, NULL for the first.
 * A sentence on what is wrong, or NULL.
 */
typedef const char *(*IcmReadItem) (IcmReader *reader, void *item, const void *previous);

/*
 * Read {item, item, ...}, perhaps none, to the end of the text, into memory with room for as many as the
 * reader of items accepts, and one more. whole and part are what both are called, for messages: "A ledger",
 * "An entry". A sentence on what is wrong, or NULL; *n is the number of items read, the faulty one
 * included, and 0 where what is wrong is in none.
 */
extern const char *IcmReadItems(IcmReader *reader, IcmReadItem read, void *items, size_t size, int *n,
								const char *whole, const char *part);

/* The shortest decimal text that reads back to the same double, whatever extra_float_digits says. */
extern void IcmAppendDouble(StringInfo buf, double value);

/* The name as IcmReadName reads it, quoted if asked for, or if it is no bare word. */
extern void IcmAppendName(StringInfo buf, const char *name, bool quoted);

/* The day as IcmReadDay reads it, whatever DateStyle says. */
extern void IcmAppendDay(StringInfo buf, DateADT day);

/* A float8 from a message, negative zero as zero. NaN and infinity are the caller's to refuse. */
extern double IcmGetMsgDouble(StringInfo buf);

#endif							/* ICM_TEXT_H */
