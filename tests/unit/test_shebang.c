#include "shebang.h"

#include <stdio.h>

#include "test.h"

static const struct {
	const char *line, *interpreter, *program, *error;
} cases[] = {
	{"#!/bin/sh\n", "/bin/sh", NULL, NULL},
	{"#!/bin/sh", "/bin/sh", NULL, NULL},
	{"#! \t/bin/sh -e \t\nrest", "/bin/sh", NULL, NULL},
	{"#!/usr/bin/env python3\n", "/usr/bin/env", "python3", NULL},
	{"#!/usr/bin/env -S python3 -u\n", "/usr/bin/env", "python3", NULL},
	{"#!/usr/bin/env -Spython3 -u\n", "/usr/bin/env", "python3", NULL},
	{"#!/usr/bin/env -iS A=b -u HOME /x/y z\n", "/usr/bin/env", "/x/y",
	 NULL},
	{"#!/usr/bin/env --split-string=perl -w\n", "/usr/bin/env", "perl",
	 NULL},
	{"#!/usr/bin/env -S \"perl\" -w\n", "/usr/bin/env", "perl", NULL},
	{"#!/usr/bin/env\n", "/usr/bin/env", NULL, NULL},
	{"#!/usr/bin/envoy x\n", "/usr/bin/envoy", NULL, NULL},
	{"#!/usr/bin/env python3 -u\n", NULL, NULL,
	 "env gets \"python3 -u\" as one word; write \"env -S python3 -u\""},
	{"#!/usr/bin/env -S A=b\n", NULL, NULL, "env without a program"},
	{"#!python3\n", NULL, NULL,
	 "the interpreter \"python3\" in #! is no absolute path"},
	{"#!\n", NULL, NULL, "#! without an interpreter"},
	{"#!", NULL, NULL, "#! without an interpreter"},
	{"#!   ", NULL, NULL, "#! without an interpreter"},
};

TEST(the_first_line_is_read_as_the_kernel_and_env_do)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shebang line;
		struct err err = {0};
		int result = shebang_parse(cases[i].line, strlen(cases[i].line),
					   &line, &err);

		print_message("%s\n", cases[i].line);
		assert_int_equal(result, cases[i].error ? -1 : 0);
		if (cases[i].error) {
			assert_string_equal(err.msg, cases[i].error);
			continue;
		}
		assert_string_equal(line.interpreter, cases[i].interpreter);
		if (cases[i].program)
			assert_string_equal(line.program, cases[i].program);
		else
			assert_null(line.program);
	}
}

TEST(a_name_that_the_kernel_would_cut_is_refused)
{
	char line[400] = "#!/";
	struct shebang out;
	struct err err = {0};

	memset(line + 3, 'x', 300);
	assert_int_equal(shebang_parse(line, 303, &out, &err), -1);
	assert_string_equal(err.msg, "the interpreter's name in #! is longer "
				     "than 256 bytes");
	/* only the argument is cut */
	snprintf(line, sizeof(line), "#!/bin/sh %0290d", 0);
	assert_int_equal(shebang_parse(line, 303, &out, &err), 0);
	assert_string_equal(out.interpreter, "/bin/sh");
}

TEST_MAIN
