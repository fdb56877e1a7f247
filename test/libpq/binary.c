/*
 * binary.c
 *		icm's types over the binary protocol: what comes out goes in again, and
 *		whatever else goes in is an error or a value, never a crash.
 *
 * Crafted messages, seeded random mutations of valid ones (of text too, and of
 * binary COPY), and crafted transition states, which are bytea or open ledgers,
 * handed in through aggregates that a user could make. A message that is a value
 * must be one that its functions can use.
 *
 * SQLSTATEs: 22P03 wrong structure, 08P01 the message ends too early, 54000 a
 * count that no value can have, 22P02 wrong text, XX001 a corrupt state.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "../tap.h"

#define SIZE_MAX_SENT 4096

static PGconn *conn;
static void
Die(const char *what)
{
	printf("Bail out! %s: %s\n", what, PQerrorMessage(conn));
	exit(1);
}

/* ---- talking to the server ------------------------------------------------ */

typedef struct Bytes
{
	int			len;
	char		data[SIZE_MAX_SENT];
} Bytes;

static void
Execute(const char *sql)
{
	PGresult   *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		Die(sql);
	PQclear(result);
}

/* The result of a query of one value, as text; to be freed. */
static char *
Query(const char *sql)
{
	PGresult   *result = PQexec(conn, sql);
	char	   *value;

	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		Die(sql);
	value = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}

static void
Prepare(const char *name, const char *sql)
{
	PGresult   *result = PQprepare(conn, name, sql, 0, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		Die(sql);
	PQclear(result);
}

/*
 * Run a prepared query of one parameter and one value, both binary or both
 * text. The SQLSTATE of the error, or "" and the value; "lost" when the server
 * is gone, which no input may bring about.
 */
static const char *
Send(const char *statement, const char *data, int len, int format, Bytes *back)
{
	static char sqlstate[6];
	PGresult   *result = PQexecPrepared(conn, statement, 1, &data, &len, &format, format);

	sqlstate[0] = '\0';
	if (PQstatus(conn) != CONNECTION_OK)
		strcpy(sqlstate, "lost");
	else if (PQresultStatus(result) != PGRES_TUPLES_OK)
		snprintf(sqlstate, sizeof(sqlstate), "%s", PQresultErrorField(result, PG_DIAG_SQLSTATE));
	else if (back != NULL)
	{
		back->len = PQgetlength(result, 0, 0);
		if (back->len > SIZE_MAX_SENT)
			back->len = SIZE_MAX_SENT;
		memcpy(back->data, PQgetvalue(result, 0, 0), back->len);
	}
	PQclear(result);
	if (strcmp(sqlstate, "lost") == 0)
	{
		ok(false, "the connection survives (%s)", statement);
		PQreset(conn);
		Die("the server has crashed");
	}
	return sqlstate;
}

static bool
Same(const Bytes *a, const Bytes *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* ---- building binary forms ------------------------------------------------ */

static void
Put(Bytes *bytes, uint64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--)
		bytes->data[bytes->len++] = (char) (value >> (8 * i));
}

static void
PutDouble(Bytes *bytes, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	Put(bytes, bits, 8);
}

/* version, flags, zero, count */
static void
PutHeader(Bytes *bytes, int version, int flags, int zero, int64_t count)
{
	bytes->len = 0;
	Put(bytes, version, 1);
	Put(bytes, flags, 1);
	Put(bytes, zero, 2);
	Put(bytes, (uint64_t) count, 4);
}

static void
PutEntry(Bytes *bytes, int64_t day, int64_t orders, double revenue, double cost)
{
	Put(bytes, (uint64_t) day, 4);
	Put(bytes, (uint64_t) orders, 4);
	PutDouble(bytes, revenue);
	PutDouble(bytes, cost);
}

static void
PutCell(Bytes *bytes, const char *grades, int64_t customers, double value)
{
	Put(bytes, (unsigned char) grades[0], 1);
	Put(bytes, (unsigned char) grades[1], 1);
	Put(bytes, (uint64_t) customers, 8);
	PutDouble(bytes, value);
}

/* ---- one value ------------------------------------------------------------ */

/* Statements "<type>" (value back) exist for each type; text and binary share them. */
static const char *const types[] = {
	"icm_ledger", "icm_scale", "icm_grade", "icm_migration", "icm_clv_model", "icm_cost_model", "icm_value_definition",
	"icm_grade_matrix", "icm_distribution", "icm_scale_set", "icm_policy", "icm_fatigue",
	"icm_contacts", "icm_wallet", "icm_dirichlet", "icm_wallet_model"
};

#define TYPES ((int) (sizeof(types) / sizeof(types[0])))

static void
CheckRoundTrip(const char *type, const char *text)
{
	Bytes		binary,
				again;
	char		sql[SIZE_MAX_SENT];
	PGresult   *result;
	const char *data = text;
	int			len = 0,
				binary_format = 1;
	bool		good;

	snprintf(sql, sizeof(sql), "SELECT $1::%s", type);
	result = PQexecParams(conn, sql, 1, NULL, &data, NULL, NULL, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		Die(text);
	binary.len = PQgetlength(result, 0, 0);
	memcpy(binary.data, PQgetvalue(result, 0, 0), binary.len);
	PQclear(result);

	good = strcmp(Send(type, binary.data, binary.len, 1, &again), "") == 0 && Same(&binary, &again);
	ok(good, "%s: binary out and in, identical bytes: %.40s", type, text);

	snprintf(sql, sizeof(sql), "SELECT $1::%s::text", type);
	data = binary.data;
	len = binary.len;
	result = PQexecParams(conn, sql, 1, NULL, &data, &len, &binary_format, 0);
	good = PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), text) == 0;
	ok(good, "%s: binary in, text out: %.40s", type, text);
	PQclear(result);
}

static void
CheckError(const char *type, const Bytes *bytes, const char *expected, const char *name)
{
	const char *sqlstate = Send(type, bytes->data, bytes->len, 1, NULL);

	ok(strcmp(sqlstate, expected) == 0, "%s: %s: %s", type, name, expected);
	if (strcmp(sqlstate, expected) != 0)
		printf("# got %s\n", sqlstate[0] == '\0' ? "a value" : sqlstate);
}

/*
 * Send what may be anything. It is an error of the given classes, or a value
 * that from then on stays the same; otherwise say so.
 */
static bool
ErrorOrValue(const char *type, const char *data, int len, int format)
{
	static const char *const allowed[] = {"22P03", "08P01", "54000", "22P02", "22021", "22003", "XX001", NULL};
	Bytes		value,
				again;
	const char *sqlstate = Send(type, data, len, format, &value);

	if (sqlstate[0] == '\0')
	{
		value.data[value.len < SIZE_MAX_SENT ? value.len : SIZE_MAX_SENT - 1] = '\0';
		if (Send(type, value.data, value.len, format, &again)[0] == '\0' && Same(&value, &again))
			return true;
		printf("# a %s came in that does not go in again\n", type);
		return false;
	}
	for (int i = 0; allowed[i] != NULL; i++)
		if (strcmp(sqlstate, allowed[i]) == 0)
			return true;
	printf("# %s: unexpected SQLSTATE %s\n", type, sqlstate);
	return false;
}

/* ---- crafted messages ----------------------------------------------------- */

static void
CheckLedger(void)
{
	static const struct
	{
		const char *name;
		int64_t		day,
					orders;
		double		revenue,
					cost;
	}			wrong[] = {
		{"day before 4714 BC", -2451546, 1, 1, 0},
		{"day beyond PostgreSQL's last", 2145031949, 1, 1, 0},
		{"-infinity", INT32_MIN, 1, 1, 0},
		{"infinity", INT32_MAX, 1, 1, 0},
		{"negative orders", 10, -1, 1, 0},
		{"least orders", 10, INT32_MIN, 1, 0},
		{"revenue NaN", 10, 1, NAN, 0},
		{"revenue infinite", 10, 1, INFINITY, 0},
		{"cost NaN", 10, 1, 1, NAN},
		{"cost infinite", 10, 1, 1, -INFINITY},
		{"revenue without orders", 10, 0, 5e-324, 0},
		{"same day again", 0, 1, 1, 0},
		{"day before the last", -1, 1, 1, 0},
	};
	static const int64_t days[] = {-2451545, 2145031948, 10};
	Bytes		bytes;

	PutHeader(&bytes, 1, 0, 0, 0);
	ok(ErrorOrValue("icm_ledger", bytes.data, bytes.len, 1) && Send("icm_ledger", bytes.data, bytes.len, 1, NULL)[0] == '\0',
	   "icm_ledger: empty");
	for (int i = 0; i < 3; i++)
	{
		PutHeader(&bytes, 1, 0, 0, 1);
		PutEntry(&bytes, days[i], INT32_MAX, -1e300, 5e-324);
		ok(Send("icm_ledger", bytes.data, bytes.len, 1, NULL)[0] == '\0', "icm_ledger: extreme values, day %d", (int) days[i]);
	}

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, 2);
		PutEntry(&bytes, 0, 1, 1, 0);
		PutEntry(&bytes, wrong[i].day, wrong[i].orders, wrong[i].revenue, wrong[i].cost);
		CheckError("icm_ledger", &bytes, "22P03", wrong[i].name);
	}

	PutHeader(&bytes, 1, 0, 0, -1);
	CheckError("icm_ledger", &bytes, "22P03", "negative count");
	PutHeader(&bytes, 1, 0, 0, INT32_MIN);
	CheckError("icm_ledger", &bytes, "22P03", "least count");
	PutHeader(&bytes, 1, 0, 0, INT32_MAX);
	CheckError("icm_ledger", &bytes, "54000", "count beyond 1 GB");
	PutHeader(&bytes, 1, 0, 0, 44739243);
	CheckError("icm_ledger", &bytes, "54000", "count just beyond 1 GB");
	PutHeader(&bytes, 1, 0, 0, 44739242);
	CheckError("icm_ledger", &bytes, "22P03", "count just below 1 GB, and nothing there");
	/* 24 times this is 24 in 32 bits */
	PutHeader(&bytes, 1, 0, 0, 0x20000001);
	PutEntry(&bytes, 0, 1, 1, 0);
	CheckError("icm_ledger", &bytes, "54000", "count whose size wraps around");
	PutHeader(&bytes, 1, 0, 0, 2);
	PutEntry(&bytes, 0, 1, 1, 0);
	CheckError("icm_ledger", &bytes, "22P03", "an entry less than it says");
	PutHeader(&bytes, 1, 0, 0, 0);
	PutEntry(&bytes, 0, 1, 1, 0);
	CheckError("icm_ledger", &bytes, "22P03", "an entry more than it says");
	for (int version = 0; version < 256; version += version == 2 ? 253 : 2)
	{
		PutHeader(&bytes, version, 0, 0, 0);
		CheckError("icm_ledger", &bytes, "22P03", "version");
	}
	for (int flag = 0; flag < 8; flag++)
	{
		/* bit 0 marks an open ledger, which never leaves the server as one */
		PutHeader(&bytes, 1, 1 << flag, 0, 1);
		PutEntry(&bytes, 0, 1, 1, 0);
		CheckError("icm_ledger", &bytes, "22P03", "flags");
	}
	PutHeader(&bytes, 1, 0, 1, 0);
	CheckError("icm_ledger", &bytes, "22P03", "padding");
	PutHeader(&bytes, 1, 0, 0x8000, 0);
	CheckError("icm_ledger", &bytes, "22P03", "padding, first byte");
}

static void
CheckScale(void)
{
	static const struct
	{
		const char *name;
		double		first,
					second;
	}			wrong[] = {
		{"NaN first", NAN, 1},
		{"NaN last", 1, NAN},
		{"infinity", 1, INFINITY},
		{"minus infinity", -INFINITY, 1},
		{"descending", 2, 1},
		{"equal", 1, 1},
		{"zero twice", -0.0, 0.0},
	};
	static const int64_t counts[] = {0, 1, 3, 26, -1, INT32_MIN, 134217726};
	static const int64_t beyond[] = {134217727, 0x20000002, INT32_MAX};
	Bytes		bytes,
				back;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, 2);
		PutDouble(&bytes, wrong[i].first);
		PutDouble(&bytes, wrong[i].second);
		CheckError("icm_scale", &bytes, "22P03", wrong[i].name);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, counts[i]);
		PutDouble(&bytes, 1);
		PutDouble(&bytes, 2);
		CheckError("icm_scale", &bytes, "22P03", "a count that lies");
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, beyond[i]);
		PutDouble(&bytes, 1);
		PutDouble(&bytes, 2);
		CheckError("icm_scale", &bytes, "54000", "a count beyond 1 GB");
	}
	for (int n = 0; n <= 27; n++)
	{
		PutHeader(&bytes, 1, 0, 0, n);
		for (int i = 0; i < n; i++)
			PutDouble(&bytes, i);
		if (n == 0 || n > 25)
			CheckError("icm_scale", &bytes, "22P03", "no cut, or more than 25");
		else if (!ErrorOrValue("icm_scale", bytes.data, bytes.len, 1) ||
				 Send("icm_scale", bytes.data, bytes.len, 1, &back)[0] != '\0' || !Same(&bytes, &back))
			ok(false, "icm_scale: %d cuts", n);
	}
	for (int version = 0; version < 256; version += version == 2 ? 253 : 2)
	{
		PutHeader(&bytes, version, 0, 0, 1);
		PutDouble(&bytes, 1);
		CheckError("icm_scale", &bytes, "22P03", "version");
	}
	PutHeader(&bytes, 1, 1, 0, 1);
	PutDouble(&bytes, 1);
	CheckError("icm_scale", &bytes, "22P03", "flags");
	PutHeader(&bytes, 1, 0, 256, 1);
	PutDouble(&bytes, 1);
	CheckError("icm_scale", &bytes, "22P03", "padding");

	/* negative zero is zero: equal values, equal bytes */
	PutHeader(&bytes, 1, 0, 0, 1);
	PutDouble(&bytes, -0.0);
	ok(Send("icm_scale", bytes.data, bytes.len, 1, &back)[0] == '\0' && back.data[8] == 0, "icm_scale: negative zero is zero");
}

