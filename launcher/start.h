#pragma once
/*
 * start: from a plan to the program, in the process that becomes it.
 *
 * That process may share its memory with its parent: nothing here allocates,
 * locks or buffers.  What went wrong is one fixed struct.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct plan;
struct root_choice;

enum start_stage {
	START_OK, /* nothing went wrong so far */
	START_CLONE, /* no process could be made */
	START_KEEPER, /* the keeper could not do its work */
	START_PARENT, /* the parent died before it could be watched */
	START_LAYER,
	START_EXEC,
};

struct start_failure {
	uint32_t stage;
	uint32_t index; /* of the layer, or of the program tried */
	uint32_t step; /* of the layer */
	int32_t error; /* errno */
};

/* What the layers do before the program's process exists. */
bool start_enter(const struct plan *plan, struct root_choice *choice,
		 struct start_failure *failure);

/* Where the program waits until somebody watches over it; or NULL. */
struct start_gate {
	void (*await)(void *data);
	void *data;
};

/*
 * Applies the plan's layers and executes the program.  Returns only on
 * failure, filled in; the process is then good for nothing but exiting.
 */
void start_program(const struct plan *plan, const struct start_gate *gate,
		   struct start_failure *failure);

/* The failure of a layer in words (that of exec: diagnose.h). */
int start_describe(const struct plan *plan, const struct start_failure *failure,
		   struct err *err);
