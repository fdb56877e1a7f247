# How much memory the aggregates take: a backend's peak, as the kernel counted it, may grow
# over a query by no more than what the state needs. And no memory context a group: hash
# aggregation walks them for each new group, so that time would grow with their square.
# Window functions take what they say for the rows of a partition, and give it back at its end;
# functions of a row give back all, what they keep from row to row included.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Little shared memory, as its touched pages count into a backend's peak; rows come from a
# table that is larger than it, so that they add nothing.
my $node = start_node('main', 'shared_buffers = 1MB', 'jit = off', 'max_parallel_workers_per_gather = 0',
	'autovacuum = off');
$node->safe_psql('postgres', q{
	CREATE TABLE event AS
		SELECT i AS id, i % 1000 * 7919 % 1000 AS d, (i % 9973) / 8.0::float8 AS amount FROM generate_series(1, 1000000) i;
	ANALYZE event;
	SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [1 2]}');
});

my $MB = 1024 * 1024;

# peak(PID): highest resident size so far, in bytes; undef where the kernel does not say
sub peak
{
	my ($pid) = @_;
	my $status = -r "/proc/$pid/status" ? slurp_file("/proc/$pid/status") : '';

	return $status =~ /^VmHWM:\s+(\d+) kB/m ? $1 * 1024 : undef;
}

# growth(SETTINGS, QUERY): bytes that the peak of a new session grows over a query, which has
# run on a few rows before (catalog caches, the library)
sub growth
{
	my ($settings, $query) = @_;
	my $session = $node->background_psql('postgres');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_safe("$settings; SELECT count(*) FROM event WHERE amount < 0");
	$session->query_safe($query =~ s/FROM event/FROM (SELECT * FROM event LIMIT 1000) event/r);
	my $before = peak($pid);
	$session->query_safe($query);
	my $growth = peak($pid) - $before;
	$session->quit;
	return $growth;
}

# grows_below(BYTES, SETTINGS, QUERY, WHY)
sub grows_below
{
	my ($bytes, $settings, $query, $why) = @_;
	my $growth = growth($settings, $query);

	ok($growth < $bytes, $why);
	note(sprintf '%s: %.1f MB of %.1f MB', $query, $growth / $MB, $bytes / $MB);
	return;
}

