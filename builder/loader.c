#include "loader.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf_file.h"
#include "fdio.h"

#define CONFIG_LIMIT (64u << 20) /* bytes of a cache or path file */

/* Where nothing better is known. */
static const struct abi {
	uint8_t class, order;
	uint16_t machine;
	const char *triplet, *loader, *musl_arch, *platform;
} abis[] = {
	{ELFCLASS64, ELFDATA2LSB, EM_X86_64, "x86_64-linux-gnu",
	 "/lib64/ld-linux-x86-64.so.2", "x86_64", "x86_64"},
	{ELFCLASS64, ELFDATA2LSB, EM_AARCH64, "aarch64-linux-gnu",
	 "/lib/ld-linux-aarch64.so.1", "aarch64", "aarch64"},
	{ELFCLASS32, ELFDATA2LSB, EM_386, "i386-linux-gnu",
	 "/lib/ld-linux.so.2", "i386", "i686"},
	{ELFCLASS32, ELFDATA2LSB, EM_X86_64, "x86_64-linux-gnux32",
	 "/libx32/ld-linux-x32.so.2", "x32", "x86_64"},
	{ELFCLASS32, ELFDATA2LSB, EM_ARM, "arm-linux-gnueabihf",
	 "/lib/ld-linux-armhf.so.3", "armhf", "v7l"},
	{ELFCLASS64, ELFDATA2LSB, EM_RISCV, "riscv64-linux-gnu",
	 "/lib/ld-linux-riscv64-lp64d.so.1", "riscv64", NULL},
	{ELFCLASS64, ELFDATA2LSB, EM_PPC64, "powerpc64le-linux-gnu",
	 "/lib64/ld64.so.2", "powerpc64le", "power8"},
	{ELFCLASS64, ELFDATA2MSB, EM_S390, "s390x-linux-gnu", "/lib/ld64.so.1",
	 "s390x", "z900"},
	{ELFCLASS64, ELFDATA2LSB, EM_LOONGARCH, "loongarch64-linux-gnu",
	 "/lib64/ld-linux-loongarch-lp64d.so.1", "loongarch64", "loongarch"},
};

static const struct abi *find_abi(const struct elf_abi *abi)
{
	for (size_t i = 0; i < sizeof(abis) / sizeof(*abis); i++)
		if (abis[i].class == abi->class &&
		    abis[i].order == abi->order &&
		    abis[i].machine == abi->machine)
			return &abis[i];
	return NULL;
}

bool loader_known_abi(size_t i, struct elf_abi *abi)
{
	if (i >= sizeof(abis) / sizeof(*abis))
		return false;
	*abi = (struct elf_abi){.class = abis[i].class,
				.order = abis[i].order,
				.machine = abis[i].machine};
	return true;
}

const char *loader_usual_path(const struct elf_abi *abi)
{
	const struct abi *known = find_abi(abi);

	if (abi->machine == EM_ARM && (abi->flags & EF_ARM_ABI_FLOAT_SOFT))
		return "/lib/ld-linux.so.3";
	return known ? known->loader : NULL;
}

char *loader_usual_musl_path(const struct elf_abi *abi)
{
	const struct abi *known = find_abi(abi);
	char *path;

	if (!known ||
	    asprintf(&path, "/lib/ld-musl-%s.so.1", known->musl_arch) < 0)
		return NULL;
	return path;
}

const char *loader_platform(const struct elf_abi *abi)
{
	const struct abi *known = find_abi(abi);

	return known ? known->platform : NULL;
}

