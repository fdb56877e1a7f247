--
-- icm_clv_model: text and binary form, parameters, joining two models
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

-- text: a model from a paper; keys in any order; unit_days is a week, of contracts a year
SELECT input::icm_clv_model AS output
FROM (VALUES ('{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426}'),
             ('{b: 2.426, a: .793, alpha: 4.414, r: 243e-3, unit_days: 1, process: "mbgnbd"}'),
             (E'{\n\tprocess:paretonbd,"r":0.5533,alpha : 10.578,s:0.6061,beta:11.669\n}'),
             ('{process: sbg, alpha: 0.668, beta: 3.806}'), ('{beta: 3.806, unit_days: 30.4375, process: sbg, alpha: 0.668}'),
             ('{p: 6.25, q: 3.74, gamma: 15.44}'), ('{spend: gammagamma, q: 3.74, p: 6.25, gamma: 15.44}'),
             ('{gamma: 15.44, beta: 11.669, alpha: 10.578, process: paretonbd, p: 6.25, q: 3.74, r: 0.5533, s: 0.6061}'),
             ('{process: bgnbd, unit_days: 5e-324, r: 100000, alpha: 1e-100, a: 0.30000000000000004, b: 1e-05}')) AS v(input);
-- fitted: with customers, log-likelihood and covariance of the logarithms
SELECT '{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426, covariance: [4 1 3 0.5 -0.25 2 0 0 0 1e-3], loglik: -9582.4, customers: 2357}'::icm_clv_model;
SELECT '{spend_covariance: [ 1 -0 2 0.5 .5 3 ],spend_customers: 946,spend_loglik: 12, p: 6.25, q: 3.74, gamma: 15.44}'::icm_clv_model;
SELECT '{process: sbg, alpha: 0.668, beta: 3.806, customers: 9223372036854775807, loglik: 0, covariance: [1e-300 0 1e300],
         unit_days: 365.25}'::icm_clv_model;
SELECT '{process: paretonbd, r: 1, alpha: 2, s: 3, beta: 4, customers: 1, loglik: -0.1, covariance: [1 0 1 0 0 1 0 0 0 1],
         spend: gammagamma, p: 1, q: 1.0000000000000002, gamma: 1, spend_customers: 1, spend_loglik: -0.1, spend_covariance: [1 0 1 0 0 1]}'::icm_clv_model;
SET extra_float_digits = -15;
SELECT '{p: 0.30000000000000004, q: 3.74, gamma: 15.44}'::icm_clv_model;
RESET extra_float_digits;

-- what is refused: the form, and what does not belong together
SELECT input, e.state, e.detail
FROM (VALUES (''), ('{'), ('{}'), ('bgnbd'), ('{process: bgnbd'), ('{process: bgnbd} {}'), ('{process: bgnbd,}'), ('{process bgnbd}'),
             ('{process: bgnbd r: 1}'), ('{process: bgnbd, Alpha: 1}'), ('{process: bgnbd, process: bgnbd}'), ('{process: }'), ('{process: 1}'),
             ('{process: bgbb}'), ('{process: BGNBD}'), ('{process: gammagamma}'), ('{process: bgnbd}'), ('{process: sbg, alpha: 1}'),
             ('{r: 1, alpha: 1, a: 1, b: 1}'), ('{unit_days: 7}'), ('{unit_days: 7, p: 1, q: 2, gamma: 3}'), ('{customers: 1, p: 1, q: 2, gamma: 3}'),
             ('{process: bgnbd, r: 1, alpha: 1, a: 1, b: 1, s: 1}'), ('{process: bgnbd, r: 1, alpha: 1, s: 1, beta: 1}'),
             ('{process: sbg, r: 1, alpha: 1, beta: 1}'), ('{process: sbg, alpha: 1, beta: 1, p: 1, q: 2, gamma: 3}'),
             ('{spend: gammagamma}'), ('{spend: normal, p: 1, q: 2, gamma: 3}'), ('{spend: bgnbd, p: 1, q: 2, gamma: 3}'), ('{p: 1, q: 2}'),
             ('{process: bgnbd, r: 1, alpha: 1, a: 1, b: 1, spend: gammagamma}'), ('{process: sbg, alpha: 1, beta: 1, spend_loglik: -1}'),
             ('{process: sbg, alpha: 1, beta: 1, loglik: -1}'), ('{process: sbg, alpha: 1, beta: 1, customers: 10, loglik: -1}'),
             ('{process: sbg, alpha: 1, beta: 1, customers: 10, covariance: [1 0 1]}'),
             ('{p: 1, q: 2, gamma: 3, spend_customers: 10, spend_covariance: [1 0 1 0 0 1]}'),
             ('{p: 1, q: 2, gamma: 3, customers: 10, loglik: -1, covariance: [1 0 1 0 0 1]}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_clv_model', input)) e;
