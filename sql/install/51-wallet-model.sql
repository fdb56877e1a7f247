-- wallet: estimating what customers with these attributes could spend, by quantile regression.

CREATE TYPE icm_wallet_model;

CREATE FUNCTION icm_wallet_model_in(cstring) RETURNS icm_wallet_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_model_in(cstring) IS 'I/O';
CREATE FUNCTION icm_wallet_model_out(icm_wallet_model) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_model_out(icm_wallet_model) IS 'I/O';
CREATE FUNCTION icm_wallet_model_recv(internal) RETURNS icm_wallet_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_model_recv(internal) IS 'I/O';
CREATE FUNCTION icm_wallet_model_send(icm_wallet_model) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_model_send(icm_wallet_model) IS 'I/O';

CREATE TYPE icm_wallet_model (
    INPUT = icm_wallet_model_in,
    OUTPUT = icm_wallet_model_out,
    RECEIVE = icm_wallet_model_recv,
    SEND = icm_wallet_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_wallet_model IS
    'linear model of quantiles of spend by attributes x of a customer, from which wallets are estimated: 1 to 99 taus between 0 and 1, ascending, for each the coefficients of 1 to 64 columns of x and perhaps their standard errors (how: nid, see icm_wallet_params) and correlations, each coefficient with those before it: of the second with the first, of the third with the first and the second, and so on; of a model that was fitted also how many rows were, how many were left out, at how many the fits of its taus cross, and the lowest and highest value of each column; text form {taus: [0.5 0.9], coefficients: [81.5 0.56, 67.4 0.69], std_errors: nid [19.3 0.028, none], correlations: [-0.87, none], rows: 235, left_out: 12, crossings: 0, lowest: [1 377], highest: [1 4957.8]}, a row of numbers for each tau; a person may write taus and coefficients alone, and standard errors without correlations, not the other way round; 40 bytes, and 8 for each number, standard errors and the p (p - 1) / 2 correlations of p coefficients counting even where there are none';

SELECT icm.add_kind('wallet_model');

-- Fits. The transition state holds every row.

CREATE FUNCTION icm_wallet_fit_accum(state bytea, spend float8, x float8[], tau float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_fit_accum(bytea, float8, float8[], float8) IS 'transition function of icm_wallet_fit';
CREATE FUNCTION icm_wallet_fit_accum(state bytea, spend float8, x float8[], tau float8, weight float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_fit_accum(bytea, float8, float8[], float8, float8) IS 'transition function of icm_wallet_fit';
CREATE FUNCTION icm_wallet_fit_quantiles_accum(state bytea, spend float8, x float8[], taus float8[]) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_fit_quantiles_accum(bytea, float8, float8[], float8[]) IS 'transition function of icm_wallet_fit_quantiles';
CREATE FUNCTION icm_wallet_fit_quantiles_accum(state bytea, spend float8, x float8[], taus float8[], weight float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_fit_quantiles_accum(bytea, float8, float8[], float8[], float8) IS 'transition function of icm_wallet_fit_quantiles';
CREATE FUNCTION icm_wallet_fit_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_fit_combine(bytea, bytea) IS 'combine function of icm_wallet_fit and icm_wallet_fit_quantiles';
CREATE FUNCTION icm_wallet_fit_final(state bytea) RETURNS icm_wallet_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_fit_final(bytea) IS 'final function of icm_wallet_fit and icm_wallet_fit_quantiles';

CREATE AGGREGATE icm_wallet_fit(spend float8, x float8[], tau float8) (
    SFUNC = icm_wallet_fit_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_wallet_fit_combine,
    FINALFUNC = icm_wallet_fit_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_fit(float8, float8[], float8) IS
    'linear quantile regression of spend on x, exactly: the coefficients b that minimise sum rho(spend - x b), rho(r) = tau r for r > 0 and (tau - 1) r below, a part tau of the customers spending less than x b; the wallet of a customer is a high quantile, tau .8 to .9, of what customers like it spend (Rosset, Perlich and Zadrozny 2007); x: 1 to 64 numbers as they are, no intercept is added, so give a 1 among them; tau: between 0 and 1, the same in all rows; rows with spend or x NULL are left out, and counted; spend may be negative. The result is a vertex, a plane through as many rows as there are columns, that has been seen to be the best, and the same bytes in any order and partition of the rows, even where several planes are as good; on which side of the plane a row lies is decided in arithmetic of 106 bits, so that only a difference from it of less than some 1e-28 of its terms counts as none (Koenker and Bassett 1978; interior point with preprocessing: Portnoy and Koenker 1997). Errors: 22000 for a column that is 0 in all rows or depends on others, which are named, for fewer rows than columns, also where all are left out, and for no plane that can be seen to be the best, as columns nearly depend on each other; 22003 for NaN or infinity, and for coefficients beyond float8, above 1.8e308 or, not being 0, below 2.2e-308; 22004 for a NULL in x or as tau; 22023 for another tau; 2202E for x of another length; 54000 for more rows than 1 GB holds. NULL for no rows. Memory: 8 bytes for each number of a row; in the end a copy of the rows and about 5 bytes a row more; so 10 million rows of 7 columns take 1.3 GB, and some 2.5 GB in a parallel plan, whose workers send what they hold';
CREATE AGGREGATE icm_wallet_fit(spend float8, x float8[], tau float8, weight float8) (
    SFUNC = icm_wallet_fit_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_wallet_fit_combine,
    FINALFUNC = icm_wallet_fit_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_fit(float8, float8[], float8, float8) IS
    'the same, each row counting weight times, 0 or more: sum weight rho(spend - x b) is minimised; 0 leaves it out; the largest is at most 2^40 times the least (error 22023); error 22004 for a weight of NULL. Standard errors take weights as those of rq() of the R package quantreg do, not as numbers of customers';
CREATE AGGREGATE icm_wallet_fit_quantiles(spend float8, x float8[], taus float8[]) (
    SFUNC = icm_wallet_fit_quantiles_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_wallet_fit_combine,
    FINALFUNC = icm_wallet_fit_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_fit_quantiles(float8, float8[], float8[]) IS
    'icm_wallet_fit for several taus at once, 1 to 99, ascending, each fit being what it would be alone; the model tells at how many rows the fit of a larger tau is lower than that of a smaller one next to it (icm_wallet_model_stats: crossings); errors as of icm_wallet_fit';
CREATE AGGREGATE icm_wallet_fit_quantiles(spend float8, x float8[], taus float8[], weight float8) (
    SFUNC = icm_wallet_fit_quantiles_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_wallet_fit_combine,
    FINALFUNC = icm_wallet_fit_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_fit_quantiles(float8, float8[], float8[], float8) IS
    'the same, each row counting weight times';

-- What a model consists of.

CREATE FUNCTION icm_wallet_params(model icm_wallet_model, OUT tau float8, OUT "position" int, OUT estimate float8, OUT std_error float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 8 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_params(icm_wallet_model) IS
    'coefficients of a wallet model by tau and column of x, from 1, in the unit of spend by that of the column, with their standard errors by the sandwich formula of Hendricks and Koenker (1992), for rows that are independent and whose spend may vary more in some than in others: the density at the quantile by the difference of the fits at tau - h and tau + h, h by Hall and Sheather (1988); what summary.rq(se = "nid") of the R package quantreg gives. NULL where there are none: those two fits are the same, cross in too many rows or cannot be told, weights differ too much, a standard error is beyond float8, above 1.8e308 or below 2.2e-308, or the model was written without them';
CREATE FUNCTION icm_wallet_ranges(model icm_wallet_model, OUT "position" int, OUT lowest float8, OUT highest float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 8 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_ranges(icm_wallet_model) IS
    'lowest and highest value of each column of x, from 1, among the rows that were fitted; NULL for a model that was not fitted';
CREATE FUNCTION icm_wallet_model_stats(model icm_wallet_model, OUT n int8, OUT left_out int8, OUT columns int, OUT taus float8[],
                                       OUT crossings int8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_model_stats(icm_wallet_model) IS
    'a wallet model: rows that were fitted, rows that were left out (spend or x NULL, or weight 0), columns of x, taus, and rows at which the fits of its taus cross (that of a larger tau is lower, by more than rounding); NULL where it was not fitted';

-- What it says of a customer.

CREATE FUNCTION icm_wallet_estimate(model icm_wallet_model, x float8[], own float8) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate(icm_wallet_model, float8[], float8) IS
    'estimated wallet of a customer with attributes x, in the currency and period of the spend that was fitted: the quantile, but never below own spend, and never below 0; own NULL: not known; NULL for a model or x of NULL. By the only tau of the model: error 22023 if it has several, see icm_wallet_estimate with tau. Errors: 22003 for NaN or infinity in x, own spend that is negative, and a sum beyond float8; 22004 for a NULL in x; 2202E for x of another length than was fitted. icm_wallet_extrapolates tells whether x is beyond what was fitted';
CREATE FUNCTION icm_wallet_estimate(model icm_wallet_model, x float8[], own float8, tau float8) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate(icm_wallet_model, float8[], float8, float8) IS
    'the same, by the fit for this tau; error 22023 if the model has none';
CREATE FUNCTION icm_wallet_estimate(standard text, x float8[], own float8) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_wallet_estimate(@extschema@.icm_standard_wallet_model(standard), x, own) $$;
COMMENT ON FUNCTION icm_wallet_estimate(text, float8[], float8) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_wallet_estimate(standard text, x float8[], own float8, tau float8) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_wallet_estimate(@extschema@.icm_standard_wallet_model(standard), x, own, tau) $$;
COMMENT ON FUNCTION icm_wallet_estimate(text, float8[], float8, float8) IS
    'the same, by the published model of that name and its fit for this tau';

CREATE FUNCTION icm_wallet_estimate_interval(model icm_wallet_model, x float8[], own float8, tau float8 DEFAULT NULL, confidence float8 DEFAULT 0.95,
                                             OUT wallet float8, OUT std_error float8, OUT lower float8, OUT upper float8, OUT extrapolated bool)
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_estimate_interval(icm_wallet_model, float8[], float8, float8, float8) IS
    'estimated wallet of a customer with attributes x, as icm_wallet_estimate gives it, and how well it is known. std_error: the standard error of the quantile x''b, sqrt(x'' C x), where C are the covariances of the coefficients b by their standard errors and correlations (Hendricks and Koenker 1992; Koenker 2005, Quantile Regression, chapter 3). lower and upper: x''b - z std_error and x''b + z std_error, z of the normal distribution, as fits are of hundreds of rows; but never below own spend, nor below 0. Where own spend, or 0 without any, is above x''b + z std_error, upper is NULL: the model does not tell how much larger the wallet is. extrapolated: as icm_wallet_extrapolates says of x, so that the interval is not to be relied on; NULL for a model that was not fitted. The interval tells how far the coefficients may be off, not how customers of the same x differ, nor whether tau and the model are right. x''b is linear in x: of customers whose estimate is above their own spend, x may be the sum of their x (a column of 1 becoming their number). Then wallet is the sum of their estimates, and its interval gives that of a share of estimated wallets; extrapolated says nothing of use then, as the rows that were fitted are of one customer each. tau NULL: the only tau of the model. NULL as std_error, lower and upper where the model has no standard errors or no correlations for tau (a model of one column needs no correlations), where rounding may be more than 1 % of the variance, as where columns nearly depend on each other, and where one is beyond float8. All NULL for a model, x or confidence of NULL. Errors: 22023 for a confidence that is not more than 0 and less than 1, others as of icm_wallet_estimate';
CREATE FUNCTION icm_wallet_estimate_interval(standard text, x float8[], own float8, tau float8 DEFAULT NULL, confidence float8 DEFAULT 0.95)
    RETURNS TABLE (wallet float8, std_error float8, lower float8, upper float8, extrapolated bool)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
    AS 'SELECT * FROM @extschema@.icm_wallet_estimate_interval(@extschema@.icm_standard_wallet_model(standard), x, own, tau, confidence)';
COMMENT ON FUNCTION icm_wallet_estimate_interval(text, float8[], float8, float8, float8) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_wallet_extrapolates(model icm_wallet_model, x float8[]) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_extrapolates(icm_wallet_model, float8[]) IS
    'is a column of x below the lowest or above the highest value that it had among the rows that were fitted, so that an estimate is an extrapolation? (Combinations of columns that did not occur are not seen.) NULL for a model that was not fitted; errors in x as of icm_wallet_estimate';
CREATE FUNCTION icm_wallet_extrapolates(standard text, x float8[]) RETURNS bool
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_wallet_extrapolates(@extschema@.icm_standard_wallet_model(standard), x) $$;
COMMENT ON FUNCTION icm_wallet_extrapolates(text, float8[]) IS
    'the same, by the published model of that name';

-- The share of wallet of many customers whose wallets are estimated.

CREATE TYPE icm_wallet_estimated AS (
    n               int8,
    own             float8,
    wallet          float8,
    share           float8,
    model_error     float8,
    sample_error    float8,
    std_error       float8,
    df              float8,
    lower           float8,
    upper           float8,
    at_own          int8,
    extrapolated    int8,
    no_spend        int8,
    unknown         int8,
    unknown_own     float8
);
COMMENT ON TYPE icm_wallet_estimated IS
    'share of wallet of n customers whose wallets are estimated, all with an estimate above 0: own spend, wallet, the sum of estimates, and share = own / wallet, 0 to 1; its standard errors, model_error as the coefficients of the model may be off, sample_error as other customers could have been drawn, and std_error of both, the root of the sum of their squares, with its degrees of freedom df; lower and upper, its interval, within 0 and 1. at_own: those of the n whose estimate is their own spend, as it is not below the quantile; extrapolated: customers, n and no_spend, whose x is beyond what was fitted, NULL if the model was not fitted; no_spend: customers whose estimate is 0; unknown: customers who are not estimated, with unknown_own, their own spend, and in no other column. NULL where not known: share and errors without customers, model_error of a model without standard errors, sample_error of one customer, std_error where either is NULL, df, lower and upper where std_error is NULL or sample_error is 0';

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
    'share of wallet of customers whose wallets are estimated, a row each, with an interval of this confidence. share: the ratio of sums R = sum of own / W, W the sum of wallets, each the larger of own spend, the quantile x''b and 0, as of icm_wallet_estimate. model_error: R / W * sqrt(g'' C g) by the delta method, g the sum of x over the customers whose quantile is above own spend and 0, C the covariances of the coefficients b (Hendricks and Koenker 1992; Koenker 2005, Quantile Regression, ch. 3); NULL where icm_wallet_estimate_interval gives no standard error for g. sample_error: sqrt(n / (n - 1) * sum of (own - R wallet)^2) / W, as of icm_wallet_share_interval (Cochran 1977, Sampling Techniques, ch. 6). std_error: sqrt(model_error^2 + sample_error^2), as if the model had been fitted to other customers; fitted to the same, whose chance is then in both, it is rather too large. lower and upper: R minus and plus t std_error, within 0 and 1, t of Student''s distribution with df = (n - 1) (std_error / sample_error)^4 degrees of freedom (Satterthwaite 1946, the error of the model counting as known); NULL where sample_error is 0, or either error is NULL. They do not tell whether tau and the model are right. Where these are all customers, not a sample, model_error alone is the error. own NULL is a prospect, who spends nothing here. x or model NULL: not estimated, counted apart (unknown). A row of x and own both NULL is nobody. tau NULL: the only tau of the model (and not a wallet of NULL, as of icm_wallet_estimate). A published model is given as icm_standard_wallet_model(name). Errors: 22023 unless model, tau and confidence are the same in all rows of a group, but for a model of NULL, and for a confidence that is not more than 0 and less than 1; 22004 for a confidence of NULL; 22003 for an amount or an element of x beyond 1e140; others as of icm_wallet_estimate. NULL without rows. Sums are exact: the order of rows has no say, nor how they are parted';
CREATE AGGREGATE icm_wallet_estimate_agg(model icm_wallet_model, x float8[], own float8, tau float8) (
    SFUNC = icm_wallet_estimate_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_wallet_estimate_combine,
    FINALFUNC = icm_wallet_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_estimate_agg(icm_wallet_model, float8[], float8, float8) IS 'the same, with an interval of 95 %';
CREATE AGGREGATE icm_wallet_estimate_agg(model icm_wallet_model, x float8[], own float8) (
    SFUNC = icm_wallet_estimate_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_wallet_estimate_combine,
    FINALFUNC = icm_wallet_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_estimate_agg(icm_wallet_model, float8[], float8) IS 'the same, by the only tau of the model, with an interval of 95 %';
