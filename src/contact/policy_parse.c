/*
 * policy_parse.c
 *		Reading the rules of a policy. What was read is laid out by policy_layout.c.
 *
 * Text form: rules, each ended by a semicolon, which the last may lack. The word
 * "and" between two rules begins another part of the policy. White space is free,
 * "--" begins a comment up to the end of the line, keywords are in either case.
 * Labels and names are written as in text.h.
 *
 *		[name:] cap N per SPAN				the number of the span may be left out: 1
 *		[name:] cap N per calendar day|week [starting DAY]|month|quarter|year
 *		[name:] gap SPAN
 *		[name:] pressure X half-life SPAN [weight CHANNEL W, ...]
 *		[name:] quiet HH:MM-HH:MM
 *		[name:] open DAYS HH:MM-HH:MM, ... [, DAYS HH:MM-HH:MM, ...]
 *		[name:] require optin
 *		[name:] refuse after optout
 *		[name:] block SPAN after STATUS, ...
 *		[name:] blackout DATE [to DATE]
 *		[name:] sequence CHANNEL after CHANNEL within SPAN
 *		[name:] holdout P% salt 'TEXT'
 *		[name:] exempt SCOPE [counted]
 *
 * then, in any order, each at most once:
 *
 *		on [except] CHANNEL, ...		category [except] CATEGORY, ...
 *		by [except] DEPARTMENT, ...		grade [except] A-C, E
 *		for brand [except] BRAND, ...	counting STATUS, ...
 *		priority N						source 'TEXT'
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"

#include "contact/policy.h"
#include "contact/policy_draft.h"

typedef struct Parser
{
	IcmReader	reader;
	const char *start;			/* of the text */
	int			rule;			/* number of the rule that is read, from 1 */
	int			part;			/* that it is in, from 0 */
	const char *wrong;			/* where the fault is */
	const char *fault;			/* what is expected there, or wrong with it; NULL if nothing is */
	uint32		clauses;		/* that this rule has had */
} Parser;

/* ---- words and numbers ----------------------------------------------------- */

/* Say what is wrong at this place; the first fault stays. */
static bool
Fail(Parser *parser, const char *wrong, const char *fault)
{
	if (parser->fault == NULL)
	{
		parser->wrong = wrong;
		parser->fault = fault;
	}
	return false;
}

/* Skip white space and comments; where that ends. */
static const char *
Skip(Parser *parser)
{
	IcmReadSpace(&parser->reader);
	while (strncmp(parser->reader.at, "--", 2) == 0)
	{
		parser->reader.at += strcspn(parser->reader.at, "\r\n");
		IcmReadSpace(&parser->reader);
	}
	return parser->reader.at;
}

/* The same, and say that this is expected there. */
static bool
Expected(Parser *parser, const char *fault)
{
	return Fail(parser, Skip(parser), fault);
}

