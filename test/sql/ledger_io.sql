--
-- icm_ledger: text and binary form, storage
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
\set SHOW_CONTEXT never

-- the form that is written, and what else is read as the same
SELECT '{}'::icm_ledger;
SELECT '{2026-01-05 2 59.9 12.5, 2026-02-11 0 -10 4}'::icm_ledger;
SELECT E' \t{\n2026-01-05\t2  59.9 12.5,\r\n 2026-02-11 0 -10 4 } '::icm_ledger AS spaced,
       ' { } '::icm_ledger AS empty,
       '{2026-1-5 02 +59.90 1.25e1,2026-02-11 0 -1E+1 4.}'::icm_ledger AS other_numbers;
SELECT NULL::icm_ledger IS NULL AS null_is_null;

-- an order of 0, cost only, a refund only, a refund larger than the day's orders
SELECT '{2026-01-01 1 0 0, 2026-01-02 0 0 3, 2026-01-03 0 -5 0, 2026-01-04 1 -5 0}'::icm_ledger;

-- the first and the last day that PostgreSQL has, both ends of BC, a year of five digits, leap days
SELECT '{4714-11-24 BC 1 1 0, 0005-02-29 BC 1 1 0, 0001-12-31 BC 1 1 0, 0001-01-01 1 1 0,
         2000-02-29 1 1 0, 9999-12-31 1 1 0, 10000-01-01 1 1 0, 5874897-12-31 1 1 0}'::icm_ledger;

-- the extremes of a day's amount, negative zero, shortest digits
SELECT '{2026-01-01 1 1e300 -1e300, 2026-01-02 1 5e-324 -2.2250738585072014e-308}'::icm_ledger;
SELECT '{2026-01-01 1 -0 -0.0, 2026-01-02 0 -0e5 0}'::icm_ledger AS no_negative_zero;
SELECT '{2026-01-01 1 0.1 0.30000000000000004, 2026-01-02 1 1e15 1e16, 2026-01-03 1 123456789012345678 0.00001}'::icm_ledger;

-- beside float8's and date's own output: powers of two and thirds over the whole range of a day's amount, through an
-- event where an event may be so large; every 97th day
SELECT count(*) AS numbers, count(*) FILTER (WHERE
           CASE WHEN f <= 1e280 THEN icm_ledger_add(NULL, date '2026-01-05', f, -f) ELSE form::icm_ledger END::text
           IS DISTINCT FROM form OR form::icm_ledger::text IS DISTINCT FROM form) AS otherwise
FROM (SELECT ('1e' || i)::float8 / 3 FROM generate_series(-307, 300) i
      UNION ALL SELECT '4.9406564584124654e-324'::float8 * 2::float8 ^ i FROM generate_series(0, 1023) i
      UNION ALL SELECT 2::float8 ^ i FROM generate_series(-49, 996) i) n(f),
     LATERAL (SELECT '{2026-01-05 1 ' || f::text || ' ' || (-f)::text || '}') t(form);
SET DateStyle = ISO;
SELECT count(*) AS days, count(*) FILTER (WHERE
           icm_ledger_add(NULL, d, 1, 2)::text IS DISTINCT FROM '{' || d::text || ' 1 1 2}' OR
           ('{' || d::text || ' 1 1 2}')::icm_ledger::text IS DISTINCT FROM '{' || d::text || ' 1 1 2}') AS otherwise
FROM (SELECT date '4714-11-24 BC' + 97 * i FROM generate_series(0, 40000) i
      UNION ALL SELECT date '5874897-12-31' - 97 * i FROM generate_series(0, 10000) i) n(d);

-- no setting has a say, in or out
SET DateStyle = 'SQL, DMY';
SET extra_float_digits = -15;
DO $$
BEGIN
    PERFORM set_config('lc_numeric', 'de_DE.UTF-8', false);     -- a decimal comma
EXCEPTION WHEN OTHERS THEN
    NULL;                                                       -- not installed
END
$$;
SELECT date '2026-02-01' AS date, 0.1::float8 + 0.2::float8 AS float8,
       '{2026-02-01 1 0.30000000000000004 1.5}'::icm_ledger AS ledger;
RESET lc_numeric;
RESET extra_float_digits;
RESET DateStyle;

