#include "mount_wants.h"

#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "spec.h"

void mount_wants(const struct jail_spec *spec, char *out, size_t size)
{
	const struct spec_flags *flags = spec->flags;
	const struct {
		const char *words;
		bool is_there;
	} wants[] = {
		{"--tmpfs", flags->tmpfs.n > 0},
		{"--bind", flags->binds.n > 0},
		{"--writable", flags->writable.is_given},
		{"--persist", flags->persist != NULL},
		{"--read-only", flags->read_only},
		{"--ns mnt", namespaces_have(&spec->namespaces, NAMESPACE_MNT)},
		{"limit tmp", spec->limits[LIMIT_TMP].is_set},
		{"need shm", spec->need_shm},
		{"need pts", spec->need_pts},
		{flags->proc ? "--proc" : "need proc", spec->need_proc},
	};
	size_t i, len = 0;

	*out = '\0';
	for (i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
		if (!wants[i].is_there)
			continue;
		snprintf(out + len, size - len, "%s%s", len ? ", " : "",
			 wants[i].words);
		len = strlen(out);
	}
}
