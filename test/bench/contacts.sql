-- title: contacts from a contact log, some fifty a customer
-- vary: work_mem=64MB
-- vary: workers=0, 2

-- setup
SELECT setseed(0.5);
-- in the order of time, as a log is that is written to every day
CREATE UNLOGGED TABLE contact AS
SELECT floor(random() * (:rows / 50))::int AS customer,
    timestamptz '2024-01-01 00:00+00' + i * (interval '730 days' / :rows) AS at,
    (ARRAY['email', 'email', 'email', 'sms', 'push', 'call', 'mail'])[1 + floor(random() * 7)::int] AS channel,
    (ARRAY['sales', 'service', 'retail'])[1 + floor(random() * 3)::int] AS department,
    (ARRAY['Alpha', 'Beta'])[1 + floor(random() * 2)::int] AS brand,
    (ARRAY['newsletter', 'offer', 'transactional'])[1 + floor(random() * 3)::int] AS category,
    (ARRAY['sent', 'delivered', 'delivered', 'responded', 'bounced'])[1 + floor(random() * 5)::int] AS status
FROM generate_series(0::bigint, :rows - 1) i;

-- case: contacts of each customer
-- check
SELECT bool_and(o.n = t.n AND o.last = t.last)
FROM (
    SELECT customer, icm_contacts_count(contacts) AS n, (SELECT max(at) FROM icm_contacts_events(contacts)) AS last
    FROM (SELECT customer, icm_contacts_agg(at, channel, department, brand, category, status) AS contacts
        FROM contact GROUP BY customer OFFSET 0) c
    ) o
    FULL JOIN (SELECT customer, count(*) AS n, max(at) AS last FROM contact GROUP BY customer) t USING (customer);
-- ours
SELECT count(contacts)
FROM (SELECT icm_contacts_agg(at, channel, department, brand, category, status) AS contacts
    FROM contact GROUP BY customer OFFSET 0) c;
-- theirs: count(*), max(at) | goal: 0.33
SELECT count(n), count(last)
FROM (SELECT count(*) AS n, max(at) AS last FROM contact GROUP BY customer OFFSET 0) c;
