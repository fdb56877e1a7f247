--
-- icm_wallet_share_interval, icm_wallet_change and icm_wallet_change_agg
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
CREATE FUNCTION pg_temp.near(a float8, b float8, digits int DEFAULT 13) RETURNS boolean
LANGUAGE sql AS $$ SELECT abs(a - b) <= 10::float8 ^ -digits * abs(b) $$;

-- by hand: R = 225 / 1200 = .1875; residuals 6.25, 12.5, -18.75, squares 546.875 in sum; sqrt(1.5 * 546.875) / 1200
SELECT share, round(std_error::numeric, 15) AS std_error, round(sqrt(1.5 * 546.875) / 1200, 15) AS by_hand, round(lower::numeric, 12) AS lower, round(upper::numeric, 12) AS upper
FROM icm_wallet_share_interval('{customers: 3, buyers: 2, own: 225, wallet: 1200, shares: 0.45, own_squares: 40625, products: 202500, wallet_squares: 1020000}');
-- how many standard errors: Student's t of two degrees of freedom is p sqrt(2 / (1 - p^2)), of one tan(p pi / 2)
SELECT confidence, round(((upper - share) / std_error)::numeric, 9) AS upper, round(((share - lower) / std_error)::numeric, 9) AS lower, round((confidence * sqrt(2 / (1 - confidence ^ 2)))::numeric, 9) AS by_hand
FROM unnest('{0.1,0.5,0.9}'::float8[]) confidence, icm_wallet_share_interval('{customers: 3, buyers: 2, own: 225, wallet: 1200, shares: 0.45, own_squares: 40625, products: 202500, wallet_squares: 1020000}', confidence) ORDER BY 1;
SELECT confidence, round(((upper - share) / std_error)::numeric, 9) AS upper, round(((share - lower) / std_error)::numeric, 9) AS lower, round(tan(confidence * pi() / 2)::numeric, 9) AS by_hand
FROM (SELECT icm_wallet_agg(own, 1000) FROM (VALUES (500), (501)) v(own)) w(w), unnest('{0.1,0.5,0.95,0.999}'::float8[]) confidence, icm_wallet_share_interval(w, confidence) ORDER BY 1;
-- cut off at 0 and 1; of one customer there is no error; of none no share; the same share of all, which tells nothing of how others would differ
SELECT lower, upper < 1 AS below_1 FROM (SELECT icm_wallet_agg(own, wallet) FROM (VALUES (1::float8, 1::float8), (0, 100), (0, 100), (0, 100)) AS v(own, wallet)) AS w(w), icm_wallet_share_interval(w, 0.9999);
SELECT lower > 0 AS above_0, upper FROM (SELECT icm_wallet_agg(own, wallet) FROM (VALUES (0::float8, 1::float8), (100, 100), (100, 100), (100, 100)) AS v(own, wallet)) AS w(w), icm_wallet_share_interval(w, 0.9999);
SELECT i.* FROM (VALUES (1, icm_wallet_add(NULL, 1, 4)), (2, '{no_spend: 1}'), (3, NULL), (4, icm_wallet_add(icm_wallet_add(NULL, 1, 4), 2, 8))) AS w(n, w), icm_wallet_share_interval(w) i ORDER BY n;
-- what all have in common does not cancel badly: a share of a third, and one that is off by a billionth
SELECT std_error FROM (SELECT icm_wallet_agg(i, 3 * i) FROM generate_series(1, 1000) i) AS w(w), icm_wallet_share_interval(w);
SELECT round((std_error * 1e9)::numeric, 9) AS billionths, round((sqrt(1000 / 999.0 * 4 * 1000) / 4000), 9) AS by_hand
FROM (SELECT icm_wallet_agg(1 + i * 2e-9, 4) FROM generate_series(-1, 1, 2) i, generate_series(1, 500)) AS w(w), icm_wallet_share_interval(w);
-- rounding of the amounts is no error: at most 1e-12 of them, all together; a little more is
SELECT share, std_error, lower, upper FROM (SELECT icm_wallet_agg(i / 10.0, i) FROM generate_series(1, 1000) i) AS w(w), icm_wallet_share_interval(w);
SELECT share, std_error, lower, upper FROM (SELECT icm_wallet_agg(0, i / 10.0) FROM generate_series(1, 1000) i) AS w(w), icm_wallet_share_interval(w);
SELECT off, std_error > 0 AS error, upper > lower AS interval FROM unnest('{1e-13,5e-13,2e-12,1e-9}'::float8[]) off,
    LATERAL (SELECT icm_wallet_agg(unit * (1 + i * off), 4 * unit) FROM generate_series(-1, 1, 2) i, unnest('{1e-60,1,1e60}'::float8[]) unit) AS w(w), icm_wallet_share_interval(w) ORDER BY off;
