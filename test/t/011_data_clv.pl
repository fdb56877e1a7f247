# Customer lifetime models on real purchases: CDNOW, Online Retail, Complete Journey. Fits
# and predictions against what the papers print, and against a fit by other means.
#
# "Independently" is: BTYD statistics in Python from the files; the papers' likelihoods in
# NumPy and SciPy (gammaln, betaln, hyp2f1), maximised without derivatives (Nelder-Mead,
# from several starts, to 1e-9); standard errors from second differences; predictions by the
# papers' equations with hyp2f1. The estimates so found have some seven digits.
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
$node->safe_psql($db, q{
	CREATE TABLE master (id int, day date, cds int, dollars numeric);
	CREATE TABLE sample (master_id int, id int, day date, cds int, dollars numeric);
	CREATE TABLE line (
		invoice text, stock_code text, description text, quantity int, at timestamp, price numeric,
		customer int, country text);
	CREATE TABLE receipt (
		household int, store int, basket text, product text, quantity int, amount numeric,
		retail_discount float8, coupon_discount float8, coupon_match_discount float8, week int, at timestamp);
});
# columns are padded with blanks, and only one of the files has a heading
my $columns = q{tr -d '\r' | grep '[0-9]' | sed 's/^ *//; s/  */\t/g'};
load_gz($node, 'master', 'FORMAT text', 'cdnow_master.txt.gz', $columns);
load_gz($node, 'sample', 'FORMAT text', 'cdnow_sample.txt.gz', $columns);
load_gz($node, 'line', "FORMAT csv, HEADER, ENCODING 'UTF8'", 'online_retail.csv.gz');
load_gz($node, 'receipt', 'FORMAT csv, HEADER', 'cj_transactions_sample.csv.gz');
$node->safe_psql($db, q{
	CREATE TABLE master_customer AS
		SELECT id, icm_ledger_agg(day, dollars::float8) AS ledger FROM master GROUP BY id;
	CREATE TABLE sample_customer AS
		SELECT id, icm_ledger_agg(day, dollars::float8) AS ledger FROM sample GROUP BY id;
	CREATE TABLE paying_customer AS
		SELECT id, icm_ledger_agg(day, dollars::float8) AS ledger FROM sample WHERE dollars > 0 GROUP BY id;
	CREATE TABLE wholesale AS
		SELECT customer AS id, icm_ledger_agg(at, (quantity * price)::float8) AS ledger
		FROM line WHERE customer IS NOT NULL GROUP BY customer;
	CREATE TABLE early_wholesale AS
		SELECT * FROM wholesale WHERE (icm_btyd(ledger, '2011-02-28')).x IS NOT NULL;
	CREATE TABLE household AS
		SELECT household AS id, icm_ledger_agg(at, amount::float8) AS ledger FROM receipt GROUP BY household;
	ANALYZE;
});

# is_sql(QUERY, EXPECTED, NAME)
sub is_sql
{
	my ($query, $expected, $name) = @_;

	is($node->safe_psql($db, $query), $expected, $name);
	return;
}

