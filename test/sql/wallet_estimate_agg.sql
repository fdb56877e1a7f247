--
-- icm_wallet_estimate_agg
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.near(a float8, b float8, digits int DEFAULT 12) RETURNS boolean
LANGUAGE sql AS $$ SELECT abs(a - b) <= 10::float8 ^ -digits * abs(b) $$;

-- by hand: of the 7 that are estimated, quantiles 50, 80, 20, -10, -10, 110, 110; own spend counts where it is not below, 0 where both are not above;
-- sums 155 and 395; x of those above own spend sums to (3, 70), so g'Cg = 9 * 4 + 4900 * .25 - 3 * 70 = 1051; t of 5.199943 degrees
-- of freedom, 5 (std_error / sample_error)^4, is 2.541135225 at 95 % and 0.724565771 at 50 % by R's qt()
CREATE TEMP TABLE model AS SELECT '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-0.5], rows: 9, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 25]}'::icm_wallet_model AS one,
    '{taus: [0.8 0.9], coefficients: [10 2, 20 3], std_errors: nid [1 1, 2 0.5], correlations: [none, -0.5], rows: 9, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 25]}'::icm_wallet_model AS several,
    '{taus: [0.9], coefficients: [20 3]}'::icm_wallet_model AS written;
CREATE TEMP TABLE customer (x float8[], own float8);
INSERT INTO customer VALUES ('{1,10}', 20), ('{1,20}', 100), ('{1,0}', 20), ('{1,-10}', 0), ('{1,-10}', 5), ('{1,30}', NULL), ('{1,30}', 10), (NULL, 7), (NULL, 0.5), (NULL, NULL);
\x on
SELECT n, own, wallet, share = 155.0 / 395 AS share, pg_temp.near(model_error, 155 / 395.0 * sqrt(1051) / 395) AS model_error,
    pg_temp.near(sample_error, sqrt(6 / 5.0 * ((20 - 50 * share) ^ 2 + (100 - 100 * share) ^ 2 + (20 - 20 * share) ^ 2 + (5 - 5 * share) ^ 2 + (110 * share) ^ 2 + (10 - 110 * share) ^ 2)) / 395) AS sample_error,
    std_error = sqrt(model_error ^ 2 + sample_error ^ 2) OR pg_temp.near(std_error, sqrt(model_error ^ 2 + sample_error ^ 2), 15) AS std_error, round(df::numeric, 6) AS df, lower AS lower_cut_off, round(((upper - share) / std_error)::numeric, 9) AS upper,
    at_own, extrapolated, no_spend, unknown, unknown_own
FROM (SELECT (icm_wallet_estimate_agg(one, x, own)).* FROM customer, model) e;
\x off
-- by a tau of several, the only tau by its name, with a confidence; what a model of others taus says does not matter
SELECT icm_wallet_estimate_agg(one, x, own) = icm_wallet_estimate_agg(several, x, own, 0.9) AS of_several, icm_wallet_estimate_agg(one, x, own) = icm_wallet_estimate_agg(one, x, own, 0.9) AS named,
    icm_wallet_estimate_agg(one, x, own) = icm_wallet_estimate_agg(one, x, own, NULL) AS tau_null, icm_wallet_estimate_agg(one, x, own) = icm_wallet_estimate_agg(one, x, own, NULL, 0.95) AS of_95,
    icm_wallet_estimate_agg(one, x, own) = icm_wallet_estimate_agg(CASE WHEN own < 50 THEN one ELSE several END, x, own, 0.9) AS one_or_several,
    round((((icm_wallet_estimate_agg(one, x, own, NULL, 0.5)).upper - (icm_wallet_estimate_agg(one, x, own)).share) / (icm_wallet_estimate_agg(one, x, own)).std_error)::numeric, 9) AS of_50
