/*
 * Finds secrets and loader settings in the caller's environment.
 * Stopped by: the environment, which starts empty.
 */
#include "attempt.h"

int main(void)
{
	static const char *const names[] = {"SECRET_TOKEN", "LD_PRELOAD",
					    "SSH_AUTH_SOCK", "BASH_ENV"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]))
			escaped("%s=%s", names[i], getenv(names[i]));
	stopped("none of them is set");
}
