#include "capability.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nearest.h"

static int parse_one(const char *option, char *name, uint64_t *set,
		     struct err *err)
{
	struct nearest nearest;
	unsigned i;

	for (i = 0; name[i]; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	if (strncmp(name, "cap_", 4) == 0)
		name += 4;
	nearest_start(&nearest, name);
	for (i = 0; i < N_CAPABILITIES; i++) {
		if (strcmp(name, capability_names[i]) == 0) {
			*set |= 1ull << i;
			return 0;
		}
		nearest_offer(&nearest, capability_names[i]);
	}
	return err_set(err, ERR_USAGE, "%s: no capability \"%s\"%s%s%s", option,
		       name, nearest_best(&nearest) ? "; did you mean \"" : "",
		       nearest_best(&nearest) ? nearest_best(&nearest) : "",
		       nearest_best(&nearest) ? "\"?" : "");
}

int capability_is_effective(unsigned number)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	return (int)(data[number / 32].effective >> number % 32 & 1);
}

int capabilities_parse(const char *option, const char *list, uint64_t *set,
		       struct err *err)
{
	char name[64];

	*set = 0;
	if (strcasecmp(list, "none") == 0)
		return 0;
	while (*list) {
		size_t len = strcspn(list, ",");

		snprintf(name, sizeof(name), "%.*s", (int)(len < 63 ? len : 63),
			 list);
		if (len > 0 && parse_one(option, name, set, err) < 0)
			return -1;
		list += len + (list[len] == ',');
	}
	return 0;
}
