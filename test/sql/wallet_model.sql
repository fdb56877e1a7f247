--
-- icm_wallet_model, icm_wallet_fit, icm_wallet_fit_quantiles, what they consist of, icm_wallet_estimate and its interval
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

-- text: keys in any order; white space is free; what only a fit says may be absent, and standard errors and correlations
SELECT '{taus: [0.5 0.9], coefficients: [81.5 0.56, 67.4 0.69], std_errors: nid [19.3 0.028, none], correlations: [-0.87, none], rows: 235, left_out: 12, crossings: 0, lowest: [1 377], highest: [1 4957.8]}'::icm_wallet_model;
SELECT input, input::icm_wallet_model AS output
FROM (VALUES ('{taus:[.5],coefficients:[1]}'), (E' { coefficients : [ +1.0\n2e0 ,3 4 ],"taus":[ 0.10\t2e-1 ] } '),
             ('{taus: [0.5 0.6], coefficients: [1, 2], std_errors: nid [none, none]}'), ('{taus: [0.5 0.6], coefficients: [1 -0, 2 0], std_errors: nid [none, 0 1e-300]}'),
             ('{correlations: [-1 +1.0 -0, none], taus: [0.5 0.6], coefficients: [1 2 3, 1 2 3], std_errors: nid [1 2 3, 1 2 3]}'), ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [none]}'),
             ('{taus: [0.5], coefficients: [1], std_errors: nid [1], correlations: [none]}'), ('{taus: [0.5], coefficients: [1 2], correlations: [none]}'),
             ('{taus: [0.5 0.6], coefficients: [1 2, 3 4], std_errors: nid [none, 1 2], correlations: [none, 5e-324]}'),
             ('{rows: 2, highest: [1 5], lowest: [1 -5], crossings: 0, left_out: 9223372036854775807, taus: [5e-324], coefficients: [1e300 -1e300]}'),
             ('{taus: [0.1 0.9999999999999999], coefficients: [1, 2], rows: 9, left_out: 0, crossings: 9, lowest: [0], highest: [0]}')) AS v(input);
SET extra_float_digits = -15;
SELECT '{taus: [0.30000000000000004], coefficients: [0.1]}'::icm_wallet_model;
RESET extra_float_digits;

-- what is refused
SELECT input, e.state, e.detail
FROM (VALUES (''), ('{}'), ('{taus: [0.5]}'), ('{coefficients: [1]}'), ('{taus: [], coefficients: [1]}'), ('{taus: 0.5, coefficients: [1]}'), ('{taus: [0.5], coefficients: []}'),
             ('{taus: [0.5], coefficients: [1,]}'), ('{taus: [0.5], coefficients: [,1]}'), ('{taus: [0.5], coefficients: [1}'), ('{taus: [0.5], coefficients: 1}'), ('{taus: [0.5], coefficients: [none]}'),
             ('{taus: [0.5], coefficients: [NaN]}'), ('{taus: [0.5], coefficients: [1e999]}'), ('{taus: [0.5 0.6], coefficients: [1]}'), ('{taus: [0.5], coefficients: [1, 2]}'),
             ('{taus: [0.5 0.6], coefficients: [1, 2 3]}'), ('{taus: [0], coefficients: [1]}'), ('{taus: [1], coefficients: [1]}'), ('{taus: [-0.5], coefficients: [1]}'),
             ('{taus: [0.5 0.5], coefficients: [1, 2]}'), ('{taus: [0.6 0.5], coefficients: [1, 2]}'), ('{taus: [0.5], coefficients: [1], tau: 1}'), ('{taus: [0.5], taus: [0.5], coefficients: [1]}'),
             ('{taus: [0.5], coefficients: [1]} x'), ('{taus: [0.5], coefficients: [1]'), ('{taus: [0.5], coefficients: [1], std_errors: [1]}'), ('{taus: [0.5], coefficients: [1], std_errors: iid [1]}'),
             ('{taus: [0.5], coefficients: [1], std_errors: nid [-1]}'), ('{taus: [0.5], coefficients: [1], std_errors: nid [1 2]}'), ('{taus: [0.5], coefficients: [1], std_errors: nid [1, 2]}'),
             ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [1.0000000000000002]}'), ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [-1.1]}'),
             ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [0.5 0.5]}'), ('{taus: [0.5], coefficients: [1 2 3], std_errors: nid [1 2 3], correlations: [0.5 0.5]}'),
             ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [0.5, 0.5]}'), ('{taus: [0.5 0.6], coefficients: [1 2, 3 4], std_errors: nid [1 2, 1 2], correlations: [0.5]}'),
             ('{taus: [0.5], coefficients: [1], std_errors: nid [1], correlations: [1]}'), ('{taus: [0.5], coefficients: [1 2], correlations: [0.5]}'),
             ('{taus: [0.5 0.6], coefficients: [1 2, 3 4], std_errors: nid [1 2, none], correlations: [0.5, 0.5]}'), ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: []}'),
             ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: nid [0.5]}'), ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [NaN]}'),
             ('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [0.5], correlations: [0.5]}'),
             ('{taus: [0.5], coefficients: [1], std_errors: nid [nobody]}'), ('{taus: [0.5], coefficients: [1], std_errors: nid []}'), ('{taus: [0.5], coefficients: [1], rows: 1}'),
             ('{taus: [0.5], coefficients: [1], rows: 1, left_out: 0, crossings: 0, lowest: [1]}'), ('{taus: [0.5], coefficients: [1], rows: 0, left_out: 0, crossings: 0, lowest: [1], highest: [1]}'),
             ('{taus: [0.5], coefficients: [1], rows: 1, left_out: -1, crossings: 0, lowest: [1], highest: [1]}'), ('{taus: [0.5], coefficients: [1], rows: 1, left_out: 0, crossings: 1, lowest: [1], highest: [1]}'),
             ('{taus: [0.5 0.6], coefficients: [1, 1], rows: 1, left_out: 0, crossings: 2, lowest: [1], highest: [1]}'), ('{taus: [0.5], coefficients: [1], rows: 1, left_out: 0, crossings: 0, lowest: [1], highest: [0.9]}'),
             ('{taus: [0.5], coefficients: [1], rows: 1, left_out: 0, crossings: 0, lowest: [1 1], highest: [1 1]}'), ('{taus: [0.5], coefficients: [1 2], rows: 1, left_out: 0, crossings: 0, lowest: [1 1], highest: [1 1]}'))
     AS v(input), pg_temp.error_of(format('SELECT %L::icm_wallet_model', input)) e;
SELECT '{taus: [0.6 0.5], coefficients: [1, 2]}'::icm_wallet_model;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{taus: [0.5], coefficients: [1]}', 'icm_wallet_model');
        ASSERT NOT pg_input_is_valid('{taus: [0.5], coefficients: [1, 2]}', 'icm_wallet_model');
        ASSERT NOT pg_input_is_valid('{taus: [0.5], coefficients: [1], rows: 1}', 'icm_wallet_model');
        ASSERT NOT pg_input_is_valid('{}', 'icm_wallet_model');
        ASSERT NOT pg_input_is_valid('{taus: [0.5], coefficients: [1 2], std_errors: nid [1 2], correlations: [2]}', 'icm_wallet_model');
    END IF;
