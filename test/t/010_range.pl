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

# Wallets: amounts to 1e140, whose squares and sums are in range; what is computed of them is too.
my $orders = 'generate_series(0, 4) k';
my @wallets = (
	'(1e140, 1e140), (0, 1e140), (5e-324, 1e140), (3e139, 1e140)',
	'(5e-324, 1e140), (5e-324, 5e-324), (1, 3), (1e-300, 1e140)',
	'(1e140, 1e140), (1e140, 1e140), (1e140, 1e140)',
	'(5e-324, 5e-324), (0, 1e-323), (0, 5e-324)');
foreach my $wallets (@wallets)
{
	my $rows = "(VALUES $wallets) v(o, w)";
	my $shuffled = "$orders, LATERAL (SELECT o::float8, w::float8, row_number() OVER () AS i FROM $rows) r";

	is( result(qq{
			SELECT count(DISTINCT md5(icm_wallet_send(a))), count(DISTINCT s), bool_and(s.share BETWEEN 0 AND 1 AND s.mean_share BETWEEN 0 AND 1 AND s.own <= s.wallet
				AND s.headroom BETWEEN 0 AND s.wallet AND s.wallet < 'Infinity' AND s.penetration BETWEEN 0 AND 1),
				bool_and(i.std_error BETWEEN 0 AND 2 AND CASE WHEN i.std_error > 0 THEN i.lower BETWEEN 0 AND i.share AND i.upper BETWEEN i.share AND 1 ELSE num_nulls(i.lower, i.upper) = 2 END)
			FROM (SELECT icm_wallet_agg(o, w ORDER BY hashint8extended(i, k)) AS a FROM $shuffled GROUP BY k) q, icm_wallet_stats(a) s, icm_wallet_share_interval(a) i}),
		'1|1|t|t', "icm_wallet_agg, and what is read of it: $wallets");
	is( result(qq{
			SELECT count(DISTINCT md5(icm_wallet_send(a))) FROM (SELECT icm_rollup(icm_wallet_add(NULL, o, w) ORDER BY hashint8extended(i, k)) AS a FROM $shuffled GROUP BY k
			UNION ALL SELECT icm_wallet_agg(o::float8, w::float8) FROM $rows) q}),
		'1', "icm_rollup: $wallets");
	foreach my $other (@wallets)
	{
		is( result(qq{
				SELECT bool_and(t.change BETWEEN -1 AND 1 AND t.std_error BETWEEN 0 AND 2 AND CASE WHEN ia.std_error > 0 AND ib.std_error > 0
					THEN t.lower BETWEEN -1 AND t.upper AND t.upper <= 1 AND t.t BETWEEN -1e300 AND 1e300 AND t.p_value BETWEEN 0 AND 1
						AND t.df BETWEEN least(t.n_before, t.n_after) - 1.001 AND t.n_before + t.n_after - 1.999
					ELSE num_nulls(t.lower, t.upper, t.t, t.df, t.p_value) = 5 END)
				FROM (SELECT icm_wallet_agg(o::float8, w::float8) AS a FROM $rows) a, (SELECT icm_wallet_agg(o::float8, w::float8) AS b FROM (VALUES $other) v(o, w)) b,
					icm_wallet_change(a, b) t, icm_wallet_share_interval(a) ia, icm_wallet_share_interval(b) ib}),
			't', "icm_wallet_change: $wallets to $other");
		is( result(qq{
				SELECT count(DISTINCT t::text), bool_and((t).change BETWEEN -1 AND 1 AND (t).std_error BETWEEN 0 AND 2 AND CASE WHEN (t).std_error > 0
					THEN (t).lower BETWEEN -1 AND (t).upper AND (t).upper <= 1 AND (t).p_value BETWEEN 0 AND 1 ELSE num_nulls((t).lower, (t).upper, (t).t, (t).df, (t).p_value) = 5 END)
				FROM (SELECT icm_wallet_change_agg(o, w, p, x ORDER BY hashint8extended(i, k)) AS t
					FROM $shuffled JOIN (SELECT o::float8, w::float8, row_number() OVER () FROM (VALUES $other) v(o, w)) b(p, x, i) USING (i) GROUP BY k) q}),
			'1|t', "icm_wallet_change_agg: $wallets to $other");
	}
}
# Estimated ones by any model: errors in range or not known.
foreach my $error ('0', '5e-324', '1e-300', '1', '1e140', '1e300', $max)
{
	is( result(qq{
			SELECT count(DISTINCT e::text), bool_and((e).share BETWEEN 0 AND 1 AND (e).wallet BETWEEN (e).own AND 1e150 AND coalesce((e).model_error, 0) BETWEEN 0 AND $max
				AND (e).sample_error BETWEEN 0 AND 2 AND coalesce((e).std_error, 0) BETWEEN 0 AND $max AND coalesce((e).lower, 0) BETWEEN 0 AND (e).share AND coalesce((e).upper, 1) BETWEEN (e).share AND 1)
			FROM (SELECT icm_wallet_estimate_agg(format('{taus: [0.5], coefficients: [%s 0 0], std_errors: nid [%s 1 %s], correlations: [-1 0 1]}', c, '$error', '$error')::icm_wallet_model,
					ARRAY[x, -x, 1 / x], o ORDER BY hashint8extended(i, k)) AS e
				FROM $orders, unnest('{1e-300,1,-1}'::float8[]) c, (VALUES (1, 1e140, 0), (2, 1e-139, 1e139), (3, 1e-140, 1e-323), (4, 7, NULL), (5, 1e100, 0)) v(i, x, o) GROUP BY k, c) q}),
		'3|t', "icm_wallet_estimate_agg: standard errors of $error");
}
foreach my $query (
	'SELECT icm_wallet_agg(0, 1.0000000000000002e140)', 'SELECT icm_wallet_agg(1e300, 1e300)', 'SELECT icm_wallet_agg(1.1e140, NULL)',
	"SELECT icm_wallet_add('{}', 0, $max)", 'SELECT icm_wallet_change_agg(0, 1, 0, 1.1e140)', 'SELECT icm_wallet_change_agg(1.1e140, NULL, 0, 1)',
	"SELECT icm_wallet_estimate_agg('{taus: [0.5], coefficients: [1]}', '{1.1e140}', 0)", "SELECT icm_wallet_estimate_agg('{taus: [0.5], coefficients: [0]}', '{-$max}', 0)",
	"SELECT icm_wallet_estimate_agg('{taus: [0.5], coefficients: [$max]}', '{-1e140}', 0)", "SELECT '{unknown: 1, unknown_own: $max + $max}'::icm_wallet",
	"SELECT '{customers: 1, wallet: $max, wallet_squares: $max}'::icm_wallet",
	"SELECT icm_rollup(w) FROM (VALUES ('{unknown: 9007199254740992, unknown_own: 9e155}'::icm_wallet), ('{unknown: 1}')) v(w)")
{
	like(result($query), qr/^22(003|P02)$/, $query);
}
is(result("SELECT icm_share_of_wallet($max, $max), icm_share_of_wallet(5e-324, $max), icm_share_of_wallet(5e-324, 5e-324)"), '1|0|1', 'icm_share_of_wallet');

