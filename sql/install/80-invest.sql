-- invest: sharing a budget among customers.

-- Over the rows of a window partition. Which of two equal remainders comes first is told by the order of the partition:
-- with ORDER BY a unique column in OVER, the same rows get the odd cents whatever the plan.

CREATE FUNCTION icm_allocate(budget numeric, weight float8, floor numeric DEFAULT NULL, cap numeric DEFAULT NULL) RETURNS numeric
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_allocate_window';
COMMENT ON FUNCTION icm_allocate(numeric, float8, numeric, numeric) IS
    'share of a budget, which is the same for all rows of the partition: in proportion to weight, not below floor, not above cap (NULL: none); in units of the last decimal of the budget, adding up to it exactly; a floor is rounded up to whole units, a cap down; units that are left go to the largest remainders, the first row first where they are equal (Hamilton''s method; Balinski and Young 1982, Fair Representation), give ORDER BY; NULL for a row whose weight is NULL, which takes no part, and for a budget of NULL; error if an amount or weight is negative, NaN or infinite, a cap is below its floor, the floors exceed the budget, the caps do not let it be used up, or no weight is positive where money is left; at most 9.2e18 units; 33 to 49 bytes of memory a row';

-- Over arrays. An array of floors or caps that is NULL means something, so they are not STRICT.

CREATE FUNCTION icm_allocate(budget numeric, weights float8[], floors numeric[] DEFAULT NULL, caps numeric[] DEFAULT NULL)
    RETURNS numeric[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_allocate(numeric, float8[], numeric[], numeric[]) IS
    'shares of a budget, in the order of the weights: as the window function icm_allocate gives them to rows; floors or caps that are NULL: none; error unless the arrays are one-dimensional and of the same length';

-- As an aggregate. There is no combine function, as the order of the rows matters: an element of the result is the share
-- of the row that came at its place, and the first of equal remainders gets the unit.

CREATE FUNCTION icm_allocate_accum(state bytea, budget numeric, weight float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_allocate_accum(bytea, numeric, float8) IS 'transition function of icm_allocate_agg';
CREATE FUNCTION icm_allocate_accum(state bytea, budget numeric, weight float8, floor numeric) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_allocate_accum(bytea, numeric, float8, numeric) IS 'transition function of icm_allocate_agg';
CREATE FUNCTION icm_allocate_accum(state bytea, budget numeric, weight float8, floor numeric, cap numeric) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_allocate_accum(bytea, numeric, float8, numeric, numeric) IS 'transition function of icm_allocate_agg';
CREATE FUNCTION icm_allocate_final(state bytea) RETURNS numeric[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_allocate_final(bytea) IS 'final function of icm_allocate_agg';

CREATE AGGREGATE icm_allocate_agg(budget numeric, weight float8, floor numeric, cap numeric) (
    SFUNC = icm_allocate_accum, STYPE = bytea, SSPACE = 8192, FINALFUNC = icm_allocate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_allocate_agg(numeric, float8, numeric, numeric) IS
    'shares of a budget among the rows, in the order of the input, as array_agg gives it: give ORDER BY in the call; otherwise as the window function icm_allocate; 24 bytes of memory a row while rows come in';
CREATE AGGREGATE icm_allocate_agg(budget numeric, weight float8, floor numeric) (
    SFUNC = icm_allocate_accum, STYPE = bytea, SSPACE = 8192, FINALFUNC = icm_allocate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_allocate_agg(numeric, float8, numeric) IS 'the same, without caps';
CREATE AGGREGATE icm_allocate_agg(budget numeric, weight float8) (
    SFUNC = icm_allocate_accum, STYPE = bytea, SSPACE = 8192, FINALFUNC = icm_allocate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_allocate_agg(numeric, float8) IS 'the same, without floors and caps';
