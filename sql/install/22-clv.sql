-- clv: fitting customer lifetime models, and what they say of a customer.

-- Fits. The transition state holds the distinct histories and the repeat customers' spend. No SSPACE is given: segments
-- are few as a rule, and a state grows to what its customers need.

CREATE FUNCTION icm_history_accum(state bytea, x int, t_x float8, t float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_history_accum(bytea, int, float8, float8) IS
    'transition function of icm_bgnbd_fit, icm_mbgnbd_fit and icm_paretonbd_fit';
CREATE FUNCTION icm_history_accum(state bytea, x int, t_x float8, t float8, weight int8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_history_accum(bytea, int, float8, float8, int8) IS
    'transition function of icm_bgnbd_fit, icm_mbgnbd_fit and icm_paretonbd_fit';
CREATE FUNCTION icm_history_accum(state bytea, x int, t_x float8, t float8, weight int8, unit_days float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_history_accum(bytea, int, float8, float8, int8, float8) IS
    'transition function of icm_bgnbd_fit, icm_mbgnbd_fit and icm_paretonbd_fit';
CREATE FUNCTION icm_spend_accum(state bytea, m float8, x int) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_spend_accum(bytea, float8, int) IS
    'transition function of icm_gammagamma_fit';
CREATE FUNCTION icm_clv_accum(state bytea, ledger icm_ledger, as_of date) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_accum(bytea, icm_ledger, date) IS
    'transition function of icm_clv_fit';
CREATE FUNCTION icm_clv_accum(state bytea, ledger icm_ledger, as_of date, process text) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_accum(bytea, icm_ledger, date, text) IS
    'transition function of icm_clv_fit';
CREATE FUNCTION icm_clv_accum(state bytea, ledger icm_ledger, as_of date, process text, unit_days float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_accum(bytea, icm_ledger, date, text, float8) IS
    'transition function of icm_clv_fit';
CREATE FUNCTION icm_fit_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fit_combine(bytea, bytea) IS
    'combine function of the fits';
CREATE FUNCTION icm_bgnbd_final(state bytea) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_bgnbd_final(bytea) IS
    'final function of icm_bgnbd_fit';
CREATE FUNCTION icm_mbgnbd_final(state bytea) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_mbgnbd_final(bytea) IS
    'final function of icm_mbgnbd_fit';
CREATE FUNCTION icm_paretonbd_final(state bytea) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_paretonbd_final(bytea) IS
    'final function of icm_paretonbd_fit';
CREATE FUNCTION icm_gammagamma_final(state bytea) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_gammagamma_final(bytea) IS
    'final function of icm_gammagamma_fit';
CREATE FUNCTION icm_clv_final(state bytea) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_final(bytea) IS
    'final function of icm_clv_fit';

CREATE AGGREGATE icm_bgnbd_fit(x int, t_x float8, t float8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_bgnbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_bgnbd_fit(int, float8, float8) IS
    'maximum likelihood fit of BG/NBD to customers: x repeat purchases, the last at t_x, observed for t, both in weeks since the first; customers whose x, t_x and t are NULL are left out; error if there are fewer than 10 repeat customers, or the data do not determine the parameters (Fader, Hardie, Lee 2005; parameters r alpha a b)';
CREATE AGGREGATE icm_bgnbd_fit(x int, t_x float8, t float8, weight int8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_bgnbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_bgnbd_fit(int, float8, float8, int8) IS
    'the same, each row standing for weight customers';
CREATE AGGREGATE icm_bgnbd_fit(x int, t_x float8, t float8, weight int8, unit_days float8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_bgnbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_bgnbd_fit(int, float8, float8, int8, float8) IS
    'the same, times in units of unit_days days instead of weeks';
CREATE AGGREGATE icm_mbgnbd_fit(x int, t_x float8, t float8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_mbgnbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_mbgnbd_fit(int, float8, float8) IS
    'maximum likelihood fit of MBG/NBD, where a customer can be lost after the first purchase too, to customers: x repeat purchases, the last at t_x, observed for t, both in weeks since the first; customers whose x, t_x and t are NULL are left out; error if there are fewer than 10 repeat customers, or the data do not determine the parameters (Batislam, Denizel, Filiztekin 2007; parameters r alpha a b)';
CREATE AGGREGATE icm_mbgnbd_fit(x int, t_x float8, t float8, weight int8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_mbgnbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_mbgnbd_fit(int, float8, float8, int8) IS
    'the same, each row standing for weight customers';
CREATE AGGREGATE icm_mbgnbd_fit(x int, t_x float8, t float8, weight int8, unit_days float8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_mbgnbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_mbgnbd_fit(int, float8, float8, int8, float8) IS
    'the same, times in units of unit_days days instead of weeks';
CREATE AGGREGATE icm_paretonbd_fit(x int, t_x float8, t float8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_paretonbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_paretonbd_fit(int, float8, float8) IS
    'maximum likelihood fit of Pareto/NBD to customers: x repeat purchases, the last at t_x, observed for t, both in weeks since the first; customers whose x, t_x and t are NULL are left out; error if there are fewer than 10 repeat customers, or the data do not determine the parameters (Schmittlein, Morrison, Colombo 1987; parameters r alpha s beta)';
CREATE AGGREGATE icm_paretonbd_fit(x int, t_x float8, t float8, weight int8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_paretonbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_paretonbd_fit(int, float8, float8, int8) IS
    'the same, each row standing for weight customers';
CREATE AGGREGATE icm_paretonbd_fit(x int, t_x float8, t float8, weight int8, unit_days float8) (
    SFUNC = icm_history_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_paretonbd_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_paretonbd_fit(int, float8, float8, int8, float8) IS
    'the same, times in units of unit_days days instead of weeks';
CREATE AGGREGATE icm_gammagamma_fit(m float8, x int) (
    SFUNC = icm_spend_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_gammagamma_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_gammagamma_fit(float8, int) IS
    'maximum likelihood fit of Gamma-Gamma spend to customers: mean revenue m of x repeat purchases; those with x = 0 or m not above 0 are left out; error if there are fewer than 10, or if the mean spend does not exist, q <= 1 (Fader, Hardie 2013; parameters p q gamma)';
CREATE AGGREGATE icm_clv_fit(ledger icm_ledger, as_of date, process text, unit_days float8) (
    SFUNC = icm_clv_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_clv_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_clv_fit(icm_ledger, date, text, float8) IS
    'maximum likelihood fit of purchases and spend to ledgers as of a day: process bgnbd, mbgnbd or paretonbd, times in units of unit_days days, spend Gamma-Gamma; ledgers without a purchase by then are left out; errors as of icm_bgnbd_fit and icm_gammagamma_fit';
CREATE AGGREGATE icm_clv_fit(ledger icm_ledger, as_of date, process text) (
    SFUNC = icm_clv_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_clv_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_clv_fit(icm_ledger, date, text) IS
    'the same, in weeks';
CREATE AGGREGATE icm_clv_fit(ledger icm_ledger, as_of date) (
    SFUNC = icm_clv_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_clv_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_clv_fit(icm_ledger, date) IS
    'the same, process bgnbd, in weeks';

CREATE FUNCTION icm_sbg_accum(state bytea, alive_by_period int8[]) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_sbg_accum(bytea, int8[]) IS
    'transition function of icm_sbg_fit';
CREATE FUNCTION icm_sbg_accum(state bytea, alive_by_period int8[], unit_days float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_sbg_accum(bytea, int8[], float8) IS
    'transition function of icm_sbg_fit';
CREATE FUNCTION icm_sbg_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_sbg_combine(bytea, bytea) IS
    'combine function of icm_sbg_fit';
CREATE FUNCTION icm_sbg_final(state bytea) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_sbg_final(bytea) IS
    'final function of icm_sbg_fit';
CREATE AGGREGATE icm_sbg_fit(alive_by_period int8[]) (
    SFUNC = icm_sbg_accum, STYPE = bytea, COMBINEFUNC = icm_sbg_combine,
    FINALFUNC = icm_sbg_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_sbg_fit(int8[]) IS
    'maximum likelihood fit of the shifted beta geometric model to cohorts of contracts, a row each: how many at the start, then alive after each renewal, a year apart (Fader, Hardie 2007; parameters alpha beta)';
CREATE AGGREGATE icm_sbg_fit(alive_by_period int8[], unit_days float8) (
    SFUNC = icm_sbg_accum, STYPE = bytea, COMBINEFUNC = icm_sbg_combine,
    FINALFUNC = icm_sbg_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_sbg_fit(int8[], float8) IS
    'the same, renewals being unit_days days apart';

-- Answers: of a ledger as of a day (what lies after it is not seen; NULL without a purchase by then), and of x repeat
-- purchases, the last at t_x, observed for t, in the model's unit. Relative error below 1e-10. Each has a twin that
-- takes the name of a published model.

CREATE FUNCTION icm_p_alive(model icm_clv_model, ledger icm_ledger, as_of date) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_p_alive(icm_clv_model, icm_ledger, date) IS
    'probability, 0 to 1, that the customer is still a customer at as_of';
CREATE FUNCTION icm_p_alive(model icm_clv_model, x int, t_x float8, t float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'icm_p_alive_raw';
COMMENT ON FUNCTION icm_p_alive(icm_clv_model, int, float8, float8) IS
    'the same, of x, t_x and t';
CREATE FUNCTION icm_p_alive(standard text, ledger icm_ledger, as_of date) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_p_alive(@extschema@.icm_standard_clv_model(standard), ledger, as_of) $$;
COMMENT ON FUNCTION icm_p_alive(text, icm_ledger, date) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_p_alive(standard text, x int, t_x float8, t float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_p_alive(@extschema@.icm_standard_clv_model(standard), x, t_x, t) $$;
COMMENT ON FUNCTION icm_p_alive(text, int, float8, float8) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_expected_purchases(model icm_clv_model, ledger icm_ledger, as_of date, days int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_expected_purchases(icm_clv_model, icm_ledger, date, int) IS
    'expected purchase days in the next days after as_of; error if days is negative';
CREATE FUNCTION icm_expected_purchases(model icm_clv_model, x int, t_x float8, t float8, days float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'icm_expected_purchases_raw';
COMMENT ON FUNCTION icm_expected_purchases(icm_clv_model, int, float8, float8, float8) IS
    'the same, of x, t_x and t';
CREATE FUNCTION icm_expected_purchases(standard text, ledger icm_ledger, as_of date, days int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_expected_purchases(@extschema@.icm_standard_clv_model(standard), ledger, as_of, days) $$;
COMMENT ON FUNCTION icm_expected_purchases(text, icm_ledger, date, int) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_expected_purchases(standard text, x int, t_x float8, t float8, days float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_expected_purchases(@extschema@.icm_standard_clv_model(standard), x, t_x, t, days) $$;
COMMENT ON FUNCTION icm_expected_purchases(text, int, float8, float8, float8) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_expected_purchases_std_error(model icm_clv_model, ledger icm_ledger, as_of date, days int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_expected_purchases_std_error(icm_clv_model, icm_ledger, date, int) IS
    'standard error of icm_expected_purchases, from the covariance of the model''s parameters by the delta method; NULL if the model was not fitted';
CREATE FUNCTION icm_expected_purchases_std_error(model icm_clv_model, x int, t_x float8, t float8, days float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'icm_expected_purchases_std_error_raw';
COMMENT ON FUNCTION icm_expected_purchases_std_error(icm_clv_model, int, float8, float8, float8) IS
    'the same, of x, t_x and t';
CREATE FUNCTION icm_expected_purchases_std_error(standard text, ledger icm_ledger, as_of date, days int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_expected_purchases_std_error(@extschema@.icm_standard_clv_model(standard), ledger, as_of, days) $$;
COMMENT ON FUNCTION icm_expected_purchases_std_error(text, icm_ledger, date, int) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_expected_purchases_std_error(standard text, x int, t_x float8, t float8, days float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_expected_purchases_std_error(@extschema@.icm_standard_clv_model(standard), x, t_x, t, days) $$;
COMMENT ON FUNCTION icm_expected_purchases_std_error(text, int, float8, float8, float8) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_p_purchases(model icm_clv_model, ledger icm_ledger, as_of date, days int, n int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_p_purchases(icm_clv_model, icm_ledger, date, int, int) IS
    'probability of exactly n purchase days in the next days after as_of';
CREATE FUNCTION icm_p_purchases(model icm_clv_model, x int, t_x float8, t float8, days float8, n int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'icm_p_purchases_raw';
COMMENT ON FUNCTION icm_p_purchases(icm_clv_model, int, float8, float8, float8, int) IS
    'the same, of x, t_x and t';
CREATE FUNCTION icm_p_purchases(standard text, ledger icm_ledger, as_of date, days int, n int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_p_purchases(@extschema@.icm_standard_clv_model(standard), ledger, as_of, days, n) $$;
COMMENT ON FUNCTION icm_p_purchases(text, icm_ledger, date, int, int) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_p_purchases(standard text, x int, t_x float8, t float8, days float8, n int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_p_purchases(@extschema@.icm_standard_clv_model(standard), x, t_x, t, days, n) $$;
COMMENT ON FUNCTION icm_p_purchases(text, int, float8, float8, float8, int) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_p_purchases_at_least(model icm_clv_model, ledger icm_ledger, as_of date, days int, n int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_p_purchases_at_least(icm_clv_model, icm_ledger, date, int, int) IS
    'probability of at least n purchase days in the next days after as_of';
CREATE FUNCTION icm_p_purchases_at_least(model icm_clv_model, x int, t_x float8, t float8, days float8, n int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'icm_p_purchases_at_least_raw';
COMMENT ON FUNCTION icm_p_purchases_at_least(icm_clv_model, int, float8, float8, float8, int) IS
    'the same, of x, t_x and t';
CREATE FUNCTION icm_p_purchases_at_least(standard text, ledger icm_ledger, as_of date, days int, n int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_p_purchases_at_least(@extschema@.icm_standard_clv_model(standard), ledger, as_of, days, n) $$;
COMMENT ON FUNCTION icm_p_purchases_at_least(text, icm_ledger, date, int, int) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_p_purchases_at_least(standard text, x int, t_x float8, t float8, days float8, n int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_p_purchases_at_least(@extschema@.icm_standard_clv_model(standard), x, t_x, t, days, n) $$;
COMMENT ON FUNCTION icm_p_purchases_at_least(text, int, float8, float8, float8, int) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_dert(model icm_clv_model, ledger icm_ledger, as_of date, annual_discount float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dert(icm_clv_model, icm_ledger, date, float8) IS
    'discounted expected residual transactions: expected purchase days from as_of on, without horizon, discounted continuously at annual_discount (0.1 is 10 % a year); error for 0 if the sum is infinite (a or s of the model at most 1)';
CREATE FUNCTION icm_dert(model icm_clv_model, x int, t_x float8, t float8, annual_discount float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'icm_dert_raw';
COMMENT ON FUNCTION icm_dert(icm_clv_model, int, float8, float8, float8) IS
    'the same, of x, t_x and t';
CREATE FUNCTION icm_dert(standard text, ledger icm_ledger, as_of date, annual_discount float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_dert(@extschema@.icm_standard_clv_model(standard), ledger, as_of, annual_discount) $$;
COMMENT ON FUNCTION icm_dert(text, icm_ledger, date, float8) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_dert(standard text, x int, t_x float8, t float8, annual_discount float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_dert(@extschema@.icm_standard_clv_model(standard), x, t_x, t, annual_discount) $$;
COMMENT ON FUNCTION icm_dert(text, int, float8, float8, float8) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_expected_spend(model icm_clv_model, ledger icm_ledger, as_of date) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_expected_spend(icm_clv_model, icm_ledger, date) IS
    'expected revenue of a purchase day, from the mean of the repeat purchase days, in the ledger''s currency; of all customers where there is none; NULL if that mean is negative; error if the model has no spend part';
CREATE FUNCTION icm_expected_spend(standard text, ledger icm_ledger, as_of date) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_expected_spend(@extschema@.icm_standard_clv_model(standard), ledger, as_of) $$;
COMMENT ON FUNCTION icm_expected_spend(text, icm_ledger, date) IS
    'the same, by the published model of that name';

-- of numbers, under a name of its own: else a ledger and a day that are untyped literals could be a mean and a number
CREATE FUNCTION icm_gammagamma_mean(model icm_clv_model, m float8, x int) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_gammagamma_mean(icm_clv_model, float8, int) IS
    'expected revenue of a purchase, from the mean m of x repeat purchases, in the currency of m; m may be NULL for x = 0; error if the model has no spend part (Fader, Hardie 2013, equation 5)';
CREATE FUNCTION icm_gammagamma_mean(standard text, m float8, x int) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_gammagamma_mean(@extschema@.icm_standard_clv_model(standard), m, x) $$;
COMMENT ON FUNCTION icm_gammagamma_mean(text, float8, int) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_clv(model icm_clv_model, ledger icm_ledger, as_of date, days int, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv(icm_clv_model, icm_ledger, date, int, float8, float8) IS
    'customer lifetime value from as_of on: margin (a share of revenue) * expected spend * expected purchase days in the next days, discounted continuously at annual_discount; NULL if the mean repeat revenue is negative; error if the model has no spend part';
CREATE FUNCTION icm_clv(model icm_clv_model, x int, t_x float8, t float8, m float8, days float8, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'icm_clv_raw';
COMMENT ON FUNCTION icm_clv(icm_clv_model, int, float8, float8, float8, float8, float8, float8) IS
    'the same, of x, t_x, t and the mean m of the repeat purchases; m may be NULL for x = 0';
CREATE FUNCTION icm_clv(standard text, ledger icm_ledger, as_of date, days int, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_clv(@extschema@.icm_standard_clv_model(standard), ledger, as_of, days, annual_discount, margin) $$;
COMMENT ON FUNCTION icm_clv(text, icm_ledger, date, int, float8, float8) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_clv(standard text, x int, t_x float8, t float8, m float8, days float8, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_clv(@extschema@.icm_standard_clv_model(standard), x, t_x, t, m, days, annual_discount, margin) $$;
COMMENT ON FUNCTION icm_clv(text, int, float8, float8, float8, float8, float8, float8) IS
    'the same, by the published model of that name';

CREATE FUNCTION icm_clv_std_error(model icm_clv_model, ledger icm_ledger, as_of date, days int, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_std_error(icm_clv_model, icm_ledger, date, int, float8, float8) IS
    'standard error of icm_clv, from the covariance of the model''s parameters by the delta method; NULL if the model was not fitted';
CREATE FUNCTION icm_clv_std_error(model icm_clv_model, x int, t_x float8, t float8, m float8, days float8, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'icm_clv_std_error_raw';
COMMENT ON FUNCTION icm_clv_std_error(icm_clv_model, int, float8, float8, float8, float8, float8, float8) IS
    'the same, of x, t_x, t and the mean m of the repeat purchases; m may be NULL for x = 0';
CREATE FUNCTION icm_clv_std_error(standard text, ledger icm_ledger, as_of date, days int, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_clv_std_error(@extschema@.icm_standard_clv_model(standard), ledger, as_of, days, annual_discount, margin) $$;
COMMENT ON FUNCTION icm_clv_std_error(text, icm_ledger, date, int, float8, float8) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_clv_std_error(standard text, x int, t_x float8, t float8, m float8, days float8, annual_discount float8, margin float8) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_clv_std_error(@extschema@.icm_standard_clv_model(standard), x, t_x, t, m, days, annual_discount, margin) $$;
COMMENT ON FUNCTION icm_clv_std_error(text, int, float8, float8, float8, float8, float8, float8) IS
    'the same, by the published model of that name';

-- Answers of a contract model (sbg).

CREATE FUNCTION icm_survival(model icm_clv_model, period int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_survival(icm_clv_model, int) IS
    'share of contracts still alive after that many renewals, 0 or more';
CREATE FUNCTION icm_survival(standard text, period int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_survival(@extschema@.icm_standard_clv_model(standard), period) $$;
COMMENT ON FUNCTION icm_survival(text, int) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_retention(model icm_clv_model, period int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_retention(icm_clv_model, int) IS
    'share of the contracts in their period-th period, 1 or more, that renew at its end';
CREATE FUNCTION icm_retention(standard text, period int) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_retention(@extschema@.icm_standard_clv_model(standard), period) $$;
COMMENT ON FUNCTION icm_retention(text, int) IS
    'the same, by the published model of that name';
CREATE FUNCTION icm_derl(model icm_clv_model, period int, annual_discount float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_derl(icm_clv_model, int, float8) IS
    'discounted expected residual lifetime: renewals still to be expected, the next one undiscounted, of a contract about to end its period-th period; error for a discount of 0 if that is infinite (alpha at most 1) (Fader, Hardie 2010)';
CREATE FUNCTION icm_derl(standard text, period int, annual_discount float8) RETURNS float8
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_derl(@extschema@.icm_standard_clv_model(standard), period, annual_discount) $$;
COMMENT ON FUNCTION icm_derl(text, int, float8) IS
    'the same, by the published model of that name';
