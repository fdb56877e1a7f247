-- title: share of wallet, against sum(), avg() and count()
-- vary: work_mem=256MB
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE spend AS
SELECT i / 100 AS segment, CASE WHEN random() < 0.2 THEN 0 ELSE own END AS own, own + round((random() * 200)::numeric, 2)::float8 + 1 AS wallet
FROM (SELECT i, round((random() * 300)::numeric, 2)::float8 AS own FROM generate_series(1::bigint, :rows) i) c;
CREATE UNLOGGED TABLE pair AS
SELECT own AS own_before, wallet AS wallet_before, own * random() AS own_after, wallet * (1 + random()) AS wallet_after FROM spend;
CREATE UNLOGGED TABLE segment AS SELECT segment, segment / 100 AS region, icm_wallet_agg(own, wallet) AS wallet FROM spend GROUP BY 1, 2;

-- case: all customers
-- check
SELECT abs(s.share / (t.own / t.wallet) - 1) < 1e-9 AND abs(s.mean_share / t.mean_share - 1) < 1e-9 AND s.penetration = t.penetration AND abs(s.headroom / t.headroom - 1) < 1e-9
FROM (SELECT icm_wallet_agg(own, wallet) FROM spend) AS w(w), icm_wallet_stats(w) s,
    (SELECT sum(own) AS own, sum(wallet) AS wallet, avg(own / nullif(wallet, 0)) AS mean_share, count(*) FILTER (WHERE own > 0) / count(*)::float8 AS penetration, sum(wallet - own) AS headroom FROM spend) t;
-- ours
SELECT count(s.share), count(s.mean_share), count(s.penetration), count(s.headroom) FROM (SELECT icm_wallet_agg(own, wallet) FROM spend OFFSET 0) AS w(w), icm_wallet_stats(w) s;
-- theirs: sum, avg, count | goal: 1.0
SELECT sum(own) / sum(wallet), avg(own / nullif(wallet, 0)), count(*) FILTER (WHERE own > 0) / count(*)::float8, sum(wallet - own) FROM spend;
-- theirs: with the sums of squares for an interval | goal: 1.2
SELECT sum(own) / sum(wallet), avg(own / nullif(wallet, 0)), count(*) FILTER (WHERE own > 0) / count(*)::float8, sum(wallet - own),
    sum(own * own), sum(own * wallet), sum(wallet * wallet) FROM spend;
-- theirs: the sums in numeric, as exact
SELECT sum(own::numeric) / sum(wallet::numeric), avg(own / nullif(wallet, 0)), count(*) FILTER (WHERE own > 0) / count(*)::float8, sum(wallet::numeric - own::numeric) FROM spend;
-- scan
SELECT count(own + wallet) FROM spend;

-- case: segments of a hundred customers
-- ours
SELECT count(w) FROM (SELECT icm_wallet_agg(own, wallet) AS w FROM spend GROUP BY segment OFFSET 0) s;
-- theirs: sum, avg, count | goal: 0.8
SELECT count(share), count(mean_share), count(penetration), count(headroom)
FROM (SELECT sum(own) / sum(wallet) AS share, avg(own / nullif(wallet, 0)) AS mean_share, count(*) FILTER (WHERE own > 0) / count(*)::float8 AS penetration, sum(wallet - own) AS headroom
    FROM spend GROUP BY segment OFFSET 0) s;

-- case: segments rolled up to regions
-- check
SELECT icm_wallet_send(r.w) = icm_wallet_send(s.w) FROM (SELECT icm_rollup(wallet) AS w FROM segment) r, (SELECT icm_wallet_agg(own, wallet) AS w FROM spend) s;
-- ours
SELECT count(w) FROM (SELECT icm_rollup(wallet) AS w FROM segment GROUP BY region OFFSET 0) s;
-- theirs: sum, avg, count of the customers | goal: 20
SELECT count(share), count(mean_share), count(penetration), count(headroom)
FROM (SELECT sum(own) / sum(wallet) AS share, avg(own / nullif(wallet, 0)) AS mean_share, count(*) FILTER (WHERE own > 0) / count(*)::float8 AS penetration, sum(wallet - own) AS headroom
    FROM spend GROUP BY segment / 100 OFFSET 0) s;

-- case: change of the same customers
-- check
SELECT abs((c).change / (t.after - t.before) - 1) < 1e-9
FROM (SELECT icm_wallet_change_agg(own_before, wallet_before, own_after, wallet_after) FROM pair) AS c(c),
    (SELECT sum(own_before) / sum(wallet_before) AS before, sum(own_after) / sum(wallet_after) AS after FROM pair) t;
-- ours
SELECT count((c).std_error) FROM (SELECT icm_wallet_change_agg(own_before, wallet_before, own_after, wallet_after) FROM pair OFFSET 0) AS c(c);
-- theirs: ratios of sums, then residuals in a second pass | goal: 1.0
SELECT sqrt(count(*) / (count(*) - 1.0) * sum(((own_after - r2 * wallet_after) / s2 - (own_before - r1 * wallet_before) / s1) ^ 2))
FROM pair, (SELECT sum(own_before) / sum(wallet_before) AS r1, sum(wallet_before) AS s1, sum(own_after) / sum(wallet_after) AS r2, sum(wallet_after) AS s2 FROM pair) r;
-- scan
SELECT count(own_before + wallet_before + own_after + wallet_after) FROM pair;

-- case: allocation by rating
-- vary: workers=0
-- ours
SELECT count(share) FROM (SELECT icm_wallet_allocation(own) OVER (PARTITION BY segment / 10 * 25) AS share FROM spend OFFSET 0) s;
-- theirs: rank() and count()
SELECT count(share) FROM (
    SELECT (1 - (rank() OVER w + (count(*) OVER (PARTITION BY segment / 10 * 25, own) - 1) / 2.0::float8) / (count(own) OVER p + 1)) * 2 / count(own) OVER p AS share
    FROM spend WINDOW w AS (PARTITION BY segment / 10 * 25 ORDER BY own DESC), p AS (PARTITION BY segment / 10 * 25) OFFSET 0) s;
