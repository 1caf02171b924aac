#include "try_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fdio.h"

/* What lies in our directory. */
static const char *const names[] = {"kernel", "ramdisks", "vsock"};
enum { KERNEL, RAMDISKS, VSOCK, N_NAMES };

/* A row for each machine that an image can be for. */
static const struct model {
	bool is_aarch64;
	const char *program, *package;
	const char *machine, *cpu;
	const char *more; /* for the command line */
} models[] = {
	/* no PIT there to measure the clock by; any frequency will do */
	{false, "qemu-system-x86_64", "qemu-system-x86",
	 "microvm,memory-backend=m", "max", "tsc_early_khz=1000000"},
	/* its console is another than an enclave's */
	{true, "qemu-system-aarch64", "qemu-system-arm",
	 "virt,memory-backend=m", "max,pauth-impdef=on", "console=ttyAMA0"},
};

static const struct model *model_of(const struct eif *eif)
{
	bool is_aarch64 = eif->header.flags & EIF_FLAG_AARCH64;

	return &models[models[0].is_aarch64 == is_aarch64 ? 0 : 1];
}

static int path_of(const struct try_machine *machine, const char *name,
		   char **out, struct err *err)
{
	if (asprintf(out, "%s/%s", machine->dir, name) >= 0)
		return 0;
	*out = NULL;
	return err_sys(err, ENOMEM, "%s", name);
}

int try_machine_socket(const struct try_machine *machine, char **out,
		       struct err *err)
{
	return path_of(machine, names[VSOCK], out, err);
}

/* --- files for QEMU */

static int write_piece(void *context, const void *data, size_t len,
		       struct err *err)
{
	int error = fd_write_full(*(int *)context, data, len);

	return error < 0 ? err_sys(err, -error, "a copy of the image") : 0;
}

