#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capability.h"
#include "enforcement.h"
#include "fdio.h"
#include "given_fd.h"
#include "image_open.h"
#include "json.h"
#include "oci_load.h"
#include "oom_score.h"
#include "outcome.h"
#include "outfile.h"
#include "plan.h"
#include "spec.h"
#include "syscall_guard.h"
#include "terminal.h"

struct report {
	struct outfile *file; /* or NULL: */
	int fd;
	char *name;
};

static const char *const error_kinds[] = {
	[ERR_NONE] = "none",	     [ERR_USAGE] = "usage",
	[ERR_MANIFEST] = "manifest", [ERR_INPUT] = "input",
	[ERR_HOST] = "host",	     [ERR_SYSTEM] = "system",
};

int report_open(const char *where, mode_t mode, struct report **out,
		struct err *err)
{
	auto_of(report) struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return err_sys(err, ENOMEM, "--report");
	report->fd = -1;
	report->name = strdup(where);
	if (!report->name)
		return err_sys(err, ENOMEM, "--report");
	if (given_fd_is(where)) {
		report->fd = given_fd_copy("--report", where, err);
		if (report->fd < 0)
			return -1;
	} else if (outfile_open(where, mode, &report->file, err) < 0) {
		return err_context(err, "--report");
	}
	*out = TAKE(report);
	return 0;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* What only a cgroup counts is left out where there is none. */
static void put_count(struct json *json, const char *key, uint64_t count)
{
	if (count != UINT64_MAX)
		json_number(json, key, (int64_t)count);
}

/* Limits that were met, also by a program that went on. */
static void put_hits(struct json *json, const struct outcome *outcome)
{
	size_t i;

	json_open(json, "limits_met", '[');
	for (i = 0; i < N_LIMITS; i++)
		if (outcome_has_met(outcome, (enum limit)i))
			json_string(json, NULL, limit_rows[i].name);
	json_close(json, ']');
}

static void put_use(struct json *json, const struct outcome *outcome)
{
	const struct rusage *use = &outcome->all;

	json_open(json, "use", '{');
	json_seconds(json, "wall_seconds",
		     (double)outcome->nanoseconds / 1000000000);
	json_seconds(json, "user_seconds", seconds(use->ru_utime));
	json_seconds(json, "system_seconds", seconds(use->ru_stime));
	json_number(json, "max_rss_bytes", (int64_t)use->ru_maxrss * 1024);
	json_number(json, "voluntary_switches", use->ru_nvcsw);
	json_number(json, "involuntary_switches", use->ru_nivcsw);
	json_number(json, "blocks_in", use->ru_inblock);
	json_number(json, "blocks_out", use->ru_oublock);
	json_number(json, "page_faults", use->ru_minflt + use->ru_majflt);
	json_number(json, "orphans_ended", (int64_t)outcome->n_orphans);
	put_count(json, "oom_kills", outcome->use.oom_kills);
	put_count(json, "forks_refused", outcome->use.forks_refused);
	put_count(json, "memory_peak_bytes", outcome->use.peak_bytes);
	put_count(json, "throttles", outcome->use.throttles);
	if (outcome->use.throttled_us != UINT64_MAX)
		json_seconds(json, "throttled_seconds",
			     (double)outcome->use.throttled_us / 1000000);
	json_close(json, '}');
}

static void put_failure(struct json *json, const struct err *failure)
{
	json_open(json, "error", '{');
	json_string(json, "kind", error_kinds[failure->kind]);
	json_number(json, "errno", failure->sys);
	json_string(json, "message", failure->msg);
	json_close(json, '}');
}

static void put_outcome(struct json *json, const struct report_facts *facts)
{
	const struct outcome *outcome = facts->outcome;

	json_string(json, "outcome", outcome_kind_names[outcome->kind]);
	json_number(json, "exit_status", outcome_status(outcome));
	if (outcome->kind == OUTCOME_SIGNALED) {
		json_number(json, "signal", outcome->signal);
		json_string(json, "signal_words", strsignal(outcome->signal));
	}
	if (outcome->has_run && outcome->limit != N_LIMITS)
		json_string(json, "limit", limit_rows[outcome->limit].name);
	if (facts->failure)
		put_failure(json, facts->failure);
	if (!outcome->has_run)
		return;
	put_hits(json, outcome);
	put_use(json, outcome);
}

static void put_store(struct json *json, const struct image *image)
{
	json_open(json, "store", '{');
	json_bool(json, "used", image->is_stored);
	if (image->is_stored) {
		json_bool(json, "filled", image->stored.is_new);
		json_string(json, "sha256", image->stored.digest);
		json_number(json, "bytes", (int64_t)image->stored.size);
	} else {
		json_string(json, "why_not", image->why_not_stored);
	}
	json_close(json, '}');
}

static void put_method(struct json *json, const struct root_choice *choice)
{
	size_t i;

	json_string(json, "method", root_method_names[choice->used]);
	json_open(json, "passed_over", '[');
	for (i = 0; i < N_ROOT_METHODS; i++) {
		char words[128];

		if (choice->passed[i].error == 0)
			continue;
		json_open(json, NULL, '{');
		json_string(json, "method", root_method_names[i]);
		root_choice_why(choice, i, words, sizeof(words));
		json_string(json, "why", words);
		json_close(json, '}');
	}
	json_close(json, ']');
	if (choice->proc)
		json_string(json, "proc", root_proc_options[choice->proc]);
}

static void put_root(struct json *json, const struct image *image,
		     const struct root_choice *choice)
{
	json_open(json, "root", '{');
	json_string(json, "name", image->name);
	json_string(json, "from", image_way_words(image));
	if (*image->why.msg)
		json_string(json,
			    image->way == IMAGE_UNPACKED ? "why_not_mounted"
							 : "why_not_pinned",
			    image->why.msg);
	if (*image->index && image->way != IMAGE_UNPACKED)
		json_string(json, "index", image->index);
	if (image->way == IMAGE_MOUNT || image->by_loop)
		json_bool(json, "by_loop", image->by_loop);
	put_method(json, choice);
	if (image->way == IMAGE_UNPACKED) {
		json_string(json, "sha256", image->unpacked.digest);
		json_number(json, "bytes", (int64_t)image->unpacked.bytes);
		json_number(json, "members", (int64_t)image->unpacked.members);
	}
	if (image->way != IMAGE_DIRECTORY)
		put_store(json, image);
	json_close(json, '}');
}

static void put_pool(struct json *json, const struct uid_range *range)
{
	json_open(json, "uid_pool", '{');
	json_number(json, "first", range->first);
	json_number(json, "last", range->last);
	json_close(json, '}');
}

/* What the jail left and nobody held; nothing is removed of a shared uid. */
static void put_ipc(struct json *json, const struct own_uid *own_uid,
		    const struct ipc_swept *swept)
{
	json_open(json, "ipc_removed", '{');
	json_number(json, "shared_memory", swept->memory);
	json_number(json, "semaphores", swept->semaphores);
	json_number(json, "message_queues", swept->queues);
	json_number(json, "posix_queues", swept->posix_queues);
	json_number(json, "posix_memory", swept->posix_memory);
	if (own_uid->ipc.queues_error)
		json_string(json, "posix_queues_not_seen",
			    strerror(own_uid->ipc.queues_error));
	if (swept->system_v_error)
		json_string(json, "system_v_not_removed",
			    strerror(swept->system_v_error));
	json_close(json, '}');
}

static void put_capabilities(struct json *json, const char *key, uint64_t set)
{
	unsigned i;

	json_open(json, key, '[');
	for (i = 0; i < N_CAPABILITIES; i++)
		if (set >> i & 1)
			json_string(json, NULL, capability_names[i]);
	json_close(json, ']');
}

static void put_user(struct json *json, const struct jail_spec *spec)
{
	const struct jail_user *user = &spec->user;
	size_t i;

	json_open(json, "user", '{');
	json_number(json, "uid", user->uid);
	json_number(json, "gid", user->gid);
	json_open(json, "groups", '[');
	for (i = 0; i < user->n_groups; i++)
		json_number(json, NULL, user->groups[i]);
	json_close(json, ']');
	json_string(json, "name", user->name);
	put_capabilities(json, "caps", spec->caps);
	put_capabilities(json, "ambient_caps", spec->ambient_caps);
	if (spec->own_uid)
		put_pool(json, &spec->own_uid->range);
	json_bool(json, "shares_uid", !spec->own_uid);
	json_open(json, "separated_by", '[');
	if (spec->own_uid)
		json_string(json, NULL, "uid-pool");
	if (namespaces_have(&spec->namespaces, NAMESPACE_PID))
		json_string(json, NULL, "pid namespace");
	if (landlock_has_scopes(&spec->landlock))
		json_string(json, NULL, "landlock");
	json_close(json, ']');
	json_close(json, '}');
}

static void put_limit(struct json *json, const struct jail_spec *spec,
		      enum limit which)
{
	const struct jail_limit *limit = &spec->limits[which];
	const struct limit_row *row = &limit_rows[which];
	const char *why = enforcement_why_no_cgroup(spec, which);

