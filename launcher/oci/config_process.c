/* process: who runs what, and with which limits. */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static int take_terminal(struct config *config, const struct place *place,
			 json_t *value)
{
	bool has_terminal;

	if (config_get_bool(config, place, value, &has_terminal) < 0)
		return -1;
	if (!has_terminal)
		config_put(config, OCI_OPTION, "--tty=no");
	return 0;
}

/* --- user */

static int put_number(struct config *config, const struct place *place,
		      json_t *value, const char *option)
{
	uint64_t number = 0;

	if (oci_get_number(&config->reader, place, value, UINT32_MAX - 1,
			   &number) < 0)
		return -1;
	config_put(config, OCI_OPTION, "%s=#%" PRIu64, option, number);
	return 0;
}

static int take_uid(struct config *config, const struct place *place,
		    json_t *value)
{
	return put_number(config, place, value, "--user");
}

static int take_gid(struct config *config, const struct place *place,
		    json_t *value)
{
	return put_number(config, place, value, "--group");
}

#define UMASK 022

static int take_umask(struct config *config, const struct place *place,
		      json_t *value)
{
	uint64_t umask = 0;

	if (oci_get_number(&config->reader, place, value, 07777, &umask) < 0)
		return -1;
	if (umask & ~(uint64_t)UMASK)
		return oci_wrong(&config->reader, place,
				 "the umask is 022, and %" PRIu64 " (0%" PRIo64
				 ") keeps more from others; "
				 "take it out to run without",
				 umask, umask);
	return umask == UMASK ? 0
			      : config_note(config, place,
					    "not honoured: the umask is 022");
}

static int take_user(struct config *config, const struct place *place,
		     json_t *value)
{
	static const struct config_row rows[] = {
		{"uid", take_uid, NULL, NULL},
		{"gid", take_gid, NULL, NULL},
		{"umask", take_umask, NULL, NULL},
		{"additionalGids", NULL, "no supplementary groups", NULL},
		{"username", NULL, "the uid says who it is", NULL},
		{0},
	};

	config_put(config, OCI_OPTION, "--no-groups");
	return config_walk(config, place, value, rows);
}

/* --- what is executed */

static int put_argument(struct config *config, const struct place *place,
			json_t *item)
{
	const char *text;

	if (oci_get_string(&config->reader, place, item, &text) < 0)
		return -1;
	config_put(config, OCI_ARGUMENT, "%s", text);
	return 0;
}

static int take_args(struct config *config, const struct place *place,
		     json_t *value)
{
	return config_each(config, place, value, put_argument);
}

/* A name alone would hand on the caller's variable. */
static int put_variable(struct config *config, const struct place *place,
			json_t *item)
{
	const char *text;

	if (oci_get_string(&config->reader, place, item, &text) < 0)
		return -1;
	if (!strchr(text, '='))
		return oci_wrong(&config->reader, place,
				 "\"%.60s\" is not NAME=VALUE", text);
	config_put(config, OCI_OPTION, "--env=%s", text);
	return 0;
}

static int take_env(struct config *config, const struct place *place,
		    json_t *value)
{
	return config_each(config, place, value, put_variable);
}

static int take_cwd(struct config *config, const struct place *place,
		    json_t *value)
{
	const char *text;

	if (oci_get_string(&config->reader, place, value, &text) < 0)
		return -1;
	if (*text)
		config_put(config, OCI_OPTION, "--chdir=%s", text);
	return 0;
}

/* --- capabilities */

static int put_name(struct config *config, const struct place *place,
		    json_t *item)
{
	const char *text;

	if (oci_get_string(&config->reader, place, item, &text) < 0)
		return -1;
	if (strchr(text, ','))
		return oci_wrong(&config->reader, place,
				 "\"%.60s\" is no capability", text);
	fprintf(config->out, "%s%s", place->index > 0 ? "," : "", text);
	return 0;
}

static int put_capabilities(struct config *config, const struct place *place,
			    json_t *value, const char *option)
{
	if (config_is_empty(value)) /* or of another type */
		return config_each(config, place, value, put_name);
	fprintf(config->out, "%c%s=", OCI_OPTION, option);
	if (config_each(config, place, value, put_name) < 0)
		return -1;
	fputc('\0', config->out);
	return 0;
}

static int take_bounding(struct config *config, const struct place *place,
			 json_t *value)
{
	return put_capabilities(config, place, value, "--caps");
}

static int take_ambient(struct config *config, const struct place *place,
			json_t *value)
{
	return put_capabilities(config, place, value, "--ambient-caps");
}

static bool is_ambient(const struct config *config, const json_t *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(config->ambient, i, item)
	{
		if (json_equal(item, name))
			return true;
	}
	return false;
}

/* What is ambient is in the other sets, too; nothing else is. */
static int take_other_set(struct config *config, const struct place *place,
			  json_t *value)
{
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return oci_wrong(&config->reader, place, "a list belongs here");
	json_array_foreach(value, i, item)
	{
		if (!is_ambient(config, item))
			return config_note(config, place,
					   "not honoured: an ordinary user has "
					   "those of \"ambient\", uid 0 those "
					   "of \"bounding\"");
	}
	return 0;
}

