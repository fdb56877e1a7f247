-- contact: whether a contact is allowed, and if not, why, and when it is.

CREATE TYPE icm_verdict AS (
    allowed boolean,
    rule text,
    reason text,
    observed float8,
    threshold float8,
    next_at timestamptz
);
COMMENT ON TYPE icm_verdict IS
    'whether a contact is allowed; if not, the first rule that denies it (name, or number from 1 as in icm_policy_rules), why, what was observed and the threshold, if they are numbers: contacts of a cap, pressure after the contact, hours of a gap, a block or a sequence, percent of a holdout; and the first time at which all rules allow it: that asked for if it is allowed, NULL if there is none';

CREATE FUNCTION icm_contact_check(contacts icm_contacts, policy icm_policy, at timestamptz, channel text,
                                  department text DEFAULT NULL, brand text DEFAULT NULL, category text DEFAULT NULL,
                                  grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL)
    RETURNS icm_verdict
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contact_check(icm_contacts, icm_policy, timestamptz, text, text, text, text, icm_grade, text, text) IS
    'whether a customer may be contacted at a time; contacts NULL: no history; contacts later than at, such as reservations, count too, reservations that have expired do not; a label that is not given is in no list of a rule, but the consent that a rule requires, and an objection, are about such a contact if each label of theirs is the contacts or is not given on either side, and an optin takes an optout back if it covers all that the optout does of what the contact may be; tz: the customer''s IANA time zone, without which, or if there is none of that name, rules of hours and calendar windows deny; customer_key: what a holdout goes by, and denies without; NULL if policy, at or channel is; error 22008 if at is infinite';

CREATE FUNCTION icm_contact_explain(contacts icm_contacts, policy icm_policy, at timestamptz, channel text,
                                    department text DEFAULT NULL, brand text DEFAULT NULL, category text DEFAULT NULL,
                                    grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL)
    RETURNS TABLE (rule text, body text, applies boolean, passes boolean, reason text, observed float8, threshold float8,
                   next_at timestamptz)
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 12 COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contact_explain(icm_contacts, icm_policy, timestamptz, text, text, text, text, icm_grade, text, text) IS
    'the same, rule by rule in the order in which they are checked: name or number; text; whether it is about such a contact, and no exemption is; whether it allows it; why it is not about it, or does not allow it; what was observed, and the threshold; the first time from at on at which this rule alone allows it, NULL if there is none; no rows if policy, at or channel is NULL';

CREATE FUNCTION icm_contact_next(contacts icm_contacts, policy icm_policy, at timestamptz, channel text,
                                 department text DEFAULT NULL, brand text DEFAULT NULL, category text DEFAULT NULL,
                                 grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL,
                                 n int DEFAULT 10)
    RETURNS SETOF timestamptz
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10 COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contact_next(icm_contacts, icm_policy, timestamptz, text, text, text, text, icm_grade, text, text, int) IS
    'when the next n such contacts can be made, 1 to 10000: each as early as possible from at on, after those before it have been sent; fewer if there are no more times; arguments as of icm_contact_check; no rows if policy, at, channel or n is NULL; error 22023 for another n, 54000 if the contacts have 4096 combinations of labels and weight already, and none is this one';

CREATE FUNCTION icm_policy_simulate(contacts icm_contacts, policy icm_policy,
                                    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
                                    grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL)
    RETURNS TABLE (at timestamptz, channel text, department text, brand text, category text, status text, reference bigint,
                   allowed boolean, rule text, reason text, observed float8, threshold float8)
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 50 COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_simulate(icm_contacts, icm_policy, timestamptz, timestamptz, icm_grade, text, text) IS
    'what a policy would have done: each contact of the past from since up to before until, with whether it would have been allowed, and if not the first rule that denies it, why, what was observed and the threshold; each is checked at its own time, against what came before it without what the policy would have refused; contacts before since count as they are; cancelled contacts, reservations that had expired by then, and signals without a channel are not checked; no rows if contacts, policy, since or until is NULL';

