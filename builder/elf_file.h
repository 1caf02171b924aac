#pragma once
/*
 * elf_file: the bytes of an ELF file, found by virtual address through its
 * program headers, as a loader finds them.
 *
 * The file is hostile: every offset, count and string is bounded by the file
 * and by the segment that holds it.  Section headers are never looked at.
 */
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct elf_file {
	int fd; /* not owned */
	off_t size;
	Elf *lib;
	GElf_Ehdr header;
	GElf_Phdr *segments;
	size_t n_segments;
	bool is_big_endian;
	int *failure; /* of elf_file_open(): set by every read that fails */
};

/* Part of the file; bytes are owned by the elf_file. */
struct elf_bytes {
	const unsigned char *at;
	size_t len;
};

/*
 * Opens what an already looked-at header says is ELF.  NULL on success, else
 * the defect that keeps a loader from using the file, in words.  To be closed
 * in either case.  *error, which must live as long as the file is open: -ENOMEM
 * or -EIO when something cannot be read and it is not the file's fault; what was
 * read is then not to be trusted.
 */
const char *elf_file_open(int fd, struct elf_file *file, int *error);
void elf_file_close(struct elf_file *file);

/* The first segment of a type, or NULL. */
const GElf_Phdr *elf_file_segment(const struct elf_file *file, uint32_t type);

/* Where the byte at a virtual address stands in the file, and how many bytes
 * of its segment follow there.  False: nowhere. */
bool elf_file_find(const struct elf_file *file, uint64_t address,
		   uint64_t *offset, uint64_t *avail);

/* At most len bytes at an offset, or at an address, converted from the file's
 * byte order as type says (ELF_T_BYTE: not at all).  NULL when there are
 * none. */
Elf_Data *elf_file_data(const struct elf_file *file, uint64_t offset,
			uint64_t len, Elf_Type type);
struct elf_bytes elf_file_bytes(const struct elf_file *file, uint64_t address,
				uint64_t len);

/* A number in the file's byte order. */
uint16_t elf_file_u16(const struct elf_file *file, const unsigned char *at);
uint32_t elf_file_u32(const struct elf_file *file, const unsigned char *at);
uint64_t elf_file_u64(const struct elf_file *file, const unsigned char *at);

/* The string at an offset of a table of strings; NULL when it does not end
 * there. */
const char *elf_bytes_string(struct elf_bytes table, uint64_t offset);
