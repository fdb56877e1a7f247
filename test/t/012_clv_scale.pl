# Fits of a million customers: in parallel the same bytes, and in little memory.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Little shared memory, as its touched pages count into a backend's peak.
my $node = start_node('main', 'shared_buffers = 1MB', 'jit = off', 'autovacuum = off', 'max_parallel_workers = 8');

# Customers of half a year to a year, each with a rate of buying and a day of leaving; whole days, so
# that there are 300,000 distinct histories.
$node->safe_psql('postgres', q{
	SELECT setseed(0.5);
	CREATE TABLE customer AS
		SELECT x, CASE WHEN x = 0 THEN 0 ELSE ceil(life * u ^ (1.0 / x)) / 7 END AS t_x, days / 7.0::float8 AS t,
			CASE WHEN x > 0 THEN spend / -ln(u * v * w) END AS m
		FROM (SELECT days, life, u, v, w, spend, floor(life * rate + w)::int AS x
			FROM (SELECT days, least(days, 150 * ln(random()) / ln(random())) AS life, -0.02 * ln(random()) AS rate,
					random() AS u, random() AS v, random() AS w, 10 - 10 * ln(random()) AS spend
				FROM (SELECT 180 + (random() * 180)::int AS days FROM generate_series(1, 1000000) OFFSET 0) c OFFSET 0) c OFFSET 0) c;
	CREATE TABLE ledger AS
		SELECT icm_ledger_agg(date '2024-01-01' + day, 20 * spend * (0.5 + random())) AS ledger
		FROM (SELECT id, -0.05 * ln(random()) AS rate, 100 * ln(random()) / ln(random()) AS life,
				-1 / ln(random() * random() * random()) AS spend
			FROM generate_series(1, 5000) id OFFSET 0) c, generate_series(id % 90, 364) day
		WHERE day = id % 90 OR (day - id % 90 <= life AND random() < rate)
		GROUP BY id;
	ANALYZE customer, ledger});

my $serial = 'SET max_parallel_workers_per_gather = 0;';
my $parallel = q{
	SET max_parallel_workers_per_gather = 2;
	SET parallel_setup_cost = 0;
	SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;
	SET parallel_leader_participation = off;
};

foreach my $query (
	'SELECT icm_bgnbd_fit(x, t_x, t) FROM customer',
	'SELECT icm_mbgnbd_fit(x, t_x, t, 2) FROM customer',
	'SELECT icm_paretonbd_fit(x, t_x, t) FROM customer',
	'SELECT icm_gammagamma_fit(m, x) FROM customer',
	q{SELECT icm_clv_fit(ledger, '2024-09-30') FROM ledger},
	q{SELECT icm_clv_holdout(ledger, '2024-09-30', '2024-12-31', 'paretonbd') FROM ledger})
{
	(my $name = $query) =~ s/.*?(icm_\w+).*/$1/;
	my $plan = $node->safe_psql('postgres', "$parallel EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");

	like($plan, qr/Workers Launched: [12]\b.*Partial Aggregate/s, "$name: workers do the work") || diag($plan);
	is($node->safe_psql('postgres', "$parallel $query"), $node->safe_psql('postgres', "$serial $query"),
		"$name: parallel is serial");
}

my $MB = 1024 * 1024;

# peak(PID): highest resident size so far, in bytes; undef where the kernel does not say
sub peak
{
	my ($pid) = @_;
	my $status = -r "/proc/$pid/status" ? slurp_file("/proc/$pid/status") : '';

	return $status =~ /^VmHWM:\s+(\d+) kB/m ? $1 * 1024 : undef;
}

# growth(AGGREGATE): bytes that the peak of a new session grows over it, which has run on a few rows before
sub growth
{
	my ($aggregate) = @_;
	my $session = $node->background_psql('postgres');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_safe("$serial SELECT count(*) FROM customer WHERE t < 0");
	$session->query_safe("SELECT $aggregate FROM (SELECT * FROM customer LIMIT 5000) few");
	my $before = peak($pid);
	$session->query_safe("SELECT $aggregate FROM customer");
	my $growth = peak($pid) - $before;
	$session->quit;
	return $growth;
}

SKIP:
{
	skip 'the kernel does not tell the peak of a process (no VmHWM in /proc)', 3 unless defined peak($$);

	# 300,000 histories of 32 bytes, in a table of 16 MB that is copied when it doubles and when it is fitted;
	# 730,000 spends of 16 bytes, as much again while it doubles
	foreach my $aggregate ('icm_bgnbd_fit(x, t_x, t)', 'icm_paretonbd_fit(x, t_x, t)', 'icm_gammagamma_fit(m, x)')
	{
		my $growth = growth($aggregate);

		ok($growth < 64 * $MB, "$aggregate: a million customers in 64 MB");
		note(sprintf '%s: %.1f MB', $aggregate, $growth / $MB);
	}
}

$node->stop;
done_testing();
