#include "eif_write.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "fdio.h"

struct eif_writer {
	struct eif_target target;
	struct eif_header header;
	struct measure *measure;
	struct sink *sink; /* of the section that is being written */
	uint64_t offset; /* where the next section header goes */
	uint32_t crc; /* of all behind the file's header */
};

int eif_writer_new(const struct eif_target *target, struct eif_writer **out,
		   struct err *err)
{
	auto_of(eif_writer) struct eif_writer *writer =
		calloc(1, sizeof(*writer));

	if (!writer)
		return err_sys(err, ENOMEM, "%s", target->name);
	writer->target = *target;
	writer->offset = EIF_HEADER;
	writer->header = (struct eif_header){
		.version = EIF_VERSION,
		.flags = target->flags,
		.memory = EIF_DEFAULT_MEMORY,
		.cpus = EIF_DEFAULT_CPUS,
	};
	if (measure_new(&writer->measure, err) < 0)
		return -1;
	if (lseek(target->fd, EIF_HEADER, SEEK_SET) < 0)
		return err_sys(err, errno, "%s", target->name);
	*out = TAKE(writer);
	return 0;
}

void eif_writer_free(struct eif_writer *writer)
{
	if (!writer)
		return;
	measure_free(writer->measure);
	sink_free(writer->sink);
	free(writer);
}

static int look_at_block(void *context, const void *data, size_t len,
			 struct err *err)
{
	struct eif_writer *writer = context;

	writer->crc = (uint32_t)crc32_z(writer->crc, data, len);
	return measure_add(writer->measure, data, len, err);
}

static void tell_progress(void *context, off_t done, off_t total)
{
	const struct eif_writer *writer = context;
	const struct eif_target *target = &writer->target;

	(void)total;
	target->progress(target->context, (off_t)writer->offset + done,
			 target->total);
}

static int put_section_header(struct eif_writer *writer, enum eif_type type,
			      uint64_t size, struct err *err)
{
	unsigned char raw[EIF_SECTION_HEADER];
	const struct eif_section_header header = {.type = (uint16_t)type,
						  .size = size};
	size_t index = writer->header.n_sections;
	int error;

	if (index == EIF_SECTIONS_MAX)
		return err_set(err, ERR_USAGE,
			       "%s: more than %d sections have no room",
			       writer->target.name, EIF_SECTIONS_MAX);
	writer->header.offsets[index] = writer->offset;
	writer->header.sizes[index] = size;
	writer->header.n_sections++;
	eif_section_header_put(&header, raw);
	writer->crc = (uint32_t)crc32_z(writer->crc, raw, sizeof(raw));
	error = fd_write_full(writer->target.fd, raw, sizeof(raw));
	if (error < 0)
		return err_sys(err, -error, "write %s", writer->target.name);
	writer->offset += sizeof(raw);
	return 0;
}

int eif_begin(struct eif_writer *writer, enum eif_type type, uint64_t size,
	      struct sink **sink, struct err *err)
{
	const struct sink_options options = {
		.fd = writer->target.fd,
		.name = writer->target.name,
		.tap = look_at_block,
		.progress = writer->target.progress ? tell_progress : NULL,
		.context = writer,
	};

	assert(!writer->sink);
	if (put_section_header(writer, type, size, err) < 0 ||
	    measure_section(writer->measure, type, err) < 0 ||
	    sink_open(&options, &writer->sink, err) < 0)
		return -1;
	*sink = writer->sink;
	return 0;
}

int eif_end(struct eif_writer *writer, struct err *err)
{
	size_t index = writer->header.n_sections - 1u;
	uint64_t size = writer->header.sizes[index];

	if (sink_finish(writer->sink, NULL, err) < 0)
		return -1;
	assert((uint64_t)sink_offset(writer->sink) == size);
	sink_free(writer->sink);
	writer->sink = NULL;
	writer->offset += size;
	return 0;
}

int eif_put(struct eif_writer *writer, enum eif_type type, const void *data,
	    size_t size, struct err *err)
{
	struct sink *sink;

	if (eif_begin(writer, type, size, &sink, err) < 0 ||
	    sink_write(sink, data, size, err) < 0)
		return -1;
	return eif_end(writer, err);
}

int eif_measured(struct eif_writer *writer, struct pcrs *out, struct err *err)
{
	return measure_end(writer->measure, out, err);
}

int eif_finish(struct eif_writer *writer, uint64_t *size, struct err *err)
{
	unsigned char raw[EIF_HEADER];
	z_off_t behind = (z_off_t)(writer->offset - EIF_HEADER);
	int error;

	eif_header_put(&writer->header, raw);
	writer->header.crc = (uint32_t)crc32_combine(
		crc32_z(0, raw, EIF_CRC_AT), writer->crc, behind);
	eif_header_put(&writer->header, raw);
	if (lseek(writer->target.fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "write %s", writer->target.name);
	error = fd_write_full(writer->target.fd, raw, sizeof(raw));
	if (error < 0)
		return err_sys(err, -error, "write %s", writer->target.name);
	*size = writer->offset;
	return 0;
}

static int pass_on(void *sink, const void *data, size_t len, struct err *err)
{
	return sink_write(sink, data, len, err);
}

int eif_copy_unsigned(struct eif_writer *writer, const struct eif *from,
		      struct err *err)
{
	struct sink *sink;

	/* what the header says beside is kept */
	writer->header.memory = from->header.memory;
	writer->header.cpus = from->header.cpus;
	for (size_t i = 0; i < from->n; i++) {
		const struct eif_section *section = &from->sections[i];

		if (section->rule->type == EIF_SIGNATURE)
			continue;
		if (eif_begin(writer, section->rule->type, section->size, &sink,
			      err) < 0 ||
		    eif_pass(from, section->offset, section->size, pass_on,
			     sink, err) < 0 ||
		    eif_end(writer, err) < 0)
			return -1;
	}
	return 0;
}
