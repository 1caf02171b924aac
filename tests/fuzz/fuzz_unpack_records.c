/*
 * What a subverted jail-unpack may send, through the launcher's side, into a
 * directory.  Whatever comes: nothing outside is touched, what is made has no
 * set-id bit and is not writable by others, and all of it can be removed.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"
#include "unpack_check.h"
#include "unpack_receive.h"

static char base[64], root[80];
static int base_fd = -1, dir_fd = -1;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int is_true)
{
	if (!is_true)
		abort();
}

static void clean(void)
{
	unpack_remove(base_fd);
	rmdir(base);
}

/* base holds "outside" and "root", for the tree. */
static void start(void)
{
	const char *memory =
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	int fd;

	snprintf(base, sizeof(base), "%s/fuzz-unpack.XXXXXX", memory);
	require(mkdtemp(base) != NULL && atexit(clean) == 0);
	snprintf(root, sizeof(root), "%s/root", base);
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(base_fd, "outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	require(fd >= 0);
	close(fd);
}

static void renew_root(void)
{
	if (dir_fd >= 0) {
		require(unpack_remove(dir_fd) == 0 && rmdir(root) == 0);
		close(dir_fd);
	}
	require(mkdir(root, 0700) == 0);
	dir_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(dir_fd >= 0);
}

static int look(const char *path, const struct stat *st, int type,
		struct FTW *where)
{
	int is_shared = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);

	(void)type;
	(void)where;
	require((st->st_mode & (S_ISUID | S_ISGID)) == 0);
	require(S_ISLNK(st->st_mode) || S_ISCHR(st->st_mode) || is_shared ||
		(st->st_mode & 022) == 0);
	require(!S_ISBLK(st->st_mode) && !S_ISSOCK(st->st_mode));
	require(strncmp(path, root, strlen(root)) == 0);
	return 0;
}

static void check_outside(void)
{
	static struct stat first;
	struct stat st, above;

	require(fstatat(base_fd, "outside", &st, 0) == 0 && st.st_size == 0);
	if (first.st_ino == 0)
		first = st;
	require(st.st_nlink == 1 && st.st_mode == first.st_mode &&
		st.st_uid == first.st_uid &&
		st.st_ctim.tv_nsec == first.st_ctim.tv_nsec);
	require(fstat(base_fd, &above) == 0 && above.st_nlink == 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_close int fd = memfd_create("records", MFD_CLOEXEC);
	struct unpack_job job = {.limits = {.bytes = 1 << 20}};
	struct unpack_receive receive = {.job = &job, .image_size = 100000};
	struct unpack_result result;
	struct err err = {0};
	int status;

	if (base_fd < 0)
		start();
	renew_root();
	require(fd >= 0 && fd_write_full(fd, data, size) == 0 &&
		lseek(fd, 0, SEEK_SET) == 0);
	unpack_limits_complete(&job.limits);
	job.dir_fd = dir_fd;
	receive.fd = fd;
	status = unpack_receive(&receive, &result, &err);
	require(status == 0 || (err.kind != ERR_NONE && err.msg[0] != '\0'));
	check_outside();
	if (status == 0)
		require(nftw(root, look, 16, FTW_PHYS) == 0 &&
			strlen(result.digest) == 64);
	return 0;
}
