-- grade: how concentrated values are on few customers.

CREATE FUNCTION icm_gini_accum(state bytea, value float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_gini_accum(bytea, float8) IS 'transition function of icm_gini_agg';
CREATE FUNCTION icm_gini_final(state bytea) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_gini_final(bytea) IS 'final function of icm_gini_agg';
CREATE AGGREGATE icm_gini_agg(value float8) (
    SFUNC = icm_gini_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_gini_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_gini_agg(float8) IS
    'Gini coefficient of the values: 0 when all are equal, near 1 when one has all, above 1 only with negative values; of all there are, without the correction n / (n - 1) for a sample; NULL if the sum is not positive; NULLs are left out; exact, 24 bytes of memory a value (Gini 1912)';

CREATE FUNCTION icm_lorenz_accum(state bytea, value float8, points int) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_lorenz_accum(bytea, float8, int) IS 'transition function of icm_lorenz_agg';
CREATE FUNCTION icm_lorenz_final(state bytea) RETURNS float8[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_lorenz_final(bytea) IS 'final function of icm_lorenz_agg';
CREATE AGGREGATE icm_lorenz_agg(value float8, points int) (
    SFUNC = icm_lorenz_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_lorenz_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_lorenz_agg(float8, int) IS
    'Lorenz curve of the values: the shares of their sum that the lowest 0/points, 1/points, ..., points/points of the customers have, points + 1 numbers from 0 to 1; points 1 to 10000; NULL if the sum is not positive; exact (Lorenz 1905)';

CREATE FUNCTION icm_top_share_accum(state bytea, value float8, share float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_top_share_accum(bytea, float8, float8) IS 'transition function of icm_top_share_agg';
CREATE FUNCTION icm_top_share_final(state bytea) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_top_share_final(bytea) IS 'final function of icm_top_share_agg';
CREATE AGGREGATE icm_top_share_agg(value float8, share float8) (
    SFUNC = icm_top_share_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_top_share_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_top_share_agg(float8, float8) IS
    'share of the sum of the values that the best customers have, as many as are at least the share (0 to 1) of all: of 4338 customers and 0.2 the best 868; NULL if the sum is not positive; exact';

-- Of a distribution.

CREATE FUNCTION icm_gini(distribution icm_distribution) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_gini(icm_distribution) IS
    'Gini coefficient: 0 when all values are equal, near 1 when one has all (above 1 is possible with negative values); exact, or at most relative_error / 4 too low for values that are not negative; NULL unless the sum is positive (Gini 1912)';
CREATE FUNCTION icm_lorenz(distribution icm_distribution, points int, OUT share_of_customers float8, OUT share_of_value float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_lorenz(icm_distribution, int) IS
    'Lorenz curve: the share of the sum that the lowest share of customers has, at points + 1 equal steps of customers from 0 to 1; share_of_value NULL unless the sum is positive; error for points outside 1 to 10000 (Lorenz 1905)';
CREATE FUNCTION icm_top_share(distribution icm_distribution, share float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_top_share(icm_distribution, float8) IS
    'share of the sum that the best customers have, as many as are at least the share (0 to 1) of all; NULL unless the sum is positive; error for a share outside 0 to 1';
