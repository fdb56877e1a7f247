/*
 * connections.c
 *		Many connections at once: 32 readers grade by name while versions are
 *		published; then eight publishers at once, all of the same name.
 *
 * A reader must see a version that was in force at some moment between sending
 * and receiving. What it cannot see is narrowed down from both sides: a version
 * whose publication had returned before sending must be there, one whose
 * publication had not been sent before the answer came must not. Version n of
 * the scale is {n}, so that it tells itself.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "../tap.h"

#define READERS 32
#define VERSIONS 300
#define PUBLISHERS 8
#define PUBLICATIONS 40			/* of each publisher */

static PGconn *
Connect(void)
{
	PGconn	   *conn = PQconnectdb("");

	if (PQstatus(conn) != CONNECTION_OK)
	{
		printf("Bail out! %s\n", PQerrorMessage(conn));
		exit(1);
	}
	return conn;
}

static void
Execute(PGconn *conn, const char *sql)
{
	PGresult   *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		printf("Bail out! %s: %s\n", sql, PQerrorMessage(conn));
		exit(1);
	}
	PQclear(result);
}

/* The one value of a query as a number; -1 and a diagnosis when it fails. */
static int
Number(PGconn *conn, PGresult *result)
{
	int			number = -1;

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
		number = atoi(PQgetvalue(result, 0, 0));
	else
		printf("# %s", PQerrorMessage(conn));
	PQclear(result);
	return number;
}

/* ---- readers and one publisher -------------------------------------------- */

static atomic_int sent = 1;		/* newest version whose publication has been sent */
static atomic_int returned = 1; /* newest version whose publication has returned */
static atomic_bool finished = false;

typedef struct Reader
{
	pthread_t	thread;
	int			number;
	int			reads;
	int			versions;		/* different ones */
	int			errors;
	int			early;			/* versions seen before they could be in force */
	int			late;			/* seen after they had been superseded */
	int			inconsistent;	/* two lookups of one statement that differ */
} Reader;

/*
 * What the readers prepare. Each gives the version's cut, and grades by the
 * same name in the same statement: A is what is at or above the cut.
 */
static const char *const statements[] = {
	/* folded into a generic plan */
	"SELECT (icm_cuts(icm_standard_scale('load')))[1]::int, icm_grade($1::float8, 'load')",
	/* looked up in the cache for each row */
	"SELECT (icm_cuts(icm_standard_scale(n)))[1]::int, icm_grade($1::float8, n) FROM (VALUES ('load'), ('load')) v(n) OFFSET 1",
	/* PL/pgSQL, whose plans and simple expressions are cached too */
	"SELECT (icm_cuts(by_plpgsql()))[1]::int, icm_grade($1::float8, 'load')",
};

static void *
Read(void *argument)
{
	Reader	   *reader = argument;
	PGconn	   *conn = Connect();
	int			last = 0;

	Execute(conn, reader->number % 2 == 0 ? "SET plan_cache_mode = force_generic_plan" : "SET plan_cache_mode = auto");
	PQclear(PQprepare(conn, "grade", statements[reader->number % 3], 0, NULL));
	while (!finished)
	{
		char		value[16];
		const char *parameter = value;
		int			at_least = returned;
		int			at_most;
		int			version;
		PGresult   *result;

		snprintf(value, sizeof(value), "%d", last);
		result = PQexecPrepared(conn, "grade", 1, &parameter, NULL, NULL, 0);
		at_most = sent;
		if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		{
			if (reader->errors++ == 0)
				printf("# %s", PQerrorMessage(conn));
			PQclear(result);
			if (reader->errors > 10)
				break;
			continue;
		}
		version = atoi(PQgetvalue(result, 0, 0));
		reader->reads++;
		reader->versions += version != last;
		reader->late += version < at_least || version < last;
		reader->early += version > at_most;
		reader->inconsistent += (PQgetvalue(result, 0, 1)[0] == 'A') != (last >= version);
		last = version;
		PQclear(result);
	}
	PQfinish(conn);
	return NULL;
}

static void
CheckReaders(void)
{
	static Reader readers[READERS];
	PGconn	   *conn = Connect();
	int			wrong_versions = 0;
	Reader		sum = {0};
	int			least = -1;

	for (int i = 0; i < READERS; i++)
	{
		readers[i].number = i;
		pthread_create(&readers[i].thread, NULL, Read, &readers[i]);
	}
	for (int version = 2; version <= VERSIONS; version++)
	{
		char		sql[128];
		bool		block = version % 5 == 0;

		/* some in a longer transaction, some after another that comes to nothing */
		if (version % 7 == 0)
		{
			Execute(conn, "BEGIN");
			Execute(conn, "SELECT icm_publish('scale', 'load', '{1000000}')");
			Execute(conn, "ROLLBACK");
		}
		snprintf(sql, sizeof(sql), "SELECT icm_publish('scale', 'load', '{%d}')", version);
		sent = version;
		if (block)
			Execute(conn, "BEGIN");
		wrong_versions += Number(conn, PQexec(conn, sql)) != version;
		if (block)
			Execute(conn, "COMMIT");
		returned = version;
	}
	finished = true;
	for (int i = 0; i < READERS; i++)
	{
		pthread_join(readers[i].thread, NULL);
		sum.reads += readers[i].reads;
		sum.errors += readers[i].errors;
		sum.early += readers[i].early;
		sum.late += readers[i].late;
		sum.inconsistent += readers[i].inconsistent;
		if (least < 0 || readers[i].versions < least)
			least = readers[i].versions;
	}
	ok(wrong_versions == 0, "%d versions are published in turn (%d have another number)", VERSIONS, wrong_versions);
	ok(sum.errors == 0, "%d readers read %d times (%d errors)", READERS, sum.reads, sum.errors);
	ok(least > 1, "each of them has seen versions come (%d or more)", least);
	ok(sum.late == 0, "none sees what has been superseded (%d do)", sum.late);
	ok(sum.early == 0, "none sees what is not yet in force (%d do)", sum.early);
	ok(sum.inconsistent == 0, "one statement goes by one version (%d do not)", sum.inconsistent);
	PQfinish(conn);
}

