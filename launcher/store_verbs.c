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
#include "device_pin.h"
#include "directory.h"
#include "json.h"
#include "opts.h"
#include "outcome.h"
#include "pin.h"
#include "store.h"
#include "store_index.h"

struct args {
	const char *store;
	bool json, all, help;
};

/* clang-format off */
const struct opt store_options[] = {
	{0, "store", "DIR", OPT_INTO(struct args, store),
	 "another store than " STORE_DEFAULT},
	{0, "json", NULL, OPT_INTO(struct args, json), "list: print JSON"},
	{0, "all", NULL, OPT_INTO(struct args, all),
	 "prune: also what is in use or pinned"},
	{'h', "help", NULL, OPT_INTO(struct args, help), "print this"},
	{0},
};
/* clang-format on */

/* What the store holds of one name. */
struct row {
	char name[STORE_ENTRY_SIZE];
	struct stat st;
	bool is_in_use;
	const char *pin; /* its name, or NULL */
	size_t n_images; /* files that are known to be this one, compressed */
};

struct holdings {
	const struct store *store; /* NULL: there is none */
	const char *path;
	struct row *rows;
	size_t n_rows;
	/* all there are, if this is the usual store; else of its entries */
	struct pin *pins;
	size_t n_pins;
};

static int print_help(void)
{
	fputs("usage: jaillaunch store list [--json] [--store DIR]\n"
	      "       jaillaunch store prune [--all] [--store DIR]\n\n"
	      "The store keeps the plain tars of compressed images.\n\n",
	      stdout);
	opts_help(store_options, stdout);
	return 0;
}

/* --- walking */

static int open_names(const struct store *store, DIR **out, struct err *err)
{
	*out = directory_list(store->dir_fd);
	return *out ? 0 : err_sys(err, errno, "store %s", store->path);
}

/* An entry of which nobody holds the shared lock can be had for itself. */
static bool is_in_use(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int open_entry(const struct store *store, const char *name)
{
	return openat(store->dir_fd, name,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static bool is_link_name(const char *name)
{
	return strncmp(name, STORE_FROM, strlen(STORE_FROM)) == 0;
}

static const struct pin *find_pin(const struct holdings *holdings,
				  const struct stat *st)
{
	for (size_t i = 0; i < holdings->n_pins; i++)
		if (holdings->pins[i].dev == st->st_dev &&
		    holdings->pins[i].inode == st->st_ino)
			return &holdings->pins[i];
	return NULL;
}

static int add_row(struct holdings *holdings, const char *name, struct err *err)
{
	auto_close int fd = open_entry(holdings->store, name);
	const struct pin *pin;
	struct row *row;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0; /* pruned meanwhile */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "store %s/%s", holdings->path, name);
	row = array_push(holdings->rows, holdings->n_rows);
	if (!row)
		return err_sys(err, ENOMEM, "store");
	pin = find_pin(holdings, &st);
	*row = (struct row){.st = st,
			    .pin = pin ? pin->name : NULL,
			    .is_in_use = is_in_use(fd)};
	memcpy(row->name, name, sizeof(row->name));
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name,
		      ((const struct row *)b)->name);
}

static void count_image(struct holdings *holdings, const char *link)
{
	struct row key = {0}, *row;
	ssize_t len = readlinkat(holdings->store->dir_fd, link, key.name,
				 sizeof(key.name));

	if (len != sizeof(key.name) - 1 || holdings->n_rows == 0)
		return;
	row = bsearch(&key, holdings->rows, holdings->n_rows, sizeof(*row),
		      compare_rows);
	if (row)
		row->n_images++;
}

static int read_rows(struct holdings *holdings, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;

	if (open_names(holdings->store, &dir, err) < 0)
		return -1;
	while ((entry = readdir(dir)))
		if (store_is_entry_name(entry->d_name) &&
		    add_row(holdings, entry->d_name, err) < 0)
			return -1;
	if (holdings->n_rows)
		qsort(holdings->rows, holdings->n_rows, sizeof(struct row),
		      compare_rows);
	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (is_link_name(entry->d_name))
			count_image(holdings, entry->d_name);
	return 0;
}

static bool is_of_row(const struct holdings *holdings, const struct pin *pin)
{
	for (size_t i = 0; i < holdings->n_rows; i++)
		if (holdings->rows[i].pin == pin->name)
			return true;
	return false;
}

/* Pins are root's; there are none where they cannot be made. */
static int read_pins(struct holdings *holdings, struct err *err)
{
	if (geteuid() != 0 ||
	    pin_list(&holdings->pins, &holdings->n_pins, err) == 0)
		return 0;
	if (err->sys != EROFS && err->sys != ENOENT)
		return -1;
	*err = (struct err){0};
	return 0;
}

static int read_holdings(struct holdings *holdings, struct err *err)
{
	return read_pins(holdings, err) < 0 ||
			       (holdings->store && read_rows(holdings, err) < 0)
		       ? -1
		       : 0;
}

/* Of images that are not in the store; another store than the usual one does
 * not care. */
static bool is_others_pin(const struct holdings *holdings,
			  const struct pin *pin)
{
	return strcmp(holdings->path, STORE_DEFAULT) == 0 &&
	       !is_of_row(holdings, pin);
}

/* --- list */

static void print_line(const char *name, uint64_t bytes, int64_t seconds)
{
	time_t since = (time_t)seconds;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&since, &tm));
	printf("%-64.64s %12ju  %s  ", name, (uintmax_t)bytes, text);
}

