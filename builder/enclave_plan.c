#include "enclave_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "enclave_launch.h"
#include "enclave_put.h"
#include "jail_check.h"

/* Below this lies what the init makes the root. */
#define ROOT "/rootfs"
#define JAIL ROOT "/jail"

/* What a file in memory takes beside its pages: inode and name. */
enum { PAGE = 4096, INODE = 1024 };

/*
 * The root holds half of the memory in pages, and no more names than that: what
 * has no content counts as a page.
 */
static uint64_t room_of(const struct node *node)
{
	uint64_t bytes = (uint64_t)node->size;

	return bytes ? (bytes + PAGE - 1) / PAGE * PAGE + INODE : PAGE;
}

static int plan_modules(const struct enclave_request *request,
			struct tree *tree, struct err *err)
{
	auto_free char *list = NULL;
	size_t len = 0;
	FILE *memory;

	if (request->n_modules == 0 || request->is_stock)
		return 0;
	memory = open_memstream(&list, &len);
	if (!memory)
		return err_sys(err, ENOMEM, "modules");
	for (size_t i = 0; i < request->n_modules; i++) {
		const char *path = request->modules[i];
		const char *slash = strrchr(path, '/');

		fprintf(memory, "%s\n", slash ? slash + 1 : path);
	}
	if (fclose(memory) != 0)
		return err_sys(err, ENOMEM, "modules");
	return put_text(tree, "/modules", list, 0644, err);
}

static int plan_boot(const struct enclave_request *request, struct tree *tree,
		     struct err *err)
{
	if (put_dir(tree, "/dev", 0755, err) < 0 ||
	    put_program(tree, "/init", request->init, request->machine, err) <
		    0)
		return -1;
	for (size_t i = 0; i < request->n_modules; i++)
		if (put_module(tree, request->modules[i], request->machine,
			       err) < 0)
			return -1;
	return plan_modules(request, tree, err);
}

/* Both inits mount on these; AWS's fails without. */
static int plan_mount_points(struct tree *tree, struct err *err)
{
	static const struct {
		const char *path;
		mode_t mode;
	} points[] = {
		{ROOT, 0755},	     {ROOT "/dev", 0755}, {ROOT "/proc", 0755},
		{ROOT "/sys", 0755}, {ROOT "/run", 0755}, {ROOT "/tmp", 01777},
		{ROOT "/var", 0755},
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
		if (put_dir(tree, points[i].path, points[i].mode, err) < 0)
			return -1;
	return 0;
}

/* An image whose programs are all for another machine. */
static int check_machine(const struct tar_laid *laid, uint16_t machine,
			 struct err *err)
{
	if (laid->n_elf == 0 || laid->n_native > 0)
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: %s is for another machine than the kernel (%s), as "
		       "are all its programs",
		       laid->name, laid->foreign, kernel_machine_name(machine));
}

static int lay(const struct enclave_request *request, const char *path,
	       const char *below, struct tree *tree, struct tar_laid **out,
	       struct err *err)
{
	const struct tar_lay_request what = {
		.path = path,
		.below = below,
		.spool = request->spool,
		.machine = request->machine,
	};

	if (tar_lay(&what, tree, out, err) < 0)
		return -1;
	return check_machine(*out, request->machine, err);
}

/* What the app's own image says that is to be started. */
static int find_app_command(const struct enclave_request *request,
			    struct enclave_plan *plan, const struct tree *tree,
			    struct err *err)
{
	const struct jail_start start = {
		.tree = tree, .jail = ROOT, .image = plan->app};

	if (request->app_command) {
		plan->app_command = strdup(request->app_command);
		return plan->app_command ? 0
					 : err_sys(err, ENOMEM, "--app-exec");
	}
	if (jail_entry(&start, &plan->app_command, err) < 0)
		return -1;
	if (plan->app_command)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--app %s: what is to be started? --app-exec \"PROGRAM "
		       "ARG...\" (its manifest has no entry)",
		       request->app);
}

/* The program of the app is in the app. */
static int check_app_command(const struct enclave_plan *plan,
			     const struct tree *tree, struct err *err)
{
	auto_free char *line = NULL;
	struct words words = {0};
	struct jail_start start = {
		.tree = tree, .jail = ROOT, .image = plan->app};
	int status = enclave_app_words(plan->app_command, &line, &words, err);

	if (status == 0) {
		start.program = words.items[0].text;
		status = *start.program == '/'
				 ? jail_check_program(&start, err)
				 : err_set(err, ERR_USAGE,
					   "--app-exec %s: give its path in "
					   "the enclave, from / on",
					   start.program);
	}
	words_clear(&words);
	return status;
}

