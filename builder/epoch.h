#pragma once
/*
 * epoch: the time of everything in what is built: 0, or what reproducible
 * builds are told by SOURCE_DATE_EPOCH.
 */
#include "err.h"

int epoch_read(long long *seconds, struct err *err);
