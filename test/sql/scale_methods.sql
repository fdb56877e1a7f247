--
-- scales cut by method: quantile, pareto, kmeans, logkmeans; with weights, at shares; what they were cut from
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

-- the example of Wang and Song's package for R: means 3 and 8, squared distances 10 and 10
SELECT scale, s.*, icm_cuts(scale) AS cuts, pg_column_size(scale) AS bytes
FROM (SELECT icm_scale_agg(i, 2, 'kmeans') FROM generate_series(1, 10) i) AS v(scale), icm_scale_stats(scale) s;
SELECT g.* FROM (SELECT icm_scale_agg(i, 2, 'kmeans') FROM generate_series(1, 10) i) AS v(scale), icm_scale_grades(scale) g;
-- by hand: of 400, 100 are a quarter, 100 + 90 + 80 the first that reach a half, with 70 three quarters; clusters of numbers and of sizes
SELECT icm_scale_agg(v, 4, 'quantile') AS quantile, icm_scale_agg(v, 4, 'pareto') AS pareto
FROM unnest('{100,90,80,70,40,15,4,1}'::float8[]) v;
SELECT icm_cuts(icm_scale_agg(v, 3, 'kmeans')) AS kmeans, icm_cuts(icm_scale_agg(v, 3, 'logkmeans')) AS logkmeans
FROM unnest('{1,2,3,30,31,900,1000,2000}'::float8[]) v;
-- values that are not positive: in no share of the sum, and in the worst grade of the logarithms
SELECT icm_cuts(icm_scale_agg(v, 2, 'pareto')) AS pareto, icm_cuts(icm_scale_agg(v, 2, 'logkmeans')) AS logkmeans,
       icm_cuts(icm_scale_agg(v, 2, 'kmeans')) AS kmeans, icm_cuts(icm_scale_agg(v, 2, 'quantile')) AS quantile
FROM unnest('{-50,-50,0,0,0,0,0,0,5,10,40,50}'::float8[]) v;

-- presets
SELECT icm_grades('five') AS five, icm_grades('seven') AS seven, icm_grades(NULL) IS NULL AS null_is_null,
       (icm_scale_stats(icm_scale_agg(i, icm_grades('seven'), 'pareto'))).grades FROM generate_series(1, 100) i;
SELECT preset, e.* FROM (VALUES ('six'), ('Five'), (''), ('five '), ('5')) AS v(preset),
     pg_temp.error_of(format('SELECT icm_grades(%L)', preset)) e;
SELECT icm_grades('ten');

-- What the methods are checked against: definitions, in exact numbers. The best shares are nums/den.
-- Ranks of distinct values are counted from the worst for quantile and the best for pareto.
CREATE FUNCTION pg_temp.share_cuts(data float8[], weights float8[], method text, nums int[], den int) RETURNS float8[]
LANGUAGE plpgsql AS $$
DECLARE
    ranked float8[];            -- distinct values in the order of the ranks
    reached numeric[];          -- cumulated weight, or weight x value
    total numeric;
    n int;
    rank int := 0;
    cuts float8[];
BEGIN
    SELECT array_agg(v ORDER BY v), array_agg(c ORDER BY v), max(c) INTO ranked, reached, total
    FROM (SELECT v, sum(sum(w)::numeric) OVER (ORDER BY v) AS c FROM unnest(data, weights) u(v, w) GROUP BY v) AS d;
    IF method = 'pareto' THEN
        SELECT array_agg(v ORDER BY v DESC), array_agg(c ORDER BY v DESC), max(c) INTO ranked, reached, total
        FROM (SELECT v, sum(sum(w)::numeric * v::numeric) OVER (ORDER BY v DESC) AS c
              FROM unnest(data, weights) u(v, w) GROUP BY v) AS d;
    END IF;
    n := cardinality(ranked);
    IF n < cardinality(nums) + 1 OR total <= 0 THEN
        RETURN NULL;
    END IF;
    FOR j IN 1 .. cardinality(nums) LOOP
        IF method = 'pareto' THEN
            rank := greatest(rank + 1, (SELECT min(i) FROM generate_series(1, n) i WHERE reached[i] * den >= total * nums[j]));
            rank := least(rank, n - (cardinality(nums) + 1 - j));
            cuts := ranked[rank] || cuts;
        ELSE
            -- the lowest value is never cut off at, so ranks begin with 2
            rank := greatest(rank + 1, 2, (SELECT min(i) FROM generate_series(1, n) i
                                           WHERE reached[i] * den > total * (den - nums[cardinality(nums) + 1 - j])));
            rank := least(rank, n - (cardinality(nums) - j));
            cuts := cuts || ranked[rank];
        END IF;
    END LOOP;
    RETURN cuts;
END
$$;
-- All ways to split the distinct values into groups: a bit for each value but the lowest says whether a group starts there.
-- Costs are rational numbers with small denominators, here of thirty places, so twelve tell equal ones from others; among equals the last
-- group is the smallest, and so on downwards: the one with the most significant bits.
CREATE FUNCTION pg_temp.kmeans_cuts(data numeric[], weights numeric[], grades int, OUT cuts float8[], OUT cost numeric)
LANGUAGE sql AS $$
    WITH point AS (
        SELECT v, sum(w) AS w, row_number() OVER (ORDER BY v)::int AS i, count(*) OVER ()::int AS n FROM unnest(data, weights) u(v, w) GROUP BY v),
    split AS (
        SELECT bits FROM generate_series(0, (1 << (SELECT max(n) - 1 FROM point)) - 1) bits
        WHERE length(replace(bits::bit(16)::text, '0', '')) = grades - 1),
    part AS (
        SELECT bits, length(replace((bits & ((1 << (i - 1)) - 1))::bit(16)::text, '0', '')) AS part,
               sum(w * v * v) - sum(w * v) * sum(w * v) * 1.000000000000000000000000000000 / sum(w) AS cost
        FROM split, point GROUP BY 1, 2),
    best AS (
        SELECT bits, round(sum(cost), 12) AS cost FROM part GROUP BY bits ORDER BY 2, 1 DESC LIMIT 1)
    SELECT array_agg(v::float8 ORDER BY i), max(cost) FROM best, point WHERE i > 1 AND bits & (1 << (i - 2)) <> 0
