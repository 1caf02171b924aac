#pragma once
/*
 * enclave_put: single nodes of a ramdisk's tree.
 */
#include <stdint.h>

#include "err.h"
#include "kernel_image.h"
#include "tree.h"

/* A directory of root's; one that is there gets this mode. */
int put_dir(struct tree *tree, const char *path, mode_t mode, struct err *err);

int put_text(struct tree *tree, const char *path, const char *text, mode_t mode,
	     struct err *err);

/* A file of this machine, 0755.  ERR_INPUT when it is not a static program for
 * the machine. */
int put_program(struct tree *tree, const char *path, const char *from,
		uint16_t machine, struct err *err);

/* A kernel module, 0644, in the root, under the last part of its name. */
int put_module(struct tree *tree, const char *from, uint16_t machine,
	       struct err *err);
