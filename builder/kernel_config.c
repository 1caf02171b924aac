#include "kernel_config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "fdio.h"

enum { CONFIG_MAX = 4 << 20 };

/* One row is one wish; machine 0: of every machine. */
static const struct wish {
	const char *option;
	enum kernel_wish kind;
	bool may_be_module; /* one that --modules can bring */
	uint16_t machine;
	const char *why;
} wishes[] = {
	{"BLK_DEV_INITRD", WISH_NEEDED, false, 0, "ramdisks are unpacked"},
	{"BINFMT_ELF", WISH_NEEDED, false, 0, "programs run"},
	{"DEVTMPFS", WISH_NEEDED, false, 0, "there is a /dev"},
	{"TMPFS", WISH_NEEDED, false, 0, "the root, /tmp and /run"},
	{"PROC_FS", WISH_NEEDED, false, 0, "the init looks at the kernel"},
	{"VIRTIO_MMIO", WISH_NEEDED, true, 0, "devices of an enclave"},
	{"VIRTIO_MMIO_CMDLINE_DEVICES", WISH_NEEDED, false, EM_X86_64,
	 "the loader names the devices on the command line"},
	{"VSOCKETS", WISH_NEEDED, true, 0,
	 "heartbeat, and all that leaves the enclave"},
	{"VIRTIO_VSOCKETS", WISH_NEEDED, true, 0,
	 "heartbeat, and all that leaves the enclave"},
	{"SERIAL_8250_CONSOLE", WISH_NEEDED, false, 0,
	 "the console of debug mode"},
	{"SECCOMP_FILTER", WISH_NEEDED, false, 0,
	 "the jail refuses system calls"},
	{"NSM", WISH_USEFUL, true, 0,
	 "attestation; before Linux 6.8 a module of AWS's does it"},
	{"CGROUPS", WISH_USEFUL, false, 0, "limits on a whole jail"},
	{"MEMCG", WISH_USEFUL, false, 0, "--limit memory"},
	{"CGROUP_PIDS", WISH_USEFUL, false, 0, "--limit pids"},
	{"USER_NS", WISH_USEFUL, false, 0, "a layer of the jail"},
	{"PID_NS", WISH_USEFUL, false, 0, "a layer of the jail"},
	{"NET_NS", WISH_USEFUL, false, 0, "a layer of the jail"},
	{"SECURITY_LANDLOCK", WISH_USEFUL, false, 0, "a layer of the jail"},
	{"HW_RANDOM", WISH_USEFUL, true, 0, "randomness from the NSM"},
	{"KEXEC", WISH_UNWANTED, false, 0, "another kernel could be started"},
	{"DEVMEM", WISH_UNWANTED, false, 0, "root could write to memory"},
};

/* 'y', 'm', or 0. */
static char value_of(const char *text, const char *option)
{
	size_t len = strlen(option);

	for (const char *at = text; (at = strstr(at, "CONFIG_")) != NULL;) {
		bool starts_line = at == text || at[-1] == '\n';

		at += strlen("CONFIG_");
		if (starts_line && strncmp(at, option, len) == 0 &&
		    at[len] == '=')
			return at[len + 1];
	}
	return 0;
}

static bool is_fulfilled(const char *text, const struct wish *wish)
{
	char value = value_of(text, wish->option);

	if (wish->kind == WISH_UNWANTED)
		return value != 'y' && value != 'm';
	return value == 'y' || (value == 'm' && wish->may_be_module);
}

void kernel_config_check(const char *text, uint16_t machine,
			 void (*tell)(void *context, enum kernel_wish wish,
				      const char *option, const char *why),
			 void *context)
{
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
		const struct wish *wish = &wishes[i];

		if ((wish->machine == 0 || wish->machine == machine) &&
		    !is_fulfilled(text, wish))
			tell(context, wish->kind, wish->option, wish->why);
	}
}

/* 1: read; 0: not there; -1. */
static int read_config(const char *path, char **text, struct err *err)
{
	auto_close int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_sys_kind(err, ERR_INPUT, errno, "%s",
					      path);
	error = fd_read_all(fd, CONFIG_MAX, text, NULL);
	return error < 0 ? err_sys_kind(err, ERR_INPUT, -error, "%s", path) : 1;
}

/* What stands beside a kernel: KERNEL.config (as AWS has it), or config-VERSION
 * (as distributions have it). */
static int find_beside(const char *kernel, const char *version, char **text,
		       char **source, struct err *err)
{
	auto_free char *own = NULL, *shared = NULL;
	const char *slash = strrchr(kernel, '/');
	int dir = slash ? (int)(slash - kernel) + 1 : 0, found;

	if (asprintf(&own, "%s.config", kernel) < 0 ||
	    asprintf(&shared, "%.*sconfig-%s", dir, kernel, version) < 0)
		return err_sys(err, ENOMEM, "%s", kernel);
	found = read_config(own, text, err);
	if (found > 0)
		*source = TAKE(own);
	if (found != 0)
		return found < 0 ? -1 : 0;
	found = read_config(shared, text, err);
	if (found > 0)
		*source = TAKE(shared);
	return found < 0 ? -1 : 0;
}

int kernel_config_find(const char *config_path, const char *kernel_path,
		       const char *version, char **text, char **source,
		       struct err *err)
{
	*text = *source = NULL;
	if (!config_path)
		return find_beside(kernel_path, version, text, source, err);
	switch (read_config(config_path, text, err)) {
	case 0:
		return err_sys_kind(err, ERR_INPUT, ENOENT, "%s", config_path);
	case 1:
		*source = strdup(config_path);
		return *source ? 0 : err_sys(err, ENOMEM, "%s", config_path);
	default:
		return -1;
	}
}
