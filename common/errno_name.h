#pragma once
/*
 * errno_name: what an errno is called in C, in any libc.
 */

/* "EPERM"; NULL for a number that has no name. */
const char *errno_name(int number);