static int take_capabilities(struct config *config, const struct place *place,
			     json_t *value)
{
	static const struct config_row rows[] = {
		{"bounding", take_bounding, NULL, NULL},
		{"ambient", take_ambient, NULL, NULL},
		{"effective", take_other_set, NULL, NULL},
		{"permitted", take_other_set, NULL, NULL},
		{"inheritable", take_other_set, NULL, NULL},
		{0},
	};

	config->ambient = json_object_get(value, "ambient");
	return config_walk(config, place, value, rows);
}

/* --- rlimits */

static const struct oci_limit {
	const char *type, *limit;
} limits[] = {
	{"RLIMIT_AS", "as"},	     {"RLIMIT_CORE", "core"},
	{"RLIMIT_CPU", "cpu-time"},  {"RLIMIT_FSIZE", "fsize"},
	{"RLIMIT_NOFILE", "nofile"}, {"RLIMIT_NPROC", "pids"},
	{"RLIMIT_STACK", "stack"},   {0},
};

static const struct oci_limit *find_limit(const char *type)
{
	const struct oci_limit *row;

	for (row = limits; row->type; row++)
		if (strcmp(row->type, type) == 0)
			return row;
	return NULL;
}

void config_limit_pids(struct config *config, uint64_t most)
{
	if (!config->has_pids || most < config->pids)
		config->pids = most;
	config->has_pids = true;
}

static void put_limit(struct config *config, const char *limit, uint64_t most)
{
	if (most == UINT64_MAX)
		config_put(config, OCI_OPTION, "--limit=%s=unlimited", limit);
	else
		config_put(config, OCI_OPTION, "--limit=%s=%" PRIu64, limit,
			   most);
}

void config_put_pids(struct config *config)
{
	if (config->has_pids)
		put_limit(config, "pids", config->pids);
}

/* Both limits become the soft one: nothing is raised later. */
static int take_rlimit(struct config *config, const struct place *place,
		       json_t *item)
{
	const struct place type_place = {place, "type", 0};
	const struct place soft_place = {place, "soft", 0};
	const struct place hard_place = {place, "hard", 0};
	const struct oci_limit *row;
	const char *type = "";
	uint64_t soft = 0, hard = 0;

	if (oci_check_keys(&config->reader, place, item, "type soft hard") <
		    0 ||
	    oci_get_string(&config->reader, &type_place,
			   json_object_get(item, "type"), &type) < 0 ||
	    oci_get_number(&config->reader, &soft_place,
			   json_object_get(item, "soft"), UINT64_MAX,
			   &soft) < 0 ||
	    oci_get_number(&config->reader, &hard_place,
			   json_object_get(item, "hard"), UINT64_MAX,
			   &hard) < 0)
		return -1;
	row = find_limit(type);
	if (!row)
		return oci_wrong(&config->reader, &type_place,
				 "%.40s is a limit that jaillaunch does not "
				 "set; take it out to run without",
				 type);
	if (soft > hard)
		return oci_wrong(&config->reader, &soft_place,
				 "it is more than \"hard\"");
	if (strcmp(row->limit, "pids") == 0)
		config_limit_pids(config, soft);
	else
		put_limit(config, row->limit, soft);
	return soft == hard ? 0
			    : config_note(config, &hard_place,
					  "not honoured: the hard limit is "
					  "the soft one, too");
}

static int take_rlimits(struct config *config, const struct place *place,
			json_t *value)
{
	return config_each(config, place, value, take_rlimit);
}

static int take_no_new_privileges(struct config *config,
				  const struct place *place, json_t *value)
{
	return json_is_false(value)
		       ? config_note(config, place,
				     "not honoured: it is always set")
		       : 0;
}

int config_process(struct config *config, const struct place *place,
		   json_t *value)
{
	static const struct config_row rows[] = {
		{"terminal", take_terminal, NULL, NULL},
		{"consoleSize", NULL, "the terminal's size is the caller's",
		 NULL},
		{"user", take_user, NULL, NULL},
		{"args", take_args, NULL, NULL},
		{"commandLine", NULL, "for another system", NULL},
		{"env", take_env, NULL, NULL},
		{"cwd", take_cwd, NULL, NULL},
		{"capabilities", take_capabilities, NULL, NULL},
		{"rlimits", take_rlimits, NULL, NULL},
		{"noNewPrivileges", take_no_new_privileges, NULL, NULL},
		{"apparmorProfile", NULL, NULL,
		 "jaillaunch enters no AppArmor profile; take it out to run "
		 "without"},
		{"selinuxLabel", NULL, NULL,
		 "jaillaunch sets no SELinux label; take it out to run "
		 "without"},
		{"oomScoreAdj", NULL, "it is 1000, or the caller's", NULL},
		{"scheduler", NULL, "it is the caller's", NULL},
		{"ioPriority", NULL, "it is the caller's", NULL},
		{"execCPUAffinity", NULL, "it is the caller's", NULL},
		{0},
	};

	return config_walk(config, place, value, rows);
}
