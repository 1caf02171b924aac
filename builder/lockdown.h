#pragma once
/*
 * lockdown: no node of the image may be a way out of the jail, or an attack on
 * the host where the image is unpacked.
 *
 * A table of rules, each run over every node.  A rule mends what can be mended
 * (and notes it) and refuses the rest; node->exceptions says what the
 * manifest allows.
 */
#include "err.h"
#include "notes.h"
#include "tree.h"

/* Applies every rule in order.  ERR_MANIFEST naming node and entry. */
int lockdown(struct tree *tree, struct notes *notes, struct err *err);

/* The same for one node, for whoever wants to hear of every refusal. */
int lockdown_node(struct node *node, struct notes *notes, struct err *err);

/* The rules, a line each: name and what holds afterwards. */
void lockdown_help(FILE *out);
