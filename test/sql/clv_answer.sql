--
-- what a model says of a customer: P(alive), purchases, spend, lifetime value; of contracts: survival, retention, DERL
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
-- the models of the CDNOW sample as the papers print them (Fader, Hardie, Lee 2005; Fader, Hardie 2005; Batislam et al. 2007;
-- Fader, Hardie 2013), and of contracts (Fader, Hardie 2007)
CREATE TEMP TABLE model (name text, model icm_clv_model);
INSERT INTO model VALUES
    ('bgnbd', '{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426, p: 6.25, q: 3.74, gamma: 15.44}'),
    ('mbgnbd', '{process: mbgnbd, r: 0.525, alpha: 6.183, a: 0.891, b: 1.614, p: 6.25, q: 3.74, gamma: 15.44}'),
    ('paretonbd', '{process: paretonbd, r: 0.553, alpha: 10.578, s: 0.606, beta: 11.669, p: 6.25, q: 3.74, gamma: 15.44}'),
    ('sbg', '{process: sbg, alpha: 0.668, beta: 3.806}');
-- \:bgnbd is the model itself; a string alone is the name of one
SELECT (SELECT format('%L::icm_clv_model', model) FROM model WHERE name = 'bgnbd') AS bgnbd,
       (SELECT format('%L::icm_clv_model', model) FROM model WHERE name = 'paretonbd') AS paretonbd,
       (SELECT format('%L::icm_clv_model', model) FROM model WHERE name = 'sbg') AS sbg \gset
SELECT icm_p_alive('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}', 0, 0, 1);
CREATE TEMP VIEW purchase AS SELECT * FROM model WHERE name <> 'sbg';

-- published: a customer with two repeat purchases in 39 weeks (Fader, Hardie, Lee 2005); a heavy buyer, by fitted parameters;
-- spend of customers 1, 2, 3 and 6 (Fader, Hardie 2013)
SELECT round(icm_expected_purchases(:bgnbd, 2, 30.43, 38.86, 273)::numeric, 3) AS "1.226",
       round(icm_p_alive(:bgnbd, 26, 30.857, 31)::numeric, 3) AS "0.969",
       round(icm_expected_purchases(:bgnbd, 26, 30.857, 31, 364)::numeric, 2) AS "25.76",
       round(icm_p_alive(:paretonbd, 26, 30.857, 31)::numeric, 3) AS "0.998",
       round(icm_expected_purchases(:paretonbd, 26, 30.857, 31, 364)::numeric, 2) AS "25.46";
SELECT bool_and(abs(icm_gammagamma_mean(:bgnbd, m, x) - published) < 0.1) AS published
FROM (VALUES (22.35, 2, 24.65), (11.77, 1, 18.91), (NULL, 0, 35.17), (73.74, 7, 71.46)) AS v(m, x, published);
-- a new customer within 1, 3, 32 and 78 weeks (Hardie, note 004, whose parameters have more digits)
SELECT bool_and(abs(icm_expected_purchases(:bgnbd, 0, 0, 0, 7 * weeks) / published - 1) < 0.002) AS published
FROM (VALUES (1, 0.0532), (3, 0.1506), (32, 1.0437), (78, 1.8576)) AS v(weeks, published);

-- Beside the formulas in plain SQL. P(alive): of BG/NBD and MBG/NBD closed; of Pareto/NBD with the integral over the time of
-- loss, by Simpson's rule in log(alpha + u).
CREATE TEMP TABLE history AS
    SELECT x, t_x, t FROM (VALUES (0, 0::float8, 0::float8), (0, 0, 1), (0, 0, 38.86), (0, 0, 400), (1, 0.142857, 0.142857), (1, 1, 39),
                           (1, 38, 38.86), (2, 30.43, 38.86),
                                  (7, 10, 12), (7, 10, 20), (7, 10, 100), (26, 30.857, 31), (26, 20, 31), (60, 100, 102)) AS v(x, t_x, t);
