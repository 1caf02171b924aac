#include "spec.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "capability.h"
#include "given_fd.h"
#include "manifest.h"
#include "nearest.h"
#include "policy_file.h"
#include "policy_load.h"
#include "policy_name.h"
#include "spec_environment.h"
#include "spec_program.h"
#include "spec_user.h"

/* What the sources agreed on, still as text; owned by those sources. */
struct settings {
	struct user_wish user;
	const char *workdir, *seccomp, *net;
	const char *policy_text; /* what seccomp is the name of; or NULL */
	char *const *argv; /* NULL-terminated, or n_argv says where it ends */
	size_t n_argv;
	bool image_net, image_seccomp; /* the image's word, nobody's else */
};

static int check_net(const char *net, struct jail_spec *spec, struct err *err)
{
	spec->net_host = strcmp(net, "host") == 0;
	spec->net_private = strcmp(net, "private") == 0;
	if (spec->net_host || spec->net_private || strcmp(net, "none") == 0)
		return 0;
	return err_set(
		err, ERR_USAGE,
		"--net \"%s\": it is none, host or private (networks of jails "
		"are not built yet)",
		net);
}

/* A file's path is looked at when the policy is loaded. */
static int check_seccomp(const char *name, struct err *err)
{
	struct nearest nearest;
	const char *best;
	size_t i;

	if (policy_is_file(name))
		return 0;
	nearest_start(&nearest, name);
	for (i = 0; policy_names[i]; i++) {
		if (strcmp(name, policy_names[i]) == 0)
			return 0;
		nearest_offer(&nearest, policy_names[i]);
	}
	best = nearest_best(&nearest);
	return err_set(err, ERR_USAGE,
		       best ? "--seccomp \"%s\": no policy has that name; the "
			      "nearest is \"%s\""
			    : "--seccomp \"%s\": it is default, strict, cape, "
			      "cape-deny, none, or a file as ./my.policy",
		       name, best);
}

static int set_limit(struct jail_spec *spec, const char *text, bool by_image,
		     struct err *err)
{
	enum limit limit;
	uint64_t value;

	if (limit_parse(text, &limit, &value, err) < 0)
		return -1;
	spec->limits[limit] = (struct jail_limit){
		.is_set = true, .by_image = by_image, .value = value};
	return 0;
}

/* The grammar knows no others. */
static void take_needs(const struct entry *entry, struct jail_spec *spec)
{
	size_t i;

	for (i = 0; i < entry->n_args; i++) {
		const char *need = entry->args[i];

		if (strcmp(need, "shm") == 0)
			spec->need_shm = true;
		else if (strcmp(need, "pts") == 0)
			spec->need_pts = true;
		else
			spec->need_proc = true;
	}
}

/* One launch setting of a manifest; what concerns the builder is passed by. */
static int take_entry(const struct entry *entry, bool by_image,
		      struct settings *settings, struct jail_spec *spec,
		      struct err *err)
{
	switch (entry->verb) {
	case VERB_RUN_AS:
		settings->user.name = entry->args[0];
		return 0;
	case VERB_WORKDIR:
		settings->workdir = entry->args[0];
		return 0;
	case VERB_ENTRY:
		settings->argv = entry->args;
		settings->n_argv = entry->n_args;
		return 0;
	case VERB_SECCOMP:
		settings->seccomp = entry->args[0];
		settings->image_seccomp = by_image;
		return 0;
	case VERB_NET:
		settings->net = entry->args[0];
		settings->image_net = by_image;
		return 0;
	case VERB_UID_POOL:
		settings->user.uid_pool = entry->args[0];
		settings->user.image_pool = by_image;
		return 0;
	case VERB_LIMIT:
		if (set_limit(spec, entry->args[0], by_image, err) < 0)
			return entry_error(entry, err, "%s", strdupa(err->msg));
		return 0;
	case VERB_NEED:
		take_needs(entry, spec);
		return 0;
	default:
		return 0;
	}
}

static int take_manifest(const struct manifest *manifest, bool by_image,
			 struct settings *settings, struct jail_spec *spec,
			 struct err *err)
{
	size_t i;

	if (!manifest)
		return 0;
	for (i = 0; i < manifest->n; i++)
		if (take_entry(&manifest->entries[i], by_image, settings, spec,
			       err) < 0)
			return -1;
	return 0;
}

static int take_flags(const struct spec_input *input, struct settings *settings,
		      struct jail_spec *spec, struct err *err)
{
	const struct spec_flags *flags = input->flags;
	size_t i;

