# What pg_dump takes out of a database comes back the same: ledgers, scales, distributions, migrations,
# matrices, grades, contacts, policies, fatigue, wallets, wallet models, models of markets, and the published
# definitions with their history.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
my $dumps = $node->basedir;
$node->safe_psql('postgres', 'CREATE ROLE publisher LOGIN; CREATE ROLE reader LOGIN');

# Everything that a restored database must have as it was. Published rows are compared
# as a whole: by whom and when included.
my $content = q{
	SELECT p.*, encode(icm_ledger_send(ledger), 'hex'), encode(icm_scale_send(scale), 'hex')
	FROM customer p ORDER BY id;
	SELECT id, encode(icm_scale_send(scale), 'hex'), encode(icm_scale_set_send(scales), 'hex'),
		encode(icm_distribution_send(distribution), 'hex'), encode(icm_migration_send(migration), 'hex'),
		encode(icm_grade_matrix_send(matrix), 'hex') FROM grading ORDER BY id;
	SELECT icm_grade(15, 'retail', 'south'), icm_grade(15, 'retail', 'east'), icm_strategy('B', 'A', 'retail');
	SELECT * FROM by_grade ORDER BY 1;
	SELECT c.*, encode(icm_contacts_send(contacts), 'hex'), encode(icm_policy_send(policy), 'hex'), encode(icm_fatigue_send(fatigue), 'hex'),
		icm_contact_check(contacts, 'corporate', '2024-03-01 12:00+00', 'email', tz => 'Europe/Berlin') FROM contacted c ORDER BY id;
	SELECT w.*, encode(icm_wallet_send(wallet), 'hex'), encode(icm_wallet_model_send(model), 'hex'), encode(icm_dirichlet_send(market), 'hex'),
		icm_wallet_share_interval(wallet), icm_wallet_change(wallet, wallet), icm_wallet_stats(wallet) FROM purse w ORDER BY id;
	SELECT id, p.* FROM purse, icm_wallet_params(model) p ORDER BY id, tau, position;
	SELECT id, n.* FROM purse, icm_dirichlet_norms(market) n ORDER BY id, brand;
	SELECT * FROM by_region ORDER BY region;
	SELECT icm_wallet_estimate('retail', '{1,20}', 30), icm_wallet_estimate('retail', '{1,20}', 90, 0.8),
		icm_wallet_extrapolates('retail', '{1,21}'), icm_wallet_estimate('corporate "x"', '{2}', NULL);
	SELECT * FROM icm_dirichlet_norms('retail', 4) UNION ALL SELECT * FROM icm_dirichlet_norms('corporate "x"');
	SELECT icm_standard_wallet_model('retail', '2024-06-01'), icm_standard_dirichlet('retail', '2024-06-01');
	SELECT s.*, extract(epoch FROM published_at) FROM icm.standard s ORDER BY kind, name, version;
	SELECT kind, name, version FROM icm.standard_in_force ORDER BY 1, 2;
	SELECT icm_standard_scale('retail'), icm_standard_scale('retail', '2024-06-01'),
		icm_grade(15, 'retail'), icm_grade(15, 'corporate "x"');
	SET enable_seqscan = off;
	SELECT count(*) FROM customer WHERE grade = 'B';
};