FROM customer, model;
-- what is not known: correlations, ranges, errors, customers; x or the model of NULL
\x on
SELECT (icm_wallet_estimate_agg(several, x, own, 0.8)).* FROM (SELECT * FROM customer LIMIT 3) c, model;
SELECT (icm_wallet_estimate_agg(written, x, own)).* FROM customer, model WHERE x[2] = 20 OR x IS NULL;
SELECT (icm_wallet_estimate_agg(one, x, own)).* FROM customer, model WHERE x IS NULL;
SELECT (icm_wallet_estimate_agg(NULL, x, own)).* FROM customer;
SELECT (icm_wallet_estimate_agg(one, x, 0)).* FROM customer, model WHERE x[2] = -10;
\x off
SELECT icm_wallet_estimate_agg(one, NULL, NULL) IS NULL AS nobody, icm_wallet_estimate_agg(one, x, own) FILTER (WHERE false) IS NULL AS no_rows,
    icm_wallet_estimate_agg(NULL, NULL, NULL, NULL, NULL) IS NULL AS nobody_at_all FROM customer, model;
-- a model of NULL in some rows, the first and the last among them: those are not estimated
SELECT count(DISTINCT e::text) AS results, min((e).n) AS n, min((e).unknown) AS unknown, min((e).unknown_own) AS unknown_own, bool_and((e).model_error > 0) AS model_error, min((e).extrapolated) AS extrapolated
FROM generate_series(1, 20) k, LATERAL (SELECT icm_wallet_estimate_agg(CASE WHEN own >= 20 THEN one END, x, own ORDER BY hashint4extended(own::int, k)) FROM customer, model) s(e);
-- nobody sold anything, or everybody buys all here: no spread of customers; an error of the model of 0; columns that cancel but for rounding
SELECT what, round((e).share::numeric, 9) AS share, round((e).model_error::numeric, 9) AS model_error, (e).sample_error, (e).std_error, (e).lower, (e).upper, (e).at_own
FROM (SELECT 'no sales' AS what, icm_wallet_estimate_agg(one, ARRAY[1, i], 0) AS e FROM model, generate_series(1, 9) i
      UNION ALL SELECT 'all here', icm_wallet_estimate_agg(one, ARRAY[1, i], 100 + i) FROM model, generate_series(1, 9) i
      UNION ALL SELECT 'same share', icm_wallet_estimate_agg(one, ARRAY[1, i], 5 + 0.75 * i) FROM model, generate_series(1, 9) i) s ORDER BY what;
SELECT what, round((e).model_error::numeric, 9) AS model_error, round((e).sample_error::numeric, 9) AS sample_error, round((e).std_error::numeric, 9) AS std_error, (e).lower IS NOT NULL AND (e).upper IS NOT NULL AS interval
FROM (SELECT what, icm_wallet_estimate_agg(model::icm_wallet_model, x, own) AS e
      FROM (VALUES ('cancels', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-1]}', '{1,4}'::float8[]), ('is left', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-1]}', '{1,5}'),
                   ('certain', '{taus: [0.9], coefficients: [20 3], std_errors: nid [0 0], correlations: [0]}', '{1,5}'), ('one column', '{taus: [0.9], coefficients: [35], std_errors: nid [2]}', '{1}'),
                   ('negative', '{taus: [0.9], coefficients: [-35], std_errors: nid [2]}', '{-1}'), ('no correlations', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5]}', '{1,5}')) v(what, model, x), unnest('{10,20}'::float8[]) own GROUP BY what) s
ORDER BY what;
-- an x and its opposite, both estimated, are as if they were not there
SELECT round((icm_wallet_estimate_agg('{taus: [0.9], coefficients: [30 0], std_errors: nid [2 0.5], correlations: [0.3]}', ARRAY[1, x], 10)).model_error::numeric, 12) = round((10 / 30.0 * 2 / 30), 12) AS opposite FROM unnest('{1e140,-1e140,7e-300,-7e-300}'::float8[]) x;

-- many customers against sums written out, the interval by the first terms of Cornish and Fisher's series; x of the model is of both signs, and correlated
CREATE TABLE icm_house AS
    SELECT i, ARRAY[1, a, b, a - b] AS x, CASE WHEN i % 17 > 0 THEN trunc((40 + 10 * a + 4 * b) * u)::float8 END AS own, 1 + i % 7 AS part
    FROM (SELECT i, hashint8extended(i, 1) / 2 ^ 62::float8 AS a, hashint8extended(i, 2) / 2 ^ 61::float8 AS b, 0.5 + hashint8extended(i, 3) / 2 ^ 64::float8 AS u FROM generate_series(1, 2000::bigint) i) r;
