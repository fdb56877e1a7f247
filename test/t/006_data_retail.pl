# Online Retail: the invoice lines of a real wholesaler, with cancellations, lines without a
# customer, and amounts that are wrong by a million. Valued and graded as a user would.
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
	CREATE TABLE line (
		invoice text, stock_code text, description text, quantity int, at timestamp, price numeric,
		customer int, country text)});
load_gz($node, 'line', "FORMAT csv, HEADER, ENCODING 'UTF8'", 'online_retail.csv.gz');

# the filters of the reference; and all lines, cancellations as the refunds that they are
$node->safe_psql($db, q{
	CREATE TABLE sale AS
		SELECT customer, at, quantity * price AS amount FROM line
		WHERE invoice NOT LIKE 'C%' AND quantity > 0 AND price > 0 AND customer IS NOT NULL;
	CREATE TABLE customer AS
		SELECT customer AS id, icm_ledger_agg(at, amount::float8) AS ledger FROM sale GROUP BY customer;
	ALTER TABLE customer ADD revenue float8, ADD frequency float8;
	UPDATE customer SET revenue = icm_revenue(ledger), frequency = (icm_rfm(ledger, '2011-12-10')).frequency;
	CREATE TABLE everyone AS
		SELECT customer AS id, icm_ledger_agg(at, (quantity * price)::float8) AS ledger FROM line GROUP BY customer;
	ANALYZE;
});

# is_sql(QUERY, EXPECTED, NAME)
sub is_sql
{
	my ($query, $expected, $name) = @_;

	is($node->safe_psql($db, $query), $expected, $name);
	return;
}

is_sql('SELECT count(*), sum(amount) FROM sale', '397884|8911407.904', 'filtered: the lines');
is_sql('SELECT count(*), round(sum(revenue)::numeric, 6), sum(frequency) FROM customer',
	$node->safe_psql($db, q{
		SELECT '4338|8911407.904000', count(*) FROM (SELECT DISTINCT customer, at::date FROM sale) days}),
	'filtered: customers, revenue, purchase days');
is_sql('SELECT icm_revenue(icm_rollup(ledger)) FROM customer', '8911407.904', 'filtered: all in one ledger');

is_sql(q{
		SELECT count(*) FROM everyone
		JOIN (SELECT customer AS id, sum(quantity * price) AS net, min(at)::date AS first, max(at)::date AS last,
				count(*) FILTER (WHERE quantity * price >= 0) AS orders
			FROM line GROUP BY customer) plain ON everyone.id IS NOT DISTINCT FROM plain.id
		WHERE abs(icm_revenue(ledger) - net::float8) <= 1e-12 * (SELECT sum(abs(revenue)) FROM icm_ledger_days(ledger))
			AND (SELECT (min(day), max(day), sum(d.orders)) = (first, last, plain.orders) FROM icm_ledger_days(ledger) d)},
	$node->safe_psql($db, 'SELECT count(DISTINCT customer) + 1 FROM line'),
	'unfiltered: net revenue, orders, first and last day of everyone');
is_sql('SELECT round(icm_revenue(icm_rollup(ledger))::numeric, 6) FROM everyone',
	$node->safe_psql($db, 'SELECT round(sum(quantity * price), 6) FROM line'), 'unfiltered: the total');
is_sql(q{
		SELECT count(*) FROM everyone, icm_rfm(ledger, '2011-12-10')
		WHERE frequency = 0 AND (recency IS NOT NULL OR monetary IS NOT NULL)},
	'0', 'unfiltered: who only returned has bought on no day');

