--
-- nobody else's objects: hostile search paths, schemas that need quoting, names that are taken
--
\set SHOW_CONTEXT never

-- Everything that the extension's functions might call by an unqualified name, in a schema that comes first. Whatever
-- is called there complains.
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.fooled() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fooled'; END $$;
DO $$
DECLARE
    signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY[
        'now() RETURNS timestamptz', 'clock_timestamp() RETURNS timestamptz', 'isfinite(timestamptz) RETURNS boolean',
        'octet_length(text) RETURNS int',
        'format(text, text) RETURNS text', 'format(text, text, text, text, text) RETURNS text', 'format(text, regtype) RETURNS text',
        'format(text, int, timestamptz) RETURNS text', 'substr(name, int) RETURNS text', 'substr(text, int) RETURNS text',
        'array_to_string(text[], text) RETURNS text', 'max(int) RETURNS int', 'icm_standard_scale(text) RETURNS public.icm_scale',
        'icm_standard_scale(text, timestamptz) RETURNS public.icm_scale',
        'icm_grade(float8, public.icm_scale) RETURNS public.icm_grade',
        'icm_grade(float8, public.icm_scale, public.icm_grade, float8) RETURNS public.icm_grade',
        'kind_type(text) RETURNS regtype', 'icm_scale(text) RETURNS public.icm_scale',
        'icm_standard_wallet_model(text) RETURNS public.icm_wallet_model', 'icm_standard_dirichlet(text) RETURNS public.icm_dirichlet',
        'icm_wallet_model(text) RETURNS public.icm_wallet_model', 'icm_dirichlet(text) RETURNS public.icm_dirichlet',
        'icm_wallet_estimate(public.icm_wallet_model, float8[], float8) RETURNS float8',
        'icm_wallet_estimate(public.icm_wallet_model, float8[], float8, float8) RETURNS float8',
        'icm_wallet_extrapolates(public.icm_wallet_model, float8[]) RETURNS bool',
        'icm_dirichlet_norms(public.icm_dirichlet, float8) RETURNS SETOF record', 'icm_dirichlet_duplication(public.icm_dirichlet, float8) RETURNS SETOF record',
        'icm_dirichlet_distribution(public.icm_dirichlet, text, int, float8) RETURNS SETOF record',
        'equal(text, text) RETURNS boolean', 'equal(name, text) RETURNS boolean', 'equal(oid, oid) RETURNS boolean',
        'equal(int, int) RETURNS boolean',
        'equal(timestamptz, timestamptz) RETURNS boolean', 'like_(name, text) RETURNS boolean',
        'plus(int, int) RETURNS int', 'concatenate(text, text) RETURNS text']
    LOOP
        EXECUTE 'CREATE FUNCTION hostile.' || signature || ' LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''fooled''''; END''';
    END LOOP;
