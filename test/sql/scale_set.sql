--
-- icm_scale_set: scales of segments, and grades by segment
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
-- the line of a plan that says what it returns
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

-- text: segments in the order of their bytes, the default last; white space is free; quotes where they are needed
SELECT '{north: {10,20}, "south west": {5,15}, default: {8,18}}'::icm_scale_set;
SELECT input, input::icm_scale_set AS output
FROM (VALUES ('{a:{1}}'), (E' {\t"a" : { 1.0 ,\n+2e0 } ,b:{-0}\n} '), ('{b: {1}, a: {2}, B: {3}}'), ('{default: {1}}'), ('{"default": {1}}'),
             ('{default: {1}, "default": {2}, defaults: {3}, DEFAULT: {4}}'), ('{ab: {1}, a: {2}, abc: {3}}'),
             ('{"1a": {1}, "a b": {2}, "a:b": {3}, "a,b": {4}, "}": {5}, "say ""a""": {6}, """": {7}, "-a": {8}}'),
             ('{"Süd": {1}, "東": {2}, "𠀀": {3}, Nord: {4}}'),
             ('{a: {cuts: 10, method: kmeans, counts: 1 2, sums: 3 40, within: 0 5, total: 9}, default: {total: 9, within: 0 5, sums: 3 40, counts: 1 2, method: pareto, cuts: 10}, b: {1}}')) AS v(input);
SELECT ('{' || repeat('x', 63) || ': {1}}')::icm_scale_set::text = '{' || repeat('x', 63) || ': {1}}' AS of_63_bytes,
       ('{"' || repeat('é', 31) || '": {1}}')::icm_scale_set::text = '{"' || repeat('é', 31) || '": {1}}' AS of_62_bytes;
-- what is refused
SELECT input, e.state, e.detail
FROM (VALUES (''), ('{'), ('{}'), ('north: {10}'), ('{north: {10}'), ('{north: {10}}}'), ('{north: {10}} x'), ('{north: {10},}'), ('{,north: {10}}'), ('{north: {10} south: {10}}'),
             ('{north}'), ('{north:}'), ('{north: 10}'), ('{north: {}}'), ('{north: {10,5}}'), ('{north: {10,x}}'), ('{north: {NaN}}'), ('{north: {10}, south: {2,1}}'), ('{north: {10}{20}}'),
             ('{10,20}'), ('{{10,20}}'), ('{: {10}}'), ('{"": {10}}'), ('{1: {10}}'), ('{a b: {10}}'), ('{é: {10}}'), ('{"a: {10}}'),
             ('{' || repeat('x', 64) || ': {1}}'), ('{"' || repeat('é', 32) || '": {1}}'),
             ('{a: {1}, a: {1}}'), ('{a: {1}, b: {2}, "a": {3}}'), ('{default: {1}, default: {2}}'), ('{"default": {1}, "default": {2}}'),
             ('{a: {method: kmeans}}'), ('{a: {cuts: 10, method: kmeans, counts: 1 2, sums: 3 40, within: 0 5, total: 1}}'), ('{a: NULL}'), ('{a: north}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_scale_set', input)) e;
SELECT '{north: {10,20}, south: {20,10}}'::icm_scale_set;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{a: {1}}', 'icm_scale_set');
        ASSERT NOT pg_input_is_valid('{a: {2,1}}', 'icm_scale_set');
        ASSERT NOT pg_input_is_valid('{a: {1}, a: {1}}', 'icm_scale_set');
        ASSERT NOT pg_input_is_valid('{}', 'icm_scale_set');
    END IF;
END
$$;

-- of arrays: NULL is the default
SELECT icm_scale_set(ARRAY['south', NULL, 'north', 'default', ' '], ARRAY['{1}', '{2}', '{3}', '{4}', '{5}']::icm_scale[]) AS arrays,
       icm_scale_set('{NULL}', '{"{1,2}"}') AS default_only, icm_scale_set('[3:4]={a,b}', '[7:8]={"{1}","{2}"}') AS other_subscripts,
       icm_scale_set(NULL, '{"{1}"}') IS NULL AND icm_scale_set('{a}', NULL) IS NULL AS nulls;
