#pragma once
/*
 * unpack_tree: makes checked members below a directory, following no link and
 * replacing nothing.
 *
 * What is there was made by this tree, from an empty directory: so a path that
 * exists was a member (or the directory above one), and a second member of
 * that path is refused.  Directories get their modes at the end.
 */
#include "cleanup.h"
#include "err.h"
#include "unpack_record.h"

struct unpack_tree;

/* dir_fd stays the caller's. */
int unpack_tree_new(int dir_fd, struct unpack_tree **out, struct err *err);
void unpack_tree_free(struct unpack_tree *tree);
DEFINE_AUTO(unpack_tree)

/*
 * Makes a member that unpack_check_member() has passed.  For a file, *fd is
 * where its content goes, then to be given to unpack_tree_file_done(); else -1.
 * ERR_INPUT: it cannot be made because of another member.
 */
int unpack_tree_add(struct unpack_tree *tree,
		    const struct unpack_record *record, const char *path,
		    const char *target, int *fd, struct err *err);

/* Owner, mode and time of a file with its content in place.  fd is closed. */
int unpack_tree_file_done(const struct unpack_record *record, const char *path,
			  int fd, struct err *err);

/* Owner, mode and time of every directory. */
int unpack_tree_finish(struct unpack_tree *tree, struct err *err);
