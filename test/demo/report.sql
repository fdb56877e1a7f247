-- On the tables ledgers and valuations: the departments' views of the same customers, and one metric of
-- what they have contributed. :company is true for the company's data.

\pset footer off
\pset numericlocale on
\pset pager off

-- A customer's rank in each view: 1 is the highest revenue, the highest cost, the highest contribution.
CREATE TABLE ranks AS
    SELECT customer, revenue, cost, contribution,
           rank() OVER (ORDER BY revenue DESC) AS revenue_rank,
           rank() OVER (ORDER BY cost DESC) AS cost_rank,
           rank() OVER (ORDER BY contribution DESC) AS contribution_rank
    FROM valuations;
CREATE VIEW top_ten AS SELECT * FROM ranks ORDER BY revenue_rank, customer LIMIT 10;

SELECT CASE WHEN count(*) > 10 THEN 'the ten customers with the highest revenue' ELSE 'all customers' END AS who,
       coalesce(bool_or(cost <> 0), false) AS has_cost,
       greatest(1, count(*) / 100) AS best
FROM valuations \gset

\echo
\if :company
\echo '4. The same ten customers, valued by two departments and by one metric'
\echo
\echo '   The ten are those with the highest revenue. Amounts in EUR, of 2023 and 2024.'
\echo '   marketing     revenue: what the customer ordered; rank 1 orders the most'
\echo '   call centre   cost: what calls and the handling of returns cost; rank 1 costs the most'
\echo '   one metric    contribution: revenue less refunds and the cost of goods, technicians,'
\echo '                 calls, returns and contacts; rank 1 contributes the most'
\echo
SELECT customer::text, round(revenue::numeric) AS "revenue (marketing)", revenue_rank AS rank,
       round(cost::numeric) AS "cost (call centre)", cost_rank AS rank,
       round(contribution::numeric) AS "contribution", contribution_rank AS rank
FROM top_ten ORDER BY revenue_rank, top_ten.customer;

SELECT customer AS fallen FROM top_ten
ORDER BY contribution_rank - revenue_rank DESC, customer LIMIT 1 \gset
\echo 'Where the revenue of customer' :fallen 'went (EUR):'
SELECT item, round(amount::numeric) AS amount FROM breakdown WHERE customer = :fallen ORDER BY position;
\elif :has_cost
\echo '4. The same customers, valued by revenue, by cost and by one metric:' :who
\echo
\echo '   revenue       what the customer paid, less refunds; rank 1 paid the most'
\echo '   cost          what the customer cost; rank 1 cost the most'
\echo '   one metric    contribution: revenue less cost; rank 1 contributes the most'
\echo
SELECT customer, round(revenue::numeric, 2) AS revenue, revenue_rank AS rank,
       round(cost::numeric, 2) AS cost, cost_rank AS rank,
       round(contribution::numeric, 2) AS contribution, contribution_rank AS rank
FROM top_ten ORDER BY revenue_rank, top_ten.customer;
\else
\echo '4. The same customers, valued by revenue and by one metric:' :who
\echo
\echo '   The file has no costs, so there are two views, and they agree: the one metric,'
\echo '   contribution, is revenue less refunds. Rank 1 is the highest.'
\echo
SELECT customer, round(revenue::numeric, 2) AS revenue, revenue_rank AS rank,
       round(contribution::numeric, 2) AS contribution, contribution_rank AS rank
FROM top_ten ORDER BY revenue_rank, top_ten.customer;
\endif

\if :company
SELECT format('Of marketing''s %s best customers, %s are among the %s best by contribution, and the company', :best,
              count(*) FILTER (WHERE contribution_rank <= :best), :best) AS overlap,
       format('loses money on %s of them.', count(*) FILTER (WHERE contribution < 0)) AS losing
FROM ranks WHERE revenue_rank <= :best \gset
\echo :overlap
\echo :losing
\echo
\endif

