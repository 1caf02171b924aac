#include "filecaps.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
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
