--
-- icm_dirichlet: text and binary form, fit, norms, duplication and distribution by the NBD-Dirichlet model
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

-- text: brands by share, the largest first, then by bytes; keys in any order; white space is free; quotes where they are needed
SELECT '{M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25 penetration 0.2, "Beta 2": 0.1}}'::icm_dirichlet;
SELECT input, input::icm_dirichlet AS output
FROM (VALUES ('{brands:{a:1},S:1,K:1,M:1}'), (E' { M : 1e0,\n"K": +2.0 , S:\t3, brands : { a : .5 penetration 0.10 } } '),
             ('{M: 1, K: 1, S: 1, brands: {b: 0.1, a: 0.1, c: 0.2, B: 0.1}}'),
             ('{M: 1, K: 1, S: 1, brands: {penetration: 0.5 penetration 0.3, brands: 0.1, M: 0.05, "1": 0.04, "say ""ä""": 0.03, "}": 0.02}}'),
             ('{M: 1e-9, K: 1e-6, S: 1e6, brands: {a: 1e-6}}'), ('{M: 1e9, K: 1e6, S: 1e-6, brands: {a: 0.30000000000000004, b: 0.7 penetration 1}}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 0.9999990001, b: 0.000001}}'), ('{M: 1, K: 1, S: 1, brands: {a: 1 penetration 0.5000000001}}')) AS v(input);
SELECT ('{M: 1, K: 1, S: 1, brands: {' || repeat('x', 63) || ': 1}}')::icm_dirichlet::text = '{M: 1, K: 1, S: 1, brands: {' || repeat('x', 63) || ': 1}}' AS of_63_bytes;
SET extra_float_digits = -15;
SELECT '{M: 0.30000000000000004, K: 1, S: 1, brands: {a: 0.1}}'::icm_dirichlet;
RESET extra_float_digits;

-- what is refused
SELECT input, e.state, e.detail
FROM (VALUES (''), ('{'), ('{}'), ('M: 1'), ('{M: 1, K: 1, S: 1}'), ('{M: 1, K: 1, brands: {a: 1}}'), ('{M: 1, S: 1, brands: {a: 1}}'), ('{K: 1, S: 1, brands: {a: 1}}'),
             ('{m: 1, K: 1, S: 1, brands: {a: 1}}'), ('{M: 1, M: 1, K: 1, S: 1, brands: {a: 1}}'), ('{M: 1, K: 1, S: 1, brands: {a: 1}} x'), ('{M: 1, K: 1, S: 1, brands: {a: 1}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 1}, }'), ('{M: 1, K: 1, S: 1, brands: {a: 1,}}'), ('{M: 1, K: 1, S: 1, brands: {}}'), ('{M: 1, K: 1, S: 1, brands: a}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 1}, brands: {b: 1}}'),
             ('{M: 0, K: 1, S: 1, brands: {a: 1}}'), ('{M: -1, K: 1, S: 1, brands: {a: 1}}'), ('{M: 1.1e9, K: 1, S: 1, brands: {a: 1}}'), ('{M: NaN, K: 1, S: 1, brands: {a: 1}}'),
             ('{M: 1, K: 0, S: 1, brands: {a: 1}}'), ('{M: 1, K: 1000001, S: 1, brands: {a: 1}}'), ('{M: 1, K: 1, S: 9e-7, brands: {a: 1}}'), ('{M: 1, K: 1, S: inf, brands: {a: 1}}'),
             ('{M: 1, K: 1, S: 1, brands: {a: x}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0}}'), ('{M: 1, K: 1, S: 1, brands: {a: -0.1}}'), ('{M: 1, K: 1, S: 1, brands: {a: 1.01}}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 9e-7}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.6, b: 0.5}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.9999999, b: 0.000001}}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 0.1, b: 0.2, a: 0.3}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1, "a": 0.1}}'), ('{M: 1, K: 1, S: 1, brands: {"": 0.1}}'),
             ('{M: 1, K: 1, S: 1, brands: {' || repeat('x', 64) || ': 1}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1 0.1}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1 observed 0.1}}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 0.1 "penetration" 0.1}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1 penetration}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1 penetration 0}}'),
             ('{M: 1, K: 1, S: 1, brands: {a: 0.1 penetration 1.1}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1 penetration 0.51}}'), ('{M: 1, K: 1, S: 1, brands: {a: 0.1 penetration 0.1 penetration 0.1}}'))
     AS v(input), pg_temp.error_of(format('SELECT %L::icm_dirichlet', input)) e;