SELECT segments, scales, e.*
FROM (VALUES (1, '{}', '{}'), (2, '{a}', '{}'), (3, '{a}', '{"{1}","{2}"}'), (4, '{a,b}', '{"{1}"}'), (5, '{a}', '{NULL}'), (6, '{a,NULL}', '{"{1}",NULL}'), (7, '{a,a}', '{"{1}","{1}"}'),
             (8, '{NULL,NULL}', '{"{1}","{1}"}'), (9, '{""}', '{"{1}"}'), (10, '{' || repeat('x', 64) || '}', '{"{1}"}'), (11, '{' || repeat('é', 32) || '}', '{"{1}"}'),
             (12, '{{a},{b}}', '{{"{1}"},{"{2}"}}'), (13, '{a,b}', '{{"{1}"},{"{2}"}}'), (14, '{{a}}', '{"{1}"}')) AS v(i, segments, scales),
     pg_temp.error_of(format('SELECT icm_scale_set(%L, %L)', segments, scales)) e ORDER BY i;
SELECT icm_scale_set('{north,north}', '{"{1}","{2}"}');
SELECT icm_scale_set('{north,south}', '{"{1}",NULL}');
-- of 10000 segments, and of one more
CREATE FUNCTION pg_temp.segments(n int) RETURNS icm_scale_set
LANGUAGE sql AS $$ SELECT icm_scale_set(array_agg('segment ' || i ORDER BY hashint4(i)), array_agg(icm_scale(ARRAY[i, i + 0.5]) ORDER BY hashint4(i))) FROM generate_series(1, n) i $$;
SELECT pg_column_size(pg_temp.segments(10000)) AS bytes, (SELECT count(*) FROM icm_scale_set_scales(pg_temp.segments(10000))) AS segments,
       pg_temp.segments(10000)::text::icm_scale_set::text = pg_temp.segments(10000)::text AS reads_back;
SELECT pg_temp.segments(10001);
-- the default is one of them
SELECT e.* FROM pg_temp.error_of($$SELECT icm_scale_set(array_agg(segment) || NULL::text, array_agg(scale) || '{1}'::icm_scale) FROM icm_scale_set_scales(pg_temp.segments(9999))$$) e
UNION ALL
SELECT e.* FROM pg_temp.error_of($$SELECT icm_scale_set(array_agg(segment) || NULL::text, array_agg(scale) || '{1}'::icm_scale) FROM icm_scale_set_scales(pg_temp.segments(10000))$$) e;
SELECT e.state, e.detail FROM pg_temp.error_of($$SELECT ('{' || string_agg('s' || i || ': {1}', ',') || '}')::icm_scale_set FROM generate_series(1, 10001) i$$) e;
SELECT e.state, e.detail FROM pg_temp.error_of($$SELECT ('{' || repeat(',', 100000))::icm_scale_set$$) e;

-- the scales of a set: what goes in comes out
SELECT * FROM icm_scale_set_scales('{south: {5}, north: {10,20}, default: {8}, "default": {9}}');
SELECT segment IS NULL AS is_default, scale FROM icm_scale_set_scales('{default: {8}}');
SELECT * FROM icm_scale_set_scales('{south: {5}}');
SELECT * FROM icm_scale_set_scales(NULL);
SELECT icm_scale_set(array_agg(segment), array_agg(scale))::text = s::text AS same
FROM (VALUES ('{south: {5}, "東": {cuts: 10, method: kmeans, counts: 1 2, sums: 3 40, within: 0 5, total: 9}, default: {8}, "default": {9}}'::icm_scale_set)) AS v(s),
     icm_scale_set_scales(s) GROUP BY s::text;

