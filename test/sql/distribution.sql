--
-- icm_distribution
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

-- values with their counts, as long as there are at most 4096
SELECT icm_distribution_agg(v) FROM (VALUES (12.5::float8), (17), (12.5), (NULL), (12.5), (-3), (0), ('-0')) AS d(v);
SELECT icm_distribution_agg(v, w) FROM (VALUES (12.5::float8, 3::int8), (17, 1), (5, 0), (NULL, 2), (NULL, NULL), (NULL, -1)) AS d(v, w);
SELECT icm_distribution_agg(v) IS NULL AS only_null FROM (VALUES (NULL::float8)) AS d(v);
SELECT icm_distribution_agg(v) IS NULL AS no_rows FROM (VALUES (1)) AS d(v) WHERE false;
SELECT icm_distribution_agg(v, 0) IS NULL AS no_weight FROM (VALUES (1)) AS d(v);
SELECT icm_distribution_agg(i)::text = '{' || string_agg(i || ' 1', ', ' ORDER BY i) || '}' AS each_value FROM generate_series(1, 4096) i;
SELECT arguments, e.*
FROM (VALUES ('''NaN'''), ('''Infinity'''), ('''-Infinity'', 1'), ('1, -1'), ('1, NULL'), ('1, 9007199254740992')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_distribution_agg(%s)', arguments)) e;
SELECT icm_distribution_agg(v, 4503599627370496) FROM generate_series(1, 1) v;
SELECT icm_distribution_agg(v, 4503599627370496) FROM generate_series(1, 2) v;

-- a value more
SELECT icm_distribution_add(NULL, 2) AS first, icm_distribution_add('{2 1}', 1) AS another, icm_distribution_add('{1 1, 2 1}', 2) AS again,
       icm_distribution_add('{1 1}', 2, 5) AS weighted, icm_distribution_add('{1 1}', NULL) AS no_value,
       icm_distribution_add('{1 1}', 3, 0) AS no_weight, icm_distribution_add('{1 1}', NULL, NULL) AS neither,
       icm_distribution_add(NULL, NULL) IS NULL AS nothing, icm_distribution_add(NULL, 1, 0) IS NULL AS nothing_either;
SELECT arguments, e.*
FROM (VALUES ('''{1 1}'', ''NaN'''), ('NULL, ''-Infinity'''), ('''{1 1}'', 1, -5'), ('''{1 1}'', 1, NULL'), ('''{1 9007199254740991}'', 2')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_distribution_add(%s)', arguments)) e;

-- several as one
SELECT icm_rollup(d) FROM (VALUES ('{1 1, 3 2}'::icm_distribution), (NULL), ('{2 5, 3 1}'), ('{-1 1}')) AS v(d);
SELECT icm_rollup(d) FROM (VALUES ('{5 1}'::icm_distribution), ('{level 51 from 1 to 1.25: 1 3 1688849860263936}')) AS v(d);
SELECT icm_rollup(d) IS NULL AS only_null FROM (VALUES (NULL::icm_distribution)) AS v(d);
SELECT icm_rollup(d) IS NULL AS no_rows FROM (VALUES ('{1 1}'::icm_distribution)) AS v(d) WHERE false;
SELECT icm_rollup(d) FROM (VALUES ('{1 9007199254740991}'::icm_distribution), ('{1 1}')) AS v(d);

-- text
SELECT E' { -0\t1 ,\n12.50  3 }'::icm_distribution;
SELECT E' {\t-1.50 2 ,\n+2e3 1 , 1e15 4,1e16  9007199254740984} '::icm_distribution AS spaced, '{-0 1}'::icm_distribution AS no_negative_zero,
       '{-1.7976931348623157e308 1, -5e-324 1, 0 1, 5e-324 1, 0.1 1, 1.7976931348623157e308 1}'::icm_distribution AS extremes;
SELECT d AS bucketed, (icm_distribution_stats(d)).*
FROM (VALUES ('{level 51 from 1.25 to 9: 1 3 4503599627370496, 8 1 562949953421312}'::icm_distribution),
             (' { level  52 from -1e-320 to -5e-324 :-2.225073858507201e-308 2 9007199254738965 } ')) AS v(d);