static void
CheckGrade(void)
{
	int			wrong = 0;
	Bytes		bytes,
				back;

	for (int byte = 0; byte < 256; byte++)
	{
		bool		letter = byte >= 'A' && byte <= 'Z';
		const char *sqlstate;

		bytes.len = 1;
		bytes.data[0] = (char) byte;
		sqlstate = Send("icm_grade", bytes.data, 1, 1, &back);
		wrong += letter ? sqlstate[0] != '\0' || !Same(&bytes, &back) : strcmp(sqlstate, "22P03") != 0;
	}
	ok(wrong == 0, "icm_grade: each byte is a letter from A to Z or an error (%d are not)", wrong);
	bytes.len = 0;
	CheckError("icm_grade", &bytes, "08P01", "nothing");
	bytes.len = 2;
	memcpy(bytes.data, "AA", 2);
	CheckError("icm_grade", &bytes, "22P03", "two letters");
}

static void
CheckMigration(void)
{
	static const struct
	{
		const char *name;
		const char *grades;
		int64_t		customers;
		double		value;
	}			wrong[] = {
		{"small letter", "Ba", 1, 0},
		{"beyond Z", "[A", 1, 0},
		{"zero byte", "B", 1, 0},
		{"none and none", "--", 1, 0},
		{"nobody", "BB", 0, 0},
		{"fewer than nobody", "BB", -1, 0},
		{"fewest", "BB", INT64_MIN, 0},
		{"more than float8 counts", "BB", (INT64_C(1) << 53) + 1, 0},
		{"most", "BB", INT64_MAX, 0},
		{"value NaN", "BB", 1, NAN},
		{"value infinite", "BB", 1, -INFINITY},
		{"value beyond what one has", "BB", 1, 1.1e280},
		{"value beyond what two have", "BB", 2, -2.1e280},
		{"same cell again", "BA", 1, 0},
		{"cell before the last", "A-", 1, 0},
	};
	static const int64_t counts[] = {0, 1, 3, 729, -1, INT32_MIN, 59652323};
	static const int64_t beyond[] = {59652324, 0x20000002, INT32_MAX};
	Bytes		bytes;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, 2);
		PutCell(&bytes, "BA", 1, 1);
		PutCell(&bytes, wrong[i].grades, wrong[i].customers, wrong[i].value);
		CheckError("icm_migration", &bytes, "22P03", wrong[i].name);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, counts[i]);
		PutCell(&bytes, "AA", 1, 1);
		PutCell(&bytes, "AB", 1, 1);
		CheckError("icm_migration", &bytes, "22P03", "a count that lies");
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, beyond[i]);
		PutCell(&bytes, "AA", 1, 1);
		CheckError("icm_migration", &bytes, "54000", "a count beyond 1 GB");
	}
	for (int version = 0; version < 256; version += version == 2 ? 253 : 2)
	{
		PutHeader(&bytes, version, 0, 0, 0);
		CheckError("icm_migration", &bytes, "22P03", "version");
	}
	PutHeader(&bytes, 1, 1, 0, 0);
	CheckError("icm_migration", &bytes, "22P03", "flags");
	PutHeader(&bytes, 1, 0, 256, 0);
	CheckError("icm_migration", &bytes, "22P03", "padding");
}

static void
PutFatigueCell(Bytes *bytes, char grade, int64_t dose, int64_t customers, int64_t responses)
{
	Put(bytes, (uint64_t) (unsigned char) grade, 1);
	Put(bytes, (uint64_t) dose, 1);
	Put(bytes, (uint64_t) customers, 8);
	Put(bytes, (uint64_t) responses, 8);
}

static void
CheckFatigue(void)
{
	static const struct
	{
		const char *name;
		char		grade;
		int64_t		dose,
					customers,
					responses;
	}			wrong[] = {
		{"small letter", 'b', 3, 1, 0},
		{"beyond Z", '[', 3, 1, 0},
		{"zero byte", '\0', 3, 1, 0},
		{"dose 64", 'B', 64, 1, 0},
		{"dose 255", 'B', 255, 1, 0},
		{"nobody", 'B', 3, 0, 0},
		{"fewer than nobody", 'B', 3, -1, -1},
		{"most", 'B', 3, INT64_MAX, 0},
		{"more than can be counted", 'B', 3, (INT64_C(1) << 42) + 1, 0},
		{"fewer responses than none", 'B', 3, 1, -1},
		{"more responses than customers", 'B', 3, 1, 2},
		{"same cell again", 'B', 2, 1, 0},
		{"dose before the last", 'B', 1, 1, 0},
		{"grade before the last", 'A', 3, 1, 0},
	};
	static const int64_t counts[] = {0, 1, 3, -1, INT32_MIN};
	Bytes		bytes;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, 2);
		PutFatigueCell(&bytes, 'B', 2, 5, 1);
		PutFatigueCell(&bytes, wrong[i].grade, wrong[i].dose, wrong[i].customers, wrong[i].responses);
		CheckError("icm_fatigue", &bytes, "22P03", wrong[i].name);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, counts[i]);
		PutFatigueCell(&bytes, 'B', 2, 5, 1);
		PutFatigueCell(&bytes, '-', 2, 5, 1);
		CheckError("icm_fatigue", &bytes, "22P03", "a count that lies");
	}
	PutHeader(&bytes, 1, 0, 0, INT32_MAX);
	CheckError("icm_fatigue", &bytes, "54000", "a count beyond 1 GB");
	PutHeader(&bytes, 2, 0, 0, 0);
	CheckError("icm_fatigue", &bytes, "22P03", "version");
	PutHeader(&bytes, 1, 1, 0, 0);
	CheckError("icm_fatigue", &bytes, "22P03", "flags");
	PutHeader(&bytes, 1, 0, 256, 0);
	CheckError("icm_fatigue", &bytes, "22P03", "padding");
}

/* Cut a valid message short, change each byte, add to it. */
static void
CheckDamage(const char *type, const Bytes *valid, int header)
{
	static const unsigned char values[] = {0x00, 0x01, 0x7F, 0x80, 0xF0, 0xFF};
	int			wrong = 0;
	Bytes		bytes;

	for (int len = 0; len < valid->len; len++)
	{
		const char *sqlstate = Send(type, valid->data, len, 1, NULL);

		wrong += strcmp(sqlstate, len < header ? "08P01" : "22P03") != 0;
	}
	ok(wrong == 0, "%s: cut short anywhere it is an error (%d are not)", type, wrong);

	wrong = 0;
	for (int i = 0; i < valid->len; i++)
	{
		for (int bit = 0; bit < 8; bit++)
		{
			bytes = *valid;
			bytes.data[i] ^= (char) (1 << bit);
			wrong += !ErrorOrValue(type, bytes.data, bytes.len, 1);
		}
		for (size_t v = 0; v < sizeof(values); v++)
		{
			bytes = *valid;
			bytes.data[i] = (char) values[v];
			wrong += !ErrorOrValue(type, bytes.data, bytes.len, 1);
		}
	}
	ok(wrong == 0, "%s: any byte changed is an error or a value (%d are neither)", type, wrong);

	bytes = *valid;
	bytes.data[bytes.len++] = 0;
	CheckError(type, &bytes, "22P03", "a byte more");
}

/* level, zero, number of values, smallest and largest value */
static void
PutDistribution(Bytes *bytes, int64_t level, int64_t zero, int64_t n, double min, double max)
{
	Put(bytes, (uint64_t) level, 4);
	Put(bytes, (uint64_t) zero, 4);
	Put(bytes, (uint64_t) n, 8);
	PutDouble(bytes, min);
	PutDouble(bytes, max);
}

static void
PutBucket(Bytes *bytes, int64_t key, int64_t count, uint64_t high, uint64_t low)
{
	Put(bytes, (uint64_t) key, 8);
	Put(bytes, (uint64_t) count, 8);
	Put(bytes, high, 8);
	Put(bytes, low, 8);
}

/* Keys at level 52 are exponents: 1023 is that of 1. */
static void
CheckDistribution(void)
{
	static const uint64_t half = UINT64_C(1) << 51;
	const struct
	{
		const char *name;
		int64_t		level,
					zero,
					n;
		double		min,
					max;
		int64_t		key,
					count;
		uint64_t	high,
					low;
	}			wrong[] = {
		{"level -1", -1, 0, 3, 1, 1.5, 1023, 3, 0, half},
		{"level 53", 53, 0, 3, 1, 1.5, 1023, 3, 0, half},
		{"padding", 52, 1, 3, 1, 1.5, 1023, 3, 0, half},
		{"another number than the counts", 52, 0, 4, 1, 1.5, 1023, 3, 0, half},
		{"no value", 52, 0, 0, 1, 1.5, 1023, 0, 0, 0},
		{"negative count", 52, 0, -3, 1, 1.5, 1023, -3, 0, half},
		{"least count", 52, 0, INT64_MIN, 1, 1.5, 1023, INT64_MIN, 0, half},
		{"largest count", 52, 0, INT64_MAX, 1, 1.5, 1023, INT64_MAX, 0, half},
		{"more than can be counted", 52, 0, INT64_C(1) << 53, 1, 1.5, 1023, INT64_C(1) << 53, 0, half},
		{"smallest value NaN", 52, 0, 3, NAN, 1.5, 1023, 3, 0, half},
		{"largest value NaN", 52, 0, 3, 1, NAN, 1023, 3, 0, half},
		{"smallest value elsewhere", 52, 0, 3, 0.9, 1.5, 1023, 3, 0, half},
		{"largest value elsewhere", 52, 0, 3, 1, 2, 1023, 3, 0, half},
		{"largest value below the smallest", 52, 0, 3, 1.5, 1, 1023, 3, 0, half},
		{"exponent of infinity", 52, 0, 3, INFINITY, INFINITY, 2047, 3, 0, 0},
		{"least key", 52, 0, 3, 1, 1.5, INT64_MIN, 3, 0, half},
		{"largest key", 52, 0, 3, 1, 1.5, INT64_MAX, 3, 0, half},
		{"negative zero", 0, 0, 3, -0.0, -0.0, -1, 3, 0, 0},
		{"excess too small", 52, 0, 3, 1, 1.5, 1023, 3, 0, half - 1},
		{"excess too large", 52, 0, 3, 1, 1.5, 1023, 3, 0, 2 * half + 1},
		{"excess far too large", 52, 0, 3, 1, 1.5, 1023, 3, 1, half},
		{"excess of a single value", 0, 0, 1, 1, 1, INT64_C(1023) << 52, 1, 0, 1},
	};
	Bytes		bytes;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, 2);
		PutDistribution(&bytes, wrong[i].level, wrong[i].zero, wrong[i].n, wrong[i].min, wrong[i].max);
		PutBucket(&bytes, wrong[i].key, wrong[i].count, wrong[i].high, wrong[i].low);
		CheckError("icm_distribution", &bytes, "22P03", wrong[i].name);
	}
	for (int i = 0; i < 2; i++)
	{
		PutHeader(&bytes, 1, 0, 0, 3);
		PutDistribution(&bytes, 52, 0, 2, 2, 2);
		PutBucket(&bytes, 1024, 1, 0, 0);
		PutBucket(&bytes, 1024 - i, 1, 0, 0);
		CheckError("icm_distribution", &bytes, "22P03", i == 0 ? "a bucket twice" : "descending buckets");
	}
	PutHeader(&bytes, 1, 0, 0, 1);
	PutDistribution(&bytes, 0, 0, 0, 0, 0);
	CheckError("icm_distribution", &bytes, "22P03", "no bucket");
	PutHeader(&bytes, 1, 0, 0, 0);
	CheckError("icm_distribution", &bytes, "22P03", "nothing");

	PutHeader(&bytes, 1, 0, 0, 3);
	PutDistribution(&bytes, 52, 0, 4, 1, 2);
	PutBucket(&bytes, 1023, 3, 0, half);
	PutBucket(&bytes, 1024, 1, 0, 0);
	ok(Send("icm_distribution", bytes.data, bytes.len, 1, NULL)[0] == '\0', "icm_distribution: one made by hand");
	CheckDamage("icm_distribution", &bytes, 8);
}

/* Totals of icm_wallet. */
#define WALLET_TOTALS 7

/* Counts of customers, first word and number of words of each total. */
static void
PutWallet(Bytes *bytes, const int64_t *counts, const unsigned char (*windows)[2])
{
	for (int i = 0; i < 4; i++)
		Put(bytes, (uint64_t) counts[i], 8);
	for (int i = 0; i < WALLET_TOTALS; i++)
	{
		Put(bytes, windows[i][0], 1);
		Put(bytes, windows[i][1], 1);
	}
	Put(bytes, 0, 2);
}

