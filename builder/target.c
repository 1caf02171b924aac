#include "target.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"

/* Programs that a source is likely to have, in order. */
static const char *const witnesses[] = {
	"/bin/sh", "/usr/bin/env", "/bin/bash", "/bin/busybox", "/sbin/init",
};

static const struct {
	unsigned machine;
	unsigned class; /* 0: either */
	const char *name;
} machines[] = {
	{EM_X86_64, ELFCLASS64, "x86_64"},
	{EM_X86_64, ELFCLASS32, "x32"},
	{EM_AARCH64, 0, "aarch64"},
	{EM_386, 0, "i386"},
	{EM_ARM, 0, "arm"},
	{EM_RISCV, ELFCLASS64, "riscv64"},
	{EM_RISCV, ELFCLASS32, "riscv32"},
	{EM_S390, 0, "s390x"},
	{EM_PPC64, 0, "powerpc64le"},
	{EM_LOONGARCH, 0, "loongarch64"},
};

static const char *kernel_machine_name(const struct elf_abi *abi)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == abi->machine &&
		    (!machines[i].class || machines[i].class == abi->class))
			return machines[i].name;
	return NULL;
}

/* "/usr/lib/x86_64-linux-gnu/ld-2.36.so" -> "lib/x86_64-linux-gnu". */
static void name_lib(const char *loader, struct target *out)
{
	const char *start = loader + (strncmp(loader, "/usr/", 5) == 0 ? 5 : 1);
	const char *end = strrchr(start, '/');

	if (end)
		snprintf(out->lib, sizeof(out->lib), "%.*s", (int)(end - start),
			 start);
}

static void name_triplet(const char *interpreter, struct target *out)
{
	const char *slash = strrchr(out->lib, '/');

	if (slash)
		snprintf(out->triplet, sizeof(out->triplet), "%s", slash + 1);
	else
		snprintf(out->triplet, sizeof(out->triplet), "%s-linux-%s",
			 out->arch,
			 strstr(interpreter, "ld-musl") ? "musl" : "gnu");
}

static int describe(const struct source *source, const struct elf *elf,
		    struct target *out, struct err *err)
{
	auto_free char *loader = NULL;
	const char *arch = kernel_machine_name(&elf->abi);
	int error;

	if (!arch || !elf->interpreter)
		return 0;
	error = source_realpath(source, elf->interpreter, &loader, NULL);
	if (source_failed(error))
		return err_sys(err, -error, "%s", elf->interpreter);
	if (error < 0)
		return 0;
	snprintf(out->arch, sizeof(out->arch), "%s", arch);
	name_lib(loader, out);
	name_triplet(elf->interpreter, out);
	out->machine = elf->abi.machine;
	return 0;
}

int target_find(const struct source *source, struct resolver *resolver,
		struct target *out, struct err *err)
{
	*out = (struct target){0};
	for (size_t i = 0; i < sizeof(witnesses) / sizeof(*witnesses); i++) {
		struct err why = {0};
		const struct elf *elf;

		elf = resolver_elf(resolver, witnesses[i], &why);
		if (!elf && why.kind == ERR_SYSTEM && source_failed(-why.sys)) {
			*err = why;
			return -1;
		}
		if (elf && describe(source, elf, out, err) < 0)
			return -1;
		if (out->machine)
			return 0;
	}
	return 0;
}