SET extra_float_digits = -15;
SELECT '{0.30000000000000004 1}'::icm_distribution;
RESET extra_float_digits;
SELECT input, state, detail
FROM (VALUES (''), ('{'), ('{}'), ('1 1'), ('[1 1]'), ('{1 1'), ('{1 1}}'), ('{1 1} 2'), ('{1 1,,2 1}'), ('{1 1,}'), ('{,1 1}'),
             ('{1}'), ('{1 0}'), ('{1 -1}'), ('{1 1.5}'), ('{1 1 1}'), ('{11}'), ('{1;1}'), ('{x 1}'), ('{NULL}'), ('{NaN 1}'), ('{Infinity 1}'),
             ('{1e309 1}'), ('{1e-400 1}'), ('{0x10 1}'), ('{2 1, 1 1}'), ('{1 1, 1 1}'), ('{0 1, -0 1}'),
             ('{1 9007199254740992}'), ('{1 9007199254740991, 2 1}'), ('{1 9223372036854775807, 2 9223372036854775807}'),
             ('{1 99999999999999999999}'),
             ('{level}'), ('{level 0 from 1 to 1: 1 1 0}'), ('{level 53 from 1 to 1: 1 1 0}'), ('{level -1 from 1 to 1: 1 1 0}'),
             ('{Level 51 from 1 to 1: 1 1 0}'), ('{"level" 51 from 1 to 1: 1 1 0}'), ('{lever 51 from 1 to 1: 1 1 0}'),
             ('{level 51: 1 1 0}'), ('{level 51 from 1: 1 1 0}'), ('{level 51 from 1 to 1 1 1 0}'), ('{level 51 from x to 1: 1 1 0}'),
             ('{level 51 from 1 to 1e309: 1 1 0}'),
             ('{level 51 from 1 to 1:}'), ('{level 51 from 1 to 1: 1 1}'), ('{level 51 from 1 to 1: 1 1 -1}'), ('{level 51 from 1 to 1: 1 1 x}'),
             ('{level 51 from 1.25 to 1.25: 1.25 1 0}'), ('{level 51 from 2 to 2: 1 1 0}'), ('{level 51 from 1 to 2: 1 2 1}'),
             ('{level 51 from 1.5 to 1.25: 1 2 0}'), ('{level 51 from 1 to 1: 1 1 1}'), ('{level 51 from 1.25 to 1.25: 1 1 0}'),
             ('{level 51 from 1 to 1.25: 1 1 0}'), ('{level 51 from 1 to 1.25: 1 2 0}'), ('{level 51 from 1 to 1.25: 1 2 1125899906842625}'),
             ('{level 51 from 1 to 4: 1 1 1, 4 1 0}'), ('{level 51 from 1 to 4: 1 1 0, 2 1 2251799813685248, 4 1 0}'),
             ('{level 51 from -1 to -1: -1 1 0}'), ('{level 52 from -5e-324 to 0: -2.225073858507201e-308 1 4503599627370495, 0 1 0}'),
             ('{level 51 from 1 to 1: 1 1 340282366920938463463374607431768211456}'), ('{level 51 from 1 to 1: 1 1 99999999999999999999999999999999999999999}')
     ) AS v(input), pg_temp.error_of(format('SELECT %L::icm_distribution', input)) e;
SELECT state, detail FROM (SELECT '{' || string_agg(i || ' 1', ',' ORDER BY i) || '}' FROM generate_series(1, 4097) i) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_distribution', input)) e;
SELECT '{1 1, 3 1, 2 1}'::icm_distribution;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{1 1}', 'icm_distribution');
        ASSERT NOT pg_input_is_valid('{1 0}', 'icm_distribution');
    END IF;
END
$$;

