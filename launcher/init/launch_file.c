#include "launch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "fdio.h"
#include "words.h"

/* Longer than any command line that the kernel would execute. */
#define MOST_BYTES (4u << 20)

static int add(struct launch_words *words, char *text, struct err *err)
{
	char **item = array_push(words->items, words->n);

	if (!item)
		return err_sys(err, ENOMEM, "%s", LAUNCH_FILE);
	*item = text;
	return 0;
}

/* --- the directives */

static int read_heartbeat(struct launch_file *launch, const struct words *words,
			  struct err *err)
{
	static const char *const names[] = {[HEARTBEAT_EARLY] = "early",
					    [HEARTBEAT_LATE] = "late",
					    [HEARTBEAT_NONE] = "none"};
	unsigned i;

	if (launch->heartbeat != HEARTBEAT_UNSAID)
		return err_set(err, ERR_INPUT, "\"heartbeat\" is there twice");
	for (i = HEARTBEAT_EARLY; i <= HEARTBEAT_NONE; i++)
		if (strcmp(words->items[1].text, names[i]) == 0)
			launch->heartbeat = (enum heartbeat)i;
	if (launch->heartbeat == HEARTBEAT_UNSAID)
		return err_set(err, ERR_INPUT,
			       "heartbeat \"%s\": not early, late or none",
			       words->items[1].text);
	return 0;
}

static int read_exit_port(struct launch_file *launch, const struct words *words,
			  struct err *err)
{
	const char *text = words->items[1].text;
	unsigned long port;
	char *end;

	if (launch->exit_port != 0)
		return err_set(err, ERR_INPUT, "\"exit-port\" is there twice");
	errno = 0;
	port = strtoul(text, &end, 10);
	/* the last number means "any port" */
	if (*text < '0' || *text > '9' || *end || errno || port == 0 ||
	    port >= UINT_MAX)
		return err_set(err, ERR_INPUT,
			       "exit-port \"%s\": not a number from 1 to %u",
			       text, UINT_MAX - 1);
	launch->exit_port = (unsigned)port;
	return 0;
}

static int read_app(struct launch_file *launch, const struct words *words,
		    struct err *err)
{
	size_t i;

	if (launch->app.n != 0)
		return err_set(err, ERR_INPUT, "\"app\" is there twice");
	for (i = 1; i < words->n; i++)
		if (add(&launch->app, words->items[i].text, err) < 0)
			return -1;
	return 0;
}

static int read_user(struct launch_file *launch, const struct words *words,
		     struct err *err)
{
	if (launch->user.n != 0)
		return err_set(err, ERR_INPUT, "\"user\" is there twice");
	return add(&launch->user, words->items[1].text, err);
}

static int read_option(struct launch_file *launch, const struct words *words,
		       struct err *err)
{
	return add(&launch->options, words->items[1].text, err);
}

static int read_argv(struct launch_file *launch, const struct words *words,
		     struct err *err)
{
	return add(&launch->program, words->items[1].text, err);
}

static const struct directive {
	const char *name;
	size_t least, most; /* words behind it */
	int (*read)(struct launch_file *, const struct words *, struct err *);
} directives[] = {
	{"heartbeat", 1, 1, read_heartbeat},
	{"exit-port", 1, 1, read_exit_port},
	{"app", 1, SIZE_MAX, read_app},
	{"user", 1, 1, read_user},
	{"option", 1, 1, read_option},
	{"argv", 1, 1, read_argv},
};

/* --- the file */

static int read_line(struct launch_file *launch, const struct words *words,
		     struct err *err)
{
	const char *name = words->n ? words->items[0].text : "";
	size_t i;

	for (i = 0; i < sizeof(directives) / sizeof(*directives); i++) {
		const struct directive *row = &directives[i];

		if (strcmp(row->name, name) != 0)
			continue;
		if (words->n - 1 < row->least || words->n - 1 > row->most)
			return err_set(err, ERR_INPUT,
				       "\"%s\" with %zu words behind it", name,
				       words->n - 1);
		return row->read(launch, words, err);
	}
	return err_set(err, ERR_INPUT,
		       "\"%s\" is no directive that this init knows: the image "
		       "was baked by another version of jailbake",
		       name);
}

static int read_lines(struct launch_file *launch, struct err *err)
{
	struct words words = {0};
	char *line = launch->text;
	size_t number = 0;
	int result = 0;

	while (result == 0 && *line) {
		size_t len = strcspn(line, "\n");
		char *next = line[len] ? line + len + 1 : line + len;

		number++;
		result = words_split(line, len, &words, err);
		if (result == 0)
			result = read_line(launch, &words, err);
		line = next;
	}
	words_clear(&words);
	if (result < 0)
		return err_context(err, "%s:%zu", LAUNCH_FILE, number);
	return 0;
}

/* One program is started; what concerns the other would be ignored. */
static int check_whole(const struct launch_file *launch, struct err *err)
{
	if (launch->heartbeat == HEARTBEAT_UNSAID)
		return err_set(err, ERR_INPUT,
			       "%s says nothing of the heartbeat", LAUNCH_FILE);
	if (launch->app.n != 0 &&
	    launch->user.n + launch->options.n + launch->program.n != 0)
		return err_set(err, ERR_INPUT,
			       "%s has both \"app\" and words for jaillaunch",
			       LAUNCH_FILE);
	return 0;
}

static int add_all(struct launch_words *to, const struct launch_words *from,
		   struct err *err)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (add(to, from->items[i], err) < 0)
			return -1;
	return 0;
}

static int add_flag(struct launch_words *to, char *flag,
		    const struct launch_words *from, struct err *err)
{
	if (from->n == 0)
		return 0;
	if (add(to, flag, err) < 0)
		return -1;
	return add_all(to, from, err);
}

static int make_argv(struct launch_file *launch, struct err *err)
{
	static char path[] = "/jaillaunch", root[] = "-r", jail[] = "/jail";
	static char user[] = "-u", end[] = "--";
	struct launch_words *argv = &launch->argv;

	if (launch->app.n != 0)
		return add_all(argv, &launch->app, err) < 0 ||
				       add(argv, NULL, err) < 0
			       ? -1
			       : 0;
	if (add(argv, path, err) < 0 || add(argv, root, err) < 0 ||
	    add(argv, jail, err) < 0 ||
	    add_flag(argv, user, &launch->user, err) < 0 ||
	    add_all(argv, &launch->options, err) < 0 ||
	    add_flag(argv, end, &launch->program, err) < 0 ||
	    add(argv, NULL, err) < 0)
		return -1;
	return 0;
}

int launch_file_parse(char *text, struct launch_file *launch, struct err *err)
{
	launch->text = text;
	if (read_lines(launch, err) < 0 || check_whole(launch, err) < 0)
		return -1;
	return make_argv(launch, err);
}

int launch_file_read(const char *path, struct launch_file *launch,
		     struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	char *text = NULL;
	int error;

	if (fd < 0)
		return err_sys(err, errno, "%s", LAUNCH_FILE);
	error = fd_read_all(fd, MOST_BYTES, &text, &len);
	if (error < 0)
		return err_sys(err, -error, "%s", LAUNCH_FILE);
	if (!text || strlen(text) != len) {
		free(text);
		return err_set(err, ERR_INPUT, "%s holds a NUL byte",
			       LAUNCH_FILE);
	}
	return launch_file_parse(text, launch, err);
}

void launch_file_clear(struct launch_file *launch)
{
	free(launch->app.items);
	free(launch->user.items);
	free(launch->options.items);
	free(launch->program.items);
	free(launch->argv.items);
	free(launch->text);
	*launch = (struct launch_file){0};
}
