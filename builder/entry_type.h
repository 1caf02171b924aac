#pragma once
/*
 * entry_type: which kind of node an entry of an archive is.
 */
#include <archive_entry.h>
#include <stdbool.h>

#include "tree.h"

/* False: of a kind that no image has (a socket, a disk). */
bool node_type_of_entry(struct archive_entry *entry, enum node_type *type);
