#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf_file.h"
#include "elf_hints.h"
#include "elf_reader.h"
#include "fdio.h"

#define NOTE_DLOPEN 0x407c0c0a /* UAPI.12 */
#define NOTE_OWNER "FDO"
#define LONGEST_NAMES (16u << 20) /* all names of a file together */

/* What the dynamic section says, where it says it twice: the last. */
struct dynamic {
	uint64_t strings, strings_size;
	uint64_t soname, rpath, runpath;
	uint64_t needs, n_needs, defines, n_defines;
	bool has_strings, has_soname, has_rpath, has_runpath;
};

const char elf_out_of_memory[] = "no memory";

void elf_free(struct elf *elf)
{
	if (!elf)
		return;
	for (size_t i = 0; i < elf->n_dependencies; i++)
		free(elf->dependencies[i].name);
	for (size_t i = 0; i < elf->n_needs; i++) {
		free(elf->needs[i].file);
		free(elf->needs[i].version);
	}
	for (size_t i = 0; i < elf->n_defines; i++)
		free(elf->defines[i]);
	for (size_t i = 0; i < elf->n_dlopen_notes; i++)
		free(elf->dlopen_notes[i]);
	free(elf->dependencies);
	free(elf->needs);
	free(elf->defines);
	free(elf->dlopen_notes);
	free(elf->interpreter);
	free(elf->soname);
	free(elf->rpath);
	free(elf->runpath);
	free(elf);
}

bool elf_is_program(const struct elf *elf)
{
	return elf->type == ET_EXEC || (elf->flags_1 & DF_1_PIE);
}

static bool float_abi_differs(uint32_t a, uint32_t b)
{
	const uint32_t floats = EF_ARM_ABI_FLOAT_SOFT | EF_ARM_ABI_FLOAT_HARD;

	return (a & floats) && (b & floats) && (a & floats) != (b & floats);
}

bool elf_abi_differs(const struct elf_abi *a, const struct elf_abi *b)
{
	return a->class != b->class || a->order != b->order ||
	       a->machine != b->machine ||
	       (a->machine == EM_ARM && float_abi_differs(a->flags, b->flags));
}

/* The checks of glibc's open_verify() after class and machine. */
static const char *header_defect(const unsigned char *ident, size_t len,
				 const struct elf *elf)
{
	static const unsigned char zeros[EI_NIDENT - EI_PAD];

	if (len < sizeof(Elf32_Ehdr) ||
	    (elf->abi.class == ELFCLASS64 && len < sizeof(Elf64_Ehdr)))
		return "it is too short";
	if (elf->abi.class != ELFCLASS32 && elf->abi.class != ELFCLASS64)
		return "its class is unknown";
	if (elf->abi.order != ELFDATA2LSB && elf->abi.order != ELFDATA2MSB)
		return "its byte order is unknown";
	if (ident[EI_VERSION] != EV_CURRENT)
		return "its ELF version is unknown";
	if (ident[EI_OSABI] != ELFOSABI_SYSV && ident[EI_OSABI] != ELFOSABI_GNU)
		return "it is for another operating system";
	if ((ident[EI_OSABI] == ELFOSABI_SYSV && ident[EI_ABIVERSION] != 0) ||
	    memcmp(ident + EI_PAD, zeros, sizeof(zeros)) != 0)
		return "its ABI version is unknown";
	if (elf->type != ET_DYN && elf->type != ET_EXEC)
		return "it is neither a program nor a shared object";
	return NULL;
}

static void read_ident(const unsigned char *head, struct elf *elf)
{
	bool is_big = head[EI_DATA] == ELFDATA2MSB;

	elf->abi.class = head[EI_CLASS];
	elf->abi.order = head[EI_DATA];
	elf->type = (uint16_t)(head[16 + !is_big] << 8 | head[16 + is_big]);
	elf->abi.machine =
		(uint16_t)(head[18 + !is_big] << 8 | head[18 + is_big]);
}

/* The kernel's rule: it ends with the segment. */
static const char *read_interpreter(const struct elf_file *file,
				    struct elf *elf)
{
	const GElf_Phdr *segment = elf_file_segment(file, PT_INTERP);
	Elf_Data *data;
	const char *text;

	if (!segment || segment->p_filesz == 0)
		return NULL;
	data = segment->p_filesz <= 4096
		       ? elf_file_data(file, segment->p_offset,
				       segment->p_filesz, ELF_T_BYTE)
		       : NULL;
	text = data ? data->d_buf : NULL;
	if (!text || data->d_size != segment->p_filesz ||
	    text[data->d_size - 1] != '\0' || !*text)
		return "its PT_INTERP names no interpreter";
	elf->interpreter = strdup(text);
	return elf->interpreter ? NULL : elf_out_of_memory;
}

