#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void config_put(struct config *config, enum oci_piece piece, const char *format,
		...)
{
	va_list args;

	fputc((int)piece, config->out);
	va_start(args, format);
	vfprintf(config->out, format, args);
	va_end(args);
	fputc('\0', config->out);
}

int config_note(struct config *config, const struct place *place,
		const char *format, ...)
{
	auto_free char *where = oci_place_text(place), *why = NULL;
	va_list args;
	int made;

	va_start(args, format);
	made = vasprintf(&why, format, args);
	va_end(args);
	if (made < 0)
		why = NULL;
	if (!where || !why)
		return err_sys(config->reader.err, ENOMEM, "%s",
			       config->reader.name);
	config_put(config, OCI_NOTE, "%s: %s", where, why);
	return 0;
}

int config_pass(struct config *config, const struct place *place, json_t *value)
{
	(void)config;
	(void)place;
	(void)value;
	return 0;
}

bool config_is_empty(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_STRING:
		return json_string_length(value) == 0;
	case JSON_INTEGER:
		return json_integer_value(value) == 0;
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	default:
		return false;
	}
}

static const struct config_row *find_row(const struct config_row *rows,
					 const char *key)
{
	for (; rows->key; rows++)
		if (strcmp(rows->key, key) == 0)
			return rows;
	return NULL;
}

static int take_row(struct config *config, const struct config_row *row,
		    const struct place *place, json_t *value)
{
	if (json_is_null(value))
		return 0;
	if (!row)
		return config_note(config, place, "not honoured: not known");
	if (row->take)
		return row->take(config, place, value);
	if (config_is_empty(value))
		return 0;
	if (row->refusal)
		return oci_wrong(&config->reader, place, "%s", row->refusal);
	return config_note(config, place, "not honoured: %s", row->note);
}

int config_walk(struct config *config, const struct place *place,
		json_t *object, const struct config_row *rows)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return oci_wrong(&config->reader, place,
				 "an object belongs here");
	json_object_foreach(object, key, value)
	{
		const struct place below = {place, key, 0};

		if (take_row(config, find_row(rows, key), &below, value) < 0)
			return -1;
	}
	return 0;
}

int config_each(struct config *config, const struct place *place, json_t *list,
		int (*take)(struct config *config, const struct place *place,
			    json_t *item))
{
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return oci_wrong(&config->reader, place, "a list belongs here");
	json_array_foreach(list, i, item)
	{
		const struct place below = {place, NULL, i};

		if (take(config, &below, item) < 0)
			return -1;
	}
	return 0;
}

int config_get_bool(struct config *config, const struct place *place,
		    json_t *value, bool *out)
{
	if (!json_is_boolean(value))
		return oci_wrong(&config->reader, place,
				 "true or false belongs here");
	*out = json_is_true(value);
	return 0;
}

char *config_path(const struct config *config, const char *path)
{
	char *whole;

	if (*path == '/')
		return strdup(path);
	return asprintf(&whole, "%s/%s", config->directory, path) < 0 ? NULL
								      : whole;
}

/* --- the top */

static int take_version(struct config *config, const struct place *place,
			json_t *value)
{
	const char *text;

	if (oci_get_string(&config->reader, place, value, &text) < 0)
		return -1;
	return strncmp(text, "1.", 2) == 0
		       ? 0
		       : oci_wrong(&config->reader, place,
				   "version \"%.40s\"; known is 1", text);
}

static int take_hostname(struct config *config, const struct place *place,
			 json_t *value)
{
	const char *text;

	if (oci_get_string(&config->reader, place, value, &text) < 0)
		return -1;
	if (*text)
		config_put(config, OCI_OPTION, "--hostname=%s", text);
	return 0;
}

static int take_root_path(struct config *config, const struct place *place,
			  json_t *value)
{
	auto_free char *path = NULL;
	const char *text;

	if (oci_get_string(&config->reader, place, value, &text) < 0)
		return -1;
	if (!*text)
		return oci_wrong(&config->reader, place, "it is empty");
	path = config_path(config, text);
	if (!path)
		return err_sys(config->reader.err, ENOMEM, "root");
	config_put(config, OCI_ROOT, "%s", path);
	return 0;
}

static int take_readonly(struct config *config, const struct place *place,
			 json_t *value)
{
	if (config_get_bool(config, place, value, &config->is_readonly) < 0)
		return -1;
	if (config->is_readonly)
		config_put(config, OCI_OPTION, "--read-only");
	return 0;
}

static int take_root(struct config *config, const struct place *place,
		     json_t *value)
{
	static const struct config_row rows[] = {
		{"path", take_root_path, NULL, NULL},
		{"readonly", take_readonly, NULL, NULL},
		{0},
	};

	return config_walk(config, place, value, rows);
}

static const struct config_row top[] = {
	{"ociVersion", take_version, NULL, NULL},
	{"root", take_root, NULL, NULL},
	{"process", config_process, NULL, NULL},
	{"hostname", take_hostname, NULL, NULL},
	{"domainname", NULL, "no NIS domain is set", NULL},
	{"mounts", config_mounts, NULL, NULL},
	{"hooks", NULL, "programs outside the jail are not run", NULL},
	{"annotations", config_pass, NULL, NULL},
	{"linux", config_linux, NULL, NULL},
	{"solaris", NULL, "for another system", NULL},
	{"windows", NULL, "for another system", NULL},
	{"freebsd", NULL, "for another system", NULL},
	{"vm", NULL, "for another system", NULL},
	{"zos", NULL, "for another system", NULL},
	{0},
};

static int check_whole(struct config *config)
{
	const struct place root = {NULL, "root", 0};
	const struct place namespaces = {NULL, "linux.namespaces", 0};

	config_put_pids(config);
	if (config_decide_proc(config) < 0)
		return -1;
	if (config->has_mounts && !config->is_readonly &&
	    config_note(config, &root,
			"not honoured: with mounts the root is read-only "
			"(--writable: what is written is gone at the end)") < 0)
		return -1;
	if (!config->has_network &&
	    config_note(
		    config, &namespaces,
		    "not honoured: without \"network\" the host's is meant, "
		    "which --net host gives") < 0)
		return -1;
	if (config->has_namespaces)
		config_put(config, OCI_OPTION, "--ns=pid,ipc,uts,cgroup");
	return config_check_paths(config);
}

static int read_whole(struct config *config)
{
	if (!json_object_get(config->reader.root, "ociVersion"))
		return oci_wrong(&config->reader, NULL,
				 "no ociVersion: it is no config.json of an "
				 "OCI runtime");
	if (config_walk(config, NULL, config->reader.root, top) < 0)
		return -1;
	return check_whole(config);
}

int config_read(const char *name, const char *directory, const char *text,
		size_t len, char **out, size_t *size, struct err *err)
{
	struct config config = {.reader = {.name = name, .err = err},
				.directory = directory};
	auto_free char *answer = NULL;
	json_error_t why;
	int result, error;

	config.reader.root = oci_parse(text, len, &why);
	if (!config.reader.root)
		return err_set(err, ERR_MANIFEST, "%s:%d: %s", name, why.line,
			       why.text);
	config.out = open_memstream(&answer, size);
	result = config.out ? read_whole(&config)
			    : err_sys(err, ENOMEM, "%s", name);
	json_decref(config.reader.root);
	if (!config.out)
		return -1;
	error = ferror(config.out) | fclose(config.out);
	if (result == 0 && error)
		return err_sys(err, ENOMEM, "%s", name);
	if (result == 0)
		*out = TAKE(answer);
	return result;
}