/* Word 17 counts whole units; word 0 has bits from 2^-1088 on, of which those from 2^-1074 on count. */
static void
CheckWallet(void)
{
	static const uint64_t least = UINT64_C(1) << 14;
	static const struct
	{
		const char *name;
		int64_t		counts[4];	/* customers, buyers, no spend, unknown */
		unsigned char windows[WALLET_TOTALS][2];	/* own, wallet, shares, three products, unknown own */
		uint64_t	words[4];
		int			n;
	}			wrong[] = {
		{"fewer than nobody", {0, 0, -1, 0}, {{0}}, {0}, 0},
		{"fewest", {0, 0, 0, INT64_MIN}, {{0}}, {0}, 0},
		{"more than float8 counts", {0, 0, (INT64_C(1) << 53) + 1, 0}, {{0}}, {0}, 0},
		{"most", {0, 0, INT64_MAX, 0}, {{0}}, {0}, 0},
		{"more buyers than customers", {0, 1, 0, 0}, {{0}}, {0}, 0},
		{"customers without a wallet", {1, 0, 0, 0}, {{0}}, {0}, 0},
		{"a wallet without customers", {0, 0, 0, 1}, {{0, 0}, {17, 1}}, {1}, 1},
		{"buyers without own spend", {1, 1, 0, 0}, {{0, 0}, {17, 1}}, {1}, 1},
		{"own spend beyond the wallet", {1, 1, 0, 0}, {{17, 1}, {17, 1}}, {2, 1}, 2},
		{"own spend beyond the wallet by a bit", {1, 1, 0, 0}, {{0, 1}, {0, 1}}, {2 * (UINT64_C(1) << 14), UINT64_C(1) << 14}, 2},
		{"a share beyond 1", {1, 1, 0, 0}, {{17, 1}, {17, 1}, {17, 1}}, {1, 1, 2}, 3},
		{"squares beyond products", {1, 1, 0, 0}, {{17, 1}, {17, 1}, {0, 0}, {17, 1}}, {1, 1, 1}, 3},
		{"products beyond squares", {1, 1, 0, 0}, {{17, 1}, {17, 1}, {0, 0}, {0, 0}, {17, 1}}, {1, 1, 1}, 3},
		{"a total of unknown wallets of nobody", {0, 0, 1, 0}, {[6] = {17, 1}}, {1}, 1},
		{"an amount beyond the largest", {0, 0, 0, 1}, {[6] = {24, 1}}, {UINT64_C(1) << 63}, 1},
		{"an amount far beyond the largest", {0, 0, 0, 1}, {[6] = {33, 1}}, {1}, 1},
		{"a word beyond the last", {0, 0, 0, 1}, {[6] = {34, 1}}, {1}, 1},
		{"a word far beyond the last", {0, 0, 0, 1}, {[6] = {255, 1}}, {1}, 1},
		{"more words than there are", {0, 0, 0, 1}, {[6] = {0, 255}}, {1}, 1},
		{"a word more than the totals have", {0, 0, 0, 1}, {[6] = {17, 1}}, {1, 1}, 2},
		{"a word less than the totals have", {0, 0, 0, 1}, {[6] = {17, 2}}, {1}, 1},
		{"a window of a total that is zero", {0, 0, 0, 1}, {[6] = {17, 0}}, {0}, 0},
		{"first word zero", {0, 0, 0, 1}, {[6] = {17, 2}}, {0, 1}, 2},
		{"last word zero", {0, 0, 0, 1}, {[6] = {17, 2}}, {1, 0}, 2},
		{"only word zero", {0, 0, 0, 1}, {[6] = {17, 1}}, {0}, 1},
		{"a bit below the least double", {0, 0, 0, 1}, {[6] = {0, 1}}, {(UINT64_C(1) << 14) + 1}, 1},
	};
	static const int64_t counts[] = {0, 5, 7, -1, INT32_MIN, 134217726};
	static const int64_t beyond[] = {134217727, 0x20000006, INT32_MAX};
	static const int64_t nobody[4] = {0};
	static const int64_t one[4] = {0, 0, 0, 1};
	static const unsigned char none[WALLET_TOTALS][2] = {{0}};
	static const unsigned char lowest[WALLET_TOTALS][2] = {[6] = {0, 1}};
	Bytes		bytes,
				back;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, 6 + wrong[i].n);
		PutWallet(&bytes, wrong[i].counts, wrong[i].windows);
		for (int j = 0; j < wrong[i].n; j++)
			Put(&bytes, wrong[i].words[j], 8);
		CheckError("icm_wallet", &bytes, "22P03", wrong[i].name);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, counts[i]);
		PutWallet(&bytes, nobody, none);
		CheckError("icm_wallet", &bytes, "22P03", "a count that lies");
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, beyond[i]);
		PutWallet(&bytes, nobody, none);
		CheckError("icm_wallet", &bytes, "54000", "a count beyond 1 GB");
	}
	PutHeader(&bytes, 1, 0, 0, 300);
	PutWallet(&bytes, nobody, none);
	for (int i = 6; i < 300; i++)
		Put(&bytes, 1, 8);
	CheckError("icm_wallet", &bytes, "22P03", "more words than there can be");
	for (int version = 0; version < 256; version += version == 2 ? 253 : 2)
	{
		PutHeader(&bytes, version, 0, 0, 6);
		PutWallet(&bytes, nobody, none);
		CheckError("icm_wallet", &bytes, "22P03", "version");
	}
	PutHeader(&bytes, 1, 1, 0, 6);
	PutWallet(&bytes, nobody, none);
	CheckError("icm_wallet", &bytes, "22P03", "flags");
	PutHeader(&bytes, 1, 0, 256, 6);
	PutWallet(&bytes, nobody, none);
	CheckError("icm_wallet", &bytes, "22P03", "padding");
	PutHeader(&bytes, 1, 0, 0, 6);
	PutWallet(&bytes, nobody, none);
	bytes.data[bytes.len - 1] = 1;
	CheckError("icm_wallet", &bytes, "22P03", "padding after the totals");

	PutHeader(&bytes, 1, 0, 0, 7);
	PutWallet(&bytes, one, lowest);
	Put(&bytes, least, 8);
	ok(Send("icm_wallet", bytes.data, bytes.len, 1, &back)[0] == '\0' && Same(&bytes, &back), "icm_wallet: one made by hand");
	CheckDamage("icm_wallet", &bytes, 8);
}

/* An event of icm_contacts: time, reference (of a record, number of events), status, kind and what is left of the packed field. */
static void
PutContact(Bytes *bytes, int64_t at, int64_t reference, unsigned status, unsigned kind, uint64_t expiry)
{
	Put(bytes, (uint64_t) at, 8);
	Put(bytes, (uint64_t) reference, 8);
	Put(bytes, (uint64_t) status << 60 | (uint64_t) kind << 48 | expiry, 8);
}

/* Channel, another label, weight. */
static void
PutContactKind(Bytes *bytes, unsigned channel, unsigned department, double weight)
{
	Put(bytes, channel, 2);
	Put(bytes, department, 2);
	Put(bytes, 0xFFFF, 2);
	Put(bytes, 0xFFFF, 2);
	PutDouble(bytes, weight);
}

static void
PutContactLabel(Bytes *bytes, const char *label, int len)
{
	Put(bytes, (uint64_t) len, 4);
	memcpy(&bytes->data[bytes->len], label, len);
	bytes->len += len;
}

/* Two events, two kinds, two labels, of which the last event, kind and label are as given. */
typedef struct TwoContacts
{
	const char *name;
	int64_t		at,
				reference;
	unsigned	status,
				kind;
	uint64_t	expiry;
	unsigned	channel,
				department;
	double		weight;
	const char *label;
} TwoContacts;

static void
PutTwoContacts(Bytes *bytes, const TwoContacts *two)
{
	PutHeader(bytes, 1, 0, 0, 2);
	Put(bytes, 2, 4);
	Put(bytes, 2, 4);
	PutContact(bytes, 0, 7, 2, 0, (UINT64_C(1) << 48) - 1);
	PutContact(bytes, two->at, two->reference, two->status, two->kind, two->expiry);
	PutContactKind(bytes, 0, 0xFFFF, 1);
	PutContactKind(bytes, two->channel, two->department, two->weight);
	PutContactLabel(bytes, "b", 1);
	PutContactLabel(bytes, two->label, (int) strlen(two->label));
}

static void
CheckContacts(void)
{
	static const uint64_t never = (UINT64_C(1) << 48) - 1;
	static const TwoContacts right[] = {
		{"a reservation", 1, 8, 0, 1, UINT64_C(1) << 47, 1, 0, 2, "c"},
		{"consent with the reference of a contact", 1, 7, 9, 1, never, 1, 0, 2, "c"},
		{"a pruned number equal to a reference", 1, 7, 10, 1, never, 1, 0, 2, "c"},
		{"a pruned number of a kind without a channel", 1, INT64_MAX, 10, 1, never, 0xFFFF, 1, 2, "c"},
	};
	const TwoContacts wrong[] = {
		{"infinity", INT64_MAX, 8, 0, 1, never, 1, 0, 2, "c"},
		{"-infinity", INT64_MIN, 8, 0, 1, never, 1, 0, 2, "c"},
		{"time beyond PostgreSQL's last", INT64_C(9223371331200000000), 8, 0, 1, never, 1, 0, 2, "c"},
		{"time before PostgreSQL's first", INT64_C(-211813488000000001), 8, 0, 1, never, 1, 0, 2, "c"},
		{"descending time", -1, 8, 0, 1, never, 1, 0, 2, "c"},
		{"descending status", 0, 8, 1, 1, never, 1, 0, 2, "c"},
		{"expiry beyond PostgreSQL's last time", INT64_C(9223371331199999999), 8, 0, 1, (UINT64_C(1) << 47) + 1, 1, 0, 2, "c"},
		{"a reference twice", 1, 7, 0, 1, never, 1, 0, 2, "c"},
		{"a pruned number of none", 1, 0, 10, 1, never, 1, 0, 2, "c"},
		{"a pruned number below none", 1, -1, 10, 1, never, 1, 0, 2, "c"},
		{"no pruned number", 1, INT64_MIN, 10, 1, never, 1, 0, 2, "c"},
		{"expiry of what was pruned", 1, 8, 10, 1, UINT64_C(1) << 47, 1, 0, 2, "c"},
		{"infinite time of what was pruned", INT64_MAX, 8, 10, 1, never, 1, 0, 2, "c"},
		{"unknown status", 1, 8, 11, 1, never, 1, 0, 2, "c"},
		{"largest status", 1, 8, 15, 1, never, 1, 0, 2, "c"},
		{"unknown kind", 1, 8, 0, 2, never, 1, 0, 2, "c"},
		{"largest kind", 1, 8, 0, 4095, never, 1, 0, 2, "c"},
		{"unused kind", 1, 8, 0, 0, never, 1, 0, 2, "c"},
		{"expiry of what is sent", 1, 8, 2, 1, UINT64_C(1) << 47, 1, 0, 2, "c"},
		{"unknown label", 1, 8, 0, 1, never, 1, 2, 2, "c"},
		{"unused label", 1, 8, 0, 1, never, 0, 0, 2, "c"},
		{"no channel", 1, 8, 2, 1, never, 0xFFFF, 1, 2, "c"},
		{"a kind twice", 1, 8, 0, 1, never, 0, 0xFFFF, 1, "c"},
		{"descending kinds", 1, 8, 0, 1, never, 0, 1, 2, "c"},
		{"weight NaN", 1, 8, 0, 1, never, 1, 0, NAN, "c"},
		{"weight infinite", 1, 8, 0, 1, never, 1, 0, INFINITY, "c"},
		{"negative weight", 1, 8, 0, 1, never, 1, 0, -1, "c"},
		{"a label twice", 1, 8, 0, 1, never, 1, 0, 2, "b"},
		{"descending labels", 1, 8, 0, 1, never, 1, 0, 2, "a"},
		{"empty label", 1, 8, 0, 1, never, 1, 0, 2, ""},
		{"label of 64 bytes", 1, 8, 0, 1, never, 1, 0, 2, "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"},
	};
	static const struct
	{
		int64_t		n,
					kinds,
					labels;
		const char *expected;
	}			counts[] = {
		{-1, 0, 0, "22P03"}, {INT32_MIN, 0, 0, "22P03"}, {0, -1, 0, "22P03"}, {0, 0, -1, "22P03"}, {1, 0, 0, "22P03"},
		{0, 1, 0, "22P03"}, {0, 0, 1, "22P03"}, {0, 4096, 0, "22P03"}, {0, 0, 16384, "22P03"}, {0x0AAAAAAB, 0, 0, "54000"},
		{INT32_MAX, 0, 0, "54000"}, {0, 4097, 0, "54000"}, {0, INT32_MAX, 0, "54000"}, {0, 0, 16385, "54000"}, {0, 0, INT32_MAX, "54000"}
	};
	Bytes		bytes,
				back;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		PutTwoContacts(&bytes, &wrong[i]);
		CheckError("icm_contacts", &bytes, "22P03", wrong[i].name);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		PutHeader(&bytes, 1, 0, 0, counts[i].n);
		Put(&bytes, (uint64_t) counts[i].kinds, 4);
		Put(&bytes, (uint64_t) counts[i].labels, 4);
		CheckError("icm_contacts", &bytes, counts[i].expected, "a count that lies");
	}
	for (int version = 0; version < 256; version += version == 2 ? 253 : 2)
	{
		PutHeader(&bytes, version, 0, 0, 0);
		Put(&bytes, 0, 8);
		CheckError("icm_contacts", &bytes, "22P03", "version");
	}
	/* bit 0 marks open contacts, which never leave the server as such */
	PutHeader(&bytes, 1, 1, 0, 0);
	Put(&bytes, 0, 8);
	CheckError("icm_contacts", &bytes, "22P03", "flags");
	PutHeader(&bytes, 1, 0, 1, 0);
	Put(&bytes, 0, 8);
	CheckError("icm_contacts", &bytes, "22P03", "padding");

	/* one kind twice among what was pruned, and once */
	for (int64_t n = 1; n <= 2; n++)
	{
		PutHeader(&bytes, 1, 0, 0, n);
		Put(&bytes, 1, 4);
		Put(&bytes, 0, 4);
		for (int64_t i = 0; i < n; i++)
			PutContact(&bytes, i, 5 + i, 10, 0, never);
		PutContactKind(&bytes, 0xFFFF, 0xFFFF, 1);
		if (n == 1)
			ok(Send("icm_contacts", bytes.data, bytes.len, 1, &back)[0] == '\0' && Same(&bytes, &back), "icm_contacts: what was pruned");
		else
			CheckError("icm_contacts", &bytes, "22P03", "a kind pruned twice");
	}

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
	{
		PutTwoContacts(&bytes, &right[i]);
		ok(Send("icm_contacts", bytes.data, bytes.len, 1, &back)[0] == '\0' && Same(&bytes, &back), "icm_contacts made by hand: %s", right[i].name);
	}
	PutTwoContacts(&bytes, &right[0]);
	CheckDamage("icm_contacts", &bytes, 16);
}