UPDATE icm_house SET x = ARRAY[x[1], x[2], x[3], abs(x[4])];
CREATE TEMP TABLE fitted AS SELECT icm_wallet_fit(own, x, 0.8) AS model, icm_wallet_fit_quantiles(own, x, '{0.5,0.8,0.9}') AS several FROM icm_house WHERE i <= 1000;
CREATE TEMP TABLE form AS
    SELECT array_agg(p.estimate ORDER BY p.position) AS b, array_agg(p.std_error ORDER BY p.position) AS s, min(string_to_array((regexp_match(model::text, 'correlations: \[([^]]*)\]'))[1], ' ')::float8[]) AS r
    FROM fitted, icm_wallet_params(model) p;
SELECT cardinality(b) AS columns, cardinality(r) AS correlations FROM form;
WITH estimate AS (
    SELECT coalesce(own, 0) AS own, x, b[1] * x[1] + b[2] * x[2] + b[3] * x[3] + b[4] * x[4] AS q FROM icm_house, form),
wallet AS (SELECT own, x, q, greatest(q, own, 0) AS wallet FROM estimate),
g AS (SELECT ARRAY[sum(x[1]), sum(x[2]), sum(x[3]), sum(x[4])] AS g FROM wallet WHERE q > own),
variance AS (
    SELECT sum(g[i] * g[j] * s[i] * s[j] * CASE WHEN i = j THEN 1 ELSE r[(greatest(i, j) - 1) * (greatest(i, j) - 2) / 2 + least(i, j)] END) AS variance, min(g) AS g
    FROM g, form, generate_series(1, 4) i, generate_series(1, 4) j),
ratio AS (SELECT sum(own) / sum(wallet) AS ratio, count(*) AS n, sum(wallet) AS wallet, count(*) FILTER (WHERE q <= own) AS at_own FROM wallet WHERE wallet > 0)
SELECT e.n = r.n AS n, e.own = (SELECT sum(own) FROM icm_house) AS own, pg_temp.near(e.wallet, r.wallet) AS wallet, pg_temp.near(share, ratio) AS share, pg_temp.near(model_error, ratio * sqrt(variance) / r.wallet, 9) AS model_error,
    pg_temp.near(model_error, ratio * i.std_error / r.wallet, 9) AS as_of_the_sum, pg_temp.near(sample_error, (SELECT sqrt(count(*) / (count(*) - 1.0) * sum((own - ratio * w.wallet) ^ 2)) / r.wallet FROM wallet w WHERE w.wallet > 0)) AS sample_error,
    pg_temp.near(e.std_error, sqrt(model_error ^ 2 + sample_error ^ 2)) AS std_error, pg_temp.near(share - e.lower, t * e.std_error, 6) AS lower, pg_temp.near(e.upper - share, t * e.std_error, 6) AS upper,
    e.at_own = r.at_own AND e.at_own > 100 AS at_own, e.extrapolated = (SELECT count(*) FROM icm_house h WHERE icm_wallet_extrapolates(model, h.x)) AND e.extrapolated > 0 AS extrapolated, no_spend, unknown, unknown_own
FROM fitted, variance v, ratio r, icm_wallet_estimate_interval(model, g, NULL) i, LATERAL (SELECT (icm_wallet_estimate_agg(model, x, own)).* FROM icm_house) e,
    LATERAL (SELECT 1.959963984540054 + (1.959963984540054 ^ 3 + 1.959963984540054) / (4 * (r.n - 1) * (e.std_error / sample_error) ^ 4) AS t) q;