	json_open(json, NULL, '{');
	json_string(json, "name", row->name);
	if (limit->value == LIMIT_UNLIMITED)
		json_string(json, "value", "unlimited");
	else if (row->unit == LIMIT_MILLISECONDS ||
		 row->unit == LIMIT_THOUSANDTHS)
		json_seconds(json, "value", (double)limit->value / 1000);
	else
		json_number(json, "value", (int64_t)limit->value);
	json_string(json, "enforced_by", enforcement_words(spec, which));
	if (why)
		json_string(json, "why_no_cgroup", why);
	json_close(json, '}');
}

static void put_limits(struct json *json, const struct jail_spec *spec)
{
	size_t i;

	json_open(json, "limits", '[');
	for (i = 0; i < N_LIMITS; i++)
		if (spec->limits[i].is_set)
			put_limit(json, spec, (enum limit)i);
	json_close(json, ']');
}

static void put_namespaces(struct json *json,
			   const struct namespaces *namespaces)
{
	size_t i;

	json_open(json, "namespaces", '{');
	json_open(json, "used", '[');
	for (i = 0; i < N_NAMESPACES; i++)
		if (namespaces_have(namespaces, (enum namespace)i))
			json_string(json, NULL, namespace_rows[i].name);
	json_close(json, ']');
	json_open(json, "lacking", '[');
	for (i = 0; i < N_NAMESPACES; i++) {
		if (!namespaces->lacks.error[i])
			continue;
		json_open(json, NULL, '{');
		json_string(json, "name", namespace_rows[i].name);
		json_string(json, "why", strerror(namespaces->lacks.error[i]));
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void put_layers(struct json *json, const struct plan *plan)
{
	size_t i;

	json_open(json, "layers", '[');
	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];

		json_open(json, NULL, '{');
		json_string(json, "name", row->layer->name);
		json_bool(json, "applied", row->is_on);
		json_string(json, row->is_on ? "denies" : "why",
			    row->is_on ? plan_denies(plan, row) : row->why);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_rootless_notes(struct json *json, const struct jail_spec *spec)
{
	if (!namespaces_are_rootless(&spec->namespaces))
		return;
	json_string(json, NULL,
		    "without root: every file of the root is the jail's "
		    "user's, whose only bound is that it is read-only");
	json_string(json, NULL,
		    "without root: the caller's supplementary groups stay, and "
		    "the jail's are not set");
}

static void put_uid_note(struct json *json, const struct jail_spec *spec)
{
	put_rootless_notes(json, spec);
	if (spec->own_uid)
		return;
	json_string(json, NULL,
		    landlock_has_scopes(&spec->landlock) ||
				    namespaces_have(&spec->namespaces,
						    NAMESPACE_PID)
			    ? "processes outside may have its uid: they can "
			      "signal the jail, not the jail them"
			    : "shares its uid with others: processes of that "
			      "uid outside can be signalled");
}

static void put_terminal(struct json *json, const struct terminal *terminal)
{
	json_open(json, "tty", '{');
	json_string(json, "kind", terminal_name(terminal));
	if (*terminal->why_not)
		json_string(json, "why_no_pty", terminal->why_not);
	json_close(json, '}');
}

static void put_oom_note(struct json *json)
{
	const char *why_not = oom_score_why_not();
	char note[128];

	if (!why_not)
		return;
	snprintf(note, sizeof(note),
		 "when memory runs out the jail need not go first: %s",
		 why_not);
	json_string(json, NULL, note);
}

/* What the reader must know about the confinement that was in force. */
static void put_notes(struct json *json, const struct jail_spec *spec)
{
	json_open(json, "notes", '[');
	put_uid_note(json, spec);
	put_oom_note(json);
	if (!spec->seccomp)
		json_string(json, NULL,
			    "no seccomp: the host's network is within reach");
	json_close(json, ']');
}

static void put_oci(struct json *json, const struct oci_config *oci)
{
	char **note;

	json_open(json, "oci", '{');
	json_string(json, "config", oci->name);
	json_open(json, "not_honoured", '[');
	for (note = oci->notes; *note; note++)
		json_string(json, NULL, *note);
	json_close(json, ']');
	json_close(json, '}');
}

static char *make_text(const struct report_facts *facts)
{
	struct json json;

	if (json_start(&json) < 0)
		return NULL;
	json_open(&json, NULL, '{');
	json_string(&json, "jaillaunch", JAIL_VERSION);
	json_number(&json, "format", 1);
	put_outcome(&json, facts);
	if (facts->oci && facts->oci->name)
		put_oci(&json, facts->oci);
	put_terminal(&json, facts->terminal);
	if (facts->image)
		put_root(&json, facts->image, &facts->outcome->root);
	if (facts->spec) {
		put_user(&json, facts->spec);
		put_namespaces(&json, &facts->spec->namespaces);
		put_limits(&json, facts->spec);
		put_notes(&json, facts->spec);
	}
	if (facts->spec && facts->spec->own_uid)
		put_ipc(&json, facts->spec->own_uid, &facts->outcome->swept);
	if (facts->plan)
		put_layers(&json, facts->plan);
	if (facts->plan && plan_guard(facts->plan))
		syscall_guard_report(plan_guard(facts->plan), &json);
	json_close(&json, '}');
	return json_text(&json);
}

int report_write(struct report *report, const struct report_facts *facts,
		 struct err *err)
{
	auto_free char *text = make_text(facts);
	int fd = report->file ? report->file->fd : report->fd, error;

	if (!text)
		return err_sys(err, ENOMEM, "--report");
	error = fd_write_full(fd, text, strlen(text));
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
