#include "elf.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_hints.h"
#include "test.h"

#define SIZE ((size_t)0x1000)
#define BASE 0x40000 /* where the file is loaded */

/* A shared object, written by hand for each class and byte order. */
struct build {
	bool is_64, is_big;
	unsigned char bytes[SIZE];
	size_t strings, n_strings, dynamic;
};

static void put(struct build *build, size_t at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		build->bytes[at + (build->is_big ? size - 1 - i : i)] =
			(unsigned char)(value >> 8 * i);
}

static uint64_t put_string(struct build *build, const char *text)
{
	size_t at = build->n_strings;

	strcpy((char *)build->bytes + build->strings + at, text);
	build->n_strings += strlen(text) + 1;
	return at;
}

static void put_dynamic(struct build *build, uint64_t tag, uint64_t value)
{
	size_t word = build->is_64 ? 8 : 4;

	put(build, build->dynamic, tag, word);
	put(build, build->dynamic + word, value, word);
	build->dynamic += 2 * word;
}

static void put_segment(struct build *build, size_t i, uint32_t type,
			uint64_t offset, uint64_t size)
{
	size_t at = build->is_64 ? 64 + 56 * i : 52 + 32 * i;
	size_t word = build->is_64 ? 8 : 4, next = at + word;

	put(build, at, type, 4);
	put(build, build->is_64 ? at + 4 : at + 24, PF_R, 4);
	put(build, next, offset, word);
	put(build, next + word, BASE + offset, word);
	put(build, next + 3 * word, size, word);
	put(build, next + 4 * word, size, word);
}

static void put_header(struct build *build, uint16_t machine)
{
	memcpy(build->bytes, ELFMAG, SELFMAG);
	build->bytes[EI_CLASS] = build->is_64 ? ELFCLASS64 : ELFCLASS32;
	build->bytes[EI_DATA] = build->is_big ? ELFDATA2MSB : ELFDATA2LSB;
	build->bytes[EI_VERSION] = EV_CURRENT;
	put(build, 16, ET_DYN, 2);
	put(build, 18, machine, 2);
	put(build, 20, EV_CURRENT, 4);
	put(build, build->is_64 ? 32 : 28, build->is_64 ? 64 : 52,
	    build->is_64 ? 8 : 4);
	put(build, build->is_64 ? 54 : 42, build->is_64 ? 56 : 32, 2);
	put(build, build->is_64 ? 56 : 44, 4, 2);
}

static void put_versions(struct build *build, size_t needs, size_t defines)
{
	put(build, needs, 1, 2);
	put(build, needs + 2, 2, 2); /* two versions of one library */
	put(build, needs + 4, put_string(build, "libc.so.6"), 4);
	put(build, needs + 8, 16, 4);
	put(build, needs + 16 + 8, put_string(build, "GLIBC_2.4"), 4);
	put(build, needs + 16 + 12, 16, 4);
	put(build, needs + 32 + 4, VER_FLG_WEAK, 2);
	put(build, needs + 32 + 8, put_string(build, "GLIBC_2.99"), 4);
	put(build, defines, 1, 2);
	put(build, defines + 6, 1, 2);
	put(build, defines + 12, 20, 4);
	put(build, defines + 20, put_string(build, "MINE_1"), 4);
}

static void put_note(struct build *build, size_t at, const char *json)
{
	put(build, at, 4, 4);
	put(build, at + 4, strlen(json) + 1, 4);
	put(build, at + 8, 0x407c0c0a, 4);
	memcpy(build->bytes + at + 12, "FDO", 4);
	strcpy((char *)build->bytes + at + 16, json);
}

/* An import of dlopen, and the name of what it opens. */
static void put_symbols(struct build *build, size_t at)
{
	size_t name = put_string(build, "dlopen");

	put(build, at + (build->is_64 ? 24 : 16), name, 4);
	strcpy((char *)build->bytes + 0xd00, "libhint.so.3");
	strcpy((char *)build->bytes + 0xd20, "/libpath.so");
	strcpy((char *)build->bytes + 0xd40, "libhint.so.3");
	strcpy((char *)build->bytes + 0xd60, "libno.sox");
}

