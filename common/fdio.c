#include "fdio.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

int fd_write_full(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)data + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

ssize_t fd_pread_full(int fd, void *data, size_t len, off_t offset)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, (char *)data + got, len - got,
				  offset + (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* Where a file does not say its size. */
#define FIRST_ROOM 255

/* What grows costs copies, and the C library a page for each size it takes. */
static size_t first_room(int fd, size_t limit)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uintmax_t)st.st_size >= limit)
		return FIRST_ROOM;
	return (size_t)st.st_size + 1; /* one more shows the end */
}

int fd_read_all(int fd, size_t limit, char **data, size_t *len)
{
	auto_free char *buffer = NULL;
	size_t got = 0, room = 0;

	for (;;) {
		ssize_t n;

		if (got == room) {
			char *grown;

			room = room ? 4 * room : first_room(fd, limit);
			if (room > limit)
				room = limit + 1; /* one more shows an excess */
			if (got == room)
				return -EFBIG;
			grown = realloc(buffer, room + 1);
			if (!grown)
				return -ENOMEM;
			buffer = grown;
		}
		n = fd_read_full(fd, buffer + got, room - got);
		if (n < 0)
			return (int)n;
		got += (size_t)n;
		if (got < room)
			break;
	}
	buffer[got] = '\0';
	if (len)
		*len = got;
	*data = TAKE(buffer);
	return 0;
}
