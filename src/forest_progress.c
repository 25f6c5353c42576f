/*
 * forest_progress.c
 *		How far a training is, for other sessions to see.
 *
 * The server keeps, for every backend, the command whose progress it reports
 * and an array of numbers; pg_stat_progress_* show them.  An extension can use
 * the array too, under a number that is no command of the server: nothing to
 * preload, no shared memory of our own, and an error or a rolled back
 * subtransaction ends the report as it ends the server's own.
 *
 * There is one report per backend.  If a command of the server has it already
 * (COPY (SELECT rf_train(...)) TO, say), we keep quiet.
 */
#include "liveanalytics.h"

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "forest_progress.h"

PG_FUNCTION_INFO_V1(rf_progress);

/* "LA" and the kind of command, far from the server's own numbers */
#define PROGRESS_FOREST ((ProgressCommandType) 0x4c410001)

/* what the numbers of the array are */
enum
{
	PARAM_PHASE,
	PARAM_ROWS,
	PARAM_TREES,
	PARAM_DONE,
	PARAM_WORKERS,
	PARAM_MODEL_BYTES,
	PARAM_MEMORY_BYTES,
	PARAM_STARTED,
	PARAM_GROWING				/* since when */
};

/* --- telling ---------------------------------------------------------------- */

static bool
is_ours(void)
{
	return MyBEEntry && MyBEEntry->st_progress_command == PROGRESS_FOREST;
}

/*
 * la_forest_progress_begin
 *		A training begins with its rows collected.
 */
void
la_forest_progress_begin(int64 rows, uint32 trees)
{
	if (!MyBEEntry ||
		(MyBEEntry->st_progress_command != PROGRESS_COMMAND_INVALID && !is_ours()))
		return;
	pgstat_progress_start_command(PROGRESS_FOREST, InvalidOid);
	if (!is_ours())				/* track_activities is off */
		return;
	pgstat_progress_update_param(PARAM_ROWS, rows);
	pgstat_progress_update_param(PARAM_TREES, trees);
	pgstat_progress_update_param(PARAM_STARTED, GetCurrentTimestamp());
	pgstat_progress_update_param(PARAM_PHASE, LA_PHASE_BINNING);
}

/*
 * la_forest_progress_phase
 *		The next phase begins.
 */
void
la_forest_progress_phase(ForestPhase phase)
{
	if (!is_ours())
		return;
	if (phase == LA_PHASE_GROWING)
		pgstat_progress_update_param(PARAM_GROWING, GetCurrentTimestamp());
	pgstat_progress_update_param(PARAM_PHASE, phase);
}

/*
 * la_forest_progress_tree
 *		So many trees are grown.
 */
void
la_forest_progress_tree(uint32 done, int workers, uint64 model_bytes, uint64 memory_bytes)
{
	const int	index[] = {PARAM_DONE, PARAM_WORKERS, PARAM_MODEL_BYTES, PARAM_MEMORY_BYTES};
	const int64 value[] = {done, workers, model_bytes, memory_bytes};

	if (is_ours())
		pgstat_progress_update_multi_param(lengthof(index), index, value);
}

/*
 * la_forest_progress_end
 *		The training ends well.  After an error the server ends the report.
 */
void
la_forest_progress_end(void)
{
	if (is_ours())
		pgstat_progress_end_command();
}

/* --- showing ---------------------------------------------------------------- */

#define PROGRESS_COLUMNS 13

/* Whether the caller may see what the role does, as in pg_stat_activity. */
static bool
may_see(Oid role)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) ||
		has_privs_of_role(GetUserId(), role);
}

static const char *
phase_text(int64 phase)
{
	switch (phase)
	{
		case LA_PHASE_BINNING:
			return "binning";
		case LA_PHASE_GROWING:
			return "growing";
		case LA_PHASE_WRITING:
			return "writing";
	}
	return "starting";
}

static Datum
interval_of(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = Max(microseconds, 0);
	return IntervalPGetDatum(interval);
}

/* The rest takes as long per tree as what is done. */
static Datum
remaining(const int64 *param, TimestampTz now, bool *isnull)
{
	int64		growing = now - param[PARAM_GROWING];

	if (param[PARAM_PHASE] == LA_PHASE_WRITING)
		return interval_of(0);
	if (param[PARAM_PHASE] != LA_PHASE_GROWING || param[PARAM_DONE] <= 0)
	{
		*isnull = true;
		return (Datum) 0;
	}
	return interval_of((int64) ((double) growing * (param[PARAM_TREES] - param[PARAM_DONE]) /
								param[PARAM_DONE]));
}

static void
fill_row(const PgBackendStatus *entry, Datum *values, bool *nulls)
{
	const int64 *param = entry->st_progress_param;
	char	   *database = get_database_name(entry->st_databaseid);
	char	   *user = GetUserNameFromId(entry->st_userid, true);
	TimestampTz now = GetCurrentTimestamp();
	int			n = 0;

	values[n++] = Int32GetDatum(entry->st_procpid);
	nulls[n] = database == NULL;
	values[n++] = database ? DirectFunctionCall1(namein, CStringGetDatum(database)) : (Datum) 0;
	nulls[n] = user == NULL;
	values[n++] = user ? DirectFunctionCall1(namein, CStringGetDatum(user)) : (Datum) 0;
	if (!may_see(entry->st_userid))
	{
		for (; n < PROGRESS_COLUMNS; n++)
			nulls[n] = true;
		return;
	}
	values[n++] = CStringGetTextDatum(phase_text(param[PARAM_PHASE]));
	values[n++] = Int64GetDatum(param[PARAM_ROWS]);
	values[n++] = Int32GetDatum((int32) param[PARAM_TREES]);
	values[n++] = Int32GetDatum((int32) param[PARAM_DONE]);
	values[n++] = Int32GetDatum((int32) param[PARAM_WORKERS]);
	values[n++] = Int64GetDatum(param[PARAM_MODEL_BYTES]);
	values[n++] = Int64GetDatum(param[PARAM_MEMORY_BYTES]);
	values[n++] = TimestampTzGetDatum(param[PARAM_STARTED]);
	values[n++] = interval_of(now - param[PARAM_STARTED]);
	values[n] = remaining(param, now, &nulls[n]);
}

/* The trainings of all sessions. */
Datum
rf_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			nbackends = pgstat_fetch_stat_numbackends();

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 1; i <= nbackends; i++)
	{
		LocalPgBackendStatus *local = la_local_beentry_by_index(i);
		Datum		values[PROGRESS_COLUMNS] = {0};
		bool		nulls[PROGRESS_COLUMNS] = {0};

		if (local == NULL || local->backendStatus.st_progress_command != PROGRESS_FOREST)
			continue;
		fill_row(&local->backendStatus, values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
