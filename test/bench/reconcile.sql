-- title: wallets reconciled with the market, and estimated from peers
-- vary: workers=0
-- vary: work_mem=256MB

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE customer AS
SELECT id, id % 7 AS region, id % 5 AS age, id % 11 AS brand, exp(3 + random()) AS estimate, CASE WHEN random() < 0.7 THEN 100 * random() ^ 3 ELSE 0 END AS own,
       random() AS a, 100 * random() AS b, floor(10 * random()) AS c, (random() < 0.3)::int AS online, (random() < 0.02)::int AS complained,
       :rows * 4.0::float8 AS total
FROM generate_series(1, :rows / 10) id;
CREATE UNLOGGED TABLE sample AS SELECT * FROM customer WHERE id <= :rows / 100;
CREATE UNLOGGED TABLE few AS SELECT * FROM customer WHERE id <= :rows / 2000;
CREATE UNLOGGED TABLE household AS
SELECT id, region, age, brand, estimate, sum(wallet) OVER (PARTITION BY region) AS region_total, sum(wallet) OVER (PARTITION BY age) AS age_total,
       sum(wallet) OVER (PARTITION BY brand) AS brand_total
FROM (SELECT *, 100 * a AS wallet FROM sample) s;
CREATE UNLOGGED TABLE raked AS SELECT *, estimate AS wallet FROM household;
-- Scale each margin in turn, until all are met: what one writes in PL/pgSQL.
CREATE FUNCTION rake_household() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    deviation float8;
BEGIN
    TRUNCATE raked;
    INSERT INTO raked SELECT *, estimate FROM household;
    FOR n IN 1..1000 LOOP
        UPDATE raked r SET wallet = wallet * region_total / s.sum FROM (SELECT region, sum(wallet) FROM raked GROUP BY region) s WHERE s.region = r.region;
        UPDATE raked r SET wallet = wallet * age_total / s.sum FROM (SELECT age, sum(wallet) FROM raked GROUP BY age) s WHERE s.age = r.age;
        UPDATE raked r SET wallet = wallet * brand_total / s.sum FROM (SELECT brand, sum(wallet) FROM raked GROUP BY brand) s WHERE s.brand = r.brand;
        SELECT max(abs(sum / total - 1)) INTO deviation
        FROM (SELECT sum(wallet), region_total AS total FROM raked GROUP BY region, region_total
              UNION ALL SELECT sum(wallet), age_total FROM raked GROUP BY age, age_total) s;
        IF deviation <= 1e-10 THEN RETURN n; END IF;
    END LOOP;
END
$$;
SELECT rake_household();

-- case: calibrated to a total, of a tenth of the rows
-- check
WITH RECURSIVE search(n, low, high) AS (
    SELECT 1, 0::float8, 100::float8
    UNION ALL SELECT n + 1, CASE WHEN sum < total THEN middle ELSE low END, CASE WHEN sum < total THEN high ELSE middle END
    FROM (SELECT *, (low + high) / 2 AS middle, (SELECT sum(greatest(own, (low + high) / 2 * estimate)) FROM customer), :rows * 4.0::float8 AS total FROM search WHERE n < 55) s)
SELECT abs((SELECT high FROM search WHERE n = 55) / (icm_wallet_calibration(own, estimate, total)).lambda - 1) < 1e-9 FROM customer;
-- ours
SELECT count(wallet) FROM (SELECT icm_wallet_calibrate(own, estimate, total) OVER () AS wallet FROM customer) s;
-- theirs: bisection in SQL, 50 steps | goal: 3
WITH RECURSIVE search(n, low, high) AS (
    SELECT 1, 0::float8, 100::float8
    UNION ALL SELECT n + 1, CASE WHEN sum < total THEN middle ELSE low END, CASE WHEN sum < total THEN high ELSE middle END
    FROM (SELECT *, (low + high) / 2 AS middle, (SELECT sum(greatest(own, (low + high) / 2 * estimate)) FROM customer), :rows * 4.0::float8 AS total FROM search WHERE n < 50) s)
SELECT count(wallet) FROM (SELECT greatest(own, high * estimate) AS wallet FROM customer, (SELECT high FROM search WHERE n = 50) l) s;
-- theirs: prefix sums in SQL | goal: 1.0
WITH lambda AS (
    SELECT max(lambda) AS lambda
    FROM (SELECT own / estimate AS ratio, (total - sum(own) OVER () + sum(own) OVER w) / sum(estimate) OVER w AS lambda
          FROM customer WHERE estimate > 0 WINDOW w AS (ORDER BY own / estimate)) s
    WHERE lambda >= ratio)
SELECT count(wallet) FROM (SELECT greatest(own, lambda * estimate) AS wallet FROM customer, lambda) s;
-- theirs: sum() OVER () of the two
SELECT count(a), count(b) FROM (SELECT sum(own) OVER () AS a, sum(estimate) OVER () AS b FROM customer) s;

-- case: the aggregate
-- vary: workers=0, 2
-- ours
SELECT count(c) FROM (SELECT icm_wallet_calibration(own, estimate, total) AS c FROM customer OFFSET 0) s;
-- theirs: percentile_disc
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY own / estimate) FROM customer;
-- scan
SELECT count(own + estimate + total) FROM customer;