-- as icm_wallet_agg of the estimates, to the bit
SELECT part, ROW(e.n, e.own, e.wallet, e.share, e.no_spend, e.unknown, e.unknown_own) = ROW(s.n, s.own, s.wallet, s.share, s.no_spend, s.unknown, s.unknown_own) AS same, e.sample_error = i.std_error AS sample_error, e.model_error > 0.1 * e.sample_error AS model_error
FROM (SELECT part, icm_wallet_estimate_agg(several, CASE WHEN i % 5 > 0 THEN x END, own, 0.9) AS e, icm_wallet_agg(coalesce(own, 0), icm_wallet_estimate(several, CASE WHEN i % 5 > 0 THEN x END, own, 0.9)) AS w
      FROM icm_house, fitted WHERE i % 5 > 0 OR own IS NOT NULL GROUP BY part) p, LATERAL (SELECT (e).*) e, icm_wallet_stats(w) s, icm_wallet_share_interval(w) i ORDER BY part;

-- neither the order of rows nor how they are parted has a say, to the bit; small amounts and x among them, for which windows grow
CREATE AGGREGATE pg_temp.state_agg(icm_wallet_model, float8[], float8) (SFUNC = icm_wallet_estimate_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_wallet_estimate_combine, STYPE = bytea, FINALFUNC = icm_wallet_estimate_final);
CREATE AGGREGATE pg_temp.combined_agg(bytea) (SFUNC = icm_wallet_estimate_combine, STYPE = bytea);
ALTER TABLE icm_house ADD model icm_wallet_model;
UPDATE icm_house SET model = fitted.model FROM fitted WHERE i % 3 > 0 OR part < 4;
UPDATE icm_house SET x = CASE WHEN i % 11 > 0 THEN x END, own = own / 7;
INSERT INTO icm_house SELECT 2000 + i, ARRAY[0, 10.0::float8 ^ (-10 * i), -10.0::float8 ^ (-11 * i), 10.0::float8 ^ (i - 9)], 10.0::float8 ^ (-12 * i), i, model FROM generate_series(1, 9) i, fitted;
VACUUM ANALYZE icm_house;
SELECT (e).n, (e).model_error > 0 AND (e).lower < (e).upper AS interval, (e).unknown FROM (SELECT icm_wallet_estimate_agg(model, x, own) FROM icm_house) s(e);
SELECT count(*) AS orders, count(DISTINCT md5(record_send(e))) AS results FROM generate_series(1, 10) k, LATERAL (SELECT icm_wallet_estimate_agg(model, x, own ORDER BY hashint4extended(i::int, k)) FROM icm_house) AS s(e);
SELECT count(*) AS partitions, bool_and(e::text = (SELECT icm_wallet_estimate_agg(model, x, own)::text FROM icm_house)) AS as_the_whole, bool_and(state = (SELECT pg_temp.state_agg(model, x, own) FROM icm_house)) AS states
FROM generate_series(1, 10) k, LATERAL (SELECT pg_temp.combine_agg(state ORDER BY key), pg_temp.combined_agg(state ORDER BY -key)
                                        FROM (SELECT hashint4extended(i::int, k) % k, pg_temp.state_agg(model, x, own) FROM icm_house GROUP BY 1) AS p(key, state)) AS s(e, state);
SELECT count(*) AS rows, count(DISTINCT e::text) AS results, bool_and(e = (SELECT icm_wallet_estimate_agg(model, x, own) FROM icm_house)) AS as_the_whole FROM (SELECT icm_wallet_estimate_agg(model, x, own) OVER () AS e FROM icm_house) w;
SELECT count(*) AS rows, bool_and(e::text = (SELECT icm_wallet_estimate_agg(model, x, own)::text FROM icm_house h WHERE h.i <= w.i)) AS as_of_the_first FROM (SELECT i, icm_wallet_estimate_agg(model, x, own) OVER (ORDER BY i) AS e FROM icm_house) w WHERE i % 100 = 0;
CREATE TEMP TABLE serial AS SELECT icm_wallet_estimate_agg(model, x, own, NULL, 0.9) AS e FROM icm_house;
ALTER TABLE icm_house SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT icm_wallet_estimate_agg(model, x, own, NULL, 0.9) FROM icm_house;
SELECT icm_wallet_estimate_agg(model, x, own, NULL, 0.9) = (SELECT e FROM serial) AS same FROM icm_house;
RESET ALL;

