--
-- icm_fatigue, icm_fatigue_agg and what they say of contacts and responses
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

-- text
SELECT '{A 1 400 31, A 2 350 20, 1 17544 2561}'::icm_fatigue, '{}'::icm_fatigue AS nobody, ' { } '::icm_fatigue AS spaced_nobody;
SELECT E' {A\t0 1 0 ,Z  63\n4398046511104 4398046511104, 0 2 01 , 63 5 5 } '::icm_fatigue AS spaced_and_extreme;
SELECT input, state, detail
FROM (VALUES (''), ('{'), ('1 1 1'), ('[1 1 1]'), ('{1 1 1'), ('{1 1 1}}'), ('{1 1 1} x'), ('{1 1 1,}'), ('{,1 1 1}'), ('{1 1 1 2 1 1}'), ('{1 1 1; 2 1 1}'),
             ('{1}'), ('{1 1}'), ('{A}'), ('{A1 1 1}'), ('{AB 1 1 1}'), ('{a 1 1 1}'), ('{- 1 1 1}'), ('{[ 1 1 1}'), ('{A A 1 1}'),
             ('{64 1 1}'), ('{-1 1 1}'), ('{1.5 1 1}'), ('{99999999999 1 1}'),
             ('{1 0 0}'), ('{1 -1 0}'), ('{1 4398046511105 1}'), ('{1 99999999999999999999 1}'), ('{1 x 1}'), ('{1 2 x}'),
             ('{1 2 3}'), ('{1 2 -1}'), ('{1 2 1.0}'), ('{1 2 NaN}'), ('{1 2 +1}'),
             ('{1 1 1, 1 1 1}'), ('{2 1 1, 1 1 1}'), ('{B 1 1 1, A 1 1 1}'), ('{1 1 1, A 1 1 1}'), ('{A 2 1 1, A 2 1 1}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_fatigue', input)) e;
SELECT '{1 1 1, 1 2 2}'::icm_fatigue;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{1 1 1}', 'icm_fatigue');
        ASSERT NOT pg_input_is_valid('{1 0 0}', 'icm_fatigue');
    END IF;
END
$$;
-- every cell there can be
SELECT n, text::icm_fatigue::text = text AS same, pg_column_size(text::icm_fatigue) AS bytes
FROM (SELECT count(*) AS n, '{' || string_agg(trim(g || ' ' || d || ' 9 ' || d % 9), ', ' ORDER BY i, d) || '}' AS text
      FROM (SELECT CASE WHEN i < 26 THEN chr(65 + i) ELSE '' END AS g, i, d FROM generate_series(0, 26) i, generate_series(0, 63) d) c) all_cells;

-- building
CREATE TEMP TABLE contacted (dose int, responded boolean, grade icm_grade);
INSERT INTO contacted VALUES (1, true, 'B'), (1, false, 'A'), (3, false, 'A'), (1, true, 'A'), (0, false, NULL), (63, true, 'Z'), (1, true, NULL),
    (NULL, NULL, 'A'), (NULL, NULL, NULL);
SELECT icm_fatigue_agg(dose, responded) AS fatigue, icm_fatigue_agg(dose, responded, grade) AS by_grade,
       icm_fatigue_agg(dose, responded, grade) FILTER (WHERE grade = 'A') AS filtered FROM contacted;
SELECT icm_fatigue_agg(dose, responded) IS NULL AS no_rows FROM contacted WHERE false;
SELECT icm_fatigue_agg(dose, responded, grade) IS NULL AS nothing_observed FROM contacted WHERE dose IS NULL;
SELECT * FROM icm_fatigue_cells((SELECT icm_fatigue_agg(dose, responded, grade) FROM contacted));
SELECT icm_fatigue_pool(icm_fatigue_agg(dose, responded, grade))::text = icm_fatigue_agg(dose, responded)::text AS pooled,
       icm_fatigue_pool('{}') AS nobody FROM contacted;