SELECT '{M: 1, K: 1, S: 1, brands: {a: 0.6, b: 0.5}}'::icm_dirichlet;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{M: 1, K: 1, S: 1, brands: {a: 0.6, b: 0.4}}', 'icm_dirichlet');
        ASSERT NOT pg_input_is_valid('{M: 1, K: 1, S: 1, brands: {a: 0.6, b: 0.5}}', 'icm_dirichlet');
        ASSERT NOT pg_input_is_valid('{M: 1, K: 1, S: 1, brands: {a: 0.1 penetration 0.51}}', 'icm_dirichlet');
        ASSERT NOT pg_input_is_valid('{}', 'icm_dirichlet');
    END IF;
END
$$;
-- 1000 brands, and one more
CREATE FUNCTION pg_temp.market(n int) RETURNS icm_dirichlet
LANGUAGE sql AS $$ SELECT ('{M: 2, K: 0.5, S: 3, brands: {' || string_agg(format('"brand %s": %s', i, i::float8 / (n * (n + 1.0::float8) / 2 + n)), ', ' ORDER BY hashint4(i)) || '}}')::icm_dirichlet
                   FROM generate_series(1, n) i $$;
SELECT pg_column_size(pg_temp.market(1000)) AS bytes, count(*) AS brands, count(*) FILTER (WHERE share > lag) AS disordered
FROM (SELECT share, lag(share) OVER () FROM icm_dirichlet_brands(pg_temp.market(1000))) AS b;
SELECT pg_temp.market(1001);
SELECT e.state, e.detail FROM pg_temp.error_of($$SELECT ('{brands: {' || repeat('a: 0.1, ', 1000000))::icm_dirichlet$$) e;

-- the order of entries and the way they are written have no say: equal models have equal bytes
CREATE TEMP TABLE bytes AS SELECT model::icm_dirichlet
FROM (VALUES ('{M: 1, K: 1, S: 1, brands: {b: 0.1, a: 0.1 penetration 0.1, c: 0.3}}'), ('{brands: {"c": 3e-1, "a": 0.10 penetration 10e-2, b: .1}, K: 1.0, M: 1, S: 01}')) AS v(model);
SELECT count(*) AS models, bool_and(record_image_eq(b, (SELECT f FROM bytes f LIMIT 1))) AS same FROM bytes b;

-- fit: toothpaste in Great Britain, first quarter of 1973 (Goodhardt, Ehrenberg, Chatfield 1984; data as in the R package NBDdirichlet):
-- published M = 1.46, K = 0.78, S = 1.55
CREATE TEMP TABLE brand (brand text, share float8, penetration float8);
INSERT INTO brand VALUES ('Colgate DC', 0.25, 0.2), ('Macleans', 0.19, 0.17), ('Close Up', 0.1, 0.09), ('Signal', 0.1, 0.08), ('Ultrabrite', 0.09, 0.08),
                         ('Gibbs SR', 0.08, 0.07), ('Boots Private Label', 0.03, 0.03), ('Sainsbury Private Label', 0.02, 0.02);
CREATE TEMP TABLE toothpaste AS
    SELECT icm_dirichlet_fit(0.56, 2.6, array_agg(brand), array_agg(share), array_agg(penetration)) AS model FROM brand;
SELECT round(m::numeric, 10) AS m, round(k::numeric, 10) AS k, round(s::numeric, 10) AS s, round(penetration::numeric, 10) AS penetration, round(purchase_rate::numeric, 10) AS purchase_rate
FROM toothpaste, icm_dirichlet_params(model);
SELECT brand, share, penetration, round(s::numeric, 8) AS s FROM toothpaste, icm_dirichlet_brands(model);
SELECT abs(sum(b.share * b.s) / sum(b.share) - p.s) < 1e-14 AS s_is_the_mean FROM toothpaste, icm_dirichlet_params(model) p, icm_dirichlet_brands(model) b GROUP BY p.s;
-- in any order the same bytes; brands whose penetration is not known have no say in S
SELECT count(*) AS orders, bool_and(record_image_eq(ROW(f.model), ROW(t.model))) AS same
FROM toothpaste t, (SELECT icm_dirichlet_fit(0.56, 2.6, array_agg(brand ORDER BY hashtext(brand || i)), array_agg(share ORDER BY hashtext(brand || i)),
                                             array_agg(penetration ORDER BY hashtext(brand || i))) AS model
                    FROM brand, generate_series(1, 50) i GROUP BY i) AS f;
