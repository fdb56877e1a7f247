# Publications, stored ledgers, wallets and models survive a crash; what had not been committed does not.
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
	SELECT icm_publish('scale', 'retail', '{10}');
	CREATE TABLE customer AS
		SELECT c AS id, icm_ledger_agg(date '2024-01-01' + d, c * d / 10.0, d / 7.0) AS ledger, 'C'::icm_grade AS grade
		FROM generate_series(1, 20) c, generate_series(1, 10 + c * c * 5) d GROUP BY c;
	CREATE INDEX ON customer (grade);
	SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [12 3]}');
	SELECT icm_publish('dirichlet', 'retail', '{M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25, "Beta 2": 0.1}}');
	CREATE TABLE purse AS
		SELECT c AS id, icm_wallet_agg(d / 7.0 * 10.0 ^ (d % c), d * 10.0 ^ (d % c)) AS wallet, icm_wallet_fit(d % 13, ARRAY[1, d % 7], 0.9) AS model,
			icm_dirichlet_fit(0.5, 2, array_agg('brand ' || d), array_fill(0.001::float8, ARRAY[10 + c * c * 2]),
				array_fill(NULL::float8, ARRAY[9 + c * c * 2]) || 0.0008::float8) AS market
		FROM generate_series(1, 20) c, generate_series(1, 10 + c * c * 2) d GROUP BY c;
	CHECKPOINT;
	UPDATE purse SET wallet = icm_wallet_add(wallet, 5e-324, 1e140), model = '{taus: [0.5], coefficients: [5e-324 1]}' WHERE id % 3 = 0;
	DELETE FROM purse WHERE id = 7;
	INSERT INTO purse SELECT id + 100, icm_rollup(wallet) OVER (ORDER BY id), model, market FROM purse;
	SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [15 3]}');
	SELECT icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {Gamma: 0.3}}');
	SELECT icm_publish('scale', 'retail', '{20}');
	UPDATE customer SET ledger = icm_ledger_add(ledger, '2020-02-29', 0.1), grade = 'B' WHERE id % 2 = 0;
});

my $content = q{
	SELECT * FROM icm.standard ORDER BY kind, version;
	SELECT id, icm_wallet_send(wallet), model, market FROM purse ORDER BY id;
	SELECT icm_wallet_estimate('retail', '{1,1}', 2), brand FROM icm_dirichlet_norms('retail');
	SELECT id, ledger, grade FROM customer ORDER BY id;
	SET enable_seqscan = off;
	SELECT count(*) FROM customer WHERE grade = 'B';
	SELECT icm_grade(15, 'retail');
};
my $before = $node->safe_psql('postgres', $content);

my $session = $node->background_psql('postgres');
$session->query_safe(q{
	BEGIN;
	SELECT icm_publish('scale', 'retail', '{5}');
	UPDATE customer SET grade = 'A', ledger = NULL;
	SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [100 3]}');
	SELECT icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {Delta: 0.3}}');
	UPDATE purse SET wallet = '{}', model = NULL, market = '{M: 1, K: 1, S: 1, brands: {a: 1}}';
	INSERT INTO purse SELECT id + 1000, wallet, model, market FROM purse});
is($session->query_safe(q{SELECT icm_grade(15, 'retail')}), 'A', 'published, not committed');
is($session->query_safe(q{SELECT icm_wallet_estimate('retail', '{1,1}', 2), brand FROM icm_dirichlet_norms('retail')}),
	'103|Delta', 'of the other kinds too');
# what was written is in the log, and in files
$node->safe_psql('postgres', 'CHECKPOINT');

$node->stop('immediate');
eval { $session->quit };		# its connection is gone
$node->start;
is($node->safe_psql('postgres', $content), $before, 'after recovery all is as it was committed');
is($node->safe_psql('postgres', q{SELECT icm_publish('scale', 'retail', '{5}'); SELECT icm_grade(15, 'retail')}),
	"3\nA", 'publishing goes on');
is( $node->safe_psql('postgres', q{
		SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [1 1]}'); SELECT icm_wallet_estimate('retail', '{1,1}', 1);
		SELECT icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {Epsilon: 0.3}}'); SELECT brand FROM icm_dirichlet_norms('retail')}),
	"3\n2\n3\nEpsilon", 'of the other kinds too');

$node->stop;
done_testing();
