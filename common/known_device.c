#include "known_device.h"

#include <string.h>

const struct known_device known_devices[N_KNOWN_DEVICES] = {
	{"null", 1, 3},	  {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

const struct known_device *known_device_named(const char *name, size_t len)
{
	for (size_t i = 0; i < N_KNOWN_DEVICES; i++)
		if (strlen(known_devices[i].name) == len &&
		    memcmp(known_devices[i].name, name, len) == 0)
			return &known_devices[i];
	return NULL;
}

const struct known_device *known_device_numbered(unsigned major, unsigned minor)
{
	for (size_t i = 0; i < N_KNOWN_DEVICES; i++)
		if (known_devices[i].major == major &&
		    known_devices[i].minor == minor)
			return &known_devices[i];
	return NULL;
}
