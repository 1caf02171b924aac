/* linux: namespaces, limits of the whole, system calls. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- namespaces */

enum treatment { MADE, PID, NETWORK, ALWAYS, NOT_MADE };
static const struct oci_word namespace_words[] = {
	{"pid", PID},	    {"ipc", MADE},	  {"uts", MADE},
	{"cgroup", MADE},   {"network", NETWORK}, {"mount", ALWAYS},
	{"user", NOT_MADE}, {"time", NOT_MADE},	  {0},
};

static int take_namespace(struct config *config, const struct place *place,
			  json_t *item)
{
	json_t *path = json_object_get(item, "path");
	int treatment = 0;

	if (oci_check_keys(&config->reader, place, item, "type path") < 0 ||
	    oci_get_word(&config->reader, place, item, "type", namespace_words,
			 &treatment) < 0)
		return -1;
	if (treatment == NETWORK)
		config_put(config, OCI_OPTION, "--net=private");
	config->has_network |= treatment == NETWORK;
	config->has_pid |= treatment == PID;
	config->has_namespaces |= treatment == MADE || treatment == PID;
	if (treatment == NOT_MADE)
		return config_note(config, place,
				   "not honoured: no namespace of this kind "
				   "is made, ids and times are the host's");
	return path && !config_is_empty(path)
		       ? config_note(config, place,
				     "the path is not honoured: the jail gets "
				     "its own")
		       : 0;
}

static int take_namespaces(struct config *config, const struct place *place,
			   json_t *value)
{
	return config_each(config, place, value, take_namespace);
}

/* --- resources */

/* Negative: no limit, as in the kernel's files.  0: nothing was said. */
static int get_limit(struct config *config, const struct place *place,
		     json_t *value, int64_t *out)
{
	if (!json_is_integer(value))
		return oci_wrong(&config->reader, place,
				 "a whole number belongs here");
	*out = json_integer_value(value);
	return 0;
}

static int put_limit(struct config *config, const struct place *place,
		     json_t *value, const char *name)
{
	int64_t limit = 0;

	if (get_limit(config, place, value, &limit) < 0)
		return -1;
	if (limit > 0)
		config_put(config, OCI_OPTION, "--limit=%s=%" PRId64, name,
			   limit);
	return 0;
}

static int take_memory_limit(struct config *config, const struct place *place,
			     json_t *value)
{
	return put_limit(config, place, value, "memory");
}

static int take_pids_limit(struct config *config, const struct place *place,
			   json_t *value)
{
	int64_t limit = 0;

	if (get_limit(config, place, value, &limit) < 0)
		return -1;
	if (limit > 0)
		config_limit_pids(config, (uint64_t)limit);
	return 0;
}

static int take_memory(struct config *config, const struct place *place,
		       json_t *value)
{
	static const struct config_row rows[] = {
		{"limit", take_memory_limit, NULL, NULL},
		{"reservation", NULL, "it is no limit", NULL},
		{"swap", NULL, "memory counts, swap as the system has it",
		 NULL},
		{"kernel", NULL, "it is part of memory", NULL},
		{"kernelTCP", NULL, "it is part of memory", NULL},
		{"swappiness", NULL, "it is the system's", NULL},
		{"disableOOMKiller", NULL, "the jail is ended", NULL},
		{"useHierarchy", config_pass, NULL, NULL},
		{"checkBeforeUpdate", config_pass, NULL, NULL},
		{0},
	};

	return config_walk(config, place, value, rows);
}

static int take_pids(struct config *config, const struct place *place,
		     json_t *value)
{
	static const struct config_row rows[] = {
		{"limit", take_pids_limit, NULL, NULL},
		{0},
	};

	return config_walk(config, place, value, rows);
}

/* quota microseconds in each period; 100 ms when none is said. */
static int put_cpus(struct config *config, const struct place *place,
		    json_t *cpu)
{
	const struct place quota_place = {place, "quota", 0};
	const struct place period_place = {place, "period", 0};
	json_t *quota_value = json_object_get(cpu, "quota");
	json_t *period_value = json_object_get(cpu, "period");
	int64_t quota = 0, period = 100000;
	uint64_t thousandths;

	if (quota_value &&
	    get_limit(config, &quota_place, quota_value, &quota) < 0)
		return -1;
	if (period_value &&
	    get_limit(config, &period_place, period_value, &period) < 0)
		return -1;
	if (quota <= 0)
		return 0;
	if (period <= 0)
		period = 100000;
	if (quota > INT64_MAX / 1000)
		return oci_wrong(&config->reader, &quota_place,
				 "it is too much");
	thousandths = (uint64_t)quota * 1000 / (uint64_t)period;
	config_put(config, OCI_OPTION, "--limit=cpus=%" PRIu64 ".%03" PRIu64,
		   thousandths / 1000, thousandths % 1000);
	return 0;
}

