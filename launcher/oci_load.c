#include "oci_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fdio.h"
#include "helper.h"
#include "helper_ask.h"
#include "oci_answer.h"
#include "spec.h"

static int read_file(const char *path, char **text, size_t *len,
		     struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error =
		fd < 0 ? -errno : fd_read_all(fd, OCI_CONFIG_MOST, text, len);

	return error < 0
		       ? err_sys_kind(err, ERR_USAGE, -error, "--oci %s", path)
		       : 0;
}

/* Where paths of the configuration begin. */
static char *directory_of(const char *path)
{
	char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;

	if (slash == copy && copy)
		slash++; /* "/config.json" */
	if (slash)
		*slash = '\0';
	else if (copy)
		strcpy(copy, *copy ? "." : "");
	return copy;
}

static int ask(const char *path, struct oci_config *out, size_t *size,
	       struct err *err)
{
	auto_free char *text = NULL, *helper = NULL;
	auto_free char *directory = directory_of(path);
	char *argv[] = {helper_argument("jail-policy"),
			helper_argument("config"), helper_argument(path),
			directory, NULL};
	size_t len = 0;

	if (!directory)
		return err_sys(err, ENOMEM, "--oci");
	if (read_file(path, &text, &len, err) < 0 ||
	    helper_find("jail-policy", &helper, err) < 0)
		return -1;
	return helper_ask(helper, argv, text, len, OCI_ANSWER_MOST,
			  &out->answer, size, err);
}

/* The lists have room for every piece. */
static int sort_piece(struct oci_config *config, char *piece, size_t n[2],
		      struct err *err)
{
	char *text = piece + 1;

	switch ((enum oci_piece) * piece) {
	case OCI_OPTION:
		config->options[config->n_options++] = text;
		config->has_proc |= strcmp(text, "--proc") == 0;
		return 0;
	case OCI_ARGUMENT:
		config->arguments[n[0]++] = text;
		return 0;
	case OCI_NOTE:
		config->notes[n[1]++] = text;
		return 0;
	case OCI_ROOT:
		config->root = text;
		return 0;
	case OCI_POLICY:
		config->policy = text;
		return 0;
	}
	return err_set(err, ERR_SYSTEM, "jail-policy: piece \"%c\"", *piece);
}

static int sort_pieces(struct oci_config *config, size_t size, struct err *err)
{
	char *at = config->answer, *end = at + size;
	size_t room = 4, n[2] = {0, 0}; /* NULL, our name, two notes of ours */

	for (; at < end; at++)
		room += *at == '\0';
	config->options = calloc(room, sizeof(char *));
	config->arguments = calloc(room, sizeof(char *));
	config->notes = calloc(room, sizeof(char *));
	if (!config->options || !config->arguments || !config->notes)
		return err_sys(err, ENOMEM, "--oci");
	config->options[config->n_options++] = helper_argument("jaillaunch");
	for (at = config->answer; at < end; at += strlen(at) + 1)
		if (sort_piece(config, at, n, err) < 0)
			return -1;
	return 0;
}

int oci_load(const char *path, struct oci_config *out, struct err *err)
{
	struct oci_config config = {.name = path};
	size_t size;

	if (ask(path, &config, &size, err) == 0 &&
	    sort_pieces(&config, size, err) == 0) {
		config.size = size;
		if (asprintf(&config.policy_name, "%s: linux.seccomp", path) >=
		    0) {
			*out = config;
			return 0;
		}
		config.policy_name = NULL;
		err_sys(err, ENOMEM, "--oci");
	}
	oci_config_free(&config);
	return -1;
}

static bool is_from(const struct oci_config *config, const char *text)
{
	return text && text >= config->answer &&
	       text < config->answer + config->size;
}

/* There is room for two notes of ours. */
static void add_note(struct oci_config *config, char *note)
{
	char **end = config->notes;

	while (*end)
		end++;
	*end = note;
}

void oci_settle(struct oci_config *config, struct spec_flags *flags)
{
	static char no_name[] =
		"hostname: not honoured: --ns does not ask for uts";
	static char no_proc[] =
		"mounts: /proc: not honoured: --ns does not ask for pid";
	const char *list = flags->namespaces;

	if (!list || is_from(config, list))
		return;
	if (is_from(config, flags->hostname) && !strstr(list, "uts")) {
		flags->hostname = NULL;
		add_note(config, no_name);
	}
	if (config->has_proc && flags->proc && !strstr(list, "pid")) {
		flags->proc = false;
		add_note(config, no_proc);
	}
}

void oci_explain(const struct oci_config *config, FILE *out)
{
	char **note;

	for (note = config->notes; note && *note; note++)
		fprintf(out, "%s: %s\n", config->name, *note);
}

void oci_config_free(struct oci_config *config)
{
	free(config->policy_name);
	free(config->options);
	free(config->arguments);
	free(config->notes);
	free(config->answer);
	*config = (struct oci_config){0};
}