SELECT confidence, e.* FROM (VALUES ('0'), ('1'), ('-0.1'), ('95'), ('''NaN''')) AS v(confidence), pg_temp.error_of(format('SELECT icm_wallet_share_interval(''{}'', %s)', confidence)) e;
SELECT icm_wallet_share_interval('{}', 95);
SELECT icm_wallet_share_interval('{}', NULL) IS NULL AS null_is_null;

-- Student's t of many degrees of freedom by the normal distribution's z: Abramowitz and Stegun 26.7.5
CREATE FUNCTION pg_temp.t_of(df float8, z float8 DEFAULT 1.959963984540054) RETURNS float8
LANGUAGE sql AS $$ SELECT z + z * (z ^ 2 + 1) / (4 * df) + z * (5 * z ^ 4 + 16 * z ^ 2 + 3) / (96 * df ^ 2) + z * (3 * z ^ 6 + 19 * z ^ 4 + 17 * z ^ 2 - 15) / (384 * df ^ 3) $$;
-- random customers; numerics are exact here, and residuals are of each customer
CREATE TABLE icm_pair AS
    SELECT i, w1::float8 AS w1, trunc(w1 * f)::float8 AS o1, w2::float8 AS w2, trunc(w2 * least(1, f * 0.8 + g))::float8 AS o2
    FROM (SELECT i, abs(hashint4(i * 3)::bigint) % 10000 + 1 AS w1, abs(hashint4(i * 5)::bigint) % 10000 + 1 + (abs(hashint4(i * 3)::bigint) % 10000) AS w2,
                 (hashint4(i * 7)::bigint + 2147483648) / 4294967296.0 AS f, (hashint4(i * 11)::bigint + 2147483648) / 4294967296.0 * 0.3 AS g
          FROM generate_series(1, 2000) i) r;
SELECT s.share = r AS share, pg_temp.near(s.std_error, d.std_error) AS std_error, pg_temp.near(s.upper - s.lower, 2 * pg_temp.t_of(1999) * d.std_error, 12) AS interval
FROM (SELECT icm_wallet_agg(o1, w1) AS w, sum(o1) / sum(w1) AS r FROM icm_pair) w, icm_wallet_share_interval(w) s,
     LATERAL (SELECT (sqrt(count(*) / (count(*) - 1.0) * sum((o1::numeric - exact * w1::numeric) ^ 2)) / sum(w1::numeric))::float8 AS std_error
              FROM icm_pair, (SELECT sum(o1::numeric) / sum(w1::numeric) AS exact FROM icm_pair) x) d;
-- where wallets are equal, the share is a mean, with the standard error of a mean
SELECT pg_temp.near(share, mean) AS share, pg_temp.near(std_error, error) AS std_error
FROM (SELECT icm_wallet_agg(o1, 10000) AS w, avg(o1 / 10000) AS mean, stddev_samp(o1 / 10000) / sqrt(count(*)) AS error FROM icm_pair) w, icm_wallet_share_interval(w);

-- independent samples: squared errors add up
SELECT c.share_before = a.share AND c.share_after = b.share AS shares, c.change = b.share - a.share AS change, pg_temp.near(c.std_error, sqrt(a.std_error ^ 2 + b.std_error ^ 2)) AS std_error,
       pg_temp.near(c.t, c.change / c.std_error) AS t, pg_temp.near(c.df, (a.std_error ^ 2 + b.std_error ^ 2) ^ 2 / (a.std_error ^ 4 / 799 + b.std_error ^ 4 / 1199)) AS df,
       pg_temp.near(c.lower, c.change - pg_temp.t_of(c.df) * c.std_error, 12) AS lower, pg_temp.near(c.upper, c.change + pg_temp.t_of(c.df) * c.std_error, 12) AS upper,
       n_before, n_after, left_out
