#pragma once
/*
 * oci_reader: the pieces of a profile: its JSON, looked at piece by piece, each
 * with its place.  All return 0, or -1 with words that begin with the place.
 */
#include <jansson.h>
#include <stdint.h>

#include "oci_words.h"
#include "policy.h"
#include "written.h"

/* Where in the document we are, for messages. */
struct place {
	const struct place *above;
	const char *key; /* NULL: an element of a list */
	size_t index;
};

struct reader {
	const struct policy_request *request;
	enum machine machine;
	unsigned kernel[2];
	struct written *written;
	json_t *root;
	const char *name;
	struct err *err;
};

__attribute__((format(printf, 3, 4))) int oci_wrong(struct reader *reader,
						    const struct place *place,
						    const char *format, ...);

/*
 * A document, or NULL.  18446744073709551615, which is above the parser's
 * integers and which runtimes write for "no limit", is a number, too.
 */
json_t *oci_parse(const char *text, size_t len, json_error_t *why);

/* "syscalls[3].args[0]"; owned by the caller, or NULL. */
char *oci_place_text(const struct place *place);

/* Every key is one that we know; "a b c". */
int oci_check_keys(struct reader *reader, const struct place *place,
		   json_t *object, const char *known);

/* A list; NULL when it is missing (or null). */
int oci_get_list(struct reader *reader, const struct place *above,
		 json_t *object, const char *key, json_t **out);
int oci_get_string(struct reader *reader, const struct place *place,
		   json_t *value, const char **out);

/* A whole number from 0 to most. */
int oci_get_number(struct reader *reader, const struct place *place,
		   json_t *value, uint64_t most, uint64_t *out);

/* What a word is to us; of a string that is there, or of a key's. */
int oci_find_word(struct reader *reader, const struct place *place,
		  const struct oci_word *words, const char *text, int *out);
int oci_get_word(struct reader *reader, const struct place *above,
		 json_t *object, const char *key, const struct oci_word *words,
		 int *out);