	if (flags->user)
		settings->user.name = flags->user;
	if (flags->uid_pool) {
		settings->user.uid_pool = flags->uid_pool;
		settings->user.image_pool = false;
	}
	if (flags->chdir)
		settings->workdir = flags->chdir;
	if (flags->insecure && flags->seccomp &&
	    strcmp(flags->seccomp, "none") != 0)
		return err_set(err, ERR_USAGE,
			       "-I and --seccomp %s contradict each other",
			       flags->seccomp);
	if (flags->net_none && flags->net && strcmp(flags->net, "none") != 0)
		return err_set(err, ERR_USAGE,
			       "-n and --net %s contradict each other",
			       flags->net);
	if (flags->seccomp || flags->insecure) {
		settings->seccomp = flags->insecure ? "none" : flags->seccomp;
		settings->image_seccomp = false;
	}
	if (flags->policy_text && !flags->seccomp && !flags->insecure) {
		settings->seccomp = flags->policy_name;
		settings->policy_text = flags->policy_text;
		settings->image_seccomp = false;
	}
	if (flags->net || flags->net_none) {
		settings->net = flags->net_none ? "none" : flags->net;
		settings->image_net = false;
	}
	for (i = 0; i < flags->limits.n; i++)
		if (set_limit(spec, flags->limits.items[i], false, err) < 0)
			return -1;
	if (*input->argv) {
		settings->argv = input->argv;
		for (settings->n_argv = 0; input->argv[settings->n_argv];)
			settings->n_argv++;
	}
	return 0;
}

/* What the image asked for and only the caller may give. */
static int check_image_wishes(const struct settings *settings, struct err *err)
{
	if (settings->image_net && settings->net &&
	    strcmp(settings->net, "none") != 0)
		return err_set(err, ERR_USAGE,
			       "the image asks for \"net %s\", which only you "
			       "can allow: say --net %s, or --net none to run "
			       "it without",
			       settings->net, settings->net);
	if (settings->image_seccomp && settings->seccomp &&
	    strcmp(settings->seccomp, "none") == 0)
		return err_set(err, ERR_USAGE,
			       "the image asks to run without seccomp, which "
			       "only you can allow: say -I, or --seccomp "
			       "default to run it confined");
	if (settings->image_seccomp && policy_is_file(settings->seccomp))
		return err_set(err, ERR_USAGE,
			       "the image asks for the policy \"%s\": an image "
			       "can choose default, strict, cape or cape-deny",
			       settings->seccomp);
	return 0;
}

static int decide_policy(const struct settings *settings,
			 const struct spec_flags *flags, struct jail_spec *spec,
			 struct err *err)
{
	const char *seccomp = settings->seccomp ? settings->seccomp : "default";

	if (check_image_wishes(settings, err) < 0 ||
	    check_net(settings->net ? settings->net : "none", spec, err) < 0 ||
	    (!settings->policy_text && check_seccomp(seccomp, err) < 0))
		return -1;
	spec->policy_text = settings->policy_text;
	spec->policy_open = settings->policy_text ? flags->policy_open : NULL;
	spec->allow = flags->syscall_allow;
	spec->deny = flags->syscall_deny;
	spec->deny_action = flags->deny_action;
	if (strcmp(seccomp, "none") == 0) {
		if (spec->allow.n || spec->deny.n || spec->deny_action)
			return err_set(err, ERR_USAGE,
				       "--syscall-allow, --syscall-deny and "
				       "--deny-action change a policy, and "
				       "there is none");
		if (!spec->net_host && !spec->net_private && settings->net &&
		    !settings->image_net)
			return err_set(err, ERR_USAGE,
				       "--net none is enforced by seccomp: say "
				       "--net host or --net private with -I, "
				       "or leave -I out");
		return 0;
	}
	spec->seccomp = strdup(seccomp);
	return spec->seccomp ? 0 : err_sys(err, ENOMEM, "seccomp");
}

