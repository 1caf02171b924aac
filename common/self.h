#pragma once
/*
 * self: where the running program is, to find what stands beside it.
 */

/*
 * The directory that holds the program's file, links resolved, owned by the
 * caller.  By /proc, else by the name that the kernel was given to execute it
 * by (call it before the working directory changes).  0; -ENOMEM; -ENOENT when
 * neither tells.
 */
int self_directory(char **out);
