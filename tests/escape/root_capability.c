/*
 * Runs as uid 0 (--allow-root) and reads a file that another owns and nobody
 * may read.
 * Stopped by: caps and the bounding set; root without CAP_DAC_OVERRIDE is a
 * user like others: EACCES.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (geteuid() != 0)
		cannot("not uid 0");
	read_prize(open(word_of(argc, argv, 1), O_RDONLY | O_CLOEXEC));
}
