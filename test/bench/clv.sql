-- title: customer lifetime value, against NumPy and SciPy
-- vary: workers=0

-- Theirs is clv.py, which also simulates the customers: :rows / 10 of them, and :rows where
-- it says ten times as many. Unless rows are fetched, it has them in memory before its time
-- begins, where ours is the whole query. Grouping equal rows is ours too; no package does it,
-- so those rows are there to compare, without a goal.

-- setup
SELECT :rows / 10 AS customers \gset
\set simulate_purchases :here '/clv.py simulate purchases ' :customers
\set simulate_customers :here '/clv.py simulate customers ' :rows

CREATE UNLOGGED TABLE purchase (customer int NOT NULL, day date NOT NULL, revenue float8 NOT NULL);
COPY purchase FROM PROGRAM :'simulate_purchases' (FORMAT binary);
SET work_mem = '256MB';
CREATE UNLOGGED TABLE customer_ledger AS
SELECT customer, icm_ledger_agg(day, revenue) AS ledger FROM purchase GROUP BY customer;
CREATE UNLOGGED TABLE customer AS
SELECT (btyd).x, (btyd).t_x, (btyd).t, (btyd).m
FROM (SELECT icm_btyd(ledger, '2025-01-01', 7) AS btyd FROM customer_ledger OFFSET 0) b;
DROP TABLE purchase;
-- others, ten times as many
CREATE UNLOGGED TABLE customer_many (x int NOT NULL, t_x float8 NOT NULL, t float8 NOT NULL, m float8 NOT NULL);
COPY customer_many FROM PROGRAM :'simulate_customers' (FORMAT binary);

-- same(): is it the model that clv.py has estimated? To three digits, and the log-likelihood to 0.1.
CREATE FUNCTION same(model icm_clv_model, theirs float8[]) RETURNS boolean LANGUAGE sql
    AS $$
    SELECT abs(icm_clv_loglik(model) - theirs[1]) < 0.1 AND count(*) = cardinality(theirs) - 1
        AND bool_and(abs(estimate / theirs[1 + number] - 1) < 1e-3)
    FROM icm_clv_params(model) WITH ORDINALITY AS p (part, param, estimate, std_error, number)
    $$;

-- case: BG/NBD fit
-- check
\set theirs `:here/clv.py estimate bgnbd`
SELECT same(icm_bgnbd_fit(x, t_x, t), :'theirs') FROM customer;
-- ours | goal: 1200 ns
SELECT icm_bgnbd_fit(x, t_x, t) FROM customer;
-- theirs: SciPy | goal: 5 | program: clv.py fit bgnbd
-- theirs: SciPy, rows grouped | program: clv.py fit bgnbd grouped
-- theirs: SciPy, rows fetched | goal: 5 | program: clv.py fit bgnbd fetched
-- theirs: SciPy, rows fetched and grouped | program: clv.py fit bgnbd grouped fetched
-- scan
SELECT count(t) FROM customer;

-- case: BG/NBD fit, in parallel
-- vary: workers=2
-- ours
SELECT icm_bgnbd_fit(x, t_x, t) FROM customer;
-- theirs: SciPy, rows grouped | program: clv.py fit bgnbd grouped
-- scan
SELECT count(t) FROM customer;

-- case: MBG/NBD fit
-- check
\set theirs `:here/clv.py estimate mbgnbd`
SELECT same(icm_mbgnbd_fit(x, t_x, t), :'theirs') FROM customer;
-- ours
SELECT icm_mbgnbd_fit(x, t_x, t) FROM customer;
-- theirs: SciPy | goal: 5 | program: clv.py fit mbgnbd
-- theirs: SciPy, rows grouped | program: clv.py fit mbgnbd grouped
-- scan
SELECT count(t) FROM customer;

-- Without grouping, SciPy takes some twenty times as long.

-- case: Pareto/NBD fit
-- check
\set theirs `:here/clv.py estimate paretonbd`
SELECT same(icm_paretonbd_fit(x, t_x, t), :'theirs') FROM customer;
-- ours
SELECT icm_paretonbd_fit(x, t_x, t) FROM customer;
-- theirs: icm_bgnbd_fit | goal: 0.25
SELECT icm_bgnbd_fit(x, t_x, t) FROM customer;
-- theirs: SciPy, rows grouped | program: clv.py fit paretonbd grouped
-- scan
SELECT count(t) FROM customer;

-- case: Gamma-Gamma fit
-- check
\set theirs `:here/clv.py estimate gammagamma`
SELECT same(icm_gammagamma_fit(m, x), :'theirs') FROM customer WHERE x > 0 AND m > 0;
-- ours | goal: 300 ns
SELECT icm_gammagamma_fit(m, x) FROM customer;
-- theirs: SciPy | goal: 5 | program: clv.py fit gammagamma
-- theirs: SciPy, rows grouped | program: clv.py fit gammagamma grouped
-- theirs: SciPy, rows fetched | goal: 5 | program: clv.py fit gammagamma fetched
-- scan
SELECT count(coalesce(m, 0)) FROM customer;