-- of a published model: the name is folded into the plan
BEGIN;
SELECT icm_publish('wallet_model', 'grocery', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-0.5]}');
EXPLAIN (VERBOSE, COSTS OFF) SELECT icm_wallet_estimate_agg(icm_standard_wallet_model('grocery'), ARRAY[1, i], i) FROM generate_series(1, 2) i;
SELECT icm_wallet_estimate_agg(icm_standard_wallet_model('grocery'), x, own) = icm_wallet_estimate_agg(icm_standard_wallet_model(name), x, own) AS by_column FROM customer, unnest('{grocery}'::text[]) name;
ROLLBACK;
-- untyped literals and parameters are not ambiguous
SELECT (icm_wallet_estimate_agg('{taus: [0.9], coefficients: [20 3]}', '{1,2}', '5', '0.9', '0.95')).wallet;
PREPARE estimated AS SELECT (icm_wallet_estimate_agg($1, $2, $3)).wallet, (icm_wallet_estimate_agg($1, $2, $3, $4)).n, (icm_wallet_estimate_agg($1, $2, $3, $4, $5)).own;
EXECUTE estimated('{taus: [0.9], coefficients: [20 3]}', '{1,2}', 5, 0.9, 0.95);

-- what is refused
SELECT arguments, e.* FROM (VALUES ('several, x, own'), ('several, x, own, NULL'), ('several, x, own, 0.85'), ('one, x, own, ''NaN'''), ('several, x, own, 0.8 + i / 10.0'), ('CASE i WHEN 0 THEN one ELSE written END, x, own'),
        ('CASE i WHEN 0 THEN one ELSE several END, x, own, CASE i WHEN 0 THEN 0.9 ELSE 0.8 END'), ('CASE i WHEN 0 THEN one ELSE ''{taus: [0.9], coefficients: [20]}'' END, CASE i WHEN 0 THEN x ELSE ''{1}'' END, own'),
        ('CASE i WHEN 0 THEN one ELSE ''{taus: [0.9], coefficients: [20]}'' END, NULL, own'),
        ('one, x, own, 0.9, 0.8 + i / 10.0'), ('one, x, own, 0.9, 0'), ('one, x, own, 0.9, 1'), ('one, x, own, 0.9, ''NaN'''), ('one, x, own, 0.9, NULL'), ('NULL, x, own, 0.9, NULL'), ('one, ''{1}'', own'), ('one, ''{1,2,3}'', own'), ('one, ''{}'', own'),
        ('one, ''{{1,2}}'', own'), ('one, ''{1,NULL}'', own'), ('one, ''{1,NaN}'', own'), ('one, ''{-Infinity,1}'', own'), ('one, ''{1,1.5e308}'', own'), ('one, ''{1,1e141}'', own'), ('''{taus: [0.9], coefficients: [1 0]}'', ''{1,-1.1e140}'', own'), ('one, x, -1'), ('one, x, ''NaN'''),
        ('one, x, ''Infinity'''), ('one, x, 1.1e140'), ('one, NULL, -1'), ('one, NULL, ''NaN'''), ('one, NULL, 1.1e140'), ('NULL, x, -1'))
    AS v(arguments), pg_temp.error_of(format('SELECT icm_wallet_estimate_agg(%s) FROM model, generate_series(0, 1) i, (VALUES (''{1,2}''::float8[], 3::float8)) v(x, own)', arguments)) e;
SELECT icm_wallet_estimate_agg(several, '{1,2}', 5, 0.8 + i / 10.0) FROM model, generate_series(0, 1) i;
SELECT * FROM pg_temp.error_of('SELECT pg_temp.combine_agg(s) FROM (SELECT pg_temp.state_agg(one, ''{1,2}'', 3) AS s FROM model UNION ALL SELECT pg_temp.state_agg(written, ''{1,2}'', 3) FROM model) s');
-- x and estimates as large as there can be; a standard error beyond float8 is not known; zeros of either sign
SELECT error, (e).n, (e).wallet, (e).share, (e).model_error, round((e).sample_error::numeric, 9) AS sample_error, (e).lower, (e).upper IS NOT NULL AS upper
FROM unnest('{0,1,1e200}'::float8[]) error, LATERAL (SELECT icm_wallet_estimate_agg(format('{taus: [0.9], coefficients: [1 1], std_errors: nid [0 %s], correlations: [0]}', error)::icm_wallet_model, '{0,1e140}', own) FROM unnest('{1e139,-0}'::float8[]) own) s(e);
SELECT icm_wallet_estimate_agg('{taus: [0.9], coefficients: [-0 -0], std_errors: nid [1 1], correlations: [0]}', '{-0,1}', '-0') AS nothing;