-- populations: all in the bound, at the bound, one beyond it, far beyond; both signs; tiny and huge; narrow; whole numbers
CREATE TABLE icm_population (name text, v float8);
INSERT INTO icm_population SELECT 'few', i % 100 - 20 FROM generate_series(1, 5000) i;
INSERT INTO icm_population SELECT 'bound', hashint4(i % 4096) / 7.0 FROM generate_series(1, 9000) i;
INSERT INTO icm_population SELECT 'beyond', sqrt(i) FROM generate_series(1, 4097) i;
INSERT INTO icm_population SELECT 'skewed', exp(hashint4(i) / 4e8) FROM generate_series(1, 20000) i;
INSERT INTO icm_population SELECT 'signed', hashint4(i) / 1000.0 + 100 FROM generate_series(1, 20000) i;
INSERT INTO icm_population SELECT 'wide', sign(hashint4(i)) * 10::float8 ^ (hashint4(-i) / 7.2e6) FROM generate_series(1, 20000) i;
INSERT INTO icm_population SELECT 'narrow', 1 + hashint4(i) * 2::float8 ^ -52 FROM generate_series(1, 20000) i;
INSERT INTO icm_population SELECT 'whole', abs(hashint4(i)) % 30000 FROM generate_series(1, 30000) i;
CREATE TABLE icm_distributed AS SELECT name, icm_distribution_agg(v) AS d FROM icm_population GROUP BY name;
SELECT name, n, entries, relative_error, (d::text)::icm_distribution::text = d::text AS text_back,
       icm_distribution_send(d::text::icm_distribution) = icm_distribution_send(d) AS same_bytes, pg_column_size(d) <= 131112 AS size,
       n = (SELECT count(*) FROM icm_population p WHERE p.name = i.name) AND min = (SELECT min(v) FROM icm_population p WHERE p.name = i.name)
       AND max = (SELECT max(v) FROM icm_population p WHERE p.name = i.name) AS stats
FROM icm_distributed i, icm_distribution_stats(d) ORDER BY name;

-- sums are exact but for one rounding: of whole numbers, and of whole multiples of 2^-52
SELECT s.sum = e.sum AS whole, s.mean = e.sum::float8 / n AS mean
FROM icm_distributed, icm_distribution_stats(d) s, (SELECT sum(v::int8) FROM icm_population WHERE name = 'whole') e WHERE name = 'whole';
SELECT s.sum = (20000 + e.sum / 2::numeric ^ 52)::float8 AS narrow
FROM icm_distributed, icm_distribution_stats(d) s, (SELECT sum(hashint4(i)) FROM generate_series(1, 20000) i) e WHERE name = 'narrow';

-- what it answers, against the values themselves: quantiles to within relative_error, at level 0 exactly
CREATE TEMP TABLE quantile AS
    SELECT name, fraction, v FROM (SELECT array_agg(i / 200.0::float8 ORDER BY i) AS fractions FROM generate_series(0, 200) i) f,
         LATERAL (SELECT name, percentile_disc(fractions) WITHIN GROUP (ORDER BY v) AS vs FROM icm_population GROUP BY name) q,
         unnest(fractions, vs) u(fraction, v);
SELECT name, count(*) FILTER (WHERE relative_error = 0 AND estimate <> v) AS not_exact,
       count(*) FILTER (WHERE abs(estimate - v) > relative_error * abs(v)) AS beyond_error
FROM (SELECT *, icm_quantile(d, fraction) AS estimate FROM quantile JOIN icm_distributed USING (name)) q, icm_distribution_stats(d)
GROUP BY name ORDER BY name;
-- ranks and sums: exact up to the bound; beyond it the errors are those of one entry, here below 1 % of all (but
-- some entries of wide are most of the sum)
SELECT name, count(*) FILTER (WHERE relative_error = 0 AND (rank <> at_or_below OR abs(sum_above - at_or_above) > 1e-12 * total)) AS not_exact,
       max(abs(rank - at_or_below)) / n < 0.01 AS rank_close,
       max(abs(sum_above - at_or_above)) / total < 0.01 OR name = 'wide' AS sum_close
FROM (SELECT DISTINCT name, v FROM quantile WHERE fraction * 20 = floor(fraction * 20)) q
     JOIN (SELECT DISTINCT name, v, count(*) OVER (PARTITION BY name ORDER BY v) AS at_or_below,
                  sum(v) OVER (PARTITION BY name ORDER BY v DESC) AS at_or_above, sum(abs(v)) OVER (PARTITION BY name) AS total
           FROM icm_population) p USING (name, v)
     JOIN icm_distributed USING (name), icm_distribution_stats(d), icm_rank(d, v) AS rank, icm_sum_above(d, v) AS sum_above
