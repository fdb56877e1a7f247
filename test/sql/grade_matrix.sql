--
-- icm_valuation of actual and potential, icm_grade_matrix, icm_strategy
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

-- valuation
SELECT icm_valuation(100, 500, 0.25) AS a_quarter, icm_valuation(100, 500, 0) AS actual, icm_valuation(100, 500, 1) AS potential, icm_valuation(100, 200, 0.1) AS a_tenth,
       icm_valuation(-50, 100, 0.5) AS negative, icm_valuation(0.1, 0.1, 0.3) AS equal, icm_valuation('-0', '-0', '-0') AS no_negative_zero, icm_valuation(1, 2, NULL) IS NULL AS null_is_null;
SELECT icm_valuation(1.7976931348623157e308, 1.7976931348623157e308, 0.3) AS largest, icm_valuation(-1.7976931348623157e308, 1.7976931348623157e308, 0.5) AS apart,
       icm_valuation(1.7976931348623157e308, -1.7976931348623157e308, 1) AS potential, icm_valuation(5e-324, 5e-324, 0.7) AS smallest;
SELECT arguments, e.*
FROM (VALUES ('1, 2, -0.01'), ('1, 2, 1.0000000000000002'), ('1, 2, ''NaN'''), ('1, 2, ''Infinity'''), ('''NaN'', 2, 0'),
             ('1, ''NaN'', 0'), ('''Infinity'', 2, 1'), ('1, ''-Infinity'', 0.5')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_valuation(%s)', arguments)) e;
SELECT icm_valuation(1, 2, 20);
-- beside numerics, which are exact here: the nearest float8 to the exact result (amounts and weights are whole multiples of 2^-10 and 2^-20)
CREATE TEMP TABLE pair AS
    SELECT i, (hashint4extended(i, 1) >> (11 + i % 30)) * 0.0009765625 AS a, (hashint4extended(i, 2) >> 11) * 0.0009765625 AS p, (hashint4(i) & 1048575) * 0.00000095367431640625 AS w
    FROM generate_series(1, 3000) i;
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_valuation(a::float8, p::float8, w::float8) <> ((1 - w) * a + w * p)::float8) AS otherwise,
       count(*) FILTER (WHERE (1 - w::float8) * a::float8 + w::float8 * p::float8 <> ((1 - w) * a + w * p)::float8) > 100 AS plain_float8_differs
FROM pair;
-- never outside of the two, never lower for more of either, nor for more weight on the larger; exactly one of them at the ends
SELECT count(*) AS cases, count(*) FILTER (WHERE v NOT BETWEEN least(a, p) AND greatest(a, p)) AS outside,
       count(*) FILTER (WHERE icm_valuation(a * (1 + sign(a) * 2e-16), p, w) < v) AS falls_with_actual,
       count(*) FILTER (WHERE icm_valuation(a, p * (1 + sign(p) * 2e-16), w) < v) AS falls_with_potential,
       count(*) FILTER (WHERE (icm_valuation(a, p, least(1, w + 1e-16)) - v) * (p - a) < 0) AS falls_with_weight,
       count(*) FILTER (WHERE icm_valuation(a, p, 0) <> a OR icm_valuation(a, p, 1) <> p) AS not_the_ends, count(*) FILTER (WHERE icm_valuation(a, a, w) <> a) AS not_the_same
FROM (SELECT icm_valuation(a, p, w) AS v, a, p, w FROM (SELECT a::float8 / 3, p::float8 / 7, (sqrt(w))::float8 FROM pair) AS r(a, p, w)) AS d;
-- beside the composite type of the same name
SELECT pg_typeof(icm_valuation(1, 2, 0.5)) AS function, pg_typeof(ROW(1, 2, 3, 4, 5, 6)::icm_valuation) AS type, (NULL::icm_valuation).total IS NULL AS field;

-- text: rows in their order, names quoted where they have to be; white space is free
SELECT '{A: keep keep keep, B: grow keep harvest, C: "win back" harvest harvest}'::icm_grade_matrix;
SELECT input, input::icm_grade_matrix AS output
FROM (VALUES ('{A:x}'), (E' {\tC :"win back"\n"harvest"  harvest ,"A":keep keep keep,B: grow keep harvest } '), ('{A: a b,B:c "d"}'), ('{A: "say ""hi""" ","}'),
             ('{A: "}" ":"}'), ('{A: A B, B: B A}'), ('{A: ausbauen "zurückgewinnen", B: "日本" "1st"}'), ('{A: x.y-z _a}')) AS v(input);