CREATE FUNCTION icm_contacts_prune(contacts icm_contacts, policy icm_policy, at timestamptz) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_prune(icm_contacts, icm_policy, timestamptz) IS
    'contacts without the events before a time that no check by the policy at that time or later needs, whatever their status may yet become; of a sequence that began too long ago it may be forgotten when; optin and optout stay for ever, and so do reservations that have not expired; pressure needs contacts until what is left of them is 2^-64 of its limit, and for ever if one contact can weigh as much as the limit; the value says how many events have been pruned: see icm_contacts_pruned; error 22008 if at is infinite';

CREATE FUNCTION icm_holdout(salt text, customer_key text) RETURNS float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_holdout(text, text) IS
    'where a customer lies in the holdouts of a salt, from 0 to less than 100: a rule holdout P% holds out those below P; uniform, and the same for ever: FNV-1a of 64 bits over salt, a zero byte and key, mixed by the finalizer of MurmurHash3, its 53 highest bits as a fraction, in percent';

-- Twins that take the policy's published name.

CREATE FUNCTION icm_contact_check(contacts icm_contacts, standard text, at timestamptz, channel text,
                                  department text DEFAULT NULL, brand text DEFAULT NULL, category text DEFAULT NULL,
                                  grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL)
    RETURNS icm_verdict
    LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT @extschema@.icm_contact_check(contacts, @extschema@.icm_standard_policy(standard), at, channel, department, brand, category, grade, tz, customer_key)';
COMMENT ON FUNCTION icm_contact_check(icm_contacts, text, timestamptz, text, text, text, text, icm_grade, text, text) IS
    'the same by the policy that is published under a name';
CREATE FUNCTION icm_contact_explain(contacts icm_contacts, standard text, at timestamptz, channel text,
                                    department text DEFAULT NULL, brand text DEFAULT NULL, category text DEFAULT NULL,
                                    grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL)
    RETURNS TABLE (rule text, body text, applies boolean, passes boolean, reason text, observed float8, threshold float8,
                   next_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 12
    AS 'SELECT * FROM @extschema@.icm_contact_explain(contacts, @extschema@.icm_standard_policy(standard), at, channel, department, brand, category, grade, tz, customer_key)';
COMMENT ON FUNCTION icm_contact_explain(icm_contacts, text, timestamptz, text, text, text, text, icm_grade, text, text) IS
    'the same by the policy that is published under a name';
CREATE FUNCTION icm_contact_next(contacts icm_contacts, standard text, at timestamptz, channel text,
                                 department text DEFAULT NULL, brand text DEFAULT NULL, category text DEFAULT NULL,
                                 grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL,
                                 n int DEFAULT 10)
    RETURNS SETOF timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
    AS 'SELECT @extschema@.icm_contact_next(contacts, @extschema@.icm_standard_policy(standard), at, channel, department, brand, category, grade, tz, customer_key, n)';
COMMENT ON FUNCTION icm_contact_next(icm_contacts, text, timestamptz, text, text, text, text, icm_grade, text, text, int) IS
    'the same by the policy that is published under a name';
CREATE FUNCTION icm_policy_simulate(contacts icm_contacts, standard text,
                                    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
                                    grade icm_grade DEFAULT NULL, tz text DEFAULT NULL, customer_key text DEFAULT NULL)
    RETURNS TABLE (at timestamptz, channel text, department text, brand text, category text, status text, reference bigint,
                   allowed boolean, rule text, reason text, observed float8, threshold float8)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    AS 'SELECT * FROM @extschema@.icm_policy_simulate(contacts, @extschema@.icm_standard_policy(standard), since, until, grade, tz, customer_key)';
COMMENT ON FUNCTION icm_policy_simulate(icm_contacts, text, timestamptz, timestamptz, icm_grade, text, text) IS
    'the same by the policy that is published under a name';
CREATE FUNCTION icm_contacts_prune(contacts icm_contacts, standard text, at timestamptz) RETURNS icm_contacts
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT @extschema@.icm_contacts_prune(contacts, @extschema@.icm_standard_policy(standard), at)';
COMMENT ON FUNCTION icm_contacts_prune(icm_contacts, text, timestamptz) IS
    'the same by the policy that is published under a name';
