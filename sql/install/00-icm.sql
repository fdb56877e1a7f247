\echo Use "CREATE EXTENSION icm" to load this file. \quit

-- Functions and types stand in the schema that the user installs into, tables in this one.
CREATE SCHEMA icm;
COMMENT ON SCHEMA icm IS 'integrated customer marketing: tables of the extension icm';
GRANT USAGE ON SCHEMA icm TO PUBLIC;