SELECT (('{A: ' || repeat('x', 63) || '}')::icm_grade_matrix)::text = '{A: ' || repeat('x', 63) || '}' AS of_63_bytes;
-- what is refused
SELECT input, state, detail
FROM (VALUES (''), ('{'), ('{}'), ('A: x'), ('[A: x]'), ('{A: x'), ('{A: x}}'), ('{A: x} y'), ('{A: x,}'), ('{,A: x}'), ('{A: x; B: x}'), ('{A x}'), ('{A = x}'),
             ('{A:}'), ('{A: , B: x}'), ('{: x}'), ('{a: x}'), ('{AA: x}'), ('{1: x}'), ('{"": x}'), ('{default: x}'), ('{"[": x}'), ('{"é": x}'),
             ('{A: x, A: y}'), ('{A: x, "A": y}'), ('{B: x}'), ('{A: x, C: x}'), ('{A: x, Z: x, B: x}'), ('{A: x y, B: x}'), ('{A: x, B: x y}'), ('{B: x y, A: x y z}'),
             ('{A: 1st}'), ('{A: x 1}'), ('{A: ""}'), ('{A: x ""}'), ('{A: "x}'), ('{A: x"y"}'), ('{A: "x"y}'), ('{A: x:y}'), ('{A: x "y"}z'), ('{A: é}'),
             ('{A: ' || repeat('x', 64) || '}'), ('{A: "' || repeat('é', 32) || '"}'), ('{A:' || repeat(' x', 27) || '}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_grade_matrix', input)) e;
SELECT '{A: keep, B: keep grow}'::icm_grade_matrix;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{A: x}', 'icm_grade_matrix');
        ASSERT NOT pg_input_is_valid('{B: x}', 'icm_grade_matrix');
        ASSERT NOT pg_input_is_valid('{A: x, B: x y}', 'icm_grade_matrix');
    END IF;