$$;
-- the aggregates, NULL where there can be no such scale
CREATE FUNCTION pg_temp.scale(data float8[], weights float8[], grades int, method text) RETURNS icm_scale
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT icm_scale_agg(v, grades, method, w) FROM unnest(data, weights) u(v, w));
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END
$$;
CREATE FUNCTION pg_temp.share_scale(data float8[], weights float8[], shares float8[], method text) RETURNS icm_scale
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT icm_scale_shares_agg(v, shares, method, w) FROM unnest(data, weights) u(v, w));
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END
$$;
-- 1 to 100 values: whole numbers in a narrow and a wide range, many of one value, and quarters; weights 1, 1 to 5, eighths
CREATE TEMP TABLE data AS
    SELECT i AS id, 2 + abs(hashint4(i)) % 25 % (2 + i / 24) AS grades,
           ARRAY(SELECT CASE i % 4 WHEN 0 THEN floor(f * 12) - 3
                                   WHEN 1 THEN floor(f * 1000) - 200
                                   WHEN 2 THEN greatest(0, floor(f * 90) - 60)
                                   ELSE floor(f * 400) / 4 END
                 FROM generate_series(1, 1 + i / 5) j,
                 LATERAL (SELECT (hashint4extended(j, i) & 4294967295) / 4294967296::float8) AS r(f)) AS data,
           ARRAY(SELECT CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 1 + abs(hashint4(i + j)) % 5 ELSE (1 + abs(hashint4(i + j)) % 40) / 8.0 END
                 FROM generate_series(1, 1 + i / 5) j)::float8[] AS weights
    FROM generate_series(1, 500) i;
SELECT method, count(*) AS cases, count(cuts) > 250 AS most_can_be_cut, count(*) FILTER (WHERE cuts IS DISTINCT FROM icm_cuts(scale)) AS otherwise
FROM data, (VALUES ('quantile'), ('pareto')) AS m(method), pg_temp.scale(data, weights, grades, method),
     pg_temp.share_cuts(data, weights, method, ARRAY(SELECT generate_series(1, grades - 1)), grades) cuts
GROUP BY method ORDER BY method;
SELECT method, nums, count(*) AS cases, count(cuts) > 250 AS most_can_be_cut, count(*) FILTER (WHERE cuts IS DISTINCT FROM icm_cuts(scale)) AS otherwise
FROM data, (VALUES ('quantile'), ('pareto')) AS m(method), (VALUES ('{80,95}'::int[]), ('{20}'), ('{1,7,30,70,90,99}'), ('{50,51,52}')) AS s(nums),
     pg_temp.share_scale(data, weights, ARRAY(SELECT n / 100.0 FROM unnest(nums) n)::float8[], method) AS scale,
     pg_temp.share_cuts(data, weights, method, nums, 100) cuts
GROUP BY method, nums ORDER BY method, nums;
-- shares j/grades are what grades stands for
SELECT method, count(*) AS cases, count(*) FILTER (WHERE scale::text IS DISTINCT FROM shares::text) AS otherwise
FROM data, (VALUES ('quantile'), ('pareto')) AS m(method), pg_temp.scale(data, weights, grades, method) AS scale,
     pg_temp.share_scale(data, weights, ARRAY(SELECT j / grades::float8 FROM generate_series(1, grades - 1) j), method) AS shares
GROUP BY method ORDER BY method;
-- the least cost there is, and the cuts that have it: up to 10 distinct values, 2 to 6 grades
CREATE TEMP TABLE small AS
    SELECT i AS id, 2 + i % 5 AS grades, ARRAY(SELECT CASE i % 3 WHEN 0 THEN floor(f * 10) WHEN 1 THEN floor(f * 1000) / 100 ELSE floor(f * 30) - 15 END::numeric
                 FROM generate_series(1, 6 + i % 5) j,
                 LATERAL (SELECT (hashint4extended(j, i) & 4294967295) / 4294967296::float8) AS r(f)) AS data,
           ARRAY(SELECT CASE WHEN i % 2 = 0 THEN 1 ELSE 1 + abs(hashint4(i + j)) % 4 END FROM generate_series(1, 6 + i % 5) j)::numeric[] AS weights
    FROM generate_series(1, 300) i;
SELECT count(*) AS cases, count(scale) > 250 AS most_can_be_cut, count(*) FILTER (WHERE best.cuts IS DISTINCT FROM icm_cuts(scale)) AS otherwise,
       count(*) FILTER (WHERE abs((SELECT sum(w) FROM unnest(within) w) - cost) > 1e-9) AS costs_otherwise
FROM small, pg_temp.scale(data::float8[], weights::float8[], grades, 'kmeans') AS scale, pg_temp.kmeans_cuts(data, weights, grades) best,
     icm_scale_stats(scale);
-- steps of decimals, where many splits cost the same, but only about so in doubles
SELECT count(*) AS cases, count(*) FILTER (WHERE best.cuts IS DISTINCT FROM icm_cuts(scale)) AS otherwise
FROM generate_series(3, 9) n, generate_series(2, least(n - 1, 5)) grades, unnest('{0.1,0.7,1.3,33.3,1234.56}'::numeric[]) step, unnest('{0.1,7.3}'::numeric[]) first,
     LATERAL (SELECT array_agg(first + step * j), array_agg(1.0) FROM generate_series(1, n) j) AS d(data, weights),
     pg_temp.scale(data::float8[], weights::float8[], grades, 'kmeans') AS scale, pg_temp.kmeans_cuts(data, weights, grades) best;
-- splits that cost the same: the last group is the smaller one
SELECT icm_cuts(icm_scale_agg(v, 2, 'kmeans')) AS two, icm_cuts(icm_scale_agg(v, 3, 'kmeans')) AS three,
       icm_cuts(icm_scale_agg(v, 4, 'kmeans')) AS four, icm_cuts(icm_scale_agg(v, 5, 'kmeans')) AS five