# fill(DATABASE, SCHEMA): the extension in that schema, and tables that use it
sub fill
{
	my ($db, $schema) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, qq{
		CREATE SCHEMA IF NOT EXISTS $schema;
		ALTER DATABASE $db SET search_path = public, $schema;
		CREATE EXTENSION icm SCHEMA $schema;
		GRANT USAGE ON SCHEMA $schema TO PUBLIC;
		GRANT SELECT ON icm.standard TO reader;
		GRANT SELECT, INSERT, UPDATE ON icm.standard TO publisher;
		GRANT EXECUTE ON FUNCTION $schema.icm_publish TO publisher;
	});

	# in force before, now, and from 2100 on; one transaction each, by an ordinary role
	$node->safe_psql($db, q{
		SELECT icm_publish('scale', 'retail', '{5,10}', 'first', '2024-01-01');
		SELECT icm_publish('scale', 'retail', '{10,20}', E'raised:\n\t''twice''', '2025-01-01');
		SELECT icm_publish('scale', 'retail', '{0.1,1e300}', NULL, '2100-01-01');
		SELECT icm_publish('scale', 'corporate "x"', '{-1,14.999999999999998}', '');
		SELECT icm_publish('scale', 'corporate "x"', '{-1,15.000000000000002}', 'größer');
		SELECT icm_publish('scale_set', 'retail', '{south: {10,20}, default: {16}}');
		SELECT icm_publish('grade_matrix', 'retail', '{A: keep keep, B: grow "let go"}');
		SELECT icm_publish('policy', 'corporate',
			'cap 3 per 7 days; "a ""b c": quiet 21:00-08:00 source ''it''''s law''; exempt category transactional; and gap 1 hour');
		SELECT icm_publish('wallet_model', 'retail', '{taus: [0.5], coefficients: [0 1]}', 'by hand', '2024-01-01');
		SELECT icm_publish('wallet_model', 'retail', icm_wallet_fit(i * 7919 % 83 / 7.0 + i % 20, ARRAY[1, i % 20 + 0.1], 0.8)::text,
			E'fitted:\n''once''', '2025-01-01') FROM generate_series(1, 500) i;
		SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [1e300 5e-324]}', NULL, '2100-01-01');
		SELECT icm_publish('wallet_model', 'corporate "x"', '{taus: [0.30000000000000004], coefficients: [0.1], std_errors: nid [none]}', 'größer');
		SELECT icm_publish('dirichlet', 'retail', '{M: 1, K: 1, S: 1, brands: {other: 0.5}}', NULL, '2024-01-01');
		SELECT icm_publish('dirichlet', 'retail', icm_dirichlet_fit(0.56, 2.6, ARRAY['Älpha', 'say "b"', 'c'], '{0.25,0.19,0.1}', '{0.2,NULL,0.09}')::text,
			'fitted', '2025-01-01');
		SELECT icm_publish('dirichlet', 'corporate "x"', '{M: 1e-09, K: 1000000, S: 1e-06, brands: {penetration: 0.30000000000000004}}');
	}, extra_params => [ '-U', 'publisher' ]);

	# one ledger is long enough to be stored out of line
	$node->safe_psql($db, q{
		CREATE TABLE customer (
			id int PRIMARY KEY, ledger icm_ledger, scale icm_scale, grade icm_grade, value float8,
			fixed icm_grade GENERATED ALWAYS AS (icm_grade(value, '{20,40}'::icm_scale)) STORED);
		INSERT INTO customer (id, ledger, scale, grade, value)
		SELECT c, icm_ledger_agg(date '2024-01-01' + d * 3, 0.1 * d * c - 2, c / 3.0), icm_scale(ARRAY[c - 0.1, c]),
			icm_grade(c, 'retail'), c
		FROM generate_series(1, 50) c, generate_series(1, CASE c WHEN 7 THEN 5000 ELSE c % 4 + 1 END) d GROUP BY c;
		INSERT INTO customer VALUES (51);
		INSERT INTO customer VALUES (52, '{}', NULL, 'Z', -0.0),
			(53, '{0044-03-15 BC 1 5e-324 0, 5874897-12-31 0 -1e300 0.1}', '{5e-324}', 'A', 20);
		CREATE TABLE grading (id int PRIMARY KEY, scale icm_scale, scales icm_scale_set, distribution icm_distribution,
			migration icm_migration, matrix icm_grade_matrix);
		INSERT INTO grading
		SELECT k, icm_scale_agg(v, 5, 'logkmeans'),
			icm_scale_set(ARRAY['south', 'a "b"', NULL], ARRAY[icm_scale_agg(v, 3, 'kmeans'), '{0.1}', icm_scale_agg(v, 7, 'pareto')]),
			icm_distribution_agg(v), icm_migration_agg((1 + i % 5)::icm_grade, CASE WHEN i % 7 > 0 THEN (1 + i % 7)::icm_grade END, v),
			'{A: keep "win back", B: grow keep}'
		FROM generate_series(1, 3) k, generate_series(1, 100 * k * k * k * k) i, LATERAL (SELECT i * i / 7.0::float8) values (v)
		GROUP BY k;
		CREATE TABLE contacted (id int PRIMARY KEY, contacts icm_contacts, policy icm_policy, fatigue icm_fatigue,
			allowed boolean GENERATED ALWAYS AS (
				(icm_contact_check(contacts, policy, '2024-03-01 12:00+00', 'email', tz => 'Europe/Berlin')).allowed) STORED);
		INSERT INTO contacted (id, contacts, policy, fatigue)
		SELECT k, icm_contacts_prune(icm_contacts_agg('2024-01-01 00:00+00'::timestamptz + i * interval '3 hours 0.000001 seconds', 'email',
				'dép"t ' || i % 3, NULL, CASE WHEN i % 2 = 0 THEN 'transactional' END,
				CASE WHEN i = 1 THEN 'optin' WHEN i % 7 = 0 THEN 'reserved' ELSE 'sent' END, 0.1 * (i % 5), i,
				'2024-01-02 00:00+00'::timestamptz + i * interval '3 hours'), icm_policy_preset('eu_gdpr'), '2024-01-08'),
			icm_standard_policy('corporate') || icm_policy_preset('france_calls'),
			icm_fatigue_agg(i % 64, i % 3 = 0, (1 + i % 4)::icm_grade)
		FROM generate_series(1, 3) k, generate_series(1, 100 * k * k * k * k) i GROUP BY k;
		INSERT INTO contacted (id) VALUES (4);
		CREATE TABLE purse (id int PRIMARY KEY, region int, wallet icm_wallet, model icm_wallet_model, market icm_dirichlet,
			share float8 GENERATED ALWAYS AS (icm_wallet_share(wallet)) STORED,
			estimate float8 GENERATED ALWAYS AS (icm_wallet_estimate(model, '{1,10,100}', 5, 0.9)) STORED);
		INSERT INTO purse (id, region, wallet, model, market)
		SELECT k, k % 2, icm_wallet_agg(own, wallet), icm_wallet_fit_quantiles(own, ARRAY[1, i, i % 11], '{0.5,0.9}'),
			icm_dirichlet_fit(0.5, 2 + k / 10.0, array_agg(DISTINCT 'brand ' || i % (40 * k)),
				array_fill((1 / (41.0 * k))::float8, ARRAY[40 * k]), array_fill((0.02 / k)::float8, ARRAY[40 * k]))
		FROM generate_series(1, 3) k, generate_series(1, 200 * k) i,
			LATERAL (SELECT i % 5 * i / 7.0, CASE WHEN i % 13 > 0 THEN i * (1 + i % 3) END) values (own, wallet)
		GROUP BY k;
		INSERT INTO purse VALUES (4);
		INSERT INTO purse VALUES (5, 0, '{}', '{taus: [0.9], coefficients: [-1e+300 0 5e-324]}', '{M: 1e9, K: 1e-6, S: 1e6, brands: {x: 1}}'),
			(6, 1, icm_wallet_add(icm_wallet_add(NULL, 5e-324, 1e140), 0.1, NULL), NULL, NULL);
		CREATE MATERIALIZED VIEW by_region AS SELECT region, icm_rollup(wallet) AS wallet FROM purse GROUP BY region;
		CREATE INDEX ON customer (grade);
		CREATE INDEX ON customer USING hash (grade);
		CREATE MATERIALIZED VIEW by_grade AS SELECT icm_grade(value, 'retail'), count(*) FROM customer GROUP BY 1;
	});
	return;
}

