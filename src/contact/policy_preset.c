/*
 * policy_preset.c
 *		Policies that follow from laws, each rule with its source.
 *
 * They are a start, not legal advice, and hold for every contact on the channels
 * that they name, which are call and email. What a law leaves free (contacts that
 * sell nothing, existing customers, consent) is for the company to exempt in the
 * same part; what else it asks for (registers, licences, identification, systems
 * that dial by themselves) is not a matter of when to contact.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "contact/policy.h"

/* Calls that were made or are planned, answered or not. */
#define ATTEMPTS "reserved, sent, bounced, delivered, refused, responded, complaint"

#define FRANCE "Decree 2022-1313 of 13 October 2022; Code de la consommation D. 223-9"

static const struct
{
	const char *name;
	const char *rules;
}			presets[] = {
	/*
	 * (c)(1): no telephone solicitation before 8 a.m. or after 9 p.m., local
	 * time at the called party's location. (d)(3): a request not to be called
	 * is honoured within 10 business days at the latest; this refuses at once.
	 */
	{"us_tcpa",
		"us_tcpa_hours: quiet 21:00-08:00 on call source '47 CFR 64.1200(c)(1)';"
		"us_tcpa_do_not_call: refuse after optout on call source '47 CFR 64.1200(d)(3)'"},

	/*
	 * (a): not before 8 a.m. or after 8 p.m. in the called person's time zone.
	 * (b): no more than three calls in 24 hours on the same subject; this counts
	 * those on all subjects, and those that nobody answered.
	 */
	{"us_florida",
		"us_florida_hours: quiet 20:00-08:00 on call source 'Fla. Stat. 501.616(6)(a)';"
		"us_florida_cap: cap 3 per 24 hours on call counting " ATTEMPTS " source 'Fla. Stat. 501.616(6)(b)'"},

	/* as in Florida */
	{"us_oklahoma",
		"us_oklahoma_hours: quiet 20:00-08:00 on call source '15 O.S. 775C.4 (Telephone Solicitation Act of 2022)';"
		"us_oklahoma_cap: cap 3 per 24 hours on call counting " ATTEMPTS " source '15 O.S. 775C.4 (Telephone Solicitation Act of 2022)'"},

	/*
	 * Monday to Friday 10-13 and 14-20 in the consumer's time zone, not on
	 * public holidays, which are to be added as blackouts; at most four calls or
	 * attempts in 30 calendar days; none for 60 calendar days after a refusal.
	 * Days are of 24 hours here. Since 11 August 2026 law 2025-594 asks for
	 * prior consent in the first place, but for a contract in force: a company
	 * adds a rule that requires it where it calls without such a contract.
	 */
	{"france_calls",
		"france_calls_hours: open mon-fri 10:00-13:00, 14:00-20:00 on call source '" FRANCE "';"
		"france_calls_cap: cap 4 per 30 days on call counting " ATTEMPTS " source '" FRANCE "';"
		"france_calls_refusal: block 60 days after refused on call source '" FRANCE "'"},

	/* the law gives 10 business days; this refuses at once */
	{"us_can_spam",
		"us_can_spam_optout: refuse after optout on email source '15 U.S.C. 7704(a)(4)'"},

	/* once somebody objects to direct marketing there is none to him any more, on any channel */
	{"eu_gdpr",
		"eu_gdpr_objection: refuse after optout source 'Regulation (EU) 2016/679, Art. 21(2) and (3)'"}
};

const char *
IcmPolicyPreset(const char *name)
{
	for (int i = 0; i < lengthof(presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return presets[i].rules;
	return NULL;
}

char *
IcmPolicyPresetNames(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(presets); i++)
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ", ", presets[i].name);
	return names.data;
}