FROM unnest('{1,2,3,4,5}'::float8[]) v;
-- logkmeans: kmeans of the logarithms; values that are not positive are in the worst grade, and have no say
SELECT count(*) AS cases, count(scale) > 200 AS most_can_be_cut, bool_or(p.n > 0 AND scale IS NOT NULL) AS some_not_positive,
       count(*) FILTER (WHERE ARRAY(SELECT ln(c) FROM unnest(icm_cuts(scale)) c) IS DISTINCT FROM coalesce(icm_cuts(logarithms), '{}')) AS otherwise,
       count(*) FILTER (WHERE s.within <> l.within OR s.variance_explained <> l.variance_explained) AS within_otherwise,
       count(*) FILTER (WHERE s.counts[1] <> l.counts[1] + p.n OR s.counts[2:] <> l.counts[2:]) AS counts_otherwise
FROM data d, pg_temp.scale(data, weights, d.grades, 'logkmeans') AS scale, icm_scale_stats(scale) s,
     LATERAL (SELECT sum(CASE WHEN v <= 0 THEN w ELSE 0 END), array_agg(ln(v)) FILTER (WHERE v > 0), array_agg(w) FILTER (WHERE v > 0)
              FROM unnest(data, weights) AS u(v, w)) AS p(n, positive, positive_weights),
     pg_temp.scale(positive, positive_weights, d.grades, 'kmeans') AS logarithms, icm_scale_stats(logarithms) l;

-- what a scale says it was cut from, beside plain SQL over what it grades
CREATE TEMP TABLE cut AS
    SELECT id, d.grades, method, data, weights, scale
    FROM data d, (VALUES ('quantile'), ('pareto'), ('kmeans'), ('logkmeans')) AS m(method), pg_temp.scale(data, weights, d.grades, method) AS scale
    WHERE scale IS NOT NULL;
-- x is what distances are measured on
CREATE TEMP TABLE graded AS
    SELECT id, method, icm_grade(v, scale) AS grade, v, w, CASE WHEN method <> 'logkmeans' THEN v WHEN v > 0 THEN ln(v) END AS x
    FROM cut, unnest(data, weights) AS u(v, w);
CREATE TEMP TABLE by_grade AS
    SELECT id, method, grade, sum(w) AS count, sum(w * v) AS sum, coalesce(sum(w * (x - mean) ^ 2), 0) AS within
    FROM (SELECT *, sum(w * x) OVER g / sum(w) FILTER (WHERE x IS NOT NULL) OVER g AS mean FROM graded WINDOW g AS (PARTITION BY id, method, grade)) m
    GROUP BY id, method, grade;
CREATE TEMP TABLE of_all AS
    SELECT id, method, sum(w) AS count, sum(w * v) AS sum, coalesce(sum(w * (x - mean) ^ 2), 0) AS within
    FROM (SELECT *, sum(w * x) OVER g / sum(w) FILTER (WHERE x IS NOT NULL) OVER g AS mean FROM graded WINDOW g AS (PARTITION BY id, method)) m
    GROUP BY id, method;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean
LANGUAGE sql AS $$ SELECT abs(a - b) <= 1e-9 * greatest(abs(a), abs(b), 1) $$;
SELECT cut.method, count(*) > 200 AS cases, count(*) FILTER (WHERE s.method <> cut.method OR s.grades <> cut.grades) AS otherwise,
       count(*) FILTER (WHERE s.counts <> g.counts OR s.sums <> g.sums) AS counts_otherwise,
       count(*) FILTER (WHERE s.n <> a.count OR s.sum <> a.sum) AS all_otherwise,
       count(*) FILTER (WHERE NOT (SELECT bool_and(pg_temp.near(u.w, v)) FROM unnest(s.within, g.within) u(w, v))) AS within_otherwise,
       count(*) FILTER (WHERE NOT coalesce(pg_temp.near(variance_explained, 1 - (SELECT sum(w) FROM unnest(g.within) w) / nullif(a.within, 0)), false)) AS variance_otherwise
FROM cut JOIN of_all a USING (id, method)
     JOIN (SELECT id, method, array_agg(count ORDER BY grade DESC) AS counts, array_agg(sum ORDER BY grade DESC) AS sums, array_agg(within ORDER BY grade DESC) AS within
           FROM by_grade GROUP BY id, method) g USING (id, method), icm_scale_stats(scale) s
GROUP BY cut.method ORDER BY cut.method;
-- the same by grade: every grade has a value
SELECT count(*) > 5000 AS grades, count(*) FILTER (WHERE q.grade IS NULL OR s.grade IS NULL) AS otherwise,
       count(*) FILTER (WHERE lower <> (icm_cuts(scale))[grades + 1 - grade::int - 1] OR upper <> (icm_cuts(scale))[grades + 1 - grade::int]
                           OR (lower IS NULL) <> (grade::int = grades) OR (upper IS NULL) <> (grade = 'A')) AS limits_otherwise,
       count(*) FILTER (WHERE s.customers <> q.count OR s.sum <> q.sum OR s.mean <> q.sum / q.count OR s.share <> q.count / a.count
                           OR s.sum_share IS DISTINCT FROM q.sum / nullif(a.sum, 0)) AS numbers_otherwise
FROM (SELECT * FROM cut, icm_scale_grades(scale)) s FULL JOIN by_grade q USING (id, method, grade) JOIN of_all a USING (id, method);
-- equal values share a grade
SELECT count(*) FILTER (WHERE grades > 1) AS split FROM (SELECT count(DISTINCT grade) AS grades FROM graded GROUP BY id, method, v) g;
-- cuts that were given: nothing else is known
SELECT * FROM icm_scale_stats('{10,20}');
SELECT * FROM icm_scale_grades('{10,20}');
SELECT icm_scale_stats(NULL) IS NULL AS no_stats, (SELECT count(*) FROM icm_scale_grades(NULL)) AS no_grades;
-- no shares of a sum of zero
SELECT method, s.sum, variance_explained, (SELECT array_agg(sum_share) FROM icm_scale_grades(scale)) AS sum_shares
FROM (SELECT m, icm_scale_agg(v, 2, m) FROM unnest('{-1,0,1}'::float8[]) v, unnest('{quantile,pareto,kmeans}'::text[]) m GROUP BY m) AS c(m, scale),
     icm_scale_stats(scale) s ORDER BY method;
