-- grade: what customers bring and what they could bring, and the strategy that follows.

CREATE FUNCTION icm_valuation(actual float8, potential float8, weight float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_valuation(float8, float8, float8) IS
    'value of a customer by what the customer brings and could bring, in their unit: (1 - weight) * actual + weight * potential, rounded once; potential is all that the customer could bring, with the actual value in it, not what could be won besides; weight, 0 to 1, is the share that the potential has; error if an argument is NaN, infinite or out of range';

CREATE TYPE icm_grade_matrix;

CREATE FUNCTION icm_grade_matrix_in(cstring) RETURNS icm_grade_matrix
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_matrix_in(cstring) IS 'I/O';
CREATE FUNCTION icm_grade_matrix_out(icm_grade_matrix) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_matrix_out(icm_grade_matrix) IS 'I/O';
CREATE FUNCTION icm_grade_matrix_recv(internal) RETURNS icm_grade_matrix
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_matrix_recv(internal) IS 'I/O';
CREATE FUNCTION icm_grade_matrix_send(icm_grade_matrix) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_matrix_send(icm_grade_matrix) IS 'I/O';

CREATE TYPE icm_grade_matrix (
    INPUT = icm_grade_matrix_in,
    OUTPUT = icm_grade_matrix_out,
    RECEIVE = icm_grade_matrix_recv,
    SEND = icm_grade_matrix_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_grade_matrix IS
    'definition of the strategy for customers of each actual and potential grade, 1 to 26 of either, from A without gaps; text form {A: keep keep keep, B: grow keep harvest, C: "win back" harvest harvest}, for each actual grade the strategies for potential A, B, C, names of 1 to 63 bytes; 12 + 2 bytes a cell + the names, each once';

SELECT icm.add_kind('grade_matrix');

CREATE FUNCTION icm_strategy(actual icm_grade, potential icm_grade, matrix icm_grade_matrix) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_strategy(icm_grade, icm_grade, icm_grade_matrix) IS
    'the strategy for a customer of these grades; error if the matrix does not have one of them';
CREATE FUNCTION icm_strategy(actual icm_grade, potential icm_grade, standard text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_strategy(actual, potential, @extschema@.icm_standard_grade_matrix(standard)) $$;
COMMENT ON FUNCTION icm_strategy(icm_grade, icm_grade, text) IS
    'the strategy for a customer of these grades by the published grade matrix of that name';
CREATE FUNCTION icm_grade_matrix_cells(matrix icm_grade_matrix, OUT actual icm_grade, OUT potential icm_grade, OUT strategy text)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 25 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_matrix_cells(icm_grade_matrix) IS
    'a row for each pair of grades in a grade matrix, by actual, then potential grade, A first: the strategy';
