#pragma once
/*
 * copy_in: --copy SRC:DST: a file or tree of the host, into the jail's root
 * before it starts.
 *
 * The root is ours, its content is not: the way to DST is resolved beneath the
 * root, and what is made there follows no link.  Copies belong to root and can
 * be read (and executed, if the original can) by all; set-id bits, extended
 * attributes and everything that is not a file, directory or link stay out.
 */
#include <stdbool.h>

#include "err.h"

int copy_in(int root_fd, const char *request, struct err *err);

/* Is DST of the request this directory of the jail, or below it? */
bool copy_in_reaches(const char *request, const char *directory);
