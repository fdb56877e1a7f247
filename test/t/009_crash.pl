# Publications and stored ledgers survive a crash; what had not been committed does not.
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
	CHECKPOINT;
	SELECT icm_publish('scale', 'retail', '{20}');
	UPDATE customer SET ledger = icm_ledger_add(ledger, '2020-02-29', 0.1), grade = 'B' WHERE id % 2 = 0;
});

my $content = q{
	SELECT * FROM icm.standard ORDER BY version;
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
	UPDATE customer SET grade = 'A', ledger = NULL});
is($session->query_safe(q{SELECT icm_grade(15, 'retail')}), 'A', 'published, not committed');

$node->stop('immediate');
eval { $session->quit };		# its connection is gone
$node->start;
is($node->safe_psql('postgres', $content), $before, 'after recovery all is as it was committed');
is($node->safe_psql('postgres', q{SELECT icm_publish('scale', 'retail', '{5}'); SELECT icm_grade(15, 'retail')}),
	"3\nA", 'publishing goes on');

$node->stop;
done_testing();