static void take_tag(const GElf_Dyn *entry, struct dynamic *dynamic,
		     struct elf *elf)
{
	uint64_t value = entry->d_un.d_val;

	switch (entry->d_tag) {
	case DT_STRTAB:
		dynamic->strings = value;
		dynamic->has_strings = true;
		break;
	case DT_STRSZ:
		dynamic->strings_size = value;
		break;
	case DT_SONAME:
		dynamic->soname = value;
		dynamic->has_soname = true;
		break;
	case DT_RPATH:
		dynamic->rpath = value;
		dynamic->has_rpath = true;
		break;
	case DT_RUNPATH:
		dynamic->runpath = value;
		dynamic->has_runpath = true;
		break;
	case DT_FLAGS_1:
		elf->flags_1 = value;
		break;
	case DT_VERNEED:
		dynamic->needs = value;
		break;
	case DT_VERNEEDNUM:
		dynamic->n_needs = value;
		break;
	case DT_VERDEF:
		dynamic->defines = value;
		break;
	case DT_VERDEFNUM:
		dynamic->n_defines = value;
		break;
	default:
		break;
	}
}

/* The table, up to DT_NULL; d_size of it is cut there. */
static Elf_Data *dynamic_table(const struct elf_file *file)
{
	const GElf_Phdr *segment = elf_file_segment(file, PT_DYNAMIC);
	uint64_t offset, avail;

	if (!segment || segment->p_filesz == 0 ||
	    !elf_file_find(file, segment->p_vaddr, &offset, &avail))
		return NULL;
	if (avail > segment->p_filesz)
		avail = segment->p_filesz;
	return elf_file_data(file, offset, avail, ELF_T_DYN);
}

const char *elf_reader_copy(struct elf_reader *reader, uint64_t offset,
			    char **copy)
{
	const char *text = elf_bytes_string(reader->strings, offset);
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return "a name lies outside of its string table";
	if (len >= reader->budget)
		return "its names are longer than any real ones";
	reader->budget -= len + 1;
	*copy = strdup(text);
	return *copy ? NULL : elf_out_of_memory;
}

static const char *add_dependency(struct elf_reader *reader,
				  const GElf_Dyn *entry)
{
	struct elf *elf = reader->elf;
	struct elf_dependency *dependency =
		array_push(elf->dependencies, elf->n_dependencies);
	const char *defect;

	if (!dependency)
		return elf_out_of_memory;
	dependency->relation = entry->d_tag == DT_NEEDED   ? ELF_NEEDED
			       : entry->d_tag == DT_FILTER ? ELF_FILTER
							   : ELF_AUXILIARY;
	defect = elf_reader_copy(reader, entry->d_un.d_val, &dependency->name);
	if (defect)
		elf->n_dependencies--;
	return defect;
}

static bool is_dependency(const GElf_Dyn *entry)
{
	return entry->d_tag == DT_NEEDED || entry->d_tag == DT_AUXILIARY ||
	       entry->d_tag == DT_FILTER;
}

static const char *read_names(struct elf_reader *reader,
			      const struct dynamic *dynamic)
{
	struct elf *elf = reader->elf;
	const char *defect = NULL;

	if (dynamic->has_soname)
		defect = elf_reader_copy(reader, dynamic->soname, &elf->soname);
	if (!defect && dynamic->has_runpath)
		defect = elf_reader_copy(reader, dynamic->runpath,
					 &elf->runpath);
	if (!defect && dynamic->has_rpath)
		defect = elf_reader_copy(reader, dynamic->rpath, &elf->rpath);
	return defect;
}

static struct elf_bytes string_table(const struct elf_file *file,
				     const struct dynamic *dynamic)
{
	uint64_t size =
		dynamic->strings_size ? dynamic->strings_size : UINT64_MAX;

	return elf_file_bytes(file, dynamic->strings, size);
}

static const char *read_tables(struct elf_reader *reader, Elf_Data *table,
			       const struct dynamic *dynamic)
{
	const char *defect = read_names(reader, dynamic);
	GElf_Dyn entry;

	for (int i = 0;
	     !defect && gelf_getdyn(table, i, &entry) && entry.d_tag != DT_NULL;
	     i++)
		if (is_dependency(&entry))
			defect = add_dependency(reader, &entry);
	if (!defect && dynamic->needs)
		defect = elf_read_needs(reader, dynamic->needs,
					dynamic->n_needs);
	if (!defect && dynamic->defines)
		defect = elf_read_defines(reader, dynamic->defines,
					  dynamic->n_defines);
	return defect;
}

