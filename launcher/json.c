#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

int json_start(struct json *json)
{
	*json = (struct json){.is_first = true};
	json->out = open_memstream(&json->text, &json->len);
	return json->out ? 0 : -1;
}

size_t json_character(const char *text, char out[JSON_CHARACTER_MAX])
{
	unsigned char byte = (unsigned char)*text;
	size_t len = utf8_sequence(text, strlen(text));

	if (byte == '"' || byte == '\\')
		snprintf(out, JSON_CHARACTER_MAX, "\\%c", byte);
	else if (byte < 32 || byte == 127 || len == 0)
		snprintf(out, JSON_CHARACTER_MAX, "\\u%04x", byte);
	else
		snprintf(out, JSON_CHARACTER_MAX, "%.*s", (int)len, text);
	return len ? len : 1;
}

static void put_text(struct json *json, const char *text)
{
	char character[JSON_CHARACTER_MAX];

	fputc('"', json->out);
	while (*text) {
		text += json_character(text, character);
		fputs(character, json->out);
	}
	fputc('"', json->out);
}

static void begin_value(struct json *json, const char *key)
{
	if (json->depth > 0)
		fprintf(json->out, "%s\n%*s", json->is_first ? "" : ",",
			(int)json->depth, "");
	json->is_first = false;
	if (!key)
		return;
	put_text(json, key);
	fputs(": ", json->out);
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->is_first = true;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (!json->is_first)
		fprintf(json->out, "\n%*s", (int)json->depth, "");
	fputc(bracket, json->out);
	json->is_first = false;
}

void json_string(struct json *json, const char *key, const char *value)
{
	begin_value(json, key);
	if (value)
		put_text(json, value);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	fprintf(json->out, "%jd", (intmax_t)value);
}

void json_seconds(struct json *json, const char *key, double value)
{
	begin_value(json, key);
	fprintf(json->out, "%.6f", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	fputs(value ? "true" : "false", json->out);
}

char *json_text(struct json *json)
{
	bool is_whole = !ferror(json->out);

	fputc('\n', json->out);
	if (fclose(json->out) != 0 || !is_whole) {
		free(json->text);
		return NULL;
	}
	return json->text;
}
