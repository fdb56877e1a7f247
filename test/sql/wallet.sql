--
-- icm_share_of_wallet, icm_wallet_growth
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

-- own / wallet
SELECT own, wallet, icm_share_of_wallet(own, wallet) AS share
FROM (VALUES (25::float8, 100::float8), (0, 100), (100, 100), (1, 3), (5e-324, 5e-324),
             (1.7976931348623157e308, 1.7976931348623157e308), ('-0', 3)) AS v(own, wallet);
-- what rounding adds is not more than the wallet: the same amounts, added up in another order
SELECT sum(own ORDER BY n) AS own, sum(own ORDER BY n DESC) AS wallet, icm_share_of_wallet(sum(own ORDER BY n), sum(own ORDER BY n DESC)) AS share, icm_wallet_growth(sum(own ORDER BY n), sum(own ORDER BY n DESC), 1) AS growth
FROM (VALUES (1, 0.1::float8), (2, 0.2), (3, 0.3)) AS v(n, own);
SELECT own, wallet, icm_share_of_wallet(own, wallet) AS share, icm_wallet_growth(own, wallet, 0.5) AS growth
FROM (VALUES (100.00000000000001::float8, 100::float8), (100.00000000009, 100), (1.7976931348623157e308, 1.7976931348623e308), (1.0000000000009e-300, 1e-300)) AS v(own, wallet);

-- the share of a wallet of nothing is not known, nor is one of NULL
SELECT own, wallet, icm_share_of_wallet(own, wallet) IS NULL AS unknown
FROM (VALUES (0::float8, 0::float8), (0, '-0'), (NULL, 100), (25, NULL), (NULL, NULL), (NULL, -1), ('NaN', NULL)) AS v(own, wallet);

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('-1, 100'), ('25, -100'), ('-5e-324, 1'), ('''NaN'', 1'), ('1, ''NaN'''), ('''Infinity'', ''Infinity'''),
             ('1, ''Infinity'''),
             ('0, ''-Infinity'''), ('100.00000000011, 100'), ('1, 0'), ('5e-324, 0'), ('1e-322, 5e-323'), ('''Infinity'', 1')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_share_of_wallet(%s)', arguments)) e;
SELECT icm_share_of_wallet(120, 100);
SELECT icm_share_of_wallet(-1, 100);
SELECT icm_wallet_agg(-1, NULL);

-- icm_wallet_growth: (wallet - own) * probability
SELECT own, wallet, probability, icm_wallet_growth(own, wallet, probability) AS growth
FROM (VALUES (25::float8, 100::float8, 0.2::float8), (0, 100, 0.2), (100, 100, 0.2), (25, 100, 0), (25, 100, 1), (25, 100, '-0'), (0, 0, 0.2), ('-0', '-0', 1), (0, 1.7976931348623157e308, 1),
             (0, 5e-324, 0.5), (NULL, 100, 0.2), (25, NULL, 0.2), (25, 100, NULL), (NULL, NULL, 7)) AS v(own, wallet, probability);
SELECT arguments, e.*
FROM (VALUES ('25, 100, 20'), ('25, 100, -0.1'), ('25, 100, 1.0000000000000002'), ('25, 100, ''NaN'''), ('25, 100, ''Infinity'''), ('100, 25, 0.2'), ('-1, 100, 0.2'), ('1, ''NaN'', 0.2'),
             ('''{}'', 20'), ('''{}'', ''NaN''')) AS v(arguments), pg_temp.error_of(format('SELECT icm_wallet_growth(%s)', arguments)) e;
SELECT icm_wallet_growth(25, 100, 20);
-- the same errors for own spend and wallet as of icm_share_of_wallet
SELECT count(*) AS arguments, count(*) FILTER (WHERE a <> b OR a.state IS NULL) AS otherwise
FROM (VALUES ('-1, 100'), ('25, -100'), ('''NaN'', 1'), ('1, ''NaN'''), ('1, ''Infinity'''), ('100.00000000011, 100'), ('1, 0')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_wallet_growth(%s, 0.5)', arguments)) a, pg_temp.error_of(format('SELECT icm_share_of_wallet(%s)', arguments)) b;
-- of a summary: of all its headroom
SELECT icm_wallet_growth(w, 0) AS at_0, icm_wallet_growth(w, 0.2) AS growth, icm_wallet_growth(w, 1) = icm_wallet_headroom(w) AS at_1, icm_wallet_growth(w, NULL) IS NULL AND icm_wallet_growth(NULL, 0.5) IS NULL AS null_is_null,
       icm_wallet_growth('{}'::icm_wallet, 1) AS nobody
