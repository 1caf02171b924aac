#pragma once
/*
 * enclave_launch: what is to be started in an enclave, as the text that an init
 * reads.
 */
#include "enclave_plan.h"
#include "err.h"
#include "words.h"

/* app_command: as enclave_plan's.
 * /.jail/launch, for our init. */
int enclave_launch_text(const struct enclave_request *request,
			const char *app_command, char **text, struct err *err);

/* /cmd, for AWS's: an argument a line.  ERR_USAGE when one has a line break. */
int enclave_stock_command(const struct enclave_request *request,
			  const char *app_command, char **text,
			  struct err *err);

/* The words of an app's command, one at least, in *line, which is the
 * caller's too. */
int enclave_app_words(const char *app_command, char **line, struct words *words,
		      struct err *err);
