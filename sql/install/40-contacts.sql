-- contact: what a customer was sent, and what the customer said to it.

CREATE TYPE icm_contacts;

CREATE FUNCTION icm_contacts_in(cstring) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_in(cstring) IS 'I/O';
CREATE FUNCTION icm_contacts_out(icm_contacts) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_out(icm_contacts) IS 'I/O';
CREATE FUNCTION icm_contacts_recv(internal) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_recv(internal) IS 'I/O';
CREATE FUNCTION icm_contacts_send(icm_contacts) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_send(icm_contacts) IS 'I/O';

CREATE TYPE icm_contacts (
    INPUT = icm_contacts_in,
    OUTPUT = icm_contacts_out,
    RECEIVE = icm_contacts_recv,
    SEND = icm_contacts_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_contacts IS
    'summary of one customer''s contacts and signals: time (UTC, microseconds), channel, department, brand, category, status, weight, reference and, of a reservation, expiry of each event; text form {2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent, 2026-01-06 09:30:00+00 sms reserved weight 2 ref 77 until 2026-01-06 09:45:00+00}, - for a label that is missing; statuses, in the order of life: reserved, cancelled, sent, bounced, delivered, refused, responded, complaint; and consent: optin, optout; 16 + 24 bytes an event, and each label once';

-- Adding events. A contact with a reference is one event, however often it arrives: of different events of one reference
-- the one with the status latest in life is kept, then the one that expires last, then the latest. Without a reference
-- each is an event of its own.

CREATE FUNCTION icm_contacts_add(contacts icm_contacts, at timestamptz, channel text, department text, brand text, category text,
                                 status text) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_add(icm_contacts, timestamptz, text, text, text, text, text) IS
    'contacts with one event more, NULL being none yet; unchanged if at and status are both NULL; weight 1, no reference, no expiry; error if only one of them is NULL, at not finite, the status unknown, a label not of 1 to 63 bytes, or the channel NULL unless the status is refused, complaint, optin or optout, which then are about all channels';
CREATE FUNCTION icm_contacts_add(contacts icm_contacts, at timestamptz, channel text, department text, brand text, category text,
                                 status text, weight float8, reference int8, expires timestamptz) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_add(icm_contacts, timestamptz, text, text, text, text, text, float8, int8, timestamptz) IS
    'the same with a weight for pressure, finite and not negative (NULL: 1), a reference to confirm or cancel a reservation by (NULL: none), and when a reservation expires, within 1628 days of at (NULL or infinity: never; without meaning for other statuses)';

CREATE FUNCTION icm_contacts_set_status(contacts icm_contacts, reference int8, status text) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_set_status(icm_contacts, int8, text) IS
    'contacts in which the one of this reference has this status, and no expiry any more; unchanged if it has it; error if there is none of this reference, if the status is earlier in life (reserved, cancelled, sent, bounced, delivered, refused, responded, complaint), or consent, which is an event of its own';

CREATE FUNCTION icm_contacts_merge(contacts icm_contacts, other icm_contacts) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_merge(icm_contacts, icm_contacts) IS
    'the events of both, those of one reference as one; events without a reference add up; NULL is no contacts';
CREATE FUNCTION icm_contacts_final(contacts icm_contacts) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_final(icm_contacts) IS 'final function of the aggregates that build contacts';

-- SSPACE is far above what a customer's contacts take, so that hash aggregation works in partitions of few groups: one
-- hash table of many customers' contacts costs several cache misses a row.

CREATE AGGREGATE icm_contacts_agg(at timestamptz, channel text, department text, brand text, category text, status text) (
    SFUNC = icm_contacts_add, STYPE = icm_contacts, SSPACE = 131072, COMBINEFUNC = icm_contacts_merge,
    FINALFUNC = icm_contacts_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_contacts_agg(timestamptz, text, text, text, text, text) IS
    'one customer''s contacts from events in any order, each counted: there is no reference to know a duplicate by; a row in which at and status are both NULL is left out; errors as of icm_contacts_add, and 54000 for more than 4096 combinations of labels and weight; NULL without events';
CREATE AGGREGATE icm_contacts_agg(at timestamptz, channel text, department text, brand text, category text, status text,
                                  weight float8, reference int8, expires timestamptz) (
    SFUNC = icm_contacts_add, STYPE = icm_contacts, SSPACE = 131072, COMBINEFUNC = icm_contacts_merge,
    FINALFUNC = icm_contacts_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_contacts_agg(timestamptz, text, text, text, text, text, float8, int8, timestamptz) IS
    'the same with weight (NULL: 1), reference (NULL: none) and expiry of a reservation (NULL or infinity: never); events of one reference are one: the status latest in life, then the latest expiry, then the latest time';

CREATE AGGREGATE icm_rollup(contacts icm_contacts) (
    SFUNC = icm_contacts_merge, STYPE = icm_contacts, SSPACE = 131072, COMBINEFUNC = icm_contacts_merge,
    FINALFUNC = icm_contacts_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_rollup(icm_contacts) IS
    'several contacts as one: months of a customer, divisions, people of an account; events of one reference are one, those without add up; NULL without rows';

-- Reading.

CREATE FUNCTION icm_contacts_events(contacts icm_contacts, OUT at timestamptz, OUT channel text, OUT department text, OUT brand text,
                                    OUT category text, OUT status text, OUT weight float8, OUT reference int8, OUT expires timestamptz)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_events(icm_contacts) IS
    'the events, ascending by time: labels NULL where there is none, reference NULL without one, expires NULL if not a reservation or never';
CREATE FUNCTION icm_contacts_count(contacts icm_contacts) RETURNS int
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_count(icm_contacts) IS 'number of events, of whatever status';
