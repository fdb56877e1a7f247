--
-- icm_value: the one value of a customer
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
-- what EXPLAIN shows as output
CREATE FUNCTION pg_temp.output_of(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line LIKE '%Output: %' THEN
            RETURN substr(line, strpos(line, 'Output: '));
        END IF;
    END LOOP;
END
$$;
\set SHOW_CONTEXT never

-- By hand. Two purchase days, contribution 100 - 60 and 50 - 20; then a day on which 10 were refunded, and a call cost 9:
-- 51 of all, as of day 60. With a unit of a day x = 1, t_x = 20, t = 60, m = 50.
--
-- Spend p 2, q 3, gamma 10: S = p (gamma + x m) / (p x + q - 1) = 2 (10 + 50) / 4 = 30.
-- Pareto/NBD with r 1, s 2, alpha = beta = 20: P(alive) = 1 / (1 + s/(r+x+s) (((alpha+t)/(alpha+t_x))^(r+x+s) - 1))
-- = 1 / (1 + 2/4 (2^4 - 1)) = 2/17, and within 80 days P(alive) (r+x)/(alpha+t) (beta+t)/(s-1) (1 - ((beta+t)/(beta+t+80))^(s-1))
-- = 2/17 * 2/80 * 80 * (1 - 80/160): D = 2/17 purchase days.
\set ledger '\'{2025-01-01 1 100 60, 2025-01-21 1 50 20, 2025-02-10 0 -10 9}\'::icm_ledger'
\set model '\'{process: paretonbd, unit_days: 1, r: 1, alpha: 20, s: 2, beta: 20, p: 2, q: 3, gamma: 10}\'::icm_clv_model'
CREATE FUNCTION pg_temp.rounded(v icm_valuation) RETURNS numeric[]
LANGUAGE sql AS 'SELECT ARRAY[round((v).historic::numeric, 6), round((v).expected::numeric, 6), round((v).cost_to_serve::numeric, 6), round((v).total::numeric, 6),
                              round((v).std_error::numeric, 6), round((v).p_alive::numeric, 6)]';
SELECT round(2 / 17.0, 6) AS "2/17", round(21 / 17.0, 6) AS "21/17", round(24 / 17.0, 6) AS "24/17", round(9 / 17.0, 6) AS "9/17";
SELECT what, v[1] AS historic, v[2] AS expected, v[3] AS cost_to_serve, v[4] AS total, v[5] AS std_error, v[6] AS p_alive
FROM (VALUES (1, '0.35 * 30 * 2/17 = 21/17, 4.25 * 2/17 = 0.5', 'margin: 0.35, cost_to_serve: 4.25'),
             (2, 'learnt: 60 / 150 = 0.4, 24/17; 9 / 2 = 4.5, 9/17', 'margin: learnt, cost_to_serve: learnt'),
             (3, 'margin learnt', 'margin: learnt, cost_to_serve: 0'), (4, 'cost to serve learnt', 'margin: 0, cost_to_serve: learnt'),
             (5, 'a loss: -1 * 30 * 2/17', 'margin: -1, cost_to_serve: 17'),
             (6, 'of the last 20 days: none', 'history_days: 20, margin: 0.35, cost_to_serve: 4.25'),
             (7, 'of 21: the refund and the call', 'history_days: 21, margin: 0.35, cost_to_serve: 4.25'),
             (8, 'of 20.5, which is 21', 'history_days: 20.5, margin: 0.35, cost_to_serve: 4.25'),
             (9, 'of 41: the second purchase, too', 'history_days: 41, margin: 0.35, cost_to_serve: 4.25'),
             (10, 'of a million years', 'history_days: 365250000, margin: 0.35, cost_to_serve: 4.25'),
             (11, 'half-life of 20: 40/8 + 30/4 - 19/2', 'half_life_days: 20, margin: 0.35, cost_to_serve: 4.25')) AS d(i, what, definition),
     pg_temp.rounded(icm_value(:ledger, format('{%s, horizon_days: 80, annual_discount: 0, currency: EUR, model: value_test}',
                                               definition)::icm_value_definition, :model, '2025-03-02')) v