# Five grades. What they must be is worked out here: the cuts by their definition from the
# values in order, one by one.
sub expected_sizes
{
	my ($column, $grades) = @_;
	my @values = split /\n/, $node->safe_psql($db, "SELECT $column FROM customer ORDER BY 1");
	my (@distinct, %count);

	$count{$_}++ || push @distinct, $_ foreach @values;

	# cut j: the first distinct value with more than j/grades of the values at or below it,
	# later than the last cut, and with enough values left for the grades above
	my ($at_or_below, $next, @first) = (0, 0);
	my $previous = 0;
	foreach my $j (1 .. $grades - 1)
	{
		while (($at_or_below + $count{ $distinct[$next] }) * $grades <= @values * $j)
		{
			$at_or_below += $count{ $distinct[ $next++ ] };
		}
		my $cut = $next > $previous ? $next : $previous + 1;
		$cut = @distinct - ($grades - $j) if $cut > @distinct - ($grades - $j);
		push @first, $previous = $cut;
	}

	my @bounds = (0, @first, scalar @distinct);
	my @sizes;
	foreach my $grade (0 .. $grades - 1)
	{
		push @sizes, 0;
		$sizes[-1] += $count{ $distinct[$_] } foreach ($bounds[$grade] .. $bounds[ $grade + 1 ] - 1);
	}
	return join('|', @sizes);	# worst first
}

foreach my $column ('revenue', 'frequency')
{
	$node->safe_psql($db, qq{
		SELECT icm_publish('scale', '$column', (SELECT icm_scale_agg($column, 5, 'quantile') FROM customer)::text);
		ALTER TABLE customer ADD ${column}_grade icm_grade;
		UPDATE customer SET ${column}_grade = icm_grade($column, '$column')});

	is_sql(qq{SELECT string_agg(n::text, '|' ORDER BY g DESC) FROM (
				SELECT ${column}_grade AS g, count(*) AS n FROM customer GROUP BY 1) sizes},
		expected_sizes($column, 5), "$column: sizes of the five grades");
	is_sql(qq{SELECT count(*) FROM (
				SELECT FROM customer GROUP BY $column HAVING count(DISTINCT ${column}_grade) > 1) straddling},
		'0', "$column: equal values share a grade");
	is_sql(qq{SELECT count(*) FROM (
				SELECT min($column) >= lag(max($column)) OVER (ORDER BY ${column}_grade DESC) AS above
				FROM customer GROUP BY ${column}_grade) g WHERE NOT above},
		'0', "$column: a better grade has larger values");
	is_sql(qq{SELECT bool_and(${column}_grade = icm_grade($column, s)
				AND ${column}_grade = icm_grade($column, '$column'::text)
				AND ${column}_grade::int = 5 - width_bucket($column, icm_cuts(s)))
			FROM customer, (SELECT icm_scale_agg($column) AS s FROM customer) scale},
		't', "$column: by scale, by name and by width_bucket the same");
}

# any number of grades
is(join("\n", map { expected_sizes('revenue', $_) } (2 .. 26)),
	$node->safe_psql($db, q{
		SELECT string_agg(n::text, '|' ORDER BY g DESC) FROM (
			SELECT k, g, count(*) AS n FROM (
				SELECT k, icm_grade(revenue, s) AS g
				FROM customer, (SELECT k, icm_scale_agg(revenue, k) AS s
					FROM customer, generate_series(2, 26) k GROUP BY k) scales) grades
			GROUP BY k, g) sizes
		GROUP BY k ORDER BY k}),
	'revenue in 2 to 26 grades');

# the same in parallel, from the lines themselves
my @queries = (
	q{SELECT icm_scale_agg(amount::float8, 7) FROM sale},
	q{SELECT icm_ledger_agg(at, amount::float8) FROM sale},
	q{SELECT icm_ledger_agg(at, (quantity * price)::float8, (price / 3)::float8) FROM line},
	q{SELECT country, icm_ledger_agg(at, (quantity * price)::float8) FROM line GROUP BY country ORDER BY country});
foreach my $query (@queries)
{
	my $parallel = q{
		SET max_parallel_workers_per_gather = 2;
		SET parallel_setup_cost = 0;
		SET min_parallel_table_scan_size = 0;
	};

	like($node->safe_psql($db, "$parallel EXPLAIN $query"), qr/Partial (Hash|Group)?Aggregate/i, "a parallel plan: $query");
	is($node->safe_psql($db, "$parallel $query"),
		$node->safe_psql($db, "SET max_parallel_workers_per_gather = 0; $query"), 'gives the serial result');
}

$node->stop;
done_testing();