GROUP BY name, n, total ORDER BY name;
SELECT icm_rank(d, -4) AS below_all, icm_rank(d, -3) AS first, icm_rank(d, 0) AS zero, icm_rank(d, '-0') AS negative_zero, icm_rank(d, 12.4) AS between,
       icm_rank(d, 17) AS last, icm_rank(d, 1e308) AS above_all,
       icm_sum_above(d, -4) AS sum_of_all, icm_sum_above(d, 12.5) AS at_or_above, icm_sum_above(d, 12.6) AS above, icm_sum_above(d, 18) AS of_none,
       icm_quantile(d, 0) AS min, icm_quantile(d, 1.0 / 7) AS first_of_7, icm_quantile(d, 0.5) AS median, icm_quantile(d, 1) AS max
FROM (VALUES ('{-3 1, 0 2, 12.5 3, 17 1}'::icm_distribution)) AS v(d);
-- within an entry: four values of sum 4.75 in 1 to 1.5 are spread about 1.1875
SELECT icm_quantile(d, 0.25) AS first, icm_quantile(d, 0.5) AS second, icm_quantile(d, 0.75) AS third, icm_quantile(d, 1) AS fourth,
       icm_rank(d, 1) AS rank_of_min, icm_rank(d, 1.1875) AS of_mean, icm_rank(d, 1.5) AS of_max,
       icm_sum_above(d, 1) AS sum_of_all, icm_sum_above(d, 1.1875) AS above_mean, icm_sum_above(d, 1.6) AS of_none
FROM (VALUES ('{level 52 from 1 to 1.5: 1 4 3377699720527872}'::icm_distribution)) AS v(d);
SELECT (icm_distribution_stats(d)).* FROM (VALUES ('{level 52 from 1 to 1.5: 1 4 3377699720527872}'::icm_distribution)) AS v(d);

-- concentration. Gini by its definition, the mean difference of two, over twice the mean
SELECT name, round(icm_gini(d)::numeric, 9) = round(gini::numeric, 9) AS gini_exact,
       gini - icm_gini(d) BETWEEN -1e-12 AND (icm_distribution_stats(d)).relative_error / 4 + 1e-12 AS gini_close
FROM icm_distributed JOIN (SELECT name, sum(v * (2 * i - 1 - n)) / n / sum(v) AS gini
     FROM (SELECT name, v, row_number() OVER (PARTITION BY name ORDER BY v) AS i, count(*) OVER (PARTITION BY name) AS n FROM icm_population) p
     GROUP BY name, n) g USING (name) WHERE name IN ('few', 'beyond', 'skewed', 'whole', 'narrow') ORDER BY name;
SELECT * FROM icm_lorenz('{0 2, 1 1, 3 2, 13 1}', 6);
SELECT icm_gini('{0 2, 1 1, 3 2, 13 1}') AS gini, icm_gini('{5 7}') AS equal, icm_gini('{0 99, 1 1}') AS one_has_all,
       icm_top_share('{0 2, 1 1, 3 2, 13 1}', 0.5) AS top_half, icm_top_share('{0 2, 1 1, 3 2, 13 1}', 1.0 / 12) AS the_best,
       icm_top_share('{0 2, 1 1, 3 2, 13 1}', 0) AS none, icm_top_share('{0 2, 1 1, 3 2, 13 1}', 1) AS "all";
SELECT icm_gini('{-1 1, 1 1}') IS NULL AND icm_top_share('{-1 1, 0.5 1}', 0.5) IS NULL AS no_positive_sum;
SELECT * FROM icm_lorenz('{0 3}', 2);
SELECT round(icm_top_share(d, 0.2)::numeric, 4) = round((top / total)::numeric, 4) AS top_share
FROM icm_distributed, (SELECT sum(v) FILTER (WHERE i <= 4000) AS top, sum(v) AS total
     FROM (SELECT v, row_number() OVER (ORDER BY v DESC) AS i FROM icm_population WHERE name = 'skewed') s) t WHERE name = 'skewed';
SELECT count(*) AS rows, count(share_of_value) AS shares FROM icm_distributed, icm_lorenz(d, 10000) WHERE name = 'skewed';

