--
-- icm_ledger: what it says. Expected values are worked out beside each query.
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;

-- purchases on the 1st, 8th and 22nd, an order of 0 on the 15th, a call on the 10th, a refund on the 29th
CREATE TEMP TABLE customer (id int, ledger icm_ledger);
INSERT INTO customer VALUES
    (1, '{2026-01-01 1 100 40, 2026-01-08 2 50 20, 2026-01-10 0 0 5, 2026-01-15 1 0 1, 2026-01-22 1 30 10, 2026-01-29 0 -20 2}'),
    (2, '{2026-01-10 0 0 5, 2026-01-12 0 -3 0}'),
    (3, '{}'),
    (4, NULL),
    (5, '{2026-01-08 1 12.5 0}');

-- all days: revenue 100 + 50 + 30 - 20 = 160, cost 40 + 20 + 5 + 1 + 10 + 2 = 78, contribution 82
SELECT id, icm_revenue(ledger) AS revenue, icm_cost(ledger) AS cost, icm_contribution(ledger) AS contribution
FROM customer ORDER BY id;

-- both days of a window are inclusive; infinite ones are no bounds; the other one has a default
SELECT from_day, to_day, icm_revenue(ledger, from_day, to_day) AS revenue, icm_cost(ledger, from_day, to_day) AS cost,
       icm_contribution(ledger, from_day, to_day) AS contribution
FROM customer, (VALUES (1, date '2026-01-08', date '2026-01-22'),       -- 50 + 0 + 30, 20 + 5 + 1 + 10
                       (2, '2026-01-09', '2026-01-21'),                 -- 0, 5 + 1
                       (3, '2026-01-08', '2026-01-08'), (4, '2026-01-09', '2026-01-09'),
                       (5, '-infinity', '2026-01-01'), (6, '-infinity', '2025-12-31'),
                       (7, '2026-01-29', 'infinity'), (8, '2026-01-30', 'infinity'), (9, '-infinity', 'infinity'),
                       (10, 'infinity', 'infinity'), (11, '-infinity', '-infinity'),
                       (12, '4714-11-24 BC', '5874897-12-31')) AS w(place, from_day, to_day)
WHERE id = 1 ORDER BY place;
SELECT icm_revenue(ledger, '2026-01-22') AS from_22nd, icm_revenue(ledger, to_day => '2026-01-08') AS to_8th,
       icm_cost(ledger, to_day => '2026-01-08') AS cost_to_8th, icm_contribution(ledger, from_day => '2026-01-22') AS contribution_from_22nd
FROM customer WHERE id = 1;
SELECT icm_revenue('{4714-11-24 BC 1 1 0, 5874897-12-31 1 2 0}', '4714-11-24 BC', '5874897-12-30') AS first,
       icm_revenue('{4714-11-24 BC 1 1 0, 5874897-12-31 1 2 0}', '4714-11-25 BC', '5874897-12-31') AS last;
SELECT icm_revenue('{}', '2026-01-02', '2026-01-01');
SELECT icm_cost('{}', 'infinity', '-infinity');
SELECT icm_contribution('{}', '2026-01-02', '-infinity');
SELECT icm_revenue('{}', NULL) IS NULL AND icm_cost('{}', NULL, '2026-01-01') IS NULL
       AND icm_contribution('{}', '2026-01-01', NULL) IS NULL AS nulls;

-- sums are rounded once: cents over 300 days; and what cancels between days
SELECT icm_revenue(ledger) = 3 AS revenue, icm_cost(ledger) = 30 AS cost, icm_contribution(ledger) = -27 AS contribution
FROM (SELECT icm_ledger_agg(date '2026-01-01' + i, 0.01, 0.1) FROM generate_series(1, 300) i) AS l(ledger);
SELECT icm_revenue('{2026-01-01 1 1e16 0, 2026-01-02 1 1 0, 2026-01-03 1 -1e16 0}') AS revenue,
       icm_contribution('{2026-01-01 1 1e16 1, 2026-01-02 1 0.5 1e16}') AS contribution;
-- the largest amounts that a day may have do not leave the range of float8
SELECT icm_revenue('{2026-01-01 1 1e300 0, 2026-01-02 1 1e300 0}');
SELECT icm_cost('{2026-01-01 1 0 1e300, 2026-01-02 1 0 -1e300}') AS cancelled;
SELECT icm_contribution('{2026-01-01 1 1e300 -1e300}');

-- decayed contribution as of the 22nd, half-life 7 days: 60/8 + 30/4 - 5 * 2^(-12/7) - 1/2 + 20 = 32.97623...
SELECT abs(icm_decayed_contribution(ledger, '2026-01-22', 7) - (34.5 - 5 * 2::float8 ^ (-12.0 / 7))) < 1e-12 AS as_computed
FROM customer WHERE id = 1;
-- exact where the weights are: half-lives of 1 and 7 days, days later than as_of unseen
SELECT as_of, half_life, icm_decayed_contribution('{2026-01-01 1 100 36, 2026-01-08 1 10 2, 2026-01-09 0 -4 1}', as_of, half_life)
FROM (VALUES (date '2025-12-31', 7::float8), ('2026-01-01', 7),         -- none; 64
             ('2026-01-08', 7),                                         -- 64/2 + 8
             ('2026-01-09', 1), ('2026-01-10', 0.5),                    -- 64/256 + 8/2 - 5; 64/2^18 + 8/16 - 5/4
             ('5874897-12-31', 1), ('2026-01-09', 1e300), ('2026-01-09', 5e-324)) AS v(as_of, half_life);
