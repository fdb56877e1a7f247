-- How customers moved between grades from the first half of the time to the second. After predict.sql.

\pset footer off
\pset numericlocale on
\pset pager off

SELECT first_day, first_day + (last_day - first_day + 1) / 2 - 1 AS half_day,
       first_day + (last_day - first_day + 1) / 2 AS next_day, last_day
FROM period \gset

-- Who has contributed nothing in a half has no grade in it.
CREATE TABLE halves AS
    SELECT customer, nullif(icm_contribution(ledger, :'first_day', :'half_day'), 0) AS before,
           nullif(icm_contribution(ledger, :'next_day', :'last_day'), 0) AS after
    FROM ledgers
    WHERE :'first_day' < :'last_day'::date;
SELECT least(5, count(DISTINCT before)) AS grades, count(DISTINCT before) >= 2 AND count(after) > 0 AS comparable,
       CASE WHEN count(DISTINCT before) FILTER (WHERE before > 0) >= 5 THEN 'logkmeans' ELSE 'quantile' END AS method
FROM halves \gset

\echo '9. Who moved'
\echo
\if :comparable
\else
\echo '   There are no two periods with contributions that differ, so nobody can move.'
\echo
\quit
\endif
\echo '   What customers contributed until' :half_day 'and after it, graded on the same scale.'
\echo
\set ECHO queries
SELECT icm_publish('scale', 'half', icm_scale_agg(before, :grades, :'method')::text) AS version FROM halves;

CREATE TABLE moves AS
SELECT icm_migration_agg(icm_grade(before, 'half'), icm_grade(after, 'half')) AS moves FROM halves;
\set ECHO none
\echo
\echo '   Customers by their grade before (rows) and after (columns); -: contributed nothing in that half.'
\echo
SELECT coalesce(previous::text, '-') AS before, coalesce(current::text, '-') AS after, customers,
       coalesce(current::int, 27) AS position
FROM moves, icm_migration_matrix(moves)
ORDER BY coalesce(previous::int, 27), position
\crosstabview before after customers position

\set ECHO queries
SELECT customers, round((100 * share_upgraded)::numeric, 1) AS "up %", round((100 * share_downgraded)::numeric, 1) AS "down %",
       round((100 * share_unchanged)::numeric, 1) AS "same %", entered, departed,
       CASE WHEN psi < 'Infinity' THEN round(psi::numeric, 3) END AS psi
FROM moves, icm_migration_stats(moves);
\set ECHO none
SELECT coalesce(psi < 'Infinity', false) AS has_psi FROM moves, icm_migration_stats(moves) \gset
\if :has_psi
\echo '   PSI, the population stability index, compares how many each grade held: below 0.1 little has changed,'
\echo '   above 0.25 the customers are not what they were.'
\else
\echo '   There is no PSI, the population stability index: a grade is empty in one half only.'
\endif
\echo
