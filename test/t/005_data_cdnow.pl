# CDNOW: the purchases of a cohort of real customers, and the published numbers about them
# (Fader, Hardie, Lee 2005). Each accessor against plain SQL over the rows themselves.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the public data sets are not here' unless defined $ENV{ICM_SHARED};

my $node = start_node('main', 'work_mem = 64MB');
my $db = 'postgres';
$node->safe_psql($db, q{
	CREATE TABLE master (id int, day date, cds int, dollars numeric);
	CREATE TABLE sample (master_id int, id int, day date, cds int, dollars numeric);
});
# columns are padded with blanks, and only one of the files has a heading
my $columns = q{tr -d '\r' | grep '[0-9]' | sed 's/^ *//; s/  */\t/g'};
load_gz($node, 'master', 'FORMAT text', 'cdnow_master.txt.gz', $columns);
load_gz($node, 'sample', 'FORMAT text', 'cdnow_sample.txt.gz', $columns);
$node->safe_psql($db, q{
	CREATE TABLE customer AS
		SELECT id, icm_ledger_agg(day, dollars::float8) AS ledger FROM master GROUP BY id;
	CREATE TABLE sample_customer AS
		SELECT id, icm_ledger_agg(day, dollars::float8) AS ledger FROM sample GROUP BY id;
	ANALYZE;
});

# is_sql(QUERY, EXPECTED, NAME)
sub is_sql
{
	my ($query, $expected, $name) = @_;

	is($node->safe_psql($db, $query), $expected, $name);
	return;
}

# no_rows(QUERY, NAME): the query finds what is wrong
sub no_rows
{
	my ($query, $name) = @_;

	is($node->safe_psql($db, "SELECT * FROM ($query) wrong LIMIT 5"), '', $name);
	return;
}

# totals: what the data set's description says
is_sql('SELECT count(*), sum(dollars) FROM master', '69659|2500315.63', 'master: the rows');
is_sql('SELECT count(*), round(sum(icm_revenue(ledger)::numeric), 2) FROM customer', '23570|2500315.63',
	'master: 23,570 ledgers, revenue');
is_sql('SELECT sum(orders), count(*) FROM customer, icm_ledger_days(ledger)',
	$node->safe_psql($db, q{SELECT count(*), count(DISTINCT (id, day)) FROM master}), 'master: every purchase is an order');
is_sql('SELECT icm_revenue(icm_rollup(ledger)), icm_cost(icm_rollup(ledger)) FROM customer', '2500315.63|0',
	'master: all customers in one ledger');

# sample, at 1997-09-30: one day off, or without the purchases of 0 dollars, it is different
is_sql(q{
		SELECT count(*), sum(x), count(*) FILTER (WHERE x > 0)
		FROM sample_customer, icm_btyd(ledger, '1997-09-30')},
	'2357|2457|946', 'sample: customers, repeat purchase days, repeaters');
is_sql(q{SELECT count(*) FROM sample_customer, icm_rfm(ledger, '1997-09-30') WHERE frequency = 0}, '0',
	'sample: all have bought by then');
is_sql(q{
		SELECT x, round(t_x::numeric, 2), round(t::numeric, 2)
		FROM sample_customer, icm_btyd(ledger, '1997-09-30') WHERE id = 1},
	'2|30.43|38.86', 'sample: the customer of the paper\'s example');

# Row by row: before some have bought, at the end of calibration, and of the data. The
# plain SQL adds cents in numeric; what is apart is that 0.1 is no double.
$node->safe_psql($db, q{
	CREATE TABLE as_of (as_of date);
	INSERT INTO as_of VALUES ('1997-02-10'), ('1997-09-30'), ('1998-06-30');
	CREATE TABLE plain AS
		SELECT as_of, id, count(*)::int AS days, min(day) AS first, max(day) AS last, sum(dollars) AS revenue,
			avg(dollars) FILTER (WHERE n > 1) AS repeat_mean
		FROM (
			SELECT as_of, id, day, sum(dollars) AS dollars,
				row_number() OVER (PARTITION BY as_of, id ORDER BY day) AS n
			FROM master JOIN as_of ON day <= as_of GROUP BY as_of, id, day) d
		GROUP BY as_of, id;
	ALTER TABLE plain ADD PRIMARY KEY (as_of, id);
	ANALYZE});