/* Change, take away, repeat or add some bytes, often ones that mean something. */
static void
Mutate(Bytes *bytes, const char *alphabet)
{
	int			times = 1 + (int) (Random() % 4);

	while (times-- > 0)
	{
		int			at = bytes->len > 0 ? (int) (Random() % bytes->len) : 0;
		char		c = alphabet != NULL && Random() % 8 != 0 ? alphabet[Random() % strlen(alphabet)] : (char) Random();

		if (alphabet != NULL && c == '\0')
			c = '0';
		switch (Random() % 5)
		{
			case 0:
			case 1:
				if (bytes->len > 0)
					bytes->data[at] = c;
				break;
			case 2:
				if (bytes->len > 0)
					memmove(&bytes->data[at], &bytes->data[at + 1], --bytes->len - at);
				break;
			case 3:
				if (bytes->len < 1000)
				{
					memmove(&bytes->data[at + 1], &bytes->data[at], bytes->len++ - at);
					bytes->data[at] = c;
				}
				break;
			case 4:				/* a stretch of it once more, at the end */
				if (bytes->len > at && bytes->len < 1000)
				{
					int			n = (int) (Random() % (bytes->len - at)) + 1;

					memmove(&bytes->data[bytes->len], &bytes->data[at], n);
					bytes->len += n;
				}
				break;
		}
	}
}

static void
Fuzz(const char *type, const char *const *samples, int count, int format, const char *alphabet, int rounds)
{
	int			wrong = 0,
				values = 0;
	Bytes		bytes,
				ignored;

	for (int round = 0; round < rounds; round++)
	{
		const char *sample = samples[Random() % count];

		bytes.len = (int) strlen(sample);
		memcpy(bytes.data, sample, bytes.len);
		if (format == 1)
		{
			PGresult   *result;
			char		sql[64];

			snprintf(sql, sizeof(sql), "SELECT $1::%s", type);
			result = PQexecParams(conn, sql, 1, NULL, &sample, NULL, NULL, 1);
			if (PQresultStatus(result) != PGRES_TUPLES_OK)
				Die(sample);
			bytes.len = PQgetlength(result, 0, 0);
			memcpy(bytes.data, PQgetvalue(result, 0, 0), bytes.len);
			PQclear(result);
		}
		Mutate(&bytes, alphabet);
		bytes.data[bytes.len] = '\0';
		wrong += !ErrorOrValue(type, bytes.data, bytes.len, format);
		values += Send(type, bytes.data, bytes.len, format, &ignored)[0] == '\0';
	}
	ok(wrong == 0, "%s: %d random %s are errors or values (%d of them values, %d neither)", type, rounds,
	   format == 1 ? "messages" : "texts", values, wrong);
}

/* ---- definitions ----------------------------------------------------------- */

/* Types whose binary form is a header and the text, and texts that they write. */
#define SAMPLES 3
static const struct
{
	const char *type;
	const char *samples[SAMPLES];
}			definitions[] = {
	{"icm_clv_model", {
		"{process: bgnbd, unit_days: 7, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426, customers: 2357, loglik: -9582.4,"
		" covariance: [4 1 3 0.5 -0.25 2 0 0 0 0.001], spend: gammagamma, p: 6.25, q: 3.74, gamma: 15.44,"
		" spend_customers: 946, spend_loglik: -4058.9, spend_covariance: [1 0 2 0.5 0.5 3]}",
		"{process: sbg, unit_days: 365.25, alpha: 1e-05, beta: 99999.99999999999}",
		"{spend: gammagamma, p: 0.30000000000000004, q: 1.0000000000000002, gamma: 15}"}},
	{"icm_cost_model", {
		"{call: 6.5, e-mail: 0.002, \"field visit\": 350, return: 4 + 3%, default: 1}",
		"{\"default\": 1e+300 + 0.1%, \"say \"\"\303\244\"\"\": 5e-324%, z: 0}",
		"{default: 0}"}},
	{"icm_value_definition", {
		"{history_days: 730, horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 12.5, currency: EUR, model: retail}",
		"{half_life_days: 0.5, horizon_days: 2147483647, annual_discount: 1, margin: learnt, cost_to_serve: learnt, model: \"a \"\"b\"\"\"}",
		"{horizon_days: 1, annual_discount: 0, margin: -1, cost_to_serve: 0, currency: \"\342\202\254\", model: m}"}},
	{"icm_grade_matrix", {
		"{A: keep keep keep, B: grow keep harvest, C: \"win back\" harvest harvest}",
		"{A: A, B: \"say \"\"\303\244\"\"\", C: \"}\", D: x.y-z}",
		"{A: a b c d e f g h i j k l m n o p q r s t u v w x y z}"}},
	{"icm_scale_set", {
		"{north: {10,20}, \"south west\": {-1.5,0,0.1}, default: {cuts: 6, method: kmeans, counts: 5 5, sums: 15 40, within: 10 10, total: 82.5}}",
		"{\"default\": {1e-300}, \"say \"\"\303\244\"\"\": {1,2}}",
		"{default: {0}}"}},
	{"icm_dirichlet", {
		"{M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25 penetration 0.2, \"Beta 2\": 0.1, Gamma: 0.05}}",
		"{M: 1e-09, K: 1000000, S: 1e-06, brands: {penetration: 0.30000000000000004, \"say \"\"\303\244\"\"\": 1e-06}}",
		"{M: 1, K: 1, S: 1, brands: {a: 1 penetration 0.5}}"}},
	{"icm_wallet_model", {
		"{taus: [0.5 0.9], coefficients: [81.5 0.56, 67.4 0.69], std_errors: nid [19.3 0.028, none], correlations: [-0.87, none],"
		" rows: 235, left_out: 12, crossings: 7, lowest: [1 377], highest: [1 4957.8]}",
		"{taus: [5e-324 0.30000000000000004], coefficients: [-1e+300, 0], std_errors: nid [none, 0.5]}",
		"{taus: [0.9], coefficients: [12 3 0], std_errors: nid [1 0 2], correlations: [-1 0.30000000000000004 1], rows: 3, left_out: 9223372036854775807, crossings: 0, lowest: [-1 0 1], highest: [1 1e+300 1]}"}},
	{"icm_policy", {
		"weekly: cap 4 per calendar week starting sunday on email, sms by except \"on\" counting sent priority 2;\n"
		"open mon-fri 10:00-13:00, 14:00-20:00, sun 00:00-24:00 on call grade A-C, E;\n"
		"pressure 10 half-life 36 hours weight \"a b\" 0.1, call 4;\n"
		"exempt category transactional counted source 'it''s';",
		"\"say \"\"\303\244\"\"\": gap 90 seconds for brand Alpha category except x;\nquiet 21:00-08:00;\nblackout 2026-12-24 to 2026-12-26;\n"
		"sequence call after email within 14 days;\nholdout 0.1% salt '\342\202\254';\nblock 60 days after refused, optout;",
		"require optin;\nrefuse after optout;\ncap 0 per 1 day;\nand\n\"and\": cap 1 per 1 day by \"and\", sales priority 1;\nexempt on email;"}},
};

#define DEFINITIONS ((int) (sizeof(definitions) / sizeof(definitions[0])))

/* The header and the text, which may be other than the type would write it. */
static void
PutText(Bytes *bytes, int version, int flags, int zero, int64_t count, const char *text, int len)
{
	PutHeader(bytes, version, flags, zero, count);
	memcpy(&bytes->data[bytes->len], text, len);
	bytes->len += len;
}

static void
CheckDefinition(int i)
{
	static const int64_t counts[] = {0, 1, -1, INT32_MIN, 0x3FFFFFF7};
	static const int64_t beyond[] = {0x3FFFFFF8, INT32_MAX};
	const char *type = definitions[i].type;
	const char *text = definitions[i].samples[0];
	int			len = (int) strlen(text);
	Bytes		bytes;

	for (int j = 0; j < SAMPLES; j++)
		CheckRoundTrip(type, definitions[i].samples[j]);
	for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
	{
		PutText(&bytes, 1, 0, 0, counts[j], text, len);
		CheckError(type, &bytes, "22P03", "a count that lies");
	}
	for (size_t j = 0; j < sizeof(beyond) / sizeof(beyond[0]); j++)
	{
		PutText(&bytes, 1, 0, 0, beyond[j], text, len);
		CheckError(type, &bytes, "54000", "a count beyond 1 GB");
	}
	for (int version = 0; version < 256; version += version == 2 ? 253 : 2)
	{
		PutText(&bytes, version, 0, 0, len, text, len);
		CheckError(type, &bytes, "22P03", "version");
	}
	PutText(&bytes, 1, 1, 0, len, text, len);
	CheckError(type, &bytes, "22P03", "flags");
	PutText(&bytes, 1, 0, 256, len, text, len);
	CheckError(type, &bytes, "22P03", "padding");
	/* two bytes, as some may lack the last */
	PutText(&bytes, 1, 0, 0, len - 2, text, len - 2);
	CheckError(type, &bytes, "22P02", "a text without its end");
	PutText(&bytes, 1, 0, 0, len + 1, text, len + 1);
	CheckError(type, &bytes, "22021", "a zero byte after the text");
	PutText(&bytes, 1, 0, 0, 0, text, 0);
	CheckError(type, &bytes, "22P02", "no text");

	PutText(&bytes, 1, 0, 0, len, text, len);
	CheckDamage(type, &bytes, 8);
	Fuzz(type, definitions[i].samples, SAMPLES, 1, NULL, 3000);
	Fuzz(type, definitions[i].samples, SAMPLES, 0, "{}[],:%\"\" -+.eE0123456789learntdf_\t", 5000);
}

/* ---- transition states ---------------------------------------------------- */

/*
 * A state of icm_scale_agg in the server's memory order, as found in a bytea:
 * version, number of values, what it is asked for, room for shares, values.
 */
#define STATE_METHOD 12			/* where the bytes that stand for these are */
#define STATE_WEIGHTED 14
#define STATE_SHARES 15
#define STATE_VALUES 220

static void
MakeState(Bytes *state, int32_t version, int method, int32_t grades, int64_t n, const double *values, int room)
{
	memset(state->data, 0, STATE_VALUES);
	memcpy(&state->data[0], &version, 4);
	memcpy(&state->data[4], &n, 8);
	state->data[STATE_METHOD] = (char) method;
	memcpy(&state->data[16], &grades, 4);
	memcpy(&state->data[STATE_VALUES], values, room * sizeof(double));
	state->len = STATE_VALUES + room * (int) sizeof(double);
}

/* The same of values that have weights, after each. */
static void
MakeWeightedState(Bytes *state, int64_t n, const double *values, int room)
{
	MakeState(state, 2, 1, 2, n, values, room);
	state->data[STATE_WEIGHTED] = 1;
}

/* Through each way in, a state is refused: as corrupt, or beside another as asked for something else. */
static void
CheckCorrupt(const Bytes *state, const char *name)
{
	static const char *const ways[] = {"scale_final", "scale_combine", "scale_combine_table", "scale_combine_two"};
	bool		good = true;

	for (int i = 0; i < 4; i++)
	{
		const char *sqlstate = Send(ways[i], state->data, state->len, 1, NULL);

		good &= strcmp(sqlstate, "XX001") == 0 || (i == 3 && strcmp(sqlstate, "22023") == 0);
	}
	ok(good, "state of icm_scale_agg: %s: corrupt", name);
}

/* What may come of a damaged state: a scale, corrupt, one that cannot be cut or combined, too large weights. */
static bool
IsScaleOrRefused(const char *sqlstate)
{
	return strcmp(sqlstate, "") == 0 || strcmp(sqlstate, "XX001") == 0 || strcmp(sqlstate, "22023") == 0 ||
		strcmp(sqlstate, "22003") == 0;
}

