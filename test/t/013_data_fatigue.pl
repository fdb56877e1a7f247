# Three public data sets of contacts and responses: calls of a bank, sales visits to physicians, an e-mail test.
# What the fits must be was worked out once with numpy, by Newton's method with the whole information matrix over the
# cells of grade and dose, and Fieller's interval in closed form.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the public data sets are not here' unless defined $ENV{ICM_SHARED};

my $node = start_node('main');
my $db = 'postgres';

# is_sql(QUERY, EXPECTED, NAME)
sub is_sql
{
	my ($query, $expected, $name) = @_;

	is($node->safe_psql($db, $query), $expected, $name);
	return;
}

# near_sql(QUERY, NAME, NUMBER...): the row that a query gives, to ten digits
sub near_sql
{
	my ($query, $name, @expected) = @_;
	my @row = split /\|/, $node->safe_psql($db, $query), -1;
	my $wrong = @row != @expected;

	foreach my $i (0 .. $#expected)
	{
		$wrong ||= $row[$i] eq '' || abs($row[$i] - $expected[$i]) > 1e-10 * (1 + abs($expected[$i]));
	}
	ok(!$wrong, $name) or diag("it is @row");
	return;
}

# 45,211 customers of a bank, called up to 63 times each; graded by what came of the campaign before
$node->safe_psql($db, q{
	CREATE TABLE bank (
		age int, job text, marital text, education text, has_credit text, balance int, has_housing text, has_loan text,
		contact text, day int, month text, duration int, campaign int, pdays int, previous int, poutcome text, deposit text)});
load_gz($node, 'bank', 'FORMAT csv, HEADER', 'bank_full.csv.gz');
$node->safe_psql($db, q{
	CREATE TABLE bank_fatigue AS
		SELECT icm_fatigue_agg(campaign, deposit = 'yes', CASE poutcome WHEN 'success' THEN 'A' WHEN 'other' THEN 'B'
			WHEN 'failure' THEN 'C' END::icm_grade) AS by_grade,
			icm_fatigue_agg(campaign, deposit = 'yes') AS calls,
			icm_fatigue_agg(campaign, deposit = 'yes') FILTER (WHERE campaign <= 10) AS ten_calls
		FROM bank});
is_sql(q{SELECT string_agg(customers || ';' || responses, ', ' ORDER BY dose) FROM bank_fatigue, icm_fatigue_cells(calls) WHERE dose <= 8},
	'17544;2561, 12505;1401, 5521;618, 3522;317, 1764;139, 1291;92, 735;47, 540;32', 'bank: customers and responses by calls');
is_sql(q{SELECT sum(customers), sum(responses), min(dose), max(dose) FROM bank_fatigue, icm_fatigue_response(calls)},
	'45211|5289|1|63', 'bank: all of them');
is_sql(q{
		SELECT bool_and(r.customers = b.customers AND r.responses = b.responses AND lower < rate AND rate < upper) FROM bank_fatigue,
			icm_fatigue_response(icm_fatigue_pool(by_grade)) r
			JOIN (SELECT campaign AS dose, count(*) AS customers, count(*) FILTER (WHERE deposit = 'yes') AS responses
				FROM bank GROUP BY 1) b USING (dose) WHERE r.responses > 0},
	't', 'bank: the response by calls');
near_sql('SELECT chi_square FROM bank_fatigue, icm_fatigue_trend(ten_calls)', 'bank: trend over 1 to 10 calls', 233.60025475929461);
near_sql('SELECT z FROM bank_fatigue, icm_fatigue_trend(calls)', 'bank: trend over all calls', -15.558474769101139);
near_sql('SELECT slope, slope_error, intercept, intercept_error, loglik FROM bank_fatigue, icm_fatigue_slope(calls)',
	'bank: slope', -0.130673928888, 0.008258289211, -1.704914425363, 0.023216200932, -16140.370556347078);
near_sql('SELECT t.z, slope, slope_error, loglik FROM bank_fatigue, icm_fatigue_trend(by_grade) t, icm_fatigue_slope(by_grade)',
	'bank: trend and slope over the grades', -12.09309449465763, -0.100862489689, 0.008219151675, -14887.28698375595);
near_sql(q{SELECT string_agg(concat_ws('|', intercept, intercept_error), '|' ORDER BY grade) FROM bank_fatigue, icm_fatigue_intercepts(by_grade)},
	'bank: intercepts of the grades', 0.791208896197, 0.056033207175, -1.371576897095, 0.065290511457,
	-1.743858983902, 0.045628607112, -2.033247448334, 0.026379622796);
is_sql('SELECT count(*), count(dose) FROM bank_fatigue, icm_fatigue_peak(by_grade)', '4|0',
	'bank: response falls from the first call on, so there is no peak');
is_sql(q{SELECT icm_rollup(f)::text = (SELECT by_grade::text FROM bank_fatigue) FROM (
		SELECT icm_fatigue_agg(campaign, deposit = 'yes', CASE poutcome WHEN 'success' THEN 'A' WHEN 'other' THEN 'B'
			WHEN 'failure' THEN 'C' END::icm_grade) AS f FROM bank GROUP BY month) months},
	't', 'bank: the months make the year');

# 183 physicians over 24 months: months with 12 new prescriptions or more, by sales visits; graded by all their visits.
# Who prescribes is visited, so that without grades a visit seems to do twice as much, and to do less and less.
$node->safe_psql($db, q{
	CREATE TABLE detailing (
		physician int, month int, prescriptions int, samples int, details int, competitor_new int, cpi float8, drg float8, psych int)});
$node->safe_psql($db, qq{COPY detailing FROM '$ENV{ICM_SHARED}/data/detailing.csv' WITH (FORMAT csv, HEADER)});
$node->safe_psql($db, q{
	CREATE TABLE detailing_fatigue AS
		SELECT icm_fatigue_agg(details, prescriptions >= 12, icm_grade(visits, '{25,40}'::icm_scale)) AS by_grade,
			icm_fatigue_agg(details, prescriptions >= 12) AS visits
		FROM (SELECT *, sum(details) OVER (PARTITION BY physician)::float8 AS visits FROM detailing) d});
is_sql(q{SELECT string_agg(concat(grade, dose, ' ', customers, ' ', responses), ', ' ORDER BY dose)
		FROM detailing_fatigue, icm_fatigue_cells(by_grade) WHERE grade = 'A' AND dose <= 5},
	'A0 116 88, A1 372 242, A2 549 381, A3 362 268, A4 169 150, A5 74 67', 'detailing: the best');
near_sql('SELECT t.z, slope, slope_error, loglik FROM detailing_fatigue, icm_fatigue_trend(visits) t, icm_fatigue_slope(visits)',
	'detailing: without grades', 24.63820666284003, 0.657494014909, 0.028543367953, -2707.481661672756);
near_sql('SELECT t.z, slope, slope_error, loglik FROM detailing_fatigue, icm_fatigue_trend(by_grade) t, icm_fatigue_slope(by_grade)',
	'detailing: over the grades', 10.141622598535852, 0.323517782705, 0.032310050483, -2475.164967868626);
is_sql('SELECT count(*), count(dose) FROM detailing_fatigue, icm_fatigue_peak(by_grade)', '3|0',
	'detailing: nobody was visited so often that response fell');
# at the peak of the profit another visit brings what it costs; b1 and b2 by numpy
is_sql(q{
		SELECT grade IS NULL AND lower < dose AND dose < upper
			AND abs(100 * response * (1 - response) * (0.845706716465 - 2 * 0.054445858755 * dose) - 7) < 1e-6
			AND abs(response - 1 / (1 + exp(0.871819873162 - 0.845706716465 * dose + 0.054445858755 * dose ^ 2))) < 1e-9
			AND abs(profit - (100 * response - 7 * dose)) < 1e-9
		FROM detailing_fatigue, icm_fatigue_peak(visits, 100, 7)},
	't', 'detailing: where another visit brings what it costs');

# 64,000 customers of a shop, a third of them without an e-mail, drawn by lot: visits, by seven classes of what they had bought
$node->safe_psql($db, q{
	CREATE TABLE hillstrom (
		recency int, history_segment text, history float8, mens int, womens int, zip_code text, newbie int, channel text,
		segment text, visit int, conversion int, spend float8)});
load_gz($node, 'hillstrom', 'FORMAT csv, HEADER', 'hillstrom.csv.gz');
$node->safe_psql($db, q{
	CREATE TABLE hillstrom_fatigue AS
		SELECT icm_fatigue_agg((segment <> 'No E-Mail')::int, visit = 1, chr(ascii('H') - left(history_segment, 1)::int)::icm_grade) AS by_grade,
			icm_fatigue_agg((segment <> 'No E-Mail')::int, visit = 1) AS emails
		FROM hillstrom});
is_sql('SELECT emails FROM hillstrom_fatigue', '{0 21306 2262, 1 42694 7132}', 'hillstrom: visits by e-mails');
near_sql('SELECT t.z, slope, slope_error, intercept, loglik FROM hillstrom_fatigue, icm_fatigue_trend(emails) t, icm_fatigue_slope(emails)',
	'hillstrom: without grades', 20.510087671855846, 0.523816761605, sqrt(0.000662929653), -2.130502713638, -26473.036072619212);
near_sql('SELECT t.z, slope, slope_error, loglik FROM hillstrom_fatigue, icm_fatigue_trend(by_grade) t, icm_fatigue_slope(by_grade)',
	'hillstrom: over the grades, which the lot made alike', 20.49927588024561, 0.524983512459, sqrt(0.000666448055), -26286.22067204034);
is_sql(q{
		SELECT abs(chi_square - (SELECT sum(a - m1 * n1 / n) ^ 2 / sum(n1 * n0 * m1 * (n - m1) / (n ^ 2 * (n - 1))) FROM (
			SELECT count(*) FILTER (WHERE segment <> 'No E-Mail' AND visit = 1)::numeric AS a, sum(visit)::numeric AS m1, count(*)::numeric AS n,
				count(*) FILTER (WHERE segment <> 'No E-Mail')::numeric AS n1, count(*) FILTER (WHERE segment = 'No E-Mail')::numeric AS n0
			FROM hillstrom GROUP BY history_segment) classes)::float8) < 1e-9
		FROM hillstrom_fatigue, icm_fatigue_trend(by_grade)},
	't', 'hillstrom: the test of Mantel and Haenszel');

$node->stop;
done_testing();
