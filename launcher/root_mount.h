#pragma once
/*
 * root_mount: makes a root_view, by the first method that this system has.
 *
 *	detached   mounts on a tree that is nowhere (Linux 6.15); no namespace
 *	namespace  a mount namespace of its own; the host's mounts leave it
 *		   (Linux 5.2; then the same by mount(2) alone: root_old.h)
 *	attached   no namespace, by mount(2), below a process that ends before
 *		   the program starts
 *	chroot     nothing is mounted; only if the view can do without
 *
 * A method is tried.  If what it needs is missing (mount_is_missing()), what
 * it did is undone and the next is tried; any other failure is one.
 */
#include "root_choice.h"
#include "root_view.h"

/* Steps of the layer root: those of apply, then ours. */
enum root_step {
	STEP_ENTER,
	STEP_CHROOT,
	STEP_TOP,
	STEP_COPY,
	STEP_TMPFS,
	STEP_BIND,
	STEP_DEVICES,
	STEP_OVERLAY,
	STEP_NAMESPACE,
	STEP_PRIVATE,
	STEP_ATTACH,
	STEP_TARGET,
	STEP_FLAGS,
	STEP_PLACE,
	STEP_RESTORE,
	STEP_PTS,
	STEP_PROC,
};

/*
 * In a process whose root and namespace may change and that is about to start
 * the program.  *tree: the directory to enter, owned by the caller.  0, or
 * layer_failed().
 */
int root_mount(const struct root_view *view, struct root_choice *choice,
	       int *tree);
