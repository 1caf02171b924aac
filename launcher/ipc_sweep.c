#include "ipc_sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capability.h"
#include "cleanup.h"
#include "fdio.h"
#include "kernel_dirent.h"
#include "mount_calls.h"
#include "rootfd.h"
#include "unpack.h"

/* Linux 4.17: those, too, that nobody may read. */
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

/* How often a directory is read again because something was removed. */
#define PASSES 100

/* semctl()'s fourth argument; no header has it. */
union semun {
	int value;
	struct semid_ds *status;
	struct seminfo *info;
};

static bool is_of(const struct ipc_perm *perm, uid_t uid)
{
	return perm->uid == uid || perm->cuid == uid;
}

/*
 * Each kind has a table: the highest index that is in use, the id at an index
 * (-1: none) if it is the uid's, and the end of an id.
 */
static int memory_last(void)
{
	struct shm_info info;

	return shmctl(0, SHM_INFO, (void *)&info);
}

static int memory_at(int index, uid_t uid)
{
	struct shmid_ds status;
	int id = shmctl(index, SHM_STAT_ANY, &status);

	if (id < 0 && errno == EINVAL)
		id = shmctl(index, SHM_STAT, &status);
	return id >= 0 && is_of(&status.shm_perm, uid) ? id : -1;
}

static int memory_remove(int id)
{
	return shmctl(id, IPC_RMID, NULL);
}

static int semaphores_last(void)
{
	struct seminfo info;

	return semctl(0, 0, SEM_INFO, (union semun){.info = &info});
}

static int semaphores_at(int index, uid_t uid)
{
	struct semid_ds status = {.sem_nsems = 0};
	const union semun into = {.status = &status};
	int id = semctl(index, 0, SEM_STAT_ANY, into);

	if (id < 0 && errno == EINVAL)
		id = semctl(index, 0, SEM_STAT, into);
	return id >= 0 && is_of(&status.sem_perm, uid) ? id : -1;
}

static int semaphores_remove(int id)
{
	return semctl(id, 0, IPC_RMID);
}

static int queues_last(void)
{
	struct msginfo info;

	return msgctl(0, MSG_INFO, (void *)&info);
}

static int queues_at(int index, uid_t uid)
{
	struct msqid_ds status;
	int id = msgctl(index, MSG_STAT_ANY, &status);

	if (id < 0 && errno == EINVAL)
		id = msgctl(index, MSG_STAT, &status);
	return id >= 0 && is_of(&status.msg_perm, uid) ? id : -1;
}

static int queues_remove(int id)
{
	return msgctl(id, IPC_RMID, NULL);
}

struct table {
	int (*last)(void);
	int (*at)(int index, uid_t uid);
	int (*remove)(int id);
};

/* What is no longer there needs no removing; ENOSYS: a kernel without. */
static void note_error(struct ipc_swept *swept)
{
	if (errno != EINVAL && errno != EIDRM && errno != ENOSYS)
		swept->system_v_error = errno;
}

static uint32_t sweep_table(const struct table *table, uid_t uid,
			    struct ipc_swept *swept)
{
	int i, id, last = table->last();
	uint32_t n = 0;

	if (last < 0)
		note_error(swept);
	for (i = 0; i <= last; i++) {
		id = table->at(i, uid);
		if (id < 0)
			continue;
		if (table->remove(id) == 0)
			n++;
		else
			note_error(swept);
	}
	return n;
}

static void sweep_sysv(uid_t uid, struct ipc_swept *swept)
{
	static const struct table memory = {memory_last, memory_at,
					    memory_remove};
	static const struct table semaphores = {semaphores_last, semaphores_at,
						semaphores_remove};
	static const struct table queues = {queues_last, queues_at,
					    queues_remove};

	swept->memory += sweep_table(&memory, uid, swept);
	swept->semaphores += sweep_table(&semaphores, uid, swept);
	swept->queues += sweep_table(&queues, uid, swept);
}

/* In a process of its own, which is the uid. */
static __attribute__((noreturn)) void sweep_as(uid_t uid, int fd)
{
	struct ipc_swept swept = {0};

	if (syscall(SYS_setresuid, uid, uid, uid) == 0)
		sweep_sysv(uid, &swept);
	else
		swept.system_v_error = errno;
	fd_write_full(fd, &swept, sizeof(swept));
	for (;;)
		syscall(SYS_exit_group, 0);
}

/*
 * Another's are removed by whoever has CAP_SYS_ADMIN, and root in a container
 * has not; the uid may remove its own.
 */
