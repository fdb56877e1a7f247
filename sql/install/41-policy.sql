-- contact: policies, the company's rules on contacting customers.

CREATE TYPE icm_policy;

CREATE FUNCTION icm_policy_in(cstring) RETURNS icm_policy
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_in(cstring) IS 'I/O';
CREATE FUNCTION icm_policy_out(icm_policy) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_out(icm_policy) IS 'I/O';
CREATE FUNCTION icm_policy_recv(internal) RETURNS icm_policy
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_recv(internal) IS 'I/O';
CREATE FUNCTION icm_policy_send(icm_policy) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_send(icm_policy) IS 'I/O';

CREATE TYPE icm_policy (
    INPUT = icm_policy_in,
    OUTPUT = icm_policy_out,
    RECEIVE = icm_policy_recv,
    SEND = icm_policy_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_policy IS
    'definition of who may be contacted when: 1 to 1000 rules, each ended by a semicolon, with an optional name: in front: cap N per SPAN (whose number may be left out: 1) | cap N per calendar day|week [starting DAY]|month|quarter|year | gap SPAN | pressure X half-life SPAN [weight CHANNEL W, ...] | quiet HH:MM-HH:MM | open DAYS HH:MM-HH:MM, ... | require optin | refuse after optout | block SPAN after STATUS, ... | blackout DATE [to DATE] | sequence CHANNEL after CHANNEL within SPAN | holdout P% salt ''TEXT'' | exempt SCOPE [counted]; then in any order on CHANNELS, by DEPARTMENTS, for brand BRANDS, category CATEGORIES, grade A-C, E, each list perhaps after except, counting STATUSES (else reserved, sent, delivered, refused, responded, complaint), priority N (else 0; the larger is checked first), source ''TEXT''. A SPAN is a whole number of seconds, minutes, hours, days or weeks, up to 36525 days of 24 hours; a cap of 0 means never. The word and between two rules begins another part of the policy: an exempt rule holds for the rules of its own part only, so a part of nothing but exempt rules has no effect; parts with the same exempt rules, or none, are one. Rules are checked by descending priority, then part by part, then as written. Equal policies print equally; 32 bytes, 104 bytes a rule, and its lists';

SELECT icm.add_kind('policy');

CREATE FUNCTION icm_policy_rules(policy icm_policy) RETURNS TABLE (
        rule text, kind text, channels text[], departments text[], brands text[], categories text[], grades text, excepted text[],
        threshold float8, span interval, calendar text, counting text[], after text[], priority int, body text, source text, part int)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 12 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_rules(icm_policy) IS
    'the rules of a policy in the order in which they are checked: name, or number from 1; kind, the word that it begins with; what it is limited to (NULL: not), grades as in A-C, E, and excepted, which of these lists say what is left out; threshold of a cap (contacts), pressure or holdout (percent); span in hours of a sliding window, gap, half-life, block or sequence; calendar window of a cap; statuses that count; statuses after which it blocks, or channel after which a sequence goes on; priority; the rule''s text but for name and source; legal or other source; part of the policy, from 1, whose exempt rules hold for it';

CREATE FUNCTION icm_policy_concat(policy icm_policy, other icm_policy) RETURNS icm_policy
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_concat(icm_policy, icm_policy) IS
    'the parts of both policies: the strictest wins, as an exempt rule of one does not loosen the other; parts with the same exempt rules, or none, become one, in which rules that are equal, with their names and sources, are kept once; different rules of the same name stay both; those of the first come before those of the second of the same priority and part; error 54000 beyond 1000 rules';
CREATE OPERATOR || (LEFTARG = icm_policy, RIGHTARG = icm_policy, FUNCTION = icm_policy_concat);
COMMENT ON OPERATOR || (icm_policy, icm_policy) IS 'the parts of both policies: the strictest wins';

CREATE FUNCTION icm_policy_preset(name text) RETURNS icm_policy
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_policy_preset(text) IS
    'rules that follow from a law, with their source: us_tcpa (calls 08:00-21:00, do-not-call), us_florida and us_oklahoma (calls 08:00-20:00, 3 in 24 hours, on whatever subject), france_calls (Monday to Friday 10-13 and 14-20, 4 in 30 days, 60 days after a refusal; public holidays are to be added as blackouts; so is prior consent, which law 2025-594 asks for since 11 August 2026 but for a contract in force, as: require optin on call), us_can_spam (no email after an optout), eu_gdpr (no contact after an optout). Channels are called call and email; hours are the customer''s; calls that were not answered count (bounced); an optout holds at once, where US laws give up to 10 business days; days are of 24 hours, where the French law has calendar days. What a law exempts is for the company to add; error 22023 for another name. A start, not legal advice';
