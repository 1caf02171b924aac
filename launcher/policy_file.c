#include "policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fdio.h"
#include "policy_answer.h"

bool policy_is_file(const char *name)
{
	return strchr(name, '/') || strchr(name, '.');
}

int policy_file_read(struct policy_request *request, char **text,
		     struct err *err)
{
	auto_close int fd =
		open(request->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = fd < 0 ? -errno
			   : fd_read_all(fd, POLICY_TEXT_MOST, text,
					 &request->text_len);

	if (error < 0)
		return err_sys_kind(err, ERR_USAGE, -error, "seccomp policy %s",
				    request->name);
	request->text = *text;
	return 0;
}
