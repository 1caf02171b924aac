#pragma once
/*
 * mount_wants: what of a launch asks for mounts, where a chroot would do.
 */
#include <stddef.h>

struct jail_spec;

/* The words that were typed or written: "--tmpfs, need shm"; "": none. */
void mount_wants(const struct jail_spec *spec, char *out, size_t size);
