-- contact: how response changes with the number of contacts.

CREATE TYPE icm_fatigue;

CREATE FUNCTION icm_fatigue_in(cstring) RETURNS icm_fatigue
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_in(cstring) IS 'I/O';
CREATE FUNCTION icm_fatigue_out(icm_fatigue) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_out(icm_fatigue) IS 'I/O';
CREATE FUNCTION icm_fatigue_recv(internal) RETURNS icm_fatigue
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_recv(internal) IS 'I/O';
CREATE FUNCTION icm_fatigue_send(icm_fatigue) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_send(icm_fatigue) IS 'I/O';

CREATE TYPE icm_fatigue (
    INPUT = icm_fatigue_in,
    OUTPUT = icm_fatigue_out,
    RECEIVE = icm_fatigue_recv,
    SEND = icm_fatigue_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_fatigue IS
    'how many customers had each dose, a number of contacts from 0 to 63, and how many of them responded, by grade or without; text form {A 1 400 31, A 2 350 20, 1 17544 2561}: grade, if there is one, dose, customers, responses, ascending, without a grade last; 8 + 24 bytes a grade and dose that occurs';

-- Building.

CREATE FUNCTION icm_fatigue_accum(state bytea, dose int, responded boolean) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_accum(bytea, int, boolean) IS 'transition function of icm_fatigue_agg';
CREATE FUNCTION icm_fatigue_accum(state bytea, dose int, responded boolean, grade icm_grade) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_accum(bytea, int, boolean, icm_grade) IS 'transition function of icm_fatigue_agg';
CREATE FUNCTION icm_fatigue_rollup_accum(state bytea, fatigue icm_fatigue) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_rollup_accum(bytea, icm_fatigue) IS 'transition function of icm_rollup';
CREATE FUNCTION icm_fatigue_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_combine(bytea, bytea) IS 'combine function of icm_fatigue_agg and icm_rollup';
CREATE FUNCTION icm_fatigue_final(state bytea) RETURNS icm_fatigue
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_final(bytea) IS 'final function of icm_fatigue_agg and icm_rollup';

CREATE AGGREGATE icm_fatigue_agg(dose int, responded boolean) (
    SFUNC = icm_fatigue_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_fatigue_combine,
    FINALFUNC = icm_fatigue_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_fatigue_agg(int, boolean) IS
    'responses by dose of customers, a row each: the number of contacts that one had, 0 to 63, and whether the customer responded; error if the dose is beyond that, or one of the two is NULL; a row with neither is left out; NULL without rows';
CREATE AGGREGATE icm_fatigue_agg(dose int, responded boolean, grade icm_grade) (
    SFUNC = icm_fatigue_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_fatigue_combine,
    FINALFUNC = icm_fatigue_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_fatigue_agg(int, boolean, icm_grade) IS
    'the same by grade, so that customers are compared with those of their grade: the best are contacted the most, and respond the most, which looks as if contacts did it; customers without a grade (NULL) are compared with one another';

CREATE AGGREGATE icm_rollup(fatigue icm_fatigue) (
    SFUNC = icm_fatigue_rollup_accum, STYPE = bytea, SSPACE = 1024, COMBINEFUNC = icm_fatigue_combine,
    FINALFUNC = icm_fatigue_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_rollup(icm_fatigue) IS
    'responses by dose and grade of several parts of the customers as one: of regions, campaigns, segments; NULL without rows';

-- Reading.

CREATE FUNCTION icm_fatigue_cells(fatigue icm_fatigue, OUT grade icm_grade, OUT dose int, OUT customers int8, OUT responses int8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_cells(icm_fatigue) IS
    'a row for each grade and dose that occurs, by grade, NULL (none) last, then dose: customers, and how many of them responded';
CREATE FUNCTION icm_fatigue_pool(fatigue icm_fatigue) RETURNS icm_fatigue
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_pool(icm_fatigue) IS
    'the same customers without their grades, so that all are compared with all';
CREATE FUNCTION icm_fatigue_response(fatigue icm_fatigue,
                                     OUT dose int, OUT customers int8, OUT responses int8, OUT rate float8, OUT lower float8, OUT upper float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_response(icm_fatigue) IS
    'a row for each dose that occurs, ascending, of all grades together: customers, how many responded, their share, 0 to 1, and its 95 % interval by Wilson 1927 (Journal of the American Statistical Association 22:209)';
CREATE FUNCTION icm_fatigue_response(fatigue icm_fatigue, confidence float8,
                                     OUT dose int, OUT customers int8, OUT responses int8, OUT rate float8, OUT lower float8, OUT upper float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_response(icm_fatigue, float8) IS
    'the same with an interval of this confidence, more than 0 and less than 1';
CREATE FUNCTION icm_fatigue_trend(fatigue icm_fatigue, OUT z float8, OUT p float8, OUT log10_p float8, OUT chi_square float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_trend(icm_fatigue) IS
    'whether response rises (z > 0) or falls (z < 0) with the dose: z = U / sqrt(V), its two-sided p, log10 of p, which goes on where p is below 1e-308 and so 0, and chi_square = z^2 with one degree of freedom. U = sum of s (r - n R/N) over doses s with n customers and r responses, V = R/N (1 - R/N) (sum n s^2 - (sum n s)^2 / N): Cochran 1954, Armitage 1955 (Biometrics 10:417, 11:375). Of several grades, U and V N / (N - 1) of each are summed: Mantel 1963 (Journal of the American Statistical Association 58:690); for all grades as one, see icm_fatigue_pool. NULLs where there is nothing to compare: all or none responded, or all had one dose, in each grade';
CREATE FUNCTION icm_fatigue_slope(fatigue icm_fatigue,
                                  OUT slope float8, OUT slope_error float8, OUT z float8, OUT p float8, OUT log10_p float8,
                                  OUT intercept float8, OUT intercept_error float8, OUT loglik float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_slope(icm_fatigue) IS
    'logistic regression of response on dose by maximum likelihood, with an intercept for each grade: slope, what another contact adds to the logarithm of the odds of a response; its standard error; z, their ratio, with two-sided p and log10 of p; intercept, the logarithm of the odds at dose 0, and its standard error, if there is one grade or none (otherwise NULL: see icm_fatigue_intercepts); loglik, the logarithm of the likelihood of the customers one by one. Grades in which all or none responded have no say. NULLs where likelihood has no largest value: all or none responded, or all had one dose, in each grade, or a dose parts in each those who responded from those who did not. Error if the largest likelihood is not found';
CREATE FUNCTION icm_fatigue_intercepts(fatigue icm_fatigue, OUT grade icm_grade, OUT intercept float8, OUT intercept_error float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_intercepts(icm_fatigue) IS
    'the intercept of each grade in the regression of icm_fatigue_slope, A first and NULL (no grade) last: logarithm of the odds of a response at dose 0, and its standard error; NULL for a grade in which all or none responded; NULLs and errors as there';
CREATE FUNCTION icm_fatigue_peak(fatigue icm_fatigue,
                                 OUT grade icm_grade, OUT dose float8, OUT lower float8, OUT upper float8, OUT response float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_peak(icm_fatigue) IS
    'the dose at which response peaks, a row for each grade (NULL: no grade): logarithm of the odds = intercept of the grade + b1 dose - b2 dose^2 by maximum likelihood, so that the ideal dose is b1 / (2 b2), as with the utility of Godfrey, Seiders, Voss 2011 (Journal of Marketing 75(4):94); lower and upper, its 95 % interval by Fieller 1954 (Journal of the Royal Statistical Society B 16:175), and the share that respond there. NULLs unless the peak is within the doses of the grade, not at an end: beyond them nobody was seen; an end of the interval is NULL where it is not within them. Error if the largest likelihood is not found. The dose is what each customer had in the end: where contacts stop once a customer responds, high doses are of those who are left, and response falls with them for that alone';
CREATE FUNCTION icm_fatigue_peak(fatigue icm_fatigue, margin float8, cost float8,
                                 OUT grade icm_grade, OUT dose float8, OUT lower float8, OUT upper float8, OUT response float8, OUT profit float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_peak(icm_fatigue, float8, float8) IS
    'the dose at which profit peaks: margin, what a response brings, more than 0, times the share that respond, less cost, of a contact, 0 or more, times the dose; interval of the doses at which the rise of the profit is within 1.96 of its standard errors of 0; profit a customer there, in the unit of margin and cost; otherwise the same';
CREATE FUNCTION icm_fatigue_peak(fatigue icm_fatigue, margin float8, cost float8, confidence float8,
                                 OUT grade icm_grade, OUT dose float8, OUT lower float8, OUT upper float8, OUT response float8, OUT profit float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_fatigue_peak(icm_fatigue, float8, float8, float8) IS
    'the same with an interval of this confidence, more than 0 and less than 1';
