# Lookups by name inside parallel workers. The names come from a column, so that they are
# not folded into the plan, and the leader is kept from doing the work.
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
	  && ok($below =~ /icm_standard_scale|icm_ledger_agg|icm_scale_agg/, "$name: they do the work")
	  || diag($plan);
	return;
}

my $expected = $node->safe_psql('postgres', q{
	SELECT CASE standard WHEN 'even' THEN chr(68 - value / 25) ELSE chr(66 - value / 99) END, count(*)
	FROM customer GROUP BY 1 ORDER BY 1});
is($node->safe_psql('postgres', "$serial $by_column"), $expected, 'serial');
is($node->safe_psql('postgres', "$parallel $by_column"), $expected, 'parallel');
runs_in_workers('', $by_column, 'by a column');

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
foreach my $query (
	q{SELECT part, icm_ledger_agg(day, value / 10.0, value / 7.0) FROM customer GROUP BY 1 ORDER BY 1},
	q{SELECT icm_ledger_agg(day::timestamptz, value / 10.0) FROM customer},
	q{SELECT icm_scale_agg(value / 7.0, 7, 'quantile') FROM customer})
{
	(my $name = $query) =~ s/.*?(icm_\w+).*/$1/;

	is($node->safe_psql('postgres', "$parallel $query"), $node->safe_psql('postgres', "$serial $query"),
		"$name: parallel is serial");
	runs_in_workers('', $query, $name);
}

$node->stop;
done_testing();
