#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"

const struct setting settings[] = {
	{"kernel/kptr_restrict", "2"}, /* no addresses of the kernel */
	{"kernel/dmesg_restrict", "1"}, /* its log is root's */
	{"kernel/perf_event_paranoid", "3"},
	{"kernel/unprivileged_bpf_disabled", "1"}, /* for good */
	{"kernel/io_uring_disabled", "2"}, /* sockets by another way */
	{"kernel/kexec_load_disabled", "1"}, /* for good */
	{"kernel/sysrq", "0"}, /* the console is the parent's */
	{"fs/protected_symlinks", "1"}, /* a bare kernel's default is 0 */
	{"fs/protected_hardlinks", "1"},
	{"fs/protected_fifos", "2"},
	{"fs/protected_regular", "2"},
	{"kernel/modules_disabled", "1"}, /* last, and for good */
};
const size_t n_settings = sizeof(settings) / sizeof(*settings);

static int write_one(int sys_fd, const struct setting *setting)
{
	auto_close int fd = openat(sys_fd, setting->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return fd_write_full(fd, setting->value, strlen(setting->value));
}

int settings_write(int sys_fd, struct err *err)
{
	size_t i;
	int result = 0;

	for (i = 0; i < n_settings; i++) {
		int error = write_one(sys_fd, &settings[i]);

		if (error < 0)
			result = err_sys(err, -error, "/proc/sys/%s",
					 settings[i].path);
	}
	return result;
}

int settings_apply(struct err *err)
{
	auto_close int sys_fd =
		open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (sys_fd < 0)
		return err_sys(err, errno, "/proc/sys");
	return settings_write(sys_fd, err);
}

int settings_loopback(struct err *err)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo"};

	if (fd < 0)
		return err_sys(err, errno, "a socket");
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return err_sys(err, errno, "the flags of lo");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, errno, "lo up");
	return 0;
}