FROM (SELECT icm_wallet_agg(own, wallet) FROM (VALUES (25::float8, 100::float8), (200, 1000), (0, 100), (0, 0), (30, NULL)) AS v(own, wallet)) AS w(w);
-- as numerics have it, rounded; exact at 0 and 1; more headroom or a higher probability is never less, nor is what follows from it: 30,000 random pairs, amounts in cents and any
CREATE TEMP TABLE chance AS
    SELECT i, wallet, wallet * (hashint4(i * 5)::bigint + 2147483648) / 4294967296.0::float8 AS own, (hashint4(i * 7)::bigint + 2147483648) / 4294967296.0::float8 AS p
    FROM (SELECT i, CASE WHEN i % 2 = 0 THEN round(abs(hashint4(i * 3)) / 1e5, 2)::float8 ELSE abs(hashint4(i * 3)::float8) * 10::float8 ^ (i % 40 - 20) END AS wallet FROM generate_series(1, 30000) i) w;
SELECT max(abs(growth / ((wallet - own) * p) - 1)) < 1e-15 AS as_by_hand, bool_and(icm_wallet_growth(own, wallet, 0) = 0) AS at_0, bool_and(icm_wallet_growth(own, wallet, 1) = wallet - own) AS at_1,
       bool_and(icm_wallet_growth(own * (1 - 1e-15), wallet, p) >= growth) AS by_own, bool_and(icm_wallet_growth(own, wallet * (1 + 1e-15), p) >= growth) AS by_wallet,
       bool_and(icm_wallet_growth(own, wallet, least(1, p * (1 + 1e-15))) >= growth) AS by_probability,
       bool_and(icm_valuation(own, own + 0.3 * icm_wallet_growth(own, wallet * (1 + 1e-15), p), 0.4) >= icm_valuation(own, own + 0.3 * growth, 0.4)) AS by_valuation
FROM chance, icm_wallet_growth(own, wallet, p) AS growth;

-- headroom moves a customer up: actual and potential contribution in one valuation, and its grade
CREATE TEMP TABLE prospect (customer text, own float8, wallet float8, floor_space float8);
INSERT INTO prospect VALUES ('a', 900, 1000, 90), ('b', 600, 650, 60), ('c', 500, 4000, 400), ('d', 400, 400, 40), ('e', 300, NULL, 300), ('f', 200, NULL, 15);
WITH known AS (
    SELECT customer, own, coalesce(wallet, icm_wallet_estimate('{taus: [0.9], coefficients: [10]}'::icm_wallet_model, ARRAY[floor_space], own)) AS wallet, wallet IS NULL AS estimated FROM prospect
), valued AS (
    SELECT *, 0.3 * own AS actual, icm_valuation(0.3 * own, 0.3 * own + 0.3 * icm_wallet_growth(own, wallet, 0.25), 0.5) AS valuation FROM known
), scale AS (
    SELECT icm_scale_agg(actual, 3) AS of_actual, icm_scale_agg(valuation, 3) AS of_valuation FROM valued
)
SELECT customer, own, wallet, estimated, icm_wallet_growth(own, wallet, 0.25) AS growth, actual, round(valuation::numeric, 6) AS valuation, icm_grade(actual, of_actual) AS by_actual, icm_grade(valuation, of_valuation) AS by_valuation
FROM valued, scale ORDER BY customer;
-- a weight of 0 or a probability of 0 leaves the actual value, to the bit; a weight of 1 is the potential
SELECT count(*) AS customers, bool_and(icm_valuation(own, own + icm_wallet_growth(own, wallet, p), 0) = own) AS by_weight, bool_and(icm_valuation(own, own + icm_wallet_growth(own, wallet, 0), 0.5) = own) AS by_probability,
       bool_and(icm_valuation(own, own + icm_wallet_growth(own, wallet, p), 1) = own + icm_wallet_growth(own, wallet, p)) AS potential
FROM chance;
