#pragma once
/*
 * json: a JSON document as it is written, in memory.
 *
 * Only what a report needs, so that jaillaunch links no library.  Any bytes
 * make a valid document: what is not UTF-8 is written byte for byte as \u00XX.
 * Running out of memory is seen at the end, by json_text().
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The longest that a character becomes, and a NUL. */
#define JSON_CHARACTER_MAX 8

/*
 * How the first character of a text that is not empty stands in a JSON string.
 * Returns how many bytes of the text that was.
 */
size_t json_character(const char *text, char out[JSON_CHARACTER_MAX]);

struct json {
	FILE *out;
	char *text;
	size_t len;
	unsigned depth;
	bool is_first; /* in the object or array that is open */
};

/* -1: no memory. */
int json_start(struct json *json);

/* key is NULL in an array.  A NULL string is written as null. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, int64_t value);
void json_seconds(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);

/* The document, owned by the caller, or NULL.  Ends json in any case. */
char *json_text(struct json *json);
