/*
 * model_names.c
 *		Names of the processes and of their parameters; see model.h.
 */
#include <string.h>

#include "value/model.h"

static const struct
{
	const char *name;
	const char *param[ICM_PARAMS_MAX + 1];	/* ends with NULL */
}			processes[] = {
	[ICM_PROCESS_NONE] = {NULL, {NULL}},
	[ICM_BGNBD] = {"bgnbd", {"r", "alpha", "a", "b"}},
	[ICM_MBGNBD] = {"mbgnbd", {"r", "alpha", "a", "b"}},
	[ICM_PARETONBD] = {"paretonbd", {"r", "alpha", "s", "beta"}},
	[ICM_SBG] = {"sbg", {"alpha", "beta"}},
	[ICM_GAMMAGAMMA] = {"gammagamma", {"p", "q", "gamma"}},
};

static int
Exists(IcmProcess process)
{
	return (unsigned int) process < sizeof(processes) / sizeof(processes[0]);
}

const char *
IcmProcessName(IcmProcess process)
{
	return Exists(process) ? processes[process].name : NULL;
}

IcmProcess
IcmProcessNamed(const char *name)
{
	IcmProcess	process = ICM_BGNBD;

	while (Exists(process) && strcmp(name, processes[process].name) != 0)
		process++;
	return Exists(process) ? process : ICM_PROCESS_NONE;
}

int
IcmProcessParams(IcmProcess process)
{
	int			n = 0;

	while (IcmProcessParam(process, n) != NULL)
		n++;
	return n;
}

const char *
IcmProcessParam(IcmProcess process, int i)
{
	if (!Exists(process) || i < 0 || i > ICM_PARAMS_MAX)
		return NULL;
	return processes[process].param[i];
}

double
IcmProcessParamMax(IcmProcess process, int i)
{
	int			has_unit;

	if (process == ICM_SBG)
		has_unit = 0;
	else if (process == ICM_GAMMAGAMMA)
		has_unit = i == 2;
	else
		has_unit = i == 1 || (process == ICM_PARETONBD && i == 3);
	return has_unit ? ICM_SCALE_MAX : ICM_SHAPE_MAX;
}
