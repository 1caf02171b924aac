/*
 * verify-image: what `jailbuild --verify` does, alone, for trees of tests that
 * no manifest can ask for.
 */
#include <stdio.h>

#include "verify.h"

int main(int argc, char **argv)
{
	struct err err = {0};
	size_t n_violations = 0;

	if (argc != 2)
		return 2;
	if (verify_image(argv[1], stdout, &n_violations, &err) < 0) {
		err_print("verify-image", &err);
		return err.kind == ERR_INPUT ? 4 : 5;
	}
	return n_violations ? 4 : 0;
}