# The dump as text, without the random tokens that newer ones are enclosed in.
sub dump_text
{
	my ($db) = @_;
	my ($text, $errors) = run_command([ 'pg_dump', $node->connstr($db) ]);

	$text =~ s/^\\(un)?restrict .*\n//mg;
	return $text;
}

# compare(ORIGINAL, COPY, HOW)
sub compare
{
	my ($original, $copy, $how) = @_;

	# pg_dump leaves the settings of a database to pg_dump --create
	$node->safe_psql('postgres', qq{ALTER DATABASE $copy SET search_path = public, crm, "My CRM"});
	is($node->safe_psql($copy, $content), $node->safe_psql($original, $content), "$how: the same content");
	return;
}

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

fill('original', 'public');
my $dump = dump_text('original');
like($dump, qr/^COPY icm\.standard /m, 'published rows are dumped');
unlike($dump, qr/CREATE (TABLE icm|FUNCTION)/, 'the extension itself is not');

# plain
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_ok([ 'pg_dump', '-f', "$dumps/plain.sql", 'original' ], 'plain: pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/plain.sql", 'plain' ], 'plain: psql');
compare('original', 'plain', 'plain');
is(dump_text('plain'), $dump, 'plain: a dump of it is the same dump');

is($node->safe_psql('plain', q{SELECT icm_grade(15, 'retail')}, extra_params => [ '-U', 'reader' ]),
	'B', 'plain: who could read the standard still can');
is( $node->safe_psql('plain', q{SELECT icm_publish('scale', 'retail', '{1}'); SELECT icm_grade(15, 'retail')},
		extra_params => [ '-U', 'publisher' ]),
	"4\nA", 'plain: publishing goes on with the next version');
is( $node->safe_psql('plain', q{
			SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [2 0]}'); SELECT icm_wallet_estimate('retail', '{3,1}', 1);
			SELECT icm_publish('dirichlet', 'retail', '{M: 1, K: 1, S: 1, brands: {new: 0.5}}'); SELECT brand FROM icm_dirichlet_norms('retail')},
		extra_params => [ '-U', 'publisher' ]),
	"4\n6\n3\nnew", 'plain: publishing of the other kinds goes on too');

