-- A contact policy for all departments: what it would have refused, who may be contacted now, and when the others.
-- On the company's data, after grade.sql.

\pset footer off
\pset numericlocale on
\pset pager off
SET TimeZone = 'UTC';

-- Customers live in one zone but for a few, and of one in a hundred nobody knows where. Every number comes from a hash,
-- as in generate.sql: the same each time.
CREATE FUNCTION percent(key bigint, stream int) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT ((hashint8extended(key, stream) >> 11) & 9007199254740991)::numeric % 100 $$;
CREATE TABLE zones AS
    SELECT customer, CASE WHEN percent(customer, 101) < 3 THEN 'Atlantic/Canary'
                          WHEN percent(customer, 101) < 99 THEN 'Europe/Berlin' END AS tz
    FROM customers;

-- What each department sent, and who wants no more of it. Contacts have a day; the time of day depends on who makes them:
-- e-mails go out whenever a campaign is ready, letters and visits come in the morning and in the afternoon.
CREATE TABLE contact_log AS
    SELECT customer, day + CASE channel WHEN 'e-mail' THEN interval '6 hours' + percent(id, 102) * interval '10 minutes'
                           ELSE interval '8 hours' + percent(id, 102) * interval '5 minutes' END AS at,
           channel, CASE channel WHEN 'visit' THEN 'sales' ELSE 'marketing' END AS department, 'offer' AS category,
           CASE WHEN channel = 'visit' AND percent(id, 106) < 10 THEN 'refused' ELSE 'sent' END AS status
    FROM (SELECT customer, day, channel, customer * 1000::bigint + (day - DATE '2022-12-31') AS id FROM contacts) AS made
    UNION ALL
    SELECT customer, day + interval '12 hours', 'e-mail', 'online shop', 'order', 'sent' FROM online_orders
    UNION ALL
    SELECT customer, day + interval '7 hours', 'e-mail', 'service', 'invoice', 'sent' FROM contract_invoices
    UNION ALL
    SELECT customer, DATE '2024-01-01' + interval '12 hours' + percent(customer, 103) * interval '3 days',
           CASE WHEN percent(customer, 104) < 70 THEN 'e-mail' END, NULL, NULL, 'optout'
    FROM customers WHERE percent(customer, 105) < 6;

\echo '14. One contact policy for all departments'
\echo
\echo '   Marketing writes, sales visits, the online shop confirms orders, service sends invoices. All of it, and what'
\echo '   customers said to it, becomes one value a customer:'
\echo
\set ECHO queries
CREATE TABLE contacted AS
SELECT customer, grade, tz, contacts
FROM zones JOIN graded USING (customer)
     LEFT JOIN (SELECT customer, icm_contacts_agg(at AT TIME ZONE coalesce(tz, 'Europe/Berlin'), channel, department, NULL,
                                                  category, status) AS contacts
                FROM contact_log JOIN zones USING (customer) GROUP BY customer) AS log USING (customer);
\set ECHO none
SELECT count(*) AS events, count(DISTINCT customer) AS customers FROM contact_log;

\echo '   The rules that the departments have agreed on are published. Order confirmations and invoices are no offers:'
\echo
\set ECHO queries
SELECT icm_publish('policy', 'corporate', $$
    optout:   refuse after optout;
    refusal:  block 90 days after refused on visit;
    control:  holdout 5% salt '2025';
    night:    quiet 21:00-08:00 on e-mail;
    gap:      gap 72 hours on e-mail, letter;
    monthly:  cap 1 per calendar month on e-mail, letter grade D-E;
    quarter:  cap 3 per 90 days on e-mail, letter;
    visits:   cap 1 per calendar quarter on visit grade C-E;
    pressure: pressure 12 half-life 21 days weight e-mail 1, letter 2, visit 8;
    exempt category order, invoice
$$, 'agreed by marketing, sales and service') AS version;

\set ECHO none
\echo '   What would it have refused in the last quarter? One statement over all customers says of each contact whether'
\echo '   it would have been allowed, and if not, by which rule:'
\echo
\set ECHO queries
CREATE TABLE judged AS
SELECT customer, past.*
FROM contacted, icm_policy_simulate(contacts, 'corporate', '2024-10-01', '2025-01-01', grade, tz, customer::text) AS past;

