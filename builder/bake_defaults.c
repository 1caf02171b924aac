#include "bake_defaults.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "eif_format.h"
#include "fdio.h"
#include "self.h"

static int keep(char **out, const char *text, struct err *err)
{
	*out = strdup(text);
	return *out ? 0 : err_sys(err, ENOMEM, "%s", text);
}

static int join(char **out, const char *dir, const char *name, struct err *err)
{
	return asprintf(out, "%s/%s", dir, name) < 0
		       ? err_sys(err, ENOMEM, "%s", name)
		       : 0;
}

/* A program that we ship: beside this one, or where helpers are installed. */
static int find_own(char **out, const char *name, const char *option,
		    struct err *err)
{
	static const char libexec[] = JAIL_LIBEXEC;
	auto_free char *dir = NULL, *beside = NULL;
	int error = self_directory(&dir);

	if (error == -ENOMEM)
		return err_sys(err, ENOMEM, "%s", name);
	if (error == 0) {
		if (join(&beside, dir, name, err) < 0)
			return -1;
		if (access(beside, R_OK) == 0) {
			*out = TAKE(beside);
			return 0;
		}
	}
	if (join(out, libexec, name, err) < 0)
		return -1;
	if (access(*out, R_OK) == 0)
		return 0;
	return err_set(err, ERR_HOST,
		       "%s: neither beside jailbake nor in %s; install it, or "
		       "give %s FILE",
		       name, libexec, option);
}

static int add_module(struct bake_defaults *defaults, const char *path,
		      size_t len, struct err *err)
{
	char **module = array_push(defaults->modules, defaults->n_modules);

	if (module)
		*module = strndup(path, len);
	return module && *module ? 0 : err_sys(err, ENOMEM, "--modules");
}

static int split_modules(struct bake_defaults *defaults, const char *list,
			 struct err *err)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len == 0)
			return err_set(err, ERR_USAGE,
				       "--modules: an empty name; FILE,FILE,"
				       "...");
		if (add_module(defaults, list, len, err) < 0)
			return -1;
		list += len + (list[len] == ',');
	}
	return 0;
}

/* The text of a file, without the line break at its end. */
static int read_cmdline(const char *path, char **out, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;
	int error = fd < 0 ? -errno
			   : fd_read_all(fd, EIF_CMDLINE_MAX + 1, out, &len);

	if (error < 0)
		return err_sys_kind(err, ERR_INPUT, -error, "%s", path);
	while (len > 0 && strchr("\n \t", (*out)[len - 1]))
		(*out)[--len] = '\0';
	if (strlen(*out) != len)
		return err_set(err, ERR_INPUT, "%s: a NUL byte", path);
	return 0;
}

/* bzImage for x86_64, Image for aarch64. */
static int find_blob_kernel(struct bake_defaults *defaults, const char *dir,
			    struct err *err)
{
	static const char *const names[] = {"bzImage", "Image"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (join(&defaults->kernel, dir, names[i], err) < 0)
			return -1;
		if (access(defaults->kernel, F_OK) == 0)
			return 0;
		free(defaults->kernel);
		defaults->kernel = NULL;
	}
	return err_set(err, ERR_INPUT, "--blobs %s: neither bzImage nor Image",
		       dir);
}

static int find_blobs(struct bake_defaults *defaults,
		      const struct bake_choice *choice, struct err *err)
{
	auto_free char *cmdline = NULL, *module = NULL;

	if (!choice->kernel &&
	    find_blob_kernel(defaults, choice->blobs, err) < 0)
		return -1;
	if (join(&defaults->init, choice->blobs, "init", err) < 0 ||
	    join(&cmdline, choice->blobs, "cmdline", err) < 0 ||
	    join(&module, choice->blobs, "nsm.ko", err) < 0)
		return -1;
	if (!choice->cmdline &&
	    read_cmdline(cmdline, &defaults->cmdline, err) < 0)
		return -1;
	if (access(module, F_OK) != 0)
		return 0; /* built into the kernel */
	return add_module(defaults, module, strlen(module), err);
}

static int find_ours(struct bake_defaults *defaults,
		     const struct bake_choice *choice, struct err *err)
{
	if (split_modules(defaults, choice->modules, err) < 0)
		return -1;
	if (choice->init)
		return keep(&defaults->init, choice->init, err);
	return find_own(&defaults->init, "jail-init", "--init", err);
}

int bake_defaults_find(const struct bake_choice *choice,
		       struct bake_defaults **out, struct err *err)
{
	auto_of(bake_defaults) struct bake_defaults *defaults =
		calloc(1, sizeof(*defaults));

	if (!defaults)
		return err_sys(err, ENOMEM, "bake");
	if ((choice->kernel &&
	     keep(&defaults->kernel, choice->kernel, err) < 0) ||
	    (choice->cmdline &&
	     keep(&defaults->cmdline, choice->cmdline, err) < 0))
		return -1;
	if ((choice->blobs ? find_blobs : find_ours)(defaults, choice, err) < 0)
		return -1;
	if (choice->launcher
		    ? keep(&defaults->launcher, choice->launcher, err) < 0
		    : find_own(&defaults->launcher, "jaillaunch", "--launcher",
			       err) < 0)
		return -1;
	*out = TAKE(defaults);
	return 0;
}

/* No more than a jail needs: no bus but virtio, no keyboard to look for. */
static const struct {
	uint16_t machine;
	const char *text;
} cmdlines[] = {
	{EM_X86_64, "reboot=k panic=30 pci=off console=ttyS0 i8042.noaux "
		    "i8042.nomux i8042.nopnp i8042.dumbkbd "
		    "random.trust_cpu=on"},
	{EM_AARCH64, "reboot=k panic=30 pci=off console=ttyS0 "
		     "random.trust_cpu=on"},
};

static int check_cmdline(const char *text, struct err *err)
{
	if (!text || !*text)
		return err_set(err, ERR_USAGE,
			       "--cmdline: empty; leave it out for a good one");
	if (strchr(text, '\n'))
		return err_set(err, ERR_USAGE,
			       "--cmdline: a line break, which a kernel does "
			       "not take");
	if (strlen(text) > EIF_CMDLINE_MAX)
		return err_set(err, ERR_USAGE,
			       "--cmdline: %zu bytes; %d at most are possible",
			       strlen(text), EIF_CMDLINE_MAX);
	return 0;
}

int bake_cmdline(struct bake_defaults *defaults, uint16_t machine,
		 struct err *err)
{
	for (size_t i = 0; i < sizeof(cmdlines) / sizeof(*cmdlines); i++)
		if (!defaults->cmdline && cmdlines[i].machine == machine &&
		    keep(&defaults->cmdline, cmdlines[i].text, err) < 0)
			return -1;
	return check_cmdline(defaults->cmdline, err);
}

void bake_defaults_free(struct bake_defaults *defaults)
{
	if (!defaults)
		return;
	for (size_t i = 0; i < defaults->n_modules; i++)
		free(defaults->modules[i]);
	free(defaults->modules);
	free(defaults->kernel);
	free(defaults->init);
	free(defaults->launcher);
	free(defaults->cmdline);
	free(defaults);
}
