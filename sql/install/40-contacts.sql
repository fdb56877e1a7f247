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
    'summary of one customer''s contacts and signals: time (UTC, microseconds), channel, department, brand, category, status, weight, reference and, of a reservation, expiry of each event; text form {2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent, 2026-01-06 09:30:00+00 sms reserved weight 2 ref 77 until 2026-01-06 09:45:00+00}, - for a label that is missing; statuses, in the order of life: reserved, cancelled, sent, bounced, delivered, refused, responded, complaint; and consent: optin, optout; what icm_contacts_prune dropped leaves a record for each combination of labels and weight, with the time of the latest event and the number of events: {2025-12-01 10:00:00+00 email/sales/Alpha pruned 12, 2025-12-03 10:00:00+00 sms pruned 3 weight 2}; 16 bytes, 24 an event or record, 16 a combination of labels and weight, and each label once';

-- Adding events. A contact with a reference is one event, however often it arrives, and whatever is said of it: its status
-- is the latest in life. A contact that took place (sent or later in life) did so at the earliest time that says so: a log
-- with a row a status says later that it was delivered, and responded to, and this is no later contact. Of one that did not
-- (reserved, cancelled) the event of the latest status is kept, then the one that expires last, then the latest. The labels
-- are those of all its events, its weight the largest. Two different labels of one kind are an error: then the reference
-- was used for two contacts. Consent with a reference is kept beside a contact of the same one, as unsubscribing from a
-- mailing has that of the mailing: of several events of consent the one of the latest status, then the latest. Without a
-- reference each is an event of its own. What was pruned is not known by its reference any more: if it arrives again, it
-- is new.

CREATE FUNCTION icm_contacts_add(contacts icm_contacts, at timestamptz, channel text, department text, brand text, category text,
                                 status text, weight float8 DEFAULT 1, reference int8 DEFAULT NULL, expires timestamptz DEFAULT NULL)
    RETURNS icm_contacts
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_add(icm_contacts, timestamptz, text, text, text, text, text, float8, int8, timestamptz) IS
    'contacts with one event more, NULL being none yet; unchanged if at and status are both NULL; weight: for pressure, 0 to 1e100 (NULL: 1); reference: to know the contact by when more is said of it (NULL: none), see icm_contacts_agg; expires: when a reservation does, within 1628 days of at (NULL or infinity: never; without meaning for other statuses); error if only one of at and status is NULL, at not finite, the status unknown, a label not of 1 to 63 bytes, or the channel NULL unless the status is refused, complaint, optin or optout, which then are about all channels; 23505 if the reference is that of a contact with another label; the records of what was pruned stay as they are, and a contact that was pruned and arrives again is an event like any other, while still counted as pruned';
CREATE FUNCTION icm_contacts_accum(contacts icm_contacts, at timestamptz, channel text, department text, brand text,
                                        category text, status text) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'icm_contacts_add';
COMMENT ON FUNCTION icm_contacts_accum(icm_contacts, timestamptz, text, text, text, text, text) IS
    'used by icm_contacts_agg: icm_contacts_add with its defaults';

CREATE FUNCTION icm_contacts_set_status(contacts icm_contacts, reference int8, status text) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_set_status(icm_contacts, int8, text) IS
    'contacts in which the one of this reference has this status, and no expiry any more, at the time that it has; from sent on the same as adding an event of this status and reference at a later time; unchanged if it has it; error if there is none of this reference, perhaps as it was pruned, if the status is earlier in life (reserved, cancelled, sent, bounced, delivered, refused, responded, complaint), or consent, which is an event of its own';

CREATE FUNCTION icm_contacts_merge(contacts icm_contacts, other icm_contacts) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_merge(icm_contacts, icm_contacts) IS
    'the events of both, those of one reference as one, as icm_contacts_agg has them; error 23505 if they differ in a label; events without a reference add up, and so do the numbers of events that were pruned, by labels and weight, the latest time of both being that of the sum; error 22003 if that number is beyond int8; an event that is in one and was pruned from the other is kept; NULL is no contacts';
