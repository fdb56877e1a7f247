--
-- icm_cost_model: text and binary form, rates, icm_cost
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

-- text: kinds sorted by bytes, the default last; a share alone; white space is free; quotes where they are needed
SELECT '{call: 6.5, return: 4 + 3%, "field visit": 350, e-mail: 0.002, default: 1}'::icm_cost_model;
SELECT input, input::icm_cost_model AS output
FROM (VALUES ('{call:6.5}'), (E' {\t"call" : 6.50 ,\n_x.1-B: +2e3 } '), ('{b: 1, a: 2, B: 3}'), ('{default: 1}'), ('{"default": 1}'),
             ('{default: 1, "default": 2, defaults: 3, DEFAULT: 4}'), ('{free: 0}'), ('{free: -0 + 0%}'),
             ('{a: 0 + 3%, b: 3%, c: 3 %, d: 4+3%, e: 0%, f: 4 + 0%}'),
             ('{"1a": 1, "a b": 1, "a:b": 1, "a,b": 1, "}": 1, "say ""a""": 1, """": 1, "-a": 1, ".": 1}'),
             ('{Bestellung: 1, "Rücksendung": 2, "日本": 3}'),
             ('{a: 1.7976931348623157e308 + 5e-324%, b: 0.30000000000000004}')) AS v(input);
SELECT (('{' || repeat('x', 63) || ': 1}')::icm_cost_model)::text = '{' || repeat('x', 63) || ': 1}' AS of_63_bytes;
SET extra_float_digits = -15;
SELECT '{a: 0.30000000000000004}'::icm_cost_model;
RESET extra_float_digits;

-- what is refused
SELECT input, e.state, e.detail
FROM (VALUES (''), ('{'), ('{}'), ('call: 1'), ('[call: 1]'), ('{call: 1'), ('{call: 1}}'), ('{call: 1} x'), ('{call: 1,}'), ('{,call: 1}'),
             ('{call: 1,, mail: 1}'), ('{call: 1; mail: 1}'), ('{call: 1 mail: 1}'), ('{call 1}'), ('{call = 1}'), ('{call:}'), ('{: 1}'),
             ('{1: 1}'), ('{-a: 1}'), ('{a b: 1}'), ('{é: 1}'), ('{"": 1}'), ('{"a: 1}'), ('{"a"b: 1}'), ('{a"b": 1}'), ('{''a'': 1}'),
             ('{' || repeat('x', 64) || ': 1}'), ('{"' || repeat('é', 32) || '": 1}'),
             ('{call: x}'), ('{call: NULL}'), ('{call: NaN}'), ('{call: Infinity}'), ('{call: 1e309}'), ('{call: 1e-400}'), ('{call: 0x1}'),
             ('{call: "1"}'), ('{call: 1,5}'), ('{call: 4 3%}'), ('{call: 4 + 3}'), ('{call: 4 +}'), ('{call: 3% + 4}'), ('{call: 4 - 3%}'),
             ('{call: 4 + 3% + 1}'), ('{call: 3%%}'), ('{call: %}'), ('{call: 4 + 3% ok: 1}'),
             ('{call: -1}'), ('{call: -3%}'), ('{call: 4 + -3%}'), ('{call: 1, call: 1}'), ('{call: 1, mail: 2, "call": 3}'),
             ('{default: 1, default: 2}'), ('{"default": 1, "default": 2}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_cost_model', input)) e;
SELECT '{call: 6.5, return: 4 + 3}'::icm_cost_model;
SELECT '{call: 1, call: 2}'::icm_cost_model;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{call: 6.5}', 'icm_cost_model');
        ASSERT NOT pg_input_is_valid('{call: -1}', 'icm_cost_model');
        ASSERT NOT pg_input_is_valid('{call: 1, call: 1}', 'icm_cost_model');
        ASSERT NOT pg_input_is_valid((SELECT '{' || string_agg('k' || i || ': 1', ',') || '}' FROM generate_series(1, 1001) i), 'icm_cost_model');
    END IF;
