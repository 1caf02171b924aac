#pragma once
/*
 * settings: of the running kernel: what nobody in the enclave will need is
 * switched off, and the loopback interface on.
 */
#include <stddef.h>

#include "err.h"

struct setting {
	const char *path; /* below /proc/sys */
	const char *value;
};

extern const struct setting settings[];
extern const size_t n_settings;

/*
 * All that this kernel has, below the directory that is open.  What it has and
 * refuses to set is an error, told when the others are set.
 */
int settings_write(int sys_fd, struct err *err);
int settings_apply(struct err *err);

int settings_loopback(struct err *err);
