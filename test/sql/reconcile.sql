--
-- icm_wallet_calibrate and icm_wallet_calibration, icm_rake, icm_wallet_peer
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
-- numbers from 0 to 1 that look random
CREATE FUNCTION pg_temp.noise(i int8, stream int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(i, stream) & 1048575) / 1048576.0::float8
$$;

-- ---- calibration -------------------------------------------------------------

-- wallets add up to the total of their market, and none is below own spend
CREATE TEMP TABLE customer (id int PRIMARY KEY, market text, own float8, estimate float8, total float8);
INSERT INTO customer VALUES (1, 'north', 10, 50, 300), (2, 'north', 40, 45, 300), (3, 'north', 5, 60, 300), (4, 'north', 80, 70, 300),
    (5, 'south', 10, 50, 150), (6, 'south', 40, 45, 150), (7, 'south', 5, 60, 150), (8, 'south', 80, 70, 150),
    (9, 'east', 10, 50, 60), (10, 'east', 50, 0, 60), (11, 'east', NULL, 7, 60), (12, 'east', 7, NULL, 60), (13, 'west', 10, 20, NULL);
SELECT id, market, own, estimate, total, round(icm_wallet_calibrate(own, estimate, total) OVER (PARTITION BY market)::numeric, 9) AS wallet
FROM customer ORDER BY id;
SELECT market, (c).at_own, (c).n, (c).own, (c).estimate, (c).total, (c).left_out, (c).left_out_own, round((c).lambda::numeric, 12) AS lambda
FROM (SELECT market, icm_wallet_calibration(own, estimate, total) AS c FROM customer GROUP BY market) m ORDER BY market;
-- the whole partition counts, whatever the frame and the order are
SELECT id, round(icm_wallet_calibrate(own, estimate, total) OVER (ORDER BY id DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)::numeric, 9) AS wallet
FROM customer WHERE market = 'north' ORDER BY id;
SELECT count(*) FILTER (WHERE wallet IS DISTINCT FROM framed OR wallet IS DISTINCT FROM excluded) AS otherwise
FROM (SELECT icm_wallet_calibrate(own, estimate, total) OVER (PARTITION BY market) AS wallet,
             icm_wallet_calibrate(own, estimate, total) OVER (PARTITION BY market ORDER BY id GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS framed,
             icm_wallet_calibrate(own, estimate, total) OVER (PARTITION BY market ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS excluded
      FROM customer) c;
-- arguments are evaluated once for each row: what a volatile one gave is what counts
SELECT round(sum(wallet)::numeric, 9) AS sum, count(DISTINCT wallet) > 900 AS different FROM (SELECT icm_wallet_calibrate(0, random(), 100) OVER () AS wallet FROM generate_series(1, 1000)) c;
SELECT round(sum(wallet)::numeric, 9) AS sum FROM (SELECT icm_wallet_calibrate(random(), random(), 1000) OVER () AS wallet FROM generate_series(1, 1000)) c;
SELECT count(*) BETWEEN 900 AND 999 AS rows, round(sum(wallet)::numeric, 9) AS sum
FROM (SELECT icm_wallet_calibrate(0, CASE WHEN random() < 0.95 THEN 1 END, 100) OVER () AS wallet FROM generate_series(1, 1000)) c WHERE wallet IS NOT NULL;
-- a total that is own spend, or less only by rounding; nothing to share out
SELECT icm_wallet_calibrate(own, 1, 0.3) OVER () AS wallet FROM (VALUES (0.1::float8), (0.2)) v(own);
SELECT icm_wallet_calibrate(own, 0, 3) OVER () AS wallet FROM (VALUES (1::float8), (2)) v(own);
SELECT icm_wallet_calibrate('-0', 0, '-0') OVER () AS zero, icm_wallet_calibrate(NULL, 1, 0) OVER () AS nobody, icm_wallet_calibrate(1, 1, NULL) OVER () AS nothing;
SELECT (icm_wallet_calibration(1, 0, 1)).*;
-- who is left out is counted, with own spend where it is known, to the bit in any order; two NULLs are nobody
SELECT count(*) AS orders, min((c).n) AS n, min((c).own) AS own, min((c).left_out) AS left_out, min((c).left_out_own) AS left_out_own
FROM (SELECT icm_wallet_calibration(own, estimate, 100 ORDER BY hashint4extended(i, k)) AS c
      FROM (VALUES (1, 1::float8, 2::float8), (2, NULL, 5), (3, NULL, 0), (4, 1e16, NULL), (5, 1, NULL), (6, 0.25, NULL), (7, 0.75, NULL), (8, 0, NULL), (9, NULL, NULL), (10, 4, 0)) v(i, own, estimate),
           generate_series(1, 20) k GROUP BY k) c GROUP BY c::text;
-- they may all be, where there is nothing to share out
SELECT (icm_wallet_calibration(own, NULL, 0)).* FROM (VALUES (3::float8), (4), (NULL)) v(own);
SELECT icm_wallet_calibration(1, 1, NULL) IS NULL AS no_total, (SELECT icm_wallet_calibration(own, 1, 1) FROM customer WHERE false) IS NULL AS no_rows;

-- where the total is own spend lambda lifts nobody, also if own / estimate is rounded up
SELECT own, estimate, own / estimate * estimate > own AS rounded_up, (c).at_own, (c).n, (c).lambda * estimate <= own AS leaves, icm_wallet_calibrate(own, estimate, own) OVER (PARTITION BY own) = own AS left_at_it
FROM (SELECT own, estimate, icm_wallet_calibration(own, estimate, own) AS c FROM (VALUES (7::float8, 25::float8), (155.03, 64.96), (5, 49)) v(own, estimate) GROUP BY own, estimate) v ORDER BY own;

-- random markets, against lambda by prefix sums in exact arithmetic: (total - own spend of the others) / estimates of the
-- customers with the lowest own / estimate, for the only number of them to which it belongs
CREATE TEMP TABLE market AS
SELECT m, i, own, estimate, sum(own) OVER w * (1 + pg_temp.noise(m, 9)) + 0.5 AS total
FROM (SELECT m, i, round((100 * pg_temp.noise(i, m) ^ 3)::numeric, m % 3)::float8 AS own,
             CASE WHEN pg_temp.noise(i, -m) < 0.1 THEN 0 ELSE round((200 * pg_temp.noise(i, m + 1000))::numeric, m % 2)::float8 END AS estimate
      FROM generate_series(1, 200) m, generate_series(1, 1 + m * 7 % 150) i) s
WINDOW w AS (PARTITION BY m);
DELETE FROM market WHERE m IN (SELECT m FROM market GROUP BY m HAVING max(estimate) = 0);
CREATE TEMP TABLE calibrated AS
SELECT *, icm_wallet_calibrate(own, estimate, total) OVER (PARTITION BY m ORDER BY i) AS wallet,
       icm_wallet_calibrate(own, estimate, total) OVER (PARTITION BY m ORDER BY own DESC, i) AS other_order
FROM market;
CREATE TEMP TABLE lambda AS
SELECT m, lambda FROM (
    SELECT m, ratio, lead(ratio) OVER (PARTITION BY m ORDER BY ratio) AS next, (total - rest) / scaled AS lambda
    FROM (SELECT m, ratio, max(total::numeric) AS total, sum(sum(estimate::numeric)) OVER (PARTITION BY m ORDER BY ratio) AS scaled,
                 sum(sum(own::numeric)) OVER (PARTITION BY m) - sum(sum(own::numeric)) OVER (PARTITION BY m ORDER BY ratio) AS rest
          FROM (SELECT m, own, estimate, total, CASE WHEN estimate > 0 THEN own::numeric / estimate::numeric ELSE 1e30 END AS ratio FROM market) r
          GROUP BY m, ratio) s
    WHERE scaled > 0 AND ratio < 1e30) l
WHERE lambda >= ratio AND (next IS NULL OR lambda < next);
SELECT count(*) > 190 AS markets, count(l.lambda) = count(*) AS found, max(abs((c).lambda / l.lambda::float8 - 1)) < 1e-12 AS same,
       max((c).at_own) > 20 AS some_at_own
FROM (SELECT m, icm_wallet_calibration(own, estimate, total) AS c FROM market GROUP BY m) a LEFT JOIN lambda l USING (m);
SELECT max(abs(sum / total - 1)) < 1e-14 AS adds_up FROM (SELECT sum(wallet::numeric)::float8, total FROM calibrated GROUP BY m, total) s;
SELECT bool_and(wallet >= own) AS never_below, bool_and(wallet = greatest(own, (c).lambda * estimate)) AS by_lambda, bool_and(wallet = other_order) AS any_order
FROM calibrated JOIN (SELECT m, icm_wallet_calibration(own, estimate, total) AS c FROM market GROUP BY m) a USING (m);

-- parallel and serial, forwards and backwards: the same to the bit
CREATE TEMP TABLE wide AS SELECT i, 100 * pg_temp.noise(i, 1) ^ 3 AS own, 200 * pg_temp.noise(i, 2) AS estimate FROM generate_series(1, 30000) i;
CREATE TABLE reconcile_shared AS SELECT * FROM wide;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT icm_wallet_calibration(own, estimate, 2e6) FROM reconcile_shared;
CREATE TEMP TABLE parallel AS SELECT (icm_wallet_calibration(own, estimate, 2e6)).* FROM reconcile_shared;
COMMIT;
DROP TABLE reconcile_shared;
SELECT count(*) AS results FROM (
    SELECT * FROM parallel
    UNION SELECT (icm_wallet_calibration(own, estimate, 2e6 ORDER BY i)).* FROM wide
    UNION SELECT (icm_wallet_calibration(own, estimate, 2e6 ORDER BY i DESC)).* FROM wide) u;

-- an aggregate may be a window function, with a filter
SELECT count(*) AS rows, bool_and(c IS NOT DISTINCT FROM (SELECT icm_wallet_calibration(own, estimate, 2e5) FROM wide o WHERE o.i BETWEEN w.i - 20 AND w.i AND o.i % 3 > 0)) AS as_by_itself
FROM (SELECT i, icm_wallet_calibration(own, estimate, 2e5) FILTER (WHERE i % 3 > 0) OVER (ORDER BY i ROWS 20 PRECEDING) AS c FROM wide WHERE i <= 60) w;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('-1, 1, 5'), ('1, -1, 5'), ('1, 1, -5'), ('''NaN'', 1, 5'), ('1, ''Infinity'', 5'), ('1, 1, ''NaN'''), ('1e281, 1, 5'),
             ('2, 1, 1.9'), ('1, 0, 2'), ('NULL, 1, 2'), ('1, NULL, 2'), ('NULL, NULL, 2'), ('NULL, -1, 2'), ('-1, NULL, 2'), ('0, 1e-300, 1e280'),
             ('0, 1, 5e-324'), ('0, 1, 9.9e-281'), ('0, 1e280, 1e-280'), ('0, 1e100, 1e-209')) v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_calibrate(%s) OVER ()', arguments)) e;
SELECT e.* FROM (VALUES ('icm_wallet_calibrate(own, estimate, total) OVER ()'), ('icm_wallet_calibration(own, estimate, total)'),
                        ('icm_wallet_calibration(own, estimate, CASE WHEN id < 3 THEN 500 END)')) v(call),
     pg_temp.error_of(format('SELECT %s FROM (SELECT * FROM customer ORDER BY id) c', call)) e;
SELECT arguments, e.*
FROM (VALUES ('-1, 1, 5'), ('1, ''NaN'', 5'), ('1, 1, ''Infinity'''), ('2, 1, 1.9'), ('1, 0, 2'), ('NULL, 1, 2'), ('1, NULL, 2'), ('NULL, NULL, 2'), ('NULL, -1, 2'), ('-1, NULL, 2')) v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_calibration(%s)', arguments)) e;
SELECT icm_wallet_calibrate(2, 1, 1) OVER ();
SELECT icm_wallet_calibrate(NULL, 1, 5) OVER ();
SELECT icm_wallet_calibration(own, NULL, 5) FROM (VALUES (3::float8), (4)) v(own);
-- refunds
SELECT icm_wallet_calibrate(-1, 1, 5) OVER ();
SELECT icm_wallet_calibration(1, -1, 5);
SELECT icm_wallet_calibration(1, 1, -5);
-- support functions, and states that are none
SELECT icm_calibration_accum(NULL, 1, 1, 1);
SELECT icm_calibration_combine(NULL, NULL);
SELECT bytes, e.* FROM (VALUES (''), ('00'), (repeat('00', 60)), ('01000000' || repeat('00', 8) || repeat('ff', 8)),
    ('01000000' || repeat('00', 8) || '0200000000000000' || repeat('00', 16)), ('01000000' || '000000000000f0bf' || repeat('00', 8)),
    ('01000000' || repeat('00', 8) || '0100000000000000' || '000000000000f0bf' || repeat('00', 8)),
    ('01000000' || repeat('00', 8) || '0100000000000000' || '000000000000f87f' || '000000000000f87f'),
    ('01000000' || repeat('00', 8) || '0100000000000000' || '000000000000f0bf' || '000000000000f87f')) v(bytes),
    pg_temp.error_of(format('SELECT icm_calibration_final(decode(%L, ''hex''))', bytes)) e;

-- ---- raking ------------------------------------------------------------------

-- a table of 4 x 4, and its totals; it converges to a table that meets them and keeps all cross-product ratios, and there
-- is only one such
CREATE TEMP TABLE cell (i int, j int, estimate float8);
INSERT INTO cell SELECT i, j, (ARRAY[40, 30, 20, 10, 35, 50, 100, 75, 30, 80, 70, 120, 20, 30, 40, 50])[i * 4 + j - 4]
FROM generate_series(1, 4) i, generate_series(1, 4) j;
CREATE TEMP VIEW raked AS
SELECT *, icm_rake(estimate, ARRAY['row ' || i, 'column ' || j], ARRAY[row_total, column_total], 1e-14) OVER () AS wallet
FROM (SELECT *, (ARRAY[150, 300, 400, 150])[i]::float8 AS row_total, (ARRAY[200, 300, 400, 100])[j]::float8 AS column_total FROM cell) c;
SELECT i, round(sum(wallet) FILTER (WHERE j = 1)::numeric, 2) AS "1", round(sum(wallet) FILTER (WHERE j = 2)::numeric, 2) AS "2",
       round(sum(wallet) FILTER (WHERE j = 3)::numeric, 2) AS "3", round(sum(wallet) FILTER (WHERE j = 4)::numeric, 2) AS "4",
       round(sum(wallet)::numeric, 9) AS sum FROM raked GROUP BY ROLLUP (i) ORDER BY i;
SELECT (SELECT max(abs(sum / row_total - 1)) FROM (SELECT sum(wallet), row_total FROM raked GROUP BY i, row_total) s) < 1e-13 AS rows,
       (SELECT max(abs(sum / column_total - 1)) FROM (SELECT sum(wallet), column_total FROM raked GROUP BY j, column_total) s) < 1e-13 AS columns,
       (SELECT max(abs(((a.wallet * d.wallet) / (b.wallet * c.wallet)) / ((a.estimate * d.estimate) / (b.estimate * c.estimate)) - 1))
        FROM raked a JOIN raked b ON b.i = a.i JOIN raked c ON c.j = a.j JOIN raked d ON d.i = c.i AND d.j = b.j) < 1e-12 AS ratios;
-- 2 x 2, in closed form: with r = ad / bc the first is a root of x (n - p - q + x) = r (p - x) (q - x)
SELECT r, round(icm_rake(estimate, ARRAY[i, j], ARRAY[row_total, column_total]) OVER (PARTITION BY r)::numeric, 8) AS raked,
       CASE WHEN i = 'p' AND j = 'q' THEN round((((10 * r + 2) - sqrt((10 * r + 2) ^ 2 - 4 * (r - 1) * 24 * r)) / (2 * (r - 1)))::numeric, 8) END AS root
FROM (SELECT r, i, j, CASE WHEN i = 'p' AND j = 'q' THEN r ELSE 1 END AS estimate, 6 AS row_total, CASE j WHEN 'q' THEN 4 ELSE 8 END AS column_total
      FROM unnest(ARRAY[2, 10, 0.1]::float8[]) r, unnest(ARRAY['p', 'P']) i, unnest(ARRAY['q', 'Q']) j) c ORDER BY r, i COLLATE "C" DESC, j COLLATE "C" DESC;
-- one margin is sharing in proportion; estimates NULL take no part, zero stays zero; margins NULL: the estimate stays; a total of 0
SELECT id, estimate, margins, icm_rake(estimate, margins, totals) OVER () AS raked
FROM (VALUES (1, 1::float8, '{a}'::text[], '{12}'::float8[]), (2, 2, '{a}', '{12}'), (3, 3, '{a}', '{12}'), (4, 0, '{a}', '{12}'), (5, NULL, '{a}', '{12}'),
             (6, 5, '{NULL}', '{NULL}'), (7, 5, NULL, NULL), (8, 7, '{b}', '{0}'), (9, '-0', NULL, '{}')) v(id, estimate, margins, totals) ORDER BY id;
SELECT icm_rake(1, ARRAY['a'], ARRAY[2.0], NULL) OVER () AS tolerance, icm_rake(1, ARRAY['a'], ARRAY[2.0], 0.1, NULL) OVER () AS iterations,
       icm_rake(1, ARRAY['a'], ARRAY[2.0], 0.1, 1) OVER () AS neither, icm_rake(NULL, NULL, NULL) OVER () AS nothing;
-- neither a frame nor a volatile estimate changes what the cells add up to
SELECT count(*) FILTER (WHERE a IS DISTINCT FROM b) AS otherwise
FROM (SELECT icm_rake(i, ARRAY['c' || i % 3], ARRAY[i % 3 + 1]) OVER () AS a,
             icm_rake(i, ARRAY['c' || i % 3], ARRAY[i % 3 + 1]) OVER (ORDER BY i DESC ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS b FROM generate_series(1, 100) i) r;
SELECT cell, round(sum(raked)::numeric, 9) AS sum
FROM (SELECT i % 2 AS cell, icm_rake(random(), ARRAY['c' || i % 2], ARRAY[100 * (i % 2 + 1)]) OVER () AS raked FROM generate_series(1, 1000) i) r GROUP BY cell ORDER BY cell;
SELECT round(sum(raked)::numeric, 9) AS sum, count(raked) BETWEEN 900 AND 999 AS rows
FROM (SELECT icm_rake(CASE WHEN random() < 0.95 THEN 1 END, CASE WHEN random() < 2 THEN ARRAY['c'] END, ARRAY[100]) OVER () AS raked FROM generate_series(1, 1000) i) r;
-- the smallest estimates and totals: nothing is lost of a total
SELECT estimate, total, count(*) AS rows, min(raked) > 0 AS positive, abs(sum(raked) / total - 1) < 1e-12 AS met
FROM (SELECT estimate, total, icm_rake(estimate, ARRAY['c'], ARRAY[total]) OVER (PARTITION BY estimate, total) AS raked
      FROM unnest('{5e-324,1,1e280}'::float8[]) estimate, unnest('{1e-280,1,1e280}'::float8[]) total, generate_series(1, 1000) i) r GROUP BY estimate, total ORDER BY estimate, total;
-- cells are compared to the letter; the same array in another representation is the same cells
SELECT margins, icm_rake(1, margins, totals) OVER () AS raked
FROM (VALUES ('{a,x}'::text[], '{6,10}'::float8[]), ('{A,x}', '{1,10}'), ('{" a",x}', '{3,10}'), ('[0:1]={a,x}', '[5:6]={6,10}')) v(margins, totals);

-- three margins, of which one is not complete; totals of hidden wallets; the order of the rows has no say
CREATE TEMP TABLE household AS
SELECT i, region, age, brand, exp(3 * pg_temp.noise(i, 3)) AS estimate, sum(wallet) OVER (PARTITION BY region) AS region_total,
       sum(wallet) OVER (PARTITION BY age) AS age_total, CASE WHEN brand IS NOT NULL THEN sum(wallet) OVER (PARTITION BY brand) END AS brand_total
FROM (SELECT i, 'region ' || i % 7 AS region, 'age ' || i % 5 AS age, CASE WHEN i % 3 > 0 THEN 'brand ' || i % 11 END AS brand, exp(2 * pg_temp.noise(i, 4)) AS wallet
      FROM generate_series(1, 5000) i) s;
CREATE TEMP TABLE reconciled AS
SELECT *, icm_rake(estimate, ARRAY[region, age, brand], ARRAY[region_total, age_total, brand_total]) OVER (ORDER BY i) AS wallet,
       icm_rake(estimate, ARRAY[region, age, brand], ARRAY[region_total, age_total, brand_total]) OVER (ORDER BY estimate, i DESC) AS other_order
FROM household;
SELECT k, max(abs(sum / total - 1)) < 1e-10 AS met FROM (
    SELECT 'region' AS k, sum(wallet), region_total AS total FROM reconciled GROUP BY region, region_total
    UNION ALL SELECT 'age', sum(wallet), age_total FROM reconciled GROUP BY age, age_total
    UNION ALL SELECT 'brand', sum(wallet), brand_total FROM reconciled WHERE brand IS NOT NULL GROUP BY brand, brand_total) s GROUP BY k ORDER BY k;
SELECT bool_and(wallet = other_order) AS any_order, count(DISTINCT round((wallet / estimate)::numeric, 12)) AS factors, count(DISTINCT (region, age, brand)) AS combinations FROM reconciled;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('-1, ''{a}'', ''{1}'''), ('''NaN'', ''{a}'', ''{1}'''), ('1e281, ''{a}'', ''{1}'''), ('1, ''{a}'', ''{-1}'''), ('1, ''{a}'', ''{NaN}'''), ('1, ''{a}'', ''{Infinity}'''), ('1e280, ''{a}'', ''{5e-324}'''), ('1, ''{a}'', ''{9.9e-281}'''),
             ('1, ''{a}'', ''{NULL}'''), ('1, ''{a}'', NULL'), ('1, ''{a,b}'', ''{1}'''), ('1, ''{}'', ''{}'''), ('1, ''{{a}}'', ''{{1}}'''),
             ('1, array_fill(''a''::text, ''{101}''), array_fill(1, ''{101}'')::float8[]'), ('1, ''{a}'', ''{1}'', 0'), ('1, ''{a}'', ''{1}'', 1'), ('1, ''{a}'', ''{1}'', ''NaN'''),
             ('1, ''{a}'', ''{1}'', 0.1, 0'), ('1, ''{a,b}'', ''{1,2}'''), ('0, ''{a,b}'', ''{0,2}'''), ('NULL, ''{a,b}'', ''{0,2}''')) v(arguments),
     pg_temp.error_of(format('SELECT icm_rake(%s) OVER ()', arguments)) e;
SELECT call, e.* FROM (VALUES ('(1, ''{a}''::text[], ''{1}''::float8[]), (1, ''{a}'', ''{2}'')'), ('(1, ''{a}''::text[], ''{1}''::float8[]), (1, ''{a,b}'', ''{1,2}'')'),
        ('(1, ''{a,x}''::text[], ''{1,4}''::float8[]), (1, ''{b,x}'', ''{2,4}'')'), ('(1, ''{a,x}''::text[], ''{1,0}''::float8[]), (1, ''{b,y}'', ''{2,3}'')'),
        ('(1, ''{a,x}''::text[], ''{1,2}''::float8[]), (1, ''{b,y}'', ''{2,1}'')'), ('(1, ''{a,b}''::text[], ''{1,1}''::float8[]), (1, ''{a,b}'', NULL)')) v(call),
     pg_temp.error_of(format('SELECT icm_rake(estimate, margins, totals) OVER () FROM (VALUES %s) v(estimate, margins, totals)', call)) e;
SELECT e.* FROM pg_temp.error_of('SELECT icm_rake(1, ''{a}'', ''{1}'', i / 10.0) OVER () FROM generate_series(1, 2) i') e;
SELECT icm_rake(1, margins, totals) OVER () FROM (VALUES ('{a,x}'::text[], '{1,4}'::float8[]), ('{b,x}', '{2,4}')) v(margins, totals);
SELECT icm_rake(-1, '{a}', '{1}') OVER ();
SELECT icm_rake(1, '{a}', '{-1}') OVER ();

-- it can be canceled, however many iterations are allowed
SET statement_timeout = 100;
SELECT icm_rake(1, margins, totals, 1e-10, 2147483647) OVER () FROM (VALUES ('{a,x}'::text[], '{2,3}'::float8[]), ('{a,y}', '{2,2}'), ('{b,y}', '{3,2}')) v(margins, totals);
RESET statement_timeout;

-- ---- peers -------------------------------------------------------------------

-- on a line: of the two nearest, and of three, both that are as far away as the third
SELECT i, own, icm_wallet_peer(own, ARRAY[i], 2, 1) OVER w AS two, icm_wallet_peer(own, ARRAY[i], 3, 1) OVER w AS three,
       icm_wallet_peer(own, ARRAY[i], 2, 0.5) OVER w AS median, icm_wallet_peer(NULL, ARRAY[i], 2, 0.5) OVER w AS nobody, icm_wallet_peer(own, ARRAY[i], 10, 0.5) OVER w AS too_few
FROM (SELECT i, (i * 7 % 11 * 10)::float8 AS own FROM generate_series(1, 10) i) c WINDOW w AS (ORDER BY i) ORDER BY i;

-- all pairs in SQL, in three segments, with prospects, whose spend is not known, and rows without x; the columns are of different scale, one is constant
CREATE TEMP TABLE profile AS
SELECT i, i % 3 AS segment, CASE WHEN i % 10 > 0 THEN round((100 * pg_temp.noise(i, 5) ^ 2)::numeric, 1)::float8 END AS own,
       floor(8 * pg_temp.noise(i, 6)) AS a, CASE WHEN i % 3 = 1 THEN floor(4 * pg_temp.noise(i, 7)) ELSE 1000 * pg_temp.noise(i, 7) END AS b, 42 AS c, i % 50 > 0 AS given
FROM generate_series(1, 900) i;
CREATE TEMP TABLE peer AS
SELECT *, icm_wallet_peer(own, CASE WHEN given THEN ARRAY[a, b, c] END, 7, 0.8) OVER (PARTITION BY segment ORDER BY i) AS wallet,
       icm_wallet_peer(own, CASE WHEN given THEN ARRAY[a, b, c] END, 7, 0.8) OVER (PARTITION BY segment ORDER BY own, i DESC) AS other_order
FROM profile;
CREATE TEMP TABLE brute AS
SELECT p.i, greatest(p.own, (
    SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY own)
    FROM (SELECT q.own, distance, nth_value(distance, 7) OVER (ORDER BY distance ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS seventh
          FROM profile q, LATERAL (SELECT (p.a - q.a) ^ 2 / v.a + (p.b - q.b) ^ 2 / v.b AS distance) d
          WHERE q.segment = p.segment AND q.i <> p.i AND q.given AND q.own IS NOT NULL) s
    WHERE distance <= seventh * (1 + 1e-12))) AS wallet
FROM profile p JOIN (SELECT segment, var_pop(a) AS a, var_pop(b) AS b FROM profile WHERE given AND own IS NOT NULL GROUP BY segment) v USING (segment)
WHERE given;
SELECT count(*) AS rows, count(peer.wallet) AS estimates, count(*) FILTER (WHERE peer.wallet IS DISTINCT FROM brute.wallet) AS wrong,
       bool_and(peer.wallet >= peer.own) AS never_below, bool_and(peer.wallet = peer.other_order) AS any_order,
       count(*) FILTER (WHERE peer.own IS NULL AND peer.wallet > 0) > 50 AS prospects
FROM peer LEFT JOIN brute USING (i);
-- a prospect has no say in the wallets of others: not one who is far off, as by a typo, nor one who alone differs in a column
SELECT count(*) FILTER (WHERE wallet <> with_prospects) AS differ, count(with_prospects) FILTER (WHERE i > 900) AS prospects
FROM (SELECT i, wallet, icm_wallet_peer(own, CASE WHEN given THEN ARRAY[a, b, c] END, 7, 0.8) OVER (PARTITION BY segment) AS with_prospects
      FROM (SELECT i, segment, own, given, a, b, c, wallet FROM peer UNION ALL SELECT 901, 0, NULL, true, 3, 1e9, 42, NULL UNION ALL SELECT 902, 1, NULL, true, -1e300, 2, 7, NULL) p) s;
-- the unit of a column has no say, but for rounding
SELECT count(*) FILTER (WHERE wallet <> in_other_units) AS differ
FROM (SELECT wallet, icm_wallet_peer(own, CASE WHEN given THEN ARRAY[a * 4, b / 1024, c] END, 7, 0.8) OVER (PARTITION BY segment) AS in_other_units FROM peer) s;
-- a crowd of equal rows: each has all others for peers
SELECT DISTINCT icm_wallet_peer(i, ARRAY[1, 2], 10, 0.5) OVER () AS wallet FROM generate_series(1, 5) i;
SELECT count(*) AS rows, count(*) FILTER (WHERE wallet = greatest(i, CASE WHEN i <= 2500 THEN 2501 ELSE 2500 END)) AS as_expected
FROM (SELECT i, icm_wallet_peer(i, ARRAY[1, 2], 10, 0.5) OVER () AS wallet FROM generate_series(1, 5001) i) s;
-- flags and age bands: few distinct x, some of them rare, so that all of a crowd are as far away as the k-th; all pairs of some in SQL
CREATE TEMP TABLE flagged AS
SELECT i, CASE WHEN i % 10 > 0 THEN round((100 * pg_temp.noise(i, 8) ^ 2)::numeric)::float8 END AS own, (pg_temp.noise(i, 9) < 0.02)::int AS a,
       (pg_temp.noise(i, 10) < 0.02)::int AS b, (pg_temp.noise(i, 11) < 0.3)::int AS c, 10 * floor(6 * pg_temp.noise(i, 12)) AS age
FROM generate_series(1, 100000) i;
WITH sample AS MATERIALIZED (SELECT * FROM flagged WHERE i <= 700)
SELECT count(*) AS rows, count(*) FILTER (WHERE wallet IS DISTINCT FROM greatest(own, quantile)) AS wrong, count(DISTINCT (a, b, c, age)) AS distinct_x, bool_and(wallet = other_order) AS any_order
FROM (SELECT *, icm_wallet_peer(own, ARRAY[a, b, c, age], 20, 0.8) OVER (ORDER BY i) AS wallet,
             icm_wallet_peer(own, ARRAY[a, b, c, age], 20, 0.8) OVER (ORDER BY own, i DESC) AS other_order FROM sample) p,
     (SELECT var_pop(a) AS va, var_pop(b) AS vb, var_pop(c) AS vc, var_pop(age) AS vage FROM sample WHERE own IS NOT NULL) v,
     LATERAL (SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY own) AS quantile
              FROM (SELECT q.own FROM sample q WHERE q.i <> p.i AND q.own IS NOT NULL
                    ORDER BY (p.a - q.a) ^ 2 / va + (p.b - q.b) ^ 2 / vb + (p.c - q.c) ^ 2 / vc + (p.age - q.age) ^ 2 / vage FETCH FIRST 20 ROWS WITH TIES) s) l;