-- the values
SELECT key, value, e.state, e.detail
FROM (VALUES ('unit_days', '0'), ('unit_days', '-7'), ('unit_days', 'week'), ('unit_days', 'Infinity'), ('r', '0'), ('r', '-0.243'), ('alpha', 'NaN'),
             ('a', '1e309'), ('b', '1e-400'), ('b', '"2"'), ('r', '-0'), ('p', '0'), ('p', '-1'), ('q', '1'), ('q', '0.5'), ('q', '-2'), ('gamma', '0'),
             ('customers', '0'), ('customers', '-1'), ('customers', '1.5'), ('customers', '9223372036854775808'), ('customers', '2e3'),
             ('loglik', 'NaN'), ('loglik', '-Infinity'), ('loglik', '-1e309'), ('spend_customers', '0'), ('spend_loglik', 'none'),
             ('covariance', '1'), ('covariance', '[]'), ('covariance', '[1 0 1 0 0 1 0 0 0]'), ('covariance', '[1 0 1 0 0 1 0 0 0 1 1]'),
             ('covariance', '[1 0 1 0 0 1 0 0 0 1'), ('covariance', '{1 0 1 0 0 1 0 0 0 1}'), ('covariance', '[1,0,1,0,0,1,0,0,0,1]'),
             ('covariance', '[1 0 1 0 0 1 0 0 0 NaN]'), ('covariance', '[1 0 1 0 0 1 0 0 0 Infinity]'), ('covariance', '[1 0 1 0 0 1 0 0 0 0]'),
             ('covariance', '[-1 0 1 0 0 1 0 0 0 1]'), ('covariance', '[1 1 1 0 0 1 0 0 0 1]'), ('covariance', '[1 0.9 1 -0.9 0.9 1 0 0 0 1]'),
             ('covariance', '[1 2 1 0 0 1 0 0 0 1]'), ('covariance', '[1 0 1 0 0 1 1 0 0 1]'), ('covariance', '[1 1e200 1 0 0 1 0 0 0 1]'),
             ('spend_covariance', '[1 0 1]'), ('spend_covariance', '[1 0 1 0 0 1 0 0 0 1]'), ('spend_covariance', '[1 0 1 1 1 1]'),
             ('spend_covariance', '[1 0 -1 0 0 1]')) AS v(key, value),
     regexp_replace('{process: bgnbd, unit_days: 7, r: 0.2, alpha: 4, a: 0.8, b: 2, customers: 9, loglik: -5, covariance: [1 0 1 0 0 1 0 0 0 1], '
                    'spend: gammagamma, p: 6, q: 4, gamma: 15, spend_customers: 8, spend_loglik: -4, spend_covariance: [1 0 1 0 0 1]}',
                    '([ {])' || key || ': [^,}]*', format('\1%s: %s', key, value)) AS input,
     pg_temp.error_of(format('SELECT %L::icm_clv_model', input)) e;
SELECT '{process: bgnbd, r: 0.243, alpha: 4.414, a: 0.793}'::icm_clv_model;
SELECT '{p: 6.25, q: 1, gamma: 15.44}'::icm_clv_model;
-- shapes within what the answers are good for; units have more room
SELECT '{process: bgnbd, r: 1, alpha: 1, a: 1e60, b: 1e60}'::icm_clv_model;
SELECT '{process: paretonbd, r: 0.000009, alpha: 1, s: 1, beta: 1}'::icm_clv_model;
SELECT '{process: sbg, alpha: 1e80, beta: 1}'::icm_clv_model;
SELECT '{p: 6.25, q: 3.74, gamma: 1e101}'::icm_clv_model;
SELECT '{process: paretonbd, r: 1e5, alpha: 1e99, s: 1e-5, beta: 1e-99, p: 1e5, q: 1e5, gamma: 1e100}'::icm_clv_model IS NOT NULL AS in_bounds;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{p: 6.25, q: 3.74, gamma: 15.44}', 'icm_clv_model');
        ASSERT NOT pg_input_is_valid('{p: 6.25, q: 0.74, gamma: 15.44}', 'icm_clv_model');
        ASSERT NOT pg_input_is_valid('{p: 6.25}', 'icm_clv_model');
    END IF;
END
$$;