static int keep_fd(struct jail_spec *spec, const char *text, struct err *err)
{
	struct stat st;
	int fd, *place;

	if (!given_fd_parse(text, &fd))
		return err_set(err, ERR_USAGE,
			       "--keep-fd \"%s\" is not a descriptor's number",
			       text);
	if (fstat(fd, &st) < 0)
		return err_set(err, ERR_USAGE,
			       "--keep-fd %d: the descriptor is not open", fd);
	if (S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
		return err_set(
			err, ERR_USAGE,
			"--keep-fd %d is a %s: the program could leave "
			"the jail by it",
			fd, S_ISDIR(st.st_mode) ? "directory" : "block device");
	place = array_push(spec->keep_fds, spec->n_keep_fds);
	if (!place)
		return err_sys(err, ENOMEM, "--keep-fd");
	*place = fd;
	return 0;
}

/* Those that only a supervisor can enforce. */
static int check_limits(const struct jail_spec *spec, struct err *err)
{
	static const enum limit supervised[] = {LIMIT_WALL_TIME, LIMIT_OUTPUT};
	size_t i;

	for (i = 0; i < sizeof(supervised) / sizeof(*supervised); i++) {
		const struct jail_limit *limit = &spec->limits[supervised[i]];

		if (spec->in_place && limit->is_set &&
		    limit->value != LIMIT_UNLIMITED)
			return err_set(err, ERR_USAGE,
				       "limit %s needs the supervisor that "
				       "--exec leaves out",
				       limit_rows[supervised[i]].name);
	}
	return 0;
}

/*
 * CAP_SETUID and its like lead to uid 0, and so to all that the bounding set
 * has.
 */
#define LEADS_TO_ROOT (1ull << CAP_SETUID | 1ull << CAP_SETGID)

static int decide_capabilities(const struct spec_flags *flags,
			       struct jail_spec *spec, struct err *err)
{
	const char *list = flags->ambient_caps;

	if (flags->caps &&
	    capabilities_parse("--caps", flags->caps, &spec->caps, err) < 0)
		return -1;
	if (!list)
		return 0;
	if (capabilities_parse("--ambient-caps", list, &spec->ambient_caps,
			       err) < 0)
		return -1;
	if (spec->ambient_caps & ~spec->caps)
		return err_set(err, ERR_USAGE,
			       "--ambient-caps %s: --caps has to name them "
			       "too: it says what the jail can have at most",
			       list);
	if (spec->ambient_caps & LEADS_TO_ROOT && !spec->allow_root)
		return err_set(err, ERR_USAGE,
			       "--ambient-caps %s: with setuid or setgid the "
			       "program can become root; say --allow-root if "
			       "that is meant",
			       list);
	return 0;
}

static int decide_rest(const struct spec_flags *flags, struct jail_spec *spec,
		       struct err *err)
{
	size_t i;

	if (decide_capabilities(flags, spec, err) < 0)
		return -1;
	for (i = 0; i < flags->keep_fds.n; i++)
		if (keep_fd(spec, flags->keep_fds.items[i], err) < 0)
			return -1;
	return check_limits(spec, err);
}

static int decide_namespaces(const struct spec_input *input,
			     struct jail_spec *spec, struct err *err)
{
	const struct spec_flags *flags = input->flags;

	spec->hostname = flags->hostname ? flags->hostname : "jail";
	if (*spec->hostname == '\0' || strlen(spec->hostname) > 64)
		return err_set(err, ERR_USAGE,
			       "--hostname \"%s\": it has 1 to 64 bytes",
			       spec->hostname);
	spec->need_proc = spec->need_proc || flags->proc;
	return namespaces_decide(spec, input->lacks, &spec->namespaces, err);
}

int spec_read_files(const struct opt_list *files, struct manifest **out,
		    struct err *err)
{
	static const char *const no_presets[] = {NULL};

	return files->n ? manifest_read(files->items, files->n, no_presets, out,
					err)
			: 0;
}

static int make(const struct spec_input *input, struct jail_spec *spec,
		struct err *err)
{
	const struct spec_flags *flags = input->flags;
	struct settings settings = {0};

	spec->root_fd = input->root_fd;
	spec->root_name = input->root_name;
	spec->flags = flags;
	spec->root_is_image = input->root_is_image;
	spec->root_is_pinned = input->root_is_pinned;
	spec->root_is_mounted = input->root_is_mounted;
	spec->copies = input->copies;
	spec->devices = input->devices;
	spec->terminal = input->terminal;
	spec->has_terminal = input->has_terminal;
	spec->has_foreground = input->has_foreground;
	spec->has_readers = input->has_readers && !flags->in_place;
	spec->allow_root = flags->allow_root;
	spec->in_place = flags->in_place;
	spec->start_here = flags->start_here;
	if (take_manifest(input->image, true, &settings, spec, err) < 0 ||
	    take_manifest(input->file, false, &settings, spec, err) < 0 ||
	    take_flags(input, &settings, spec, err) < 0 ||
	    decide_policy(&settings, flags, spec, err) < 0 ||
	    spec_user(&settings.user, flags, spec, err) < 0 ||
	    spec_environment(input, input->file, spec, err) < 0 ||
	    spec_program(settings.argv, settings.n_argv, settings.workdir, spec,
			 err) < 0 ||
	    decide_namespaces(input, spec, err) < 0 ||
	    landlock_decide(flags, &spec->landlock, err) < 0 ||
	    decide_rest(flags, spec, err) < 0)
		return -1;
	return 0;
}

int spec_make(const struct spec_input *input, struct jail_spec *out,
	      struct err *err)
{
	*out = (struct jail_spec){0};
	if (make(input, out, err) == 0)
		return 0;
	spec_release(out);
	return -1;
}

static void free_strings(char **strings)
{
	size_t i;

	for (i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}

void spec_release(struct jail_spec *spec)
{
	if (!spec)
		return;
	own_uid_free(spec->own_uid);
	user_free(&spec->user);
	environ_free(&spec->env);
	free_strings(spec->argv);
	free_strings(spec->programs);
	free(spec->workdir);
	free(spec->seccomp);
	free(spec->keep_fds);
}
