#pragma once
/*
 * root_overlay: a root that can be written: an overlay, its lower layer the
 * image or directory, its upper one a tmpfs or the directory of --persist.
 */
#include "root_attempt.h"

/* The mount of the upper layer, if the root is writable at all. */
int root_upper_make(struct root_attempt *attempt);

/* The root becomes the lower layer of one that can be written, if wanted. */
int root_cover(struct root_attempt *attempt);

/*
 * The directories of the upper layer, opened.  The upper one stands for "/":
 * its owner and mode are those of the root.  0 or -errno.
 */
int root_layers_make(int upper, int lower, int *up, int *work);
