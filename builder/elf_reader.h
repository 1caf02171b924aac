#pragma once
/*
 * elf_reader: what the parts of the ELF reader share while one file is read.
 *
 * Every function returns NULL or the file's defect in words.
 */
#include "elf.h"
#include "elf_file.h"

struct elf_reader {
	const struct elf_file *file;
	struct elf *elf;
	struct elf_bytes strings; /* DT_STRTAB */
	uint64_t budget; /* bytes of names that may still be copied */
};

extern const char elf_out_of_memory[];

/* A copy of a string of DT_STRTAB. */
const char *elf_reader_copy(struct elf_reader *reader, uint64_t offset,
			    char **copy);

/* The tables at DT_VERNEED and DT_VERDEF, elf_versions.c. */
const char *elf_read_needs(struct elf_reader *reader, uint64_t address,
			   uint64_t n);
const char *elf_read_defines(struct elf_reader *reader, uint64_t address,
			     uint64_t n);
