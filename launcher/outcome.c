#include "outcome.h"

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
	}
	return STATUS_FAILED;
}
