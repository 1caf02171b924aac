#include "eif_metadata.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* As AWS's tool writes a time. */
static int format_time(long long seconds, char *out, size_t size,
		       struct err *err)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || tm.tm_year + 1900 > 9999 ||
	    strftime(out, size, "%Y-%m-%dT%H:%M:%S+00:00", &tm) == 0)
		return err_set(err, ERR_USAGE,
			       "SOURCE_DATE_EPOCH: metadata cannot tell times "
			       "after 9999");
	return 0;
}

static int check_text(const char *text, const char *what, struct err *err)
{
	json_t *string = json_pack("s", text);

	json_decref(string);
	return string ? 0 : err_set(err, ERR_USAGE, "%s: not UTF-8 text", what);
}

int eif_metadata_make(const struct eif_metadata *metadata, char **text,
		      struct err *err)
{
	char when[40];
	json_t *all;

	if (format_time(metadata->time, when, sizeof(when), err) < 0 ||
	    check_text(metadata->image_name, "--name", err) < 0 ||
	    check_text(metadata->image_version, "--image-version", err) < 0)
		return -1;
	/* the order is that of AWS's own writer */
	all = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}, s:n, s:O?}",
			"ImageName", metadata->image_name, "ImageVersion",
			metadata->image_version, "BuildMetadata", "BuildTime",
			when, "BuildTool", "jailbake", "BuildToolVersion",
			JAIL_VERSION, "OperatingSystem", "Linux",
			"KernelVersion", metadata->kernel_version, "DockerInfo",
			"CustomMetadata", metadata->custom);
	*text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	json_decref(all);
	return *text ? 0 : err_sys(err, ENOMEM, "metadata");
}

static int lacks(const char *name, const char *key, const char *what,
		 struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: the metadata have no %s%s", name,
		       what, key);
}

static int check_strings(const json_t *object, const char *const *keys,
			 const char *name, struct err *err)
{
	for (; *keys; keys++)
		if (!json_is_string(json_object_get(object, *keys)))
			return lacks(name, *keys, "text ", err);
	return 0;
}

/* AWS's reader wants every one of these, although its schema does not. */
static int check_form(const json_t *all, const char *name, struct err *err)
{
	static const char *const outer[] = {"ImageName", "ImageVersion", NULL};
	static const char *const inner[] = {
		"BuildTime",	   "BuildTool",	    "BuildToolVersion",
		"OperatingSystem", "KernelVersion", NULL};
	const json_t *build = json_object_get(all, "BuildMetadata");

	if (check_strings(all, outer, name, err) < 0)
		return -1;
	if (!json_is_object(build))
		return lacks(name, "BuildMetadata", "object ", err);
	if (check_strings(build, inner, name, err) < 0)
		return -1;
	if (!json_object_get(all, "DockerInfo"))
		return lacks(name, "DockerInfo", "", err);
	if (!json_object_get(all, "CustomMetadata"))
		return lacks(name, "CustomMetadata", "", err);
	return 0;
}

int eif_metadata_read(const char *text, size_t len, const char *name,
		      json_t **out, struct err *err)
{
	json_error_t why;
	json_t *all = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);

	if (!all && json_error_code(&why) == json_error_out_of_memory)
		return err_sys(err, ENOMEM, "%s", name);
	if (!json_is_object(all)) {
		json_decref(all);
		return err_set(err, ERR_INPUT,
			       "%s: the metadata are no JSON object%s%s", name,
			       all ? "" : ": ", all ? "" : why.text);
	}
	if (check_form(all, name, err) < 0) {
		json_decref(all);
		return -1;
	}
	*out = all;
	return 0;
}
