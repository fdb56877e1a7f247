-- wallet: what buyers a brand should have, given its share, by the NBD-Dirichlet model of a market.

CREATE TYPE icm_dirichlet;

CREATE FUNCTION icm_dirichlet_in(cstring) RETURNS icm_dirichlet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_in(cstring) IS 'I/O';
CREATE FUNCTION icm_dirichlet_out(icm_dirichlet) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_out(icm_dirichlet) IS 'I/O';
CREATE FUNCTION icm_dirichlet_recv(internal) RETURNS icm_dirichlet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_recv(internal) IS 'I/O';
CREATE FUNCTION icm_dirichlet_send(icm_dirichlet) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_send(icm_dirichlet) IS 'I/O';

CREATE TYPE icm_dirichlet (
    INPUT = icm_dirichlet_in,
    OUTPUT = icm_dirichlet_out,
    RECEIVE = icm_dirichlet_recv,
    SEND = icm_dirichlet_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE icm_dirichlet IS
    'NBD-Dirichlet model of a market in a period (Goodhardt, Ehrenberg, Chatfield 1984, Journal of the Royal Statistical Society A 147:621): M, mean purchases in the category of a customer, buyer or not, 1e-9 to 1e9; K, exponent of the negative binomial distribution of purchases, the smaller the more customers differ in how much they buy, 1e-6 to 1e6; S, the sum of the Dirichlet parameters, the smaller the more they keep to few brands, 1e-6 to 1e6; up to 1000 brands with their shares of the purchases, 1e-6 to 1, together at most 1, what is missing being other brands, and perhaps their observed penetrations, which are shares of all customers; text form {M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25 penetration 0.2, "Beta 2": 0.1}}, the largest brand first; 32 bytes and 80 a brand';

SELECT icm.add_kind('dirichlet');

CREATE FUNCTION icm_dirichlet_fit(penetration float8, purchase_rate float8, brands text[], shares float8[],
                                  brand_penetrations float8[]) RETURNS icm_dirichlet
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_fit(float8, float8, text[], float8[], float8[]) IS
    'NBD-Dirichlet model from what is known of a market in a period: the share of customers who buy in the category, purchases in it a buyer, and the brands with their shares of purchases and the shares of customers who buy them, NULL where not known; in any order. Penetrations are shares of all customers, with those who do not buy in the category: where icm_wallet_penetration, a share of those who do, is known of a brand, multiply it by n / (n + no_spend) of icm_wallet_stats. M = penetration * purchase_rate; K solves (1 + M/K)^-K = 1 - penetration; S is the mean, weighted by share, of the S with which each brand with a known penetration has exactly that, as Goodhardt, Ehrenberg, Chatfield 1984 do it (for their toothpaste 1.55; the R package NBDdirichlet 1.4 then drops brands as outliers, and gets 1.30), each to 14 digits or so. Errors: 22003 for NaN and infinity; 22004 for a brand or share that is NULL; 42622 for a name of more than 63 bytes; 2202E for arrays of other lengths; 22023 for a penetration outside 0 to 1, a purchase rate below 1, shares that add up to more than 1, a brand given twice, a brand with more buyers than the category, and if there is no K, as purchases vary less than by chance, or no S from 1e-6 to 1e6 for a brand: its detail says from what to what the penetration of a brand of that share can go';

CREATE FUNCTION icm_dirichlet_params(model icm_dirichlet,
                                     OUT m float8, OUT k float8, OUT s float8, OUT penetration float8, OUT purchase_rate float8)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_params(icm_dirichlet) IS
    'the parameters M, K and S of a model, and what they say of the category in its period: the share of customers who buy, 1 - (1 + M/K)^-K, and purchases a buyer, M / penetration';
CREATE FUNCTION icm_dirichlet_brands(model icm_dirichlet, OUT brand text, OUT share float8, OUT penetration float8, OUT s float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_brands(icm_dirichlet) IS
    'the brands of a model, the largest first: share of purchases; observed penetration, NULL if not given; the S with which the brand has that penetration, NULL if there is none: the larger, the more of its buyers buy others too; where it is far from the S of the model, the brand is not bought as its share would have it';

CREATE FUNCTION icm_dirichlet_norms(model icm_dirichlet, periods float8 DEFAULT 1,
                                    OUT brand text, OUT share float8, OUT penetration float8, OUT purchases_per_buyer float8, OUT category_purchases_per_buyer float8,
                                    OUT share_of_category_requirements float8, OUT loyal_100 float8, OUT loyal_100_rate float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_norms(icm_dirichlet, float8) IS
    'what each brand should have in so many periods of the model, the largest brand first, given nothing but its share: penetration, the share of customers who buy it; purchases of it a buyer; purchases of the category a buyer of it; share of category requirements, their ratio; loyal_100, the share of its buyers who buy no other brand, and loyal_100_rate, purchases of such a buyer, NULL if loyal_100 is below 1e-10. M grows with the periods, K and S stay. Nothing is truncated: with q ~ Beta(S share, S (1 - share)), a = M/K, penetration is 1 - mean of (1 + a q)^-K, and so on, by the trapezoidal rule in logit(q), to a relative error of 1e-14 in markets as they are, 1e-11 at the limits of parameters; of loyal_100 that is the absolute error. Errors: 22003 for NaN and infinite periods, 22023 for periods that are not positive, or with which M leaves 1e-9 to 1e9';
CREATE FUNCTION icm_dirichlet_norms(standard text, periods float8 DEFAULT 1)
    RETURNS TABLE (brand text, share float8, penetration float8, purchases_per_buyer float8, category_purchases_per_buyer float8,
                   share_of_category_requirements float8, loyal_100 float8, loyal_100_rate float8)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
    AS 'SELECT * FROM @extschema@.icm_dirichlet_norms(@extschema@.icm_standard_dirichlet(standard), periods)';
COMMENT ON FUNCTION icm_dirichlet_norms(text, float8) IS
    'the same by the model that is published under a name';

CREATE FUNCTION icm_dirichlet_duplication(model icm_dirichlet, periods float8 DEFAULT 1,
                                          OUT brand text, OUT other text, OUT duplication float8, OUT coefficient float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 90 COST 5000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_duplication(icm_dirichlet, float8) IS
    'duplication of purchase: for each brand and each other one, the largest first, the share of the brand''s buyers who also buy the other in so many periods of the model, and coefficient, that divided by the penetration of the other: the duplication coefficient D of the two, the same both ways, below 1 where fewer buy both than if they were bought independently. D of the market, by which duplication is D times the penetration of the other (Ehrenberg 1988, Repeat-Buying), is sum(duplication) / sum(penetration of the other). Absolute error of a duplication: 1e-15 times one plus the ratio of penetrations; NULL if either penetration is below 1e-9. Errors as of icm_dirichlet_norms';
CREATE FUNCTION icm_dirichlet_duplication(standard text, periods float8 DEFAULT 1)
    RETURNS TABLE (brand text, other text, duplication float8, coefficient float8)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 90
    AS 'SELECT * FROM @extschema@.icm_dirichlet_duplication(@extschema@.icm_standard_dirichlet(standard), periods)';
COMMENT ON FUNCTION icm_dirichlet_duplication(text, float8) IS
    'the same by the model that is published under a name';

CREATE FUNCTION icm_dirichlet_distribution(model icm_dirichlet, brand text, max int, periods float8 DEFAULT 1,
                                           OUT purchases int, OUT probability float8, OUT at_least float8)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION icm_dirichlet_distribution(icm_dirichlet, text, int, float8) IS
    'distribution of the purchases of a brand in so many periods of the model: for 0, 1, ..., max purchases, max 0 to 10000, the share of customers with so many, and with at least so many, to an absolute error of 1e-14. Errors: 42704 for a brand that the model does not have, 22023 for another max, others as of icm_dirichlet_norms';
CREATE FUNCTION icm_dirichlet_distribution(standard text, brand text, max int, periods float8 DEFAULT 1)
    RETURNS TABLE (purchases int, probability float8, at_least float8)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
    AS 'SELECT * FROM @extschema@.icm_dirichlet_distribution(@extschema@.icm_standard_dirichlet(standard), brand, max, periods)';
COMMENT ON FUNCTION icm_dirichlet_distribution(text, text, int, float8) IS
    'the same by the model that is published under a name';
