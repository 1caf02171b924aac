/*
 * without CALL[,CALL...]=ERRNO COMMAND: runs a command for which these system
 * calls fail: a host that lacks them, or a sandbox that forbids them.  CALL:N
 * only fails when its second argument is N: a request of ioctl().  Parts of
 * seccomp() have names of their own, see parts[].
 * "namespaces:FLAG" stands for clone() and unshare() with that CLONE_NEW flag.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"EPERM", EPERM},     {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL},
	{"ENODEV", ENODEV},   {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},
	{"ENOTBLK", ENOTBLK}, {"EMFILE", EMFILE}, {"EOPNOTSUPP", EOPNOTSUPP},
	{"EBUSY", EBUSY},     {"EAGAIN", EAGAIN}};

static int find_error(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	return -1;
}

/* Parts of seccomp(): bits of one argument that are so. */
static const struct {
	const char *name;
	unsigned arg;
	uint64_t mask, value;
} parts[] = {
	{"user-notif", 1, SECCOMP_FILTER_FLAG_NEW_LISTENER,
	 SECCOMP_FILTER_FLAG_NEW_LISTENER},
	{"notif-killable", 1, 1 << 5, 1 << 5},
	{"notif-sizes", 0, UINT32_MAX, SECCOMP_GET_NOTIF_SIZES},
};

/* False: no such call. */
static bool forbid(scmp_filter_ctx filter, char *name, int error)
{
	static const char prefix[] = "namespaces:";
	const uint32_t action = SCMP_ACT_ERRNO((uint32_t)error);
	char *colon = strchr(name, ':');
	int number;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(name, parts[i].name) == 0)
			return seccomp_rule_add(filter, action,
						SCMP_SYS(seccomp), 1,
						SCMP_CMP(parts[i].arg,
							 SCMP_CMP_MASKED_EQ,
							 parts[i].mask,
							 parts[i].value)) == 0;
	if (strncmp(name, prefix, strlen(prefix)) == 0) {
		unsigned long flag = strtoul(name + strlen(prefix), NULL, 0);
		struct scmp_arg_cmp with =
			SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag);

		return seccomp_rule_add_array(filter, action, SCMP_SYS(clone),
					      1, &with) == 0 &&
		       seccomp_rule_add_array(filter, action, SCMP_SYS(unshare),
					      1, &with) == 0;
	}
	if (colon)
		*colon = '\0';
	number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return false;
	if (!colon)
		return seccomp_rule_add(filter, action, number, 0) == 0;
	return seccomp_rule_add(filter, action, number, 1,
				SCMP_A1(SCMP_CMP_EQ,
					strtoul(colon + 1, NULL, 0), 0)) == 0;
}

int main(int argc, char **argv)
{
	char *equals = argc > 2 ? strchr(argv[1], '=') : NULL;
	int error = equals ? find_error(equals + 1) : -1;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	char *name;

	if (error < 0 || !filter) {
		fputs("usage: without CALL[,CALL...]=ERRNO COMMAND\n", stderr);
		return 125;
	}
	*equals = '\0';
	for (name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
		if (!forbid(filter, name, error)) {
			fprintf(stderr, "without: no call \"%s\"\n", name);
			return 125;
		}
	}
	/* Root needs no no_new_privs for this, and a launch must not notice. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (seccomp_load(filter) < 0) {
		fputs("without: the filter is refused\n", stderr);
		return 125;
	}
	seccomp_release(filter);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
