--
-- the fits: icm_bgnbd_fit, icm_mbgnbd_fit, icm_paretonbd_fit, icm_gammagamma_fit, icm_clv_fit, icm_sbg_fit
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
\set SHOW_CONTEXT never
-- pseudo-random, between 0 and 1, the same on every server
CREATE FUNCTION pg_temp.fraction(i int, seed bigint) RETURNS float8
LANGUAGE sql IMMUTABLE AS 'SELECT ((hashint4extended($1, $2) & 4294967295) + 0.5) / 4294967296::float8';

-- 900 customers as BG/NBD and Gamma-Gamma see them, first seen over 12 weeks: a purchase rate a day from Gamma(1, 40), a
-- chance to be lost after each repeat purchase from Beta(1, 2.5), prices from Gamma(3, v) with v from Gamma(4, 60).
-- Whole days and cents, so that the last digit of a server's logarithm has no say.
CREATE TABLE icm_customer AS
    SELECT customer, segment, icm_ledger_agg(day, revenue) AS ledger
    FROM (SELECT customer, segment, since + floor(at)::int AS day, round((price * size)::numeric, 2)::float8 AS revenue
          FROM (SELECT id AS customer, id % 3 AS segment, date '2025-01-01' + floor(pg_temp.fraction(id, 1) * 84)::int AS since,
                       -ln(pg_temp.fraction(id, 2)) / 40 AS rate, 1 - pg_temp.fraction(id, 3) ^ (1 / 2.5) AS p_loss,
                       60 / -ln(pg_temp.fraction(id, 4) * pg_temp.fraction(id, 5) * pg_temp.fraction(id, 6) * pg_temp.fraction(id, 7)) AS price
                FROM generate_series(1, 900) id) AS c,
               LATERAL (SELECT sum(CASE WHEN n > 0 THEN -ln(pg_temp.fraction(customer * 1000 + n, 8)) / rate ELSE 0 END) OVER (ORDER BY n) AS at,
                               bool_or(pg_temp.fraction(customer * 1000 + n, 9) < p_loss AND n > 0)
                                   OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS lost,
                               -ln(pg_temp.fraction(customer * 1000 + n, 10) * pg_temp.fraction(customer * 1000 + n, 11) *
                                   pg_temp.fraction(customer * 1000 + n, 12)) AS size
                        FROM generate_series(0, 100) n) AS purchase
          WHERE lost IS NOT TRUE AND at < 700) AS purchases
    GROUP BY 1, 2;
CREATE TABLE icm_history AS
    SELECT customer, segment, x, t_x, t, m FROM icm_customer, icm_btyd(ledger, '2025-12-31');
ALTER TABLE icm_customer SET (parallel_workers = 2);
ALTER TABLE icm_history SET (parallel_workers = 2);
ANALYZE icm_customer, icm_history;
SELECT count(*), sum(x), count(*) FILTER (WHERE x > 0) AS repeaters, max(x), count(m) FROM icm_history;
CREATE TEMP TABLE fit AS
    SELECT 'bgnbd' AS process, icm_bgnbd_fit(x, t_x, t) AS model FROM icm_history
    UNION ALL SELECT 'mbgnbd', icm_mbgnbd_fit(x, t_x, t) FROM icm_history
    UNION ALL SELECT 'paretonbd', icm_paretonbd_fit(x, t_x, t) FROM icm_history
    UNION ALL SELECT 'gammagamma', icm_gammagamma_fit(m, x) FROM icm_history;
CREATE TEMP VIEW param AS
    SELECT process, p.* FROM fit, icm_clv_params(model) WITH ORDINALITY p(part, param, estimate, std_error, i);
SELECT fit.process, i.unit_days, i.customers, i.spend_customers FROM fit, icm_clv_info(model) i ORDER BY process;
-- what the purchases were made with, inside three standard errors
SELECT param, abs(estimate - made_with) < 3 * std_error AS within, std_error / estimate < 0.3 AS sharp
FROM param JOIN (VALUES ('bgnbd', 'r', 1), ('bgnbd', 'alpha', 40 / 7.0), ('bgnbd', 'a', 1), ('bgnbd', 'b', 2.5),
                        ('gammagamma', 'p', 3), ('gammagamma', 'q', 4), ('gammagamma', 'gamma', 60)) AS v(process, param, made_with)
    USING (process, param) ORDER BY process, param;

-- Beside the likelihoods in plain SQL, of the logarithms of the parameters: with G(r+x)/G(r) and B(a+i,b+j)/B(a,b) as
-- products. BG/NBD and MBG/NBD: alive, plus lost at the last purchase (Fader, Hardie, Lee 2005, equation 6; Batislam et
-- al. 2007). Pareto/NBD: plus lost at u after it, by Simpson's rule in log(alpha + u).
CREATE FUNCTION pg_temp.loglik(process text, l float8[]) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
    r float8 := exp(l[1]);
    alpha float8 := exp(l[2]);
    a float8 := exp(l[3]);
    b float8 := exp(l[4]);
    d int := CASE process WHEN 'bgnbd' THEN 0 WHEN 'mbgnbd' THEN 1 END;     -- purchases at which one may be lost, less x