SKIP:
{
	skip 'the kernel does not tell the peak of a process (no VmHWM in /proc)', 49 unless defined peak($$);

	# 1,000,000 events of one customer on 1,000 days: 24 MB if they were kept, 24 kB by days
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT icm_revenue(icm_ledger_agg(date '2020-01-01' + d, amount)) FROM event},
		'events of one customer on few days: what the days need');

	# 200,000 days, 4.8 MB: 8 MB of room; twice that, and the 4 MB before, at the time it doubles
	grows_below(24 * $MB, 'SET work_mem = 64',
		q{SELECT icm_revenue(icm_ledger_agg(date '2020-01-01' + id, amount)) FROM event WHERE id <= 200000},
		'events of one customer on 200,000 days: a few times what they need');

	# A customer with one event: a chunk of 64 bytes and its header, the hash table's entry, the
	# grouping key. A memory context for each would be 1 kB at least. The planner is told of
	# 32 kB a group, hence the large work_mem.
	grows_below(300 * 200_000, q{SET work_mem = '16GB'; SET enable_sort = off},
		q{SELECT count(*), sum(icm_revenue(l)) FROM (
			SELECT icm_ledger_agg(date '2020-01-01' + d, amount) AS l FROM event WHERE id <= 200000 GROUP BY id) c},
		'200,000 customers with one event each: 300 bytes a customer');

	# as much as hash aggregation may have; it sees what the states take, and spills
	grows_below(16 * $MB, q{SET work_mem = '4MB'; SET enable_sort = off},
		q{SELECT count(*), sum(icm_revenue(l)) FROM (
			SELECT icm_ledger_agg(date '2020-01-01' + d, amount) AS l FROM event GROUP BY id) c},
		'a million customers: work_mem and what spilling takes');

	# a state of many rows is enlarged where it stands: 8 bytes a value, and sorting takes two copies besides
	grows_below(26 * $MB, 'SET work_mem = 64', 'SELECT icm_scale_agg(amount + id, 7) FROM event',
		'a scale of a million values: 24 bytes a value');

	# a check is kept from row to row, and makes room for that by another policy
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT count(icm_contact_check(NULL,
			'cap 0 per 1 day on fax; quiet 21:00-08:00; holdout 5% salt ''q4'''::icm_policy, '2026-01-01', 'email',
			tz => 'Europe/Berlin', customer_key => id::text)) FROM event},
		'a million checks by one policy: as one');
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT count(icm_contact_check(
			icm_contacts_add(NULL, '2026-01-01', 'c' || d % 50, NULL, NULL, NULL, 'sent'),
			('cap ' || d || ' per 7 days on c' || d % 20)::icm_policy, '2026-01-01', 'c' || d % 30)) FROM event WHERE id <= 100000},
		'100,000 checks, each by a policy of its own: as one');

	# a state of words that fit most money: 330 bytes, 610 of two periods, 570 of estimates by 2 columns
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT icm_wallet_n(icm_wallet_agg(amount, amount + d)) FROM event},
		'a million wallets: as one');
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT (icm_wallet_change_agg(amount, amount + d, amount / 2, amount + 1)).n_after FROM event},
		'a million wallets in two periods: as one');
	my $estimated = q{icm_wallet_estimate_agg('{taus: [0.9], coefficients: [1 0.3], std_errors: nid [0.5 0.1], correlations: [-0.5]}', ARRAY[1, d], amount)};
	grows_below(4 * $MB, 'SET work_mem = 64', "SELECT ($estimated).n FROM event", 'a million estimated wallets: as one');
	grows_below(4 * $MB, 'SET work_mem = 64',
		q{SELECT icm_wallet_n(icm_rollup(icm_wallet_add(NULL, 10.0 ^ (d % 140 - d % 300), 10.0 ^ (d % 140)))) FROM event},
		'a rollup of a million wallets of all magnitudes: as one');

	# the state, rounded up to a power of two, with its header, the hash table's entry and the grouping key
	grows_below(800 * 100_000, q{SET work_mem = '16GB'; SET enable_sort = off},
		q{SELECT count(*), sum(icm_wallet_n(w)) FROM (SELECT icm_wallet_agg(amount, amount + d) AS w FROM event WHERE id <= 100000 GROUP BY id) c},
		'100,000 segments of one wallet each: 800 bytes a segment');
	grows_below(1400 * 100_000, q{SET work_mem = '16GB'; SET enable_sort = off},
		q{SELECT count(*), sum((w).n_after) FROM (
			SELECT icm_wallet_change_agg(amount, amount + d, amount, amount + 1) AS w FROM event WHERE id <= 100000 GROUP BY id OFFSET 0) c},
		'100,000 segments of one wallet in two periods: 1400 bytes a segment');
	grows_below(1400 * 100_000, q{SET work_mem = '16GB'; SET enable_sort = off},
		"SELECT count(*), sum((w).n) FROM (SELECT $estimated AS w FROM event WHERE id <= 100000 GROUP BY id OFFSET 0) c",
		'100,000 segments of one estimated wallet: 1400 bytes a segment');
	grows_below(16 * $MB, q{SET work_mem = '4MB'; SET enable_sort = off},
		q{SELECT count(*), sum(icm_wallet_n(w)) FROM (SELECT icm_wallet_agg(amount, amount + d) AS w FROM event WHERE id <= 300000 GROUP BY id) c},
		'300,000 segments: work_mem and what spilling takes');

	# one group after another: what a group took is there for the next
	foreach my $aggregate ('(icm_wallet_calibration(amount, d + 1, 1e12)).lambda', '(icm_wallet_params(icm_wallet_fit(amount, ARRAY[1, d], 0.9))).estimate',
		'(icm_wallet_change_agg(amount, amount + d, amount, amount + 1)).t', 'icm_wallet_share(icm_wallet_agg(amount, amount + d))', "($estimated).share")
	{
		grows_below(4 * $MB, 'SET work_mem = 64; SET enable_hashagg = off',
			"SELECT count(v) FROM (SELECT $aggregate AS v FROM event WHERE id <= 100000 GROUP BY (id - 1) / 20) g",
			"$aggregate of 5000 groups in turn: as of one");
	}

	# 16 bytes a row, and 32 in the end
	grows_below(52 * $MB, 'SET work_mem = 64', 'SELECT (icm_wallet_calibration(amount, d + 1, 1e12)).lambda FROM event',
		'a calibration of a million rows: 48 bytes a row');
	# 24 bytes a row, and in the end a copy, 5 bytes and a sample
	grows_below(64 * $MB, 'SET work_mem = 64', q{SELECT (icm_wallet_model_stats(icm_wallet_fit(amount, ARRAY[1, d], 0.9))).n FROM event},
		'a fit of a million rows: twice their 24 bytes, and what fitting takes');

	# window functions: a partition of a million, of which the executor keeps rows on disk
	my $window = 'SET work_mem = 64';
	my $large = sub { "SELECT count(w) FROM (SELECT $_[0] AS w FROM event) p" };
	grows_below(52 * $MB, $window, $large->('icm_wallet_calibrate(amount, d + 1, 1e12) OVER ()'), 'icm_wallet_calibrate: 48 bytes a row');
	grows_below(28 * $MB, $window, $large->('icm_wallet_allocation(amount) OVER ()'), 'icm_wallet_allocation: 24 bytes a row');
	grows_below(24 * $MB, $window, $large->(q{icm_rake(amount, ARRAY[(id % 4)::text, 'all'], ARRAY[NULLIF(id % 4, -1) + 100.0, 406]) OVER ()}),
		'icm_rake: 20 bytes a row');
	grows_below(90 * $MB, $window, $large->('icm_wallet_peer(amount, ARRAY[d, id], 5, 0.8) OVER ()'),
		'icm_wallet_peer: 60 bytes a row, and 12 for each of two numbers');
	# arguments whose evaluation allocates, in each row
	grows_below(52 * $MB, $window, $large->(q{icm_wallet_calibrate((amount::numeric + 1)::float8, (d::numeric + 1)::float8, 1e12) OVER ()}),
		'icm_wallet_calibrate of expressions: as of columns');
	# 48 bytes a row, and not what it takes to evaluate the arguments, some 6 kB a row: a column, and
	# what must be the same in all rows
	grows_below(12 * $MB, 'SET work_mem = 64', q{SELECT sum(wallet) FROM (SELECT icm_wallet_calibrate(
			amount + 0 * length(repeat(id::text, 1000)), 1, 1e9 + 0 * length(repeat(id::text, 1000))) OVER () AS wallet
			FROM event WHERE id <= 100000) c},
		'100,000 wallets calibrated: what the rows need');
	grows_below(12 * $MB, 'SET work_mem = 64', q{SELECT sum(wallet) FROM (SELECT icm_rake(
			amount + 0 * length(repeat(id::text, 1000)), '{a}', '{1e9}', 1e-10 + 0 * length(repeat(id::text, 1000))) OVER () AS wallet
			FROM event WHERE id <= 100000) c},
		'100,000 wallets raked: likewise');

	# and many, one after another
	my $many = sub { "SELECT count(w) FROM (SELECT $_[0] OVER (PARTITION BY id / 5) AS w FROM event WHERE id <= 300000) p" };
	foreach my $call ('icm_wallet_calibrate(amount, d + 1, 1e12)', 'icm_wallet_allocation(amount)',
		q{icm_rake(amount + 1, ARRAY['cell ' || id / 5], ARRAY[100.0])}, 'icm_wallet_peer(amount, ARRAY[1, d, id], 3, 0.8)')
	{
		grows_below(4 * $MB, $window, $many->($call), "$call of 60,000 partitions: as of one");
	}

	# functions of a row: by one model, and each by a model of its own; 40 bytes lost a row would be seen
	my $model = q{format('{taus: [0.5 0.9], coefficients: [1 %s, 2 %s], std_errors: nid [1 2, 3 4], correlations: [none, 0.5]}', id, id)::icm_wallet_model};
	my $market = q{format('{M: 1.456, K: 0.%s, S: 1.55, brands: {Alpha: 0.25 penetration 0.2, "Beta 2": 0.1}}', d + 1)::icm_dirichlet};
	my $wallet = 'icm_wallet_add(NULL, 0.1 * id, 0.3 * id)';
	foreach my $call (
		q{icm_wallet_estimate('{taus: [0.5 0.9], coefficients: [1 2, 2 3]}'::icm_wallet_model, ARRAY[1, d], amount, 0.9)},
		"icm_wallet_estimate($model, ARRAY[1, d], amount, 0.9)",
		"(icm_wallet_estimate_interval($model, ARRAY[1, d], amount, 0.9)).upper",
		q{icm_wallet_estimate(substr('retail', 1, 6 + 0 * d), ARRAY[1, d], amount)},
		"${model}::text::icm_wallet_model",
		"icm_wallet_model_send($model)",
		"$wallet\::text::icm_wallet",
		"icm_wallet_send(icm_wallet_add($wallet, id, 3 * id))",
		"(icm_wallet_change($wallet, $wallet)).n_before + (icm_wallet_share_interval($wallet)).share + (icm_wallet_stats($wallet)).n",
		"${market}::text::icm_dirichlet",
		"(icm_dirichlet_params($market)).penetration",
		q{(icm_dirichlet_params(icm_dirichlet_fit(0.5 + d / 3000.0, 3, ARRAY['a', 'b'], ARRAY[0.2, 0.1], ARRAY[0.2, NULL]))).s})
	{
		grows_below(2 * $MB, '', "SELECT count($call) FROM event WHERE id <= 50000", "$call of 50,000 rows: as of one");
	}

	# sets of rows
	foreach my $call ("icm_dirichlet_norms($market)", "icm_dirichlet_duplication($market)", "icm_dirichlet_distribution($market, 'Alpha', 20)",
		"icm_dirichlet_brands($market)", "icm_wallet_params($model)")
	{
		grows_below(2 * $MB, '', "SELECT count(*) FROM event, LATERAL $call WHERE id <= 10000", "$call of 10,000 rows: as of one");
	}
}

