-- standard: named, versioned definitions that every department's SQL uses.

CREATE TABLE icm.standard (
    kind            text COLLATE "C" NOT NULL,
    name            text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 63),
    version         int NOT NULL CHECK (version > 0),
    body            text NOT NULL,
    in_force_from   timestamptz NOT NULL DEFAULT now() CHECK (isfinite(in_force_from)),
    in_force_until  timestamptz NOT NULL DEFAULT 'infinity' CHECK (in_force_until >= in_force_from),
    published_by    text NOT NULL DEFAULT session_user,
    published_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    note            text,
    CONSTRAINT standard_pkey PRIMARY KEY (kind, name, version)
);

COMMENT ON TABLE icm.standard IS 'published definitions: every version of every name, never changed, only superseded; written by icm_publish()';
COMMENT ON COLUMN icm.standard.kind IS 'kind of definition: its type''s name without icm_, such as scale';
COMMENT ON COLUMN icm.standard.name IS 'name of the definition, 1 to 63 bytes';
COMMENT ON COLUMN icm.standard.version IS '1 for the first version of a name, then 2, 3, ...';
COMMENT ON COLUMN icm.standard.body IS 'the definition in the text form of its type';
COMMENT ON COLUMN icm.standard.in_force_from IS 'the version is in force from this time on';
COMMENT ON COLUMN icm.standard.in_force_until IS 'until just before this time; infinity: not superseded';
COMMENT ON COLUMN icm.standard.published_by IS 'session user who published the version';
COMMENT ON COLUMN icm.standard.published_at IS 'when it was published';
COMMENT ON COLUMN icm.standard.note IS 'why, in the publisher''s words';

SELECT pg_catalog.pg_extension_config_dump('icm.standard', '');

CREATE VIEW icm.standard_in_force AS
    SELECT kind, name, version, body, in_force_from, in_force_until, published_by, published_at, note
    FROM icm.standard
    WHERE in_force_from <= now() AND now() < in_force_until;
COMMENT ON VIEW icm.standard_in_force IS 'the version of each published definition that is in force now';

-- The type of a kind. A kind exists when its lookup does: see icm.add_kind().
CREATE FUNCTION icm.kind_type(kind text) RETURNS regtype
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $body$
DECLARE
    kinds text[];
    types regtype[];
BEGIN
    SELECT array_agg(substr(p.proname, length('icm_standard_') + 1) ORDER BY p.proname),
           array_agg(p.prorettype::regtype ORDER BY p.proname)
    INTO kinds, types
    FROM pg_extension e
        JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    WHERE e.extname = 'icm' AND starts_with(p.proname::text, 'icm_standard_') AND p.pronargs = 1
        AND p.proargtypes[0] = 'text'::regtype;
    IF kind = ANY (kinds) THEN
        RETURN types[array_position(kinds, kind)];
    END IF;
    RAISE EXCEPTION 'there is no kind of definition "%"', kind
        USING ERRCODE = 'undefined_object',
              HINT = 'The kinds are: ' || array_to_string(kinds, ', ') || '.';
END
$body$;
COMMENT ON FUNCTION icm.kind_type(text) IS 'type of a kind of definition; error if there is no such kind';

-- Whatever way a row comes (icm_publish, COPY, pg_restore): the body is valid, and what was published stays.
CREATE FUNCTION icm.guard_standard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $body$
BEGIN
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('SELECT ($1::%s)::text', icm.kind_type(NEW.kind)) INTO NEW.body USING NEW.body;
        IF EXISTS (SELECT FROM icm.standard s
                   WHERE s.kind = NEW.kind AND s.name = NEW.name
                       AND greatest(s.in_force_from, NEW.in_force_from) < least(s.in_force_until, NEW.in_force_until))
        THEN
            RAISE EXCEPTION 'only one version of % "%" can be in force at a time', NEW.kind, NEW.name
                USING ERRCODE = 'exclusion_violation',
                      HINT = 'Publish with icm_publish(), which ends the version in force.';
        END IF;
        -- the owner may: that is how pg_restore writes
        IF (NEW.published_by <> session_user OR NEW.published_at < now())
            AND NOT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
        THEN
            RAISE EXCEPTION 'published_by and published_at are not for the publisher to choose'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND OLD.in_force_until > now() AND NEW.in_force_until <= OLD.in_force_until
        AND (NEW.kind, NEW.name, NEW.version, NEW.body, NEW.in_force_from, NEW.published_by, NEW.published_at)
            = (OLD.kind, OLD.name, OLD.version, OLD.body, OLD.in_force_from, OLD.published_by, OLD.published_at)
        AND NEW.note IS NOT DISTINCT FROM OLD.note
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'published versions are never changed'
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'Publish a new version with icm_publish().';
END
$body$;
COMMENT ON FUNCTION icm.guard_standard() IS 'trigger of icm.standard: bodies are valid, one version is in force at a time, a published one is only ever superseded';

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON icm.standard
    FOR EACH ROW EXECUTE FUNCTION icm.guard_standard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON icm.standard
    FOR EACH STATEMENT EXECUTE FUNCTION icm.guard_standard();