ORDER BY i;
-- what the model says itself, discounted too: D of lifetime value and spend
SELECT bool_and(abs(v.expected / icm_clv(:model, :ledger, day, days, discount, 0.35) - 1) < 1e-12) AS expected,
       bool_and(abs(v.cost_to_serve / (4.25 *
                icm_clv(:model, :ledger, day, days, discount, 1) / icm_expected_spend(:model, :ledger, day)) - 1) < 1e-12) AS cost_to_serve,
       bool_and(v.total = v.historic + v.expected - v.cost_to_serve) AS total,
       bool_and(v.p_alive = icm_p_alive(:model, :ledger, day)) AS p_alive,
       bool_and(v.historic = icm_contribution(:ledger, day - 29, day)) AS historic, count(v.std_error) AS std_errors
FROM unnest('{2025-01-21,2025-02-10,2025-03-02,2026-03-02}'::date[]) day, unnest('{1,365,36525}'::int[]) days,
     unnest('{0,0.1,1}'::float8[]) discount,
     LATERAL icm_value(:ledger, format('{history_days: 30, horizon_days: %s, annual_discount: %s, margin: 0.35, cost_to_serve: 4.25, model: m}',
                                       days, discount)::icm_value_definition, :model, day) v;
-- what lies after as_of is not seen
SELECT icm_value(ledger, d, m, '2025-01-31')::text = icm_value('{2025-01-01 1 100 60, 2025-01-21 1 50 20}', d, m, '2025-01-31')::text AS not_seen
FROM (VALUES (:ledger, '{horizon_days: 80, annual_discount: 0.1, margin: learnt, cost_to_serve: learnt, model: m}'::icm_value_definition,
              :model)) AS v(ledger, d, m);

-- fitted: std_error = hypot((margin S - c) std_error(D), margin D std_error(S)). With variances of the logarithms of 0.04,
-- 0.01 and 0.09 and dS/dln p = S (1 - p x / (p x + q - 1)) = 15, dS/dln q = -S q / (p x + q - 1) = -22.5, dS/dln gamma =
-- p gamma / (p x + q - 1) = 5, std_error(S)^2 = 9 + 5.0625 + 2.25.
\set fitted '\'{process: paretonbd, unit_days: 1, r: 1, alpha: 20, s: 2, beta: 20, p: 2, q: 3, gamma: 10, customers: 500, loglik: -3000, covariance: [0.01 0.004 0.02 0.001 -0.002 0.03 0.003 0.001 0.02 0.05], spend_customers: 400, spend_loglik: -1500, spend_covariance: [0.04 0 0.01 0 0 0.09]}\'::icm_clv_model'
SELECT margin, c, abs(v.std_error / sqrt(((learnt_margin * 30 - learnt_c) * d_error) ^ 2 + (learnt_margin * 2 / 17) ^ 2 * 16.3125) - 1) < 1e-9 AS std_error,
       v.expected = g.expected AND v.cost_to_serve = g.cost_to_serve AND v.total = g.total AND v.p_alive = g.p_alive AS as_given
FROM (VALUES ('0.35', '4.25', 0.35, 4.25), ('0.35', '0', 0.35, 0), ('0', '4.25', 0, 4.25), ('-0.5', '0', -0.5, 0),
      ('learnt', 'learnt', 0.4, 4.5)) AS d(margin, c, learnt_margin, learnt_c),
     LATERAL (SELECT format('{horizon_days: 80, annual_discount: 0, margin: %s, cost_to_serve: %s, model: m}', margin,
                            c)::icm_value_definition) AS f(definition),
     icm_value(:ledger, definition, :fitted, '2025-03-02') v, icm_value(:ledger, definition, :model, '2025-03-02') g,
     icm_expected_purchases_std_error(:fitted, :ledger, '2025-03-02', 80) d_error;