FROM (SELECT icm_wallet_agg(o1, w1) FILTER (WHERE i <= 800) AS before, icm_wallet_agg(o2, w2) FILTER (WHERE i > 800) AS after FROM icm_pair) w,
     icm_wallet_share_interval(before) a, icm_wallet_share_interval(after) b, icm_wallet_change(before, after) c;
-- p by R: 2 * pt(-t, 198), t = 1.2 and -3
SELECT round(t::numeric, 9) AS t, round(df::numeric, 9) AS df, round(p_value::numeric, 9) AS p_value
FROM (VALUES (1.2::float8), (-3)) AS v(asked), LATERAL (SELECT icm_wallet_agg(50 + e, 100), icm_wallet_agg(50 + e + asked * sqrt(2 * 100 / 99.0) / 10, 100) FROM generate_series(1, 50), (VALUES (1), (-1)) AS s(e)) AS w(before, after),
     icm_wallet_change(before, after) ORDER BY asked DESC;
-- where wallets are equal, shares are means: R's t.test(after, before), of other customers (Welch) and of the same
CREATE FUNCTION pg_temp.test(trend icm_wallet_trend) RETURNS text
LANGUAGE sql AS $$ SELECT string_agg(round(v::numeric, 9)::text, ' ' ORDER BY i) FROM unnest(ARRAY[trend.std_error, trend.lower, trend.upper, trend.t, trend.df, trend.p_value]) WITH ORDINALITY AS u(v, i) $$;
SELECT pg_temp.test(icm_wallet_change(before, after)) AS welch, '0.185264451 -0.239489146 0.814489146 1.551835762 3.770051248 0.199915561' AS r,
       pg_temp.test(icm_wallet_change(before, after, 0.8)) AS welch_80, '0.185264451 0.000067985 0.574932015 1.551835762 3.770051248 0.199915561' AS r_80
FROM (SELECT icm_wallet_agg(own, 100) FROM unnest('{10,30,25,60}'::int[]) own) b(before), (SELECT icm_wallet_agg(own, 100) FROM unnest('{50,90,40}'::int[]) own) a(after);
SELECT pg_temp.test(icm_wallet_change_agg(o1, 100, o2, 100)) AS paired, '0.042695628 -0.048376544 0.223376544 2.049390153 3.000000000 0.132841841' AS r FROM unnest('{10,30,25,60}'::int[], '{20,30,45,65}'::int[]) v(o1, o2);
\x on
SELECT * FROM icm_wallet_change('{customers: 2, buyers: 2, own: 2, wallet: 4, shares: 1, own_squares: 2, products: 4, wallet_squares: 8, no_spend: 3}',
    '{customers: 1, buyers: 1, own: 2, wallet: 2, shares: 1, own_squares: 4, products: 4, wallet_squares: 4, unknown: 4, no_spend: 2}');
SELECT * FROM icm_wallet_change('{}', '{customers: 2, buyers: 2, own: 2, wallet: 4, shares: 1, own_squares: 2, products: 4, wallet_squares: 8}');
-- nobody differs: an error of zero, of which there is neither an interval nor a t
SELECT * FROM icm_wallet_change('{customers: 2, buyers: 2, own: 2, wallet: 4, shares: 1, own_squares: 2, products: 4, wallet_squares: 8}',
    '{customers: 2, buyers: 2, own: 1, wallet: 4, shares: 0.5, own_squares: 0.5, products: 2, wallet_squares: 8}');
