/*
 * fuzz_eif: any bytes as an enclave image, or, if they do not begin like one,
 * as its signature section.
 *
 * What is accepted must come out again byte for byte: the readers are strict.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cose.h"
#include "eif_examine.h"
#include "eif_write.h"
#include "fdio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || fd_write_full(fd, data, size) < 0)
		abort();
	return fd;
}

static int must(int result)
{
	if (result < 0)
		abort();
	return result;
}

/* All sections written anew are the same file, but for its checksum. */
static void write_again(const struct eif *eif, const uint8_t *data)
{
	int fd = memfd_create("again", MFD_CLOEXEC);
	const struct eif_target target = {
		.fd = fd, .name = "again", .flags = eif->header.flags};
	const struct eif_section *section = eif_find(eif, EIF_SIGNATURE);
	auto_of(eif_writer) struct eif_writer *writer = NULL;
	auto_free char *signature = NULL;
	struct err err = {0};
	uint64_t size;
	char *again;
	size_t len;

	must(eif_writer_new(&target, &writer, &err));
	must(eif_copy_unsigned(writer, eif, &err));
	if (section) {
		must(eif_load(eif, section, &signature, &err));
		must(eif_put(writer, EIF_SIGNATURE, signature,
			     (size_t)section->size, &err));
	}
	must(eif_finish(writer, &size, &err));
	assert(size == eif->size && lseek(fd, 0, SEEK_SET) == 0);
	must(fd_read_all(fd, (size_t)size, &again, &len));
	assert(len == size && memcmp(again, data, EIF_CRC_AT) == 0);
	assert(memcmp(again + EIF_HEADER, data + EIF_HEADER,
		      len - EIF_HEADER) == 0);
	free(again);
	close(fd);
}

static void accept(const struct eif_facts *facts)
{
	struct err err = {0};

	if (eif_accept(facts, &err) < 0)
		assert(err.kind == ERR_INPUT && err.msg[0]);
}

static void try_image(const uint8_t *data, size_t size)
{
	auto_of(eif_facts) struct eif_facts *facts = NULL;
	struct eif *eif = NULL;
	struct err err = {0};
	json_t *told = NULL;
	int fd = file_of(data, size);

	if (eif_read(fd, "fuzz", &eif, &err) < 0) {
		assert(err.kind == ERR_INPUT && err.msg[0]);
		close(fd);
		return;
	}
	write_again(eif, data);
	if (eif_examine_open(eif, &facts, &err) < 0) {
		assert(err.kind == ERR_INPUT && err.msg[0]);
		return;
	}
	accept(facts);
	/* A fuzzer finds no checksum: what comes behind it is looked at, too. */
	eif->header.crc = facts->crc;
	accept(facts);
	must(eif_describe(facts, &told, &err));
	json_decref(told);
}

static void try_section(const uint8_t *data, size_t size)
{
	auto_of(cose_signed) struct cose_signed *signature = NULL;
	auto_of(certificate) struct certificate *certificate = NULL;
	struct cbor_out again;
	struct err err = {0};

	if (cose_read(data, size, "fuzz", &signature, &err) < 0) {
		assert(err.kind == ERR_INPUT && err.msg[0]);
		return;
	}
	if (certificate_of((const char *)signature->pem, signature->pem_len,
			   "fuzz", &certificate, &err) < 0)
		return;
	if (certificate_curve(certificate) != signature->curve ||
	    size > EIF_SIGNATURE_MAX)
		return;
	must(cose_section(certificate, &signature->pcr, &signature->signature,
			  &again, &err));
	assert(again.len == size && memcmp(again.data, data, size) == 0);
	free(again.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 4 && memcmp(data, EIF_MAGIC, 4) == 0)
		try_image(data, size);
	else
		try_section(data, size);
	return 0;
}
