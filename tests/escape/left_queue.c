/*
 * Leaves a message queue behind that no process holds.
 * Stopped by: an ipc namespace, or the supervisor where the run has a uid of its
 * own.  Without either it stays until someone removes it.
 */
#include <fcntl.h>
#include <mqueue.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	mqd_t queue =
		mq_open(word_of(argc, argv, 1), O_CREAT | O_RDWR, 0600, NULL);

	if (queue == (mqd_t)-1)
		refused("mq_open");
	escaped("queue %s stays", argv[1]);
}
