#include "enclave_put.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "elf.h"

static const struct reason always;

static int new_node(struct tree *tree, const char *path, enum node_type type,
		    mode_t mode, struct node **out, struct err *err)
{
	bool is_new;
	struct node *node = tree_add(tree, path, type, &always, &is_new, err);

	if (!node)
		return -1;
	if (!is_new && type != NODE_DIR)
		return err_set(err, ERR_USAGE,
			       "%s: two files for one name in the ramdisk",
			       path + 1);
	node->mode = mode;
	node->uid = node->gid = 0;
	*out = node;
	return 0;
}

int put_dir(struct tree *tree, const char *path, mode_t mode, struct err *err)
{
	struct node *node;

	return new_node(tree, path, NODE_DIR, mode, &node, err);
}

int put_text(struct tree *tree, const char *path, const char *text, mode_t mode,
	     struct err *err)
{
	struct node *node;

	if (new_node(tree, path, NODE_FILE, mode, &node, err) < 0)
		return -1;
	node->content = CONTENT_TEXT;
	node->text = strdup(text);
	if (!node->text)
		return err_sys(err, ENOMEM, "%s", path);
	tree_set_size(tree, node, (off_t)strlen(text));
	return 0;
}

static int open_file(const char *from, struct stat *st, struct err *err)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st) < 0) {
		err_sys_kind(err, ERR_INPUT, errno, "%s", from);
	} else if (!S_ISREG(st->st_mode)) {
		err_set(err, ERR_INPUT, "%s: not a file", from);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static int put_file(struct tree *tree, const char *path, const char *from,
		    const struct stat *st, mode_t mode, struct err *err)
{
	struct node *node;

	if (new_node(tree, path, NODE_FILE, mode, &node, err) < 0)
		return -1;
	node->content = CONTENT_HOST;
	node->from = strdup(from);
	if (!node->from)
		return err_sys(err, ENOMEM, "%s", from);
	node->identity = (struct identity){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
	tree_set_size(tree, node, st->st_size);
	return 0;
}

static int check_elf(const struct elf *elf, const char *from, uint16_t machine,
		     struct err *err)
{
	if (elf->defect)
		return err_set(err, ERR_INPUT, "%s: %s", from, elf->defect);
	if (elf->abi.machine != machine || elf->abi.class != ELFCLASS64)
		return err_set(err, ERR_INPUT,
			       "%s: for %s, and the kernel is for %s", from,
			       kernel_machine_name(elf->abi.machine),
			       kernel_machine_name(machine));
	return 0;
}

int put_program(struct tree *tree, const char *path, const char *from,
		uint16_t machine, struct err *err)
{
	auto_of(elf) struct elf *elf = NULL;
	struct stat st;
	auto_close int fd = open_file(from, &st, err);

	if (fd < 0 || elf_read(fd, from, &elf, err) < 0 ||
	    check_elf(elf, from, machine, err) < 0)
		return -1;
	if (elf->interpreter)
		return err_set(err, ERR_INPUT,
			       "%s: needs shared libraries, which an enclave's "
			       "ramdisk does not have; give a static program",
			       from);
	return put_file(tree, path, from, &st, 0755, err);
}

/* A module is an object file: what a loader would say of it does not count. */
int put_module(struct tree *tree, const char *from, uint16_t machine,
	       struct err *err)
{
	const char *slash = strrchr(from, '/');
	auto_free char *path = NULL;
	Elf64_Ehdr header;
	struct stat st;
	auto_close int fd = open_file(from, &st, err);

	if (fd < 0)
		return -1;
	if (asprintf(&path, "/%s", slash ? slash + 1 : from) < 0)
		return err_sys(err, ENOMEM, "%s", from);
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_type != ET_REL)
		return err_set(err, ERR_INPUT,
			       "%s: no kernel module; a compressed one must be "
			       "unpacked (xz -d, zstd -d)",
			       from);
	if (header.e_machine != machine)
		return err_set(err, ERR_INPUT,
			       "%s: for %s, and the kernel is for %s", from,
			       kernel_machine_name(header.e_machine),
			       kernel_machine_name(machine));
	return put_file(tree, path, from, &st, 0644, err);
}
