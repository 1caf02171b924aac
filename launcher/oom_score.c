#include "oom_score.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"

#define FIRST "1000"
#define OURS "/proc/self/oom_score_adj"

const char *oom_score_why_not(void)
{
	return access(OURS, F_OK) < 0 && errno == ENOENT ? "there is no /proc"
							 : NULL;
}

int oom_score_raise(struct oom_score *score, struct err *err)
{
	auto_close int fd = open(OURS, O_RDWR | O_CLOEXEC);
	ssize_t n;

	score->fd = -1;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, OURS);
	n = pread(fd, score->before, sizeof(score->before), 0);
	if (n < 0 || write(fd, FIRST, sizeof(FIRST) - 1) < 0)
		return err_sys(err, errno, "raise the OOM score");
	score->len = (size_t)n;
	score->fd = take_fd(&fd);
	return 0;
}

void oom_score_give_back(struct oom_score *score)
{
	ssize_t n;

	if (score->fd < 0)
		return;
	n = pwrite(score->fd, score->before, score->len, 0);
	(void)n;
	close(take_fd(&score->fd));
}
