# How much memory the aggregates take: a backend's peak, as the kernel counted it, may grow
# over a query by no more than what the state needs. And no memory context a group: hash
# aggregation walks them for each new group, so that time would grow with their square.
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
	skip 'the kernel does not tell the peak of a process (no VmHWM in /proc)', 9 unless defined peak($$);

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

	# 1,000,000 values: 8 MB, in a room of as much; sorting takes two copies besides
	grows_below(32 * $MB, 'SET work_mem = 64', 'SELECT icm_scale_agg(amount + id, 7) FROM event',
		'a scale of a million values: 32 bytes a value');

	# a check is kept from row to row, and makes room for that by another policy
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT count(icm_contact_check(NULL,
			'cap 0 per 1 day on fax; quiet 21:00-08:00; holdout 5% salt ''q4'''::icm_policy, '2026-01-01', 'email',
			tz => 'Europe/Berlin', customer_key => id::text)) FROM event},
		'a million checks by one policy: as one');
	grows_below(4 * $MB, 'SET work_mem = 64', q{SELECT count(icm_contact_check(
			icm_contacts_add(NULL, '2026-01-01', 'c' || d % 50, NULL, NULL, NULL, 'sent'),
			('cap ' || d || ' per 7 days on c' || d % 20)::icm_policy, '2026-01-01', 'c' || d % 30)) FROM event WHERE id <= 100000},
		'100,000 checks, each by a policy of its own: as one');

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
}

SKIP:
{
	skip 'pg_backend_memory_contexts is new in PostgreSQL 14', 4
	  if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;

	$node->safe_psql('postgres', q{
		CREATE FUNCTION contexts() RETURNS bigint LANGUAGE sql VOLATILE AS
			'SELECT count(*) FROM pg_backend_memory_contexts'});

	# counted while the hash table holds all groups, when the first of them is put out
	foreach my $aggregate (
		q{icm_ledger_agg(date '2020-01-01' + d, amount)},
		q{icm_rollup('{2024-01-01 1 1 1}'::icm_ledger)},
		q{icm_contacts_agg('2026-01-01', 'email', NULL, NULL, NULL, 'sent')},
		q{icm_scale_agg(amount, 2)})
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
