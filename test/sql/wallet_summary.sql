--
-- icm_wallet, icm_wallet_agg, icm_wallet_add, icm_rollup of icm_wallet, accessors
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

-- by hand: three customers, one of whom spends nothing here; one who spends nothing at all; two whose wallet is unknown; nobody
CREATE TEMP TABLE spend (customer text, own float8, wallet float8);
INSERT INTO spend VALUES ('a', 25, 100), ('b', 200, 1000), ('c', 0, 100), ('d', 0, 0), ('e', 30, NULL), ('f', 50, NULL), ('g', NULL, NULL);
SELECT icm_wallet_agg(own, wallet) AS summary, pg_column_size(icm_wallet_agg(own, wallet)) AS bytes FROM spend;
\x on
SELECT s.* FROM (SELECT icm_wallet_agg(own, wallet) FROM spend) AS w(w), icm_wallet_stats(w) s;
SELECT icm_wallet_n(w), icm_wallet_own(w), icm_wallet_total(w), icm_wallet_headroom(w), icm_wallet_share(w), icm_wallet_mean_share(w), icm_wallet_penetration(w)
FROM (SELECT icm_wallet_agg(own, wallet) FROM spend) AS w(w);
-- of customers without a positive wallet there is no share
SELECT s.*, icm_wallet_n(w), icm_wallet_headroom(w), icm_wallet_share(w), icm_wallet_mean_share(w), icm_wallet_penetration(w)
FROM (SELECT icm_wallet_agg(own, wallet) FROM spend WHERE customer >= 'd') AS w(w), icm_wallet_stats(w) s;
SELECT icm_wallet_stats(NULL) IS NULL AS stats, icm_wallet_n(NULL) IS NULL AS n, icm_wallet_share(NULL) IS NULL AS share;
\x off
-- ratio of sums and mean of ratios differ
SELECT icm_wallet_share(w) AS share, icm_wallet_mean_share(w) AS mean_share FROM (SELECT icm_wallet_agg(own, wallet) FROM (VALUES (90::float8, 100::float8), (0, 900)) AS v(own, wallet)) AS w(w);
SELECT icm_wallet_agg(own, wallet) IS NULL AS no_rows FROM spend WHERE false;
SELECT icm_wallet_agg(own, wallet) IS NULL AS nobody FROM spend WHERE customer = 'g';
SELECT icm_wallet_agg(own, wallet) FILTER (WHERE customer < 'b') AS filtered FROM spend;
SELECT customer, icm_wallet_agg(own, wallet) OVER (ORDER BY customer) AS growing FROM spend;
-- a customer of a LEFT JOIN who is not known, and one who did not buy here
SELECT icm_wallet_agg(o.own, w.wallet) FROM (VALUES (1), (2)) AS c(customer) LEFT JOIN (VALUES (1, 5::float8)) AS o(customer, own) USING (customer)
    LEFT JOIN (VALUES (1, 8::float8)) AS w(customer, wallet) USING (customer);
SELECT icm_wallet_agg(o.own, w.wallet) FROM (VALUES (1, 8::float8), (2, 9)) AS w(customer, wallet) LEFT JOIN (VALUES (1, 5::float8)) AS o(customer, own) USING (customer);
SELECT icm_wallet_agg(coalesce(o.own, 0), w.wallet) FROM (VALUES (1, 8::float8), (2, 9)) AS w(customer, wallet) LEFT JOIN (VALUES (1, 5::float8)) AS o(customer, own) USING (customer);

-- one customer more
SELECT icm_wallet_add(NULL, 25, 100) AS first, icm_wallet_add(icm_wallet_add('{}', 25, 100), 30, NULL) AS second, icm_wallet_add('{}', 0, 0) AS third,
       icm_wallet_add('{unknown: 1}', NULL, NULL) AS nobody, icm_wallet_add(NULL, NULL, NULL) IS NULL AS no_summary;
CREATE FUNCTION pg_temp.by_adding() RETURNS icm_wallet
LANGUAGE plpgsql AS $$
DECLARE
    summary icm_wallet;
    c record;
BEGIN
    FOR c IN SELECT * FROM spend LOOP
        summary := icm_wallet_add(summary, c.own, c.wallet);
    END LOOP;
    RETURN summary;
