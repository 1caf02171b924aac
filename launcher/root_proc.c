#include "root_proc.h"

#include <errno.h>

#include "mount_calls.h"
#include "root_place.h"

const char *const root_proc_options[N_ROOT_PROCS] = {
	[PROC_NONE] = "",
	[PROC_PROCESSES] = "subset=pid,hidepid=ptraceable",
	[PROC_HIDDEN] = "hidepid=2",
};

/* The same for fsconfig(). */
static const struct mount_option processes[] = {
	{"subset", "pid"}, {"hidepid", "ptraceable"}, {NULL, NULL}};
static const struct mount_option hidden[] = {{"hidepid", "2"}, {NULL, NULL}};

int root_proc_make(struct root_attempt *attempt, const struct root_place *place)
{
	unsigned flags = root_place_flags(place);
	int mount = mount_make("proc", processes, flags);

	attempt->proc = PROC_PROCESSES;
	if (mount != -EINVAL)
		return mount;
	attempt->proc = PROC_HIDDEN;
	return mount_make("proc", hidden, flags);
}

int root_proc_mount(struct root_attempt *attempt,
		    const struct root_place *place, const char *name)
{
	unsigned flags = root_place_flags(place);
	enum root_proc proc = PROC_PROCESSES;
	int error = -EINVAL;

	for (; proc < N_ROOT_PROCS && error == -EINVAL; proc++) {
		error = mount_old("proc", name, "proc", flags,
				  root_proc_options[proc]);
		attempt->proc = proc;
	}
	return error;
}
