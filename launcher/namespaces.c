#include "namespaces.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capability.h"
#include "spec.h"
#include "user_namespace.h"

const struct namespace_row namespace_rows[N_NAMESPACES] = {
	[NAMESPACE_PID] = {"pid", CLONE_NEWPID, "processes"},
	[NAMESPACE_IPC] = {"ipc", CLONE_NEWIPC, "IPC objects"},
	[NAMESPACE_UTS] = {"uts", CLONE_NEWUTS, "host name"},
	[NAMESPACE_CGROUP] = {"cgroup", CLONE_NEWCGROUP, "cgroups"},
	[NAMESPACE_NET] = {"net", CLONE_NEWNET, "network"},
	[NAMESPACE_MNT] = {"mnt", CLONE_NEWNS, "mounts"},
	[NAMESPACE_USER] = {"user", CLONE_NEWUSER, "users"},
};

/*
 * What --ns auto stands for.  No mnt: the root layer makes one where it cannot
 * do without, and what it does else is as strong and costs less.  No net: that
 * takes longer than the rest of a launch, and seccomp does the work.
 */
#define AUTO (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
/* The cgroup's is entered when the cgroup is, the mounts' with the root. */
#define LATER (CLONE_NEWCGROUP | CLONE_NEWNS)

#define CHILD_STACK 4096

static int find_row(const char *name, size_t len)
{
	int i;

	for (i = 0; i < N_NAMESPACES; i++)
		if (strlen(namespace_rows[i].name) == len &&
		    strncmp(namespace_rows[i].name, name, len) == 0)
			return i;
	return -1;
}

static int parse_list(const char *list, unsigned long *flags, struct err *err)
{
	const char *at = list;

	for (;;) {
		size_t len = strcspn(at, ",");
		int row = find_row(at, len);

		if (row < 0)
			return err_set(err, ERR_USAGE,
				       "--ns \"%s\": \"%.*s\" is no namespace; "
				       "say auto, none, or a list of pid ipc "
				       "uts cgroup net mnt (user, too, for "
				       "who is not root)",
				       list, (int)len, at);
		*flags |= namespace_rows[row].flag;
		if (at[len] == '\0')
			return 0;
		at += len + 1;
	}
}

static int read_wish(const struct spec_flags *flags, unsigned long *wanted,
		     unsigned long *required, struct err *err)
{
	const char *wish = flags->namespaces ? flags->namespaces : "auto";

	*wanted = *required = 0;
	if (strcmp(wish, "auto") == 0)
		*wanted = AUTO;
	else if (strcmp(wish, "none") != 0 &&
		 parse_list(wish, required, err) < 0)
		return -1;
	return 0;
}

/* Who is not root can make the others only in one of these. */
static int add_user(const struct spec_flags *flags, unsigned long *required,
		    struct err *err)
{
	const char *wish = flags->namespaces ? flags->namespaces : "auto";
	const bool is_root = capability_is_effective(CAP_SYS_CHROOT) > 0;

	if (is_root && *required & CLONE_NEWUSER)
		return err_set(err, ERR_USAGE,
			       "--ns user: it is for who is not root; root "
			       "needs none");
	if (!is_root && strcmp(wish, "none") != 0)
		*required |= CLONE_NEWUSER;
	return 0;
}

/* Who takes our place is where we are. */
static int check_in_place(const struct spec_flags *flags, unsigned long *wanted,
			  unsigned long required, struct err *err)
{
	if (!flags->in_place)
		return 0;
	*wanted &= ~(unsigned long)CLONE_NEWPID;
	if (required & CLONE_NEWPID)
		return err_set(
			err, ERR_USAGE,
			"--ns pid: a process is born in a pid namespace, "
			"and --exec makes none");
	return 0;
}

static int refuse_user(const struct jail_spec *spec, int error, struct err *err)
{
	char why[200];

	user_namespace_why_not(error, why, sizeof(why));
	return err_set(err, ERR_HOST,
		       "chroot %s: Operation not permitted (not root, and %s); "
		       "or run jaillaunch as root",
		       spec->root_name, why);
}

static int refuse_lacking(enum namespace which, const char *option, int error,
			  struct err *err)
{
	return err_sys_kind(err, ERR_HOST, error,
			    "%s: a namespace (%s) cannot be made here%s",
			    option, namespace_rows[which].name,
			    error == ENOSPC
				    ? " (see /proc/sys/user/max_*_namespaces)"
			    : error == EPERM ? " (it needs CAP_SYS_ADMIN, and "
					       "a container may forbid it)"
					     : "");
}

static void add_words(char *out, size_t size, const char *words)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s",
		 len ? ", " : "sight of others' ", words);
}

static void put_words(struct namespaces *out, const char *wish)
{
	size_t i;
	int error = 0;

	for (i = 0; i < N_NAMESPACES; i++) {
		if (out->used & namespace_rows[i].flag)
			add_words(out->denies, sizeof(out->denies),
				  namespace_rows[i].hides);
		if (out->lacks.error[i])
			error = out->lacks.error[i];
	}
	if (error)
		snprintf(out->why_not, sizeof(out->why_not),
			 "none can be made: %s", strerror(error));
	else
		snprintf(out->why_not, sizeof(out->why_not), "--ns %s",
			 wish ? wish : "auto: none is left with --exec");
}

/* A /proc of no pid namespace would be the host's. */
static int check_proc(const struct jail_spec *spec, unsigned long wanted,
		      struct err *err)
{
	const struct spec_flags *flags = spec->flags;
	const char *option = flags->proc ? "--proc" : "need proc";

