#pragma once
/*
 * primitive: one thing that a kernel and a host can do for a launch, how it is
 * tried, and what there is without it.  `jaillaunch doctor` tries all of them.
 */
#include <stddef.h>

enum primitive_need {
	NEED_FLOOR, /* without it nothing is launched */
	NEED_LAYER, /* without all such of a layer, that is left out */
	NEED_FEATURE, /* without it something is lost or done otherwise */
};

struct primitive {
	const char *name;
	enum primitive_need need;
	const char *layer; /* that uses it; NULL: the launcher itself */
	/*
	 * In a process that ends right after, so that whatever it did to
	 * itself is gone with it; nothing else may stay.  0 or -errno.  detail
	 * is "": it may get words on what there is, or on why there is not.
	 */
	int (*attempt)(unsigned long arg, char *detail, size_t size);
	unsigned long arg; /* of attempt */
	const char *lost; /* where it is missing; NULL: the layer, or nothing */
	const char *remedy;
};

/* The last has no name. */
extern const struct primitive primitives[];

/* try_calls.c: what a process does to itself. */
int try_chroot(unsigned long unused, char *detail, size_t size);
int try_groups(unsigned long unused, char *detail, size_t size);
int try_ids(unsigned long unused, char *detail, size_t size);
int try_rlimit(unsigned long unused, char *detail, size_t size);
int try_bounding(unsigned long unused, char *detail, size_t size);
int try_capset(unsigned long unused, char *detail, size_t size);
int try_no_new_privs(unsigned long unused, char *detail, size_t size);
int try_filter(unsigned long unused, char *detail, size_t size);
int try_filter_kill(unsigned long unused, char *detail, size_t size);
int try_listener(unsigned long unused, char *detail, size_t size);
int try_landlock(unsigned long least_abi, char *detail, size_t size);
int try_namespace(unsigned long flag, char *detail, size_t size);
int try_subreaper(unsigned long unused, char *detail, size_t size);
int try_pidfd(unsigned long unused, char *detail, size_t size);
int try_close_range(unsigned long unused, char *detail, size_t size);
int try_openat2(unsigned long unused, char *detail, size_t size);
int try_clone3(unsigned long unused, char *detail, size_t size);

/* try_mounts.c */
int try_mount_calls(unsigned long unused, char *detail, size_t size);
int try_detached(unsigned long unused, char *detail, size_t size);
int try_mount(unsigned long unused, char *detail, size_t size);
int try_erofs_file(unsigned long unused, char *detail, size_t size);
int try_loop(unsigned long unused, char *detail, size_t size);
int try_file_system(unsigned long which, char *detail, size_t size);
enum try_file_system { FS_TMPFS, FS_DEVPTS, FS_OVERLAY, FS_EROFS, FS_SQUASHFS };

/* try_host.c: what the host has. */
int try_cgroup(unsigned long limit, char *detail, size_t size);
int try_pty(unsigned long unused, char *detail, size_t size);
int try_proc(unsigned long unused, char *detail, size_t size);
int try_store(unsigned long unused, char *detail, size_t size);