static void sweep_sysv_by_owner(uid_t uid, struct ipc_swept *swept)
{
	/* what holds if it is killed before it says anything */
	struct ipc_swept found = {.system_v_error = ECANCELED};
	int ends[2];
	long pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		swept->system_v_error = errno;
		return;
	}
	/* fork(), without what a C library does beside */
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		sweep_as(uid, ends[1]);
	if (pid < 0)
		found.system_v_error = errno;
	close(ends[1]);
	fd_read_full(ends[0], &found, sizeof(found));
	swept->memory += found.memory;
	swept->semaphores += found.semaphores;
	swept->queues += found.queues;
	swept->system_v_error = found.system_v_error;
	close(ends[0]);
	while (pid > 0 && waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* Whoever could change it is dead, and the directory is sticky. */
static bool remove_entry(int dir, const char *name, uid_t uid)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_uid != uid)
		return false;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dir, name, 0) == 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	unpack_remove(fd);
	close(fd);
	return unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

static uint32_t sweep_once(int dir, uid_t uid)
{
	char buffer[2048] __attribute__((aligned(8)));
	uint32_t n = 0;
	long len, at;

	while ((len = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0)
		for (at = 0; at < len;) {
			const struct kernel_dirent *entry =
				(const void *)(buffer + at);

			at += entry->len;
			if (strcmp(entry->name, ".") != 0 &&
			    strcmp(entry->name, "..") != 0)
				n += remove_entry(dir, entry->name, uid);
		}
	return n;
}

static void sweep_directory(int fd, uid_t uid, uint32_t *n)
{
	unsigned i;

	for (i = 0; fd >= 0 && i < PASSES; i++) {
		int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		uint32_t removed = dir < 0 ? 0 : sweep_once(dir, uid);

		if (dir >= 0)
			close(dir);
		if (removed == 0)
			return;
		*n += removed;
	}
}

void ipc_sweep(const struct ipc_places *places, uid_t uid,
	       struct ipc_swept *swept)
{
	const int *fds = places->fds;

	if (capability_is_effective(CAP_SYS_ADMIN) > 0)
		sweep_sysv(uid, swept);
	else
		sweep_sysv_by_owner(uid, swept);
	sweep_directory(fds[IPC_QUEUES], uid, &swept->posix_queues);
	sweep_directory(fds[IPC_MEMORY], uid, &swept->posix_memory);
	sweep_directory(fds[IPC_ROOT_MEMORY], uid, &swept->posix_memory);
}

static bool is_same_place(int one, int other)
{
	struct stat a, b;

	return one >= 0 && other >= 0 && fstat(one, &a) == 0 &&
	       fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Where files stand for POSIX memory.  What is not there holds none. */
static int open_memory(int root_fd, const char *of, int *out, struct err *err)
{
	int fd = root_open_nolinks(root_fd, "/dev/shm", O_RDONLY | O_DIRECTORY,
				   0);

	*out = fd < 0 ? -1 : fd;
	if (fd >= 0 || fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	return err_sys(err, -fd, "--uid-pool: /dev/shm of %s", of);
}

/* The file system that has the message queues of our IPC namespace. */
static bool ask_queue_device(dev_t *out)
{
	struct mq_attr least = {.mq_maxmsg = 1, .mq_msgsize = 1};
	char name[40];
	struct stat st;
	mqd_t queue;
	bool done;

	snprintf(name, sizeof(name), "/jailwright-%d", (int)getpid());
	queue = mq_open(name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600,
			&least);
	if (queue < 0)
		return false;
	mq_unlink(name);
	done = fstat(queue, &st) == 0; /* a descriptor like others */
	mq_close(queue);
	*out = st.st_dev;
	return done;
}

/*
 * Where they are listed: /dev/mqueue, unless that shows another namespace's.
 * A mount of our own would do as well, but to end one takes a millisecond.
 */
static int open_queues(void)
{
	static const struct mount_option none[] = {{NULL, NULL}};
	auto_close int fd = open("/dev/mqueue", O_RDONLY | O_DIRECTORY |
							O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	dev_t device;

	if (fd >= 0 && fstat(fd, &st) == 0 && ask_queue_device(&device) &&
	    st.st_dev == device)
		return take_fd(&fd);
	return mount_make("mqueue", none, 0);
}

int ipc_places_open(int top_fd, int root_fd, struct ipc_places *out,
		    struct err *err)
{
	int *fds = out->fds, queues;

	*out = IPC_PLACES_NONE;
	queues = open_queues();
	if (queues < 0 && !mount_is_missing(-queues))
		return err_sys(err, -queues, "--uid-pool: message queues");
	fds[IPC_QUEUES] = queues < 0 ? -1 : queues;
	out->queues_error = queues < 0 ? -queues : 0;
	if (open_memory(top_fd, "the host", &fds[IPC_MEMORY], err) < 0)
		return -1;
	if (root_fd < 0)
		return 0;
	if (open_memory(root_fd, "the jail", &fds[IPC_ROOT_MEMORY], err) < 0)
		return -1;
	if (is_same_place(fds[IPC_MEMORY], fds[IPC_ROOT_MEMORY]))
		close(take_fd(&fds[IPC_ROOT_MEMORY]));
	return 0;
}

void ipc_places_close(struct ipc_places *places)
{
	size_t i;

	for (i = 0; i < IPC_FDS; i++) {
		if (places->fds[i] >= 0)
			close(places->fds[i]);
		places->fds[i] = -1;
	}
}