SELECT brand, b.penetration, round(b.s::numeric, 6) AS s, round(p.s::numeric, 6) AS s_of_model
FROM icm_dirichlet_fit(0.56, 2.6, '{a,b,c}', '{0.25,0.19,0.1}', '{0.2,NULL,0.09}') model, icm_dirichlet_params(model) p, icm_dirichlet_brands(model) b;
SELECT icm_dirichlet_fit(0.56, 2.6, NULL, '{1}', '{0.5}') IS NULL AND icm_dirichlet_fit(0.56, 2.6, '{a}', '{1}', NULL) IS NULL AS nothing;
-- what a model says of its brands is what it was fitted to, if that is one brand
SELECT round(n.penetration::numeric, 12) AS penetration, round((penetration * purchases_per_buyer)::numeric, 12) AS purchases
FROM icm_dirichlet_norms(icm_dirichlet_fit(0.56, 2.6, '{a}', '{0.25}', '{0.2}')) n;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('''NaN'', 2.6, ''{a}'', ''{0.25}'', ''{0.2}'''), ('0.56, ''Infinity'', ''{a}'', ''{0.25}'', ''{0.2}'''), ('0.56, ''NaN'', ''{a}'', ''{0.25}'', ''{0.2}'''),
             ('0, 2.6, ''{a}'', ''{0.25}'', ''{0.2}'''), ('1, 2.6, ''{a}'', ''{0.25}'', ''{0.2}'''), ('56, 2.6, ''{a}'', ''{0.25}'', ''{0.2}'''), ('-0.1, 2.6, ''{a}'', ''{0.25}'', ''{0.2}'''),
             ('0.56, 0.9, ''{a}'', ''{0.25}'', ''{0.2}'''), ('0.56, 1, ''{a}'', ''{0.25}'', ''{0.2}'''), ('0.56, 1.466, ''{a}'', ''{0.25}'', ''{0.2}'''),
             ('0.5, 1e9, ''{a}'', ''{0.25}'', ''{0.2}'''), ('0.5, 1e10, ''{a}'', ''{0.25}'', ''{0.2}'''), ('1e-10, 2, ''{a}'', ''{0.25}'', ''{0.2}'''),
             ('0.56, 2.6, ''{}'', ''{}'', ''{}'''), ('0.56, 2.6, ''{a}'', ''{}'', ''{0.2}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{}'''), ('0.56, 2.6, ''{a,b}'', ''{0.25}'', ''{0.2,0.1}'''),
             ('0.56, 2.6, ''{{a}}'', ''{0.25}'', ''{0.2}'''), ('0.56, 2.6, ''{NULL}'', ''{0.25}'', ''{0.2}'''), ('0.56, 2.6, ''{""}'', ''{0.25}'', ''{0.2}'''),
             ('0.56, 2.6, ARRAY[repeat(''x'', 64)], ''{0.25}'', ''{0.2}'''), ('0.56, 2.6, ''{a,a}'', ''{0.25,0.1}'', ''{0.2,0.1}'''),
             ('0.56, 2.6, ''{a}'', ''{NULL}'', ''{0.2}'''), ('0.56, 2.6, ''{a}'', ''{NaN}'', ''{0.2}'''), ('0.56, 2.6, ''{a}'', ''{0}'', ''{0.2}'''), ('0.56, 2.6, ''{a}'', ''{25}'', ''{0.2}'''),
             ('0.56, 2.6, ''{a,b}'', ''{0.6,0.5}'', ''{0.4,0.3}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{NaN}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{-Infinity}'''),
             ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{0}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{20}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{0.57}'''),
             ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{0.14}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{0.26}'''), ('0.56, 2.6, ''{a}'', ''{0.25}'', ''{NULL}'''), ('0.56, 2.6, ''{a}'', ''{1}'', ''{0.56}'''))
     AS v(arguments), pg_temp.error_of(format('SELECT icm_dirichlet_fit(%s)', arguments)) e;