BEGIN
    IF process = 'paretonbd' THEN
        RETURN (SELECT sum(ln(chance) + (SELECT coalesce(sum(ln(r + i)), 0) FROM generate_series(0, x - 1) i) - x * ln(alpha))
                FROM icm_history,
                     LATERAL (SELECT (1 + t / alpha) ^ -(r + x) * (1 + t / b) ^ -a +
                                     a / b * ln((alpha + t) / (alpha + t_x)) / 1200 *
                                     sum((CASE WHEN i IN (0, 400) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END) *
                                         (alpha + u) * (1 + u / alpha) ^ -(r + x) * (1 + u / b) ^ -(a + 1))
                              FROM (SELECT i, (alpha + t_x) * ((alpha + t) / (alpha + t_x)) ^ (i / 400::float8) - alpha
                                    FROM generate_series(0, 400) i) AS s(i, u)) AS c(chance));
    END IF;
    RETURN (SELECT sum(rates + ln(exp(kept - (r + x) * ln(1 + t / alpha)) +
                                  CASE WHEN x + d > 0 THEN exp(kept_before + ln(a / (a + b + x + d - 1)) - (r + x) * ln(1 + t_x / alpha))
                                  ELSE 0 END))
            FROM icm_history,
                 LATERAL (SELECT coalesce(sum(ln(r + i)), 0) - x * ln(alpha) FROM generate_series(0, x - 1) i) AS s(rates),
                 LATERAL (SELECT coalesce(sum(ln((b + i) / (a + b + i))), 0),
                                 coalesce(sum(ln((b + i) / (a + b + i))) FILTER (WHERE i < x + d - 1), 0)
                          FROM generate_series(0, x + d - 1) i) AS k(kept, kept_before));
END
$$;
CREATE TEMP TABLE optimum AS
    SELECT process, ARRAY(SELECT ln(estimate) FROM param p WHERE p.process = fit.process ORDER BY i) AS at,
           string_to_array(substring(model::text FROM 'covariance: \[([^]]*)\]'), ' ')::float8[] AS covariance
    FROM fit WHERE process <> 'gammagamma';
ALTER TABLE optimum ADD loglik float8;
UPDATE optimum SET loglik = pg_temp.loglik(process, at);
SELECT process, abs(icm_clv_loglik(model) - loglik) < 1e-6 AS loglik
FROM fit JOIN optimum USING (process) ORDER BY process;
-- a step of 1/100 of a standard error along any parameter gains no more than 1e-6
SELECT process, bool_and(pg_temp.loglik(process, at[:i - 1] || at[i] + step * std_error / estimate || at[i + 1:]) < loglik + 1e-6) AS maximum
FROM optimum JOIN param USING (process), unnest('{-0.01,0.01}'::float8[]) step GROUP BY process ORDER BY process;
-- covariance * Hessian, the latter by differences, is the unit matrix; the former stands by rows, lower triangle
SELECT process, max(abs(product - (i = k)::int)) < 0.01 AS unit_matrix
FROM (SELECT process, i, k, sum(covariance[greatest(i, j) * (greatest(i, j) - 1) / 2 + least(i, j)] * -hessian) AS product
      FROM (SELECT process, covariance, j, k,
                   sum(dj * dk * pg_temp.loglik(process, ARRAY(SELECT at[n] + 0.01 * ((n = j)::int * dj + (n = k)::int * dk)
                                                               FROM generate_series(1, 4) n))) / 0.0004 AS hessian
            FROM optimum, generate_series(1, 4) j, generate_series(1, 4) k, unnest('{-1,1}'::int[]) dj, unnest('{-1,1}'::int[]) dk
            WHERE process <> 'paretonbd' GROUP BY 1, 2, 3, 4) AS h, generate_series(1, 4) i
      GROUP BY 1, 2, 3) AS p
GROUP BY process ORDER BY process;
-- Gamma-Gamma: log G(z) by Stirling's series at z + 10 (Fader, Hardie 2013, equation 1a)
CREATE FUNCTION pg_temp.log_gamma(z float8) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
    SELECT (y - 0.5) * ln(y) - y + ln(2 * pi()) / 2 + 1 / (12 * y) - 1 / (360 * y ^ 3) + 1 / (1260 * y ^ 5) - 1 / (1680 * y ^ 7) -
           ln(z * (z + 1) * (z + 2) * (z + 3) * (z + 4) * (z + 5) * (z + 6) * (z + 7) * (z + 8) * (z + 9))
    FROM (SELECT z + 10) AS s(y)
$$;
SELECT abs(sum(pg_temp.log_gamma(p * x + q) - pg_temp.log_gamma(p * x) - pg_temp.log_gamma(q) + q * ln(gamma) - ln(m) + p * x * ln(m * x) -
               (p * x + q) * ln(gamma + m * x)) - icm_clv_loglik(model)) < 1e-6 AS loglik
FROM icm_history,
     (SELECT model, (SELECT estimate FROM param WHERE param = 'p') AS p, (SELECT estimate FROM param WHERE param = 'q') AS q,
             (SELECT estimate FROM param WHERE param = 'gamma') AS gamma FROM fit WHERE process = 'gammagamma') AS f
WHERE x > 0 GROUP BY icm_clv_loglik(model);

-- icm_clv_fit: the purchase part of the histories joined with the spend part of m and x; bgnbd and a week if not given
SELECT purchase.process, fitted = icm_clv_model(purchase.model, spend.model)::text AS same
FROM (SELECT process, icm_clv_fit(ledger, '2025-12-31', process)::text
      FROM icm_customer, unnest('{bgnbd,mbgnbd,paretonbd}'::text[]) process GROUP BY process) AS f(process, fitted)
     JOIN fit purchase USING (process), fit spend
