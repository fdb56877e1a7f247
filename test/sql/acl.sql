--
-- who may read and publish definitions: plain GRANT
--
\set SHOW_CONTEXT never
CREATE ROLE regress_icm_nobody;
CREATE ROLE regress_icm_reader;
CREATE ROLE regress_icm_publisher;
SELECT icm_publish('scale', 'retail', '{10,20}');

-- without any right: grading by value, no lookup, no view, no publication
SET ROLE regress_icm_nobody;
SELECT icm_grade(15, '{10,20}'::icm_scale);
SELECT icm_standard_scale('retail');
SELECT icm_standard_scale('retail', now());
SELECT icm_standard_scale(name) FROM unnest('{retail}'::text[]) name;
SELECT icm_standard_scale('wholesale');
SELECT icm_grade(15, 'retail');
SELECT icm_grade(15, 'retail', 'A', 0.1);
SELECT * FROM icm.standard;
SELECT * FROM icm.standard_in_force;
SELECT icm_publish('scale', 'retail', '{1}');
SELECT icm.add_kind('ledger');
EXPLAIN (VERBOSE, COSTS OFF) SELECT icm_standard_scale('retail');
RESET ROLE;

-- SELECT on the table is all that lookups need; the view has a right of its own
GRANT SELECT ON icm.standard TO regress_icm_reader;
SET ROLE regress_icm_reader;
SELECT icm_standard_scale('retail') AS constant, icm_standard_scale(name) AS by_column, icm_grade(15, 'retail'),
       icm_grade(15, name, 'A', 0.5) AS stable
FROM unnest('{retail}'::text[]) name;
SELECT name FROM icm.standard_in_force;
SELECT icm_publish('scale', 'retail', '{1}');
INSERT INTO icm.standard VALUES ('scale', 'mine', 1, '{1}');
RESET ROLE;
GRANT SELECT ON icm.standard_in_force TO regress_icm_reader;
SET ROLE regress_icm_reader;
SELECT name, body FROM icm.standard_in_force;
RESET ROLE;

-- a plan that a name was folded into is not for others: the role may change
SET plan_cache_mode = force_generic_plan;
PREPARE graded AS SELECT icm_standard_scale('retail') AS scale, icm_grade(15, 'retail') AS grade;
EXECUTE graded;
SET ROLE regress_icm_nobody;
EXECUTE graded;
SET ROLE regress_icm_reader;
EXECUTE graded;
SET ROLE regress_icm_nobody;
EXECUTE graded;
RESET ROLE;
EXECUTE graded;
CREATE FUNCTION pg_temp.grade() RETURNS icm_grade LANGUAGE plpgsql AS $$ BEGIN RETURN icm_grade(15, 'retail'); END $$;
SELECT pg_temp.grade();
CREATE FUNCTION public.regress_icm_grade() RETURNS icm_grade LANGUAGE plpgsql AS $$ BEGIN RETURN icm_grade(15, 'retail'); END $$;
SELECT public.regress_icm_grade();
SET ROLE regress_icm_nobody;
SELECT public.regress_icm_grade();
SET ROLE regress_icm_reader;
SELECT public.regress_icm_grade();
RESET ROLE;

-- rights that are granted and revoked are seen at once: on the table, and by membership
SET ROLE regress_icm_reader;
EXECUTE graded;
RESET ROLE;
REVOKE SELECT ON icm.standard FROM regress_icm_reader;
SET ROLE regress_icm_reader;
EXECUTE graded;
SELECT icm_standard_scale(name) FROM unnest('{retail}'::text[]) name;
RESET ROLE;
GRANT SELECT ON icm.standard TO regress_icm_reader;
GRANT regress_icm_reader TO regress_icm_nobody;
SET ROLE regress_icm_nobody;
EXECUTE graded;
SELECT icm_standard_scale(name) FROM unnest('{retail}'::text[]) name;
RESET ROLE;
REVOKE regress_icm_reader FROM regress_icm_nobody;
SET ROLE regress_icm_nobody;
EXECUTE graded;
SELECT icm_standard_scale(name) FROM unnest('{retail}'::text[]) name;
RESET ROLE;

-- a SECURITY DEFINER function looks up with its owner's right
ALTER FUNCTION public.regress_icm_grade() SECURITY DEFINER;
ALTER FUNCTION public.regress_icm_grade() OWNER TO regress_icm_reader;
SET ROLE regress_icm_nobody;
SELECT public.regress_icm_grade();
EXECUTE graded;
SELECT public.regress_icm_grade();
RESET ROLE;
DROP FUNCTION public.regress_icm_grade();