SELECT icm_dirichlet_fit(56, 2.6, '{a}', '{0.25}', '{0.2}');
SELECT icm_dirichlet_fit(0.56, 1.2, '{a}', '{0.25}', '{0.2}');
SELECT icm_dirichlet_fit(0.56, 2.6, '{a,b}', '{0.6,0.5}', '{0.4,0.3}');
SELECT icm_dirichlet_fit(0.56, 2.6, '{a,b}', '{0.25,0.1}', '{0.2,0.13}');
-- an S beyond the limits is none, though the range in the message looks the same when rounded; at the limits a model can be read back
SELECT penetration, e.* FROM unnest('{0.1400000001,0.25818615}'::float8[]) penetration,
    pg_temp.error_of(format('SELECT icm_dirichlet_fit(0.56, 2.6, ''{b,a}'', ''{0.1,0.25}'', ''{0.09,%s}'')', penetration)) e;
SELECT l.s, round(log(q.s)::numeric, 4) AS log_s, record_image_eq(ROW(fitted), ROW(fitted::text::icm_dirichlet)) AS same
FROM unnest('{1e-6,1e6}'::float8[]) AS l(s), icm_dirichlet_params(icm_dirichlet_fit(0.56, 2.6, '{a}', '{0.25}', '{0.2}')) p,
    icm_dirichlet_norms(format('{M: %s, K: %s, S: %s, brands: {a: 0.25}}', m, k, l.s)::icm_dirichlet) n,
    icm_dirichlet_fit(0.56, 2.6, '{a}', '{0.25}', ARRAY[n.penetration]) fitted, icm_dirichlet_params(fitted) q ORDER BY l.s;
SELECT icm_dirichlet_fit(0.56, 2.6, array_agg(i::text), array_agg(0.0001), array_agg(0.00008)) FROM generate_series(1, 1001) i;
SELECT icm_dirichlet_fit(0.56, 2.6, '{a}', '{0.25}', '{0.6}');
SELECT icm_dirichlet_fit(0.56, 2.6, '{a}', '{0.25}', '{NULL}');

-- norms of a quarter, and of a year
SELECT brand, share, round(penetration::numeric, 8) AS penetration, round(purchases_per_buyer::numeric, 8) AS purchases, round(category_purchases_per_buyer::numeric, 8) AS category,
       round(share_of_category_requirements::numeric, 8) AS scr, round(loyal_100::numeric, 8) AS loyal_100, round(loyal_100_rate::numeric, 8) AS loyal_100_rate
FROM toothpaste, icm_dirichlet_norms(model);
SELECT brand, round(penetration::numeric, 8) AS penetration, round(purchases_per_buyer::numeric, 8) AS purchases, round(category_purchases_per_buyer::numeric, 8) AS category,
       round(share_of_category_requirements::numeric, 8) AS scr, round(loyal_100::numeric, 8) AS loyal_100, round(loyal_100_rate::numeric, 8) AS loyal_100_rate
FROM toothpaste, icm_dirichlet_norms(model, 4);

-- As NBDdirichlet 1.4 publishes it in its user guide, where three brands whose S is above the upper notch of a box plot have no say
-- in S, which is then 1.3: penetration, purchases and category purchases a buyer; duplication with the largest; 0, 1, ..., 5, 6 and more purchases
CREATE TEMP TABLE notched AS
    SELECT (regexp_replace(model::text, 'S: [^,]*', 'S: ' || s::text))::icm_dirichlet AS model, s
    FROM toothpaste, LATERAL (SELECT sum(share * s) / sum(share) AS s FROM icm_dirichlet_brands(model) WHERE s < 2.018) AS n;
SELECT round(s::numeric, 1) AS s FROM notched;
SELECT brand, round(n.penetration::numeric, 2) AS pen, round(purchases_per_buyer::numeric, 2) AS pur, round(category_purchases_per_buyer::numeric, 2) AS cat,
       (round(n.penetration::numeric, 2), round(purchases_per_buyer::numeric, 2), round(category_purchases_per_buyer::numeric, 2)) = (p.pen, p.pur, p.cat) AS as_published
FROM notched, icm_dirichlet_norms(model) n
    LEFT JOIN (VALUES ('Colgate DC', 0.20, 1.82, 3.16), ('Macleans', 0.16, 1.76, 3.22), ('Close Up', 0.09, 1.68, 3.30), ('Signal', 0.09, 1.68, 3.30), ('Ultrabrite', 0.08, 1.67, 3.31),
                      ('Gibbs SR', 0.07, 1.66, 3.32), ('Boots Private Label', 0.03, 1.62, 3.37), ('Sainsbury Private Label', 0.02, 1.61, 3.38)) AS p(brand, pen, pur, cat) USING (brand)