WHERE spend.process = 'gammagamma' ORDER BY 1;
SELECT icm_clv_fit(ledger, '2025-12-31')::text = icm_clv_fit(ledger, '2025-12-31', 'bgnbd')::text AND
       icm_clv_fit(ledger, '2025-12-31')::text = icm_clv_fit(ledger, '2025-12-31', 'bgnbd', 7)::text AS defaults
FROM icm_customer;
-- which reads back
SELECT process, model::text = model::text::icm_clv_model::text
       AND icm_clv_model_send(model) = icm_clv_model_send(model::text::icm_clv_model) AS same
FROM (SELECT * FROM fit UNION ALL SELECT 'both', icm_clv_fit(ledger, '2025-12-31') FROM icm_customer) AS m ORDER BY process;
-- as_of: what lies after it is not seen; ledgers without a purchase by then, or without any, are left out
SELECT (icm_clv_info(icm_clv_fit(ledger, '2025-06-30'))).*,
       icm_clv_fit(ledger, '2025-06-30')::text = icm_clv_fit(seen, '2025-06-30')::text AS not_seen,
       icm_clv_fit(ledger, '2025-06-30')::text = icm_clv_fit(ledger, '2025-06-30') FILTER (WHERE seen IS NOT NULL)::text AS left_out,
       count(seen) AS bought
FROM (SELECT ledger, (SELECT icm_ledger_agg(day, revenue) FROM icm_ledger_days(ledger) WHERE day <= '2025-06-30') FROM icm_customer
      UNION ALL SELECT '{2025-01-05 0 0 10}', NULL UNION ALL SELECT '{2025-01-05 0 -20 10}', NULL UNION ALL SELECT '{}', NULL
      UNION ALL SELECT NULL, NULL) AS c(ledger, seen);
-- spend: of those with repeat purchases of a positive mean; a first purchase says nothing of it
SELECT icm_gammagamma_fit(m, x)::text = model::text AS same
FROM (SELECT m, x FROM icm_history UNION ALL SELECT NULL, 0 UNION ALL SELECT NULL, NULL UNION ALL SELECT 10, 0 UNION ALL SELECT 0, 3
      UNION ALL SELECT -10, 3) AS h, (SELECT model FROM fit WHERE process = 'gammagamma') f GROUP BY model::text;

-- weights: rows that stand for several customers
SELECT process,
       CASE process WHEN 'bgnbd' THEN icm_bgnbd_fit(x, t_x, t, customer % 4) WHEN 'mbgnbd' THEN icm_mbgnbd_fit(x, t_x, t, customer % 4)
                    ELSE icm_paretonbd_fit(x, t_x, t, customer % 4) END::text = repeated AS same
FROM icm_history,
     (SELECT process, CASE process WHEN 'bgnbd' THEN icm_bgnbd_fit(x, t_x, t) WHEN 'mbgnbd' THEN icm_mbgnbd_fit(x, t_x, t)
                                   ELSE icm_paretonbd_fit(x, t_x, t) END::text
      FROM icm_history, generate_series(1, customer % 4), unnest('{bgnbd,mbgnbd,paretonbd}'::text[]) process
           GROUP BY process) AS r(process, repeated)
GROUP BY process, repeated ORDER BY process;
-- a billion times as many: the same parameters, the errors of so many
SELECT bool_and(abs(one.estimate / many.estimate - 1) < 1e-3 * one.std_error / one.estimate AND
                abs(one.std_error / many.std_error / sqrt(1e9) - 1) < 1e-3) AS same
FROM param one JOIN (SELECT (icm_clv_params(icm_bgnbd_fit(x, t_x, t, 1000000000))).* FROM icm_history) many USING (param)
WHERE process = 'bgnbd';

-- unit: in days, alpha and beta are 7 times what they are in weeks, and each purchase is 7 times as unlikely at its time
CREATE TEMP TABLE daily AS
    SELECT 'bgnbd' AS process, icm_bgnbd_fit(x, 7 * t_x, 7 * t, 1, 1) AS model FROM icm_history
    UNION ALL SELECT 'mbgnbd', icm_mbgnbd_fit(x, 7 * t_x, 7 * t, 1, 1) FROM icm_history
    UNION ALL SELECT 'paretonbd', icm_paretonbd_fit(x, 7 * t_x, 7 * t, 1, 1) FROM icm_history;
SELECT process, bool_and(abs(d.estimate / CASE WHEN param IN ('alpha', 'beta') THEN 7
                             ELSE 1 END - p.estimate) < 0.01 * p.std_error) AS estimates,
       bool_and(abs(d.std_error / d.estimate * p.estimate / p.std_error - 1) < 0.01) AS std_errors
FROM param p JOIN (SELECT process, (icm_clv_params(model)).* FROM daily) d USING (process, param) GROUP BY process ORDER BY process;
SELECT process, (icm_clv_info(d.model)).unit_days, abs(icm_clv_loglik(d.model) - icm_clv_loglik(f.model) + x * ln(7)) < 1e-4 AS loglik
FROM daily d JOIN fit f USING (process), (SELECT sum(x) FROM icm_history) AS s(x) ORDER BY process;

