/*
 * The symbol versions that a file needs of others (.gnu.version_r) and defines
 * itself (.gnu.version_d).  Both tables are chains of records that lead to the
 * next by a distance, and so does each record to what hangs on it.
 */
#include <elf.h>
#include <stdlib.h>

#include "array.h"
#include "elf_reader.h"

static const char outside[] = "its symbol versions lie outside of the file";

struct chain {
	struct elf_reader *reader;
	struct elf_bytes bytes;
	uint64_t address;
};

/* The record at a distance from the table's start; the window on the file
 * grows as needed. */
static const unsigned char *record_at(struct chain *chain, uint64_t at,
				      size_t size)
{
	while (at > chain->bytes.len || chain->bytes.len - at < size) {
		uint64_t want = chain->bytes.len ? 8 * chain->bytes.len : 2048;
		size_t had = chain->bytes.len;

		chain->bytes = elf_file_bytes(chain->reader->file,
					      chain->address, want);
		if (chain->bytes.len <= had)
			return NULL;
	}
	return chain->bytes.at + at;
}

/* More records than the file has bytes for: they lie upon each other. */
static bool is_too_many(const struct elf_reader *reader, size_t n)
{
	return n > (uint64_t)reader->file->size / 8;
}

static const char *add_need(struct elf_reader *reader, uint32_t file,
			    uint32_t version, bool is_weak)
{
	struct elf *elf = reader->elf;
	struct elf_version *need;
	const char *defect;

	if (is_too_many(reader, elf->n_needs))
		return outside;
	need = array_push(elf->needs, elf->n_needs);
	if (!need)
		return elf_out_of_memory;
	need->is_weak = is_weak;
	defect = elf_reader_copy(reader, file, &need->file);
	if (!defect)
		defect = elf_reader_copy(reader, version, &need->version);
	if (defect) {
		free(need->file);
		elf->n_needs--;
	}
	return defect;
}

/* What is needed of one library. */
static const char *read_need(struct chain *chain, uint64_t at, uint32_t *next)
{
	const struct elf_file *file = chain->reader->file;
	const unsigned char *record = record_at(chain, at, 16);
	const char *defect = NULL;
	uint32_t library, step;
	uint16_t n;

	if (!record)
		return outside;
	n = elf_file_u16(file, record + 2);
	library = elf_file_u32(file, record + 4);
	step = elf_file_u32(file, record + 8);
	*next = elf_file_u32(file, record + 12);
	for (; n > 0 && step != 0 && !defect; n--) {
		at += step;
		record = record_at(chain, at, 16);
		if (!record)
			return outside;
		step = elf_file_u32(file, record + 12);
		defect = add_need(
			chain->reader, library, elf_file_u32(file, record + 8),
			elf_file_u16(file, record + 4) & VER_FLG_WEAK);
	}
	return defect;
}

/* One version that the file defines: the first name that hangs on it. */
static const char *read_define(struct chain *chain, uint64_t at, uint32_t *next)
{
	const struct elf_file *file = chain->reader->file;
	const unsigned char *record = record_at(chain, at, 20);
	struct elf *elf = chain->reader->elf;
	const char *defect;
	char **define;

	if (!record || is_too_many(chain->reader, elf->n_defines))
		return outside;
	*next = elf_file_u32(file, record + 16);
	record = record_at(chain, at + elf_file_u32(file, record + 12), 8);
	if (!record)
		return outside;
	define = array_push(elf->defines, elf->n_defines);
	if (!define)
		return elf_out_of_memory;
	defect = elf_reader_copy(chain->reader, elf_file_u32(file, record),
				 define);
	if (defect)
		elf->n_defines--;
	return defect;
}

/* Distances only lead forward, so that this ends. */
static const char *read_chain(struct chain *chain, uint64_t n,
			      const char *(*read)(struct chain *, uint64_t,
						  uint32_t *))
{
	const char *defect = NULL;
	uint32_t next = 1;
	uint64_t at = 0;

	for (; n > 0 && next != 0 && !defect; n--) {
		defect = read(chain, at, &next);
		at += next;
	}
	return defect;
}

const char *elf_read_needs(struct elf_reader *reader, uint64_t address,
			   uint64_t n)
{
	struct chain chain = {.reader = reader, .address = address};

	return read_chain(&chain, n, read_need);
}

const char *elf_read_defines(struct elf_reader *reader, uint64_t address,
			     uint64_t n)
{
	struct chain chain = {.reader = reader, .address = address};

	return read_chain(&chain, n, read_define);
}
