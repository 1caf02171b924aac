#include "filecaps.h"

#include "test.h"

TEST(capabilities_are_permitted_and_effective)
{
	/* cap_chown is bit 0, cap_net_raw 13, cap_checkpoint_restore 40 */
	static const unsigned char wanted[FILECAPS_SIZE] = {
		1, 0, 0, 2, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 1};
	unsigned char got[FILECAPS_SIZE];
	struct err err = {0};

	assert_int_equal(
		filecaps_encode("cap_net_raw,cap_chown,cap_checkpoint_restore",
				got, &err),
		0);
	assert_memory_equal(got, wanted, sizeof(got));
}

TEST(an_unknown_name_is_refused)
{
	static const char *const names[] = {"cap_no", "net_raw", "64",
					    "cap_chown,cap_no"};
	unsigned char got[FILECAPS_SIZE];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct err err = {0};

		if (filecaps_encode(names[i], got, &err) != -1)
			fail_msg("%s is taken", names[i]);
		assert_int_equal(err.kind, ERR_MANIFEST);
	}
}

TEST_MAIN
