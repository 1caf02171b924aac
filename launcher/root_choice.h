#pragma once
/*
 * root_choice: by which method the root was entered, and why not by an earlier
 * one.  It crosses a pipe: no pointer.
 */
#include <stddef.h>
#include <stdint.h>

enum root_method {
	ROOT_NONE, /* not come to that, or none was possible */
	ROOT_DETACHED,
	ROOT_NAMESPACE,
	ROOT_OLD_NAMESPACE,
	ROOT_ATTACHED,
	ROOT_CHROOT,
	N_ROOT_METHODS,
};

/* How much a jail's /proc shows. */
enum root_proc {
	PROC_NONE, /* not mounted */
	PROC_PROCESSES, /* what it may trace, and no other file (Linux 5.8) */
	PROC_HIDDEN, /* likewise, and what there is for everybody to read */
	N_ROOT_PROCS,
};

struct root_choice {
	uint32_t used; /* enum root_method */
	uint32_t proc; /* enum root_proc */
	uint32_t keeps_old_root; /* of a namespace: it could not be detached */
	struct {
		uint32_t step; /* of the layer */
		int32_t error; /* errno; 0: was not tried */
	} passed[N_ROOT_METHODS];
};

/* Why a method was passed over: "step: errno". */
void root_choice_why(const struct root_choice *choice, size_t method, char *out,
		     size_t size);

/* Indexed by enum root_proc: the options of mount(2). */
extern const char *const root_proc_options[N_ROOT_PROCS];

/* Indexed by enum root_method; in words. */
extern const char *const root_method_names[N_ROOT_METHODS];