-- models for what follows: fitted and given, of each process
CREATE TEMP TABLE model (id int, model icm_clv_model);
INSERT INTO model VALUES
    (1, '{process: bgnbd, r: 0.25, alpha: 4, a: 0.5, b: 2, customers: 2357, loglik: -9582.4, covariance: [0.04 0.01 0.09 0 0 0.16 0 0 0.01 0.25]}'),
    (2, '{process: mbgnbd, unit_days: 1, r: 0.25, alpha: 4, a: 0.5, b: 2}'),
    (3, '{process: paretonbd, r: 0.25, alpha: 4, s: 0.5, beta: 2, p: 6, q: 4, gamma: 15, spend_customers: 946, spend_loglik: -4058.9, spend_covariance: [0.01 0 0.04 0 0 0.09]}'),
    (4, '{process: sbg, alpha: 0.5, beta: 4, customers: 1000, loglik: -1600.5, covariance: [0.01 0.02 0.09]}'),
    (5, '{p: 6, q: 4, gamma: 15}'),
    (6, '{p: 6, q: 4, gamma: 16, spend_customers: 7, spend_loglik: -5.5, spend_covariance: [1 0 1 0 0 1]}'),
    (7, '{process: bgnbd, r: 0.25, alpha: 4, a: 0.5, b: 2, customers: 2357, loglik: -9582.4, covariance: [1 0 1 0 0 1 0 0 0 1],
          p: 6, q: 4, gamma: 15, spend_customers: 946, spend_loglik: -4058.9, spend_covariance: [1 0 1 0 0 1]}'),
    (8, NULL);

-- equal models have equal bytes
CREATE TEMP TABLE bytes AS SELECT model::icm_clv_model
FROM (VALUES ('{process: sbg, alpha: 0.5, beta: 4, unit_days: 365.25, customers: 10, loglik: 0, covariance: [1 0 1]}'),
             ('{covariance: [1.0 -0 1], loglik: -0, customers: 010, beta: 4e0, "alpha": .5, process: "sbg"}')) AS v(model);
SELECT count(*) AS models, bool_and(record_image_eq(b, (SELECT f FROM bytes f LIMIT 1))) AS same FROM bytes b;
SELECT pg_column_size(icm_clv_model(m.model, s.model)) AS bytes FROM model m, model s WHERE m.id = 1 AND s.id = 6;

-- parameters, std_error = estimate * sqrt(variance of the logarithm); log-likelihoods; what a model is
SELECT id, p.* FROM model, icm_clv_params(model) WITH ORDINALITY AS p(part, param, estimate, std_error, n) ORDER BY id, n;
SELECT id, icm_clv_loglik(model), i.* FROM model LEFT JOIN LATERAL icm_clv_info(model) i ON true ORDER BY id;
SELECT id, part, icm_clv_loglik(model, part) FROM model, unnest('{purchase,retention,spend}'::text[]) part
WHERE (id, part) IN ((1, 'purchase'), (2, 'purchase'), (3, 'purchase'), (3, 'spend'), (4, 'retention'), (5, 'spend'), (6, 'spend'), (7, 'purchase'), (7, 'spend'))
ORDER BY id, part;
SELECT id, part, e.state, e.message FROM model, unnest('{purchase,retention,spend,Spend,"spend ",""}'::text[]) part,
     pg_temp.error_of(format('SELECT icm_clv_loglik(%L::icm_clv_model, %L)', model, part)) e
WHERE id IN (1, 4, 5) AND e.state IS NOT NULL ORDER BY id, part COLLATE "C";
SELECT icm_clv_loglik('{p: 6, q: 4, gamma: 15}', 'purchase');
SELECT icm_clv_loglik(NULL) IS NULL AND icm_clv_loglik(NULL, 'spend') IS NULL AND icm_clv_loglik('{p: 6, q: 4, gamma: 15}', NULL) IS NULL
       AND icm_clv_info(NULL) IS NULL AND icm_clv_model(NULL, '{p: 6, q: 4, gamma: 15}') IS NULL AS nulls;
SELECT * FROM icm_clv_params('{process: sbg, alpha: 1e5, beta: 1, customers: 1, loglik: 0, covariance: [1e308 0 1]}');

