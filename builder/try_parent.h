#pragma once
/*
 * try_parent: the parent instance of an enclave that is tried, CID 3: it
 * returns the heartbeat, and keeps what is told to any other port.
 */
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "err.h"
#include "vhost_user.h"

#define TRY_PARENT_CID 3u
#define TRY_ENCLAVE_CID 16u

struct try_parent;

struct try_told {
	bool has_greeted; /* the heartbeat came */
	unsigned port; /* 0: nothing was told */
	char words[512]; /* the last line that was, to that port */
};

int try_parent_make(struct try_parent **out, struct err *err);
void try_parent_free(struct try_parent *parent);
DEFINE_AUTO(try_parent)

/* Answers all that the machine has sent, as far as it has room. */
int try_parent_work(struct try_parent *parent, struct vhost_user *user,
		    struct err *err);

const struct try_told *try_parent_told(const struct try_parent *parent);
