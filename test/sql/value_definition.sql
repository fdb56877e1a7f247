--
-- icm_value_definition: text and binary form, terms
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

-- text: any order in, one out
SELECT input::icm_value_definition AS output
FROM (VALUES ('{history_days: 730, horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 12.5, currency: EUR, model: retail}'),
             ('{model: retail, currency: "EUR", cost_to_serve: learnt, margin: learnt, annual_discount: 10e-2, horizon_days: 365, half_life_days: 180}'),
             (E'{\n  horizon_days : 1,"annual_discount": 0,margin:-1,cost_to_serve:0,model:"learnt"}\n'),
             ('{horizon_days: 2147483647, annual_discount: 1, margin: 1, cost_to_serve: -0, currency: "EUR; in 1000", model: "my ""best"" model"}'),
             ('{history_days: 5e-324, horizon_days: 00365, annual_discount: 0.1, margin: -0, cost_to_serve: 1e308, model: v1.0-b}'),
             ('{half_life_days: 0.30000000000000004, horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 0, model: m}'))
     AS v(input);
SELECT (format('{horizon_days: 1, annual_discount: 0, margin: 0, cost_to_serve: 0, currency: sixteen-bytes-xx, model: %s}', repeat('x', 63))
        ::icm_value_definition)::text LIKE '%currency: sixteen-bytes-xx, model: ' || repeat('x', 63) || '}' AS longest,
       '{horizon_days: 1, annual_discount: 0, margin: 0, cost_to_serve: 0, currency: "€", model: "Händler"}'::icm_value_definition AS quoted;

-- what is refused: the form
\set valid '{history_days: 730, horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 12.5, currency: EUR, model: retail}'
SELECT input, e.state, e.detail
FROM (VALUES (''), ('{'), ('{}'), ('horizon_days: 365'), ('{horizon_days: 365'), ('{horizon_days 365}'), ('{horizon_days: 365,}'),
             ('{horizon_days: 365; margin: 0.1}'), ('{horizon: 365}'), ('{Horizon_days: 365}'), ('{horizon_days: 365, horizon_days: 365}'),
             ('{horizon_days: 365, "horizon_days": 30}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_value_definition', input)) e;
SELECT e.state, e.detail FROM pg_temp.error_of(format('SELECT %L::icm_value_definition', :'valid' || ' {}')) e;
-- a key that is missing: history_days and currency need not be there
SELECT key, e.state, e.detail
FROM unnest('{history_days,horizon_days,annual_discount,margin,cost_to_serve,currency,model}'::text[]) WITH ORDINALITY AS k(key, i),
     regexp_replace(regexp_replace(:'valid', key || ': [^,}]*(, )?', ''), ', }', '}') AS input,
     pg_temp.error_of(format('SELECT %L::icm_value_definition', input)) e ORDER BY i;
SELECT e.state, e.detail FROM pg_temp.error_of(format('SELECT %L::icm_value_definition', replace(:'valid', '{', '{half_life_days: 90, '))) e;
-- a value that is wrong
SELECT key, value, e.state, e.detail
FROM (VALUES ('history_days', '0'), ('history_days', '-1'), ('history_days', 'all'), ('history_days', 'Infinity'), ('history_days', '1e-400'),
             ('history_days', '"730"'), ('history_days', '730 days'),
             ('horizon_days', '0'), ('horizon_days', '-365'), ('horizon_days', '365.5'), ('horizon_days', '2147483648'), ('horizon_days', '1e3'),
             ('horizon_days', 'learnt'), ('annual_discount', '-0.1'), ('annual_discount', '1.0000001'), ('annual_discount', '10'),
             ('annual_discount', '10%'), ('annual_discount', 'learnt'), ('annual_discount', 'NaN'),
             ('margin', '35'), ('margin', '1.01'), ('margin', '-1.01'), ('margin', '35%'), ('margin', 'learned'), ('margin', 'Learnt'),
             ('margin', '"learnt"'), ('margin', 'learnt too'), ('margin', ''), ('margin', 'NaN'),
             ('cost_to_serve', '-1'), ('cost_to_serve', 'free'), ('cost_to_serve', '1e309'), ('cost_to_serve', 'Infinity'), ('cost_to_serve', '"learnt"'),
             ('currency', '""'), ('currency', '€'), ('currency', '1000 EUR'), ('currency', '"seventeen bytes x"'), ('currency', '"€€€€€€"'),
             ('model', '""'), ('model', '5'), ('model', 'my model'), ('model', '"retail'), ('model', repeat('x', 64))) AS v(key, value),
     regexp_replace(:'valid', key || ': [^,}]*', format('%s: %s', key, value)) AS input,
     pg_temp.error_of(format('SELECT %L::icm_value_definition', input)) e;
SELECT '{horizon_days: 365, annual_discount: 10, margin: 0.35, cost_to_serve: 0, model: retail}'::icm_value_definition;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{horizon_days: 1, annual_discount: 0, margin: 0, cost_to_serve: 0, model: m}', 'icm_value_definition');
        ASSERT NOT pg_input_is_valid('{horizon_days: 1}', 'icm_value_definition');
        ASSERT NOT pg_input_is_valid('{horizon_days: 0}', 'icm_value_definition');
    END IF;