CREATE FUNCTION pg_temp.p_alive(name text, x int, t_x float8, t float8) RETURNS float8
LANGUAGE sql AS $$
    SELECT CASE name
        WHEN 'bgnbd' THEN 1 / (1 + CASE WHEN x > 0 THEN 0.793 / (2.426 + x - 1) * ((4.414 + t) / (4.414 + t_x)) ^ (0.243 + x) ELSE 0 END)
        WHEN 'mbgnbd' THEN 1 / (1 + 0.891 / (1.614 + x) * ((6.183 + t) / (6.183 + t_x)) ^ (0.525 + x))
        ELSE (SELECT 1 / (1 + (10.578 + t) ^ (0.553 + x) * (11.669 + t) ^ 0.606::float8 * 0.606 * ln((10.578 + t) / (10.578 + t_x)) / 3000 *
                     sum((CASE WHEN i IN (0, 1000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END) *
                         (10.578 + u) ^ (1 - 0.553 - x) * (11.669 + u) ^ -1.606::float8))
              FROM (SELECT i, (10.578 + t_x) * ((10.578 + t) / (10.578 + t_x)) ^ (i / 1000::float8) - 10.578
                    FROM generate_series(0, 1000) i) AS s(i, u)) END
$$;
SELECT name, bool_and(abs(icm_p_alive(model, x, t_x, t) / pg_temp.p_alive(name, x, t_x, t) - 1) < 1e-9) AS same
FROM purchase, history GROUP BY name ORDER BY name;
-- who bought once: surely alive for BG/NBD, where a customer can be lost only after a repeat purchase; not so for the others
SELECT name, round(icm_p_alive(model, 0, 0, 0)::numeric, 4) AS new, round(icm_p_alive(model, 0, 0, 52)::numeric, 4) AS after_a_year,
       round(icm_p_alive(model, 0, 0, 5200)::numeric, 4) AS after_a_century FROM purchase ORDER BY name;
-- expected purchases of Pareto/NBD: P(alive) (r+x)/(alpha+t) (beta+t)/(s-1) (1 - ((beta+t)/(beta+t+h))^(s-1))
SELECT bool_and(abs(icm_expected_purchases(model, x, t_x, t, 7 * h) /
                    (icm_p_alive(model, x, t_x, t) * (0.553 + x) / (10.578 + t) * (11.669 + t) / -0.394 *
                     (1 - ((11.669 + t) / (11.669 + t + h)) ^ -0.394::float8)) - 1) < 1e-9) AS same
FROM purchase, history, unnest('{0.1,1,39,520}'::float8[]) h WHERE name = 'paretonbd';
-- the probabilities of exactly n make 1, and their mean is what is expected; those of less than n and of at least n make 1
SELECT name, max(abs(one - 1)) < 1e-9 AS one, max(abs(mean / icm_expected_purchases(model, x, t_x, t, days) - 1)) < 1e-9 AS mean,
       max(at_least) < 1e-12 AS at_least
FROM purchase, history, unnest('{1,90}'::int[]) days,
     LATERAL (SELECT sum(p), sum(n * p), max(abs(icm_p_purchases_at_least(model, x, t_x, t, days, n) + less - 1))
              FROM (SELECT n, p, sum(p) OVER (ORDER BY n) - p FROM generate_series(0, 400) n,
                    icm_p_purchases(model, x, t_x, t, days, n) p) AS p(n, p, less)) AS s(one, mean, at_least)
GROUP BY name ORDER BY name;
-- rather few: at least one is not none; at least none is sure; none within no time is
SELECT name, max(abs(icm_p_purchases_at_least(model, x, t_x, t, 30, 1) + icm_p_purchases(model, x, t_x, t, 30, 0) - 1)) < 1e-14 AS complement,
       bool_and(icm_p_purchases_at_least(model, x, t_x, t, 30, 0) = 1) AS at_least_0,
       max(abs(icm_p_purchases(model, x, t_x, t, 0, 0) - 1)) < 1e-15 AS no_time,
       bool_and(icm_p_purchases(model, x, t_x, t, 0, 1) = 0 AND icm_p_purchases_at_least(model, x, t_x, t, 0, 1) = 0
                AND icm_expected_purchases(model, x, t_x, t, 0) = 0) AS nothing
FROM purchase, history GROUP BY name ORDER BY name;

-- lifetime value is margin * spend * purchases, discounted: each day's at ln(1 + d) / 365.25 a day
SELECT name,
       max(abs(icm_clv(model, x, t_x, t, 20, 365, 0, 0.3) /
               (0.3 * icm_gammagamma_mean(model, 20, x) * icm_expected_purchases(model, x, t_x, t, 365)) - 1)) < 1e-12 AS undiscounted,
       max(abs(icm_clv(model, x, t_x, t, 20, 365, 0.15, 0.3) / (0.3 * icm_gammagamma_mean(model, 20, x) * discounted) - 1)) < 1e-6 AS discounted,
       bool_and(icm_clv(model, x, t_x, t, 20, 365, 0.15, -0.3) = -icm_clv(model, x, t_x, t, 20, 365, 0.15, 0.3)) AS loss,
       bool_and(icm_clv(model, x, t_x, t, 20, 0, 0.15, 1) = 0 AND icm_clv(model, x, t_x, t, 20, 365, 0.15, 0) = 0) AS zero
FROM purchase, history,
     LATERAL (SELECT sum((icm_expected_purchases(model, x, t_x, t, day) - icm_expected_purchases(model, x, t_x, t, day - 1)) *
                         1.15 ^ (-(day - 0.5) / 365.25))::float8
              FROM generate_series(1, 365) day) AS d(discounted)
GROUP BY name ORDER BY name;
-- DERT is that without a horizon; without a discount it exists for a and s above 1: P(alive) (r+x)/(alpha+t) (beta+t)/(s-1),
-- P(alive) (a+b+x-1)/(a-1) for BG/NBD, P(alive) (a+b+x)/(a-1) for MBG/NBD
SELECT name,
       max(abs(icm_dert(model, x, t_x, t, 0.15) / (icm_clv(model, x, t_x, t, 20, 73050, 0.15, 1) / icm_gammagamma_mean(model, 20, x)) - 1)) < 1e-8 AS limit_of_horizon
FROM purchase, history GROUP BY name ORDER BY name;
SELECT max(abs(icm_dert('{process: bgnbd, r: 0.243, alpha: 4.414, a: 1.793, b: 2.426}'::icm_clv_model, x, t_x, t, 0) /
               (icm_p_alive('{process: bgnbd, r: 0.243, alpha: 4.414, a: 1.793, b: 2.426}'::icm_clv_model, x, t_x, t) *
                (3.219 + x) / 0.793) - 1)) < 1e-10 AS bgnbd,
       max(abs(icm_dert('{process: mbgnbd, r: 0.243, alpha: 4.414, a: 1.793, b: 2.426}'::icm_clv_model, x, t_x, t, 0) /
               (icm_p_alive('{process: mbgnbd, r: 0.243, alpha: 4.414, a: 1.793, b: 2.426}'::icm_clv_model, x, t_x, t) *
                (4.219 + x) / 0.793) - 1)) < 1e-10 AS mbgnbd,
       max(abs(icm_dert('{process: paretonbd, r: 0.5, alpha: 10, s: 1.5, beta: 11}'::icm_clv_model, x, t_x, t, 0) /
               (icm_p_alive('{process: paretonbd, r: 0.5, alpha: 10, s: 1.5, beta: 11}'::icm_clv_model, x, t_x, t) *
                (0.5 + x) / (10 + t) * (11 + t) / 0.5) - 1)) < 1e-10 AS paretonbd
FROM history;
-- the unit: a model of days says the same of days
SELECT max(abs(icm_clv('{process: bgnbd, unit_days: 1, r: 0.243, alpha: 30.898, a: 0.793, b: 2.426, p: 6.25, q: 3.74, gamma: 15.44}'::icm_clv_model,
                       x, 7 * t_x, 7 * t, 20, 365, 0.15, 0.3) /
               icm_clv(:bgnbd, x, t_x, t, 20, 365, 0.15, 0.3) - 1)) < 1e-10 AS clv,
       max(abs(icm_dert('{process: bgnbd, unit_days: 1, r: 0.243, alpha: 30.898, a: 0.793, b: 2.426}'::icm_clv_model, x, 7 * t_x, 7 * t, 0.15) /
               icm_dert(:bgnbd, x, t_x, t, 0.15) - 1)) < 1e-10 AS dert FROM history;
-- spend: p (gamma + x m) / (p x + q - 1), between one's own mean and that of all
SELECT max(abs(icm_gammagamma_mean(:bgnbd, m, x) / (6.25 * (15.44 + x * m) / (6.25 * x + 2.74)) - 1)) < 1e-14 AS same
FROM unnest('{0,0.01,35,1e6,1e290}'::float8[]) m, unnest('{1,2,100,2147483647}'::int[]) x;
-- with untyped literals, a ledger and a day
SELECT round(icm_expected_spend(:bgnbd, '{2025-01-05 1 20 0, 2025-02-05 1 30 0}', '2025-06-30')::numeric, 6) = round(icm_gammagamma_mean(:bgnbd, 30, 1)::numeric, 6) AS same;
SELECT icm_gammagamma_mean(:bgnbd, NULL, 0) = icm_gammagamma_mean(:bgnbd, 50, 0) AS m_of_none,
       icm_gammagamma_mean('{p: 6.25, q: 3.74, gamma: 15.44}'::icm_clv_model, 20, 1) =
       icm_gammagamma_mean(:bgnbd, 20, 1) AS spend_alone, icm_clv(:bgnbd, 0, 0, 10, NULL, 365, 0.1, 1) =
           icm_clv(:bgnbd, 0, 0, 10, 50, 365, 0.1, 1) AS clv;

-- standard errors by the delta method: with the covariance of the logarithms of the parameters, and differences
CREATE FUNCTION pg_temp.fitted(process text, l float8[]) RETURNS icm_clv_model
LANGUAGE sql AS $$
    SELECT format('{process: %s, r: %s, alpha: %s, %s: %s, %s: %s, p: %s, q: %s, gamma: %s,
                    customers: 2357, loglik: -9582, covariance: [0.01 0.004 0.02 0.001 -0.002 0.03 0.003 0.001 0.02 0.05],
                    spend_customers: 946, spend_loglik: -4059, spend_covariance: [0.02 -0.01 0.03 -0.03 0.03 0.06]}', process, exp(l[1]),
                    exp(l[2]),
                  CASE process WHEN 'paretonbd' THEN 's' ELSE 'a' END, exp(l[3]), CASE process WHEN 'paretonbd' THEN 'beta' ELSE 'b' END,
                  exp(l[4]),
                  exp(l[5]), exp(l[6]), exp(l[7]))::icm_clv_model
