#pragma once
/*
 * elf: what one ELF file says to a dynamic loader.
 *
 * Program headers only; both classes, both byte orders.  A file that carries
 * the magic number is described even when it is broken: `defect` then says why
 * a loader would refuse it, and what could be read is there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"

/* What must agree between a program and its libraries. */
struct elf_abi {
	uint8_t class; /* ELFCLASS32, ELFCLASS64 */
	uint8_t order; /* ELFDATA2LSB, ELFDATA2MSB */
	uint16_t machine;
	uint32_t flags;
};

enum elf_relation { ELF_NEEDED, ELF_AUXILIARY, ELF_FILTER };

struct elf_dependency {
	enum elf_relation relation;
	char *name; /* as written, $ORIGIN and the like not expanded */
};

/* "file" must define this version of its symbols. */
struct elf_version {
	char *file, *version;
	bool is_weak; /* may be missing */
};

struct elf {
	struct elf_abi abi;
	uint16_t type; /* ET_EXEC, ET_DYN, ... */
	bool is_dynamic; /* has a dynamic section */
	bool is_loadable; /* has a segment to be loaded */
	uint64_t flags_1;
	char *interpreter, *soname, *rpath, *runpath; /* or NULL */
	struct elf_dependency *dependencies; /* in file order */
	size_t n_dependencies;
	struct elf_version *needs;
	size_t n_needs;
	char **defines; /* versions that it defines */
	size_t n_defines;
	char **dlopen_notes; /* JSON text of each .note.dlopen (UAPI.12) */
	size_t n_dlopen_notes;
	unsigned imports; /* enum elf_import, elf_hints.h */
	const char *defect; /* NULL: none */
	struct stat st;
};

/* name is for messages.  ERR_INPUT with sys ENOEXEC: no ELF file. */
int elf_read(int fd, const char *name, struct elf **out, struct err *err);
void elf_free(struct elf *elf);
DEFINE_AUTO(elf)

/* A position-independent program, which no loader takes as a library. */
bool elf_is_program(const struct elf *elf);

/* Whether a loader of ABI a passes over a file of ABI b. */
bool elf_abi_differs(const struct elf_abi *a, const struct elf_abi *b);
