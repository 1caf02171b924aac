#pragma once
/*
 * kernel_dirent: what getdents64() fills in, for those who read a directory
 * without memory of their own: readdir() allocates.
 */
#include <stdint.h>

struct kernel_dirent {
	uint64_t ino;
	int64_t offset;
	uint16_t len; /* to the next */
	uint8_t type;
	char name[];
};
