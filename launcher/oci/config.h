#pragma once
/*
 * config: a config.json of the OCI runtime specification, as options of
 * jaillaunch.
 *
 * Each key is in a table that says what becomes of it: taken, noted as not
 * honoured, or, where leaving it out would confine the program less than the
 * configuration asks for, refused.  A key that is in no table is noted.
 */
#include <stdbool.h>
#include <stdio.h>

#include "../oci_answer.h"
#include "../policy/oci_reader.h"

struct config {
	struct reader reader; /* of it: root, name, err */
	const char *directory; /* where the configuration lies */
	FILE *out; /* the answer */
	bool is_readonly, has_mounts, covers_proc;
	bool has_namespaces, has_network, has_pid;
	bool wants_proc; /* a mount of it, on /proc */
	/* lists, or NULL */
	json_t *mounts, *readonly_paths, *masked_paths;
	json_t *ambient; /* likewise */
	bool has_pids;
	uint64_t pids; /* the least that was said */
};

struct config_row {
	const char *key;
	int (*take)(struct config *config, const struct place *place,
		    json_t *value);
	const char *note; /* why it is not honoured */
	const char *refusal; /* why it cannot be left out */
};

/* Every key of an object, by rows that end with {0}. */
int config_walk(struct config *config, const struct place *place,
		json_t *object, const struct config_row *rows);

/* Every element of a list. */
int config_each(struct config *config, const struct place *place, json_t *list,
		int (*take)(struct config *config, const struct place *place,
			    json_t *item));
int config_get_bool(struct config *config, const struct place *place,
		    json_t *value, bool *out);

/* It was looked at, and says nothing to us. */
int config_pass(struct config *config, const struct place *place,
		json_t *value);

/* A piece of the answer. */
__attribute__((format(printf, 3, 4))) void config_put(struct config *config,
						      enum oci_piece piece,
						      const char *format, ...);
__attribute__((format(printf, 3, 4))) int config_note(struct config *config,
						      const struct place *place,
						      const char *format, ...);

/* "", 0, false, [], {} and null ask for nothing. */
bool config_is_empty(const json_t *value);

/* Two keys limit processes: the lower counts; UINT64_MAX: no limit. */
void config_limit_pids(struct config *config, uint64_t most);

/* A path of the host, relative to the configuration, as a whole; or NULL. */
char *config_path(const struct config *config, const char *path);

int config_process(struct config *config, const struct place *place,
		   json_t *value);
int config_mounts(struct config *config, const struct place *place,
		  json_t *value);
int config_linux(struct config *config, const struct place *place,
		 json_t *value);

/* What can be told only when all was read. */
void config_put_pids(struct config *config);
int config_decide_proc(struct config *config);
int config_check_paths(struct config *config);

/* The answer; *out is owned by the caller. */
int config_read(const char *name, const char *directory, const char *text,
		size_t len, char **out, size_t *size, struct err *err);
