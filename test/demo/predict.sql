-- What is still to be expected of the customers in the table ledgers: processes are fitted, the best is
-- published, and everybody is valued by history and expectation. Where nothing can be learnt from the data,
-- the table worth has the history alone. :company is true for the company's data.

\pset footer off
\pset numericlocale on
\pset pager off

-- The time that the data cover, and two thirds of it, to check predictions on the last.
CREATE TABLE period AS
    SELECT min(day) AS first_day, max(day) AS last_day, min(day) + (max(day) - min(day)) * 2 / 3 AS split_day
    FROM ledgers, icm_ledger_days(ledger);
SELECT last_day, last_day - split_day AS days_after FROM period \gset

CREATE TABLE fits (process text, model icm_clv_model, reason text);
CREATE FUNCTION try_fit(process text, as_of date) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    model icm_clv_model;
    detail text;
BEGIN
    SELECT icm_clv_fit(ledger, as_of, try_fit.process) INTO model FROM ledgers;
    INSERT INTO fits VALUES (process, model, CASE WHEN model IS NULL THEN 'nobody has bought.' END);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    INSERT INTO fits VALUES (process, NULL, concat_ws('. ', SQLERRM, nullif(detail, '')));
END
$$;
SELECT try_fit(process, :'last_day') FROM unnest(ARRAY['bgnbd', 'mbgnbd', 'paretonbd']) AS process \g /dev/null

\echo '5. What is still to come'
\echo
\echo '   Three purchase processes, each with a model of spend, are fitted to the ledgers as of' :last_day
\echo '   by icm_clv_fit(ledger, as_of, process). The one with the highest log-likelihood fits best:'
\echo
SELECT count(model) > 0 AS fitted, min(reason) AS reason,
       coalesce((array_agg(process ORDER BY icm_clv_loglik(model) DESC)
                 FILTER (WHERE model IS NOT NULL))[1], '') AS process
FROM fits \gset
CREATE TABLE chosen AS SELECT :'process' AS process, :'fitted'::bool AS fitted;

\if :fitted
SELECT process, round(icm_clv_loglik(model)::numeric, 1) AS "log-likelihood", reason AS "or why there is none"
FROM fits ORDER BY 2 DESC NULLS LAST, process;

\echo '   It is published, and with it what counts as value: the history, and 365 days of expectation.'
\echo '   Margin and cost to serve are learnt from each customer''s own ledger.'
\echo
\set ECHO queries
SELECT icm_publish('clv_model', 'purchases', icm_clv_fit(ledger, :'last_day', :'process')::text) AS version
FROM ledgers;

SELECT icm_publish('value_definition', 'customer value',
                   '{horizon_days: 365, annual_discount: 0.1, margin: learnt, cost_to_serve: learnt,
                     model: purchases}') AS version;

SELECT part, param, round(estimate::numeric, 3) AS estimate, round(std_error::numeric, 3) AS std_error
FROM icm_clv_params(icm_standard_clv_model('purchases'));
\set ECHO none

-- Nothing can be expected of who has not bought yet, or has got more back than paid: history counts.
CREATE TABLE worth AS
    SELECT customer, historic, expected, cost_to_serve, std_error, p_alive, coalesce(total, historic) AS value,
           total IS NOT NULL AS expects
    FROM ledgers, icm_value(ledger, 'customer value', :'last_day');
\else
\echo '   None does:' :reason
\echo '   So there is no expectation, and value is what was contributed so far.'
\echo
CREATE TABLE worth AS
    SELECT customer, contribution AS historic, NULL::float8 AS expected, NULL::float8 AS cost_to_serve,
           NULL::float8 AS std_error, NULL::float8 AS p_alive, contribution AS value, false AS expects
    FROM valuations;
\quit
\endif

CREATE TABLE views AS
    SELECT customer, historic, expected, cost_to_serve, value, std_error, p_alive, revenue_rank, cost_rank,
           rank() OVER (ORDER BY value DESC) AS value_rank, greatest(1, count(*) OVER () / 100) AS best
    FROM worth JOIN ranks USING (customer);

\if :company
\echo '   The customers whom marketing, the call centre and their value see differently, in EUR: of marketing''s'
\echo '   best 1 %, the five with the lowest value, and of all others the five with the highest.'
\echo '   Value = contribution so far + expected contribution - expected cost to serve, which is below 0 where'
\echo '   goods came back that were worth more than the service cost.'
\echo
SELECT customer::text, revenue_rank AS "rank (marketing)", cost_rank AS "rank (call centre)",
       round(historic::numeric) AS "so far", round(expected::numeric) AS expected,
       round(cost_to_serve::numeric) AS "cost to serve", round(value::numeric) AS value, value_rank AS "rank"
FROM ((SELECT * FROM views WHERE revenue_rank <= best ORDER BY value_rank DESC, customer LIMIT 5)
      UNION ALL
      (SELECT * FROM views WHERE revenue_rank > best ORDER BY value_rank, customer LIMIT 5)) v
ORDER BY value_rank DESC, v.customer;
\else
\echo '   The ten customers with the highest value: contribution so far + expected contribution'
\echo '   - expected cost to serve.'
\echo
SELECT customer, round(historic::numeric, 2) AS "so far", round(p_alive::numeric, 2) AS "P(alive)",
       round(expected::numeric, 2) AS expected, round(cost_to_serve::numeric, 2) AS "cost to serve",
       round(value::numeric, 2) AS value, round(std_error::numeric, 2) AS "standard error"
FROM views ORDER BY value_rank, views.customer LIMIT 10;
\endif
SELECT count(*) AS without, count(*) > 0 AS some_without FROM worth WHERE NOT expects \gset
\if :some_without
\echo '   Customers without expectation:' :without'. They have not bought yet, have no revenue, or have got back'
\echo '   more than they paid. Their value is the history alone.'
\echo
\endif
