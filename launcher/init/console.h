#pragma once
/*
 * console: where an init without any file can say what went wrong.
 *
 * One line each, "jail-init: ...".  The descriptors 0 to 2 are the console.
 */
#include "err.h"

/* /dev, of the kernel's own devices, and /dev/console on 0 to 2. */
int console_devices(struct err *err);
int console_open(struct err *err);

void console_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
