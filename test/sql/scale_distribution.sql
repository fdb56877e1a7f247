--
-- scales and distributions: cutting the one from the other, and the drift of a scale
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    state := SQLSTATE;
    message := SQLERRM;
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;

-- as long as a distribution is exact, its scale is that of the values: to the bit
CREATE TEMP TABLE few AS
    SELECT i % 7 AS part, CASE i % 3 WHEN 0 THEN floor(sqrt(hashint4(i) & 1048575)) - 100 ELSE (i * 37 % 2000) / 8.0 END AS v
    FROM generate_series(1, 20000) i;
SELECT method, count(*) AS scales,
       count(*) FILTER (WHERE icm_scale_send(icm_scale(d, grades, method)) <> icm_scale_send(scale)) AS otherwise
FROM (SELECT method, grades, icm_distribution_agg(v) AS d, icm_scale_agg(v, grades, method) AS scale
      FROM few, unnest(ARRAY['quantile', 'pareto', 'kmeans', 'logkmeans']) method, unnest(ARRAY[2, 5, 7, 26]) grades
      GROUP BY method, grades) s
GROUP BY method ORDER BY method;
SELECT method, icm_scale_send(icm_scale_shares(icm_distribution_agg(v), ARRAY[0.2, 0.5, 0.95], method))
       = icm_scale_send(icm_scale_shares_agg(v, ARRAY[0.2, 0.5, 0.95], method)) AS same
FROM few, unnest(ARRAY['quantile', 'pareto']) method GROUP BY method ORDER BY method;
SELECT icm_cuts(icm_scale(icm_distribution_agg(i), 7, 'kmeans', true)) AS fewer FROM generate_series(1, 3) i;

SELECT icm_cuts(icm_scale_shares(icm_distribution_agg(i), '{0.2,0.5,0.9}', 'pareto', true)) AS first_shares,
       icm_scale(icm_distribution_agg(i - i), 7, 'kmeans', true) IS NULL AS none FROM generate_series(1, 3) i;

-- beyond that, cuts lie between buckets: what the grades hold is exact, and a cut by quantile or pareto
-- is at most a bucket's width below that of the values
CREATE TEMP TABLE many AS
    SELECT exp(4 + 3 * (((hashint4(i) & 65535) + (hashint4(-i) & 65535)) / 65535.0 - 1)) AS v FROM generate_series(1, 50000) i;
CREATE TEMP TABLE cut AS
    SELECT method, icm_scale_agg(v, 7, method) AS exact, icm_scale(icm_distribution_agg(v), 7, method) AS scale,
           (icm_distribution_stats(icm_distribution_agg(v))).relative_error AS error
    FROM many, unnest(ARRAY['quantile', 'pareto', 'kmeans', 'logkmeans']) method GROUP BY method;
SELECT method, error > 0 AS estimated, bool_and(n = customers) AS counts, bool_and(abs(total - sum) <= 1e-9 * sum) AS sums
FROM cut, icm_scale_grades(scale) g
    JOIN LATERAL (SELECT count(*) AS n, sum(v) AS total FROM many WHERE icm_grade(v, scale) = g.grade) graded ON true
GROUP BY method, error ORDER BY method;
SELECT method, bool_and(CASE WHEN method IN ('quantile', 'pareto') THEN cut <= exact_cut AND cut > exact_cut * (1 - error)
                        ELSE abs(cut - exact_cut) < 0.05 * exact_cut END) AS close
FROM cut, unnest(icm_cuts(scale), icm_cuts(exact)) AS c (cut, exact_cut) GROUP BY method ORDER BY method;
SELECT method, (icm_scale_stats(exact)).variance_explained - (icm_scale_stats(scale)).variance_explained < 0.001 AS as_good
FROM cut ORDER BY method;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('d, 1, ''quantile'''), ('d, 27, ''kmeans'''), ('d, 5, ''jenks'''), ('d, 4, ''kmeans'''), ('d, 5, ''logkmeans'', true')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_scale(%s) FROM (SELECT icm_distribution_agg(i) AS d FROM generate_series(-2, 0) i) s', arguments)) e;
SELECT e.* FROM pg_temp.error_of('SELECT icm_scale(icm_distribution_agg(v), 2, ''quantile'') FROM (VALUES (1e200), (-1e200)) AS d (v)') e;
SELECT shares, method, e.*
FROM (VALUES ('{0.8,0.5}', 'pareto'), ('{0,0.5}', 'quantile'), ('{80,95}', 'pareto'), ('{0.5}', 'kmeans'), ('{}', 'pareto'), ('{0.5,NULL}', 'pareto')) AS v(shares, method),
     pg_temp.error_of(format('SELECT icm_scale_shares(icm_distribution_agg(i), %L::float8[], %L) FROM generate_series(1, 9) i', shares, method)) e;

-- drift: 20 a grade then, and 10, 20, 20, 20, 30 now, so psi is 0.1 ln 2 + 0.1 ln 1.5
SELECT round(psi::numeric, 10) AS psi, round((0.1 * ln(2.0) + 0.1 * ln(1.5))::numeric, 10) AS by_hand, round(ks::numeric, 10) AS ks,
       expected, actual
FROM (SELECT icm_scale_agg(i) AS scale, icm_distribution_agg(i + 10) AS today FROM generate_series(1, 100) i) s, icm_scale_drift(scale, today);
-- no drift; a grade that is empty now
SELECT psi, ks FROM (SELECT icm_scale_agg(v, 7, 'kmeans') AS scale, icm_distribution_agg(v) AS today FROM few) s, icm_scale_drift(scale, today);
SELECT psi, ks, actual FROM (SELECT icm_scale_agg(i) AS scale, icm_distribution_agg(i) FILTER (WHERE i <= 50) AS today FROM generate_series(1, 100) i) s,
     icm_scale_drift(scale, today);
-- by name, and where the cuts lie within buckets: near what the values themselves say
BEGIN;
SELECT icm_publish('scale', 'drifting', icm_scale_agg(v, 5, 'quantile')::text) FROM many;
SELECT abs(psi - exact) < 0.001 * exact AS psi, exact > 0.01 AS moved
FROM (SELECT icm_distribution_agg(v * 1.2) AS today,
             icm_psi(ARRAY[1, 1, 1, 1, 1], ARRAY(SELECT count(*)::float8 FROM many GROUP BY icm_grade(v * 1.2, 'drifting') ORDER BY icm_grade(v * 1.2, 'drifting') DESC)) AS exact
      FROM many) s, icm_scale_drift('drifting', today);
ROLLBACK;
SELECT e.* FROM pg_temp.error_of('SELECT icm_scale_drift(icm_scale(ARRAY[1, 2]), icm_distribution_agg(i)) FROM generate_series(1, 9) i') e;
