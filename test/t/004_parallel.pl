# Lookups by name inside parallel workers, and aggregates. The names come from a column, so that
# they are not folded into the plan, and the leader is kept from doing the work.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
$node->safe_psql('postgres', q{
	CREATE TABLE customer AS
		SELECT i AS id, i % 100 AS value, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END AS standard,
			date '2024-01-01' + i % 365 AS day, i % 10 AS part
		FROM generate_series(1, 20000) i;
	ANALYZE customer;
	SELECT icm_publish('scale', 'even', '{25,50,75}');
	SELECT icm_publish('scale', 'odd', '{99}');
	SELECT icm_publish('wallet_model', 'even', '{taus: [0.9], coefficients: [1 2]}');
	SELECT icm_publish('wallet_model', 'odd', '{taus: [0.9], coefficients: [3 4]}');
	SELECT icm_publish('dirichlet', 'even', '{M: 2, K: 1, S: 1.5, brands: {Alpha: 0.3, Beta: 0.2}}');
	SELECT icm_publish('dirichlet', 'odd', '{M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25}}');
	CREATE ROLE nobody_in_particular;
	GRANT SELECT ON customer TO nobody_in_particular;
});

my $parallel = q{
	SET max_parallel_workers_per_gather = 2;
	SET parallel_setup_cost = 0;
	SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;
	SET parallel_leader_participation = off;
};
my $serial = 'SET max_parallel_workers_per_gather = 0;';
my $by_column = q{SELECT icm_grade(value, standard), count(*) FROM customer GROUP BY 1 ORDER BY 1};

# Did workers start, and is the grade computed below the node that gathers their rows?
sub runs_in_workers
{
	my ($before, $query, $name) = @_;
	my $plan = $node->safe_psql('postgres',
		"$before $parallel EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");

	# the partial plan, with the expressions that it puts out
	my ($above, $below) = split /Gather/, $plan, 2;
	ok(defined $below && $below =~ /Workers Launched: [12]\b/, "$name: workers are launched")
	  && ok($below =~ /icm_standard_|icm_\w+_agg|icm_rollup|icm_wallet_/, "$name: they do the work")
	  || diag($plan);
	return;
}

my $expected = $node->safe_psql('postgres', q{
	SELECT CASE standard WHEN 'even' THEN chr(68 - value / 25) ELSE chr(66 - value / 99) END, count(*)
	FROM customer GROUP BY 1 ORDER BY 1});
is($node->safe_psql('postgres', "$serial $by_column"), $expected, 'serial');
is($node->safe_psql('postgres', "$parallel $by_column"), $expected, 'parallel');
runs_in_workers('', $by_column, 'by a column');

# Definitions of other kinds: an estimate of 1 + 2 i or 3 + 4 i; two norms or one a row.
foreach my $lookup (
	[ 'wallet models', q{SELECT standard, sum(icm_wallet_estimate(standard, ARRAY[1, value], 0)) FROM customer GROUP BY 1 ORDER BY 1},
		q{SELECT standard, sum(CASE standard WHEN 'even' THEN 1 + 2 * value ELSE 3 + 4 * value END) FROM customer GROUP BY 1 ORDER BY 1} ],
	[ 'models of markets', q{SELECT standard, count(*) FROM customer, LATERAL icm_dirichlet_norms(standard) GROUP BY 1 ORDER BY 1},
		q{SELECT standard, count(*) * CASE standard WHEN 'even' THEN 2 ELSE 1 END FROM customer GROUP BY 1 ORDER BY 1} ])
{
	my ($name, $query, $by_hand) = @$lookup;
	my $right = $node->safe_psql('postgres', $by_hand);

	is($node->safe_psql('postgres', "$serial $query"), $right, "$name: serial");
	is($node->safe_psql('postgres', "$parallel $query"), $right, "$name: parallel");
	runs_in_workers('', $query, $name);
}

