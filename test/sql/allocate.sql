--
-- icm_allocate: window function, arrays, aggregate
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

-- a budget by value; its decimals are the unit
CREATE TEMP TABLE customer (id int PRIMARY KEY, region text, value float8, least numeric, most numeric);
INSERT INTO customer VALUES (1, 'north', 120, NULL, NULL), (2, 'north', 60, 30, 35), (3, 'north', 60, NULL, NULL),
    (4, 'north', 0, 2.5, NULL), (5, 'north', NULL, 50, 10), (6, 'south', 1, NULL, 20), (7, 'south', 1, NULL, NULL), (8, 'south', 1, 0, NULL);
SELECT id, value, icm_allocate(100.00, value) OVER w AS cents, icm_allocate(100, value) OVER w AS whole,
       icm_allocate(10000, value) OVER w AS in_cents, icm_allocate(0.1, value) OVER w AS tenths, least,
       icm_allocate(100.00, value, least) OVER w AS floors, most, icm_allocate(100.00, value, least, most) OVER w AS both
FROM customer WINDOW w AS (PARTITION BY region ORDER BY id) ORDER BY id;
-- the first row of the partition comes first where remainders are equal
SELECT id, icm_allocate(1.00, value) OVER (ORDER BY id) AS ascending, icm_allocate(1.00, value) OVER (ORDER BY id DESC) AS descending
FROM customer WHERE region = 'south' ORDER BY id;
-- the whole partition is shared in, whatever the frame is
SELECT id, icm_allocate(100.00, value) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS frame
FROM customer WHERE region = 'south' ORDER BY id;
-- a floor is rounded up to whole units, a cap down
SELECT icm_allocate(10.0, ARRAY[1, 1, 8], ARRAY[3.01, 0, 0], ARRAY[NULL, NULL, 4.99]) AS tenths,
       icm_allocate(10, ARRAY[1, 1, 8], ARRAY[3.01, 0, 0], ARRAY[NULL, NULL, 4.99]) AS whole,
       icm_allocate(10.000, ARRAY[1, 1, 8], ARRAY[3.01, 0, 0], ARRAY[NULL, NULL, 4.99]) AS thousandths;
-- NULLs
SELECT count(*) AS rows, count(icm) AS shares FROM (SELECT icm_allocate(NULL::numeric, value, least, most) OVER () FROM customer) s(icm);
SELECT count(*) AS rows, count(icm) AS shares, sum(icm) FROM (SELECT icm_allocate(0, NULL::float8) OVER () FROM customer) s(icm);
SELECT icm_allocate(NULL, ARRAY[1.0]::float8[]) IS NULL AS budget, icm_allocate(5, NULL::float8[]) IS NULL AS weights,
       icm_allocate(5, ARRAY[1, 1]::float8[], NULL, NULL) AS bounds, icm_allocate(6, ARRAY[1, NULL, 1]::float8[], ARRAY[1, 9, NULL]) AS elements;
-- limits
SELECT icm_allocate(92000000000000000.00, ARRAY[1, 2]) AS most, icm_allocate(0, '{}'::float8[]) AS none, icm_allocate(0.00, ARRAY[1, 0]) AS nothing,
       icm_allocate(0.00000000000000000001, ARRAY[1, 2]) AS smallest_unit, icm_allocate(7, '[3:5]={1,1,1}'::float8[]) AS subscripts;
SELECT icm_allocate(1e2, ARRAY[1e308, 1e308, 5e-324]) AS large, icm_allocate(99, ARRAY[5e-324, 1e-323]::float8[]) AS small,
       icm_allocate(12, ARRAY[1e300, 1, 3], NULL, ARRAY[4, NULL, 1e300]) AS beside_a_giant;
SELECT scale(unnest(icm_allocate(0.000, ARRAY[1, 2]))) AS scale;

-- random partitions: sums, bounds, the same by window, array and aggregate
CREATE TEMP TABLE claim AS
SELECT p, i, budget, weight, floor, CASE WHEN h % 5 > 1 THEN floor + (budget * 6 / n) * (h % 89) / 89 END AS cap
FROM (SELECT p, i, n, budget, h, CASE WHEN h % 17 = 0 THEN NULL WHEN h % 13 = 0 THEN 0 WHEN p % 3 = 0 THEN h % 7 ELSE exp(h % 1000 / 100.0) END::float8 AS weight,
             CASE WHEN h % 4 > 0 THEN (budget / n) * (h % 97) / 97 END AS floor
      FROM (SELECT p, i, 1 + p % 60 AS n, (1 + hashint4(p)::int8 & 1048575)::numeric / 100 + 50 AS raw, hashint4(p * 100 + i)::int8 & 2147483647 AS h
            FROM generate_series(1, 600) p, generate_series(1, 1 + p % 60) i) s, round(raw, p % 4) budget) c;
