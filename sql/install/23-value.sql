-- value: history and expectation in one number, and the check of the expectation.

CREATE TYPE icm_valuation AS (
    historic        float8,
    expected        float8,
    cost_to_serve   float8,
    total           float8,
    std_error       float8,
    p_alive         float8
);
COMMENT ON TYPE icm_valuation IS
    'value of a customer, in the ledger''s currency: total = historic + expected - cost_to_serve; std_error of total; p_alive 0 to 1';

CREATE FUNCTION icm_value(ledger icm_ledger, definition icm_value_definition, model icm_clv_model, as_of date) RETURNS icm_valuation
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value(icm_ledger, icm_value_definition, icm_clv_model, date) IS
    'value of a customer as of a day: contribution so far, by the definition''s window or half-life; expected contribution, margin * expected spend * discounted expected purchase days within the horizon; expected cost to serve, cost to serve a purchase day * the same purchase days; std_error is that of the model''s parameters, by the delta method, and NULL if the model was not fitted; all but historic NULL without a purchase yet; expected, total and std_error NULL where a margin to be learnt has no revenue or is not from -1 to 1, or the mean repeat revenue is negative';
CREATE FUNCTION icm_value(ledger icm_ledger, standard text, as_of date) RETURNS icm_valuation
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_value(ledger, @extschema@.icm_standard_value_definition(standard),
        @extschema@.icm_standard_clv_model(@extschema@.icm_value_model(@extschema@.icm_standard_value_definition(standard))), as_of) $$;
COMMENT ON FUNCTION icm_value(icm_ledger, text, date) IS
    'the same, by the published value definition of that name and the published model that it names';

-- Calibration against what happened after.

CREATE TYPE icm_clv_holdout_class AS (
    frequency       text,
    customers       int8,
    expected        float8,
    actual          int8,
    expected_mean   float8,
    actual_mean     float8,
    error           float8
);
COMMENT ON TYPE icm_clv_holdout_class IS
    'expected and actual purchase days in a holdout of the customers with that many repeat purchases before it (0 to 6, 7+, all), in sum and in the mean of a customer; error = expected / actual - 1, NULL for actual 0';

CREATE FUNCTION icm_clv_holdout_accum(state bytea, ledger icm_ledger, calibrate_to date, until date) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_holdout_accum(bytea, icm_ledger, date, date) IS 'transition function of icm_clv_holdout';
CREATE FUNCTION icm_clv_holdout_accum(state bytea, ledger icm_ledger, calibrate_to date, until date, process text) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_holdout_accum(bytea, icm_ledger, date, date, text) IS 'transition function of icm_clv_holdout';
CREATE FUNCTION icm_clv_holdout_accum(state bytea, ledger icm_ledger, calibrate_to date, until date, process text, unit_days float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_holdout_accum(bytea, icm_ledger, date, date, text, float8) IS 'transition function of icm_clv_holdout';
CREATE FUNCTION icm_clv_holdout_final(state bytea) RETURNS icm_clv_holdout_class[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_holdout_final(bytea) IS 'final function of icm_clv_holdout';

CREATE AGGREGATE icm_clv_holdout(ledger icm_ledger, calibrate_to date, until date, process text, unit_days float8) (
    SFUNC = icm_clv_holdout_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_clv_holdout_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_clv_holdout(icm_ledger, date, date, text, float8) IS
    'check of a process on what happened after: fits it to the ledgers as of calibrate_to, and compares the purchase days expected in (calibrate_to, until] with the actual ones, by frequency class; unnest() makes rows of it; errors as of icm_clv_fit';
CREATE AGGREGATE icm_clv_holdout(ledger icm_ledger, calibrate_to date, until date, process text) (
    SFUNC = icm_clv_holdout_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_clv_holdout_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_clv_holdout(icm_ledger, date, date, text) IS 'the same, in weeks';
CREATE AGGREGATE icm_clv_holdout(ledger icm_ledger, calibrate_to date, until date) (
    SFUNC = icm_clv_holdout_accum, STYPE = bytea, COMBINEFUNC = icm_fit_combine,
    FINALFUNC = icm_clv_holdout_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_clv_holdout(icm_ledger, date, date) IS 'the same, process bgnbd, in weeks';