# Wallet models: spend and attributes of any size. A fit in range is the same in all orders; one that is not is an error.
foreach my $rows ("(-$max, 1), ($max, 1), (0.1, 1)", "($max, $max), (-$max, -$max), (0, 1e308)", "($max, 1e-10), (-$max, -1e-10), (0, 1)",
	'(5e-324, 1), (1e-323, 2), (0, 3)', '(1, 1e-300), (2, 3e-300), (7, 4e-300)', "(1e10, $max), (2e10, 1e308), (7e10, -$max)")
{
	is( result(qq{
		SELECT count(DISTINCT m::text), bool_and(m::text !~* 'nan|inf' AND m::text::icm_wallet_model::text = m::text)
		FROM (SELECT icm_wallet_fit(v::float8, ARRAY[x::float8], 0.5 ORDER BY (n * k) % 5) AS m
			FROM (VALUES $rows) e(v, x), LATERAL (SELECT 1 + hashfloat8(v::float8) % 5 + hashfloat8(x::float8) % 7) h(n), generate_series(1, 4) k GROUP BY k) q}),
		'1|t', "fit: $rows");
}
foreach my $query (
	"SELECT icm_wallet_fit($max, ARRAY[5e-324], 0.5)", "SELECT icm_wallet_fit(5e-324, ARRAY[$max], 0.5)", "SELECT icm_wallet_fit(3, ARRAY[$max], 0.5)", "SELECT icm_wallet_fit(v, ARRAY[1e-300], 0.5) FROM unnest(ARRAY[1e100, 1e101]) v",
	"SELECT icm_wallet_estimate('{taus: [0.9], coefficients: [$max 1]}'::icm_wallet_model, '{2,1}', 0)",
	"SELECT icm_wallet_estimate('{taus: [0.9], coefficients: [1e200]}'::icm_wallet_model, '{1e200}', 0)",
	"SELECT icm_wallet_estimate('{taus: [0.9], coefficients: [1 1]}'::icm_wallet_model, '{$max,$max}', 0)",
	"SELECT icm_wallet_estimate_interval('{taus: [0.9], coefficients: [1 1]}'::icm_wallet_model, '{$max,$max}', 0)")
{
	is(result($query), '22003', $query);
}
is(result("SELECT icm_wallet_estimate(m, '{1}', $max), icm_wallet_estimate(m, '{5e-324}', 0), icm_wallet_estimate(m, '{-$max}', 5e-324)
	FROM CAST('{taus: [0.9], coefficients: [1]}' AS icm_wallet_model) m"), '1.7976931348623157e+308|5e-324|5e-324', 'estimates in range');

is(result("SELECT count(*), count(i.std_error), bool_and(i.lower BETWEEN 0 AND i.wallet AND i.wallet <= i.upper AND i.upper <= $max)
	FROM unnest(ARRAY[0, 5e-324, 1e-300, 1, 1e300, $max]) s, unnest(ARRAY[0, 5e-324, 1e-10, 1, 1e10, $max]) x,
		CAST(format('{taus: [0.9], coefficients: [0 1], std_errors: nid [%s 1], correlations: [-0.5]}', s) AS icm_wallet_model) m,
		icm_wallet_estimate_interval(m, ARRAY[x, 1], 0) i"), '36|30|t', 'intervals in range');

# Reconciling: amounts to 1e280. What comes of them adds up, in every order, or is an error.
foreach my $rows ('(0, 1e280), (0, 1e280), (0, 1e280)', '(1e280, 1e280), (0, 5e-324), (0, 0)', '(3e279, 0), (0, 1e280), (0, 1e-20)',
	'(0, 1e-20), (0, 3e-20), (1e279, 1e-20)', '(5e-324, 1), (0, 1), (0, 2)')
{
	my $values = "(VALUES $rows) v(o, e)";
	my $adds_up = 'abs(sum(w / 1e280) - 1) <= 1e-12';

	is(result("SELECT $adds_up, bool_and(w >= o) FROM (SELECT o, icm_wallet_calibrate(o, e, 1e280) OVER () AS w FROM $values) q"), 't|t', "icm_wallet_calibrate: $rows");
	is( result("SELECT count(DISTINCT c::text), bool_and(c::text !~* 'nan|inf') FROM (SELECT icm_wallet_calibration(o, e, 1e280 ORDER BY (e * k)::numeric % 7, o * k) AS c
			FROM (SELECT o::float8, e::float8 FROM $values) v, generate_series(-2, 2) k GROUP BY k) q"),
		'1|t', "icm_wallet_calibration: $rows");
	is(result("SELECT $adds_up FROM (SELECT icm_rake(e, '{all}', '{1e280}') OVER () AS w FROM $values) q"), 't', "icm_rake: $rows");
	is( result("SELECT count(*) FROM (SELECT icm_wallet_peer(o, ARRAY[e * 1e28, -e], 2, 0.8) OVER () AS w, o FROM $values) q
			WHERE w IS NULL OR w < o OR w > 1e280"),
		'0', "icm_wallet_peer: $rows");
}
foreach my $call (
	'icm_wallet_calibrate(1.1e280, 1, 1)', 'icm_wallet_calibrate(0, 1.1e280, 1)', 'icm_wallet_calibrate(0, 1, 1.1e280)', 'icm_wallet_calibrate(0, 5e-324, 1e280)',
	q{icm_rake(1.1e280, '{a}', '{1}')}, q{icm_rake(1, '{a}', '{1.1e280}')}, q{icm_wallet_peer(1.1e280, '{1}', 1, 0.8)})
{
	is(result("SELECT $call OVER () FROM generate_series(1, 2)"), '22003', $call);
}
is(result("SELECT icm_wallet_calibration(0, 5e-324, 1e280)"), '22003', 'icm_wallet_calibration: a factor beyond float8');
# The first and the last are the most similar to each other, and to the two others the last is.
is( result("SELECT string_agg(w::text, ' ' ORDER BY i) FROM (SELECT i, icm_wallet_peer(o, ARRAY[x, y], 1, 1) OVER () AS w
		FROM (VALUES (1, 9, $max, 0), (2, 0, -$max, 5e-324), (3, 0, 1e-300, $max), (4, 7, 1.7e308, 1e-320)) v(i, o, x, y)) q"),
	'9 7 7 9', 'icm_wallet_peer: attributes at both ends of the range');
is( result("SELECT string_agg(round(w::numeric, 3)::text, ' ' ORDER BY v) FROM (SELECT v, icm_wallet_allocation(v) OVER () AS w FROM unnest(ARRAY[$max, -$max, 5e-324, 0]) v) q"),
	'0.100 0.200 0.300 0.400', 'icm_wallet_allocation');

# Norms at the limits of what a model may be: shares are shares.
foreach my $model ('M: 1e9, K: 1e-6, S: 1e6', 'M: 1e-9, K: 1e6, S: 1e-6', 'M: 1e9, K: 1e6, S: 1e-6', 'M: 1e-9, K: 1e-6, S: 1e6', 'M: 1e9, K: 1e-6, S: 1e-6', 'M: 1e-9, K: 1e6, S: 1e6')
{
	my $market = "'{$model, brands: {a: 0.9, b: 0.09, c: 1e-06}}'::icm_dirichlet";
	my $share = sub { join(' AND ', map { "$_ BETWEEN 0 AND 1 + 1e-9" } @_) };

	is( result("SELECT count(*), bool_and(" . $share->('penetration', 'share_of_category_requirements', 'loyal_100') . " AND purchases_per_buyer >= 1 - 1e-9
			AND category_purchases_per_buyer >= purchases_per_buyer * (1 - 1e-9) AND category_purchases_per_buyer < 'Infinity'
			AND coalesce(loyal_100_rate, 1) BETWEEN 1 - 1e-9 AND 1e300) FROM icm_dirichlet_norms($market)"),
		'3|t', "norms: $model");
	is(result("SELECT count(*), bool_and(" . $share->('coalesce(duplication, 0)') . ") FROM icm_dirichlet_duplication($market)"), '6|t', "duplication: $model");
	is( result("SELECT count(*), bool_and(" . $share->('probability', 'at_least') . "), abs(max(at_least) - 1) < 1e-9
			FROM icm_dirichlet_distribution($market, 'a', 50)"), '51|t|t', "distribution: $model");
}
foreach my $query (
	map({ "SELECT icm_dirichlet_norms('{M: 1e9, K: 1, S: 1, brands: {a: 1}}'::icm_dirichlet, $_)" } '1.1', $max, '0', '-1', "'Infinity'", "'NaN'"),
	"SELECT icm_dirichlet_norms('{M: 1e-9, K: 1, S: 1, brands: {a: 1}}'::icm_dirichlet, 5e-324)",
	"SELECT icm_dirichlet_fit(0.5, $max, '{a}', '{0.5}', '{0.1}')", "SELECT icm_dirichlet_fit(5e-324, 1.5, '{a}', '{0.5}', '{5e-324}')",
	"SELECT icm_dirichlet_fit(0.5, 3, '{a}', '{5e-324}', '{0.1}')")
{
	like(result($query), qr/^22(003|023)$/, $query);
}

$node->stop;
done_testing();
