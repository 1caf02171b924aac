#include "elf_hints.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf_file.h"

#define LONGEST_NAME 255
#define MOST_NAMES 65536 /* of libraries in one file */

static const struct {
	const char *name;
	enum elf_import import;
} imports[] = {
	{"dlopen", ELF_IMPORTS_DLOPEN},
	{"dlmopen", ELF_IMPORTS_DLOPEN},
	{"pthread_exit", ELF_IMPORTS_UNWINDER},
	{"pthread_cancel", ELF_IMPORTS_UNWINDER},
	{"backtrace", ELF_IMPORTS_UNWINDER},
	{"iconv_open", ELF_IMPORTS_ICONV},
	{"getaddrinfo", ELF_IMPORTS_NSS},
	{"getnameinfo", ELF_IMPORTS_NSS},
	{"gethostbyname", ELF_IMPORTS_NSS},
	{"gethostbyaddr", ELF_IMPORTS_NSS},
	{"getpwnam", ELF_IMPORTS_NSS},
	{"getpwuid", ELF_IMPORTS_NSS},
	{"getgrnam", ELF_IMPORTS_NSS},
	{"getgrgid", ELF_IMPORTS_NSS},
	{"getservbyname", ELF_IMPORTS_NSS},
};

/* Where the symbols are. */
struct tables {
	uint64_t symbols, strings, strings_size, hash, gnu_hash;
};

void elf_hints_free(struct elf_hints *hints)
{
	for (size_t i = 0; hints && i < hints->n_libraries; i++)
		free(hints->libraries[i]);
	if (hints)
		free(hints->libraries);
	free(hints);
}

static void find_tables(const struct elf_file *file, struct tables *tables)
{
	const GElf_Phdr *segment = elf_file_segment(file, PT_DYNAMIC);
	uint64_t offset, avail;
	Elf_Data *data = NULL;
	GElf_Dyn entry;

	if (segment && elf_file_find(file, segment->p_vaddr, &offset, &avail))
		data = elf_file_data(
			file, offset,
			avail < segment->p_filesz ? avail : segment->p_filesz,
			ELF_T_DYN);
	for (int i = 0;
	     data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL;
	     i++) {
		uint64_t value = entry.d_un.d_val;

		switch (entry.d_tag) {
		case DT_SYMTAB:
			tables->symbols = value;
			break;
		case DT_STRTAB:
			tables->strings = value;
			break;
		case DT_STRSZ:
			tables->strings_size = value;
			break;
		case DT_HASH:
			tables->hash = value;
			break;
		case DT_GNU_HASH:
			tables->gnu_hash = value;
			break;
		default:
			break;
		}
	}
}

/*
 * Nobody says how many symbols there are.  DT_HASH has an entry for each; a
 * DT_GNU_HASH that is not empty tells where the undefined ones end; else the
 * names, which linkers place behind the symbols, are the end.
 */
static uint64_t count_undefined(const struct elf_file *file,
				const struct tables *tables, size_t entry_size)
{
	struct elf_bytes header;

	if (tables->hash) {
		header = elf_file_bytes(file, tables->hash, 8);
		if (header.len == 8 && file->header.e_machine != EM_S390)
			return elf_file_u32(file, header.at + 4);
	}
	if (tables->gnu_hash) {
		header = elf_file_bytes(file, tables->gnu_hash, 8);
		if (header.len == 8 && elf_file_u32(file, header.at + 4) > 1)
			return elf_file_u32(file, header.at + 4);
	}
	if (tables->strings > tables->symbols)
		return (tables->strings - tables->symbols) / entry_size;
	return 0;
}

static unsigned import_of(const char *name)
{
	for (size_t i = 0; i < sizeof(imports) / sizeof(*imports); i++)
		if (strcmp(name, imports[i].name) == 0)
			return imports[i].import;
	return 0;
}