CREATE TEMP TABLE answer AS
SELECT *, icm_allocate(budget, weight) OVER w AS plain, icm_allocate(budget, weight, floor) OVER w AS floored,
       icm_allocate(budget, weight, floor, cap) OVER w AS share
FROM (SELECT *, bool_or(weight > 0) OVER (PARTITION BY p) AND
              sum(CASE WHEN weight > 0 THEN trunc(coalesce(cap, budget), scale(budget)) WHEN weight = 0 THEN coalesce(floor, 0) END) OVER (PARTITION BY p) >= budget
                  AND bool_and(coalesce(trunc(cap, scale(budget)) >= ceil(floor * 10 ^ scale(budget)) / 10 ^ scale(budget), true)) OVER (PARTITION BY p) AS possible
      FROM claim) c
WHERE possible WINDOW w AS (PARTITION BY p ORDER BY i);
SELECT count(DISTINCT p) > 300 AS partitions, count(*) > 10000 AS rows FROM answer;
SELECT p FROM answer GROUP BY p, budget HAVING sum(plain) <> budget OR sum(floored) <> budget OR sum(share) <> budget;
SELECT * FROM answer WHERE scale(share) <> scale(budget) OR scale(plain) <> scale(budget) OR share < floor OR floored < floor OR share > cap AND weight > 0
    OR (share IS NULL) <> (weight IS NULL) OR plain < 0 OR weight = 0 AND plain > 0;
SELECT p FROM answer GROUP BY p, budget HAVING
    array_agg(plain ORDER BY i) IS DISTINCT FROM icm_allocate(budget, array_agg(weight ORDER BY i)) OR
    array_agg(plain ORDER BY i) IS DISTINCT FROM icm_allocate_agg(budget, weight ORDER BY i) OR
    array_agg(floored ORDER BY i) IS DISTINCT FROM icm_allocate(budget, array_agg(weight ORDER BY i), array_agg(floor ORDER BY i)) OR
    array_agg(floored ORDER BY i) IS DISTINCT FROM icm_allocate_agg(budget, weight, floor ORDER BY i) OR
    array_agg(share ORDER BY i) IS DISTINCT FROM icm_allocate(budget, array_agg(weight ORDER BY i), array_agg(floor ORDER BY i), array_agg(cap ORDER BY i)) OR
    array_agg(share ORDER BY i) IS DISTINCT FROM icm_allocate_agg(budget, weight, floor, cap ORDER BY i);
-- largest remainders as SQL would reckon them
SELECT p, i, plain, whole + unit * (n <= rest / unit)::int AS expected
FROM (SELECT *, budget - sum(whole) OVER (PARTITION BY p) AS rest, row_number() OVER (PARTITION BY p ORDER BY quota - whole DESC, i) AS n
      FROM (SELECT *, trunc(quota, scale(budget)) AS whole, 10.0 ^ -scale(budget) AS unit
            FROM (SELECT *, budget * weight::numeric / sum(weight::numeric) OVER (PARTITION BY p) AS quota FROM answer WHERE weight IS NOT NULL AND p % 3 = 0) q) w) r
WHERE plain <> whole + unit * (n <= rest / unit)::int;
-- in proportion within floors and caps: whoever is above the floor has, but for a unit, no more for the weight than whoever is below the cap
SELECT a.p, a.i, b.i FROM answer a JOIN answer b USING (p), LATERAL (SELECT (10.0 ^ -scale(a.budget))::float8 AS unit) u
WHERE a.weight > 0 AND b.weight > 0 AND a.share > ceil(coalesce(a.floor, 0) / unit::numeric) * unit::numeric AND b.share < trunc(coalesce(b.cap, b.budget), scale(b.budget))
    AND (a.share::float8 - unit) / a.weight > (b.share::float8 + unit) / b.weight * (1 + 1e-12);