void loader_free(struct loader *loader)
{
	if (!loader)
		return;
	for (size_t i = 0; i < loader->n_system_dirs; i++)
		free(loader->system_dirs[i]);
	for (size_t i = 0; i < loader->n_hwcaps; i++)
		free(loader->hwcaps[i]);
	free(loader->system_dirs);
	free(loader->hwcaps);
	free(loader->path);
	free(loader->cache_path);
	free(loader->preload_path);
	free(loader->lib);
	free(loader->system_path);
	free(loader->path_file);
	ldcache_free(loader->cache);
	free(loader);
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What the strings of a loader's read-only data say, as far as walked. */
struct scan {
	struct loader *loader;
	const char *run; /* first of the strings "/DIR/" that stand together */
	size_t n_run;
	const char *dirs; /* the longest such run yet */
	size_t n_dirs;
	bool lib_is_next; /* the string before was "LIB" */
	bool has_version, is_old;
	int error;
};

/* The first one found stays. */
static void keep(struct scan *scan, char **place, const char *text)
{
	if (*place)
		return;
	*place = strdup(text);
	if (!*place)
		scan->error = -ENOMEM;
}

static bool add_string(char ***items, size_t *n, const char *text, size_t len)
{
	char **item = array_push(*items, *n);

	if (!item)
		return false;
	*item = strndup(text, len);
	if (!*item)
		--*n;
	return *item != NULL;
}

/* "x86-64-v4:x86-64-v3:x86-64-v2" */
static void take_hwcaps(struct scan *scan, const char *text)
{
	struct loader *loader = scan->loader;

	if (loader->n_hwcaps != 0)
		return;
	while (*text) {
		size_t len = strcspn(text, ":");

		if (!add_string(&loader->hwcaps, &loader->n_hwcaps, text, len))
			scan->error = -ENOMEM;
		text += len + (text[len] == ':');
	}
}

static bool is_hwcaps(const char *text)
{
	static const char *const starts[] = {"x86-64-v", "power", "z1"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (starts_with(text, starts[i]) && strchr(text, ':') &&
		    !strpbrk(text, " %/"))
			return true;
	return false;
}

/* "ld.so (...) stable release version 2.36." */
static void take_version(struct scan *scan, const char *text)
{
	const char *number = strstr(text, "release version 2.");

	if (!starts_with(text, "ld.so ") || !number)
		return;
	scan->has_version = true;
	scan->is_old =
		strtol(number + strlen("release version 2."), NULL, 10) < 37;
}

static void take_dir(struct scan *scan, const char *text, size_t len)
{
	if (len < 3 || text[0] != '/' || text[len - 1] != '/') {
		scan->n_run = 0;
		return;
	}
	if (scan->n_run++ == 0)
		scan->run = text;
	if (scan->n_run > scan->n_dirs) {
		scan->dirs = scan->run;
		scan->n_dirs = scan->n_run;
	}
}

static void take_string(struct scan *scan, const char *text, size_t len)
{
	struct loader *loader = scan->loader;

	take_dir(scan, text, len);
	if (scan->lib_is_next && starts_with(text, "lib"))
		keep(scan, &loader->lib, text);
	scan->lib_is_next = strcmp(text, "LIB") == 0;
	if (text[0] == '/' && strstr(text, "/ld.so.cache"))
		keep(scan, &loader->cache_path, text);
	else if (text[0] == '/' && ends_with(text, "/ld.so.preload"))
		keep(scan, &loader->preload_path, text);
	else if (starts_with(text, "/lib:") || starts_with(text, "/usr/lib:"))
		keep(scan, &loader->system_path, text);
	else if (strstr(text, "/ld-musl-") && ends_with(text, ".path"))
		keep(scan, &loader->path_file, strchr(text, '/'));
	else if (is_hwcaps(text))
		take_hwcaps(scan, text);
	else
		take_version(scan, text);
}

/* A string begins behind a NUL or whatever is no text. */
static void scan_strings(struct scan *scan, struct elf_bytes bytes)
{
	const char *at = (const char *)bytes.at, *end = at + bytes.len;
	const char *nul;

	for (; at < end; at = nul + 1) {
		const char *text;

		nul = memchr(at, '\0', (size_t)(end - at));
		if (!nul)
			break;
		for (text = nul; text > at && text[-1] >= ' '; text--)
			continue;
		if (text != at || text == nul) { /* no neighbour */
			scan->n_run = 0;
			scan->lib_is_next &= text == nul;
		}
		if (text < nul)
			take_string(scan, text, (size_t)(nul - text));
	}
	scan->n_run = 0;
}

static void take_dirs(struct scan *scan)
{
	struct loader *loader = scan->loader;
	const char *dir = scan->dirs;

	for (size_t i = 0; i < scan->n_dirs; i++, dir += strlen(dir) + 1)
		if (!add_string(&loader->system_dirs, &loader->n_system_dirs,
				dir, strlen(dir)))
			scan->error = -ENOMEM;
}

static void scan_segments(struct scan *scan, const struct elf_file *file)
{
	for (size_t i = 0; i < file->n_segments; i++) {
		const GElf_Phdr *segment = &file->segments[i];
		Elf_Data *data;

		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
			continue;
		data = elf_file_data(file, segment->p_offset, segment->p_filesz,
				     ELF_T_BYTE);
		if (data)
			scan_strings(scan, (struct elf_bytes){data->d_buf,
							      data->d_size});
	}
	take_dirs(scan);
}

static int read_constants(const struct source *source, struct loader *loader,
			  struct err *err)
{
	struct scan scan = {.loader = loader};
	struct elf_file file;
	struct stat st;
	auto_close int fd = source_open_file(source, loader->path, &st);

	if (source_failed(fd))
		return err_sys(err, -fd, "read %s", loader->path);
	if (fd < 0)
		return 0;
	if (!elf_file_open(fd, &file, &scan.error))
		scan_segments(&scan, &file);
	elf_file_close(&file);
	loader->has_legacy_dirs = !scan.has_version || scan.is_old;
	if (scan.error < 0)
		return err_sys(err, -scan.error, "read %s", loader->path);
	return 0;
}

/* What the file holds decides; else its name. */
static enum loader_kind find_kind(const struct loader *loader)
{
	const char *slash = strrchr(loader->path, '/');
	const char *name = slash ? slash + 1 : loader->path;

	if (loader->path_file || starts_with(name, "ld-musl-"))
		return LOADER_MUSL;
	if (loader->cache_path || starts_with(name, "ld-linux") ||
	    starts_with(name, "ld64.so") || starts_with(name, "ld.so"))
		return LOADER_GLIBC;
	return LOADER_UNKNOWN;
}

static bool set_default(char **place, const char *value)
{
	if (!*place)
		*place = strdup(value);
	return *place != NULL;
}

static bool add_dir(struct loader *loader, const char *parent, const char *name)
{
	auto_free char *dir = NULL;

	if (asprintf(&dir, "%s%s/", parent, name) < 0)
		return false;
	return add_string(&loader->system_dirs, &loader->n_system_dirs, dir,
			  strlen(dir));
}

/* Those of Debian, then those of the rest. */
static bool add_usual_dirs(struct loader *loader, const struct abi *known)
{
	bool is_64 = loader->abi.class == ELFCLASS64;

	if (known && (!add_dir(loader, "/lib/", known->triplet) ||
		      !add_dir(loader, "/usr/lib/", known->triplet)))
		return false;
	if (is_64 && (!add_dir(loader, "/", "lib64") ||
		      !add_dir(loader, "/usr/", "lib64")))
		return false;
	return add_dir(loader, "/", "lib") && add_dir(loader, "/usr/", "lib");
}

/* $LIB without its slashes is the first directory but for a loader that was
 * configured oddly. */
static bool guess_lib(struct loader *loader)
{
	const char *dir = loader->system_dirs[0] + 1;
	size_t len = strlen(dir);

	if (loader->lib)
		return true;
	loader->lib =
		starts_with(dir, "lib") ? strndup(dir, len - 1) : strdup("lib");
	return loader->lib != NULL;
}

static bool fill_gaps(struct loader *loader)
{
	const struct abi *known = find_abi(&loader->abi);

	if (loader->kind == LOADER_MUSL) {
		if (!loader->path_file &&
		    asprintf(&loader->path_file, "/etc/ld-musl-%s.path",
			     known ? known->musl_arch : "unknown") < 0)
			loader->path_file = NULL;
		return loader->path_file &&
		       set_default(&loader->system_path,
				   "/lib:/usr/local/lib:/usr/lib");
	}
	if (loader->n_system_dirs == 0 && !add_usual_dirs(loader, known))
		return false;
	return guess_lib(loader) &&
	       set_default(&loader->cache_path, "/etc/ld.so.cache") &&
	       set_default(&loader->preload_path, "/etc/ld.so.preload");
}

static int read_cache(const struct source *source, struct loader *loader,
		      struct err *err)
{
	char *data;
	size_t len;
	struct stat st;
	int error;
	auto_close int fd = source_open_file(source, loader->cache_path, &st);

	if (fd < 0)
		return 0;
	error = fd_read_all(fd, CONFIG_LIMIT, &data, &len);
	if (error < 0)
		return err_sys(err, -error, "read %s%s", source->name,
			       loader->cache_path);
	return ldcache_new(data, len, &loader->abi, &loader->cache, err);
}

/* The directory above that of the loader ("" for /lib/ld-musl-...) comes
 * before the path file's name. */
static int read_path_file(const struct source *source, struct loader *loader,
			  struct err *err)
{
	auto_free char *path = NULL;
	const char *slash = strrchr(loader->path, '/');
	const char *above = slash ? memrchr(loader->path, '/',
					    (size_t)(slash - loader->path))
				  : NULL;
	int prefix_len = above ? (int)(above - loader->path) : 0;
	struct stat st;
	char *text;
	int error;
	auto_close int fd = -1;

	if (asprintf(&path, "%.*s%s", prefix_len, loader->path,
		     loader->path_file) < 0)
		return err_sys(err, ENOMEM, "read %s", loader->path);
	fd = source_open_file(source, path, &st);
	if (fd == -ENOENT)
		return 0;
	/* Like musl: what cannot be read is an empty list. */
	error = fd < 0 ? fd : fd_read_all(fd, CONFIG_LIMIT, &text, NULL);
	if (source_failed(error))
		return err_sys(err, -error, "read %s", path);
	if (error < 0)
		text = strdup("");
	if (!text)
		return err_sys(err, ENOMEM, "read %s", path);
	free(loader->system_path);
	loader->system_path = text;
	return 0;
}

int loader_read(const struct source *source, const char *path,
		const struct elf_abi *abi, struct loader **out, struct err *err)
{
	auto_of(loader) struct loader *loader = calloc(1, sizeof(*loader));

	if (!loader || !(loader->path = strdup(path)))
		return err_sys(err, ENOMEM, "read %s", path);
	loader->abi = *abi;
	if (read_constants(source, loader, err) < 0)
		return -1;
	loader->kind = find_kind(loader);
	if (loader->kind != LOADER_UNKNOWN && !fill_gaps(loader))
		return err_sys(err, ENOMEM, "read %s", path);
	if (loader->kind == LOADER_GLIBC && read_cache(source, loader, err) < 0)
		return -1;
	if (loader->kind == LOADER_MUSL &&
	    read_path_file(source, loader, err) < 0)
		return -1;
	*out = TAKE(loader);
	return 0;
}
