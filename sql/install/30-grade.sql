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
    'definition of grades: the inner cut points, ascending; text form {cut,cut,...}; of a scale cut from values {cuts: ..., method: ..., counts: ..., sums: ..., within: ..., total: ...}, with numbers for each grade, the worst first; 8 + 8 bytes a cut, or 40 + 32 bytes a cut';

CREATE FUNCTION icm_scale(cuts float8[]) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale(float8[]) IS
    'scale of 1 to 25 given cuts; error unless they are finite and ascend, each once';
CREATE FUNCTION icm_cuts(scale icm_scale) RETURNS float8[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_cuts(icm_scale) IS 'inner cut points of a scale, ascending';

CREATE FUNCTION icm_scale_stats(scale icm_scale, OUT method text, OUT grades int, OUT n float8, OUT sum float8,
                                OUT variance_explained float8, OUT counts float8[], OUT sums float8[], OUT within float8[])
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_stats(icm_scale) IS
    'what a scale was cut from: method; number (sum of weights) and sum of the values; share of their variance that lies between the grades, 0 to 1 (goodness of variance fit; of the logarithms of the positive values for logkmeans); and by grade, the worst first: counts, sums, squared distances to the mean of the grade; all but grades NULL if the cuts were given';
CREATE FUNCTION icm_scale_grades(scale icm_scale) RETURNS TABLE (
        grade icm_grade, lower float8, upper float8, customers float8, share float8, sum float8, sum_share float8, mean float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_grades(icm_scale) IS
    'the grades of a scale, A first: lower <= value < upper (NULL: no limit), and what the scale was cut from: customers (sum of weights), their share, sum of their values, its share, mean; NULL if the cuts were given';

SELECT icm.add_kind('scale');

-- Cutting a scale from values.

CREATE FUNCTION icm_values_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_values_combine(bytea, bytea) IS 'combine function of the aggregates that hold every value';
CREATE FUNCTION icm_scale_accum(state bytea, value float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_accum(state bytea, value float8, grades int) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8, int) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_accum(state bytea, value float8, grades int, method text) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8, int, text) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_accum(state bytea, value float8, grades int, method text, weight float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8, int, text, float8) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_accum(state bytea, value float8, grades int, method text, weight float8, fewer bool) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_accum(bytea, float8, int, text, float8, bool) IS 'transition function of icm_scale_agg';
CREATE FUNCTION icm_scale_shares_accum(state bytea, value float8, shares float8[], method text) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_shares_accum(bytea, float8, float8[], text) IS 'transition function of icm_scale_shares_agg';
CREATE FUNCTION icm_scale_shares_accum(state bytea, value float8, shares float8[], method text, weight float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_shares_accum(bytea, float8, float8[], text, float8) IS 'transition function of icm_scale_shares_agg';
CREATE FUNCTION icm_scale_shares_accum(state bytea, value float8, shares float8[], method text, weight float8, fewer bool) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_shares_accum(bytea, float8, float8[], text, float8, bool) IS 'transition function of icm_scale_shares_agg';
CREATE FUNCTION icm_scale_final(state bytea) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_final(bytea) IS 'final function of icm_scale_agg and icm_scale_shares_agg';

CREATE AGGREGATE icm_scale_agg(value float8, grades int, method text) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8, int, text) IS
    'scale of 2 to 26 grades cut from the values, exactly. quantile: the worst grades hold j/grades of the values; pareto: the best customers bring j/grades of the sum of the positive values; kmeans: the least sum of squared distances to the means of the grades there is, by dynamic programming (Wang, Song 2011, The R Journal 3(2):29); logkmeans: the same of ln(value), with values that are not positive in the worst grade. Equal values share a grade. Error for fewer distinct values than grades, or for pareto and logkmeans without a positive value; NULLs are left out; values from -1e100 to 1e100; 24 bytes of memory a value, for kmeans another 24 + grades / 4';
CREATE AGGREGATE icm_scale_agg(value float8, grades int) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8, int) IS
    'the same, by quantile';
CREATE AGGREGATE icm_scale_agg(value float8) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8) IS
    'the same, five grades by quantile';
CREATE AGGREGATE icm_scale_agg(value float8, grades int, method text, weight float8) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8, int, text, float8) IS
    'the same of values that stand for weight equal ones: weight 0, which leaves a value out, or from 1e-100 to 2^53, as much as all may add up to; error if it is NULL; twice the memory';