-- nor beyond rounding of the amounts
SELECT c.* FROM (SELECT icm_wallet_agg(0, 100) AS before, icm_wallet_agg(5, 100) AS after FROM generate_series(1, 2)) w, icm_wallet_change(before, after) c;
SELECT c.* FROM (SELECT icm_wallet_agg(10, 100) AS before, icm_wallet_agg(10.000000001, 100) AS after FROM generate_series(1, 400)) w, icm_wallet_change(before, after) c;
-- nor where nobody differs in one of both
SELECT c.* FROM (SELECT icm_wallet_agg(0, 100) AS before, icm_wallet_agg(5 * i, 100) AS after FROM generate_series(1, 2) i) w, icm_wallet_change(before, after) c;
SELECT c.* FROM (SELECT icm_wallet_agg(5 * i, 100) AS before, icm_wallet_agg(100, 100) AS after FROM generate_series(1, 2) i) w, icm_wallet_change(before, after) c;
\x off
SELECT icm_wallet_change(NULL, '{}') IS NULL AS before, icm_wallet_change('{}', NULL) IS NULL AS after;
SELECT * FROM pg_temp.error_of('SELECT icm_wallet_change(''{}'', ''{}'', 1)');

-- the same customers: the residuals of each in both periods go together
SELECT pg_temp.near(c.share_before, d.r1, 15) AND pg_temp.near(c.share_after, d.r2, 15) AS shares, pg_temp.near(c.change, d.r2 - d.r1) AS change, pg_temp.near(c.std_error, d.std_error) AS std_error,
       pg_temp.near(c.t, (d.r2 - d.r1) / d.std_error, 12) AS t, c.df, pg_temp.near(c.upper - c.lower, 2 * pg_temp.t_of(1999) * d.std_error, 12) AS interval, n_before, n_after, left_out
FROM (SELECT (icm_wallet_change_agg(o1, w1, o2, w2)).* FROM icm_pair) c,
     (SELECT (sqrt(count(*) / (count(*) - 1.0) * sum(((o2::numeric - r2 * w2::numeric) / s2 - (o1::numeric - r1 * w1::numeric) / s1) ^ 2)))::float8 AS std_error, min(r1)::float8 AS r1, min(r2)::float8 AS r2
      FROM icm_pair, (SELECT sum(o1::numeric) / sum(w1::numeric) AS r1, sum(o2::numeric) / sum(w2::numeric) AS r2, sum(w1::numeric) AS s1, sum(w2::numeric) AS s2 FROM icm_pair) x) d;
-- so the error is smaller than that of independent samples, by twice the covariance
SELECT c.std_error < 0.8 * i.std_error AS smaller, pg_temp.near(i.std_error ^ 2 - c.std_error ^ 2, 2 * d.covariance, 11) AS by_the_covariance
FROM (SELECT (icm_wallet_change_agg(o1, w1, o2, w2)).*, icm_wallet_agg(o1, w1) AS before, icm_wallet_agg(o2, w2) AS after FROM icm_pair) c, icm_wallet_change(before, after) i,
     (SELECT (count(*) / (count(*) - 1.0) * sum((o2::numeric - r2 * w2::numeric) / s2 * (o1::numeric - r1 * w1::numeric) / s1))::float8 AS covariance
      FROM icm_pair, (SELECT sum(o1::numeric) / sum(w1::numeric) AS r1, sum(o2::numeric) / sum(w2::numeric) AS r2, sum(w1::numeric) AS s1, sum(w2::numeric) AS s2 FROM icm_pair) x) d;
-- where wallets are equal, it is the paired test of a mean
SELECT pg_temp.near(c.change, mean) AS change, pg_temp.near(c.std_error, error) AS std_error
FROM (SELECT icm_wallet_change_agg(o1, 20000, o2, 20000) AS c, avg((o2 - o1) / 20000) AS mean, stddev_samp((o2 - o1) / 20000) / sqrt(count(*)) AS error FROM icm_pair) p, LATERAL (SELECT (c).*) AS c;
-- everybody's share stays, also where wallets triple; everybody's grows by as much
SELECT (c).change, (c).std_error, (c).t FROM (SELECT icm_wallet_change_agg(o1, w1, 3 * o1, 3 * w1) FROM icm_pair) AS c(c);
SELECT (c).change, (c).std_error, (c).t, (c).df, (c).p_value FROM (SELECT icm_wallet_change_agg(1, 4, 2, 4) FROM icm_pair) AS c(c);
SELECT round((c).change::numeric, 15) AS change, (c).std_error, (c).lower, (c).upper, (c).t, (c).df, (c).p_value
FROM (SELECT icm_wallet_change_agg(w * 0.05, w, w * 0.06, w) FROM generate_series(1, 400) w UNION ALL SELECT icm_wallet_change_agg(0, w, w * 0.06, w) FROM generate_series(1, 400) w
      UNION ALL SELECT icm_wallet_change_agg(o1, w1, o1 * 1.1, w1 * 1.1) FROM icm_pair) AS c(c);