ORDER BY share DESC, brand COLLATE "C";
SELECT array_agg(round(duplication::numeric, 2)) = '{0.19,0.10,0.10,0.09,0.08,0.03,0.02}' AS duplication_as_published
FROM notched, icm_dirichlet_duplication(model) WHERE brand = 'Colgate DC';
SELECT brand, array_agg(round(CASE purchases WHEN 6 THEN at_least ELSE probability END::numeric, 2) ORDER BY purchases) = published::numeric[] AS distribution_as_published
FROM notched, (VALUES ('Colgate DC', '{0.80,0.12,0.04,0.02,0.01,0.00,0.01}'), ('Macleans', '{0.84,0.10,0.03,0.01,0.01,0.00,0.00}'), ('Close Up', '{0.91,0.06,0.02,0.01,0.00,0.00,0.00}'),
                      ('Signal', '{0.91,0.06,0.02,0.01,0.00,0.00,0.00}'), ('Ultrabrite', '{0.92,0.05,0.02,0.01,0.00,0.00,0.00}'), ('Gibbs SR', '{0.93,0.05,0.01,0.01,0.00,0.00,0.00}'),
                      ('Boots Private Label', '{0.97,0.02,0.01,0.00,0.00,0.00,0.00}'), ('Sainsbury Private Label', '{0.98,0.01,0.00,0.00,0.00,0.00,0.00}')) AS p(brand, published),
     icm_dirichlet_distribution(model, brand, 6)
GROUP BY brand, published ORDER BY brand COLLATE "C";

-- By the model's definition: negative binomial purchases of the category, n = 0, 1, ..., 2000 or until they are rarer than 1e-100, beta-binomial ones of a brand given n
CREATE FUNCTION pg_temp.summed(m float8, k float8, s float8, share float8,
                               OUT penetration float8, OUT category float8, OUT loyal float8, OUT loyal_purchases float8)
LANGUAGE sql AS $$
    WITH RECURSIVE category(n, p, none, alone) AS (
        SELECT 0, (1 + m / k) ^ -k, 1::float8, 1::float8
        UNION ALL SELECT n + 1, p * (k + n) / (n + 1) * m / (m + k), none * (s * (1 - share) + n) / (s + n), alone * (s * share + n) / (s + n)
                  FROM category WHERE n < 2000 AND p > 1e-100)
    SELECT sum(p * (1 - none)), sum(n * p * (1 - none)), sum(p * alone) FILTER (WHERE n > 0), sum(n * p * alone) FROM category
$$;
SELECT periods, count(*) AS brands,
       count(*) FILTER (WHERE NOT (abs(n.penetration / x.penetration - 1) < 1e-11 AND abs(n.purchases_per_buyer / (p.m * periods * n.share / x.penetration) - 1) < 1e-11
           AND abs(n.category_purchases_per_buyer / (x.category / x.penetration) - 1) < 1e-11 AND abs(n.share_of_category_requirements / (p.m * periods * n.share / x.category) - 1) < 1e-11
           AND abs(n.loyal_100 / (x.loyal / x.penetration) - 1) < 1e-11 AND abs(n.loyal_100_rate / (x.loyal_purchases / x.loyal) - 1) < 1e-11)) AS otherwise
FROM toothpaste, unnest('{0.1,1,4,20}'::float8[]) periods, icm_dirichlet_params(model) p, icm_dirichlet_norms(model, periods) n, pg_temp.summed(p.m * periods, p.k, p.s, n.share) x
GROUP BY periods ORDER BY periods;
-- who buys both, by all three sums; D is the same both ways, and nearly the same for all pairs
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE NOT abs(d.duplication - (a.penetration + b.penetration - x.penetration) / a.penetration) < 1e-12
                           OR d.coefficient IS DISTINCT FROM (SELECT e.coefficient FROM icm_dirichlet_duplication(model) e WHERE (e.brand, e.other) = (d.other, d.brand))
                           OR NOT abs(d.coefficient - d.duplication / b.penetration) < 1e-12) AS otherwise,
       round(min(coefficient)::numeric, 6) AS least, round(max(coefficient)::numeric, 6) AS most, round((sum(duplication) / sum(b.penetration))::numeric, 6) AS d