-- more rows than fit into work_mem
SET work_mem = '64kB';
SELECT count(share), sum(share), min(share), max(share) FROM (SELECT icm_allocate(123456.78, i % 10) OVER (ORDER BY i) AS share FROM generate_series(1, 20000) i) s;
SELECT count(*), bool_and(total = 1000.00) FROM (
    SELECT p, sum(share) AS total FROM (
        SELECT i % 7 AS p, icm_allocate(1000.00, i, 0.01, CASE WHEN i % 3 = 0 THEN 5 END) OVER (PARTITION BY i % 7 ORDER BY i) AS share
        FROM generate_series(1, 20000) i) s GROUP BY p) t;
RESET work_mem;
SELECT sum(share), count(share) FROM unnest((SELECT icm_allocate_agg(1000000.00, i % 100, 1.5, 900) FROM generate_series(1, 20000) i)) share;

-- prepared, with parameters; the plan is generic or not
PREPARE allocate(numeric, numeric, numeric) AS
    SELECT array_agg(share ORDER BY id) FROM (SELECT id, icm_allocate($1, value, $2, $3) OVER (ORDER BY id) AS share FROM customer WHERE region = 'north') s;
SET plan_cache_mode = force_generic_plan;
EXECUTE allocate(100.00, 10, 40.009);
EXECUTE allocate(100, NULL, NULL);
EXECUTE allocate(NULL, 10, 40);
EXECUTE allocate(100.00, 30, 40);
SET plan_cache_mode = force_custom_plan;
EXECUTE allocate(100.00, 10, 40.009);
RESET plan_cache_mode;
DEALLOCATE allocate;
-- a budget that is reckoned for each row, but the same
SELECT id, icm_allocate(total, value) OVER (PARTITION BY region ORDER BY id)
FROM (SELECT *, (sum(value) OVER (PARTITION BY region))::numeric(10,2) AS total FROM customer) s ORDER BY id;

-- the aggregate: in the order of the input; by group; over nothing
SELECT region, icm_allocate_agg(1.00, value ORDER BY id) AS ascending, icm_allocate_agg(1.00, value ORDER BY id DESC) AS descending FROM customer GROUP BY region ORDER BY region;
SELECT icm_allocate_agg(1.00, value) AS no_rows FROM customer WHERE id > 100;
SELECT icm_allocate_agg(NULL, value) AS no_budget, icm_allocate_agg(0, NULL::float8) AS no_weight FROM customer;
SELECT id, icm_allocate_agg(10, value) OVER (ORDER BY id) FROM customer WHERE region = 'south';

