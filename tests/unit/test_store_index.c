#include "store_index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define DIGEST                                                                 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static struct store_identity identity(const struct stat *st)
{
	struct store_identity made;

	store_identify(st, &made);
	return made;
}

static const struct stat plain = {
	.st_dev = 1,
	.st_ino = 2,
	.st_size = 3,
	.st_mtim = {4, 5},
	.st_ctim = {6, 7},
};

TEST(every_number_makes_another_file)
{
	struct store_identity first = identity(&plain), other;
	struct stat changed[7];

	for (size_t i = 0; i < 7; i++)
		changed[i] = plain;
	changed[0].st_dev++;
	changed[1].st_ino++;
	changed[2].st_size++;
	changed[3].st_mtim.tv_sec++;
	changed[4].st_mtim.tv_nsec++;
	changed[5].st_ctim.tv_sec++;
	changed[6].st_ctim.tv_nsec++;
	other = identity(&plain);
	assert_true(store_identity_is_same(&first, &other));
	for (size_t i = 0; i < 7; i++) {
		other = identity(&changed[i]);
		assert_false(store_identity_is_same(&first, &other));
		assert_true(store_identity_byte(&first) !=
			    store_identity_byte(&other));
	}
}

TEST(the_largest_numbers_fit)
{
	struct stat st;
	struct store_identity made;

	memset(&st, 0xff, sizeof(st));
	st.st_mtim.tv_nsec = st.st_ctim.tv_nsec = 999999999;
	made = identity(&st);
	assert_true(strlen(made.link) < sizeof(made.link) - 1);
	assert_true((int64_t)store_identity_byte(&made) >= 0);
	assert_true((int64_t)store_identity_byte(&made) < INT64_MAX);
}

TEST(only_what_was_changed_a_while_ago_is_settled)
{
	static const struct {
		struct timespec changed, now;
		bool is_settled;
	} cases[] = {
		{{100, 1}, {100, 1}, false},
		{{100, 1}, {100, 100000001}, false},
		{{100, 1}, {100, 100000002}, true},
		{{100, 999999999}, {101, 99999998}, false},
		{{100, 999999999}, {101, 100000000}, true},
		{{100, 1}, {5000000000, 0}, true},
		/* a clock that went back says nothing */
		{{100, 500}, {100, 400}, false},
		{{100, 500}, {1, 0}, false},
		/* a file system without fractions */
		{{100, 0}, {101, 999999999}, false},
		{{100, 0}, {103, 0}, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stat st = {.st_ctim = cases[i].changed};
		struct store_identity made = identity(&st);

		assert_int_equal(
			store_identity_is_settled(&made, &cases[i].now),
			cases[i].is_settled);
	}
}

TEST(tells_names_of_entries)
{
	assert_true(store_is_entry_name(DIGEST ".tar"));
	assert_false(store_is_entry_name(DIGEST));
	assert_false(store_is_entry_name(DIGEST ".tar.tar"));
	assert_false(store_is_entry_name("0" DIGEST ".tar"));
	assert_false(store_is_entry_name("A" DIGEST ".tar"));
	assert_false(store_is_entry_name(""));
	assert_false(store_is_entry_name("../x.tar"));
}

TEST(remembers_replaces_and_ignores_nonsense)
{
	struct store_identity id = identity(&plain);
	char path[] = "/tmp/store-index.XXXXXX", entry[STORE_ENTRY_SIZE];
	struct err err = {0};
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(store_index_find(fd, &id, entry, &err), 0);
	assert_int_equal(store_index_set(fd, &id, DIGEST ".tar", &err), 0);
	assert_int_equal(store_index_find(fd, &id, entry, &err), 1);
	assert_string_equal(entry, DIGEST ".tar");
	assert_int_equal(store_index_set(fd, &id, OTHER ".tar", &err), 0);
	assert_int_equal(store_index_find(fd, &id, entry, &err), 1);
	assert_string_equal(entry, OTHER ".tar");

	/* too long, too short, no digest */
	assert_int_equal(store_index_set(fd, &id, OTHER ".tarx", &err), 0);
	assert_int_equal(store_index_find(fd, &id, entry, &err), 0);
	assert_int_equal(store_index_set(fd, &id, "/etc/passwd", &err), 0);
	assert_int_equal(store_index_find(fd, &id, entry, &err), 0);
	assert_int_equal(store_index_set(fd, &id, "x" DIGEST ".ta", &err), 0);
	assert_int_equal(store_index_find(fd, &id, entry, &err), 0);

	/* not a link */
	assert_int_equal(unlinkat(fd, id.link, 0), 0);
	close(openat(fd, id.link, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(store_index_find(fd, &id, entry, &err), 0);
	assert_int_equal(unlinkat(fd, id.link, 0), 0);
	close(fd);
	assert_int_equal(rmdir(path), 0);
}

TEST_MAIN
