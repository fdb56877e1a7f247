-- contact: how much a customer has been contacted lately.

CREATE FUNCTION icm_pressure(contacts icm_contacts, at timestamptz, half_life interval) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_pressure(icm_contacts, timestamptz, interval) IS
    'contact pressure at a time: the sum of the weights of the contacts up to then, each halved with every half_life since: weight * 2^(-(at - t) / half_life); of contacts with a channel that are reserved and not expired, sent, delivered, refused, responded or complaint; contacts NULL: 0; a day is 24 hours; error for a half_life that is not positive, or has months';
CREATE FUNCTION icm_pressure(contacts icm_contacts, at timestamptz, half_life interval, channel text) RETURNS float8
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_pressure(icm_contacts, timestamptz, interval, text) IS 'the same of one channel';
