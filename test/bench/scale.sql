-- title: five quantile grades cut from values
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE spend AS
SELECT exp(4 + sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS value FROM generate_series(1, :rows);
CREATE UNLOGGED TABLE spend_few AS SELECT value FROM spend LIMIT :rows / 10;

-- percentile_cont interpolates between two values, where a cut is the upper one:
-- the same grades, but for a value that is equal to a cut

-- case: a tenth of the values
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

-- case: all values
-- vary: work_mem=4MB, 64MB, 1GB
-- ours
SELECT icm_scale_agg(value, 5, 'quantile') FROM spend;
-- theirs: percentile_cont of an array | goal: 1.0
SELECT percentile_cont(array[.2,.4,.6,.8]) WITHIN GROUP (ORDER BY value) FROM spend;
-- scan
SELECT count(value) FROM spend;
