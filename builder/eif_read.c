#include "eif_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "fdio.h"

enum { PIECE = 1 << 18 };

static int broken(const struct eif *eif, struct err *err, const char *words)
{
	return err_set(err, ERR_INPUT, "%s: %s", eif->name, words);
}

static int read_at(const struct eif *eif, uint64_t offset, void *data,
		   size_t len, struct err *err)
{
	ssize_t got = fd_pread_full(eif->fd, data, len, (off_t)offset);

	if (got < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-got, "%s", eif->name);
	if ((size_t)got < len)
		return broken(eif, err, "ends too early: it is cut off");
	return 0;
}

static int read_header(struct eif *eif, struct err *err)
{
	unsigned char raw[EIF_HEADER];
	struct eif_header *header = &eif->header;
	const char *words;

	if (read_at(eif, 0, raw, sizeof(raw), err) < 0)
		return -1;
	words = eif_header_get(raw, header);
	if (words)
		return broken(eif, err, words);
	if (header->version != EIF_VERSION)
		return err_set(err, ERR_INPUT,
			       "%s: format version %u; known is %d alone",
			       eif->name, header->version, EIF_VERSION);
	if (header->flags & ~EIF_FLAG_AARCH64)
		return err_set(err, ERR_INPUT,
			       "%s: flags %#x in its header: for another kind "
			       "of enclave, whose PCR0 covers them in an "
			       "unpublished way; it cannot be measured",
			       eif->name, header->flags);
	if (header->n_sections > EIF_SECTIONS_MAX)
		return err_set(err, ERR_INPUT,
			       "%s: %u sections; %d at most are possible",
			       eif->name, header->n_sections, EIF_SECTIONS_MAX);
	return 0;
}

static int misplaced(const struct eif *eif, size_t index, const char *words,
		     struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: section %zu: %s", eif->name, index,
		       words);
}

/* Where the table says that it is, and nowhere else. */
static int check_place(const struct eif *eif, size_t index, uint64_t at,
		       struct err *err)
{
	uint64_t offset = eif->header.offsets[index];
	uint64_t size = eif->header.sizes[index];

	if (offset < at)
		return misplaced(eif, index,
				 index ? "overlaps the one before it"
				       : "overlaps the header",
				 err);
	if (offset > at)
		return misplaced(eif, index,
				 "a gap before it, which readers do not agree "
				 "about",
				 err);
	if (eif->size - at < EIF_SECTION_HEADER ||
	    eif->size - at - EIF_SECTION_HEADER < size)
		return misplaced(eif, index,
				 "reaches beyond the end of the file", err);
	return 0;
}

static int check_size(const struct eif *eif, size_t index,
		      const struct eif_rule *rule, uint64_t size,
		      struct err *err)
{
	if (size < rule->smallest)
		return err_set(err, ERR_INPUT,
			       "%s: section %zu: %s of %" PRIu64 " bytes",
			       eif->name, index, rule->name, size);
	if (rule->largest && size > rule->largest)
		return err_set(err, ERR_INPUT,
			       "%s: section %zu: %s of %" PRIu64
			       " bytes; %" PRIu64 " at most are possible",
			       eif->name, index, rule->name, size,
			       rule->largest);
	return 0;
}

static int read_section(struct eif *eif, size_t index, uint64_t *at,
			struct err *err)
{
	unsigned char raw[EIF_SECTION_HEADER];
	struct eif_section_header header;
	const struct eif_rule *rule;

	if (check_place(eif, index, *at, err) < 0 ||
	    read_at(eif, *at, raw, sizeof(raw), err) < 0)
		return -1;
	eif_section_header_get(raw, &header);
	rule = eif_rule_of(header.type);
	if (!rule)
		return err_set(err, ERR_INPUT,
			       "%s: section %zu: of unknown type %u", eif->name,
			       index, header.type);
	if (header.flags)
		return misplaced(eif, index, "its flags are not 0", err);
	if (header.size != eif->header.sizes[index])
		return misplaced(eif, index,
				 "its own header and the table of the file do "
				 "not agree about its size",
				 err);
	if (check_size(eif, index, rule, header.size, err) < 0)
		return -1;
	eif->sections[eif->n++] = (struct eif_section){
		rule, *at + EIF_SECTION_HEADER, header.size};
	*at += EIF_SECTION_HEADER + header.size;
	return 0;
}

/* The rest of the table must say nothing, and the file must end. */
static int check_end(const struct eif *eif, uint64_t at, struct err *err)
{
	for (size_t i = eif->n; i < EIF_SECTIONS_MAX; i++)
		if (eif->header.offsets[i] || eif->header.sizes[i])
			return err_set(err, ERR_INPUT,
				       "%s: its table says more than the %zu "
				       "sections that it is to have",
				       eif->name, eif->n);
	if (at != eif->size)
		return broken(eif, err,
			      "there is more behind the last section");
	return 0;
}

static int check_count(const struct eif *eif, const struct eif_rule *rule,
		       unsigned count, struct err *err)
{
	if (count < rule->least)
		return err_set(err, ERR_INPUT, "%s: no %s section", eif->name,
			       rule->name);
	if (count > rule->most)
		return err_set(err, ERR_INPUT, "%s: more than one %s section",
			       eif->name, rule->name);
	return 0;
}