static void make(struct build *build, uint16_t machine)
{
	static const char json[] = "[{\"soname\":[\"liba.so\"]}]";

	build->strings = 0x800;
	build->n_strings = 1;
	build->dynamic = 0x400;
	put_header(build, machine);
	put_segment(build, 0, PT_LOAD, 0, SIZE);
	put_segment(build, 1, PT_DYNAMIC, 0x400, 0x300);
	put_segment(build, 2, PT_INTERP, 0xc00, 7);
	put_segment(build, 3, PT_NOTE, 0xe00, (16 + sizeof(json) + 3) / 4 * 4);
	strcpy((char *)build->bytes + 0xc00, "/lib/x");
	put_note(build, 0xe00, json);
	put_versions(build, 0x700, 0x780);
	put_symbols(build, 0xb00);
	put_dynamic(build, DT_NEEDED, put_string(build, "libc.so.6"));
	put_dynamic(build, (uint32_t)DT_FILTER, put_string(build, "libf.so"));
	put_dynamic(build, (uint32_t)DT_AUXILIARY,
		    put_string(build, "liba.so"));
	put_dynamic(build, DT_NEEDED, put_string(build, "libm.so.6"));
	put_dynamic(build, DT_SONAME, put_string(build, "wrong.so"));
	put_dynamic(build, DT_SONAME, put_string(build, "me.so"));
	put_dynamic(build, DT_RPATH, put_string(build, "/r"));
	put_dynamic(build, DT_RUNPATH, put_string(build, "$ORIGIN"));
	put_dynamic(build, DT_FLAGS_1, DF_1_NODEFLIB);
	put_dynamic(build, DT_VERNEED, BASE + 0x700);
	put_dynamic(build, DT_VERNEEDNUM, 1);
	put_dynamic(build, DT_VERDEF, BASE + 0x780);
	put_dynamic(build, DT_VERDEFNUM, 1);
	put_dynamic(build, DT_SYMTAB, BASE + 0xb00);
	put_dynamic(build, DT_HASH, BASE + 0xbf0);
	put(build, 0xbf4, 2, 4);
	put_dynamic(build, DT_STRTAB, BASE + 0x800);
	put_dynamic(build, DT_NULL, 0);
	put_dynamic(build, DT_NEEDED, put_string(build, "behind.so"));
}

static int as_file(const struct build *build, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, build->bytes, size), size);
	return fd;
}

static struct elf *read_elf(const struct build *build, size_t size)
{
	auto_close int fd = as_file(build, size);
	struct elf *elf = NULL;
	struct err err;

	if (elf_read(fd, "test", &elf, &err) < 0)
		assert_int_equal(err.sys, ENOEXEC);
	return elf;
}

static void check(const struct elf *elf)
{
	if (elf->defect)
		print_error("%s\n", elf->defect);
	assert_null(elf->defect);
	assert_string_equal(elf->interpreter, "/lib/x");
	assert_string_equal(elf->soname, "me.so");
	assert_string_equal(elf->rpath, "/r");
	assert_string_equal(elf->runpath, "$ORIGIN");
	assert_int_equal(elf->n_dependencies, 4);
	assert_string_equal(elf->dependencies[0].name, "libc.so.6");
	assert_int_equal(elf->dependencies[1].relation, ELF_FILTER);
	assert_int_equal(elf->dependencies[2].relation, ELF_AUXILIARY);
	assert_string_equal(elf->dependencies[3].name, "libm.so.6");
	assert_int_equal(elf->flags_1, DF_1_NODEFLIB);
	assert_int_equal(elf->n_needs, 2);
	assert_string_equal(elf->needs[0].file, "libc.so.6");
	assert_string_equal(elf->needs[0].version, "GLIBC_2.4");
	assert_false(elf->needs[0].is_weak);
	assert_true(elf->needs[1].is_weak);
	assert_int_equal(elf->n_defines, 1);
	assert_string_equal(elf->defines[0], "MINE_1");
	assert_int_equal(elf->n_dlopen_notes, 1);
	assert_string_equal(elf->dlopen_notes[0],
			    "[{\"soname\":[\"liba.so\"]}]");
}

static const struct {
	bool is_64, is_big;
	uint16_t machine;
} kinds[] = {
	{true, false, EM_X86_64},
	{true, true, EM_PPC64},
	{false, false, EM_386},
	{false, true, EM_PPC},
};

TEST(reads_each_class_and_byte_order)
{
	for (size_t i = 0; i < 4; i++) {
		struct build build = {.is_64 = kinds[i].is_64,
				      .is_big = kinds[i].is_big};
		auto_of(elf) struct elf *elf = NULL;

		make(&build, kinds[i].machine);
		elf = read_elf(&build, SIZE);
		assert_non_null(elf);
		check(elf);
		assert_int_equal(elf->abi.machine, kinds[i].machine);
		assert_int_equal(elf->type, ET_DYN);
		assert_false(elf_is_program(elf));
	}
}

