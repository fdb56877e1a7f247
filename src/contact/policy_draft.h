/*
 * policy_draft.h
 *		The rules of a policy between reading and laying out.
 */
#ifndef ICM_POLICY_DRAFT_H
#define ICM_POLICY_DRAFT_H

#include "contact/policy.h"
#include "nodes/pg_list.h"

/* A rule as read: the layout, with its part as written, and what will stand behind it. */
typedef struct IcmPolicyDraft
{
	IcmPolicyRule rule;
	int			written;		/* its place in the text, from 1 */
	List	   *lists[ICM_SCOPE_LISTS];	/* of char * */
	List	   *weights;		/* of IcmDraftWeight * */
	IcmPolicyHours *hours;
	int			n_hours;
	char	   *after;
	char	   *name;
	char	   *salt;
	char	   *source;
} IcmPolicyDraft;

typedef struct IcmDraftWeight
{
	char	   *channel;
	double		weight;
} IcmDraftWeight;

/* ---- policy_layout.c ------------------------------------------------------- */

/* Sort the texts, each once. The list is freed. */
extern List *IcmDistinctTexts(List *texts);

/*
 * The policy of these rules, at least one: by priority, parts with the same
 * exemptions as one, equal rules of a part once. The list is sorted and the rules'
 * parts are renumbered.
 */
extern IcmPolicy *IcmPolicyLayOut(List *drafts);

#endif							/* ICM_POLICY_DRAFT_H */
