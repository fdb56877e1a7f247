/*
 * moment.c
 *		Moments as text; see moment.h.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "contact/moment.h"

static bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

/* A run of digits, without white space before it. */
static bool
ReadDigits(IcmReader *reader, int32 *value)
{
	return IsDigit(*reader->at) && IcmReadCount(reader, value);
}

/* Two digits, from 0 to most. */
static bool
ReadPair(IcmReader *reader, int most, int64 *value)
{
	if (!IsDigit(reader->at[0]) || !IsDigit(reader->at[1]))
		return false;
	*value = (reader->at[0] - '0') * 10 + (reader->at[1] - '0');
	reader->at += 2;
	return *value <= most;
}

static bool
Take(IcmReader *reader, char c)
{
	if (*reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* The decimals of a second, in microseconds: one to six digits. */
static bool
ReadDecimals(IcmReader *reader, int64 *microseconds)
{
	int64		unit = USECS_PER_SEC;

	if (!IsDigit(*reader->at))
		return false;
	for (; IsDigit(*reader->at); reader->at++)
	{
		unit /= 10;
		if (unit == 0)
			return false;
		*microseconds += (*reader->at - '0') * unit;
	}
	return true;
}

/* Hours, minutes and seconds, in microseconds. */
static bool
ReadTime(IcmReader *reader, int64 *time)
{
	int64		hours,
				minutes,
				seconds,
				microseconds = 0;

	if (!ReadPair(reader, 23, &hours) || !Take(reader, ':') ||
		!ReadPair(reader, 59, &minutes) || !Take(reader, ':') ||
		!ReadPair(reader, 59, &seconds))
		return false;
	if (Take(reader, '.') && !ReadDecimals(reader, &microseconds))
		return false;
	*time = hours * USECS_PER_HOUR + minutes * USECS_PER_MINUTE + seconds * USECS_PER_SEC + microseconds;
	return true;
}

/* The offset from UTC, east of it positive, in microseconds. */
static bool
ReadOffset(IcmReader *reader, int64 *offset)
{
	bool		west = *reader->at == '-';
	int64		hours,
				minutes = 0;

	if (!Take(reader, '+') && !Take(reader, '-'))
		return false;
	if (!ReadPair(reader, MAX_TZDISP_HOUR, &hours))
		return false;
	if (Take(reader, ':') && !ReadPair(reader, 59, &minutes))
		return false;
	*offset = hours * USECS_PER_HOUR + minutes * USECS_PER_MINUTE;
	if (west)
		*offset = -*offset;
	return true;
}

/* The day in days from 2000-01-01; false unless it exists. */
static bool
FindDay(int year, int month, int mday, int64 *day)
{
	int			julian,
				y,
				m,
				d;

	if (month < 1 || month > 12 || mday < 1 || mday > 31 || !IS_VALID_JULIAN(year, month, mday))
		return false;
	julian = date2j(year, month, mday);
	*day = (int64) julian - POSTGRES_EPOCH_JDATE;

	/* date2j() takes 31 February for what it would be in March */
	j2date(julian, &y, &m, &d);
	return y == year && m == month && d == mday;
}

bool
IcmReadMoment(IcmReader *reader, TimestampTz *moment)
{
	int32		year,
				month,
				mday;
	int64		time,
				offset,
				day;

	IcmReadSpace(reader);
	if (!ReadDigits(reader, &year) || year < 1 || !Take(reader, '-') ||
		!ReadDigits(reader, &month) || !Take(reader, '-') || !ReadDigits(reader, &mday) ||
		!IcmReadSpace(reader) || !ReadTime(reader, &time) || !ReadOffset(reader, &offset))
		return false;
	if (strncmp(reader->at, " BC", 3) == 0)
	{
		reader->at += 3;
		year = 1 - year;
	}
	if (!FindDay(year, month, mday, &day) ||
		pg_mul_s64_overflow(day, USECS_PER_DAY, moment) ||
		pg_add_s64_overflow(*moment, time - offset, moment))
		return false;
	return IS_VALID_TIMESTAMP(*moment);
}

void
IcmAppendMoment(StringInfo buf, TimestampTz moment)
{
	char		iso[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(moment, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	tm.tm_isdst = 0;			/* known: else the offset is left out */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_ISO_DATES, iso);
	appendStringInfoString(buf, iso);
}