TEST(tells_what_it_may_open_by_itself)
{
	for (size_t i = 0; i < 4; i++) {
		struct build build = {.is_64 = kinds[i].is_64,
				      .is_big = kinds[i].is_big};
		auto_of(elf_hints) struct elf_hints *hints = NULL;
		auto_close int fd = -1;
		struct err err;

		make(&build, kinds[i].machine);
		fd = as_file(&build, SIZE);
		assert_int_equal(elf_hints_read(fd, "test", &hints, &err), 0);
		assert_int_equal(hints->imports, ELF_IMPORTS_DLOPEN);
		assert_true(hints->n_libraries >= 1);
		for (size_t k = 0; k < hints->n_libraries; k++) {
			assert_string_not_equal(hints->libraries[k],
						"libno.sox");
			assert_string_not_equal(hints->libraries[k],
						"libpath.so");
		}
	}
}

/* Cut anywhere, or one byte changed: no crash, and names that are there. */
TEST(broken_files_are_described_as_far_as_they_go)
{
	struct build build = {.is_64 = true}, broken;
	size_t n_defects = 0;

	make(&build, EM_X86_64);
	for (size_t i = 0; i < 2 * SIZE; i++) {
		auto_of(elf) struct elf *elf = NULL;

		if (i >= SIZE && build.bytes[i - SIZE] == 0)
			continue;
		broken = build;
		if (i >= SIZE)
			broken.bytes[i - SIZE] ^= 0xff;
		elf = read_elf(&broken, i < SIZE ? i : SIZE);
		if (!elf)
			continue;
		n_defects += elf->defect != NULL;
		for (size_t k = 0; k < elf->n_dependencies; k++)
			assert_non_null(elf->dependencies[k].name);
	}
	assert_true(n_defects > 64);
}

static const struct {
	size_t at, size;
	uint64_t value;
	const char *defect;
} defects[] = {
	{EI_VERSION, 1, 2, "its ELF version is unknown"},
	{EI_OSABI, 1, 9, "it is for another operating system"},
	{EI_ABIVERSION, 1, 1, "its ABI version is unknown"},
	{16, 2, ET_REL, "it is neither a program nor a shared object"},
	{54, 2, 32, "its program headers have an unknown size"},
	{56, 2, 0xffff, "its program headers lie outside of the file"},
	{32, 8, UINT64_MAX, "its program headers lie outside of the file"},
	{64 + 2 * 56 + 32, 8, 6, "its PT_INTERP names no interpreter"},
	{64 + 2 * 56 + 8, 8, SIZE, "its PT_INTERP names no interpreter"},
	{0x400 + 8, 8, 1 << 20, "a name lies outside of its string table"},
	{0x700 + 8, 4, 1 << 20, "its symbol versions lie outside of the file"},
};

TEST(says_why_a_loader_would_refuse_it)
{
	for (size_t i = 0; i < sizeof(defects) / sizeof(*defects); i++) {
		struct build build = {.is_64 = true};
		auto_of(elf) struct elf *elf = NULL;

		make(&build, EM_X86_64);
		put(&build, defects[i].at, defects[i].value, defects[i].size);
		elf = read_elf(&build, SIZE);
		assert_non_null(elf);
		assert_non_null(elf->defect);
		assert_string_equal(elf->defect, defects[i].defect);
	}
}

/* 4 MiB of versions that all lie on each other would be terabytes of names. */
TEST(records_that_lie_on_each_other_end)
{
	struct build build = {.is_64 = true};
	auto_of(elf) struct elf *elf = NULL;

	make(&build, EM_X86_64);
	put(&build, 0x700 + 2, 0xffff, 2); /* so many of this library */
	put(&build, 0x700 + 16 + 12, 1, 4);
	for (size_t at = 0x720; at < 0x780; at++)
		build.bytes[at] = 1;
	elf = read_elf(&build, SIZE);
	assert_non_null(elf);
	assert_non_null(elf->defect);
	assert_true(elf->n_needs <= SIZE / 8);
}

TEST(what_is_no_elf_file_is_an_input_error)
{
	struct build build = {.is_64 = true};

	assert_null(read_elf(&build, SIZE));
	make(&build, EM_X86_64);
	assert_null(read_elf(&build, 10));
	assert_null(read_elf(&build, 0));
}

TEST(abis_that_differ)
{
	struct elf_abi a = {ELFCLASS32, ELFDATA2LSB, EM_ARM,
			    EF_ARM_ABI_FLOAT_HARD};
	struct elf_abi b = a;

	assert_false(elf_abi_differs(&a, &b));
	b.flags = 0;
	assert_false(elf_abi_differs(&a, &b));
	b.flags = EF_ARM_ABI_FLOAT_SOFT;
	assert_true(elf_abi_differs(&a, &b));
	b = a;
	b.order = ELFDATA2MSB;
	assert_true(elf_abi_differs(&a, &b));
}

TEST_MAIN
