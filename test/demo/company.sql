-- From the company's tables: one ledger per customer, and what each department sees of it.

\pset footer off
\pset pager off

-- What service and marketing do is in their tables, what it costs in one definition.
\echo '   What a call, a return and a contact cost is agreed once, and published:'
\echo
\set ECHO queries
SELECT icm_publish('cost_model', 'service',
                   '{"call minute": 1.10, return: 9 + 8%, visit: 160, letter: 1.20, e-mail: 0.05}',
                   'agreed by marketing, call centre and field service') AS version;
\set ECHO none

CREATE VIEW serving AS
    SELECT customer, day, 'call minute' AS kind, minutes AS quantity, NULL AS amount FROM calls
    UNION ALL
    SELECT customer, day, 'return', 1, refund FROM returns
    UNION ALL
    SELECT customer, day, channel, 1, NULL FROM contacts;
CREATE TABLE serving_costs AS
    SELECT customer, day, kind, icm_cost('service', kind, quantity, amount) AS cost FROM serving;

-- Every table says in its own way what a customer brought and cost. Revenue is NULL where there was
-- no purchase, and negative for a refund.
CREATE VIEW events AS
    SELECT customer, day, revenue, goods_cost AS cost FROM retail_orders
    UNION ALL
    SELECT customer, day, revenue, goods_cost + shipping_cost FROM online_orders
    UNION ALL
    SELECT customer, day, revenue, technician_cost FROM contract_invoices
    UNION ALL
    SELECT customer, day, -refund, -goods_back FROM returns
    UNION ALL
    SELECT customer, day, NULL, cost FROM serving_costs;

CREATE TABLE ledgers AS
    SELECT customer, icm_ledger_agg(day, revenue, cost) AS ledger FROM events GROUP BY customer;
ALTER TABLE ledgers ADD PRIMARY KEY (customer);

-- What each department adds up in its own tables, and the one metric.
CREATE TABLE valuations AS
    WITH orders AS (
        SELECT customer, sum(revenue) AS revenue
        FROM (SELECT customer, revenue FROM retail_orders
              UNION ALL SELECT customer, revenue FROM online_orders
              UNION ALL SELECT customer, revenue FROM contract_invoices) o
        GROUP BY customer
    ), service AS (
        SELECT customer, sum(cost) AS cost FROM serving_costs WHERE kind IN ('call minute', 'return') GROUP BY customer
    )
    SELECT customer, coalesce(revenue, 0)::float8 AS revenue, coalesce(cost, 0)::float8 AS cost,
           icm_contribution(ledger) AS contribution
    FROM ledgers LEFT JOIN orders USING (customer) LEFT JOIN service USING (customer);

-- Where one customer's revenue went.
CREATE VIEW breakdown AS
    SELECT customer, position, item, sum(amount) AS amount
    FROM (SELECT customer, 1 AS position, 'ordered' AS item, revenue AS amount FROM valuations
          UNION ALL SELECT customer, 2, 'refunds', -refund FROM returns
          UNION ALL SELECT customer, 3, 'goods, shipping, technicians', -goods_cost FROM retail_orders
          UNION ALL SELECT customer, 3, 'goods, shipping, technicians', -goods_cost - shipping_cost FROM online_orders
          UNION ALL SELECT customer, 3, 'goods, shipping, technicians', -technician_cost FROM contract_invoices
          UNION ALL SELECT customer, 4, 'goods that came back', goods_back FROM returns
          UNION ALL SELECT customer, 5, 'calls, handling of returns', -cost FROM valuations
          UNION ALL SELECT customer, 6, 'visits, letters, e-mails', -cost
                    FROM serving_costs WHERE kind NOT IN ('call minute', 'return')
          UNION ALL SELECT customer, 7, '= contribution', contribution FROM valuations) i
    GROUP BY customer, position, item;
