#include "kernel_version.h"

#include "image_mount.h"
#include "test.h"

static const struct {
	const char *release;
	bool has_erofs, needs_no_loop;
} kernels[] = {
	{"0.0", false, false}, /* not told */
	{"2.6.78-generic", false, false},
	{"4.14.336", false, false},
	{"5.19.0", false, false},
	{"6.1.0-13-amd64", false, false},
	{"6.3.13", false, false},
	{"6.4.0", true, false},
	{"6.12.99", true, false}, /* crashes without a loop device */
	{"6.13.0-rc1", true, true},
	{"6.18", true, true},
	{"7.0.1", true, true},
	{"10.0", true, true},
};

TEST(how_an_image_can_be_mounted)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		unsigned version[2];

		if (!kernel_version_read(kernels[i].release, true, version))
			fail_msg("%s cannot be read", kernels[i].release);
		if (image_has_erofs(version) != kernels[i].has_erofs)
			fail_msg("%s: EROFS", kernels[i].release);
		if (image_needs_no_loop(version) != kernels[i].needs_no_loop)
			fail_msg("%s: loop", kernels[i].release);
	}
}

TEST(reads_two_numbers)
{
	static const char *const none[] = {"",	   "6",	   "6.",  ".1",
					   "x6.1", "-6.1", "6.-1"};
	unsigned version[2];

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		if (kernel_version_read(none[i], true, version))
			fail_msg("\"%s\" is taken", none[i]);
	assert_false(kernel_version_read("6.1-rc1", false, version));
	assert_true(kernel_version_read("6.13", false, version));
	assert_int_equal(version[0], 6);
	assert_int_equal(version[1], 13);
}

TEST_MAIN
