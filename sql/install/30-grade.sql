-- grade: scales, and the grades that they give.

CREATE TYPE icm_grade;

CREATE FUNCTION icm_grade_in(cstring) RETURNS icm_grade
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_in(cstring) IS 'I/O';
CREATE FUNCTION icm_grade_out(icm_grade) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_out(icm_grade) IS 'I/O';
CREATE FUNCTION icm_grade_recv(internal) RETURNS icm_grade
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_recv(internal) IS 'I/O';
CREATE FUNCTION icm_grade_send(icm_grade) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_send(icm_grade) IS 'I/O';

CREATE TYPE icm_grade (
    INPUT = icm_grade_in,
    OUTPUT = icm_grade_out,
    RECEIVE = icm_grade_recv,
    SEND = icm_grade_send,
    INTERNALLENGTH = 1,
    PASSEDBYVALUE,
    ALIGNMENT = char
);
COMMENT ON TYPE icm_grade IS 'a customer''s grade, A (the best) to Z; sorts A first; 1 byte';

CREATE TYPE icm_scale;

CREATE FUNCTION icm_scale_in(cstring) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_in(cstring) IS 'I/O';
CREATE FUNCTION icm_scale_out(icm_scale) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_out(icm_scale) IS 'I/O';
CREATE FUNCTION icm_scale_recv(internal) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_recv(internal) IS 'I/O';
CREATE FUNCTION icm_scale_send(icm_scale) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_send(icm_scale) IS 'I/O';

CREATE TYPE icm_scale (
    INPUT = icm_scale_in,
    OUTPUT = icm_scale_out,
    RECEIVE = icm_scale_recv,
    SEND = icm_scale_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_scale IS
    'definition of grades: the inner cut points, ascending; text form {cut,cut,...}; 8 + 8 bytes a cut';

CREATE FUNCTION icm_scale(cuts float8[]) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale(float8[]) IS
    'scale of 1 to 25 given cuts; error unless they are finite and ascend, each once';
CREATE FUNCTION icm_cuts(scale icm_scale) RETURNS float8[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cuts(icm_scale) IS 'inner cut points of a scale, ascending';

SELECT icm.add_kind('scale');

-- Cutting a scale from values.

CREATE FUNCTION icm_scale_accum(state bytea, value float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_accum(state bytea, value float8, grades int) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8, int) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_accum(state bytea, value float8, grades int, method text) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8, int, text) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_combine(bytea, bytea) IS 'combine function of icm_scale_agg';
CREATE FUNCTION icm_scale_final(state bytea) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_final(bytea) IS 'final function of icm_scale_agg';

CREATE AGGREGATE icm_scale_agg(value float8, grades int, method text) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_scale_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8, int, text) IS
    'scale of 2 to 26 grades cut from the values, exactly; method quantile: the worst grades hold j/grades of the values; equal values share a grade; error for fewer distinct values than grades; NULLs are left out; 8 to 16 bytes of memory a value';
CREATE AGGREGATE icm_scale_agg(value float8, grades int) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_scale_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8, int) IS 'the same, by quantile';
CREATE AGGREGATE icm_scale_agg(value float8) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_scale_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8) IS 'the same, five grades by quantile';

-- Grading. The twins by name are plain SQL, so that the planner inlines them and folds a constant name.

CREATE FUNCTION icm_grade(value float8, scale icm_scale) RETURNS icm_grade
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade(float8, icm_scale) IS
    'grade of a value: the number of cuts at or below it, counted from the worst; error if it is NaN or infinite';
CREATE FUNCTION icm_grade(value float8, scale icm_scale, previous icm_grade, band float8) RETURNS icm_grade
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_grade_stable';
COMMENT ON FUNCTION icm_grade(float8, icm_scale, icm_grade, float8) IS
    'grade with hysteresis: it leaves previous only as far as the value clears cuts by band, a share of the cut''s size from 0 to below 1 (so none at a cut of 0); previous NULL: no hysteresis; error if previous is not on the scale';

CREATE FUNCTION icm_grade(value float8, standard text) RETURNS icm_grade
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_grade(value, @extschema@.icm_standard_scale(standard)) $$;
COMMENT ON FUNCTION icm_grade(float8, text) IS 'grade of a value by the published scale of that name';
CREATE FUNCTION icm_grade(value float8, standard text, previous icm_grade, band float8) RETURNS icm_grade
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_grade(value, @extschema@.icm_standard_scale(standard), previous, band) $$;
COMMENT ON FUNCTION icm_grade(float8, text, icm_grade, float8) IS
    'grade with hysteresis by the published scale of that name';

