-- title: a budget shared among a tenth of the rows
-- vary: workers=0
-- vary: work_mem=4MB, 256MB

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE customer AS
SELECT id, id % (:rows / 10000) AS region, value, round((1 + random() * 9)::numeric, 2) AS least, round((10 + random() * 290)::numeric, 2) AS most
FROM (SELECT id, exp(4 + sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS value FROM generate_series(1, :rows / 10) id) c;

-- The budget is ten for a customer, in cents. sum() OVER () shares nothing: it shows what any window function over
-- a whole partition takes.

-- case: by weight
-- check
SELECT count(*) FILTER (WHERE share <> (whole + (n <= :rows * 100 - total)::int)::numeric / 100) <= 4 AND sum(share) = :rows
FROM (SELECT share, whole, sum(whole) OVER () AS total, row_number() OVER (ORDER BY quota - whole DESC, id) AS n
    FROM (SELECT *, floor(quota) AS whole
        FROM (SELECT id, :rows * 100 * (value / sum(value) OVER ()) AS quota, icm_allocate(:rows.00, value) OVER () AS share FROM customer) q) w) r;
-- ours
SELECT count(share) FROM (SELECT icm_allocate(:rows.00, value) OVER () AS share FROM customer) s;
-- theirs: sum() OVER () | goal: 0.33
SELECT count(total) FROM (SELECT sum(value) OVER () AS total FROM customer) s;
-- theirs: largest remainders in SQL | goal: 1.0
SELECT count(share) FROM (SELECT (whole + (n <= :rows * 100 - total)::int)::numeric / 100 AS share
    FROM (SELECT whole, sum(whole) OVER () AS total, row_number() OVER (ORDER BY quota - whole DESC, id) AS n
        FROM (SELECT *, floor(quota) AS whole FROM (SELECT id, :rows * 100 * (value / sum(value) OVER ()) AS quota FROM customer) q) w) r) s;

-- case: by weight, in each of many regions
-- ours
SELECT count(share) FROM (SELECT icm_allocate(10000.00, value) OVER (PARTITION BY region) AS share FROM customer) s;
-- theirs: sum() OVER () | goal: 0.33
SELECT count(total) FROM (SELECT sum(value) OVER (PARTITION BY region) AS total FROM customer) s;

-- case: with a floor and a cap for each
-- check
SELECT bool_and(share BETWEEN least AND most) AND sum(share) = :rows FROM (SELECT *, icm_allocate(:rows.00, value, least, most) OVER () AS share FROM customer) s;
-- ours
SELECT count(share) FROM (SELECT icm_allocate(:rows.00, value, least, most) OVER () AS share FROM customer) s;
-- theirs: sum() OVER () of the three
SELECT count(total), count(lowest), count(highest)
FROM (SELECT sum(value) OVER () AS total, sum(least) OVER () AS lowest, sum(most) OVER () AS highest FROM customer) s;
