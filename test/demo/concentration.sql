-- How much of the value a few customers bring, of the table worth.

\pset footer off
\pset pager off

\echo '6. What the best customers bring'
\echo
SELECT sum(value) > 0 AS positive, min(value) < 0 AS negative FROM worth \gset
\if :positive
\else
\echo '   All customers together bring nothing, so nobody has a share of it.'
\echo
\quit
\endif
\echo '   The share of all value that the best customers have, and the Gini coefficient: 0 where all bring'
\echo '   the same, near 1 where one brings all.'
\if :negative
\echo '   It may go over 100 %, as some cost more than they bring.'
\endif
\echo
\set ECHO queries
SELECT icm_gini_agg(value) AS gini, icm_lorenz_agg(value, 100) AS lorenz FROM worth \gset
\set ECHO none
\echo
\pset format unaligned
\pset tuples_only on
-- The Lorenz curve starts with the lowest; element 101 is what all have. A bar never leaves the line.
SELECT format('   best %s %% %s %s %%', lpad(best::text, 3),
              rpad(repeat('#', greatest(0, least(60, round(50 * share)))::int), 60), to_char(100 * share, 'FM999,999,990.0'))
FROM (SELECT best, 1 - (:'lorenz'::float8[])[101 - best] AS share
      FROM unnest(ARRAY[1, 5, 10, 20, 30, 50, 70, 100]) AS best) AS bars
ORDER BY best;
SELECT format(E'\n   Gini coefficient: %s', round(:'gini'::numeric, 3));
\echo
