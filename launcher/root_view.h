#pragma once
/*
 * root_view: what the jail's root will look like: the image or directory, and
 * what is mounted in it.
 *
 * Decided in the supervisor; made (root_mount.h) in the process that starts
 * the program.  Places are sorted by target, so that a place comes after those
 * above it, and no two have the same.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct jail_spec;

enum root_place_kind {
	PLACE_TMPFS,
	PLACE_BIND,
	PLACE_DEVICES,
	PLACE_PTS,
	PLACE_PROC,
};

struct root_place {
	enum root_place_kind kind;
	char *target; /* absolute, in the jail; no link on the way */
	bool is_given; /* by an option: not left out silently */
	bool is_writable;
	bool is_own; /* PLACE_BIND: of what the root has there itself */
	bool is_noexec; /* asked for; devices and the like always are */
	int source_fd; /* PLACE_BIND; PLACE_DEVICES: the pin; -1: none */
	char *source; /* PLACE_BIND: its path, without links */
	bool is_file; /* PLACE_BIND: of a file */
	uint64_t size; /* PLACE_TMPFS */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct root_view {
	int root_fd; /* not owned */
	/* Mounts are tried; a plain chroot comes last, or is not enough. */
	bool has_mounts, may_chroot;
	bool needs_namespace; /* --ns mnt */
	uint64_t default_size; /* of a tmpfs; 0: nothing has asked for it */
	bool is_writable; /* by an overlay, its upper layer in: */
	uint64_t upper_size; /* a tmpfs of this size, or */
	int persist_fd; /* a directory; -1: none */
	/* --copy: the tree is this jail's own, and has things in /tmp maybe. */
	bool is_own_tree;
	/* In a user namespace: who owns what is mounted, and where things lie. */
	bool is_rootless;
	uid_t uid;
	gid_t gid;
	char *root_path, *persist_path;
	bool has_no_nodes; /* device nodes of the root itself are dead */
	const char *devices; /* of PLACE_DEVICES */
	struct root_place *places;
	size_t n;
};

/* For root_requests.c.  What is mounted there, or NULL. */
struct root_place *root_view_find(const struct root_view *view,
				  const char *target);

/* A new place, of the view; NULL: no memory. */
struct root_place *root_view_add(struct root_view *view,
				 enum root_place_kind kind, const char *target,
				 struct err *err);

/* Bytes of each file system of the jail's own: as said, or a part of RAM. */
uint64_t root_view_size(struct root_view *view, const struct jail_spec *spec);

/* Has a file system of the jail's own no room left, below its root? */
bool root_view_is_full(const struct root_view *view, int root_fd);

int root_view_make(const struct jail_spec *spec, struct root_view **out,
		   struct err *err);
void root_view_free(struct root_view *view);
DEFINE_AUTO(root_view)