END
$$;
-- as large as can be, and larger
CREATE FUNCTION pg_temp.model(taus int, columns int) RETURNS text
LANGUAGE sql AS $$ SELECT format('{taus: [%s], coefficients: [%s]}', (SELECT string_agg((k / 1000.0)::text, ' ' ORDER BY k) FROM generate_series(1, taus) k),
                                 (SELECT string_agg((SELECT string_agg((k * 100 + j)::text, ' ' ORDER BY j) FROM generate_series(1, columns) j), ', ' ORDER BY k) FROM generate_series(1, taus) k)) $$;
SELECT pg_column_size(pg_temp.model(99, 64)::icm_wallet_model) = 40 + 8 * (99 + 2 * 64 * 100 + 99 * 64 * 63 / 2) AS size_is_as_documented, count(*) AS coefficients, bool_and(p.estimate = round(p.tau * 1000) * 100 + p.position) AS right
FROM icm_wallet_params(pg_temp.model(99, 64)::icm_wallet_model) p;
SELECT e.state, e.detail FROM (VALUES (100, 1), (1, 65)) v(taus, columns), pg_temp.error_of(format('SELECT %L::icm_wallet_model', pg_temp.model(taus, columns))) e;
-- with all standard errors and correlations, too; the variance of the sum of 64 coefficients
CREATE FUNCTION pg_temp.full_model(taus int, columns int, pairs int) RETURNS text
LANGUAGE sql AS $$ SELECT format('{%s, std_errors: nid [%s], correlations: [%s]}', btrim(pg_temp.model(taus, columns), '{}'), rtrim(repeat(rtrim(repeat('1 ', columns)) || ', ', taus), ', '),
                                 (SELECT string_agg(rtrim(repeat(k / 1000.0 || ' ', pairs)), ', ' ORDER BY k) FROM generate_series(1, taus) k)) $$;
SELECT model::text::icm_wallet_model::text = model::text AS text_is_exact, pg_column_size(model) = 40 + 8 * (99 + 2 * 64 * 100 + 99 * 64 * 63 / 2) AS size_is_as_documented,
    (SELECT max(abs(std_error ^ 2 / (64 + 64 * 63 * k / 1000.0) - 1)) < 1e-12 FROM generate_series(1, 99) k, icm_wallet_estimate_interval(model, array_fill(1, ARRAY[64]), 0, k / 1000.0)) AS std_errors
FROM (SELECT pg_temp.full_model(99, 64, 2016)::icm_wallet_model OFFSET 0) m(model);
SELECT e.state, e.detail FROM (VALUES (2015), (2017)) v(pairs), pg_temp.error_of(format('SELECT %L::icm_wallet_model', pg_temp.full_model(99, 64, pairs))) e;

-- the order of entries and the way they are written have no say: equal models have equal bytes
CREATE TEMP TABLE bytes AS SELECT model::icm_wallet_model
FROM (VALUES ('{taus: [0.5], coefficients: [1 0], rows: 3, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 2]}'),
             ('{highest: [1.0 2], lowest: [1 -0], crossings: 00, "left_out": 0, rows: 03, std_errors: nid [none], coefficients: [1e0 -0.0], taus: [5e-1]}')) AS v(model);
SELECT count(*) AS models, bool_and(record_image_eq(b, (SELECT f FROM bytes f LIMIT 1))) AS same FROM bytes b;

-- Brownlee's stack loss, and what quantreg for R gives for it (rq.fit.br, at taus at which the minimum is at one vertex only)
CREATE TEMP TABLE stackloss (air float8, water float8, acid float8, loss float8);
INSERT INTO stackloss VALUES (80, 27, 89, 42), (80, 27, 88, 37), (75, 25, 90, 37), (62, 24, 87, 28), (62, 22, 87, 18), (62, 23, 87, 18), (62, 24, 93, 19), (62, 24, 93, 20), (58, 23, 87, 15), (58, 18, 80, 14), (58, 18, 89, 14), (58, 17, 88, 13), (58, 18, 82, 11), (58, 19, 93, 12), (50, 18, 89, 8), (50, 18, 86, 7), (50, 19, 72, 8), (50, 19, 79, 8), (50, 20, 80, 9), (56, 20, 82, 15), (70, 20, 91, 15);
CREATE TEMP TABLE quantreg AS SELECT tau::float8, coefficients FROM
    (VALUES (0.013, '{-29.0140186915888,0.315420560747664,1.22429906542056,-0.0280373831775702}'::float8[]),
             (0.2031, '{-36,0.5,1,-9.50275639721533e-17}'::float8[]),
             (0.3031, '{-37.8970588235294,0.75735294117647,0.794117647058824,-0.0980392156862744}'::float8[]),
             (0.4031, '{-33.2461197339246,0.849223946784923,0.627494456762748,-0.166297117516629}'::float8[]),
             (0.5031, '{-39.6898550724638,0.831884057971014,0.573913043478265,-0.0608695652173913}'::float8[]),
             (0.6031000000000001, '{-39.6814159292035,0.836283185840707,0.566371681415929,-0.061946902654867}'::float8[]),
             (0.7031000000000001, '{-54.1896551724139,0.870689655172414,0.982758620689655,7.1427239123345e-16}'::float8[]),
             (0.8031, '{-58.5479452054795,0.808219178082192,1.27397260273973,0.0342465753424666}'::float8[]),
             (0.9031000000000001, '{-58.5433186490456,0.792951541850221,1.30543318649045,0.0381791483113085}'::float8[]),
             (0.987, '{-58.461997019374,0.524590163934425,1.85842026825634,0.107302533532042}'::float8[])) AS v(tau, coefficients);
CREATE TEMP TABLE fitted AS SELECT tau, icm_wallet_fit(loss, ARRAY[1, air, water, acid], tau) AS model FROM stackloss, quantreg GROUP BY tau;
SELECT q.tau, max(abs(p.estimate - q.coefficients[p.position])) < 1e-9 AS as_quantreg, count(*) AS columns FROM fitted f JOIN quantreg q USING (tau), icm_wallet_params(f.model) p GROUP BY 1 ORDER BY 1;
-- its standard errors (summary.rq, se = "nid", whose two fits are of an interior point method, not exact)
SELECT e.tau, max(abs(p.std_error / e.std_error[p.position] - 1)) < 1e-5 AS as_quantreg
FROM (VALUES (0.31, '{4.30228865616,0.171239530778,0.37549018607,0.0477549988636}'::float8[]), (0.5031, '{7.1419207411,0.126937939951,0.34180706996,0.0604148179539}'::float8[])) AS e(tau, std_error),
    LATERAL (SELECT icm_wallet_fit(loss, ARRAY[1, air, water, acid], e.tau) FROM stackloss) m(model), icm_wallet_params(model) p GROUP BY 1 ORDER BY 1;
