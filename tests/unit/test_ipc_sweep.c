/* System V objects of a uid, removed by whoever may: root, or, without
 * CAP_SYS_ADMIN, a process that is the uid. */
#include "ipc_sweep.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define OWNER 31331

static void drop_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		_exit(10);
	data[CAP_SYS_ADMIN / 32].effective &= ~(1u << CAP_SYS_ADMIN % 32);
	data[CAP_SYS_ADMIN / 32].permitted &= ~(1u << CAP_SYS_ADMIN % 32);
	if (syscall(SYS_capset, &header, data) < 0)
		_exit(11);
}

/* A segment that OWNER left. */
static void leave_memory(void)
{
	struct shmid_ds owned;
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	if (id < 0 || shmctl(id, IPC_STAT, &owned) < 0)
		_exit(12);
	owned.shm_perm.uid = OWNER;
	owned.shm_perm.gid = OWNER;
	if (shmctl(id, IPC_SET, &owned) < 0)
		_exit(13);
}

static struct ipc_swept swept_by(void (*prepare)(void))
{
	struct ipc_swept swept = {0};

	leave_memory();
	prepare();
	ipc_sweep(&IPC_PLACES_NONE, OWNER, &swept);
	return swept;
}

static void nothing(void)
{
}

static void drop_admin_and_descriptors(void)
{
	const struct rlimit none = {0, 0};

	drop_admin();
	/* for the pipe that such a process needs */
	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		_exit(14);
}

static int by_root(void)
{
	struct ipc_swept swept = swept_by(nothing);

	return swept.memory == 1 && swept.system_v_error == 0 ? 0 : 1;
}

static int without_admin(void)
{
	struct ipc_swept swept = swept_by(drop_admin);

	return swept.memory == 1 && swept.system_v_error == 0 ? 0 : 1;
}

static int by_nobody(void)
{
	struct ipc_swept swept = swept_by(drop_admin_and_descriptors);

	return swept.memory == 0 && swept.system_v_error == EMFILE ? 0 : 1;
}

/* In an IPC namespace of its own, whose objects end with it. */
static int in_child(int (*run)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWIPC) < 0 ? 77 : run());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(int (*run)(void))
{
	int status;

	if (geteuid() != 0)
		skip();
	status = in_child(run);
	if (status == 77)
		skip(); /* no namespace can be made here */
	assert_int_equal(status, 0);
}

TEST(root_removes_them)
{
	expect(by_root);
}

TEST(without_privilege_their_owner_does)
{
	expect(without_admin);
}

TEST(that_nobody_could_is_told)
{
	expect(by_nobody);
}

TEST_MAIN