# The leader's transaction has published, and not committed: its workers see that.
my $uncommitted = q{
	BEGIN;
	SAVEPOINT s;
	SELECT FROM icm_publish('scale', 'odd', '{1}');
	SELECT FROM icm_publish('scale', 'even', '{98}');
	ROLLBACK TO s;
	SELECT FROM icm_publish('scale', 'odd', '{-1}');
	SELECT FROM icm_publish('scale', 'even', '{1000}');
};
my $uncommitted_expected = "A|10000\nB|10000";
is($node->safe_psql('postgres', "$serial $uncommitted $by_column"), $uncommitted_expected, 'uncommitted: serial');
is($node->safe_psql('postgres', "$parallel $uncommitted $by_column"), $uncommitted_expected, 'uncommitted: parallel');
runs_in_workers($uncommitted, $by_column, 'uncommitted');
is($node->safe_psql('postgres', "$parallel $by_column"), $expected, 'rolled back: parallel');

# In force at the start of the leader's transaction, not of the worker.
is( $node->safe_psql('postgres', qq{
		$parallel
		BEGIN;
		SELECT FROM icm_publish('scale', 'odd', '{1000}', NULL, clock_timestamp());
		SELECT FROM icm_publish('scale', 'even', '{1000}', NULL, clock_timestamp());
		SELECT FROM pg_sleep(0.01);
		$by_column}),
	$expected, 'what took effect after the transaction began is not in force in it');

# What is wrong is told by a worker as by the leader.
my ($status, $out, $error) =
  $node->psql('postgres', "$parallel SELECT count(icm_grade(value, standard || '?')) FROM customer");
like($error, qr/ERROR:  scale "(even|odd)\?" is not published/, 'not published');
($status, $out, $error) = $node->psql('postgres', "SET ROLE nobody_in_particular; $parallel $by_column");
like($error, qr/ERROR:  permission denied for table standard/, 'no right to read');

# The aggregates too: the bits of a sum do not depend on who added what. Tenths do not add
# up exactly, and their sums differ by order when they are added naively.
$node->safe_psql('postgres', q{
	CREATE TABLE purse AS
		SELECT id, part, standard, id % 777 AS cell, own, CASE WHEN id % 13 > 0 THEN own + rest END AS wallet, own * 1.1 AS own_after, own * 1.1 + rest / 3 AS wallet_after,
			ARRAY[1, rest, id % 17] AS x, 1 + id % 5 / 7.0::float8 AS weight
		FROM customer, LATERAL (SELECT id * 7919 % 9973 / 7.0 * 10.0 ^ (id % 5) * (id % 3)::float8, 0.1 * (id * 104729 % 9967)::float8) v(own, rest);
	CREATE TABLE parts AS SELECT cell, cell % 7 AS region, icm_wallet_agg(own, wallet) AS wallet FROM purse GROUP BY 1, 2;
	ALTER TABLE parts SET (parallel_workers = 2);
	ANALYZE purse, parts;
});

# aggregates(EXPRESSIONS, TABLE, COLUMN...): queries for them of all rows, and by each of the columns
sub aggregates
{
	my ($expressions, $table, @columns) = @_;

	return ("SELECT $expressions FROM $table", map { "SELECT $_, $expressions FROM $table GROUP BY 1 ORDER BY 1" } @columns);
}

my $model = q{'{taus: [0.9], coefficients: [1 0.3 -2], std_errors: nid [0.5 0.1 0.7], correlations: [-0.5 0.1 0.2]}'::icm_wallet_model};
foreach my $query (
	q{SELECT part, icm_ledger_agg(day, value / 10.0, value / 7.0) FROM customer GROUP BY 1 ORDER BY 1},
	q{SELECT icm_ledger_agg(day::timestamptz, value / 10.0) FROM customer},
	q{SELECT icm_scale_agg(value / 7.0, 7, 'quantile') FROM customer},
	aggregates('icm_wallet_send(icm_wallet_agg(own, wallet)), icm_wallet_agg(own, wallet)', 'purse', 'part', 'cell'),
	aggregates('icm_wallet_send(icm_rollup(wallet)), icm_rollup(wallet)', 'parts', 'region'),
	aggregates('icm_wallet_change_agg(own, wallet, own_after, wallet_after)', 'purse', 'part'),
	aggregates('icm_wallet_change_agg(own, wallet, own_after, wallet_after, 0.9)', 'purse', 'cell'),
	aggregates("icm_wallet_estimate_agg($model, x, own)", 'purse', 'part', 'cell'),
	aggregates("icm_wallet_estimate_agg(CASE WHEN id % 3 > 0 THEN $model END, CASE WHEN id % 11 > 0 THEN x END, wallet, 0.9, 0.5)", 'purse', 'cell'),
	aggregates('icm_wallet_model_send(icm_wallet_fit(own, x, 0.9)), icm_wallet_fit(own, x, 0.9)', 'purse', 'part'),
	aggregates('icm_wallet_fit(own, x, 0.5, weight)', 'purse', 'part'),
	aggregates('icm_wallet_model_send(icm_wallet_fit_quantiles(own, x, ARRAY[0.2, 0.8, 0.9]))', 'purse', 'part'),
	aggregates('icm_wallet_fit_quantiles(own, x, ARRAY[0.5, 0.9], weight)', 'purse'),
	aggregates('icm_wallet_calibration(own, wallet / 3 + 0.1, 1e12)', 'purse', 'part', 'cell'))
{
	(my $name = $query) =~ s/^SELECT (\w+, )?(icm_wallet_(model_)?send\()?(icm_\w+)\b(.*)/$4/;
	$name .= $query =~ /weight\)/ ? ' with weights' : '';
	$name .= $query =~ /GROUP BY/ && $query =~ /SELECT (part|cell|region)/ ? " by $1" : '';

	my $result = $node->safe_psql('postgres', "$serial $query");
	isnt($result, '', "$name: something comes of it");
	is($node->safe_psql('postgres', "$parallel $query"), $result, "$name: parallel is serial");
	is($node->safe_psql('postgres', "$parallel SET enable_hashagg = off; SET parallel_leader_participation = on; $query"), $result,
		"$name: sorted, and with the leader");
	runs_in_workers('', $query, $name);
}

