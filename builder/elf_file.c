#include "elf_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* libelf said no: of its own (errno is 0), or since the system did?  A library
 * left out for the latter would be a wrong answer. */
static void keep_failure(const struct elf_file *file)
{
	if (errno != 0)
		*file->failure = -errno;
}

static const char *read_segments(struct elf_file *file, int *error)
{
	size_t n = file->header.e_phnum;
	bool is_64 = gelf_getclass(file->lib) == ELFCLASS64;
	size_t size = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (n == 0)
		return NULL;
	if (file->header.e_phentsize != size)
		return "its program headers have an unknown size";
	if (n == PN_XNUM || file->header.e_phoff > (uint64_t)file->size ||
	    n * size > (uint64_t)file->size - file->header.e_phoff)
		return "its program headers lie outside of the file";
	file->segments = calloc(n, sizeof(*file->segments));
	if (!file->segments) {
		*error = -ENOMEM;
		return "no memory";
	}
	for (size_t i = 0; i < n; i++) {
		errno = 0;
		if (gelf_getphdr(file->lib, (int)i, &file->segments[i]))
			continue;
		keep_failure(file);
		return "its program headers cannot be read";
	}
	file->n_segments = n;
	return NULL;
}

const char *elf_file_open(int fd, struct elf_file *file, int *error)
{
	struct stat st;

	*file = (struct elf_file){.fd = fd, .failure = error};
	elf_version(EV_CURRENT);
	if (fstat(fd, &st) < 0) {
		*error = -errno;
		return "it cannot be read";
	}
	file->size = st.st_size;
	errno = 0;
	file->lib = elf_begin(fd, ELF_C_READ, NULL);
	if (!file->lib || elf_kind(file->lib) != ELF_K_ELF ||
	    !gelf_getehdr(file->lib, &file->header)) {
		keep_failure(file);
		return "its ELF header is broken";
	}
	file->is_big_endian = file->header.e_ident[EI_DATA] == ELFDATA2MSB;
	return read_segments(file, error);
}

void elf_file_close(struct elf_file *file)
{
	free(file->segments);
	if (file->lib)
		elf_end(file->lib);
	*file = (struct elf_file){.fd = -1};
}

const GElf_Phdr *elf_file_segment(const struct elf_file *file, uint32_t type)
{
	for (size_t i = 0; i < file->n_segments; i++)
		if (file->segments[i].p_type == type)
			return &file->segments[i];
	return NULL;
}

bool elf_file_find(const struct elf_file *file, uint64_t address,
		   uint64_t *offset, uint64_t *avail)
{
	uint64_t size = (uint64_t)file->size;

	for (size_t i = 0; i < file->n_segments; i++) {
		const GElf_Phdr *segment = &file->segments[i];
		uint64_t in = address - segment->p_vaddr;

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    in >= segment->p_filesz || segment->p_offset > size ||
		    in >= size - segment->p_offset)
			continue;
		*offset = segment->p_offset + in;
		*avail = segment->p_filesz - in;
		if (*avail > size - *offset)
			*avail = size - *offset;
		return true;
	}
	return false;
}

Elf_Data *elf_file_data(const struct elf_file *file, uint64_t offset,
			uint64_t len, Elf_Type type)
{
	uint64_t size = (uint64_t)file->size;
	Elf_Data *data;

	if (offset >= size)
		return NULL;
	if (len > size - offset)
		len = size - offset;
	if (len == 0)
		return NULL;
	errno = 0;
	data = elf_getdata_rawchunk(file->lib, (int64_t)offset, len, type);
	if (!data)
		keep_failure(file);
	return data;
}

struct elf_bytes elf_file_bytes(const struct elf_file *file, uint64_t address,
				uint64_t len)
{
	uint64_t offset, avail;
	Elf_Data *data = NULL;

	if (elf_file_find(file, address, &offset, &avail))
		data = elf_file_data(file, offset, len < avail ? len : avail,
				     ELF_T_BYTE);
	return data ? (struct elf_bytes){data->d_buf, data->d_size}
		    : (struct elf_bytes){NULL, 0};
}

static uint64_t number(const struct elf_file *file, const unsigned char *at,
		       unsigned len)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < len; i++)
		value = value << 8 | at[file->is_big_endian ? i : len - 1 - i];
	return value;
}

uint16_t elf_file_u16(const struct elf_file *file, const unsigned char *at)
{
	return (uint16_t)number(file, at, 2);
}

uint32_t elf_file_u32(const struct elf_file *file, const unsigned char *at)
{
	return (uint32_t)number(file, at, 4);
}

uint64_t elf_file_u64(const struct elf_file *file, const unsigned char *at)
{
	return number(file, at, 8);
}

const char *elf_bytes_string(struct elf_bytes table, uint64_t offset)
{
	if (offset >= table.len ||
	    !memchr(table.at + offset, '\0', table.len - offset))
		return NULL;
	return (const char *)table.at + offset;
}
