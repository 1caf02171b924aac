#pragma once
/*
 * known_device: the device nodes that an image may have.  Nobody gains anything
 * by them that a program could not do itself.
 */
#include <stdbool.h>
#include <stddef.h>

struct known_device {
	const char *name; /* below /dev */
	unsigned major, minor; /* of a character device */
};

#define N_KNOWN_DEVICES 6
extern const struct known_device known_devices[N_KNOWN_DEVICES];

/* The same in words. */
#define KNOWN_DEVICE_WORDS "null zero full random urandom tty"

/* By a name of that length, or by its numbers; NULL: none. */
const struct known_device *known_device_named(const char *name, size_t len);
const struct known_device *known_device_numbered(unsigned major,
						 unsigned minor);