static void
CheckScaleStates(void)
{
	static const double values[] = {3, 1, 2, 5, 4};
	static const double not_finite[] = {1, 2, NAN, 4, 5};
	static const double infinite[] = {1, 2, 3, 4, -INFINITY};
	static const double beyond[] = {1, 2, 3, 4, 1.1e140};
	static const double weights[] = {0, -1, 1e300, NAN, INFINITY};
	static const int32_t versions[] = {0, 1, 3, 255, 0x02000000};
	static const int32_t grades[] = {0, 1, 27, 255, 0x05000000, -1, INT32_MIN, INT32_MAX};
	double		weighted[] = {3, 1.5, 1, 2};
	Bytes		state,
				back;
	int			wrong = 0;
	char	   *text;

	Execute("CREATE AGGREGATE scale_state(float8) (sfunc = icm_scale_accum, stype = bytea)");
	Execute("CREATE AGGREGATE scale_merged(bytea) (sfunc = icm_values_combine, stype = bytea, finalfunc = icm_scale_final)");
	Prepare("scale_final", "SELECT icm_scale_final($1::bytea)");
	Prepare("scale_combine", "SELECT scale_merged($1::bytea)");
	Prepare("scale_combine_two", "SELECT scale_merged(s) FROM (SELECT $1::bytea AS s UNION ALL SELECT scale_state(v)"
			" FROM generate_series(1, 9) v) states");
	/* each at another alignment */
	Prepare("scale_combine_table", "SELECT scale_merged(r.s) FROM (VALUES ('a'::\"char\", $1::bytea, 'b'::\"char\", $1::bytea)) v(a, s, b, t),"
			" LATERAL (SELECT s FROM (SELECT s UNION ALL SELECT t) u OFFSET 0) r");

	MakeState(&state, 2, 1, 5, 5, values, 5);
	ok(Send("scale_final", state.data, state.len, 1, &back)[0] == '\0', "a state made by hand is one");
	text = Query("SELECT substr(encode(scale_state(v), 'hex'), 1, 40) FROM generate_series(1, 9) v");
	ok(strncmp(text + 2 * STATE_METHOD, "01000000", 8) == 0 &&
	   (strncmp(text, "02000000" "0900000000000000", 24) == 0 || strncmp(text, "00000002" "0000000000000009", 24) == 0),
	   "and looks like the server's own");
	free(text);
	MakeWeightedState(&state, 2, weighted, 4);
	ok(Send("scale_final", state.data, state.len, 1, &back)[0] == '\0', "so is one of values with weights");

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
	{
		MakeState(&state, versions[i], 1, 5, 5, values, 5);
		CheckCorrupt(&state, "version");
	}
	MakeState(&state, 2, 0, 5, 5, values, 5);
	CheckCorrupt(&state, "method 0");
	MakeState(&state, 2, 5, 5, 5, values, 5);
	CheckCorrupt(&state, "method 5");
	MakeState(&state, 2, 255, 5, 5, values, 5);
	CheckCorrupt(&state, "method 255");
	for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++)
	{
		MakeState(&state, 2, 1, grades[i], 5, values, 5);
		CheckCorrupt(&state, "grades");
	}
	MakeState(&state, 2, 1, 5, 5, values, 5);
	state.data[STATE_SHARES] = 26;
	CheckCorrupt(&state, "more shares than room");
	state.data[STATE_SHARES] = 3;
	CheckCorrupt(&state, "shares of another number of grades");
	state.data[STATE_SHARES] = 0;
	state.data[STATE_WEIGHTED] = 2;
	CheckCorrupt(&state, "neither with weights nor without");
	state.data[STATE_WEIGHTED] = 1;
	CheckCorrupt(&state, "weights that take more than the room");
	MakeState(&state, 2, 1, 5, 6, values, 5);
	CheckCorrupt(&state, "more values than room");
	MakeState(&state, 2, 1, 5, -1, values, 5);
	CheckCorrupt(&state, "negative number of values");
	MakeState(&state, 2, 1, 5, INT64_MIN, values, 5);
	CheckCorrupt(&state, "least number of values");
	MakeState(&state, 2, 1, 5, INT64_MAX, values, 5);
	CheckCorrupt(&state, "largest number of values");
	MakeState(&state, 2, 1, 5, INT64_C(0x2000000000000001), values, 5);
	CheckCorrupt(&state, "number of values whose size wraps around");
	MakeState(&state, 2, 1, 5, 5, not_finite, 5);
	CheckCorrupt(&state, "NaN");
	MakeState(&state, 2, 1, 5, 5, infinite, 5);
	CheckCorrupt(&state, "infinity");
	MakeState(&state, 2, 1, 5, 5, beyond, 5);
	CheckCorrupt(&state, "beyond the largest value");
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
	{
		weighted[3] = weights[i];
		MakeWeightedState(&state, 2, weighted, 4);
		CheckCorrupt(&state, "weight");
	}
	MakeState(&state, 2, 1, 5, 5, values, 5);
	for (state.len = 0; state.len < STATE_VALUES; state.len++)
		wrong += strcmp(Send("scale_final", state.data, state.len, 1, NULL), "XX001") != 0 ||
			strcmp(Send("scale_combine", state.data, state.len, 1, NULL), "XX001") != 0;
	ok(wrong == 0, "state of icm_scale_agg: cut short: corrupt (%d are not)", wrong);

	wrong = 0;
	for (int round = 0; round < 3000; round++)
	{
		static const char *const ways[] = {"scale_final", "scale_combine", "scale_combine_two", "scale_combine_table"};
		const char *sqlstate;

		if (round % 3 == 0)
			MakeWeightedState(&state, (int) (Random() % 3), weighted, 4);
		else
			MakeState(&state, 2, 1 + (int) (Random() % 4), 2 + (int) (Random() % 4), (int) (Random() % 6), values, 5);
		Mutate(&state, NULL);
		if (Random() % 2 == 0)	/* most of it is room for shares */
			state.data[Random() % 20] ^= (char) (1 << Random() % 8);
		sqlstate = Send(ways[Random() % 4], state.data, state.len, 1, NULL);
		wrong += !IsScaleOrRefused(sqlstate);
	}
	ok(wrong == 0, "state of icm_scale_agg: 3000 random ones are errors or scales (%d are neither)", wrong);
}

/* The same states as initial conditions, which accum goes on with and changes in place. */
static void
CheckInitialConditions(void)
{
	static const double values[] = {3, 1, 2, 5, 4};
	int			wrong = 0,
				made = 0;

	for (int round = 0; round < 300; round++)
	{
		Bytes		state;
		char		sql[3 * SIZE_MAX_SENT],
				   *at = sql;
		PGresult   *result;
		const char *sqlstate;

		MakeState(&state, 2, 1, 5, (int) (Random() % 6), values, 5);
		if (round > 0)
			Mutate(&state, NULL);
		at += sprintf(at, "CREATE OR REPLACE AGGREGATE crafted(float8, int) (sfunc = icm_scale_accum, stype = bytea,"
					  " finalfunc = icm_scale_final, combinefunc = icm_values_combine, initcond = '\\x");
		for (int i = 0; i < state.len; i++)
			at += sprintf(at, "%02x", (unsigned char) state.data[i]);
		strcpy(at, "')");
		Execute(sql);
		made++;
		for (int nulls = 0; nulls < 2; nulls++)
		{
			/* in groups, each of which must have a copy of its own */
			result = PQexec(conn, nulls ? "SELECT crafted(NULL, 5)" :
							"SELECT crafted(v, 5), v % 3 FROM generate_series(1, 300) v GROUP BY 2");
			sqlstate = PQresultStatus(result) == PGRES_TUPLES_OK ? "" : PQresultErrorField(result, PG_DIAG_SQLSTATE);
			if (sqlstate == NULL || PQstatus(conn) != CONNECTION_OK)
				Die("the server has crashed");
			wrong += !IsScaleOrRefused(sqlstate);
			PQclear(result);
		}
	}
	ok(wrong == 0, "%d crafted initial conditions are errors or scales (%d are neither)", made, wrong);

	ok(strcmp(Send("scale_accum_alone", "1", 1, 0, NULL), "0A000") == 0, "icm_scale_accum is called by aggregates only");
	ok(strcmp(Send("scale_combine_alone", "\\x01", 4, 0, NULL), "0A000") == 0, "icm_values_combine too");
}

/* A query that counts what is wrong. */
static void
CheckNone(const char *sql, const char *name)
{
	char	   *count = Query(sql);

	ok(strcmp(count, "0") == 0, "%s", name);
	if (strcmp(count, "0") != 0)
		printf("# %s\n", count);
	free(count);
}

/*
 * The open ledgers that the aggregates build in are values of icm_ledger:
 * without a final function they get into tables, and everywhere.
 */
static void
CheckOpenLedgers(void)
{
	PGresult   *result;
	int			wrong = 0;

	Execute("CREATE AGGREGATE open(date, float8, float8) (sfunc = icm_ledger_add, stype = icm_ledger)");
	Execute("CREATE AGGREGATE open_from_empty(date, float8, float8)"
			" (sfunc = icm_ledger_add, stype = icm_ledger, initcond = '{}')");
	Execute("CREATE AGGREGATE open_from_some(date, float8, float8)"
			" (sfunc = icm_ledger_add, stype = icm_ledger, initcond = '{2024-01-05 1 0.1 0.2}')");
	Execute("CREATE AGGREGATE open_merged(icm_ledger) (sfunc = icm_ledger_merge, stype = icm_ledger)");
	Execute("CREATE TABLE event AS SELECT i % 100 AS c, date '2024-01-01' + i * 7919 % (i % 100 * 5 + 1) AS day,"
			" CASE WHEN i % 11 <> 0 THEN (i % 97 - 20) / 10.0::float8 END AS revenue, i / 7.0::float8 AS cost"
			" FROM generate_series(1, 50000) i");
	Execute("CREATE TABLE ledger AS SELECT c, open(day, revenue, cost) AS open, icm_ledger_agg(day, revenue, cost) AS closed,"
			" open_from_empty(day, revenue, cost) AS from_empty, open_from_some(day, revenue, cost) AS from_some"
			" FROM event GROUP BY c");
	CheckNone("SELECT count(*) FROM ledger WHERE c = 0 AND pg_column_size(open) <= pg_column_size(closed)",
			  "open ledgers are stored with their room");
	CheckNone("SELECT count(*) FROM ledger WHERE open::text <> closed::text OR from_empty::text <> closed::text"
			  " OR icm_ledger_send(open) <> icm_ledger_send(closed)", "open ledgers read as closed ones: text, binary");
	CheckNone("SELECT count(*) FROM ledger WHERE icm_rfm(open, '2024-06-01') IS DISTINCT FROM icm_rfm(closed, '2024-06-01')"
			  " OR icm_btyd(open, '2024-06-01') IS DISTINCT FROM icm_btyd(closed, '2024-06-01')"
			  " OR icm_contribution(open) <> icm_contribution(closed)"
			  " OR icm_decayed_contribution(open, '2024-06-01', 30) <> icm_decayed_contribution(closed, '2024-06-01', 30)"
			  " OR ARRAY(SELECT d FROM icm_ledger_days(open) d)::text <> ARRAY(SELECT d FROM icm_ledger_days(closed) d)::text",
			  "open ledgers read as closed ones: accessors");
	CheckNone("SELECT count(*) FROM ledger WHERE icm_ledger_add(open, '2024-01-03', 0.1, NULL)::text"
			  " <> icm_ledger_add(closed, '2024-01-03', 0.1, NULL)::text"
			  " OR icm_ledger_merge(open, closed)::text <> icm_ledger_merge(closed, closed)::text"
			  " OR icm_ledger_merge(closed, open)::text <> icm_ledger_merge(closed, closed)::text"
			  " OR icm_ledger_merge(NULL, open)::text <> closed::text OR icm_ledger_add(open, NULL, NULL)::text <> closed::text",
			  "open ledgers are added to and merged as closed ones");
	CheckNone("SELECT count(*) FROM ledger JOIN (SELECT c, icm_ledger_agg(day, revenue, cost) AS expected FROM"
			  " (SELECT * FROM event UNION ALL SELECT DISTINCT c, date '2024-01-05', 0.1::float8, 0.2::float8 FROM event) e"
			  " GROUP BY c) x USING (c) WHERE from_some::text <> expected::text", "an initial condition counts");
	CheckNone("SELECT count(*) FROM (SELECT c % 7, icm_rollup(open)::text a, open_merged(open)::text b, icm_rollup(closed)::text c"
			  " FROM ledger GROUP BY 1) m WHERE (SELECT sum(orders) FROM icm_ledger_days(a::icm_ledger)) <>"
			  " (SELECT sum(orders) FROM icm_ledger_days(c::icm_ledger)) OR a <> b", "open ledgers are rolled up");
	/* unlike ledgers that were closed, and so rounded, they lose nothing: merged they are exact to the last bit */
	CheckNone("SELECT count(*) FROM (SELECT c, icm_rollup(open)::text AS merged FROM (SELECT c, n % 3, open(day, revenue, cost) AS open"
			  " FROM (SELECT *, row_number() OVER () AS n FROM event) e GROUP BY 1, 2) parts GROUP BY c) p"
			  " JOIN ledger USING (c) WHERE merged <> closed::text", "parts that were left open merge exactly");
	/* rows of a window share one state, which goes on changing */
	CheckNone("SELECT count(*) FROM (SELECT open(day, revenue, cost) OVER w::text AS a, icm_ledger_agg(day, revenue, cost) OVER w::text AS b,"
			  " lag(day) OVER (ORDER BY day, cost) FROM (SELECT * FROM event WHERE c = 42) e"
			  " WINDOW w AS (ORDER BY day, cost)) w WHERE a <> b", "open ledgers of a window");
	CheckNone("SELECT count(*) FROM (SELECT c, ledger, (SELECT icm_ledger_agg(day, revenue, cost) FROM (SELECT * FROM event e WHERE e.c = 7"
			  " ORDER BY day, cost LIMIT n) first)::text AS expected FROM (SELECT c, row_number() OVER w AS n,"
			  " icm_ledger_agg(day, revenue, cost) OVER (ORDER BY day, cost ROWS UNBOUNDED PRECEDING)::text AS ledger"
			  " FROM event WHERE c = 7 WINDOW w AS (ORDER BY day, cost)) w) x WHERE ledger <> expected",
			  "running ledgers of a window");
	Execute("UPDATE ledger SET open = (SELECT open(day, i, i) FROM (SELECT date '2024-01-01' + i * 3 AS day, i"
			" FROM generate_series(5000, 1, -1) i) d), closed = (SELECT icm_ledger_agg(date '2024-01-01' + i * 3, i, i)"
			" FROM generate_series(1, 5000) i) WHERE c = 1");
	Execute("VACUUM FULL ledger");
	CheckNone("SELECT count(*) FROM ledger WHERE open::text <> closed::text", "a large one, out of line");

	result = PQexecParams(conn, "SELECT open, closed FROM ledger WHERE c > 1", 0, NULL, NULL, NULL, NULL, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0)
		Die("ledgers");
	for (int row = 0; row < PQntuples(result); row++)
	{
		int			len = PQgetlength(result, row, 0);
		static Bytes back;

		wrong += len != PQgetlength(result, row, 1) ||
			memcmp(PQgetvalue(result, row, 0), PQgetvalue(result, row, 1), len) != 0;
		if (len <= SIZE_MAX_SENT)
			wrong += Send("icm_ledger", PQgetvalue(result, row, 0), len, 1, &back)[0] != '\0' ||
				back.len != len || memcmp(back.data, PQgetvalue(result, row, 0), len) != 0;
	}
	ok(wrong == 0, "fetched in binary, they are closed, and go in again (%d do not)", wrong);
	PQclear(result);
}

