# What is published on one server is known on the others: an open session of a standby
# follows when it is replayed, one of a logical subscriber when it is applied. And what is
# stored of each type arrives as it was, to the byte.
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

# Definitions of the other kinds that are looked up by name.
my %other = (
	wallet_model => [ '{taus: [0.9], coefficients: [12 3]}', '{taus: [0.9], coefficients: [15 3]}' ],
	dirichlet => [ '{M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25, "Beta 2": 0.1}}', '{M: 2, K: 1, S: 1.5, brands: {Alpha: 0.3}}' ]);

sub publish_other
{
	my ($which) = @_;

	$primary->safe_psql('postgres', "SELECT icm_publish('$_', 'retail', '$other{$_}[$which]')") foreach sort keys %other;
	return;
}
publish_other(0);

# What the other kinds make of it: 12 or 15, and 3 times 1; two brands or one.
my $by_other = q{SELECT icm_wallet_estimate('retail', '{1,1}', 2), (SELECT string_agg(brand, '+') FROM icm_dirichlet_norms('retail')),
	icm_wallet_estimate(name, '{1,1}', 2), (SELECT count(*) FROM icm_dirichlet_norms(name)) FROM unnest('{retail}'::text[]) name};
my @by_other = ('15|Alpha+Beta 2|15|2', '18|Alpha|18|1');

# Summaries and definitions in a table: of a customer or two, and so many that they are stored out of line.
my $purse = q{
	CREATE TABLE purse (id int PRIMARY KEY, ledger icm_ledger, contacts icm_contacts, wallet icm_wallet, model icm_wallet_model, market icm_dirichlet)};
my $purses = q{
	INSERT INTO purse SELECT k, icm_ledger_agg(date '2024-01-01' + i % 900, i / 7.0), icm_contacts_agg('2026-01-01'::timestamptz + i * interval '1 hour', 'email', NULL, NULL, NULL, 'sent'),
		icm_wallet_agg(i / 7.0 * 10.0 ^ (i % k - k / 2), i * 10.0 ^ (i % k - k / 2)), icm_wallet_fit_quantiles(i % 13, ARRAY[1, i % 7, i % 11], '{0.5,0.9}'),
		icm_dirichlet_fit(0.5, 2, array_agg('brand ' || i), array_fill(1 / 200.0::float8, ARRAY[100 + k]), array_fill(NULL::float8, ARRAY[99 + k]) || 0.004::float8)
	FROM generate_series(1, 60, 20) k, generate_series(1, 100 + k) i GROUP BY k;
	INSERT INTO purse VALUES (0);
	INSERT INTO purse VALUES (-1, '{}', '{}', '{}', '{taus: [5e-324 0.30000000000000004], coefficients: [-1e+300, 0], std_errors: nid [none, 0.5]}',
		'{M: 1e-09, K: 1000000, S: 1e-06, brands: {"say ""é""": 1e-06}}');
	UPDATE purse SET wallet = icm_wallet_add(wallet, 5e-324, 1e140) WHERE id = 21};
my $digests = q{
	SELECT id, md5(icm_ledger_send(ledger)), md5(icm_contacts_send(contacts)), md5(icm_wallet_send(wallet)), md5(icm_wallet_model_send(model)),
		md5(icm_dirichlet_send(market)), icm_wallet_share(wallet), md5(model::text), md5(wallet::text) FROM purse ORDER BY id};

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
is($session->query_safe($by_other), $by_other[0], 'standby: a wallet model and a model of a market by name');
publish('{20}');
publish_other(1);
$primary->safe_psql('postgres', "$purse; $purses");
replay();
is(grades($session), 'BBBB', 'standby: an open session follows a publication');
is($session->query_safe($by_other), $by_other[1], 'standby: of the other kinds too');
my $expected = $primary->safe_psql('postgres', $digests);
is($session->query_safe($digests), $expected, 'standby: stored values are as they were');

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
is($session->query_safe(q{SELECT body FROM icm.standard_in_force WHERE kind = 'scale'}), '{20}', 'subscriber: the table has a new version');
is(grades($session), 'BBBB', 'subscriber: an open session follows a publication');
apply(publish('{10}'));
is(grades($session), 'AAAA', 'subscriber: and the next one');

# definitions of other kinds, which came with the rest of the table
is($session->query_safe($by_other), $by_other[1], 'subscriber: a wallet model and a model of a market by name');
publish_other(0);
$subscriber->poll_query_until('postgres', q{SELECT count(*) = 2 FROM icm.standard WHERE version = 3 AND kind <> 'scale'})
  or die 'the definitions of other kinds did not arrive';
is($session->query_safe($by_other), $by_other[0], 'subscriber: an open session follows');
$session->quit;
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION standards');

# values are copied, and sent when they change, as text, and since PostgreSQL 14 in binary if asked for
foreach my $binary ($subscriber->safe_psql('postgres', 'SHOW server_version_num') < 140000 ? ('') : ('', ', binary = true'))
{
	my $how = $binary eq '' ? 'text' : 'binary';

	$primary->safe_psql('postgres', "DROP TABLE IF EXISTS purse; $purse; CREATE PUBLICATION purses_$how FOR TABLE purse");
	$subscriber->safe_psql('postgres', "DROP TABLE IF EXISTS purse; $purse");
	$primary->safe_psql('postgres', "BEGIN; $purses; DELETE FROM purse WHERE id > 30; COMMIT");
	$subscriber->safe_psql('postgres',
		sprintf(q{CREATE SUBSCRIPTION purses_%s CONNECTION $$%s$$ PUBLICATION purses_%s WITH (copy_data%s)}, $how,
			$primary->connstr('postgres'), $how, $binary));
	$subscriber->poll_query_until('postgres', 'SELECT count(*) = 4 FROM purse') or die 'the values were not copied';
	is($subscriber->safe_psql('postgres', $digests), $primary->safe_psql('postgres', $digests), "$how: copied values are as they were");
	$primary->safe_psql('postgres', "TRUNCATE purse; $purses; UPDATE purse SET wallet = icm_wallet_add(wallet, 0.1, 0.3) WHERE id <> 1;
		INSERT INTO purse (id) VALUES (99)");
	$subscriber->poll_query_until('postgres', 'SELECT count(*) = 1 FROM purse WHERE id = 99') or die 'the values did not arrive';
	is($subscriber->safe_psql('postgres', $digests), $primary->safe_psql('postgres', $digests), "$how: so are those that changed");
	$subscriber->safe_psql('postgres', "DROP SUBSCRIPTION purses_$how");
}

$subscriber->stop;
$primary->stop;
done_testing();
