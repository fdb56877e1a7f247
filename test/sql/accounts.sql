--
-- Individuals, accounts and groups: summaries of people rolled up a tree of accounts
--
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET statement_timeout = '60s';
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
END
$$;

-- a group with accounts and sub accounts; people at any of them; Eve at two; an account without people, and a person without an account
CREATE TEMP TABLE account (account text PRIMARY KEY, parent text REFERENCES account, level text);
INSERT INTO account VALUES ('Alpha', NULL, 'group'), ('North', 'Alpha', 'account'), ('South', 'Alpha', 'account'), ('Lab', 'North', 'sub account'), ('Shop', 'North', 'sub account'),
    ('Beta', NULL, 'group'), ('Gamma', NULL, 'group');
CREATE TEMP TABLE member (account text, person text);
INSERT INTO member VALUES ('Lab', 'Ann'), ('Shop', 'Bob'), ('North', 'Cid'), ('Alpha', 'Dee'), ('Lab', 'Eve'), ('South', 'Eve'), ('Beta', 'Fay');
CREATE TEMP TABLE purchase (person text, day date, revenue float8);
INSERT INTO purchase VALUES ('Ann', '2025-03-01', 100), ('Ann', '2025-06-01', 60), ('Bob', '2025-03-01', 50), ('Cid', '2025-09-01', 20), ('Dee', '2024-12-31', 500), ('Dee', '2025-05-05', 10),
    ('Eve', '2025-03-01', 40), ('Fay', '2025-04-01', 300), ('Gus', '2025-01-15', 5);
CREATE TEMP TABLE contact (id bigint, person text, at timestamptz, channel text, status text);
INSERT INTO contact VALUES (1, 'Ann', '2026-01-05 10:00', 'email', 'sent'), (2, 'Bob', '2026-01-06 10:00', 'email', 'sent'), (3, 'Ann', '2026-01-07 10:00', 'visit', 'sent'), (3, 'Cid', '2026-01-07 10:00', 'visit', 'sent'),
    (4, 'Eve', '2026-01-08 10:00', 'email', 'sent'), (5, 'Dee', '2025-11-01 10:00', NULL, 'optout'), (6, 'Fay', '2026-01-08 10:00', 'call', 'sent');
CREATE TEMP TABLE known_wallet (person text, wallet float8);
INSERT INTO known_wallet VALUES ('Ann', 400), ('Bob', 50), ('Cid', 80), ('Eve', 160), ('Fay', NULL), ('Gus', 10);

-- a person's summaries: of purchases, of contacts, of spend in 2025 and the wallet of that year
CREATE TEMP TABLE person AS
SELECT person, ledger, contacts, icm_wallet_add(NULL, icm_revenue(ledger, '2025-01-01', '2025-12-31'), wallet) AS wallet
FROM (SELECT person, icm_ledger_agg(day, revenue) AS ledger FROM purchase GROUP BY person) l
    LEFT JOIN (SELECT person, icm_contacts_agg(at, channel, NULL, NULL, NULL, status, 1, id, NULL) AS contacts FROM contact GROUP BY person) c USING (person) LEFT JOIN known_wallet USING (person);
ANALYZE account, member, purchase, person;

-- all three of each account with all that is below it: UNION, so a person who is reached by two ways counts once
CREATE TEMP VIEW node AS
WITH RECURSIVE below (account, person) AS (
    SELECT account, person FROM member
    UNION
    SELECT parent, person FROM below JOIN account USING (account) WHERE parent IS NOT NULL
)
SELECT account, level, count(person) AS people, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet
FROM account LEFT JOIN below USING (account) LEFT JOIN person USING (person)
GROUP BY account, level;
SELECT account, level, people, icm_revenue(ledger, '2025-01-01', '2025-12-31') AS revenue, icm_contacts_count(contacts) AS contacts, s.n, s.own, s.wallet, s.share, s.headroom, s.unknown, s.unknown_own
FROM node LEFT JOIN LATERAL icm_wallet_stats(wallet) s ON true ORDER BY account;
-- Eve is in both accounts, and once in the group: so the accounts add up to more
SELECT sum(people) FILTER (WHERE level = 'account') + 1 AS accounts_and_dee, sum(people) FILTER (WHERE account = 'Alpha') AS group_ FROM node;
-- an account without people has no summaries, no share and no grade, and no error
SELECT ledger IS NULL AS ledger, contacts IS NULL AS contacts, wallet IS NULL AS wallet, icm_wallet_share(wallet) IS NULL AS share, icm_grade(icm_revenue(ledger, '2025-01-01', '2025-12-31'), '{10}'::icm_scale) IS NULL AS grade FROM node WHERE account = 'Gamma';
-- who is in no account is in no sum: groups and those add up to all
SELECT (SELECT array_agg(person) FROM person WHERE NOT EXISTS (SELECT FROM member WHERE member.person = person.person)) AS in_no_account,
       (SELECT sum(icm_revenue(ledger, '2024-01-01', '2025-12-31')) FROM node WHERE level = 'group') AS groups, (SELECT sum(revenue) FROM purchase) AS all_;