# is_near(QUERY, NUMBERS, RELATIVE, NAME): the query's only column is near each of the numbers
sub is_near
{
	my ($query, $expected, $tolerance, $name) = @_;
	my @got = split /\n/, $node->safe_psql($db, $query);
	my @far = grep { !defined $got[$_] || abs($got[$_] - $expected->[$_]) > $tolerance * abs($expected->[$_]) } (0 .. $#$expected);

	ok(@got == @$expected && !@far, $name) || diag("got @got, expected @$expected");
	return;
}

# fails(QUERY, MESSAGE, NAME): for what the data are, with a hint
sub fails
{
	my ($query, $message, $name) = @_;
	my ($status, $out, $error) = $node->psql($db, "\\set VERBOSITY verbose\n$query");

	like($error, qr/^(psql:\S+ )?ERROR:  22000: $message\n/m, $name);
	like($error, qr/^DETAIL:  .*\nHINT:  /m, "$name: detail and hint");
	return;
}

# model(TABLE, AS-OF, PROCESS): a subquery
sub model
{
	my ($table, $as_of, $process) = @_;

	return "(SELECT icm_clv_fit(ledger, '$as_of', '$process') FROM $table)";
}

# estimates(MODEL, COLUMN): of all parts, one a row
sub estimates
{
	my ($model, $column) = @_;

	return "SELECT $column FROM icm_clv_params($model)";
}

# ---- CDNOW sample: what the papers print --------------------------------------

# Fader, Hardie, Lee 2005 (BG/NBD, Pareto/NBD); Batislam, Denizel, Filiztekin 2007's process on the
# same data; Fader, Hardie 2013 (Gamma-Gamma)
my $day = '1997-09-30';
my %published = (
	bgnbd => [ 'r|0.243', 'alpha|4.414', 'a|0.793', 'b|2.426' ],
	mbgnbd => [ 'r|0.525', 'alpha|6.183', 'a|0.891', 'b|1.614' ],
	paretonbd => [ 'r|0.553', 'alpha|10.578', 's|0.606', 'beta|11.669' ]);
my @published_spend = ('p|6.25', 'q|3.74', 'gamma|15.44');

# independently: parameters and their standard errors, those of spend last, and the log-likelihood
my %spend = (
	params => [ 6.24957196, 3.74422482, 15.4435221 ],
	errors => [ 1.1901, 0.29014, 4.1596 ],
	loglik => -4055.917695);
my %found = (
	bgnbd => {
		params => [ 0.242594526, 4.41360205, 0.792921974, 2.42590676 ],
		errors => [ 0.012557, 0.37822, 0.18573, 0.70541 ],
		loglik => -9582.429207 },
	mbgnbd => {
		params => [ 0.524843265, 6.18308588, 0.891359264, 1.61400178 ],
		errors => [ 0.083269, 0.69562, 0.15479, 0.5375 ],
		loglik => -9582.135716 },
	paretonbd => {
		params => [ 0.553277042, 10.5776835, 0.606240146, 11.6687402 ],
		errors => [ 0.047628, 0.84272, 0.18728, 6.2113 ],
		loglik => -9594.976179 });

is_sql("SELECT count(*), sum(x), count(*) FILTER (WHERE x > 0) FROM sample_customer, icm_btyd(ledger, '$day')",
	'2357|2457|946', 'sample: customers, repeat purchase days, repeaters');
foreach my $process ('bgnbd', 'mbgnbd', 'paretonbd')
{
	my $model = model('sample_customer', $day, $process);

	is_sql(
		"SELECT param, round(estimate::numeric, CASE part WHEN 'spend' THEN 2 ELSE 3 END) FROM icm_clv_params($model)",
		join("\n", @{ $published{$process} }, @published_spend),
		"sample: $process parameters, as published");
	is_sql("SELECT (icm_clv_info($model)).*", "$process|7|2357|946", "sample: $process customers");
	is_near(estimates($model, 'estimate'), [ @{ $found{$process}{params} }, @{ $spend{params} } ],
		1e-6, "sample: $process parameters");
	is_near(estimates($model, 'std_error'), [ @{ $found{$process}{errors} }, @{ $spend{errors} } ],
		1e-3, "sample: $process standard errors");
	is_near("SELECT icm_clv_loglik(m, part) FROM $model model (m), unnest('{purchase,spend}'::text[]) part",
		[ $found{$process}{loglik}, $spend{loglik} ], 1e-9, "sample: $process log-likelihoods");
}
is_sql('SELECT ' . join(', ', map { 'round(icm_clv_loglik(' . model('sample_customer', $day, $_) . ')::numeric, 1)' } ('bgnbd', 'paretonbd')),
	'-9582.4|-9595.0', 'sample: log-likelihoods, as published');

# what changes the numbers that the papers print
is_sql('SELECT customers, round(icm_clv_loglik(m)::numeric, 1) FROM ' . model('paying_customer', $day, 'bgnbd') .
	' model (m), icm_clv_info(m)', '2349|-9578.2', 'sample: without the purchases of 0 dollars');
is_sql(q{
		SELECT string_agg(round(icm_clv_loglik(m)::numeric, 1)::text, ' ' ORDER BY day)
		FROM (SELECT day, icm_clv_fit(ledger, day) AS m
			FROM sample_customer, unnest('{1997-09-29,1997-09-30,1997-10-01}'::date[]) AS day GROUP BY day) fits},
	'-9521.2 -9582.4 -9602.9', 'sample: a day makes a difference');

# the several ways to one model
is_sql(
	q{SELECT icm_clv_model(bgnbd, spend)::text = whole::text
		FROM (SELECT icm_bgnbd_fit(x, t_x, t) AS bgnbd, icm_gammagamma_fit(m, x) AS spend, icm_clv_fit(ledger, as_of) AS whole
			FROM sample_customer, (VALUES (date '1997-09-30')) day (as_of), icm_btyd(ledger, as_of)) fits},
	't', 'sample: from ledgers, and from x, t_x, t, m, the same bytes');
is_sql(
	q{SELECT a::text = b::text
		FROM (SELECT icm_paretonbd_fit(x, t_x, t) AS a FROM sample_customer, icm_btyd(ledger, '1997-09-30')) a,
			(SELECT icm_paretonbd_fit(x, t_x, t, n) AS b
				FROM (SELECT x, t_x, t, count(*) AS n FROM sample_customer, icm_btyd(ledger, '1997-09-30') GROUP BY x, t_x, t) h) b},
	't', 'sample: equal histories counted, the same bytes');

# ---- CDNOW sample: answers ------------------------------------------------------

# Fader, Hardie 2013, note 025: mean spend of the first ten customers
my @mean_spend = (24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17);
is_sql('SELECT string_agg(round(icm_expected_spend(m, ledger, \'1997-09-30\')::numeric, 2)::text, \' \' ORDER BY id) FROM '
	. model('sample_customer', $day, 'bgnbd') . ' model (m), sample_customer WHERE id <= 10',
	"@mean_spend", 'sample: expected spend of the first ten, as published');

# Fader, Hardie, Lee 2005: customer 1, 39 weeks
is_sql(q{SELECT round(icm_expected_purchases('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model,
		ledger, '1997-09-30', 39 * 7)::numeric, 3) FROM sample_customer WHERE id = 1},
	'1.226', 'sample: expected purchases of customer 1, as published');

# Hardie, note 004: a new customer's purchases in 1, 3, 32, 78 weeks
is_near('SELECT icm_expected_purchases(m, 0, 0, 0, weeks * 7) FROM ' . model('sample_customer', $day, 'bgnbd')
	. q{ model (m), unnest('{1,3,32,78}'::int[]) weeks},
	[ 0.0532, 0.1506, 1.0437, 1.8576 ], 5e-4, 'sample: expected purchases of a new customer, as published');

# a heavy buyer, of 26 repeat purchases, by two processes: P(alive), and purchases in 52 weeks
my %heavy = (bgnbd => [ 0.96885, 25.7566 ], paretonbd => [ 0.997874, 25.45647 ]);
foreach my $process ('bgnbd', 'paretonbd')
{
	is_near('SELECT unnest(ARRAY[icm_p_alive(m, ledger, \'1997-09-30\'), icm_expected_purchases(m, ledger, \'1997-09-30\', 52 * 7)]) FROM '
		. model('sample_customer', $day, $process) . ' model (m), sample_customer WHERE id = 1516',
		$heavy{$process}, 1e-4, "sample: $process on customer 1516, as published");
}

# ---- CDNOW master ---------------------------------------------------------------

# independently; 9,450 of 9,451 repeaters have paid for a repeat purchase
my @master_spend = (6.2753591, 3.62444994, 14.98368703);
my %master = (
	bgnbd => [ -95368.443933, 0.251623963, 4.7889431, 0.72343368, 2.16108876 ],
	mbgnbd => [ -95336.958320, 0.637139727, 7.31028964, 0.807474126, 1.22839404 ],
	paretonbd => [ -95415.118617, 0.597419994, 11.5856585, 0.52218561, 8.82775849 ]);
my $parallel = q{
	SET max_parallel_workers_per_gather = 2;
	SET parallel_setup_cost = 0;
	SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;
	SET parallel_leader_participation = off;
};

# parallel_is_serial(QUERY, NAME)
sub parallel_is_serial
{
	my ($query, $name) = @_;
	my $plan = $node->safe_psql($db, "$parallel EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");

	like($plan, qr/Workers Launched: [12]\b.*Partial Aggregate/s, "$name: a parallel plan");
	is($node->safe_psql($db, "$parallel $query"), $node->safe_psql($db, "SET max_parallel_workers_per_gather = 0; $query"),
		"$name: parallel is serial");
	return;
}

foreach my $process ('bgnbd', 'mbgnbd', 'paretonbd')
{
	my $model = model('master_customer', $day, $process);
	my ($loglik, @params) = @{ $master{$process} };

	is_sql("SELECT (icm_clv_info($model)).*", "$process|7|23570|9450", "master: $process customers");
	is_near(estimates($model, 'estimate'), [ @params, @master_spend ], 1e-6, "master: $process parameters");
	is_near("SELECT icm_clv_loglik($model)", [$loglik], 1e-9, "master: $process log-likelihood");
	parallel_is_serial("SELECT icm_clv_fit(ledger, '$day', '$process') FROM master_customer", "master: $process");
}

# a model a segment: customers by the month of their first purchase
is_sql(q{
		WITH segment AS (
			SELECT ledger, date_trunc('month', (SELECT min(day) FROM icm_ledger_days(ledger) d)) AS month FROM master_customer)
		SELECT count(*), sum(customers), bool_and(m::text = alone)
		FROM (SELECT month, icm_clv_fit(ledger, '1997-09-30') AS m FROM segment GROUP BY month) by_month
		JOIN (SELECT month, (SELECT icm_clv_fit(ledger, '1997-09-30')::text FROM segment s WHERE s.month = months.month) AS alone
			FROM (SELECT DISTINCT month FROM segment) months) one USING (month), icm_clv_info(m)},
	'3|23570|t', 'master: a model for each month\'s new customers, as each for itself');

# ---- what happened after ----------------------------------------------------------

# holdout(TABLE, CALIBRATE-TO, UNTIL, PROCESS): rows of it
sub holdout
{
	my ($table, $calibrate_to, $until, $process) = @_;

	return "(SELECT h.* FROM (SELECT icm_clv_holdout(ledger, '$calibrate_to', '$until', '$process') AS rows FROM $table) a, "
	  . 'unnest(a.rows) h) holdout';
}

# check_holdout(NAME, ARGUMENTS, ERROR, ROWS): rows are [frequency, customers, expected, actual], found
# independently; error is that of the total, in percent
sub check_holdout
{
	my ($name, $arguments, $error, $rows) = @_;
	my $holdout = holdout(@$arguments);

	is_sql("SELECT frequency, customers, actual FROM $holdout", join("\n", map { "$_->[0]|$_->[1]|$_->[3]" } @$rows),
		"$name: customers and actual purchases");
	is_near("SELECT expected FROM $holdout", [ map { $_->[2] } @$rows ], 1e-5, "$name: expected purchases");
	is_sql("SELECT round(100 * error::numeric, 1) FROM $holdout WHERE frequency = 'all'", $error, "$name: error of the total");
	is_sql(qq{
			SELECT bool_and(expected_mean = expected / customers AND actual_mean = actual::float8 / customers
					AND error = expected / actual - 1),
				bool_and(rising) FILTER (WHERE frequency <> 'all'),
				abs(sum(expected) - 2 * max(expected)) < 1e-9 * sum(expected)
			FROM (SELECT *, expected_mean > lag(expected_mean, 1, 0::float8) OVER (ORDER BY frequency) AS rising FROM $holdout) h},
		't|t|t', "$name: means and errors; more is expected of who bought more; the total is that of the classes");
	return;
}

# CDNOW, 39 weeks: the sales fall off more slowly than the models think, who have not seen that
# the second half of the year brings Christmas; those with one or two repeats surprise the most.
check_holdout('sample bgnbd', [ 'sample_customer', '1997-09-30', '1998-06-30', 'bgnbd' ], '-12.1', [
	[ '0', 1411, 317.5982, 334 ], [ '1', 439, 229.6546, 306 ], [ '2', 214, 223.4447, 298 ], [ '3', 100, 152.0280, 156 ],
	[ '4', 62, 134.1597, 157 ], [ '5', 38, 100.8461, 112 ], [ '6', 29, 101.6172, 112 ], [ '7+', 64, 394.0602, 407 ],
	[ 'all', 2357, 1653.4087, 1882 ]]);
check_holdout('sample mbgnbd', [ 'sample_customer', '1997-09-30', '1998-06-30', 'mbgnbd' ], '-16.2', [
	[ '0', 1411, 261.2625, 334 ], [ '1', 439, 242.0464, 306 ], [ '2', 214, 224.4757, 298 ], [ '3', 100, 149.2933, 156 ],
	[ '4', 62, 130.4671, 157 ], [ '5', 38, 97.4150, 112 ], [ '6', 29, 97.4638, 112 ], [ '7+', 64, 374.3046, 407 ],
	[ 'all', 2357, 1576.7283, 1882 ]]);
check_holdout('sample paretonbd', [ 'sample_customer', '1997-09-30', '1998-06-30', 'paretonbd' ], '-11.5', [
	[ '0', 1411, 195.3486, 334 ], [ '1', 439, 263.1676, 306 ], [ '2', 214, 255.9090, 298 ], [ '3', 100, 171.3843, 156 ],
	[ '4', 62, 148.6951, 157 ], [ '5', 38, 110.4739, 112 ], [ '6', 29, 110.7382, 112 ], [ '7+', 64, 409.7963, 407 ],
	[ 'all', 2357, 1665.5130, 1882 ]]);
check_holdout('master bgnbd', [ 'master_customer', '1997-09-30', '1998-06-30', 'bgnbd' ], '-14.3', [
	[ '0', 14119, 3259.4738, 3540 ], [ '1', 4442, 2308.9634, 3483 ], [ '2', 2064, 2140.8762, 2895 ],
	[ '3', 1084, 1711.7618, 1991 ], [ '4', 605, 1371.4998, 1483 ], [ '5', 348, 1006.2733, 1066 ],
	[ '6', 272, 960.9033, 1034 ], [ '7+', 636, 4113.9817, 4192 ], [ 'all', 23570, 16873.7334, 19684 ]]);
parallel_is_serial(q{SELECT icm_clv_holdout(ledger, '1997-09-30', '1998-06-30', 'mbgnbd') FROM master_customer},
	'master holdout');
is_sql('SELECT bool_and(actual_mean > before) FROM (SELECT *, lag(actual_mean, 1, 0::float8) OVER (ORDER BY frequency) AS before FROM '
	. holdout('master_customer', '1997-09-30', '1998-06-30', 'bgnbd') . q{) h WHERE frequency <> 'all'},
	't', 'master: and who bought more did buy more');