$$;
CREATE TEMP TABLE fitted AS
    SELECT name, l, pg_temp.fitted(name, l) AS model,
           '{{0.01,0.004,0.001,0.003,0,0,0},{0.004,0.02,-0.002,0.001,0,0,0},{0.001,-0.002,0.03,0.02,0,0,0},{0.003,0.001,0.02,0.05,0,0,0},
             {0,0,0,0,0.02,-0.01,-0.03},{0,0,0,0,-0.01,0.03,0.03},{0,0,0,0,-0.03,0.03,0.06}}'::float8[] AS covariance
    FROM purchase, LATERAL (SELECT array_agg(ln(estimate) ORDER BY i)
                            FROM icm_clv_params(model) WITH ORDINALITY AS p(part, param, estimate, std_error, i)) AS p(l);
SELECT name, max(abs(purchases_error / icm_expected_purchases_std_error(model, x, t_x, t, 365) - 1)) < 1e-5 AS purchases,
       max(abs(clv_error / icm_clv_std_error(model, x, t_x, t, 20, 365, 0.15, 0.3) - 1)) < 1e-5 AS clv
FROM fitted, history,
     LATERAL (SELECT array_agg((icm_expected_purchases(up, x, t_x, t, 365) - icm_expected_purchases(down, x, t_x, t, 365)) / 2e-4 ORDER BY i),
                     array_agg((icm_clv(up, x, t_x, t, 20, 365, 0.15, 0.3) - icm_clv(down, x, t_x, t, 20, 365, 0.15, 0.3)) / 2e-4 ORDER BY i)
              FROM (SELECT i, pg_temp.fitted(name, l[:i - 1] || l[i] + 1e-4 || l[i + 1:]),
                    pg_temp.fitted(name, l[:i - 1] || l[i] - 1e-4 || l[i + 1:])
                    FROM generate_series(1, 7) i) AS m(i, up, down)) AS s(purchases, clv),
     LATERAL (SELECT sqrt(sum(purchases[i] * purchases[j] * covariance[i][j])), sqrt(sum(clv[i] * clv[j] * covariance[i][j]))
              FROM generate_series(1, 7) i, generate_series(1, 7) j) AS e(purchases_error, clv_error)