-- a wallet that is known of the account only: own spend is the revenue of the account's ledger
CREATE TEMP TABLE account_wallet (account text, wallet float8);
INSERT INTO account_wallet VALUES ('Beta', 1200), ('North', 1000), ('Shop', 90);
ANALYZE account_wallet;
SELECT account, icm_share_of_wallet(icm_revenue(ledger, '2025-01-01', '2025-12-31'), known.wallet) AS share, icm_wallet_share(node.wallet) AS share_by_people
FROM node JOIN account_wallet known USING (account) ORDER BY account;
-- in whatever is above, the wallet that is known of an account stands for all below it, accounts and people, whose wallets may be known too: nobody's spend counts twice
CREATE TEMP VIEW measured AS
WITH RECURSIVE tree (account, below) AS (
    SELECT account, account FROM account
    UNION
    SELECT parent, below FROM tree JOIN account USING (account) WHERE parent IS NOT NULL
), known AS (
    SELECT tree.account, below FROM tree JOIN account_wallet ON below = account_wallet.account
), unit AS (
    SELECT k.account, icm_wallet_add(NULL, icm_revenue(ledger, '2025-01-01', '2025-12-31'), w.wallet) AS wallet
    FROM known k JOIN account_wallet w ON w.account = k.below JOIN node ON node.account = k.below
    WHERE NOT EXISTS (SELECT FROM known larger JOIN tree ON tree.account = larger.below WHERE larger.account = k.account AND tree.below = k.below AND larger.below <> k.below)
    UNION ALL
    SELECT p.account, person.wallet
    FROM (SELECT DISTINCT tree.account, person FROM tree JOIN member ON member.account = below) p JOIN person USING (person)
    WHERE NOT EXISTS (SELECT FROM known JOIN tree ON tree.account = known.below JOIN member ON member.account = tree.below WHERE known.account = p.account AND member.person = p.person)
)
SELECT account, icm_rollup(wallet) AS wallet FROM unit GROUP BY account;
SELECT account, s.n, s.own, s.wallet, s.share, s.unknown, s.unknown_own, s.own + s.unknown_own = icm_revenue(ledger, '2025-01-01', '2025-12-31') AS each_once
FROM measured JOIN node USING (account), icm_wallet_stats(measured.wallet) s ORDER BY account;

-- a cap for the account: nobody there had more than two contacts in a week, all together had four, the visit at two of them being one contact, of one reference
CREATE TEMP TABLE policy AS SELECT 'two: cap 2 per 7 days'::icm_policy AS of_person, 'four: cap 4 per 7 days'::icm_policy AS of_account;
SELECT person, account, p.allowed AND a.allowed AS allowed, coalesce(p.rule, a.rule) AS rule, coalesce(p.reason, a.reason) AS reason
FROM member JOIN person USING (person) JOIN node USING (account), policy, icm_contact_check(person.contacts, of_person, '2026-01-09 10:00', 'email') p, icm_contact_check(node.contacts, of_account, '2026-01-09 10:00', 'email') a
ORDER BY person, account;
SELECT account, verdict.* FROM node, policy, icm_contact_check(contacts, of_account, '2026-01-09 10:00', 'email') verdict WHERE level <> 'sub account' ORDER BY account;
-- consent is a person's: of an account's contacts, one person's optout would bar all, so its policy has no such rule; of persons' contacts it bars that one
SELECT account, verdict.allowed, verdict.reason FROM node, icm_contact_check(contacts, 'refuse after optout'::icm_policy, '2026-01-09 10:00', 'email') verdict WHERE account IN ('Alpha', 'North') ORDER BY account;
SELECT array_agg(person) FILTER (WHERE NOT (icm_contact_check(contacts, 'refuse after optout'::icm_policy, '2026-01-09 10:00', 'email')).allowed) AS barred FROM person;
-- references are the company's, not each person's: two different contacts of one number cannot be rolled up
SELECT e.* FROM pg_temp.error_of($$SELECT icm_rollup(c) FROM (VALUES (icm_contacts_add(NULL, '2026-01-05 10:00', 'email', NULL, NULL, NULL, 'sent', reference => 1)),
    (icm_contacts_add(NULL, '2026-01-06 10:00', 'call', NULL, NULL, NULL, 'sent', reference => 1))) AS v(c)$$) e;