-- one customer who changed otherwise is enough for an error
SELECT (c).std_error > 0 AS error, (c).t > 0 AS t, (c).df FROM (SELECT icm_wallet_change_agg(w * 0.05, w, w * 0.06 + (w = 7)::int * 1e-6, w) FROM generate_series(1, 400) w) AS c(c);
-- the periods the other way round
SELECT (a).change = -(b).change AND (a).std_error = (b).std_error AND (a).lower = -(b).upper AND (a).t = -(b).t AND (a).p_value = (b).p_value AS mirrored
FROM (SELECT icm_wallet_change_agg(o1, w1, o2, w2, 0.9), icm_wallet_change_agg(o2, w2, o1, w1, 0.9) FROM icm_pair) AS c(a, b);
-- who takes part: known in both periods, with a wallet in one; who does not is left out and counted; nobody is not
\x on
SELECT share_before, share_after, round(change::numeric, 12) AS change, round(std_error::numeric, 12) AS std_error, round(lower::numeric, 12) AS lower, round(upper::numeric, 12) AS upper,
       round(t::numeric, 12) AS t, df, round(p_value::numeric, 12) AS p_value, n_before, n_after, left_out
FROM (SELECT icm_wallet_change_agg(o1, w1, o2, w2) FROM (VALUES (1::float8, 4::float8, 2::float8, 4::float8), (0, 0, 1, 2), (3, 6, 0, 0), (0, 4, 0, 4),
    (0, 0, 0, 0), (1, NULL, 1, 2), (1, 2, 7, NULL), (1, 2, NULL, NULL), (NULL, NULL, 1, 2), (NULL, NULL, NULL, NULL), (5, NULL, 6, NULL)) AS v(o1, w1, o2, w2)) AS p(p), LATERAL (SELECT (p).*) AS c;