-- nor of the variance of logarithms that are all the same, as those of neighbouring values are
SELECT s.method, variance_explained IS NULL AS unknown, within
FROM (SELECT icm_scale_agg(v, 2, 'logkmeans') FROM unnest('{9.999999999999998e99,1e100}'::float8[]) v) AS c(scale), icm_scale_stats(scale) s;

-- weights: a value of weight n is n equal ones
SELECT method, count(*) AS cases, count(*) FILTER (WHERE icm_scale_send(weighted) IS DISTINCT FROM icm_scale_send(raw)) AS otherwise
FROM data d, (VALUES ('quantile'), ('pareto'), ('kmeans'), ('logkmeans')) AS m(method), pg_temp.scale(data, weights, d.grades, method) AS weighted,
     LATERAL (SELECT array_agg(v), array_agg(1::float8) FROM unnest(data, weights) u(v, w), generate_series(1, w::int)) AS r(many, ones),
     pg_temp.scale(many, ones, d.grades, method) AS raw
WHERE id % 3 < 2 GROUP BY method ORDER BY method;
-- grouped with their counts, in parts, or not at all; in the form with weight and the one without
CREATE TEMP TABLE raw AS SELECT i, i * i % 367 - 10 AS v, unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) AS method FROM generate_series(1, 2000) i;
SELECT method, count(DISTINCT scale) AS scales, count(*) AS ways
FROM (SELECT method, icm_scale_send(icm_scale_agg(v, 7, method)) FROM raw GROUP BY method
      UNION ALL
      SELECT method, icm_scale_send(icm_scale_agg(v, 7, method, w)) FROM (SELECT method, v, count(*) AS w FROM raw GROUP BY method, v) d GROUP BY method
      UNION ALL
      SELECT method, icm_scale_send(icm_scale_agg(v, 7, method, w)) FROM (SELECT method, v, count(*) AS w FROM raw GROUP BY method, v, i % 5) d GROUP BY method)
      AS s(method, scale)
GROUP BY method ORDER BY method;
-- weights of equal values are added exactly: 0.1 + 1e15 + 0.1 + 0.1 in any order
SELECT count(DISTINCT icm_scale_send(scale)) AS scales, count(*) AS orders, min((s.counts)::text) AS counts
FROM (SELECT icm_scale_agg(v, 2, 'kmeans', w ORDER BY o) FROM (VALUES (1, 1, 0.1), (1, 2, 1e15), (1, 3, 0.1), (2, 4, 0.1), (1, 5, 0.1)) AS d(v, i, w),
             LATERAL (VALUES (1, i), (2, -i), (3, i * 3 % 7)) AS k(k, o) GROUP BY k) AS c(scale), icm_scale_stats(scale) s;
-- 0 leaves a value out; what is left out has no say
SELECT icm_scale_agg(v, 2, 'kmeans', w)::text = (icm_scale_agg(v, 2, 'kmeans', 1) FILTER (WHERE w > 0))::text AS left_out, icm_scale_agg(v, 2, 'quantile', 0) IS NULL AS all_left_out,
       icm_scale_agg(v, 2, 'quantile', '-0'::float8) IS NULL AS negative_zero, icm_scale_agg(NULL, 2, 'quantile', NULL::float8) IS NULL AS no_value_no_weight
FROM (VALUES (1, 1), (2, 0), (3, 1), (4, 0), (9, 1)) AS d(v, w);
SELECT weight, e.*
FROM (VALUES ('NULL'), ('-1'), ('-5e-324'), ('9e-101'), ('''NaN'''), ('''Infinity'''), ('''-Infinity'''), ('9007199254740994'), ('1e300')) AS v(weight),
     pg_temp.error_of(format('SELECT icm_scale_agg(v, 2, ''kmeans'', %s::float8) FROM generate_series(1, 2) v', weight)) e;
SELECT icm_scale_agg(1, 2, 'quantile', -1);
SELECT icm_scale_agg(1, 2, 'quantile', NULL::float8);
-- together no more than 2^53
SELECT icm_scale_agg(v, 2, 'pareto', 4503599627370496) FROM generate_series(1, 2) v;
SELECT icm_scale_agg(v, 2, 'pareto', 4503599627370496) FROM generate_series(1, 3) v;
SELECT icm_cuts(icm_scale_agg(v, 2, 'pareto', 1e-100)) AS pareto, icm_cuts(icm_scale_agg(v, 2, 'kmeans', 1e-100)) AS kmeans,
       icm_cuts(icm_scale_agg(v, 2, 'quantile', 1e-100)) AS quantile FROM generate_series(1, 3) v;

-- weights that are no whole numbers: the same cuts, and counts in proportion, though sums are rounded
SELECT method, weight, count(*) AS scales,
       count(*) FILTER (WHERE icm_cuts(scale) <> icm_cuts(whole)
           OR (SELECT max(abs(c / weight / w - 1)) FROM unnest((icm_scale_stats(scale)).counts, (icm_scale_stats(whole)).counts) AS u (c, w)) > 1e-12) AS otherwise
FROM (SELECT method, weight, icm_scale_agg(v, grades, method, weight) AS scale, icm_scale_agg(v, grades, method) AS whole
      FROM generate_series(1, 1000) v, unnest('{2,5,7,10,25}'::int[]) grades, unnest('{0.1,0.3,1e-10,1e-100}'::float8[]) weight,
          unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method
      GROUP BY method, weight, grades) s
GROUP BY method, weight ORDER BY method, weight;
SELECT icm_cuts(icm_scale_shares_agg(v, '{0.2,0.5}', 'quantile', 0.1)) AS scaled, icm_cuts(icm_scale_shares_agg(v, '{0.2,0.5}', 'quantile')) AS whole
FROM generate_series(1, 1000) v;