static void print_text(const struct holdings *holdings)
{
	for (size_t i = 0; i < holdings->n_rows; i++) {
		const struct row *row = &holdings->rows[i];

		print_line(row->name, (uint64_t)row->st.st_size,
			   row->st.st_ctim.tv_sec);
		printf("%zu image%s%s%s\n", row->n_images,
		       row->n_images == 1 ? "" : "s",
		       row->is_in_use ? ", in use" : "",
		       row->pin ? ", pinned" : "");
	}
	for (size_t i = 0; i < holdings->n_pins; i++) {
		const struct pin *pin = &holdings->pins[i];

		if (!is_others_pin(holdings, pin))
			continue;
		print_line(pin->name, pin->size,
			   (int64_t)(pin->ctime_ns / 1000000000));
		puts(!pin->is_mounted  ? "pin, unfinished"
		     : pin->is_current ? "pin"
				       : "pin of an image that is gone");
	}
}

static void put_row(struct json *json, const struct row *row)
{
	char digest[SHA256_HEX_SIZE] = "";

	memcpy(digest, row->name, sizeof(digest) - 1);
	json_open(json, NULL, '{');
	json_string(json, "sha256", digest);
	json_number(json, "bytes", row->st.st_size);
	json_number(json, "since", row->st.st_ctim.tv_sec);
	json_number(json, "images", (int64_t)row->n_images);
	json_bool(json, "in_use", row->is_in_use);
	json_bool(json, "pinned", row->pin != NULL);
	json_close(json, '}');
}

static void put_pin(struct json *json, const struct pin *pin)
{
	json_open(json, NULL, '{');
	json_string(json, "name", pin->name);
	json_number(json, "bytes", (int64_t)pin->size);
	json_bool(json, "mounted", pin->is_mounted);
	json_bool(json, "current", pin->is_current);
	json_close(json, '}');
}

