-- title: ledgers from raw orders, some ten orders a customer
-- vary: work_mem=64MB
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
-- in the order of time, as a table of orders is that is written to every day
CREATE UNLOGGED TABLE orders AS
SELECT floor(random() * (:rows / 10))::int AS customer,
    date '2023-01-01' + (i * 730 / :rows)::int AS day,
    round((random() * 100)::numeric, 2)::float8 AS revenue,
    round((random() * 60)::numeric, 2)::float8 AS cost
FROM generate_series(0::bigint, :rows - 1) i;
CREATE UNLOGGED TABLE orders_numeric AS
SELECT customer, day, revenue::numeric(10,2) AS revenue FROM orders;
-- in no order
CREATE UNLOGGED TABLE orders_shuffled AS
SELECT floor(random() * (:rows / 50))::int AS customer,
    date '2023-01-01' + floor(random() * 730)::int AS day,
    round((random() * 100)::numeric, 2)::float8 AS revenue
FROM generate_series(1, :rows / 5);

-- case: revenue float8
-- vary: work_mem=4MB, 64MB, 256MB
-- check
SELECT o.customers = t.customers AND o.days = t.days AND o.recency = t.recency AND o.age = t.age
    AND abs(o.revenue - t.revenue) <= 1e-9 * t.revenue
FROM (
    SELECT count(*) AS customers, sum((rfm).frequency) AS days, sum((rfm).recency) AS recency,
        sum(age) AS age, sum(revenue) AS revenue
    FROM (
        SELECT icm_rfm(ledger, '2025-01-01') AS rfm, (icm_btyd(ledger, '2025-01-01', 1)).t AS age,
            icm_revenue(ledger) AS revenue
        FROM (SELECT icm_ledger_agg(day, revenue) AS ledger FROM orders GROUP BY customer OFFSET 0) l
        OFFSET 0) l
    ) o, (
    SELECT count(*) AS customers, sum(days) AS days, sum('2025-01-01' - last) AS recency,
        sum('2025-01-01' - first) AS age, sum(revenue) AS revenue
    FROM (
        SELECT count(DISTINCT day) AS days, max(day) AS last, min(day) AS first, sum(revenue) AS revenue
        FROM orders GROUP BY customer) r
    ) t;
-- ours
SELECT count(ledger)
FROM (SELECT customer, icm_ledger_agg(day, revenue) AS ledger FROM orders GROUP BY customer OFFSET 0) l;
-- theirs: count(DISTINCT day), max, min, sum | goal: 1.0
SELECT count(days), count(last), count(first), count(revenue)
FROM (
    SELECT customer, count(DISTINCT day) AS days, max(day) AS last, min(day) AS first, sum(revenue) AS revenue
    FROM orders GROUP BY customer OFFSET 0) r;
-- theirs: count(*), max, sum | goal: 0.5
SELECT count(n), count(last), count(revenue)
FROM (
    SELECT customer, count(*) AS n, max(day) AS last, sum(revenue) AS revenue
    FROM orders GROUP BY customer OFFSET 0) r;

-- case: revenue numeric(10,2)
-- check
SELECT o.customers = t.customers AND abs(o.revenue - t.revenue::float8) <= 1e-9 * t.revenue::float8
FROM (
    SELECT count(*) AS customers, sum(icm_revenue(ledger)) AS revenue
    FROM (SELECT icm_ledger_agg(day, revenue) AS ledger FROM orders_numeric GROUP BY customer OFFSET 0) l
    ) o, (
    SELECT count(DISTINCT customer) AS customers, sum(revenue) AS revenue FROM orders_numeric
    ) t;
-- ours
SELECT count(ledger)
FROM (SELECT customer, icm_ledger_agg(day, revenue) AS ledger FROM orders_numeric GROUP BY customer OFFSET 0) l;
-- theirs: count(DISTINCT day), max, min, sum | goal: 1.0
SELECT count(days), count(last), count(first), count(revenue)
FROM (
    SELECT customer, count(DISTINCT day) AS days, max(day) AS last, min(day) AS first, sum(revenue) AS revenue
    FROM orders_numeric GROUP BY customer OFFSET 0) r;
-- theirs: count(*), max, sum | goal: 0.5
SELECT count(n), count(last), count(revenue)
FROM (
    SELECT customer, count(*) AS n, max(day) AS last, sum(revenue) AS revenue
    FROM orders_numeric GROUP BY customer OFFSET 0) r;