# custom and directory formats, the latter with several jobs
$node->safe_psql('postgres', 'CREATE DATABASE custom');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dumps/custom", 'original' ], 'custom: pg_dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'custom', "$dumps/custom" ], 'custom: pg_restore');
compare('original', 'custom', 'custom');
is(dump_text('custom'), $dump, 'custom: a dump of it is the same dump');

$node->safe_psql('postgres', 'CREATE DATABASE directory');
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', "$dumps/directory", 'original' ], 'directory: pg_dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-j2', '-d', 'directory', "$dumps/directory" ],
	'directory: pg_restore');
compare('original', 'directory', 'directory');

# the data alone, into a database where extension and tables are there
$node->safe_psql('postgres', 'CREATE DATABASE data_only');
$node->command_ok([ 'pg_dump', '--schema-only', '-f', "$dumps/schema.sql", 'original' ], 'data only: pg_dump of schema');
$node->command_ok([ 'pg_dump', '--data-only', '-f', "$dumps/data.sql", 'original' ], 'data only: pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/schema.sql", 'data_only' ],
	'data only: schema');
is($node->safe_psql('data_only', 'SELECT count(*) FROM icm.standard'), '0', 'data only: nothing is published yet');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/data.sql", 'data_only' ], 'data only: data');
$node->safe_psql('data_only', 'REFRESH MATERIALIZED VIEW by_grade; REFRESH MATERIALIZED VIEW by_region');
compare('original', 'data_only', 'data only');

# the extension in other schemas than public, one of which must be quoted
foreach my $schema ('crm', '"My CRM"')
{
	my $db = $schema eq 'crm' ? 'in_crm' : 'in_quoted';

	fill($db, $schema);
	$node->safe_psql('postgres', "CREATE DATABASE ${db}_copy");
	$node->command_ok([ 'pg_dump', '-f', "$dumps/$db.sql", $db ], "schema $schema: pg_dump");
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/$db.sql", "${db}_copy" ],
		"schema $schema: psql");
	compare($db, "${db}_copy", "schema $schema");
	is(dump_text("${db}_copy"), dump_text($db), "schema $schema: a dump of it is the same dump");
	is($node->safe_psql("${db}_copy", "SET search_path = ''; SELECT $schema.icm_grade(15, 'retail')"),
		'B', "schema $schema: lookup by name under an empty search_path");
	is( $node->safe_psql("${db}_copy", "SET search_path = '';
			SELECT $schema.icm_wallet_estimate('retail', '{1,1}', 900), (SELECT count(*) FROM $schema.icm_dirichlet_norms('retail'))"),
		'900|3', "schema $schema: of a wallet model and a model of a market too");
}

$node->stop;
done_testing();
