#pragma once
/*
 * eif_write: an enclave image file, section by section, measured as it is
 * written.
 *
 * Sections come in the order of eif_rules; the size of each is known before
 * its data.  The header is written last, and until then there is none.
 */
#include "cleanup.h"
#include "eif_read.h"
#include "err.h"
#include "pcr.h"
#include "sink.h"

struct eif_writer;

struct eif_target {
	int fd; /* at its start; stays the caller's */
	const char *name; /* for messages */
	uint16_t flags;
	off_t total; /* bytes to come, more or less, for progress */
	void (*progress)(void *context, off_t done, off_t total);
	void *context;
};

int eif_writer_new(const struct eif_target *target, struct eif_writer **out,
		   struct err *err);
void eif_writer_free(struct eif_writer *writer);
DEFINE_AUTO(eif_writer)

/* A section begins: its data go into *sink, which is the writer's. */
int eif_begin(struct eif_writer *writer, enum eif_type type, uint64_t size,
	      struct sink **sink, struct err *err);

/* The section has all its bytes. */
int eif_end(struct eif_writer *writer, struct err *err);

/* A whole section. */
int eif_put(struct eif_writer *writer, enum eif_type type, const void *data,
	    size_t size, struct err *err);

/* What the sections so far come to; afterwards only a signature may follow. */
int eif_measured(struct eif_writer *writer, struct pcrs *out, struct err *err);

/* Writes the header.  *size: of the file. */
int eif_finish(struct eif_writer *writer, uint64_t *size, struct err *err);

/* All sections of an image but its signature, as they are. */
int eif_copy_unsigned(struct eif_writer *writer, const struct eif *from,
		      struct err *err);