-- somebody made an account its own grandparent: the rollup ends, all in the cycle have the same people, and a query finds the cycle
BEGIN;
INSERT INTO account VALUES ('Self', NULL, 'group');
UPDATE account SET parent = 'Self' WHERE account = 'Self';
UPDATE account SET parent = 'Lab' WHERE account = 'Alpha';
SELECT account, people, icm_revenue(ledger, '2025-01-01', '2025-12-31') AS revenue, icm_wallet_share(wallet) AS share FROM node ORDER BY account;
WITH RECURSIVE above (account, ancestor) AS (
    SELECT account, parent FROM account WHERE parent IS NOT NULL
    UNION
    SELECT above.account, parent FROM above JOIN account ON account.account = ancestor WHERE parent IS NOT NULL
)
SELECT account AS in_a_cycle FROM above WHERE account = ancestor ORDER BY account;
ROLLBACK;
WITH RECURSIVE above (account, ancestor) AS (
    SELECT account, parent FROM account WHERE parent IS NOT NULL
    UNION
    SELECT above.account, parent FROM above JOIN account ON account.account = ancestor WHERE parent IS NOT NULL
)
SELECT account AS in_a_cycle FROM above WHERE account = ancestor ORDER BY account;

-- a larger tree, many levels deep: 90 accounts, 1200 people, a tenth of whom are in two or three accounts, some in none; amounts that doubles add up exactly, wallets of any
DROP VIEW measured, node;
DROP TABLE account, member, purchase, contact, person;
CREATE TABLE icm_account AS
    SELECT i AS account, CASE WHEN i > 12 THEN i - 1 - (abs(hashint4(i * 3)::bigint) % least(i - 1, 14))::int END AS parent FROM generate_series(1, 90) i;
CREATE TABLE icm_member AS
    SELECT DISTINCT 90 - (abs(hashint4(i * 5 + k)::bigint) % 85)::int AS account, i AS person FROM generate_series(1, 1200) i, generate_series(0, 2) k WHERE (k = 0 OR i % 10 = 0) AND i % 50 > 0 AND NOT (k = 2 AND i % 20 > 0);
CREATE TABLE icm_purchase AS
    SELECT (abs(hashint4(i * 7)::bigint) % 1200)::int + 1 AS person, date '2024-06-01' + abs(hashint4(i * 11)) % 580 AS day, hashint4(i * 13) % 4000 / 4.0::float8 + 400 AS revenue, abs(hashint4(i * 17)::bigint) % 400 / 8.0::float8 AS cost FROM generate_series(1, 8000) i;
CREATE TABLE icm_contact AS
    SELECT i / 3 * 2 + i % 2 AS id, (abs(hashint4(i * 19)::bigint) % 1200)::int + 1 AS person, timestamptz '2025-12-01 08:00' + (i / 3 * 2 + i % 2) % 30 * interval '1 day' AS at, ('{email,call,visit}'::text[])[(i / 3 * 2 + i % 2) % 3 + 1] AS channel, 'sent' AS status
    FROM generate_series(1, 4000) i;
CREATE TABLE icm_spend AS
    SELECT i AS person, own, CASE WHEN i % 7 > 0 THEN own * (1 + (hashint4(i * 29)::bigint + 2147483648) / 2147483648.0::float8) END AS wallet FROM (SELECT i, abs(hashint4(i * 23)::bigint) / 7e5 AS own FROM generate_series(1, 1200) i) s;
CREATE TABLE icm_person AS
    SELECT person, ledger, contacts, s.wallet
    FROM (SELECT person, icm_wallet_agg(own, wallet) AS wallet FROM icm_spend GROUP BY person) s LEFT JOIN (SELECT person, icm_ledger_agg(day, revenue, cost) AS ledger FROM icm_purchase GROUP BY person) l USING (person)
        LEFT JOIN (SELECT person, icm_contacts_agg(at, channel, NULL, NULL, NULL, status, 1, id, NULL) AS contacts FROM icm_contact GROUP BY person) c USING (person);
