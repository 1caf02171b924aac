#pragma once
/*
 * fd_bound: how far the open descriptors can go, where neither close_range() nor
 * a /proc says which there are.
 */

/*
 * No descriptor of this process has this number or a higher one.  A few calls,
 * however high the limits; no memory is allocated.
 */
int fd_bound(void);
