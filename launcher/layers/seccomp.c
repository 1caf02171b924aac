/*
 * seccomp: the system calls that remain.  The filter is chosen (or, when it
 * was amended, compiled) before the child exists; the child only loads it.
 */
#include "../layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../requirement.h"
#include "../syscall_guard.h"
#include "../spec.h"

static const char *const steps[] = {"load the filter", NULL};

static int seccomp_probe(const struct jail_spec *spec, struct err *err)
{
	if (spec->seccomp)
		return 1;
	err_set(err, ERR_NONE,
		"-I: every system call is allowed, sockets of "
		"the host's network among them");
	return 0;
}

/*
 * Abstract AF_UNIX names cross a chroot: unless Landlock or a net namespace
 * keeps them apart, no socket of that family can be made (those with a path are lost, too).
 * In a user namespace the keeper has the program's uid, and is to be let alone.
 */
static unsigned features(const struct jail_spec *spec)
{
	const struct namespaces *own = &spec->namespaces;
	bool is_apart = landlock_has_scopes(&spec->landlock) ||
			namespaces_have(own, NAMESPACE_NET);

	return (spec->net_host || spec->net_private ? POLICY_NET_HOST : 0) |
	       (is_apart ? POLICY_UNIX : 0) |
	       (namespaces_have(own, NAMESPACE_PID) &&
				!namespaces_are_rootless(own)
			? POLICY_OWN_PIDS
			: 0);
}

static enum listener_wish wish(const struct jail_spec *spec)
{
	if (!spec->has_readers)
		return LISTENER_UNWANTED;
	return requirements_have(&spec->flags->require, "itemised")
		       ? LISTENER_REQUIRED
		       : LISTENER_WANTED;
}

static int seccomp_prepare(const struct jail_spec *spec, void **out,
			   struct err *err)
{
	struct policy_request request = {
		.name = spec->seccomp,
		.features = features(spec),
		.allow = spec->allow.items,
		.n_allow = spec->allow.n,
		.deny = spec->deny.items,
		.n_deny = spec->deny.n,
		.deny_action = spec->deny_action,
		.caps = spec->caps,
		.text = spec->policy_text,
		.open = spec->policy_open,
		.text_len = spec->policy_text ? strlen(spec->policy_text) : 0,
	};
	struct syscall_guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return err_sys(err, ENOMEM, "seccomp");
	*out = guard;
	if (policy_load(&request, &guard->policy, err) < 0)
		return -1;
	if (listener_prepare(&guard->listener, guard->policy.program,
			     wish(spec), err) < 0)
		return -1;
	return spec->flags->events ? listener_tell(&guard->listener, err) : 0;
}

static const struct syscall_guard *seccomp_guard(const void *state)
{
	return state;
}

static int seccomp_apply(const void *state)
{
	return listener_load(&seccomp_guard(state)->listener);
}

static void seccomp_release(void *state)
{
	struct syscall_guard *guard = state;

	if (!guard)
		return;
	listener_release(&guard->listener);
	policy_unload(&guard->policy);
	free(guard);
}

const struct layer layer_seccomp = {
	.name = "seccomp",
	.denies =
		"system calls that attack the kernel, the host or other jails",
	.steps = steps,
	.probe = seccomp_probe,
	.prepare = seccomp_prepare,
	.guard = seccomp_guard,
	.apply = seccomp_apply,
	.release = seccomp_release,
};