-- the scale of a segment: its own, or else the default
\set scales '''{north: {10,20}, "default": {1}, default: {8,18,28}, n: {2}, "south west": {3}}''::icm_scale_set'
SELECT segment, icm_scale_of(:scales, segment)
FROM (VALUES ('north'), ('n'), ('default'), ('south west'), ('North'), ('north '), ('nort'), ('northe'), (''), (repeat('x', 63)), (repeat('x', 64)), (repeat('north', 10000)), (NULL)) AS v(segment)
WHERE length(segment) < 60 OR segment IS NULL
    OR icm_scale_of(:scales, segment)::text <> '{8,18,28}';
SELECT icm_scale_of(NULL, 'north') IS NULL AND icm_scale_of(NULL, NULL) IS NULL AS no_set;
-- every segment is found, and nothing else, in sets of 1 to 1000
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_scale_of(scales, 'segment ' || i)::text <> icm_scale(ARRAY[i, i + 0.5])::text) AS otherwise
FROM (SELECT n, pg_temp.segments(n) FROM unnest('{1,2,3,4,7,8,9,100,1000}'::int[]) n) AS s(n, scales), LATERAL generate_series(1, n) i;
SELECT count(*) AS refused
FROM (VALUES ('segment'), ('segment 0'), ('segment 101'), ('segment 1 '), ('segment 1000'), (''), ('a'), ('z'), (repeat('s', 63)), (repeat('s', 64))) AS v(segment),
     pg_temp.error_of(format('SELECT icm_scale_of(pg_temp.segments(100), %L)', segment)) e
WHERE e.state = '42704';
SELECT icm_scale_of('{north: {1}}', 'south');
SELECT icm_scale_of('{north: {1}}', NULL);
SELECT icm_scale_of('{"default": {1}}', 'south');

-- grades: as by the scale of the segment
SELECT segment, v, icm_grade(v, :scales, segment) AS grade FROM (VALUES ('north', 15), ('north', 20), ('default', 15), ('default', 0), ('other', 15), ('other', 28), (NULL, 15), (NULL, 7)) AS d(segment, v);
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_grade(v, :scales, s) <> icm_grade(v, icm_scale_of(:scales, s))) AS otherwise
FROM generate_series(-1, 30, 0.5) v, unnest('{north,n,default,south west,other,NULL}'::text[]) s;
SELECT icm_grade(NULL, :scales, 'north') IS NULL AND icm_grade(1, NULL::icm_scale_set, 'north') IS NULL AND icm_grade(NULL, NULL::icm_scale_set, NULL) IS NULL AS nulls,
       icm_grade(NULL, '{north: {1}}'::icm_scale_set, 'south') IS NULL AS no_value_no_segment;
SELECT icm_grade(1, '{north: {1}}'::icm_scale_set, 'south');
SELECT icm_grade('NaN', '{north: {1}}'::icm_scale_set, 'north');
SELECT icm_grade('-Infinity', '{north: {1}}'::icm_scale_set, 'north');

-- published: one call cuts and publishes the scales of all segments, and the default from all customers
CREATE TEMP TABLE customer AS SELECT i AS id, (ARRAY['north', 'south', 'east', 'default'])[1 + i % 4] AS region, (1 + i % 4) * 10.0 + i % 97 AS value FROM generate_series(1, 1000) i;
BEGIN;
SELECT icm_publish('scale_set', 'region', icm_scale_set(array_agg(region), array_agg(scale))::text)
FROM (SELECT region, icm_scale_agg(value, 5, 'kmeans') AS scale FROM customer GROUP BY GROUPING SETS ((region), ())) s;
SELECT segment, icm_cuts(scale) AS cuts, (icm_scale_stats(scale)).n FROM icm_scale_set_scales(icm_standard_scale_set('region'));
-- counts by segment and grade are what the scales say
SELECT count(*) AS grades, count(*) FILTER (WHERE g.customers IS DISTINCT FROM c.customers) AS otherwise
FROM (SELECT region, icm_grade(value, 'region', region) AS grade, count(*) AS customers FROM customer GROUP BY 1, 2) c
     FULL JOIN (SELECT segment AS region, grade, customers FROM icm_scale_set_scales(icm_standard_scale_set('region')), icm_scale_grades(scale) WHERE segment IS NOT NULL) g USING (region, grade);
-- who is in no segment is graded by the default
SELECT count(*) AS customers, count(*) FILTER (WHERE icm_grade(value, 'region', 'west') <> icm_grade(value, scale) OR icm_grade(value, 'region', NULL) <> icm_grade(value, scale)
                                                 OR icm_grade(value, 'region', region) <> icm_grade(value, icm_scale_of(icm_standard_scale_set('region'), region))) AS otherwise
FROM customer, (SELECT icm_scale_agg(value, 5, 'kmeans') FROM customer) AS s(scale);
ROLLBACK;

BEGIN;
SELECT icm_publish('scale_set', 'area', ' { south:{5} , "north":{10,2e1},default:{8,18} }');
SELECT body FROM icm.standard WHERE kind = 'scale_set' AND name = 'area';
-- with hysteresis: beside the form that takes a scale
SELECT icm_grade(19.5, 'area', 'north') AS grade, icm_grade(19.5, 'area', 'north', 'A', 0.05) AS stays, icm_grade(19.5, 'area', 'north', 'A', 0.01) AS leaves,
       icm_grade(19.5, 'area', 'north', NULL, 0.5) AS no_previous, icm_grade(17.9, 'area', 'west', 'A', 0.1) AS of_default, icm_grade(17.9, 'area', NULL, 'A', 0.1) AS no_segment,
       icm_grade(NULL, 'area', 'north', 'A', 0.1) IS NULL AND icm_grade(1, NULL::text, 'north', 'A', 0.1) IS NULL AND icm_grade(1, 'area', 'north', 'A', NULL) IS NULL AS nulls;
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_grade(v, 'area', s, p, 0.25) <> icm_grade(v, icm_scale_of(icm_standard_scale_set('area'), s), p, 0.25)
                                              OR icm_grade(v, n, s, p, 0.25) <> icm_grade(v, 'area', s, p, 0.25) OR icm_grade(v, n, s) <> icm_grade(v, 'area', s)) AS otherwise
FROM generate_series(0, 30) v, unnest('{north,south,west,NULL}'::text[]) s, unnest('{A,B,NULL}'::icm_grade[]) p, (SELECT 'area'::text OFFSET 0) AS t(n);
SELECT icm_grade(1, NULL::text, 'north') IS NULL AND icm_grade(NULL, 'area', 'north') IS NULL AS nulls;
SELECT call, e.state, e.message
FROM (VALUES ('icm_grade(1, ''area'', ''south'', ''C'', 0.1)'), ('icm_grade(1, ''area'', ''south'', ''B'', 1)'), ('icm_grade(''NaN'', ''area'', ''south'')'), ('icm_grade(1, ''elsewhere'', ''south'')'),
             ('icm_publish(''scale_set'', ''area'', ''{a: {2,1}}'')'), ('icm_publish(''scale_set'', ''area'', ''{10,20}'')'), ('icm_publish(''scale'', ''area'', ''{a: {1}}'')')) AS v(call),
     pg_temp.error_of('SELECT ' || call) e;
-- a constant name is folded into the plan, a column is not
SELECT pg_temp.output_of($$SELECT icm_standard_scale_set('area')$$) AS folded,
       pg_temp.output_of($$SELECT icm_grade(value, 'area', region) FROM customer$$) AS folded_twin,
       pg_temp.output_of($$SELECT icm_grade(value, 'area', region, 'A', 0.1) FROM customer$$) AS folded_stable;
SELECT pg_temp.output_of($$SELECT icm_grade(value, region, 'north') FROM customer$$) AS by_column,
       pg_temp.output_of($$SELECT icm_grade(1, 'area', 'north') FROM customer$$) AS all_constant;
-- a generic plan follows a new version; a segment that it no longer has is an error without a default
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE grade(text) AS SELECT icm_grade(15, 'area', $1) AS grade, icm_grade(15, 'area', $1, 'B', 0.1) AS stable;
EXECUTE grade('north');
SELECT icm_publish('scale_set', 'area', '{north: {15}}');
EXECUTE grade('north');
SAVEPOINT before_error;
EXECUTE grade('south');
ROLLBACK TO before_error;
SELECT icm_grade(15, 'area', NULL);
ROLLBACK;
DEALLOCATE grade;
SELECT icm_grade(15, 'area', 'north');

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT encode(icm_scale_set_send('{b: {1},a:{2}}'), 'hex') AS hex, convert_from(substr(icm_scale_set_send('{b: {1},a:{2}}'), 9), 'UTF8') AS text;
CREATE TEMP TABLE stored AS
    SELECT i AS id, pg_temp.segments(i) AS scales FROM unnest('{1,2,10,10000}'::int[]) i
    UNION ALL SELECT 0, '{default: {0.1}, "default": {1}, "Süd ""A""": {cuts: 10, method: kmeans, counts: 1 2, sums: 3 40, within: 0 5, total: 9}}';
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/scale_set.bin' (FORMAT binary)
\copy received FROM 'results/scale_set.bin' (FORMAT binary)
SELECT count(*) AS sets, bool_and(record_image_eq(s, r)) AS same, bool_and(record_image_eq(ROW(s.scales), ROW(s.scales::text::icm_scale_set))) AS same_from_text,
       bool_and(record_image_eq(ROW(s.scales), ROW((SELECT icm_scale_set(array_agg(segment), array_agg(scale)) FROM icm_scale_set_scales(s.scales))))) AS same_from_arrays
FROM stored s FULL JOIN received r USING (id);
-- toasted and stored beside other columns, it grades the same
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_grade(i + 0.5, scales, 'segment ' || i) <> 'A' OR icm_grade(i, scales, 'segment ' || i) <> 'B'
                                              OR icm_grade(i - 1, scales, 'segment ' || i) <> 'C') AS otherwise
FROM stored, generate_series(1, 10) i WHERE id >= 10;
-- crafted: not in canonical form; then what is refused
CREATE TEMP TABLE crafted (scales icm_scale_set);
CREATE FUNCTION pg_temp.message(body bytea, version text DEFAULT '01', flags text DEFAULT '00', zero text DEFAULT '0000', count int DEFAULT NULL)
RETURNS bytea LANGUAGE sql AS $$ SELECT decode(version || flags || zero, 'hex') || int4send(coalesce(count, length(body))) || body $$;
\copy (SELECT pg_temp.message(' {b: {1.0},"a":{ 2 }}')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
SELECT * FROM crafted;
TRUNCATE crafted;
-- version 2, flags, padding; more bytes than there are, fewer, -1, none
\copy (SELECT pg_temp.message('{a: {1}}', version => '02')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {1}}', flags => '01')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {1}}', zero => '0001')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {1}}', count => 9)) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {1}}', count => 7)) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {1}}', count => -1)) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
-- no segments, twice, cuts that descend, a zero byte in a name, not in the encoding
\copy (SELECT pg_temp.message('{}')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {1}, a: {1}}')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{a: {2,1}}')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{"a\000": {1}}')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{"\377": {1}}')) TO 'results/scale_set.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_set.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
-- hysteresis with the set itself
SELECT icm_grade(10.5, '{north: {10,20}, default: {5}}'::icm_scale_set, segment, previous, 0.1)
FROM (VALUES ('north', 'C'::icm_grade), ('north', 'B'), ('north', NULL), ('south', 'B')) AS v (segment, previous);
