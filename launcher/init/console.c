#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"

int console_devices(struct err *err)
{
	mkdir("/dev", 0755); /* it is there, or mount() says what is wrong */
	/* EBUSY: the kernel did it itself (CONFIG_DEVTMPFS_MOUNT) */
	if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC,
		  "mode=0755") < 0 &&
	    errno != EBUSY)
		return err_sys(err, errno, "mount devtmpfs on /dev");
	return 0;
}

/* Without a controlling terminal: a break on it would be our SIGINT. */
int console_open(struct err *err)
{
	auto_close int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int i;

	if (fd < 0)
		return err_sys(err, errno, "/dev/console");
	for (i = 0; i < 3; i++) {
		if (i != fd && dup2(fd, i) < 0)
			return err_sys(err, errno, "descriptor %d", i);
	}
	if (fd < 3)
		fcntl(take_fd(&fd), F_SETFD, 0);
	return 0;
}

void console_say(const char *format, ...)
{
	char words[512], plain[4 * sizeof(words)], line[sizeof(plain) + 16];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	err_escape(words, plain, sizeof(plain));
	snprintf(line, sizeof(line), "jail-init: %s\n", plain);
	/* there is nowhere to say that this failed */
	(void)!fd_write_full(STDERR_FILENO, line, strlen(line));
}
