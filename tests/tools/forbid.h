#pragma once
/*
 * forbid: rules of a filter by which system calls fail, as words say:
 * CALL[,CALL...]=ERRNO.  CALL:N only fails when its second argument is N: a
 * request of ioctl().  Parts of seccomp() have names of their own, see parts[].
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

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"EPERM", EPERM},     {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL},
	{"ENODEV", ENODEV},   {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},
	{"ENOTBLK", ENOTBLK}, {"EMFILE", EMFILE}, {"EOPNOTSUPP", EOPNOTSUPP},
	{"EBUSY", EBUSY},     {"EAGAIN", EAGAIN}};

static inline int find_error(const char *name)
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
static inline bool forbid(scmp_filter_ctx filter, char *name, int error)
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

/* Adds the rules of CALL[,CALL...]=ERRNO; says on standard error what is wrong
 * with the words. */
static inline bool forbid_all(scmp_filter_ctx filter, const char *words)
{
	const char *equals = strrchr(words, '=');
	int error = equals ? find_error(equals + 1) : -1;
	char *calls, *name, *rest;
	bool is_good = true;

	if (error < 0) {
		fprintf(stderr, "%s: not CALL[,CALL...]=ERRNO\n", words);
		return false;
	}
	calls = strndup(words, (size_t)(equals - words));
	for (name = calls ? strtok_r(calls, ",", &rest) : NULL; is_good && name;
	     name = strtok_r(NULL, ",", &rest)) {
		is_good = forbid(filter, name, error);
		if (!is_good)
			fprintf(stderr, "no call \"%s\"\n", name);
	}
	free(calls);
	return is_good;
}