-- publishing: EXECUTE on the function and SELECT, INSERT, UPDATE on the table, all of them
GRANT EXECUTE ON FUNCTION icm_publish(text, text, text, text, timestamptz) TO regress_icm_publisher;
SET SESSION AUTHORIZATION regress_icm_publisher;
SELECT icm_publish('scale', 'retail', '{1}');
RESET SESSION AUTHORIZATION;
GRANT SELECT, INSERT ON icm.standard TO regress_icm_publisher;
SET SESSION AUTHORIZATION regress_icm_publisher;
SELECT icm_publish('scale', 'retail', '{1}');
RESET SESSION AUTHORIZATION;
REVOKE INSERT ON icm.standard FROM regress_icm_publisher;
GRANT UPDATE ON icm.standard TO regress_icm_publisher;
SET SESSION AUTHORIZATION regress_icm_publisher;
SELECT icm_publish('scale', 'retail', '{1}');
RESET SESSION AUTHORIZATION;
GRANT INSERT ON icm.standard TO regress_icm_publisher;
SET SESSION AUTHORIZATION regress_icm_publisher;
SELECT icm_publish('scale', 'retail', '{10,30}');
SELECT icm_standard_scale('retail'), icm_grade(25, 'retail');
DELETE FROM icm.standard;
TRUNCATE icm.standard;
ALTER TABLE icm.standard DISABLE TRIGGER guard;
-- in the own name, at the time it is; only the owner may write otherwise, as pg_restore does
INSERT INTO icm.standard (kind, name, version, body, published_by) VALUES ('scale', 'forged', 1, '{1}', 'somebody else');
INSERT INTO icm.standard (kind, name, version, body, published_at) VALUES ('scale', 'forged', 1, '{1}', '2020-01-01');
RESET SESSION AUTHORIZATION;
INSERT INTO icm.standard (kind, name, version, body, published_by, published_at)
VALUES ('scale', 'restored', 1, '{1}', 'somebody else', '2020-01-01 00:00+00');
SELECT version, body, published_by FROM icm.standard WHERE name = 'retail' AND version > 1;
-- the table's rights alone do not give the function
REVOKE EXECUTE ON FUNCTION icm_publish(text, text, text, text, timestamptz) FROM regress_icm_publisher;
SET SESSION AUTHORIZATION regress_icm_publisher;
SELECT icm_publish('scale', 'retail', '{1}');
RESET SESSION AUTHORIZATION;

-- definitions of other kinds: by value without any right, by name with SELECT on the table, also where a set of rows is asked for
SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [12 3]}'), icm_publish('dirichlet', 'retail', '{M: 2, K: 1, S: 1.5, brands: {a: 0.3}}');
SET ROLE regress_icm_nobody;
SELECT icm_wallet_estimate('{taus: [0.9], coefficients: [12 3]}'::icm_wallet_model, '{1,1}', 2), icm_wallet_share(icm_wallet_agg(1, 4)), (icm_wallet_estimate_agg('{taus: [0.9], coefficients: [12 3]}', '{1,1}', 2)).wallet,
       (SELECT count(*) FROM icm_dirichlet_norms('{M: 2, K: 1, S: 1.5, brands: {a: 0.3}}'::icm_dirichlet));
SELECT icm_standard_wallet_model('retail');
SELECT icm_standard_dirichlet('retail', now());
SELECT icm_wallet_estimate('retail', '{1,1}', 2);
SELECT icm_wallet_estimate('retail', '{1,1}', 2, 0.9);
SELECT icm_wallet_extrapolates('retail', '{1,1}');
SELECT icm_wallet_estimate(name, '{1,1}', 2) FROM unnest('{retail}'::text[]) name;
SELECT icm_wallet_estimate_agg(icm_standard_wallet_model('retail'), '{1,1}', 2);
SELECT brand FROM icm_dirichlet_norms('retail');
SELECT icm_dirichlet_norms('retail');
SELECT * FROM icm_dirichlet_duplication('retail');
SELECT purchases FROM unnest('{retail}'::text[]) name, icm_dirichlet_distribution(name, 'a', 1);
SELECT icm_publish('wallet_model', 'retail', '{taus: [0.9], coefficients: [1]}');
SELECT icm_publish('dirichlet', 'retail', '{M: 1, K: 1, S: 1, brands: {a: 0.3}}');
SET ROLE regress_icm_reader;
SELECT icm_wallet_estimate('retail', '{1,1}', 2), icm_wallet_estimate(name, '{1,1}', 2, 0.9) AS by_column, icm_wallet_extrapolates('retail', '{1,1}') FROM unnest('{retail}'::text[]) name;
SELECT brand FROM icm_dirichlet_norms('retail');
SELECT purchases FROM unnest('{retail}'::text[]) name, icm_dirichlet_distribution(name, 'a', 1);
SELECT (icm_wallet_estimate_agg(icm_standard_wallet_model('retail'), '{1,1}', 2)).wallet;
PREPARE estimated AS SELECT icm_wallet_estimate('retail', '{1,1}', 2), (SELECT count(*) FROM icm_dirichlet_norms('retail')) AS brands;
EXECUTE estimated;
SET ROLE regress_icm_nobody;
EXECUTE estimated;
RESET ROLE;

DROP OWNED BY regress_icm_nobody, regress_icm_reader, regress_icm_publisher;
DROP ROLE regress_icm_nobody, regress_icm_reader, regress_icm_publisher;
DEALLOCATE ALL;
DROP FUNCTION pg_temp.grade();
DROP EXTENSION icm;
CREATE EXTENSION icm;
