#pragma once
/*
 * progress: a bar on the terminal, on standard error, for work that lasts.
 *
 * Nothing is shown when standard error is no terminal or the work is done
 * within half a second; what was shown is wiped away at the end.
 */
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct progress {
	bool is_terminal, is_shown;
	struct timespec start, last;
	const char *what; /* the word before the bar */
};

void progress_start(struct progress *progress, const char *what);

/* context is a struct progress: as image_options.progress wants it. */
void progress_update(void *context, off_t done, off_t total);

/* Also before an error is printed. */
void progress_end(struct progress *progress);