GROUP BY name ORDER BY name;
-- none of a model that was given; of lifetime value none unless both parts were fitted
SELECT name, icm_expected_purchases_std_error(model, 2, 30, 39, 365) AS purchases, icm_clv_std_error(model, 2, 30, 39, 20, 365, 0.15, 0.3) AS clv
       FROM purchase ORDER BY name;
SELECT icm_clv_std_error(icm_clv_model(f.model, g.model), 2, 30, 39, 20, 365, 0.15, 0.3) AS spend_given,
       icm_clv_std_error(icm_clv_model(g.model, f.model), 2, 30, 39, 20, 365, 0.15, 0.3) AS purchase_given,
       icm_expected_purchases_std_error(icm_clv_model(f.model, g.model), 2, 30, 39, 365) =
           icm_expected_purchases_std_error(f.model, 2, 30, 39, 365) AS purchases
FROM fitted f, purchase g WHERE f.name = 'bgnbd' AND g.name = 'bgnbd';
SELECT icm_expected_purchases_std_error(model, 2, 30, 39, 0) AS no_time,
       icm_clv_std_error(model, 2, 30, 39, 20, 365, 0.15, -0.3) = icm_clv_std_error(model, 2, 30, 39, 20, 365, 0.15, 0.3) AS of_a_loss
FROM fitted WHERE name = 'bgnbd';

-- ledgers: the customer that icm_btyd sees on the day; what lies after it has no say
CREATE TEMP TABLE customer (id int, ledger icm_ledger);
INSERT INTO customer VALUES (1, '{2025-01-06 1 10 5, 2025-03-03 2 40 20, 2025-05-12 1 22.5 7}'), (2, '{2025-06-02 1 99 50}'),
    (3, '{2025-01-06 1 10 0, 2025-01-07 1 20 0, 2025-02-01 0 0 5}'),
    (4, '{2025-07-01 1 30 10}'),                                                                  -- not yet
    (5, '{2025-01-06 0 0 5}'), (6, '{}'), (7, '{2025-01-06 0 -10 0}'), (8, NULL),                -- no purchase
    (9, '{2025-01-06 1 100 0, 2025-02-03 1 20 0, 2025-02-04 0 -90 0}'),                          -- refunds are no repeat purchase
    (10, '{2025-01-06 1 100 0, 2025-02-03 1 -20 0}');                                            -- a purchase day of more refund than revenue
CREATE FUNCTION pg_temp.answers(model icm_clv_model, ledger icm_ledger, as_of date) RETURNS float8[]
LANGUAGE sql AS $$
    SELECT ARRAY[icm_p_alive(model, ledger, as_of), icm_expected_purchases(model, ledger, as_of, 365),
                 icm_expected_purchases_std_error(model, ledger, as_of, 365),
                 icm_p_purchases(model, ledger, as_of, 365, 2), icm_p_purchases_at_least(model, ledger, as_of, 365, 2),
                 icm_dert(model, ledger, as_of, 0.15),
                 icm_expected_spend(model, ledger, as_of), icm_clv(model, ledger, as_of, 365, 0.15, 0.3),
                 icm_clv_std_error(model, ledger, as_of, 365, 0.15, 0.3)]
$$;
CREATE FUNCTION pg_temp.raw_answers(model icm_clv_model, x int, t_x float8, t float8, m float8) RETURNS float8[]
LANGUAGE sql AS $$
    SELECT ARRAY[icm_p_alive(model, x, t_x, t), icm_expected_purchases(model, x, t_x, t, 365),
                 icm_expected_purchases_std_error(model, x, t_x, t, 365),
                 icm_p_purchases(model, x, t_x, t, 365, 2), icm_p_purchases_at_least(model, x, t_x, t, 365, 2), icm_dert(model, x, t_x, t, 0.15),
                 icm_gammagamma_mean(model, m, x), icm_clv(model, x, t_x, t, m, 365, 0.15, 0.3),
                 icm_clv_std_error(model, x, t_x, t, m, 365, 0.15, 0.3)]
$$;
SELECT id, b.x, array_positions(a, NULL) AS nulls, bool_and(a IS NOT DISTINCT FROM pg_temp.raw_answers(model, b.x, b.t_x, b.t, b.m)) AS as_raw,
       bool_and(a IS NOT DISTINCT FROM pg_temp.answers(model, seen, '2025-06-30')) AS as_seen
FROM fitted, customer, pg_temp.answers(model, ledger, '2025-06-30') a, icm_btyd(ledger, '2025-06-30') b,
     LATERAL (SELECT icm_ledger_agg(day, CASE WHEN orders > 0 OR revenue <> 0 THEN revenue END, cost) FROM icm_ledger_days(ledger)
              WHERE day <= '2025-06-30') AS s(seen)
