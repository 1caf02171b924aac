#include "enclave_launch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_line(FILE *out, const char *directive, const char *word)
{
	if (!word)
		return;
	fprintf(out, "%s ", directive);
	word_write(out, word, false);
	putc('\n', out);
}

int enclave_app_words(const char *text, char **line, struct words *words,
		      struct err *err)
{
	*line = strdup(text);
	if (!*line)
		return err_sys(err, ENOMEM, "--app-exec");
	if (words_split(*line, strlen(*line), words, err) < 0)
		return err_reword(err, ERR_USAGE, "--app-exec");
	if (words->n == 0)
		return err_set(err, ERR_USAGE, "--app-exec: no program");
	return 0;
}

static int write_app(const char *text, FILE *out, struct err *err)
{
	auto_free char *line = NULL;
	struct words words = {0};
	int status;

	if (!text)
		return 0;
	status = enclave_app_words(text, &line, &words, err);
	if (status == 0) {
		fputs("app", out);
		for (size_t i = 0; i < words.n; i++) {
			putc(' ', out);
			word_write(out, words.items[i].text, false);
		}
		putc('\n', out);
	}
	words_clear(&words);
	return status;
}

static int write_launch(const struct enclave_request *request,
			const char *app_command, FILE *out, struct err *err)
{
	write_line(out, "heartbeat", request->heartbeat);
	write_line(out, "exit-port", request->exit_port);
	if (write_app(app_command, out, err) < 0)
		return -1;
	write_line(out, "user", request->user);
	for (size_t i = 0; i < request->n_options; i++)
		write_line(out, "option", request->options[i]);
	for (char *const *word = request->command; *word; word++)
		write_line(out, "argv", *word);
	return 0;
}

static int put_stock_word(FILE *out, const char *word, struct err *err)
{
	if (strchr(word, '\n'))
		return err_set(err, ERR_USAGE,
			       "an argument with a line break: AWS's init "
			       "cannot be told of it; bake without --blobs");
	fprintf(out, "%s\n", word);
	return 0;
}

static int write_stock_app(const char *text, FILE *out, struct err *err)
{
	auto_free char *line = NULL;
	struct words words = {0};
	int status = enclave_app_words(text, &line, &words, err);

	for (size_t i = 0; status == 0 && i < words.n; i++)
		status = put_stock_word(out, words.items[i].text, err);
	words_clear(&words);
	return status;
}

static int write_stock(const struct enclave_request *request,
		       const char *app_command, FILE *out, struct err *err)
{
	if (app_command)
		return write_stock_app(app_command, out, err);
	fputs("/jaillaunch\n-r\n/jail\n", out);
	if (request->user) {
		fputs("-u\n", out);
		if (put_stock_word(out, request->user, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < request->n_options; i++)
		if (put_stock_word(out, request->options[i], err) < 0)
			return -1;
	if (*request->command)
		fputs("--\n", out);
	for (char *const *word = request->command; *word; word++)
		if (put_stock_word(out, *word, err) < 0)
			return -1;
	return 0;
}

static int collect(int (*write)(const struct enclave_request *request,
				const char *app_command, FILE *out,
				struct err *err),
		   const struct enclave_request *request,
		   const char *app_command, char **text, struct err *err)
{
	size_t len;
	FILE *memory = open_memstream(text, &len);
	int status;

	if (!memory)
		return err_sys(err, ENOMEM, "what is to be started");
	status = write(request, app_command, memory, err);
	if (fclose(memory) != 0 && status == 0)
		status = err_sys(err, ENOMEM, "what is to be started");
	if (status < 0) {
		free(*text);
		*text = NULL;
	}
	return status;
}

int enclave_launch_text(const struct enclave_request *request,
			const char *app_command, char **text, struct err *err)
{
	return collect(write_launch, request, app_command, text, err);
}

int enclave_stock_command(const struct enclave_request *request,
			  const char *app_command, char **text, struct err *err)
{
	return collect(write_stock, request, app_command, text, err);
}
