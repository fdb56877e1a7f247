/*
 * text.c
 *		Reading and writing the items of icm's types; see text.h.
 */
#include "postgres.h"

#include <errno.h>
#include <math.h>

#include "common/int.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/datetime.h"

#include "common/text.h"

static bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

bool
IcmReadSpace(IcmReader *reader)
{
	const char *from = reader->at;

	while (*reader->at == ' ' || (*reader->at >= '\t' && *reader->at <= '\r'))
		reader->at++;
	return reader->at > from;
}

bool
IcmReadChar(IcmReader *reader, char c)
{
	IcmReadSpace(reader);
	if (*reader->at != c)
		return false;
	reader->at++;
	return true;
}

bool
IcmReadEnd(IcmReader *reader)
{
	IcmReadSpace(reader);
	return *reader->at == '\0';
}

/*
 * strtod() rounds correctly, and the server runs under LC_NUMERIC "C"; what it
 * takes beyond decimal notation (hexadecimal, "inf", "nan") is kept from it.
 */
bool
IcmReadDouble(IcmReader *reader, double *value)
{
	const char *digits;
	char	   *end;

	IcmReadSpace(reader);
	digits = reader->at;
	if (*digits == '-' || *digits == '+')
		digits++;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		return false;
	if (*digits == '.')
		digits++;
	if (!IsDigit(*digits))
		return false;

	errno = 0;
	*value = strtod(reader->at, &end);
	if (isinf(*value) || (errno == ERANGE && *value == 0.0))
		return false;
	if (*value == 0.0)
		*value = 0.0;			/* no negative zero: equal values, equal bytes */
	reader->at = end;
	return true;
}

bool
IcmReadCount64(IcmReader *reader, int64 *value)
{
	int64		n = 0;

	IcmReadSpace(reader);
	if (!IsDigit(*reader->at))
		return false;
	for (; IsDigit(*reader->at); reader->at++)
	{
		if (pg_mul_s64_overflow(n, 10, &n) || pg_add_s64_overflow(n, *reader->at - '0', &n))
			return false;
	}
	*value = n;
	return true;
}

bool
IcmReadCount(IcmReader *reader, int32 *value)
{
	int64		n;

	if (!IcmReadCount64(reader, &n) || n > PG_INT32_MAX)
		return false;
	*value = (int32) n;
	return true;
}

static bool
IsWordStart(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
IsWordPart(char c)
{
	return IsWordStart(c) || IsDigit(c) || c == '.' || c == '-';
}

bool
IcmReadName(IcmReader *reader, IcmName *name)
{
	IcmName		read = {0};
	const char *at;
	int			n = 0;

	IcmReadSpace(reader);
	at = reader->at;
	read.quoted = *at == '"';
	if (!read.quoted && !IsWordStart(*at))
		return false;
	if (read.quoted)
		at++;
	while (read.quoted ? *at != '"' || *++at == '"' : IsWordPart(*at))
	{
		if (*at == '\0' || n >= ICM_NAME_MAX)
			return false;
		read.text[n++] = *at++;
	}
	if (n == 0)
		return false;
	reader->at = at;
	*name = read;
	return true;
}

/* A run of digits and then the character that must end it. */
static bool
ReadField(IcmReader *reader, int32 *value, char end)
{
	if (!IsDigit(*reader->at) || !IcmReadCount(reader, value) || *reader->at != end)
		return false;
	reader->at++;
	return true;
}

bool
IcmReadDay(IcmReader *reader, DateADT *day)
{
	int32		year,
				month,
				mday;
	int			y,
				m,
				d;

	IcmReadSpace(reader);
	if (!ReadField(reader, &year, '-') || !ReadField(reader, &month, '-') ||
		!IsDigit(*reader->at) || !IcmReadCount(reader, &mday))
		return false;
	if (year < 1 || month < 1 || month > 12 || mday < 1 || mday > 31)
		return false;
	if (strncmp(reader->at, " BC", 3) == 0)
	{
		reader->at += 3;
		year = 1 - year;
	}
	if (!IS_VALID_JULIAN(year, month, mday))
		return false;
	*day = date2j(year, month, mday) - POSTGRES_EPOCH_JDATE;
	if (!IS_VALID_DATE(*day))
		return false;

	/* date2j() takes 31 February for what it would be in March */
	j2date(*day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
	return y == year && m == month && d == mday;
}

const char *
IcmReadItems(IcmReader *reader, IcmReadItem read, void *items, size_t size, int *n, const char *whole, const char *part)
{
	char	   *item = items;
	const char *previous = NULL;
	const char *fault;

	*n = 0;
	if (!IcmReadChar(reader, '{'))
		return psprintf("%s is written in braces.", whole);
	if (!IcmReadChar(reader, '}'))
	{
		do
		{
			(*n)++;
			fault = read(reader, item, previous);
			if (fault != NULL)
				return fault;
			previous = item;
			item += size;
		} while (IcmReadChar(reader, ','));
		if (!IcmReadChar(reader, '}'))
			return psprintf("%s is followed by a comma or the closing brace.", part);
	}
	if (IcmReadEnd(reader))
		return NULL;
	*n = 0;
	return "Nothing may follow the closing brace.";
}

void
IcmAppendDouble(StringInfo buf, double value)
{
	enlargeStringInfo(buf, DOUBLE_SHORTEST_DECIMAL_LEN);
	buf->len += double_to_shortest_decimal_bufn(value, buf->data + buf->len);
	buf->data[buf->len] = '\0';
}

static bool
IsWord(const char *name)
{
	if (!IsWordStart(*name))
		return false;
	while (IsWordPart(*name))
		name++;
	return *name == '\0';
}

void
IcmAppendName(StringInfo buf, const char *name, bool quoted)
{
	if (!quoted && IsWord(name))
	{
		appendStringInfoString(buf, name);
		return;
	}
	appendStringInfoChar(buf, '"');
	for (; *name != '\0'; name++)
	{
		if (*name == '"')
			appendStringInfoChar(buf, '"');
		appendStringInfoChar(buf, *name);
	}
	appendStringInfoChar(buf, '"');
}

void
IcmAppendDay(StringInfo buf, DateADT day)
{
	char		iso[MAXDATELEN + 1];
	struct pg_tm tm;

	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, iso);
	appendStringInfoString(buf, iso);
}

double
IcmGetMsgDouble(StringInfo buf)
{
	double		value = pq_getmsgfloat8(buf);

	return value == 0.0 ? 0.0 : value;
}
