/* mounts: what can be mounted in a jail, and what a jail does without. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel_version.h"

/* Kinds that are not mounted, with the reason; NULL ends them. */
static const struct absent {
	const char *type, *why;
} absent[] = {
	{"proc", "it is mounted on /proc alone"},
	{"sysfs", "a jail has no /sys"},
	{"cgroup", "a jail does not see its cgroups"},
	{"cgroup2", "a jail does not see its cgroups"},
	{"devpts", "\"need pts\" in a --spec file mounts one"},
	{"devtmpfs", "/dev is as it is in the root"},
	{"mqueue", "POSIX queues have no directory in a jail"},
	{0},
};

struct mount {
	const struct place *place;
	const char *destination, *type, *source; /* "" when missing */
	json_t *options; /* a list, or NULL */
};

static bool has_option(const struct mount *mount, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(mount->options, i, item)
	{
		const char *text = json_string_value(item);

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* The value of "key=value", or NULL. */
static const char *option_value(const struct mount *mount, const char *key)
{
	size_t len = strlen(key), i;
	json_t *item;

	json_array_foreach(mount->options, i, item)
	{
		const char *text = json_string_value(item);

		if (text && strncmp(text, key, len) == 0 && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

static int get_text(struct config *config, const struct place *place,
		    json_t *object, const char *key, const char **out)
{
	const struct place below = {place, key, 0};
	json_t *value = json_object_get(object, key);

	*out = "";
	return value ? oci_get_string(&config->reader, &below, value, out) : 0;
}

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

/* Of a mount: what it is in any case, what it is not. */
struct option_row {
	const char *name;
	const char *note; /* why it is not honoured */
	const char *refusal; /* why it cannot be left out */
};

#define FOLLOWED "links there are followed; take it out to have them so"
#define NOT_MAPPED "owners are not mapped; take it out to have them as they are"

static const struct option_row tmpfs_options[] = {
	{"size", NULL, NULL}, /* these two by put_tmpfs() */
	{"noexec", NULL, NULL},
	{"rw", NULL, NULL},
	{"nosuid", NULL, NULL},
	{"nodev", NULL, NULL},
	{"exec", NULL, NULL},
	{"private", NULL, NULL},
	{"rprivate", NULL, NULL},
	{"ro", "it can be written to", NULL},
	{"mode", "it is that of the root's directory", NULL},
	{"uid", "it is that of the root's directory", NULL},
	{"gid", "it is that of the root's directory", NULL},
	{"nr_inodes", "they follow from the size", NULL},
	{"nr_blocks", "it is as --limit tmp says", NULL},
	{"noswap", NULL,
	 "what is written there can be swapped out; take it out to have it so"},
	{"nosymfollow", NULL, FOLLOWED},
	{"idmap", NULL, NOT_MAPPED},
	{"ridmap", NULL, NOT_MAPPED},
	{0},
};

static const struct option_row bind_options[] = {
	{"bind", NULL, NULL}, /* these by put_bind() */
	{"rbind", NULL, NULL},
	{"ro", NULL, NULL},
	{"rro", NULL, NULL},
	{"noexec", NULL, NULL},
	{"rnoexec", NULL, NULL},
	{"rw", NULL, NULL},
	{"rrw", NULL, NULL},
	{"nosuid", NULL, NULL},
	{"rnosuid", NULL, NULL},
	{"nodev", NULL, NULL},
	{"rnodev", NULL, NULL},
	{"exec", NULL, NULL},
	{"rexec", NULL, NULL},
	{"private", NULL, NULL},
	{"rprivate", NULL, NULL},
	{"nosymfollow", NULL, FOLLOWED},
	{"rnosymfollow", NULL, FOLLOWED},
	{"idmap", NULL, NOT_MAPPED},
	{"ridmap", NULL, NOT_MAPPED},
	{0},
};

static const struct option_row *find_option(const struct option_row *row,
					    const char *text)
{
	size_t len = strcspn(text, "=");

	for (; row->name; row++)
		if (strlen(row->name) == len &&
		    strncmp(row->name, text, len) == 0)
			return row;
	return NULL;
}

static int take_option(struct config *config, const struct place *place,
		       json_t *item, const struct option_row *rows)
{
	const struct option_row *row;
	const char *text;

	if (oci_get_string(&config->reader, place, item, &text) < 0)
		return -1;
	row = find_option(rows, text);
	if (!row)
		return config_note(config, place->above->above,
				   "%.40s is not honoured", text);
	if (row->refusal)
		return oci_wrong(&config->reader, place, "%.40s: %s", text,
				 row->refusal);
	return row->note ? config_note(config, place->above->above,
				       "%.40s is not honoured: %s", text,
				       row->note)
			 : 0;
}

static int take_tmpfs_option(struct config *config, const struct place *place,
			     json_t *item)
{
	return take_option(config, place, item, tmpfs_options);
}

static int take_bind_option(struct config *config, const struct place *place,
			    json_t *item)
{
	return take_option(config, place, item, bind_options);
}

static int take_options(struct config *config, const struct mount *mount,
			int (*take)(struct config *config,
				    const struct place *place, json_t *item))
{
	const struct place place = {mount->place, "options", 0};

	return mount->options
		       ? config_each(config, &place, mount->options, take)
		       : 0;
}

/* "65536k" as "65536K"; a share of the memory is left to the default. */
static int put_tmpfs(struct config *config, const struct mount *mount)
{
	const bool is_noexec = has_option(mount, "noexec");
	const char *size = option_value(mount, "size");
	size_t len = size ? strlen(size) : 0;

	if (size && (!len || size[len - 1] == '%')) {
		if (config_note(config, mount->place,
				"size=%.20s is not honoured: it is as --limit "
				"tmp says",
				size) < 0)
			return -1;
		len = 0;
	}
	if (len)
		config_put(config, OCI_OPTION, "--tmpfs=%s:%.*s%c%s",
			   mount->destination, (int)len - 1, size,
			   toupper((unsigned char)size[len - 1]),
			   is_noexec ? ",noexec" : "");
	else
		config_put(config, OCI_OPTION, "--tmpfs=%s%s",
			   mount->destination, is_noexec ? ":noexec" : "");
	config->has_mounts = true;
	return take_options(config, mount, take_tmpfs_option);
}

static bool is_readonly(const struct mount *mount)
{
	return has_option(mount, "ro") || has_option(mount, "rro");
}

static int put_bind(struct config *config, const struct mount *mount)
{
	bool is_noexec =
		has_option(mount, "noexec") || has_option(mount, "rnoexec");
	auto_free char *source = NULL;

	if (!*mount->source)
		return oci_wrong(&config->reader, mount->place, "no source");
	source = config_path(config, mount->source);
	if (!source)
		return err_sys(config->reader.err, ENOMEM, "mounts");
	config_put(config, OCI_OPTION, "--bind=%s:%s:%s%s", source,
		   mount->destination, is_readonly(mount) ? "ro" : "rw",
		   is_noexec ? ",noexec" : "");
	config->has_mounts = true;
	if (is_below(mount->destination, "/proc") ||
	    is_below(mount->destination, "/sys"))
		config->covers_proc = true;
	if (has_option(mount, "rbind") &&
	    config_note(config, mount->place,
			"rbind is not honoured: what is mounted below %s stays "
			"out",
			source) < 0)
		return -1;
	return take_options(config, mount, take_bind_option);
}

static bool is_bind(const struct mount *mount)
{
	return has_option(mount, "bind") || has_option(mount, "rbind") ||
	       strcmp(mount->type, "bind") == 0;
}

static int put_mount(struct config *config, const struct mount *mount)
{
	const struct absent *row;

	if (is_bind(mount))
		return put_bind(config, mount);
	if (strcmp(mount->type, "proc") == 0 &&
	    strcmp(mount->destination, "/proc") == 0) {
		config->wants_proc = true;
		return 0;
	}
	for (row = absent; row->type; row++)
		if (strcmp(row->type, mount->type) == 0)
			return config_note(config, mount->place,
					   "%s: not honoured: %s",
					   mount->destination, row->why);
	if (strcmp(mount->type, "tmpfs") != 0)
		return config_note(config, mount->place,
				   "%s: not honoured: file systems of type "
				   "\"%.40s\" are not mounted",
				   mount->destination, mount->type);
	if (is_below(mount->destination, "/dev"))
		return config_note(config, mount->place,
				   "%s: not honoured: /dev is as it is in the "
				   "root",
				   mount->destination);
	return put_tmpfs(config, mount);
}

static int read_mount(struct config *config, const struct place *place,
		      json_t *item, struct mount *out)
{
	*out = (struct mount){.place = place};
	if (!json_is_object(item)) {
		oci_wrong(&config->reader, place, "an object belongs here");
		return -1;
	}
	if (get_text(config, place, item, "destination", &out->destination) <
		    0 ||
	    get_text(config, place, item, "type", &out->type) < 0 ||
	    get_text(config, place, item, "source", &out->source) < 0 ||
	    oci_get_list(&config->reader, place, item, "options",
			 &out->options) < 0)
		return -1;
	if (out->destination[0] != '/' || strchr(out->destination, ':'))
		return oci_wrong(&config->reader, place,
				 "destination \"%.100s\": an absolute path "
				 "without colons belongs here",
				 out->destination);
	return 0;
}

static int take_mount(struct config *config, const struct place *place,
		      json_t *item)
{
	struct mount mount;

	if (read_mount(config, place, item, &mount) < 0)
		return -1;
	if (json_object_get(item, "uidMappings") ||
	    json_object_get(item, "gidMappings"))
		return oci_wrong(&config->reader, place,
				 "owners are not mapped; take the mappings out "
				 "to have them as they are");
	return put_mount(config, &mount);
}

int config_mounts(struct config *config, const struct place *place,
		  json_t *value)
{
	config->mounts = value;
	return config_each(config, place, value, take_mount);
}

/* --- paths that are covered, or cannot be written */

/* With ".." a path is not below what it begins with. */
static bool goes_up(const char *path)
{
	for (; path; path = strchr(path, '/')) {
		path += *path == '/';
		if (strncmp(path, "..", 2) == 0 &&
		    (path[2] == '\0' || path[2] == '/'))
			return true;
	}
	return false;
}

/* Is it in a mount of the configuration that can be written to? */
static bool is_in_writable(struct config *config, const char *path)
{
	const struct place nowhere = {0};
	struct mount mount;
	json_t *item;
	size_t i;

	json_array_foreach(config->mounts, i, item)
	{
		if (read_mount(config, &nowhere, item, &mount) == 0 &&
		    is_below(path, mount.destination) &&
		    (strcmp(mount.type, "tmpfs") == 0 ||
		     (is_bind(&mount) && !is_readonly(&mount))))
			return true;
	}
	return false;
}

/* A jail has nothing of the host there. */
static bool is_absent(struct config *config, const char *path)
{
	return !config->covers_proc && !goes_up(path) &&
	       (is_below(path, "/proc") || is_below(path, "/sys"));
}

static bool is_made_readonly(struct config *config, const char *path)
{
	return is_absent(config, path) ||
	       (config->is_readonly && !config->covers_proc && !goes_up(path) &&
		!is_in_writable(config, path));
}

/* What is asked for and not done is refused. */
static int check_list(struct config *config, const char *key, json_t *list,
		      bool (*is_done)(struct config *config, const char *path),
		      const char *why)
{
	const struct place list_place = {NULL, key, 0};
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const struct place place = {&list_place, NULL, i};
		const char *path;

		if (oci_get_string(&config->reader, &place, item, &path) < 0)
			return -1;
		if (!is_done(config, path))
			return oci_wrong(&config->reader, &place, "%.100s %s",
					 path, why);
	}
	return 0;
}

static bool masks_proc(const struct config *config)
{
	json_t *item;
	size_t i;

	json_array_foreach(config->masked_paths, i, item)
	{
		const char *path = json_string_value(item);

		if (path && is_below(path, "/proc"))
			return true;
	}
	return false;
}

/* Nothing in it can be written, and what is masked is not there. */
int config_decide_proc(struct config *config)
{
	const struct place place = {NULL, "mounts", 0};

	if (!config->wants_proc)
		return 0;
	if (!config->has_pid)
		return config_note(config, &place,
				   "/proc: not honoured: it needs a pid "
				   "namespace");
	/* With Linux 5.8 a /proc can have nothing but processes in it. */
	if (masks_proc(config) && !kernel_is_at_least(5, 8))
		return config_note(config, &place,
				   "/proc: not honoured: before Linux 5.8 what "
				   "linux.maskedPaths names would be there");
	config->has_mounts = true;
	config_put(config, OCI_OPTION, "--proc");
	return 0;
}

int config_check_paths(struct config *config)
{
	if (check_list(config, "linux.maskedPaths", config->masked_paths,
		       is_absent,
		       "cannot be covered; take it out of the list, and of the "
		       "root") < 0)
		return -1;
	return check_list(config, "linux.readonlyPaths", config->readonly_paths,
			  is_made_readonly,
			  "can be made read-only with all of the root only: "
			  "\"readonly\": true, and no mount that can be "
			  "written to");
}
