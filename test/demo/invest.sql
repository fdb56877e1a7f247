-- A budget shared among all customers by what they brought and what is to come, within floors and caps by grade.
-- After grade.sql. :company is true for the company's data.

\pset footer off
\pset numericlocale on
\pset pager off

SELECT to_regclass('graded') IS NOT NULL AS graded \gset

\echo '11. A budget for all customers'
\echo
\if :graded
\else
\echo '   There are no grades, so there are no floors and caps by grade.'
\echo
\quit
\endif
\if :company
\set currency ' EUR'
\set cap 100
\else
\set currency ''
\set cap NULL
\endif

-- The floors never exceed 5 for each, and the best grade takes what the caps of the others leave: without a cap if
-- somebody in it has a claim, and of the company's customers there are enough.
SELECT bool_or(grade = 'A' AND icm_valuation(historic, value - historic, 0.7) > 0) AS payable,
       5.00 * count(*) AS budget, to_char(5.00 * count(*), 'FM999,999,999,990.00') AS budget_shown
FROM graded \gset
\if :payable
\else
\echo '   The best customers have cost more than they bring, so there is nobody to invest in.'
\echo
\quit
\endif
\echo '   5.00 for each customer on average,' :budget_shown:currency 'in all, are shared in proportion to history (30 %) and'
\echo '   expectation (70 %): no less than the floor of the grade, no more than its cap, and each cent once.'
\echo
\set ECHO queries
CREATE TABLE invested AS
WITH bounds (grade, floor, cap) AS (
    VALUES (icm_grade 'A', 5, :cap), ('B', 2, 20), ('C', 1, 10), ('D', 0, 5), ('E', 0, 0)
)
SELECT customer, grade, valuation,
       icm_allocate(:budget, greatest(valuation, 0), floor, cap) OVER (ORDER BY customer) AS amount
FROM graded JOIN bounds USING (grade), icm_valuation(historic, value - historic, 0.7) AS valuation;

SELECT coalesce(grade::text, 'all') AS grade, count(*) AS customers, round(sum(valuation)::numeric) AS valuation,
       min(amount) AS least, round(avg(amount), 2) AS mean, max(amount) AS most, sum(amount) AS amount
FROM invested GROUP BY ROLLUP (grade) ORDER BY invested.grade;
\set ECHO none

SELECT sum(amount) = :budget AS exact FROM invested \gset
\if :exact
\echo '   The amounts add up to the budget exactly.'
\echo
\endif
