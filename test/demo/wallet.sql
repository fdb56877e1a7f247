-- What part of their wallets customers spend here: known from a survey, estimated for the others; and who could grow.
-- On the company's data, after grade.sql.

\pset footer off
\pset numericlocale on
\pset pager off

-- What everybody spent here in 2024, and the wallet of the same year where the survey tells it.
CREATE VIEW spending AS
    SELECT customer, kind, grade, icm_revenue(ledger, '2024-01-01', '2024-12-31') AS own, wallet
    FROM graded JOIN customers USING (customer) JOIN ledgers USING (customer) LEFT JOIN wallets USING (customer);
-- Who was not asked and spent nothing is no customer of 2024. Attributes are for the model below.
CREATE TABLE spenders AS
    SELECT *, ARRAY[1, own, sqrt(own), (kind = 'business')::int] AS x
    FROM spending WHERE own > 0 OR (own = 0 AND wallet IS NOT NULL);
SELECT to_char(count(wallet), 'FM999,990') AS known, to_char(count(*) - count(wallet), 'FM999,990') AS unknown FROM spenders \gset
SELECT to_char(count(*) FILTER (WHERE own = 0 AND wallet IS NULL), 'FM999,990') AS idle,
       count(*) FILTER (WHERE own < 0) AS refunded
FROM spending \gset

\echo '13. Share of wallet'
\echo
\echo '   A survey tells of' :known 'customers what they spent on such goods in 2024, here and elsewhere; of' :unknown
\echo '   others who bought here that is unknown. Left out are' :idle 'who spent nothing here in 2024 and were not asked,'
\echo '   and' :refunded 'who got more back than they spent: they have no share.'
\echo
\set ECHO queries
CREATE TABLE grade_wallets AS
SELECT grade, icm_wallet_agg(own, wallet) AS wallets FROM spenders GROUP BY grade;

SELECT coalesce(grade::text, 'all') AS grade, n AS known, unknown, round((100 * total.share)::numeric, 1) AS "share %",
       format('%s to %s', round((100 * lower)::numeric, 1), round((100 * upper)::numeric, 1)) AS "95 %",
       round((100 * mean_share)::numeric, 1) AS "mean share %", round(headroom::numeric) AS "headroom, EUR"
FROM (SELECT grade, icm_rollup(wallets) AS wallets FROM grade_wallets GROUP BY ROLLUP (grade)) AS part,
     icm_wallet_stats(wallets) AS total, icm_wallet_share_interval(wallets) AS range
ORDER BY part.grade;
\set ECHO none
\echo '   Share is what all spend here of what all spend, with its interval; mean share the average of the customers''.'
\echo '   # is spent here, . elsewhere: the headroom.'
\echo
\pset format unaligned
\pset tuples_only on
SELECT format('   %s  %s %s %%', grade, rpad(repeat('#', round(60 * share)::int), 60, '.'), to_char(100 * share, 'FM990.0'))
FROM grade_wallets, icm_wallet_share(wallets) AS share ORDER BY grade;
\pset tuples_only off
\pset format aligned
\echo
\echo '   The' :unknown 'unknown wallets are estimated from own spend, its root, and business or household. What is fitted'
\echo '   are quantiles of the surveyed wallets: half of such customers have more than the median, and 8 of 10 are'
\echo '   between the quantiles 0.1 and 0.9. Four fifths are fitted, and the last fifth tells whether that is so:'
\echo
\set ECHO queries
SELECT icm_publish('wallet_model', 'wallet 2024', icm_wallet_fit_quantiles(wallet, x, '{0.1,0.5,0.9}')::text,
                   'constant, own spend, its root, business; EUR of 2024') AS version
FROM spenders WHERE customer % 5 <> 0;

SELECT count(*) AS customers, round(100 * avg((wallet > median)::int), 1) AS "above the median %",
       round(100 * avg((wallet BETWEEN low AND high)::int), 1) AS "between %"
FROM spenders, icm_wallet_estimate('wallet 2024', x, own, 0.1) AS low, icm_wallet_estimate('wallet 2024', x, own, 0.5) AS median,
     icm_wallet_estimate('wallet 2024', x, own, 0.9) AS high
WHERE customer % 5 = 0 AND wallet IS NOT NULL;
\set ECHO none
\echo '   Who could grow most: the largest headrooms, known and estimated. An estimate is the median, with its range.'
\echo
\set ECHO queries
CREATE TABLE growth AS
SELECT customer, kind, grade, own, 'known' AS source, wallet::float8 AS wallet, NULL::float8 AS low, NULL::float8 AS high
FROM spenders WHERE wallet IS NOT NULL
UNION ALL
SELECT customer, kind, grade, own, 'estimated', icm_wallet_estimate('wallet 2024', x, own, 0.5),
       icm_wallet_estimate('wallet 2024', x, own, 0.1), icm_wallet_estimate('wallet 2024', x, own, 0.9)
FROM spenders WHERE wallet IS NULL;

SELECT customer::text, kind, grade, round(own::numeric) AS "here, EUR", source, round(wallet::numeric) AS "wallet, EUR",
       round(low::numeric) || ' to ' || round(high::numeric) AS range,
       round(100 * icm_share_of_wallet(own, wallet)::numeric, 1) AS "share %", round((wallet - own)::numeric) AS "headroom, EUR"
FROM (SELECT *, row_number() OVER (PARTITION BY source ORDER BY wallet - own DESC, customer) AS place FROM growth) AS placed
WHERE place <= 5
ORDER BY source DESC, place;
\set ECHO none
\echo '   The headroom of all of them by grade, in EUR. Medians add up to less than there will be, as a few customers'
\echo '   have far more.'
\echo
\pset format unaligned
\pset tuples_only on
SELECT format('   %s  %s %s of %s customers, %s each', grade, rpad(repeat('#', round(50 * headroom / max(headroom) OVER ())::int), 50),
              to_char(headroom, '99,999,990'), to_char(customers, 'FM99,990'), to_char(headroom / customers, 'FM99,990'))
FROM (SELECT grade, count(*) AS customers, sum(wallet - own) AS headroom FROM growth GROUP BY grade) AS grades
ORDER BY grade;
\echo
