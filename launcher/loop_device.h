#pragma once
/*
 * loop_device: a file as a read-only block device, which frees itself when
 * nobody has it open and no mount uses it (LO_FLAGS_AUTOCLEAR).
 */
#include <stddef.h>

/* A descriptor, and the path of the device; or -errno: -ENODEV: none here. */
int loop_open(int file, char *path, size_t size);
