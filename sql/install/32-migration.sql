-- grade: how customers moved between grades from one period to the next.

CREATE TYPE icm_migration;

CREATE FUNCTION icm_migration_in(cstring) RETURNS icm_migration
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_in(cstring) IS 'I/O';
CREATE FUNCTION icm_migration_out(icm_migration) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_out(icm_migration) IS 'I/O';
CREATE FUNCTION icm_migration_recv(internal) RETURNS icm_migration
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_recv(internal) IS 'I/O';
CREATE FUNCTION icm_migration_send(icm_migration) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_send(icm_migration) IS 'I/O';

CREATE TYPE icm_migration (
    INPUT = icm_migration_in,
    OUTPUT = icm_migration_out,
    RECEIVE = icm_migration_recv,
    SEND = icm_migration_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_migration IS
    'how customers moved between grades from one period to the next: the number and value of those with each pair of previous and current grade; text form {A>A 120 3456.5, A>B 4 99, C>- 3 5, ->B 7 12}, previous>current customers value, ascending, - for none: a new customer, or one who has left; 8 + 24 bytes a pair that occurs';

-- Building.

CREATE FUNCTION icm_migration_accum(state bytea, previous icm_grade, current icm_grade) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_accum(bytea, icm_grade, icm_grade) IS 'transition function of icm_migration_agg';
CREATE FUNCTION icm_migration_accum(state bytea, previous icm_grade, current icm_grade, value float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_accum(bytea, icm_grade, icm_grade, float8) IS 'transition function of icm_migration_agg';
CREATE FUNCTION icm_migration_rollup_accum(state bytea, migration icm_migration) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_rollup_accum(bytea, icm_migration) IS 'transition function of icm_rollup';
CREATE FUNCTION icm_migration_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_combine(bytea, bytea) IS 'combine function of icm_migration_agg and icm_rollup';
CREATE FUNCTION icm_migration_final(state bytea) RETURNS icm_migration
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_final(bytea) IS 'final function of icm_migration_agg and icm_rollup';

CREATE AGGREGATE icm_migration_agg(previous icm_grade, current icm_grade, value float8) (
    SFUNC = icm_migration_accum, STYPE = bytea, SSPACE = 2048, COMBINEFUNC = icm_migration_combine,
    FINALFUNC = icm_migration_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_migration_agg(icm_grade, icm_grade, float8) IS
    'migration of customers, a row each: previous NULL is a new customer, current NULL one who has left, and a row with neither is left out; value, in any unit, is summed exactly and rounded once, so that the order of rows has no say; error if value is NULL, NaN, infinite or beyond 1e280; NULL without rows';
CREATE AGGREGATE icm_migration_agg(previous icm_grade, current icm_grade) (
    SFUNC = icm_migration_accum, STYPE = bytea, SSPACE = 2048, COMBINEFUNC = icm_migration_combine,
    FINALFUNC = icm_migration_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_migration_agg(icm_grade, icm_grade) IS 'the same without a value: every sum is 0';

CREATE AGGREGATE icm_rollup(migration icm_migration) (
    SFUNC = icm_migration_rollup_accum, STYPE = bytea, SSPACE = 2048, COMBINEFUNC = icm_migration_combine,
    FINALFUNC = icm_migration_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_rollup(icm_migration) IS
    'migrations of several parts of the customers as one: of regions, shops, segments; each brings sums that were rounded once; NULL without rows';

-- Reading.

CREATE FUNCTION icm_migration_matrix(migration icm_migration,
                                     OUT previous icm_grade, OUT current icm_grade, OUT customers int8, OUT value float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 25 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_matrix(icm_migration) IS
    'a row for each pair of grades that occurs, by previous, then current grade, A first and NULL last (previous NULL: new; current NULL: has left): the number of customers and the sum of their value';
CREATE FUNCTION icm_migration_stats(migration icm_migration,
                                    OUT customers int8, OUT share_upgraded float8, OUT share_downgraded float8, OUT share_unchanged float8,
                                    OUT entered int8, OUT departed int8,
                                    OUT value float8, OUT value_upgraded float8, OUT value_downgraded float8, OUT psi float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_migration_stats(icm_migration) IS
    'a migration in one row: customers with a grade in both periods, and the shares of them, 0 to 1, whose grade rose, fell, or stayed (NULL if there are none); those who entered and departed; value of the customers in both, of those who rose, of those who fell; psi: icm_psi of the customers by grade in the previous and in the current period, so that who entered or departed counts in one: Infinity if a grade is empty in one period only, NULL if a period is empty';

CREATE FUNCTION icm_psi(expected float8[], actual float8[]) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_psi(float8[], float8[]) IS
    'population stability index of two distributions over the same groups, given as counts or shares, each taken relative to its own sum: sum of (a - e) * ln(a / e); 0 when equal; below 0.1 is usually called stable, above 0.25 a shift; the same both ways round; Infinity if a group is empty in one only; error unless both are as long, and each finite, not negative and not all zero; Siddiqi 2006, Credit Risk Scorecards';
