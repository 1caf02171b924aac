#include "oci_config.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "content.h"
#include "fdio.h"
#include "manifest.h"

#define MANIFEST "/.jail/manifest"
#define NOBODY "65534:65534"

/* Machines by the names that OCI has from Go. */
static const struct {
	unsigned machine;
	bool is_little;
	const char *name;
} architectures[] = {
	{EM_X86_64, true, "amd64"},	 {EM_AARCH64, true, "arm64"},
	{EM_386, true, "386"},		 {EM_ARM, true, "arm"},
	{EM_RISCV, true, "riscv64"},	 {EM_PPC64, true, "ppc64le"},
	{EM_PPC64, false, "ppc64"},	 {EM_S390, false, "s390x"},
	{EM_LOONGARCH, true, "loong64"},
};

/* NULL: no ELF file of a machine with a name. */
static const char *name_machine(const Elf32_Ehdr *header)
{
	bool is_little = header->e_ident[EI_DATA] == ELFDATA2LSB;
	unsigned machine = is_little ? le16toh(header->e_machine)
				     : be16toh(header->e_machine);

	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures);
	     i++)
		if (architectures[i].machine == machine &&
		    architectures[i].is_little == is_little)
			return architectures[i].name;
	return NULL;
}

/*
 * That of the first program or library.  An image without any has none, but
 * OCI demands one: then that of most machines.
 */
static int find_architecture(const struct tree *tree,
			     const struct source *source, const char **out,
			     struct err *err)
{
	*out = NULL;
	for (size_t i = 0; i < tree->n && !*out; i++) {
		const struct node *node = tree->nodes[i];
		auto_close int fd = -1;
		Elf32_Ehdr header;

		if (node->type != NODE_FILE ||
		    node->size < (off_t)sizeof(header) ||
		    (node->content != CONTENT_SOURCE &&
		     node->content != CONTENT_HOST))
			continue;
		fd = content_open(node, source, err);
		if (fd < 0)
			return -1;
		if (fd_read_full(fd, &header, sizeof(header)) ==
		    (ssize_t)sizeof(header))
			*out = name_machine(&header);
	}
	if (!*out)
		*out = "amd64";
	return 0;
}

static int put_list(json_t *config, const char *key, char *const *items,
		    size_t n)
{
	json_t *list = json_array();
	int status = 0;

	for (size_t i = 0; i < n; i++)
		status |= json_array_append_new(list, json_string(items[i]));
	return status | json_object_set_new(config, key, list);
}

static int put_settings(json_t *config, const struct manifest *manifest)
{
	const struct entry *entry = manifest_find(manifest, VERB_ENTRY);
	const struct entry *user = manifest_find(manifest, VERB_RUN_AS);
	const struct entry *workdir = manifest_find(manifest, VERB_WORKDIR);
	json_t *environment = json_array();
	int status = 0;

	for (size_t i = 0; i < manifest->n; i++)
		if (manifest->entries[i].verb == VERB_ENV)
			status |= json_array_append_new(
				environment,
				json_string(manifest->entries[i].args[0]));
	status |= json_object_set_new(config, "Env", environment);
	if (entry)
		status |= put_list(config, "Entrypoint", entry->args,
				   entry->n_args);
	if (user)
		status |= json_object_set_new(config, "User",
					      json_string(user->args[0]));
	if (workdir)
		status |= json_object_set_new(config, "WorkingDir",
					      json_string(workdir->args[0]));
	return status;
}

static int read_manifest(const struct tree *tree, struct manifest **out,
			 struct err *err)
{
	const struct node *node = tree_find(tree, MANIFEST);

	*out = NULL;
	if (!node || node->content != CONTENT_TEXT)
		return 0;
	return manifest_read_text(node->text, (size_t)node->size, MANIFEST, out,
				  err);
}

static int make_settings(const struct tree *tree, json_t **out, struct err *err)
{
	auto_of(manifest) struct manifest *manifest = NULL;

	if (read_manifest(tree, &manifest, err) < 0)
		return -1;
	*out = json_pack("{s:s}", "User", NOBODY);
	if (!*out)
		return err_sys(err, ENOMEM, "configuration of the image");
	/* nothing but memory can lack: a manifest is UTF-8 */
	if (manifest && put_settings(*out, manifest) != 0) {
		json_decref(*out);
		return err_sys(err, ENOMEM, "configuration of the image");
	}
	return 0;
}

/* As RFC 3339 writes a time. */
static int format_time(long long seconds, char *out, size_t size,
		       struct err *err)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || tm.tm_year + 1900 > 9999 ||
	    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return err_set(err, ERR_USAGE,
			       "an OCI image cannot tell times after 9999");
	return 0;
}

int oci_config_make(const struct tree *tree, const struct source *source,
		    const struct image_options *options, const char *layer,
		    char **text, struct err *err)
{
	const char *architecture;
	json_t *settings, *config;
	char created[32];

	if (format_time(options->mtime, created, sizeof(created), err) < 0 ||
	    find_architecture(tree, source, &architecture, err) < 0 ||
	    make_settings(tree, &settings, err) < 0)
		return -1;
	config = json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:[s+]}}", "created",
			   created, "architecture", architecture, "os", "linux",
			   "config", settings, "rootfs", "type", "layers",
			   "diff_ids", "sha256:", layer);
	*text = config ? json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS)
		       : NULL;
	json_decref(config);
	return *text ? 0 : err_sys(err, ENOMEM, "configuration of the image");
}
