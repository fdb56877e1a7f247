# A session caches what it looks up by name, and plans have it folded in. Whatever another
# session does to icm.standard, the next statement knows.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'max_prepared_transactions = 2', 'autovacuum = off');

# All ways to a grade by name. The value 15 is an A by {10} and a B by {20}, and so on.
my $ways = q{
	CREATE FUNCTION by_plpgsql(value float8) RETURNS icm_grade LANGUAGE plpgsql AS
		$$ BEGIN RETURN icm_grade(value, 'retail'); END $$;
	CREATE FUNCTION by_row(value float8, name text) RETURNS icm_grade LANGUAGE plpgsql AS
		$$ BEGIN RETURN (SELECT icm_grade(value, v.name) FROM (VALUES (by_row.name)) v(name)); END $$;
	CREATE FUNCTION by_sql(value float8) RETURNS icm_grade LANGUAGE sql STABLE SET work_mem = '4MB' AS
		$$ SELECT icm_grade(value, 'retail') $$;
};
$node->safe_psql('postgres', $ways);

sub session
{
	my (@params) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0, @params);

	$session->query_safe(q{
		SET plan_cache_mode = force_generic_plan;
		PREPARE by_name(float8) AS SELECT icm_grade($1, 'retail');
		PREPARE by_scale(float8) AS SELECT icm_grade($1, icm_standard_scale('retail'));
		PREPARE by_lookup(float8, text) AS SELECT icm_grade($1, $2);
	});
	return $session;
}

# grades(SESSION): what each way makes of 15, once each; a single letter if they agree
sub grades
{
	my ($session) = @_;
	my @grades = map { $session->query_safe($_) } (
		'EXECUTE by_name(15)',
		'EXECUTE by_scale(15)',
		q{EXECUTE by_lookup(15, 'retail')},
		q{SELECT icm_grade(15, 'retail')},
		'SELECT by_plpgsql(15)',
		q{SELECT by_row(15, 'retail')},
		'SELECT by_sql(15)');
	my %seen = map { $_ => 1 } @grades;

	return join(' ', keys %seen > 1 ? @grades : $grades[0]);
}

# both(GRADE-OF-A, GRADE-OF-B, NAME): is this what the two sessions see now?
my $a = session();
my $b = session();

sub both
{
	my ($of_a, $of_b, $name) = @_;

	is(grades($a) . '/' . grades($b), "$of_a/$of_b", $name);
	return;
}

sub publish
{
	my ($scale) = @_;

	return "SELECT icm_publish('scale', 'retail', '$scale')";
}

# folding
like(error_of($a, 'EXECUTE by_name(15)'), qr/scale "retail" is not published/, 'not published yet');
$b->query_safe(publish('{10}'));
both('A', 'A', 'the first publication');
my $folded = qr/icm_grade\(\$1, '\{\d+\}'::icm_scale\)/;
like($a->query_safe("EXPLAIN (COSTS OFF, VERBOSE) EXECUTE $_(15)"), $folded, "$_: the generic plan has the scale itself")
  foreach ('by_scale', 'by_name');	# the latter was first planned when there was no scale

$b->query_safe(publish('{20}'));
both('B', 'B', 'another session follows a publication');

# a publication that does not happen
$b->query_safe('BEGIN');
$b->query_safe(publish('{10}'));
both('B', 'A', 'before it commits only the publisher sees a publication');
$b->query_safe('ROLLBACK');
both('B', 'B', 'rolled back, it is gone for the publisher too');

$b->query_safe('BEGIN');
$b->query_safe(publish('{10}'));
both('B', 'A', 'again: before commit');
$b->query_safe('COMMIT');
both('A', 'A', 'after commit');

# savepoints
$b->query_safe('BEGIN; SAVEPOINT s');
$b->query_safe(publish('{20}'));
both('A', 'B', 'published in a subtransaction');
$b->query_safe('ROLLBACK TO s');
both('A', 'A', 'the subtransaction rolled back');
$b->query_safe(publish('{20}'));
$b->query_safe('SAVEPOINT s2');
$b->query_safe(publish('{5}'));
both('A', 'A', 'published twice in one transaction');
$b->query_safe('ROLLBACK TO s2');
both('A', 'B', 'back to the first of the two');
$b->query_safe('COMMIT');
both('B', 'B', 'which commits');

# one PL/pgSQL block sees what it publishes, and that it is taken back
$b->query_safe(q{
	CREATE FUNCTION publish_and_fail() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		seen text := icm_grade(15, 'retail');
	BEGIN
		BEGIN
			PERFORM icm_publish('scale', 'retail', '{10}');
			seen := seen || icm_grade(15, 'retail');
			RAISE EXCEPTION division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			seen := seen || icm_grade(15, 'retail');
		END;
		RETURN seen;
	END $$;
});
is($b->query_safe('SELECT publish_and_fail()'), 'BAB', 'a PL/pgSQL block sees what it publishes and takes back');
both('B', 'B', 'after that block');

# two-phase commit
$b->query_safe('BEGIN');
$b->query_safe(publish('{10}'));
$b->query_safe(q{PREPARE TRANSACTION 'publication'});
both('B', 'B', 'prepared, a publication is seen by nobody');
$b->query_safe(q{COMMIT PREPARED 'publication'});
both('A', 'A', 'then by everybody');