-- Grades as an ordered type.

CREATE FUNCTION icm_grade_lt(icm_grade, icm_grade) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_lt(icm_grade, icm_grade) IS 'implementation of < operator';
CREATE FUNCTION icm_grade_le(icm_grade, icm_grade) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_le(icm_grade, icm_grade) IS 'implementation of <= operator';
CREATE FUNCTION icm_grade_eq(icm_grade, icm_grade) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_eq(icm_grade, icm_grade) IS 'implementation of = operator';
CREATE FUNCTION icm_grade_ne(icm_grade, icm_grade) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_ne(icm_grade, icm_grade) IS 'implementation of <> operator';
CREATE FUNCTION icm_grade_ge(icm_grade, icm_grade) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_ge(icm_grade, icm_grade) IS 'implementation of >= operator';
CREATE FUNCTION icm_grade_gt(icm_grade, icm_grade) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_gt(icm_grade, icm_grade) IS 'implementation of > operator';
CREATE FUNCTION icm_grade_cmp(icm_grade, icm_grade) RETURNS int
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_cmp(icm_grade, icm_grade) IS 'less-equal-greater: A before B';
CREATE FUNCTION icm_grade_hash(icm_grade) RETURNS int
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_hash(icm_grade) IS 'hash';
CREATE FUNCTION icm_grade_hash_extended(icm_grade, int8) RETURNS int8
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_hash_extended(icm_grade, int8) IS 'hash';

CREATE OPERATOR < (FUNCTION = icm_grade_lt, LEFTARG = icm_grade, RIGHTARG = icm_grade,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR < (icm_grade, icm_grade) IS 'better than: A < B';
CREATE OPERATOR <= (FUNCTION = icm_grade_le, LEFTARG = icm_grade, RIGHTARG = icm_grade,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR <= (icm_grade, icm_grade) IS 'at least as good as';
CREATE OPERATOR = (FUNCTION = icm_grade_eq, LEFTARG = icm_grade, RIGHTARG = icm_grade,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR = (icm_grade, icm_grade) IS 'same grade';
CREATE OPERATOR <> (FUNCTION = icm_grade_ne, LEFTARG = icm_grade, RIGHTARG = icm_grade,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (icm_grade, icm_grade) IS 'another grade';
CREATE OPERATOR >= (FUNCTION = icm_grade_ge, LEFTARG = icm_grade, RIGHTARG = icm_grade,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR >= (icm_grade, icm_grade) IS 'at most as good as';
CREATE OPERATOR > (FUNCTION = icm_grade_gt, LEFTARG = icm_grade, RIGHTARG = icm_grade,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR > (icm_grade, icm_grade) IS 'worse than: B > A';

CREATE OPERATOR CLASS icm_grade_ops DEFAULT FOR TYPE icm_grade USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 icm_grade_cmp(icm_grade, icm_grade),
    FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS icm_grade_ops USING btree IS 'A first';
COMMENT ON OPERATOR FAMILY icm_grade_ops USING btree IS 'A first';
CREATE OPERATOR CLASS icm_grade_ops DEFAULT FOR TYPE icm_grade USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 icm_grade_hash(icm_grade),
    FUNCTION 2 icm_grade_hash_extended(icm_grade, int8);
COMMENT ON OPERATOR CLASS icm_grade_ops USING hash IS 'equality';
COMMENT ON OPERATOR FAMILY icm_grade_ops USING hash IS 'equality';

CREATE FUNCTION icm_grade_to_int4(icm_grade) RETURNS int
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_to_int4(icm_grade) IS 'rank of a grade: 1 for A, the best';
CREATE FUNCTION icm_grade_from_int4(int) RETURNS icm_grade
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grade_from_int4(int) IS 'grade of a rank, 1 (A) to 26 (Z); error otherwise';
CREATE CAST (icm_grade AS int) WITH FUNCTION icm_grade_to_int4(icm_grade);
COMMENT ON CAST (icm_grade AS int) IS '1 for A, the best';
CREATE CAST (int AS icm_grade) WITH FUNCTION icm_grade_from_int4(int);
COMMENT ON CAST (int AS icm_grade) IS 'A for 1';
