-- title: grades cut from values
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE spend AS
SELECT exp(4 + sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS value FROM generate_series(1, :rows);
CREATE UNLOGGED TABLE spend_few AS SELECT value FROM spend LIMIT :rows / 10;

-- percentile_cont interpolates between two values, where a cut is the upper one:
-- the same grades, but for a value that is equal to a cut

-- case: five grades by quantile, a tenth of the values
-- vary: work_mem=4MB, 64MB
-- check
SELECT count(*) FILTER (WHERE icm_grade(value, scale)::int <> 5 - width_bucket(value, percentiles)) <= 4
FROM spend_few, (
    SELECT icm_scale_agg(value, 5, 'quantile') AS scale,
        percentile_cont(array[.2,.4,.6,.8]) WITHIN GROUP (ORDER BY value) AS percentiles
    FROM spend_few) c;
-- ours
SELECT icm_scale_agg(value, 5, 'quantile') FROM spend_few;
-- theirs: percentile_cont of an array | goal: 1.0
SELECT percentile_cont(array[.2,.4,.6,.8]) WITHIN GROUP (ORDER BY value) FROM spend_few;
-- scan
SELECT count(value) FROM spend_few;

-- case: five grades by quantile, all values
-- vary: work_mem=4MB, 64MB, 1GB
-- ours
SELECT icm_scale_agg(value, 5, 'quantile') FROM spend;
-- theirs: percentile_cont of an array | goal: 1.0
SELECT percentile_cont(array[.2,.4,.6,.8]) WITHIN GROUP (ORDER BY value) FROM spend;
-- scan
SELECT count(value) FROM spend;

-- SciPy's groups are not always the best there are, so ours leave no more
-- case: seven grades by k-means, a tenth of the values
-- check
\set sum `:'here'/kmeans.py sum 7`
SELECT (SELECT sum(w) FROM unnest(within) w) <= :sum * (1 + 1e-9)
FROM (SELECT icm_scale_agg(value, 7, 'kmeans') AS scale FROM spend_few) s, icm_scale_stats(scale);
-- ours | goal: 1000 ns
SELECT icm_scale_agg(value, 7, 'kmeans') FROM spend_few;
-- theirs: k-means of SciPy, values in memory | goal: 1.0 | program: kmeans.py 7
-- theirs: k-means of SciPy, values fetched | goal: 1.0 | program: kmeans.py 7 fetched
-- scan
SELECT count(value) FROM spend_few;

-- case: seven grades by k-means of logarithms, a tenth of the values
-- ours | goal: 1000 ns
SELECT icm_scale_agg(value, 7, 'logkmeans') FROM spend_few;
-- scan
SELECT count(value) FROM spend_few;