-- its covariances (summary.rq, covariance = TRUE), and its intervals (predict.rq, of which the width is by the quantiles of t): 1, 60, 20, 86; 1, 80, 27, 89; and the sum of all 21 rows
CREATE FUNCTION pg_temp.correlations(model icm_wallet_model) RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$ SELECT string_to_array(substring(model::text, 'correlations: \[([^],]*)'), ' ')::float8[] $$;
SELECT round(c.covariance::numeric, 5) AS quantreg, abs(c.covariance / (i.std_error * j.std_error) - r.correlation) < 1e-5 AS same
FROM (SELECT icm_wallet_fit(loss, ARRAY[1, air, water, acid], 0.31) FROM stackloss) m(model), unnest(pg_temp.correlations(model)) WITH ORDINALITY r(correlation, pair),
    unnest('{-0.042145006530286834,-0.58961789880104509,-0.053824035780406808,-0.063302121036698245,-0.0053449677731067105,0.0080655444460406237}'::float8[], '{2,3,3,4,4,4}'::int[], '{1,1,2,1,2,3}'::int[]) WITH ORDINALITY c(covariance, a, b, pair),
    icm_wallet_params(model) i, icm_wallet_params(model) j
WHERE r.pair = c.pair AND i.position = c.a AND j.position = c.b ORDER BY c.pair;
SELECT x[1] AS customers, round(i.wallet::numeric, 6) AS wallet, round(i.std_error::numeric, 6) AS std_error, round(i.lower::numeric, 4) AS lower, round(i.upper::numeric, 4) AS upper, abs(i.lower - e.lower) < 1e-4 * e.lower AND abs(i.upper - e.upper) < 1e-4 * e.upper AS as_quantreg
FROM (VALUES ('{1,60,20,86}'::float8[], 13.078316862034288, 16.911879216397075), ('{1,80,27,89}', 30.705033119303941, 40.108692370892122), ('{21,1269,443,1812}', 306.45677777140304, 372.32263399330259)) e(x, lower, upper),
    LATERAL (SELECT icm_wallet_fit(loss, ARRAY[1, air, water, acid], 0.31) FROM stackloss) m(model), icm_wallet_estimate_interval(model, x, NULL, confidence => 0.9180719026008819) i;
-- several taus at once, and each alone; their crossings, counted here in SQL
SELECT count(*) AS taus, bool_and(abs(p.estimate - q.coefficients[p.position]) < 1e-9) AS same, max(s.n) AS n, max(s.columns) AS columns, bool_and(s.taus = t.taus) AS taus_are_right
FROM (SELECT array_agg(tau ORDER BY tau) AS taus FROM quantreg) t,
    LATERAL (SELECT icm_wallet_fit_quantiles(loss, ARRAY[1, air, water, acid], t.taus) FROM stackloss) m(model),
    icm_wallet_params(model) p, icm_wallet_model_stats(model) s, quantreg q WHERE q.tau = p.tau AND p.position = 1;
CREATE TEMP TABLE crossing AS SELECT icm_wallet_fit_quantiles(loss, ARRAY[1, air, water, acid], '{0.013,0.2531,0.3031,0.5031,0.9531,0.987}') AS model FROM stackloss;
SELECT s.crossings, count(DISTINCT r) AS counted
FROM (SELECT model, l.ctid AS r, q.tau, e.wallet, lag(e.wallet) OVER (PARTITION BY l.ctid ORDER BY q.tau) AS before
      FROM crossing, stackloss l, unnest('{0.013,0.2531,0.3031,0.5031,0.9531,0.987}'::float8[]) q(tau),
          LATERAL (SELECT sum(p.estimate * (ARRAY[1, air, water, acid])[p.position]) AS wallet FROM icm_wallet_params(model) p WHERE p.tau = q.tau) e) b, icm_wallet_model_stats(model) s
WHERE wallet < before - 1e-9 GROUP BY 1;
SELECT (icm_wallet_model_stats(model)).* FROM (SELECT icm_wallet_fit(loss, ARRAY[1, air], 0.5) FROM stackloss) m(model);
SELECT r.* FROM (SELECT icm_wallet_fit(loss, ARRAY[1, air, water], 0.5) FROM stackloss) m(model), icm_wallet_ranges(model) r;