END
$$;
-- 1000 kinds, and one more
CREATE FUNCTION pg_temp.kinds(n int) RETURNS icm_cost_model
LANGUAGE sql AS $$ SELECT ('{' || string_agg(format('"kind %s": %s + %s%%', i, i, i / 10.0), ', ' ORDER BY hashint4(i)) || '}')::icm_cost_model
                   FROM generate_series(1, n) i $$;
SELECT pg_column_size(pg_temp.kinds(1000)) AS bytes, (SELECT count(*) FROM icm_cost_rates(pg_temp.kinds(1000))) AS kinds;
SELECT pg_temp.kinds(1001);
SELECT e.* FROM pg_temp.error_of($$SELECT ('{' || repeat(',', 100000))::icm_cost_model$$) e;

-- the order of entries and the way they are written have no say: equal models have equal bytes
SELECT count(DISTINCT model::icm_cost_model::text) AS texts,
       count(DISTINCT md5(icm_cost_model_send(model::icm_cost_model))) AS binaries
FROM (VALUES ('{call: 6.5, mail: 0 + 3%, default: 1}'), ('{default: 1.0, mail: 3%, call: 65e-1}'), ('{"mail": 3.0 %,"call": 6.50,default:1}'))
     AS v(model);
CREATE TEMP TABLE bytes AS SELECT model::icm_cost_model
FROM (VALUES ('{b: 1, a: -0 + 3%, default: 2}'), ('{default: 2, "a": 3%, b: 1}')) AS v(model);
SELECT count(*) AS models, bool_and(record_image_eq(b, (SELECT f FROM bytes f LIMIT 1))) AS same FROM bytes b;

-- rates
SELECT * FROM icm_cost_rates('{return: 4 + 3%, call: 6.5, "field visit": 350, fee: 7%, default: 1}');
SELECT * FROM icm_cost_rates('{default: 2%}');
SELECT * FROM icm_cost_rates('{"default": 2}');
SELECT * FROM icm_cost_rates(NULL);
SELECT icm_cost_rates('{a: 1, b: 2}');
SELECT name, r.* FROM (VALUES (1, '{a: 1}'::icm_cost_model), (2, NULL), (3, '{b: 2, a: 3}')) AS v(name, model), icm_cost_rates(model) r ORDER BY name, kind;

-- cost = rate * quantity + share * amount
\set model '''{call: 6.5, return: 4 + 3%, "field visit": 350, e-mail: 0.002, fee: 7%, "default": 9}''::icm_cost_model'
SELECT icm_cost(:model, 'call', 1, NULL) AS call, icm_cost(:model, 'call', 3, NULL) AS calls, icm_cost(:model, 'call', 0.5, NULL) AS half,
       icm_cost(:model, 'call', 0, NULL) AS none, icm_cost(:model, 'call', 2, 1000) AS amount_has_no_say,
       icm_cost(:model, 'return', 1, 200) AS return, icm_cost(:model, 'return', 2, 200) AS returns, icm_cost(:model, 'return', 1, 0) AS returned_nothing,
       icm_cost(:model, 'return', 0, 200) AS share_only, icm_cost(:model, 'fee', 1, 100) AS fee, icm_cost(:model, 'field visit', 1, NULL) AS visit,
       icm_cost(:model, 'e-mail', 1000, NULL) AS mails, icm_cost(:model, 'default', 1, NULL) AS default, icm_cost(:model, 'fee', 1, '-0') AS no_negative_zero,
       icm_cost(:model, 'call', '-0', NULL) AS nor_here;
SELECT icm_cost(m, 'anything', 1, NULL) AS by_default, icm_cost(m, '', 1, NULL) AS empty, icm_cost(m, 'call', 1, NULL) AS call, icm_cost(m, 'default', 1, NULL) AS kind_default,
       icm_cost(m, 'Call', 1, NULL) AS other_case, icm_cost(m, 'call ', 1, NULL) AS blank, icm_cost(m, repeat('x', 64), 1, NULL) AS long, icm_cost(m, repeat('x', 100000), 2, NULL) AS longer
FROM (VALUES ('{call: 6.5, default: 1}'::icm_cost_model)) AS v(m);
-- every kind is found, and nothing else, in models of 1 to 1000 kinds
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_cost(model, 'kind ' || i, 2, 50) <> 2 * i + i / 10.0 * 50 / 100) AS otherwise
FROM (SELECT n, pg_temp.kinds(n) AS model FROM unnest('{1,2,3,4,7,8,9,100,1000}'::int[]) n) AS m, LATERAL generate_series(1, n) i;
SELECT count(*) AS refused
FROM (VALUES ('kind'), ('kind 0'), ('kind 101'), ('kind 1 '), ('kind 1000'), (''), ('a'), ('z'), (repeat('k', 63)), (repeat('k', 64))) AS v(kind),
     pg_temp.error_of(format('SELECT icm_cost(pg_temp.kinds(100), %L, 1, 1)', kind)) e
WHERE e.state = '42704';

-- what is refused; no model gives NULL
SELECT arguments, e.*
FROM (VALUES ('NULL, 1, NULL'), ('NULL, 2, NULL'), ('''mail'', 1, NULL'), (''''', 1, NULL'), ('''default'', 1, NULL'), ('''call'', NULL, NULL'),
             ('''return'', 1, NULL'), ('''return'', 2, NULL'), ('''call'', -1, NULL'), ('''call'', ''NaN'', NULL'), ('''call'', ''Infinity'', NULL'),
             ('''call'', ''-Infinity'', NULL'), ('''return'', 1, -0.01'), ('''call'', 1, -5'), ('''call'', 1, ''NaN'''), ('''return'', 1, ''Infinity'''),
             ('''huge'', 2, NULL'), ('''huge'', 1, 1.7e308'), ('''share'', 1, 1.7e308')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_cost(''{call: 6.5, return: 4 + 3%%, huge: 1e308, share: 200%%}''::icm_cost_model, %s)', arguments)) e;
