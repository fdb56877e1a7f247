-- The main job, on the tables ledgers and valuations: the departments' views of the same customers,
-- the grades, and a published standard. :company is true for the company's data, which has wallets.

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
       least(5, count(DISTINCT contribution)) AS grades,
       count(DISTINCT contribution) >= 2 AS gradable,
       count(DISTINCT contribution) >= 5 AS five_grades,
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

\echo '5. Grades by contribution'
\echo
\if :gradable
\else
\echo '   All customers contribute the same, so there is nothing to grade and no scale to publish.'
\echo
\quit
\endif
\if :five_grades
\echo '   Five grades of equal size, A the best; customers with the same contribution share a grade.'
\echo '   The scale is cut by'
\else
\echo '   Only' :grades 'grades instead of 5: there are just' :grades 'different contributions, and customers'
\echo '   with the same contribution share a grade. A is the best.'
\echo '   The scale is cut by'
\endif
\echo
\set ECHO queries
SELECT icm_scale_agg(contribution, :grades, 'quantile') AS scale FROM valuations \gset
\set ECHO none
\echo
\echo '   which gives' :scale
\echo

\if :company
-- Whoever got more back in the year than was spent has no share of wallet.
CREATE TABLE graded AS
    SELECT customer, contribution, sum(contribution) OVER () AS total,
           icm_grade(contribution, :'scale'::icm_scale) AS grade, wallet,
           CASE WHEN own >= 0 THEN icm_share_of_wallet(own, wallet) END AS share
    FROM valuations LEFT JOIN shares USING (customer);

SELECT coalesce(grade::text, 'all') AS grade,
       round((icm_cuts(:'scale'::icm_scale))[:grades - grade::int]::numeric) AS "from EUR",
       count(*) AS customers,
       round(sum(contribution)::numeric) AS "contribution EUR",
       round((100 * sum(contribution) / total)::numeric, 1) AS "share %",
       count(share) AS "wallets known",
       round(100 * avg(share)::numeric, 1) AS "avg share of wallet %"
FROM graded GROUP BY total, ROLLUP (grade) ORDER BY graded.grade;

SELECT count(*) AS refunded FROM graded WHERE wallet IS NOT NULL AND share IS NULL \gset
\echo '   Share of wallet: the part of the customer''s spending on such goods in 2024 that came here,'
\echo '   averaged over the customers whose spending is known. Left out:' :refunded 'who got more back in 2024'
\echo '   than they spent.'
\echo
\else
SELECT coalesce(grade::text, 'all') AS grade,
       round((icm_cuts(:'scale'::icm_scale))[:grades - grade::int]::numeric, 2) AS "from",
       count(*) AS customers,
       round(sum(contribution)::numeric, 2) AS contribution,
       round((100 * sum(contribution) / CASE WHEN total > 0 THEN total END)::numeric, 1) AS "share %"
FROM (SELECT contribution, icm_grade(contribution, :'scale'::icm_scale) AS grade, sum(contribution) OVER () AS total
      FROM valuations) graded
GROUP BY total, ROLLUP (grade) ORDER BY graded.grade;
\endif

\echo '6. One published standard, used by name'
\echo
\echo '   The scale is published, and from then on every department grades by its name:'
\echo
\if :company
\set note 'agreed by marketing, call centre and field service'
\set effective 2025-01-01
\else
\set note 'grades of equal size'
\set effective yesterday
\endif
\set ECHO queries
SELECT icm_publish('scale', 'customer value', :'scale',
                   :'note', :'effective') AS version;

SELECT icm_grade(icm_contribution(ledger), 'customer value') AS grade, count(*) AS customers
FROM ledgers GROUP BY 1 ORDER BY 1;
\set ECHO none

\if :company
\echo '   A new version is written by hand, as the scale''s text. The same statement follows at once:'
\echo
\set ECHO queries
SELECT icm_publish('scale', 'customer value', '{0,100,500,1500}',
                   'E: the customer costs more than is earned') AS version;

SELECT icm_grade(icm_contribution(ledger), 'customer value') AS grade, count(*) AS customers
FROM ledgers GROUP BY 1 ORDER BY 1;
\set ECHO none
\echo '   The former version stays: how many had a better grade in mid-2025?'
\echo
\set ECHO queries
SELECT count(*) AS customers FROM ledgers
WHERE icm_grade(icm_contribution(ledger), icm_standard_scale('customer value', '2025-06-30'))
      < icm_grade(icm_contribution(ledger), 'customer value');
\set ECHO none
\endif
\echo '   Who published what, and why:'
\echo
SELECT version, to_char(in_force_from, 'YYYY-MM-DD HH24:MI') AS "in force from", published_by AS "by", note
FROM icm.standard WHERE kind = 'scale' AND name = 'customer value' ORDER BY version;
