#include "homes.h"

#include <string.h>

bool home_is_shared(const char *home)
{
	static const char *const shared[] = {
		"/",	"/usr",	    "/etc",	"/bin",	     "/sbin",
		"/lib", "/lib64",   "/dev",	"/proc",     "/sys",
		"/var", "/tmp",	    "/home",	"/opt",	     "/.jail",
		"/run", "/usr/bin", "/usr/lib", "/usr/sbin", "/nonexistent",
	};

	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		if (strcmp(home, shared[i]) == 0)
			return true;
	return false;
}