FROM toothpaste, icm_dirichlet_params(model) p, icm_dirichlet_duplication(model) d
    JOIN LATERAL icm_dirichlet_norms(model) a USING (brand) JOIN LATERAL icm_dirichlet_norms(model) b ON b.brand = other, pg_temp.summed(p.m, p.k, p.s, a.share + b.share) x;
SELECT brand, other, round(duplication::numeric, 8) AS duplication, round(coefficient::numeric, 8) AS coefficient
FROM toothpaste, icm_dirichlet_duplication(model, 4) WHERE brand IN ('Signal', 'Sainsbury Private Label');
-- of the distribution: all of it, its mean, and those who buy
SELECT n.brand, abs(sum(probability) - 1) < 1e-13 AS whole, abs(sum(purchases * probability) / (n.penetration * purchases_per_buyer) - 1) < 1e-11 AS mean,
       abs(max(at_least) FILTER (WHERE purchases = 1) - n.penetration) < 1e-14 AS buyers, bool_and(probability > 0 OR purchases > 100) AS positive
FROM toothpaste, icm_dirichlet_norms(model, 4) n, icm_dirichlet_distribution(model, n.brand, 1000, 4)
GROUP BY n.brand, n.share, n.penetration, purchases_per_buyer ORDER BY n.share DESC, n.brand COLLATE "C";
SELECT purchases, round(probability::numeric, 10) AS probability, round(at_least::numeric, 10) AS at_least FROM toothpaste, icm_dirichlet_distribution(model, 'Macleans', 5);
SELECT purchases, round(probability::numeric, 12) AS probability, round(at_least::numeric, 12) AS at_least FROM icm_dirichlet_distribution('{M: 1, K: 1, S: 1, brands: {a: 1}}'::icm_dirichlet, 'a', 3);
SELECT purchases, round(probability::numeric, 12) AS probability, at_least FROM icm_dirichlet_distribution('{M: 1, K: 1, S: 1, brands: {a: 1}}'::icm_dirichlet, 'a', 0);

-- a brand that has the category has its purchases; with the largest S all choose alike
SELECT brand, round(penetration::numeric, 12) AS penetration, round(purchases_per_buyer::numeric, 12) AS purchases, round(category_purchases_per_buyer::numeric, 12) AS category,
       share_of_category_requirements AS scr, loyal_100, round(loyal_100_rate::numeric, 12) AS loyal_100_rate
FROM icm_dirichlet_norms('{M: 1, K: 1, S: 1, brands: {a: 1}}'::icm_dirichlet);
SELECT round(penetration::numeric, 5) AS penetration, round((1 - (1 + 0.25 * 3 / 0.5) ^ -0.5)::numeric, 5) AS expected, round(share_of_category_requirements::numeric, 5) AS scr
FROM icm_dirichlet_norms('{M: 3, K: 0.5, S: 1e6, brands: {a: 0.25}}'::icm_dirichlet);
-- what is too rare to be told apart from rounding is NULL: loyals who have bought thousands of times, pairs in the tenth of a second
SELECT loyal_100 < 1e-15 AS none, loyal_100_rate FROM icm_dirichlet_norms('{M: 1000, K: 1000, S: 1000, brands: {a: 0.25}}'::icm_dirichlet);
SELECT * FROM icm_dirichlet_duplication('{M: 1, K: 1, S: 1, brands: {a: 0.5, b: 0.4}}'::icm_dirichlet, 1.5e-9);

