/*
 * policy_preset.c
 *		Policies that follow from laws, each rule with its source.
 *
 * They are a start, not legal advice. What a law exempts (consent, existing
 * customers, transactional messages) is for the company to add; so are public
 * holidays, as blackouts. Channels are called call and email.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "contact/policy.h"

static const struct
{
	const char *name;
	const char *rules;
}			presets[] = {
	{"us_tcpa",
		"us_tcpa_hours: quiet 21:00-08:00 on call source '47 CFR 64.1200(c)(1)';"
		"us_tcpa_do_not_call: refuse after optout on call source '47 CFR 64.1200(d)(3)'"},
	{"us_florida",
		"us_florida_hours: quiet 20:00-08:00 on call source 'Fla. Stat. 501.616(6)(a)';"
		"us_florida_cap: cap 3 per 24 hours on call source 'Fla. Stat. 501.616(6)(b)'"},
	{"us_oklahoma",
		"us_oklahoma_hours: quiet 20:00-08:00 on call source 'Okla. Stat. tit. 15, 775C (Telephone Solicitation Act of 2022)';"
		"us_oklahoma_cap: cap 3 per 24 hours on call source 'Okla. Stat. tit. 15, 775C (Telephone Solicitation Act of 2022)'"},
	{"france_calls",
		"france_calls_hours: open mon-fri 10:00-13:00, 14:00-20:00 on call source 'Decree 2022-1313; Code de la consommation D. 223-9';"
		"france_calls_cap: cap 4 per 30 days on call source 'Decree 2022-1313; Code de la consommation D. 223-9';"
		"france_calls_refusal: block 60 days after refused on call source 'Decree 2022-1313; Code de la consommation D. 223-9'"},
	{"us_can_spam",
		/* the law gives 10 business days; this refuses at once */
		"us_can_spam_optout: refuse after optout on email source '15 U.S.C. 7704(a)(4)'"},
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
