#include "store_verbs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "json.h"
#include "opts.h"
#include "outcome.h"
#include "store.h"
#include "store_index.h"

struct args {
	const char *store;
	bool json, all, help;
};

/* clang-format off */
static const struct opt options[] = {
	{0, "store", "DIR", OPT_INTO(struct args, store),
	 "another store than " STORE_DEFAULT},
	{0, "json", NULL, OPT_INTO(struct args, json), "list: print JSON"},
	{0, "all", NULL, OPT_INTO(struct args, all),
	 "prune: also what is in use"},
	{'h', "help", NULL, OPT_INTO(struct args, help), "print this"},
	{0},
};
/* clang-format on */

/* What the store holds of one name. */
struct row {
	char name[STORE_ENTRY_SIZE];
	uint64_t bytes;
	int64_t since; /* seconds */
	bool is_in_use;
	size_t n_images; /* files that are known to be this one, compressed */
};

struct rows {
	struct row *items;
	size_t n;
};

static int print_help(void)
{
	fputs("usage: jaillaunch store list [--json] [--store DIR]\n"
	      "       jaillaunch store prune [--all] [--store DIR]\n\n"
	      "The store keeps the plain tars of compressed images.\n\n",
	      stdout);
	opts_help(options, stdout);
	return fflush(stdout) == 0 ? 0 : STATUS_FAILED;
}

/* --- walking */

static int open_names(const struct store *store, DIR **out, struct err *err)
{
	int fd = openat(store->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*out = fd < 0 ? NULL : fdopendir(fd);
	return *out ? 0 : err_sys(err, errno, "store %s", store->path);
}

/* An entry of which nobody holds the shared lock can be had for itself. */
static bool is_in_use(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int add_row(const struct store *store, const char *name,
		   struct rows *rows, struct err *err)
{
	auto_close int fd =
		openat(store->dir_fd, name,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct row *row;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0; /* pruned meanwhile */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "store %s/%s", store->path, name);
	row = array_push(rows->items, rows->n);
	if (!row)
		return err_sys(err, ENOMEM, "store");
	*row = (struct row){.bytes = (uint64_t)st.st_size,
			    .since = st.st_ctim.tv_sec,
			    .is_in_use = is_in_use(fd)};
	memcpy(row->name, name, sizeof(row->name));
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name,
		      ((const struct row *)b)->name);
}

static void count_image(const struct store *store, const char *link,
			struct rows *rows)
{
	struct row key = {0}, *row;
	ssize_t len =
		readlinkat(store->dir_fd, link, key.name, sizeof(key.name));

	if (len != sizeof(key.name) - 1 || rows->n == 0)
		return;
	row = bsearch(&key, rows->items, rows->n, sizeof(*row), compare_rows);
	if (row)
		row->n_images++;
}

static bool is_link_name(const char *name)
{
	return strncmp(name, STORE_FROM, strlen(STORE_FROM)) == 0;
}

static int read_rows(const struct store *store, struct rows *rows,
		     struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;

	if (open_names(store, &dir, err) < 0)
		return -1;
	while ((entry = readdir(dir)))
		if (store_is_entry_name(entry->d_name) &&
		    add_row(store, entry->d_name, rows, err) < 0)
			return -1;
	if (rows->n)
		qsort(rows->items, rows->n, sizeof(*rows->items), compare_rows);
	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (is_link_name(entry->d_name))
			count_image(store, entry->d_name, rows);
	return 0;
}

/* --- list */

static void print_row(const struct row *row)
{
	time_t since = (time_t)row->since;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&since, &tm));
	printf("%.64s %12ju  %s  %zu image%s%s\n", row->name,
	       (uintmax_t)row->bytes, text, row->n_images,
	       row->n_images == 1 ? "" : "s", row->is_in_use ? ", in use" : "");
}

static int print_json(const char *path, const struct rows *rows,
		      struct err *err)
{
	auto_free char *text = NULL;
	struct json json;
	size_t i;

