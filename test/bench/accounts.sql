-- title: people rolled up a tree of accounts: ten purchases a person, ten people a sub account, a hundred an account, a thousand a group
-- vary: work_mem=512MB
-- vary: workers=0

-- setup
SELECT setseed(0.5);
SELECT :rows / 10000 AS groups \gset
CREATE UNLOGGED TABLE account AS
SELECT i AS account, CASE WHEN i > 11 * :groups THEN :groups + (i - 11 * :groups - 1) / 10 + 1 WHEN i > :groups THEN (i - :groups - 1) / 10 + 1 END AS parent FROM generate_series(1, 111 * :groups) i;
CREATE UNLOGGED TABLE member AS
SELECT 11 * :groups + 1 + (i * 7919::bigint % (100 * :groups))::int AS account, i AS person FROM generate_series(1, 1000 * :groups) i;
CREATE UNLOGGED TABLE purchase AS
SELECT (random() * (1000 * :groups - 1))::int + 1 AS person, date '2025-01-01' + (random() * 364)::int AS day, round((random() * 200)::numeric, 2)::float8 AS revenue FROM generate_series(1::bigint, :rows) i;
CREATE UNLOGGED TABLE budget AS
SELECT person, sum(revenue) * (1 + random()) AS wallet FROM purchase GROUP BY person;
CREATE UNLOGGED TABLE person AS
SELECT person, ledger, icm_wallet_add(NULL, icm_revenue(ledger, '2025-01-01', '2025-12-31'), wallet) AS wallet
FROM (SELECT person, icm_ledger_agg(day, revenue) AS ledger FROM purchase GROUP BY person) l JOIN budget USING (person);
CREATE UNLOGGED TABLE below_account AS
WITH RECURSIVE below (account, person) AS (SELECT account, person FROM member UNION SELECT parent, person FROM below JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT account, person FROM below;

-- case: one query, from people to all levels
-- check
WITH RECURSIVE below (account, person) AS (SELECT account, person FROM member UNION SELECT parent, person FROM below JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT count(*) = (SELECT count(*) FROM account) AND bool_and(abs(o.revenue / t.revenue - 1) < 1e-9 AND o.days = t.days AND o.last = t.last AND abs(o.share / t.share - 1) < 1e-9)
FROM (SELECT account, icm_revenue(ledger, '2025-01-01', '2025-12-31') AS revenue, (icm_rfm(ledger, '2025-12-31')).frequency AS days, date '2025-12-31' - (icm_rfm(ledger, '2025-12-31')).recency AS last, icm_wallet_share(wallet) AS share
    FROM (SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM below JOIN person USING (person) GROUP BY account) r) o
    FULL JOIN (SELECT account, sum(revenue) AS revenue, count(DISTINCT day) AS days, max(day) AS last FROM below JOIN purchase USING (person) GROUP BY account) p USING (account)
    FULL JOIN (SELECT account, sum(own) / sum(wallet) AS share FROM below JOIN (SELECT person, sum(revenue) AS own FROM purchase GROUP BY person) s USING (person) JOIN budget USING (person) GROUP BY account) w USING (account),
    LATERAL (SELECT p.revenue, p.days, p.last, w.share) t;
-- ours
WITH RECURSIVE below (account, person) AS (SELECT account, person FROM member UNION SELECT parent, person FROM below JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT count(icm_revenue(ledger, '2025-01-01', '2025-12-31')), count(icm_rfm(ledger, '2025-12-31')), count(icm_wallet_share(wallet))
FROM (SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM below JOIN person USING (person) GROUP BY account OFFSET 0) r;
-- theirs: sum, count distinct, max of the purchases | goal: 2
WITH RECURSIVE below (account, person) AS (SELECT account, person FROM member UNION SELECT parent, person FROM below JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT count(revenue), count(days), count(last), count(share)
FROM (SELECT account, sum(revenue) AS revenue, count(DISTINCT day) AS days, max(day) AS last FROM below JOIN purchase USING (person) GROUP BY account OFFSET 0) p
    JOIN (SELECT account, sum(own) / sum(wallet) AS share FROM below JOIN (SELECT person, sum(revenue) AS own FROM purchase GROUP BY person) s USING (person) JOIN budget USING (person) GROUP BY account OFFSET 0) w USING (account);
-- theirs: sum, max by person first; no purchase days
WITH RECURSIVE below (account, person) AS (SELECT account, person FROM member UNION SELECT parent, person FROM below JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT count(revenue), count(last), count(share)
FROM (SELECT account, sum(own) AS revenue, max(last) AS last, sum(own) / sum(wallet) AS share
    FROM below JOIN (SELECT person, sum(revenue) AS own, max(day) AS last FROM purchase GROUP BY person) s USING (person) JOIN budget USING (person) GROUP BY account OFFSET 0) r;

-- case: the tree is stored
-- vary: workers=2
-- ours
SELECT count(icm_revenue(ledger, '2025-01-01', '2025-12-31')), count(icm_rfm(ledger, '2025-12-31')), count(icm_wallet_share(wallet))
FROM (SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM below_account JOIN person USING (person) GROUP BY account OFFSET 0) r;
-- theirs: sum, count distinct, max of the purchases | goal: 2
SELECT count(revenue), count(days), count(last), count(share)
FROM (SELECT account, sum(revenue) AS revenue, count(DISTINCT day) AS days, max(day) AS last FROM below_account JOIN purchase USING (person) GROUP BY account OFFSET 0) p
    JOIN (SELECT account, sum(own) / sum(wallet) AS share FROM below_account JOIN (SELECT person, sum(revenue) AS own FROM purchase GROUP BY person) s USING (person) JOIN budget USING (person) GROUP BY account OFFSET 0) w USING (account);

-- case: wallets alone
-- ours
SELECT count(icm_wallet_share(wallet)) FROM (SELECT account, icm_rollup(wallet) AS wallet FROM below_account JOIN person USING (person) GROUP BY account OFFSET 0) r;
-- theirs: sums of the purchases and wallets | goal: 1.5
SELECT count(share) FROM (SELECT account, sum(own) / sum(wallet) AS share FROM below_account JOIN (SELECT person, sum(revenue) AS own FROM purchase GROUP BY person) s USING (person) JOIN budget USING (person) GROUP BY account OFFSET 0) w;

-- case: nobody is in two accounts: people to their account, then accounts up the tree
-- vary: workers=2
-- check
WITH RECURSIVE tree (account, below) AS (SELECT account, account FROM account UNION SELECT parent, below FROM tree JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT bool_and(icm_wallet_send(o.wallet) = icm_wallet_send(t.wallet) AND icm_ledger_send(o.ledger) = icm_ledger_send(t.ledger) OR abs(icm_revenue(o.ledger, '2025-01-01', '2025-12-31') / icm_revenue(t.ledger, '2025-01-01', '2025-12-31') - 1) < 1e-12)
FROM (SELECT tree.account, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM tree JOIN (SELECT account AS below, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM member JOIN person USING (person) GROUP BY 1) d USING (below) GROUP BY 1) o
    FULL JOIN (SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM below_account JOIN person USING (person) GROUP BY account) t USING (account);
-- ours
WITH RECURSIVE tree (account, below) AS (SELECT account, account FROM account UNION SELECT parent, below FROM tree JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT count(icm_revenue(ledger, '2025-01-01', '2025-12-31')), count(icm_rfm(ledger, '2025-12-31')), count(icm_wallet_share(wallet))
FROM (SELECT tree.account, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM tree JOIN (SELECT account AS below, icm_rollup(ledger) AS ledger, icm_rollup(wallet) AS wallet FROM member JOIN person USING (person) GROUP BY 1) d USING (below) GROUP BY 1 OFFSET 0) r;
-- theirs: sum, max in the same way; no purchase days
WITH RECURSIVE tree (account, below) AS (SELECT account, account FROM account UNION SELECT parent, below FROM tree JOIN account USING (account) WHERE parent IS NOT NULL)
SELECT count(revenue), count(last), count(share)
FROM (SELECT tree.account, sum(own) AS revenue, max(last) AS last, sum(own) / sum(wallet) AS share
    FROM tree JOIN (SELECT account AS below, sum(own) AS own, max(last) AS last, sum(wallet) AS wallet
        FROM member JOIN (SELECT person, sum(revenue) AS own, max(day) AS last FROM purchase GROUP BY person) s USING (person) JOIN budget USING (person) GROUP BY 1) d USING (below) GROUP BY 1 OFFSET 0) r;
