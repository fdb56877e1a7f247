# What a policy allows, compared with test/reference/contact.py, which asks every rule of every event, at one time after
# the other; and what must be true of the answers by themselves.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IcmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
my $oracle = "$FindBin::RealBin/../reference/contact.py";
my $seed = $ENV{ICM_SEED} // 1;
my %cases = (check => 20_000, explain => 3_000, simulate => 5_000, prune => 3_000, zones => 3_000);

plan skip_all => 'there is no Python 3 with zoneinfo and time zones'
	if system("$python -c 'import zoneinfo; zoneinfo.ZoneInfo(\"America/St_Johns\")' 2>/dev/null") != 0;

my $node = start_node('main', 'fsync = off');
my $db = 'postgres';
my $directory = PostgreSQL::Test::Utils::tempdir;

# none(NAME, QUERY): a query for what is wrong finds nothing; else the shortest of it is shown
sub none
{
	my ($name, $query) = @_;
	my @wrong = sort { length $a <=> length $b } split /\n/, $node->safe_psql($db, $query);

	ok(!@wrong, $name)
		or diag(join("\n", scalar(@wrong) . " with seed $seed, of which:", @wrong[0 .. ($#wrong < 4 ? $#wrong : 4)]));
	return;
}

# many(NAME, QUERY): a condition on what the cases are, without which the tests would say little
sub many
{
	my ($name, $query) = @_;

	is($node->safe_psql($db, $query), 't', $name);
	return;
}

ok(system($python, $oracle, 'selftest') == 0, 'the oracle itself');
ok(system($python, $oracle, $directory, $seed, %cases) == 0, 'cases');

# What is asked, and what must be answered, under the names that contact.py gives them.
my $request = 'channel text, department text, brand text, category text, grade icm_grade, tz text, key text';
my $observed = 'is_known bool, must_observed float8, must_threshold float8';
my $next = 'must_next timestamptz, horizon timestamptz, tolerance int';
my %tables = (
	check => "id int, contacts icm_contacts, policy icm_policy, at timestamptz, $request, must_allow bool, must_rule text, $observed, $next,
		shuffled icm_policy, more icm_policy, other icm_policy",
	explain => "id int, contacts icm_contacts, policy icm_policy, at timestamptz, $request",
	explained => "id int, number int, must_rule text, must_apply bool, must_pass bool, $observed, $next",
	simulate => "id int, contacts icm_contacts, policy icm_policy, since timestamptz, until timestamptz, grade icm_grade, tz text, key text",
	judged => "id int, number int, must_at timestamptz, must_channel text, must_department text, must_brand text, must_category text,
		must_status text, must_allow bool, must_rule text, $observed",
	prune => "id int, contacts icm_contacts, policy icm_policy, pruned_at timestamptz, at timestamptz, $request, later_at timestamptz,
		later_channel text, later_department text, later_brand text, later_category text, later_status text, later_weight float8,
		later_reference int8, later_expires timestamptz",
	zones => 'tz text, at timestamptz, must_be timestamp');
foreach my $table (sort keys %tables)
{
	$node->safe_psql($db, "CREATE TABLE asked_$table ($tables{$table}); COPY asked_$table FROM '$directory/$table.tsv'; ANALYZE asked_$table");
}

# what is compared, but for rounding
$node->safe_psql($db, q{
	CREATE FUNCTION same(a float8, b float8) RETURNS bool LANGUAGE sql IMMUTABLE AS
		'SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= 1e-9 * (1e-3 + abs(b)), false)';
	CREATE FUNCTION same_next(next_at timestamptz, must_next timestamptz, horizon timestamptz, tolerance int) RETURNS bool LANGUAGE sql IMMUTABLE AS
		$$SELECT CASE WHEN must_next IS NULL THEN next_at IS NULL OR (horizon <> 'infinity' AND next_at > horizon)
			ELSE coalesce(abs(extract(epoch FROM next_at - must_next)) <= tolerance * 1e-6, false) END$$;
	-- on one line
	CREATE FUNCTION line(policy icm_policy) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT replace(policy::text, E'\n', ' ')$$;
	-- a call as one would write it
	CREATE FUNCTION call(name text, contacts icm_contacts, policy icm_policy, at timestamptz, channel text, department text, brand text,
						 category text, grade icm_grade, tz text, key text) RETURNS text LANGUAGE sql STABLE AS
		$$SELECT format('SELECT * FROM %s(%L, %L::icm_policy, %L, %L, department => %L, brand => %L, category => %L, grade => %L, tz => %L, customer_key => %L)',
			name, contacts, line(policy), at, channel, department, brand, category, grade, tz, key)$$;
	ALTER DATABASE postgres SET TimeZone = 'UTC'});
my $arguments = 'at, channel, department, brand, category, grade, tz, key';
my $call = "call('icm_contact_check', contacts, policy, $arguments)";

none('local times are as in PostgreSQL', q{SELECT concat_ws(' ', tz, at, at AT TIME ZONE tz, must_be) FROM asked_zones WHERE at AT TIME ZONE tz <> must_be});

# ---- check and next time

$node->safe_psql($db, "CREATE TABLE checked AS SELECT c.*, v.* FROM asked_check c, LATERAL icm_contact_check(contacts, policy, $arguments) v; ANALYZE checked");
none('check: allowed, and the rule that denies', qq{
	SELECT $call || format('; -- must be %s %s, is %s %s', must_allow, must_rule, allowed, rule) FROM checked
	WHERE allowed IS DISTINCT FROM must_allow OR rule IS DISTINCT FROM must_rule});
none('check: the next time', qq{
	SELECT $call || format('; -- must be %s up to %s, is %s', must_next, horizon, next_at) FROM checked
	WHERE NOT same_next(next_at, must_next, horizon, tolerance)});
none('check: what was observed, and the threshold', qq{
	SELECT $call || format('; -- must be %s of %s, is %s of %s', must_observed, must_threshold, observed, threshold) FROM checked
	WHERE NOT allowed AND (is_known AND NOT same(observed, must_observed) OR must_threshold IS NOT NULL AND NOT same(threshold, must_threshold))});
none('check: a reason iff denied', qq{
	SELECT $call FROM checked WHERE allowed <> (reason IS NULL) OR allowed AND (rule, observed, threshold) IS DISTINCT FROM (NULL::text, NULL::float8, NULL::float8)});
many('many are allowed, many later, many never', q{
	SELECT least(count(*) FILTER (WHERE must_allow), count(*) FILTER (WHERE NOT must_allow AND must_next IS NOT NULL), 4 * count(*) FILTER (WHERE horizon = 'infinity' AND NOT must_allow),
		50 * count(*) FILTER (WHERE tolerance > 0)) > 0.2 * count(*) FROM checked});
many('each kind of rule denies', q{
	SELECT count(*) = 11 AND min(denied) > 100 FROM (SELECT r.kind, count(*) AS denied
		FROM checked c, icm_policy_rules(policy) r WHERE NOT must_allow AND r.rule = c.must_rule AND r.kind <> 'exempt' GROUP BY 1) kinds});

none('at the next time it is allowed', qq{
	SELECT $call FROM checked c, LATERAL icm_contact_check(contacts, policy, next_at, channel, department, brand, category, grade, tz, key) v
	WHERE c.next_at IS NOT NULL AND (NOT v.allowed OR v.next_at <> c.next_at)});
none('and a microsecond before it is not', qq{
	SELECT $call FROM checked c, LATERAL icm_contact_check(contacts, policy, next_at - interval '1 microsecond', channel, department, brand, category, grade, tz, key) v
	WHERE NOT c.allowed AND c.next_at > c.at AND tolerance = 0 AND (v.allowed OR v.next_at <> c.next_at)});
none('the order of rules does not matter', qq{
	SELECT $call || format('; -- in another order: %s', line(shuffled)) FROM checked c, LATERAL icm_contact_check(contacts, shuffled, $arguments) v
	WHERE v.allowed <> c.allowed OR v.next_at IS DISTINCT FROM c.next_at});
none('one rule more never allows more', qq{
	SELECT $call || format('; -- with one rule more: %s', line(more)) FROM checked c, LATERAL icm_contact_check(contacts, more, $arguments) v
	WHERE v.allowed AND NOT c.allowed OR v.next_at < c.next_at OR (c.next_at IS NULL AND v.next_at IS NOT NULL)});
none('two policies together allow what both do', qq{
	SELECT $call || format('; -- and: %s', line(other)) FROM checked c, LATERAL icm_contact_check(contacts, other, $arguments) o,
		LATERAL icm_contact_check(contacts, policy || other, $arguments) b
	WHERE b.allowed <> (c.allowed AND o.allowed) OR b.next_at < greatest(c.next_at, o.next_at)
		OR (c.next_at IS NULL OR o.next_at IS NULL) AND b.next_at IS NOT NULL});

# ---- several contacts, each after those before it

$node->safe_psql($db, q{
	CREATE FUNCTION earliest(contacts icm_contacts, policy icm_policy, at timestamptz, channel text, department text, brand text, category text,
							 grade icm_grade, tz text, key text, n int) RETURNS timestamptz[] LANGUAGE plpgsql AS $$
	DECLARE
		times timestamptz[] := '{}';
	BEGIN
		FOR i IN 1 .. n LOOP
			at := (icm_contact_check(contacts, policy, at, channel, department, brand, category, grade, tz, key)).next_at;
			EXIT WHEN at IS NULL;
			times := times || at;
			contacts := icm_contacts_add(contacts, at, channel, department, brand, category, 'sent');
		END LOOP;
		RETURN times;
	END
	$$});
none('next: each as early as it can be after those before', qq{
	SELECT call('icm_contact_next', contacts, policy, $arguments) || format('; -- must be %s, is %s', must, times)
	FROM checked, LATERAL earliest(contacts, policy, $arguments, 6) must,
		LATERAL (SELECT coalesce(array_agg(t), '{}') FROM icm_contact_next(contacts, policy, $arguments, 6) t) n(times)
	WHERE id % 5 = 0 AND times IS DISTINCT FROM must});

# ---- by name

$node->safe_psql($db, q{SELECT icm_publish('policy', 'p' || id, policy::text) FROM checked WHERE id < 50});
none('check by the name of a policy', qq{
	SELECT p.name || ' ' || $call FROM (SELECT 'p' || id AS name, policy AS published FROM checked WHERE id < 50) p, checked c,
		LATERAL icm_contact_check(contacts, published, $arguments) v, LATERAL icm_contact_check(contacts, p.name, $arguments) n
	WHERE id < 100 AND v IS DISTINCT FROM n});

# ---- explain

$node->safe_psql($db, qq{
	CREATE TABLE explanation AS
		SELECT e.id, coalesce(x.number, m.number) AS number, x.number IS NULL OR m.number IS NULL AS unmatched, x.rule, x.body, x.applies, x.passes, x.reason,
			x.observed, x.threshold, x.next_at, must_rule, must_apply, must_pass, is_known, must_observed, must_threshold, must_next, horizon, tolerance
		FROM (SELECT e.id, x.* FROM asked_explain e, LATERAL icm_contact_explain(contacts, policy, $arguments) WITH ORDINALITY
				x(rule, body, applies, passes, reason, observed, threshold, next_at, number)) x
			FULL JOIN asked_explained m USING (id, number) JOIN asked_explain e USING (id)});
my $explained = qq{(SELECT call('icm_contact_explain', contacts, policy, $arguments) FROM asked_explain a WHERE a.id = e.id) || format('; -- rule %s', number)};
none('explain: each rule, whether it applies and passes', qq{
	SELECT $explained || format(' must be %s %s %s, is %s %s %s', must_rule, must_apply, must_pass, rule, applies, passes) FROM explanation e
	WHERE unmatched OR rule <> must_rule OR applies <> must_apply OR passes <> must_pass});
none('explain: the next time', qq{
	SELECT $explained || format(' must be %s up to %s, is %s', must_next, horizon, next_at) FROM explanation e
	WHERE NOT same_next(next_at, must_next, horizon, tolerance)});
none('explain: what was observed, and the threshold', qq{
	SELECT $explained || format(' must be %s of %s, is %s of %s', must_observed, must_threshold, observed, threshold) FROM explanation e
	WHERE applies AND (is_known AND NOT same(observed, must_observed) OR must_threshold IS NOT NULL AND NOT same(threshold, must_threshold))});
none('explain: a reason where a rule does not apply, or does not pass, or exempts', qq{
	SELECT $explained FROM explanation e WHERE (reason IS NULL) <> (applies AND passes AND body !~ '^exempt')});
none('explain: the rules are those of the policy', q{
	SELECT line(a.policy) FROM asked_explain a WHERE (SELECT array_agg((rule, body)::text ORDER BY number) FROM explanation e WHERE e.id = a.id)
		IS DISTINCT FROM (SELECT array_agg((rule, body)::text ORDER BY ordinality) FROM icm_policy_rules(policy) WITH ORDINALITY)});
none('explain: check tells the first rule that does not pass', qq{
	SELECT call('icm_contact_check', contacts, policy, $arguments) FROM asked_explain a, LATERAL icm_contact_check(contacts, policy, $arguments) v
		LEFT JOIN LATERAL (SELECT * FROM explanation e WHERE e.id = a.id AND NOT passes ORDER BY number LIMIT 1) f ON true
	WHERE (v.rule, v.reason, v.observed, v.threshold) IS DISTINCT FROM (f.rule, f.reason, f.observed, f.threshold)
		OR v.next_at < (SELECT max(e.next_at) FROM explanation e WHERE e.id = a.id)});

# ---- simulate

$node->safe_psql($db, q{
	CREATE TABLE simulated AS
		SELECT a.id, s.*, ordinality AS number FROM asked_simulate a, LATERAL icm_policy_simulate(contacts, policy, since, until, grade, tz, key) WITH ORDINALITY s});
my $simulated = q{format('SELECT * FROM icm_policy_simulate(%L, %L::icm_policy, %L, %L, %L, %L, %L); -- row %s', contacts, line(policy), since, until, grade, tz, key, number)};
none('simulate: the contacts that are judged', qq{
	SELECT $simulated FROM simulated FULL JOIN asked_judged USING (id, number) JOIN asked_simulate USING (id)
	WHERE (at, channel, department, brand, category, status) IS DISTINCT FROM (must_at, must_channel, must_department, must_brand, must_category, must_status)});
none('simulate: allowed, and the rule that refuses', qq{
	SELECT $simulated || format(' must be %s %s, is %s %s', must_allow, must_rule, allowed, rule) FROM simulated JOIN asked_judged USING (id, number) JOIN asked_simulate USING (id)
	WHERE allowed <> must_allow OR rule IS DISTINCT FROM must_rule});
none('simulate: what was observed, and the threshold', qq{
	SELECT $simulated || format(' must be %s of %s, is %s of %s', must_observed, must_threshold, observed, threshold) FROM simulated JOIN asked_judged USING (id, number) JOIN asked_simulate USING (id)
	WHERE NOT allowed AND (is_known AND NOT same(observed, must_observed) OR must_threshold IS NOT NULL AND NOT same(threshold, must_threshold))});
many('many contacts are judged, many refused', q{
	SELECT count(*) > 20000 AND count(*) FILTER (WHERE must_allow) > 5000 AND count(*) FILTER (WHERE NOT must_allow) > 5000 FROM asked_judged});

# ---- prune

$node->safe_psql($db, q{
	CREATE TABLE pruned AS
		SELECT a.*, kept, icm_contacts_add(contacts, later_at, later_channel, later_department, later_brand, later_category, later_status, later_weight, later_reference, later_expires) AS whole,
			icm_contacts_add(kept, later_at, later_channel, later_department, later_brand, later_category, later_status, later_weight, later_reference, later_expires) AS short
		FROM asked_prune a, LATERAL icm_contacts_prune(contacts, policy, pruned_at) kept});
my $pruned = qq{format('SELECT icm_contacts_prune(%L, %L::icm_policy, %L); -- ', contacts, line(policy), pruned_at)};
# of a sequence that began too long ago it may be forgotten when
foreach my $names (['contacts', 'kept', 'all verdicts stay'], ['whole', 'short', 'also when contacts get on'])
{
	my ($before, $after, $name) = @$names;
	none("prune: $name", qq{
		SELECT $pruned || call('icm_contact_check', $before, policy, $arguments) || format('; is %s, was %s', s, w) FROM pruned,
			LATERAL icm_contact_check($before, policy, $arguments) w, LATERAL icm_contact_check($after, policy, $arguments) s
		WHERE w.allowed <> s.allowed OR w.rule IS DISTINCT FROM s.rule OR w.next_at IS DISTINCT FROM s.next_at
			OR (w.reason IS DISTINCT FROM s.reason OR NOT same(w.observed, s.observed))
				AND NOT EXISTS (SELECT FROM icm_policy_rules(policy) r WHERE r.rule = s.rule AND r.kind = 'sequence')});
}
none('prune: what is dropped is counted, consent is kept', qq{
	SELECT $pruned || kept::text FROM pruned, LATERAL (SELECT coalesce(sum(pruned), 0) AS pruned, max(until) AS until FROM icm_contacts_pruned(kept)) p,
		LATERAL (SELECT count(*), max(at), bool_or(status IN ('optin', 'optout')) AS consent
			FROM (SELECT * FROM icm_contacts_events(contacts) EXCEPT ALL SELECT * FROM icm_contacts_events(kept)) dropped) d
	WHERE p.pruned <> d.count OR p.until IS DISTINCT FROM d.max OR d.consent OR icm_contacts_count(kept) + p.pruned <> icm_contacts_count(contacts)
		OR kept::text::icm_contacts::text <> kept::text OR icm_contacts_prune(kept, policy, pruned_at)::text <> kept::text});
none('prune: nothing that is past all spans stays', qq{
	SELECT $pruned || kept::text FROM pruned, LATERAL icm_contacts_events(kept) e
	WHERE status NOT IN ('optin', 'optout') AND (status <> 'reserved' OR expires <= pruned_at) AND e.at < pruned_at AND NOT EXISTS (SELECT FROM icm_policy_rules(policy) r
		WHERE r.calendar IS NOT NULL OR r.kind = 'pressure' OR r.kind <> 'holdout' AND r.span IS NOT NULL AND e.at + r.span >= pruned_at)});
many('prune: much is dropped', 'SELECT (SELECT sum(p.pruned) FROM pruned, icm_contacts_pruned(kept) p) > 0.2 * (SELECT sum(icm_contacts_count(contacts)) FROM pruned)');
# by a policy that the contacts were not pruned by
none('prune: no policy allows what it would not have allowed', qq{
	SELECT $pruned || call('icm_contact_check', kept, other, $arguments) FROM pruned,
		LATERAL (SELECT policy AS other FROM asked_prune o WHERE o.id = (pruned.id + 1) % (SELECT count(*) FROM asked_prune)) o,
		LATERAL icm_contact_check(contacts, other, $arguments) w, LATERAL icm_contact_check(kept, other, $arguments) s
	WHERE s.allowed AND NOT w.allowed OR s.next_at < w.next_at OR w.next_at IS NULL AND s.next_at IS NOT NULL});
many('prune: which another policy sees, too', q{
	SELECT count(*) > 50 FROM pruned, LATERAL (SELECT policy AS other FROM asked_prune o WHERE o.id = (pruned.id + 1) % (SELECT count(*) FROM asked_prune)) o,
		LATERAL icm_contact_check(kept, other, at, channel, department, brand, category, grade, tz, key) s
	WHERE s.reason LIKE '%were pruned'});

$node->stop;
done_testing();