CREATE FUNCTION icm_contacts_final(contacts icm_contacts) RETURNS icm_contacts
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_final(icm_contacts) IS 'final function of the aggregates that build contacts';

-- SSPACE is far above what a customer's contacts take, so that hash aggregation works in partitions of few groups: one
-- hash table of many customers' contacts costs several cache misses a row.

CREATE AGGREGATE icm_contacts_agg(at timestamptz, channel text, department text, brand text, category text, status text) (
    SFUNC = icm_contacts_accum, STYPE = icm_contacts, SSPACE = 131072, COMBINEFUNC = icm_contacts_merge,
    FINALFUNC = icm_contacts_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_contacts_agg(timestamptz, text, text, text, text, text) IS
    'one customer''s contacts from events in any order, each counted: there is no reference to know a duplicate by; a row in which at and status are both NULL is left out; errors as of icm_contacts_add, and 54000 for more than 4096 combinations of labels and weight; NULL without events';
CREATE AGGREGATE icm_contacts_agg(at timestamptz, channel text, department text, brand text, category text, status text,
                                  weight float8, reference int8, expires timestamptz) (
    SFUNC = icm_contacts_add, STYPE = icm_contacts, SSPACE = 131072, COMBINEFUNC = icm_contacts_merge,
    FINALFUNC = icm_contacts_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_contacts_agg(timestamptz, text, text, text, text, text, float8, int8, timestamptz) IS
    'the same with weight (NULL: 1), reference (NULL: none) and expiry of a reservation (NULL or infinity: never); rows of one reference are one contact, in whatever order they come: the status latest in life (reserved, cancelled, sent, bounced, delivered, refused, responded, complaint); the earliest time at which it took place, of the rows from sent on, else the time of the latest status, of the latest expiry, the latest; the labels of all rows, NULL agreeing with any; the largest weight; error 23505 if two rows differ in a label, as then the reference is used for two contacts: references must be unique over all sources of one customer''s contacts; optin and optout are kept beside the contact of their reference, of each the latest status, then the latest time';

CREATE AGGREGATE icm_rollup(contacts icm_contacts) (
    SFUNC = icm_contacts_merge, STYPE = icm_contacts, SSPACE = 131072, COMBINEFUNC = icm_contacts_merge,
    FINALFUNC = icm_contacts_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE icm_rollup(icm_contacts) IS
    'several contacts as one: months of a customer, divisions, people of an account; events of one reference are one, as icm_contacts_agg has them, so references must be unique over all that is rolled up (error 23505 if they differ in a label); those without add up, as do the numbers of pruned events; NULL without rows';

-- Reading.

CREATE FUNCTION icm_contacts_events(contacts icm_contacts, OUT at timestamptz, OUT channel text, OUT department text, OUT brand text,
                                    OUT category text, OUT status text, OUT weight float8, OUT reference int8, OUT expires timestamptz)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_events(icm_contacts) IS
    'the events, ascending by time, without those that were pruned, which icm_contacts_pruned has: labels NULL where there is none, reference NULL without one, expires NULL if not a reservation or never';
CREATE FUNCTION icm_contacts_count(contacts icm_contacts) RETURNS int
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_count(icm_contacts) IS
    'number of events, of whatever status; not of those that were pruned';
CREATE FUNCTION icm_contacts_pruned(contacts icm_contacts)
    RETURNS TABLE(channel text, department text, brand text, category text, weight float8, pruned int8, until timestamptz)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_contacts_pruned(icm_contacts) IS
    'how many events of each combination of labels (NULL where there is none) and weight icm_contacts_prune dropped, and the latest time of one, ascending by it; no rows if none: what the contacts say about such events up to then is not all that there was; several contacts merged have the sum, so an event pruned from two copies counts twice';