END
$$;
-- the order of rows and the way they are written have no say: equal matrices have equal bytes
CREATE TEMP TABLE bytes AS SELECT matrix::icm_grade_matrix
FROM (VALUES ('{A: keep grow, B: "win back" keep}'), ('{B: "win back" keep, A: keep grow}'), ('{"B":"win back"   "keep","A":"keep" grow}')) AS v(matrix);
SELECT count(*) AS matrices, bool_and(record_image_eq(b, (SELECT f FROM bytes f LIMIT 1))) AS same FROM bytes b;
-- sizes from 1 x 1 to 26 x 26, with as many strategies as fit and with few; a name is stored once
CREATE FUNCTION pg_temp.name_of(r int, c int, names int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT rpad(format('%s %s', (r * 31 + c) % names, 'strategy'), 63, '.') $$;
CREATE FUNCTION pg_temp.matrix(n int, m int, names int) RETURNS icm_grade_matrix
LANGUAGE sql AS $$ SELECT ('{' || string_agg(line, ',' ORDER BY hashint4(r)) || '}')::icm_grade_matrix
                   FROM generate_series(1, n) r,
                        LATERAL (SELECT chr(64 + r) || ':' || string_agg('"' || pg_temp.name_of(r, c, names) || '"', ' ' ORDER BY c) FROM generate_series(1, m) c) AS l(line) $$;
CREATE TEMP TABLE size AS SELECT n, m, names, pg_temp.matrix(n, m, names) AS matrix FROM unnest('{1,2,3,5,12,25,26}'::int[]) n, unnest('{1,2,3,7,13,25,26}'::int[]) m, (VALUES (1), (3), (1000)) AS s(names);
SELECT count(*) AS matrices, count(*) FILTER (WHERE cells <> n * m) AS not_all, sum(cells) AS cells, sum(otherwise) AS otherwise,
       count(*) FILTER (WHERE NOT record_image_eq(ROW(matrix), ROW(matrix::text::icm_grade_matrix))) AS not_as_text
FROM size, LATERAL (SELECT count(*), count(*) FILTER (WHERE c.strategy <> pg_temp.name_of(c.actual::int, c.potential::int, names)
                                                     OR icm_strategy(c.actual, c.potential, matrix) <> c.strategy)
                    FROM icm_grade_matrix_cells(matrix) c) AS f(cells, otherwise);
SELECT pg_column_size('{A: x}'::icm_grade_matrix) AS least, pg_column_size('{A: keep grow, B: keep keep}'::icm_grade_matrix) AS shared, pg_column_size(pg_temp.matrix(26, 26, 1000)) AS most;

-- cells and strategies
SELECT * FROM icm_grade_matrix_cells('{A: keep keep keep, B: grow "win back" harvest}');
SELECT * FROM icm_grade_matrix_cells(NULL);
SELECT name, c.* FROM (VALUES (1, '{A: a}'::icm_grade_matrix), (2, NULL), (3, '{A: b c}')) AS v(name, matrix), icm_grade_matrix_cells(matrix) c ORDER BY name, potential;
\set matrix '''{A: keep keep, B: grow harvest, C: \"win back\" harvest}''::icm_grade_matrix'
SELECT a AS actual, p AS potential, icm_strategy(a, p, :matrix) AS strategy
FROM (VALUES ('A'::icm_grade), ('B'), ('C'), (NULL)) AS a(a), (VALUES ('A'::icm_grade), ('B'), (NULL)) AS p(p) ORDER BY a, p;
SELECT icm_strategy('A', 'A', NULL::icm_grade_matrix) IS NULL AS no_matrix, pg_typeof(icm_strategy('A', 'A', '{A: x}'::icm_grade_matrix)) AS type;
SELECT icm_strategy('D', 'A', '{A: keep keep, B: grow harvest, C: "win back" harvest}'::icm_grade_matrix);
SELECT icm_strategy('C', 'C', '{A: keep keep, B: grow harvest, C: "win back" harvest}'::icm_grade_matrix);
SELECT count(*) AS refused
FROM generate_series(1, 26) a, generate_series(1, 26) p, pg_temp.error_of(format('SELECT icm_strategy(%s::icm_grade, %s::icm_grade, ''{A: a b, B: c d, C: e f}''::icm_grade_matrix)', a, p)) e
WHERE e.state = '22023' AND (a > 3 OR p > 2);
-- from a column: stored short, compressed, and out of line
CREATE TEMP TABLE kept AS SELECT n, names, matrix FROM size WHERE (n, m) IN ((1, 1), (3, 3), (26, 26));
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_strategy('A', n::icm_grade, matrix) = pg_temp.name_of(1, n, names)) AS found FROM kept;

-- published under a name; the name is folded into the plan
BEGIN;
SELECT icm_publish('grade_matrix', 'retail', '{C: "win back" harvest harvest,A: keep keep keep,B: grow keep harvest}');
SELECT body FROM icm.standard WHERE kind = 'grade_matrix';
SELECT icm_standard_grade_matrix('retail'), icm_strategy('C', 'A', 'retail') AS untyped_literals, icm_strategy('B', 'B', 'retail'::text);
EXPLAIN (VERBOSE, COSTS OFF) SELECT icm_strategy(a, 'A', 'retail') FROM (VALUES ('A'::icm_grade), ('B')) AS v(a);
PREPARE strategy AS SELECT icm_strategy($1, $2, $3);
EXECUTE strategy('A', 'A', 'retail');
SELECT icm_strategy(a, p, 'retail') AS constant, icm_strategy(a, p, name) AS by_column FROM (VALUES ('C'::icm_grade, 'A'::icm_grade, 'retail'), ('A', 'C', 'retail')) AS v(a, p, name);
-- from values to strategies, with the scales that grade them
SELECT icm_publish('scale', 'value', '{100,1000}');
SELECT customer, icm_strategy(icm_grade(actual, 'value'), icm_grade(potential, 'value'), 'retail') AS strategy, icm_grade(icm_valuation(actual, potential, 0.5), 'value') AS grade
FROM (VALUES (1, 1500, 1600), (2, 300, 2000), (3, 50, 5000), (4, 50, 60)) AS v(customer, actual, potential);
SELECT call, e.*
FROM (VALUES ('icm_strategy(''A'', ''A'', ''corporate'')'), ('icm_strategy(''D'', ''A'', ''retail'')'),
             ('icm_publish(''grade_matrix'', ''wrong'', ''{B: x}'')')) AS v(call), pg_temp.error_of('SELECT ' || call) e;
SELECT icm_strategy('A', 'A', NULL::text) IS NULL AS no_standard;
ROLLBACK;

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT encode(icm_grade_matrix_send('{B:y,A:"x"}'), 'hex') AS hex, substr(icm_grade_matrix_send('{B:y,A:"x"}'), 9) = '{A: x, B: y}' AS text;
CREATE TEMP TABLE stored AS SELECT row_number() OVER () AS id, matrix FROM size WHERE n <> 25 AND m > 1;
INSERT INTO stored VALUES (0, '{A: "zurückgewinnen" "say ""x"""}');
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/grade_matrix.bin' (FORMAT binary)
\copy received FROM 'results/grade_matrix.bin' (FORMAT binary)
SELECT count(*) AS matrices, bool_and(record_image_eq(s, r)) AS same FROM stored s FULL JOIN received r USING (id);
-- crafted: a bytea's binary form is its bytes. Not in canonical form; then what is refused.
CREATE FUNCTION pg_temp.message(body bytea, version text DEFAULT '01', flags text DEFAULT '00', zero text DEFAULT '0000', count int DEFAULT NULL)
RETURNS bytea LANGUAGE sql AS $$ SELECT decode(version || flags || zero, 'hex') || int4send(coalesce(count, length(body))) || body $$;
CREATE TEMP TABLE crafted (matrix icm_grade_matrix);
\copy (SELECT pg_temp.message(' {B: "y","A":x}')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
SELECT * FROM crafted;
-- cut short, version 2, flags, padding
\copy (SELECT '\x010000'::bytea) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{A: x}', version => '02')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{A: x}', flags => '01')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{A: x}', zero => '0001')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
-- more bytes than there are, fewer, none
\copy (SELECT pg_temp.message('{A: x}', count => 7)) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{A: x}', count => 5)) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
-- no rows, a gap, a zero byte in the text, not in the encoding
\copy (SELECT pg_temp.message('{}')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{B: x}')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{A: "x\000"}')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{A: "\377"}')) TO 'results/grade_matrix.bin' (FORMAT binary)
\copy crafted FROM 'results/grade_matrix.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