SELECT c.* FROM (SELECT icm_wallet_change_agg(1, 4, 2, 4)) AS p(p), LATERAL (SELECT (p).*) AS c;
SELECT c.* FROM (SELECT icm_wallet_change_agg(0, 0, o2, 4) FROM (VALUES (1), (2)) AS v(o2)) AS p(p), LATERAL (SELECT (p).*) AS c;
SELECT c.* FROM (SELECT icm_wallet_change_agg(1, NULL, 2, 4)) AS p(p), LATERAL (SELECT (p).*) AS c;
\x off
SELECT icm_wallet_change_agg(NULL, NULL, NULL, NULL) IS NULL AS nobody, icm_wallet_change_agg(NULL, NULL, NULL, NULL, NULL) IS NULL AS nobody_2, icm_wallet_change_agg(1, 2, 1, 2) FILTER (WHERE false) IS NULL AS no_rows;
SELECT arguments, e.*
FROM (VALUES ('-1, 100, 1, 100'), ('1, 100, 101, 100'), ('1, ''NaN'', 1, 2'), ('1, 2, 1, ''Infinity'''), ('NULL, 2, 1, 2'), ('1, 2, NULL, 2'), ('-1, NULL, 1, 2'), ('1, 2, ''NaN'', NULL'), ('1, 2, 0, 1.1e140'), ('1e200, NULL, 1, 2'), ('1, 2, 1.1e140, NULL'),
             ('1, 2, 1, 2, 0'), ('1, 2, 1, 2, 1'), ('1, 2, 1, 2, ''NaN'''), ('1, 2, 1, 2, NULL'), ('1, 2, 1, 2, 0.8 + i / 10.0')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_change_agg(%s) FROM generate_series(0, 1) i', arguments)) e;
SELECT icm_wallet_change_agg(1, 2, 1, 2, 0.8 + i / 10.0) FROM generate_series(0, 1) i;
-- very large amounts beside very small ones
SELECT (c).change, pg_temp.near((c).std_error, 0.0625, 10) AS std_error FROM (SELECT icm_wallet_change_agg(o * 1e139, 4e139, o * 1.25e-100 + 2.5e-100, 1e-99) FROM (VALUES (1), (2)) AS v(o)) AS c(c);

-- own spend that exceeds the wallet by rounding is the wallet
SELECT icm_wallet_change_agg(0.1::float8 + 0.2 + 0.3, 0.6, 0.3, 0.1::float8 + 0.2)::text = icm_wallet_change_agg(0.6, 0.6, 0.3, 0.1::float8 + 0.2)::text AS before,
       icm_wallet_change_agg(0.3, 0.6, 0.1::float8 + 0.2, 0.3)::text = icm_wallet_change_agg(0.3, 0.6, 0.3, 0.3)::text AS after FROM generate_series(1, 2);

-- neither the order of rows nor how they are parted has a say, to the bit
CREATE AGGREGATE pg_temp.state_agg(float8, float8, float8, float8) (SFUNC = icm_wallet_change_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_wallet_change_combine, STYPE = bytea, FINALFUNC = icm_wallet_change_final);
UPDATE icm_pair SET o1 = o1 / 7, w1 = w1 / 7 * (1 + i % 3), o2 = o2 / 1e5, w2 = CASE WHEN i % 11 > 0 THEN w2 / 1e5 * (1 + i % 2) END;
VACUUM ANALYZE icm_pair;
SELECT count(*) AS orders, count(DISTINCT c::text) AS results
FROM generate_series(1, 10) k, LATERAL (SELECT icm_wallet_change_agg(o1, w1, o2, w2 ORDER BY hashint4extended(i, k)) FROM icm_pair) AS s(c);
SELECT count(*) AS partitions, bool_and(c::text = (SELECT icm_wallet_change_agg(o1, w1, o2, w2)::text FROM icm_pair)) AS as_the_whole
FROM generate_series(1, 10) k,
     LATERAL (SELECT pg_temp.combine_agg(state ORDER BY key) FROM (SELECT hashint4extended(i, k) % k, pg_temp.state_agg(o1, w1, o2, w2) FROM icm_pair GROUP BY 1) AS p(key, state)) AS s(c);
CREATE TEMP TABLE serial AS SELECT icm_wallet_change_agg(o1, w1, o2, w2, 0.9) AS c FROM icm_pair;
ALTER TABLE icm_pair SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT icm_wallet_change_agg(o1, w1, o2, w2, 0.9) FROM icm_pair;
SELECT icm_wallet_change_agg(o1, w1, o2, w2, 0.9) = (SELECT c FROM serial) AS same, (SELECT (c).t > 0 FROM serial) AS some FROM icm_pair;
RESET ALL;

-- how often the interval of 95 % holds the share that all have, of 1000 samples of 200 customers whose wallets are spread widely, and the change of it; shares rise with the wallet
CREATE TEMP TABLE sample AS
    SELECT s, w AS w1, w * least(1, u * (0.4 + 0.3 * w / (w + 20))) AS o1, w * v AS w2, w * v * least(1, (u + v - 0.5) * 0.5) AS o2
    FROM (SELECT k % 1000 AS s, 20 * exp((hashint8(k * 3)::bigint + hashint8(k * 5) + hashint8(k * 7)) / 4294967296.0::float8) AS w, (hashint8(k * 11)::bigint + 2147483648) / 4294967296.0::float8 AS u,
                 0.5 + (hashint8(k * 13)::bigint + 2147483648) / 4294967296.0::float8 AS v FROM generate_series(1, 200000::bigint) k) r;
SELECT round(avg((i.lower <= r1 AND r1 <= i.upper)::int), 2) BETWEEN 0.93 AND 0.97 AS share, round(avg((p.lower <= r2 - r1 AND r2 - r1 <= p.upper)::int), 2) BETWEEN 0.93 AND 0.97 AS paired,
       round(avg((c.lower <= r2 - r1 AND r2 - r1 <= c.upper)::int), 2) > 0.98 AS independent_is_too_wide
FROM (SELECT sum(o1) / sum(w1) AS r1, sum(o2) / sum(w2) AS r2 FROM sample) t,
     (SELECT icm_wallet_agg(o1, w1) AS before, icm_wallet_agg(o2, w2) AS after, icm_wallet_change_agg(o1, w1, o2, w2) AS paired FROM sample GROUP BY s) s,
     icm_wallet_share_interval(before) i, icm_wallet_change(before, after) c, LATERAL (SELECT (paired).*) p;

-- of 2000 samples of a few customers whose shares differ less: the quantile of the normal distribution would hold it in 70 % of those of two
SELECT n, round(avg((i.lower <= 0.5 AND 0.5 <= i.upper)::int), 2) BETWEEN 0.93 AND 0.97 AS share, round(avg((c.lower <= 0 AND 0 <= c.upper)::int), 2) BETWEEN 0.93 AND 0.985 AS independent
FROM unnest('{2,3,5,10}'::int[]) n, generate_series(1, 2000) k,
     LATERAL (SELECT icm_wallet_agg(50 + u, 100) FILTER (WHERE j <= n) AS before, icm_wallet_agg(50 + 3 * u, 100) FILTER (WHERE j > n) AS after
              FROM (SELECT j, (hashint8(k * 1000 + j * 10::bigint)::float8 + hashint8(k * 1000 + j * 10 + 1::bigint) + hashint8(k * 1000 + j * 10 + 2::bigint) + hashint8(k * 1000 + j * 10 + 3::bigint)) / 2147483648 AS u FROM generate_series(1, 2 * n) j) r) w,
     icm_wallet_share_interval(before) i, icm_wallet_change(before, after) c GROUP BY n ORDER BY n;

-- the support functions: by the aggregate only, and with a state that is one
SELECT icm_wallet_change_accum(NULL, 1, 2, 1, 2);
SELECT icm_wallet_change_accum(NULL, 1, 2, 1, 2, 0.9);
SELECT icm_wallet_change_combine(NULL, NULL);
SELECT icm_wallet_change_final(NULL) IS NULL AS null_is_null;
CREATE FUNCTION pg_temp.outcome(call text, state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call USING state;
    RETURN 'a value';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TEMP TABLE call (call text);
INSERT INTO call VALUES ('icm_wallet_change_final($1)::text'), ('pg_temp.combine_agg(s)::text FROM unnest(ARRAY[$1, $1]) s');
CREATE AGGREGATE pg_temp.wallet_state(float8, float8) (SFUNC = icm_wallet_accum, STYPE = bytea);
SELECT DISTINCT pg_temp.outcome(call, state) AS outcome
FROM call, (VALUES (''::bytea), ('\x01'), (decode(repeat('00', 48), 'hex')), (decode(repeat('ff', 48), 'hex')), ((SELECT pg_temp.wallet_state(1, 2)))) AS v(state);
CREATE TEMP TABLE state AS SELECT pg_temp.state_agg(o1, w1, o2, w2) AS state FROM (SELECT * FROM icm_pair ORDER BY i LIMIT 5) p;
SELECT length(state) AS bytes FROM state;
SELECT count(*) > 3000 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 100 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 1000 AS corrupt,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_wallet_change_agg is corrupt' AND outcome NOT LIKE '22003 too many customers') AS neither
FROM state, call, generate_series(0, length(state) - 1) at, unnest('{0,1,27,64,127,128,240,255}'::int[]) byte, pg_temp.outcome(call, set_byte(state, at, byte)) outcome;
SELECT outcome, count(*) > 10 AS some FROM state, call, generate_series(0, length(state) - 1) bytes, pg_temp.outcome(call, substr(state, 1, bytes)) outcome GROUP BY outcome;
DROP TABLE icm_pair;