# the holdout's answers are those of the model, customer by customer
is_sql('SELECT abs(expected - alone) <= 1e-12 * alone FROM '
	. holdout('sample_customer', '1997-09-30', '1998-06-30', 'paretonbd')
	. q{, (SELECT sum(icm_expected_purchases(m, ledger, '1997-09-30', date '1998-06-30' - '1997-09-30')) AS alone FROM }
	. model('sample_customer', '1997-09-30', 'paretonbd') . q{ model (m), sample_customer) a WHERE frequency = 'all'},
	't', 'sample: the total is what icm_expected_purchases says of each');

# Complete Journey: households of supermarkets, of which next to none leaves in the year. The total is
# right within 1 %; not every class has bought more than the one before (6: 2.22 a household, 5: 2.63).
# a and b are known by their ratio only: the standard error of either logarithm is above 1.
check_holdout('households bgnbd', [ 'household', '2017-09-30', '2017-12-31', 'bgnbd' ], '0.9', [
	[ '0', 164, 194.6919, 156 ], [ '1', 148, 212.9588, 218 ], [ '2', 139, 220.5926, 266 ], [ '3', 110, 194.0130, 219 ],
	[ '4', 98, 214.4791, 216 ], [ '5', 103, 243.6611, 271 ], [ '6', 114, 291.2450, 253 ], [ '7+', 1452, 10027.9177, 9894 ],
	[ 'all', 2328, 11599.5592, 11493 ]]);