END
$$;
CREATE OPERATOR hostile.= (FUNCTION = hostile.equal, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR hostile.= (FUNCTION = hostile.equal, LEFTARG = name, RIGHTARG = text);
CREATE OPERATOR hostile.= (FUNCTION = hostile.equal, LEFTARG = oid, RIGHTARG = oid);
CREATE OPERATOR hostile.= (FUNCTION = hostile.equal, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR hostile.= (FUNCTION = hostile.equal, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR hostile.<> (FUNCTION = hostile.equal, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR hostile.< (FUNCTION = hostile.equal, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR hostile.<= (FUNCTION = hostile.equal, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR hostile.> (FUNCTION = hostile.equal, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR hostile.>= (FUNCTION = hostile.equal, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR hostile.~~ (FUNCTION = hostile.like_, LEFTARG = name, RIGHTARG = text);
CREATE OPERATOR hostile.+ (FUNCTION = hostile.plus, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR hostile.|| (FUNCTION = hostile.concatenate, LEFTARG = text, RIGHTARG = text);
CREATE DOMAIN hostile.icm_scale AS text CHECK (hostile.fooled() IS NULL);
CREATE DOMAIN hostile.icm_wallet_model AS text CHECK (hostile.fooled() IS NULL);
CREATE DOMAIN hostile.icm_dirichlet AS text CHECK (hostile.fooled() IS NULL);
CREATE DOMAIN hostile.regtype AS text CHECK (hostile.fooled() IS NULL);
CREATE TABLE hostile.standard AS SELECT * FROM icm.standard;
CREATE TABLE hostile.pg_proc (oid oid, proname name, proargtypes oidvector);
CREATE TABLE hostile.pg_extension (oid oid, extname name);
CREATE TABLE hostile.pg_depend (classid oid, objid oid, deptype "char", refclassid oid, refobjid oid);
CREATE TEMP TABLE pg_proc (LIKE hostile.pg_proc);
CREATE TEMP TABLE standard (LIKE icm.standard);

SET search_path = hostile, pg_temp, pg_catalog, public;
SELECT 'a'::text = 'a'::text;                           -- so much for the trap
SELECT now();
SELECT public.icm_publish('scale', 'retail', '{10,20}');
SELECT public.icm_publish('scale', 'retail', '{10,30}', 'again');
SELECT public.icm_publish('scale', 'retail', '{10,40}', effective => '2100-01-01');
SELECT public.icm_publish('scale', 'retail', '{2,1}');
\set VERBOSITY sqlstate
SELECT public.icm_publish('scale', 'retail', '{10,50}', effective => '2000-01-01');
SELECT public.icm_publish('scales', 'retail', '{10,50}');
SELECT public.icm_standard_scale('retail', '2000-01-01');
SELECT public.icm_standard_scale('wholesale');
\set VERBOSITY default
SELECT icm.kind_type('scale');
SELECT public.icm_standard_scale('retail');
SELECT public.icm_grade(25::float8, 'retail'::text) AS by_name,
       public.icm_grade(25::float8, 'retail'::text, 'B'::public.icm_grade, 0.5::float8) AS stable;
SELECT public.icm_grade(25::float8, name, 'B'::public.icm_grade, 0.5::float8) AS by_column FROM unnest('{retail}'::text[]) name;
SELECT name, version, body FROM icm.standard_in_force;
SELECT public.icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [12 3]}');
SELECT public.icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {a: 0.3}}');
SELECT public.icm_publish('wallet_model', 'retail', '{taus: [9], coefficients: [12 3]}');
SELECT public.icm_wallet_estimate('retail'::text, '{1,1}', 2) AS by_name, public.icm_wallet_estimate(name, '{1,1}', 2, 0.9) AS by_column,
       public.icm_wallet_extrapolates('retail'::text, '{1,1}') AS extrapolates FROM unnest('{retail}'::text[]) name;
SELECT brand FROM public.icm_dirichlet_norms('retail'::text);
SELECT (SELECT count(*) FROM public.icm_dirichlet_norms(name)) AS norms, (SELECT count(*) FROM public.icm_dirichlet_duplication(name)) AS duplication,
       (SELECT count(*) FROM public.icm_dirichlet_distribution(name, 'a', 1)) AS distribution FROM unnest('{retail}'::text[]) name;
SELECT public.icm_wallet_share(public.icm_wallet_agg(1, 4)), (public.icm_wallet_change_agg(1, 4, 1, 2)).change, public.icm_wallet_n(public.icm_rollup('{no_spend: 1}'::public.icm_wallet)),
       (public.icm_wallet_calibration(1, 2, 4)).lambda, (public.icm_wallet_estimate_agg(public.icm_standard_wallet_model('retail'), '{1,1}', 3)).share AS of_estimates;
INSERT INTO icm.standard VALUES ('scale', 'direct', 1, '{1, 2}');
UPDATE icm.standard SET note = 'changed';
DELETE FROM icm.standard;
SELECT public.icm_revenue(public.icm_ledger_agg(date '2026-01-05', 1.5));
SELECT public.icm_cuts(public.icm_scale_agg(i, 2)) FROM generate_series(1, 4) i;
RESET search_path;
SELECT kind, name, version, body FROM icm.standard ORDER BY kind COLLATE "C", name COLLATE "C", version;
DROP TABLE pg_temp.pg_proc, pg_temp.standard;
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
RESET client_min_messages;

-- in schemas whose names need quoting, and one that looks like a format
DROP EXTENSION icm;
CREATE SCHEMA "My Schema";
CREATE EXTENSION icm SCHEMA "My Schema";
SET search_path = pg_catalog;
SELECT "My Schema".icm_publish('scale', 'retail', '{10,20}');
SELECT "My Schema".icm_publish('scale', 'retail', '{20,10}');
SELECT "My Schema".icm_standard_scale('retail'), "My Schema".icm_grade(15, 'retail'), "My Schema".icm_grade(15, 'retail', 'A', 0.5) AS stable;
SELECT "My Schema".icm_revenue("My Schema".icm_ledger_agg(date '2026-01-05', 1.5)),
       "My Schema".icm_cuts("My Schema".icm_scale_agg(i, 2)) FROM generate_series(1, 4) i;
SELECT "My Schema".icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [12 3]}'),
       "My Schema".icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {a: 0.3}}');
SELECT "My Schema".icm_wallet_estimate('retail', '{1,1}', 2), "My Schema".icm_wallet_estimate('retail', '{1,1}', 2, 0.9) AS for_tau,
       "My Schema".icm_wallet_extrapolates('retail', '{1,1}'), (SELECT count(*) FROM "My Schema".icm_dirichlet_norms('retail')) AS norms,
       (SELECT count(*) FROM "My Schema".icm_dirichlet_duplication('retail')) AS duplication,
       (SELECT count(*) FROM "My Schema".icm_dirichlet_distribution('retail', 'a', 1)) AS distribution;
SELECT "My Schema".icm_wallet_share("My Schema".icm_wallet_agg(1, 4)), ("My Schema".icm_wallet_change_agg(1, 4, 1, 2)).change, ("My Schema".icm_wallet_estimate_agg("My Schema".icm_standard_wallet_model('retail'), '{1,1}', 3)).share AS of_estimates;
SELECT icm.kind_type('scale');
SET search_path = "My Schema";
SELECT icm_grade(15, 'retail') < icm_grade(5, 'retail') AS better;
RESET search_path;
DROP EXTENSION icm;
DROP SCHEMA "My Schema";
CREATE SCHEMA "100 %s";
CREATE EXTENSION icm SCHEMA "100 %s";
SELECT "100 %s".icm_publish('scale', 'retail', '{10,20}');
SELECT "100 %s".icm_grade(15, 'retail');
SELECT "100 %s".icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {a: 0.3}}');
SELECT brand FROM "100 %s".icm_dirichlet_norms('retail');
DROP EXTENSION icm;
DROP SCHEMA "100 %s";

-- what is there already is neither replaced nor used
CREATE SCHEMA icm;
CREATE EXTENSION icm;
DROP SCHEMA icm;
CREATE FUNCTION icm_publish(kind text, name text, body text, note text DEFAULT NULL, effective timestamptz DEFAULT now())
    RETURNS int LANGUAGE sql AS 'SELECT 666';
CREATE EXTENSION icm;
DROP FUNCTION icm_publish(text, text, text, text, timestamptz);
CREATE EXTENSION icm;

-- it stays where it was installed
ALTER EXTENSION icm SET SCHEMA pg_temp;
