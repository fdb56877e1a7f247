-- The grades by value, of the table worth, and a published standard. :company is true for the company's data,
-- which has wallets.

\pset footer off
\pset numericlocale on
\pset pager off

SELECT least(5, count(DISTINCT value)) AS grades, count(DISTINCT value) >= 2 AS gradable,
       count(DISTINCT value) >= 5 AS five_grades
FROM worth \gset
SELECT fitted FROM chosen \gset
SELECT last_day FROM period \gset

\echo '6. Grades by value'
\echo
\if :gradable
\else
\echo '   All customers have the same value, so there is nothing to grade and no scale to publish.'
\echo
\quit
\endif
\if :five_grades
\echo '   Five grades of equal size, A the best; customers with the same value share a grade.'
\echo '   The scale is cut by'
\else
\echo '   Only' :grades 'grades instead of 5: there are just' :grades 'different values, and customers'
\echo '   with the same value share a grade. A is the best.'
\echo '   The scale is cut by'
\endif
\echo
\set ECHO queries
SELECT icm_scale_agg(value, :grades, 'quantile') AS scale FROM worth \gset
\set ECHO none
\echo
\echo '   which gives' :scale
\echo

\if :company
-- Whoever got more back in the year than was spent has no share of wallet.
CREATE TABLE graded AS
    SELECT customer, value, historic, sum(value) OVER () AS total,
           icm_grade(value, :'scale'::icm_scale) AS grade, wallet,
           CASE WHEN own >= 0 THEN icm_share_of_wallet(own, wallet) END AS share
    FROM worth LEFT JOIN shares USING (customer);

SELECT coalesce(grade::text, 'all') AS grade,
       round((icm_cuts(:'scale'::icm_scale))[:grades - grade::int]::numeric) AS "from EUR",
       count(*) AS customers,
       round(sum(value)::numeric) AS "value EUR",
       round(sum(value - historic)::numeric) AS "of it to come",
       round((100 * sum(value) / total)::numeric, 1) AS "share %",
       count(share) AS "wallets known",
       round(100 * avg(share)::numeric, 1) AS "avg share of wallet %"
FROM graded GROUP BY total, ROLLUP (grade) ORDER BY graded.grade;

SELECT count(*) AS refunded FROM graded WHERE wallet IS NOT NULL AND share IS NULL \gset
\echo '   Share of wallet: the part of the customer''s spending on such goods in 2024 that came here,'
\echo '   averaged over the customers whose spending is known. Left out:' :refunded 'who got more back in 2024'
\echo '   than they spent.'
\echo
\else
SELECT coalesce(grade::text, 'all') AS grade,
       round((icm_cuts(:'scale'::icm_scale))[:grades - grade::int]::numeric, 2) AS "from",
       count(*) AS customers,
       round(sum(value)::numeric, 2) AS value,
       round((sum(value - historic) FILTER (WHERE expects))::numeric, 2) AS "of it to come",
       round((100 * sum(value) / CASE WHEN total > 0 THEN total END)::numeric, 1) AS "share %"
FROM (SELECT value, historic, expects, icm_grade(value, :'scale'::icm_scale) AS grade, sum(value) OVER () AS total
      FROM worth) graded
GROUP BY total, ROLLUP (grade) ORDER BY graded.grade;
\endif

\echo '7. One published standard, used by name'
\echo
\echo '   The scale is published, and from then on every department grades by its name:'
\echo
\if :company
\set note 'agreed by marketing, call centre and field service'
\set effective 2025-01-01
\else
\set note 'grades of equal size'
\set effective yesterday
\endif
\set ECHO queries
SELECT icm_publish('scale', 'customer value', :'scale',
                   :'note', :'effective') AS version;

\if :fitted
SELECT icm_grade(coalesce(total, historic), 'customer value') AS grade, count(*) AS customers
FROM ledgers, icm_value(ledger, 'customer value', :'last_day') GROUP BY 1 ORDER BY 1;
\else
SELECT icm_grade(icm_contribution(ledger), 'customer value') AS grade, count(*) AS customers
FROM ledgers GROUP BY 1 ORDER BY 1;
\endif
\set ECHO none

\if :company
\echo '   A new version is written by hand, as the scale''s text. The same statement follows at once:'
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
