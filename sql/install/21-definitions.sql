-- value: the definitions by which customers are valued: customer lifetime models, costs, and the value itself.

CREATE TYPE icm_clv_model;

CREATE FUNCTION icm_clv_model_in(cstring) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_model_in(cstring) IS 'I/O';
CREATE FUNCTION icm_clv_model_out(icm_clv_model) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_model_out(icm_clv_model) IS 'I/O';
CREATE FUNCTION icm_clv_model_recv(internal) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_model_recv(internal) IS 'I/O';
CREATE FUNCTION icm_clv_model_send(icm_clv_model) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_model_send(icm_clv_model) IS 'I/O';

CREATE TYPE icm_clv_model (
    INPUT = icm_clv_model_in,
    OUTPUT = icm_clv_model_out,
    RECEIVE = icm_clv_model_recv,
    SEND = icm_clv_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_clv_model IS
    'customer lifetime model: a purchase process (bgnbd, mbgnbd, paretonbd) or contract retention (sbg), a model of spend (gammagamma), or process and spend; text form {process: bgnbd, unit_days: 7, r: ..., alpha: ..., a: ..., b: ..., customers: ..., loglik: ..., covariance: [...], spend: gammagamma, p: ..., q: ..., gamma: ..., spend_customers: ..., spend_loglik: ..., spend_covariance: [...]}, where a unit is a week if not given (of sbg a year), customers, loglik and covariance (of the logarithms of the parameters, lower triangle by rows) are what a fit says, and either part may be absent; 280 bytes';

SELECT icm.add_kind('clv_model');

CREATE FUNCTION icm_clv_params(model icm_clv_model, OUT part text, OUT param text, OUT estimate float8, OUT std_error float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 7 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_params(icm_clv_model) IS
    'the parameters of each part, purchase (of sbg: retention) and spend, with standard errors: estimate * sqrt(variance of its logarithm); std_error NULL if the part was given, not fitted';
CREATE FUNCTION icm_clv_loglik(model icm_clv_model) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_loglik(icm_clv_model) IS
    'log-likelihood of the fitted purchase or retention part, or of the spend part of a model of spend alone; NULL if it was given, not fitted';
CREATE FUNCTION icm_clv_loglik(model icm_clv_model, part text) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_clv_loglik_of_part';
COMMENT ON FUNCTION icm_clv_loglik(icm_clv_model, text) IS
    'log-likelihood of one part, purchase, retention or spend; NULL if it was given, not fitted; error if the model has no such part';
CREATE FUNCTION icm_clv_info(model icm_clv_model, OUT process text, OUT unit_days float8, OUT customers int8, OUT spend_customers int8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_info(icm_clv_model) IS
    'what a model is: its process and the days of its unit of time, both NULL for a model of spend alone; the customers that each part was fitted to, NULL if it was not';
CREATE FUNCTION icm_clv_model(purchase icm_clv_model, spend icm_clv_model) RETURNS icm_clv_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_clv_model(icm_clv_model, icm_clv_model) IS
    'the purchase part of the first model with the spend part of the second; error if one does not have it, and for contract retention, which has no spend';

-- What an event costs.

CREATE TYPE icm_cost_model;

CREATE FUNCTION icm_cost_model_in(cstring) RETURNS icm_cost_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cost_model_in(cstring) IS 'I/O';
CREATE FUNCTION icm_cost_model_out(icm_cost_model) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cost_model_out(icm_cost_model) IS 'I/O';
CREATE FUNCTION icm_cost_model_recv(internal) RETURNS icm_cost_model
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cost_model_recv(internal) IS 'I/O';
CREATE FUNCTION icm_cost_model_send(icm_cost_model) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cost_model_send(icm_cost_model) IS 'I/O';

CREATE TYPE icm_cost_model (
    INPUT = icm_cost_model_in,
    OUTPUT = icm_cost_model_out,
    RECEIVE = icm_cost_model_recv,
    SEND = icm_cost_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_cost_model IS
    'definition of what an event of each kind costs: a rate, a share of its amount in percent, or both; text form {call: 6.5, return: 4 + 3%, "field visit": 350, default: 1}, where default is for kinds that are not listed; 1 to 1000 kinds of 1 to 63 bytes; 8 + 80 bytes a kind';

SELECT icm.add_kind('cost_model');

CREATE FUNCTION icm_cost(model icm_cost_model, kind text, quantity float8, amount float8) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_cost_of_event';
COMMENT ON FUNCTION icm_cost(icm_cost_model, text, float8, float8) IS
    'cost of an event, rate * quantity + share * amount, in the model''s currency; amount may be NULL for a kind that has no share of it; NULL without a model; error if the kind is not in the model, which has no default, or NULL, if quantity is NULL, or amount is although the kind has a share of it, and if either is negative or not finite';
CREATE FUNCTION icm_cost(standard text, kind text, quantity float8, amount float8) RETURNS float8
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_cost(@extschema@.icm_standard_cost_model(standard), kind, quantity, amount) $$;
COMMENT ON FUNCTION icm_cost(text, text, float8, float8) IS 'cost of an event by the published cost model of that name';
CREATE FUNCTION icm_cost_rates(model icm_cost_model, OUT kind text, OUT rate float8, OUT share float8) RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cost_rates(icm_cost_model) IS
    'the kinds of a cost model, by bytes, and last the default, kind NULL: rate per unit of quantity, and share of the amount (0.03 for 3 %)';

-- What a customer's value is.

CREATE TYPE icm_value_definition;

CREATE FUNCTION icm_value_definition_in(cstring) RETURNS icm_value_definition
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value_definition_in(cstring) IS 'I/O';
CREATE FUNCTION icm_value_definition_out(icm_value_definition) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value_definition_out(icm_value_definition) IS 'I/O';
CREATE FUNCTION icm_value_definition_recv(internal) RETURNS icm_value_definition
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value_definition_recv(internal) IS 'I/O';
CREATE FUNCTION icm_value_definition_send(icm_value_definition) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value_definition_send(icm_value_definition) IS 'I/O';

CREATE TYPE icm_value_definition (
    INPUT = icm_value_definition_in,
    OUTPUT = icm_value_definition_out,
    RECEIVE = icm_value_definition_recv,
    SEND = icm_value_definition_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_value_definition IS
    'definition of a customer''s value: how much history counts (history_days, or half_life_days, or all), and what is expected in horizon_days, by the published customer lifetime model of a name, with an annual discount, a margin, and a cost to serve per purchase day, which may be learnt from the ledger; text form {history_days: 730, horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: learnt, currency: EUR, model: retail}; 144 bytes';

SELECT icm.add_kind('value_definition');

CREATE FUNCTION icm_value_terms(definition icm_value_definition,
                                OUT history_days float8, OUT half_life_days float8, OUT horizon_days int, OUT annual_discount float8,
                                OUT margin float8, OUT cost_to_serve float8, OUT currency text, OUT model text)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value_terms(icm_value_definition) IS
    'what a value definition says, in days, shares and its currency; NULL: no window, no half-life, no label; margin or cost_to_serve NULL: learnt from the ledger';
CREATE FUNCTION icm_value_model(definition icm_value_definition) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_value_model(icm_value_definition) IS
    'name of the published customer lifetime model that a value definition expects by';
