#include "entry_type.h"

static const struct {
	mode_t format;
	enum node_type type;
} types[] = {
	{AE_IFDIR, NODE_DIR},  {AE_IFREG, NODE_FILE}, {AE_IFLNK, NODE_SYMLINK},
	{AE_IFCHR, NODE_CHAR}, {AE_IFIFO, NODE_FIFO},
};

bool node_type_of_entry(struct archive_entry *entry, enum node_type *type)
{
	if (archive_entry_hardlink(entry)) {
		*type = NODE_HARDLINK;
		return true;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (archive_entry_filetype(entry) == types[i].format) {
			*type = types[i].type;
			return true;
		}
	return false;
}