WHERE id < 8 GROUP BY 1, 2, 3 ORDER BY 1;
-- mean repeat revenue below nothing: none can be expected, so NULL; an error for one who gives it as a number
SELECT id, round(p_alive::numeric, 4) AS p_alive, spend, clv, clv_std_error
FROM customer, LATERAL (SELECT icm_p_alive(model, ledger, '2025-06-30'), icm_expected_spend(model, ledger, '2025-06-30'),
                        icm_clv(model, ledger, '2025-06-30', 365, 0.1, 1),
                               icm_clv_std_error(model, ledger, '2025-06-30', 365, 0.1, 1) FROM fitted
                               WHERE name = 'bgnbd') AS a(p_alive, spend, clv, clv_std_error) WHERE id = 10;
SELECT id, x, m FROM customer, icm_btyd(ledger, '2025-06-30') WHERE id >= 9 ORDER BY id;
-- any day: before the first purchase nothing is known
SELECT day, round(icm_p_alive(:bgnbd, ledger, day)::numeric, 3) AS p_alive,
       round(icm_expected_purchases(:bgnbd, ledger, day, 90)::numeric, 3) AS purchases,
       round(icm_expected_spend(:bgnbd, ledger, day)::numeric, 2) AS spend
FROM customer, unnest('{2025-01-05,2025-01-06,2025-03-02,2025-03-03,2025-05-12,2025-06-30,2026-06-30}'::date[]) day WHERE id = 1 ORDER BY day;
-- NULL arguments
SELECT call, icm.* FROM (VALUES (1)) AS v(i),
     LATERAL (VALUES ('p_alive', icm_p_alive(NULL::icm_clv_model, 0, 0, 1)),
              ('expected_purchases', icm_expected_purchases(:bgnbd, 0, NULL, 1, 1)),
                     ('std_error', icm_expected_purchases_std_error(:bgnbd, 0, 0, 1, NULL)),
                     ('p_purchases', icm_p_purchases(:bgnbd, 0, 0, 1, 1, NULL)),
                     ('at_least', icm_p_purchases_at_least(:bgnbd, NULL, 0, 1, 1, 1)), ('dert', icm_dert(:bgnbd, 0, 0, 1, NULL)),
                     ('spend', icm_gammagamma_mean(:bgnbd, 10, NULL)), ('spend', icm_gammagamma_mean(NULL::icm_clv_model, 10, 1)),
                     ('clv', icm_clv(:bgnbd, 0, 0, 1, 10, 1, 0.1, NULL)),
                     ('clv', icm_clv(:bgnbd, 0, 0, 1, 10, 1, NULL, 1)), ('clv', icm_clv(NULL::icm_clv_model, 0, 0, 1, 10, 1, 0.1, 1)),
                     ('std_error', icm_clv_std_error(:bgnbd, 0, 0, NULL, 10, 1, 0.1, 1)),
                     ('ledger', icm_p_alive(:bgnbd, NULL, '2025-06-30')), ('as_of', icm_clv(:bgnbd, '{2025-01-06 1 10 5}', NULL, 1, 0.1, 1)),
                     ('survival', icm_survival(:sbg, NULL))) AS icm(call, answer)
WHERE answer IS NOT NULL;

-- twins by name
BEGIN;
SELECT icm_publish('clv_model', 'clv_answer', (SELECT model FROM fitted WHERE name = 'bgnbd')::text),
       icm_publish('clv_model', 'clv_answer_sbg', :sbg::text);
SELECT bool_and(a IS NOT DISTINCT FROM ARRAY[icm_p_alive(n, ledger, d), icm_expected_purchases(n, ledger, d, 365),
                                             icm_expected_purchases_std_error(n, ledger, d, 365),
                 icm_p_purchases(n, ledger, d, 365, 2), icm_p_purchases_at_least(n, ledger, d, 365, 2), icm_dert(n, ledger, d, 0.15),
                 icm_expected_spend(n, ledger, d), icm_clv(n, ledger, d, 365, 0.15, 0.3),
                 icm_clv_std_error(n, ledger, d, 365, 0.15, 0.3)]) AS ledgers,
       bool_and(pg_temp.raw_answers(model, x, t_x, t, m) IS NOT DISTINCT FROM ARRAY[icm_p_alive(n, x, t_x, t),
           icm_expected_purchases(n, x, t_x, t, 365), icm_expected_purchases_std_error(n, x, t_x, t, 365),
                 icm_p_purchases(n, x, t_x, t, 365, 2), icm_p_purchases_at_least(n, x, t_x, t, 365, 2), icm_dert(n, x, t_x, t, 0.15),
                 icm_gammagamma_mean(n, m, x), icm_clv(n, x, t_x, t, m, 365, 0.15, 0.3),
                 icm_clv_std_error(n, x, t_x, t, m, 365, 0.15, 0.3)]) FILTER (WHERE id < 10) AS raw
FROM fitted, customer, pg_temp.answers(model, ledger, '2025-06-30') a, icm_btyd(ledger, '2025-06-30'),
     (VALUES ('clv_answer', date '2025-06-30')) AS v(n, d) WHERE name = 'bgnbd';
SELECT icm_survival('clv_answer_sbg', 5) = icm_survival(:sbg, 5) AS survival,
       icm_retention('clv_answer_sbg', 5) = icm_retention(:sbg, 5) AS retention,
       icm_derl('clv_answer_sbg', 5, 0.1) = icm_derl(:sbg, 5, 0.1) AS derl;