ANALYZE icm_account, icm_member, icm_purchase, icm_contact, icm_spend, icm_person;
CREATE TEMP TABLE rolled_up AS
WITH RECURSIVE below (account, person) AS (
    SELECT account, person FROM icm_member
    UNION
    SELECT parent, person FROM below JOIN icm_account USING (account) WHERE parent IS NOT NULL
)
SELECT account, count(person) AS people, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet
FROM icm_account LEFT JOIN below USING (account) LEFT JOIN icm_person USING (person)
GROUP BY account;
-- who is below an account is found otherwise: a walk from each account up to the top
CREATE FUNCTION pg_temp.path(start int) RETURNS int[]
LANGUAGE plpgsql AS $$
DECLARE
    path int[] := '{}';
BEGIN
    WHILE start IS NOT NULL LOOP
        path := path || start;
        start := (SELECT parent FROM icm_account WHERE account = start);
    END LOOP;
    RETURN path;
END
$$;
CREATE TEMP TABLE walked AS SELECT DISTINCT unnest(pg_temp.path(account)) AS account, person FROM icm_member;
SELECT max(cardinality(pg_temp.path(account))) AS levels FROM icm_account;
SELECT count(*) AS members, count(*) - count(DISTINCT person) AS in_more_than_one, (SELECT count(*) FROM icm_person) - count(DISTINCT person) AS in_none FROM icm_member;
-- each account's three summaries are to the byte those of the raw rows of all people below it
SELECT count(*) AS accounts, count(*) FILTER (WHERE r.people = 0) > 0 AS some_without_people, max(r.people) > 500 AS large,
       count(*) FILTER (WHERE r.people IS DISTINCT FROM coalesce(m.people, 0)) AS people, count(*) FILTER (WHERE r.ledger::text IS DISTINCT FROM l.ledger::text) AS ledger,
       count(*) FILTER (WHERE r.contacts::text IS DISTINCT FROM c.contacts::text) AS contacts, count(*) FILTER (WHERE icm_wallet_send(r.wallet) IS DISTINCT FROM icm_wallet_send(w.wallet)) AS wallet
FROM rolled_up r LEFT JOIN (SELECT account, count(*) AS people FROM walked GROUP BY account) m USING (account)
    LEFT JOIN (SELECT account, icm_ledger_agg(day, revenue, cost) AS ledger FROM walked JOIN icm_purchase USING (person) GROUP BY account) l USING (account)
    LEFT JOIN (SELECT account, icm_contacts_agg(at, channel, NULL, NULL, NULL, status, 1, id, NULL) AS contacts FROM walked JOIN icm_contact USING (person) GROUP BY account) c USING (account)
    LEFT JOIN (SELECT account, icm_wallet_agg(own, wallet) AS wallet FROM walked JOIN icm_spend USING (person) GROUP BY account) w USING (account);
-- without UNION, or by adding up what is directly below, those in two accounts would count twice somewhere
SELECT count(*) > 5 AS accounts FROM rolled_up r JOIN (SELECT unnest(pg_temp.path(account)) AS account, count(*) AS people FROM icm_member GROUP BY 1) twice USING (account) WHERE twice.people > r.people;
-- where nobody is in two, people may be rolled up to their account first, and accounts up the tree: the same to the byte
CREATE TEMP TABLE single AS SELECT min(account) AS account, person FROM icm_member GROUP BY person;
SELECT count(*) AS accounts, count(*) FILTER (WHERE a.ledger::text IS DISTINCT FROM b.ledger::text OR a.contacts::text IS DISTINCT FROM b.contacts::text OR icm_wallet_send(a.wallet) IS DISTINCT FROM icm_wallet_send(b.wallet)) AS otherwise
FROM (WITH RECURSIVE below (account, person) AS (
          SELECT account, person FROM single UNION SELECT parent, person FROM below JOIN icm_account USING (account) WHERE parent IS NOT NULL
      ) SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet FROM below JOIN icm_person USING (person) GROUP BY account) a
    FULL JOIN
     (WITH RECURSIVE tree (account, below) AS (
          SELECT account, account FROM icm_account UNION SELECT parent, below FROM tree JOIN icm_account USING (account) WHERE parent IS NOT NULL
      ) SELECT tree.account, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet
        FROM tree JOIN (SELECT account AS below, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet FROM single JOIN icm_person USING (person) GROUP BY account) direct USING (below)
        GROUP BY tree.account) b USING (account);