SELECT icm_cost('{call: 6.5}'::icm_cost_model, 'mail', 1, NULL);
SELECT icm_cost('{call: 6.5}'::icm_cost_model, NULL, 1, NULL);
SELECT icm_cost('{return: 4 + 3%}'::icm_cost_model, 'return', 1, NULL);
SELECT icm_cost('{return: 4 + 3%}'::icm_cost_model, 'return', 1, -20);
SELECT icm_cost('{call: 6.5}'::icm_cost_model, 'call', NULL, NULL);
SELECT icm_cost(NULL::icm_cost_model, 'call', 1, NULL) IS NULL AND icm_cost(NULL::icm_cost_model, NULL, NULL, NULL) IS NULL AS no_model;
SELECT icm_cost('{call: 6.5, default: 1}'::icm_cost_model, 'call', 1, NULL) AS no_amount, icm_cost('{default: 1}'::icm_cost_model, 'x', 3, NULL) AS default;
SELECT icm_cost('{default: 1 + 1%}'::icm_cost_model, 'x', 3, NULL);

-- published under a name; the name is folded into the plan
BEGIN;
SELECT icm_publish('cost_model', 'service', '{mail : 0.002,call: 6.50, return: 4 + 3%}');
SELECT body FROM icm.standard WHERE kind = 'cost_model';
SELECT icm_standard_cost_model('service'), icm_cost('service', 'call', 1, NULL), icm_cost('service', 'call', 2, NULL),
       icm_cost('service', 'return', 1, 200), icm_cost('service', 'return', 1, 200) AS amount;
EXPLAIN (VERBOSE, COSTS OFF) SELECT icm_cost('service', kind, 1, NULL) FROM (VALUES ('call'), ('mail')) AS v(kind);
SELECT kind, icm_cost('service', kind, 1, NULL) AS constant, icm_cost(name, kind, 1, NULL) AS by_column
FROM (VALUES ('service', 'call'), ('service', 'mail')) AS v(name, kind);
SELECT call, e.*
FROM (VALUES ('icm_cost(''sales'', ''call'', 1, NULL)'), ('icm_cost(''service'', ''visit'', 1, NULL)'), ('icm_cost(''service'', NULL, 1, NULL)'),
             ('icm_cost(''service'', ''call'', NULL, NULL)'), ('icm_cost(''service'', ''return'', 1, NULL)'),
             ('icm_publish(''cost_model'', ''wrong'', ''{call: -1}'')')) AS v(call), pg_temp.error_of('SELECT ' || call) e;