-- a constant name is the model itself in the plan, so the answer of constants is a constant; a name in a column is looked up
SELECT icm_publish('clv_model', 'clv_answer', :bgnbd::text);
CREATE TEMP TABLE named AS SELECT id, ledger, CASE WHEN id = 1 THEN 'clv_answer' ELSE 'clv_answer_sbg' END AS name FROM customer;
SELECT pg_temp.output_of($$SELECT icm_p_alive('clv_answer', ledger, '2025-06-30') FROM named$$);
SELECT pg_temp.output_of($$SELECT icm_p_alive(name, ledger, '2025-06-30') FROM named$$);
SELECT pg_temp.output_of($$SELECT icm_p_alive('clv_answer', 0, 0, 10)$$);
SELECT icm_p_alive(name, ledger, '2025-06-30') = icm_p_alive(:bgnbd, ledger, '2025-06-30') AS in_a_column FROM named WHERE id = 1;
SELECT icm_p_alive(name, ledger, '2025-06-30') FROM named WHERE id = 2;
ROLLBACK;
SELECT icm_p_alive('clv_answer', 0, 0, 10);

-- what is refused
SELECT call, e.*
FROM unnest(ARRAY['p_alive($m, -1, 0, 1)', 'p_alive($m, 1, 0, 1)', 'p_alive($m, 0, 1, 1)', 'p_alive($m, 1, 2, 1)', 'p_alive($m, 0, 0, -1)',
                  'p_alive($m, 1, 1, ''NaN'')', 'p_alive($m, 1, ''Infinity'', ''Infinity'')',
                  'expected_purchases($m, 1, 2, 1, 1)', 'expected_purchases($m, 1, 1, 2, -1)', 'expected_purchases($m, 1, 1, 2, ''NaN'')',
                  'expected_purchases($m, 1, 1, 2, ''Infinity'')',
                  'expected_purchases($m, $l, ''2025-06-30'', -1)', 'expected_purchases($m, $l, ''infinity'', 1)',
                  'expected_purchases_std_error($m, 1, 1, 2, -1)', 'expected_purchases_std_error($m, $l, ''2025-06-30'', -1)',
                  'p_purchases($m, 1, 1, 2, 1, -1)', 'p_purchases($m, 1, 1, 2, -1, 0)', 'p_purchases_at_least($m, 1, 1, 2, 1, -1)',
                  'p_purchases_at_least($m, 1, 1, 2, ''NaN'', 0)', 'p_purchases($m, $l, ''2025-06-30'', 1, -1)',
                  'dert($m, 1, 1, 2, 0)', 'dert($m, $l, ''2025-06-30'', 0)',
                  'dert(''{process: paretonbd, r: 1, alpha: 1, s: 1, beta: 1}''::icm_clv_model, 1, 1, 2, 0)', 'dert($m, 1, 1, 2, -0.1)',
                  'dert($m, 1, 1, 2, 10)', 'dert($m, 1, 1, 2, ''NaN'')',
                  'clv($m, 1, 1, 2, 10, 365, 10, 0.3)', 'clv($m, 1, 1, 2, 10, 365, 0.1, 30)', 'clv($m, 1, 1, 2, 10, 365, 0.1, -1.1)',
                  'clv($m, 1, 1, 2, 10, 365, 0.1, ''NaN'')', 'clv($m, 1, 1, 2, 10, -365, 0.1, 0.3)',
                  'clv($m, 1, 1, 2, NULL, 365, 0.1, 0.3)', 'clv($m, 1, 1, 2, -10, 365, 0.1, 0.3)',
                  'clv($m, 1, 1, 2, ''Infinity'', 365, 0.1, 0.3)', 'clv($m, 0, 0, 2, -10, 365, 0.1, 0.3)',
                  'clv($m, 2, 1, 2, 1.7e308, 36500, 0, 1)',
                  'clv($m, $l, ''2025-06-30'', 365, -0.1, 0.3)', 'clv($m, $l, ''2025-06-30'', 365, 0.1, 30)',
                  'clv_std_error($m, 1, 1, 2, 10, 365, 10, 0.3)', 'clv_std_error($m, 1, 1, 2, 10, 365, 0.1, 30)',
                  'gammagamma_mean($m, NULL, 1)', 'gammagamma_mean($m, -10, 1)', 'gammagamma_mean($m, ''NaN'', 1)',
                  'gammagamma_mean($m, 10, -1)']) WITH ORDINALITY c(call, i),
     pg_temp.error_of('SELECT icm_' || replace(replace(call, '$m', :'bgnbd'), '$l', '''{2025-01-06 1 10 5}''')) e ORDER BY i;
