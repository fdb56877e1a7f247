-- From the user's own orders: one ledger per customer, and the views on it.

CREATE TABLE ledgers AS
    SELECT customer, icm_ledger_agg(day, revenue, cost) AS ledger
    FROM orders
    WHERE revenue IS NOT NULL OR cost IS NOT NULL
    GROUP BY customer;
ALTER TABLE ledgers ADD PRIMARY KEY (customer);

CREATE TABLE valuations AS
    SELECT customer, icm_revenue(ledger) AS revenue, icm_cost(ledger) AS cost,
           icm_contribution(ledger) AS contribution
    FROM ledgers;
