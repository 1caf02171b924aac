/* Whatever allocation fails while an enclave image is baked, read or signed,
 * the failure is told and nothing is left behind. */
#include <elf.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocations.h"

#include "eif_examine.h"
#include "enclave_plan.h"
#include "enclave_write.h"
#include "fdio.h"
#include "test.h"

/* Files that the test makes in its directory: a static program, a tar with it, a kernel. */
static const char program[] = "program", tar[] = "root.tar",
		  kernel[] = "kernel";

static void write_file(const char *name, const void *data, size_t len)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void make_program(void)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
	} elf = {
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64,
				       ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_EXEC,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1},
		.segment = {.p_type = PT_LOAD, .p_align = 1},
	};

	elf.segment.p_filesz = elf.segment.p_memsz = sizeof(elf);
	write_file(program, &elf, sizeof(elf));
}

static void make_tar(void)
{
	assert_int_equal(mkdir("tree", 0755), 0);
	assert_int_equal(mkdir("tree/etc", 0755), 0);
	write_file("tree/etc/passwd", "u:x:1:1::/:\n", 12);
	assert_int_equal(
		system("cp program tree/prog && chmod 755 tree/prog && "
		       "ln tree/prog tree/again && ln -s prog tree/l && "
		       "tar -C tree -cf root.tar ."),
		0);
}

static void make_kernel(void)
{
	static const unsigned char magic[] = {'H', 'd', 'r', 'S', 0x0f, 2};
	unsigned char data[0x400] = {0};

	data[0x1fe] = 0x55;
	data[0x1ff] = 0xaa;
	memcpy(data + 0x202, magic, sizeof(magic));
	data[0x211] = 1;
	data[0x236] = 1;
	write_file(kernel, data, sizeof(data));
}

/* Made once: libarchive does not survive every lack of memory. */
static struct enclave_plan *make_plan(void)
{
	char command[] = "/prog";
	char *const words[] = {command, NULL};
	const struct enclave_request request = {
		.image = tar,
		.init = program,
		.launcher = program,
		.machine = EM_X86_64,
		.spool = "out",
		.heartbeat = "early",
		.user = "u",
		.command = words,
	};
	struct enclave_plan *made = NULL;
	struct err err = {0};

	if (enclave_plan_make(&request, &made, &err) < 0)
		fail_msg("%s", err.msg);
	return made;
}

static struct enclave_plan *plan;

static int bake(struct err *err)
{
	auto_of(kernel_image) struct kernel_image *opened = NULL;
	struct enclave_image image = {
		.plan = plan,
		.cmdline = "x",
		.metadata = "{}",
		.output = "out",
	};
	struct enclave_result result;

	if (kernel_image_open(kernel, NULL, &opened, err) < 0)
		return -1;
	image.kernel = opened;
	return enclave_write(&image, &result, err);
}

static int examine(struct err *err)
{
	auto_of(eif) struct eif *eif = NULL;
	struct pcrs pcrs;
	uint32_t crc;

	if (eif_open("out", &eif, err) < 0)
		return -1;
	return eif_measure(eif, &pcrs, &crc, err);
}

#if ALLOCATIONS_CAN_FAIL
static void sweep(int (*run)(struct err *err))
{
	struct err err = {0};

	/* what libraries keep is made now */
	ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
	assert_int_equal(run(&err), 0);
	for (long n = 0;; n++) {
		int result;
		long left;

		err = (struct err){0};
		allocations_start(n);
		result = run(&err);
		ERR_clear_error();
		left = allocations_stop();
		if (left > 0)
			fail_msg("allocation %ld: %ld are left", n, left);
		if (!allocations_failed())
			break;
		if (result != 0 && err.msg[0] == '\0')
			fail_msg("allocation %ld: no words", n);
	}
}

TEST(baking_and_reading_fail_cleanly)
{
	make_program();
	make_tar();
	make_kernel();
	plan = make_plan();
	sweep(bake);
	sweep(examine);
	enclave_plan_free(plan);
}
#else
TEST(it_works_without_failures)
{
	(void)bake, (void)examine, (void)make_program, (void)make_tar,
		(void)make_kernel, (void)make_plan;
}
#endif

TEST_MAIN