-- without a cost to serve it is that of lifetime value
SELECT abs((icm_value(:ledger, '{horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 0, model: m}', :fitted,
                      '2025-03-02')).std_error /
           icm_clv_std_error(:fitted, :ledger, '2025-03-02', 365, 0.1, 0.35) - 1) < 1e-12 AS as_clv;
-- none of a model of which one part was given
SELECT (icm_value(:ledger, d, icm_clv_model(:fitted, :model), '2025-03-02')).std_error AS spend_given,
       (icm_value(:ledger, d, icm_clv_model(:model, :fitted), '2025-03-02')).std_error AS purchase_given
FROM (VALUES ('{horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 0, model: m}'::icm_value_definition)) AS v(d);

-- What is not known is NULL. No purchase yet: all but historic. Margin to be learnt of no revenue or below -1, or mean
-- repeat revenue below nothing: expected, total and std_error.
SELECT id, what, v[1] AS historic, v[2] AS expected, round(v[3], 3) AS cost_to_serve, v[4] AS total, v[5] IS NOT NULL AS std_error,
       round(v[6], 3) AS p_alive
FROM (VALUES (1, 'nothing', '{}'), (2, 'cost only', '{2025-01-05 0 0 12.5}'), (3, 'refund only', '{2025-01-05 0 -20 0}'),
      (4, 'bought later', '{2025-01-05 0 0 12.5, 2025-03-03 1 100 50}'),
             (5, 'samples for nothing', '{2025-01-05 1 0 5, 2025-02-05 0 0 1}'),
             (6, 'more refund than revenue', '{2025-01-05 1 10 5, 2025-02-05 1 -30 0}'),
             (7, 'refunded since', '{2025-01-05 1 10 5, 2025-02-05 0 -15 0}'),
             (8, 'dearer than it brought', '{2025-01-05 1 0.01 100}')) AS c(id, what, ledger),
     pg_temp.rounded(icm_value(ledger::icm_ledger, '{horizon_days: 80, annual_discount: 0, margin: learnt, cost_to_serve: learnt, model: m}',
                               :fitted, '2025-03-02')) v
ORDER BY id;
SELECT icm_value(NULL, d, m, '2025-03-02') IS NULL AS ledger, icm_value(:ledger, NULL, m, '2025-03-02') IS NULL AS definition,
       icm_value(:ledger, d, NULL, '2025-03-02') IS NULL AS model,
       icm_value(:ledger, d, m, NULL) IS NULL AS as_of, icm_value(:ledger, NULL::text, '2025-03-02') IS NULL AS name
FROM (VALUES ('{horizon_days: 80, annual_discount: 0, margin: learnt, cost_to_serve: learnt, model: m}'::icm_value_definition, :model)) AS v(d,
    m);

-- what is refused
\set definition '\'{horizon_days: 80, annual_discount: 0.1, margin: 0.35, cost_to_serve: 4.25, model: value_test}\'::icm_value_definition'
SELECT what, e.*
FROM (VALUES (1, 'contracts', :'ledger', :'definition', '''{process: sbg, alpha: 1, beta: 2}''', '2025-03-02'),
      (2, 'spend alone', :'ledger', :'definition', '''{p: 2, q: 3, gamma: 10}''', '2025-03-02'),
             (3, 'no spend', :'ledger', :'definition', '''{process: bgnbd, r: 1, alpha: 1, a: 1, b: 1}''', '2025-03-02'),
             (4, 'no spend, no purchase', '''{}''', :'definition', '''{process: bgnbd, r: 1, alpha: 1, a: 1, b: 1}''', '2025-03-02'),
             (5, 'infinity', :'ledger', :'definition', :'model', 'infinity'), (6, '-infinity', '''{}''', :'definition', :'model', '-infinity'),
             (7, 'overflow', '''{2025-01-01 1 1e300 0, 2025-01-21 1 1e300 0}''',
              '''{horizon_days: 80, annual_discount: 0, margin: 0.35, cost_to_serve: 1.7e308, model: m}''',
              '''{process: bgnbd, unit_days: 1, r: 1000, alpha: 1, a: 1, b: 100, p: 2, q: 3, gamma: 10}''', '2025-01-21'))
         AS v(i, what, ledger, definition, model, as_of),
     pg_temp.error_of(format('SELECT icm_value(%s, %s, %s, %L)', ledger, definition, model, as_of)) e ORDER BY i;

