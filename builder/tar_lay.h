#pragma once
/*
 * tar_lay: the members of a tar laid into a tree, below a directory of it;
 * their contents stay in the tar, to be copied from there.
 *
 * The tar may come from anybody.  What cannot be told from a trick is refused:
 * names that lead elsewhere ("..", a member below a link), two members of one
 * name, devices that no jail has.  What a tree in memory cannot hold (extended
 * attributes, file capabilities) is dropped, and told.
 */
#include <stdint.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"
#include "flaws.h"
#include "tree.h"

struct tar_laid {
	char *name; /* of the tar, for messages */
	int fd; /* of the tar */
	int parts; /* where contents are: fd, or a decompressed copy */
	struct stat st; /* of the tar, when it was opened */
	char identity[65]; /* SHA-256 of the uncompressed tar */
	struct flaws dropped;
	size_t n_members;
	/* of programs and libraries: those for the machine that was asked
	 * for, and all; the name of one that is for another */
	size_t n_native, n_elf;
	char *foreign;
};

struct tar_lay_request {
	const char *path; /* of the tar, which may be compressed */
	const char *below; /* the directory: "/rootfs/jail", or "" for "/" */
	const char *spool; /* beside this a copy may be made, without a name */
	uint16_t machine; /* e_machine of native programs */
};

/* The nodes belong to the tree, which must not outlive *out when contents are
 * still to be copied. */
int tar_lay(const struct tar_lay_request *request, struct tree *tree,
	    struct tar_laid **out, struct err *err);

/* After copying: nobody wrote to the tar in the meantime. */
int tar_laid_check(const struct tar_laid *laid, struct err *err);
void tar_laid_free(struct tar_laid *laid);
DEFINE_AUTO(tar_laid)