unsigned elf_imports(const struct elf_file *file)
{
	size_t entry_size = gelf_getclass(file->lib) == ELFCLASS64
				    ? sizeof(Elf64_Sym)
				    : sizeof(Elf32_Sym);
	struct tables tables = {0};
	struct elf_bytes strings;
	uint64_t offset, avail, n;
	unsigned found = 0;
	Elf_Data *symbols;
	GElf_Sym symbol;

	find_tables(file, &tables);
	if (!elf_file_find(file, tables.symbols, &offset, &avail))
		return 0;
	n = count_undefined(file, &tables, entry_size);
	if (n > avail / entry_size)
		n = avail / entry_size;
	strings = elf_file_bytes(file, tables.strings,
				 tables.strings_size ? tables.strings_size
						     : UINT64_MAX);
	symbols = elf_file_data(file, offset, n * entry_size, ELF_T_SYM);
	for (uint64_t i = 0; symbols && strings.at && i < n; i++) {
		const char *name;

		if (!gelf_getsym(symbols, (int)i, &symbol))
			break;
		name = symbol.st_shndx == SHN_UNDEF
			       ? elf_bytes_string(strings, symbol.st_name)
			       : NULL;
		if (name)
			found |= import_of(name);
	}
	return found;
}

static bool is_name_byte(char byte)
{
	return isalnum((unsigned char)byte) || strchr("._+-", byte);
}

/* lib*.so or lib*.so.* and no more. */
static bool is_library_name(const char *name, size_t len)
{
	const char *so = memmem(name, len, ".so", 3);

	if (len > LONGEST_NAME || strncmp(name, "lib", 3) != 0 || !so)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_byte(name[i]))
			return false;
	so += 3;
	return so == name + len || (*so == '.' && so + 1 < name + len);
}

static bool add_library(struct elf_hints *hints, const char *name, size_t len)
{
	char **place;

	if (hints->n_libraries >= MOST_NAMES)
		return true;
	place = array_push(hints->libraries, hints->n_libraries);
	if (!place)
		return false;
	*place = strndup(name, len);
	if (!*place)
		hints->n_libraries--;
	return *place != NULL;
}

/* Constants end with NUL and begin behind one. */
static bool find_names(struct elf_hints *hints, const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len, *so;

	while ((so = memmem(at, (size_t)(end - at), ".so", 3))) {
		const char *nul = memchr(so, '\0', (size_t)(end - so));
		const char *start = so;

		if (!nul)
			break;
		while (start > at && start[-1] != '\0' &&
		       so - start <= LONGEST_NAME)
			start--;
		if (is_library_name(start, (size_t)(nul - start)) &&
		    !add_library(hints, start, (size_t)(nul - start)))
			return false;
		at = nul + 1;
	}
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct elf_hints *hints)
{
	size_t kept = 0;

	if (hints->n_libraries == 0)
		return;
	qsort(hints->libraries, hints->n_libraries, sizeof(char *),
	      compare_names);
	for (size_t i = 1; i < hints->n_libraries; i++) {
		if (strcmp(hints->libraries[kept], hints->libraries[i]) == 0)
			free(hints->libraries[i]);
		else
			hints->libraries[++kept] = hints->libraries[i];
	}
	hints->n_libraries = kept + 1;
}

static bool find_libraries(const struct elf_file *file, struct elf_hints *hints)
{
	for (size_t i = 0; i < file->n_segments; i++) {
		const GElf_Phdr *segment = &file->segments[i];
		Elf_Data *data;

		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
			continue;
		data = elf_file_data(file, segment->p_offset, segment->p_filesz,
				     ELF_T_BYTE);
		if (data && !find_names(hints, data->d_buf, data->d_size))
			return false;
	}
	sort_names(hints);
	return true;
}

int elf_hints_read(int fd, const char *name, struct elf_hints **out,
		   struct err *err)
{
	auto_of(elf_hints) struct elf_hints *hints = calloc(1, sizeof(*hints));
	struct elf_file file = {0};
	int error = hints ? 0 : -ENOMEM;

	if (hints && !elf_file_open(fd, &file, &error)) {
		hints->imports = elf_imports(&file);
		if ((hints->imports & ELF_IMPORTS_DLOPEN) &&
		    !find_libraries(&file, hints))
			error = -ENOMEM;
	}
	if (hints)
		elf_file_close(&file);
	if (error < 0)
		return err_sys(err, -error, "read %s", name);
	*out = TAKE(hints);
	return 0;
}
