-- The data of a company: 20,000 customers in the years 2023 and 2024, amounts in EUR.
--
-- Every number comes from a hash of a customer's or an order's number, not from random(), whose
-- sequence depends on the server's version and on the plan: the data are the same each time.

-- uniform in (0, 1); a stream is an independent sequence of draws
CREATE FUNCTION uniform(key bigint, stream int) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (((hashint8extended(key, stream) >> 11) & 9007199254740991) + 0.5) / 9007199254740992 $$;
CREATE FUNCTION exponential(key bigint, stream int) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT -ln(uniform(key, stream)) $$;
-- takes the streams +stream and -stream (Box, Muller 1958)
CREATE FUNCTION normal(key bigint, stream int) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT sqrt(2 * exponential(key, stream)) * cos(2 * pi() * uniform(key, -stream)) $$;
CREATE FUNCTION cents(amount float8) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT amount::numeric(12, 2) $$;

-- What drives a customer. The departments never see this table; it goes away again below.
--   size        how much the customer buys, against an average household
--   first_day   days since 2022-12-31; two thirds were customers before
--   years       for how long the customer stays, up to the end of 2024; some are lost soon, some hardly ever
--   goods_share cost of goods, as a share of revenue: big buyers have negotiated
--   return_rate chance that an order comes back; some buy to try
--   call_rate   calls a year
CREATE TABLE driver AS
    WITH customer AS (
        SELECT n AS customer,
               uniform(n, 1) < 0.10 AS business,
               exp(0.8 * normal(n, 2) + CASE WHEN uniform(n, 1) < 0.10 THEN 1.4 ELSE 0 END) AS size,
               greatest(1, ceil(731 * (3 * uniform(n, 3) - 2)))::int AS first_day
        FROM generate_series(1, 20000) n
    )
    SELECT customer, business, size, first_day,
           least(732 - first_day, 30 + 800 * exponential(customer, 4) / exponential(customer, 10)) / 365.25 AS years,
           least(0.80, 0.50 + 0.14 * uniform(customer, 5)
                       + CASE WHEN business THEN 0.05 * ln(1 + size) ELSE 0 END) AS goods_share,
           CASE WHEN uniform(customer, 6) < 0.13 THEN 0.25 + 0.35 * uniform(customer, 7)
                ELSE 0.08 * uniform(customer, 7) END AS return_rate,
           exp(normal(customer, 8)) * (0.5 + 0.2 * size)
               * CASE WHEN uniform(customer, 9) < 0.12 THEN 8 ELSE 1 END AS call_rate
    FROM customer;

CREATE TABLE customers AS
    SELECT customer, CASE WHEN business THEN 'business' ELSE 'household' END AS kind
    FROM driver;
ALTER TABLE customers ADD PRIMARY KEY (customer);

-- Orders of two divisions. Their number is geometric: Poisson, with a rate that differs between customers.
CREATE TABLE retail_orders AS
    SELECT id, customer, DATE '2022-12-31' + first_day + floor(years * 365 * uniform(id, 21))::int AS day,
           cents(revenue) AS revenue, cents(revenue * goods_share) AS goods_cost
    FROM driver,
        generate_series(1, 1 + floor(2.0 * years * sqrt(size) * exponential(customer, 20))::int) n,
        LATERAL (SELECT customer * 10000::bigint + n AS id) o,
        LATERAL (SELECT 2 + 45 * sqrt(size) * exp(0.6 * normal(id, 22)) AS revenue) r;

CREATE TABLE online_orders AS
    SELECT id, customer, DATE '2022-12-31' + first_day + floor(years * 365 * uniform(id, 31))::int AS day,
           cents(revenue) AS revenue, cents(revenue * goods_share) AS goods_cost,
           cents(4 + 0.02 * revenue) AS shipping_cost
    FROM driver,
        generate_series(1, floor(3.5 * years * sqrt(size) * exponential(customer, 30))::int) n,
        LATERAL (SELECT customer * 10000::bigint + n AS id) o,
        LATERAL (SELECT 5 + 40 * sqrt(size) * exp(0.7 * normal(id, 32)) AS revenue) r;

-- The third division sells maintenance contracts, invoiced every month.
CREATE TABLE contract_invoices AS
    SELECT customer, (DATE '2022-12-31' + first_day + month * 30) AS day,
           cents(fee) AS revenue, cents(fee * (0.25 + 0.4 * uniform(customer * 100 + month, 41))) AS technician_cost
    FROM driver,
        generate_series(0, floor(years * 12)::int - 1) month,
        LATERAL (SELECT 9 + 12 * sqrt(size) * exp(0.4 * normal(customer, 42)) AS fee) f
    WHERE uniform(customer, 40) < CASE WHEN business THEN 0.45 ELSE 0.12 END;

-- Customers get their money back, the company gets most of the goods back.
CREATE TABLE returns AS
    SELECT customer, day + 3 + floor(18 * uniform(id, stream + 1))::int AS day, revenue AS refund,
           cents(0.75 * goods_cost) AS goods_back
    FROM (SELECT id, customer, day, revenue, goods_cost, 50 AS stream FROM online_orders
          UNION ALL
          SELECT id, customer, day, revenue, goods_cost, 60 FROM retail_orders) o
        JOIN driver USING (customer)
    WHERE uniform(id, stream) < return_rate * CASE stream WHEN 50 THEN 1.0 ELSE 0.5 END;
DELETE FROM returns WHERE day > '2024-12-31';

CREATE TABLE calls AS
    SELECT customer, DATE '2022-12-31' + first_day + floor(years * 365 * uniform(id, 71))::int AS day,
           round((3.5 + 6.5 * exponential(id, 72))::numeric, 1) AS minutes
    FROM driver,
        generate_series(1, floor(years * call_rate * exponential(customer, 70))::int) n,
        LATERAL (SELECT customer * 10000::bigint + n AS id) c;

-- Marketing writes to everybody and visits the big ones.
CREATE TABLE contacts AS
    SELECT customer, day, channel
    FROM driver,
        generate_series(1, ceil(years * 7)::int) n,
        LATERAL (SELECT customer * 10000::bigint + n AS id) c,
        LATERAL (SELECT DATE '2022-12-31' + first_day + floor(years * 365 * uniform(id, 81))::int AS day,
                        CASE WHEN size > 8 AND uniform(id, 82) < 0.35 THEN 'visit'
                             WHEN uniform(id, 83) < 0.5 THEN 'letter' ELSE 'e-mail' END AS channel) d;

-- What a part of the customers spent in 2024 on such goods in all, here and elsewhere: from a survey.
CREATE TABLE wallets AS
    SELECT customer, cents(ordered + (20 + 0.5 * ordered + 150 * sqrt(size)) * exponential(customer, 91) + 1) AS wallet
    FROM driver
        JOIN (SELECT customer, sum(revenue)::float8 AS ordered
              FROM (SELECT customer, day, revenue FROM retail_orders
                    UNION ALL SELECT customer, day, revenue FROM online_orders
                    UNION ALL SELECT customer, day, revenue FROM contract_invoices) o
              WHERE day BETWEEN '2024-01-01' AND '2024-12-31'
              GROUP BY customer) o USING (customer)
    WHERE uniform(customer, 90) < 0.4;
ALTER TABLE wallets ADD PRIMARY KEY (customer);

DROP TABLE driver;
DROP FUNCTION cents, normal, exponential, uniform;
ANALYZE;
