#include "spec.h"

#include <fcntl.h>
#include <unistd.h>

#include "manifest.h"
#include "test.h"

static const struct {
	const char *manifest; /* the image's */
	const char *user, *net, *seccomp; /* flags */
	const char *words; /* NULL: it is accepted */
} cases[] = {
	{"entry /bin/x\nrun-as 5\n", NULL, NULL, NULL, NULL},
	{"entry /bin/x\n", NULL, NULL, NULL, "no user"},
	{"run-as 5\n", NULL, NULL, NULL, "no program"},
	{"entry /bin/x\nrun-as 0\n", NULL, NULL, NULL, "--allow-root"},
	{"entry /bin/x\nrun-as 0\n", "5", NULL, NULL, NULL},
	{"entry /bin/x\nrun-as 5\nnet host\n", NULL, NULL, NULL, "net host"},
	{"entry /bin/x\nrun-as 5\nnet host\n", NULL, "host", NULL, NULL},
	{"entry /bin/x\nrun-as 5\nnet host\n", NULL, "none", NULL, NULL},
	{"entry /bin/x\nrun-as 5\nseccomp none\n", NULL, NULL, NULL,
	 "without seccomp"},
	{"entry /bin/x\nrun-as 5\nseccomp none\n", NULL, NULL, "default", NULL},
	{"entry /bin/x\nrun-as 5\nneed pts proc\n", NULL, NULL, NULL, NULL},
	{"entry /bin/x\nrun-as 5\nneed shm\nlimit tmp=1M\n", NULL, NULL, NULL,
	 NULL},
};

static int make(size_t i, struct jail_spec *spec, struct err *err)
{
	struct spec_flags flags = {.user = cases[i].user,
				   .net = cases[i].net,
				   .seccomp = cases[i].seccomp};
	struct spec_input input = {.flags = &flags, .root_name = "root"};
	char *const no_argv[] = {NULL};
	auto_of(manifest) struct manifest *manifest = NULL;
	auto_close int root = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(root >= 0);
	assert_int_equal(manifest_read_text(cases[i].manifest,
					    strlen(cases[i].manifest), "image",
					    &manifest, err),
			 0);
	input.image = manifest;
	input.root_fd = root;
	input.argv = no_argv;
	return spec_make(&input, spec, err);
}

TEST(an_image_chooses_but_does_not_lower_the_floor)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct jail_spec spec;
		struct err err = {0};
		int made = make(i, &spec, &err);

		if (cases[i].words) {
			assert_int_equal(made, -1);
			assert_non_null(strstr(err.msg, cases[i].words));
			continue;
		}
		if (made < 0)
			print_error("%s: %s\n", cases[i].manifest, err.msg);
		assert_int_equal(made, 0);
		assert_int_equal(spec.user.uid, 5);
		assert_string_equal(spec.programs[0], "/bin/x");
		assert_null(spec.programs[1]);
		assert_string_equal(spec.seccomp, "default");
		assert_int_equal(spec.net_host,
				 cases[i].net &&
					 strcmp(cases[i].net, "host") == 0);
		assert_string_equal(environ_get(&spec.env, "HOME"), "/");
		spec_release(&spec);
	}
}

TEST_MAIN
