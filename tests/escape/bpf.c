/*
 * Makes a BPF map, the first step to a program in the kernel.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 */
#include <linux/bpf.h>

#include "attempt.h"

int main(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 1;
	if (syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0)
		refused("bpf");
	escaped("made a map");
}