CREATE AGGREGATE icm_scale_agg(value float8, grades int, method text, weight float8, fewer bool) (
    SFUNC = icm_scale_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_agg(float8, int, text, float8, bool) IS
    'the same; fewer: where there are fewer distinct values than grades, as many grades as there are values, and NULL, not an error, where not even two grades can be';
CREATE AGGREGATE icm_scale_shares_agg(value float8, shares float8[], method text) (
    SFUNC = icm_scale_shares_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_shares_agg(float8, float8[], text) IS
    'scale of 2 to 26 grades at shares of the best, cumulated and ascending, each more than 0 and less than 1: of the customers (quantile) or of the sum of positive values (pareto); ARRAY[0.8, 0.95] by pareto makes A of the best who bring 80 %, B of those up to 95 %, C of the rest (ABC analysis); otherwise as icm_scale_agg';
CREATE AGGREGATE icm_scale_shares_agg(value float8, shares float8[], method text, weight float8) (
    SFUNC = icm_scale_shares_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_shares_agg(float8, float8[], text, float8) IS
    'the same of values that stand for weight equal ones';
CREATE AGGREGATE icm_scale_shares_agg(value float8, shares float8[], method text, weight float8, fewer bool) (
    SFUNC = icm_scale_shares_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_values_combine,
    FINALFUNC = icm_scale_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_scale_shares_agg(float8, float8[], text, float8, bool) IS
    'the same; fewer: where there are fewer distinct values than grades, as many grades as there are values, the first ones, and NULL, not an error, where not even two grades can be';

CREATE FUNCTION icm_grades(preset text) RETURNS int
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_grades(text) IS 'number of grades of a preset: five (A to E) or seven (A to G); error otherwise';

-- Scales of segments.

CREATE TYPE icm_scale_set;

CREATE FUNCTION icm_scale_set_in(cstring) RETURNS icm_scale_set
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_set_in(cstring) IS 'I/O';
CREATE FUNCTION icm_scale_set_out(icm_scale_set) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_set_out(icm_scale_set) IS 'I/O';
CREATE FUNCTION icm_scale_set_recv(internal) RETURNS icm_scale_set
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_set_recv(internal) IS 'I/O';
CREATE FUNCTION icm_scale_set_send(icm_scale_set) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_set_send(icm_scale_set) IS 'I/O';

CREATE TYPE icm_scale_set (
    INPUT = icm_scale_set_in,
    OUTPUT = icm_scale_set_out,
    RECEIVE = icm_scale_set_recv,
    SEND = icm_scale_set_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_scale_set IS
    'definition of grades within segments: a scale for each of up to 10000 segments, by names of 1 to 63 bytes, perhaps one of them the default; text form {segment: scale, ..., default: scale}';

CREATE FUNCTION icm_scale_set(segments text[], scales icm_scale[]) RETURNS icm_scale_set
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_set(text[], icm_scale[]) IS
    'scale set of these segments, NULL for the default, and their scales; error unless there are as many of both, each segment once';
CREATE FUNCTION icm_scale_set_scales(scales icm_scale_set) RETURNS TABLE (segment text, scale icm_scale)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_set_scales(icm_scale_set) IS
    'segments of a scale set, in the order of their bytes, then the default, segment NULL';
CREATE FUNCTION icm_scale_of(scales icm_scale_set, segment text) RETURNS icm_scale
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_of(icm_scale_set, text) IS
    'scale of a segment; the default for one that is not in the set, or NULL; error if there is none';

SELECT icm.add_kind('scale_set');

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

CREATE FUNCTION icm_grade(value float8, scales icm_scale_set, segment text) RETURNS icm_grade
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_grade_segment';
COMMENT ON FUNCTION icm_grade(float8, icm_scale_set, text) IS
    'grade of a value on the scale of its segment, as of icm_scale_of()';
CREATE FUNCTION icm_grade(value float8, standard text, segment text) RETURNS icm_grade
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_grade(value, @extschema@.icm_standard_scale_set(standard), segment) $$;
COMMENT ON FUNCTION icm_grade(float8, text, text) IS
    'grade of a value on the scale of its segment, by the published scale_set of that name';
CREATE FUNCTION icm_grade(value float8, scales icm_scale_set, segment text, previous icm_grade, band float8) RETURNS icm_grade
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_grade(value, @extschema@.icm_scale_of(scales, segment), previous, band) $$;
COMMENT ON FUNCTION icm_grade(float8, icm_scale_set, text, icm_grade, float8) IS
    'grade with hysteresis on the scale of its segment; error for a segment that has no scale, also where value is NULL';
CREATE FUNCTION icm_grade(value float8, standard text, segment text, previous icm_grade, band float8) RETURNS icm_grade
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT @extschema@.icm_grade(value, @extschema@.icm_scale_of(@extschema@.icm_standard_scale_set(standard), segment), previous, band) $$;
COMMENT ON FUNCTION icm_grade(float8, text, text, icm_grade, float8) IS
    'the same, by the published scale_set of that name';

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
