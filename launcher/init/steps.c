#include "steps.h"

#include <errno.h>
#include <signal.h>

#include "cgroups.h"
#include "console.h"
#include "modules.h"
#include "mounts.h"
#include "new_root.h"
#include "settings.h"
#include "vsock.h"

static int block_signals(struct boot *boot __attribute__((unused)),
			 struct err *err)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return err_sys(err, errno, "block signals");
	return 0;
}

static int make_devices(struct boot *boot __attribute__((unused)),
			struct err *err)
{
	return console_devices(err);
}

static int open_console(struct boot *boot __attribute__((unused)),
			struct err *err)
{
	return console_open(err);
}

static int check_ramdisks(struct boot *boot __attribute__((unused)),
			  struct err *err)
{
	return new_root_check(err);
}

static int read_launch_file(struct boot *boot, struct err *err)
{
	return launch_file_read("/rootfs" LAUNCH_FILE, &boot->launch, err);
}

static int load_modules(struct boot *boot, struct err *err)
{
	return modules_load(&boot->has_nsm_driver, err);
}

static int close_nsm(struct boot *boot, struct err *err)
{
	bool is_there;

	if (modules_close_nsm("/dev/nsm", boot->has_nsm_driver, &is_there,
			      err) < 0)
		return -1;
	if (boot->has_nsm_driver && !is_there)
		console_say("no /dev/nsm, though its driver is loaded: this is "
			    "no Nitro Enclave, and cannot be attested");
	return 0;
}

static int greet_early(struct boot *boot, struct err *err)
{
	return boot->launch.heartbeat == HEARTBEAT_EARLY ? vsock_heartbeat(err)
							 : 0;
}

static int enter_root(struct boot *boot __attribute__((unused)),
		      struct err *err)
{
	return new_root_enter(err);
}

static int make_mounts(struct boot *boot __attribute__((unused)),
		       struct err *err)
{
	return mounts_make(err);
}

static int mount_cgroups(struct boot *boot __attribute__((unused)),
			 struct err *err)
{
	return cgroups_mount(err);
}

static int raise_loopback(struct boot *boot __attribute__((unused)),
			  struct err *err)
{
	return settings_loopback(err);
}

static int write_settings(struct boot *boot __attribute__((unused)),
			  struct err *err)
{
	return settings_apply(err);
}

static int close_root(struct boot *boot __attribute__((unused)),
		      struct err *err)
{
	return new_root_close(err);
}

static int start_program(struct boot *boot, struct err *err)
{
	return workload_start(boot->launch.argv.items, &boot->workload, err);
}

static int greet_late(struct boot *boot, struct err *err)
{
	return boot->launch.heartbeat == HEARTBEAT_LATE ? vsock_heartbeat(err)
							: 0;
}

static int await_program(struct boot *boot, struct err *err)
{
	return workload_wait(&boot->workload, err);
}

#define FATAL true
#define OPTIONAL false

/* clang-format off */
const struct step steps[] = {
	{"signals", "blocks every signal", block_signals, FATAL},
	{"devices", "mounts /dev", make_devices, FATAL},
	/* as early as can be: only then can a failure be told */
	{"console", "opens the console on 0, 1 and 2", open_console, FATAL},
	/* before modules: their files leave room behind */
	{"ramdisks", "checks that they were unpacked", check_ramdisks, FATAL},
	/* before all that needs vsock: the heartbeat, and telling a failure */
	{"modules", "loads kernel modules", load_modules, FATAL},
	{"launch", "reads what is to be started", read_launch_file, FATAL},
	{"nsm", "takes /dev/nsm from all but root", close_nsm, FATAL},
	{"heartbeat", "greets the parent", greet_early, FATAL},
	{"root", "makes /rootfs the root", enter_root, FATAL},
	{"mounts", "mounts /dev /proc /sys /run /tmp", make_mounts, FATAL},
	/* jaillaunch limits by other means then, and reports it */
	{"cgroups", "mounts /sys/fs/cgroup", mount_cgroups, OPTIONAL},
	{"loopback", "raises the interface lo", raise_loopback, OPTIONAL},
	/* after modules: forbids more of them */
	{"settings", "switches off what is not needed", write_settings,
	 OPTIONAL},
	/* after mounts: they may need directories */
	{"read-only", "makes the root read-only", close_root, FATAL},
	{"start", "starts the program", start_program, FATAL},
	{"late heartbeat", "greets the parent", greet_late, FATAL},
	{"wait", "waits for the program's end", await_program, FATAL},
};
/* clang-format on */
const size_t n_steps = sizeof(steps) / sizeof(*steps);

const struct step *steps_walk(const struct step *table, size_t n,
			      struct boot *boot,
			      void (*say)(const char *format, ...),
			      struct err *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*err = (struct err){0};
		if (table[i].run(boot, err) == 0)
			continue;
		say("%s%s: %s",
		    table[i].is_fatal ? "" : "warning: ", table[i].name,
		    err->msg);
		if (table[i].is_fatal)
			return &table[i];
	}
	return NULL;
}