# What is wrong with a row, with two or with all is told by a worker as by the leader.
foreach my $error (
	[ 'icm_wallet_agg(own + 1, own)', 'own spend is larger' ],
	[ 'icm_wallet_change_agg(own, own, own + 1, own)', 'own spend is larger' ],
	[ 'icm_wallet_change_agg(own, wallet, own, wallet, 0.5 + part / 100.0)', 'confidence must be the same' ],
	[ "icm_wallet_estimate_agg($model, x, own, 0.9, 0.5 + part / 100.0)", 'confidence must be the same' ],
	[ "icm_wallet_estimate_agg(replace('{taus: [0.9], coefficients: [1 2 ?]}', '?', part::text)::icm_wallet_model, x, own)", 'model and tau must be the same' ],
	[ 'icm_wallet_calibration(own, own, 1e12 + part)', 'total must be the same' ],
	[ 'icm_wallet_calibration(own, own, 0)', 'own spend exceeds the total' ],
	[ 'icm_wallet_fit(own, x, 0.5 + part / 100.0)', 'tau must be the same' ],
	[ 'icm_wallet_fit(own, ARRAY[1, 2 * part, part], 0.5)', 'depends on' ],
	[ 'icm_wallet_fit(own, CASE WHEN id % 9 = 0 THEN x || 1.0::float8 ELSE x END, 0.5)', 'x must have the same number' ])
{
	my ($aggregate, $message) = @$error;
	my @said = map {
		($status, $out, $error) = $node->psql('postgres', "$_ SELECT $aggregate FROM purse");
		$error =~ /ERROR:  (.*)/ ? $1 : 'nothing';
	} ($serial, $parallel);

	is($said[1], $said[0], "$aggregate: the same error");
	like($said[0], qr/$message/, "$aggregate: that error");
}

# A window function, in a query that workers run for each of their rows.
my $by_row = q{
	SELECT cell, (SELECT sum(w + r + p + a) FROM (
			SELECT icm_wallet_calibrate(own, own / 3 + 0.1, 1e12) OVER (), icm_rake(own + 1, ARRAY['all'], ARRAY[100.0::float8]) OVER (),
				icm_wallet_peer(own, x, 3, 0.8) OVER (), icm_wallet_allocation(own) OVER ()
			FROM purse p WHERE p.cell = c.cell AND p.id < 4000) v(w, r, p, a))
	FROM cells c ORDER BY cell};
$node->safe_psql('postgres', 'CREATE TABLE cells AS SELECT cell FROM parts WHERE cell < 40; ALTER TABLE cells SET (parallel_workers = 2); ANALYZE cells');
is($node->safe_psql('postgres', "$parallel $by_row"), $node->safe_psql('postgres', "$serial $by_row"), 'window functions: parallel is serial');
runs_in_workers('', $by_row, 'window functions');

$node->stop;
done_testing();
