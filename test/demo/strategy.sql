-- What customers have brought and what is still to come, and the strategy that follows. After predict.sql.

\pset footer off
\pset numericlocale on
\pset pager off

SELECT count(DISTINCT historic) >= 3 AND bool_or(historic > 0)
       AND count(DISTINCT value - historic) >= 3 AND bool_or(value - historic > 0) AS gradable
FROM worth WHERE expects \gset

\echo '10. Actual and potential'
\echo
\if :gradable
\else
\echo '   There is no expectation that differs between customers, so potential says nothing yet.'
\echo
\quit
\endif
\echo '   A by actual value is who has brought the first half of all that was brought, B up to 80 %; by potential'
\echo '   the same of what is still to come. The strategy for each pair is published too.'
\echo
\set ECHO queries
SELECT icm_publish('scale', 'actual', icm_scale_shares_agg(historic, ARRAY[0.5, 0.8], 'pareto')::text) AS version,
       icm_publish('scale', 'potential', icm_scale_shares_agg(value - historic, ARRAY[0.5, 0.8], 'pareto')::text) AS version
FROM worth WHERE expects;

SELECT icm_publish('grade_matrix', 'strategy',
                   '{A: keep keep "win back", B: grow keep "win back", C: grow grow serve}') AS version;

SELECT icm_grade(historic, 'actual') AS actual, icm_grade(value - historic, 'potential') AS potential,
       icm_strategy(icm_grade(historic, 'actual'), icm_grade(value - historic, 'potential'), 'strategy') AS strategy,
       count(*) AS customers, round(sum(historic)::numeric) AS "so far", round(sum(value - historic)::numeric) AS "to come"
FROM worth WHERE expects GROUP BY 1, 2, 3 ORDER BY 1, 2;
\set ECHO none
