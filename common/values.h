#pragma once
/*
 * values: the forms that arguments and keys of manifest entries can have.
 *
 * Each function is a value_check (directives.h).  Paths are squeezed in place:
 * "//" becomes "/", a "/" at the end goes.
 */
#include "err.h"

int value_any(char *value, struct err *err);
int value_program(char *value, struct err *err); /* name or path, pattern */
int value_library(char *value, struct err *err); /* the same */
int value_sources(char *value, struct err *err); /* path, pattern */
int value_path(char *value, struct err *err); /* in the image; variables */
int value_plain_path(char *value, struct err *err); /* no variables either */
int value_local(char *value, struct err *err); /* of this machine */
int value_target(char *value, struct err *err); /* of a symbolic link */
int value_exclusion(char *value, struct err *err); /* "-glob" */
int value_package(char *value, struct err *err);
int value_glob(char *value, struct err *err); /* name or path, pattern */
int value_package_glob(char *value, struct err *err); /* the same, or "-glob" */
int value_mode(char *value, struct err *err);
int value_id(char *value, struct err *err);
int value_new_name(char *value, struct err *err); /* of a user or group */
int value_user(char *value, struct err *err); /* name or number */
int value_preset(char *value, struct err *err); /* NAME or ./FILE */
int value_name(char *value, struct err *err); /* of a policy, a network */
int value_command(char *value, struct err *err);
int value_env(char *value, struct err *err);
int value_limit(char *value, struct err *err);
int value_uid_pool(char *value, struct err *err);
int value_allow(char *value, struct err *err);
int value_caps(char *value, struct err *err);
int value_device(char *value, struct err *err);
int value_dlopen(char *value, struct err *err);
int value_hwcaps(char *value, struct err *err);
int value_cache(char *value, struct err *err);
int value_need(char *value, struct err *err);