-- NULLs: a customer who has not bought is left out; one of whom something is known is an error. Nobody: NULL.
SELECT icm_bgnbd_fit(x, t_x, t)::text = icm_bgnbd_fit(x, t_x, t) FILTER (WHERE x IS NOT NULL)::text AS left_out,
       icm_bgnbd_fit(x, t_x, t, 1)::text = icm_bgnbd_fit(x, t_x, t, w)::text AS left_out_whatever_the_weight,
       icm_bgnbd_fit(x, t_x, t, 1)::text = icm_bgnbd_fit(x, t_x, t, w) FILTER (WHERE w <> 0)::text AS zero_is_nobody
FROM (SELECT x, t_x, t, 1 FROM icm_history UNION ALL VALUES (NULL, NULL, NULL, 1), (NULL, NULL, NULL, NULL), (NULL, NULL, NULL, -1),
      (3, 1, 2, 0)) AS h(x, t_x, t, w)
WHERE w IS DISTINCT FROM 0;
SELECT icm_bgnbd_fit(x, t_x, t) IS NULL AS bgnbd, icm_mbgnbd_fit(x, t_x, t, 1) IS NULL AS mbgnbd,
       icm_paretonbd_fit(x, t_x, t, 1, 7) IS NULL AS paretonbd,
       icm_bgnbd_fit(0, 0, 1, 0) IS NULL AS weightless, icm_gammagamma_fit(t, x) IS NULL AS gammagamma, icm_clv_fit(NULL, NULL) IS NULL AS clv,
       icm_clv_fit('{2025-01-05 0 0 10}', '2025-12-31', 'paretonbd', 1) IS NULL AS no_purchase, icm_sbg_fit(NULL) IS NULL AS sbg
FROM (VALUES (NULL::int, NULL::float8, NULL::float8), (NULL, NULL, NULL)) AS h(x, t_x, t);
SELECT icm_bgnbd_fit(x, t_x, t) IS NULL AS bgnbd, icm_gammagamma_fit(m, x) IS NULL AS gammagamma,
       (SELECT icm_clv_fit(ledger, '2025-12-31') IS NULL FROM icm_customer WHERE false) AS clv, icm_sbg_fit('{2,1}') IS NULL AS sbg
FROM icm_history WHERE false;

-- what is refused: histories that cannot be
SELECT fit, arguments, e.*
FROM (VALUES ('bgnbd', 'NULL, 0, 1'), ('mbgnbd', '0, NULL, 1'), ('paretonbd', '0, 0, NULL'), ('bgnbd', 'NULL, NULL, 1'),
      ('bgnbd', '0, 0, 1, NULL'),
             ('bgnbd', '-1, 0, 1'), ('bgnbd', '0, 0, -1'), ('bgnbd', '1, 2, 1'), ('bgnbd', '1, -1, 1'), ('bgnbd', '1, 0, 1'),
             ('bgnbd', '1, -0.0, 1'),
             ('bgnbd', '0, 1, 2'), ('mbgnbd', '1, ''NaN'', 1'), ('mbgnbd', '1, 1, ''NaN'''), ('paretonbd', '1, 1, ''Infinity'''),
             ('paretonbd', '1, ''-Infinity'', 1'), ('bgnbd', '0, 0, 1, -1'), ('mbgnbd', '0, 0, 1, -9223372036854775808'),
             ('bgnbd', '2, 3, 2, 0'),
             ('bgnbd', '0, 0, 1, 1, 0'), ('mbgnbd', '0, 0, 1, 1, -7'), ('paretonbd', '0, 0, 1, 1, ''NaN'''),
             ('bgnbd', '0, 0, 1, 1, ''Infinity'''),
             ('bgnbd', '0, 0, 1, 1, NULL'), ('bgnbd', 'NULL, NULL, NULL, 1, 0')) AS v(fit, arguments),
     pg_temp.error_of(format('SELECT icm_%s_fit(%s)', fit, arguments)) e;
