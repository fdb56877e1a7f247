-- title: wallets estimated by quantile regression
-- vary: workers=0
-- vary: work_mem=256MB

-- A constant and six attributes of households; what they spend varies more the larger they are. Each fit is exact, and with
-- standard errors, for which two more are made. For a million rows and 7 columns, on another machine, R's quantreg takes
-- 0.43 s with preprocessing and 4.8 s without, both without standard errors.

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE household AS
SELECT 20 + 30 * x1 + 10 * x2 + 5 * x3 + x4 + 0.5 * x5 - 3 * x6 + (1 + x1 + x3) * 10 * -ln(1 - random()) AS spend, x1, x2, x3, x4, x5, x6
FROM (SELECT random() AS x1, floor(5 * random()) AS x2, (random() < 0.3)::int::float8 AS x3, exp(2 * random()) AS x4, 20 + 60 * random() AS x5, random() + random() AS x6
      FROM generate_series(1::bigint, :rows)) h;
CREATE UNLOGGED TABLE household_tenth AS SELECT * FROM household LIMIT :rows / 10;
CREATE UNLOGGED TABLE household_few AS SELECT * FROM household LIMIT :rows / 100;
CREATE UNLOGGED TABLE household_fewer AS SELECT * FROM household LIMIT :rows / 1000;
CREATE UNLOGGED TABLE household_zeros AS
SELECT CASE WHEN random() < 0.9 THEN 0 ELSE floor(1 + 100 * random()) END AS spend, x1, x2, x3, x4, x5, x6 FROM household_tenth;
CREATE UNLOGGED TABLE model AS SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) AS model FROM household_few;

-- case: tau .9, a thousandth of the rows
-- ours
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household_fewer;
-- theirs: SciPy, the program as it is written | goal: 10 | program: quantreg.py fit household_fewer 0.9 primal highs
-- theirs: SciPy, the dual program, interior point | program: quantreg.py fit household_fewer 0.9 dual highs-ipm
-- scan
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_fewer;

-- case: tau .9, a hundredth of the rows
-- check
\set loss `:'here'/quantreg.py loss household_few 0.9`
SELECT sum(CASE WHEN r > 0 THEN 0.9 * r ELSE -0.1 * r END) <= :loss * (1 + 1e-12)
FROM (SELECT spend - (b[1] + b[2] * x1 + b[3] * x2 + b[4] * x3 + b[5] * x4 + b[6] * x5 + b[7] * x6) AS r
      FROM household_few, (SELECT array_agg(p.estimate ORDER BY p.position) AS b FROM model, icm_wallet_params(model) p) p) s;
-- ours
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household_few;
-- theirs: SciPy, the dual program, simplex, in memory | goal: 10 | program: quantreg.py fit household_few 0.9 dual highs
-- theirs: SciPy, the dual program, interior point | goal: 10 | program: quantreg.py fit household_few 0.9 dual highs-ipm
-- theirs: the same, and rows fetched | goal: 10 | program: quantreg.py fit household_few 0.9 dual highs-ipm fetched
-- scan
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_few;

-- case: tau .9, a tenth of the rows
-- vary: workers=0, 2
-- ours
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household_tenth;
-- theirs: six simple regressions by regr_slope
SELECT regr_slope(spend, x1), regr_slope(spend, x2), regr_slope(spend, x3), regr_slope(spend, x4), regr_slope(spend, x5), regr_slope(spend, x6) FROM household_tenth;
-- scan | goal: 1000 ns
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_tenth;
-- memory
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_tenth;

-- case: five taus at once, a tenth of the rows
-- ours
SELECT icm_wallet_fit_quantiles(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], '{0.5,0.6,0.7,0.8,0.9}') FROM household_tenth;
-- theirs: five fits
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.5), icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.6), icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.7),
    icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.8), icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household_tenth;
-- scan
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_tenth;

-- The quantile is then in the gap between 0 and other spend, where rows tell little of it.

-- case: nine of ten spend nothing, tau .9, a tenth of the rows
-- ours
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household_zeros;
-- theirs: all spend something | goal: 0.2
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household_tenth;
-- scan | goal: 2500 ns
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_zeros;
-- memory
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_zeros;

-- ten times as many rows take ten times as long

-- case: tau .9, all rows
-- ours
SELECT icm_wallet_fit(spend, ARRAY[1, x1, x2, x3, x4, x5, x6], 0.9) FROM household;
-- theirs: six simple regressions by regr_slope
SELECT regr_slope(spend, x1), regr_slope(spend, x2), regr_slope(spend, x3), regr_slope(spend, x4), regr_slope(spend, x5), regr_slope(spend, x6) FROM household;
-- scan | goal: 1000 ns
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household;
-- memory
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household;

-- case: estimates
-- ours
SELECT count(icm_wallet_estimate(model, ARRAY[1, x1, x2, x3, x4, x5, x6], spend)) FROM model, household_tenth;
-- theirs: the sum written out
SELECT count(greatest(spend, (b[1] + b[2] * x1 + b[3] * x2 + b[4] * x3 + b[5] * x4 + b[6] * x5 + b[7] * x6), 0))
FROM household_tenth, (SELECT array_agg(p.estimate ORDER BY p.position) AS b FROM model, icm_wallet_params(model) p OFFSET 0) p;
-- scan
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_tenth;

-- The errors of the model besides, by exact sums of the columns of x.

-- case: the share of estimated wallets
-- check
SELECT (e).share = icm_wallet_share(w) AND (e).sample_error = (icm_wallet_share_interval(w)).std_error AND (e).model_error > 0
FROM (SELECT icm_wallet_estimate_agg(model, ARRAY[1, x1, x2, x3, x4, x5, x6], spend) AS e, icm_wallet_agg(spend, icm_wallet_estimate(model, ARRAY[1, x1, x2, x3, x4, x5, x6], spend)) AS w
      FROM model, household_tenth) s;
-- ours
SELECT icm_wallet_estimate_agg(model, ARRAY[1, x1, x2, x3, x4, x5, x6], spend) FROM model, household_tenth;
-- theirs: icm_wallet_agg of the estimates, without the error of the model | goal: 0.5
SELECT icm_wallet_agg(spend, icm_wallet_estimate(model, ARRAY[1, x1, x2, x3, x4, x5, x6], spend)) FROM model, household_tenth;
-- scan
SELECT count(spend + x1 + x2 + x3 + x4 + x5 + x6) FROM household_tenth;
