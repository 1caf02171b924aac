#pragma once
/*
 * image_check: proof, before a byte is written, that programs find in the
 * image what they found in the source: every closure is resolved again inside
 * the plan, without /proc (as in a jail), and compared.
 *
 * Where that shows that libraries would not be found, an /etc/ld.so.cache is
 * added to the plan, as `cache` says.
 */
#include "err.h"
#include "plan.h"

int image_check(struct plan *plan, struct err *err);