-- the twin by name: the definition of that name, and the model that it names, whichever is in force
BEGIN;
SELECT icm_publish('clv_model', 'value_test', :model::text), icm_publish('value_definition', 'value_test', :definition::text);
SELECT icm_value(:ledger, 'value_test', '2025-03-02')::text = icm_value(:ledger, :definition, :model, '2025-03-02')::text AS same,
       icm_value(:ledger, name, '2025-03-02')::text = icm_value(:ledger, :definition, :model, '2025-03-02')::text AS in_a_column
       FROM (VALUES ('value_test'), ('value_test')) AS n(name);
PREPARE value_now AS SELECT pg_temp.rounded(icm_value(:ledger, 'value_test', '2025-03-02'));
EXECUTE value_now;
SELECT icm_publish('clv_model', 'value_test', '{process: bgnbd, unit_days: 1, r: 1, alpha: 20, a: 1, b: 2, p: 2, q: 3, gamma: 10}');
EXECUTE value_now;
SELECT icm_value(:ledger, 'value_test', '2025-03-02')::text =
       icm_value(:ledger, :definition, '{process: bgnbd, unit_days: 1, r: 1, alpha: 20, a: 1, b: 2, p: 2, q: 3, gamma: 10}', '2025-03-02')::text AS new_model;
SELECT icm_publish('value_definition', 'value_test',
                   '{half_life_days: 20, horizon_days: 80, annual_discount: 0.1, margin: 1, cost_to_serve: 0, model: value_test}');
EXECUTE value_now;
DEALLOCATE value_now;
-- both are in the plan
CREATE TEMP TABLE one AS SELECT :ledger AS ledger;
SELECT pg_temp.output_of($$SELECT icm_value(ledger, 'value_test', '2025-03-02') FROM one$$);
SELECT icm_publish('value_definition', 'value_test_2',
                   '{horizon_days: 80, annual_discount: 0.1, margin: 1, cost_to_serve: 0, model: value_test_2}');
SELECT icm_value(:ledger, 'value_test_2', '2025-03-02');
ROLLBACK;
SELECT icm_value(:ledger, 'value_test', '2025-03-02');

-- many customers in one query: the same as each alone
CREATE TEMP TABLE customer AS
    SELECT i, format('{2025-01-01 1 10 %s, 2025-01-%s 1 %s 2, 2025-02-20 0 0 %s}', i % 7, to_char(2 + i * 11 % 30, 'FM00'), 5 + i % 40,
                     i % 3)::icm_ledger AS ledger, date '2025-03-01' + i % 5 AS as_of FROM generate_series(1, 300) i;
CREATE FUNCTION pg_temp.alone(i int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT icm_value(ledger, d, m, as_of)::text FROM customer, terms WHERE i = $1' INTO result USING i;
    RETURN result;
END
$$;
CREATE TEMP TABLE terms AS SELECT :fitted AS m,
'{half_life_days: 90, horizon_days: 365, annual_discount: 0.1, margin: learnt, cost_to_serve: learnt, model: m}'::icm_value_definition AS d;
SELECT count(*), count(DISTINCT value), count(*) FILTER (WHERE value <> pg_temp.alone(i)) AS otherwise
       FROM (SELECT i, icm_value(ledger, d, m, as_of)::text AS value FROM customer, terms) v;