-- the coefficients
CREATE FUNCTION pg_temp.b(model icm_wallet_model) RETURNS float8[] LANGUAGE sql IMMUTABLE AS 'SELECT array_agg(estimate ORDER BY p.position) FROM icm_wallet_params(model) p';
CREATE FUNCTION pg_temp.near(a float8[], b float8[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT bool_and(abs(x - y) <= 1e-10 * (1 + abs(x))) FROM unnest(a, b) u(x, y)';

-- Against all lines through two points, by brute force: small problems with ties, weights and repeated rows; none is better.
CREATE TEMP TABLE problem AS
    SELECT id, i, (hashint4(id * 100 + i) & 3)::float8 AS a, (hashint4(id * 1000 + i) & 7)::float8 AS y, (1 + (hashint4(id * 77 + i) & 3))::float8 AS weight,
        0.05 + 0.9 * (id % 19) / 18.0::float8 AS tau
    FROM generate_series(1, 200) id, generate_series(1, 9) i;
CREATE TEMP TABLE line AS
    SELECT DISTINCT p.id, (p.y * q.a - q.y * p.a) / (q.a - p.a) AS b0, (q.y - p.y) / (q.a - p.a) AS b1 FROM problem p JOIN problem q USING (id) WHERE p.a < q.a;
CREATE FUNCTION pg_temp.loss(r float8, tau float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN r > 0 THEN tau * r ELSE (tau - 1) * r END';
CREATE TEMP TABLE best AS
    SELECT id, min(loss) AS loss, min(weighted) AS weighted
    FROM (SELECT id, sum(pg_temp.loss(y - b0 - b1 * a, tau)) AS loss, sum(weight * pg_temp.loss(y - b0 - b1 * a, tau)) AS weighted FROM line JOIN problem USING (id) GROUP BY id, b0, b1) l GROUP BY id;
CREATE TEMP TABLE small AS SELECT id, icm_wallet_fit(y, ARRAY[1, a], tau) AS model, icm_wallet_fit(y, ARRAY[1, a], tau, weight) AS weighted FROM problem GROUP BY id;
SELECT count(*) AS problems, max(abs(l.loss - b.loss)) < 1e-12 AS none_is_better, max(abs(l.weighted - b.weighted)) < 1e-12 AS none_is_better_weighted
FROM best b JOIN (SELECT id, sum(pg_temp.loss(y - m[1] - m[2] * a, tau)) AS loss, sum(weight * pg_temp.loss(y - w[1] - w[2] * a, tau)) AS weighted
    FROM problem JOIN (SELECT id, pg_temp.b(model) AS m, pg_temp.b(weighted) AS w FROM small) s USING (id)
    GROUP BY id) l USING (id);
-- a weight is so many rows (where several lines are as good, perhaps another of them), and weight 0 none
SELECT count(*) AS problems, count(*) FILTER (WHERE abs(l.loss - b.weighted) > 1e-12) AS worse, count(*) FILTER (WHERE NOT pg_temp.near(pg_temp.b(s.weighted), pg_temp.b(l.model))) < 20 AS mostly_the_same
FROM small s JOIN best b USING (id) JOIN (
    SELECT id, model::text::icm_wallet_model AS model, sum(weight * pg_temp.loss(y - e[1] - e[2] * a, tau)) AS loss
    FROM problem JOIN (SELECT id, m AS model, pg_temp.b(m) AS e FROM (SELECT id, icm_wallet_fit(y, ARRAY[1, a], tau) AS m FROM problem, generate_series(1, weight::int) GROUP BY id OFFSET 0) f) r USING (id) GROUP BY id, model::text) l USING (id);
SELECT icm_wallet_fit(y, ARRAY[1, a], 0.5, CASE WHEN i < 3 THEN 0 ELSE weight END)::text = replace(icm_wallet_fit(y, ARRAY[1, a], 0.5, weight) FILTER (WHERE i >= 3)::text, 'left_out: 0', 'left_out: 2') AS same
FROM problem WHERE id = 1;

-- equivariance: of spend scaled, moved by a plane, turned around; of columns scaled and mixed
CREATE TEMP TABLE moved AS
    SELECT tau, icm_wallet_fit(loss, ARRAY[1, air, water, acid], tau) AS base, icm_wallet_fit(loss * 1024, ARRAY[1, air, water, acid], tau) AS scaled,
        icm_wallet_fit(loss + 3 - 2 * air + 5 * acid, ARRAY[1, air, water, acid], tau) AS shifted, icm_wallet_fit(-loss, ARRAY[1, air, water, acid], 1 - tau) AS turned,
        icm_wallet_fit(loss, ARRAY[1, air / 1e6, water * 8, acid], tau) AS columns_scaled, icm_wallet_fit(loss, ARRAY[1, air + water, air - water, acid], tau) AS mixed
    FROM stackloss, unnest('{0.2031,0.4531,0.6531,0.8531}'::float8[]) tau GROUP BY tau;
SELECT tau, pg_temp.near(ARRAY[b[1] * 1024, b[2] * 1024, b[3] * 1024, b[4] * 1024], pg_temp.b(scaled)) AS scaled, pg_temp.near(ARRAY[b[1] + 3, b[2] - 2, b[3], b[4] + 5], pg_temp.b(shifted)) AS shifted,
    pg_temp.near(ARRAY[-b[1], -b[2], -b[3], -b[4]], pg_temp.b(turned)) AS turned, pg_temp.near(ARRAY[b[1], b[2] * 1e6, b[3] / 8, b[4]], pg_temp.b(columns_scaled)) AS columns_scaled,
    pg_temp.near(ARRAY[b[1], (b[2] + b[3]) / 2, (b[2] - b[3]) / 2, b[4]], pg_temp.b(mixed)) AS mixed
FROM moved, LATERAL (SELECT pg_temp.b(base)) x(b) ORDER BY tau;

-- as many rows as columns: through all of them, without standard errors; one row and column
SELECT pg_temp.near(pg_temp.b(model), '{7,-2}') AS through_both, model::text ~ 'std_errors' AS has_errors, p.std_error FROM (SELECT icm_wallet_fit(7 - 2 * a, ARRAY[1, a], 0.9) FROM unnest('{1,3}'::float8[]) a) m(model), icm_wallet_params(model) p WHERE p.position = 1;
SELECT icm_wallet_fit(6, '{3}', 0.9);
-- a constant alone: the quantile
SELECT icm_wallet_fit_quantiles(y, '{1}', '{0.05,0.55,0.85}') FROM generate_series(1, 10) y;
-- the median of amounts that are very different
SELECT pg_temp.b(icm_wallet_fit(y, '{1}', 0.5)) FROM unnest('{1e20,3,2,1,0}'::float8[]) y;
-- all the same; ties by the thousands
SELECT icm_wallet_fit(5, ARRAY[1, a], 0.7) FROM generate_series(1, 10) a;
SELECT (SELECT array_agg(round(b::numeric, 10)) FROM unnest(pg_temp.b(model)) b) AS coefficients FROM (SELECT icm_wallet_fit(i % 3, ARRAY[1, i % 2], 0.8) FROM generate_series(1, 6000) i) m(model);

-- a model with a standard error rounded
CREATE FUNCTION pg_temp.rounded(model icm_wallet_model) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT regexp_replace(model::text, 'nid \[(\d+\.\d{6})\d*\]', 'nid [\1...]') $$;
-- NULL: left out and counted; no rows: NULL
SELECT pg_temp.rounded(icm_wallet_fit(y, x, 0.5)) FROM (VALUES (NULL, '{1}'::float8[]), (3, '{1}'), (4, NULL), (5, '{1}'), (6, '{1}'), (NULL, NULL)) v(y, x);
SELECT icm_wallet_fit(1, '{1}', 0.5) AS of_none FROM generate_series(1, 0);
-- negative spend: more was returned than bought
SELECT pg_temp.rounded(icm_wallet_fit(y, '{1}', 0.5)) FROM unnest('{-3,-2,-1}'::float8[]) y;
-- over a window: the state is not used up
SELECT a, pg_temp.near(pg_temp.b(icm_wallet_fit(a, '{1}', 0.55) OVER (ORDER BY a)), ARRAY[ceil(0.55 * a)]) AS right FROM generate_series(1, 9) a;

-- standard errors in units in which amounts are very small or large; where a float8 does not hold them, there are none
SELECT unit, count(p.std_error) AS std_errors, bool_and(abs(p.std_error / unit / e.std_error - 1) < 1e-9) AS right
FROM unnest('{1e-140,1e-200,1e-306,1e-307,1e200,1e300,1e306}'::float8[]) unit, LATERAL (SELECT icm_wallet_fit(loss * unit, ARRAY[1, air], 0.5) FROM stackloss) m(model), icm_wallet_params(model) p
    JOIN (SELECT p.* FROM (SELECT icm_wallet_fit(loss, ARRAY[1, air], 0.5) FROM stackloss) m(model), icm_wallet_params(model) p) e USING (position) GROUP BY unit ORDER BY unit;

-- a coefficient that is too small for a float8 is an error as one that is too large is; 0 is none, nor one that a float8 holds
SELECT call, e.state, e.message FROM (VALUES ('icm_wallet_fit(i * 1e-300, ARRAY[1, 1e100 * i], 0.5)'), ('icm_wallet_fit(3e-300, ARRAY[1, 1e100 * i], 0.5)'), ('icm_wallet_fit(1 + i * 1e-10, ARRAY[1, 1e300 * i], 0.5)'),
        ('icm_wallet_fit(i * 5e-324, ARRAY[i], 0.5)'), ('icm_wallet_fit(i * 5e-324, ARRAY[3 * i], 0.5)'), ('icm_wallet_fit(i * 1e-300, ARRAY[i * 1e10], 0.5)'), ('icm_wallet_fit(i * 1e300, ARRAY[i * 1e-10], 0.5)')) v(call),
    pg_temp.error_of(format('SELECT %s FROM generate_series(1, 20) i', call)) e;
SELECT pg_temp.b(icm_wallet_fit(3e-300, ARRAY[1, 1e100 * i], 0.5)) AS flat, pg_temp.b(icm_wallet_fit(i * 5e-324, ARRAY[i], 0.5)) AS least FROM generate_series(1, 20) i;

-- errors
CREATE TEMP TABLE bad (id int, spend float8, x float8[], tau float8, weight float8);
INSERT INTO bad VALUES (1, 'NaN', '{1}', 0.5, 1), (2, 'Infinity', '{1}', 0.5, 1), (3, 1, '{1,NaN}', 0.5, 1), (4, 1, '{-Infinity}', 0.5, 1), (5, 1, '{1,NULL}', 0.5, 1), (6, 1, '{}', 0.5, 1),
    (7, 1, '{{1,2}}', 0.5, 1), (8, 1, array_fill(1, ARRAY[65]), 0.5, 1), (9, 1, '{1}', 0, 1), (10, 1, '{1}', 1, 1), (11, 1, '{1}', 'NaN', 1), (12, 1, '{1}', NULL, 1),
    (13, 1, '{1}', 0.5, NULL), (14, 1, '{1}', 0.5, -1), (15, 1, '{1}', 0.5, 'NaN'), (16, 1, '{1}', 0.5, 'Infinity'), (17, NULL, '{1}', 0.5, 1), (18, NULL, NULL, 2, 1);
SELECT id, e.* FROM bad, pg_temp.error_of(format('SELECT icm_wallet_fit(spend, x, tau, weight) FROM bad WHERE id = %s', id)) e ORDER BY id;
SELECT call, e.* FROM (VALUES ('icm_wallet_fit(a, ARRAY[1, a], a / 10.0)'), ('icm_wallet_fit(a, array_fill(1.0::float8, ARRAY[a]), 0.5)'), ('icm_wallet_fit(a, ARRAY[1, a, a ^ 2, a ^ 3, a ^ 4], 0.5)'),
        ('icm_wallet_fit(a, ARRAY[1, a, 0], 0.5)'), ('icm_wallet_fit(a, ARRAY[a, 1, 3 - 2 * a], 0.5)'), ('icm_wallet_fit(a, ARRAY[1, a, 7], 0.5)'), ('icm_wallet_fit(a, ARRAY[1, (a % 2)::int, 1 - (a % 2)::int, a], 0.5)'),
        ('icm_wallet_fit(a, ARRAY[1, a], 0.5, 10.0 ^ (5 * a))'), ('icm_wallet_fit(a * 1e307, ARRAY[a * 1e-307], 0.5)'),
        ('icm_wallet_fit_quantiles(a, ''{1}'', ''{}'')'), ('icm_wallet_fit_quantiles(a, ''{1}'', NULL)'), ('icm_wallet_fit_quantiles(a, ''{1}'', ''{0.5,NULL}'')'), ('icm_wallet_fit_quantiles(a, ''{1}'', ''{0.5,0.5}'')'),
        ('icm_wallet_fit_quantiles(a, ''{1}'', ''{0.6,0.5}'')'), ('icm_wallet_fit_quantiles(a, ''{1}'', ''{0.6,1}'')'), ('icm_wallet_fit_quantiles(a, ''{1}'', ''{{0.5,0.6}}'')'),
        ('icm_wallet_fit_quantiles(a, ''{1}'', array_fill(0.5::float8, ARRAY[100]))'), ('icm_wallet_fit_quantiles(a, ''{1}'', ARRAY[0.1, 0.1 + a / 10.0])'), ('icm_wallet_fit_quantiles(a, ''{1}'', array_fill(0.5::float8, ARRAY[1 + 99 * (a - 1)]))'), ('icm_wallet_fit_accum(NULL, a, ''{1}'', 0.5)'),
        ('icm_wallet_fit_final(''\x00'')')) AS v(call),
    pg_temp.error_of(format('SELECT %s FROM generate_series(1, 4) a', call)) e;
SELECT icm_wallet_fit(a, ARRAY[1, (a % 2)::int, 1 - (a % 2)::int, a], 0.5) FROM generate_series(1, 9) a;

-- the order and partition of the rows have no say, to the byte, even where several planes are as good; nor has a plan
CREATE TABLE wallet_model_shared AS
    SELECT i, ARRAY[1, (hashint4(i) & 15)::float8, (hashint4(i + 1000000) & 255) / 16.0] AS x, ((hashint4(i + 2000000) & 63) + (hashint4(i) & 15) * (hashint4(i + 3000000) & 7))::float8 AS spend,
        (1 + (hashint4(i + 4000000) & 3))::float8 AS weight
    FROM generate_series(1, 25000) i;
INSERT INTO wallet_model_shared VALUES (0, NULL, 1, 1), (-1, '{1,2,3}', NULL, 1);
ANALYZE wallet_model_shared;
CREATE AGGREGATE pg_temp.state_agg(float8, float8[], float8[], float8) (SFUNC = icm_wallet_fit_quantiles_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_wallet_fit_combine, STYPE = bytea, FINALFUNC = icm_wallet_fit_final);
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE result AS
    SELECT 'forwards' AS way, icm_wallet_fit_quantiles(spend, x, '{0.5,0.9}', weight) AS model FROM (SELECT * FROM wallet_model_shared ORDER BY i OFFSET 0) s
    UNION ALL SELECT 'backwards', icm_wallet_fit_quantiles(spend, x, '{0.5,0.9}', weight) FROM (SELECT * FROM wallet_model_shared ORDER BY i DESC OFFSET 0) s
    UNION ALL SELECT 'shuffled', icm_wallet_fit_quantiles(spend, x, '{0.5,0.9}', weight) FROM (SELECT * FROM wallet_model_shared ORDER BY hashint4(i) OFFSET 0) s
    UNION ALL SELECT 'in parts', (SELECT pg_temp.combine_agg(state ORDER BY part DESC) FROM (SELECT i % 7 AS part, pg_temp.state_agg(spend, x, '{0.5,0.9}', weight) AS state FROM wallet_model_shared GROUP BY 1
                                                                                    UNION ALL SELECT 8, NULL) p)
    UNION ALL SELECT 'first the one left out', (SELECT pg_temp.combine_agg(state ORDER BY part) FROM (SELECT i > 0 AS part, pg_temp.state_agg(spend, x, '{0.5,0.9}', weight) AS state FROM wallet_model_shared GROUP BY 1) p);
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT icm_wallet_fit_quantiles(spend, x, '{0.5,0.9}', weight) FROM wallet_model_shared;
INSERT INTO result SELECT 'parallel', icm_wallet_fit_quantiles(spend, x, '{0.5,0.9}', weight) FROM wallet_model_shared;
COMMIT;
RESET max_parallel_workers_per_gather;
SELECT way, icm_wallet_model_send(model) = (SELECT icm_wallet_model_send(model) FROM result WHERE way = 'forwards') AS same FROM result ORDER BY way COLLATE "C";
SELECT s.*, (SELECT count(*) FROM regexp_matches(model::text, 'correlations: \[\S+ \S+ \S+, \S+ \S+ \S+\]')) AS with_correlations FROM result, icm_wallet_model_stats(model) s WHERE way = 'forwards';
-- more than 2,000 rows, of which but a sample and the rows near its plane are computed with. A part tau of them, by weight, is below the
-- plane, give or take those on it; no step along a column, nor of a few taken together, makes it better.
CREATE TEMP TABLE plane AS SELECT tau, (SELECT array_agg(estimate ORDER BY p.position) FROM icm_wallet_params(model) p WHERE p.tau = t.tau) AS b FROM result, unnest('{0.5,0.9}'::float8[]) t(tau) WHERE way = 'forwards';
SELECT tau, sum(weight) FILTER (WHERE r < -1e-9) <= tau * sum(weight) AS below, sum(weight) FILTER (WHERE r <= 1e-9) >= tau * sum(weight) AS below_or_on, count(*) FILTER (WHERE abs(r) <= 1e-9) >= 3 AS is_through_rows
FROM (SELECT tau, weight, spend - b[1] * x[1] - b[2] * x[2] - b[3] * x[3] AS r FROM wallet_model_shared, plane WHERE x IS NOT NULL AND spend IS NOT NULL) s GROUP BY tau ORDER BY tau;
SELECT tau, count(*) AS steps, bool_and(loss >= here - 1e-9 * here) AS none_is_better
FROM (SELECT tau, sum(weight * pg_temp.loss(spend - b[1] - b[2] * x[2] - b[3] * x[3], tau)) AS here, sum(weight * pg_temp.loss(spend - (b[1] + d0) - (b[2] + d1) * x[2] - (b[3] + d2) * x[3], tau)) AS loss
      FROM wallet_model_shared, plane, unnest('{-1e-3,0,1e-3}'::float8[]) d0, unnest('{-1e-4,0,1e-4}'::float8[]) d1, unnest('{-1e-4,0,1e-4}'::float8[]) d2
      WHERE x IS NOT NULL AND spend IS NOT NULL AND i % 5 >= 0 GROUP BY tau, d0, d1, d2) s GROUP BY tau ORDER BY tau;
DROP TABLE wallet_model_shared;
-- states that do not belong together
SELECT e.* FROM (VALUES ('{0.5}', '{0.6}', '{1}', '{1}'), ('{0.5}', '{0.5,0.6}', '{1}', '{1}'), ('{0.5}', '{0.5}', '{1}', '{1,2}')) v(t1, t2, x1, x2),
    pg_temp.error_of(format('SELECT pg_temp.combine_agg(s) FROM (SELECT pg_temp.state_agg(1, %L, %L, 1) AS s UNION ALL SELECT pg_temp.state_agg(1, %L, %L, 1)) p', x1, t1, x2, t2)) e;

-- states that were made up: each byte of the header changed, and cut short
SELECT bool_and(e.state IN ('XX001', '22000', '22023')) AS refused_or_fitted, count(*) FILTER (WHERE e.state = 'XX001') > 100 AS mostly_corrupt
FROM (SELECT set_byte(s, i, v) AS s FROM (SELECT pg_temp.state_agg(y, ARRAY[1, y], '{0.5}', 1) AS s FROM generate_series(1, 5) y) a, generate_series(0, 43) i, unnest('{0,1,2,3,127,128,255}'::int[]) v
      UNION ALL SELECT substr(s, 1, i) FROM (SELECT pg_temp.state_agg(y, ARRAY[1, y], '{0.5}', 1) AS s FROM generate_series(1, 5) y) a, generate_series(0, 200, 3) i) t,
    pg_temp.error_of(format('SELECT icm_wallet_fit_final(%L), pg_temp.combine_agg(s) FROM (VALUES (%L::bytea), (%L)) v(s)', s, s, s)) e;
-- as many columns, taus and both as there can be; as many rows as columns
CREATE TEMP TABLE wide AS SELECT i, (SELECT array_agg(CASE WHEN j = 1 THEN 1 ELSE hashint4(i * 100 + j) / 2147483648.0 END ORDER BY j) FROM generate_series(1, 64) j) AS x, hashint4(i) / 2147483648.0::float8 AS y
FROM generate_series(1, 66) i;
SELECT g.n, s.n = g.n AS all_fitted, s.columns, array_length(s.taus, 1) AS taus, p.coefficients, p.std_errors
FROM (VALUES (64, 3), (66, 99)) g(n, k), LATERAL (SELECT icm_wallet_fit_quantiles(y, x, (SELECT array_agg(i / 100.0 ORDER BY i) FROM generate_series(1, g.k) i)) FROM wide WHERE i <= g.n) m(model),
    icm_wallet_model_stats(model) s, LATERAL (SELECT count(*) AS coefficients, count(p.std_error) > 0 AS std_errors FROM icm_wallet_params(model) p) p ORDER BY g.n;
-- a fit can be cancelled
SET statement_timeout = 100;
SELECT icm_wallet_fit_quantiles(y + n, x, (SELECT array_agg(k / 100.0 ORDER BY k) FROM generate_series(1, 99) k)) IS NULL AS was_not FROM wide, generate_series(1, 300) n;
RESET statement_timeout;

-- estimates: never below own spend, nor below 0; own NULL is not known
CREATE TEMP TABLE model AS SELECT '{taus: [0.8 0.9], coefficients: [10 2, 12 3], rows: 5, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 40]}'::icm_wallet_model AS several,
    '{taus: [0.9], coefficients: [12 3], rows: 5, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 40]}'::icm_wallet_model AS one, '{taus: [0.9], coefficients: [12 3]}'::icm_wallet_model AS written;
SELECT x, own, icm_wallet_estimate(one, x, own) AS wallet, icm_wallet_estimate(several, x, own, 0.8) AS wallet_8, icm_wallet_estimate(several, x, own, 0.9) AS wallet_9, icm_wallet_extrapolates(one, x) AS extrapolates
FROM model, (VALUES ('{1,20}'::float8[], 5::float8), ('{1,20}', 60), ('{1,20}', 100), ('{1,20}', NULL), ('{1,0}', 0), ('{1,40}', 0), ('{1,40.000001}', 0), ('{1,-20}', NULL), ('{1,-20}', -0.0), ('{0,1}', 1), (NULL, 5)) v(x, own);
SELECT icm_wallet_estimate(written, '{1,20}', 5), icm_wallet_extrapolates(written, '{1,20}'), icm_wallet_estimate(NULL::icm_wallet_model, '{1,20}', 5) AS of_null, icm_wallet_estimate(one, '{1,20}', 5, NULL) AS tau_null FROM model;
SELECT (icm_wallet_model_stats(written)).*, (SELECT count(*) FILTER (WHERE r.lowest IS NULL) FROM icm_wallet_ranges(written) r) AS ranges_unknown FROM model;
SELECT call, e.* FROM (VALUES ('icm_wallet_estimate(several, ''{1,2}'', 0)'), ('icm_wallet_estimate(several, ''{1,2}'', 0, 0.85)'), ('icm_wallet_estimate(one, ''{1,2}'', 0, ''NaN'')'), ('icm_wallet_estimate(one, ''{1}'', 0)'),
        ('icm_wallet_estimate(one, ''{1,2,3}'', 0)'), ('icm_wallet_estimate(one, ''{1,NULL}'', 0)'), ('icm_wallet_estimate(one, ''{1,NaN}'', 0)'), ('icm_wallet_estimate(one, ''{1,1.5e308}'', 0)'),
        ('icm_wallet_estimate(one, ''{1,2}'', -1)'), ('icm_wallet_estimate(one, ''{1,2}'', ''NaN'')'), ('icm_wallet_estimate(one, ''{1,2}'', ''Infinity'')'), ('icm_wallet_estimate(one, ''{}'', 1)'), ('icm_wallet_estimate(one, ''{{1,2}}'', 1)'),
        ('icm_wallet_estimate_interval(several, ''{1,2}'', 0)'), ('icm_wallet_estimate_interval(several, ''{1,2}'', 0, 0.85)'), ('icm_wallet_estimate_interval(one, ''{1}'', 0)'), ('icm_wallet_estimate_interval(one, ''{1,NULL}'', 0)'),
        ('icm_wallet_estimate_interval(one, ''{1,NaN}'', 0)'), ('icm_wallet_estimate_interval(one, ''{1,1.5e308}'', 0)'), ('icm_wallet_estimate_interval(one, ''{1,2}'', -1)'),
        ('icm_wallet_estimate_interval(one, ''{1,2}'', 0, confidence => 0)'), ('icm_wallet_estimate_interval(one, ''{1,2}'', 0, confidence => 1)'), ('icm_wallet_estimate_interval(one, ''{1,2}'', 0, confidence => ''NaN'')'),
        ('icm_wallet_extrapolates(one, ''{1}'')'), ('icm_wallet_extrapolates(one, ''{1,Infinity}'')')) v(call), pg_temp.error_of(format('SELECT %s FROM model', call)) e;
-- what to do about it
SELECT icm_wallet_estimate(one, '{2}', 0) FROM model;
SELECT icm_wallet_estimate(several, '{1,2}', 0, 0.85) FROM model;
SELECT icm_wallet_estimate_interval(one, '{1,2}', 0, confidence => 95) FROM model;
SELECT icm_wallet_estimate_interval(one, '{1,2}', 0, confidence => -1) FROM model;
-- how well an estimate is known: x'b = 80, and x'Cx = 4 + 400 * 0.25 - 2 * 20 * 0.5 = 84; z = 2 at 95.45 %
CREATE TEMP TABLE known AS SELECT '{taus: [0.8 0.9], coefficients: [20 3, 30 4], std_errors: nid [2 0.5, 1 1], correlations: [-0.5, none]}'::icm_wallet_model AS several,
    '{taus: [0.8], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-0.5]}'::icm_wallet_model AS one, '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5]}'::icm_wallet_model AS alone,
    '{taus: [0.9], coefficients: [7], std_errors: nid [0.5]}'::icm_wallet_model AS single;
SELECT own, tau, wallet, round((std_error ^ 2)::numeric, 9) AS variance, round(lower::numeric, 9) AS lower, round(upper::numeric, 9) AS upper, wallet = icm_wallet_estimate(several, '{1,20}', own, coalesce(tau, 0.8)) AS as_estimated
FROM known, (VALUES (0::float8, 0.8::float8), (NULL, 0.8), (70, 0.8), (90, 0.8), (99, 0.8), (0, 0.9)) v(own, tau), icm_wallet_estimate_interval(several, '{1,20}', own, tau, 0.9544997361036416) i;
SELECT i = icm_wallet_estimate_interval(several, '{1,20}', 5, 0.8) AS the_only_tau, i.upper - i.wallet = i.wallet - i.lower AS same_width, abs((i.upper - i.wallet) / i.std_error - 1.959963984540054) < 1e-12 AS of_95 FROM known, icm_wallet_estimate_interval(one, '{1,20}', 5) i;
-- own spend above what the model gives: how much more the wallet is it does not tell; own spend of 0 or NULL is not above it
SELECT x, own, i.wallet, round(i.lower::numeric, 6) AS lower, round(i.upper::numeric, 6) AS upper, i.extrapolated
FROM known, (VALUES ('{1,20}'::float8[], 98::float8), ('{1,20}', 99), ('{1,-20}', 1), ('{1,-20}', 0), ('{1,-20}', NULL)) v(x, own), icm_wallet_estimate_interval(one, x, own, confidence => 0.9544997361036416) i;
-- of a model that was fitted: x within what was, and beyond
SELECT x, i.wallet, round(i.lower::numeric, 6) AS lower, round(i.upper::numeric, 6) AS upper, i.extrapolated, i.extrapolated = icm_wallet_extrapolates(m, x) AS as_told
FROM CAST('{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-0.5], rows: 5, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 40]}' AS icm_wallet_model) m,
    (VALUES ('{1,0}'::float8[]), ('{1,40}'), ('{1,41}'), ('{1,-1}'), ('{2,40}')) v(x), icm_wallet_estimate_interval(m, x, NULL) i;
-- not below 0; one column; x of 0; correlations unknown; what is left of the variance but rounding; what a float8 does not hold
SELECT what, round(i.wallet::numeric, 6) AS wallet, round(i.std_error::numeric, 6) AS std_error, round(i.lower::numeric, 6) AS lower, round(i.upper::numeric, 6) AS upper
FROM known, LATERAL (VALUES ('below 0', one, '{1,-10}'::float8[]), ('around 0', one, '{-1,7}'), ('one column', single, '{3}'), ('one column, negative', single, '{-3}'), ('nothing', one, '{0,0}'), ('no correlations', alone, '{1,20}'),
                    ('no correlations, nothing', alone, '{0,0}'), ('no errors', '{taus: [0.9], coefficients: [20 3]}'::icm_wallet_model, '{1,20}'), ('certain', '{taus: [0.9], coefficients: [20 3], std_errors: nid [0 0.5], correlations: [0]}', '{1,0}'),
                    ('cancels', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-1]}', '{1,4}'), ('nearly cancels', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-1]}', '{1,4.0000001}'),
                    ('is left', '{taus: [0.9], coefficients: [20 3], std_errors: nid [2 0.5], correlations: [-1]}', '{1,5}'), ('contradicts itself', '{taus: [0.9], coefficients: [1 1 1], std_errors: nid [1 1 1], correlations: [0.9 0.9 -0.9]}', '{1,-1,-1}'),
                    ('too large', '{taus: [0.9], coefficients: [0 1], std_errors: nid [1e200 1], correlations: [0]}', '{1e200,1}'), ('too small', '{taus: [0.9], coefficients: [0 1], std_errors: nid [1e-200 0], correlations: [0]}', '{1e-200,1}'),
                    ('end too large', '{taus: [0.9], coefficients: [0 1], std_errors: nid [1e307 1], correlations: [0]}', '{10,1}'), ('start too large', '{taus: [0.9], coefficients: [-1], std_errors: nid [0.1]}', '{1.7e308}'))
    v(what, model, x), icm_wallet_estimate_interval(model, x, NULL) i;
SELECT unit, round((i.std_error / unit)::numeric, 9) AS std_error FROM unnest('{1e200,1e-200}'::float8[]) unit,
    icm_wallet_estimate_interval(format('{taus: [0.9], coefficients: [1 1], std_errors: nid [%s %s], correlations: [0]}', 3 * unit, 4 * unit)::icm_wallet_model, '{1,1}', 0) i;
-- NULL: model, x, confidence
SELECT icm_wallet_estimate_interval(NULL::icm_wallet_model, '{1,20}', 5) AS model, icm_wallet_estimate_interval(one, NULL, 5) AS x, icm_wallet_estimate_interval(one, '{1,20}', 5, confidence => NULL) AS confidence FROM known;
-- the quantile is linear in x, so its variance is a quadratic form: of the sum and the difference of two x it is twice that of the two together; and columns may be mixed
SELECT count(*) AS pairs, max(abs((plus.std_error ^ 2 + minus.std_error ^ 2) / (2 * a.std_error ^ 2 + 2 * b.std_error ^ 2) - 1)) < 1e-9 AS quadratic, max(abs(mix.std_error / a.std_error - 1)) < 1e-6 AS mixed
FROM (SELECT icm_wallet_fit_quantiles(loss, ARRAY[1, air, water, acid], '{0.5,0.7031}') AS m, icm_wallet_fit(loss, ARRAY[1, air + water, air - water, acid], 0.7031) AS mixed FROM stackloss) f, stackloss s, stackloss t,
    icm_wallet_estimate_interval(m, ARRAY[1, s.air, s.water, s.acid], 0, 0.7031) a, icm_wallet_estimate_interval(m, ARRAY[1, t.air, t.water, t.acid], 0, 0.7031) b,
    icm_wallet_estimate_interval(m, ARRAY[2, s.air + t.air, s.water + t.water, s.acid + t.acid], 0, 0.7031) plus, icm_wallet_estimate_interval(m, ARRAY[0, s.air - t.air, s.water - t.water, s.acid - t.acid], 0, 0.7031) minus,
    icm_wallet_estimate_interval(mixed, ARRAY[1, s.air + s.water, s.air - s.water, s.acid], 0) mix
WHERE s.ctid < t.ctid AND (s.air, s.water, s.acid) <> (t.air, t.water, t.acid);
-- columns that nearly depend on each other: what is left of the variances where the rows are is little more than rounding; of a column alone it is known
SELECT x, round(i.wallet::numeric, 4) AS wallet, i.std_error > 0 AS std_error FROM (SELECT icm_wallet_fit(hashint4(i) & 15, ARRAY[1, 1e9 + i], 0.5) FROM generate_series(1, 200) i) m(model), (VALUES ('{1,1000000100}'::float8[]), ('{0,1}')) v(x), icm_wallet_estimate_interval(model, x, 0) i;

-- untyped literals are not ambiguous, nor are parameters
PREPARE fit AS SELECT icm_wallet_fit($1, $2, $3) IS NOT NULL, icm_wallet_fit($1, $2, $3, $4) IS NOT NULL, icm_wallet_fit_quantiles($1, $2, $5) IS NOT NULL;
EXECUTE fit(1, '{1}', 0.5, 1, '{0.5,0.6}');
SELECT icm_wallet_fit('1', '{1}', '0.5', '1');
PREPARE estimate AS SELECT i.* FROM known, icm_wallet_estimate_interval(one, $1, $2, $3, $4) i;
EXECUTE estimate('{0,0}', 5, 0.8, 0.9);

-- published under a name; the name is folded into the plan
BEGIN;
SELECT icm_publish('wallet_model', 'grocery', '{coefficients: [10 2.0], taus: [.9], rows: 3, left_out: 0, crossings: 0, lowest: [1 0], highest: [1 9]}');
SELECT icm_publish('wallet_model', 'both', '{coefficients: [10 2, 20 2], taus: [0.8 0.9]}');
SELECT name, body FROM icm.standard WHERE kind = 'wallet_model' ORDER BY name COLLATE "C";
EXPLAIN (VERBOSE, COSTS OFF) SELECT icm_wallet_estimate('grocery', ARRAY[1, i], i) FROM generate_series(1, 2) i;
SELECT icm_publish('wallet_model', 'drinks 2', '{taus: [0.8], coefficients: [20 3], std_errors: nid [3 0.5], correlations: [0]}');
EXPLAIN (VERBOSE, COSTS OFF) SELECT e.* FROM generate_series(1, 2) i, icm_wallet_estimate_interval('drinks 2', ARRAY[1, i], i) e;
SELECT wallet, std_error, round(lower::numeric, 9) AS lower, round(upper::numeric, 9) AS upper, extrapolated FROM icm_wallet_estimate_interval('drinks 2', '{1,8}', 30);
SELECT wallet, std_error, round(lower::numeric, 9) AS lower, round(upper::numeric, 9) AS upper FROM icm_wallet_estimate_interval('drinks 2', '{1,8}', '50', '0.8', '0.99');
SELECT * FROM icm_wallet_estimate_interval('both', '{1,5}', NULL, 0.9);
SELECT * FROM icm_wallet_estimate_interval('grocery', '{1,10}', 3);
SELECT * FROM icm_wallet_estimate_interval(NULL, '{1,5}', 3);
SELECT icm_wallet_estimate('grocery', '{1,5}', 3), icm_wallet_estimate('grocery', '{1,5}', 30) AS own, icm_wallet_estimate('grocery', '{1,5}', NULL) AS prospect, icm_wallet_estimate('both', '{1,5}', 3, 0.9) AS tau,
    icm_wallet_extrapolates('grocery', '{1,9}') AS within, icm_wallet_extrapolates('grocery', '{1,10}') AS beyond, icm_wallet_estimate(NULL::text, '{1,5}', 3) AS of_null;
SELECT call, e.* FROM (VALUES ('icm_wallet_estimate(''drinks'', ''{1,2}'', 0)'), ('icm_wallet_estimate(''both'', ''{1,2}'', 0)'), ('icm_wallet_estimate_interval(''both'', ''{1,2}'', 0)'), ('icm_publish(''wallet_model'', ''x'', ''{taus: [0.5]}'')')) AS v(call), pg_temp.error_of('SELECT ' || call) e;
ROLLBACK;
