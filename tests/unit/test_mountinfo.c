#include "mountinfo.h"

#include <string.h>

#include "test.h"

TEST(a_line_has_what_it_says)
{
	char line[] = "32 31 0:29 /a /b\\040\\134c ro,nosuid shared:5 - ext4 "
		      "/dev/x rw,discard";
	struct mountinfo mount;

	assert_true(mountinfo_parse(line, &mount));
	assert_int_equal(mount.id, 32);
	assert_int_equal(mount.parent, 31);
	assert_string_equal(mount.root, "/a");
	assert_string_equal(mount.point, "/b \\c");
	assert_string_equal(mount.flags, "ro,nosuid");
	assert_string_equal(mount.type, "ext4");
	assert_string_equal(mount.options, "rw,discard");
}

TEST(the_source_may_be_empty)
{
	char line[] = "32 31 0:29 / /b rw - tmpfs  rw,size=4k";
	struct mountinfo mount;

	assert_true(mountinfo_parse(line, &mount));
	assert_string_equal(mount.type, "tmpfs");
	assert_string_equal(mount.options, "rw,size=4k");
}

TEST(what_is_cut_off_is_no_line)
{
	static const char *const lines[] = {"", "32 31 0:29 / /b rw",
					    "32 31 0:29 / - tmpfs x rw"};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[64];
		struct mountinfo mount;

		strcpy(line, lines[i]);
		assert_false(mountinfo_parse(line, &mount));
	}
}

TEST_MAIN
