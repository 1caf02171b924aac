#include "spec_user.h"

#include <stdio.h>

#include "uid_range.h"

static int check_root(const struct jail_spec *spec, struct err *err)
{
	const struct jail_user *user = &spec->user;
	size_t i;

	if (spec->allow_root)
		return 0;
	if (user->uid == 0)
		return err_set(err, ERR_USAGE,
			       "the user is root (uid 0)%s; say --allow-root "
			       "if that is meant",
			       user->name ? " by the jail's /etc/passwd" : "");
	if (user->gid == 0)
		return err_set(err, ERR_USAGE,
			       "the group is root (gid 0); choose another by "
			       "-g, or say --allow-root");
	for (i = 0; i < user->n_groups; i++)
		if (user->groups[i] == 0)
			return err_set(err, ERR_USAGE,
				       "the jail's /etc/group puts \"%s\" into "
				       "group 0 (root); say --no-groups, or "
				       "--allow-root",
				       user->name);
	return 0;
}

/*
 * The jail's user keeps his name, home and groups, so that he can read what the
 * image lets him, and gets another number.
 */
static int renumber(const struct spec_flags *flags, struct jail_spec *spec,
		    struct err *err)
{
	struct jail_user *user = &spec->user;
	const gid_t gid = user->gid;

	spec->image_uid = user->uid;
	spec->image_gid = gid;
	if (!spec->own_uid)
		return 0;
	user->uid = spec->own_uid->uid;
	if (!flags->group)
		user->gid = user->uid;
	if (flags->group || flags->no_groups || !user->name || gid == 0)
		return 0;
	return user_add_group(user, gid, err);
}

/* Where nobody is named the number alone will do: it comes from the pool. */
static int find_user(const struct user_wish *wish,
		     const struct spec_flags *flags, struct jail_spec *spec,
		     struct err *err)
{
	const char *name = wish->name;
	struct user_files files;
	char number[16];
	int found;

	if (!name) {
		snprintf(number, sizeof(number), "%u",
			 (unsigned)spec->own_uid->uid);
		name = number;
	}
	if (user_files_read(spec->root_fd, &files, err) < 0)
		return -1;
	found = user_find(&files, name, flags->group, !flags->no_groups,
			  &spec->user, err);
	user_files_free(&files);
	return found;
}

static int take_own_uid(const struct user_wish *wish,
			const struct spec_flags *flags, struct jail_spec *spec,
			struct err *err)
{
	struct uid_range range;

	if (!wish->uid_pool)
		return 0;
	if (wish->image_pool)
		return err_set(err, ERR_USAGE,
			       "the image asks for \"uid-pool %s\", which only "
			       "you can choose: say --uid-pool",
			       wish->uid_pool);
	if (uid_range_parse(wish->uid_pool, &range, err) < 0)
		return err_context(err, "--uid-pool");
	if (spec->in_place)
		return err_set(err, ERR_USAGE,
			       "--uid-pool needs the supervisor that --exec "
			       "leaves out");
	if (flags->persist)
		return err_set(err, ERR_USAGE,
			       "--uid-pool and --persist: what is kept would "
			       "belong to a uid that later jails do not have");
	return own_uid_take(&range, spec->root_is_image ? -1 : spec->root_fd,
			    &spec->own_uid, err);
}

int spec_user(const struct user_wish *wish, const struct spec_flags *flags,
	      struct jail_spec *spec, struct err *err)
{
	if (take_own_uid(wish, flags, spec, err) < 0)
		return -1;
	if (!wish->name && !spec->own_uid)
		return err_set(err, ERR_USAGE,
			       "no user: say -u NAME or -u NUMBER (the image "
			       "names none)");
	if (find_user(wish, flags, spec, err) < 0 ||
	    renumber(flags, spec, err) < 0)
		return -1;
	return check_root(spec, err);
}
