#pragma once
/*
 * policy_options: what `jaillaunch policy ...` takes.  jail-policy reads it;
 * jaillaunch, which does not link that, tells shells of it.
 */
#include "opts.h"

struct policy_args {
	const char *net, *namespaces, *landlock, *caps, *deny_action, *machine;
	struct opt_list allow, deny;
	bool help;
};

/* clang-format off */
static const struct opt policy_options[] = {
	{0, "net", "none|host|private", OPT_INTO(struct policy_args, net),
	 "as for a launch with that network"},
	{0, "ns", "auto|none", OPT_INTO(struct policy_args, namespaces),
	 "as for a launch here (default), or without a pid namespace"},
	{0, "landlock", "auto|none", OPT_INTO(struct policy_args, landlock),
	 "as for a launch here (default), or without Landlock"},
	{0, "caps", "LIST", OPT_INTO(struct policy_args, caps),
	 "capabilities that a profile asks for"},
	{0, "syscall-allow", "LIST", OPT_INTO(struct policy_args, allow),
	 "as for a launch"},
	{0, "syscall-deny", "LIST", OPT_INTO(struct policy_args, deny),
	 "as for a launch"},
	{0, "deny-action", "ACTION", OPT_INTO(struct policy_args, deny_action),
	 "as for a launch"},
	{0, "machine", "x86_64|aarch64",
	 OPT_INTO(struct policy_args, machine), "another than this one"},
	{'h', "help", NULL, OPT_INTO(struct policy_args, help), "print this"},
	{0},
};
/* clang-format on */
