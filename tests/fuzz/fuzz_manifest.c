/*
 * Any bytes read as an embedded manifest: what is accepted has a canonical
 * form that is read as an equal manifest and written as the same bytes.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_equal(const struct manifest *a, const struct manifest *b)
{
	auto_free const struct entry **left = manifest_sorted(a);
	auto_free const struct entry **right = manifest_sorted(b);
	size_t i, j = 0;

	for (i = 0; i < a->n; i++) {
		if (i > 0 && entry_compare(left[i - 1], left[i]) == 0)
			continue; /* a duplicate is written once */
		assert(j < b->n && entry_compare(left[i], right[j]) == 0 &&
		       left[i]->optional == right[j]->optional);
		j++;
	}
	assert(j == b->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_of(manifest) struct manifest *first = NULL, *second = NULL;
	auto_free char *once = NULL, *twice = NULL;
	size_t len, again;
	struct err err = {0};

	if (manifest_read_text((const char *)data, size, "fuzz", &first, &err) <
	    0) {
		assert(err.kind == ERR_MANIFEST && err.msg[0]);
		return 0;
	}
	if (manifest_text(first, &once, &len, &err) < 0)
		return 0; /* too large to embed */
	assert(manifest_read_text(once, len, "once", &second, &err) == 0);
	assert(manifest_text(second, &twice, &again, &err) == 0);
	assert(len == again && memcmp(once, twice, len) == 0);
	check_equal(first, second);
	return 0;
}