END
$$;
SELECT icm_wallet_send(pg_temp.by_adding()) = icm_wallet_send(icm_wallet_agg(own, wallet)) AS same FROM spend;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('-1, 100'), ('25, -100'), ('-5e-324, 1'), ('''NaN'', 1'), ('1, ''NaN'''), ('''Infinity'', ''Infinity'''), ('1, ''Infinity'''), ('0, ''-Infinity'''),
             ('100.00000000011, 100'), ('1, 0'), ('-1, NULL'), ('''NaN'', NULL'), ('''Infinity'', NULL'), ('NULL, 100'), ('NULL, 0'), ('NULL, -1'),
             ('0, 1.0000001e140'), ('1e300, 1e300'), ('1.0000001e140, NULL')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_agg(%s)', arguments)) e;
SELECT count(*) FROM (VALUES ('-1, 100'), ('2, 1'), ('''NaN'', NULL'), ('NULL, 100'), ('0, 1e141')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_add(NULL, %s)', arguments)) a, pg_temp.error_of(format('SELECT icm_wallet_agg(%s)', arguments)) b WHERE a = b;
SELECT icm_wallet_agg(120, 100);
SELECT icm_wallet_agg(NULL, 100);

-- own spend that exceeds the wallet by rounding is the wallet, in the sums too: there is no negative headroom, and the order of the rows has no say
SELECT icm_wallet_agg(0.1::float8 + 0.2 + 0.3, 0.6), icm_wallet_add(NULL, 0.1::float8 + 0.2 + 0.3, 0.6), icm_wallet_headroom(icm_wallet_agg(0.1::float8 + 0.2 + 0.3, 0.6)) AS headroom;
SELECT icm_wallet_agg(own, wallet) AS at_the_limits FROM (VALUES (100.00000000009::float8, 100::float8), (1e140 * (1 + 9e-13), 1e140)) AS v(own, wallet);
SELECT count(DISTINCT md5(icm_wallet_send(w))) AS summaries, bool_and(icm_wallet_send(w) = icm_wallet_send(capped)) AS as_if_capped, bool_and(icm_wallet_headroom(w) >= 0 AND icm_wallet_share(w) <= 1) AS in_range, min(over) > 100 AS some
FROM generate_series(1, 20) k,
     LATERAL (SELECT icm_wallet_agg(own, wallet ORDER BY hashint4extended(i, k)), icm_wallet_agg(least(own, wallet), wallet), count(*) FILTER (WHERE own > wallet)
              FROM (SELECT i, a + b + c AS own, c + b + a AS wallet FROM (SELECT i, i / 10.0::float8 AS a, i / 7.0::float8 AS b, i / 3.0::float8 AS c FROM generate_series(1, 1000) i) r) s) AS s(w, capped, over);
-- wallets that were calibrated to a market's total are no smaller than own spend, and are summarised
SELECT icm_wallet_n(w) AS n, icm_wallet_headroom(w) AS headroom FROM (SELECT icm_wallet_agg(own, wallet) FROM (SELECT own, icm_wallet_calibrate(own, 1, 0.6) OVER () AS wallet FROM (VALUES (0.1::float8), (0.2), (0.3)) AS v(own)) c) AS w(w);

-- extremes: the largest amounts, the smallest; negative zero is zero; squares are cut off below the smallest double
SELECT icm_wallet_agg(1e140, 1e140), icm_wallet_agg(5e-324, 5e-324), icm_wallet_agg('-0', '-0'), icm_wallet_agg('-0', 1), icm_wallet_agg('-0', NULL);
SELECT icm_wallet_agg(1e-170, 1e140), icm_wallet_agg(1e-162, 2e-162);

-- text
SELECT '{}'::icm_wallet AS nobody, ' { } '::icm_wallet AS spaced,
       E'{wallet :1e3,\twallet_squares: 1000000 , "customers": 1, own: 0.1 + 0.2 - 0.05, buyers:1, shares: 2.5e-4, own_squares: 0.0625, products: 250}'::icm_wallet AS any_order,
       '{customers: 0, unknown: 0, own: 0 - 0, wallet: 1 - 1}'::icm_wallet AS zeros;
SET extra_float_digits = -15;
SELECT icm_wallet_agg(0.1, 0.3);
RESET extra_float_digits;
SELECT input, state, detail
FROM (VALUES (''), ('{'), ('customers: 1'), ('{customers: 1'), ('{}}'), ('{} x'), ('{,}'), ('{no_spend: 1,}'), ('{no_spend 1}'), ('{no_spend: 1 unknown: 1}'),
             ('{visitors: 1}'), ('{no_spend: 1, no_spend: 1}'), ('{no_spend: -1}'), ('{no_spend: 1.5}'), ('{no_spend: x}'), ('{no_spend: 9007199254740993}'),
             ('{no_spend: 99999999999999999999}'), ('{unknown: 1, unknown_own: -1}'), ('{unknown: 1, unknown_own: +1}'), ('{unknown: 1, unknown_own: 1 +}'),
             ('{unknown: 1, unknown_own: 1 - -1}'), ('{unknown: 1, unknown_own: 1 2}'), ('{unknown: 1, unknown_own: NaN}'), ('{unknown: 1, unknown_own: 1e309}'),
             ('{unknown: 1, unknown_own: 1.7e308 + 1.7e308}'), ('{unknown: 1, unknown_own: 1 - 2}'), ('{unknown: 1, unknown_own: 1e140 + 1e132}'), ('{unknown_own: 1}'),
             ('{buyers: 1}'), ('{customers: 1}'), ('{customers: 1, buyers: 1, wallet: 1, wallet_squares: 1}'), ('{customers: 1, own: 1, wallet: 1, wallet_squares: 1}'),
             ('{customers: 1, wallet: 1, shares: 5e-324, wallet_squares: 1}'), ('{customers: 1, wallet: 1.1e140}'),
             ('{customers: 1, buyers: 1, own: 1 + 1e-30, wallet: 1, shares: 1, own_squares: 1, products: 1, wallet_squares: 1}'),
             ('{customers: 1, buyers: 1, own: 1, wallet: 1, shares: 1.1, own_squares: 1, products: 1, wallet_squares: 1}'),
             ('{customers: 1, buyers: 1, own: 1, wallet: 2, shares: 0.5, own_squares: 3, products: 2, wallet_squares: 4}'),
             ('{customers: 1, buyers: 1, own: 1, wallet: 2, shares: 0.5, own_squares: 1, products: 5, wallet_squares: 4}'),
             ('{customers: 1, wallet: 2, wallet_squares: 1.1e280}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_wallet', input)) e;
-- sums that no customers have: shares above buyers or of none, own spend or a wallet of too few for all, squares and products that contradict Cauchy-Schwarz or the sums
SELECT input, coalesce(detail, 'a value') AS detail
FROM (VALUES ('{customers: 1, buyers: 1, own: 1, wallet: 2, own_squares: 1, products: 2, wallet_squares: 4}'), ('{customers: 1, buyers: 1, own: 1, wallet: 2, shares: 0.4, own_squares: 1, products: 2, wallet_squares: 4}'),
             ('{customers: 1, buyers: 1, own: 1, wallet: 1, shares: 1.0000000000000002, own_squares: 1, products: 1, wallet_squares: 1}'),
             ('{customers: 1, buyers: 1, own: 1, wallet: 1, shares: 0.9999999999999999, own_squares: 1, products: 1, wallet_squares: 1}'),
             ('{customers: 2, buyers: 1, own: 1, wallet: 1, shares: 1, own_squares: 1, products: 1, wallet_squares: 1}'),
             ('{customers: 2, wallet: 5e-324}'), ('{customers: 3, buyers: 3, own: 1e-323, wallet: 1, shares: 0, wallet_squares: 0.5}'),
             ('{customers: 2, wallet: 4, wallet_squares: 7.9}'), ('{customers: 2, wallet: 4, wallet_squares: 16.1}'), ('{customers: 2, wallet: 4, wallet_squares: 8}'), ('{customers: 2, wallet: 4, wallet_squares: 16}'),
             ('{customers: 2, buyers: 2, own: 2, wallet: 8, shares: 0.5, own_squares: 1.9, products: 8, wallet_squares: 32}'),
             ('{customers: 2, buyers: 2, own: 2, wallet: 8, shares: 0.5, own_squares: 4.1, products: 8, wallet_squares: 32}'),
             ('{customers: 2, buyers: 2, own: 2, wallet: 8, shares: 0.5, own_squares: 2, products: 8.1, wallet_squares: 32}'),
             ('{customers: 2, buyers: 2, own: 2, wallet: 8, shares: 0.5, own_squares: 4, products: 17, wallet_squares: 100}'),
             ('{customers: 1, wallet: 1e-170, wallet_squares: 1e-323}'), ('{customers: 1, wallet: 1e-170}'), ('{customers: 1, wallet: 1e-160}'), ('{customers: 1, wallet: 1e-160, wallet_squares: 1e-320}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_wallet', input)) e;
-- but all that the aggregate makes are accepted: 15,000 random summaries of one to six customers, and of thousands, amounts from 5e-324 to 1e140, of which sums, squares and shares are cut off or lost beside others
CREATE TEMP TABLE extreme AS
    WITH amount AS MATERIALIZED (
        SELECT g, i, d % 8 AS kind, greatest(least((1 + a % 1000 / 1000.0) * format('1e%s', b % 464 - 323)::float8, 1e140), 5e-324) AS any_amount, greatest(least((1 + a % 1000 / 1000.0) * format('1e%s', g % 464 - 323)::float8, 1e140), 5e-324) AS same,
               (1 + a % 9) * format('1e%s', -165 + b % 12)::float8 AS cut_off, (1 + a % 9) * 5e-324 AS least_of_all, (c % 1000000 + 1) / 100.0::float8 AS cents, c % 999 + 1 AS part
        FROM generate_series(1, 15000) g, generate_series(1, 1 + g % 6) i,
             LATERAL (SELECT abs(hashint4(g * 8 + i)::bigint), abs(hashint4(g * 8 + i + 200000)::bigint), abs(hashint4(g * 8 + i + 400000)::bigint), abs(hashint4(g * 8 + i + 600000)::bigint)) AS r(a, b, c, d)
    ), wallet AS MATERIALIZED (
        SELECT *, CASE g % 5 WHEN 0 THEN same WHEN 1 THEN any_amount WHEN 2 THEN cut_off WHEN 3 THEN least_of_all ELSE cents END AS wallet FROM amount
    )
    SELECT g, wallet, CASE kind WHEN 0 THEN 0 WHEN 1 THEN wallet WHEN 2 THEN 5e-324 WHEN 3 THEN least(any_amount, wallet) WHEN 4 THEN least(cut_off, wallet) WHEN 5 THEN wallet + wallet * CASE WHEN wallet > 1e-290 THEN 9e-13 ELSE 0 END
                           ELSE CASE WHEN wallet > 1e-290 THEN wallet / part ELSE wallet END END AS own FROM wallet;
SELECT min(own) FILTER (WHERE own > 0) AS least, max(wallet) AS most, count(*) FILTER (WHERE own > wallet) > 5000 AS above_by_rounding, count(*) FILTER (WHERE own > 0 AND log(greatest(own, 5e-324)) - log(wallet) < -325) > 1000 AS lost_shares FROM extreme;
SELECT count(*) AS summaries, count(*) FILTER (WHERE icm_wallet_send(w::text::icm_wallet) = icm_wallet_send(w)) AS the_same_from_text, bool_and(icm_wallet_headroom(w) >= 0 AND icm_wallet_share(w) <= 1 AND icm_wallet_mean_share(w) <= 1) AS in_range
FROM (SELECT icm_wallet_agg(own, wallet) FROM extreme GROUP BY g UNION ALL SELECT icm_wallet_agg(own, wallet) FROM extreme GROUP BY g % 500 UNION ALL SELECT icm_wallet_agg(own, wallet) FROM extreme GROUP BY g % 5) AS s(w);
SELECT '{unknown: 1, unknown_own: 1 - 2}'::icm_wallet;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{no_spend: 1}', 'icm_wallet');
        ASSERT NOT pg_input_is_valid('{no_spend: -1}', 'icm_wallet');
    END IF;
END
$$;

-- beside plain SQL on random data: whole amounts, whose sums are what numerics add up to
CREATE TABLE icm_spend AS
    SELECT i, hashint4(i * 3) & 63 AS segment, (abs(hashint4(i * 5)::bigint) % 90000) * (hashint4(i * 7) & 1) AS o, abs(hashint4(i * 11)::bigint) % 100000 AS rest,
           hashint4(i * 13) & 15 AS kind
    FROM generate_series(1, 20000) i;
ALTER TABLE icm_spend ADD own float8, ADD wallet float8;
UPDATE icm_spend SET own = CASE WHEN kind = 0 THEN 0 ELSE o END, wallet = CASE WHEN kind = 0 THEN 0 WHEN kind < 3 THEN NULL ELSE o + rest END;
ALTER TABLE icm_spend SET (parallel_workers = 2);
VACUUM ANALYZE icm_spend;
SELECT count(*) AS segments,
       count(*) FILTER (WHERE regexp_replace(w::text, 'shares: [^,]*, ', '') IS DISTINCT FROM
           format('{customers: %s, buyers: %s, own: %s, wallet: %s, own_squares: %s, products: %s, wallet_squares: %s, no_spend: %s, unknown: %s, unknown_own: %s}',
                  n, buyers, own, wallet, own_squares, products, wallet_squares, no_spend, unknown, unknown_own)) AS otherwise
FROM (SELECT segment, icm_wallet_agg(own, wallet) AS w, count(*) FILTER (WHERE wallet > 0) AS n, count(*) FILTER (WHERE wallet > 0 AND own > 0) AS buyers,
             sum(own::numeric) FILTER (WHERE wallet > 0) AS own, sum(wallet::numeric) AS wallet, (sum(own::numeric ^ 2) FILTER (WHERE wallet > 0))::bigint AS own_squares,
             sum(own::numeric * wallet::numeric) AS products, sum(wallet::numeric ^ 2)::bigint AS wallet_squares, count(*) FILTER (WHERE wallet = 0) AS no_spend,
             count(*) FILTER (WHERE wallet IS NULL) AS unknown, sum(own::numeric) FILTER (WHERE wallet IS NULL) AS unknown_own
      FROM icm_spend GROUP BY segment) s;
SELECT count(*) FILTER (WHERE (s.n, s.own, s.wallet, s.share, s.penetration, s.headroom, s.no_spend, s.unknown, s.unknown_own)
           IS DISTINCT FROM (d.n, d.own, d.wallet, d.own / d.wallet, d.penetration, d.headroom, d.no_spend, d.unknown, d.unknown_own)) AS otherwise,
       max(abs(s.mean_share - d.mean_share)) < 1e-15 AS mean_share, count(DISTINCT s) AS rows
FROM (SELECT segment, icm_wallet_agg(own, wallet) AS w, count(*) FILTER (WHERE wallet > 0) AS n, sum(own) FILTER (WHERE wallet > 0) AS own, sum(wallet) AS wallet,
             avg(own::numeric / nullif(wallet::numeric, 0))::float8 AS mean_share, avg(CASE WHEN own > 0 THEN 1.0::float8 ELSE 0 END) FILTER (WHERE wallet > 0) AS penetration, sum(wallet - own) AS headroom,
             count(*) FILTER (WHERE wallet = 0) AS no_spend, count(*) FILTER (WHERE wallet IS NULL) AS unknown, sum(own) FILTER (WHERE wallet IS NULL) AS unknown_own
      FROM icm_spend GROUP BY segment) d, LATERAL icm_wallet_stats(w) s;

-- beside numerics on doubles with any fraction, that no sum of doubles has exactly: what the text form says adds up to the sums, to the last bit
CREATE FUNCTION pg_temp.exact(v float8) RETURNS numeric
LANGUAGE sql AS $$
    SELECT trim_scale(CASE WHEN v = 0 THEN 0 WHEN e >= 0 THEN m * 2::numeric ^ e ELSE (m * trunc(5::numeric ^ (-e)))::text::numeric * ('1e' || e)::numeric END)
    FROM (SELECT ((bits >> 52) & 2047)::int - 1075 AS e, ((bits & ((1::bigint << 52) - 1)) | (1::bigint << 52))::numeric * sign(v)::numeric AS m
          FROM (SELECT ('x' || encode(float8send(abs(v)), 'hex'))::bit(64)::bigint AS bits) b) p
$$;
SELECT pg_temp.exact(0.1), pg_temp.exact(-3), pg_temp.exact(1e22);
CREATE FUNCTION pg_temp.total(summary icm_wallet, key text) RETURNS numeric
LANGUAGE sql AS $$
    SELECT sum(pg_temp.exact(replace(term[1], ' ', '')::float8))
    FROM regexp_matches(substring(summary::text FROM '[{ ]' || key || ': ([^,}]*)'), '-? ?[0-9.]+(?:e[-+]?[0-9]+)?', 'g') term
$$;
CREATE TEMP TABLE fraction AS
    SELECT i, wallet, wallet * ((hashint4(i * 19)::bigint + 2147483648) / 4294967296.0::float8) AS own
    FROM (SELECT i, (1 + abs(hashint4(i * 3)::bigint)) / 7.0::float8 * 2::float8 ^ (hashint4(i * 17) % 40) AS wallet FROM generate_series(1, 300) i) w;
SELECT (SELECT min(wallet) < 1 AND max(wallet) > 1e18 FROM fraction) AS wide, pg_temp.total(w, 'own') = own AS own, pg_temp.total(w, 'wallet') = wallet AS wallet_, pg_temp.total(w, 'shares') = shares AS shares,
       pg_temp.total(w, 'own_squares') = own_squares AS own_squares, pg_temp.total(w, 'products') = products AS products,
       pg_temp.total(w, 'wallet_squares') = wallet_squares AS wallet_squares, icm_wallet_headroom(w) = headroom AS headroom, w::text LIKE '%wallet_squares: % - %' OR w::text LIKE '%wallet_squares: % + %' AS more_than_a_double
FROM (SELECT icm_wallet_agg(f.own, f.wallet) AS w, sum(pg_temp.exact(f.own)) AS own, sum(pg_temp.exact(f.wallet)) AS wallet, sum(pg_temp.exact(f.own / f.wallet)) AS shares,
             sum(pg_temp.exact(f.own) * pg_temp.exact(f.own)) AS own_squares, sum(pg_temp.exact(f.own) * pg_temp.exact(f.wallet)) AS products,
             sum(pg_temp.exact(f.wallet) * pg_temp.exact(f.wallet)) AS wallet_squares, sum(pg_temp.exact(f.wallet) - pg_temp.exact(f.own))::float8 AS headroom
      FROM fraction f) s;

-- neither the order of rows, nor how they are parted, nor by how many steps they are rolled up has a say, to the byte
CREATE AGGREGATE pg_temp.state_agg(float8, float8) (SFUNC = icm_wallet_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_wallet_combine, STYPE = bytea, FINALFUNC = icm_wallet_final);
CREATE AGGREGATE pg_temp.rollup_state(icm_wallet) (SFUNC = icm_wallet_rollup_accum, STYPE = bytea);
CREATE TABLE icm_fraction AS
    SELECT i, CASE WHEN i % 17 = 0 THEN 0 ELSE wallet * ((hashint4(i * 19)::bigint + 2147483648) / 4294967296.0::float8) END AS own, CASE WHEN i % 13 > 0 THEN wallet END AS wallet
    FROM (SELECT i, (1 + abs(hashint4(i * 3)::bigint)) / 7.0::float8 * 10::float8 ^ (hashint4(i * 17) % (i % 100 + 1)) AS wallet FROM generate_series(1, 3000) i) w;
ALTER TABLE icm_fraction SET (parallel_workers = 2);
VACUUM ANALYZE icm_fraction;
SELECT count(*) AS orders, count(DISTINCT md5(icm_wallet_send(w))) AS summaries
FROM generate_series(1, 20) k, LATERAL (SELECT icm_wallet_agg(own, wallet ORDER BY hashint4extended(i, k)) FROM icm_fraction) AS s(w);
SELECT count(*) AS partitions, bool_and(icm_wallet_send(combined) = whole) AS combined, bool_and(icm_wallet_send(rolled_up) = whole) AS rolled_up, bool_and(icm_wallet_send(nested) = whole) AS nested
FROM generate_series(1, 20) k, (SELECT icm_wallet_send(icm_wallet_agg(own, wallet)) AS whole FROM icm_fraction) w,
     LATERAL (SELECT pg_temp.combine_agg(state ORDER BY key) AS combined, icm_rollup(part ORDER BY hashint8extended(key, k)) AS rolled_up
              FROM (SELECT hashint4extended(i, k) % k AS key, pg_temp.state_agg(own, wallet) AS state, icm_wallet_agg(own, wallet) AS part FROM icm_fraction GROUP BY 1) p) c,
     LATERAL (SELECT icm_rollup(region) AS nested
              FROM (SELECT icm_rollup(part) AS region FROM (SELECT hashint4extended(i, k) % 50 AS key, icm_wallet_agg(own, wallet) AS part FROM icm_fraction GROUP BY 1) p GROUP BY key % 7) r) n;
SELECT icm_rollup(w) FROM (VALUES ('{no_spend: 1}'::icm_wallet), (NULL), ('{}'), ('{no_spend: 2, unknown: 1, unknown_own: 0.1}')) AS v(w);
SELECT icm_rollup(w) AS nobody, icm_rollup(w) FILTER (WHERE w IS NULL) IS NULL AS no_rows FROM (VALUES ('{}'::icm_wallet), (NULL)) AS v(w);
-- a small customer is not lost beside a large one, nor when the large one is taken off again
SELECT icm_wallet_headroom(icm_wallet_agg(own, wallet)) AS exact, sum(wallet) - sum(own) AS rounded FROM (VALUES (0::float8, 1::float8), (1e17, 1e17)) AS v(own, wallet);

-- a parallel plan is one, and gives the same
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines ~ 'Finalize .*Aggregate' AND lines ~ 'Partial .*Aggregate' AND lines ~ 'Workers Planned: [1-9]';
END
$$;
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || w::text, E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TABLE icm_part AS SELECT i % 500 AS part, i % 500 % 7 AS region, icm_wallet_agg(own, wallet) AS w FROM icm_fraction GROUP BY 1, 2;
ALTER TABLE icm_part SET (parallel_workers = 2);
ANALYZE icm_part;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_wallet_agg(own, wallet) AS w FROM icm_fraction'),
    (2, 'SELECT segment AS key, icm_wallet_agg(own, wallet) AS w FROM icm_spend GROUP BY segment'),
    (3, 'SELECT 1 AS key, icm_rollup(w) AS w FROM icm_part'),
    (4, 'SELECT region AS key, icm_rollup(w) AS w FROM icm_part GROUP BY region');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 300 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;

-- up to 2^53 customers of a kind, and no more, in either way
SELECT icm_rollup(w) FROM (VALUES ('{unknown: 9007199254740991, unknown_own: 9e155, no_spend: 9007199254740992}'::icm_wallet), ('{unknown: 1, unknown_own: 1e140}')) AS v(w);
SELECT icm_rollup(w) FROM (VALUES ('{unknown: 9007199254740991}'::icm_wallet), ('{unknown: 2}')) AS v(w);
SELECT icm_wallet_add('{unknown: 9007199254740992}', 1, NULL);
SELECT pg_temp.combine_agg(state) FROM (SELECT pg_temp.rollup_state('{unknown: 9007199254740992}') UNION ALL SELECT pg_temp.state_agg(1, NULL)) AS p(state);
-- squares of the largest there can be are in range
SELECT icm_rollup(w) FROM (VALUES ('{customers: 4503599627370496, wallet: 4.5e155, wallet_squares: 4.5e295}'::icm_wallet), ('{customers: 4503599627370496, wallet: 4.5e155, wallet_squares: 4.5e295}')) AS v(w);

-- the support functions: by the aggregate only, and with a state that is one
SELECT icm_wallet_accum(NULL, 1, 2);
SELECT icm_wallet_rollup_accum(NULL, '{}');
SELECT icm_wallet_combine(NULL, NULL);
SELECT icm_wallet_final(NULL) IS NULL AS null_is_null;
CREATE FUNCTION pg_temp.outcome(call text, state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call USING state;
    RETURN 'a value';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TEMP TABLE call (call text);
INSERT INTO call VALUES ('icm_wallet_final($1)::text::icm_wallet'), ('pg_temp.combine_agg($1)::text::icm_wallet'), ('pg_temp.combine_agg(s)::text::icm_wallet FROM unnest(ARRAY[$1, $1]) s');
SELECT DISTINCT pg_temp.outcome(call, state) AS outcome
FROM call, (VALUES (''::bytea), ('\x01'), (decode(repeat('00', 48), 'hex')), (decode(repeat('ff', 48), 'hex')), (decode('01' || repeat('ff', 2000), 'hex'))) AS v(state);
-- a state with each of its bytes changed, and cut short anywhere
CREATE TEMP TABLE state AS SELECT pg_temp.state_agg(own, wallet) AS state FROM spend;
SELECT length(state) AS bytes FROM state;
SELECT count(*) > 3000 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 100 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 1000 AS corrupt,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_wallet_agg is corrupt' AND outcome NOT LIKE '22003 too many customers') AS neither
FROM state, call, generate_series(0, length(state) - 1) at, unnest('{0,1,2,26,27,64,127,128,240,255}'::int[]) byte, pg_temp.outcome(call, set_byte(state, at, byte)) outcome;
SELECT outcome, count(*) > 10 AS some FROM state, call, generate_series(0, length(state) - 1) bytes, pg_temp.outcome(call, substr(state, 1, bytes)) outcome GROUP BY outcome;
-- and added to, with amounts that its windows must grow for
CREATE FUNCTION pg_temp.outcome_of_adding(state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE AGGREGATE pg_temp.adding_agg(float8, float8) (SFUNC = icm_wallet_accum, STYPE = bytea, FINALFUNC = icm_wallet_final, INITCOND = %L)', state);
    RETURN pg_temp.outcome($call$pg_temp.adding_agg(10::float8 ^ (i * 20), 10::float8 ^ (i * 20 + 1))::text::icm_wallet FROM generate_series(-15, 6) i$call$, NULL);
END
$$;
SELECT pg_temp.outcome_of_adding(state) FROM state;
SELECT count(*) > 200 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 10 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 40 AS corrupt,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_wallet_agg is corrupt' AND outcome NOT LIKE '22003 too many customers') AS neither
FROM state, generate_series(0, length(state) - 1) at, unnest('{0,127,255}'::int[]) byte, pg_temp.outcome_of_adding(set_byte(state, at, byte)) outcome;

-- storage and the binary form: version 1, flags, padding, number of items of 8 bytes; counts; first word and number of words of each sum; words; and back
SELECT icm_wallet_send('{customers: 1, wallet: 258, wallet_squares: 66564}'), icm_wallet_send('{}') AS nobody;
CREATE TEMP TABLE stored AS SELECT i % 1000 AS id, icm_wallet_agg(own, wallet) AS w FROM icm_fraction GROUP BY 1;
INSERT INTO stored VALUES (-1, '{}'), (-2, (SELECT icm_wallet_agg(own, wallet) FROM icm_fraction)), (-3, icm_wallet_add(NULL, 1e140, 1e140)), (-4, icm_wallet_add(NULL, 5e-324, 1));
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/wallet.bin' (FORMAT binary)
\copy received FROM 'results/wallet.bin' (FORMAT binary)
SELECT count(*) AS summaries, bool_and(record_image_eq(s, r)) AS same, bool_and(record_image_eq(ROW(s.w), ROW(s.w::text::icm_wallet))) AS same_from_text FROM stored s FULL JOIN received r USING (id);
-- bytes of customers with amounts in cents
SELECT min(bytes), round(avg(bytes)) AS mean, max(bytes) FROM (SELECT pg_column_size(icm_wallet_agg(round(own::numeric / 100, 2)::float8, round(wallet::numeric / 100, 2)::float8)) AS bytes FROM icm_spend WHERE own > 0 AND wallet > 0 GROUP BY i) b;
DROP TABLE icm_spend, icm_fraction, icm_part;