SELECT id, icm_decayed_contribution(ledger, '2026-01-12', 1e9) < 0 AS negative,
       icm_decayed_contribution(ledger, '2026-01-11', 1) AS a_day_after
FROM customer WHERE id IN (2, 3, 4) ORDER BY id;
SELECT arguments, e.*
FROM (VALUES ('''2026-01-01'', 0'), ('''2026-01-01'', -1'), ('''2026-01-01'', ''NaN'''), ('''2026-01-01'', ''Infinity'''),
             ('''2026-01-01'', ''-Infinity'''), ('''infinity'', 1'), ('''-infinity'', 1')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_decayed_contribution(''{}'', %s)', arguments)) e;
SELECT icm_decayed_contribution('{2026-01-01 1 1e300 -1e300}', '2026-01-01', 1);
SELECT icm_decayed_contribution('{}', NULL, 1) IS NULL AND icm_decayed_contribution('{}', '2026-01-01', NULL) IS NULL AS nulls;

-- rfm. Purchase days are the 1st, 8th, 15th (of 0) and 22nd; a refund or a call is none.
-- As of the 31st: 9 days, 4, (100 + 50 + 0 + 30) / 4 = 45
SELECT as_of, r.* FROM customer, (VALUES (date '2025-12-31'), ('2026-01-01'), ('2026-01-07'), ('2026-01-08'), ('2026-01-21'),
                                         ('2026-01-31'), ('5874897-12-31')) AS v(as_of), icm_rfm(ledger, as_of) AS r
WHERE id = 1 ORDER BY as_of;
SELECT id, (icm_rfm(ledger, '2026-01-31')).* FROM customer WHERE id > 1 ORDER BY id;
-- a refund on a purchase day lowers its revenue: (30 - 50) / 1
SELECT * FROM icm_rfm(icm_ledger_add('{2026-01-01 1 30 0}', date '2026-01-01', -50), '2026-01-01');
SELECT * FROM icm_rfm('{}', 'infinity');
SELECT * FROM icm_rfm('{}', '-infinity');
SELECT * FROM icm_rfm('{2026-01-01 1 1e300 0, 2026-01-02 1 1e300 0}', '2026-01-02');
SELECT icm_rfm('{}', NULL) IS NULL AS null_row;

-- btyd, unit 7 days. As of the 31st: x = 3, t_x = 21/7, t = 30/7, m = (50 + 0 + 30) / 3
SELECT as_of, b.* FROM customer, (VALUES (date '2025-12-31'), ('2026-01-01'), ('2026-01-07'), ('2026-01-08'),
       ('2026-01-21'), ('2026-01-22'),
                                         ('2026-01-29')) AS v(as_of), icm_btyd(ledger, as_of) AS b
WHERE id = 1 ORDER BY as_of;
SELECT x, t_x, t = 30.0 / 7 AS t, m = 80.0 / 3 AS m FROM customer, icm_btyd(ledger, '2026-01-31') WHERE id = 1;
SELECT unit_days, (icm_btyd(ledger, '2026-01-29', unit_days)).*
FROM customer, (VALUES (1::float8), (0.5), (14), (28)) AS u(unit_days) WHERE id = 1 ORDER BY unit_days;
SELECT id, (icm_btyd(ledger, '2026-01-31')).* FROM customer WHERE id IN (2, 3, 4) ORDER BY id;
-- one purchase day: no repeat, no mean of repeats
SELECT id, (icm_btyd(ledger, '2026-01-22')).* FROM customer WHERE id = 5;
-- the whole range of days: 4714-11-24 BC is day -2451545 and 5874897-12-31 day 2145031948 from 2000-01-01
SELECT * FROM icm_btyd('{4714-11-24 BC 1 1 0, 5874897-12-31 1 2 0}', '5874897-12-31', 1);
SELECT (icm_rfm('{4714-11-24 BC 1 1 0}', '5874897-12-31')).recency;
SELECT arguments, e.*
FROM (VALUES ('''2026-01-08'', 0'), ('''2026-01-08'', -7'), ('''2026-01-08'', ''NaN'''), ('''2026-01-08'', ''Infinity'''),
             ('''infinity'''), ('''-infinity'', 7'),
             ('''2026-01-08'', 1e-310')) AS v(arguments),              -- 7 / 1e-310 is no float8
     pg_temp.error_of(format('SELECT icm_btyd(''{2026-01-01 1 1 0, 2026-01-08 1 1 0}'', %s)', arguments)) e;
SELECT icm_btyd('{}', NULL) IS NULL AND icm_btyd('{}', '2026-01-01', NULL) IS NULL AS null_rows;

-- the days
SELECT id, d.* FROM customer LEFT JOIN LATERAL icm_ledger_days(ledger) d ON true ORDER BY id, day;
SELECT count(*) AS days, min(day), max(day), sum(orders) AS orders, sum(revenue) AS revenue
FROM (SELECT icm_ledger_agg(date '2026-01-01' + i * 7 % 10007, i % 4) FROM generate_series(1, 10007) i) AS l(ledger),
     icm_ledger_days(ledger);
-- in a select list, and under a LIMIT
SELECT (icm_ledger_days('{2026-01-01 1 2 3, 2026-01-02 0 -1 0}')).*;
SELECT icm_ledger_days('{2026-01-01 1 2 3, 2026-01-02 0 -1 0}') LIMIT 1;