static int take_cpu(struct config *config, const struct place *place,
		    json_t *value)
{
	static const char choice[] =
		"processors and memory nodes are not chosen; take it out to "
		"run on any";
	static const char weight[] = "it is no limit";
	static const struct config_row rows[] = {
		{"quota", config_pass, NULL, NULL},
		{"period", config_pass, NULL, NULL},
		{"shares", NULL, weight, NULL},
		{"idle", NULL, weight, NULL},
		{"burst", NULL, "there is none", NULL},
		{"cpus", NULL, NULL, choice},
		{"mems", NULL, NULL, choice},
		{"realtimeRuntime", NULL, "there is none", NULL},
		{"realtimePeriod", NULL, "there is none", NULL},
		{0},
	};

	if (config_walk(config, place, value, rows) < 0)
		return -1;
	return put_cpus(config, place, value);
}

static const char unlimited[] =
	"jaillaunch does not limit it; take it out to run without";

static int take_block_io(struct config *config, const struct place *place,
			 json_t *value)
{
	static const char weight[] = "it is no limit";
	static const struct config_row rows[] = {
		{"weight", NULL, weight, NULL},
		{"leafWeight", NULL, weight, NULL},
		{"weightDevice", NULL, weight, NULL},
		{"throttleReadBpsDevice", NULL, NULL, unlimited},
		{"throttleWriteBpsDevice", NULL, NULL, unlimited},
		{"throttleReadIOPSDevice", NULL, NULL, unlimited},
		{"throttleWriteIOPSDevice", NULL, NULL, unlimited},
		{0},
	};

	return config_walk(config, place, value, rows);
}

static int take_resources(struct config *config, const struct place *place,
			  json_t *value)
{
	static const struct config_row rows[] = {
		{"memory", take_memory, NULL, NULL},
		{"pids", take_pids, NULL, NULL},
		{"cpu", take_cpu, NULL, NULL},
		{"devices", NULL,
		 "no device can be made; those of the root can be used", NULL},
		{"blockIO", take_block_io, NULL, NULL},
		{"hugepageLimits", NULL, NULL, unlimited},
		{"network", NULL, "it is no limit", NULL},
		{"rdma", NULL, NULL, unlimited},
		{"unified", NULL, NULL,
		 "no file of a cgroup is written for it; say it by memory, "
		 "pids and cpu, or take it out to run without"},
		{0},
	};

	return config_walk(config, place, value, rows);
}

/* --- the rest */

static int take_seccomp(struct config *config, const struct place *place,
			json_t *value)
{
	char *text;

	if (!json_is_object(value))
		return oci_wrong(&config->reader, place,
				 "an object belongs here");
	text = json_dumps(value, JSON_COMPACT);
	if (!text)
		return err_sys(config->reader.err, ENOMEM, "linux.seccomp");
	config_put(config, OCI_POLICY, "%s", text);
	free(text);
	return 0;
}

static int keep_list(struct config *config, const struct place *place,
		     json_t *value, json_t **out)
{
	if (!json_is_array(value))
		return oci_wrong(&config->reader, place, "a list belongs here");
	*out = value;
	return 0;
}

static int take_masked(struct config *config, const struct place *place,
		       json_t *value)
{
	return keep_list(config, place, value, &config->masked_paths);
}

static int take_readonly_paths(struct config *config, const struct place *place,
			       json_t *value)
{
	return keep_list(config, place, value, &config->readonly_paths);
}

int config_linux(struct config *config, const struct place *place,
		 json_t *value)
{
	static const char ids[] = "ids are those of the host";
	static const struct config_row rows[] = {
		{"namespaces", take_namespaces, NULL, NULL},
		{"uidMappings", NULL, ids, NULL},
		{"gidMappings", NULL, ids, NULL},
		{"timeOffsets", NULL, "times are those of the host", NULL},
		{"devices", NULL, "/dev is as it is in the root", NULL},
		{"cgroupsPath", NULL, "the cgroup is jaillaunch's own", NULL},
		{"resources", take_resources, NULL, NULL},
		{"seccomp", take_seccomp, NULL, NULL},
		{"rootfsPropagation", NULL, "mounts do not spread", NULL},
		{"maskedPaths", take_masked, NULL, NULL},
		{"readonlyPaths", take_readonly_paths, NULL, NULL},
		{"mountLabel", NULL, NULL,
		 "jaillaunch sets no SELinux label; take it out to run "
		 "without"},
		{"sysctl", NULL, "the kernel's settings stay", NULL},
		{"intelRdt", NULL, "it is not set", NULL},
		{"personality", NULL, "it is the native one", NULL},
		{"netDevices", NULL, "none is moved", NULL},
		{"memoryPolicy", NULL, "it is the system's", NULL},
		{0},
	};

	return config_walk(config, place, value, rows);
}
