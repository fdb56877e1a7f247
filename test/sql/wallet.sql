--
-- icm_share_of_wallet
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;

-- own / wallet
SELECT own, wallet, icm_share_of_wallet(own, wallet) AS share
FROM (VALUES (25::float8, 100::float8), (0, 100), (100, 100), (1, 3), (5e-324, 5e-324),
             (1.7976931348623157e308, 1.7976931348623157e308)) AS v(own, wallet);

-- the share of a wallet of nothing is not known, nor is one of NULL
SELECT own, wallet, icm_share_of_wallet(own, wallet) IS NULL AS unknown
FROM (VALUES (0::float8, 0::float8), (0, '-0'), (NULL, 100), (25, NULL), (NULL, NULL), (NULL, -1), ('NaN', NULL)) AS v(own, wallet);

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('-1, 100'), ('25, -100'), ('-5e-324, 1'), ('''NaN'', 1'), ('1, ''NaN'''), ('''Infinity'', ''Infinity'''),
             ('1, ''Infinity'''),
             ('0, ''-Infinity'''), ('100.00000000000001, 100'), ('1, 0'), ('5e-324, 0')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_share_of_wallet(%s)', arguments)) e;
SELECT icm_share_of_wallet(120, 100);
SELECT icm_share_of_wallet(-1, 100);
