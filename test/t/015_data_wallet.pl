# Wallet models against quantreg for R: coefficients at many taus, standard errors and intervals, of data that are here and of
# Engel's food expenditure, which is public but not repeated here. test/reference/quantreg.R says how the figures came about.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
my $db = 'postgres';
my (%rows, %fits);

# the reference: "data NAME ROWS COLUMNS WEIGHTED", and the rows; "fit NAME TAU COEFFICIENT..." and "errors NAME TAU ERROR...";
# "interval NAME TAU CONFIDENCE X... FIT LOWER UPPER"; covariances are for the unit test
open my $reference, '<', "$FindBin::RealBin/../reference/quantreg.txt" or die $!;
my $name;
while (my $line = <$reference>)
{
	my @word = split ' ', $line;

	if ($line =~ /^data/)
	{
		$name = $word[1];
	}
	elsif ($line =~ /^(fit|errors|interval)/)
	{
		push @{ $fits{ $word[1] }{$1} }, [ @word[ 2 .. $#word ] ];
	}
	elsif ($line !~ /^(#|covariance)/)
	{
		push @{ $rows{$name} }, \@word;
	}
}
close $reference;

# check(NAME, TABLE, BEFORE, AFTER, COLUMNS): fits of a table, all taus at once, against the reference; the arguments
# before and after the taus are as given
sub check
{
	my ($set, $table, $before, $after, $columns) = @_;
	my %expected = %{ $fits{$set} };

	foreach my $what ('fit', 'errors')
	{
		my %is;
		my @all = sort { $a->[0] <=> $b->[0] } @{ $expected{$what} };
		my $taus = join ',', map { $_->[0] } @all;
		my $wrong = 0;
		my $column = $what eq 'fit' ? 'estimate' : 'std_error';
		my $result = $node->safe_psql($db, qq{
			SELECT p.tau, p.position, p.$column
			FROM (SELECT icm_wallet_fit_quantiles($before, '{$taus}'$after) FROM $table) m(model), icm_wallet_params(model) p});

		foreach my $line (split /\n/, $result)
		{
			my ($tau, $number, $value) = split /\|/, $line, -1;

			$is{ 0 + $tau }[$number] = $value;
		}
		foreach my $fit (@all)
		{
			my ($tau, @value) = @$fit;

			foreach my $i (1 .. $columns)
			{
				my $expected = $value[ $i - 1 ];
				my $value = $is{ 0 + $tau }[$i];
				# the two fits of quantreg's standard errors are of an interior point method
				my $off = $what eq 'fit' ? 1e-9 * (1 + abs $expected) : 1e-5 * $expected;

				$wrong++ if !defined $value || $value eq '' || abs($value - $expected) > $off;
			}
		}
		is($wrong, 0, "$set: $what at " . @all . ' taus as of quantreg');
	}

	my @intervals = @{ $expected{interval} };
	my $values = join ', ', map {
		my ($tau, $confidence, @number) = @$_;
		"($tau, $confidence, '{" . (join ',', @number[ 0 .. $columns - 1 ]) . "}'::float8[], " . (join ', ', @number[ $columns .. $#number ]) . ')'
	} @intervals;
	my $taus = join ',', sort { $a <=> $b } keys %{ { map { $_->[0] => 1 } @intervals } };
	is($node->safe_psql($db, qq{
			SELECT count(*), bool_and(abs(i.wallet - e.wallet) <= 1e-9 * (1 + e.wallet) AND abs(i.lower - e.lower) <= 1e-5 * e.upper
				AND abs(i.upper - e.upper) <= 1e-5 * e.upper)
			FROM (SELECT icm_wallet_fit_quantiles($before, '{$taus}'$after) FROM $table) m(model), (VALUES $values) e(tau, confidence, x, wallet, lower, upper),
				icm_wallet_estimate_interval(model, x, NULL, tau, confidence) i}), @intervals . '|t', "$set: intervals as of quantreg");
	return;
}

foreach my $set ('stackloss', 'random', 'weighted')
{
	my $weighted = $set eq 'weighted';
	my $columns = @{ $rows{$set}[0] } - 1 - $weighted;

	$node->safe_psql($db, "CREATE TABLE $set (x float8[], spend float8, weight float8)");
	foreach my $row (@{ $rows{$set} })
	{
		my $x = join ',', @$row[ 0 .. $columns - 1 ];
		my $weight = $weighted ? $row->[-1] : 1;

		$node->safe_psql($db, "INSERT INTO $set VALUES ('{$x}', $row->[$columns], $weight)");
	}
	check($set, $set, 'spend, x', $weighted ? ', weight' : '', $columns);
}

SKIP:
{
	skip 'the public data sets are not here', 9 unless defined $ENV{ICM_SHARED} && -e "$ENV{ICM_SHARED}/data/engel.csv";

	# 235 Belgian households in 1857: income, and what they spend on food (Koenker and Bassett 1982)
	$node->safe_psql($db, qq{
		CREATE TABLE engel (income float8, food float8);
		COPY engel FROM PROGRAM \$\$cat '$ENV{ICM_SHARED}/data/engel.csv'\$\$ WITH (FORMAT csv, HEADER)});
	check('engel', 'engel', 'food, ARRAY[1, income]', '', 2);
	is($node->safe_psql($db, q{
			SELECT string_agg(round(p.estimate::numeric, 12)::text, ' ' ORDER BY p.tau, p.position)
			FROM (SELECT icm_wallet_fit_quantiles(food, ARRAY[1, income], '{0.5,0.75}') FROM engel) m(model), icm_wallet_params(model) p}),
		'81.482247416936 0.560180551209 62.396585528965 0.644014139369', 'engel: the published median and third quartile');
	is($node->safe_psql($db, q{
			SELECT round(max(p.std_error) FILTER (WHERE p.position = 1)::numeric, 5), round(max(p.std_error) FILTER (WHERE p.position = 2)::numeric, 5)
			FROM (SELECT icm_wallet_fit(food, ARRAY[1, income], 0.5) FROM engel) m(model), icm_wallet_params(model) p}),
		'19.25066|0.02828', 'engel: standard errors of the median');
	is($node->safe_psql($db, q{
			SELECT s.n, s.left_out, s.columns, s.crossings, r.lowest, r.highest
			FROM (SELECT icm_wallet_fit_quantiles(food, ARRAY[1, income], '{0.1,0.25,0.5,0.75,0.9}') FROM engel) m(model),
				icm_wallet_model_stats(model) s, icm_wallet_ranges(model) r WHERE r.position = 2}),
		'235|0|2|0|377.058368850099|4957.81302447901', 'engel: what was fitted; usual quantiles do not cross');

	# a tenth of the households spend more than the wallet, at a tau of .9; but for those on the plane
	is($node->safe_psql($db, q{
			SELECT count(*) FILTER (WHERE food > w * (1 + 1e-12)), count(*) FILTER (WHERE food >= w * (1 - 1e-12))
			FROM engel, (SELECT icm_wallet_fit(food, ARRAY[1, income], 0.9) FROM engel) m(model),
				LATERAL (SELECT icm_wallet_estimate(model, ARRAY[1, income], NULL)) e(w)}),
		'22|24', 'engel: households above the plane, and on it');
	is($node->safe_psql($db, q{
			SELECT bool_and(icm_wallet_estimate(model, ARRAY[1, income], food) >= food), bool_or(icm_wallet_extrapolates(model, ARRAY[1, income])),
				bool_and(icm_wallet_extrapolates(model, ARRAY[1, income * 14]))
			FROM engel, (SELECT icm_wallet_fit(food, ARRAY[1, income], 0.9) FROM engel) m(model)}),
		't|f|t', 'engel: no estimate is below what is spent; who was fitted is not beyond');
	# in another order of the rows
	is($node->safe_psql($db, q{
			SELECT count(DISTINCT model::text), count(*)
			FROM (SELECT icm_wallet_fit(food, ARRAY[1, income], 0.75) AS model
				FROM (SELECT n, engel.* FROM engel, generate_series(1, 20) n ORDER BY n, hashint8(n * 1000 + (income * 1000)::int8) OFFSET 0) e GROUP BY n) m}),
		'1|20', 'engel: in twenty orders the same');
}

done_testing();