-- 200 times: a model of some, and the shares of others by it, and of the same. Shares of others spread as the errors say, and what all have is in the interval of 95 %;
-- the spread of customers alone, or a model alone, say too little. Where the same were fitted, errors partly cancel.
CREATE TEMP TABLE sample AS
    SELECT s, part, a, (10 + 2 * a) * u AS own
    FROM (SELECT s, part, 5 + hashint8extended(i * 1000 + s, 10 + part) / 2 ^ 64::float8 * 10 AS a, 0.5 + hashint8extended(i * 1000 + s, 20 + part) / 2 ^ 64::float8 AS u
          FROM generate_series(1, 300::bigint) i, generate_series(1, 200) s, generate_series(1, 2) part) r;
CREATE TEMP TABLE refitted AS SELECT s, icm_wallet_fit(own, ARRAY[1, a], 0.9) AS model FROM sample WHERE part = 1 GROUP BY s;
SELECT part, stddev_samp(share) / sqrt(avg(std_error ^ 2)) BETWEEN 0.75 AND 1.25 AS std_error, stddev_samp(share) / sqrt(avg(std_error ^ 2)) < 0.9 AS is_too_large, stddev_samp(share) / sqrt(avg(sample_error ^ 2)) > 1.05 AS sample_error_is_too_small,
    avg((0.5 / 0.905 BETWEEN lower AND upper)::int) BETWEEN 0.92 AND 0.98 AS covers, avg((0.5 / 0.905 BETWEEN lower AND upper)::int) > 0.98 AS covers_more
FROM (SELECT part, s, (icm_wallet_estimate_agg(model, ARRAY[1, a], own)).* FROM sample JOIN refitted USING (s) GROUP BY part, s) e GROUP BY part ORDER BY part;
SELECT stddev_samp(share) / sqrt(avg(model_error ^ 2)) BETWEEN 0.75 AND 1.25 AS model_error_of_the_same_customers
FROM (SELECT (icm_wallet_estimate_agg(model, ARRAY[1, a], own)).* FROM (SELECT a, own FROM sample WHERE part = 2 AND s <= 5) d, refitted GROUP BY s) e;

-- bytes of a state of 1, 5 and 64 columns; of 64 its combination is that of all
CREATE TEMP TABLE wide AS SELECT columns, format('{taus: [0.9], coefficients: [%s], std_errors: nid [%s]}', repeat('1 ', columns), repeat('1 ', columns))::icm_wallet_model AS model, array_fill(0.5::float8, ARRAY[columns]) AS x
    FROM unnest('{1,5,64}'::int[]) columns;
SELECT columns, length(s) AS bytes, (icm_wallet_estimate_final(s)).wallet, (pg_temp.combine_agg(t)).wallet AS twice
FROM (SELECT columns, pg_temp.state_agg(model, x, 0.25) AS s FROM wide GROUP BY columns) s, LATERAL (VALUES (s), (s)) t(t) GROUP BY columns, s ORDER BY columns;

