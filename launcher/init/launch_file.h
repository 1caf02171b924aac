#pragma once
/*
 * launch_file: /.jail/launch, what the init of an enclave is to start.
 *
 * docs/EIF.md has the directives.  The file was written by jailbake and is
 * measured with the rest; a directive that is not known means that init and
 * image are of different versions, and nothing is started.
 */
#include <stddef.h>

#include "err.h"

#define LAUNCH_FILE "/.jail/launch"

enum heartbeat {
	HEARTBEAT_UNSAID,
	HEARTBEAT_EARLY, /* before anything else */
	HEARTBEAT_LATE, /* when the program has been executed */
	HEARTBEAT_NONE,
};

/* Words in the order in which they were given; the text is launch_file's. */
struct launch_words {
	char **items;
	size_t n;
};

struct launch_file {
	enum heartbeat heartbeat;
	unsigned exit_port; /* 0: nobody is told */
	struct launch_words app, user, options, program; /* as written */
	struct launch_words argv; /* what to execute, ends with NULL */
	char *text;
};

/*
 * launch is empty before, and to be cleared afterwards, also on failure.  It
 * takes text, which is changed.
 */
int launch_file_parse(char *text, struct launch_file *launch, struct err *err);

int launch_file_read(const char *path, struct launch_file *launch,
		     struct err *err);

void launch_file_clear(struct launch_file *launch);
