#include "directives.h"

#include <string.h>

#include "known_device.h"
#include "values.h"

static const struct key as_key[] = {{"as", value_path, false}, {0}};
static const struct key mode_key[] = {{"mode", value_mode, false}, {0}};
static const struct key file_keys[] = {
	{"as", value_path, false},
	{"mode", value_mode, false},
	{0},
};
static const struct key user_keys[] = {
	{"uid", value_id, true},
	{"gid", value_id, false},
	{"home", value_plain_path, false},
	{"shell", value_plain_path, false},
	{0},
};
static const struct key group_keys[] = {{"gid", value_id, true}, {0}};

/* The order of the rows is that of the canonical form. */
static const struct directive directives[N_VERBS] = {
	[VERB_USE] = {.verb = "use",
		      .usage = "NAME|./FILE",
		      .least_args = 1,
		      .most_args = 1,
		      .checks = {value_preset},
		      .help = "read a preset, or a file beside this one, once"},
	[VERB_BIN] = {.verb = "bin",
		      .usage = "X... [as=/P]",
		      .least_args = 1,
		      .most_args = ARGS_MANY,
		      .checks = {value_program},
		      .keys = as_key,
		      .is_list = true,
		      .is_source = true,
		      .is_pattern = true,
		      .help = "a program, by name or path, and what it needs"},
	[VERB_LIB] = {.verb = "lib",
		      .usage = "X...",
		      .least_args = 1,
		      .most_args = ARGS_MANY,
		      .checks = {value_library},
		      .is_list = true,
		      .is_source = true,
		      .is_pattern = true,
		      .help = "a library, by name or path, and what it needs"},
	[VERB_FILE] = {.verb = "file",
		       .usage = "P... [as=/P] [mode=OCTAL]",
		       .least_args = 1,
		       .most_args = ARGS_MANY,
		       .checks = {value_sources},
		       .keys = file_keys,
		       .is_list = true,
		       .is_source = true,
		       .is_pattern = true,
		       .help = "a file of the source root"},
	[VERB_TREE] = {.verb = "tree",
		       .usage = "DIR [-GLOB...]",
		       .least_args = 1,
		       .most_args = ARGS_MANY,
		       .checks = {value_sources, value_exclusion},
		       .is_source = true,
		       .is_pattern = true,
		       .help = "a directory and all below it, but for the "
			       "globs"},
	[VERB_PKG] = {.verb = "pkg",
		      .usage = "NAME [GLOB...] [-GLOB...]",
		      .least_args = 1,
		      .most_args = ARGS_MANY,
		      .checks = {value_package, value_package_glob},
		      .is_source = true,
		      .help = "the files of an installed Debian package, all "
			      "or some"},
	[VERB_DIR] = {.verb = "dir",
		      .usage = "P [mode=OCTAL]",
		      .least_args = 1,
		      .most_args = 1,
		      .checks = {value_path},
		      .keys = mode_key,
		      .once = ONCE_ARGUMENT,
		      .help = "an empty directory"},
	[VERB_LINK] = {.verb = "link",
		       .usage = "P -> T",
		       .least_args = 2,
		       .most_args = 2,
		       .checks = {value_path, value_target},
		       .once = ONCE_ARGUMENT,
		       .has_arrow = true,
		       .help = "a symbolic link at P with the target T"},
	[VERB_TEXT] = {.verb = "text",
		       .usage = "P \"CONTENT\" [mode=OCTAL]",
		       .least_args = 2,
		       .most_args = 2,
		       .checks = {value_path, value_any},
		       .keys = mode_key,
		       .once = ONCE_ARGUMENT,
		       .help = "a file with the given content"},
	[VERB_COPY] = {.verb = "copy",
		       .usage = "./LOCAL P [mode=OCTAL]",
		       .least_args = 2,
		       .most_args = 2,
		       .checks = {value_local, value_path},
		       .keys = mode_key,
		       .is_source = true,
		       .help = "a file or directory beside the manifest"},
	[VERB_DEV] = {.verb = "dev",
		      .usage = "NAME...",
		      .least_args = 1,
		      .most_args = ARGS_MANY,
		      .checks = {value_device},
		      .is_list = true,
		      .help = "a device: " KNOWN_DEVICE_WORDS},
	[VERB_USER] = {.verb = "user",
		       .usage = "NAME uid=N [gid=N] [home=/P] [shell=/P]",
		       .least_args = 1,
		       .most_args = 1,
		       .checks = {value_new_name},
		       .keys = user_keys,
		       .once = ONCE_ARGUMENT,
		       .help = "a user of the jail, and his home"},
	[VERB_GROUP] = {.verb = "group",
			.usage = "NAME gid=N",
			.least_args = 1,
			.most_args = 1,
			.checks = {value_new_name},
			.keys = group_keys,
			.once = ONCE_ARGUMENT,
			.help = "a group of the jail"},
	[VERB_ALLOW] = {.verb = "allow",
			.usage = "setuid|writable P",
			.least_args = 2,
			.most_args = 2,
			.checks = {value_allow, value_path},
			.help = "an exception from the lockdown"},
	[VERB_CAPS] = {.verb = "caps",
		       .usage = "P CAP_X[,CAP_Y...]",
		       .least_args = 2,
		       .most_args = 2,
		       .checks = {value_path, value_caps},
		       .once = ONCE_ARGUMENT,
		       .help = "the file capabilities of a program"},
	[VERB_OMIT] = {.verb = "omit",
		       .usage = "GLOB...",
		       .least_args = 1,
		       .most_args = ARGS_MANY,
		       .checks = {value_glob},
		       .is_list = true,
		       .is_source = true,
		       .is_pattern = true,
		       .help = "leave out what matches; after all else"},
	[VERB_DLOPEN] = {.verb = "dlopen",
			 .usage = "required|recommended|all|none",
			 .section = SECTION_RULES,
			 .least_args = 1,
			 .most_args = 1,
			 .checks = {value_dlopen},
			 .once = ONCE_VERB,
			 .help = "which libraries named in .note.dlopen to "
				 "take"},
	[VERB_HWCAPS] = {.verb = "hwcaps",
			 .usage = "none|all",
			 .section = SECTION_RULES,
			 .least_args = 1,
			 .most_args = 1,
			 .checks = {value_hwcaps},
			 .once = ONCE_VERB,
			 .help = "libraries for newer processors too"},
	[VERB_CACHE] = {.verb = "cache",
			.usage = "auto|yes|no",
			.section = SECTION_RULES,
			.least_args = 1,
			.most_args = 1,
			.checks = {value_cache},
			.once = ONCE_VERB,
			.help = "make an ld.so.cache: when it is needed, "
				"always, never"},
	[VERB_OPAQUE] = {.verb = "opaque",
			 .usage = "",
			 .section = SECTION_RULES,
			 .once = ONCE_VERB,
			 .help = "directories that cannot be listed, and decoy "
				 "files"},
	[VERB_ENTRY] = {.verb = "entry",
			.usage = "PROGRAM [ARG...]",
			.section = SECTION_LAUNCH,
			.least_args = 1,
			.most_args = ARGS_MANY,
			.checks = {value_command, value_any},
			.once = ONCE_VERB,
			.help = "what to start when no program is named"},
	[VERB_RUN_AS] = {.verb = "run-as",
			 .usage = "USER",
			 .section = SECTION_LAUNCH,
			 .least_args = 1,
			 .most_args = 1,
			 .checks = {value_user},
			 .once = ONCE_VERB,
			 .help = "the user to run as: a name or a number"},
	[VERB_WORKDIR] = {.verb = "workdir",
			  .usage = "DIR",
			  .section = SECTION_LAUNCH,
			  .least_args = 1,
			  .most_args = 1,
			  .checks = {value_plain_path},
			  .once = ONCE_VERB,
			  .help = "the directory to start in"},
	[VERB_ENV] = {.verb = "env",
		      .usage = "K=V",
		      .section = SECTION_LAUNCH,
		      .least_args = 1,
		      .most_args = 1,
		      .checks = {value_env},
		      .is_assignment = true,
		      .once = ONCE_ARGUMENT,
		      .help = "a variable of the environment"},
	[VERB_LIMIT] = {.verb = "limit",
			.usage = "K=V",
			.section = SECTION_LAUNCH,
			.least_args = 1,
			.most_args = 1,
			.checks = {value_limit},
			.is_assignment = true,
			.once = ONCE_ARGUMENT,
			.help = "a limit, as in memory=128M"},
	[VERB_SECCOMP] =
		{.verb = "seccomp",
		 .usage = "NAME",
		 .section = SECTION_LAUNCH,
		 .least_args = 1,
		 .most_args = 1,
		 .checks = {value_name},
		 .once = ONCE_VERB,
		 .help = "the policy: default, strict, cape, cape-deny"},
	[VERB_NET] = {.verb = "net",
		      .usage = "none|host|private",
		      .section = SECTION_LAUNCH,
		      .least_args = 1,
		      .most_args = 1,
		      .checks = {value_name},
		      .once = ONCE_VERB,
		      .help = "the network"},
	[VERB_UID_POOL] = {.verb = "uid-pool",
			   .usage = "FIRST-LAST",
			   .section = SECTION_LAUNCH,
			   .least_args = 1,
			   .most_args = 1,
			   .checks = {value_uid_pool},
			   .once = ONCE_VERB,
			   .help = "uids of which each jail gets one for "
				   "itself (not in an image)"},
	[VERB_NEED] = {.verb = "need",
		       .usage = "proc|shm|pts...",
		       .section = SECTION_LAUNCH,
		       .least_args = 1,
		       .most_args = ARGS_MANY,
		       .checks = {value_need},
		       .is_list = true,
		       .help = "what must be mounted: /proc, /dev/shm, "
			       "/dev/pts"},
};

const struct directive *directive_of(enum verb verb)
{
	return &directives[verb];
}

const struct directive *directive_find(const char *name, enum verb *verb)
{
	size_t i;

	for (i = 0; i < N_VERBS; i++) {
		if (strcmp(directives[i].verb, name) != 0)
			continue;
		*verb = (enum verb)i;
		return &directives[i];
	}
	return NULL;
}

bool text_is_pattern(const char *text)
{
	const char *bracket = strrchr(text, ']');

	for (; *text; text++) {
		/* "[]" is not closed: the first "]" is a member of the set. */
		bool is_set = *text == '[' && bracket && text + 2 <= bracket;

		if (is_set || strchr("*?", *text))
			return true;
		if (*text == '\\' && text[1])
			text++;
	}
	return false;
}
