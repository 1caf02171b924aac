#pragma once
/*
 * device: a device number as file systems keep it in 32 bits, in the way of
 * the kernel's new_encode_dev().
 */
#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

static inline uint32_t device_encode(dev_t device)
{
	uint32_t low = minor(device) & 0xff, high = minor(device) & ~0xffu;

	return low | (major(device) << 8) | (high << 12);
}