static int print_json(const struct holdings *holdings, struct err *err)
{
	auto_free char *text = NULL;
	struct json json;
	size_t i;

	if (json_start(&json) < 0)
		return err_sys(err, ENOMEM, "list");
	json_open(&json, NULL, '{');
	json_string(&json, "store", holdings->path);
	json_open(&json, "entries", '[');
	for (i = 0; i < holdings->n_rows; i++)
		put_row(&json, &holdings->rows[i]);
	json_close(&json, ']');
	json_open(&json, "other_pins", '[');
	for (i = 0; i < holdings->n_pins; i++)
		if (is_others_pin(holdings, &holdings->pins[i]))
			put_pin(&json, &holdings->pins[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	text = json_text(&json);
	if (!text)
		return err_sys(err, ENOMEM, "list");
	fputs(text, stdout);
	return 0;
}

static int list(const struct args *args, const struct holdings *holdings,
		struct err *err)
{
	if (args->json)
		return print_json(holdings, err);
	print_text(holdings);
	return 0;
}

/* --- prune */

static int remove_name(const struct store *store, const char *name,
		       struct err *err)
{
	if (unlinkat(store->dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "store %s: remove %s", store->path,
			       name);
	return 0;
}

/* The lock is ours until it has no name: nobody is using it, nobody can
 * begin to. */
static int prune_entry(const struct store *store, const struct row *row,
		       bool is_all, struct err *err)
{
	auto_close int fd = open_entry(store, row->name);

	if (!is_all && (row->pin || (fd >= 0 && is_in_use(fd))))
		return 0;
	/* else its space would stay in use */
	if (row->pin && pin_remove(row->pin, true, err) < 0)
		return -1;
	return remove_name(store, row->name, err);
}

/* Links to entries that are gone. */
static int prune_links(const struct store *store, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;

	if (open_names(store, &dir, err) < 0)
		return -1;
	while ((entry = readdir(dir)))
		if (is_link_name(entry->d_name) &&
		    faccessat(store->dir_fd, entry->d_name, F_OK, 0) < 0 &&
		    remove_name(store, entry->d_name, err) < 0)
			return -1;
	return 0;
}

/* Nobody will ask for it again, or it was left half-made. */
static bool is_useless(const struct pin *pin)
{
	return !pin->is_current || !pin->is_mounted;
}

static int prune(const struct args *args, const struct holdings *holdings,
		 struct err *err)
{
	for (size_t i = 0; i < holdings->n_pins; i++)
		if (is_others_pin(holdings, &holdings->pins[i]) &&
		    (args->all || is_useless(&holdings->pins[i])) &&
		    pin_remove(holdings->pins[i].name, args->all, err) < 0)
			return -1;
	/* Of no store in particular, and soon made again. */
	if (!args->store && device_pin_remove_all(err) < 0)
		return -1;
	if (!holdings->store)
		return 0;
	store_sweep(holdings->store);
	for (size_t i = 0; i < holdings->n_rows; i++)
		if (prune_entry(holdings->store, &holdings->rows[i], args->all,
				err) < 0)
			return -1;
	return prune_links(holdings->store, err);
}

/* --- verbs */

static const struct verb {
	const char *name;
	int (*run)(const struct args *, const struct holdings *, struct err *);
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
	struct holdings holdings = {
		.path = args->store ? args->store : STORE_DEFAULT,
	};
	int status;

	if (args->json && verb->run != list)
		return err_set(err, ERR_USAGE, "store: --json is for list");
	if (args->all && verb->run != prune)
		return err_set(err, ERR_USAGE, "store: --all is for prune");
	if (store_open_existing(holdings.path, &store, err) < 0)
		return -1;
	holdings.store = store;
	status = read_holdings(&holdings, err);
	if (status == 0)
		status = verb->run(args, &holdings, err);
	free(holdings.rows);
	free(holdings.pins);
	return status;
}

int store_verbs(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	const struct verb *verb;
	int first;

	if (opts_parse(store_options, false, argc, argv, &args, &first, err) <
	    0)
		return STATUS_FAILED;
	if (args.help)
		return print_help();
	verb = find_verb(argv + first, argc - first, err);
	if (!verb || run_verb(&args, verb, err) < 0)
		return STATUS_FAILED;
	return 0;
}
