-- grade: cutting a scale from a distribution.

CREATE FUNCTION icm_scale(distribution icm_distribution, grades int, method text) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'icm_scale_of_distribution';
COMMENT ON FUNCTION icm_scale(icm_distribution, int, text) IS
    'scale of 2 to 26 grades cut from a distribution, by the methods of icm_scale_agg, whose very scale it is as long as the distribution is exact; else cuts lie between its buckets, so that counts and sums of the grades are exact all the same, and a cut by quantile or pareto is off by less than its relative error (one by kmeans or logkmeans is that of the best groups of the buckets); values from -1e100 to 1e100; errors as of icm_scale_agg';
CREATE FUNCTION icm_scale(distribution icm_distribution, grades int, method text, fewer bool) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'icm_scale_of_distribution';
COMMENT ON FUNCTION icm_scale(icm_distribution, int, text, bool) IS
    'the same; fewer: where there are fewer distinct values than grades, as many grades as there are values, and NULL, not an error, where not even two grades can be';
CREATE FUNCTION icm_scale_shares(distribution icm_distribution, shares float8[], method text) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_shares(icm_distribution, float8[], text) IS
    'scale at shares of the best, as of icm_scale_shares_agg, cut from a distribution';
CREATE FUNCTION icm_scale_shares(distribution icm_distribution, shares float8[], method text, fewer bool) RETURNS icm_scale
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_shares(icm_distribution, float8[], text, bool) IS
    'the same; fewer: as of icm_scale_shares_agg';

-- Has the standard come of age?

CREATE FUNCTION icm_scale_drift(scale icm_scale, distribution icm_distribution,
                                OUT psi float8, OUT ks float8, OUT expected float8[], OUT actual float8[])
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_scale_drift(icm_scale, icm_distribution) IS
    'how far values have moved from those that a scale was cut from: shares of the grades then and now, the worst first; psi, the population stability index of the two (icm_psi; by custom below 0.1 is stable, above 0.25 is time to cut again: Siddiqi 2006, Credit Risk Scorecards); ks, the largest difference of the shares below a cut (Kolmogorov-Smirnov); now is exact at cuts between buckets of the distribution, estimated within one; error if the scale was not cut from values';
CREATE FUNCTION icm_scale_drift(standard text, distribution icm_distribution,
                                OUT psi float8, OUT ks float8, OUT expected float8[], OUT actual float8[])
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000
    AS $$ SELECT * FROM @extschema@.icm_scale_drift(@extschema@.icm_standard_scale(standard), distribution) $$;
COMMENT ON FUNCTION icm_scale_drift(text, icm_distribution) IS
    'the same of the published scale of that name';
