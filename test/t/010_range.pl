# Money at the end of the range of float8: no way to a sum makes NaN or infinity of it, and
# no order of the rows an error where another has a number.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');

# result(QUERY): its rows, or the SQLSTATE of its error
sub result
{
	my ($query) = @_;
	my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$query");

	return $status == 0 ? $out : $error =~ s/.*ERROR:\s+(\w+).*/$1/sr;
}

# The largest double less 1.5 units of its last place lies between two doubles, of which
# the even one is the result. (TwoSum's own intermediate results overflow on the way.) To
# refuse such an amount is right as well.
my ($max, $unit) = ('1.7976931348623157e308', '2.9937604643020797e292');
my $right = qr/^(\{2024-01-01 1 )?(1\.7976931348623155e\+308|22\d\d\d|22P02)( 0\})?$/;

like(result("SELECT icm_revenue('{2024-01-01 1 $max 0, 2024-01-02 0 -$unit 0}')"), $right, 'revenue of two days');
like(result("SELECT icm_contribution('{2024-01-01 1 $max 0, 2024-01-02 0 0 $unit}')"), $right, 'contribution');
foreach my $sign ('+', '-')
{
	like( result(qq{
			SELECT icm_rollup(l ORDER BY $sign icm_revenue(l))
			FROM (VALUES ('{2024-01-01 1 $max 0}'::icm_ledger), ('{2024-01-01 0 -$unit 0}')) v(l)}),
		$right, "rollup, in the order of $sign revenue");
	like( result(qq{
			SELECT icm_ledger_agg(date '2024-01-01', v ORDER BY $sign v)
			FROM (VALUES ($max\::float8), (-$unit)) e(v)}),
		$right, "aggregate, in the order of $sign revenue");
}

# A partial sum leaves the range, the sum does not.
my (%aggregated, %rolled_up);
foreach my $order ('1, 2, 3, 4', '1, 3, 2, 4', '3, 1, 4, 2', '4, 3, 2, 1', '1, 2, 4, 3')
{
	my $amount = "(ARRAY[1.7e308, 1.6e308, -1.7e308, 0.1])[i]::float8";
	my $rows = "FROM unnest(ARRAY[$order]) WITH ORDINALITY e(i, o)";

	$aggregated{ result("SELECT icm_ledger_agg(date '2024-01-01', $amount ORDER BY o) $rows") }++;
	$rolled_up{ result("SELECT icm_rollup(format('{2024-01-01 1 %s 0}', $amount)::icm_ledger ORDER BY o) $rows") }++;
}
is(scalar keys %aggregated, 1, 'one result of the aggregate in all orders') or diag(explain \%aggregated);
is(scalar keys %rolled_up, 1, 'one result of a rollup in all orders') or diag(explain \%rolled_up);

# What does not fit is an error.
my $days = "{2024-01-01 1 $max 0, 2024-01-02 1 $max 0, 2024-01-03 1 $max 0}";
foreach my $query (
	"SELECT icm_revenue('$days')",
	"SELECT icm_contribution('{2024-01-01 0 -$max $max}')",
	"SELECT icm_decayed_contribution('$days', '2024-01-04', 1e9)",
	"SELECT icm_rfm('$days', '2024-02-01')",
	"SELECT icm_btyd('$days', '2024-02-01')",
	"SELECT icm_rollup('{2024-01-01 1 $max 0}'::icm_ledger) FROM generate_series(1, 2)",
	"SELECT icm_ledger_agg(date '2024-01-01', $max) FROM generate_series(1, 2)",
	"SELECT icm_btyd('{2024-01-01 1 1 0, 2024-01-02 1 1 0}', '2024-02-01', 5e-324)")
{
	like(result($query), qr/^22(003|P02)$/, $query);
}

$node->stop;
done_testing();
