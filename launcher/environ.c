#include "environ.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static char **find(const struct environ_list *list, const char *name,
		   size_t len)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strncmp(list->vars[i], name, len) == 0 &&
		    list->vars[i][len] == '=')
			return &list->vars[i];
	return NULL;
}

static int add(struct environ_list *list, char *var, struct err *err)
{
	char **grown = realloc(list->vars, (list->n + 2) * sizeof(*grown));

	if (!grown)
		return err_sys(err, ENOMEM, "environment");
	list->vars = grown;
	list->vars[list->n++] = var;
	list->vars[list->n] = NULL;
	return 0;
}

/* Takes over var, whose name has name_len bytes. */
static int keep(struct environ_list *list, char *var, size_t name_len,
		struct err *err)
{
	char **old = find(list, var, name_len);

	if (!old) {
		if (add(list, var, err) == 0)
			return 0;
		free(var);
		return -1;
	}
	free(*old);
	*old = var;
	return 0;
}

int environ_set(struct environ_list *list, const char *name, const char *value,
		struct err *err)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	char *var = malloc(name_len + value_len + 2);

	if (!var)
		return err_sys(err, ENOMEM, "environment");
	memcpy(var, name, name_len);
	var[name_len] = '=';
	memcpy(var + name_len + 1, value, value_len);
	var[name_len + 1 + value_len] = '\0';
	return keep(list, var, name_len, err);
}

int environ_put(struct environ_list *list, const char *assignment,
		struct err *err)
{
	const char *equals = strchr(assignment, '=');
	char *var;

	if (!equals || equals == assignment)
		return err_set(err, ERR_USAGE,
			       "environment \"%s\" is not NAME=VALUE",
			       assignment);
	var = strdup(assignment);
	if (!var)
		return err_sys(err, ENOMEM, "environment");
	return keep(list, var, (size_t)(equals - assignment), err);
}

const char *environ_get(const struct environ_list *list, const char *name)
{
	size_t len = strlen(name);
	char **var = find(list, name, len);

	return var ? *var + len + 1 : NULL;
}

void environ_free(struct environ_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->vars[i]);
	free(list->vars);
	*list = (struct environ_list){0};
}
