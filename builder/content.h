#pragma once
/*
 * content: the file that a node's bytes come from, opened anew for copying and
 * proved to be the one that was planned.
 */
#include "err.h"
#include "sink.h"
#include "source.h"
#include "tree.h"

/*
 * A descriptor of the file at its start, or -1.  Only for CONTENT_SOURCE and
 * CONTENT_HOST.  ERR_INPUT when it is not there or not the planned one.
 */
int content_open(const struct node *node, const struct source *source,
		 struct err *err);

/*
 * After copying: the file is still the planned one and `got` bytes are all
 * that it was to have.  A negative got is the -errno that reading ended with.
 */
int content_check(const struct node *node, const struct source *source, int fd,
		  off_t got, struct err *err);

/* Copies all the bytes of a NODE_FILE, wherever they come from. */
int content_put(const struct node *node, const struct source *source,
		struct sink *sink, struct err *err);
