-- title: grades for values
-- vary: workers=0

-- setup
SELECT setseed(0.5);
CREATE UNLOGGED TABLE spend AS
SELECT exp(4 + sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS value FROM generate_series(1, :rows);
CREATE UNLOGGED TABLE spend_few AS SELECT value FROM spend LIMIT :rows / 10;
CREATE UNLOGGED TABLE spend_named AS
SELECT value, CASE WHEN random() < 0.5 THEN 'retail' ELSE 'corporate' END AS standard FROM spend;
SELECT icm_publish('scale', 'retail', '{25,50,75,125}'), icm_publish('scale', 'corporate', '{30,60,90,150}');

-- how a user would do without icm.standard
CREATE TABLE standards (name text PRIMARY KEY, cuts float8[] NOT NULL);
INSERT INTO standards VALUES ('retail', '{25,50,75,125}'), ('corporate', '{30,60,90,150}');
CREATE FUNCTION grade_sql(value float8, name text) RETURNS int LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT width_bucket(value, (SELECT cuts FROM standards s WHERE s.name = grade_sql.name))';
CREATE FUNCTION grade_plpgsql(value float8, name text) RETURNS int LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    AS 'BEGIN RETURN width_bucket(value, (SELECT cuts FROM standards s WHERE s.name = grade_plpgsql.name)); END';

-- case: by scale, 5 grades
-- vary: workers=0, 2
-- check
SELECT bool_and(icm_grade(value, '{25,50,75,125}'::icm_scale)::int = 5 - width_bucket(value, '{25,50,75,125}'::float8[]))
FROM spend;
-- ours
SELECT count(icm_grade(value, '{25,50,75,125}'::icm_scale)) FROM spend;
-- theirs: width_bucket | goal: 1.2
SELECT count(width_bucket(value, '{25,50,75,125}'::float8[])) FROM spend;
-- scan
SELECT count(value) FROM spend;

-- case: by scale, 26 grades
-- check
SELECT bool_and(icm_grade(value, icm_scale(cuts))::int = 26 - width_bucket(value, cuts))
FROM spend_few, (SELECT array_agg(i * 10.0::float8 ORDER BY i) AS cuts FROM generate_series(1, 25) i) s;
-- ours
SELECT count(icm_grade(value, '{10,20,30,40,50,60,70,80,90,100,110,120,130,140,150,160,170,180,190,200,210,220,230,240,250}'::icm_scale))
FROM spend;
-- theirs: width_bucket | goal: 1.2
SELECT count(width_bucket(value, '{10,20,30,40,50,60,70,80,90,100,110,120,130,140,150,160,170,180,190,200,210,220,230,240,250}'::float8[]))
FROM spend;
-- scan
SELECT count(value) FROM spend;

-- case: by published name
-- vary: workers=0, 2
-- check
SELECT bool_and(icm_grade(value, 'retail')::int = 5 - width_bucket(value, cuts)) FROM spend, standards WHERE name = 'retail';
-- ours
SELECT count(icm_grade(value, 'retail')) FROM spend;
-- theirs: width_bucket, cuts by a subquery | goal: 1.5
SELECT count(width_bucket(value, (SELECT cuts FROM standards WHERE name = 'retail'))) FROM spend;
-- theirs: width_bucket, cuts by a join | goal: 1.5
SELECT count(width_bucket(value, cuts)) FROM spend JOIN standards ON name = 'retail';
-- scan
SELECT count(value) FROM spend;

-- case: by published name, against a function of value and name; a tenth of the values
-- check
SELECT bool_and(icm_grade(value, 'retail')::int = 5 - grade_sql(value, 'retail')
    AND grade_sql(value, 'retail') = grade_plpgsql(value, 'retail'))
FROM (SELECT value FROM spend_few LIMIT 10000) s;
-- ours
SELECT count(icm_grade(value, 'retail')) FROM spend_few;
-- theirs: function in SQL | goal: 1.5
SELECT count(grade_sql(value, 'retail')) FROM spend_few;
-- theirs: function in PL/pgSQL | goal: 1.5
SELECT count(grade_plpgsql(value, 'retail')) FROM spend_few;
-- scan
SELECT count(value) FROM spend_few;

-- case: by a name that stands in a column
-- check
SELECT bool_and(icm_grade(value, standard)::int = 5 - width_bucket(value, cuts)) FROM spend_named JOIN standards ON name = standard;
-- ours
SELECT count(icm_grade(value, standard)) FROM spend_named;
-- theirs: width_bucket, cuts by a join
SELECT count(width_bucket(value, cuts)) FROM spend_named JOIN standards ON name = standard;
-- scan | goal: 500 ns
SELECT count(value) FROM spend_named WHERE standard IS NOT NULL;

-- case: the lookup alone, by a name that stands in a column
-- ours
SELECT count(icm_standard_scale(standard)) FROM spend_named;
-- theirs: a join, cuts read
SELECT count(cuts) FROM spend_named JOIN standards ON name = standard;
-- scan | goal: 500 ns
SELECT count(standard) FROM spend_named;