-- of all, the prospects whose peers are those with the same x
SELECT count(*) > 9000 AS prospects, count(*) FILTER (WHERE wallet IS DISTINCT FROM quantile) AS wrong
FROM (SELECT *, icm_wallet_peer(own, ARRAY[a, b, c, age], 20, 0.8) OVER () AS wallet FROM flagged) p
     JOIN (SELECT a, b, c, age, percentile_disc(0.8) WITHIN GROUP (ORDER BY own) AS quantile FROM flagged GROUP BY a, b, c, age HAVING count(own) >= 20) q USING (a, b, c, age)
WHERE own IS NULL;
-- as many peers as there can be, and more; the lowest and the highest of them
SELECT i, own, icm_wallet_peer(own, ARRAY[i % 2], 2, 0) OVER () AS lowest, icm_wallet_peer(own, ARRAY[i % 2], 2, 1) OVER () AS highest,
       icm_wallet_peer(own, ARRAY[i % 2], 3, 1) OVER () AS prospect, icm_wallet_peer(own, ARRAY[i % 2], 2147483647, 1) OVER () AS too_many
FROM (VALUES (1, 10::float8), (2, 20), (3, 30), (4, NULL)) v(i, own) ORDER BY i;
-- NULLs
SELECT icm_wallet_peer(1, NULL, 1, 0.5) OVER () AS x, icm_wallet_peer(1, '{1}', NULL, 0.5) OVER () AS k, icm_wallet_peer(1, '{1}', 1, NULL) OVER () AS tau,
       icm_wallet_peer(1, '{1}', 1, 0.5) OVER () AS alone;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('-1, ''{1}'', 1, 0.5'), ('''NaN'', ''{1}'', 1, 0.5'), ('1e281, ''{1}'', 1, 0.5'), ('1, ''{NaN}'', 1, 0.5'), ('1, ''{1,-Infinity}'', 1, 0.5'), ('1, ''{1,NULL}'', 1, 0.5'),
             ('1, ''{}'', 1, 0.5'), ('1, ''{{1}}'', 1, 0.5'), ('1, array_fill(1, ''{101}'')::float8[], 1, 0.5'), ('1, ''{1}'', 0, 0.5'), ('1, ''{1}'', 1, -0.1'), ('1, ''{1}'', 1, 1.1'), ('1, ''{1}'', 1, ''NaN''')) v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_peer(%s) OVER ()', arguments)) e;
SELECT call, e.* FROM (VALUES ('1, array_fill(1, ARRAY[i])::float8[], 1, 0.5'), ('1, ''{1}'', i, 0.5'), ('1, ''{1}'', 1, 1.0 / i'), ('1, ''{1}'', nullif(i, 2), 0.5')) v(call),
    pg_temp.error_of(format('SELECT icm_wallet_peer(%s) OVER () FROM generate_series(1, 2) i', call)) e;
SELECT icm_wallet_peer(-1, '{1}', 1, 0.5) OVER ();