-- NULL in, NULL out; what is refused
SELECT icm_distribution_stats(NULL) IS NULL AND icm_quantile(NULL, 0.5) IS NULL AND icm_quantile('{1 1}', NULL) IS NULL AND icm_rank('{1 1}', NULL) IS NULL
       AND icm_sum_above(NULL, 1) IS NULL AND icm_gini(NULL) IS NULL AND icm_top_share('{1 1}', NULL) IS NULL AS null_is_null,
       (SELECT count(*) FROM icm_lorenz(NULL, 10)) AS rows;
SELECT call, e.*
FROM (VALUES ('icm_quantile(d, -0.01)'), ('icm_quantile(d, 1.01)'), ('icm_quantile(d, ''NaN'')'), ('icm_rank(d, ''NaN'')'), ('icm_rank(d, ''Infinity'')'),
             ('icm_sum_above(d, ''NaN'')'), ('icm_sum_above(d, ''-Infinity'')'), ('icm_top_share(d, -1e-9)'), ('icm_top_share(d, 2)'),
             ('icm_top_share(d, ''NaN'')'), ('icm_lorenz(d, 0)'), ('icm_lorenz(d, -1)'), ('icm_lorenz(d, 10001)'),
             ('icm_distribution_stats(''{1e308 2}'')'), ('icm_sum_above(''{1e308 2}'', 1)')) AS v(call),
     pg_temp.error_of(format('SELECT %s FROM (VALUES (''{1 1, 2 1}''::icm_distribution)) AS v(d)', call)) e;

-- binary form: version 1, flags, padding, number of items; level, zero, n, min, max; key, count, excess of each entry; and back
SELECT icm_distribution_send('{-0.25 1, 1.5 2}');
SELECT icm_distribution_send('{level 52 from 1 to 1.5: 1 4 3377699720527872}');
CREATE TEMP TABLE received (LIKE icm_distributed);
\copy icm_distributed TO 'results/distribution.bin' (FORMAT binary)
\copy received FROM 'results/distribution.bin' (FORMAT binary)
SELECT count(*) AS distributions, count(*) FILTER (WHERE icm_distribution_send(r.d) <> icm_distribution_send(s.d)) AS otherwise
FROM icm_distributed s JOIN received r USING (name);

-- the order of the values has no say, nor have the parts in which they come
SELECT name, count(DISTINCT d::text) AS distributions
FROM generate_series(1, 4) k, LATERAL (
    SELECT name, icm_distribution_agg(v ORDER BY hashfloat8extended(v, k)) AS d FROM icm_population GROUP BY name
    UNION ALL
    SELECT name, icm_rollup(d) FROM (SELECT name, icm_distribution_agg(v) AS d FROM icm_population
        GROUP BY name, abs(hashfloat8extended(v, k)) % (3 * k * k)) parts GROUP BY name
    UNION ALL
    SELECT name, icm_distribution_agg(v, weight) FROM (SELECT name, v, count(*) AS weight FROM icm_population GROUP BY name, v) w GROUP BY name
    UNION ALL
    SELECT name, d FROM icm_distributed) p GROUP BY name ORDER BY name;
-- added one by one, across the bound
CREATE FUNCTION pg_temp.added(first int, last int) RETURNS icm_distribution LANGUAGE plpgsql AS $$
DECLARE
    d icm_distribution;
BEGIN
    SELECT icm_distribution_agg(sqrt(i)) INTO d FROM generate_series(1, first - 1) i;
    FOR i IN first .. last LOOP
        d := icm_distribution_add(d, sqrt(i));
    END LOOP;
    RETURN d;
END
$$;
SELECT pg_temp.added(1, 50)::text = icm_distribution_agg(sqrt(i))::text AS few FROM generate_series(1, 50) i;
SELECT pg_temp.added(4000, 4300)::text = icm_distribution_agg(sqrt(i))::text AS beyond FROM generate_series(1, 4300) i;