-- errors
SELECT icm_allocate(100.00, value, 60) OVER () FROM customer WHERE region = 'south';
SELECT icm_allocate(100.00, value, 0, 10.5) OVER () FROM customer WHERE region = 'south';
SELECT icm_allocate(100.00, value * 0, 10) OVER () FROM customer WHERE region = 'south';
SELECT icm_allocate(id, value) OVER () FROM customer;
SELECT icm_allocate_agg(id, value) FROM customer;
SELECT icm_allocate(100.00, value - 100) OVER (ORDER BY id) FROM customer;
SELECT icm_allocate(92000000000000000.01, ARRAY[1]);
SELECT call, e.* FROM (VALUES ('-0.01, ARRAY[1]'), ('''NaN'', ARRAY[1]'), ('1e19, ARRAY[1]'), ('9200000000000000001, ARRAY[1]'), ('1e-25, ARRAY[1]'),
        ('5, ARRAY[-1]'), ('5, ARRAY[1, ''NaN'']::float8[]'), ('5, ARRAY[''Infinity'']::float8[]'), ('5, ARRAY[-5e-324]'),
        ('5, ARRAY[1], ARRAY[-1]'), ('5, ARRAY[1], ARRAY[''NaN''::numeric]'), ('5, ARRAY[1], ARRAY[5.1]'), ('5, ARRAY[1], ARRAY[1e30]'),
        ('5, ARRAY[1], NULL, ARRAY[-1]'), ('5, ARRAY[1], NULL, ARRAY[''NaN''::numeric]'), ('5, ARRAY[1], NULL, ARRAY[4.9]'),
        ('5, ARRAY[1, 1], ARRAY[2, 0], ARRAY[1, NULL]'), ('5, ARRAY[1, 1], ARRAY[1.2, 0], ARRAY[1.8, NULL]'), ('5.0, ARRAY[1, 1], ARRAY[1.2, 0], ARRAY[1.8, NULL]'),
        ('5, ARRAY[1, 1], ARRAY[9200000000000000000, 9200000000000000000]'), ('5, ARRAY[0, 0]'), ('5, ARRAY[NULL]::float8[]'), ('5, ''{}''::float8[]'), ('5, ARRAY[0, 1], NULL, ARRAY[5, 3]'),
        ('5, ARRAY[0, 1], ARRAY[5, 0]'), ('5, ARRAY[0, 1], ARRAY[5.1, 0]'),
        ('5, ARRAY[1, 1], ARRAY[1]'), ('5, ARRAY[1, 1], NULL, ARRAY[1, 2, 3]'), ('5, ARRAY[[1, 1]]'), ('5, ARRAY[1, 1], ARRAY[[1, 1]]')) AS v(call),
    pg_temp.error_of(format('SELECT icm_allocate(%s)', call)) e;
-- infinite amounts are an error in each version that has them
SELECT DISTINCT e.state IN ('22003', '22P02') AS refused FROM (VALUES ('''Infinity''::numeric, ARRAY[1]'), ('''-Infinity''::numeric, ARRAY[1]'),
        ('5, ARRAY[1], ARRAY[''Infinity''::numeric]'), ('5, ARRAY[1], NULL, ARRAY[''Infinity''::numeric]')) AS v(call),
    pg_temp.error_of(format('SELECT icm_allocate(%s)', call)) e;
-- a budget that differs is found at the row where it does: another number, other decimals, NULL
SELECT budget, e.* FROM (VALUES ('CASE id WHEN 8 THEN 5 ELSE 6 END'), ('CASE id WHEN 8 THEN 6.0 ELSE 6 END'), ('CASE id WHEN 8 THEN NULL ELSE 6 END'),
        ('CASE id WHEN 8 THEN 6 END'), ('CASE WHEN id > 0 THEN 6 END')) AS v(budget),
    pg_temp.error_of(format('SELECT icm_allocate(%s, value) OVER (ORDER BY id) FROM customer', budget)) e;
SELECT budget, e.* FROM (VALUES ('CASE id WHEN 8 THEN 5 ELSE 6 END'), ('CASE id WHEN 8 THEN 6.0 ELSE 6 END'), ('CASE id WHEN 8 THEN NULL ELSE 6 END'),
        ('CASE id WHEN 8 THEN 6 END'), ('CASE WHEN id > 0 THEN 6 END')) AS v(budget),
    pg_temp.error_of(format('SELECT icm_allocate_agg(%s, value ORDER BY id) FROM customer', budget)) e;
SELECT e.* FROM pg_temp.error_of('SELECT icm_allocate_accum(NULL, 1, 1)') e;

-- a transition state may come from anywhere: whatever byte is changed, there is an answer or an error
CREATE AGGREGATE pg_temp.state_of(numeric, float8, numeric, numeric) (SFUNC = icm_allocate_accum, STYPE = bytea);
CREATE TEMP TABLE state AS SELECT substring(pg_temp.state_of(10.00, value, 0.5, 9) FROM 1 FOR 20 + 3 * 24) AS state FROM customer WHERE region = 'south';
SELECT icm_allocate_final(state) FROM state;
SELECT e.state, e.message, count(*) > 0 AS some FROM state, generate_series(0, 91) i, (VALUES (0), (1), (127), (128), (255)) AS b(byte),
    pg_temp.error_of(format('SELECT icm_allocate_final(%L)', set_byte(state, i, byte))) e
WHERE e.state NOT IN ('22023') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM state, generate_series(0, 91) n, pg_temp.error_of(format('SELECT icm_allocate_final(%L)', substring(state FROM 1 FOR n))) e
WHERE e.state IS DISTINCT FROM 'XX001';
SELECT icm_allocate_final('\x01');
-- a cap alone
SELECT i, icm_allocate(10.00, i, cap => 5) OVER (ORDER BY i) FROM generate_series(1, 3) i;
SELECT icm_allocate(10.00, ARRAY[1, 2, 3], caps => ARRAY[NULL, NULL, 4]);
-- rows so wide that the memory of one is given back to the system when the next is read
SELECT i, amount FROM (
    SELECT i, length(wide) AS length, icm_allocate(50.00, i, floor, cap) OVER (ORDER BY i) AS amount
    FROM (SELECT i, repeat('x', 40000000) || i AS wide, i::numeric(12, 2) + 0.01 AS floor, i::numeric(12, 2) + 20.25 AS cap
          FROM generate_series(1, 3) i OFFSET 0) w) a
WHERE length > 0;