SELECT i, icm_fatigue_agg(d, i > 2) OVER (ORDER BY i) AS growing, icm_fatigue_agg(d, i > 2) OVER (ORDER BY i ROWS 1 PRECEDING) AS moving
FROM (VALUES (1, 5), (2, 0), (3, 5), (4, 5)) AS v(i, d);
SELECT arguments, e.*
FROM (VALUES ('64, true'), ('-1, true'), ('2147483647, false'), ('NULL, true'), ('1, NULL'), ('1, NULL, ''A'''), ('99, true, NULL')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_fatigue_agg(%s)', arguments)) e;
SELECT icm_fatigue_agg(64, true);
SELECT icm_fatigue_agg(NULL, false);
SELECT icm_fatigue_agg(1, NULL);
-- parts
CREATE TEMP TABLE many AS
    SELECT i % 7 AS part, (i * i) % 64 AS dose, i * 31 % 11 < 3 AS responded, nullif(i * 17 % 27, 26) AS g FROM generate_series(1, 20000) i;
ALTER TABLE many ADD grade icm_grade;
UPDATE many SET grade = chr(65 + g)::icm_grade;
SELECT (SELECT icm_rollup(f)::text FROM (SELECT icm_fatigue_agg(dose, responded, grade) AS f FROM many GROUP BY part) p) =
       icm_fatigue_agg(dose, responded, grade)::text AS parts_make_the_whole,
       (SELECT icm_rollup(f)::text FROM (SELECT icm_fatigue_agg(dose, responded, grade) AS f FROM many GROUP BY part ORDER BY part DESC) p) =
       icm_fatigue_agg(dose, responded, grade)::text AS in_any_order,
       icm_rollup(NULL::icm_fatigue) IS NULL AS nothing FROM many;
SELECT count(*) AS cells, count(*) FILTER (WHERE m.n IS DISTINCT FROM c.customers OR m.r IS DISTINCT FROM c.responses) AS wrong
FROM icm_fatigue_cells((SELECT icm_fatigue_agg(dose, responded, grade) FROM many)) c
FULL JOIN (SELECT grade, dose, count(*) AS n, count(*) FILTER (WHERE responded) AS r FROM many GROUP BY 1, 2) m
    ON coalesce(m.grade::text, '-') = coalesce(c.grade::text, '-') AND m.dose = c.dose;
SELECT icm_rollup(f) FROM (VALUES ('{1 4398046511103 5}'::icm_fatigue), ('{1 1 1}')) AS v(f);
SELECT icm_rollup(f) FROM (VALUES ('{1 4398046511103 5}'::icm_fatigue), ('{1 2 1}')) AS v(f);
SELECT icm_fatigue_pool('{A 1 4398046511104 5, B 1 1 1}');
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE fatigue_parallel AS SELECT * FROM many;
EXPLAIN (COSTS off) SELECT icm_fatigue_agg(dose, responded, grade) FROM fatigue_parallel;
SELECT icm_fatigue_agg(dose, responded, grade)::text = (SELECT icm_fatigue_agg(dose, responded, grade)::text FROM many) AS same FROM fatigue_parallel;
DROP TABLE fatigue_parallel;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- states that were never made by the aggregate
SELECT icm_fatigue_combine(NULL, '\x00');
SELECT icm_fatigue_final('\x00');
CREATE AGGREGATE fatigue_of_state(bytea) (SFUNC = icm_fatigue_combine, STYPE = bytea, FINALFUNC = icm_fatigue_final);
SELECT what, state, message FROM (VALUES
    ('empty', ''), ('short', '01000000'), ('version', '0200000000000000000000'), ('used beyond its room', '010000000100000000000000'),
    ('used negative', '01000000ffffffffffffffff'),
    ('grade', '010000000100000000000000' || '1b0100000000000001000000000000000100000000000000'),
    ('dose', '010000000100000000000000' || '004000000000000001000000000000000100000000000000'),
    ('padding', '010000000100000000000000' || '000101000000000001000000000000000100000000000000'),
    ('nobody', '010000000100000000000000' || '000100000000000000000000000000000000000000000000'),
    ('responses', '010000000100000000000000' || '000100000000000001000000000000000200000000000000'),
    ('twice', '010000000200000000000000' || repeat('000100000000000001000000000000000100000000000000', 2))) AS v(what, bytes),
    pg_temp.error_of(format('SELECT fatigue_of_state(%L)', '\x' || bytes)) e;
DROP AGGREGATE fatigue_of_state(bytea);

-- 45,211 customers called by a bank (Moro, Cortez, Rita 2014): calls 1 to 8
CREATE TEMP TABLE bank AS SELECT '{1 17544 2561, 2 12505 1401, 3 5521 618, 4 3522 317, 5 1764 139, 6 1291 92, 7 735 47, 8 540 32}'::icm_fatigue AS calls;
SELECT dose, customers, responses, round(rate::numeric, 12) AS rate, round(lower::numeric, 12) AS lower, round(upper::numeric, 12) AS upper
FROM bank, icm_fatigue_response(calls);
-- Wilson's interval by its formula, and by the probability of its confidence; what is certain has its end there
SELECT count(*) AS doses, bool_and(abs(lower - (centre - half)) < 1e-15 AND abs(upper - (centre + half)) < 1e-15) AS by_formula
FROM bank, icm_fatigue_response(calls, 0.9544997361036416),
    LATERAL (SELECT (responses + 2.0) / (customers + 4) AS centre, 2 / (customers + 4.0) * sqrt(responses * (1 - rate) + 1) AS half) two;
SELECT dose, rate, lower, round(upper::numeric, 12) AS upper FROM icm_fatigue_response('{A 0 10 0, B 2 10 10, C 2 5 5}', 0.99);
SELECT confidence, e.* FROM (VALUES ('0'), ('1'), ('-0.5'), ('NaN'), ('Infinity')) AS v(confidence),
    pg_temp.error_of(format('SELECT icm_fatigue_response(''{1 1 1}'', %L)', confidence)) e;
-- the trend by its definition, in numeric
SELECT abs(t.z - d.z) < 1e-12 AS z, abs(t.chi_square - d.z ^ 2) < 1e-10 AS chi_square, round(log10_p::numeric, 9) AS log10_p,
       abs(log10(p::float8) - log10_p) < 1e-12 AS p
FROM bank, icm_fatigue_trend(calls) t, LATERAL (
    SELECT ((sum(s * r) - sum(s * n) * sum(r) / sum(n)) /
            sqrt(sum(r) / sum(n) * (1 - sum(r) / sum(n)) * (sum(n * s * s) - sum(n * s) ^ 2 / sum(n))))::float8 AS z
    FROM (SELECT dose::numeric AS s, customers::numeric AS n, responses::numeric AS r FROM icm_fatigue_cells(calls)) c) d;
-- far beyond what a float8 holds, p goes on as its logarithm
SELECT round(z::numeric, 6) AS z, p, round(log10_p::numeric, 6) AS log10_p FROM icm_fatigue_trend('{0 100000 20000, 1 100000 60000}');
SELECT * FROM icm_fatigue_trend('{0 10 5, 1 20 10, 2 30 15}') AS none_at_all;
-- the regression; numbers of an independent computation with numpy (Newton's method with the whole information matrix)
SELECT abs(s.slope - -0.162287152318) < 1e-10 AND abs(slope_error - 0.011034222122) < 1e-10 AND abs(intercept - -1.645478388943) < 1e-10 AND
       abs(intercept_error - 0.026683771738) < 1e-10 AND abs(loglik - -15803.9211175515) < 1e-6 AS as_expected,
       z = s.slope / slope_error AS z, abs(log10(p) - log10_p) < 1e-12 AS p FROM bank, icm_fatigue_slope(calls) s;
-- two doses: the slope is the logarithm of the odds ratio, its variance the sum of the reciprocals of the four counts
SELECT abs(slope - ln(60.0 / 40 / (20.0 / 80))) < 1e-12 AND abs(slope_error - sqrt(1.0 / 60 + 1.0 / 40 + 1.0 / 20 + 1.0 / 80)) < 1e-12 AND
       abs(intercept - ln(20.0 / 80)) < 1e-12 AND abs(intercept_error - sqrt(1.0 / 20 + 1.0 / 80)) < 1e-12 AS by_hand
FROM icm_fatigue_slope('{0 100 20, 1 100 60}');

-- The best customers are contacted the most. All together, response seems to rise with contacts; within each grade it falls.
-- Numbers by numpy, as above.
CREATE TEMP TABLE mailed AS
    SELECT '{A 3 100 50, A 4 300 141, A 5 600 264, B 1 400 60, B 2 400 52, B 3 200 22, 0 700 21, 1 300 6}'::icm_fatigue AS by_grade;
SELECT round(t.z::numeric, 10) AS z, round(s.slope::numeric, 10) AS slope, round(slope_error::numeric, 10) AS slope_error,
       round(intercept::numeric, 10) AS intercept, round(loglik::numeric, 8) AS loglik
FROM mailed, unnest(ARRAY[by_grade::text, icm_fatigue_pool(by_grade)::text]) f, icm_fatigue_trend(f::icm_fatigue) t, icm_fatigue_slope(f::icm_fatigue) s;
SELECT grade, round(intercept::numeric, 10) AS intercept, round(intercept_error::numeric, 10) AS error
FROM mailed, icm_fatigue_intercepts(by_grade);
-- a grade that is alone gives what it gives without a name; those in which all or none responded, or all had one dose, change nothing
SELECT icm_fatigue_slope('{A 0 100 20, A 1 100 60}') = icm_fatigue_slope('{0 100 20, 1 100 60}') AS named_slope,
       icm_fatigue_trend('{A 0 100 20, A 1 100 60}') = icm_fatigue_trend('{0 100 20, 1 100 60}') AS named_trend,
       abs((icm_fatigue_slope('{A 0 100 20, A 1 100 60, B 0 5 0, B 3 9 0, C 1 7 7, C 2 8 8, 5 100 10}')).slope -
           (icm_fatigue_slope('{0 100 20, 1 100 60}')).slope) < 1e-12 AS slope;
SELECT grade, round(intercept::numeric, 10) AS intercept
FROM icm_fatigue_intercepts('{A 0 100 20, A 1 100 60, B 0 5 0, B 3 9 0, C 1 7 7, C 2 8 8}');
-- of two doses in each grade, the trend over grades is the test of Mantel and Haenszel
SELECT abs(chi_square - (SELECT sum(a - m1 * n1 / n) ^ 2 / sum(n1 * n0 * m1 * m0 / (n ^ 2 * (n - 1))) FROM (
    SELECT a, n1, n0, a + c AS m1, n1 + n0 - a - c AS m0, n1 + n0 AS n
    FROM (VALUES (30.0, 50.0, 20.0, 60.0), (5, 40, 9, 45), (1, 3, 0, 2)) AS v(a, n1, c, n0)) t)::float8) < 1e-10 AS mantel_haenszel
FROM icm_fatigue_trend('{A 0 60 20, A 1 50 30, B 0 45 9, B 1 40 5, C 0 2 0, C 1 3 1}');

-- nothing to compare: no answer
SELECT what, t.z, s.slope, s.loglik, (SELECT count(dose) FROM icm_fatigue_peak(f::icm_fatigue)) AS peaks
FROM (VALUES ('nobody', '{}'), ('one dose', '{1 10 5}'), ('none responded', '{1 10 0, 2 10 0, 3 5 0}'), ('all responded', '{1 10 10, 2 10 10, 3 5 5}'),
             ('one dose a grade', '{A 1 10 5, B 2 10 8}'), ('all or none a grade', '{A 1 10 10, A 2 10 10, B 1 10 0, B 5 9 0}')) AS v(what, f),
    icm_fatigue_trend(f::icm_fatigue) t, icm_fatigue_slope(f::icm_fatigue) s;
-- separated: there is a trend, but the slope would be infinite
SELECT what, round(t.z::numeric, 6) AS z, s.slope, (SELECT count(*) FROM icm_fatigue_intercepts(f::icm_fatigue) WHERE intercept IS NOT NULL) AS intercepts
FROM (VALUES ('at a dose', '{1 10 0, 2 10 0, 3 10 10}'), ('but for one dose', '{1 10 0, 2 10 4, 3 10 10}'), ('falling', '{1 10 10, 2 10 4, 3 10 0}'),
             ('in each grade', '{A 1 10 0, A 2 10 10, B 5 10 0, B 6 10 10}')) AS v(what, f),
    icm_fatigue_trend(f::icm_fatigue) t, icm_fatigue_slope(f::icm_fatigue) s;
SELECT (icm_fatigue_slope('{A 1 10 0, A 2 10 10, B 5 10 10, B 6 10 0}')).slope IS NOT NULL AS not_in_one_way;

-- peaks: numbers of an independent computation with numpy, Fieller's interval in closed form
CREATE TEMP TABLE humped AS SELECT '{0 1000 100, 1 1000 180, 2 1000 220, 3 1000 200, 4 1000 120}'::icm_fatigue AS f;
SELECT grade, abs(dose - 2.1312048662023892) < 1e-9 AS dose, abs(lower - 1.9892960681651948) < 1e-8 AS lower, abs(upper - 2.283778247701244) < 1e-8 AS upper,
       round(response::numeric, 9) AS response
FROM humped, icm_fatigue_peak(f);
-- without cost the same, whatever the margin; the more a contact costs, the fewer of them
SELECT cost, round(dose::numeric, 8) AS dose, round(lower::numeric, 8) AS lower, round(upper::numeric, 8) AS upper, round(response::numeric, 8) AS response,
       round(profit::numeric, 8) AS profit
FROM humped, unnest(ARRAY[0, 1, 3, 4, 50]) cost, icm_fatigue_peak(f, 50, cost);
-- at the peak another contact brings what it costs
SELECT abs(50 * response * (1 - response) * (b1 - 2 * b2 * dose) - 1) < 1e-6 AS marginal, abs(profit - (50 * response - dose)) < 1e-12 AS profit
FROM humped, icm_fatigue_peak(f, 50, 1), (VALUES (0.894861160755, 0.209942548214)) AS numpy(b1, b2);
SELECT confidence, round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper
FROM humped, unnest(ARRAY[0.5, 0.9, 0.95, 0.999999999999]) confidence, icm_fatigue_peak(f, 1, 0, confidence);
-- a row a grade; response rises and falls alike in all, so that the same dose is best for response, another for profit
SELECT p.grade, round(p.dose::numeric, 6) AS dose, round(p.response::numeric, 6) AS response, round(q.dose::numeric, 6) AS best_for_profit, round(profit::numeric, 6) AS profit
FROM (VALUES ('{A 0 900 300, A 1 900 400, A 2 900 450, A 3 900 420, A 4 900 310, B 0 500 20, B 1 500 35, B 2 500 45, B 3 500 40, B 4 500 22, C 1 9 0, C 2 8 0}'::icm_fatigue)) v(f),
     icm_fatigue_peak(f) p JOIN LATERAL icm_fatigue_peak(f, 50, 1) q ON p.grade = q.grade;
-- no peak: response only rises; it has a low, not a peak; the peak would be beyond the doses
SELECT what, p.* FROM (VALUES ('only rises', '{0 1000 100, 1 1000 150, 2 1000 210, 3 1000 300}'), ('a low', '{0 1000 200, 1 1000 100, 2 1000 100, 3 1000 210}'),
                              ('two doses', '{0 1000 100, 1 1000 150}'), ('beyond', '{0 1000 100, 1 1000 190, 2 1000 270, 3 1000 330}')) AS v(what, f),
    icm_fatigue_peak(f::icm_fatigue) p;
-- too few customers to bound it
SELECT round(dose::numeric, 6) AS dose, lower, upper FROM icm_fatigue_peak('{0 10 2, 1 10 3, 2 10 4, 3 10 3, 4 10 2}');
SELECT arguments, e.* FROM (VALUES ('0, 1'), ('-1, 1'), ('1, -1'), ('''NaN'', 1'), ('1, ''NaN'''), ('''Infinity'', 1'), ('1, ''Infinity'''), ('1e-300, 1e300'),
                                   ('1, 1, 0'), ('1, 1, 1')) AS v(arguments),
    pg_temp.error_of(format('SELECT icm_fatigue_peak(''{1 1 1}'', %s)', arguments)) e;
SELECT icm_fatigue_peak('{1 1 1}', 0, 1);
-- NULL in, NULL out
SELECT icm_fatigue_pool(NULL) IS NULL AS pool, icm_fatigue_trend(NULL) IS NULL AS trend, icm_fatigue_slope(NULL) IS NULL AS slope,
       (SELECT count(*) FROM icm_fatigue_peak(NULL)) AS peaks, (SELECT count(*) FROM icm_fatigue_response(NULL)) AS responses;