SELECT department, count(*) AS contacts, count(*) FILTER (WHERE NOT allowed) AS refused,
       round(100.0 * count(*) FILTER (WHERE NOT allowed) / count(*), 1) AS "refused %"
FROM judged GROUP BY department ORDER BY 2 DESC;

SELECT rule, body, count(*) FILTER (WHERE department = 'marketing') AS marketing,
       count(*) FILTER (WHERE department = 'sales') AS sales
FROM icm_policy_rules(icm_standard_policy('corporate')) LEFT JOIN judged USING (rule)
WHERE kind <> 'exempt' GROUP BY rule, body ORDER BY count(customer) DESC, rule;
\set ECHO none
\echo '   A change is tried before it is published: marketing asks for a fourth contact in 90 days.'
\echo
\set ECHO queries
SELECT draft, count(*) FILTER (WHERE allowed) AS allowed, count(*) FILTER (WHERE NOT allowed) AS refused,
       count(*) FILTER (WHERE rule = 'quarter') AS "by the cap", count(*) FILTER (WHERE rule <> 'quarter') AS "by other rules"
FROM (VALUES ('as published', icm_standard_policy('corporate')),
             ('cap of 4', replace(icm_standard_policy('corporate')::text, 'cap 3 per', 'cap 4 per')::icm_policy))
         AS tried (draft, policy),
     contacted, icm_policy_simulate(contacts, policy, '2024-10-01', '2025-01-01', grade, tz, customer::text)
WHERE department = 'marketing' GROUP BY draft ORDER BY draft;
\set ECHO none
\echo '   Who may be sent an offer by e-mail on 2 January, 10:00 UTC, and when may the others? A verdict says it all:'
\echo
\set ECHO queries
CREATE TABLE selected AS
SELECT customer, grade, verdict.*
FROM contacted, icm_contact_check(contacts, 'corporate', '2025-01-02 10:00', 'e-mail', 'marketing', NULL, 'offer', grade, tz,
                                  customer::text) AS verdict;

SELECT coalesce(grade::text, 'all') AS grade, count(*) AS customers, count(*) FILTER (WHERE allowed) AS allowed,
       count(*) FILTER (WHERE NOT allowed AND next_at < '2025-01-09 10:00') AS "within a week",
       count(*) FILTER (WHERE next_at >= '2025-01-09 10:00') AS later, count(*) FILTER (WHERE next_at IS NULL) AS never
FROM selected GROUP BY ROLLUP (grade) ORDER BY selected.grade;

SELECT rule, split_part(reason, ': ', 1) AS body,
       CASE WHEN reason LIKE '%tz is not given' THEN 'time zone unknown' ELSE '' END AS note, count(*) AS customers,
       count(next_at) AS "for now", to_char(max(next_at), 'YYYY-MM-DD') AS "all allowed by"
FROM selected WHERE NOT allowed GROUP BY 1, 2, 3 ORDER BY customers DESC, rule;
\set ECHO none

-- the customer whom the most rules deny for now
SELECT customer FROM contacted JOIN selected USING (customer),
    icm_contact_explain(contacts, 'corporate', '2025-01-02 10:00', 'e-mail', 'marketing', NULL, 'offer', contacted.grade, tz,
                        customer::text) AS explained
WHERE selected.next_at IS NOT NULL
GROUP BY customer ORDER BY count(*) FILTER (WHERE NOT passes) DESC, customer LIMIT 1 \gset
\echo '   Why not customer' :customer', rule by rule? And when are the next three times?'
\echo
\set ECHO queries
SELECT explained.rule, passes, reason, to_char(next_at, 'YYYY-MM-DD HH24:MI') AS "allows it from"
FROM contacted, icm_contact_explain(contacts, 'corporate', '2025-01-02 10:00', 'e-mail', 'marketing', NULL, 'offer', grade, tz,
                                    customer::text) AS explained
WHERE customer = :customer AND applies;

SELECT to_char(next AT TIME ZONE tz, 'Dy YYYY-MM-DD HH24:MI') AS "next, on the customer's clock"
FROM contacted, icm_contact_next(contacts, 'corporate', '2025-01-02 10:00', 'e-mail', 'marketing', NULL, 'offer', grade, tz,
                                 customer::text, n => 3) AS next
WHERE customer = :customer;
\set ECHO none