-- fewer grades than asked for, but at least two, or else none; of shares the first ones
SELECT icm_scale_agg(v, 5, 'kmeans', 1, false) FROM generate_series(1, 3) v;
SELECT icm_scale_agg(v, 5, 'kmeans', 1, NULL) FROM generate_series(1, 3) v;
SELECT n, icm_cuts(icm_scale_shares_agg(v, '{0.2,0.5,0.9}', 'quantile', 1, true)) AS quantile, icm_cuts(icm_scale_shares_agg(v, '{0.2,0.5,0.9}', 'pareto', 1, true)) AS pareto
FROM generate_series(1, 5) n, generate_series(1, n) v GROUP BY n ORDER BY n;
SELECT icm_scale_shares_agg(v, '{0.2,0.5,0.9}', 'quantile', 1, false) FROM generate_series(1, 3) v;
SELECT method, icm_cuts(icm_scale_agg(v, 5, method, 1, true)) AS fewer, icm_cuts(icm_scale_agg(v, 3, method, 1, true)) AS enough,
       icm_cuts(icm_scale_agg(v, 3, method, 1, false)) AS without
FROM unnest('{1,1,1,2,7}'::float8[]) v, unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method GROUP BY method ORDER BY method;
SELECT icm_cuts(icm_scale_agg(v, 5, 'logkmeans', 1, true)) AS positive_ones, icm_cuts(icm_scale_agg(v, 5, 'pareto', 1, true)) AS all_of_them
FROM unnest('{-3,-2,0,1,7}'::float8[]) v;
SELECT icm_scale_agg(v, 5, 'kmeans', 1, true) FROM unnest('{4,4}'::float8[]) v;
SELECT icm_scale_agg(v, 5, 'logkmeans', 1, true) FROM unnest('{-4,0,4}'::float8[]) v;
SELECT icm_scale_agg(v, 5, 'pareto', 1, true) FROM unnest('{-4,0}'::float8[]) v;
SELECT icm_scale_agg(1, 5, 'kmeans', 1, NULL);
SELECT icm_scale_agg(v, 5, 'kmeans', 1, v > 1) FROM generate_series(1, 3) v;

-- what cannot be cut
SELECT arguments, e.*
FROM (VALUES ('v, 4, ''kmeans'''), ('v, 4, ''pareto'''), ('v, 3, ''logkmeans'''), ('v, 4, ''logkmeans'''), ('-v * v, 2, ''pareto'''), ('-v * v, 2, ''logkmeans'''),
             ('0 * v, 2, ''pareto'''), ('0 * v, 2, ''kmeans''')) AS a(arguments),
     pg_temp.error_of(format('SELECT icm_scale_agg(%s) FROM generate_series(0, 2) v', arguments)) e;
SELECT icm_scale_agg(v, 4, 'kmeans') FROM generate_series(1, 3) v;
SELECT icm_scale_agg(v, 4, 'logkmeans') FROM generate_series(-3, 3) v;
SELECT icm_scale_agg(0, 2, 'pareto');
SELECT icm_scale_agg(0, 2, 'logkmeans');
SELECT icm_scale_agg(v, 2, CASE WHEN v = 1 THEN 'kmeans' ELSE 'quantile' END) FROM generate_series(1, 3) v;
SELECT icm_scale_agg(1, 2, 'k-means');

-- at shares of the best: ABC analysis, of the value and of the customers
SELECT icm_cuts(icm_scale_shares_agg(v, '{0.8,0.95}', 'pareto')) AS abc, icm_cuts(icm_scale_shares_agg(v, '{0.2,0.5}', 'quantile')) AS customers,
       icm_cuts(icm_scale_shares_agg(v, '{0.5}', 'pareto', w)) AS weighted, icm_scale_shares_agg(NULL, '{0.5}', 'pareto') IS NULL AS only_null
FROM (VALUES (50, 1), (20, 1), (10, 1), (5, 2), (4, 3), (3, 4), (3, 1), (2, 20), (2, 1), (1, 1)) AS d(v, w);
-- 26 grades at 25 shares
SELECT grades, icm_cuts(scale) = ARRAY(SELECT generate_series(75, 99))::float8[] AS as_asked
FROM (SELECT icm_scale_shares_agg(v, ARRAY(SELECT i / 100.0 FROM generate_series(1, 25) i)::float8[], 'quantile') FROM generate_series(0, 99) v) AS s(scale), icm_scale_stats(scale);
SELECT arguments, e.*
FROM (VALUES ('v, ''{0.5}'', ''kmeans'''), ('v, ''{0.5}'', ''logkmeans'''), ('v, ''{0.5}'', ''abc'''), ('v, ''{0.5}'', NULL'), ('v, NULL, ''pareto'''), ('v, ''{}'', ''pareto'''),
             ('v, ''{NULL}'', ''pareto'''), ('v, ''{0.5,NULL}'', ''pareto'''), ('v, ''{{0.5}}'', ''pareto'''), ('v, ''{0}'', ''pareto'''), ('v, ''{1}'', ''pareto'''),
             ('v, ''{80}'', ''pareto'''), ('v, ''{-0.1}'', ''pareto'''), ('v, ''{NaN}'', ''pareto'''), ('v, ''{0.8,0.8}'', ''pareto'''), ('v, ''{0.95,0.8}'', ''quantile'''),
             ('v, ''{0.8,1}'', ''quantile'''), ('v, ARRAY(SELECT i / 100.0 FROM generate_series(1, 26) i)::float8[], ''pareto'''),
             ('v, ARRAY[v / 10.0]::float8[], ''pareto'''), ('v, ''{0.3,0.6}'', ''quantile'''), ('-v, ''{0.3}'', ''pareto'''), ('v, ''{0.5}'', ''pareto'', -1'),
             ('v, ''{0.5}'', ''pareto'', NULL')) AS a(arguments),
     pg_temp.error_of(format('SELECT icm_scale_shares_agg(%s) FROM generate_series(1, 2) v', arguments)) e;
SELECT icm_scale_shares_agg(1, '{80,95}', 'pareto');
SELECT icm_scale_shares_agg(1, '{0.5}', 'kmeans');

