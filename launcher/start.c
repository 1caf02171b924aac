#include "start.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "plan.h"
#include "raw_call.h"
#include "spec.h"

static void note_failure(struct start_failure *failure, uint32_t layer,
			 int error)
{
	*failure = (struct start_failure){
		.stage = START_LAYER,
		.index = layer,
		.step = (uint32_t)-error >> LAYER_STEP_SHIFT,
		.error = -error & ((1 << LAYER_STEP_SHIFT) - 1),
	};
}

bool start_enter(const struct plan *plan, struct root_choice *choice,
		 struct start_failure *failure)
{
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];
		int error = row->is_on && row->layer->enter
				    ? row->layer->enter(row->state, choice)
				    : 0;

		if (error == 0)
			continue;
		note_failure(failure, i, error);
		return false;
	}
	return true;
}

/* Those from the first up to, but without, the end. */
static bool apply_layers(const struct plan *plan, uint32_t first, uint32_t end,
			 struct start_failure *failure)
{
	uint32_t i;

	for (i = first; i < end; i++) {
		const struct plan_row *row = &plan->rows[i];
		int error = row->is_on ? row->layer->apply(row->state) : 0;

		if (error == 0)
			continue;
		note_failure(failure, i, error);
		return false;
	}
	return true;
}

/*
 * Like a shell: what is not there is passed by, and so is what may not be
 * executed, but that is what is reported if nothing else is found.  Nothing
 * may be written to failure before the last try: if one succeeds, the parent
 * reads it.
 */
static void try_programs(const struct jail_spec *spec,
			 struct start_failure *failure)
{
	struct start_failure worst = {START_EXEC, 0, 0, ENOENT};
	uint32_t i;

	for (i = 0; spec->programs[i]; i++) {
		long error =
			-raw_call(SYS_execve, (long)spec->programs[i],
				  (long)spec->argv, (long)spec->env.vars, 0);

		if (error == ENOENT || error == ENOTDIR)
			continue;
		worst.index = i;
		worst.error = (int32_t)error;
		if (error != EACCES)
			break;
	}
	*failure = worst;
}

/* The last layer, seccomp, may forbid all but executing and reporting. */
void start_program(const struct plan *plan, const struct start_gate *gate,
		   struct start_failure *failure)
{
	sigset_t none;
	uint32_t last = (uint32_t)plan->n - 1;

	if (!apply_layers(plan, 0, last, failure))
		return;
	if (gate)
		gate->await(gate->data);
	caller_signals_of_program();
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) {
		*failure = (struct start_failure){START_CLONE, 0, 0, errno};
		return;
	}
	if (apply_layers(plan, last, last + 1, failure))
		try_programs(plan->spec, failure);
}

int start_describe(const struct plan *plan, const struct start_failure *failure,
		   struct err *err)
{
	const struct layer *layer;
	char words[256];

	if (failure->stage == START_CLONE)
		return err_sys(err, failure->error, "start a process");
	if (failure->stage == START_KEEPER)
		return err_sys(err, failure->error,
			       "keep watch over the program");
	if (failure->stage == START_PARENT)
		return err_set(err, ERR_SYSTEM,
			       "the keeper ended before the program started");
	layer = plan->rows[failure->index].layer;
	if (layer->name_step)
		layer->name_step(plan->spec, failure->step, words,
				 sizeof(words));
	else
		snprintf(words, sizeof(words), "%s",
			 layer->steps[failure->step]);
	return err_sys_kind(err, ERR_HOST, failure->error, "layer %s: %s",
			    layer->name, words);
}