/* ---- several publishers ---------------------------------------------------- */

typedef struct Publisher
{
	pthread_t	thread;
	int			published;
	int			superseded;		/* began before the one that it waited for: tried again */
	int			errors;
	int			backward;		/* version not above the last one */
	int			not_seen;		/* own publication, or a later one, not in the next statement */
} Publisher;

static void *
Publish(void *argument)
{
	Publisher  *publisher = argument;
	PGconn	   *conn = Connect();
	int			last = 0;

	PQclear(PQprepare(conn, "seen", "SELECT max(version) FROM icm.standard WHERE name = 'race'"
					  " AND icm_standard_scale('race')::text = body", 0, NULL));
	while (publisher->published < PUBLICATIONS && publisher->errors < 10)
	{
		PGresult   *result = PQexec(conn, "SELECT icm_publish('scale', 'race', icm_scale(ARRAY[random()])::text)");
		const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

		if (sqlstate != NULL && strcmp(sqlstate, "55000") == 0)
		{
			publisher->superseded++;
			PQclear(result);
		}
		else if (sqlstate != NULL)
		{
			if (publisher->errors++ == 0)
				printf("# %s", PQerrorMessage(conn));
			PQclear(result);
		}
		else
		{
			int			version = Number(conn, result);

			publisher->published++;
			publisher->backward += version <= last;
			last = version;
			publisher->not_seen += Number(conn, PQexecPrepared(conn, "seen", 0, NULL, NULL, NULL, 0)) < version;
		}
	}
	PQfinish(conn);
	return NULL;
}

static void
CheckPublishers(void)
{
	static Publisher publishers[PUBLISHERS];
	PGconn	   *conn = Connect();
	Publisher	sum = {0};

	for (int i = 0; i < PUBLISHERS; i++)
		pthread_create(&publishers[i].thread, NULL, Publish, &publishers[i]);
	for (int i = 0; i < PUBLISHERS; i++)
	{
		pthread_join(publishers[i].thread, NULL);
		sum.published += publishers[i].published;
		sum.superseded += publishers[i].superseded;
		sum.errors += publishers[i].errors;
		sum.backward += publishers[i].backward;
		sum.not_seen += publishers[i].not_seen;
	}
	ok(sum.errors == 0 && sum.published == PUBLISHERS * PUBLICATIONS,
	   "%d publishers publish %d versions of one name (%d superseded meanwhile, %d other errors)",
	   PUBLISHERS, sum.published, sum.superseded, sum.errors);
	ok(sum.backward == 0, "each gets higher and higher versions (%d do not)", sum.backward);
	ok(sum.not_seen == 0, "each sees its own at once, or a later one (%d do not)", sum.not_seen);
	ok(Number(conn, PQexec(conn, "SELECT count(*) FROM icm.standard WHERE name = 'race'")) == sum.published,
	   "as many versions as were published");
	PQfinish(conn);
}

/* Versions are 1 to n, and each is in force until the next one is. */
static void
CheckVersions(const char *name)
{
	PGconn	   *conn = Connect();
	char		sql[512];

	snprintf(sql, sizeof(sql), "SELECT max(version) - count(*) + count(*) FILTER (WHERE version < 1)"
			 " FROM icm.standard WHERE name = '%s'", name);
	ok(Number(conn, PQexec(conn, sql)) == 0, "%s: no gaps between versions", name);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT in_force_until, lead(in_force_from, 1, 'infinity')"
			 " OVER (ORDER BY version) AS next FROM icm.standard WHERE name = '%s') s WHERE in_force_until <> next", name);
	ok(Number(conn, PQexec(conn, sql)) == 0, "%s: no gaps between their times", name);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM icm.standard_in_force WHERE name = '%s'", name);
	ok(Number(conn, PQexec(conn, sql)) == 1, "%s: one is in force", name);
	PQfinish(conn);
}

int
main(void)
{
	PGconn	   *conn = Connect();

	if (!PQisthreadsafe())
	{
		printf("1..0 # skipped: libpq is not thread-safe\n");
		return 0;
	}
	Execute(conn, "CREATE FUNCTION by_plpgsql() RETURNS icm_scale LANGUAGE plpgsql AS"
			" $$ BEGIN RETURN icm_standard_scale('load'); END $$");
	Execute(conn, "SELECT icm_publish('scale', 'load', '{1}')");
	PQfinish(conn);

	CheckReaders();
	CheckPublishers();
	CheckVersions("load");
	CheckVersions("race");
	printf("1..%d\n", tests);
	return failures > 0;
}