-- two models in one: purchases of the first, spend of the second
SELECT icm_clv_model(m.model, s.model) FROM model m, model s WHERE m.id IN (1, 2, 3) AND s.id IN (3, 5) ORDER BY m.id, s.id;
SELECT count(*) AS pairs, count(*) FILTER (WHERE icm_clv_model(m.model, s.model)::text::icm_clv_model::text <> icm_clv_model(m.model, s.model)::text
           OR (SELECT string_agg(p::text, ';') FROM icm_clv_params(icm_clv_model(m.model, s.model)) p WHERE part = 'spend') IS DISTINCT FROM
              (SELECT string_agg(p::text, ';') FROM icm_clv_params(s.model) p WHERE part = 'spend')
           OR (SELECT string_agg(p::text, ';') FROM icm_clv_params(icm_clv_model(m.model, s.model)) p WHERE part = 'purchase') IS DISTINCT FROM
              (SELECT string_agg(p::text, ';') FROM icm_clv_params(m.model) p WHERE part = 'purchase')) AS otherwise
FROM model m, model s WHERE m.id IN (1, 2, 3, 7) AND s.id IN (3, 5, 6, 7);
SELECT m.id AS purchase, s.id AS spend, e.state, e.message FROM model m, model s,
     pg_temp.error_of(format('SELECT icm_clv_model(%L::icm_clv_model, %L::icm_clv_model)', m.model, s.model)) e
WHERE e.state IS NOT NULL ORDER BY 1, 2;
SELECT icm_clv_model('{p: 6, q: 4, gamma: 15}', '{p: 6, q: 4, gamma: 15}');
SELECT icm_clv_model('{process: bgnbd, r: 0.25, alpha: 4, a: 0.5, b: 2}', '{process: bgnbd, r: 0.25, alpha: 4, a: 0.5, b: 2}');

-- published under a name
BEGIN;
SELECT icm_publish('clv_model', 'retail', '{process: bgnbd, r: 0.2430, alpha: 4.414, a: 0.793, b: 2.426}');
SELECT body, (icm_clv_info(icm_standard_clv_model('retail'))).unit_days FROM icm.standard WHERE kind = 'clv_model';
SELECT e.* FROM pg_temp.error_of($$SELECT icm_publish('clv_model', 'retail', '{process: bgnbd}')$$) e;
SELECT e.* FROM pg_temp.error_of($$SELECT icm_standard_clv_model('wholesale')$$) e;
ROLLBACK;

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT icm_clv_model_send('{p: 6, q: 4, gamma: 15}'), encode(substr(icm_clv_model_send('{p: 6, q: 4, gamma: 15}'), 9), 'escape') AS text;
CREATE TEMP TABLE received (LIKE model);
\copy model TO 'results/clv_model.bin' (FORMAT binary)
\copy received FROM 'results/clv_model.bin' (FORMAT binary)
SELECT count(*) AS models, bool_and(record_image_eq(s, r)) AS same,
       bool_and(record_image_eq(ROW(s.model), ROW(s.model::text::icm_clv_model))) AS same_from_text
FROM model s FULL JOIN received r USING (id);
-- numbers of all sizes, out and in
SELECT count(*) AS models, count(*) FILTER (WHERE m.model::text <> m.text) AS otherwise
FROM generate_series(1, 500) i,
     LATERAL (SELECT (1.5 + hashint4(i + k) / 2147483649.0) * 10::float8 ^ ((i + k) % 9 - 4) AS v FROM generate_series(0, 3000, 1000) k) x(v),
     LATERAL (SELECT format('{process: sbg, unit_days: %s, alpha: %s, beta: %s, customers: %s, loglik: %s, covariance: [%s 0 %s]}',
                            v, v / 3, v * 7, i, -v, v / 11, v * v)) AS t(text),
     LATERAL (SELECT t.text::icm_clv_model, t.text) AS m(model, text);

-- crafted: a bytea's binary form is its bytes. Not in canonical form; then what is refused.
CREATE TEMP TABLE crafted (model icm_clv_model);
CREATE FUNCTION pg_temp.message(body text, head text DEFAULT '01000000', count int DEFAULT NULL) RETURNS bytea
LANGUAGE sql AS $$ SELECT decode(head, 'hex') || int4send(coalesce(count, octet_length(body))) || convert_to(body, 'UTF8') $$;
\copy (SELECT pg_temp.message('{gamma: 15.0,q: 4, p: 6}')) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
SELECT * FROM crafted;
\copy (SELECT pg_temp.message('{p: 6, q: 1, gamma: 15}')) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{process: sbg, alpha: 1, beta: 1, customers: 1, loglik: 0, covariance: [1 1 1]}')) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{p: 6, q: 4, gamma: 15}', '00000000')) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{p: 6, q: 4, gamma: 15}', '01010000')) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{p: 6, q: 4, gamma: 15}', '01000000', 99)) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('')) TO 'results/clv_model.bin' (FORMAT binary)
\copy crafted FROM 'results/clv_model.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