END
$$;

-- equal definitions have equal bytes
CREATE TEMP TABLE bytes AS SELECT definition::icm_value_definition
FROM (VALUES ('{horizon_days: 365, annual_discount: 0.1, margin: learnt, cost_to_serve: 0, currency: EUR, model: m}'),
             ('{"model": "m", currency: "EUR", cost_to_serve: -0, margin: learnt, annual_discount: 1e-1, horizon_days: 0365}')) AS v(definition);
SELECT count(*) AS definitions, bool_and(record_image_eq(b, (SELECT f FROM bytes f LIMIT 1))) AS same, min(pg_column_size(definition)) AS bytes FROM bytes b;

-- terms
SELECT t.* FROM (VALUES (1, '{history_days: 730.5, horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: 12.5, currency: EUR, model: retail}'),
                        (2, '{half_life_days: 180, horizon_days: 90, annual_discount: 0, margin: learnt, cost_to_serve: 0, model: "my model"}'),
                        (3, '{horizon_days: 1, annual_discount: 1, margin: 0, cost_to_serve: learnt, currency: "$", model: m}')) AS v(i, definition),
     icm_value_terms(definition::icm_value_definition) t ORDER BY i;
SELECT icm_value_terms(NULL) IS NULL AS null_is_null, icm_value_model(NULL) IS NULL AS null_too,
       icm_value_model('{horizon_days: 1, annual_discount: 1, margin: 0, cost_to_serve: 0, model: "my model"}') AS model;

-- published under a name
BEGIN;
SELECT icm_publish('value_definition', 'corporate', '{ model: retail, cost_to_serve: learnt, margin: .35, annual_discount: 0.10, horizon_days: 365 }');
SELECT body, icm_value_model(icm_standard_value_definition('corporate')), (icm_value_terms(icm_standard_value_definition('corporate'))).margin
FROM icm.standard WHERE kind = 'value_definition';
SELECT e.* FROM pg_temp.error_of($$SELECT icm_publish('value_definition', 'corporate', '{horizon_days: 365}')$$) e;
SELECT e.* FROM pg_temp.error_of($$SELECT icm_standard_value_definition('other')$$) e;
ROLLBACK;

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT substr(icm_value_definition_send(definition), 1, 8) AS header, substr(icm_value_definition_send(definition), 9) = definition::text::bytea AS text
FROM bytes LIMIT 1;
CREATE TEMP TABLE stored AS SELECT i AS id,
    format('{%s, horizon_days: %s, annual_discount: %s, margin: %s, cost_to_serve: %s,%s model: %I}',
           (ARRAY['history_days: 1.5', 'half_life_days: 0.1'])[1 + i % 2], i, sqrt(i::float8 / 100), CASE WHEN i % 3 > 0 THEN (-1.0 / i)::text ELSE 'learnt' END,
           CASE WHEN i % 5 > 0 THEN (1.0 / i)::text ELSE 'learnt' END, CASE WHEN i % 7 > 0 THEN ' currency: "' || chr(i + 34) || '",' END,
           'Modell ä' || i)::icm_value_definition AS definition
FROM generate_series(1, 57) i;
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/value_definition.bin' (FORMAT binary)
\copy received FROM 'results/value_definition.bin' (FORMAT binary)
SELECT count(*) AS definitions, bool_and(record_image_eq(s, r)) AS same,
       bool_and(record_image_eq(ROW(s.definition), ROW(s.definition::text::icm_value_definition))) AS same_from_text
FROM stored s FULL JOIN received r USING (id);
-- crafted: a bytea's binary form is its bytes
CREATE TEMP TABLE crafted (definition icm_value_definition);
CREATE FUNCTION pg_temp.message(body text, head text DEFAULT '01000000') RETURNS bytea
LANGUAGE sql AS $$ SELECT decode(head, 'hex') || int4send(octet_length(body)) || convert_to(body, 'UTF8') $$;
\copy (SELECT pg_temp.message('{model: m,cost_to_serve: -0, margin: 1.0, annual_discount: 0, horizon_days: 7}')) TO 'results/value_definition.bin' (FORMAT binary)
\copy crafted FROM 'results/value_definition.bin' (FORMAT binary)
SELECT * FROM crafted;
\copy (SELECT pg_temp.message('{model: m, cost_to_serve: 0, margin: 35, annual_discount: 0, horizon_days: 7}')) TO 'results/value_definition.bin' (FORMAT binary)
\copy crafted FROM 'results/value_definition.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{model: m, margin: 0.35, annual_discount: 0, horizon_days: 7}')) TO 'results/value_definition.bin' (FORMAT binary)
\copy crafted FROM 'results/value_definition.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{model: m, cost_to_serve: 0, margin: 0.35, annual_discount: 0, horizon_days: 7}', '02000000')) TO 'results/value_definition.bin' (FORMAT binary)
\copy crafted FROM 'results/value_definition.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{model: m, cost_to_serve: 0, margin: 0.35, annual_discount: 0, horizon_days: 7}', '01800000')) TO 'results/value_definition.bin' (FORMAT binary)
\copy crafted FROM 'results/value_definition.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