	if (json_start(&json) < 0)
		return err_sys(err, ENOMEM, "list");
	json_open(&json, NULL, '{');
	json_string(&json, "store", path);
	json_open(&json, "entries", '[');
	for (i = 0; i < rows->n; i++) {
		char digest[SHA256_HEX_SIZE] = "";

		memcpy(digest, rows->items[i].name, sizeof(digest) - 1);
		json_open(&json, NULL, '{');
		json_string(&json, "sha256", digest);
		json_number(&json, "bytes", (int64_t)rows->items[i].bytes);
		json_number(&json, "since", rows->items[i].since);
		json_number(&json, "images", (int64_t)rows->items[i].n_images);
		json_bool(&json, "in_use", rows->items[i].is_in_use);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	text = json_text(&json);
	if (!text)
		return err_sys(err, ENOMEM, "list");
	fputs(text, stdout);
	return 0;
}

static int list(const struct args *args, const char *path,
		const struct store *store, struct err *err)
{
	struct rows rows = {0};
	int status = store ? read_rows(store, &rows, err) : 0;
	size_t i;

	if (status == 0 && args->json)
		status = print_json(path, &rows, err);
	for (i = 0; status == 0 && !args->json && i < rows.n; i++)
		print_row(&rows.items[i]);
	free(rows.items);
	if (status == 0 && fflush(stdout) != 0)
		return err_sys(err, errno, "standard output");
	return status;
}

/* --- prune */

/* The lock is ours until it has no name: nobody is using it, nobody can
 * begin to. */
static int prune_entry(const struct store *store, const char *name, bool is_all,
		       struct err *err)
{
	auto_close int fd =
		openat(store->dir_fd, name,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0 && is_in_use(fd) && !is_all)
		return 0;
	if (unlinkat(store->dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "store %s: remove %s", store->path,
			       name);
	return 0;
}

/* A link to an entry that is gone. */
static int prune_link(const struct store *store, const char *name,
		      struct err *err)
{
	if (faccessat(store->dir_fd, name, F_OK, 0) == 0)
		return 0;
	if (unlinkat(store->dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "store %s: remove %s", store->path,
			       name);
	return 0;
}

static int prune(const struct args *args, const char *path,
		 const struct store *store, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;

	(void)path;
	if (!store)
		return 0;
	store_sweep(store);
	if (open_names(store, &dir, err) < 0)
		return -1;
	while ((entry = readdir(dir)))
		if (store_is_entry_name(entry->d_name) &&
		    prune_entry(store, entry->d_name, args->all, err) < 0)
			return -1;
	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (is_link_name(entry->d_name) &&
		    prune_link(store, entry->d_name, err) < 0)
			return -1;
	return 0;
}

/* --- verbs */

static const struct verb {
	const char *name;
	int (*run)(const struct args *, const char *path, const struct store *,
		   struct err *);
} verbs[] = {
	{"list", list},
	{"prune", prune},
};

static const struct verb *find_verb(char **operands, int n, struct err *err)
{
	for (size_t i = 0; n == 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(operands[0], verbs[i].name) == 0)
			return &verbs[i];
	err_set(err, ERR_USAGE, "store: say list or prune (store --help)");
	return NULL;
}

static int run_verb(const struct args *args, const struct verb *verb,
		    struct err *err)
{
	auto_of(store) struct store *store = NULL;
	const char *path = args->store ? args->store : STORE_DEFAULT;

	if (args->json && verb->run != list)
		return err_set(err, ERR_USAGE, "store: --json is for list");
	if (args->all && verb->run != prune)
		return err_set(err, ERR_USAGE, "store: --all is for prune");
	if (store_open_existing(path, &store, err) < 0)
		return -1;
	return verb->run(args, path, store, err);
}

int store_verbs(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	const struct verb *verb;
	int first;

	if (opts_parse(options, false, argc, argv, &args, &first, err) < 0)
		return STATUS_FAILED;
	if (args.help)
		return print_help();
	verb = find_verb(argv + first, argc - first, err);
	if (!verb || run_verb(&args, verb, err) < 0)
		return STATUS_FAILED;
	return 0;
}
