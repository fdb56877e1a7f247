--
-- icm_wallet_allocation: the Wallet Allocation Rule
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;

-- published: of two brands .6667 and .3333, of three .5, .3333 and .1667
SELECT brands, rank, round(icm_wallet_allocation(rank, brands)::numeric, 4) AS share FROM generate_series(1, 4) brands, generate_series(1, brands) rank ORDER BY brands, rank;
SELECT max(abs(sum - 1)) < 1e-14 AS sum_to_1 FROM (SELECT sum(icm_wallet_allocation(rank, brands)) FROM generate_series(1, 200) brands, generate_series(1, brands) rank GROUP BY brands) AS s(sum);
SELECT icm_wallet_allocation(1.5, 3) = (icm_wallet_allocation(1, 3) + icm_wallet_allocation(2, 3)) / 2 AS tie, icm_wallet_allocation(1, 2147483647) AS many,
       icm_wallet_allocation(NULL, 2) IS NULL AND icm_wallet_allocation(1, NULL) IS NULL AS null_is_null;
SELECT arguments, e.* FROM (VALUES ('0, 3'), ('0.99999999999, 3'), ('3.0000001, 3'), ('-1, 3'), ('''NaN'', 3'), ('''Infinity'', 3'), ('1, 0'), ('1, -1')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_allocation(%s)', arguments)) e;
SELECT icm_wallet_allocation(4, 3);

-- over the brands of a customer: by rating, highest first; equal ones share; not rated: no part; one alone has all; none rated
CREATE TEMP TABLE rating (customer text, brand text, rating float8);
INSERT INTO rating VALUES ('Ada', 'x', 9), ('Ada', 'y', 7), ('Ada', 'z', 8), ('Ben', 'x', 8), ('Ben', 'y', 8), ('Ben', 'z', 5), ('Cat', 'x', 3), ('Cat', 'y', 3), ('Cat', 'z', 3),
    ('Dan', 'x', 6), ('Dan', 'y', NULL), ('Dan', 'z', 2), ('Eve', 'x', -1e300), ('Fay', 'x', NULL), ('Fay', 'y', NULL), ('Gil', 'x', 0), ('Gil', 'y', '-0');
SELECT customer, brand, rating, round(share::numeric, 4) AS share FROM (SELECT *, icm_wallet_allocation(rating) OVER (PARTITION BY customer) AS share FROM rating) r ORDER BY customer, brand;
-- neither ORDER BY nor a frame changes who is compared
SELECT count(*) FILTER (WHERE a IS DISTINCT FROM b OR a IS DISTINCT FROM c OR a IS DISTINCT FROM d) AS otherwise
FROM (SELECT icm_wallet_allocation(rating) OVER (PARTITION BY customer) AS a, icm_wallet_allocation(rating) OVER (PARTITION BY customer ORDER BY brand DESC) AS b,
             icm_wallet_allocation(rating) OVER (PARTITION BY customer ORDER BY brand ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS c,
             icm_wallet_allocation(rating) OVER (PARTITION BY customer ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS d FROM rating) r;
-- a volatile rating is taken once for each brand; a constant, also NULL, is that of all
SELECT round(sum(share)::numeric, 9) AS sum FROM (SELECT icm_wallet_allocation(random()) OVER () AS share FROM generate_series(1, 1000)) r;
SELECT DISTINCT icm_wallet_allocation(3) OVER () AS equal, icm_wallet_allocation(NULL) OVER () AS not_rated FROM generate_series(1, 4);
SELECT icm_wallet_allocation(rating) OVER () FROM rating WHERE false;
-- beside rank() in plain SQL, and in sum: 4096 customers
CREATE TEMP TABLE survey AS SELECT hashint4(i) & 4095 AS customer, i AS brand, nullif(hashint4(i * 3) & 15, 15)::float8 AS rating FROM generate_series(1, 30000) i;
SELECT count(*) AS brands, count(*) FILTER (WHERE share IS DISTINCT FROM CASE WHEN rating IS NOT NULL THEN icm_wallet_allocation(rank, n::int) END) AS otherwise, count(DISTINCT n) > 10 AS sizes,
       (SELECT count(*) FROM (SELECT sum(share) FROM (SELECT customer, icm_wallet_allocation(rating) OVER (PARTITION BY customer) AS share FROM survey) r GROUP BY customer) AS s(sum) WHERE abs(sum - 1) > 1e-12) AS sum_otherwise
FROM (SELECT rating, icm_wallet_allocation(rating) OVER (PARTITION BY customer) AS share, count(rating) OVER (PARTITION BY customer) AS n,
             rank() OVER (PARTITION BY customer ORDER BY rating DESC NULLS LAST) + (count(*) OVER (PARTITION BY customer, rating) - 1) / 2.0 AS rank FROM survey) r;
-- one partition of many
SELECT count(*) AS brands, round(sum(share)::numeric, 9) AS sum, count(DISTINCT share) AS shares FROM (SELECT icm_wallet_allocation(brand % 10007) OVER () AS share FROM survey) r;
SELECT rating, e.* FROM (VALUES ('NaN'), ('Infinity'), ('-Infinity')) AS v(rating), pg_temp.error_of(format('SELECT icm_wallet_allocation(r) OVER () FROM unnest(ARRAY[1, %L]::float8[]) r', rating)) e;
SELECT icm_wallet_allocation(8.5);
