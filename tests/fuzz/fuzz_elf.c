/*
 * Any bytes as an ELF file: its description, its hints, and the constants of
 * a loader that it might be.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf.h"
#include "elf_hints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_of(elf) struct elf *elf = NULL;
	auto_of(elf_hints) struct elf_hints *hints = NULL;
	auto_close int fd = memfd_create("elf", MFD_CLOEXEC);
	struct err err;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (elf_read(fd, "input", &elf, &err) < 0)
		return 0;
	for (size_t i = 0; i < elf->n_dependencies; i++)
		if (!elf->dependencies[i].name)
			abort();
	for (size_t i = 0; i < elf->n_needs; i++)
		if (!elf->needs[i].file || !elf->needs[i].version)
			abort();
	if (elf_hints_read(fd, "input", &hints, &err) < 0)
		abort();
	for (size_t i = 1; i < hints->n_libraries; i++)
		if (strcmp(hints->libraries[i - 1], hints->libraries[i]) >= 0)
			abort();
	return 0;
}
