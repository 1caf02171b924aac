#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "image_open.h"
#include "outcome.h"
#include "outfile.h"
#include "plan.h"
#include "spec.h"

struct report {
	struct outfile *file; /* or NULL: */
	int fd;
	char *name;
};

static const char *const kind_names[] = {
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_NOT_FOUND] = "not-found",
	[OUTCOME_NOT_EXECUTABLE] = "not-executable",
	[OUTCOME_EXITED] = "exited",
	[OUTCOME_SIGNALED] = "signaled",
	[OUTCOME_TIME_LIMIT] = "time-limit",
};

static const char *const error_kinds[] = {
	[ERR_NONE] = "none",	     [ERR_USAGE] = "usage",
	[ERR_MANIFEST] = "manifest", [ERR_INPUT] = "input",
	[ERR_HOST] = "host",	     [ERR_SYSTEM] = "system",
};

/* How each limit is enforced on this terms: no cgroup. */
static const char *const enforcement[N_LIMITS] = {
	[LIMIT_AS] = "rlimit: address space of each process",
	[LIMIT_CORE] = "rlimit: each core dump",
	[LIMIT_CPU_TIME] = "rlimit: whole seconds, each process",
	[LIMIT_FSIZE] = "rlimit: each file",
	[LIMIT_MEMORY] = "rlimit: address space of each process; all together "
			 "up to limit pids times as much",
	[LIMIT_NOFILE] = "rlimit: each process",
	[LIMIT_PIDS] = "rlimit: all processes of the uid, outside the jail too",
	[LIMIT_STACK] = "rlimit: each process",
	[LIMIT_WALL_TIME] = "keeper: a timer",
};

int report_open(const char *where, struct report **out, struct err *err)
{
	auto_of(report) struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return err_sys(err, ENOMEM, "--report");
	report->fd = -1;
	report->name = strdup(where);
	if (!report->name)
		return err_sys(err, ENOMEM, "--report");
	if (strncmp(where, "fd:", 3) == 0) {
		char *end;
		long fd = strtol(where + 3, &end, 10);

		if (end == where + 3 || *end || fd < 0 || fd > 1 << 30)
			return err_set(err, ERR_USAGE,
				       "--report %s: not a descriptor's number",
				       where);
		report->fd = dup((int)fd);
		if (report->fd < 0)
			return err_sys_kind(err, ERR_USAGE, errno,
					    "--report %s", where);
	} else if (outfile_open(where, 0644, &report->file, err) < 0) {
		return err_context(err, "--report");
	}
	*out = TAKE(report);
	return 0;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static json_t *use_object(const struct outcome *outcome)
{
	const struct rusage *use = &outcome->all;

	return json_pack("{s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
			 "wall_seconds", (double)outcome->nanoseconds / 1e9,
			 "user_seconds", seconds(use->ru_utime),
			 "system_seconds", seconds(use->ru_stime),
			 "max_rss_bytes", (json_int_t)use->ru_maxrss * 1024,
			 "voluntary_switches", (json_int_t)use->ru_nvcsw,
			 "involuntary_switches", (json_int_t)use->ru_nivcsw,
			 "blocks_in", (json_int_t)use->ru_inblock, "blocks_out",
			 (json_int_t)use->ru_oublock, "page_faults",
			 (json_int_t)(use->ru_minflt + use->ru_majflt),
			 "orphans_ended", (json_int_t)outcome->n_orphans);
}

static json_t *failure_object(const struct err *failure)
{
	char words[4 * sizeof(failure->msg) + 1];

	err_escape(failure->msg, words, sizeof(words));
	return json_pack("{s:s,s:i,s:s}", "kind", error_kinds[failure->kind],
			 "errno", failure->sys, "message", words);
}

static json_t *layers_array(const struct plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];

		json_array_append_new(
			array,
			json_pack("{s:s,s:b,s:s}", "name", row->layer->name,
				  "applied", row->is_on,
				  row->is_on ? "denies" : "why",
				  row->is_on ? row->layer->denies : row->why));
	}
	return array;
}

static json_t *limit_value(const struct jail_limit *limit,
			   const struct limit_row *row)
{
	if (limit->value == LIMIT_UNLIMITED)
		return json_string("unlimited");
	if (row->unit == LIMIT_MILLISECONDS)
		return json_real((double)limit->value / 1000);
	return json_integer((json_int_t)limit->value);
}