-- malformed: SQLSTATE 22P02 and a reason
SELECT input, state, detail
FROM (VALUES
      -- braces, commas, what follows
      (''), (' '), ('2026-01-05 1 1 1'), ('{'), ('}'), ('{2026-01-05 1 1 1'), ('{}}'), ('{} {}'), ('{},'),
      ('{2026-01-05 1 1 1}x'), ('{,}'), ('{2026-01-05 1 1 1,}'), ('{2026-01-05 1 1 1 1}'),
      ('{2026-01-05 1 1 1; 2026-01-06 1 1 1}'), ('{2026-01-05 1 1 1 2026-01-06 1 1 1}'),
      -- the day
      ('{infinity 1 1 1}'), ('{-infinity 1 1 1}'), ('{today 1 1 1}'), ('{01/05/2026 1 1 1}'), ('{20260105 1 1 1}'),
      ('{2026-01 1 1 1}'), ('{2026-13-01 1 1 1}'), ('{2026-00-10 1 1 1}'), ('{2026-01-00 1 1 1}'), ('{2026-04-31 1 1 1}'),
      ('{2026-02-29 1 1 1}'), ('{1900-02-29 1 1 1}'), ('{0000-01-01 1 1 1}'), ('{-2026-01-01 1 1 1}'), ('{2026 -01-01 1 1 1}'),
      ('{4714-11-23 BC 1 1 1}'), ('{5874898-01-01 1 1 1}'), ('{99999999999-01-01 1 1 1}'), ('{2026-01-01 AD 1 1 1}'),
      ('{2026-01-05T00:00 1 1 1}'),
      -- orders
      ('{2026-01-05}'), ('{2026-01-05 x 1 1}'), ('{2026-01-05 -1 1 1}'), ('{2026-01-05 +1 1 1}'),
      ('{2026-01-05 2147483648 1 1}'), ('{2026-01-05 99999999999999999999 1 1}'), ('{2026-01-05 0 0.01 1}'),
      -- amounts
      ('{2026-01-05 1}'), ('{2026-01-05 1 1}'), ('{2026-01-05 1 NaN 1}'), ('{2026-01-05 1 1 nan}'), ('{2026-01-05 1 Infinity 1}'),
      ('{2026-01-05 1 1 -inf}'), ('{2026-01-05 1 1e309 1}'), ('{2026-01-05 1 1.1e300 1}'), ('{2026-01-05 1 1 -1.1e300}'),
      ('{2026-01-05 1 1 -1e309}'), ('{2026-01-05 1 1e-400 1}'),
      ('{2026-01-05 1 0x10 1}'), ('{2026-01-05 1 1 0x1p3}'), ('{2026-01-05 1 1,5 1}'), ('{2026-01-05 1 $5 1}'), ('{2026-01-05 1 . 1}'),
      ('{2026-01-05 1 1e 1}'), ('{2026-01-05 1 --1 1}'), ('{2026-01-05 1 - 1 1}'), ('{2026-01-05 1 NULL 1}'),
      -- days that do not ascend
      ('{2026-01-05 1 1 1, 2026-01-05 1 1 1}'), ('{2026-01-05 1 1 1, 2026-01-04 1 1 1}')) AS bad(input),
     pg_temp.error_of(format('SELECT %L::icm_ledger', input));

-- white space between the four values is not optional: nothing is read as what it does not say
SELECT input, state, message
FROM (VALUES ('{2026-01-05 2.5 1}'), ('{2026-01-05 1.5 1 1}'), ('{2026-01-05 2-5 1}'), ('{2026-01-05 2 59.9-5}'),
      ('{2026-01-05 2 59.9+5}'), ('{2026-01-05 1 1.5.5}'), ('{0005-01-05 BC2 1 1}')) AS bad(input),
     pg_temp.error_of(format('SELECT %L::icm_ledger', input));

-- the whole of one message
SELECT '{2026-01-05 2 59.9 12.5, 2026-01-06 1 ten 0}'::icm_ledger;

-- soft errors, where the server has them
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{2026-01-05 1 1 1}', 'icm_ledger');
        ASSERT NOT pg_input_is_valid('{2026-01-05 1 1 NaN}', 'icm_ledger');
        ASSERT NOT pg_input_is_valid('{', 'icm_ledger');
    END IF;
END
$$;

