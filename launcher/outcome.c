#include "outcome.h"

const char *const outcome_kind_names[] = {
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_NOT_FOUND] = "not-found",
	[OUTCOME_NOT_EXECUTABLE] = "not-executable",
	[OUTCOME_EXITED] = "exited",
	[OUTCOME_SIGNALED] = "signaled",
	[OUTCOME_TIME_LIMIT] = "time-limit",
	[OUTCOME_EXPLAINED] = "explained",
};

static bool is_hit(uint64_t count)
{
	return count != UINT64_MAX && count > 0;
}

bool outcome_has_met(const struct outcome *outcome, enum limit limit)
{
	const struct cgroup_use *use = &outcome->use;

	if (limit == outcome->limit)
		return true;
	switch (limit) {
	case LIMIT_MEMORY:
		return is_hit(use->oom_kills);
	case LIMIT_PIDS:
		return is_hit(use->forks_refused);
	case LIMIT_CPUS:
		return is_hit(use->throttles);
	case LIMIT_TMP:
		return outcome->is_full;
	default:
		return false;
	}
}

int outcome_status(const struct outcome *outcome)
{
	switch (outcome->kind) {
	case OUTCOME_FAILED:
		return STATUS_FAILED;
	case OUTCOME_NOT_FOUND:
		return STATUS_NOT_FOUND;
	case OUTCOME_NOT_EXECUTABLE:
		return STATUS_NOT_EXECUTABLE;
	case OUTCOME_EXITED:
		return outcome->status;
	case OUTCOME_SIGNALED:
		return STATUS_SIGNAL + outcome->signal;
	case OUTCOME_TIME_LIMIT:
		return STATUS_TIME_LIMIT;
	case OUTCOME_EXPLAINED:
		return 0;
	}
	return STATUS_FAILED;
}