static bool
IsWordPart(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Take the first bytes of a keyword, in either case, if they are the next word; false and nothing taken if not. */
static bool
TakePart(Parser *parser, const char *word, int length)
{
	const char *at = Skip(parser);

	if (pg_strncasecmp(at, word, length) != 0 || IsWordPart(at[length]))
		return false;
	parser->reader.at += length;
	return true;
}

static bool
Take(Parser *parser, const char *word)
{
	return TakePart(parser, word, strlen(word));
}

static bool
TakeChar(Parser *parser, char c)
{
	Skip(parser);
	return IcmReadChar(&parser->reader, c);
}

/* Which of the words is next; -1 if none is. */
static int
TakeOneOf(Parser *parser, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (words[i] != NULL && Take(parser, words[i]))
			return i;
	return -1;
}

static bool
NeedWord(Parser *parser, const char *word)
{
	return Take(parser, word) || Expected(parser, psprintf("the word \"%s\" is expected", word));
}

/* A whole number that nothing like "3.5" or "3e5" begins with. */
static bool
ReadWhole(Parser *parser, int32 *value, const char *fault)
{
	const char *at = Skip(parser);

	if (!IcmReadCount(&parser->reader, value) || *parser->reader.at == '.' ||
		((*parser->reader.at == 'e' || *parser->reader.at == 'E') && parser->reader.at[1] >= '0' && parser->reader.at[1] <= '9'))
		return Fail(parser, at, fault);
	return true;
}

/* A finite number from 0 to most. */
static bool
ReadNumber(Parser *parser, double *value, double most, const char *fault)
{
	const char *at = Skip(parser);

	if (!IcmReadDouble(&parser->reader, value) || *value < 0.0 || *value > most)
		return Fail(parser, at, fault);
	return true;
}

static const struct
{
	const char *one;
	const char *many;
	int64		span;
}			units[] = {
	{"second", "seconds", USECS_PER_SEC},
	{"minute", "minutes", USECS_PER_MINUTE},
	{"hour", "hours", USECS_PER_HOUR},
	{"day", "days", USECS_PER_DAY},
	{"week", "weeks", 7 * USECS_PER_DAY}
};

/* A unit of time by itself, which is one of it. */
static bool
TakeUnit(Parser *parser, int64 *span)
{
	for (int i = 0; i < lengthof(units); i++)
		if (Take(parser, units[i].one))
		{
			*span = units[i].span;
			return true;
		}
	return false;
}

/* A span of time, a whole number and a unit; or say that this is expected. */
static bool
ReadSpanOr(Parser *parser, int64 *span, const char *fault)
{
	const char *at = Skip(parser);
	int32		n;

	if (!ReadWhole(parser, &n, fault))
		return false;
	for (int i = 0; i < lengthof(units); i++)
		if (Take(parser, units[i].one) || Take(parser, units[i].many))
		{
			if (n == 0 || n > ICM_POLICY_SPAN_MAX / units[i].span)
				return Fail(parser, at, "a span of time is from 1 second to 36525 days");
			*span = n * units[i].span;
			return true;
		}
	return Expected(parser, "a unit of time is expected: seconds, minutes, hours, days or weeks");
}

static bool
ReadSpan(Parser *parser, int64 *span)
{
	return ReadSpanOr(parser, span, "a span of time is expected: a whole number and a unit, as in 7 days");
}

/* So many digits at most; false if there is none. */
static bool
ReadDigits(Parser *parser, int most, int *value)
{
	int			n = 0;

	for (*value = 0; n < most && *parser->reader.at >= '0' && *parser->reader.at <= '9'; n++)
		*value = *value * 10 + (*parser->reader.at++ - '0');
	return n > 0;
}

/* A time of day, in minutes. */
static bool
ReadTime(Parser *parser, int *minutes)
{
	static const char *const fault = "a time of day from 00:00 to 24:00 is expected";
	const char *at = Skip(parser);
	const char *after_colon;
	int			hour,
				minute;

	if (!ReadDigits(parser, 2, &hour) || *parser->reader.at != ':')
		return Fail(parser, at, fault);
	after_colon = ++parser->reader.at;
	if (!ReadDigits(parser, 2, &minute) || parser->reader.at != after_colon + 2 || IsWordPart(*parser->reader.at) ||
		*parser->reader.at == ':' || minute > 59 || hour * 60 + minute > ICM_DAY_MINUTES)
		return Fail(parser, at, fault);
	*minutes = hour * 60 + minute;
	return true;
}

/* Two times of day; midnight at the end is 24:00. */
static bool
ReadTimes(Parser *parser, int *from, int *to)
{
	const char *at = Skip(parser);

	if (!ReadTime(parser, from))
		return false;
	if (!TakeChar(parser, '-'))
		return Expected(parser, "a dash and the time of day at the end are expected");
	if (!ReadTime(parser, to))
		return false;
	if (*from == *to)
		return Fail(parser, at, "the time at the end differs from that at the beginning; the whole day is 00:00-24:00");
	if (*from == ICM_DAY_MINUTES)
		return Fail(parser, at, "the time at the beginning is from 00:00 to 23:59");
	if (*to == 0)
		*to = ICM_DAY_MINUTES;
	return true;
}

/* A day of the week, 0 for Monday; three letters will do. */
static bool
ReadWeekday(Parser *parser, int *day)
{
	for (*day = 0; *day < 7; ++*day)
		if (Take(parser, IcmDayWords[*day]) || TakePart(parser, IcmDayWords[*day], 3))
			return true;
	return Expected(parser, "a day of the week is expected: mon, tue, wed, thu, fri, sat or sun");
}

static bool
ReadDate(Parser *parser, int32 *day)
{
	const char *at = Skip(parser);
	DateADT		read;

	if (!IcmReadDay(&parser->reader, &read) || IsWordPart(*parser->reader.at) || read < ICM_POLICY_DAY_MIN ||
		read > ICM_POLICY_DAY_MAX)
		return Fail(parser, at, "a date that exists is expected, as in 2026-12-24");
	*day = read;
	return true;
}

/* Text in single quotes, one in it written twice. */
static bool
ReadQuoted(Parser *parser, char **quoted, int most)
{
	const char *from = Skip(parser);
	const char *at = from;
	StringInfoData buf;

	if (*at != '\'')
		return Fail(parser, from, "text in single quotes is expected");
	initStringInfo(&buf);
	at++;
	while (*at != '\'' || *++at == '\'')
	{
		if (*at == '\0')
			return Fail(parser, from, "text in single quotes has no end");
		appendStringInfoChar(&buf, *at++);
	}
	if (buf.len < 1 || buf.len > most)
		return Fail(parser, from, psprintf("text in single quotes of 1 to %d bytes is expected", most));
	parser->reader.at = at;
	*quoted = buf.data;
	return true;
}

/* ---- lists ------------------------------------------------------------------ */

static bool
ReadLabel(Parser *parser, char **label)
{
	const char *at = Skip(parser);
	IcmName		name;

	if (!IcmReadName(&parser->reader, &name))
		return Fail(parser, at, "a label is expected: a word, or anything in double quotes, of 1 to 63 bytes");
	if (!name.quoted && IcmPolicyReserved(name.text))
		return Fail(parser, at, "a label is expected; one that is a keyword is written in double quotes");
	*label = pstrdup(name.text);
	return true;
}

/* One more item of a list, after a comma; a list has a limit, so that sizes stay within theirs. */
static bool
NextItem(Parser *parser, int n)
{
	CHECK_FOR_INTERRUPTS();
	if (!TakeChar(parser, ','))
		return false;
	return n < ICM_POLICY_LIST_MAX ||
		Expected(parser, psprintf("a list has at most %d items", ICM_POLICY_LIST_MAX));
}

static bool
ReadLabels(Parser *parser, List **labels)
{
	char	   *label;

	do
	{
		if (!ReadLabel(parser, &label))
			return false;
		*labels = lappend(*labels, label);
	} while (NextItem(parser, list_length(*labels)));
	*labels = IcmDistinctTexts(*labels);
	return parser->fault == NULL;
}

/* Statuses, the first most of them; a mask. */
static bool
ReadStatuses(Parser *parser, int most, uint16 *statuses)
{
	do
	{
		int			status = TakeOneOf(parser, IcmContactStatusNames, most);

		if (status < 0)
			return Expected(parser, most == ICM_CONTACT_STATUSES ?
							"a status is expected: reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin or optout" :
							"a status of a contact is expected: reserved, cancelled, sent, bounced, delivered, refused, responded or complaint");
		*statuses |= (uint16) (1 << status);
	} while (NextItem(parser, 0));
	return true;
}

/* The letter of a grade, as 0 to 25. */
static bool
ReadGrade(Parser *parser, int *grade)
{
	const char *at = Skip(parser);
	char		letter = pg_toupper((unsigned char) *at);

	if (letter < 'A' || letter > 'Z' || IsWordPart(at[1]))
		return Fail(parser, at, "a grade is expected: a letter from A to Z, or a range as in A-C");
	*grade = letter - 'A';
	parser->reader.at++;
	return true;
}

/* Grades and ranges of them; a mask. */
static bool
ReadGrades(Parser *parser, uint32 *grades)
{
	do
	{
		const char *at = Skip(parser);
		int			first,
					last;

		if (!ReadGrade(parser, &first))
			return false;
		last = first;
		if (TakeChar(parser, '-') && !ReadGrade(parser, &last))
			return false;
		if (last < first)
			return Fail(parser, at, "a range of grades begins with the better grade, as in A-C");
		for (int i = first; i <= last; i++)
			*grades |= (uint32) 1 << i;
	} while (NextItem(parser, 0));
	return true;
}

/* ---- the kinds of rules ----------------------------------------------------- */

static bool
ReadCap(Parser *parser, IcmPolicyDraft *draft)
{
	int32		n;
	int			calendar,
				day = 0;

	if (!ReadWhole(parser, &n, "a whole number of contacts from 0 to 2147483647 is expected") || !NeedWord(parser, "per"))
		return false;
	draft->rule.threshold = n;
	if (!Take(parser, "calendar"))
		return TakeUnit(parser, &draft->rule.span) ||
			ReadSpanOr(parser, &draft->rule.span,
					   "a span of time or a calendar window is expected, as in per 7 days, per week or per calendar month");
	calendar = TakeOneOf(parser, IcmCalendarWords, ICM_CALENDARS);
	if (calendar < 0)
		return Expected(parser, "a calendar window is expected: day, week, month, quarter or year");
	draft->rule.calendar = calendar;
	if (calendar == ICM_CALENDAR_WEEK && Take(parser, "starting") && !ReadWeekday(parser, &day))
		return false;
	draft->rule.week_start = day;
	return true;
}

static bool
ReadWeights(Parser *parser, IcmPolicyDraft *draft)
{
	List	   *channels = NIL;

	do
	{
		const char *at = Skip(parser);
		IcmDraftWeight	   *weight = palloc(sizeof(IcmDraftWeight));
		ListCell   *cell;

		if (!ReadLabel(parser, &weight->channel) ||
			!ReadNumber(parser, &weight->weight, ICM_CONTACT_WEIGHT_MAX, "a weight is expected: a number from 0 to 1e100"))
			return false;
		foreach(cell, channels)
		{
			if (strcmp(lfirst(cell), weight->channel) == 0)
				return Fail(parser, at, "a channel has one weight");
		}
		channels = lappend(channels, weight->channel);
		/* 1 is what a channel weighs that is not listed */
		if (weight->weight != 1.0)
			draft->weights = lappend(draft->weights, weight);
	} while (NextItem(parser, list_length(channels)));
	return parser->fault == NULL;
}

static int
CompareWeights(const ListCell *a, const ListCell *b)
{
	return strcmp(((IcmDraftWeight *) lfirst(a))->channel, ((IcmDraftWeight *) lfirst(b))->channel);
}

static bool
ReadPressure(Parser *parser, IcmPolicyDraft *draft)
{
	if (!ReadNumber(parser, &draft->rule.threshold, ICM_CONTACT_WEIGHT_MAX, "a pressure is expected: a number from 0 to 1e100") ||
		!NeedWord(parser, "half-life") || !ReadSpan(parser, &draft->rule.span))
		return false;
	if (Take(parser, "weight") && !ReadWeights(parser, draft))
		return false;
	list_sort(draft->weights, CompareWeights);
	return true;
}

/* Days and ranges of them, a mask: as far as no time of day follows a comma. */
static bool
ReadDays(Parser *parser, int *days)
{
	*days = 0;
	do
	{
		const char *at = Skip(parser);
		int			first,
					last;

		if (!ReadWeekday(parser, &first))
			return false;
		last = first;
		if (TakeChar(parser, '-') && !ReadWeekday(parser, &last))
			return false;
		if (last < first)
			return Fail(parser, at, "a range of days goes from Monday towards Sunday, as in mon-fri; or list the days");
		for (int day = first; day <= last; day++)
			*days |= 1 << day;
	} while (TakeChar(parser, ','));
	return true;
}

/* Is the next character, after a comma, a digit? Then the comma is taken. */
static bool
TakeCommaBeforeDigit(Parser *parser)
{
	IcmReader	before = parser->reader;

	if (TakeChar(parser, ',') && *Skip(parser) >= '0' && *parser->reader.at <= '9')
		return true;
	parser->reader = before;
	return false;
}

/* Mark the minutes of the week in which it is open by these days and hours. */
static bool
ReadOpenDays(Parser *parser, bool *open)
{
	int			days,
				from,
				to;

	if (!ReadDays(parser, &days))
		return false;
	do
	{
		const char *at = Skip(parser);

		CHECK_FOR_INTERRUPTS();
		if (!ReadTimes(parser, &from, &to))
			return false;
		if (to < from)
			return Fail(parser, at, "opening hours end on the day on which they begin; those over midnight are written as two");
		for (int day = 0; day < 7; day++)
			if (days & (1 << day))
				memset(open + day * ICM_DAY_MINUTES + from, true, to - from);
	} while (TakeCommaBeforeDigit(parser));
	return true;
}

/* Open minutes of the week as hours, which end with the day. */
static void
KeepHours(IcmPolicyDraft *draft, const bool *open)
{
	draft->hours = palloc(7 * ICM_DAY_MINUTES / 2 * sizeof(IcmPolicyHours));
	for (int from = 0; from < 7 * ICM_DAY_MINUTES; from++)
	{
		int			to = from;
		int			midnight = (from / ICM_DAY_MINUTES + 1) * ICM_DAY_MINUTES;

		while (to < midnight && open[to])
			to++;
		if (to == from)
			continue;
		draft->hours[draft->n_hours].from = from;
		draft->hours[draft->n_hours++].to = to;
		from = to - 1;
	}
	draft->hours = repalloc(draft->hours, draft->n_hours * sizeof(IcmPolicyHours));
}

static bool
ReadOpen(Parser *parser, IcmPolicyDraft *draft)
{
	bool	   *open = palloc0(7 * ICM_DAY_MINUTES * sizeof(bool));

	do
	{
		if (!ReadOpenDays(parser, open))
			return false;
	} while (TakeChar(parser, ','));
	KeepHours(draft, open);
	pfree(open);
	return true;
}

static bool
ReadBlackout(Parser *parser, IcmPolicyDraft *draft)
{
	const char *at = Skip(parser);

	if (!ReadDate(parser, &draft->rule.from))
		return false;
	draft->rule.to = draft->rule.from;
	if (Take(parser, "to") && !ReadDate(parser, &draft->rule.to))
		return false;
	return draft->rule.to >= draft->rule.from || Fail(parser, at, "a blackout ends on the day on which it begins, or later");
}

static bool
ReadSequence(Parser *parser, IcmPolicyDraft *draft)
{
	char	   *channel;

	if (!ReadLabel(parser, &channel) || !NeedWord(parser, "after") || !ReadLabel(parser, &draft->after) ||
		!NeedWord(parser, "within") || !ReadSpan(parser, &draft->rule.span))
		return false;
	draft->lists[ICM_SCOPE_CHANNELS] = list_make1(channel);
	return true;
}

static bool
ReadHoldout(Parser *parser, IcmPolicyDraft *draft)
{
	if (!ReadNumber(parser, &draft->rule.threshold, 100.0, "a percentage from 0 to 100 is expected"))
		return false;
	if (!TakeChar(parser, '%'))
		return Expected(parser, "a percent sign is expected");
	return NeedWord(parser, "salt") && ReadQuoted(parser, &draft->salt, ICM_NAME_MAX);
}

/* What follows the word that a rule of the kind begins with. */
static bool
ReadTerms(Parser *parser, IcmPolicyDraft *draft)
{
	switch ((IcmRuleKind) draft->rule.kind)
	{
		case ICM_RULE_CAP:
			return ReadCap(parser, draft);
		case ICM_RULE_GAP:
			return ReadSpan(parser, &draft->rule.span);
		case ICM_RULE_PRESSURE:
			return ReadPressure(parser, draft);
		case ICM_RULE_QUIET:
			return ReadTimes(parser, &draft->rule.from, &draft->rule.to);
		case ICM_RULE_OPEN:
			return ReadOpen(parser, draft);
		case ICM_RULE_REQUIRE:
			return NeedWord(parser, "optin");
		case ICM_RULE_REFUSE:
			return NeedWord(parser, "after") && NeedWord(parser, "optout");
		case ICM_RULE_BLOCK:
			return ReadSpan(parser, &draft->rule.span) && NeedWord(parser, "after") &&
				ReadStatuses(parser, ICM_CONTACT_STATUSES, &draft->rule.statuses);
		case ICM_RULE_BLACKOUT:
			return ReadBlackout(parser, draft);
		case ICM_RULE_SEQUENCE:
			return ReadSequence(parser, draft);
		case ICM_RULE_HOLDOUT:
			return ReadHoldout(parser, draft);
		case ICM_RULE_EXEMPT:
			return true;
	}
	return false;
}

/* ---- clauses ---------------------------------------------------------------- */

/* Scopes first, numbered as they are. */
#define CLAUSE_COUNTING ICM_SCOPES
#define CLAUSE_COUNTED (ICM_SCOPES + 1)
#define CLAUSE_PRIORITY (ICM_SCOPES + 2)
#define CLAUSE_SOURCE (ICM_SCOPES + 3)

static const char *const clauses[] = {
	[ICM_SCOPE_CHANNELS] = "on",
	[ICM_SCOPE_DEPARTMENTS] = "by",
	[ICM_SCOPE_BRANDS] = "for",
	[ICM_SCOPE_CATEGORIES] = "category",
	[ICM_SCOPE_GRADES] = "grade",
	[CLAUSE_COUNTING] = "counting",
	[CLAUSE_COUNTED] = "counted",
	[CLAUSE_PRIORITY] = "priority",
	[CLAUSE_SOURCE] = "source"
};

#define KIND_BIT(kind) (1 << (kind))
#define COUNTING_KINDS \
	(KIND_BIT(ICM_RULE_CAP) | KIND_BIT(ICM_RULE_GAP) | KIND_BIT(ICM_RULE_PRESSURE) | KIND_BIT(ICM_RULE_SEQUENCE))

/* Does the clause mean something for a rule of this kind? */
static bool
ClauseFits(int clause, IcmRuleKind kind)
{
	switch (clause)
	{
		case ICM_SCOPE_CHANNELS:
			return kind != ICM_RULE_SEQUENCE;	/* it names its own */
		case CLAUSE_COUNTING:
			return (COUNTING_KINDS & KIND_BIT(kind)) != 0;
		case CLAUSE_COUNTED:
			return kind == ICM_RULE_EXEMPT;
		case CLAUSE_PRIORITY:
			return kind != ICM_RULE_EXEMPT; /* it is not checked in turn */
		default:
			return true;
	}
}

static bool
ReadScope(Parser *parser, IcmPolicyDraft *draft, IcmScope scope)
{
	if (scope == ICM_SCOPE_BRANDS && !NeedWord(parser, "brand"))
		return false;
	if (Take(parser, "except"))
		draft->rule.except |= ICM_SCOPE_BIT(scope);
	if (scope == ICM_SCOPE_GRADES)
		return ReadGrades(parser, &draft->rule.grades);
	return ReadLabels(parser, &draft->lists[scope]);
}

static bool
ReadClause(Parser *parser, IcmPolicyDraft *draft, int clause)
{
	switch (clause)
	{
		case CLAUSE_COUNTING:
			draft->rule.statuses = 0;
			return ReadStatuses(parser, ICM_POLICY_CONTACTS, &draft->rule.statuses);
		case CLAUSE_COUNTED:
			draft->rule.counted = 1;
			return true;
		case CLAUSE_PRIORITY:
			return ReadWhole(parser, &draft->rule.priority, "a whole number from 0 to 2147483647 is expected");
		case CLAUSE_SOURCE:
			return ReadQuoted(parser, &draft->source, ICM_POLICY_SOURCE_MAX);
		default:
			return ReadScope(parser, draft, (IcmScope) clause);
	}
}

/* Clauses up to the end of the rule. */
static bool
ReadClauses(Parser *parser, IcmPolicyDraft *draft)
{
	while (*Skip(parser) != ';' && *parser->reader.at != '\0')
	{
		const char *at = parser->reader.at;
		int			clause = TakeOneOf(parser, clauses, lengthof(clauses));

		if (clause < 0)
			return Fail(parser, at,
						"on, by, for brand, category, grade, counting, counted, priority, source or a semicolon is expected");
		if (!ClauseFits(clause, draft->rule.kind))
			return Fail(parser, at, psprintf("\"%s\" has no meaning for the rule \"%s\"",
											 clauses[clause], IcmRuleWords[draft->rule.kind]));
		if (parser->clauses & (1 << clause))
			return Fail(parser, at, psprintf("\"%s\" is given once in a rule", clauses[clause]));
		parser->clauses |= 1 << clause;
		if (!ReadClause(parser, draft, clause))
			return false;
	}
	if (draft->rule.kind == ICM_RULE_EXEMPT && (parser->clauses & ((1 << ICM_SCOPES) - 1)) == 0)
		return Expected(parser, "what is exempt is expected: on, by, for brand, category or grade");
	return true;
}

/* ---- rules ------------------------------------------------------------------ */

/* A name and a colon; nothing is taken if they are not next. */
static bool
TakeRuleName(Parser *parser, IcmName *name)
{
	IcmReader	before;

	Skip(parser);
	before = parser->reader;
	if (IcmReadName(&parser->reader, name) && TakeChar(parser, ':'))
		return true;
	parser->reader = before;
	return false;
}

/* The name of a rule, if it has one. */
static bool
ReadRuleName(Parser *parser, IcmPolicyDraft *draft)
{
	IcmName		name;
	const char *at = Skip(parser);

	if (TakeRuleName(parser, &name))
		draft->name = pstrdup(name.text);
	else if (*at == '"')
		return Fail(parser, at, "the name of a rule is 1 to 63 bytes in double quotes, and a colon");
	return true;
}

/* The word that begins another part, unless it is the name of a rule. */
static bool
TakeAnd(Parser *parser)
{
	IcmReader	before = parser->reader;
	IcmName		name;

	if (TakeRuleName(parser, &name))
	{
		parser->reader = before;
		return false;
	}
	return Take(parser, ICM_POLICY_AND);
}

/* Begin another part if it is said that one begins here. */
static bool
ReadPart(Parser *parser)
{
	static const char *const fault = "the word \"and\" stands between two rules and begins another part of the policy";
	const char *at = Skip(parser);

	if (!TakeAnd(parser))
		return true;
	if (parser->rule == 1 || *Skip(parser) == '\0')
		return Fail(parser, at, fault);
	at = parser->reader.at;
	if (TakeAnd(parser))
		return Fail(parser, at, fault);
	parser->part++;
	return true;
}

static bool
ReadRule(Parser *parser, IcmPolicyDraft *draft)
{
	int			kind;

	CHECK_FOR_INTERRUPTS();
	parser->clauses = 0;
	if (!ReadRuleName(parser, draft))
		return false;
	kind = TakeOneOf(parser, IcmRuleWords, ICM_RULE_KINDS);
	if (kind < 0)
		return Expected(parser,
						"a rule is expected: cap, gap, pressure, quiet, open, require, refuse, block, blackout, sequence, holdout or exempt");
	draft->rule.kind = kind;
	if (COUNTING_KINDS & KIND_BIT(kind))
		draft->rule.statuses = ICM_CONTACT_COUNTING;
	return ReadTerms(parser, draft) && ReadClauses(parser, draft);
}

/* All rules, as written. Twice as many as a policy has are read, as two may be added that have some in common. */
static List *
ReadRules(Parser *parser)
{
	List	   *drafts = NIL;

	do
	{
		IcmPolicyDraft	   *draft = palloc0(sizeof(IcmPolicyDraft));

		parser->rule++;
		draft->written = parser->rule;
		if (!ReadPart(parser))
			return NIL;
		draft->rule.part = parser->part;
		if (!ReadRule(parser, draft))
			return NIL;
		drafts = lappend(drafts, draft);
	} while (TakeChar(parser, ';') && *Skip(parser) != '\0' && parser->rule <= 2 * ICM_POLICY_RULES_MAX);
	return drafts;
}

/* ---- all of it ----------------------------------------------------------------- */

/* The word, time or text at a place, for a message: as much of it as one wants to read. */
static char *
WordAt(const char *at)
{
	int			length = 1;

	if (*at == '"' || *at == '\'')
		length += strcspn(at + 1, *at == '"' ? "\"" : "'") + 1;
	else if (strchr(",;:", *at) == NULL)
		length = strcspn(at, *at >= '0' && *at <= '9' ? ",; \t\n\v\f\r" : ",;: \t\n\v\f\r");
	length = Min(length, strlen(at));
	return pnstrdup(at, pg_mbcliplen(at, length, 40));
}

/* The fault, with where it is. */
static const char *
Describe(const Parser *parser)
{
	int			position = pg_mbstrlen_with_len(parser->start, parser->wrong - parser->start) + 1;

	if (*parser->wrong == '\0')
		return psprintf("Rule %d, at the end (character %d): %s.", parser->rule, position, parser->fault);
	return psprintf("Rule %d, at \"%s\" (character %d): %s.", parser->rule, WordAt(parser->wrong), position, parser->fault);
}

static IcmPolicy *
Refuse(IcmPolicyFault *fault, int sqlstate, const char *message, const char *detail, const char *hint)
{
	fault->sqlstate = sqlstate;
	fault->message = message;
	fault->detail = detail;
	fault->hint = hint;
	return NULL;
}

IcmPolicy *
IcmPolicyParse(const char *input, IcmPolicyFault *fault)
{
	Parser		parser = {.reader = {input},.start = input};
	List	   *drafts = ReadRules(&parser);
	IcmPolicy  *policy = NULL;

	if (parser.fault != NULL)
		return Refuse(fault, ERRCODE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type icm_policy", Describe(&parser),
					  "Rules end with a semicolon, for example: cap 3 per 7 days on email, sms; cap 10 per calendar month; quiet 21:00-08:00; refuse after optout;");
	if (list_length(drafts) <= 2 * ICM_POLICY_RULES_MAX)
		policy = IcmPolicyLayOut(drafts);
	if (policy == NULL || policy->n_rules > ICM_POLICY_RULES_MAX)
		return Refuse(fault, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "policy is too large",
					  psprintf("A policy has at most %d rules.", ICM_POLICY_RULES_MAX),
					  "One rule can hold for several channels, departments, brands or categories, as in on email, sms.");
	if (policy->n_labels > ICM_POLICY_LABELS_MAX)
		return Refuse(fault, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "policy is too large",
					  psprintf("A policy names at most %d different channels, departments, brands and categories.", ICM_POLICY_LABELS_MAX),
					  "Keep what many of them have in common as one label of their own.");
	return policy;
}