/* ---- transition states of wallet fits --------------------------------------- */

/* A state of icm_wallet_fit in the server's memory order, as found in a bytea: and where its parts are. */
#define FIT_ROWS 4
#define FIT_LEFT_OUT 12
#define FIT_COLUMNS 20
#define FIT_WEIGHTED 24
#define FIT_TAUS 25
#define FIT_NUMBERS 28

static const double fit_numbers[] = {0.5, 1, 2, 30, 1, 3, 50, 1, 4, 60, 1, 7, 90};	/* tau; x and spend of four rows */
static const double weighted_numbers[] = {0.5, 1, 2, 30, 1, 1, 3, 50, 2, 1, 4, 60, 0.5};	/* and weight, of three */

static void
MakeFitState(Bytes *state, int32_t version, int64_t n, int32_t columns, bool weighted, int taus)
{
	int64_t		left_out = 9;

	memset(state->data, 0, FIT_NUMBERS);
	memcpy(&state->data[0], &version, 4);
	memcpy(&state->data[FIT_ROWS], &n, 8);
	memcpy(&state->data[FIT_LEFT_OUT], &left_out, 8);
	memcpy(&state->data[FIT_COLUMNS], &columns, 4);
	state->data[FIT_WEIGHTED] = weighted;
	state->data[FIT_TAUS] = (char) taus;
	memcpy(&state->data[FIT_NUMBERS], weighted ? weighted_numbers : fit_numbers, sizeof(fit_numbers));
	state->len = FIT_NUMBERS + (int) sizeof(fit_numbers);
}

static const char *const fit_ways[] = {"fit_final", "fit_combine", "fit_combine_table", "fit_combine_two"};

/* Through each way in, a state is refused: as corrupt, or beside another as of other taus or columns. */
static void
CheckFitCorrupt(const Bytes *state, const char *name)
{
	bool		good = true;

	for (int i = 0; i < 4; i++)
	{
		const char *sqlstate = Send(fit_ways[i], state->data, state->len, 1, NULL);

		good &= strcmp(sqlstate, "XX001") == 0 || (i == 3 && strcmp(sqlstate, "22023") == 0);
	}
	ok(good, "state of icm_wallet_fit: %s: corrupt", name);
}

/* What may come of a damaged state: a model, corrupt, one that cannot be fitted or combined. */
static bool
IsModelOrRefused(const char *sqlstate)
{
	return strcmp(sqlstate, "") == 0 || strcmp(sqlstate, "XX001") == 0 || strcmp(sqlstate, "22000") == 0 ||
		strcmp(sqlstate, "22003") == 0 || strcmp(sqlstate, "22023") == 0 || strcmp(sqlstate, "2202E") == 0;
}

/* Mutated states as initial conditions, which accum goes on with and changes in place. */
static void
CheckFitInitialConditions(void)
{
	int			wrong = 0;

	for (int round = 0; round < 300; round++)
	{
		Bytes		state;
		char		sql[3 * SIZE_MAX_SENT],
				   *at = sql;
		PGresult   *result;
		const char *sqlstate;

		MakeFitState(&state, 1, (int) (Random() % 5), 2, false, 1);
		if (round > 0)
			Mutate(&state, NULL);
		at += sprintf(at, "CREATE OR REPLACE AGGREGATE crafted_fit(float8, float8[], float8) (sfunc = icm_wallet_fit_accum, stype = bytea,"
					  " finalfunc = icm_wallet_fit_final, combinefunc = icm_wallet_fit_combine, initcond = '\\x");
		for (int i = 0; i < state.len; i++)
			at += sprintf(at, "%02x", (unsigned char) state.data[i]);
		strcpy(at, "')");
		Execute(sql);
		result = PQexec(conn, "SELECT crafted_fit(i, ARRAY[1, i], 0.5) FROM generate_series(1, 40) i GROUP BY i % 2");
		sqlstate = PQresultStatus(result) == PGRES_TUPLES_OK ? "" : PQresultErrorField(result, PG_DIAG_SQLSTATE);
		wrong += !IsModelOrRefused(sqlstate) || (round == 0 && sqlstate[0] != '\0');
		PQclear(result);
	}
	ok(wrong == 0, "state of icm_wallet_fit: 300 initial conditions are errors or fitted (%d are neither)", wrong);
}

static void
CheckFitStates(void)
{
	static const int32_t versions[] = {0, 2, 255, 0x01000000};
	static const int32_t columns[] = {-1, 65, INT32_MIN, INT32_MAX, 0x02000000};
	static const int64_t rows[] = {5, -1, INT64_MIN, INT64_MAX, INT64_C(0x2000000000000001)};
	static const double not_finite[] = {NAN, INFINITY, -INFINITY};
	static const double taus[] = {0, 1, -0.5, NAN, 2};
	static const double weights[] = {0, -1, NAN, INFINITY};
	Bytes		state,
				back;
	int64_t		beyond = INT64_MAX;
	int			wrong = 0;
	char	   *text;

	Execute("CREATE AGGREGATE fit_state(float8, float8[], float8) (sfunc = icm_wallet_fit_accum, stype = bytea)");
	Execute("CREATE AGGREGATE fit_merged(bytea) (sfunc = icm_wallet_fit_combine, stype = bytea, finalfunc = icm_wallet_fit_final)");
	Prepare("fit_final", "SELECT icm_wallet_fit_final($1::bytea)");
	Prepare("fit_combine", "SELECT fit_merged($1::bytea)");
	Prepare("fit_combine_two", "SELECT fit_merged(s) FROM (SELECT $1::bytea AS s UNION ALL SELECT fit_state(i, ARRAY[1, i], 0.5)"
			" FROM generate_series(1, 9) i) states");
	/* each at another alignment */
	Prepare("fit_combine_table", "SELECT fit_merged(r.s) FROM (VALUES ('a'::\"char\", $1::bytea, 'b'::\"char\", $1::bytea)) v(a, s, b, t),"
			" LATERAL (SELECT s FROM (SELECT s UNION ALL SELECT t) u OFFSET 0) r");

	MakeFitState(&state, 1, 4, 2, false, 1);
	for (int i = 0; i < 4; i++)
		ok(Send(fit_ways[i], state.data, state.len, 1, &back)[0] == '\0', "a state made by hand is one (%s)", fit_ways[i]);
	text = Query("SELECT substr(encode(fit_state(nullif(v, 9), '{1,2}', 0.5), 'hex'), 1, 56) FROM generate_series(1, 9) v");
	ok(strcmp(text, "01000000" "0800000000000000" "0100000000000000" "02000000" "00" "01" "0000") == 0 ||
	   strcmp(text, "00000001" "0000000000000008" "0000000000000001" "00000002" "00" "01" "0000") == 0,
	   "and looks like the server's own");
	free(text);
	MakeFitState(&state, 1, 3, 2, true, 1);
	ok(Send("fit_final", state.data, state.len, 1, &back)[0] == '\0', "so is one of rows with weights");
	MakeFitState(&state, 1, 0, 0, false, 1);
	ok(strcmp(Send("fit_final", state.data, state.len, 1, NULL), "22000") == 0, "one without rows has too few");

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
	{
		MakeFitState(&state, versions[i], 4, 2, false, 1);
		CheckFitCorrupt(&state, "version");
	}
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
	{
		MakeFitState(&state, 1, 1, columns[i], false, 1);
		CheckFitCorrupt(&state, "columns");
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		MakeFitState(&state, 1, rows[i], 2, false, 1);
		CheckFitCorrupt(&state, "number of rows");
	}
	MakeFitState(&state, 1, 1, 0, false, 1);
	CheckFitCorrupt(&state, "rows without columns");
	MakeFitState(&state, 1, 4, 2, false, 0);
	CheckFitCorrupt(&state, "no tau");
	MakeFitState(&state, 1, 4, 2, false, 100);
	CheckFitCorrupt(&state, "100 taus");
	MakeFitState(&state, 1, 0, 2, false, 99);
	CheckFitCorrupt(&state, "more taus than room");
	MakeFitState(&state, 1, 4, 2, false, 2);
	CheckFitCorrupt(&state, "one tau more, and so less room");
	MakeFitState(&state, 1, 4, 2, false, 1);
	state.data[FIT_WEIGHTED] = 2;
	CheckFitCorrupt(&state, "neither with weights nor without");
	state.data[FIT_WEIGHTED] = 1;
	CheckFitCorrupt(&state, "weights that take more than the room");
	MakeFitState(&state, 1, 4, 2, false, 1);
	memcpy(&state.data[FIT_LEFT_OUT], &beyond, 8);
	CheckFitCorrupt(&state, "more rows left out than can be");
	for (size_t i = 0; i < sizeof(not_finite) / sizeof(not_finite[0]); i++)
	{
		MakeFitState(&state, 1, 4, 2, false, 1);
		memcpy(&state.data[FIT_NUMBERS + 8 * 12], &not_finite[i], 8);
		CheckFitCorrupt(&state, "not finite");
	}
	for (size_t i = 0; i < sizeof(taus) / sizeof(taus[0]); i++)
	{
		MakeFitState(&state, 1, 4, 2, false, 1);
		memcpy(&state.data[FIT_NUMBERS], &taus[i], 8);
		CheckFitCorrupt(&state, "tau");
	}
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
	{
		MakeFitState(&state, 1, 3, 2, true, 1);
		memcpy(&state.data[FIT_NUMBERS + 8 * 8], &weights[i], 8);
		CheckFitCorrupt(&state, "weight");
	}
	MakeFitState(&state, 1, 4, 2, false, 1);
	for (state.len = 0; state.len < FIT_NUMBERS + (int) sizeof(fit_numbers); state.len++)
		wrong += strcmp(Send("fit_final", state.data, state.len, 1, NULL), "XX001") != 0 ||
			strcmp(Send("fit_combine", state.data, state.len, 1, NULL), "XX001") != 0;
	ok(wrong == 0, "state of icm_wallet_fit: cut short: corrupt (%d are not)", wrong);

	wrong = 0;
	for (int round = 0; round < 3000; round++)
	{
		MakeFitState(&state, 1, (int) (Random() % 5), 2, round % 3 == 0, 1);
		Mutate(&state, NULL);
		wrong += !IsModelOrRefused(Send(fit_ways[Random() % 4], state.data, state.len, 1, NULL));
	}
	ok(wrong == 0, "state of icm_wallet_fit: 3000 random ones are errors or models (%d are neither)", wrong);
	CheckFitInitialConditions();
}

/* ---- values that came in, in use ------------------------------------------- */

/* Of a value: does its text form say the same, and is what its functions say in range? */
static const struct
{
	const char *type;
	const char *sql;
}			uses[] = {
	{"icm_wallet",
		"SELECT icm_wallet_send(v::text::icm_wallet) = icm_wallet_send(v) AND icm_wallet_send(icm_wallet_add(v, NULL, NULL)) = icm_wallet_send(v)"
		" AND coalesce(s.share BETWEEN 0 AND 1 AND s.mean_share BETWEEN 0 AND 1 AND s.penetration BETWEEN 0 AND 1, s.n = 0)"
		" AND s.own BETWEEN 0 AND s.wallet AND s.headroom BETWEEN 0 AND s.wallet AND s.wallet < 'Infinity' AND s.unknown_own < 'Infinity'"
		" AND coalesce(i.std_error >= 0 AND i.std_error < 'Infinity', s.n < 2) AND coalesce(i.lower BETWEEN 0 AND i.share AND i.upper BETWEEN i.share AND 1, i.std_error > 0 IS NOT TRUE)"
		" AND coalesce(c.std_error >= 0 AND c.std_error < 'Infinity' AND c.change = 0, s.n < 2) AND coalesce(c.p_value = 1 AND c.lower <= 0 AND c.upper >= 0 AND abs(c.df / (2.0 * (s.n - 1)) - 1) < 1e-12, i.std_error > 0 IS NOT TRUE)"
		" FROM (SELECT $1::icm_wallet v OFFSET 0) x, icm_wallet_stats(v) s, icm_wallet_share_interval(v) i, icm_wallet_change(v, v) c"},
	{"icm_wallet_model",
		"SELECT icm_wallet_model_send(v::text::icm_wallet_model) = icm_wallet_model_send(v) AND n.columns BETWEEN 1 AND 64"
		" AND (SELECT count(*) = n.columns * cardinality(n.taus) AND bool_and(abs(estimate) < 'Infinity') AND coalesce(bool_and(std_error < 'Infinity'), true)"
		" FROM icm_wallet_params(v)) AND (SELECT bool_and(lowest <= highest) IS NOT FALSE FROM icm_wallet_ranges(v))"
		" AND icm_wallet_estimate(v, array_fill(0::float8, ARRAY[n.columns]), 7, n.taus[1]) = 7"
		" AND (icm_wallet_extrapolates(v, array_fill(0::float8, ARRAY[n.columns])) IS NULL) = (n.n IS NULL)"
		" AND i.wallet >= 7 AND coalesce(i.std_error >= 0 AND i.std_error < 'Infinity' AND i.lower <= i.wallet AND i.wallet <= i.upper AND i.upper < 'Infinity', i.std_error IS NULL OR i.wallet = 7) AND (i.extrapolated IS NULL) = (n.n IS NULL)"
		" FROM (SELECT $1::icm_wallet_model v OFFSET 0) x, icm_wallet_model_stats(v) n, icm_wallet_estimate_interval(v, array_fill(1e-4::float8, ARRAY[n.columns]), 7, n.taus[1]) i"},
	{"icm_dirichlet",
		"SELECT icm_dirichlet_send(v::text::icm_dirichlet) = icm_dirichlet_send(v) AND (SELECT count(*) BETWEEN 1 AND 1000 AND sum(share) <= 1 + 1e-9 FROM icm_dirichlet_brands(v))"
		" AND (SELECT bool_and(penetration BETWEEN 0 AND 1 + 1e-9 AND loyal_100 BETWEEN 0 AND 1 + 1e-9 AND purchases_per_buyer < 'Infinity') FROM icm_dirichlet_norms(v))"
		" AND (SELECT bool_and(duplication BETWEEN 0 AND 1 + 1e-9) IS NOT FALSE FROM icm_dirichlet_duplication(v))"
		" FROM (SELECT $1::icm_dirichlet v OFFSET 0) x"},
};

