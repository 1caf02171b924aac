#include "filecaps.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>

#include "cleanup.h"

_Static_assert(sizeof(struct vfs_cap_data) == FILECAPS_SIZE,
	       "revision 2, as every kernel since 2.6.26 reads it");

static int add_capability(const char *name, uint64_t *set, struct err *err)
{
	cap_value_t value;

	if (cap_from_name(name, &value) < 0 || value < 0 || value >= 64)
		return err_set(err, ERR_MANIFEST,
			       "%s: no capability of this system", name);
	*set |= UINT64_C(1) << value;
	return 0;
}

int filecaps_encode(const char *names, unsigned char out[FILECAPS_SIZE],
		    struct err *err)
{
	auto_free char *copy = strdup(names);
	struct vfs_cap_data data = {0};
	char *rest = NULL;
	uint64_t set = 0;

	if (!copy)
		return err_sys(err, ENOMEM, "%s", names);
	for (char *name = strtok_r(copy, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest))
		if (add_capability(name, &set, err) < 0)
			return -1;
	data.magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE);
	data.data[0].permitted = htole32((uint32_t)set);
	data.data[1].permitted = htole32((uint32_t)(set >> 32));
	memcpy(out, &data, sizeof(data));
	return 0;
}

/* The set, when nothing but what filecaps_encode() fills is filled. */
static int get_set(const void *value, size_t len, uint64_t *set)
{
	struct vfs_cap_data data;

	if (len != sizeof(data))
		return -1;
	memcpy(&data, value, sizeof(data));
	if (le32toh(data.magic_etc) !=
		    (VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE) ||
	    data.data[0].inheritable || data.data[1].inheritable)
		return -1;
	*set = le32toh(data.data[0].permitted) |
	       (uint64_t)le32toh(data.data[1].permitted) << 32;
	return 0;
}

char *filecaps_decode(const void *value, size_t len)
{
	auto_free char *names = NULL;
	uint64_t set;

	if (get_set(value, len, &set) < 0)
		return NULL;
	for (cap_value_t bit = 0; bit < 64; bit++) {
		char *name, *longer;
		int status;

		if (!(set >> bit & 1))
			continue;
		name = cap_to_name(bit);
		if (!name)
			return NULL;
		status = asprintf(&longer, "%s%s%s", names ? names : "",
				  names ? "," : "", name);
		cap_free(name);
		if (status < 0)
			return NULL;
		free(names);
		names = longer;
	}
	return TAKE(names);
}