/* What is ours in an enclave, and what may be there if it is a directory. */
static int check_app_names(const char *app, const struct tree *tree,
			   struct err *err)
{
	static const struct {
		const char *path;
		bool may_be_directory;
	} names[] = {
		{ROOT "/jail", false},	       {ROOT "/jaillaunch", false},
		{ROOT "/.jail/launch", false}, {ROOT "/.jail", true},
		{ROOT "/dev", true},	       {ROOT "/proc", true},
		{ROOT "/sys", true},	       {ROOT "/run", true},
		{ROOT "/tmp", true},	       {ROOT "/var", true},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct node *node = tree_find(tree, names[i].path);
		const char *path = names[i].path + sizeof(ROOT) - 1;

		if (!node ||
		    (names[i].may_be_directory && node->type == NODE_DIR))
			continue;
		return names[i].may_be_directory
			       ? err_set(err, ERR_INPUT,
					 "%s: %s must be a directory in an "
					 "enclave, or not be there",
					 app, path)
			       : err_set(err, ERR_INPUT,
					 "%s: %s is jailbake's own name in an "
					 "enclave; call it otherwise",
					 app, path);
	}
	return 0;
}

static int plan_app(const struct enclave_request *request,
		    struct enclave_plan *plan, struct tree *tree,
		    struct err *err)
{
	if (!request->app)
		return 0;
	if (lay(request, request->app, ROOT, tree, &plan->app, err) < 0 ||
	    check_app_names(request->app, tree, err) < 0)
		return -1;
	if (find_app_command(request, plan, tree, err) < 0)
		return -1;
	return check_app_command(plan, tree, err);
}

static bool has_option(const struct enclave_request *request, const char *word)
{
	for (size_t i = 0; i < request->n_options; i++)
		if (strcmp(request->options[i], word) == 0)
			return true;
	return false;
}

static int plan_jail(const struct enclave_request *request,
		     struct enclave_plan *plan, struct tree *tree,
		     struct err *err)
{
	struct jail_start start = {
		.tree = tree,
		.jail = JAIL,
		.user = request->user,
		.program = request->command[0],
		.may_be_root = has_option(request, "--allow-root"),
	};

	if (put_dir(tree, JAIL, 0755, err) < 0 ||
	    lay(request, request->image, JAIL, tree, &plan->image, err) < 0 ||
	    put_program(tree, ROOT "/jaillaunch", request->launcher,
			request->machine, err) < 0)
		return -1;
	start.image = plan->image;
	/* an app says itself as whom and what */
	return request->app ? 0 : jail_check(&start, err);
}

static int plan_start(const struct enclave_request *request,
		      const struct enclave_plan *plan, struct tree *tree,
		      struct err *err)
{
	auto_free char *text = NULL;

	if (request->is_stock) {
		if (enclave_stock_command(request, plan->app_command, &text,
					  err) < 0)
			return -1;
		return put_text(tree, "/cmd", text, 0644, err) < 0
			       ? -1
			       : put_text(tree, "/env", "", 0644, err);
	}
	if (enclave_launch_text(request, plan->app_command, &text, err) < 0)
		return -1;
	return put_text(tree, ROOT "/.jail/launch", text, 0644, err);
}

static int plan_rest(const struct enclave_request *request,
		     struct enclave_plan *plan, struct tree *tree,
		     struct err *err)
{
	if (plan_app(request, plan, tree, err) < 0 ||
	    plan_mount_points(tree, err) < 0 ||
	    plan_jail(request, plan, tree, err) < 0)
		return -1;
	return plan_start(request, plan, tree, err);
}

int enclave_plan_make(const struct enclave_request *request,
		      struct enclave_plan **out, struct err *err)
{
	auto_of(enclave_plan) struct enclave_plan *plan =
		calloc(1, sizeof(*plan));

	if (!plan)
		return err_sys(err, ENOMEM, "plan of the enclave");
	for (size_t i = 0; i < ENCLAVE_RAMDISKS; i++) {
		plan->ramdisks[i] = tree_new();
		if (!plan->ramdisks[i])
			return err_sys(err, ENOMEM, "plan of the enclave");
	}
	if (plan_boot(request, plan->ramdisks[0], err) < 0 ||
	    plan_rest(request, plan, plan->ramdisks[1], err) < 0)
		return -1;
	*out = TAKE(plan);
	return 0;
}

void enclave_plan_free(struct enclave_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < ENCLAVE_RAMDISKS; i++)
		tree_free(plan->ramdisks[i]);
	tar_laid_free(plan->image);
	tar_laid_free(plan->app);
	free(plan->app_command);
	free(plan);
}

uint64_t enclave_plan_unpacked(const struct enclave_plan *plan)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ENCLAVE_RAMDISKS; i++)
		for (size_t j = 0; j < plan->ramdisks[i]->n; j++)
			size += room_of(plan->ramdisks[i]->nodes[j]);
	return size;
}