# A transaction goes by the definition in force when it started, at any isolation level.
foreach my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my ($scale, $before, $after) = $level eq 'REPEATABLE READ' ? ('{10}', 'B', 'A') : ('{20}', 'A', 'B');

	$a->query_safe("BEGIN ISOLATION LEVEL $level");
	is(grades($a), $before, "$level: before");
	$b->query_safe(publish($scale));
	both($before, $after, "$level: a transaction is not disturbed by a publication");
	$a->query_safe('COMMIT');
	both($after, $after, "$level: the next one follows");
}

# A time that has come needs no message.
$b->query_safe(q{SELECT icm_publish('scale', 'retail', '{10}', NULL, clock_timestamp() + interval '1.5 s')});
both('B', 'B', 'scheduled: not yet in force');
unlike($a->query_safe('EXPLAIN (COSTS OFF, VERBOSE) EXECUTE by_name(15)'), $folded,
	'scheduled: what will end is not folded');
$node->poll_query_until('postgres', q{SELECT icm_grade(15, 'retail') = 'A'});
both('A', 'A', 'scheduled: in force');
$b->query_safe(publish('{20}'));
both('B', 'B', 'superseded');
like($a->query_safe('EXPLAIN (COSTS OFF, VERBOSE) EXECUTE by_name(15)'), $folded,
	'what does not end is folded again');

# Whoever changes the table by hand.
$b->query_safe(q{UPDATE icm.standard SET in_force_until = now() WHERE in_force_until = 'infinity'});
foreach my $session ($a, $b)
{
	like(error_of($session, $_), qr/ERROR: +scale "retail" has no version in force at /, "withdrawn: $_")
	  foreach ('EXECUTE by_name(15)', q{EXECUTE by_lookup(15, 'retail')}, 'SELECT by_plpgsql(15)');
}
$b->query_safe(q{INSERT INTO icm.standard (kind, name, version, body) VALUES ('scale', 'retail', 1000, '{10}')});
both('A', 'A', 'inserted');
$b->query_safe(q{
	SET session_replication_role = replica;
	UPDATE icm.standard SET body = '{20}' WHERE version = 1000;
	RESET session_replication_role;
});
both('B', 'B', 'updated with other triggers off');
$b->query_safe(q{
	SET session_replication_role = replica;
	DELETE FROM icm.standard;
	RESET session_replication_role;
});
like(error_of($a, 'EXECUTE by_name(15)'), qr/is not published/, 'deleted');
$b->query_safe(q{COPY icm.standard (kind, name, version, body) FROM PROGRAM 'printf "scale\tretail\t1\t{10}\n"'});
both('A', 'A', 'copied in');

# Rights are looked at in each statement, in plans that were made before too.
$node->safe_psql('postgres', q{
	CREATE ROLE analyst LOGIN;
	CREATE ROLE analysts ROLE analyst;
	GRANT SELECT ON icm.standard TO analysts;
});
my $c = session(extra_params => [ '-U', 'analyst' ]);
is(grades($c), 'A', 'granted to a group');
$b->query_safe('REVOKE SELECT ON icm.standard FROM analysts');
like(error_of($c, $_), qr/permission denied for table standard/, "revoked from the group: $_")
  foreach ('EXECUTE by_name(15)', q{EXECUTE by_lookup(15, 'retail')}, 'SELECT by_plpgsql(15)');
$c->quit;
$b->query_safe('GRANT SELECT ON icm.standard TO analysts');
$c = session(extra_params => [ '-U', 'analyst' ]);
is(grades($c), 'A', 'granted again');
$b->query_safe('REVOKE analysts FROM analyst');
like(error_of($c, $_), qr/permission denied for table standard/, "out of the group: $_")
  foreach ('EXECUTE by_name(15)', q{EXECUTE by_lookup(15, 'retail')}, 'SELECT by_plpgsql(15)');
$c->quit;

# The extension goes, and comes back as another one.
$b->query_safe('SET client_min_messages = warning; BEGIN; DROP EXTENSION icm CASCADE');
$b->query_safe('ROLLBACK');
both('A', 'A', 'not dropped after all');
$b->query_safe('DROP EXTENSION icm CASCADE; CREATE EXTENSION icm');
$b->query_safe($ways);		# their result type has gone with the extension
$b->query_safe(publish('{20}'));
is($a->query_safe(q{SELECT icm_grade(15, 'retail')}), 'B', 'another extension: a new query');
is($a->query_safe('SELECT by_plpgsql(15)'), 'B', 'another extension: PL/pgSQL');
# a prepared statement may not change its result type, which the new icm_grade is
like(error_of($a, 'EXECUTE by_name(15)'), qr/cached plan must not change result type/,
	'another extension: a prepared statement of the old type');
$b->query_safe('DROP EXTENSION icm CASCADE');
like(error_of($a, q{SELECT icm_grade(15, 'retail')}), qr/does not exist/, 'no extension');
$b->query_safe('CREATE EXTENSION icm SCHEMA public');
$b->query_safe(publish('{10}'));
is($a->query_safe(q{SELECT icm_grade(15, 'retail')}), 'A', 'an extension again');

$a->quit;
$b->quit;
$node->stop;
done_testing();
