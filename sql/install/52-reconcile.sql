-- wallet: reconciling estimates with what is known of the market, and estimating from the most similar customers.

-- Calibration to one total.

CREATE FUNCTION icm_wallet_calibrate(own float8, estimate float8, total float8) RETURNS float8
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_calibrate(float8, float8, float8) IS
    'wallets of the rows of a window partition, from estimates and the known total of all wallets, which is the same in all rows: greatest(own, lambda * estimate), with the lambda that makes them add up to the total, up to rounding; all in one currency and period; exact, whatever the order of the rows: own spend and estimates are sorted and added up, nothing is iterated; NULL for a row whose own spend or estimate is NULL, which is left out and takes nothing of the total: give coalesce(own, 0) of a prospect, and coalesce(estimate, 0) to keep a customer at own spend (icm_wallet_calibration counts those left out); NULL for a total of NULL; error if an amount is negative, NaN, infinite or above 1e280, own spend adds up to more than the total (by more than rounding, 1e-12 of it), a total is positive and below 1e-280, or positive where all rows are left out, no estimate is positive where the total exceeds own spend, lambda leaves the range of float8, or totals differ; 8 bytes of memory a row, 48 while lambda is found (own spend as a floor: Rosset, Perlich and Zadrozny 2007)';

CREATE TYPE icm_wallet_calibration AS (
    lambda      float8,
    at_own      int8,
    n           int8,
    own         float8,
    estimate    float8,
    total       float8,
    left_out    int8,
    left_out_own float8
);
COMMENT ON TYPE icm_wallet_calibration IS
    'how estimated wallets are calibrated to a total: the factor lambda of the estimates (where the total is own spend, the largest that leaves all at it, up to rounding that lifts nobody; NULL where no estimate is positive), how many of n customers are at their own spend, as lambda times their estimate is no more, and the sums of own spend and of the estimates, and the total, in the currency given; left_out, rows that took no part, as own spend or the estimate is NULL, and left_out_own, the own spend of those of them of whom it is known, which the total may contain but no wallet does';

CREATE FUNCTION icm_calibration_accum(state bytea, own float8, estimate float8, total float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_calibration_accum(bytea, float8, float8, float8) IS 'transition function of icm_wallet_calibration';
CREATE FUNCTION icm_calibration_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_calibration_combine(bytea, bytea) IS 'combine function of icm_wallet_calibration';
CREATE FUNCTION icm_calibration_final(state bytea) RETURNS icm_wallet_calibration
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_calibration_final(bytea) IS 'final function of icm_wallet_calibration';
CREATE AGGREGATE icm_wallet_calibration(own float8, estimate float8, total float8) (
    SFUNC = icm_calibration_accum, STYPE = bytea, SSPACE = 8192, COMBINEFUNC = icm_calibration_combine,
    FINALFUNC = icm_calibration_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_calibration(float8, float8, float8) IS
    'how the window function icm_wallet_calibrate calibrates these rows, with the same rules and errors: its factor, and what it is made of; the same bytes in any order and partition; a row is left out, but counted, if own spend or the estimate is NULL, so give coalesce(own, 0) of a prospect, and coalesce(estimate, 0) to keep a customer at own spend; a row of two NULLs is nobody; NULL for no rows and for a total of NULL; 16 bytes of memory a row, and 32 more in the end; at most some 67 million rows (67,104,766), as its state has at most 1 GB: error 54000 beyond that, where the window function still does';

-- Raking to the totals of several margins.

CREATE FUNCTION icm_rake(estimate float8, margins text[], totals float8[], tolerance float8 DEFAULT 1e-10, iterations int DEFAULT 1000)
    RETURNS float8
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_rake(float8, text[], float8[], float8, int) IS
    'estimates of the rows of a window partition, scaled so that each cell of several margins adds up to its known total, by iterative proportional fitting: margins[k] is the row''s cell in margin k (NULL: in none; compared to the letter), totals[k] the total of that cell, the same in all its rows; margins NULL: the row keeps its estimate; of all that meet the totals the closest to the estimates in Kullback and Leibler''s sense; tolerance: the largest relative deviation from a total, above 0 and below 1; iterations: at most so many times over all margins; whatever the order of the rows; NULL for a row whose estimate is NULL, and for a tolerance or iterations of NULL; error if an amount is negative, NaN, infinite or above 1e280, a total is NULL, positive and below 1e-280, or differs within a cell, margins that contain all rows (of positive estimate) have different sums, a cell of positive total has nothing to scale, or it does not converge; 20 bytes of memory a row, and some 500 for each distinct array of margins, more of many margins (Deming and Stephan 1940; Csiszar 1975)';

-- The wallet as what the most similar others spend.

CREATE FUNCTION icm_wallet_peer(own float8, x float8[], k int, tau float8) RETURNS float8
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_peer(float8, float8[], int, float8) IS
    'estimated wallet: the quantile tau (0 to 1, usual are .8 to .9) of what the k most similar other customers of the window partition spend, as percentile_disc gives it, the smallest spend that at least a part tau of them do not exceed; never below own; in the currency of own; similar: by Euclidean distance of x, 1 to 100 numbers, after each is divided by its standard deviation among the rows of the partition that can be peers (one that is constant among them counts nothing); all that are as far away as the k-th, but for rounding (1e-12 of the square), are peers too, so the order of the rows has no say; exact, not approximate (k-d tree of Friedman, Bentley and Finkel 1977); time: O(n log n) to sort n rows, then for each distinct x, whose rows share one search, O(p log n) for few columns, where p of the distinct x are peers (at most k, but for ties); with many independent columns, some twenty, a search looks at most of the distinct x; own NULL: a prospect, who is nobody''s peer but gets an estimate; NULL for a row with fewer than k others who could be peers or with x NULL, which takes no part, and for k or tau of NULL; k and tau the same in all rows; error if own is negative, NaN, infinite or above 1e280, x has a NULL, NaN or infinity in it or another length than before, k is below 1, or tau outside 0 to 1; at most 12 bytes of memory a number of x and 60 a row, 8 a row once the wallets are found (nearest neighbours for wallets: Rosset, Perlich and Zadrozny 2007)';