-- the text form: what is written reads back to the same bytes
SET extra_float_digits = -15;
SELECT count(*) > 1000 AS cases, count(*) FILTER (WHERE icm_scale_send(scale) IS DISTINCT FROM icm_scale_send(scale::text::icm_scale)) AS otherwise FROM cut;
RESET extra_float_digits;
SELECT E'{ "total" :150, within:  2 +8.0e0\n\t5 ,sums: -1 +1.5 3e2, counts: .5 1 2, method: "kmeans", cuts: 1 2}'::icm_scale AS another_order;
-- one entry of a good text exchanged for another, or for none
CREATE FUNCTION pg_temp.long_form(key text, value text) RETURNS text
LANGUAGE sql AS $$
    SELECT '{' || string_agg(k || ': ' || CASE WHEN k = key THEN value ELSE v END, ', ' ORDER BY o) || '}'
    FROM (VALUES (1, 'cuts', '10 20'), (2, 'method', 'kmeans'), (3, 'counts', '5 3 2'), (4, 'sums', '25 45 60'), (5, 'within', '1 2 3'), (6, 'total', '100')) AS e(o, k, v)
    WHERE k <> key OR value IS NOT NULL
$$;
SELECT pg_temp.long_form('', '')::icm_scale;
SELECT key, left(value, 20) AS value, e.state, e.detail
FROM (VALUES (1, 'cuts', NULL), (2, 'method', NULL), (3, 'counts', NULL), (4, 'sums', NULL), (5, 'within', NULL), (6, 'total', NULL),
             (10, 'cuts', '10'), (11, 'cuts', '10 20 30'), (12, 'cuts', '20 10'), (13, 'cuts', '10 10'), (14, 'cuts', '10,20'), (15, 'cuts', '10 x'), (16, 'cuts', ''), (17, 'cuts', '10 NaN'),
             (18, 'cuts', '{10,20}'), (19, 'cuts', '10 1e309'), (20, 'cuts', (SELECT string_agg(i::text, ' ') FROM generate_series(1, 26) i)),
             (21, 'cuts', (SELECT string_agg(i::text, ' ') FROM generate_series(1, 27) i)), (22, 'cuts', '10-20'),
             (30, 'method', 'given'), (31, 'method', 'Kmeans'), (32, 'method', '""'), (33, 'method', 'kmeans x'), (34, 'method', '3'),
             (40, 'counts', '5 3'), (41, 'counts', '5 3 2 1'), (42, 'counts', '5 0 2'), (43, 'counts', '5 -3 2'), (44, 'counts', '5 Infinity 2'), (45, 'counts', '5 NaN 2'),
             (50, 'sums', '25 45'), (51, 'sums', '25 45 1e309'), (52, 'sums', '25 45 -nan'),
             (60, 'within', '1 2'), (61, 'within', '1 2 -3'), (62, 'within', '1 2 98'), (63, 'within', '0 0 0'), (64, 'within', '50 50 1e-12'),
             (70, 'total', '5'), (71, 'total', '-1'), (72, 'total', 'NaN'), (73, 'total', '100 100'), (74, 'total', '1e309'), (75, 'total', ''),
             (80, 'total', '100} 1'), (81, 'total', '100}}'), (82, 'total', '100, total: 100'), (83, 'total', '100, mean: 1'), (84, 'total', '100,')) AS v(i, key, value),
     pg_temp.error_of(format('SELECT %L::icm_scale', pg_temp.long_form(key, v.value))) e ORDER BY i;
SELECT input, e.state, e.detail FROM (VALUES ('{cuts: 10 20'), ('cuts: 10'), ('{cuts}'), ('{cuts:}'), ('{: 10}'), ('{method: kmeans}'), ('{10, method: kmeans}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_scale', input)) e;
SELECT '{cuts: 10, method: kmeans, counts: 1 1, sums: 1 11, within: 3 4, total: 5}'::icm_scale;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{cuts: 10, method: kmeans, counts: 1 1, sums: 1 11, within: 3 4, total: 15}', 'icm_scale');
        ASSERT NOT pg_input_is_valid('{cuts: 10, method: kmeans, counts: 1 1, sums: 1 11, within: 3 4, total: 5}', 'icm_scale');
        ASSERT NOT pg_input_is_valid('{cuts: 10, method: kmeans}', 'icm_scale');
    END IF;
END
$$;

-- the binary form: version 1, method, padding, number of items, cuts, then count, sum and within of each grade, total; and back
SELECT icm_scale_send('{cuts: 10, method: logkmeans, counts: 3 1, sums: 4 11, within: 0.5 0, total: 2}');
CREATE TEMP TABLE received (LIKE cut);
\copy cut TO 'results/scale_methods.bin' (FORMAT binary)
\copy received FROM 'results/scale_methods.bin' (FORMAT binary)
SELECT count(*) > 1000 AS cases, bool_and(record_image_eq(ROW(c.scale), ROW(r.scale))) AS same,
       bool_and(record_image_eq(ROW(c.scale), ROW(c.scale::text::icm_scale))) AS same_from_text
FROM cut c FULL JOIN received r USING (id, method);
-- crafted: negative zeros; then what is refused
CREATE TEMP TABLE crafted (scale icm_scale);
CREATE FUNCTION pg_temp.message(method int, items float8[], count int DEFAULT NULL) RETURNS bytea
LANGUAGE sql AS $$ SELECT decode('01' || lpad(to_hex(method), 2, '0') || '0000', 'hex') || int4send(coalesce(count, cardinality(items))) || string_agg(float8send(f), NULL ORDER BY o)
                   FROM unnest(items) WITH ORDINALITY u(f, o) $$;