-- case: BG/NBD and Gamma-Gamma fit of ledgers
-- check
\set theirs_purchase `:here/clv.py estimate bgnbd`
\set theirs_spend `:here/clv.py estimate gammagamma`
SELECT bool_and(abs(o.estimate / t.estimate - 1) < 1e-3) AND count(*) = 7
FROM (SELECT icm_clv_fit(ledger, '2025-01-01', 'bgnbd', 7) AS model FROM customer_ledger) f,
    icm_clv_params(model) WITH ORDINALITY AS o (part, param, estimate, std_error, number)
    JOIN unnest((:'theirs_purchase'::float8[])[2:] || (:'theirs_spend'::float8[])[2:])
    WITH ORDINALITY AS t (estimate, number) USING (number);
-- ours
SELECT icm_clv_fit(ledger, '2025-01-01', 'bgnbd', 7) FROM customer_ledger;
-- theirs: SciPy | goal: 5 | program: clv.py fit clv
-- theirs: SciPy, rows grouped | program: clv.py fit clv grouped
-- theirs: SciPy, rows fetched | goal: 5 | program: clv.py fit clv fetched
-- scan
SELECT count(icm_btyd(ledger, '2025-01-01', 7)) FROM customer_ledger;

-- Linear time: ten times as many customers take ten times as long, or less; and memory.

-- case: BG/NBD fit, ten times as many customers
-- vary: jit=off
-- ours
SELECT icm_bgnbd_fit(x, t_x, t) FROM customer_many;
-- theirs: icm_bgnbd_fit of a tenth | goal: 0.09
SELECT icm_bgnbd_fit(x, t_x, t) FROM customer;
-- memory
SELECT count(t) FROM customer_many;

-- case: Pareto/NBD fit, ten times as many customers
-- vary: jit=off
-- ours
SELECT icm_paretonbd_fit(x, t_x, t) FROM customer_many;
-- theirs: icm_paretonbd_fit of a tenth | goal: 0.09
SELECT icm_paretonbd_fit(x, t_x, t) FROM customer;
-- memory
SELECT count(t) FROM customer_many;

-- case: Gamma-Gamma fit, ten times as many customers
-- vary: jit=off
-- ours
SELECT icm_gammagamma_fit(m, x) FROM customer_many WHERE x > 0;
-- theirs: icm_gammagamma_fit of a tenth | goal: 0.09
SELECT icm_gammagamma_fit(m, x) FROM customer WHERE x > 0;
-- memory
SELECT count(m) FROM customer_many WHERE x > 0;

-- case: P(alive) and expected purchases
-- check
\set theirs `:here/clv.py sums score bgnbd`
SELECT bool_and(abs(ours / theirs - 1) < 1e-6) AND count(*) = 2
FROM (
    SELECT array[
        sum(icm_p_alive('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model, x, t_x, t)),
        sum(icm_expected_purchases('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model,
            x, t_x, t, 364))] AS sums
    FROM customer) o, unnest(sums, :'theirs'::float8[]) AS s (ours, theirs);
-- ours
SELECT count(icm_p_alive('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model, x, t_x, t)),
    count(icm_expected_purchases('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model,
        x, t_x, t, 364))
FROM customer;
-- theirs: SciPy | program: clv.py score bgnbd
-- theirs: SciPy, 2F1 by distinct x and t | program: clv.py score bgnbd grouped
-- theirs: SciPy, rows fetched | goal: 2 | program: clv.py score bgnbd fetched
-- scan | goal: 350 ns
SELECT count(t) FROM customer;

-- case: P(alive) and expected purchases of ledgers
-- check
\set theirs `:here/clv.py sums score bgnbd`
SELECT bool_and(abs(ours / theirs - 1) < 1e-6) AND count(*) = 2
FROM (
    SELECT array[
        sum(icm_p_alive('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model, ledger, '2025-01-01')),
        sum(icm_expected_purchases('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model,
            ledger, '2025-01-01', 364))] AS sums
    FROM customer_ledger) o, unnest(sums, :'theirs'::float8[]) AS s (ours, theirs);
-- ours
SELECT count(icm_p_alive('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model, ledger, '2025-01-01')),
    count(icm_expected_purchases('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'::icm_clv_model,
        ledger, '2025-01-01', 364))
FROM customer_ledger;
-- theirs: SciPy | program: clv.py score bgnbd
-- theirs: SciPy, rows fetched | goal: 2 | program: clv.py score bgnbd fetched
-- scan
SELECT count(ledger) FROM customer_ledger;

-- Theirs discounts by steps of four weeks, ours by the day of the purchase.

-- case: CLV of ledgers
-- check
\set theirs `:here/clv.py sums value bgnbd`
SELECT abs(sum(icm_clv(
    '{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426, p: 6.25, q: 3.74, gamma: 15.44}'::icm_clv_model,
    ledger, '2025-01-01', 364, 0.1, 0.35)) / (:'theirs'::float8[])[1] - 1) < 1e-4
FROM customer_ledger;
-- ours
SELECT count(icm_clv(
    '{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426, p: 6.25, q: 3.74, gamma: 15.44}'::icm_clv_model,
    ledger, '2025-01-01', 364, 0.1, 0.35))
FROM customer_ledger;
-- theirs: SciPy, 13 steps | program: clv.py value bgnbd
-- theirs: SciPy, 13 steps, rows fetched | program: clv.py value bgnbd fetched
-- scan
SELECT count(ledger) FROM customer_ledger;