/* Every section of a type, one behind the other, as the loader lays them. */
static int write_sections(const struct try_machine *machine,
			  const struct eif *eif, enum eif_type type,
			  const char *name, struct err *err)
{
	auto_free char *path = NULL;
	auto_close int fd = -1;
	size_t i;

	if (path_of(machine, name, &path, err) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	for (i = 0; i < eif->n; i++) {
		const struct eif_section *section = &eif->sections[i];

		if (section->rule->type == type &&
		    eif_pass(eif, section->offset, section->size, write_piece,
			     &fd, err) < 0)
			return -1;
	}
	return 0;
}

int try_machine_make(const struct eif *eif, struct try_machine **out,
		     struct err *err)
{
	auto_of(try_machine) struct try_machine *machine =
		calloc(1, sizeof(*machine));
	const char *place = getenv("TMPDIR");

	if (!machine)
		return err_sys(err, ENOMEM, "the machine");
	machine->pid = -1;
	machine->console = -1;
	machine->program = model_of(eif)->program;
	if (asprintf(&machine->dir, "%s/jailbake.XXXXXX",
		     place && *place ? place : "/tmp") < 0) {
		machine->dir = NULL;
		return err_sys(err, ENOMEM, "a directory");
	}
	if (!mkdtemp(machine->dir)) {
		err_sys(err, errno, "a directory like %s", machine->dir);
		free(TAKE(machine->dir)); /* there is nothing to remove */
		return -1;
	}
	if (write_sections(machine, eif, EIF_KERNEL, names[KERNEL], err) < 0 ||
	    write_sections(machine, eif, EIF_RAMDISK, names[RAMDISKS], err) < 0)
		return -1;
	*out = TAKE(machine);
	return 0;
}

/* --- the process */

struct words {
	char *kernel, *ramdisks, *cmdline, *memory, *backend, *socket;
};

static void words_free(struct words *words)
{
	free(words->kernel);
	free(words->ramdisks);
	free(words->cmdline);
	free(words->memory);
	free(words->backend);
	free(words->socket);
}

static int make_words(const struct try_machine *machine, const struct eif *eif,
		      unsigned long memory, struct words *words,
		      struct err *err)
{
	auto_free char *cmdline = NULL, *socket = NULL;

	if (path_of(machine, names[KERNEL], &words->kernel, err) < 0 ||
	    path_of(machine, names[RAMDISKS], &words->ramdisks, err) < 0 ||
	    try_machine_socket(machine, &socket, err) < 0 ||
	    eif_load(eif, eif_find(eif, EIF_CMDLINE), &cmdline, err) < 0)
		return -1;
	if (asprintf(&words->cmdline, "%s %s", cmdline, model_of(eif)->more) <
		    0 ||
	    asprintf(&words->memory, "%lu", memory) < 0 ||
	    asprintf(&words->backend,
		     "memory-backend-memfd,id=m,share=on,size=%luM",
		     memory) < 0 ||
	    asprintf(&words->socket, "socket,id=c,path=%s", socket) < 0)
		return err_sys(err, ENOMEM, "the machine");
	return 0;
}

static _Noreturn void run_child(const struct model *model,
				const struct words *words, int output,
				int failed)
{
	const char *const command[] = {model->program,
				       "-M",
				       model->machine,
				       "-cpu",
				       model->cpu,
				       "-accel",
				       "tcg",
				       "-m",
				       words->memory,
				       "-object",
				       words->backend,
				       "-chardev",
				       words->socket,
				       "-device",
				       "vhost-user-vsock-device,chardev=c",
				       "-nodefaults",
				       "-no-user-config",
				       "-display",
				       "none",
				       "-serial",
				       "stdio",
				       "-no-reboot",
				       "-kernel",
				       words->kernel,
				       "-initrd",
				       words->ramdisks,
				       "-append",
				       words->cmdline,
				       NULL};
	char *argv[sizeof(command) / sizeof(*command)];
	int null_fd = open("/dev/null", O_RDONLY);
	sigset_t none;
	int error;

	memcpy(argv, command, sizeof(argv)); /* execvp() does not write */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* of the terminal's signals we are told, and end it ourselves */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null_fd >= 0 && dup2(null_fd, 0) >= 0 && dup2(output, 1) >= 0)
		execvp(model->program, argv);
	error = errno;
	(void)!write(failed, &error, sizeof(error));
	_exit(127);
}

static int await_exec(const struct model *model, int failed, struct err *err)
{
	int error;
	ssize_t len = fd_read_full(failed, &error, sizeof(error));

	if (len == 0)
		return 0;
	if (len != sizeof(error))
		error = len < 0 ? (int)-len : EIO;
	if (error == ENOENT)
		return err_set(err, ERR_HOST,
			       "%s is not installed: Debian has it in the "
			       "package %s",
			       model->program, model->package);
	return err_sys_kind(err, ERR_HOST, error, "%s", model->program);
}

int try_machine_start(struct try_machine *machine, const struct eif *eif,
		      unsigned long memory, struct err *err)
{
	const struct model *model = model_of(eif);
	struct words words = {0};
	int output[2], failed[2];
	int result = make_words(machine, eif, memory, &words, err);

	if (result == 0 && pipe2(output, O_CLOEXEC) < 0)
		result = err_sys(err, errno, "pipe");
	if (result < 0) {
		words_free(&words);
		return -1;
	}
	machine->console = output[0];
	if (pipe2(failed, O_CLOEXEC) < 0) {
		close(output[1]);
		words_free(&words);
		return err_sys(err, errno, "pipe");
	}
	machine->pid = fork();
	if (machine->pid == 0)
		run_child(model, &words, output[1], failed[1]);
	if (machine->pid < 0)
		result = err_sys(err, errno, "fork");
	close(output[1]);
	close(failed[1]);
	words_free(&words);
	if (result == 0)
		result = await_exec(model, failed[0], err);
	close(failed[0]);
	return result;
}

int try_machine_end(struct try_machine *machine, struct err *err)
{
	int status;

	if (waitpid(machine->pid, &status, 0) < 0)
		return err_sys(err, errno, "%s", machine->program);
	machine->pid = -1;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_HOST, "%s was killed: %s",
			       machine->program, strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_HOST, "%s failed, with status %d",
			       machine->program, WEXITSTATUS(status));
	return 0;
}

static void remove_files(struct try_machine *machine)
{
	struct err ignored;
	size_t i;

	for (i = 0; i < N_NAMES; i++) {
		auto_free char *path = NULL;

		if (path_of(machine, names[i], &path, &ignored) == 0)
			unlink(path);
	}
	rmdir(machine->dir);
}

void try_machine_free(struct try_machine *machine)
{
	if (!machine)
		return;
	if (machine->pid > 0) {
		kill(machine->pid, SIGKILL);
		waitpid(machine->pid, NULL, 0);
	}
	if (machine->console >= 0)
		close(machine->console);
	if (machine->dir)
		remove_files(machine);
	free(machine->dir);
	free(machine);
}
