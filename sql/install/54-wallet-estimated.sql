-- wallet: the share of wallet of many customers whose wallets are estimated by a model.

CREATE TYPE icm_wallet_estimated AS (
    n               int8,
    own             float8,
    wallet          float8,
    share           float8,
    model_error     float8,
    sample_error    float8,
    std_error       float8,
    lower           float8,
    upper           float8,
    at_own          int8,
    extrapolated    int8,
    no_spend        int8,
    unknown         int8,
    unknown_own     float8
);
COMMENT ON TYPE icm_wallet_estimated IS
    'share of wallet of n customers whose wallets are estimated, all with an estimate above 0: own spend, wallet, the sum of estimates, and share = own / wallet, 0 to 1; its standard errors, model_error as the coefficients of the model may be off, sample_error as other customers could have been drawn, and std_error of both, the root of the sum of their squares; lower and upper, its interval, within 0 and 1. at_own: those of the n whose estimate is their own spend, as it is not below the quantile; extrapolated: customers, n and no_spend, whose x is beyond what was fitted, NULL if the model was not fitted; no_spend: customers whose estimate is 0; unknown: customers who are not estimated, with unknown_own, their own spend, and in no other column. NULL where not known: share and errors without customers, model_error of a model without standard errors, sample_error of one customer, std_error where one of both is, lower and upper where std_error is NULL, or it or sample_error is 0';

CREATE FUNCTION icm_wallet_estimate_accum(state bytea, model icm_wallet_model, x float8[], own float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate_accum(bytea, icm_wallet_model, float8[], float8) IS 'transition function of icm_wallet_estimate_agg';
CREATE FUNCTION icm_wallet_estimate_accum(state bytea, model icm_wallet_model, x float8[], own float8, tau float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate_accum(bytea, icm_wallet_model, float8[], float8, float8) IS 'transition function of icm_wallet_estimate_agg';
CREATE FUNCTION icm_wallet_estimate_accum(state bytea, model icm_wallet_model, x float8[], own float8, tau float8, confidence float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate_accum(bytea, icm_wallet_model, float8[], float8, float8, float8) IS 'transition function of icm_wallet_estimate_agg';
CREATE FUNCTION icm_wallet_estimate_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate_combine(bytea, bytea) IS 'combine function of icm_wallet_estimate_agg';
CREATE FUNCTION icm_wallet_estimate_final(state bytea) RETURNS icm_wallet_estimated
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate_final(bytea) IS 'final function of icm_wallet_estimate_agg';

-- The size of a state by a model of 5 columns.

CREATE AGGREGATE icm_wallet_estimate_agg(model icm_wallet_model, x float8[], own float8, tau float8, confidence float8) (
    SFUNC = icm_wallet_estimate_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_wallet_estimate_combine,
    FINALFUNC = icm_wallet_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_estimate_agg(icm_wallet_model, float8[], float8, float8, float8) IS
    'share of wallet of customers whose wallets are estimated, a row each, with an interval of this confidence: the ratio of sums R = sum of own / sum of wallet, wallet being the larger of own spend, the quantile x''b and 0, as of icm_wallet_estimate. By the delta method model_error is R / W * sqrt(g'' C g), W the sum of wallets, g the sum of x over the customers whose quantile is above own spend and 0, C the covariances of the coefficients b (Hendricks and Koenker 1992; Koenker 2005, Quantile Regression, ch. 3), NULL where icm_wallet_estimate_interval gives no standard error for g; sample_error is sqrt(n / (n - 1) * sum of (own - R wallet)^2) / W, as of icm_wallet_share_interval (Cochran 1977, Sampling Techniques, ch. 6); std_error = sqrt(model_error^2 + sample_error^2), as if the model had been fitted to other customers: fitted to the same, whose chance is then in both, it is rather too large; lower and upper are R minus and plus so many std_error of a normal distribution, cut off at 0 and 1. They do not tell whether tau and the model are right. Where all customers are asked about, not a sample, model_error alone is the error. own NULL is a prospect, who spends nothing here; x or model NULL: not estimated, counted apart (unknown); a row of x and own both NULL is nobody. tau NULL: the only tau of the model. The model is that of a name by icm_standard_wallet_model(name). Errors: 22023 unless model, tau and confidence are the same in all rows of a group, but for a model of NULL, and for a confidence that is not more than 0 and less than 1; 22004 for a confidence of NULL; 22003 for an amount or an element of x beyond 1e140; others as of icm_wallet_estimate. NULL without rows. Sums are exact: the order of rows has no say, nor how they are parted';
CREATE AGGREGATE icm_wallet_estimate_agg(model icm_wallet_model, x float8[], own float8, tau float8) (
    SFUNC = icm_wallet_estimate_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_wallet_estimate_combine,
    FINALFUNC = icm_wallet_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_estimate_agg(icm_wallet_model, float8[], float8, float8) IS 'the same, with an interval of 95 %';
CREATE AGGREGATE icm_wallet_estimate_agg(model icm_wallet_model, x float8[], own float8) (
    SFUNC = icm_wallet_estimate_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_wallet_estimate_combine,
    FINALFUNC = icm_wallet_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_estimate_agg(icm_wallet_model, float8[], float8) IS 'the same, by the only tau of the model, with an interval of 95 %';
