/*
 * Opens devices that give the host away: kernel memory, kernel log, loop
 * control, the first disks.
 * Stopped by: root.  /dev holds a short list of harmless devices: ENOENT.
 */
#include <fcntl.h>

#include "attempt.h"

int main(void)
{
	static const char *const nodes[] = {
		"/dev/mem", "/dev/kmsg", "/dev/loop-control", "/dev/vda",
		"/dev/sda", "/dev/fuse", "/dev/net/tun",      "/dev/kvm"};
	size_t i;

	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		if (open(nodes[i], O_RDONLY | O_CLOEXEC) >= 0)
			escaped("opened %s", nodes[i]);
	refused("open");
}
