#include "landlock.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spec.h"

#ifndef SYS_landlock_create_ruleset /* the same on every machine */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define ASK_VERSION 1
#define RULE_PATH_BENEATH 1
#define LOG_SUBDOMAINS_OFF 4

/* The kernel's is packed, too. */
struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

static int as_result(long result)
{
	return result < 0 ? -errno : (int)result;
}

int landlock_ask(void)
{
	return as_result(
		syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION));
}

int landlock_create(const struct landlock_ruleset *rules)
{
	return as_result(
		syscall(SYS_landlock_create_ruleset, rules, sizeof(*rules), 0));
}

int landlock_allow(int ruleset, int path_fd, uint64_t rights)
{
	struct path_rule rule = {rights, path_fd};

	return as_result(syscall(SYS_landlock_add_rule, ruleset,
				 RULE_PATH_BENEATH, &rule, 0));
}

/*
 * What is refused to the program is not logged anyway, since it is executed
 * later; but from domains of its own it could fill the host's audit log.
 */
int landlock_restrict(const struct landlock *landlock, int ruleset)
{
	unsigned flags =
		landlock->abi >= LANDLOCK_ABI_LOGS ? LOG_SUBDOMAINS_OFF : 0;

	return as_result(syscall(SYS_landlock_restrict_self, ruleset, flags));
}

/* Who lacks it, or has it switched off or forbidden, can do without. */
static bool is_missing(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP || error == EINVAL ||
	       error == EPERM || error == EACCES;
}

static int leave_out(struct landlock *out, const char *why)
{
	out->abi = 0;
	err_set(&out->why, ERR_NONE, "%s", why);
	return 0;
}

static int decide_without(int error, struct landlock *out)
{
	if (error == ENOSYS)
		return leave_out(out, "this kernel has no Landlock (5.13)");
	if (error == EOPNOTSUPP)
		return leave_out(out, "Landlock is switched off (boot "
				      "parameter lsm=)");
	err_set(&out->why, ERR_NONE, "Landlock is forbidden here: %s",
		strerror(error));
	out->abi = 0;
	return 0;
}

/*
 * Before ABI 2 any domain that looks at files forbids to move them between
 * directories, and none other can be made.
 */
static int check_abi(struct landlock *out, struct err *err)
{
	if (out->has_paths && out->abi < LANDLOCK_ABI_PATHS)
		return err_set(err, ERR_HOST,
			       out->abi == 0
				       ? "--landlock-read and --landlock-write "
					 "cannot be had: %s"
				       : "--landlock-read and --landlock-write "
					 "need Landlock ABI 3 (Linux 6.2)%s",
			       out->why.msg);
	if (out->abi == 1)
		return leave_out(out, "Landlock ABI 1 would forbid moving "
				      "files between directories");
	return 0;
}

static int check_paths(const char *option, const struct opt_list *paths,
		       struct err *err)
{
	size_t i;

	for (i = 0; i < paths->n; i++)
		if (*paths->items[i] != '/')
			return err_set(err, ERR_USAGE,
				       "%s %s: an absolute path in the jail",
				       option, paths->items[i]);
	return 0;
}

int landlock_decide(const struct spec_flags *flags, struct landlock *out,
		    struct err *err)
{
	const char *mode = flags->landlock ? flags->landlock : "auto";

	if (check_paths("--landlock-read", &flags->landlock_read, err) < 0 ||
	    check_paths("--landlock-write", &flags->landlock_write, err) < 0)
		return -1;
	*out = (struct landlock){.has_paths = flags->landlock_read.n ||
					      flags->landlock_write.n};
	if (strcmp(mode, "none") == 0) {
		if (out->has_paths)
			return err_set(err, ERR_USAGE,
				       "--landlock none contradicts "
				       "--landlock-read and --landlock-write");
		return leave_out(out, "--landlock none");
	}
	if (strcmp(mode, "auto") != 0)
		return err_set(err, ERR_USAGE,
			       "--landlock \"%s\": it is auto or none", mode);
	out->abi = landlock_ask();
	if (out->abi < 0 && !is_missing(-out->abi))
		return err_sys(err, -out->abi, "ask for Landlock");
	if (out->abi < 0)
		decide_without(-out->abi, out);
	return check_abi(out, err);
}

static uint64_t all_rights(int abi)
{
	uint64_t rights = LANDLOCK_ABI_1;

	if (abi >= 2)
		rights |= LANDLOCK_REFER;
	if (abi >= 3)
		rights |= LANDLOCK_TRUNCATE;
	if (abi >= 5)
		rights |= LANDLOCK_IOCTL_DEV;
	return rights;
}

struct landlock_ruleset landlock_rules(const struct landlock *landlock)
{
	struct landlock_ruleset rules = {0};

	if (landlock->has_paths)
		rules.handled_fs = all_rights(landlock->abi);
	if (landlock_has_scopes(landlock))
		rules.scoped = LANDLOCK_SCOPE_ABSTRACT_SOCKETS |
			       LANDLOCK_SCOPE_SIGNALS;
	/* A domain must handle something: this nobody in a jail can do. */
	else if (!landlock->has_paths)
		rules.handled_fs = LANDLOCK_MAKE_BLOCK | LANDLOCK_REFER;
	return rules;
}