-- a model of contracts, of spend alone, without spend, of purchases for contracts
SELECT call, e.*
FROM (VALUES ('p_alive($m, 0, 0, 1)', '{process: sbg, alpha: 1, beta: 2}'),
      ('expected_purchases($m, 0, 0, 1, 1)', '{process: sbg, alpha: 1, beta: 2}'),
      ('clv($m, $l, ''2025-06-30'', 365, 0.1, 0.3)', '{process: sbg, alpha: 1, beta: 2}'),
             ('dert($m, $l, ''2025-06-30'', 0.1)', '{process: sbg, alpha: 1, beta: 2}'),
             ('gammagamma_mean($m, 10, 1)', '{process: sbg, alpha: 1, beta: 2}'),
             ('p_alive($m, 0, 0, 1)', '{p: 6.25, q: 3.74, gamma: 15.44}'),
             ('p_purchases($m, $l, ''2025-06-30'', 365, 1)', '{p: 6.25, q: 3.74, gamma: 15.44}'),
             ('clv($m, 0, 0, 1, 10, 365, 0.1, 0.3)', '{p: 6.25, q: 3.74, gamma: 15.44}'),
             ('clv($m, 0, 0, 1, 10, 365, 0.1, 0.3)', '{process: mbgnbd, r: 1, alpha: 1, a: 1, b: 1}'),
             ('clv_std_error($m, $l, ''2025-06-30'', 365, 0.1, 0.3)', '{process: mbgnbd, r: 1, alpha: 1, a: 1, b: 1}'),
             ('expected_spend($m, $l::icm_ledger, ''2025-06-30'')', '{process: paretonbd, r: 1, alpha: 1, s: 1, beta: 1}'),
             ('survival($m, 1)', '{process: bgnbd, r: 1, alpha: 1, a: 1, b: 1}'), ('retention($m, 1)', '{p: 6.25, q: 3.74, gamma: 15.44}'),
             ('derl($m, 1, 0.1)', '{process: paretonbd, r: 1, alpha: 1, s: 1, beta: 1}'),
             ('survival($m, -1)', '{process: sbg, alpha: 1, beta: 2}'), ('retention($m, 0)', '{process: sbg, alpha: 1, beta: 2}'),
             ('derl($m, 0, 0.1)', '{process: sbg, alpha: 1, beta: 2}'),
             ('derl($m, 1, 0)', '{process: sbg, alpha: 1, beta: 2}'), ('derl($m, 1, 10)', '{process: sbg, alpha: 1, beta: 2}'),
             ('derl($m, 1, -0.1)', '{process: sbg, alpha: 1, beta: 2}')) AS v(call, model),
     pg_temp.error_of('SELECT icm_' || replace(replace(call, '$m', format('%L::icm_clv_model', model)), '$l', '''{2025-01-06 1 10 5}''')) e;
SELECT icm_clv(:bgnbd, 2, 30, 39, 20, 365, 0.1, 30);

-- extremes: 10,000 purchases, a hundred years, an instant; all finite and in bounds
SELECT name, count(*), bool_and(p_alive BETWEEN 0 AND 1 AND purchases BETWEEN 0 AND 1e6 AND p BETWEEN 0 AND 1 AND at_least BETWEEN 0 AND 1
                                AND dert BETWEEN 0 AND 1e9 AND
                                clv BETWEEN 0 AND 1e9 AND purchases_error BETWEEN 0 AND 1e6 AND clv_error BETWEEN 0 AND 1e9) AS in_bounds
FROM fitted, (VALUES (0, 0::float8, 0::float8), (0, 0, 5200), (1, 5e-324, 5200), (1, 5200, 5200), (10000, 0.1, 0.1), (10000, 0.1, 5200),
              (10000, 5199, 5200), (10000, 5200, 5200),
                     (1000000, 1, 5200), (1000000, 5200, 5200), (3, 1, 1e6)) AS h(x, t_x, t), unnest('{1,365,36525}'::int[]) days,
                     unnest('{0,1,10000}'::int[]) n,
     LATERAL (SELECT icm_p_alive(model, x, t_x, t), icm_expected_purchases(model, x, t_x, t, days), icm_p_purchases(model, x, t_x, t, days, n),
              icm_p_purchases_at_least(model, x, t_x, t, days, n),
                     icm_dert(model, x, t_x, t, 0.1), icm_clv(model, x, t_x, t, 20, days, 0.1, 0.3),
                     icm_expected_purchases_std_error(model, x, t_x, t, days), icm_clv_std_error(model, x, t_x, t, 20, days, 0.1, 0.3))
         AS a(p_alive, purchases, p, at_least, dert, clv, purchases_error, clv_error)
WHERE x <= 10000 OR (days = 1 AND n = 0) GROUP BY name ORDER BY name;
SELECT name, icm_p_alive(model, 10000, 1, 5200) AS long_gone,
       round(icm_expected_purchases(model, 10000, 5200, 5200, 7)::numeric, 2) AS purchases_a_week,
       round((icm_gammagamma_mean(model, 20, 10000))::numeric, 1) AS spend FROM purchase ORDER BY name;

-- Answers of one query are kept by x and t. Beside separate queries for each customer: one model and horizon, then another,
-- then ones that change from row to row; and a model that comes back.
CREATE TEMP TABLE asked (i int PRIMARY KEY, model icm_clv_model, ledger icm_ledger, x int, t_x float8, t float8, m float8, days int, n int,
                         discount float8);
INSERT INTO asked
    SELECT i, model, format('{2025-01-01 1 10 0%s}', CASE WHEN x > 0 THEN format(', %s 1 %s 0',
        to_char(date '2025-01-01' + 7 * last, 'YYYY-MM-DD'), m) END)::icm_ledger, x, last, t, CASE WHEN x > 0 THEN m END,
           CASE WHEN i <= 400 THEN 365 ELSE (ARRAY[30, 90, 365])[1 + i % 3] END, CASE WHEN i <= 600 THEN 2 ELSE i % 5 END, CASE
           WHEN i <= 400 THEN 0.1 ELSE i % 2 * 0.1 END
    FROM (SELECT i, x, CASE WHEN x > 0 THEN 1 + i * 7 % 23 ELSE 0 END AS last, 24 + i * 11 % 9 AS t, 5 + i % 40 AS m
          FROM (SELECT i, i * 13 % 4 * (i % 3) FROM generate_series(1, 800) i) AS c(i, x)) AS c,
         fitted WHERE name = CASE WHEN i <= 200 THEN 'bgnbd' WHEN i <= 300 THEN 'paretonbd' WHEN i <= 600 THEN 'bgnbd'
         ELSE (ARRAY['bgnbd', 'mbgnbd', 'paretonbd'])[1 + i % 3] END;
