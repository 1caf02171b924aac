#pragma once
/*
 * kernel_config: what a kernel was built with (its .config), against what an
 * enclave and a jail in it want.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* A text of lines "CONFIG_X=y".  Owned by the caller.  *source: where it was
 * found, in words; NULL and no text: nowhere. */
int kernel_config_find(const char *config_path, const char *kernel_path,
		       const char *version, char **text, char **source,
		       struct err *err);

enum kernel_wish { WISH_NEEDED, WISH_USEFUL, WISH_UNWANTED };

/* Calls tell for each wish that the configuration does not fulfil. */
void kernel_config_check(const char *text, uint16_t machine,
			 void (*tell)(void *context, enum kernel_wish wish,
				      const char *option, const char *why),
			 void *context);