-- by group, and in windows that grow and move
SELECT i % 3 AS part, icm_distribution_agg(i) FROM generate_series(1, 9) i GROUP BY i % 3 ORDER BY part;
SELECT i, icm_distribution_agg(i) OVER (ORDER BY i) AS growing, icm_distribution_agg(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS moving
FROM generate_series(1, 4) i;

-- the support functions: by the aggregate only, and with a state that is one
SELECT icm_distribution_accum(NULL, 1);
SELECT icm_distribution_accum(NULL, 1, 2);
SELECT icm_distribution_merge(NULL, '{1 1}');
SELECT icm_distribution_combine(NULL, NULL);
SELECT icm_distribution_final(NULL) IS NULL AS null_is_null;
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_distribution_combine, STYPE = bytea, FINALFUNC = icm_distribution_final);
CREATE AGGREGATE pg_temp.state_agg(float8) (SFUNC = icm_distribution_accum, STYPE = bytea);
-- each byte of a state's header and of its first slots changed
CREATE FUNCTION pg_temp.final_of(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM icm_distribution_final(state);
    PERFORM pg_temp.combine_agg(s) FROM (VALUES (state), (state)) AS v(s);
    RETURN 'a distribution';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
CREATE TEMP TABLE state AS SELECT pg_temp.state_agg(sqrt(i)) AS state FROM generate_series(1, 8) i;
SELECT pg_temp.final_of(state) AS unchanged, length(state) AS bytes FROM state;
SELECT DISTINCT pg_temp.final_of(changed) AS result FROM state, generate_series(0, length(state) - 1) i, generate_series(0, 7) bit,
     LATERAL (SELECT set_byte(state, i, get_byte(state, i) # (1 << bit)) AS changed) c ORDER BY 1;
SELECT DISTINCT pg_temp.final_of(substr(state, 1, n)) AS cut_short FROM state, generate_series(0, length(state) - 1) n;
SELECT DISTINCT pg_temp.final_of(decode(repeat(byte, n), 'hex')) AS filled FROM (VALUES ('00'), ('01'), ('7f'), ('80'), ('ff')) AS b(byte), generate_series(0, 600, 4) n;
-- a full one, too
SELECT DISTINCT pg_temp.final_of(changed) AS result
FROM (SELECT pg_temp.state_agg(v) AS state FROM icm_population WHERE name = 'skewed') s, generate_series(1, 300) i,
     LATERAL (SELECT set_byte(state, abs(hashint4(i)) % (CASE WHEN i % 2 = 0 THEN 48 ELSE length(state) END), hashint4(-i) & 255) AS changed) c ORDER BY 1;
-- accum goes on with it, as an initial condition, and changes it in place
CREATE FUNCTION pg_temp.accum_from(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE AGGREGATE pg_temp.crafted(float8) (SFUNC = icm_distribution_accum, STYPE = bytea,
                    FINALFUNC = icm_distribution_final, INITCOND = %L)', state);
    PERFORM pg_temp.crafted(sqrt(i)) FROM generate_series(1, 50) i GROUP BY i % 2;
    RETURN 'a distribution';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT DISTINCT pg_temp.accum_from(set_byte(state, i, get_byte(state, i) # (1 << i % 8))) AS result FROM state, generate_series(0, length(state) - 1) i
ORDER BY 1;

-- a parallel plan is one, and gives the same
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines ~ 'Finalize .*Aggregate' AND lines ~ 'Partial .*Aggregate' AND lines ~ 'Workers Planned: [1-9]';
END
$$;
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || md5(icm_distribution_send(d)), E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TABLE icm_parts AS SELECT name, icm_distribution_agg(v) AS d
    FROM (SELECT *, row_number() OVER () AS n FROM icm_population) p GROUP BY name, n % 100;
ALTER TABLE icm_population SET (parallel_workers = 2);
ALTER TABLE icm_parts SET (parallel_workers = 2);
ANALYZE icm_population, icm_parts;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_distribution_agg(v) AS d FROM icm_population'),
    (2, 'SELECT name AS key, icm_distribution_agg(v) AS d FROM icm_population GROUP BY name'),
    (3, 'SELECT name AS key, icm_distribution_agg(v, 3) AS d FROM icm_population GROUP BY name'),
    (4, 'SELECT 1 AS key, icm_rollup(d) AS d FROM icm_parts'),
    (5, 'SELECT name AS key, icm_rollup(d) AS d FROM icm_parts GROUP BY name');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 20 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;
-- nor has work_mem a say
SET work_mem = '64kB';
SELECT id, pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET work_mem;
-- the whole is the parts
SELECT a.id, b.id, a.serial = b.serial AS same FROM query a JOIN query b ON b.id = a.id + 3 ORDER BY a.id;
DROP TABLE icm_population, icm_distributed, icm_parts;
