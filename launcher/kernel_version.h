#pragma once
/*
 * kernel_version: the first two numbers of a version of Linux.
 */
#include <stdbool.h>

/* "6.1" and, where a release may follow, "6.1.0-13-amd64". */
bool kernel_version_read(const char *text, bool may_follow, unsigned out[2]);

bool kernel_version_is_at_least(const unsigned version[2], unsigned major,
				unsigned minor);

/* Of the running kernel; zeros: it is not told. */
void kernel_version_running(unsigned out[2]);
bool kernel_is_at_least(unsigned major, unsigned minor);
