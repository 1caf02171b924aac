#include "passwd.h"

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

static char passwd[] = "root:x:0:0::/root:/bin/sh\n"
		       "short:x:1:1\n"
		       ":x:2:2::/:/bin/sh\n"
		       "bad:x:12a:1::/:/bin/sh\n"
		       "minus:x:4294967295:1::/:/bin/sh\n"
		       "huge:x:99999999999:1::/:/bin/sh\n"
		       "user:x:1000:100:A B:/home/user:/bin/bash\n"
		       "user:x:0:0::/:/bin/sh\n"
		       "1000:x:7:7::/:/bin/sh\n"
		       "last:x:8:8::/:";
static char group[] = "root:x:0:\n"
		      "users:x:100:user\n"
		      "b:x:30:last,user\n"
		      "a:x:20:user\n"
		      "twice:x:20:user\n"
		      "prefix:x:40:usera,xuser,use\n"
		      "wrong:x:-1:user\n";

static const struct user_files files = {passwd, group, sizeof(passwd) - 1,
					sizeof(group) - 1};
static const struct user_files none = {NULL, NULL, 0, 0};

static const struct {
	const char *user, *group;
	int uid, gid; /* uid -1: refused */
	const char *name, *home;
} cases[] = {
	{"user", NULL, 1000, 100, "user", "/home/user"}, /* the first counts */
	{"1000", NULL, 1000, 100, "user", "/home/user"}, /* a number */
	{"#1000", NULL, 1000, 100, "user", "/home/user"},
	{"5000", NULL, 5000, 5000, NULL, NULL},
	{"user", "a", 1000, 20, "user", "/home/user"},
	{"user", "#7", 1000, 7, "user", "/home/user"},
	{"last", NULL, 8, 8, "last", "/"},
	{"bad", NULL, -1, 0, NULL, NULL},
	{"minus", NULL, -1, 0, NULL, NULL},
	{"huge", NULL, -1, 0, NULL, NULL},
	{"short", NULL, -1, 0, NULL, NULL},
	{"", NULL, -1, 0, NULL, NULL},
	{"#", NULL, -1, 0, NULL, NULL},
	{"4294967295", NULL, -1, 0, NULL, NULL},
	{"user", "nobody", -1, 0, NULL, NULL},
};

TEST(finds_users_by_name_and_by_number)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct jail_user user;
		struct err err = {0};
		int found = user_find(&files, cases[i].user, cases[i].group,
				      true, &user, &err);

		if (cases[i].uid < 0) {
			assert_int_equal(found, -1);
			assert_true(*err.msg);
			continue;
		}
		assert_int_equal(found, 0);
		assert_int_equal(user.uid, cases[i].uid);
		assert_int_equal(user.gid, cases[i].gid);
		if (cases[i].name) {
			assert_string_equal(user.name, cases[i].name);
			assert_string_equal(user.home, cases[i].home);
		} else {
			assert_null(user.name);
		}
		user_free(&user);
	}
}

TEST(groups_are_sorted_once_and_without_the_users_own)
{
	struct jail_user user;
	struct err err = {0};

	assert_int_equal(user_find(&files, "user", NULL, true, &user, &err), 0);
	assert_int_equal(user.n_groups, 2);
	assert_int_equal(user.groups[0], 20);
	assert_int_equal(user.groups[1], 30);
	user_free(&user);
	assert_int_equal(user_find(&files, "user", NULL, false, &user, &err),
			 0);
	assert_int_equal(user.n_groups, 0);
	user_free(&user);
}

TEST(says_which_names_there_are)
{
	struct jail_user user;
	struct err err = {0};

	assert_int_equal(user_find(&files, "bob", NULL, true, &user, &err), -1);
	assert_string_equal(err.msg, "user \"bob\" is not in the jail's "
				     "/etc/passwd (it has: root, bad, minus, "
				     "huge, user, user, 1000, last); a number "
				     "always works");
	assert_int_equal(user_find(&none, "bob", NULL, true, &user, &err), -1);
	assert_string_equal(err.msg, "user \"bob\": the jail has no "
				     "/etc/passwd; a number always works");
	assert_int_equal(user_find(&none, "7", NULL, true, &user, &err), 0);
	assert_int_equal(user.gid, 7);
	user_free(&user);
}

TEST(a_member_of_too_many_groups_is_refused)
{
	struct user_files many = {passwd, NULL, sizeof(passwd) - 1, 0};
	struct jail_user user;
	struct err err = {0};
	FILE *out = open_memstream(&many.group, &many.group_len);

	for (int i = 0; i < 5000; i++)
		fprintf(out, "g%d:x:%d:user\n", i, 1000 + i);
	fclose(out);
	assert_int_equal(user_find(&many, "user", NULL, true, &user, &err), -1);
	assert_non_null(strstr(err.msg, "more than 4096 groups"));
	free(many.group);
}

TEST(finds_accounts_of_a_range)
{
	static const struct {
		uid_t first, last;
		const char *name;
	} ranges[] = {
		{1000, 1000, "user"}, {999, 4294967294u, "user"},
		{1, 7, "1000"},	      {8, 999, "last"},
		{1, 6, NULL},	      {1001, 4294967294u, NULL},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		char name[8];
		uid_t uid;
		bool found = user_files_between(&files, ranges[i].first,
						ranges[i].last, name,
						sizeof(name), &uid);

		assert_int_equal(found, ranges[i].name != NULL);
		if (found)
			assert_string_equal(name, ranges[i].name);
	}
}

TEST(a_group_is_added_once)
{
	struct jail_user user;
	struct err err = {0};

	assert_int_equal(user_find(&files, "user", NULL, true, &user, &err), 0);
	assert_int_equal(user.n_groups, 2);
	assert_int_equal(user_add_group(&user, 25, &err), 0);
	assert_int_equal(user_add_group(&user, 25, &err), 0);
	assert_int_equal(user_add_group(&user, user.gid, &err), 0);
	assert_int_equal(user.n_groups, 3);
	assert_int_equal(user.groups[1], 25);
	user_free(&user);
}

TEST_MAIN