no_rows(q{
		SELECT * FROM (customer CROSS JOIN as_of) LEFT JOIN plain USING (as_of, id), icm_rfm(ledger, as_of)
		WHERE recency IS DISTINCT FROM as_of - last
			OR frequency IS DISTINCT FROM coalesce(days, 0)
			OR (monetary IS NULL) <> (days IS NULL)
			OR abs(monetary - (revenue / days)::float8) > 1e-14 * monetary},
	'recency, frequency, monetary');
no_rows(q{
		SELECT * FROM (customer CROSS JOIN as_of) LEFT JOIN plain USING (as_of, id), icm_btyd(ledger, as_of)
		WHERE x IS DISTINCT FROM days - 1
			OR t_x IS DISTINCT FROM (last - first) / 7::float8
			OR t IS DISTINCT FROM (as_of - first) / 7::float8
			OR (m IS NULL) <> (repeat_mean IS NULL)
			OR abs(m - repeat_mean::float8) > 1e-14 * m},
	'x, t_x, t, m');
no_rows(q{
		SELECT * FROM (customer CROSS JOIN as_of) LEFT JOIN plain USING (as_of, id)
		WHERE abs(icm_revenue(ledger, '-infinity', as_of) - coalesce(revenue, 0)::float8) > 1e-14 * coalesce(revenue, 0)},
	'revenue');

# days
no_rows(q{
		SELECT id, day, orders, revenue::numeric FROM customer, icm_ledger_days(ledger)
		EXCEPT SELECT id, day, count(*), sum(dollars) FROM master GROUP BY id, day},
	'each day of each ledger, to 15 digits');

# A ledger a month, rolled up, is the ledger. Parts that split a day have each rounded what
# they know of it, so there the last bit may differ.
no_rows(q{
		SELECT id FROM customer JOIN (
			SELECT id, icm_rollup(part) AS ledger FROM (
				SELECT id, icm_ledger_agg(day, dollars::float8) AS part
				FROM master GROUP BY id, date_trunc('month', day)) m
			GROUP BY id) r USING (id)
		WHERE icm_ledger_send(customer.ledger) <> icm_ledger_send(r.ledger)},
	'monthly ledgers rolled up are the ledger, byte for byte');
no_rows(q{
		WITH parts AS (
			SELECT id, n, icm_ledger_agg(day, dollars::float8) AS part
			FROM (SELECT *, row_number() OVER (PARTITION BY id) % 3 AS n FROM master) numbered GROUP BY id, n
		), whole AS (
			SELECT id, icm_rollup(part ORDER BY n DESC) AS ledger FROM parts GROUP BY id
		)
		SELECT * FROM (SELECT id, d.* FROM whole, icm_ledger_days(ledger) d) a
		FULL JOIN (SELECT id, d.* FROM customer, icm_ledger_days(ledger) d) b USING (id, day)
		WHERE a.orders IS DISTINCT FROM b.orders OR abs(a.revenue - b.revenue) > 3e-16 * b.revenue},
	'parts of days rolled up are the ledger, but for the last bit');
no_rows(q{
		SELECT id FROM customer JOIN (
			SELECT id, icm_ledger_agg(day, dollars::float8 ORDER BY dollars DESC, day DESC) AS ledger
			FROM master GROUP BY id) r USING (id)
		WHERE icm_ledger_send(customer.ledger) <> icm_ledger_send(r.ledger)},
	'another order of rows gives the same bytes');

no_rows(q{
		SELECT id FROM customer
		WHERE icm_ledger_send(ledger) <> icm_ledger_send(ledger::text::icm_ledger)},
	'the text reads back to the same bytes');

$node->stop;
done_testing();