\copy (SELECT pg_temp.message(3, '{-0,1,-0,-0,2,7,-0,0}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
SELECT scale, icm_scale_send(scale) FROM crafted;
TRUNCATE crafted;
-- no such method; items that are not 4 n + 4, with and without a method
\copy (SELECT pg_temp.message(5, '{10,1,1,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(255, '{10,1,1,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(3, '{10}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(3, '{10,1,1,0,1,11,0}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(3, '{10,1,1,0,1,11,0,2,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(3, '{1,2,3,4}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(0, '{10,1,1,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
-- a count that lies; too many grades
\copy (SELECT pg_temp.message(3, '{10,1,1,0,1,11,0,2}', 12)) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(3, '{10,1,1,0,1,11,0,2}', -1)) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(3, array_fill(1::float8, ARRAY[108]))) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
-- cuts, counts, sums, distances and their total are as strict as in text
\copy (SELECT pg_temp.message(1, '{NaN,1,1,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,0,1,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,-1,1,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,NaN,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,1,0,Infinity,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,1,-1,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,1,1,1,11,1.5,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,1,0,1,11,0,Infinity}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,1,0,1,11,0,NaN}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{10,1,1,0,1,11,0,-1}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(1, '{20,10,1,1,0,1,11,0,1,11,0,2}')) TO 'results/scale_methods.bin' (FORMAT binary)
\copy crafted FROM 'results/scale_methods.bin' (FORMAT binary)
SELECT count(*) FROM crafted;

-- Whatever the order, the parts and the plan: the same bytes. Values with ties, of very different sizes.
CREATE TABLE icm_methods AS
    SELECT i, i % 5 AS part, CASE i % 4 WHEN 0 THEN hashint4(i) / 1e7 WHEN 1 THEN abs(hashint4(i)) / 3.0 WHEN 2 THEN i % 37 ELSE exp(hashint4(i) / 1e8) END AS v,
           CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 0.1 * (i % 10) ELSE 1 + abs(hashint4(i)) % 9 END::float8 AS w
    FROM generate_series(1, 5000) i;
ALTER TABLE icm_methods SET (parallel_workers = 2);
ANALYZE icm_methods;
CREATE AGGREGATE pg_temp.state_agg(float8, int, text, float8) (SFUNC = icm_scale_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.shares_state_agg(float8, float8[], text, float8) (SFUNC = icm_scale_shares_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_values_combine, STYPE = bytea, FINALFUNC = icm_scale_final);
SELECT method, count(*) AS orders, count(DISTINCT icm_scale_send(weighted)) AS weighted, count(DISTINCT icm_scale_send(plain)) AS plain
FROM unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method, generate_series(1, 8) k,
     LATERAL (SELECT icm_scale_agg(v, 7, method, w ORDER BY hashint4extended(i, k)), icm_scale_agg(v, 7, method ORDER BY hashint4extended(i, k)) FROM icm_methods) AS s(weighted, plain)
GROUP BY method ORDER BY method;
SELECT method, count(*) AS partitions, count(DISTINCT icm_scale_send(scale)) AS scales, bool_or(scale::text = (SELECT icm_scale_agg(v, 7, method, w)::text FROM icm_methods)) AS of_all
FROM unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method, generate_series(1, 8) k,
     LATERAL (SELECT pg_temp.combine_agg(state) FROM (SELECT pg_temp.state_agg(v, 7, method, w) FROM icm_methods GROUP BY hashint4extended(i, k) % (k * k)) AS p(state)) AS s(scale)
GROUP BY method ORDER BY method;
SELECT method, count(*) AS partitions, count(DISTINCT icm_scale_send(scale)) AS scales,
       bool_or(scale::text = (SELECT icm_scale_shares_agg(v, '{0.1,0.7,0.95}', method, w)::text FROM icm_methods)) AS of_all
FROM unnest('{quantile,pareto}'::text[]) method, generate_series(1, 8) k,
     LATERAL (SELECT pg_temp.combine_agg(state) FROM (SELECT pg_temp.shares_state_agg(v, '{0.1,0.7,0.95}', method, w) FROM icm_methods GROUP BY hashint4extended(i, k) % (k * k)) AS p(state)) AS s(scale)
GROUP BY method ORDER BY method;
-- parts that were asked for other things do not combine
SELECT terms, e.state, e.message
FROM (VALUES ('3, ''kmeans'', 1'), ('2, ''pareto'', 1')) AS v(terms),
     pg_temp.error_of(format('SELECT pg_temp.combine_agg(s) FROM (SELECT pg_temp.state_agg(i, 2, ''kmeans'', 1) FROM generate_series(1, 4) i UNION ALL SELECT pg_temp.state_agg(i, %s) FROM generate_series(1, 4) i) p(s)', terms)) e;
SELECT pg_temp.combine_agg(s) FROM (VALUES (ARRAY[0.5]), (ARRAY[0.25])) AS v(shares), LATERAL (SELECT pg_temp.shares_state_agg(i, shares, 'pareto', 1) FROM generate_series(1, 4) i) AS p(s);
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
-- the whole result of a query for key and scale
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || encode(icm_scale_send(scale), ''hex''), E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query
    SELECT i, format('SELECT 1 AS key, icm_scale_agg(v, 7, %L%s) AS scale FROM icm_methods', method, weight)
    FROM unnest('{quantile,pareto,kmeans,logkmeans}'::text[], '{"",", w","",", w, true"}'::text[]) WITH ORDINALITY u(method, weight, i)
    UNION ALL VALUES (5, 'SELECT part AS key, icm_scale_agg(v, 26, ''kmeans'', w) AS scale FROM icm_methods GROUP BY part'),
                     (6, 'SELECT part AS key, icm_scale_shares_agg(v, ''{0.8,0.95}'', ''pareto'') AS scale FROM icm_methods GROUP BY part'),
                     (7, 'SELECT part AS key, icm_scale_shares_agg(v, ''{0.1,0.2}'', ''quantile'', w) AS scale FROM icm_methods GROUP BY part');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 200 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;
SET work_mem = '64kB';
SELECT id, pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET work_mem;
DROP TABLE icm_methods;

-- by group, and in windows that grow and move
SELECT i % 2 AS part, icm_cuts(icm_scale_agg(i * i, 3, 'kmeans')) FROM generate_series(1, 20) i GROUP BY i % 2 ORDER BY part;
SELECT i, icm_cuts(icm_scale_agg(v, 2, 'kmeans', i) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)) AS growing,
       icm_cuts(icm_scale_agg(v, 2, 'pareto') OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)) AS moving
FROM unnest('{1,2,4,8,100}'::float8[]) WITH ORDINALITY u(v, i);
SELECT icm_cuts(icm_scale_agg(v, 3, 'kmeans')) AS nulls, icm_scale_agg(v, 3, 'kmeans')::text = (icm_scale_agg(v, 3, 'kmeans') FILTER (WHERE v IS NOT NULL))::text AS left_out
FROM unnest('{1,NULL,2,NULL,7,20,NULL}'::float8[]) v;

-- extremes: the largest values there may be, the smallest, and both
SELECT method, icm_cuts(icm_scale_agg(v * 1e99, 2, method)) AS huge, icm_cuts(icm_scale_agg(v * '5e-324'::float8, 2, method)) AS tiny,
       icm_cuts(icm_scale_agg(v, 2, method)) AS usual
FROM unnest('{1,2,3,9,10}'::float8[]) v, unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method GROUP BY method ORDER BY method;
SELECT method, icm_cuts(icm_scale_agg(v, 3, method)) AS far_apart
FROM unnest('{-1e100,-1e-300,0,5e-324,1e-300,1,1e99,1e100}'::float8[]) v, unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method GROUP BY method ORDER BY method;
SELECT method, (s).n, (s).sum, (s).variance_explained, (s).within
FROM (SELECT method, icm_scale_stats(icm_scale_agg(v, 2, method, 1e15)) FROM unnest('{-1e100,1e100,9e99}'::float8[]) v, unnest('{quantile,pareto,kmeans}'::text[]) method GROUP BY method) AS q(method, s) ORDER BY method;
SELECT value, e.* FROM (VALUES ('1.0000000000000002e100'), ('-1.0000000000000002e100'), ('1.7e308'), ('''NaN'''), ('''-Infinity''')) AS v(value),
     pg_temp.error_of(format('SELECT icm_scale_agg(%s, 2, ''kmeans'', 0)', value)) e;
SELECT icm_scale_agg(-1e141, 2, 'kmeans');
-- distances so small that their squares are rounded to the smallest numbers there are: the text still reads back
SELECT scale::text::icm_scale::text = scale::text AS reads_back
FROM (SELECT icm_scale_agg(v, 2, 'quantile', w) FROM (VALUES (-1.8e-162, 1), (0, 10), (1e-200, 10), (1.8e-162, 1)) AS d(v, w)) AS s(scale);
-- values that differ in their last bit only, and clusters far from zero that sums of squares would not tell apart
SELECT icm_cuts(icm_scale_agg(v, 2, 'kmeans')) AS last_bit FROM unnest('{1,1.0000000000000002,1.0000000000000004}'::float8[]) v;
SELECT method, icm_cuts(icm_scale_agg(1e15 + v, 3, method)) AS far_from_zero, (icm_scale_stats(icm_scale_agg(1e15 + v, 3, method))).within AS within
FROM unnest('{0,1,2,10,11,12,13,30,31}'::float8[]) v, unnest('{quantile,kmeans}'::text[]) method GROUP BY method ORDER BY method;
-- 26 grades of 26 values, and of many
SELECT method, icm_cuts(icm_scale_agg(v, 26, method) FILTER (WHERE v <= 26)) = ARRAY(SELECT generate_series(2, 26))::float8[] AS one_each,
       (icm_scale_stats(icm_scale_agg(v, 26, method))).grades, (icm_scale_stats(icm_scale_agg(v, 26, method))).variance_explained > 0.98 AS explained
FROM generate_series(1, 3000) v, unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method GROUP BY method ORDER BY method;

-- a scale with a method is published, looked up and graded by like any other
BEGIN;
SELECT icm_publish('scale', 'by_method', icm_scale_agg(i, 3, 'kmeans')::text) FROM generate_series(1, 30) i;
SELECT body, icm_standard_scale('by_method')::text = body AS same FROM icm.standard WHERE name = 'by_method';
SELECT icm_grade(5, 'by_method'), icm_grade(15, 'by_method'), icm_grade(25, 'by_method'), icm_grade(21.1, 'by_method', 'B', 0.01) AS stable;
ROLLBACK;
-- what no values can have been cut into: means outside their grades, sums that overflow
SELECT e.detail FROM (VALUES ('{cuts: 10 20, method: quantile, counts: 1 1 1, sums: 5000 10 -500, within: 0 0 0, total: 10}'),
             ('{cuts: 10 20, method: pareto, counts: 1 1 1, sums: 5 9 30, within: 0 0 0, total: 400}'),
             ('{cuts: 1, method: quantile, counts: 1e308 1e308, sums: 1e308 1.7e308, within: 0 0, total: 1}')) AS v(scale),
     pg_temp.error_of(format('SELECT %L::icm_scale', scale)) e;
-- but what was cut reads back, however small its weights, values and sums
SELECT count(*) AS scales, count(*) FILTER (WHERE icm_scale_send(scale::text::icm_scale) <> icm_scale_send(scale)) AS otherwise
FROM (SELECT icm_scale_agg((v - shift) * unit, grades, method, weight * w) AS scale
      FROM unnest('{quantile,pareto,kmeans,logkmeans}'::text[]) method, unnest('{1e-310,1e-300,1e-160,1,1e95}'::float8[]) unit,
          unnest('{1e-100,0.1,1,1e10}'::float8[]) weight, unnest('{2,5,26}'::int[]) grades, unnest('{0,40}'::int[]) shift,
          (SELECT v, 1 + v * v % 7 AS w FROM generate_series(1, 80) v) d
      GROUP BY method, unit, weight, grades, shift) s;
-- nor where logarithms are all but equal
SELECT count(*) AS scales, count(*) FILTER (WHERE icm_scale_send(scale::text::icm_scale) <> icm_scale_send(scale)) AS otherwise
FROM (SELECT icm_scale_agg(1234.56 + k * 2.3e-13, grades, 'logkmeans', 1 + (hashint4extended(i, k) & 1073741823)) AS scale
      FROM generate_series(1, 3000) i, generate_series(0, 3) k, unnest('{2,3}'::int[]) grades GROUP BY i, grades) s;
