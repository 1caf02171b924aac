/* The published vectors of docs/EIF.md, through writer, reader and measure. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cose.h"
#include "eif_examine.h"
#include "eif_write.h"
#include "fdio.h"
#include "sha256.h"
#include "test.h"

#define METADATA                                                               \
	"{\"ImageName\":\"mini\",\"ImageVersion\":\"1.0\",\"BuildMetadata\":"  \
	"{\"BuildTime\":\"1970-01-01T00:00:00+00:00\",\"BuildTool\":"          \
	"\"eifcheck\",\"BuildToolVersion\":\"1\",\"OperatingSystem\":"         \
	"\"Linux\",\"KernelVersion\":\"6.6.79\"},\"DockerInfo\":null,"         \
	"\"CustomMetadata\":null}"

static const struct {
	enum eif_type type;
	const char *data;
} mini[] = {
	{EIF_KERNEL, "KERNEL"},	   {EIF_CMDLINE, "console=ttyS0"},
	{EIF_METADATA, METADATA},  {EIF_RAMDISK, "RAMDISK0"},
	{EIF_RAMDISK, "RAMDISK1"},
};

static const char *const vectors[] = {
	"61fd2b06210a933b3db5e15c5752e394894bb097f7f1d96ad1f55a7525d0d7aa"
	"2c63b235f44420b12d8376cc392bdefb",
	"a6d35ce3e7ba80048a2b23da9b15063726a7cea90e16e9d6934e92a15aa1896f"
	"d54de706310e2fbc585d9c37db9c1805",
	"5f699ae4300525c628f5c96fc521729dd6ca1a2c07cb07b69e7ae9e3fa935cfd"
	"7cc83b3e26d89201a486d9db2405c562",
};

static void expect_vectors(const struct pcrs *pcrs)
{
	char hex[PCR_HEX_SIZE];

	pcr_hex(&pcrs->all, hex);
	assert_string_equal(hex, vectors[0]);
	pcr_hex(&pcrs->boot, hex);
	assert_string_equal(hex, vectors[1]);
	pcr_hex(&pcrs->rest, hex);
	assert_string_equal(hex, vectors[2]);
}

static int write_mini(void)
{
	int fd = memfd_create("mini", MFD_CLOEXEC);
	const struct eif_target target = {.fd = fd, .name = "mini"};
	struct eif_writer *writer = NULL;
	struct err err = {0};
	struct pcrs pcrs;
	uint64_t size;

	assert_int_equal(eif_writer_new(&target, &writer, &err), 0);
	for (size_t i = 0; i < sizeof(mini) / sizeof(*mini); i++)
		assert_int_equal(eif_put(writer, mini[i].type, mini[i].data,
					 strlen(mini[i].data), &err),
				 0);
	assert_int_equal(eif_measured(writer, &pcrs, &err), 0);
	expect_vectors(&pcrs);
	assert_int_equal(eif_finish(writer, &size, &err), 0);
	assert_int_equal(size, 879);
	eif_writer_free(writer);
	return fd;
}

TEST(the_smallest_image_has_the_published_digest)
{
	int fd = write_mini();
	struct sha256 hash;
	char hex[SHA256_HEX_SIZE], *data;
	size_t len;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 4096, &data, &len), 0);
	sha256_init(&hash);
	sha256_add(&hash, data, len);
	sha256_hex(&hash, hex);
	assert_string_equal(hex, "ea506c368f90d0da350d4427f8ab4ee1"
				 "4986b6d695b7207c4f3eeed9b1f699d7");
	free(data);
	close(fd);
}

TEST(what_was_written_is_read_and_accepted)
{
	struct eif_facts *facts = NULL;
	struct eif *eif = NULL;
	struct err err = {0};

	assert_int_equal(eif_read(write_mini(), "mini", &eif, &err), 0);
	assert_int_equal(eif_examine_open(eif, &facts, &err), 0);
	expect_vectors(&facts->pcrs);
	assert_int_equal(facts->crc, 0x22a834f0);
	assert_int_equal(facts->eif->header.crc, facts->crc);
	assert_int_equal(eif_accept(facts, &err), 0);
	assert_null(facts->signature);
	eif_facts_free(facts);
}

/* However the bytes come, and also without a second ramdisk. */
TEST(an_empty_rest_has_its_own_register)
{
	struct measure *measure = NULL;
	struct err err = {0};
	struct pcrs pcrs;
	char hex[PCR_HEX_SIZE];

	assert_int_equal(measure_new(&measure, &err), 0);
	measure_section(measure, EIF_KERNEL, &err);
	for (const char *at = "KERNEL"; *at; at++)
		assert_int_equal(measure_add(measure, at, 1, &err), 0);
	measure_section(measure, EIF_CMDLINE, &err);
	measure_add(measure, "console=ttyS0", 13, &err);
	measure_section(measure, EIF_METADATA, &err);
	measure_add(measure, "whatever", 8, &err);
	measure_section(measure, EIF_RAMDISK, &err);
	measure_add(measure, "RAMDISK0", 8, &err);
	assert_int_equal(measure_end(measure, &pcrs, &err), 0);
	pcr_hex(&pcrs.all, hex);
	assert_string_equal(hex, vectors[1]);
	pcr_hex(&pcrs.boot, hex);
	assert_string_equal(hex, vectors[1]);
	pcr_hex(&pcrs.rest, hex);
	assert_string_equal(hex,
			    "21b9efbc184807662e966d34f390821309eeac6802309798"
			    "826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a");
	measure_free(measure);
}

TEST(what_is_signed_is_byte_for_byte_as_described)
{
	static const unsigned char front[] = {
		0x84, 0x6a, 'S', 'i',  'g',  'n',  'a',	 't',  'u',
		'r',  'e',  '1', 0x44, 0xa1, 0x01, 0x38, 0x22, 0x40};
	const struct curve *curve = curve_by_cose(34);
	struct pcr pcr = {{0}};
	struct cbor_out out;
	struct err err = {0};

	assert_non_null(curve);
	assert_string_equal(curve->common, "P-384");
	pcr.bytes[47] = 0xff;
	assert_int_equal(cose_to_be_signed(curve, &pcr, &out, &err), 0);
	assert_memory_equal(out.data, front, sizeof(front));
	/* 58 len, map of two, both names, 47 zeros of one byte, 18 ff */
	assert_int_equal(out.len,
			 sizeof(front) + 2 + 1 + 15 + 1 + 15 + 2 + 47 + 2);
	assert_int_equal(out.data[out.len - 2], 0x18);
	assert_int_equal(out.data[out.len - 1], 0xff);
	assert_null(curve_by_cose(7));
	free(out.data);
}

TEST(der_signatures_are_taken_apart_and_nothing_else)
{
	const struct curve *curve = curve_by_cose(6);
	static const unsigned char der[] = {0x30, 0x07, 0x02, 0x02, 0x00,
					    0x80, 0x02, 0x01, 0x05};
	struct raw_signature raw;

	assert_true(signature_from(der, sizeof(der), curve, &raw));
	assert_int_equal(raw.len, 64);
	assert_int_equal(raw.bytes[31], 0x80);
	assert_int_equal(raw.bytes[63], 0x05);
	assert_false(signature_from(der, sizeof(der) - 1, curve, &raw));
	assert_false(signature_from("", 0, curve, &raw));
}

TEST_MAIN
