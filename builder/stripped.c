#include "stripped.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

static int note_names(const struct node *node, const char *names, size_t len,
		      struct notes *notes, struct err *err)
{
	for (const char *name = names; name < names + len;
	     name += strlen(name) + 1) {
		bool is_caps = strcmp(name, "security.capability") == 0;

		if (notes_add(notes, NOTE_LOCKDOWN, err,
			      is_caps ? "%s: file capabilities stripped (caps "
					"%s ...)"
				      : "%s: attribute %s stripped",
			      node->path, is_caps ? node->path : name) < 0)
			return -1;
	}
	return 0;
}

int stripped_collect(const struct tree *tree, const struct source *source,
		     struct notes *notes, struct err *err)
{
	for (size_t i = 0; i < tree->n; i++) {
		const struct node *node = tree->nodes[i];
		char names[65536]; /* XATTR_LIST_MAX */
		struct stat st;
		ssize_t len;

		if (node->content != CONTENT_SOURCE || node->caps)
			continue;
		auto_close int fd = source_open_file(source, node->from, &st);
		if (fd < 0)
			return err_sys_kind(err, ERR_INPUT, -fd, "%s",
					    node->from);
		len = flistxattr(fd, names, sizeof(names));
		if (len < 0 && errno != ENOTSUP)
			return err_sys(err, errno, "attributes of %s",
				       node->from);
		if (len > 0 &&
		    note_names(node, names, (size_t)len, notes, err) < 0)
			return -1;
	}
	return 0;
}
