-- wallet: what part of a customer's spending the company has.

CREATE FUNCTION icm_share_of_wallet(own float8, wallet float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_share_of_wallet(float8, float8) IS
    'own spend / category spend, 0 to 1; NULL for a wallet of zero; own spend that exceeds the wallet by rounding only, at most 1e-12 of it, counts as the wallet; error if it exceeds it by more, or either is negative, NaN or infinite';

CREATE FUNCTION icm_wallet_growth(own float8, wallet float8, probability float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_growth(float8, float8, float8) IS
    'spend to be won, as expected: headroom times the probability to win it, (wallet - own) * probability, in the unit of the amounts; never lower for more headroom or a higher probability, which is the part of the headroom that is won on average, 0 to 1. For the potential of icm_valuation it is turned into the unit of the actual value: icm_valuation(actual, actual + margin * icm_wallet_growth(own, wallet, probability), weight), margin being the contribution a unit of revenue (1 where actual is revenue). Own spend and wallet as of icm_share_of_wallet, with the same errors; 0 for a wallet of zero; NULL for a NULL, so of a prospect, whose own spend is NULL, give 0; error unless probability is from 0 to 1';

-- Of many customers: a summary.

CREATE TYPE icm_wallet;

CREATE FUNCTION icm_wallet_in(cstring) RETURNS icm_wallet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_in(cstring) IS 'I/O';
CREATE FUNCTION icm_wallet_out(icm_wallet) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_out(icm_wallet) IS 'I/O';
CREATE FUNCTION icm_wallet_recv(internal) RETURNS icm_wallet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_recv(internal) IS 'I/O';
CREATE FUNCTION icm_wallet_send(icm_wallet) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_send(icm_wallet) IS 'I/O';

CREATE TYPE icm_wallet (
    INPUT = icm_wallet_in,
    OUTPUT = icm_wallet_out,
    RECEIVE = icm_wallet_recv,
    SEND = icm_wallet_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_wallet IS
    'what customers spend here and in all, of one customer, a segment, anything: customers with a positive wallet, buyers (those of them who spend anything here), sums of own spend, wallet and share, of squares of own spend, products of both and squares of the wallet; apart from these, customers whose wallet is zero (no_spend), and customers and own spend of those whose wallet is unknown. Amounts in one unit, of one currency and period, at most 1e140; own spend of a customer is at most the wallet, so headroom is never negative. Sums are exact, so a merge loses nothing; what a square or product has below 4.9e-324 is cut off. What no customers can add up to is refused: own above the wallet, shares above buyers, and what contradicts Cauchy-Schwarz by more than 1e-9 of it. Text form {customers: 3, buyers: 2, own: 225, wallet: 1200, shares: 0.45, own_squares: 40625, products: 202500, wallet_squares: 1020000, no_spend: 1, unknown: 2, unknown_own: 80}, without what is 0, a sum as doubles that add up to it, as 0.30000000000000004 - 2.7755575615628914e-17; 56 bytes and 8 bytes a word of a sum: some 110 for whole amounts, 170 for amounts in cents';

-- Building.

CREATE FUNCTION icm_wallet_accum(state bytea, own float8, wallet float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_accum(bytea, float8, float8) IS 'transition function of icm_wallet_agg';
CREATE FUNCTION icm_wallet_rollup_accum(state bytea, wallet icm_wallet) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_rollup_accum(bytea, icm_wallet) IS 'transition function of icm_rollup';
CREATE FUNCTION icm_wallet_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_combine(bytea, bytea) IS 'combine function of icm_wallet_agg and icm_rollup';
CREATE FUNCTION icm_wallet_final(state bytea) RETURNS icm_wallet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_final(bytea) IS 'final function of icm_wallet_agg and icm_rollup';

CREATE AGGREGATE icm_wallet_agg(own float8, wallet float8) (
    SFUNC = icm_wallet_accum, STYPE = bytea, SSPACE = 400, COMBINEFUNC = icm_wallet_combine,
    FINALFUNC = icm_wallet_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_agg(float8, float8) IS
    'summary of customers, a row each: own spend and category spend, in one unit. A wallet of 0 is counted apart (no_spend), as there is no share of nothing; so is a customer whose wallet is NULL, unknown, with own spend; a row of two NULLs is nobody and left out. Own spend that exceeds the wallet by rounding only, at most 1e-12 of it, counts as the wallet, also in the sums. Error if it exceeds it by more, an amount is negative, NaN, infinite or beyond 1e140, or own is NULL where the wallet is not; NULL without rows. Sums are exact: the order of rows has no say, nor how they are parted';

CREATE AGGREGATE icm_rollup(wallet icm_wallet) (
    SFUNC = icm_wallet_rollup_accum, STYPE = bytea, SSPACE = 400, COMBINEFUNC = icm_wallet_combine,
    FINALFUNC = icm_wallet_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_rollup(icm_wallet) IS
    'summaries of several parts of the customers as one: of segments, regions, accounts; to the byte the summary of all their customers, by however many steps; NULL without rows';

CREATE FUNCTION icm_wallet_add(summary icm_wallet, own float8, wallet float8) RETURNS icm_wallet
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_add(icm_wallet, float8, float8) IS
    'the summary with one customer more, as icm_wallet_agg takes them; summary NULL: none yet';

-- Reading.

CREATE FUNCTION icm_wallet_n(summary icm_wallet) RETURNS int8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_n(icm_wallet) IS 'number of customers with a positive wallet';
CREATE FUNCTION icm_wallet_own(summary icm_wallet) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_own(icm_wallet) IS
    'own spend of the customers whose wallet is known, in the unit of the amounts';
CREATE FUNCTION icm_wallet_total(summary icm_wallet) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_total(icm_wallet) IS
    'category spend of the customers whose wallet is known, in the unit of the amounts';
CREATE FUNCTION icm_wallet_headroom(summary icm_wallet) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_headroom(icm_wallet) IS
    'what customers whose wallet is known spend elsewhere: sum of wallet - own, in the unit of the amounts; never negative';
CREATE FUNCTION icm_wallet_growth(summary icm_wallet, probability float8) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_wallet_growth_of_all';
COMMENT ON FUNCTION icm_wallet_growth(icm_wallet, float8) IS
    'spend to be won of all customers whose wallet is known, as expected: icm_wallet_headroom(summary) * probability, in the unit of the amounts; where each has a probability of their own, add up icm_wallet_growth(own, wallet, probability); error unless probability is from 0 to 1';
CREATE FUNCTION icm_wallet_share(summary icm_wallet) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_share(icm_wallet) IS
    'share of wallet as the ratio of sums, own spend of all / category spend of all, 0 to 1, in which large wallets weigh more: the company''s part of the market that these customers make; NULL without a positive wallet';
CREATE FUNCTION icm_wallet_mean_share(summary icm_wallet) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_mean_share(icm_wallet) IS
    'share of wallet as the mean of ratios, own / wallet of each customer with a positive wallet, 0 to 1, in which all weigh the same: how loyal a customer is on average; NULL without a positive wallet';
CREATE FUNCTION icm_wallet_penetration(summary icm_wallet) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_penetration(icm_wallet) IS
    'share of the customers with a positive wallet, that is, of those who buy in the category, who spend anything here, 0 to 1; where icm_dirichlet_fit wants a share of all customers, multiply by n / (n + no_spend) (see icm_wallet_stats); NULL without a positive wallet';
CREATE FUNCTION icm_wallet_stats(summary icm_wallet,
                                 OUT n int8, OUT own float8, OUT wallet float8, OUT share float8, OUT mean_share float8,
                                 OUT penetration float8, OUT headroom float8, OUT no_spend int8, OUT unknown int8, OUT unknown_own float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_stats(icm_wallet) IS
    'a summary in one row: customers with a positive wallet, their own spend, wallet, share (ratio of sums), mean_share (mean of ratios), penetration and headroom, as the functions of these names say; apart from them no_spend, customers whose wallet is zero, and unknown, customers whose wallet is unknown, with unknown_own, their own spend; shares NULL without a positive wallet';

-- Intervals, and what changed.

CREATE FUNCTION icm_wallet_share_interval(summary icm_wallet, confidence float8 DEFAULT 0.95,
                                          OUT share float8, OUT std_error float8, OUT lower float8, OUT upper float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_share_interval(icm_wallet, float8) IS
    'share of wallet as the ratio of sums R, 0 to 1, of customers who are a sample of many. std_error: its standard error by the delta method, sqrt(n / (n - 1) * sum of (own - R wallet)^2) / sum of wallet (Cochran 1977, Sampling Techniques, ch. 6). lower and upper: the interval of this confidence, R plus and minus so many standard errors of Student''s t distribution with n - 1 degrees of freedom, cut off at 0 and 1. Where few wallets make most of the sum, or few customers all of what is bought, it is too narrow still. Where all have the same share, as where nobody has bought, std_error is 0, and lower and upper are NULL: customers who do not differ do not tell how others would. All have the same share where own - R wallet of all together is no more than rounding of the amounts, its squares adding up to at most (1e-12)^2 times those of own and of R wallet. NULLs without a positive wallet; all but share NULL with only one; error unless confidence is more than 0 and less than 1';

CREATE TYPE icm_wallet_trend AS (
    share_before    float8,
    share_after     float8,
    change          float8,
    std_error       float8,
    lower           float8,
    upper           float8,
    t               float8,
    df              float8,
    p_value         float8,
    n_before        int8,
    n_after         int8,
    left_out        int8
);
COMMENT ON TYPE icm_wallet_trend IS
    'how share of wallet, as the ratio of sums, 0 to 1, changed from one period to the next: change = share_after - share_before, its standard error std_error, and its interval, within -1 and 1; t = change / std_error, its degrees of freedom df, and its two-sided p_value by Student''s t distribution; n_before and n_after, customers with a positive wallet in each period; left_out, customers who had no say. NULL where a share is not known, and of one customer. lower, upper, t, df and p_value are NULL too where customers do not differ, so that nothing tells how far the change may be off: std_error is 0 then, or made of one sample alone. Differences of no more than rounding of the amounts, 1e-12 of them, are none';

CREATE FUNCTION icm_wallet_change(before icm_wallet, after icm_wallet, confidence float8 DEFAULT 0.95) RETURNS icm_wallet_trend
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_change(icm_wallet, icm_wallet, float8) IS
    'how share of wallet changed between two summaries of independent samples, as two surveys of different customers, or two segments. std_error is the root of the sum of both squared standard errors of icm_wallet_share_interval, df its degrees of freedom by Welch 1947 and Satterthwaite 1946: (e1^2 + e2^2)^2 / (e1^4 / (n1 - 1) + e2^4 / (n2 - 1)) of standard errors e. Where that of either sample is 0, all in it having the same share, lower, upper, t, df and p_value are NULL: it tells nothing of its own error. For the same customers in two periods, whose shares go together, std_error is too large: see icm_wallet_change_agg. left_out: customers whose wallet is zero or unknown. Error unless confidence is more than 0 and less than 1';

CREATE FUNCTION icm_wallet_change_accum(state bytea, own_before float8, wallet_before float8, own_after float8, wallet_after float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_change_accum(bytea, float8, float8, float8, float8) IS 'transition function of icm_wallet_change_agg';
CREATE FUNCTION icm_wallet_change_accum(state bytea, own_before float8, wallet_before float8, own_after float8, wallet_after float8, confidence float8) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_change_accum(bytea, float8, float8, float8, float8, float8) IS 'transition function of icm_wallet_change_agg';
CREATE FUNCTION icm_wallet_change_combine(state bytea, other bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_change_combine(bytea, bytea) IS 'combine function of icm_wallet_change_agg';
CREATE FUNCTION icm_wallet_change_final(state bytea) RETURNS icm_wallet_trend
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_change_final(bytea) IS 'final function of icm_wallet_change_agg';

CREATE AGGREGATE icm_wallet_change_agg(own_before float8, wallet_before float8, own_after float8, wallet_after float8, confidence float8) (
    SFUNC = icm_wallet_change_accum, STYPE = bytea, SSPACE = 640, COMBINEFUNC = icm_wallet_change_combine,
    FINALFUNC = icm_wallet_change_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_change_agg(float8, float8, float8, float8, float8) IS
    'how share of wallet changed from one period to the next of the same customers, a row each, with an interval of this confidence. As their shares go together, std_error is sqrt(n / (n - 1) * sum of (d_after / wallets_after - d_before / wallets_before)^2), d = own - share * wallet of the customer, wallets the sum of all wallets of the period, by the delta method (Cochran 1977, Sampling Techniques, ch. 6); it has n - 1 degrees of freedom. Where everybody''s share changes by as much, it is 0, and lower, upper, t, df and p_value are NULL: where the terms of these differences cancel, but for rounding of the amounts, their squares adding up to at most (1e-12)^2 times those of the single terms. n: customers whose wallet is known in both periods, and positive in one at least; left_out: those whose wallet is unknown (NULL) in one, or zero in both; a row of four NULLs is nobody. Own spend that exceeds the wallet by rounding only counts as the wallet, and errors are as of icm_wallet_agg; error unless confidence is the same in all rows, more than 0 and less than 1; NULL without rows. Sums are exact: the order of rows has no say, nor how they are parted';
CREATE AGGREGATE icm_wallet_change_agg(own_before float8, wallet_before float8, own_after float8, wallet_after float8) (
    SFUNC = icm_wallet_change_accum, STYPE = bytea, SSPACE = 640, COMBINEFUNC = icm_wallet_change_combine,
    FINALFUNC = icm_wallet_change_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_wallet_change_agg(float8, float8, float8, float8) IS 'the same, with an interval of 95 %';

-- From ratings.

CREATE FUNCTION icm_wallet_allocation(rank float8, brands int) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_wallet_allocation(float8, int) IS
    'share of wallet, 0 to 1, of a brand with this rank (1: best) among the brands that a customer uses, by the Wallet Allocation Rule: (1 - rank / (brands + 1)) * 2 / brands; equal brands have the average of their ranks, so that the shares of a customer sum to 1; error unless brands is at least 1 and rank from 1 to brands; Keiningham, Aksoy, Buoye, Cooil 2011, "Customer loyalty isn''t enough. Grow your share of wallet", Harvard Business Review 89(10):29';
CREATE FUNCTION icm_wallet_allocation(rating float8) RETURNS float8
    LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_wallet_allocation_window';
COMMENT ON FUNCTION icm_wallet_allocation(float8) IS
    'window function, OVER (PARTITION BY customer), a row for each brand: share of wallet by the Wallet Allocation Rule of the rank of its rating, in any unit, among all rows of the partition, highest first, equal ratings with the average of their ranks; NULL for a rating of NULL, of a brand that is not rated and takes no part; error if a rating is NaN or infinite; 8 bytes of memory a row of the partition, 24 while shares are found';