static json_t *limits_array(const struct jail_spec *spec)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < N_LIMITS; i++)
		if (spec->limits[i].is_set)
			json_array_append_new(
				array,
				json_pack("{s:s,s:o,s:s}", "name",
					  limit_rows[i].name, "value",
					  limit_value(&spec->limits[i],
						      &limit_rows[i]),
					  "enforced_by", enforcement[i]));
	return array;
}

static json_t *user_object(const struct jail_user *user)
{
	json_t *groups = json_array();
	size_t i;

	for (i = 0; i < user->n_groups; i++)
		json_array_append_new(groups, json_integer(user->groups[i]));
	return json_pack("{s:i,s:i,s:o,s:s?,s:b}", "uid", (int)user->uid, "gid",
			 (int)user->gid, "groups", groups, "name", user->name,
			 "shares_uid", 1);
}

/* What the reader must know about the confinement that was in force. */
static json_t *notes_array(const struct jail_spec *spec)
{
	json_t *array = json_array();

	json_array_append_new(
		array,
		json_string("shares its uid with others: processes of the same "
			    "uid outside can signal it, and limit pids counts "
			    "them"));
	json_array_append_new(
		array, json_string("refused system calls are not itemised"));
	if (!spec->seccomp)
		json_array_append_new(
			array, json_string("no seccomp: the host's network is "
					   "within reach"));
	return array;
}

static void add_outcome(json_t *top, const struct report_facts *facts)
{
	const struct outcome *outcome = facts->outcome;

	json_object_set_new(top, "outcome",
			    json_string(kind_names[outcome->kind]));
	json_object_set_new(top, "exit_status",
			    json_integer(outcome_status(outcome)));
	if (outcome->kind == OUTCOME_SIGNALED) {
		json_object_set_new(top, "signal",
				    json_integer(outcome->signal));
		json_object_set_new(top, "signal_name",
				    json_string(sigabbrev_np(outcome->signal)));
	}
	if (outcome->kind == OUTCOME_TIME_LIMIT)
		json_object_set_new(
			top, "limit",
			json_string(limit_rows[outcome->limit].name));
	if (facts->failure)
		json_object_set_new(top, "error",
				    failure_object(facts->failure));
	if (outcome->has_run)
		json_object_set_new(top, "use", use_object(outcome));
}

static json_t *root_object(const struct image *image)
{
	if (!image->dir)
		return json_pack("{s:s,s:s}", "method", "directory, chroot",
				 "name", image->name);
	return json_pack("{s:s,s:s,s:s,s:I,s:I}", "method",
			 "image unpacked into a private directory, chroot",
			 "name", image->name, "sha256", image->unpacked.digest,
			 "bytes", (json_int_t)image->unpacked.bytes, "members",
			 (json_int_t)image->unpacked.members);
}

static json_t *make_object(const struct report_facts *facts)
{
	json_t *top =
		json_pack("{s:s,s:i}", "jaillaunch", JAIL_VERSION, "format", 1);

	add_outcome(top, facts);
	if (facts->image)
		json_object_set_new(top, "root", root_object(facts->image));
	if (facts->spec) {
		json_object_set_new(top, "user",
				    user_object(&facts->spec->user));
		json_object_set_new(top, "limits", limits_array(facts->spec));
		json_object_set_new(top, "notes", notes_array(facts->spec));
	}
	if (facts->plan)
		json_object_set_new(top, "layers", layers_array(facts->plan));
	return top;
}

int report_write(struct report *report, const struct report_facts *facts,
		 struct err *err)
{
	json_t *top = make_object(facts);
	auto_free char *text = NULL;
	int fd = report->file ? report->file->fd : report->fd, error;

	text = top ? json_dumps(top, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;
	json_decref(top);
	if (!text)
		return err_sys(err, ENOMEM, "--report");
	error = fd_write_full(fd, text, strlen(text));
	if (error == 0)
		error = fd_write_full(fd, "\n", 1);
	if (error < 0)
		return err_sys(err, -error, "--report %s", report->name);
	return report->file ? outfile_commit(report->file, err) : 0;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	outfile_free(report->file);
	if (report->fd >= 0)
		close(report->fd);
	free(report->name);
	free(report);
}