SELECT icm_cost(NULL::text, 'call', 1, NULL) IS NULL AS no_standard;
-- beside the cost of a ledger, whose name it shares: also with untyped literals and parameters
SELECT icm_cost(ledger) AS ledger, icm_cost(ledger, '2026-01-02') AS from_day, icm_cost(ledger, '2026-01-01', '2026-01-01') AS days,
       icm_cost(ledger, to_day => '2026-01-01') AS to_day, icm_cost('{call: 6.5}'::icm_cost_model, 'call', 2, 10) AS model
FROM (VALUES ('{2026-01-01 1 10 3, 2026-01-02 0 0 4}'::icm_ledger)) AS v(ledger);
-- the cost of events goes into a ledger
SELECT icm_ledger_agg(day, revenue, icm_cost('service', kind, quantity, abs(revenue)))
FROM (VALUES (date '2026-01-05', NULL::float8, 'call', 2), ('2026-01-07', -100, 'return', 1), ('2026-01-07', NULL, 'mail', 10)) AS v(day, revenue, kind, quantity);
ROLLBACK;

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT encode(icm_cost_model_send('{b: 1,a: 2%}'), 'hex') AS hex, substr(icm_cost_model_send('{b: 1,a: 2%}'), 9) = '{a: 2%, b: 1}' AS text;
CREATE TEMP TABLE stored AS
    SELECT i AS id, pg_temp.kinds(i) AS model FROM unnest('{1,2,10,1000}'::int[]) i
    UNION ALL SELECT 0, '{default: 0.1, "default": 1, "Rücksendung ""A""": 4 + 3%, e-mail: 5e-324}';
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/cost_model.bin' (FORMAT binary)
\copy received FROM 'results/cost_model.bin' (FORMAT binary)
SELECT count(*) AS models, bool_and(record_image_eq(s, r)) AS same, bool_and(s.model::text = r.model::text) AS same_text,
       bool_and(record_image_eq(ROW(s.model), ROW(s.model::text::icm_cost_model))) AS same_from_text
FROM stored s FULL JOIN received r USING (id);
-- in the client's encoding: here a byte shorter
CREATE TEMP TABLE crafted (model icm_cost_model);
CREATE TEMP TABLE umlaut AS SELECT '{"Rücksendung": 1}'::icm_cost_model AS model;
SET client_encoding = LATIN1;
SELECT encode(substr(icm_cost_model_send(model), 5, 7), 'hex') AS count_and_text FROM umlaut;
\copy umlaut TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
RESET client_encoding;
SELECT encode(substr(icm_cost_model_send(model), 5, 7), 'hex') AS count_and_text FROM umlaut;
SELECT c.model, record_image_eq(c, u) AS same FROM crafted c, umlaut u;
TRUNCATE crafted;

-- crafted: a bytea's binary form is its bytes. Not in canonical form; then what is refused.
CREATE FUNCTION pg_temp.message(body bytea, version text DEFAULT '01', flags text DEFAULT '00', zero text DEFAULT '0000', count int DEFAULT NULL)
RETURNS bytea LANGUAGE sql AS $$ SELECT decode(version || flags || zero, 'hex') || int4send(coalesce(count, length(body))) || body $$;
\copy (SELECT pg_temp.message(' {b: 1.0,"a": 0 + 2%}')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
SELECT * FROM crafted;
-- cut short, version 2, flags, padding
\copy (SELECT '\x010000'::bytea) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}', version => '02')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}', flags => '01')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}', zero => '0001')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
-- more bytes than there are, fewer, 2^30, -1, none
\copy (SELECT pg_temp.message('{a: 1}', count => 7)) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}', count => 5)) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}', count => 1073741824)) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}', count => -1)) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
-- no kinds, negative, twice, a zero byte in the text and after it, not in the encoding
\copy (SELECT pg_temp.message('{}')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: -1}')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1, a: 1}')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{"a\000": 1}')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: 1}\000')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{"\377": 1}')) TO 'results/cost_model.bin' (FORMAT binary)
\copy crafted FROM 'results/cost_model.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