static int check_kinds(const struct eif *eif, struct err *err)
{
	unsigned counts[EIF_N_RULES] = {0};

	for (size_t i = 0; i < eif->n; i++)
		counts[eif->sections[i].rule - eif_rules]++;
	for (size_t i = 0; i < EIF_N_RULES; i++)
		if (check_count(eif, &eif_rules[i], counts[i], err) < 0)
			return -1;
	for (size_t i = 1; i < eif->n; i++)
		if (eif->sections[i].rule < eif->sections[i - 1].rule)
			return err_set(err, ERR_INPUT,
				       "%s: section %zu: %s behind %s; the "
				       "order is kernel, cmdline, metadata, "
				       "ramdisks, signature",
				       eif->name, i,
				       eif->sections[i].rule->name,
				       eif->sections[i - 1].rule->name);
	return 0;
}

static int read_sections(struct eif *eif, struct err *err)
{
	uint64_t at = EIF_HEADER;

	for (size_t i = 0; i < eif->header.n_sections; i++)
		if (read_section(eif, i, &at, err) < 0)
			return -1;
	return check_end(eif, at, err) < 0 ? -1 : check_kinds(eif, err);
}

static int find_size(struct eif *eif, struct err *err)
{
	struct stat st;

	if (fstat(eif->fd, &st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", eif->name);
	if (!S_ISREG(st.st_mode))
		return broken(eif, err, "not a regular file");
	eif->size = (uint64_t)st.st_size;
	return 0;
}

int eif_read(int fd, const char *name, struct eif **out, struct err *err)
{
	auto_of(eif) struct eif *eif = calloc(1, sizeof(*eif));

	if (eif)
		eif->name = strdup(name);
	if (!eif || !eif->name) {
		if (eif)
			eif->fd = -1;
		return err_sys(err, ENOMEM, "%s", name);
	}
	eif->fd = fd;
	if (find_size(eif, err) < 0 || read_header(eif, err) < 0 ||
	    read_sections(eif, err) < 0) {
		eif->fd = -1;
		return -1;
	}
	*out = TAKE(eif);
	return 0;
}

int eif_open(const char *path, struct eif **out, struct err *err)
{
	auto_close int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", path);
	if (eif_read(fd, path, out, err) < 0)
		return -1;
	take_fd(&fd);
	return 0;
}

void eif_free(struct eif *eif)
{
	if (!eif)
		return;
	if (eif->fd >= 0)
		close(eif->fd);
	free(eif->name);
	free(eif);
}

const struct eif_section *eif_find(const struct eif *eif, enum eif_type type)
{
	for (size_t i = 0; i < eif->n; i++)
		if (eif->sections[i].rule->type == type)
			return &eif->sections[i];
	return NULL;
}

int eif_load(const struct eif *eif, const struct eif_section *section,
	     char **data, struct err *err)
{
	size_t size = (size_t)section->size;
	auto_free char *bytes = calloc(size + 1, 1);

	if (!bytes)
		return err_sys(err, ENOMEM, "%s", eif->name);
	if (read_at(eif, section->offset, bytes, size, err) < 0)
		return -1;
	*data = TAKE(bytes);
	return 0;
}

int eif_pass(const struct eif *eif, uint64_t offset, uint64_t size,
	     eif_visit *visit, void *context, struct err *err)
{
	size_t room = size < PIECE ? (size_t)size : (size_t)PIECE;
	auto_free char *piece = malloc(room + 1);

	if (!piece)
		return err_sys(err, ENOMEM, "%s", eif->name);
	for (uint64_t done = 0; done < size;) {
		size_t len = size - done < room ? (size_t)(size - done) : room;

		if (read_at(eif, offset + done, piece, len, err) < 0 ||
		    visit(context, piece, len, err) < 0)
			return -1;
		done += len;
	}
	return 0;
}

struct measuring {
	struct measure *measure;
	uint32_t crc;
};

static int add_crc(void *context, const void *data, size_t len, struct err *err)
{
	struct measuring *measuring = context;

	(void)err;
	measuring->crc = (uint32_t)crc32_z(measuring->crc, data, len);
	return 0;
}

static int add_both(void *context, const void *data, size_t len,
		    struct err *err)
{
	struct measuring *measuring = context;

	add_crc(context, data, len, err);
	return measure_add(measuring->measure, data, len, err);
}

int eif_measure(const struct eif *eif, struct pcrs *pcrs, uint32_t *crc,
		struct err *err)
{
	auto_of(measure) struct measure *measure = NULL;
	struct measuring measuring = {0};

	if (measure_new(&measure, err) < 0)
		return -1;
	measuring.measure = measure;
	if (eif_pass(eif, 0, EIF_CRC_AT, add_crc, &measuring, err) < 0)
		return -1;
	for (size_t i = 0; i < eif->n; i++) {
		const struct eif_section *section = &eif->sections[i];

		if (measure_section(measure, section->rule->type, err) < 0 ||
		    eif_pass(eif, section->offset - EIF_SECTION_HEADER,
			     EIF_SECTION_HEADER, add_crc, &measuring,
			     err) < 0 ||
		    eif_pass(eif, section->offset, section->size, add_both,
			     &measuring, err) < 0)
			return -1;
	}
	*crc = measuring.crc;
	return measure_end(measure, pcrs, err);
}