-- case: revenue and cost
-- check
SELECT abs(o.cost - t.cost) <= 1e-9 * t.cost AND abs(o.contribution - t.contribution) <= 1e-9 * t.contribution
FROM (
    SELECT sum(icm_cost(ledger)) AS cost, sum(icm_contribution(ledger)) AS contribution
    FROM (SELECT icm_ledger_agg(day, revenue, cost) AS ledger FROM orders GROUP BY customer OFFSET 0) l
    ) o, (
    SELECT sum(cost) AS cost, sum(revenue - cost) AS contribution FROM orders
    ) t;
-- ours
SELECT count(ledger)
FROM (SELECT customer, icm_ledger_agg(day, revenue, cost) AS ledger FROM orders GROUP BY customer OFFSET 0) l;
-- theirs: count(DISTINCT day), max, min, sum, sum | goal: 1.0
SELECT count(days), count(last), count(first), count(revenue), count(cost)
FROM (
    SELECT customer, count(DISTINCT day) AS days, max(day) AS last, min(day) AS first, sum(revenue) AS revenue,
        sum(cost) AS cost
    FROM orders GROUP BY customer OFFSET 0) r;
-- theirs: count(*), max, sum, sum | goal: 0.5
SELECT count(n), count(last), count(revenue), count(cost)
FROM (
    SELECT customer, count(*) AS n, max(day) AS last, sum(revenue) AS revenue, sum(cost) AS cost
    FROM orders GROUP BY customer OFFSET 0) r;

-- case: a fifth of the orders, shuffled
-- check
SELECT o.customers = t.customers AND abs(o.revenue - t.revenue) <= 1e-9 * t.revenue
FROM (
    SELECT count(*) AS customers, sum(icm_revenue(ledger)) AS revenue
    FROM (SELECT icm_ledger_agg(day, revenue) AS ledger FROM orders_shuffled GROUP BY customer OFFSET 0) l
    ) o, (
    SELECT count(DISTINCT customer) AS customers, sum(revenue) AS revenue FROM orders_shuffled
    ) t;
-- ours
SELECT count(ledger)
FROM (SELECT customer, icm_ledger_agg(day, revenue) AS ledger FROM orders_shuffled GROUP BY customer OFFSET 0) l;
-- theirs: count(DISTINCT day), max, min, sum | goal: 1.0
SELECT count(days), count(last), count(first), count(revenue)
FROM (
    SELECT customer, count(DISTINCT day) AS days, max(day) AS last, min(day) AS first, sum(revenue) AS revenue
    FROM orders_shuffled GROUP BY customer OFFSET 0) r;
-- theirs: count(*), max, sum | goal: 0.5
SELECT count(n), count(last), count(revenue)
FROM (
    SELECT customer, count(*) AS n, max(day) AS last, sum(revenue) AS revenue
    FROM orders_shuffled GROUP BY customer OFFSET 0) r;

-- case: recency, frequency and monetary read from the ledger at once
-- check
SELECT bool_and(o.recency = t.recency AND o.frequency = t.frequency
    AND abs(o.monetary - t.monetary) <= 1e-9 * abs(t.monetary))
FROM (
    SELECT customer, (rfm).recency, (rfm).frequency, (rfm).monetary
    FROM (
        SELECT customer, icm_rfm(icm_ledger_agg(day, revenue), '2025-01-01') AS rfm
        FROM orders GROUP BY customer OFFSET 0) l
    ) o FULL JOIN (
    SELECT customer, '2025-01-01' - max(day) AS recency, count(DISTINCT day) AS frequency,
        sum(revenue) / count(DISTINCT day) AS monetary
    FROM orders GROUP BY customer
    ) t USING (customer);
-- ours
SELECT count((rfm).recency), count((rfm).frequency), count((rfm).monetary)
FROM (
    SELECT customer, icm_rfm(icm_ledger_agg(day, revenue), '2025-01-01') AS rfm
    FROM orders GROUP BY customer OFFSET 0) l;
-- theirs: one GROUP BY with count(DISTINCT day)
SELECT count(recency), count(frequency), count(monetary)
FROM (
    SELECT customer, '2025-01-01' - max(day) AS recency, count(DISTINCT day) AS frequency,
        sum(revenue) / count(DISTINCT day) AS monetary
    FROM orders GROUP BY customer OFFSET 0) r;
-- theirs: GROUP BY customer, day, then GROUP BY customer
SELECT count(recency), count(frequency), count(monetary)
FROM (
    SELECT customer, '2025-01-01' - max(day) AS recency, count(*) AS frequency, avg(revenue) AS monetary
    FROM (SELECT customer, day, sum(revenue) AS revenue FROM orders GROUP BY customer, day) d
    GROUP BY customer OFFSET 0) r;
