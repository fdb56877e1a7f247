-- The grades by value, of the table worth, and a published standard. :company is true for the company's data.
-- Where there is anything to grade, the table graded has everybody's grade.

\pset footer off
\pset numericlocale on
\pset pager off

-- Natural groups need five different amounts that are earned.
SELECT least(5, count(DISTINCT value)) AS grades, count(DISTINCT value) >= 2 AS gradable,
       count(DISTINCT value) >= 5 AS five_grades,
       count(DISTINCT value) FILTER (WHERE value > 0) >= 5 AS groups
FROM worth \gset
SELECT fitted FROM chosen \gset
SELECT last_day FROM period \gset

\echo '7. Grades by value'
\echo
\if :gradable
\else
\echo '   All customers have the same value, so there is nothing to grade and no scale to publish.'
\echo
\quit
\endif
\if :groups
\set method logkmeans
\echo '   Five natural groups, A the best: values within a grade differ by as small a factor as can be (k-means of'
\echo '   the logarithms). Who costs as much as the customer brings, or more, is in the worst.'
\else
\set method quantile
\if :five_grades
\echo '   Five grades of equal size, A the best; customers with the same value share a grade.'
\else
\echo '   Only' :grades 'grades instead of 5: there are just' :grades 'different values, and customers'
\echo '   with the same value share a grade. A is the best.'
\endif
\endif
\echo '   The scale is cut and published, and every department sees what a grade is:'
\echo
\if :company
\set note 'agreed by marketing, call centre and field service'
\set effective 2025-01-01
\set decimals 0
\else
\set note 'cut from all customers'
\set effective yesterday
\set decimals 2
\endif
\set ECHO queries
SELECT icm_publish('scale', 'customer value', icm_scale_agg(value, :grades, :'method')::text,
                   :'note', :'effective') AS version FROM worth;

SELECT grade, round(lower::numeric, :decimals) AS "from", customers, round((100 * share)::numeric, 1) AS "customers %",
       round(sum::numeric, :decimals) AS value, round((100 * sum_share)::numeric, 1) AS "value %",
       round(mean::numeric, :decimals) AS mean
FROM icm_scale_grades(icm_standard_scale('customer value'));
\set ECHO none

-- A table of its own: the standard gets another version below.
CREATE TABLE graded AS
    SELECT customer, historic, value, icm_grade(value, 'customer value') AS grade FROM worth;

\if :company
\echo '   What the grades have brought, and what is still to come:'
\echo
SELECT coalesce(grade::text, 'all') AS grade,
       round(sum(historic)::numeric) AS "so far, EUR", round(sum(value - historic)::numeric) AS "to come, EUR"
FROM graded GROUP BY ROLLUP (grade) ORDER BY graded.grade;
\endif

\echo '8. One published standard, used by name'
\echo
\echo '   From now on every department grades by the name of the scale:'
\echo
\set ECHO queries
\if :fitted
SELECT icm_grade(coalesce(total, historic), 'customer value') AS grade, count(*) AS customers
FROM ledgers, icm_value(ledger, 'customer value', :'last_day') GROUP BY 1 ORDER BY 1;
\else
SELECT icm_grade(icm_contribution(ledger), 'customer value') AS grade, count(*) AS customers
FROM ledgers GROUP BY 1 ORDER BY 1;
\endif
\set ECHO none

\if :company
\echo '   A new version is written by hand, as the scale''s cuts. The same statement follows at once:'
\echo
\set ECHO queries
SELECT icm_publish('scale', 'customer value', '{0,100,500,1500}',
                   'E: the customer costs more than can be earned') AS version;

SELECT icm_grade(coalesce(total, historic), 'customer value') AS grade, count(*) AS customers
FROM ledgers, icm_value(ledger, 'customer value', :'last_day') GROUP BY 1 ORDER BY 1;
\set ECHO none
\echo '   The former version stays: how many had a better grade in mid-2025?'
\echo
\set ECHO queries
SELECT count(*) AS customers FROM worth
WHERE icm_grade(value, icm_standard_scale('customer value', '2025-06-30')) < icm_grade(value, 'customer value');
\set ECHO none
\endif
\echo '   Who published what, and why:'
\echo
SELECT version, to_char(in_force_from, 'YYYY-MM-DD HH24:MI') AS "in force from", published_by AS "by", note
FROM icm.standard WHERE kind = 'scale' AND name = 'customer value' ORDER BY version;
