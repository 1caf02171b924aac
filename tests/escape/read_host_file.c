/*
 * Opens a file of the host by its absolute path.
 * Stopped by: root.  The path does not exist below the jail's root: ENOENT.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	read_prize(open(word_of(argc, argv, 1), O_RDONLY | O_CLOEXEC));
}
