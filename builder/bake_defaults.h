#pragma once
/*
 * bake_defaults: which files and which command line make an enclave image when
 * the command line of jailbake does not say, or says --blobs.
 */
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"

struct bake_choice {
	const char *blobs; /* the directory of AWS's files; or NULL */
	const char *kernel, *cmdline, *init, *launcher; /* NULL: by default */
	const char *modules; /* separated by commas; or NULL */
};

struct bake_defaults {
	char *kernel, *init, *launcher;
	char *cmdline; /* NULL until bake_cmdline() */
	char **modules;
	size_t n_modules;
};

int bake_defaults_find(const struct bake_choice *choice,
		       struct bake_defaults **out, struct err *err);

/* The command line, when none was said, is that of the kernel's machine. */
int bake_cmdline(struct bake_defaults *defaults, uint16_t machine,
		 struct err *err);
void bake_defaults_free(struct bake_defaults *defaults);
DEFINE_AUTO(bake_defaults)