-- 8 bytes and 24 a day; a stored one may have a header of one byte, is compressed and detoasted as any
SELECT pg_column_size('{}'::icm_ledger) AS none,
       pg_column_size('{2026-01-01 1 1 1}'::icm_ledger) AS one,
       pg_column_size('{2026-01-01 1 1 1, 2026-01-02 1 1 1, 2026-01-04 1 1 1}'::icm_ledger) AS three,
       pg_column_size(icm_ledger_add('{2026-01-01 1 1 1}', date '2026-01-01', 1, 1)) AS one_added_to,
       (SELECT pg_column_size(icm_ledger_agg(date '2026-01-01' + i, 1)) FROM generate_series(1, 1000) i) AS a_thousand;
CREATE TEMP TABLE stored (id int, ledger icm_ledger);
INSERT INTO stored VALUES (0, '{}'), (1, '{2026-01-01 1 1.5 1}'), (2, '{2026-01-01 1 1 1, 2026-01-02 2 2 2}');
INSERT INTO stored SELECT 1000, icm_ledger_agg(date '2026-01-01' + i, 1) FROM generate_series(1, 1000) i;
INSERT INTO stored
    SELECT 20000, icm_ledger_agg(date '2026-01-01' + i, sqrt(i), ln(i)) FROM generate_series(1, 20000) i;
SELECT id, pg_column_size(ledger) < 8 + 24 * id AS smaller,
       (SELECT count(*) FROM icm_ledger_days(ledger)) AS days, icm_revenue(ledger, to_day => '2026-01-02') AS two_days
FROM stored ORDER BY id;

-- binary form: version 1, flags, padding, count; day from 2000-01-01, orders, revenue, cost
SELECT icm_ledger_send('{}');
SELECT icm_ledger_send('{1999-12-31 0 -0.25 0, 2000-01-02 2 1.5 1}');

-- send, then recv
\copy stored TO 'results/ledger_io.bin' (FORMAT binary)
CREATE TEMP TABLE received (LIKE stored);
\copy received FROM 'results/ledger_io.bin' (FORMAT binary)
SELECT s.id, icm_ledger_send(s.ledger) = icm_ledger_send(r.ledger) AS same_bytes, s.ledger::text = r.ledger::text AS same_text
FROM stored s LEFT JOIN received r USING (id) ORDER BY id;

-- recv is as strict as in. A bytea's binary form is its bytes: what is written from one is read as a ledger.
CREATE TEMP TABLE crafted (ledger icm_ledger);

-- negative zeros are received as zeros
\copy (SELECT '\x0100000000000001000000010000000180000000000000008000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
SELECT ledger, icm_ledger_send(ledger) FROM crafted;

-- no byte at all; a header cut short
\copy (SELECT ''::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)

-- versions 0 and 2, the flag of an open ledger, another flag, padding
\copy (SELECT '\x0000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0200000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0101000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0180000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0100000100000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)

-- counts that lie: one entry of none, none of one, less than none, more than there is room for; an entry cut short
\copy (SELECT '\x0100000000000001'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0100000000000000000000010000000100000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x01000000ffffffff'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x010000007fffffff'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000010000000100000001000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)

-- days: infinity, -infinity, the day before the first
\copy (SELECT '\x01000000000000017fffffff0000000100000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0100000000000001800000000000000100000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
-- 4714-11-24 BC is Julian day 0, 2000-01-01 is 2451545: -2451546 is ffda97a6
\copy (SELECT '\x0100000000000001ffda97a60000000100000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
-- the same day twice; a day before
\copy (SELECT '\x01000000000000020000000100000001000000000000000000000000000000000000000100000001'::bytea || '\x00000000000000000000000000000000') TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0100000000000002000000010000000100000000000000000000000000000000ffffffff00000001'::bytea || '\x00000000000000000000000000000000') TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)

-- orders negative; revenue NaN; cost infinite; revenue (0.5) without orders
\copy (SELECT '\x010000000000000100000001ffffffff00000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x010000000000000100000001000000017ff80000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x010000000000000100000001000000010000000000000000fff0000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x010000000000000100000001000000003fe00000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)

-- the SQLSTATEs: message too short, not the binary form, too large
\set VERBOSITY sqlstate
\copy (SELECT '\x01000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0200000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0101000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x0100000000000001'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x010000000000000100000001ffffffff00000000000000000000000000000000'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\copy (SELECT '\x010000007fffffff'::bytea) TO 'results/ledger_io.bin' (FORMAT binary)
\copy crafted FROM 'results/ledger_io.bin' (FORMAT binary)
\set VERBOSITY default

-- of all these, one ledger was received
SELECT count(*) FROM crafted;
