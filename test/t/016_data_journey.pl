# Shares of wallet on real purchases: households of a supermarket, dunnhumby's Complete Journey (CC0), as README's
# "Households of a supermarket" has them. Checked against plain SQL in numeric, brute force, and quantreg 5.94 for R,
# run once: coefficients and the minimum by rq.fit.br, which is of Barrodale and Roberts's simplex method, standard
# errors by summary.rq(se = "nid").
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the public data sets are not here' unless defined $ENV{ICM_SHARED};

my $node = start_node('main', 'work_mem = 64MB');
my $db = 'postgres';

# is_sql(QUERY, EXPECTED, NAME)
sub is_sql
{
	my ($query, $expected, $name) = @_;

	is($node->safe_psql($db, $query), $expected, $name);
	return;
}

# near_sql(QUERY, TOLERANCE, NAME, NUMBER...): the numbers that a query gives, in rows or columns
sub near_sql
{
	my ($query, $tolerance, $name, @expected) = @_;
	my @is = split /[|\n]/, $node->safe_psql($db, $query), -1;
	my $wrong = @is != @expected;

	foreach my $i (0 .. $#expected)
	{
		$wrong ||= $is[$i] eq '' || abs($is[$i] - $expected[$i]) > $tolerance * (1 + abs($expected[$i]));
	}
	ok(!$wrong, $name) or diag("it is @is");
	return;
}

$node->safe_psql($db, q{
	CREATE TABLE transactions (household_id text, store_id text, basket_id text, product_id text, quantity numeric,
		sales_value numeric, retail_disc numeric, coupon_disc numeric, coupon_match_disc numeric, week int, transaction_timestamp timestamp);
	CREATE TABLE products (product_id text, manufacturer_id text, department text, brand text, product_category text,
		product_type text, package_size text);
	CREATE TABLE demographics (household_id text, age text, income text, home_ownership text, marital_status text,
		household_size text, household_comp text, kids_count text);
});
load_gz($node, $_->[0], q{FORMAT csv, HEADER, NULL 'NA'}, $_->[1])
  foreach [ 'transactions', 'cj_transactions_sample.csv.gz' ], [ 'products', 'cj_products.csv.gz' ], [ 'demographics', 'cj_demographics.csv.gz' ];
$node->safe_psql($db, q{
	CREATE TABLE receipt AS
		SELECT household_id, transaction_timestamp AS at, department, sales_value AS spend,
			CASE brand WHEN 'Private' THEN sales_value ELSE 0 END AS private
		FROM transactions JOIN products USING (product_id) WHERE department NOT IN ('FUEL', 'MISCELLANEOUS', 'COUPON');
	CREATE TABLE bought AS
		SELECT household_id, department, sum(private) AS private, sum(spend) AS spend FROM receipt GROUP BY 1, 2;
	CREATE TABLE shopper AS
		SELECT household_id, private, spend, private_before, spend_before, private_after, spend_after, x
		FROM (SELECT household_id, sum(private) AS private, sum(spend) AS spend,
				coalesce(sum(private) FILTER (WHERE at < '2017-07-01'), 0) AS private_before,
				coalesce(sum(spend) FILTER (WHERE at < '2017-07-01'), 0) AS spend_before,
				coalesce(sum(private) FILTER (WHERE at >= '2017-07-01'), 0) AS private_after,
				coalesce(sum(spend) FILTER (WHERE at >= '2017-07-01'), 0) AS spend_after
			FROM receipt GROUP BY household_id) b
			LEFT JOIN (SELECT household_id, ARRAY[1, CASE income WHEN 'Under 15K' THEN 0 ELSE substring(income, '\d+')::int END,
					left(household_size, 1)::int, left(kids_count, 1)::int, (home_ownership LIKE '%Homeowner' IS TRUE)::int] AS x
				FROM demographics) d USING (household_id);
	ANALYZE;
});
is_sql(q{SELECT count(*), count(DISTINCT household_id), count(*) FILTER (WHERE sales_value < 0), count(*) FILTER (WHERE department IS NULL),
		round(sum(sales_value) FILTER (WHERE department IS NULL), 2), round(sum(sales_value), 2) FROM transactions LEFT JOIN products USING (product_id)},
	'75000|2377|0|222|4.67|233935.24', 'what the data are');

# ---- private labels by department ----------------------------------------------

# Student's t of 95 % by the normal distribution's z, of 50 degrees of freedom or more: Abramowitz and Stegun 26.7.5
$node->safe_psql($db, q{CREATE FUNCTION t_of(df float8, z float8 DEFAULT 1.959963984540054) RETURNS float8 LANGUAGE sql AS $$
	SELECT z + z * (z ^ 2 + 1) / (4 * df) + z * (5 * z ^ 4 + 16 * z ^ 2 + 3) / (96 * df ^ 2) + z * (3 * z ^ 6 + 19 * z ^ 4 + 17 * z ^ 2 - 15) / (384 * df ^ 3)
		+ z * (79 * z ^ 8 + 776 * z ^ 6 + 1482 * z ^ 4 - 1920 * z ^ 2 - 945) / (92160 * df ^ 4) $$});

# the sums are exact, but float8 has not quite the cents: half of the last bit of them, and of the sum
is_sql(q{
		SELECT count(*), bool_and(s.n = b.n AND s.no_spend = b.no_spend AND s.unknown = 0 AND s.unknown_own = 0
			AND abs(s.own - b.own) <= 2 ^ -52 * b.own AND abs(s.wallet - b.wallet) <= 2 ^ -52 * b.wallet
			AND abs(s.headroom - (b.wallet - b.own)) <= 2 ^ -51 * b.wallet
			AND abs(s.share - b.own / b.wallet) < 1e-15 AND abs(s.mean_share - b.mean_share) < 1e-15
			AND s.penetration = b.buyers / b.n::float8)
		FROM (SELECT department, icm_wallet_agg(private, spend) AS w FROM bought GROUP BY ROLLUP (department)) a
			JOIN (SELECT department, count(*) FILTER (WHERE spend > 0) AS n, count(*) FILTER (WHERE spend = 0) AS no_spend,
				count(*) FILTER (WHERE private > 0) AS buyers, sum(private) AS own, sum(spend) AS wallet, avg(private / nullif(spend, 0)) AS mean_share
				FROM bought GROUP BY ROLLUP (department)) b ON b.department IS NOT DISTINCT FROM a.department,
			icm_wallet_stats(w) s},
	'24|t', 'departments, and all: as by SUM and AVG');
is_sql(q{
		SELECT bool_and(rolled = whole) FROM (
			SELECT icm_rollup(w)::text AS rolled, (SELECT icm_wallet_agg(private, spend)::text FROM bought) AS whole
			FROM (SELECT icm_wallet_agg(private, spend) AS w FROM bought GROUP BY department) d
			UNION ALL
			SELECT icm_rollup(w)::text, (SELECT icm_wallet_agg(private, spend)::text FROM shopper)
			FROM (SELECT icm_wallet_agg(private, spend) AS w FROM shopper GROUP BY right(household_id, 1)) h) r},
	't', 'any parts make the same whole');
is_sql(q{
		SELECT bool_and(abs(i.share - r) < 1e-15 AND abs(std_error - e) < 1e-12 * e AND abs(lower - greatest(r - t * e, 0)) < 1e-9
			AND abs(upper - least(r + t * e, 1)) < 1e-9), count(*)
		FROM (SELECT department, icm_wallet_agg(private, spend) AS w FROM bought GROUP BY 1 HAVING sum(private) > 0 AND count(*) > 50) a
			JOIN (SELECT department, r, sqrt(count(*) / (count(*) - 1.0) * sum((private - r * spend) ^ 2)) / sum(spend) AS e, t_of(count(*) - 1) AS t
				FROM bought JOIN (SELECT department, sum(private) / sum(spend) AS r FROM bought GROUP BY 1 HAVING sum(spend) > 0) ratio USING (department)
				WHERE spend > 0 GROUP BY department, r HAVING count(*) > 1) b USING (department),
			icm_wallet_share_interval(w) i},
	't|12', 'departments: standard errors by the delta method, and intervals');

# ---- wallets from demographics --------------------------------------------------

$node->safe_psql($db, q{CREATE TABLE model AS SELECT icm_wallet_fit_quantiles(spend, x, '{0.5,0.85,0.9}') AS model FROM shopper});
near_sql(q{SELECT p.estimate FROM model, icm_wallet_params(model) p ORDER BY p.tau, p.position}, 1e-11, 'coefficients as of quantreg',
	94.33, 0.616, 6.28999999999999, -4.73666666666666, -14.38, 171.2378, 0.80828, 2.6222, 6.56880000000001, 20.3458,
	192.45, 0.793600000000001, -0.750000000000398, 15.8400000000005, 53.9799999999999);
near_sql(q{SELECT p.std_error FROM model, icm_wallet_params(model) p ORDER BY p.tau, p.position}, 1e-6, 'standard errors as of quantreg',
	12.7080903766, 0.127674977689, 8.10874966307, 10.0655711343, 8.91994535561,
	20.8066283389, 0.147376788156, 13.5404086242, 17.7516714565, 14.4242605247,
	41.4226155498, 0.260501709831, 24.1704006274, 30.5156017256, 23.1406501011);
$node->safe_psql($db, q{
	CREATE TABLE residual AS
		SELECT tau, x, CASE WHEN abs(r) < 1e-9 THEN 0 ELSE r END AS r
		FROM shopper, (SELECT p.tau, array_agg(p.estimate ORDER BY p.position) AS b FROM model, icm_wallet_params(model) p GROUP BY p.tau) c,
			LATERAL (SELECT spend - (b[1] * x[1] + b[2] * x[2] + b[3] * x[3] + b[4] * x[4] + b[5] * x[5]) AS r) e
		WHERE x IS NOT NULL});
near_sql('SELECT sum(r * (tau - (r < 0)::int)) FROM residual GROUP BY tau ORDER BY tau', 1e-12, 'the minimum as of quantreg',
	28614.3983333333, 21226.4562, 16964.6658);
# the plane is through five households; below it are a part tau of them and at most those five more; the directional
# derivative of the sum that is minimised is nowhere negative: along the axes, and in 500 directions otherwise
is_sql(q{SELECT tau, count(*) FILTER (WHERE r = 0), count(*) FILTER (WHERE r < 0) <= 801 * tau, count(*) FILTER (WHERE r <= 0) >= 801 * tau
		FROM residual GROUP BY tau ORDER BY tau},
	"0.5|5|t|t\n0.85|5|t|t\n0.9|5|t|t", 'households on, below and above the plane');
is_sql(q{
		SELECT count(*), min(slope) > -1e-9 FROM (
			SELECT tau, n, sum(CASE WHEN r <> 0 THEN -(tau - (r < 0)::int) * step ELSE greatest(-tau * step, (1 - tau) * step) END) AS slope
			FROM (SELECT n, array_agg(CASE WHEN n > 10 THEN hashint8(n * 7 + i) / 2147483648.0 / (ARRAY[1, 50, 2, 1, 1])[i]
						ELSE CASE WHEN i = (n + 1) / 2 THEN (-1) ^ n ELSE 0 END END::float8 ORDER BY i) AS d
					FROM generate_series(1, 510) n, generate_series(1, 5) i GROUP BY n) directions, residual,
				LATERAL (SELECT d[1] * x[1] + d[2] * x[2] + d[3] * x[3] + d[4] * x[4] + d[5] * x[5] AS step) s
			GROUP BY tau, n) slopes},
	'1530|t', 'no direction leads below the minimum');
$node->safe_psql($db, q{
	CREATE TABLE estimated AS
		SELECT shopper.*, icm_wallet_estimate(model, x, spend, 0.85) AS wallet, icm_wallet_estimate(model, x, NULL, 0.85) AS estimate FROM shopper, model});
is_sql(q{
		SELECT bool_and(wallet = greatest(spend::float8, estimate)), count(*) FILTER (WHERE wallet = spend::float8), count(*) FILTER (WHERE wallet IS NULL),
			count(*) FILTER (WHERE wallet IS NULL AND x IS NOT NULL) FROM estimated},
	't|123|1572|0', 'estimates are not below own spend; none without demographics');
is_sql(q{
		SELECT n, own, round(wallet::numeric, 4), round(share::numeric, 6), unknown, unknown_own
		FROM (SELECT icm_wallet_agg(spend, wallet) AS w FROM estimated) w, icm_wallet_stats(w)},
	'801|120764.5|201824.4826|0.598364|1572|92511.11', 'share of the estimated wallets; the others are unknown');
is_sql(q{SELECT count(*) FILTER (WHERE icm_wallet_extrapolates(model, x)), bool_and(icm_wallet_extrapolates(model, x[1:2] || 8 || x[4:5])) FROM shopper, model WHERE x IS NOT NULL},
	'0|t', 'who was fitted is not beyond; eight persons are');

# ---- the most similar households --------------------------------------------------

# some households are prospects, and nobody's peers, nor do they count in the deviations; 1 is the constant
$node->safe_psql($db, q{
	CREATE TABLE peer AS
		SELECT household_id, own, x, icm_wallet_peer(own, x, 50, 0.85) OVER () AS wallet, icm_wallet_peer(own, x, 3, 0.5) OVER () AS of_three
		FROM (SELECT household_id, x, CASE WHEN household_id !~ '7$' THEN spend END::float8 AS own FROM shopper) s;
	CREATE TABLE distance AS
		SELECT a.household_id, a.own, b.own AS peer_own,
			(a.x[2] - b.x[2]) ^ 2 / v2 + (a.x[3] - b.x[3]) ^ 2 / v3 + (a.x[4] - b.x[4]) ^ 2 / v4 + (a.x[5] - b.x[5]) ^ 2 / v5 AS square
		FROM peer a JOIN peer b ON a.household_id <> b.household_id AND b.own IS NOT NULL,
			(SELECT var_pop(x[2])::float8 AS v2, var_pop(x[3])::float8 AS v3, var_pop(x[4])::float8 AS v4, var_pop(x[5])::float8 AS v5 FROM peer WHERE own IS NOT NULL) v
		WHERE a.x IS NOT NULL AND b.x IS NOT NULL;
	ANALYZE distance});
# brute(K, TAU): estimates from all pairs
sub brute
{
	my ($k, $tau) = @_;

	return qq{(SELECT household_id, count(*) AS peers, greatest(percentile_disc($tau) WITHIN GROUP (ORDER BY peer_own), min(own)) AS wallet
		FROM distance JOIN (SELECT household_id, (array_agg(square ORDER BY square))[$k] AS farthest FROM distance GROUP BY 1) f USING (household_id)
		WHERE square <= farthest * (1 + 1e-9) GROUP BY household_id)};
}
is_sql('SELECT count(*), count(*) FILTER (WHERE own IS NULL), bool_and(p.wallet = b.wallet), max(b.peers) > 50 FROM peer p JOIN ' . brute(50, 0.85) . ' b USING (household_id)',
	'801|81|t|t', 'what the 50 most similar spend, as of all pairs');
is_sql('SELECT count(*), bool_and(p.of_three = b.wallet), min(b.peers) FROM peer p JOIN ' . brute(3, 0.5) . ' b USING (household_id)',
	'801|t|3', 'and the three most similar');
is_sql('SELECT count(*), count(wallet) FROM peer WHERE x IS NULL', '1572|0', 'nobody is similar to a household without demographics');

# ---- by grade -----------------------------------------------------------------------

$node->safe_psql($db, q{
	CREATE TABLE graded AS
		SELECT estimated.*, icm_grade(icm_revenue(ledger, to_day => '2017-06-30'), scale) AS grade
		FROM estimated JOIN (SELECT household_id, icm_ledger_agg(at, spend) AS ledger FROM receipt GROUP BY 1) l USING (household_id),
			(SELECT icm_scale_agg(spend_before, 5, 'quantile') AS scale FROM shopper) s});
is_sql(q{
		SELECT string_agg(concat(grade, ' ', households, ' ', round(p::numeric, 4), ' ', round(w::numeric, 4)), ', ' ORDER BY grade) FROM (
			SELECT grade, count(*) AS households, icm_wallet_share(icm_wallet_agg(private_after, spend_after)) AS p, icm_wallet_share(icm_wallet_agg(spend, wallet)) AS w
			FROM graded GROUP BY grade) g},
	'A 475 0.2026 0.8467, B 475 0.2190 0.5293, C 474 0.2390 0.3260, D 475 0.2302 0.2217, E 474 0.1974 0.1720', 'shares by grade');
is_sql(q{
		SELECT bool_and(abs(icm_wallet_share(p) - plain_p) < 1e-14 AND abs(icm_wallet_share(w) - plain_w) < 1e-14) FROM (
			SELECT icm_wallet_agg(private_after, spend_after) AS p, sum(private_after) / sum(spend_after) AS plain_p, icm_wallet_agg(spend, wallet) AS w,
				sum(spend) FILTER (WHERE wallet IS NOT NULL) / sum(wallet::numeric) AS plain_w
			FROM graded GROUP BY grade) g},
	't', 'shares by grade: as by SUM');
# who bought by chance what is cheap is graded lower: of the same period, the worst grade seems to buy most private labels
is_sql(q{
		SELECT string_agg(round(share::numeric, 3)::text, ' ' ORDER BY grade) FROM (
			SELECT icm_grade(spend, scale) AS grade, icm_wallet_share(icm_wallet_agg(private, spend)) AS share
			FROM shopper, (SELECT icm_scale_agg(spend, 5, 'quantile') AS scale FROM shopper) s GROUP BY 1) g},
	'0.202 0.221 0.233 0.247 0.251', 'private labels by grade of the same period');

# ---- from one half year to the next ---------------------------------------------------

is_sql(q{
		SELECT n_before, n_after, left_out, round(share_before::numeric, 6), round(share_after::numeric, 6),
			abs(t.change - (r2 - r1)) < 1e-15, abs(std_error - e) < 1e-12 * e, abs(lower - (r2 - r1 - t95 * e)) < 1e-12,
			abs(upper - (r2 - r1 + t95 * e)) < 1e-12, abs(t - (r2 - r1) / e) < 1e-10, df = n - 1
		FROM (SELECT (icm_wallet_change_agg(private_before, spend_before, private_after, spend_after)).* FROM shopper) t,
			(SELECT r1, r2, sqrt(count(*) / (count(*) - 1.0) * sum(((private_after - r2 * spend_after) / w2 - (private_before - r1 * spend_before) / w1) ^ 2)) AS e, count(*) AS n, t_of(count(*) - 1) AS t95
			FROM shopper, (SELECT sum(private_before) / sum(spend_before) AS r1, sum(private_after) / sum(spend_after) AS r2, sum(spend_before) AS w1, sum(spend_after) AS w2 FROM shopper) r
			WHERE spend_before > 0 OR spend_after > 0 GROUP BY r1, r2) plain},
	'2206|2243|1|0.216312|0.213822|t|t|t|t|t|t', 'change of private labels, in pairs: as by SUM');
is_sql(q{
		SELECT abs(unpaired.std_error - sqrt(b.std_error ^ 2 + a.std_error ^ 2)) < 1e-15, paired.std_error < unpaired.std_error, unpaired.change = paired.change
		FROM (SELECT (icm_wallet_change_agg(private_before, spend_before, private_after, spend_after)).* FROM shopper) paired,
			(SELECT icm_wallet_agg(private_before, spend_before) AS before, icm_wallet_agg(private_after, spend_after) AS after FROM shopper) s,
			icm_wallet_change(before, after) unpaired, icm_wallet_share_interval(before) b, icm_wallet_share_interval(after) a},
	't|t|t', 'the same households are compared more closely in pairs than as two samples');

# ---- to known totals ----------------------------------------------------------------------

is_sql(q{
		SELECT c.n, c.at_own, round(c.lambda::numeric, 10), abs(c.own - plain.own) < 1e-9, abs(plain.total - 190000) < 1e-6, plain.at_own, plain.far
		FROM (SELECT (icm_wallet_calibration(spend, estimate, 190000)).* FROM estimated) c,
			LATERAL (SELECT sum(spend) AS own, sum(wallet::numeric) AS total, count(*) FILTER (WHERE wallet = spend::float8) AS at_own,
				count(*) FILTER (WHERE abs(wallet - greatest(spend, c.lambda * estimate)) > 1e-10) AS far
				FROM (SELECT spend, estimate, icm_wallet_calibrate(spend, estimate, 190000) OVER () AS wallet FROM estimated) w WHERE estimate IS NOT NULL) plain},
	'801|158|0.9251322089|t|t|158|0', 'calibrated estimates add up to the total, by one factor and not below own spend');
# 5 sizes and 12 incomes, whose wallets are 1.6 times own spend
is_sql(q{
		WITH cell AS (
			SELECT spend, estimate, x[3]::text AS size, x[2]::text AS income, 1.6 * sum(spend) OVER (PARTITION BY x[3]) AS size_total,
				1.6 * sum(spend) OVER (PARTITION BY x[2]) AS income_total
			FROM estimated WHERE x IS NOT NULL
		), raked AS (
			SELECT *, icm_rake(estimate, ARRAY[size, income], ARRAY[size_total, income_total]::float8[]) OVER () AS wallet FROM cell
		), factor AS (
			SELECT size, income, avg(ln(wallet / estimate)) AS f, stddev_pop(ln(wallet / estimate)) AS spread FROM raked GROUP BY 1, 2
		)
		SELECT (SELECT count(*) FROM factor), (SELECT max(spread) < 1e-7 FROM factor),
			(SELECT bool_and(abs(sum - total) <= 1e-9 * total) FROM (
				SELECT sum(wallet) AS sum, min(size_total) AS total FROM raked GROUP BY size
				UNION ALL SELECT sum(wallet), min(income_total) FROM raked GROUP BY income) m),
			(SELECT max(abs(a.f + d.f - b.f - c.f)) < 1e-7 FROM factor a JOIN factor b ON b.size = a.size JOIN factor c ON c.income = a.income
				JOIN factor d ON d.size = c.size AND d.income = b.income)},
	'56|t|t|t', 'raked estimates meet both margins, by a factor for each size and one for each income');

# ---- brands by their norms -------------------------------------------------------------------

# Ten categories; a brand is a manufacturer, a purchase a basket with it, and a brand with fewer than 60 buyers is another one.
$node->safe_psql($db, q{
	CREATE TABLE purchase AS
		SELECT product_category AS category, manufacturer_id AS brand, household_id, count(DISTINCT basket_id) AS purchases
		FROM transactions JOIN products USING (product_id)
		WHERE product_category IN ('SOFT DRINKS', 'FLUID MILK PRODUCTS', 'BAKED BREAD/BUNS/ROLLS', 'CHEESE', 'BAG SNACKS', 'SOUP', 'COLD CEREAL',
			'FROZEN PIZZA', 'YOGURT', 'ICE CREAM/MILK/SHERBTS')
		GROUP BY 1, 2, 3;
	CREATE TABLE brand AS SELECT category, brand, sum(purchases)::float8 AS purchases, count(*)::float8 AS buyers FROM purchase GROUP BY 1, 2;
	CREATE TABLE market AS
		SELECT category, icm_dirichlet_fit(c.buyers / 2377, c.purchases / c.buyers, array_agg(brand), array_agg(b.purchases / c.purchases),
				array_agg(b.buyers / 2377)) AS model, c.buyers, c.purchases
		FROM (SELECT category, count(DISTINCT household_id)::float8 AS buyers, sum(purchases)::float8 AS purchases FROM purchase GROUP BY 1) c JOIN brand b USING (category)
		WHERE b.buyers >= 60 GROUP BY category, c.buyers, c.purchases;
	CREATE TABLE norm AS
		SELECT m.category, n.*, b.buyers / 2377 AS observed, b.purchases / b.buyers AS observed_rate
		FROM market m, icm_dirichlet_norms(m.model) n, brand b WHERE b.brand = n.brand AND b.category = m.category});
is_sql(q{
		SELECT count(*), bool_and(abs(p.m - purchases / 2377) < 1e-14 AND abs(1 - (1 + p.m / p.k) ^ -p.k - buyers / 2377) < 1e-12) FROM market, icm_dirichlet_params(model) p},
	'10|t', 'categories: purchases and penetration are met');
# by the S of its own a brand has the penetration that was observed; S of the market is their mean, weighted by share
is_sql(q{
		SELECT count(*), bool_and(abs(n.penetration - b.penetration) < 1e-12) FROM market, icm_dirichlet_params(model) p, icm_dirichlet_brands(model) b,
			icm_dirichlet_norms(format('{M: %s, K: %s, S: %s, brands: {"%s": %s}}', p.m, p.k, b.s, b.brand, b.share)::icm_dirichlet) n},
	'43|t', 'brands: each by its own S');
is_sql(q{
		SELECT bool_and(abs(s - mean) < 1e-12 * s) FROM (
			SELECT p.s, sum(b.share * b.s) / sum(b.share) AS mean FROM market, icm_dirichlet_params(model) p, icm_dirichlet_brands(model) b GROUP BY category, p.s) m},
	't', 'categories: S is the mean of those of the brands');
# the series of Goodhardt, Ehrenberg and Chatfield, up to 250 purchases: P(n purchases) times P(none of n is of the brand)
is_sql(q{
		WITH RECURSIVE series AS (
			SELECT category, brand, penetration, m, k, s, share, 0 AS n, (1 + m / k) ^ -k AS p, 1::float8 AS none, 0::float8 AS sum
			FROM norm JOIN (SELECT category, (icm_dirichlet_params(model)).* FROM market) p (category, m, k, s, category_penetration, purchase_rate) USING (category)
			UNION ALL
			SELECT category, brand, penetration, m, k, s, share, n + 1, p * (k + n) / (n + 1) * m / (m + k), none * (s * (1 - share) + n) / (s + n),
				sum + p * (k + n) / (n + 1) * m / (m + k) * (1 - none * (s * (1 - share) + n) / (s + n))
			FROM series WHERE n < 250
		)
		SELECT count(*), bool_and(abs(sum - penetration) < 1e-12) FROM series WHERE n = 250},
	'43|t', 'norms of penetration: as by the series');

# predicted from the share alone, against what was observed
my ($brands, $penetration, $rate, $worst) = split /\|/, $node->safe_psql($db, q{
	SELECT count(*), round(avg(abs(penetration - observed))::numeric, 4), round(avg(abs(purchases_per_buyer - observed_rate))::numeric, 3),
		round(max(abs(penetration - observed))::numeric, 3) FROM norm});
note("mean absolute error of $brands brands: penetration $penetration (at most $worst), purchases a buyer $rate");
ok($penetration < 0.004 && $rate < 0.07, "norms of 10 categories: mean absolute error $penetration of penetration, $rate of purchases a buyer");
is_sql(q{SELECT round(corr(ln(penetration), ln(observed))::numeric, 3), round((avg(abs(observed_rate - mean)) / avg(abs(observed_rate - purchases_per_buyer)))::numeric, 1)
		FROM norm, (SELECT avg(observed_rate) AS mean FROM norm) m}, '0.997|3.1', 'norms: how much of what brands differ in is said by their shares');
# the chain's own brand of soft drinks has fewer buyers than a brand of its share should, who buy it more often
is_sql(q{SELECT round(observed::numeric, 3), round(penetration::numeric, 3), round(observed_rate::numeric, 2), round(purchases_per_buyer::numeric, 2)
		FROM norm WHERE category = 'SOFT DRINKS' AND brand = '69'}, '0.143|0.174|1.91|1.56', 'a private label: few buyers, who buy often');
# each of a brand's buyers in a sample bought it about once: there is no S, and the error names the brand
my ($status, $out, $error) = $node->psql($db, q{
	SELECT icm_dirichlet_fit(c.buyers / 2377, c.purchases / c.buyers, array_agg(brand), array_agg(b.purchases / c.purchases), array_agg(b.buyers / 2377))
	FROM (SELECT category, count(DISTINCT household_id)::float8 AS buyers, sum(purchases)::float8 AS purchases FROM purchase GROUP BY 1) c JOIN brand b USING (category)
	WHERE category = 'CHEESE' AND b.buyers >= 9 GROUP BY category, c.buyers, c.purchases});
like($error, qr/no Dirichlet parameter S gives brand "1075" its penetration/, 'a brand that is bought once by everybody');

$node->stop;
done_testing();