-- value and grade by person, account and group: each level has its own scale, as by that of people every group is an A
CREATE TEMP TABLE valued AS
SELECT 'person' AS level, person AS id, icm_contribution(ledger, '2025-01-01', '2025-12-31') AS value, icm_wallet_share(wallet) AS share FROM icm_person
UNION ALL
SELECT CASE WHEN parent IS NULL THEN 'group' ELSE 'account' END, account, icm_contribution(ledger, '2025-01-01', '2025-12-31'), icm_wallet_share(wallet) FROM icm_account JOIN rolled_up USING (account) WHERE people > 0;
CREATE TEMP TABLE scales AS SELECT icm_scale_set(array_agg(level), array_agg(scale)) AS scales FROM (SELECT level, icm_scale_agg(value, 4) AS scale FROM valued GROUP BY level) s;
SELECT level, count(*) AS valued, count(DISTINCT icm_grade(value, scales, level)) AS grades,
       bool_and(icm_grade(value, scales, level) = icm_grade(value, own.scale)) AS by_its_own, bool_and(icm_grade(value, scales, 'person') = 'A') AS all_a_by_persons
FROM valued JOIN (SELECT level, icm_scale_agg(value, 4) AS scale FROM valued GROUP BY level) own USING (level), scales GROUP BY level ORDER BY level;
SELECT bool_and(share BETWEEN 0 AND 1) AS shares, count(*) > 1000 AS some FROM valued WHERE share IS NOT NULL;
BEGIN;
SELECT icm_publish('scale_set', 'levels', scales::text) FROM scales;
SELECT count(*) AS valued, count(*) FILTER (WHERE icm_grade(value, 'levels', level) IS DISTINCT FROM icm_grade(value, scales, level)) AS otherwise FROM valued, scales;
ROLLBACK;

-- a parallel plan gives the same, of a stored tree too, which workers can read
CREATE TABLE icm_below AS SELECT account, person FROM walked;
ALTER TABLE icm_below SET (parallel_workers = 2);
ALTER TABLE icm_person SET (parallel_workers = 2);
ALTER TABLE icm_member SET (parallel_workers = 2);
ANALYZE icm_below, icm_person, icm_member, icm_account;
CREATE FUNCTION pg_temp.plan(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END
$$;
CREATE FUNCTION pg_temp.otherwise(query text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (%s) q FULL JOIN rolled_up r USING (account) WHERE coalesce(r.people, 0) > 0 AND (q.ledger::text IS DISTINCT FROM r.ledger::text OR q.contacts::text IS DISTINCT FROM r.contacts::text OR q.wallet::text IS DISTINCT FROM r.wallet::text)', query) INTO n;
    RETURN n;
END
$$;
CREATE TEMP TABLE query (id text, query text);
INSERT INTO query VALUES
    ('stored', 'SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet FROM icm_below JOIN icm_person USING (person) GROUP BY account'),
    ('recursive', 'WITH RECURSIVE below (account, person) AS (SELECT account, person FROM icm_member UNION SELECT parent, person FROM below JOIN icm_account USING (account) WHERE parent IS NOT NULL)
                   SELECT account, icm_rollup(ledger) AS ledger, icm_rollup(contacts) AS contacts, icm_rollup(wallet) AS wallet FROM below JOIN icm_person USING (person) GROUP BY account');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT id, id = 'recursive' OR pg_temp.plan(query) ~ 'Partial .*Aggregate' AND pg_temp.plan(query) ~ 'Workers Planned: [1-9]' AS as_planned, pg_temp.otherwise(query) AS otherwise FROM query ORDER BY id;
SET parallel_leader_participation = off;
SELECT id, id = 'recursive' OR pg_temp.plan(query) ~ 'Partial .*Aggregate' AND pg_temp.plan(query) ~ 'Workers Planned: [1-9]' AS as_planned, pg_temp.otherwise(query) AS otherwise FROM query ORDER BY id;
RESET ALL;
DROP TABLE icm_account, icm_member, icm_purchase, icm_contact, icm_spend, icm_person, icm_below;
