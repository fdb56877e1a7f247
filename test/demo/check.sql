-- Was it right? The first two thirds of the time predict the last, class by class. After predict.sql.

\pset footer off
\pset pager off

SELECT process, fitted, first_day, split_day, last_day FROM chosen, period \gset
\if :fitted
\else
\quit
\endif

CREATE TABLE checks (classes icm_clv_holdout_class[], reason text);
CREATE FUNCTION try_check(process text, calibrate_to date, until date) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    detail text;
BEGIN
    INSERT INTO checks (classes) SELECT icm_clv_holdout(ledger, calibrate_to, until, process) FROM ledgers;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    INSERT INTO checks (reason) VALUES (concat_ws('. ', SQLERRM, nullif(detail, '')));
END
$$;
SELECT try_check(:'process', :'split_day', :'last_day') \g /dev/null

\echo '12. Was it right? Predicted on' :split_day', compared with what happened until' :last_day
\echo
SELECT classes IS NOT NULL AS checked, reason FROM checks \gset
\if :checked
\else
\echo '   There is no check:' :reason
\echo
\quit
\endif
\echo '   Purchase days of a customer after' :split_day 'on average, by the number of repeat purchase days before;'
\echo '   icm_clv_holdout(ledger, calibrate_to, until, process) does it in one query.'
\echo
\pset format unaligned
\pset tuples_only on
SELECT format(E'   %s, %s customers\n     expected %s %s\n     actual   %s %s',
              CASE frequency WHEN 'all' THEN 'all' ELSE frequency || ' repeat purchases' END,
              trim(to_char(customers, '999,999,999,990')),
              rpad(repeat('=', length), 50), round(expected_mean::numeric, 2),
              rpad(repeat('#', actual_length), 50), round(actual_mean::numeric, 2))
FROM (SELECT class.*,
             coalesce(round(50 * expected_mean / longest), 0)::int AS length,
             coalesce(round(50 * actual_mean / longest), 0)::int AS actual_length
      FROM checks, unnest(classes) WITH ORDINALITY
              AS class (frequency, customers, expected, actual, expected_mean, actual_mean, error, position),
          LATERAL (SELECT nullif(max(greatest(expected_mean, actual_mean)), 0) AS longest
                   FROM unnest(classes)) AS scale) bars
ORDER BY position;
SELECT format(E'\n   In all %s purchase days were expected, and %s made: %s %%.',
              trim(to_char(expected, '999,999,999,990')), trim(to_char(actual, '999,999,999,990')),
              coalesce(to_char(100 * error, 'FMSG990.0'), '-'))
FROM checks, unnest(classes) WHERE frequency = 'all';
\echo