CREATE FUNCTION icm.standard_changed() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'icm_standard_changed';
COMMENT ON FUNCTION icm.standard_changed() IS 'trigger of icm.standard: tells all sessions to look again';

-- by row and always: so it also runs where rows arrive by logical replication
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON icm.standard
    FOR EACH ROW EXECUTE FUNCTION icm.standard_changed();
ALTER TABLE icm.standard ENABLE ALWAYS TRIGGER changed;

CREATE FUNCTION icm_publish(kind text, name text, body text, note text DEFAULT NULL,
                            effective timestamptz DEFAULT now()) RETURNS int
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, pg_temp
    AS $body$
#variable_conflict use_variable
DECLARE
    latest int;
    successor record;
    ends timestamptz := 'infinity';
BEGIN
    IF kind IS NULL OR name IS NULL OR body IS NULL OR effective IS NULL THEN
        RAISE EXCEPTION 'kind, name, body and effective must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF octet_length(name) NOT BETWEEN 1 AND 63 THEN
        RAISE EXCEPTION 'a name has 1 to 63 bytes, not %', octet_length(name) USING ERRCODE = 'name_too_long';
    END IF;
    IF NOT isfinite(effective) THEN
        RAISE EXCEPTION 'effective must be a finite time' USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM icm.kind_type(kind);

    -- one publisher at a time; readers go on reading
    LOCK TABLE icm.standard IN SHARE ROW EXCLUSIVE MODE;
    SELECT coalesce(max(s.version), 0) INTO latest FROM icm.standard s WHERE s.kind = kind AND s.name = name;

    -- a version that is to take effect later stays; this one is in force up to then
    SELECT s.version, s.in_force_from INTO successor
    FROM icm.standard s
    WHERE s.kind = kind AND s.name = name AND s.in_force_from > effective AND s.in_force_until > s.in_force_from
    ORDER BY s.in_force_from LIMIT 1;
    IF FOUND THEN
        IF successor.in_force_from <= clock_timestamp() THEN
            RAISE EXCEPTION 'a later version of % "%" is in force already', kind, name
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      DETAIL = format('Version %s took effect at %s, after %s.',
                                      successor.version, successor.in_force_from, effective),
                      HINT = 'Look at that version, then publish with a later effective time.';
        END IF;
        ends := successor.in_force_from;
    END IF;

    UPDATE icm.standard s SET in_force_until = effective
    WHERE s.kind = kind AND s.name = name AND s.in_force_from <= effective AND effective < s.in_force_until;
    INSERT INTO icm.standard (kind, name, version, body, in_force_from, in_force_until, note)
    VALUES (kind, name, latest + 1, body, effective, ends, note);
    RETURN latest + 1;
END
$body$;
REVOKE EXECUTE ON FUNCTION icm_publish(text, text, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION icm_publish(text, text, text, text, timestamptz) IS
    'publish a definition under a name: checks body by casting it to the kind''s type, supersedes the version in force at the effective time (which may lie in the past, to record history, or in the future), returns the new version''s number; error 55000 if a later version is in force already; needs EXECUTE here and SELECT, INSERT, UPDATE on icm.standard';

CREATE FUNCTION icm_standard_support(internal) RETURNS internal
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'icm_standard_support';
COMMENT ON FUNCTION icm_standard_support(internal) IS 'planner support of icm_standard_<kind>(): folds a constant name into the plan';

-- A new kind of definition is one call: SELECT icm.add_kind('scale') once the type icm_scale is there.
CREATE FUNCTION icm.add_kind(kind text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $body$
DECLARE
    schema CONSTANT regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'icm');
    lookup CONSTANT text := format('%s.%I', schema, 'icm_standard_' || kind);
BEGIN
    EXECUTE format('CREATE FUNCTION %1$s(name text) RETURNS %2$s.%3$I
                    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10 SUPPORT %2$s.icm_standard_support
                    AS %4$L, %5$L',
                   lookup, schema, 'icm_' || kind, 'MODULE_PATHNAME', 'icm_standard_lookup');
    EXECUTE format('CREATE FUNCTION %1$s(name text, as_of timestamptz) RETURNS %2$s.%3$I
                    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10 SUPPORT %2$s.icm_standard_support
                    AS %4$L, %5$L',
                   lookup, schema, 'icm_' || kind, 'MODULE_PATHNAME', 'icm_standard_lookup');
    EXECUTE format('COMMENT ON FUNCTION %s(text) IS %L', lookup,
                   'the ' || kind || ' published under a name, in force at the start of the transaction; error if there is none');
    EXECUTE format('COMMENT ON FUNCTION %s(text, timestamptz) IS %L', lookup,
                   'the ' || kind || ' published under a name, in force at as_of; error if there is none');
END
$body$;
REVOKE EXECUTE ON FUNCTION icm.add_kind(text) FROM PUBLIC;
COMMENT ON FUNCTION icm.add_kind(text) IS 'used by the extension''s scripts: make the lookups icm_standard_<kind>() of the definition type icm_<kind>';