static const char *read_dynamic(const struct elf_file *file, struct elf *elf)
{
	struct elf_reader reader = {
		.file = file, .elf = elf, .budget = LONGEST_NAMES};
	Elf_Data *table = dynamic_table(file);
	struct dynamic dynamic = {0};
	GElf_Dyn entry;

	if (!table)
		return NULL;
	elf->is_dynamic = true;
	for (int i = 0; gelf_getdyn(table, i, &entry) && entry.d_tag != DT_NULL;
	     i++)
		take_tag(&entry, &dynamic, elf);
	if (!dynamic.has_strings)
		return "it has no string table";
	reader.strings = string_table(file, &dynamic);
	if (!reader.strings.at)
		return "its string table lies outside of the file";
	return read_tables(&reader, table, &dynamic);
}

static const char *take_note(struct elf *elf, const GElf_Nhdr *note,
			     const char *owner, const char *text)
{
	char **copy;

	if (note->n_type != NOTE_DLOPEN ||
	    note->n_namesz != sizeof(NOTE_OWNER) ||
	    memcmp(owner, NOTE_OWNER, sizeof(NOTE_OWNER)) != 0)
		return NULL;
	copy = array_push(elf->dlopen_notes, elf->n_dlopen_notes);
	if (!copy)
		return elf_out_of_memory;
	*copy = strndup(text, note->n_descsz);
	if (!*copy)
		elf->n_dlopen_notes--;
	return *copy ? NULL : elf_out_of_memory;
}

static const char *read_notes(const struct elf_file *file, struct elf *elf)
{
	for (size_t i = 0; i < file->n_segments; i++) {
		const GElf_Phdr *segment = &file->segments[i];
		size_t at = 0, owner, text;
		GElf_Nhdr note;
		Elf_Data *data;

		if (segment->p_type != PT_NOTE)
			continue;
		data = elf_file_data(file, segment->p_offset, segment->p_filesz,
				     segment->p_align == 8 ? ELF_T_NHDR8
							   : ELF_T_NHDR);
		while (data &&
		       (at = gelf_getnote(data, at, &note, &owner, &text))) {
			const char *bytes = data->d_buf;
			const char *defect = take_note(
				elf, &note, bytes + owner, bytes + text);
			if (defect)
				return defect;
		}
	}
	return NULL;
}

static const char *read_file(const struct elf_file *file, struct elf *elf)
{
	const char *defect;

	elf->abi.flags = file->header.e_flags;
	elf->is_loadable = elf_file_segment(file, PT_LOAD) != NULL;
	defect = read_interpreter(file, elf);
	if (!defect)
		defect = read_dynamic(file, elf);
	if (!defect)
		defect = read_notes(file, elf);
	if (!defect && elf->is_dynamic)
		elf->imports = elf_imports(file);
	return defect;
}

int elf_read(int fd, const char *name, struct elf **out, struct err *err)
{
	auto_of(elf) struct elf *elf = calloc(1, sizeof(*elf));
	unsigned char head[sizeof(Elf64_Ehdr)] = {0};
	struct elf_file file;
	int error = 0;
	ssize_t len;

	if (!elf)
		return err_sys(err, ENOMEM, "read %s", name);
	len = fd_pread_full(fd, head, sizeof(head), 0);
	if (len < 0 || fstat(fd, &elf->st) < 0)
		return err_sys(err, len < 0 ? (int)-len : errno, "read %s",
			       name);
	if (len < EI_NIDENT + 4 || memcmp(head, ELFMAG, SELFMAG) != 0)
		return err_sys_kind(err, ERR_INPUT, ENOEXEC,
				    "%s is no ELF file", name);
	read_ident(head, elf);
	elf->defect = header_defect(head, (size_t)len, elf);
	if (!elf->defect) {
		elf->defect = elf_file_open(fd, &file, &error);
		if (!elf->defect)
			elf->defect = read_file(&file, elf);
		elf_file_close(&file);
	}
	if (elf->defect == elf_out_of_memory)
		error = -ENOMEM;
	if (error < 0)
		return err_sys(err, -error, "read %s", name);
	*out = TAKE(elf);
	return 0;
}