SELECT call, e.*
FROM (VALUES ('norms(model, 0)'), ('norms(model, -1)'), ('norms(model, ''NaN'')'), ('norms(model, ''Infinity'')'), ('norms(model, 1e9)'), ('norms(model, 1e-10)'),
             ('duplication(model, 0)'), ('distribution(model, ''Colgate DC'', 3, 0)'), ('distribution(model, ''Colgate'', 3)'), ('distribution(model, ''Colgate DC '', 3)'), ('distribution(model, '''', 3)'),
             ('distribution(model, ''Colgate DC'', -1)'), ('distribution(model, ''Colgate DC'', 10001)')) AS v(call),
     pg_temp.error_of('SELECT count(*) FROM toothpaste, icm_dirichlet_' || call) e;
SELECT * FROM toothpaste, icm_dirichlet_norms(model, -4);
SELECT * FROM toothpaste, icm_dirichlet_distribution(model, 'Kolynos', 3);
SELECT count(*) AS rows FROM icm_dirichlet_norms(NULL::icm_dirichlet), icm_dirichlet_brands(NULL), icm_dirichlet_duplication(NULL::icm_dirichlet);
SELECT icm_dirichlet_params(NULL) IS NULL AS nothing;

-- published under a name; the name is folded into the plan
BEGIN;
SELECT icm_publish('dirichlet', 'toothpaste', '{brands: {Alpha: 0.25 penetration 0.20, Beta: 0.1}, M: 1.456, K: 0.78, S: 1.55}');
SELECT body FROM icm.standard WHERE kind = 'dirichlet';
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM icm_dirichlet_norms('toothpaste', 4);
SELECT brand, round(penetration::numeric, 6) AS penetration FROM icm_dirichlet_norms('toothpaste');
SELECT brand, round(penetration::numeric, 6) AS penetration FROM icm_dirichlet_norms('toothpaste', 4);
SELECT brand, other, round(duplication::numeric, 6) AS duplication FROM icm_dirichlet_duplication('toothpaste');
SELECT purchases, round(probability::numeric, 6) AS probability FROM icm_dirichlet_distribution('toothpaste', 'Beta', 2);
SELECT name, count(n) AS brands FROM unnest('{toothpaste,NULL}'::text[]) name LEFT JOIN icm_dirichlet_norms(name, periods => 2) n ON true GROUP BY name ORDER BY name;
SELECT call, e.* FROM (VALUES ('icm_dirichlet_norms(''soap'')'), ('icm_dirichlet_norms(''toothpaste'', 0)'), ('icm_publish(''dirichlet'', ''soap'', ''{M: 1}'')')) AS v(call),
                      pg_temp.error_of('SELECT ' || call) e;
ROLLBACK;

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT encode(substr(icm_dirichlet_send('{M: 1, K: 1, S: 1, brands: {b: 0.1, a: 0.2}}'), 1, 8), 'hex') AS header,
       convert_from(substr(icm_dirichlet_send('{M: 1, K: 1, S: 1, brands: {b: 0.1, a: 0.2}}'), 9), 'UTF8') AS text;
CREATE TEMP TABLE stored AS SELECT i AS id, pg_temp.market(i) AS model FROM unnest('{1,2,10,1000}'::int[]) i UNION ALL SELECT 0, model FROM toothpaste;
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/dirichlet.bin' (FORMAT binary)
\copy received FROM 'results/dirichlet.bin' (FORMAT binary)
SELECT count(*) AS models, bool_and(record_image_eq(s, r)) AS same, bool_and(s.model::text = r.model::text) AS same_text,
       bool_and(record_image_eq(ROW(s.model), ROW(s.model::text::icm_dirichlet))) AS same_from_text
FROM stored s FULL JOIN received r USING (id);
-- crafted: a bytea's binary form is its bytes. What is refused: version 2, flags, padding, wrong counts, wrong text
CREATE TEMP TABLE crafted (model icm_dirichlet);
CREATE FUNCTION pg_temp.message(body text, header text DEFAULT '01000000', count int DEFAULT NULL)
RETURNS bytea LANGUAGE sql AS $$ SELECT decode(header, 'hex') || int4send(coalesce(count, length(body))) || convert_to(body, 'UTF8') $$;
\copy (SELECT pg_temp.message('{M: 1, K: 1, S: 1, brands: {a: 1.0}}')) TO 'results/dirichlet.bin' (FORMAT binary)
\copy crafted FROM 'results/dirichlet.bin' (FORMAT binary)
SELECT * FROM crafted;
\copy (SELECT pg_temp.message('{M: 1, K: 1, S: 1, brands: {a: 1}}', '02000000')) TO 'results/dirichlet.bin' (FORMAT binary)
\copy crafted FROM 'results/dirichlet.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{M: 1, K: 1, S: 1, brands: {a: 1}}', '01010000')) TO 'results/dirichlet.bin' (FORMAT binary)
\copy crafted FROM 'results/dirichlet.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{M: 1, K: 1, S: 1, brands: {a: 1}}', '01000001')) TO 'results/dirichlet.bin' (FORMAT binary)
\copy crafted FROM 'results/dirichlet.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{M: 1, K: 1, S: 1, brands: {a: 1}}', count => 5)) TO 'results/dirichlet.bin' (FORMAT binary)
\copy crafted FROM 'results/dirichlet.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('{M: 1, K: 1, S: 1, brands: {a: 1.1}}')) TO 'results/dirichlet.bin' (FORMAT binary)
\copy crafted FROM 'results/dirichlet.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
