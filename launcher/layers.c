/*
 * The order of confinement.  Each row says why it stands where it does; the
 * escape tests take one away at a time and look what comes back.
 */
#include "layer.h"

const struct layer *const layers[] = {
	&layer_cgroup, /* first: joining needs privilege, and is for all */
	&layer_output, /* before session: a terminal of the jail is there then */
	&layer_namespaces, /* before root: who has entered cannot try anew */
	&layer_session, /* before root: the terminal is found by host names */
	&layer_fds, /* before root: /proc lists descriptors there */
	&layer_root, /* before ids: chroot needs privilege */
	&layer_rlimits, /* before ids: raising a limit needs privilege */
	&layer_bounding, /* before ids: needs CAP_SETPCAP, which ids takes */
	&layer_ids, /* before caps: changing ids needs capabilities */
	&layer_caps, /* after ids: whatever they left is cleared */
	&layer_nonewprivs, /* before seccomp: the kernel demands it */
	&layer_landlock, /* after no-new-privs: the kernel demands it */
	&layer_seccomp, /* last: it would forbid the steps above */
	NULL,
};
