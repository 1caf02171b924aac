#pragma once
/*
 * elf_hints: what an ELF file lets one guess of the libraries that it loads by
 * itself, with dlopen() or through the C library.
 */
#include <stddef.h>

#include "cleanup.h"
#include "err.h"

/* Which of the functions it takes from elsewhere. */
enum elf_import {
	ELF_IMPORTS_DLOPEN = 1 << 0, /* dlopen, dlmopen */
	/* pthread_exit, pthread_cancel, backtrace: they load libgcc_s.so.1 */
	ELF_IMPORTS_UNWINDER = 1 << 1,
	ELF_IMPORTS_ICONV = 1 << 2, /* iconv_open: gconv modules */
	ELF_IMPORTS_NSS = 1 << 3, /* getaddrinfo, getpwnam, ... */
};

struct elf_hints {
	unsigned imports; /* of enum elf_import */
	char **libraries; /* constants like "libfoo.so.2" of a file that imports
			     dlopen, sorted, none twice */
	size_t n_libraries;
};

struct elf_file;

/* Of an open file; what cannot be read is not imported. */
unsigned elf_imports(const struct elf_file *file);

/* name is for messages. */
int elf_hints_read(int fd, const char *name, struct elf_hints **out,
		   struct err *err);
void elf_hints_free(struct elf_hints *hints);
DEFINE_AUTO(elf_hints)
