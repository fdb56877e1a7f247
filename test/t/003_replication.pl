# What is published on one server is known on the others: an open session of a standby
# follows when it is replayed, one of a logical subscriber when it is applied.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = start_node('primary', 'wal_level = logical', 'autovacuum = off');
$primary->safe_psql('postgres', q{
	CREATE FUNCTION by_plpgsql(value float8) RETURNS icm_grade LANGUAGE plpgsql AS
		$$ BEGIN RETURN icm_grade(value, 'retail'); END $$;
	SELECT icm_publish('scale', 'retail', '{10}');
});

# session(NODE): one that has looked the scale up, in all ways
sub session
{
	my ($node) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe(q{
		SET plan_cache_mode = force_generic_plan;
		PREPARE folded(float8) AS SELECT icm_grade($1, 'retail');
		PREPARE cached(float8, text) AS SELECT icm_grade($1, $2);
	});
	return $session;
}

# What each way makes of 15, which is an A by {10} and a B by {20}.
sub grades
{
	my ($session) = @_;

	return join('', map { $session->query_safe($_) } (
		'EXECUTE folded(15)',
		q{EXECUTE cached(15, 'retail')},
		q{SELECT icm_grade(15, 'retail')},
		'SELECT by_plpgsql(15)'));
}

sub publish
{
	my ($scale) = @_;

	return $primary->safe_psql('postgres', "SELECT icm_publish('scale', 'retail', '$scale')");
}

# standby
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
my $session = session($standby);

sub replay
{
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	return;
}

is(grades($session), 'AAAA', 'standby: by name');
like($session->query_safe('EXPLAIN (COSTS OFF, VERBOSE) EXECUTE folded(15)'), qr/'\{10\}'::icm_scale/,
	'standby: folded');
publish('{20}');
replay();
is(grades($session), 'BBBB', 'standby: an open session follows a publication');

# a snapshot of the standby's own, held over the publication
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
is(grades($session), 'BBBB', 'standby: in a transaction');
publish('{10}');
replay();
is(grades($session), 'BBBB', 'standby: a transaction is not disturbed');
$session->query_safe('COMMIT');
is(grades($session), 'AAAA', 'standby: the next one follows');

$primary->safe_psql('postgres', q{BEGIN; SELECT icm_publish('scale', 'retail', '{20}'); ROLLBACK});
replay();
is(grades($session), 'AAAA', 'standby: nothing comes of what is rolled back');

my ($status, $out, $error) =
  $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT icm_publish('scale', 'retail', '{5}')");
like($error, qr/ERROR:  25006: cannot execute .* (during recovery|in a read-only transaction)/,
	'standby: publishing is a clean read-only error');
is(grades($session), 'AAAA', 'standby: and changes nothing');

$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
$standby->safe_psql('postgres', q{SELECT icm_publish('scale', 'retail', '{20}')});
is(grades($session), 'BBBB', 'promoted: the session of the standby goes on');
$session->quit;
$standby->stop;

# logical subscriber: the table alone is replicated, row by row
my $subscriber = start_node('subscriber', 'autovacuum = off');
$subscriber->safe_psql('postgres', q{
	CREATE FUNCTION by_plpgsql(value float8) RETURNS icm_grade LANGUAGE plpgsql AS
		$$ BEGIN RETURN icm_grade(value, 'retail'); END $$});
$primary->safe_psql('postgres', 'CREATE PUBLICATION standards FOR TABLE icm.standard');
$subscriber->safe_psql('postgres',
	sprintf(q{CREATE SUBSCRIPTION standards CONNECTION $$%s$$ PUBLICATION standards}, $primary->connstr('postgres')));
$subscriber->poll_query_until('postgres', q{SELECT icm_standard_scale('retail') IS NOT NULL})
  or die 'the published rows did not arrive';

sub apply
{
	my ($version) = @_;

	$subscriber->poll_query_until('postgres', "SELECT max(version) = $version FROM icm.standard")
	  or die "version $version did not arrive";
	return;
}

$session = session($subscriber);
is(grades($session), 'AAAA', 'subscriber: the rows copied at first');
apply(publish('{20}'));
is($session->query_safe('SELECT body FROM icm.standard_in_force'), '{20}', 'subscriber: the table has a new version');
is(grades($session), 'BBBB', 'subscriber: an open session follows a publication');
apply(publish('{10}'));
is(grades($session), 'AAAA', 'subscriber: and the next one');
$session->quit;

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION standards');
$subscriber->stop;
$primary->stop;
done_testing();
