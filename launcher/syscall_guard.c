#include "syscall_guard.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "refusal_words.h"
#include "sha256.h"

/* --- the policy */

static void digest(const void *data, size_t size, char hex[SHA256_HEX_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_add(&hash, data, size);
	sha256_hex(&hash, hex);
}

static void digest_filter(const struct sock_fprog *program,
			  char hex[SHA256_HEX_SIZE])
{
	digest(program->filter, program->len * sizeof(*program->filter), hex);
}

static bool is_amended(const struct policy_request *request)
{
	return request->n_allow || request->n_deny || request->deny_action;
}

void syscall_guard_explain(const struct syscall_guard *guard, FILE *out)
{
	const struct loaded_policy *policy = &guard->policy;
	struct filter_counts counts = filter_count(&policy->program);
	const char *why_not = listener_why_not(&guard->listener);
	char hex[SHA256_HEX_SIZE];

	digest_filter(&policy->program, hex);
	fprintf(out, "policy        %s%s, filter sha256 %s\n",
		policy->request.name,
		is_amended(&policy->request) ? ", amended" : "", hex);
	fprintf(out,
		"              calls: %u allowed, %u refused, %u killed for, "
		"%u "
		"by their arguments\n",
		counts.allowed, counts.refused, counts.killed,
		counts.by_arguments);
	if (why_not)
		fprintf(out, "              refusals are not itemised: %s\n",
			why_not);
	else if (guard->listener.why_no_kills)
		fprintf(out, "              kills are not itemised: %s\n",
			guard->listener.why_no_kills);
}

static void report_calls(const struct filter_counts *counts, struct json *json)
{
	json_open(json, "calls", '{');
	json_number(json, "allowed", counts->allowed);
	json_number(json, "refused", counts->refused);
	json_number(json, "killed_for", counts->killed);
	json_number(json, "by_arguments", counts->by_arguments);
	json_close(json, '}');
}

static void report_itemised(const struct listener *listener, struct json *json)
{
	const char *why_not = listener_why_not(listener);
	const unsigned *silent;

	json_bool(json, "itemised", !why_not);
	if (why_not) {
		json_string(json, "why_not_itemised", why_not);
		return;
	}
	if (listener->why_no_kills)
		json_string(json, "why_kills_not_itemised",
			    listener->why_no_kills);
	json_open(json, "silent", '[');
	for (silent = filter_silent; *silent; silent++)
		json_string(json, NULL,
			    syscall_name_of(MACHINE_NATIVE, *silent));
	json_close(json, ']');
}

static void report_policy(const struct syscall_guard *guard, struct json *json)
{
	const struct loaded_policy *policy = &guard->policy;
	struct filter_counts counts = filter_count(&policy->program);
	char hex[SHA256_HEX_SIZE];

	json_open(json, "seccomp", '{');
	json_string(json, "policy", policy->request.name);
	if (policy->text) {
		digest(policy->text, policy->request.text_len, hex);
		json_string(json, "file_sha256", hex);
	}
	json_bool(json, "amended", is_amended(&policy->request));
	digest_filter(&policy->program, hex);
	json_string(json, "filter_sha256", hex);
	json_number(json, "instructions", policy->program.len);
	report_calls(&counts, json);
	report_itemised(&guard->listener, json);
	json_close(json, '}');
}

/* --- what was refused */

struct told {
	struct refusal refusal; /* the first; count is that of all */
	struct refusal_words words;
};

static bool is_told_with(const struct told *told, const struct told *other)
{
	return told->refusal.number == other->refusal.number &&
	       told->refusal.answer.action == other->refusal.answer.action &&
	       told->words.row == other->words.row;
}

static void add(struct refusal *sum, const struct refusal *refusal)
{
	sum->count += refusal->count;
	sum->n_hard += refusal->n_hard;
}

/* Kinds that differ in arguments that make no difference are told as one. */
static size_t gather(const struct syscall_guard *guard,
		     struct told told[REFUSALS_MOST])
{
	const struct refusals *refusals = &guard->listener.log->refusals;
	size_t n = 0, i, k;

	for (i = 0; i < refusals->n; i++) {
		const struct refusal *refusal = &refusals->items[i];

		if (refusal->count == 0)
			continue;
		told[n].refusal = *refusal;
		told[n].words = refusal_words(refusal, &guard->policy.request);
		for (k = 0; !is_told_with(&told[k], &told[n]); k++)
			continue;
		if (k == n)
			n++;
		else
			add(&told[k].refusal, refusal);
	}
	return n;
}

/* The program chose it: nothing in it may move a cursor. */
static void print_comm(const struct refusal *refusal, FILE *out)
{
	size_t i;

	for (i = 0; i < sizeof(refusal->comm) && refusal->comm[i]; i++)
		fputc(refusal->comm[i] >= ' ' && refusal->comm[i] <= '~'
			      ? refusal->comm[i]
			      : '?',
		      out);
	if (i == 0)
		fputc('?', out);
}

static void print_call(const struct told *told, FILE *out)
{
	if (told->words.call)
		fputs(told->words.call, out);
	else
		fprintf(out, "call %" PRIu32, told->refusal.number);
}

static void print_rule(const struct told *told, FILE *out)
{
	const struct refusal_words *words = &told->words;

	fprintf(out, " (rule %s%s", words->row ? "@" : "", words->rule);
	if (words->row && !rule_is_unconditional(words->row) &&
	    !told->refusal.is_mixed) {
		fputs(": ", out);
		rule_print_conditions(words->row, out);
	}
	if (words->allow)
		fprintf(out, "; %s%s allows it", words->allow,
			words->allows_call ? words->call : "");
	fputs(")\n", out);
}

static void print_told(const struct told *told, FILE *out)
{
	char room[16];

	fputs("denied: ", out);
	print_call(told, out);
	fprintf(out, " ×%" PRIu64 " by ", told->refusal.count);
	print_comm(&told->refusal, out);
	fprintf(out, "[%" PRId32 "] → %s", told->refusal.pid,
		refusal_answer(&told->refusal, room));
	print_rule(told, out);
}

void syscall_guard_tell(const struct syscall_guard *guard, FILE *out)
{
	struct told told[REFUSALS_MOST];
	size_t n, i;

	if (!listener_is_on(&guard->listener)) {
		fprintf(out, "denied: not itemised: %s\n",
			listener_why_not(&guard->listener));
		return;
	}
	n = gather(guard, told);
	for (i = 0; i < n; i++)
		print_told(&told[i], out);
	if (guard->listener.log->refusals.n_more)
		fprintf(out, "denied: ×%" PRIu64 " of more kinds\n",
			guard->listener.log->refusals.n_more);
}

static void report_arguments(const struct refusal *refusal, struct json *json)
{
	size_t i;

	json_open(json, "arguments", '[');
	for (i = 0; i < 6; i++) {
		char hex[24];

		snprintf(hex, sizeof(hex), "%#" PRIx64, refusal->args[i]);
		json_string(json, NULL, hex);
	}
	json_close(json, ']');
}

static void report_rule(const struct refusal_words *words, struct json *json)
{
	char text[96];

	snprintf(text, sizeof(text), "%s%s", words->row ? "@" : "",
		 words->rule);
	json_string(json, "rule", text);
	if (words->row)
		json_string(json, "why", words->row->why);
	if (!words->allow)
		return;
	snprintf(text, sizeof(text), "%s%s", words->allow,
		 words->allows_call ? words->call : "");
	json_string(json, "allowed_by", text);
}

static void report_told(const struct told *told, struct json *json)
{
	const struct refusal *refusal = &told->refusal;
	char comm[sizeof(refusal->comm) + 1] = {0}, room[16];

	memcpy(comm, refusal->comm, sizeof(refusal->comm));
	json_open(json, NULL, '{');
	json_string(json, "syscall", told->words.call);
	json_number(json, "number", refusal->number);
	report_arguments(refusal, json);
	report_rule(&told->words, json);
	json_number(json, "count", (int64_t)refusal->count);
	json_number(json, "pid", refusal->pid);
	json_string(json, "comm", *comm ? comm : NULL);
	json_string(json, refusal_is_kill(refusal) ? "kill" : "errno",
		    refusal_answer(refusal, room));
	if (refusal_is_kill(refusal))
		json_number(json, "by_sigkill", (int64_t)refusal->n_hard);
	json_close(json, '}');
}

static void report_denied(const struct syscall_guard *guard, struct json *json)
{
	struct told told[REFUSALS_MOST];
	size_t n = gather(guard, told), i;

	json_open(json, "denied", '[');
	for (i = 0; i < n; i++)
		report_told(&told[i], json);
	json_close(json, ']');
	json_number(json, "denied_of_more_kinds",
		    (int64_t)guard->listener.log->refusals.n_more);
}

void syscall_guard_report(const struct syscall_guard *guard, struct json *json)
{
	report_policy(guard, json);
	if (listener_is_on(&guard->listener))
		report_denied(guard, json);
}