CREATE FUNCTION pg_temp.otherwise(call text) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    together float8[];
    single float8;
    result int := 0;
BEGIN
    EXECUTE format('SELECT array_agg(answer) FROM (SELECT %s AS answer FROM (SELECT * FROM asked ORDER BY i) a OFFSET 0) b', call) INTO together;
    FOR i IN 1 .. 800 LOOP
        EXECUTE format('SELECT %s FROM asked WHERE i = $1', call) INTO single USING i;
        result := result + (single IS DISTINCT FROM together[i])::int;
    END LOOP;
    RETURN result;
END
$$;
SELECT count(*), count(DISTINCT (x, t)) AS histories, count(DISTINCT model::text) AS models FROM asked;
SELECT call, pg_temp.otherwise('icm_' || call) AS otherwise
FROM unnest('{"expected_purchases(model, x, t_x, t, days)","expected_purchases_std_error(model, x, t_x, t, days)","p_purchases(model, x, t_x, t, days, n)",
              "p_purchases_at_least(model, x, t_x, t, days, n)",
              "dert(model, x, t_x, t, 0.1 + discount)","clv(model, x, t_x, t, m, days, discount, 0.3)","clv_std_error(model, x, t_x, t, m, days, discount, 0.3)",
              "expected_purchases(model, ledger, ''2025-07-30'', days)","clv(model, ledger, date ''2025-07-01'' + n, days, discount, 0.3)"}'::text[]) WITH ORDINALITY c(call, i) ORDER BY i;

-- contracts: survival by the product of retention (beta + t - 1) / (alpha + beta + t - 1); DERL by its sum, a year's rate in
-- the model's period
SELECT bool_and(abs(icm_retention(:sbg, n) - (3.806 + n - 1) / (4.474 + n - 1)) < 1e-14) AS retention,
       bool_and(abs(icm_survival(:sbg, n) / exp((SELECT sum(ln((3.806 + i - 1) / (4.474 + i - 1)))
                                                 FROM generate_series(1, n) i)) - 1) < 1e-12) AS survival
FROM unnest('{1,2,7,100}'::int[]) n;
SELECT icm_survival(:sbg, 0) AS at_first, bool_and(abs(icm_survival(:sbg, n) - alive / 1000) < 0.02) AS as_observed
FROM (VALUES (1, 869.0), (2, 743), (3, 653), (4, 593), (5, 551), (6, 517), (7, 491)) AS o(n, alive);
SELECT unit_days, discount,
       max(abs(icm_derl(model, n, discount) /
               (SELECT sum(icm_survival(model, i) / icm_survival(model, n - 1) * (1 + discount) ^ (-(i - n) * unit_days / 365.25))
                FROM generate_series(n, n + (600 * 365.25 / unit_days)::int) i) - 1)) < 1e-9 AS derl
FROM (SELECT unit_days, format('{process: sbg, unit_days: %s, alpha: 0.668, beta: 3.806}', unit_days)::icm_clv_model
      FROM unnest('{30.4375,365.25}'::float8[]) unit_days) AS m(unit_days, model),
     unnest('{0.05,0.3}'::float8[]) discount, unnest('{1,2,10}'::int[]) n GROUP BY 1, 2 ORDER BY 1, 2;
-- without a discount (beta + n - 1) / (alpha - 1), for alpha above 1
SELECT icm_derl('{process: sbg, alpha: 3, beta: 5}'::icm_clv_model, 1, 0) AS "2.5",
       icm_derl('{process: sbg, alpha: 3, beta: 5}'::icm_clv_model, 4, 0) AS "4",
       round(icm_survival('{process: sbg, alpha: 3, beta: 5}'::icm_clv_model, 2)::numeric, 12) AS "5/12",
       icm_retention('{process: sbg, alpha: 3, beta: 5}'::icm_clv_model, 1) AS "5/8";
SELECT icm_p_purchases('{process: paretonbd, r: .5, alpha: 10, s: .6, beta: 11}'::icm_clv_model, 1000001, 10, 12, 3650, 1);
SELECT icm_p_purchases('{process: paretonbd, r: .5, alpha: 10, s: .6, beta: 11}'::icm_clv_model, 1, 10, 12, 3650, 1000001);
SELECT round(icm_p_purchases_at_least('{process: paretonbd, r: .5, alpha: 10, s: .6, beta: 11}'::icm_clv_model, 1000000, 12, 12, 3650, 1)::numeric, 6) AS certain,
       round(icm_dert('{process: bgnbd, r: 1e5, alpha: 400, a: 1.3, b: .05}'::icm_clv_model, 0, 0, 0, 1e-6)::numeric, 6) AS steep;
SELECT icm_survival(:sbg, 2147483647) BETWEEN 0 AND 1e-4 AS survival, icm_retention(:sbg, 2147483647) BETWEEN 0.999 AND 1 AS retention,
       icm_derl(:sbg, 2147483647, 0.1) BETWEEN 10.9 AND 11 AS derl;