-- case: raked to three margins, of a hundredth of the rows
-- check
SELECT max(abs(r.wallet / s.wallet - 1)) < 1e-6
FROM raked r JOIN (SELECT id, icm_rake(estimate, ARRAY[region::text, age::text, brand::text], ARRAY[region_total, age_total, brand_total]) OVER () AS wallet FROM household) s USING (id);
-- ours
SELECT count(wallet) FROM (SELECT icm_rake(estimate, ARRAY[region::text, age::text, brand::text], ARRAY[region_total, age_total, brand_total]) OVER () AS wallet FROM household) s;
-- theirs: a loop of updates in PL/pgSQL | goal: 3
SELECT count(rake_household());

-- case: peers, of a few thousand rows
-- check
SELECT bool_and(ours = greatest(own, theirs))
FROM (SELECT *, icm_wallet_peer(own, ARRAY[a, b, c], 20, 0.9) OVER () AS ours FROM few) f,
    (SELECT 1 / var_pop(a) AS va, 1 / var_pop(b) AS vb, 1 / var_pop(c) AS vc FROM few) v,
    LATERAL (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY own) AS theirs
             FROM (SELECT o.own FROM few o WHERE o.id <> f.id ORDER BY va * (o.a - f.a) ^ 2 + vb * (o.b - f.b) ^ 2 + vc * (o.c - f.c) ^ 2 LIMIT 20) p) q
WHERE f.id <= 200;
-- ours
SELECT count(wallet) FROM (SELECT icm_wallet_peer(own, ARRAY[a, b, c], 20, 0.9) OVER () AS wallet FROM few) s;
-- theirs: LATERAL ... ORDER BY distance LIMIT k | goal: 10
SELECT count(wallet) FROM (SELECT greatest(own, q) AS wallet
    FROM few f, (SELECT 1 / var_pop(a) AS va, 1 / var_pop(b) AS vb, 1 / var_pop(c) AS vc FROM few) v,
        LATERAL (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY own) AS q
                 FROM (SELECT o.own FROM few o WHERE o.id <> f.id
                       ORDER BY va * (o.a - f.a) * (o.a - f.a) + vb * (o.b - f.b) * (o.b - f.b) + vc * (o.c - f.c) * (o.c - f.c) LIMIT 20) p) l OFFSET 0) s;

-- twenty times as many rows: theirs would take four hundred times as long

-- case: peers, of a hundredth of the rows
-- ours
SELECT count(wallet) FROM (SELECT icm_wallet_peer(own, ARRAY[a, b, c], 20, 0.9) OVER () AS wallet FROM sample) s;
-- theirs: sum() OVER ()
SELECT count(total) FROM (SELECT sum(own) OVER () AS total FROM sample) s;

-- case: peers by flags and bands, of a few thousand rows
-- check
SELECT bool_and(ours = greatest(own, theirs))
FROM (SELECT *, icm_wallet_peer(own, ARRAY[age, region, online, complained], 20, 0.9) OVER () AS ours FROM few) f,
    (SELECT (1 / var_pop(age))::float8 AS va, (1 / var_pop(region))::float8 AS vr, (1 / var_pop(online))::float8 AS vo, (1 / var_pop(complained))::float8 AS vc FROM few) v,
    LATERAL (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY own) AS theirs
             FROM (SELECT o.own FROM few o WHERE o.id <> f.id
                   ORDER BY va * (o.age - f.age) ^ 2 + vr * (o.region - f.region) ^ 2 + vo * (o.online - f.online) ^ 2 + vc * (o.complained - f.complained) ^ 2
                   FETCH FIRST 20 ROWS WITH TIES) p) q
WHERE f.id <= 200;
-- ours
SELECT count(wallet) FROM (SELECT icm_wallet_peer(own, ARRAY[age, region, online, complained], 20, 0.9) OVER () AS wallet FROM few) s;
-- theirs: LATERAL ... ORDER BY distance LIMIT k, any of those that tie | goal: 10
SELECT count(wallet) FROM (SELECT greatest(own, q) AS wallet
    FROM few f, (SELECT (1 / var_pop(age))::float8 AS va, (1 / var_pop(region))::float8 AS vr, (1 / var_pop(online))::float8 AS vo, (1 / var_pop(complained))::float8 AS vc FROM few) v,
        LATERAL (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY own) AS q
                 FROM (SELECT o.own FROM few o WHERE o.id <> f.id
                       ORDER BY va * (o.age - f.age) * (o.age - f.age) + vr * (o.region - f.region) * (o.region - f.region)
                           + vo * (o.online - f.online) * (o.online - f.online) + vc * (o.complained - f.complained) * (o.complained - f.complained) LIMIT 20) p) l OFFSET 0) s;

-- case: peers by flags and bands, of a tenth of the rows
-- ours
SELECT count(wallet) FROM (SELECT icm_wallet_peer(own, ARRAY[age, region, online, complained], 20, 0.9) OVER () AS wallet FROM customer) s;
-- theirs: sum() OVER ()
SELECT count(total) FROM (SELECT sum(own) OVER () AS total FROM customer) s;
