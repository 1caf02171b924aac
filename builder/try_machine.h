#pragma once
/*
 * try_machine: an enclave image in QEMU: a machine like that of an enclave,
 * without PCI, the ramdisks one behind the other in its memory.
 *
 * Nothing of the host is in it but a socket, for its vsock.  It computes by
 * itself (TCG): slow, but the same everywhere.
 */
#include <sys/types.h>

#include "cleanup.h"
#include "eif_read.h"
#include "err.h"

struct try_machine {
	pid_t pid;
	int console; /* what the machine writes; ends with it */
	char *dir; /* of our own: kernel, ramdisks, socket */
	const char *program;
};

/* What is needed beside the image; the machine is not started yet. */
int try_machine_make(const struct eif *eif, struct try_machine **out,
		     struct err *err);

/* The name of the socket for vsock, which must be there before the start. */
int try_machine_socket(const struct try_machine *machine, char **out,
		       struct err *err);

/* memory: MiB. */
int try_machine_start(struct try_machine *machine, const struct eif *eif,
		      unsigned long memory, struct err *err);

/* Waits for its end; an error when that was not the machine's own. */
int try_machine_end(struct try_machine *machine, struct err *err);

/* Ends it, whatever it does. */
void try_machine_free(struct try_machine *machine);
DEFINE_AUTO(try_machine)