#define USES ((int) (sizeof(uses) / sizeof(uses[0])))

/* The binary form of a text. */
static void
GetBinary(const char *type, const char *text, Bytes *bytes)
{
	char		sql[64];
	PGresult   *result;

	snprintf(sql, sizeof(sql), "SELECT $1::%s", type);
	result = PQexecParams(conn, sql, 1, NULL, &text, NULL, NULL, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		Die(text);
	bytes->len = PQgetlength(result, 0, 0);
	memcpy(bytes->data, PQgetvalue(result, 0, 0), bytes->len);
	PQclear(result);
}

/* Messages with some bits changed, so that many of them are values. */
static void
CheckUse(int use, const char *const *samples, int count, int rounds)
{
	char		name[64];
	int			values = 0,
				wrong = 0;
	Bytes		sound,
				bytes,
				back;

	snprintf(name, sizeof(name), "use_%s", uses[use].type);
	Prepare(name, uses[use].sql);
	for (int i = 0; i < count; i++)
	{
		GetBinary(uses[use].type, samples[i], &sound);
		ok(Send(name, sound.data, sound.len, 1, &back)[0] == '\0' && back.data[0] == 1, "%s in use: %.40s", uses[use].type, samples[i]);
	}
	for (int round = 0; round < rounds; round++)
	{
		const char *sqlstate;

		GetBinary(uses[use].type, samples[Random() % count], &bytes);
		for (int times = 1 + (int) (Random() % 3); times > 0; times--)
		{
			int			at = 8 + (int) (Random() % (bytes.len - 8));

			if (bytes.data[at] >= '0' && bytes.data[at] <= '9')
				bytes.data[at] = (char) ('0' + Random() % 10);
			else
				bytes.data[at] ^= (char) (1 << Random() % 8);
		}
		if (Send(uses[use].type, bytes.data, bytes.len, 1, NULL)[0] != '\0')
			continue;
		values++;
		sqlstate = Send(name, bytes.data, bytes.len, 1, &back);
		if (sqlstate[0] != '\0' || back.data[0] != 1)
		{
			wrong++;
			if (wrong <= 3)
			{
				printf("# %s of \\x", sqlstate[0] == '\0' ? "out of range, or another text" : sqlstate);
				for (int i = 0; i < bytes.len; i++)
					printf("%02x", (unsigned char) bytes.data[i]);
				printf("\n");
			}
		}
	}
	ok(values > 20 && wrong == 0, "%s: %d changed messages that are values are in use as others (%d are not)", uses[use].type, values, wrong);
}

/* ---- binary COPY ------------------------------------------------------------ */

/* Copy these bytes into table copied: the SQLSTATE of the error, or "". */
static const char *
CopyIn(const Bytes *bytes)
{
	static char sqlstate[6];
	PGresult   *result = PQexec(conn, "COPY copied FROM STDIN (FORMAT binary)");

	if (PQresultStatus(result) != PGRES_COPY_IN)
		Die("COPY FROM");
	PQclear(result);
	if (PQputCopyData(conn, bytes->data, bytes->len) != 1 || PQputCopyEnd(conn, NULL) != 1)
		Die("copy data");
	sqlstate[0] = '\0';
	while ((result = PQgetResult(conn)) != NULL)
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			snprintf(sqlstate, sizeof(sqlstate), "%s", PQresultErrorField(result, PG_DIAG_SQLSTATE) ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : "lost");
		PQclear(result);
	}
	if (PQstatus(conn) != CONNECTION_OK)
		Die("the server has crashed");
	return sqlstate;
}

static void
CopyOut(const char *table, Bytes *bytes)
{
	char		sql[64];
	char	   *data;
	int			len;
	PGresult   *result;

	snprintf(sql, sizeof(sql), "COPY %s TO STDOUT (FORMAT binary)", table);
	result = PQexec(conn, sql);
	if (PQresultStatus(result) != PGRES_COPY_OUT)
		Die(sql);
	PQclear(result);
	bytes->len = 0;
	while ((len = PQgetCopyData(conn, &data, 0)) > 0)
	{
		if (bytes->len + len > SIZE_MAX_SENT)
			Die("more than can be sent");
		memcpy(&bytes->data[bytes->len], data, len);
		bytes->len += len;
		PQfreemem(data);
	}
	while ((result = PQgetResult(conn)) != NULL)
		PQclear(result);
}

#define COPY_HEADER 19			/* signature, flags, length of more */
#define COPY_TRAILER 2

/* What is copied out is copied in; cut short or changed it is an error, or values that are copied again. */
static void
CheckCopy(const char *type, const char *const *samples, int count)
{
	static const char *const allowed[] = {"", "22P03", "08P01", "54000", "22P02", "22021", "22003", "22P04", "54001", NULL};
	char		sql[SIZE_MAX_SENT];
	Bytes		sound,
				bytes,
				first,
				second;
	int			wrong = 0;

	Execute("DROP TABLE IF EXISTS copied, original");
	snprintf(sql, sizeof(sql), "CREATE TABLE original (v %s); CREATE TABLE copied (v %s)", type, type);
	Execute(sql);
	for (int i = 0; i < count; i++)
	{
		PGresult   *result = PQexecParams(conn, "INSERT INTO original VALUES ($1)", 1, NULL, &samples[i], NULL, NULL, 0);

		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			Die(samples[i]);
		PQclear(result);
	}
	Execute("INSERT INTO original VALUES (NULL)");
	CopyOut("original", &sound);
	CopyIn(&sound);
	CopyOut("copied", &first);
	ok(Same(&sound, &first), "%s: COPY out and in, identical bytes", type);

	for (bytes = sound; --bytes.len >= 0;)
	{
		const char *sqlstate;

		Execute("TRUNCATE copied");
		sqlstate = CopyIn(&bytes);
		if (sqlstate[0] != '\0')
		{
			wrong += strcmp(sqlstate, "22P04") != 0;
			continue;
		}
		/* the server takes an end between two rows for the end, and the first byte after them for a part of the trailer */
		CopyOut("copied", &first);
		wrong += memcmp(first.data, sound.data, first.len - COPY_TRAILER) != 0 || bytes.len - (first.len - COPY_TRAILER) > 1;
	}
	ok(wrong == 0, "%s: COPY cut short anywhere is an error, or the rows before (%d are neither)", type, wrong);

	wrong = 0;
	for (int round = 0; round < 1000; round++)
	{
		const char *sqlstate;
		bool		expected = false;

		bytes = sound;
		for (int times = 1 + (int) (Random() % 2); times > 0; times--)
			bytes.data[COPY_HEADER + Random() % (bytes.len - COPY_HEADER)] ^= (char) (1 << Random() % 8);
		Execute("TRUNCATE copied");
		sqlstate = CopyIn(&bytes);
		for (int i = 0; allowed[i] != NULL; i++)
			expected |= strcmp(sqlstate, allowed[i]) == 0;
		if (!expected)
			printf("# %s: COPY: unexpected SQLSTATE %s\n", type, sqlstate);
		wrong += !expected;
		CopyOut("copied", &first);
		Execute("TRUNCATE copied");
		if (CopyIn(&first)[0] != '\0')
			wrong++;
		CopyOut("copied", &second);
		wrong += !Same(&first, &second);
	}
	ok(wrong == 0, "%s: 1000 changed COPYs are errors, or values that are copied again (%d are neither)", type, wrong);
}

/* ---- transition states of wallets' aggregates -------------------------------- */

/* Aggregates whose states are changed at random; errors that may come of that besides of corruption. */
static const struct
{
	const char *name;
	const char *arguments;		/* types */
	const char *accum;
	const char *combine;
	const char *final;
	const char *row;			/* of i */
	const char *allowed;
}			state_kinds[] = {
	{"icm_wallet_agg", "float8, float8", "icm_wallet_accum", "icm_wallet_combine", "icm_wallet_final",
		"i / 3.0 * 10.0 ^ (i % 9), CASE WHEN i % 4 > 0 THEN i * 10.0 ^ (i % 9) END", "22003"},
	{"icm_rollup", "icm_wallet", "icm_wallet_rollup_accum", "icm_wallet_combine", "icm_wallet_final",
		"icm_wallet_add(icm_wallet_add(NULL, i, 3 * i), 0.1 * i, NULL)", "22003"},
	{"icm_wallet_change_agg", "float8, float8, float8, float8, float8", "icm_wallet_change_accum", "icm_wallet_change_combine", "icm_wallet_change_final",
		"i / 3.0, i, i / 2.0, i + 1, 0.9", "22003 22023"},
	{"icm_wallet_estimate_agg", "icm_wallet_model, float8[], float8", "icm_wallet_estimate_accum", "icm_wallet_estimate_combine", "icm_wallet_estimate_final",
		"CASE WHEN i % 4 > 0 THEN '{taus: [0.9], coefficients: [1 0.3], std_errors: nid [0.5 0.1], correlations: [-0.5]}'::icm_wallet_model END, ARRAY[1, i / 3.0], i % 5", "22003 22023"},
	{"icm_wallet_calibration", "float8, float8, float8", "icm_calibration_accum", "icm_calibration_combine", "icm_calibration_final",
		"CASE WHEN i % 4 > 0 THEN i % 5 END, CASE WHEN i % 5 > 0 THEN i + 0.1 END, 1e6", "22003 22023"},
};

#define STATE_KINDS ((int) (sizeof(state_kinds) / sizeof(state_kinds[0])))

static bool
IsResultOrRefused(int kind, const char *sqlstate)
{
	bool		good = sqlstate[0] == '\0' || strcmp(sqlstate, "XX001") == 0 || strstr(state_kinds[kind].allowed, sqlstate) != NULL;

	if (!good)
		printf("# %s: unexpected SQLSTATE %s\n", state_kinds[kind].name, sqlstate);
	return good;
}

static const char *const state_ways[] = {"wallet_final", "wallet_combine", "wallet_combine_two", "wallet_combine_other", "wallet_combine_table"};

#define STATE_WAYS 5

/* The state of so many rows. */
static void
GetState(int kind, int rows, Bytes *state)
{
	char		sql[512];
	PGresult   *result;

	snprintf(sql, sizeof(sql), "SELECT wallet_state(%s) FROM generate_series(1, %d) i", state_kinds[kind].row, rows);
	result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQgetlength(result, 0, 0) > SIZE_MAX_SENT)
		Die(sql);
	state->len = PQgetlength(result, 0, 0);
	memcpy(state->data, PQgetvalue(result, 0, 0), state->len);
	PQclear(result);
}

/* Bits of the state changed, most often where its header and first items are, or bytes added and taken away. */
static void
ChangeState(Bytes *state)
{
	for (int times = 1 + (int) (Random() % 3); times > 0; times--)
		state->data[Random() % (Random() % 2 == 0 ? 64 : state->len)] ^= (char) (1 << Random() % 8);
	if (Random() % 4 == 0)
		Mutate(state, NULL);
}

/* States as initial conditions, which accum goes on with and changes in place, in groups of their own. */
static void
CheckStatesBeginning(int kind)
{
	int			wrong = 0;

	for (int round = 0; round < 200; round++)
	{
		Bytes		state;
		char		sql[3 * SIZE_MAX_SENT],
				   *at = sql;
		PGresult   *result;
		const char *sqlstate;

		GetState(kind, 1 + (int) (Random() % 9), &state);
		if (round > 0)
			ChangeState(&state);
		at += sprintf(at, "CREATE OR REPLACE AGGREGATE wallet_begun(%s) (sfunc = %s, stype = bytea, finalfunc = %s, combinefunc = %s, initcond = '\\x",
					  state_kinds[kind].arguments, state_kinds[kind].accum, state_kinds[kind].final, state_kinds[kind].combine);
		for (int i = 0; i < state.len; i++)
			at += sprintf(at, "%02x", (unsigned char) state.data[i]);
		strcpy(at, "')");
		Execute(sql);
		snprintf(sql, sizeof(sql), "SELECT wallet_begun(%s)::text FROM generate_series(1, 300) i GROUP BY i %% 3", state_kinds[kind].row);
		result = PQexec(conn, sql);
		sqlstate = PQresultStatus(result) == PGRES_TUPLES_OK ? "" : PQresultErrorField(result, PG_DIAG_SQLSTATE);
		if (sqlstate == NULL || PQstatus(conn) != CONNECTION_OK)
			Die("the server has crashed");
		wrong += !IsResultOrRefused(kind, sqlstate) || (round == 0 && sqlstate[0] != '\0');
		PQclear(result);
	}
	ok(wrong == 0, "state of %s: 200 initial conditions are errors or gone on with (%d are neither)", state_kinds[kind].name, wrong);
}

