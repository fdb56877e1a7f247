-- title: ledgers that are stored, some hundred orders a customer, a month a ledger
-- vary: work_mem=64MB
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE orders AS
SELECT floor(random() * (:rows / 200))::int AS customer,
    date '2024-01-01' + (i * 366 / (:rows / 2))::int AS day,
    round((random() * 100)::numeric, 2)::float8 AS revenue
FROM generate_series(0::bigint, :rows / 2 - 1) i;
CREATE UNLOGGED TABLE month_ledger AS
SELECT customer, date_trunc('month', day)::date AS month, icm_ledger_agg(day, revenue) AS ledger
FROM orders GROUP BY 1, 2 ORDER BY 2, 1;
CREATE UNLOGGED TABLE customer_ledger AS
SELECT customer, icm_rollup(ledger) AS ledger FROM month_ledger GROUP BY customer;

-- case: a year's ledgers from monthly ones
-- check
SELECT bool_and(o.ledger::text = t.ledger::text)
FROM (SELECT customer, icm_rollup(ledger) AS ledger FROM month_ledger GROUP BY customer) o
    FULL JOIN (SELECT customer, icm_ledger_agg(day, revenue) AS ledger FROM orders GROUP BY customer) t USING (customer);
-- ours
SELECT count(ledger)
FROM (SELECT customer, icm_rollup(ledger) AS ledger FROM month_ledger GROUP BY customer OFFSET 0) l;
-- theirs: icm_ledger_agg of the orders
SELECT count(ledger)
FROM (SELECT customer, icm_ledger_agg(day, revenue) AS ledger FROM orders GROUP BY customer OFFSET 0) l;
-- theirs: RFM of the orders by hand
SELECT count(recency), count(frequency), count(monetary)
FROM (
    SELECT customer, '2025-01-01' - max(day) AS recency, count(DISTINCT day) AS frequency,
        sum(revenue) / count(DISTINCT day) AS monetary
    FROM orders GROUP BY customer OFFSET 0) r;

-- case: recency, frequency and monetary from stored ledgers
-- check
SELECT bool_and((o.rfm).recency = t.recency AND (o.rfm).frequency = t.frequency
    AND abs((o.rfm).monetary - t.monetary) <= 1e-9 * t.monetary)
FROM (SELECT customer, icm_rfm(ledger, '2025-01-01') AS rfm FROM customer_ledger OFFSET 0) o
    FULL JOIN (
    SELECT customer, '2025-01-01' - max(day) AS recency, count(DISTINCT day) AS frequency,
        sum(revenue) / count(DISTINCT day) AS monetary
    FROM orders GROUP BY customer) t USING (customer);
-- ours
SELECT count((rfm).recency), count((rfm).frequency), count((rfm).monetary)
FROM (SELECT icm_rfm(ledger, '2025-01-01') AS rfm FROM customer_ledger OFFSET 0) l;
-- theirs: RFM of the orders by hand
SELECT count(recency), count(frequency), count(monetary)
FROM (
    SELECT customer, '2025-01-01' - max(day) AS recency, count(DISTINCT day) AS frequency,
        sum(revenue) / count(DISTINCT day) AS monetary
    FROM orders GROUP BY customer OFFSET 0) r;
