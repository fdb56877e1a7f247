--
-- labels of everything that belongs to the extension: comments, volatility, parallel safety, strictness, rights
--
CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid, (pg_identify_object(d.classid, d.objid, 0)).type, (pg_identify_object(d.classid, d.objid, 0)).identity
    FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE d.deptype = 'e' AND e.extname = 'icm'
        -- types that come with another object: of its arrays, of a table's rows
        AND NOT EXISTS (SELECT FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
            AND (t.typcategory = 'A' OR t.typrelid <> 0));
CREATE TEMP VIEW function AS
    SELECT p.*, p.oid::regprocedure AS signature, l.lanname
    FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid JOIN pg_language l ON l.oid = p.prolang;

-- what there is
SELECT type, count(*) > 0 AS some FROM member GROUP BY type ORDER BY type COLLATE "C";
SELECT extversion, (SELECT array_agg(c::regclass) FROM unnest(extconfig) c) AS dumped FROM pg_extension WHERE extname = 'icm';

-- a comment for each object, and each column
SELECT type, identity FROM member
WHERE coalesce(obj_description(objid, classid::regclass::name), '') = '' ORDER BY type COLLATE "C", identity COLLATE "C";
SELECT c.oid::regclass AS relation, a.attname AS without_comment
FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND coalesce(col_description(c.oid, a.attnum), '') = '' ORDER BY 1, a.attnum;

-- functions that are not IMMUTABLE; those that are not PARALLEL SAFE
SELECT signature, CASE provolatile WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility FROM function
WHERE provolatile <> 'i' AND prokind = 'f' ORDER BY provolatile, signature::text COLLATE "C";
SELECT signature, proparallel FROM function WHERE proparallel <> 's' ORDER BY signature::text COLLATE "C";

-- C functions that are not STRICT, as NULL means something to them; the others
SELECT signature FROM function WHERE lanname = 'c' AND NOT proisstrict AND prokind = 'f' ORDER BY signature::text COLLATE "C";
SELECT signature, proisstrict FROM function WHERE lanname NOT IN ('c', 'internal') ORDER BY signature::text COLLATE "C";

-- no SECURITY DEFINER; every body runs under a fixed search path, or names the schema of all it calls
SELECT signature FROM function WHERE prosecdef;
SELECT signature, proconfig FROM function WHERE lanname NOT IN ('c', 'internal')
    AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp'] ORDER BY signature::text COLLATE "C";
SELECT signature FROM function WHERE lanname NOT IN ('c', 'internal') AND proconfig IS NULL AND prosrc ~ '(^|[^."a-z0-9_])[a-z0-9_]+ *\(';

-- operators that compare and their functions: all LEAKPROOF, nothing else is; commutators and negators in place
SELECT signature FROM function WHERE proleakproof <> (oid IN (SELECT oprcode FROM pg_operator WHERE oprresult = 'bool'::regtype) OR oid IN (SELECT amproc
FROM pg_amproc)) ORDER BY 1;
SELECT o.oid::regoperator AS operator, o.oprcom <> 0 AS commutator, o.oprnegate <> 0 AS negator,
       o.oprrest <> 0 AS restrict, o.oprjoin <> 0 AS join, oprcanhash, oprcanmerge
FROM pg_operator o JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid ORDER BY o.oprname COLLATE "C";

-- aggregates: combine function, a state that can be shipped, final functions that only read
SELECT f.signature, aggtransfn::regproc, aggcombinefn::regproc, aggtranstype::regtype, aggfinalfn::regproc
FROM function f JOIN pg_aggregate a ON a.aggfnoid = f.oid ORDER BY f.signature::text COLLATE "C";
-- but for icm_allocate_agg, whose result is in the order of the rows, all have one
SELECT f.signature FROM function f JOIN pg_aggregate a ON a.aggfnoid = f.oid
WHERE aggkind <> 'n' OR (aggcombinefn = 0) <> (proname = 'icm_allocate_agg') OR aggtranstype = 'internal'::regtype
    OR aggserialfn <> 0 OR aggfinalmodify <> 'r' OR agginitval IS NOT NULL OR proparallel <> 's';
-- their functions are as parallel safe as they
SELECT DISTINCT p.oid::regprocedure FROM function f JOIN pg_aggregate a ON a.aggfnoid = f.oid
    JOIN pg_proc p ON p.oid IN (aggtransfn, aggcombinefn, aggfinalfn) WHERE p.proparallel <> 's';

-- types: size, passing, alignment, storage; four functions each
SELECT t.oid::regtype AS type, typlen, typbyval, typalign, typstorage,
       typinput <> 0 AND typoutput <> 0 AND typreceive <> 0 AND typsend <> 0 AS io
FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid ORDER BY t.typname COLLATE "C";

-- casts, all explicit
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast c
    JOIN member m ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid ORDER BY 1::text COLLATE "C";

-- what PUBLIC may not: publish, add kinds; read or write tables
SELECT signature FROM function WHERE NOT has_function_privilege('public', oid, 'EXECUTE') ORDER BY signature::text COLLATE "C";
SELECT c.oid::regclass AS relation,
       has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS any_right
FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
WHERE c.relkind IN ('r', 'v') ORDER BY 1::text COLLATE "C";

-- tables in schema icm, the rest in the schema of the extension but for what serves the tables
SELECT n.nspname, m.type, count(*) > 0 AS some FROM member m
    LEFT JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
    LEFT JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
    JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, p.pronamespace) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT signature FROM function WHERE pronamespace = 'icm'::regnamespace ORDER BY signature::text COLLATE "C";
-- and every name begins with icm_
SELECT signature FROM function WHERE proname NOT LIKE 'icm\_%' AND pronamespace <> 'icm'::regnamespace;