is_near('SELECT icm_clv_loglik(' . model('household', '2017-09-30', 'bgnbd') . ')', [-52900.196118], 1e-9,
	'households: log-likelihood');
# Those who leave do so at the same rate all: independently, the likelihood still rises where s and
# beta have grown to 160 and 147,000 (-52895.57760).
fails("SELECT icm_clv_fit(ledger, '2017-09-30', 'paretonbd') FROM household", '.*paretonbd.*', 'households: no paretonbd');

# Online Retail, the first nine months: the wholesaler's customers come more and more often before
# Christmas, and nobody seems to leave. Independently, the likelihoods of all three processes rise to
# the same -21758.020787, that of purchases without an end (a / b or s / beta to 0): there is no model.
foreach my $process ('bgnbd', 'mbgnbd', 'paretonbd')
{
	fails("SELECT icm_clv_fit(ledger, '2011-08-31', '$process') FROM wholesale", ".*$process.*", "wholesale: no $process");
}
fails(q{SELECT icm_clv_holdout(ledger, '2011-08-31', '2011-12-09') FROM wholesale}, '.*bgnbd.*', 'wholesale: no holdout');
# spend can be fitted: revenue is net of what was sent back the same day, and 7 repeaters' is not above 0
is_near('SELECT estimate FROM icm_clv_params((SELECT icm_gammagamma_fit(m, x) FROM wholesale, icm_btyd(ledger, \'2011-08-31\')))',
	[ 2.47124347, 3.32419437, 380.40637541 ], 1e-6, 'wholesale: spend');

# Who bought by February, ten months: there is a maximum, though a and b are uncertain by a factor of
# ten. A fifth to a half less is expected than the weeks before Christmas brought.
check_holdout('early wholesale bgnbd', [ 'early_wholesale', '2011-09-30', '2011-12-09', 'bgnbd' ], '-29.1', [
	[ '0', 391, 68.3607, 136 ], [ '1', 279, 108.3276, 165 ], [ '2', 247, 152.3615, 201 ], [ '3', 180, 147.8781, 204 ],
	[ '4', 133, 138.0746, 182 ], [ '5', 95, 116.7216, 141 ], [ '6', 68, 96.5233, 124 ], [ '7+', 289, 835.9425, 1194 ],
	[ 'all', 1682, 1664.1899, 2347 ]]);
is_near('SELECT icm_clv_loglik(' . model('early_wholesale', '2011-09-30', 'bgnbd') . ')', [-19074.570137], 1e-9,
	'early wholesale: log-likelihood');

$node->stop;
done_testing();
