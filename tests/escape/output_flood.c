/*
 * Writes more than --limit output=64K allows.
 * Stopped by: output, the jail is ended.
 */
#include "attempt.h"

#define MUCH (256 << 10)

int main(void)
{
	static const char line[] = "a line that fills the caller's disk\n";
	size_t written;

	for (written = 0; written < MUCH; written += sizeof(line) - 1)
		if (write(2, line, sizeof(line) - 1) < 0)
			refused("write");
	escaped("wrote %zu bytes", written);
}
