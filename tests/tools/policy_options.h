#pragma once
/*
 * policy_options: what the tools that load the policy have in common.
 *
 *	--features N	sum of POLICY_* (default 0)
 *	--policy NAME|FILE	(default: default)
 *	--allow LIST, --deny LIST	as the launcher's --syscall-...
 *	--deny-action ACTION	likewise
 *	--caps BITS	the bounding set that profiles ask for
 *	--time N, --inside, --verbose	see the tools
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fdio.h"
#include "policy/policy.h"

struct policy_options {
	const char *policy, *allow, *deny, *deny_action; /* NULL: none */
	uint64_t caps;
	char *text; /* of a FILE */
	size_t text_len;
	unsigned features;
	size_t time;
	bool inside, verbose;
	int first; /* operand */
	void *owned; /* the filter, to be freed, or NULL */
};

__attribute__((noreturn)) static inline void die(int status, const char *what,
						 const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(status);
}

static inline void read_policy(struct policy_options *options)
{
	int fd = open(options->policy, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? -errno
			   : fd_read_all(fd, 1 << 20, &options->text,
					 &options->text_len);

	if (error < 0)
		die(2, options->policy, strerror(-error));
	close(fd);
}

static inline struct policy_options policy_options_parse(int argc, char **argv)
{
	static const struct option names[] = {
		{"features", required_argument, NULL, 'f'},
		{"policy", required_argument, NULL, 'p'},
		{"deny-action", required_argument, NULL, 'D'},
		{"caps", required_argument, NULL, 'c'},
		{"allow", required_argument, NULL, 'a'},
		{"deny", required_argument, NULL, 'd'},
		{"time", required_argument, NULL, 't'},
		{"inside", no_argument, NULL, 'i'},
		{"verbose", no_argument, NULL, 'v'},
		{0},
	};
	struct policy_options options = {0};
	int letter;

	while ((letter = getopt_long(argc, argv, "+", names, NULL)) != -1)
		switch (letter) {
		case 'f':
			options.features = (unsigned)atoi(optarg);
			break;
		case 'p':
			options.policy = optarg;
			break;
		case 'D':
			options.deny_action = optarg;
			break;
		case 'c':
			options.caps = strtoull(optarg, NULL, 0);
			break;
		case 'a':
			options.allow = optarg;
			break;
		case 'd':
			options.deny = optarg;
			break;
		case 't':
			options.time = (size_t)atoi(optarg);
			break;
		case 'i':
			options.inside = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		default:
			exit(2);
		}
	options.first = optind;
	if (options.policy && strchr(options.policy, '/'))
		read_policy(&options);
	return options;
}

static inline struct policy_request
policy_options_request(const struct policy_options *options)
{
	return (struct policy_request){
		.name = options->policy ? options->policy : "default",
		.text = options->text,
		.text_len = options->text_len,
		.deny_action = options->deny_action,
		.caps = options->caps,
		.features = options->features,
		.allow = &options->allow,
		.n_allow = options->allow ? 1 : 0,
		.deny = &options->deny,
		.n_deny = options->deny ? 1 : 0,
	};
}

static inline struct sock_fprog
policy_options_filter(struct policy_options *options)
{
	struct policy_request request = policy_options_request(options);
	struct sock_fprog program;
	struct err err = {0};

	if (policy_filter(&request, &program, &options->owned, &err) < 0)
		die(2, "policy", err.msg);
	return program;
}

static inline void install_filter(const struct sock_fprog *program)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
		die(125, "seccomp", strerror(errno));
}