static void
CheckStates(int kind)
{
	const char *name = state_kinds[kind].name;
	char		sql[1024];
	int			wrong = 0,
				results = 0;
	Bytes		sound,
				state,
				back;

	Execute("DROP AGGREGATE IF EXISTS wallet_merged(bytea)");
	snprintf(sql, sizeof(sql), "CREATE AGGREGATE wallet_state(%s) (sfunc = %s, stype = bytea)", state_kinds[kind].arguments, state_kinds[kind].accum);
	Execute(sql);
	snprintf(sql, sizeof(sql), "CREATE AGGREGATE wallet_merged(bytea) (sfunc = %s, stype = bytea, finalfunc = %s)",
			 state_kinds[kind].combine, state_kinds[kind].final);
	Execute(sql);
	for (int i = 0; kind > 0 && i < STATE_WAYS; i++)
	{
		snprintf(sql, sizeof(sql), "DEALLOCATE %s", state_ways[i]);
		Execute(sql);
	}
	snprintf(sql, sizeof(sql), "SELECT %s($1::bytea)::text", state_kinds[kind].final);
	Prepare("wallet_final", sql);
	Prepare("wallet_combine", "SELECT wallet_merged($1::bytea)::text");
	snprintf(sql, sizeof(sql), "SELECT wallet_merged(s)::text FROM (SELECT $1::bytea AS s UNION ALL SELECT wallet_state(%s) FROM generate_series(1, 9) i) s",
			 state_kinds[kind].row);
	Prepare("wallet_combine_two", sql);
	snprintf(sql, sizeof(sql), "SELECT wallet_merged(s)::text FROM (SELECT wallet_state(%s) AS s FROM generate_series(1, 9) i UNION ALL SELECT $1::bytea) s",
			 state_kinds[kind].row);
	Prepare("wallet_combine_other", sql);
	/* each at another alignment */
	Prepare("wallet_combine_table", "SELECT wallet_merged(r.s)::text FROM (VALUES ('a'::\"char\", $1::bytea, 'b'::\"char\", $1::bytea)) v(a, s, b, t),"
			" LATERAL (SELECT s FROM (SELECT s UNION ALL SELECT t) u OFFSET 0) r");

	GetState(kind, 9, &sound);
	for (int i = 0; i < STATE_WAYS; i++)
		ok(Send(state_ways[i], sound.data, sound.len, 1, &back)[0] == '\0', "state of %s: %s", name, state_ways[i]);
	/* some end in room, which may be less */
	for (state = sound; --state.len >= 0;)
		for (int i = 0; i < STATE_WAYS; i++)
		{
			const char *sqlstate = Send(state_ways[i], state.data, state.len, 1, &back);

			wrong += !IsResultOrRefused(kind, sqlstate) || (state.len < 64 && strcmp(sqlstate, "XX001") != 0);
		}
	ok(wrong == 0, "state of %s: cut short (%d are neither a result nor refused)", name, wrong);

	wrong = 0;
	for (int round = 0; round < 4000; round++)
	{
		const char *sqlstate;

		if (round % 100 == 0)
			GetState(kind, 1 + (int) (Random() % 9), &sound);
		state = sound;
		ChangeState(&state);
		sqlstate = Send(state_ways[Random() % STATE_WAYS], state.data, state.len, 1, &back);
		wrong += !IsResultOrRefused(kind, sqlstate);
		results += sqlstate[0] == '\0';
		/* NULL has no bytes */
		for (int i = 0; sqlstate[0] == '\0' && i + 2 < back.len && i < SIZE_MAX_SENT - 2; i++)
			wrong += memcmp(&back.data[i], "nan", 3) == 0 || memcmp(&back.data[i], "NaN", 3) == 0 || memcmp(&back.data[i], "inf", 3) == 0 ||
				memcmp(&back.data[i], "Inf", 3) == 0;
	}
	ok(wrong == 0 && results > 40, "state of %s: 4000 random ones are errors or results (%d of them results, %d neither)", name, results, wrong);
	CheckStatesBeginning(kind);
	snprintf(sql, sizeof(sql), "DROP AGGREGATE wallet_state(%s); DROP AGGREGATE wallet_begun(%s)", state_kinds[kind].arguments, state_kinds[kind].arguments);
	Execute(sql);
}

/* ---- main ----------------------------------------------------------------- */

int
main(void)
{
	static const char *const ledgers[] = {
		"{}",
		"{2024-01-05 2 59.9 12.5}",
		"{0044-03-15 BC 1 5e-324 0, 1999-12-31 0 -0.1 1e+300, 2024-02-29 2147483647 0 -7.25}",
		"{4714-11-24 BC 1 1 1, 5874897-12-31 1 0.30000000000000004 1e+300}"
	};
	static const char *const scales[] = {
		"{10}", "{-1.5,0,1e-300,0.1}", "{-1.7976931348623157e+308,1.7976931348623157e+308}",
		"{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25}",
		"{cuts: 6, method: kmeans, counts: 5 5, sums: 15 40, within: 10 10, total: 82.5}",
		"{cuts: -0.5 1e-300 7, method: logkmeans, counts: 0.1 2 3 4, sums: -1e+300 0 5 99, within: 0 5e-324 0.1 2, total: 11}"
	};
	static const char *const grades[] = {"A", "M", "Z"};
	static const char *const migrations[] = {
		"{}", "{A>A 120 3456.5, A>B 4 99, C>- 3 5, ->B 7 12}", "{A>- 9007199254740992 9e+295, Z>Z 1 -1e+280, ->Z 1 5e-324}",
		"{A>A 1 0, A>B 1 0, A>C 1 0, A>- 1 0, B>A 2 -0.30000000000000004, ->A 3 0}"
	};
	static const char *const distributions[] = {
		"{12.5 3, 17 1}", "{-1.7976931348623157e+308 1, 0 9007199254740989, 5e-324 1}",
		"{level 51 from 1.25 to 9: 1 3 4503599627370496, 8 1 562949953421312}"
	};
	static const char *const fatigues[] = {
		"{}", "{A 1 400 31, A 2 350 20, 1 17544 2561}", "{A 0 1 0, Z 63 4398046511104 4398046511104, 0 1 1, 63 258 77}"
	};
	static const char *const contacts[] = {
		"{}", "{2025-12-01 10:00:00+00 email/sales pruned 12 weight 2, 2025-12-02 10:00:00+00 - pruned 1, 2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent}",
		"{4714-11-24 00:00:00+00 BC - optout, 2026-01-05 10:00:00.5+00 \"e mail\"/-/-/x sent weight 0.1 ref -9223372036854775807,"
		" 2026-01-06 09:30:00+00 sms reserved ref 77 until 2026-01-06 09:45:00.000001+00, 294276-12-31 23:59:59.999999+00 sms reserved}"
	};
	static const char *const wallets[] = {
		"{}", "{customers: 3, buyers: 2, own: 225, wallet: 1200, shares: 0.45, own_squares: 40625, products: 202500, wallet_squares: 1020000,"
		" no_spend: 1, unknown: 2, unknown_own: 80}",
		"{customers: 1, buyers: 1, own: 0.1, wallet: 0.3, shares: 0.33333333333333337, own_squares: 0.010000000000000002 - 8.326672684688674e-19,"
		" products: 0.03 + 1.6653345369377347e-18, wallet_squares: 0.09 - 3.3306690738754695e-18}",
		"{customers: 9007199254740992, wallet: 9e+155, wallet_squares: 9e+295 + 5e-324, no_spend: 9007199254740992, unknown: 1, unknown_own: 1e+140 - 1e-300}"
	};
	Bytes		valid;

	conn = PQconnectdb("");
	if (PQstatus(conn) != CONNECTION_OK)
		Die("no connection");
	Execute("SET client_min_messages = warning");
	for (int i = 0; i < TYPES; i++)
	{
		char		sql[64];

		snprintf(sql, sizeof(sql), "SELECT $1::%s", types[i]);
		Prepare(types[i], sql);
	}
	Prepare("scale_accum_alone", "SELECT icm_scale_accum(NULL, $1::float8)");
	Prepare("scale_combine_alone", "SELECT icm_values_combine(NULL, $1::bytea)");

	for (int i = 0; i < 4; i++)
		CheckRoundTrip("icm_ledger", ledgers[i]);
	for (int i = 0; i < 6; i++)
		CheckRoundTrip("icm_scale", scales[i]);
	for (int i = 0; i < 3; i++)
		CheckRoundTrip("icm_grade", grades[i]);
	for (int i = 0; i < 4; i++)
		CheckRoundTrip("icm_migration", migrations[i]);

	for (int i = 0; i < 3; i++)
		CheckRoundTrip("icm_distribution", distributions[i]);
	for (int i = 0; i < 3; i++)
		CheckRoundTrip("icm_fatigue", fatigues[i]);

	CheckLedger();
	CheckScale();
	CheckGrade();
	CheckMigration();
	CheckDistribution();
	CheckFatigue();
	for (int i = 0; i < 3; i++)
		CheckRoundTrip("icm_contacts", contacts[i]);
	CheckContacts();
	for (int i = 0; i < 4; i++)
		CheckRoundTrip("icm_wallet", wallets[i]);
	CheckWallet();

	PutHeader(&valid, 1, 0, 0, 3);
	PutEntry(&valid, -100, 0, -2.5, 1e10);
	PutEntry(&valid, 8000, 3, 59.9, 0);
	PutEntry(&valid, 8001, 1, 0, 0);
	CheckDamage("icm_ledger", &valid, 8);
	PutHeader(&valid, 1, 0, 0, 3);
	PutDouble(&valid, -1);
	PutDouble(&valid, 0);
	PutDouble(&valid, 12.5);
	CheckDamage("icm_scale", &valid, 8);
	PutHeader(&valid, 1, 3, 0, 8);	/* with a method: the cut, count, sum and distances of each grade, total */
	for (int i = 0; i < 8; i++)
		PutDouble(&valid, i == 5 ? 60 : i < 7 ? 6 : 12);
	CheckDamage("icm_scale", &valid, 8);
	PutHeader(&valid, 1, 0, 0, 3);
	PutCell(&valid, "AB", 1, -2.5);
	PutCell(&valid, "C-", 258, 1e10);
	PutCell(&valid, "-C", INT64_C(1) << 53, 0);
	CheckDamage("icm_migration", &valid, 8);
	PutHeader(&valid, 1, 0, 0, 3);
	PutFatigueCell(&valid, 'A', 1, 400, 31);
	PutFatigueCell(&valid, 'A', 63, INT64_C(1) << 42, 258);
	PutFatigueCell(&valid, '-', 0, 9, 9);
	CheckDamage("icm_fatigue", &valid, 8);

	Fuzz("icm_ledger", ledgers, 4, 1, NULL, 3000);
	Fuzz("icm_scale", scales, 6, 1, NULL, 5000);
	Fuzz("icm_migration", migrations, 4, 1, NULL, 3000);
	Fuzz("icm_ledger", ledgers, 4, 0, "{},-+.eE 0123456789 BC\tx", 5000);
	Fuzz("icm_scale", scales, 6, 0, "{}:,-+.eE 0123456789\nNacutsmehod", 8000);
	Fuzz("icm_migration", migrations, 4, 0, "{},>-+.eE 0123456789ABZ\t", 5000);
	Fuzz("icm_grade", grades, 3, 0, "ABYZ[@az ", 1000);
	Fuzz("icm_distribution", distributions, 3, 1, NULL, 3000);
	Fuzz("icm_distribution", distributions, 3, 0, "{},:-+.eE 0123456789levlfromt\n", 5000);

	Fuzz("icm_fatigue", fatigues, 3, 1, NULL, 3000);
	Fuzz("icm_fatigue", fatigues, 3, 0, "{}, 0123456789ABZ-.+\t", 5000);
	Fuzz("icm_contacts", contacts, 3, 1, NULL, 5000);
	Fuzz("icm_contacts", contacts, 3, 0, "{},:-+.eE 0123456789/sentrfuilpd\"BC\n", 5000);
	Fuzz("icm_wallet", wallets, 4, 1, NULL, 5000);
	Fuzz("icm_wallet", wallets, 4, 0, "{}:,-+.eE 0123456789customerbuywalthapdqnk_\n", 8000);

	for (int i = 0; i < DEFINITIONS; i++)
		CheckDefinition(i);

	CheckScaleStates();
	CheckInitialConditions();
	CheckFitStates();
	CheckOpenLedgers();

	CheckUse(0, wallets, 4, 6000);
	CheckCopy("icm_wallet", wallets, 4);
	for (int i = 0; i < DEFINITIONS; i++)
	{
		for (int use = 1; use < USES; use++)
			if (strcmp(uses[use].type, definitions[i].type) == 0)
				CheckUse(use, definitions[i].samples, SAMPLES, 3000);
		CheckCopy(definitions[i].type, definitions[i].samples, SAMPLES);
	}
	for (int i = 0; i < STATE_KINDS; i++)
		CheckStates(i);

	PQfinish(conn);
	printf("1..%d\n", tests);
	return failures > 0;
}
