-- grade: distributions, mergeable summaries of a population's values.

CREATE TYPE icm_distribution;

CREATE FUNCTION icm_distribution_in(cstring) RETURNS icm_distribution
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_in(cstring) IS 'I/O';
CREATE FUNCTION icm_distribution_out(icm_distribution) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_out(icm_distribution) IS 'I/O';
CREATE FUNCTION icm_distribution_recv(internal) RETURNS icm_distribution
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_recv(internal) IS 'I/O';
CREATE FUNCTION icm_distribution_send(icm_distribution) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_send(icm_distribution) IS 'I/O';

CREATE TYPE icm_distribution (
    INPUT = icm_distribution_in,
    OUTPUT = icm_distribution_out,
    RECEIVE = icm_distribution_recv,
    SEND = icm_distribution_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_distribution IS
    'summary of a population''s values, the same bytes in whatever order and parts they came: exact up to 4096 distinct values, else counts and exact sums in at most 4096 buckets of equal relative width (DDSketch, Masson, Rim, Lee 2019, collapsed as UDDSketch, Epicoco et al. 2020); text form {value count, ...}; 40 + 32 bytes an entry, at most 128 kB';

-- Building and merging.

CREATE FUNCTION icm_distribution_accum(state bytea, value float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_accum(bytea, float8) IS 'transition function of icm_distribution_agg';
CREATE FUNCTION icm_distribution_accum(state bytea, value float8, weight int8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_accum(bytea, float8, int8) IS 'transition function of icm_distribution_agg';
CREATE FUNCTION icm_distribution_merge(state bytea, distribution icm_distribution) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_merge(bytea, icm_distribution) IS 'transition function of icm_rollup';
CREATE FUNCTION icm_distribution_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_combine(bytea, bytea) IS 'combine function of the aggregates that build distributions';
CREATE FUNCTION icm_distribution_final(state bytea) RETURNS icm_distribution
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_final(bytea) IS 'final function of the aggregates that build distributions';

CREATE AGGREGATE icm_distribution_agg(value float8) (
    SFUNC = icm_distribution_accum, STYPE = bytea, SSPACE = 16384, COMBINEFUNC = icm_distribution_combine,
    FINALFUNC = icm_distribution_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_distribution_agg(float8) IS
    'distribution of the values; NULLs are left out, NULL without values; error for NaN and infinity, and beyond 2^53 - 1 values; at most 256 kB of memory';
CREATE AGGREGATE icm_distribution_agg(value float8, weight int8) (
    SFUNC = icm_distribution_accum, STYPE = bytea, SSPACE = 16384, COMBINEFUNC = icm_distribution_combine,
    FINALFUNC = icm_distribution_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_distribution_agg(float8, int8) IS
    'the same, each value weight times; 0: left out; error for a weight that is negative, or NULL with a value';
CREATE AGGREGATE icm_rollup(distribution icm_distribution) (
    SFUNC = icm_distribution_merge, STYPE = bytea, SSPACE = 16384, COMBINEFUNC = icm_distribution_combine,
    FINALFUNC = icm_distribution_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_rollup(icm_distribution) IS
    'several distributions as one, the same as of all their values; NULL without rows';

CREATE FUNCTION icm_distribution_add(distribution icm_distribution, value float8) RETURNS icm_distribution
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_add(icm_distribution, float8) IS
    'distribution with one value more, NULL being an empty one; value NULL: as it is; many values are faster by icm_distribution_agg and icm_rollup';
CREATE FUNCTION icm_distribution_add(distribution icm_distribution, value float8, weight int8) RETURNS icm_distribution
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_add(icm_distribution, float8, int8) IS
    'the same, the value weight times; 0: as it is; error for a weight that is negative, or NULL with a value';

-- Reading. At level 0, up to 4096 distinct values, all is exact. Above, counts are exact at the lower bounds of the
-- entries, and sums there but for one rounding; within an entry its values are taken to be spread evenly about their mean.

CREATE FUNCTION icm_distribution_stats(distribution icm_distribution, OUT n int8, OUT sum float8, OUT mean float8,
                                       OUT min float8, OUT max float8, OUT entries int, OUT relative_error float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_distribution_stats(icm_distribution) IS
    'number of values; their sum, exact but for one rounding, and mean; smallest, largest; entries; by less than which share of itself a value is off, 0 when exact (subnormal values, below 2.3e-308, aside); error if the sum, or that of all negative values, is out of range';
CREATE FUNCTION icm_quantile(distribution icm_distribution, fraction float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_quantile(icm_distribution, float8) IS
    'smallest value whose share of values at or below it is at least fraction, as percentile_disc: exact, or off by less than relative_error; error for a fraction outside 0 to 1';
CREATE FUNCTION icm_rank(distribution icm_distribution, value float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_rank(icm_distribution, float8) IS
    'number of values at or below the value: exact, or off by less than the count of its entry; error for NaN and infinity';
CREATE FUNCTION icm_sum_above(distribution icm_distribution, value float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_sum_above(icm_distribution, float8) IS
    'sum of the values at or above the value, as one equal to a cut has the better grade: exact but for one rounding, or off by less than the sum of its entry; error for NaN and infinity, or if the sum is out of range';