SELECT icm_bgnbd_fit(1, 2, 1);
-- spends
SELECT arguments, e.*
FROM (VALUES ('NULL, 1'), ('NULL, -1'), ('10, NULL'), ('10, -1'), ('''NaN'', 1'), ('''Infinity'', 1'), ('''-Infinity'', 0')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_gammagamma_fit(%s)', arguments)) e;
-- ledgers, days, processes, units
SELECT arguments, e.*
FROM (VALUES ('NULL'), ('''infinity'''), ('''-infinity'''), ('''2025-12-31'', NULL'), ('''2025-12-31'', ''BGNBD'''), ('''2025-12-31'', '''''),
             ('''2025-12-31'', ''gammagamma'''), ('''2025-12-31'', ''sbg'''), ('''2025-12-31'', ''bgnbd'', NULL'),
             ('''2025-12-31'', ''bgnbd'', 0'),
             ('''2025-12-31'', ''bgnbd'', ''NaN'''), ('''2025-12-31'', ''bgnbd'', ''Infinity'''),
             ('''2025-12-31'', ''bgnbd'', 5e-324')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_clv_fit(''{2025-01-05 1 20 10}'', %s)', arguments)) e;
SELECT icm_clv_fit(ledger, '2025-12-31', 'bgbb') FROM icm_customer;
-- what is the same for all
SELECT icm_clv_fit(ledger, '2025-12-31', CASE WHEN segment = 0 THEN 'bgnbd' ELSE 'mbgnbd' END) FROM icm_customer;
SELECT icm_bgnbd_fit(x, t_x, t, 1, 1 + segment) FROM icm_history;
-- so many customers that they cannot be counted
SELECT icm_bgnbd_fit(1, 1, 2, 9223372036854775807) FROM generate_series(1, 2);
SELECT e.state, e.message FROM pg_temp.error_of('SELECT icm_bgnbd_fit(1, 1, 1 + i, 9223372036854775807) FROM generate_series(1, 2) i') e;

-- fewer than ten repeat customers
SELECT icm_bgnbd_fit(x, t_x, t) FROM (SELECT * FROM icm_history
                                      WHERE x = 0 UNION ALL (SELECT * FROM icm_history WHERE x > 0 ORDER BY customer LIMIT 9)) h;
SELECT icm_gammagamma_fit(i, 1) FROM generate_series(1, 9) i;
SELECT fit, e.message FROM unnest('{bgnbd,mbgnbd,paretonbd}'::text[]) fit, pg_temp.error_of(format('SELECT icm_%s_fit(0, 0, 10, 1000)', fit)) e;
SELECT e.message FROM pg_temp.error_of('SELECT icm_clv_fit(ledger, ''2025-01-09'') FROM icm_customer') e;
-- weights count: one row may be of ten customers
SELECT e.state, e.message FROM pg_temp.error_of('SELECT icm_bgnbd_fit(1, 2, 5, 9)') e UNION ALL
SELECT e.state, substr(e.message, 1, 12) FROM pg_temp.error_of('SELECT icm_bgnbd_fit(1, 2, 5, 10)') e;
-- data without a maximum: nobody is ever lost; all customers alike; all but alike; all in one instant
SELECT fit, data, e.state, e.message ~ 'did not converge|do not determine' AS says_so
FROM unnest('{bgnbd,mbgnbd,paretonbd}'::text[]) fit,
     (VALUES (1, 'i % 7, CASE WHEN i % 7 > 0 THEN 52 ELSE 0 END, 52'), (2, '3, 20, 30'), (3, '2, 20 + i % 2, 52'),
      (4, '1, 5e-324, 5e-324')) AS d(data, arguments),
     pg_temp.error_of(format('SELECT icm_%s_fit(%s) FROM generate_series(1, 300) i', fit, arguments)) e
ORDER BY fit, data;
SELECT data, e.state, e.message ~ 'did not converge|do not determine' AS says_so
FROM (VALUES (1, '10, 3'), (2, 'CASE WHEN i % 2 = 0 THEN 1 ELSE 1e6 END, 1'), (3, 'CASE WHEN i % 2 = 0 THEN 1e-300 ELSE 1e300 END, 1 + i % 3'))
     AS d(data, arguments), pg_temp.error_of(format('SELECT icm_gammagamma_fit(%s) FROM generate_series(1, 300) i', arguments)) e
ORDER BY data;
-- one purchase each does not tell how customers differ: the likelihood still rises at q of a hundred million
SELECT e.state FROM pg_temp.error_of('SELECT icm_gammagamma_fit(10 + i % 7, 1) FROM generate_series(1, 1000) i') e;
-- a few customers who do not tell how many are lost
SELECT e.state, e.message, e.detail LIKE 'The search ended at r %' AS detail
FROM pg_temp.error_of('SELECT icm_bgnbd_fit(x, t_x, t) FROM icm_history WHERE customer % 45 = 32') e;
-- prices so uneven that they have no mean
SELECT e.state, regexp_replace(e.detail, '0\.\d+', 'below 1') AS detail
FROM pg_temp.error_of('SELECT icm_gammagamma_fit(exp(20 * (pg_temp.fraction(i, 1) + pg_temp.fraction(i, 2) + pg_temp.fraction(i, 3) - 1.5)), 1 + i % 3)
                       FROM generate_series(1, 1000) i') e;

-- the order of the customers has no say, nor has how they are parted: the same text. Without a final function an
-- aggregate returns its state.
CREATE AGGREGATE pg_temp.state_agg(int, float8, float8) (SFUNC = icm_history_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.spend_state_agg(float8, int) (SFUNC = icm_spend_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.clv_state_agg(icm_ledger, date, text) (SFUNC = icm_clv_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.bgnbd_agg(bytea) (SFUNC = icm_fit_combine, STYPE = bytea, FINALFUNC = icm_bgnbd_final);
CREATE AGGREGATE pg_temp.mbgnbd_agg(bytea) (SFUNC = icm_fit_combine, STYPE = bytea, FINALFUNC = icm_mbgnbd_final);
CREATE AGGREGATE pg_temp.paretonbd_agg(bytea) (SFUNC = icm_fit_combine, STYPE = bytea, FINALFUNC = icm_paretonbd_final);
CREATE AGGREGATE pg_temp.gammagamma_agg(bytea) (SFUNC = icm_fit_combine, STYPE = bytea, FINALFUNC = icm_gammagamma_final);
CREATE AGGREGATE pg_temp.clv_agg(bytea) (SFUNC = icm_fit_combine, STYPE = bytea, FINALFUNC = icm_clv_final);
CREATE TEMP TABLE serial AS
    SELECT bgnbd.model::text AS bgnbd, mbgnbd.model::text AS mbgnbd, paretonbd.model::text AS paretonbd, gammagamma.model::text AS gammagamma
    FROM fit bgnbd, fit mbgnbd, fit paretonbd, fit gammagamma
    WHERE bgnbd.process = 'bgnbd' AND mbgnbd.process = 'mbgnbd' AND paretonbd.process = 'paretonbd' AND gammagamma.process = 'gammagamma';
SELECT count(*) AS orders, bool_and(p.bgnbd = s.bgnbd AND p.mbgnbd = s.mbgnbd AND p.paretonbd = s.paretonbd
                                    AND p.gammagamma = s.gammagamma) AS same
FROM serial s, generate_series(1, 4) k,
     LATERAL (SELECT icm_bgnbd_fit(x, t_x, t ORDER BY hashint4extended(customer, k))::text AS bgnbd,
                     icm_mbgnbd_fit(x, t_x, t ORDER BY hashint4extended(customer, k))::text AS mbgnbd,
                     icm_paretonbd_fit(x, t_x, t ORDER BY hashint4extended(customer, k))::text AS paretonbd,
                     icm_gammagamma_fit(m, x ORDER BY hashint4extended(customer, k))::text AS gammagamma FROM icm_history) p;
SELECT count(*) AS partitions, bool_and(p.bgnbd = s.bgnbd AND p.mbgnbd = s.mbgnbd AND p.paretonbd = s.paretonbd
                                        AND p.gammagamma = s.gammagamma) AS same
FROM serial s, generate_series(1, 9, 2) k,
     LATERAL (SELECT pg_temp.bgnbd_agg(state ORDER BY hashint4extended(part, k))::text AS bgnbd, pg_temp.mbgnbd_agg(state)::text AS mbgnbd,
                     pg_temp.paretonbd_agg(state)::text AS paretonbd, pg_temp.gammagamma_agg(spends)::text AS gammagamma
              FROM (SELECT part, pg_temp.state_agg(x, t_x, t ORDER BY hashint4extended(customer, k)), pg_temp.spend_state_agg(m, x)
                    FROM generate_series(1, k) part LEFT JOIN icm_history ON floor(pg_temp.fraction(customer, k) * k) + 1 = part
                    GROUP BY part) AS parts(part, state, spends)) p;
SELECT pg_temp.clv_agg(state)::text = icm_clv_model(serial.mbgnbd::icm_clv_model, serial.gammagamma::icm_clv_model)::text AS same
FROM (SELECT pg_temp.clv_state_agg(ledger, '2025-12-31', 'mbgnbd') FROM icm_customer GROUP BY customer % 7) AS parts(state), serial
GROUP BY serial.mbgnbd, serial.gammagamma;
-- one that is stored: its address and size are another's to choose
CREATE TEMP TABLE state AS SELECT i, repeat('x', i) AS shift, (SELECT pg_temp.state_agg(x, t_x, t) FROM icm_history) AS history
FROM generate_series(1, 8) i;
ALTER TABLE state ALTER history SET STORAGE PLAIN, ADD small bytea;
UPDATE state SET small = (SELECT pg_temp.state_agg(0, 0, 1));
SELECT bool_and(model = bgnbd) AS same
FROM serial, LATERAL (SELECT pg_temp.bgnbd_agg(history)::text FROM state GROUP BY i) AS p(model);

-- parallel plans are parallel, and give the same
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines ~ 'Finalize .*Aggregate' AND lines ~ 'Partial .*Aggregate' AND lines ~ 'Workers Planned: [1-9]';
END
$$;
-- the whole result of a query for key and model
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || model::text, E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TABLE icm_cohort AS SELECT i % 3 AS segment, ARRAY[1000 + i, 900 - i % 50, 800 - i % 60, 700 - i % 70]::int8[] AS alive
FROM generate_series(1, 1000) i;
ALTER TABLE icm_cohort SET (parallel_workers = 2);
ANALYZE icm_cohort;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_bgnbd_fit(x, t_x, t) AS model FROM icm_history'),
    (2, 'SELECT 1 AS key, icm_mbgnbd_fit(x, t_x, t, 2) AS model FROM icm_history'),
    (3, 'SELECT 1 AS key, icm_paretonbd_fit(x, t_x, t, 1, 7) AS model FROM icm_history'),
    (4, 'SELECT segment AS key, icm_gammagamma_fit(m, x) AS model FROM icm_history GROUP BY segment'),
    (5, 'SELECT segment AS key, icm_clv_fit(ledger, ''2025-12-31'') AS model FROM icm_customer GROUP BY segment'),
    (6, 'SELECT 1 AS key, icm_clv_fit(ledger, ''2025-12-31'', ''mbgnbd'', 1) AS model FROM icm_customer'),
    (7, 'SELECT segment AS key, icm_sbg_fit(alive) AS model FROM icm_cohort GROUP BY segment'),
    (8, 'SELECT 1 AS key, icm_sbg_fit(alive, 30) AS model FROM (SELECT * FROM icm_cohort UNION ALL SELECT * FROM icm_cohort) c');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 100 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET enable_hashagg = off;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;

-- by segment: each as if it were alone; the state of a window can grow after a model was made of it
SELECT segment, icm_bgnbd_fit(x, t_x, t)::text = (SELECT icm_bgnbd_fit(x, t_x, t)::text FROM icm_history o
                                                  WHERE o.segment = h.segment) AS as_alone
FROM icm_history h GROUP BY segment ORDER BY segment;
SELECT segment, growing = (SELECT icm_bgnbd_fit(x, t_x, t)::text FROM icm_history o WHERE o.segment <= w.segment) AS growing,
       moving = (SELECT icm_gammagamma_fit(m, x)::text FROM icm_history o WHERE o.segment IN (w.segment, w.segment + 1)) AS moving
FROM (SELECT DISTINCT segment, icm_bgnbd_fit(x, t_x, t) OVER (ORDER BY segment)::text,
             icm_gammagamma_fit(m, x) OVER (ORDER BY segment RANGE BETWEEN CURRENT ROW AND 1 FOLLOWING)::text
             FROM icm_history) AS w(segment, growing, moving)
ORDER BY segment;

-- the support functions: by the aggregate only, and with a state that is one
SELECT call, e.state, e.message
FROM unnest(ARRAY['icm_history_accum(NULL, 0, 0, 1)', 'icm_history_accum(NULL, 0, 0, 1, 1)', 'icm_history_accum(NULL, NULL, NULL, NULL, 1, 7)',
                  'icm_spend_accum(NULL, 10, 1)', 'icm_spend_accum(NULL, NULL, 0)', 'icm_clv_accum(NULL, NULL, ''2025-12-31'')',
                  'icm_clv_accum(NULL, ''{}'', ''2025-12-31'', ''bgnbd'')', 'icm_clv_accum(NULL, ''{}'', ''2025-12-31'', ''bgnbd'', 7)',
                  'icm_fit_combine(NULL, NULL)', 'icm_bgnbd_final('''')', 'icm_mbgnbd_final('''')', 'icm_paretonbd_final('''')',
                  'icm_gammagamma_final('''')', 'icm_clv_final('''')', 'icm_sbg_accum(NULL, NULL)', 'icm_sbg_accum(NULL, ''{2,1}'', 7)',
                  'icm_sbg_combine(NULL, NULL)', 'icm_sbg_final('''')']) WITH ORDINALITY c(call, i),
     pg_temp.error_of('SELECT ' || call) e ORDER BY i;
SELECT icm_bgnbd_final(NULL) IS NULL AS bgnbd, icm_clv_final(NULL) IS NULL AS clv, icm_sbg_final(NULL) IS NULL AS sbg;
-- corrupt ones: the version, the size of the table, padding, unit_days, the process, the numbers of histories and of
-- spends; cut short and too long; a history that is free, twice there, or cannot be
CREATE TEMP TABLE corrupt AS
    SELECT what, overlay(state placing bytes FROM at + 1) AS state
    FROM (SELECT pg_temp.clv_state_agg(ledger, '2025-12-31', 'bgnbd') FROM icm_customer WHERE customer <= 30) AS s(state),
         (VALUES ('version', 0, '\x02'::bytea), ('table', 1, '\x00'), ('table', 1, '\x07'), ('table', 1, '\x19'), ('table', 1, '\xff'),
          ('padding', 2, '\x0100'),
                 ('unit_days', 4, '\x0000000000000000'), ('unit_days', 4, '\xffffffffffffffff'), ('process', 20, '\x04040404'),
                 ('process', 20, '\xffffffff'), ('histories', 92, '\xffffffffffffffff'), ('histories', 92, '\x0100000000000000'),
                 ('histories', 92, '\xffffff7fffffff7f'), ('spends', 100, '\xffffffffffffffff'), ('spends', 100, '\xffffff7fffffff7f'),
                 ('table of garbage', 108, decode(repeat('ff', 1024), 'hex')),
                 ('table of nothing', 108, decode(repeat('00', 1024), 'hex'))) AS v(what, at, bytes);
INSERT INTO corrupt
    SELECT 'cut', substr(state, 1, n) FROM corrupt, generate_series(0, 400, 50) n WHERE what = 'table of nothing'
    UNION ALL SELECT 'empty', '' UNION ALL SELECT 'zeros', decode(repeat('00', 200), 'hex') UNION ALL SELECT 'ones',
    decode(repeat('ff', 200), 'hex');
SELECT what, count(*), array_agg(DISTINCT f.message) = '{transition state of a fit is corrupt}' AS by_the_fit,
       array_agg(DISTINCT f.state) = '{XX001}' AS state
FROM corrupt c, pg_temp.error_of(format('SELECT pg_temp.clv_agg(%L::bytea)', c.state)) f GROUP BY what ORDER BY what;

-- contracts: the published fits (Fader, Hardie 2007, "How to project customer retention", tables 1 and 3; their data are of
-- 1000 contracts, by year)
CREATE TEMP TABLE cohort (segment text, alive int8[], alpha float8, beta float8);
INSERT INTO cohort VALUES ('high end', '{1000,869,743,653,593,551,517,491}', 0.668, 3.806),
    ('regular', '{1000,631,468,382,326,289,262,241}', 0.704, 1.182);
SELECT segment, i.process, i.unit_days, i.customers, i.spend_customers,
       (SELECT array_agg(param ORDER BY param) FROM icm_clv_params(model)) AS params,
       (SELECT bool_and(abs(estimate - CASE param WHEN 'alpha' THEN alpha ELSE beta END) < 0.001) FROM icm_clv_params(model)) AS published
FROM (SELECT segment, alpha, beta, icm_sbg_fit(alive) FROM cohort GROUP BY 1, 2, 3) AS f(segment, alpha, beta, model), icm_clv_info(model) i
ORDER BY segment;
-- by hand: 100, 60 and 40 contracts are retention of 0.6 and 2/3. With two parameters the fit is exact: alpha / (alpha + beta)
-- = 0.4, (beta + 1) / (alpha + beta + 1) = 2/3, so alpha 2, beta 3; log-likelihood 40 ln 0.4 + 20 ln 0.2 + 40 ln 0.4
SELECT part, param, round(estimate::numeric, 2) AS estimate, abs(icm_clv_loglik(model) - (80 * ln(0.4) + 20 * ln(0.2))) < 1e-6 AS loglik,
       icm_clv_loglik(model) = icm_clv_loglik(model, 'retention') AS of_part
FROM (SELECT icm_sbg_fit('{100,60,40}')) AS f(model), icm_clv_params(model);
-- cohorts add up, whenever each began; of one customer each is the same
SELECT icm_sbg_fit(alive)::text = icm_sbg_fit(alive) FILTER (WHERE alive IS NOT NULL)::text AS nulls_left_out,
       icm_sbg_fit(alive)::text = (SELECT icm_sbg_fit(alive)::text FROM (VALUES ('{300,180,120}'::int8[]), ('{200,140}')) AS v(alive)) AS sums,
       icm_sbg_fit(alive)::text = icm_sbg_fit(alive, 365.25)::text AS of_a_year
FROM (VALUES ('{100,60,40}'::int8[]), (NULL), ('{200,140}'), ('{200,120,80}'), ('{0,0}'), ('{0,0,0,0}')) AS v(alive);
SELECT icm_sbg_fit(alive)::text = (SELECT icm_sbg_fit('{100,60,40}')::text) AS same
FROM (SELECT '{1,0}'::int8[] FROM generate_series(1, 40) UNION ALL SELECT '{1,1,0}' FROM generate_series(1, 20)
      UNION ALL SELECT '{1,1,1}' FROM generate_series(1, 40)) AS c(alive);
SELECT icm_sbg_fit('[7:9]={100,60,40}')::text = icm_sbg_fit('{100,60,40}')::text AS other_subscripts,
       (icm_clv_info(icm_sbg_fit('{100,60,40}', 30))).unit_days;
-- what is refused
SELECT arguments, e.*
FROM (VALUES ('''{}'''), ('''{100}'''), ('''{{100,60},{40,20}}'''), ('''{100,NULL,40}'''), ('''{100,60,61}'''), ('''{100,-1}'''),
      ('''{-1,-1}'''),
             ('array_fill(7::int8, ARRAY[10002])'), ('''{100,60,40}'', 0'), ('''{100,60,40}'', -1'), ('''{100,60,40}'', ''NaN'''),
             ('''{100,60,40}'', ''Infinity'''), ('''{100,60,40}'', NULL')) AS v(arguments),
             pg_temp.error_of(format('SELECT icm_sbg_fit(%s)', arguments)) e;
SELECT icm_sbg_fit('{100,60,61}');
SELECT icm_sbg_fit('{100,60,40}', i) FROM generate_series(1, 2) i;
SELECT icm_sbg_fit('{9223372036854775807,100}') FROM generate_series(1, 2) i;
-- fewer than ten lost; all lost at once; retention that falls; and too few of those with alpha 4.5, beta 4.5
SELECT alive, e.state FROM unnest('{"{1000,991}","{0,0}","{100,0}","{1000,900,500,100}","{40,20,11}"}'::text[]) WITH ORDINALITY a(alive, i),
     pg_temp.error_of(format('SELECT icm_sbg_fit(%L)', alive)) e ORDER BY i;
SELECT param, round(estimate::numeric, 1) AS estimate FROM icm_clv_params((SELECT icm_sbg_fit('{4000,2000,1100}')));
SELECT icm_sbg_fit('{40,20,11}');
-- a long one; corrupt states
SELECT (icm_clv_info(icm_sbg_fit(ARRAY(SELECT 1000000 / i FROM generate_series(1, 10001) i)::int8[]))).customers;
CREATE AGGREGATE pg_temp.contract_state_agg(int8[]) (SFUNC = icm_sbg_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.sbg_agg(bytea) (SFUNC = icm_sbg_combine, STYPE = bytea, FINALFUNC = icm_sbg_final);
SELECT pg_temp.sbg_agg(state ORDER BY length(state))::text = pg_temp.sbg_agg(state ORDER BY length(state) DESC)::text AS lengths,
       pg_temp.sbg_agg(state)::text = (SELECT icm_sbg_fit(alive)::text FROM cohort)::text AS same
FROM (SELECT pg_temp.contract_state_agg(alive[:n]) FROM cohort, (VALUES ('high end', 8), ('regular', 8)) AS v(s, n) WHERE segment = s
      GROUP BY segment
      UNION ALL SELECT NULL) AS p(state);
SELECT what, e.state, e.message
FROM (SELECT pg_temp.contract_state_agg(alive) FROM cohort) AS s(state),
     LATERAL (VALUES ('version', overlay(state placing '\x02020202' FROM 1)), ('unit_days', overlay(state placing '\x0000000000000000' FROM 5)),
                     ('unit_days NaN', overlay(state placing '\xffffffffffffffff' FROM 5)),
                     ('a count', overlay(state placing '\xffffffffffffffff' FROM 13)),
                     ('cut', substr(state, 1, 100)), ('cut to nothing', substr(state, 1, 12)), ('empty', '')) AS v(what, state2),
     pg_temp.error_of(format('SELECT pg_temp.sbg_agg(%L::bytea)', state2)) e ORDER BY what COLLATE "C";

DROP TABLE icm_customer, icm_history, icm_cohort;
