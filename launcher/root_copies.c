#include "root_copies.h"

#include <stddef.h>
#include <string.h>

#include "copy_in.h"
#include "root_view.h"
#include "spec.h"

/* A mount would cover it. */
static int check_seen(const struct root_view *view, const char *request,
		      struct err *err)
{
	size_t i;

	for (i = 0; i < view->n; i++) {
		const char *target = view->places[i].target;

		if (!view->places[i].is_own && copy_in_reaches(request, target))
			return err_set(err, ERR_USAGE,
				       "--copy %s: what the jail has on %s "
				       "would cover it; copy to another place",
				       request, target);
	}
	return 0;
}

/* It stays a directory of the unpacked image, which has no size of its own. */
static int check_limited(const struct jail_spec *spec, const char *request,
			 const char *place, struct err *err)
{
	if (!spec->limits[LIMIT_TMP].is_set || !place || *place != '/' ||
	    strcmp(place, "/") == 0 || !copy_in_reaches(request, place))
		return 0;
	return err_set(err, ERR_USAGE,
		       "limit tmp: %s is no file system of its own with --copy "
		       "%s; copy to another place, or leave the limit out",
		       place, request);
}

int root_copies_check(const struct root_view *view,
		      const struct jail_spec *spec, struct err *err)
{
	size_t i;

	for (i = 0; i < spec->copies.n; i++) {
		const char *request = spec->copies.items[i];

		if (check_seen(view, request, err) < 0 ||
		    check_limited(spec, request, "/tmp", err) < 0 ||
		    check_limited(spec, request, spec->user.home, err) < 0)
			return -1;
	}
	return 0;
}