	if (!spec->need_proc || wanted & CLONE_NEWPID)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s shows the processes of a pid namespace, and there "
		       "is none with %s",
		       option,
		       flags->in_place ? "--exec"
				       : "this --ns: add pid, or leave it out");
}

/* What a namespace is for, that has to be made. */
static const char *option_for(const struct jail_spec *spec, unsigned long flag)
{
	const struct spec_flags *flags = spec->flags;

	if (flag == CLONE_NEWNET)
		return "--net private";
	if (flag == CLONE_NEWUTS && flags->hostname)
		return "--hostname";
	if (flag == CLONE_NEWPID && spec->need_proc)
		return flags->proc ? "--proc" : "need proc";
	return "--ns";
}

int namespaces_decide(const struct jail_spec *spec,
		      const struct namespace_lacks *lacks,
		      struct namespaces *out, struct err *err)
{
	const struct spec_flags *flags = spec->flags;
	const bool may = capability_is_effective(CAP_SYS_ADMIN) > 0;
	unsigned long wanted, required;
	size_t i;

	*out = (struct namespaces){0};
	if (read_wish(flags, &wanted, &required, err) < 0 ||
	    check_in_place(flags, &wanted, required, err) < 0 ||
	    add_user(flags, &required, err) < 0 ||
	    check_proc(spec, wanted | required, err) < 0)
		return -1;
	if (spec->net_host && required & CLONE_NEWNET)
		return err_set(err, ERR_USAGE,
			       "--ns %s and --net host contradict each other: "
			       "a network of its own is not the host's",
			       flags->namespaces);
	if (spec->need_proc)
		required |= CLONE_NEWPID;
	if (spec->net_private)
		required |= CLONE_NEWNET;
	if (flags->hostname)
		required |= CLONE_NEWUTS;
	wanted |= required;
	for (i = 0; i < N_NAMESPACES; i++) {
		const unsigned long flag = namespace_rows[i].flag;
		int error = !may && !(required & CLONE_NEWUSER) ? EPERM
			    : lacks ? lacks->error[i]
				    : 0;

		if (!(wanted & flag))
			continue;
		if (error == 0)
			out->used |= flag;
		else if (flag == CLONE_NEWUSER)
			return refuse_user(spec, error, err);
		else if (required & flag)
			return refuse_lacking((enum namespace)i,
					      option_for(spec, flag), error,
					      err);
		out->lacks.error[i] = error;
	}
	put_words(out, flags->namespaces);
	return 0;
}

void namespaces_explain(const struct namespaces *namespaces, FILE *out)
{
	size_t i;

	for (i = 0; i < N_NAMESPACES; i++) {
		const struct namespace_row *row = &namespace_rows[i];
		int error = namespaces->lacks.error[i];

		if (namespaces->used & row->flag)
			fprintf(out, "namespace %-6s on  hides others' %s\n",
				row->name, row->hides);
		else
			fprintf(out, "namespace %-6s off %s%s\n", row->name,
				error ? "it cannot be made: " : "not asked for",
				error ? strerror(error) : "");
	}
}

unsigned long namespaces_of_birth(const struct namespaces *namespaces)
{
	return namespaces->used & ~(unsigned long)LATER;
}

/*
 * EINVAL, ENOSYS: the kernel was built without.  EPERM: we may not.  ENOSPC
 * (before 4.9 EUSERS): their number is limited, in most cases to 0.
 */
bool namespace_is_lacking(int error)
{
	return error == EINVAL || error == ENOSYS || error == EPERM ||
	       error == ENOSPC || error == EUSERS;
}

/* In the child. */
static int make_and_end(void *later)
{
	const int flags = (int)*(const unsigned long *)later;

	syscall(SYS_exit_group, flags && unshare(flags) < 0 ? errno : 0);
	return 0;
}

/* What is made by unshare(); the rest a process is born in. */
static unsigned long made_later(unsigned long flags, bool is_in_place)
{
	return flags & (is_in_place ? ~(unsigned long)CLONE_NEWUSER : LATER);
}

int namespaces_try(unsigned long flags, bool is_in_place)
{
	static char stack[CHILD_STACK] __attribute__((aligned(16)));
	unsigned long later = made_later(flags, is_in_place);
	pid_t pid = clone(
		make_and_end, stack + sizeof(stack),
		(int)(CLONE_VM | CLONE_VFORK | SIGCHLD | (flags & ~later)),
		&later);
	int error = pid < 0 ? errno : 0, status = 0;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (error || WIFEXITED(status))
		return error ? error : WEXITSTATUS(status);
	return ECANCELED; /* it was killed: nothing is known */
}

bool namespaces_learn(unsigned long flags, bool is_in_place,
		      struct namespace_lacks *out)
{
	const unsigned long with =
		capability_is_effective(CAP_SYS_ADMIN) > 0
			? 0
			: CLONE_NEWUSER | CLONE_NEWNS; /* always both */
	bool is_new = false;
	size_t i;

	/* Else all would be missing for the lack of this. */
	if (with && namespaces_try(with, is_in_place) != 0)
		flags = CLONE_NEWUSER;

	for (i = 0; i < N_NAMESPACES; i++) {
		int error;

		if (!(flags & namespace_rows[i].flag) || out->error[i])
			continue;
		error = namespaces_try(namespace_rows[i].flag | with,
				       is_in_place);
		if (!namespace_is_lacking(error))
			continue;
		out->error[i] = error;
		is_new = true;
	}
	return is_new;
}
