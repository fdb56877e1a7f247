-- The table that a CSV file is loaded into; :others are columns that the file has besides.

CREATE DOMAIN csv_customer AS text NOT NULL CHECK (btrim(VALUE) <> '');

-- Year first, as 01/02/2024 means two days. It stays text for now: a date could not be checked for how it was written.
CREATE DOMAIN csv_day AS text NOT NULL CHECK (
    CASE WHEN VALUE ~ ('^\s*\d{4}(-\d\d?-\d\d?|/\d\d?/\d\d?|\d{4})'
                       '([ T]+\d\d?:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?\s*$')
        THEN VALUE::date IS NOT NULL
        ELSE false
    END);

-- Neither NaN nor infinite, nor so large that cents are lost.
CREATE DOMAIN csv_amount AS float8 CHECK (VALUE > -1e13 AND VALUE < 1e13);

CREATE TABLE orders (customer csv_customer, day csv_day, revenue csv_amount, cost csv_amount :others);
