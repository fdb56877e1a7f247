-- wallet: what part of a customer's spending the company has.

CREATE FUNCTION icm_share_of_wallet(own float8, wallet float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_share_of_wallet(float8, float8) IS
    'own spend / category spend, 0 to 1; NULL for a wallet of zero; error if either is negative, NaN or infinite, or own exceeds the wallet';
