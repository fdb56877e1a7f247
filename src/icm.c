/*
 * icm.c
 *		Module magic and initialisation; nothing else lives here.
 */
#include "postgres.h"

#include "fmgr.h"

#include "standard/standard.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	IcmStandardInit();
}