SKIP:
{
	skip 'pg_backend_memory_contexts is new in PostgreSQL 14', 11
	  if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;

	$node->safe_psql('postgres', q{
		CREATE FUNCTION contexts() RETURNS bigint LANGUAGE sql VOLATILE AS
			'SELECT count(*) FROM pg_backend_memory_contexts'});

	# counted while the hash table holds all groups, when the first of them is put out
	foreach my $aggregate (
		q{icm_ledger_agg(date '2020-01-01' + d, amount)},
		q{icm_rollup('{2024-01-01 1 1 1}'::icm_ledger)},
		q{icm_contacts_agg('2026-01-01', 'email', NULL, NULL, NULL, 'sent')},
		q{icm_scale_agg(amount, 2)},
		q{icm_wallet_agg(amount, amount + d)},
		q{icm_rollup('{unknown: 1, unknown_own: 0.1}'::icm_wallet)},
		q{icm_wallet_change_agg(amount, amount + d, amount, amount + 1)},
		q{(icm_wallet_estimate_agg('{taus: [0.9], coefficients: [1 0.3]}', ARRAY[1, d], amount)).n},
		q{icm_wallet_fit(amount, ARRAY[1], 0.9)},
		q{icm_wallet_fit_quantiles(amount, ARRAY[1], '{0.5,0.9}')},
		q{icm_wallet_calibration(amount, 1, 1e12)})
	{
		my ($few, $many) = map {
			$node->safe_psql('postgres', qq{
				SET enable_sort = off;
				SET work_mem = '1GB';
				SELECT contexts() FROM (
					SELECT id % $_ AS part, $aggregate AS state FROM event WHERE id <= 20000 GROUP BY 1 OFFSET 0) g
				WHERE state IS NOT NULL LIMIT 1})
		} (10, 10000);

		cmp_ok($many, '<=', $few + 20, "$aggregate: no memory context a group ($few, $many)");
	}
}

$node->stop;
done_testing();
