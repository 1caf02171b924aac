/*
 * jail-init: the first process of an enclave, /init of its first ramdisk.
 *
 * What it does is the table of steps.c.  Then it tells how it ended, and ends
 * the enclave.  Its arguments are ignored: a kernel hands on every word of its
 * command line that it does not know.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"
#include "new_root.h"
#include "steps.h"
#include "vsock.h"

/* Whoever calls this on a machine that is no enclave would end it. */
static int refuse(void)
{
	fputs("jail-init: this is the first process of an enclave (see "
	      "jailbake(1)), and does nothing elsewhere\n",
	      stderr);
	return 125;
}

/* The parent, if it is to know; whatever happens, the enclave ends next. */
static void tell(const struct boot *boot, const char *words)
{
	struct err err = {0};

	if (boot->launch.exit_port != 0 &&
	    vsock_tell(boot->launch.exit_port, words, &err) < 0)
		console_say("warning: exit-port: %s", err.msg);
}

/*
 * jaillaunch's status is 128 and the signal's number when one killed the jail:
 * without words that would be a riddle.
 */
static void say_end(int status, const char *words)
{
	int number = WIFEXITED(status) ? WEXITSTATUS(status) - 128 : 0;

	if (number > 0 && number < NSIG)
		console_say("%s (%s)", words, strsignal(number));
	else
		console_say("%s", words);
}

int main(void)
{
	struct boot boot = {.workload.output = -1};
	struct err err = {0};
	const struct step *failed;
	char words[sizeof(err.msg) + 64];

	if (getpid() != 1 || !new_root_is_ramdisk())
		return refuse();
	failed = steps_walk(steps, n_steps, &boot, console_say, &err);
	if (failed) {
		snprintf(words, sizeof(words), "failed %s: %s", failed->name,
			 err.msg);
	} else {
		workload_words(boot.workload.status, words, sizeof(words));
		say_end(boot.workload.status, words);
	}
	tell(&boot, words);
	reboot(RB_AUTOBOOT);
	return 125; /* a kernel that cannot: it ends when its init does */
}
