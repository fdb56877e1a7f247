-- title: checks of contacts by a policy, from stored contacts of 90 days, some fifty a customer
-- vary: work_mem=64MB

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE contact AS
SELECT floor(random() * (:rows / 50))::int AS customer,
    timestamptz '2026-01-01 00:00+00' + i * (interval '90 days' / :rows) AS at,
    (ARRAY['email', 'email', 'email', 'sms', 'push', 'call', 'mail'])[1 + floor(random() * 7)::int] AS channel,
    (ARRAY['sales', 'service', 'retail'])[1 + floor(random() * 3)::int] AS department,
    (ARRAY['Alpha', 'Beta'])[1 + floor(random() * 2)::int] AS brand,
    (ARRAY['newsletter', 'offer', 'transactional'])[1 + floor(random() * 3)::int] AS category,
    CASE WHEN random() < 0.002 THEN 'optout'
        ELSE (ARRAY['sent', 'delivered', 'delivered', 'responded', 'bounced'])[1 + floor(random() * 5)::int] END AS status
FROM generate_series(0::bigint, :rows - 1) i;
CREATE INDEX ON contact (customer, at);
CREATE UNLOGGED TABLE customer AS
SELECT customer, icm_contacts_agg(at, channel, department, brand, category, status) AS contacts,
    (ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'America/Sao_Paulo'])[1 + customer % 4] AS tz,
    chr(65 + customer % 5)::icm_grade AS grade
FROM contact GROUP BY customer;
-- 64 events of a customer, of which most may be contacted
CREATE UNLOGGED TABLE customer_64 AS
SELECT customer, icm_contacts_agg(timestamptz '2026-04-01 00:00+00' - floor(random() * 90 * 86400) * interval '1 second',
        (ARRAY['email', 'sms', 'call'])[1 + floor(random() * 3)::int], (ARRAY['sales', 'service'])[1 + floor(random() * 2)::int],
        (ARRAY['Alpha', 'Beta'])[1 + floor(random() * 2)::int], 'offer', 'sent') AS contacts
FROM generate_series(1, :rows / 50) customer, generate_series(1, 64)
GROUP BY customer;
ALTER TABLE customer SET (parallel_workers = 2);
VACUUM ANALYZE contact;
VACUUM ANALYZE customer;
VACUUM ANALYZE customer_64;
SELECT icm_publish('policy', 'corporate', 'cap 12 per 7 days on email, sms; cap 20 per calendar month on call by sales grade A-C; weekly: cap 12 per calendar week counting sent, delivered, reserved;
    gap 16 hours on push; pressure 60 half-life 5 days weight email 1, sms 2, call 4; quiet 22:00-06:00; require optin on mail; refuse after optout; block 60 days after refused on call;
    blackout 2026-12-24 to 2026-12-26; sequence call after email within 14 days; cap 80 per 90 days for brand Alpha, Beta');

-- case: 12 rules on 64 events
-- vary: workers=0
-- check
SELECT count(*) FILTER (WHERE (v).allowed) > 0.5 * count(*)
FROM (SELECT icm_contact_check(contacts, 'corporate', '2026-04-01 09:00+00', 'email', 'sales', 'Alpha', 'offer', 'B', 'Europe/Berlin') AS v
    FROM customer_64) s;
-- scan | goal: 1500 ns
SELECT count(icm_contacts_count(contacts)) FROM customer_64;
-- ours
SELECT count((icm_contact_check(contacts, 'corporate', '2026-04-01 09:00+00', 'email', 'sales', 'Alpha', 'offer', 'B', 'Europe/Berlin')).allowed)
FROM customer_64;
-- theirs: the same by value, not by name | goal: 0.9
SELECT count((icm_contact_check(contacts, 'cap 12 per 7 days on email, sms; cap 20 per calendar month on call by sales grade A-C; weekly: cap 12 per calendar week counting sent, delivered, reserved;
    gap 16 hours on push; pressure 60 half-life 5 days weight email 1, sms 2, call 4; quiet 22:00-06:00; require optin on mail; refuse after optout; block 60 days after refused on call;
    blackout 2026-12-24 to 2026-12-26; sequence call after email within 14 days; cap 80 per 90 days for brand Alpha, Beta'::icm_policy,
    '2026-04-01 09:00+00', 'email', 'sales', 'Alpha', 'offer', 'B', 'Europe/Berlin')).allowed)
FROM customer_64;

-- case: whom a campaign may contact, by 12 rules
-- vary: workers=0, 2
-- ours
SELECT count(*) FROM customer
WHERE (icm_contact_check(contacts, 'corporate', '2026-04-01 09:00+00', 'email', 'sales', 'Alpha', 'offer', grade, tz)).allowed;
-- theirs: only reading the contacts | goal: 0.33
SELECT count(icm_contacts_count(contacts)) FROM customer;

-- case: whom a campaign may contact, by a cap, a gap and objection
-- vary: workers=0, 2
-- check
SELECT count(*) > 0 AND bool_and(o.customer = t.customer)
FROM (SELECT customer FROM customer
        WHERE (icm_contact_check(contacts, 'cap 4 per 7 days on email; gap 16 hours; refuse after optout'::icm_policy,
            '2026-04-01 09:00+00', 'email', 'sales', 'Alpha', 'offer')).allowed) o
    FULL JOIN (SELECT customer FROM customer c
        WHERE (SELECT count(*) FROM contact x WHERE x.customer = c.customer AND x.at > timestamptz '2026-04-01 09:00+00' - interval '7 days'
                AND x.channel = 'email' AND x.status IN ('sent', 'delivered', 'responded')) < 4
            AND NOT EXISTS (SELECT FROM contact x WHERE x.customer = c.customer AND x.at > timestamptz '2026-04-01 09:00+00' - interval '16 hours'
                AND x.status IN ('sent', 'delivered', 'responded'))
            AND NOT EXISTS (SELECT FROM contact x WHERE x.customer = c.customer AND x.status = 'optout'
                AND x.channel = 'email' AND x.department = 'sales' AND x.brand = 'Alpha' AND x.category = 'offer')) t USING (customer);
-- ours
SELECT count(*) FROM customer
WHERE (icm_contact_check(contacts, 'cap 4 per 7 days on email; gap 16 hours; refuse after optout'::icm_policy,
    '2026-04-01 09:00+00', 'email', 'sales', 'Alpha', 'offer')).allowed;
-- theirs: counting in the indexed log | goal: 5
SELECT count(*) FROM customer c
WHERE (SELECT count(*) FROM contact x WHERE x.customer = c.customer AND x.at > timestamptz '2026-04-01 09:00+00' - interval '7 days'
        AND x.channel = 'email' AND x.status IN ('sent', 'delivered', 'responded')) < 4
    AND NOT EXISTS (SELECT FROM contact x WHERE x.customer = c.customer AND x.at > timestamptz '2026-04-01 09:00+00' - interval '16 hours'
        AND x.status IN ('sent', 'delivered', 'responded'))
    AND NOT EXISTS (SELECT FROM contact x WHERE x.customer = c.customer AND x.status = 'optout'
        AND x.channel = 'email' AND x.department = 'sales' AND x.brand = 'Alpha' AND x.category = 'offer');
