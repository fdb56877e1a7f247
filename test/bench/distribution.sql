-- title: the distribution of values, against avg() and tdigest
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE spend AS
SELECT exp(4 + sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS value FROM generate_series(1, :rows);
CREATE UNLOGGED TABLE spend_cents AS
SELECT round(value::numeric, 2)::float8 AS value FROM spend;
CREATE UNLOGGED TABLE month AS
SELECT number, icm_distribution_agg(value) AS distribution
FROM (SELECT value, row_number() OVER () / (:rows / 100) AS number FROM spend) s GROUP BY number;

-- the best that PostgreSQL has for one number of them, and what it needs for quantiles

-- case: lognormal values
-- check
SELECT abs((icm_distribution_stats(icm_distribution_agg(value))).mean / avg(value) - 1) < 1e-9 FROM spend;
-- ours
SELECT count(d) FROM (SELECT icm_distribution_agg(value) AS d FROM spend OFFSET 0) s;
-- theirs: avg | goal: 0.5
SELECT avg(value) FROM spend;
-- theirs: percentile_disc of an array
SELECT percentile_disc(array[.2,.4,.6,.8]) WITHIN GROUP (ORDER BY value) FROM spend;
-- scan
SELECT count(value) FROM spend;

-- case: the same in cents
-- ours
SELECT count(d) FROM (SELECT icm_distribution_agg(value) AS d FROM spend_cents OFFSET 0) s;
-- theirs: avg | goal: 0.5
SELECT avg(value) FROM spend_cents;
-- scan
SELECT count(value) FROM spend_cents;

-- case: a hundred distributions merged
-- vary: workers=0
-- check
SELECT icm_distribution_send(m.d) = icm_distribution_send(s.d)
FROM (SELECT icm_rollup(distribution) AS d FROM month) m, (SELECT icm_distribution_agg(value) AS d FROM spend) s;
-- ours
SELECT count(d) FROM (SELECT icm_rollup(distribution) AS d FROM month OFFSET 0) s;
-- theirs: from the values | goal: 1.0
SELECT count(d) FROM (SELECT icm_distribution_agg(value) AS d FROM spend OFFSET 0) s;

-- The check is that the largest relative error of the quantiles .01 to .99 is not larger than
-- theirs, of digests of 100 and of 1000 centroids.

-- case: against the extension tdigest
-- extension: tdigest
-- check
SELECT max(abs(icm_quantile(d, fractions[i]) / exact[i] - 1)) <= max(abs(coarse[i] / exact[i] - 1))
    AND max(abs(icm_quantile(d, fractions[i]) / exact[i] - 1)) <= max(abs(fine[i] / exact[i] - 1))
FROM (SELECT array_agg(i / 100.0::float8 ORDER BY i) AS fractions FROM generate_series(1, 99) i) f,
    LATERAL (
        SELECT icm_distribution_agg(value) AS d, percentile_disc(fractions) WITHIN GROUP (ORDER BY value) AS exact,
            tdigest_percentile(value, 100, fractions) AS coarse, tdigest_percentile(value, 1000, fractions) AS fine
        FROM spend) q,
    generate_series(1, 99) i;
-- ours
SELECT count(d) FROM (SELECT icm_distribution_agg(value) AS d FROM spend OFFSET 0) s;
-- theirs: tdigest of 100 centroids | goal: 1.0
SELECT count(t) FROM (SELECT tdigest(value, 100) AS t FROM spend OFFSET 0) s;
-- theirs: tdigest of 1000 centroids | goal: 1.0
SELECT count(t) FROM (SELECT tdigest(value, 1000) AS t FROM spend OFFSET 0) s;
-- scan
SELECT count(value) FROM spend;