-- the support functions: by the aggregate only, and with a state that is one
SELECT icm_wallet_estimate_accum(NULL, NULL, '{1}', 1);
SELECT icm_wallet_estimate_accum(NULL, NULL, '{1}', 1, 0.9);
SELECT icm_wallet_estimate_accum(NULL, NULL, '{1}', 1, 0.9, 0.95);
SELECT icm_wallet_estimate_combine(NULL, NULL);
SELECT icm_wallet_estimate_final(NULL) IS NULL AS null_is_null;
CREATE FUNCTION pg_temp.outcome(call text, state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call USING state;
    RETURN 'a value';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TEMP TABLE call (call text);
INSERT INTO call VALUES ('icm_wallet_estimate_final($1)::text'), ('pg_temp.combine_agg(s)::text FROM unnest(ARRAY[$1, $1]) s'),
    ('pg_temp.combine_agg(s)::text FROM (SELECT $1 AS s UNION ALL SELECT state FROM state) s'), ('pg_temp.combine_agg(s)::text FROM (SELECT state AS s FROM state UNION ALL SELECT $1) s');
CREATE AGGREGATE pg_temp.wallet_state(float8, float8) (SFUNC = icm_wallet_accum, STYPE = bytea);
CREATE TEMP TABLE state AS SELECT pg_temp.state_agg(one, x, own) AS state FROM customer, model;
SELECT DISTINCT pg_temp.outcome(call, state) AS outcome
FROM call, (VALUES (''::bytea), ('\x01'), (decode(repeat('00', 48), 'hex')), (decode(repeat('ff', 48), 'hex')), (decode('01' || repeat('ff', 2000), 'hex')), ((SELECT pg_temp.wallet_state(1, 2)))) AS v(state);
-- a state with each of its bytes changed, and cut short anywhere
SELECT count(*) > 10000 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 1000 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 1000 AS corrupt, count(*) FILTER (WHERE outcome LIKE '22023%') > 1000 AS of_others,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_wallet_estimate_agg is corrupt' AND outcome NOT LIKE '22003 too many customers'
                        AND outcome NOT LIKE '22023 model and tau must be the same for all rows of a group' AND outcome NOT LIKE '22023 confidence must be the same for all rows of a group') AS neither
FROM state, call, generate_series(0, length(state) - 1) at, unnest('{0,1,27,64,127,128,240,255}'::int[]) byte, pg_temp.outcome(call, set_byte(state, at, byte)) outcome;
SELECT outcome, count(*) > 10 AS some FROM state, call, generate_series(0, length(state) - 1) bytes, pg_temp.outcome(call, substr(state, 1, bytes)) outcome GROUP BY outcome;
-- one of 64 columns more or less, with more behind it, without the model
SELECT what, count(*) AS ways, array_agg(DISTINCT pg_temp.outcome(call, s)) AS outcomes
FROM state, call, LATERAL (VALUES ('doubled', state || state), ('8 bytes more', state || decode(repeat('00', 8), 'hex')), ('totals of more columns', set_byte(state, 1, get_byte(state, 1) + 2)),
                                 ('an odd one', set_byte(state, 1, get_byte(state, 1) + 1)), ('none of columns', set_byte(state, 1, 6)), ('none at all', set_byte(state, 1, 0)), ('no window', set_byte(state, 3, 0))) v(what, s) GROUP BY what ORDER BY what;
-- and added to, with amounts that its windows must grow for
CREATE FUNCTION pg_temp.outcome_of_adding(state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE AGGREGATE pg_temp.adding_agg(icm_wallet_model, float8[], float8) (SFUNC = icm_wallet_estimate_accum, STYPE = bytea, FINALFUNC = icm_wallet_estimate_final, INITCOND = %L)', state);
    RETURN pg_temp.outcome($call$pg_temp.adding_agg(one, ARRAY[10::float8 ^ (i * 20), -10::float8 ^ (i * 19)], 10::float8 ^ (i * 20 + 1))::text FROM model, generate_series(-15, 6) i$call$, NULL);
END
$$;
SELECT pg_temp.outcome_of_adding(state) FROM state;
SELECT count(*) > 400 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 10 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 40 AS corrupt,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_wallet_estimate_agg is corrupt' AND outcome NOT LIKE '22003 too many customers'
                        AND outcome NOT LIKE '22023 model and tau must be the same for all rows of a group' AND outcome NOT LIKE '22023 confidence must be the same for all rows of a group') AS neither
FROM state, generate_series(0, length(state) - 1) at, unnest('{0,127,255}'::int[]) byte, pg_temp.outcome_of_adding(set_byte(state, at, byte)) outcome;
DROP TABLE icm_house;
