#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { QUIET_MS = 500, REDRAW_MS = 100, BAR_MAX = 50 };

static long ms_since(const struct timespec *then, struct timespec *now)
{
	clock_gettime(CLOCK_MONOTONIC, now);
	return (long)(now->tv_sec - then->tv_sec) * 1000 +
	       (now->tv_nsec - then->tv_nsec) / 1000000;
}

void progress_start(struct progress *progress, const char *what)
{
	*progress = (struct progress){.is_terminal = isatty(STDERR_FILENO),
				      .what = what};
	clock_gettime(CLOCK_MONOTONIC, &progress->start);
	progress->last = progress->start;
}

/* Cells for the bar: what the terminal's line leaves beside the words. */
static int bar_width(const struct progress *progress)
{
	struct winsize size = {0};
	int width;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = 80;
	width = size.ws_col - (int)strlen(progress->what) - 30;
	return width > BAR_MAX ? BAR_MAX : width;
}

static void draw(const struct progress *progress, off_t done, off_t total)
{
	static const char full[BAR_MAX + 1] =
		"##################################################";
	static const char empty[BAR_MAX + 1] =
		"..................................................";
	int width = bar_width(progress);
	int filled = width > 0 ? (int)(done * width / total) : 0;
	char line[256];
	int len;

	if (width < 1)
		return;
	len = snprintf(line, sizeof(line), "\r%s [%.*s%.*s] %3d %% of %lld MB ",
		       progress->what, filled, full, width - filled, empty,
		       (int)(done * 100 / total), (long long)total / 1000000);
	if (len > 0 && (size_t)len < sizeof(line) &&
	    write(STDERR_FILENO, line, (size_t)len) < 0)
		return; /* a bar that cannot be seen harms nobody */
}

void progress_update(void *context, off_t done, off_t total)
{
	struct progress *progress = context;
	struct timespec now;

	if (!progress->is_terminal || total <= 0)
		return;
	if (ms_since(&progress->start, &now) < QUIET_MS ||
	    (progress->is_shown && ms_since(&progress->last, &now) < REDRAW_MS))
		return;
	draw(progress, done < total ? done : total, total);
	progress->last = now;
	progress->is_shown = true;
}

void progress_end(struct progress *progress)
{
	static const char wipe[] = "\r\033[K";

	if (progress->is_shown &&
	    write(STDERR_FILENO, wipe, sizeof(wipe) - 1) < 0)
		return;
	progress->is_shown = false;
}
