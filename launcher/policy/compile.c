#include "compile.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>

#include "array.h"
#include "dispatch.h"
#include "fdio.h"
#include "prologue.h"

#define BYTES_LIMIT (BPF_MAXINSNS * sizeof(struct sock_filter))

static int failed(struct err *err, int result, const char *what)
{
	return err_sys(err, -result, "seccomp policy: %s", what);
}

static uint32_t libseccomp_machine(enum machine machine)
{
	return machine == MACHINE_X86_64 ? SCMP_ARCH_X86_64 : SCMP_ARCH_AARCH64;
}

static uint32_t libseccomp_action(const struct rule *rule)
{
	if (rule->answer == ANSWER_KILL)
		return SCMP_ACT_KILL_PROCESS;
	return SCMP_ACT_ERRNO((uint32_t)rule->answer);
}

static int set_up(scmp_filter_ctx filter, enum machine machine)
{
	uint32_t target = libseccomp_machine(machine);
	int result = 0;

	/* Old kernels lack KILL_PROCESS; the one that builds is not asked. */
	if (seccomp_api_get() < 3)
		result = seccomp_api_set(3);
	if (result == 0 && target != seccomp_arch_native()) {
		result = seccomp_arch_add(filter, target);
		if (result == 0)
			result = seccomp_arch_remove(filter,
						     seccomp_arch_native());
	}
	/* Never reached, the prologue has looked; so its return is shared. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
					  SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return result;
}

/* Only conditions "is"; see prologue_decides(). */
static int add_denial(scmp_filter_ctx filter, const char *name,
		      const struct rule *rule)
{
	struct scmp_arg_cmp compares[RULE_CONDITIONS];
	unsigned n = 0;

	for (; rule->when[n].kind; n++)
		compares[n] = (struct scmp_arg_cmp){
			rule->when[n].arg, SCMP_CMP_MASKED_EQ,
			rule->when[n].mask, rule->when[n].value};
	return seccomp_rule_add_array(filter, libseccomp_action(rule),
				      seccomp_syscall_resolve_name(name), n,
				      compares);
}

static int add_denials(scmp_filter_ctx filter, const struct ruleset *set,
		       struct err *err)
{
	size_t n;

	for (size_t first = 0; first < set->n; first += n) {
		unsigned nr = set->denials[first].nr;
		const char *name = syscall_name_of(set->machine, nr);

		ruleset_denials(set, nr, &n);
		if (prologue_decides(set, &set->denials[first], n))
			continue;
		for (size_t i = first; i < first + n; i++) {
			int result =
				add_denial(filter, name, set->denials[i].rule);

			if (result < 0)
				return failed(err, result, name);
		}
	}
	return 0;
}

/* libseccomp 2.5 exports to descriptors only. */
static int append(scmp_filter_ctx filter, struct program *program,
		  struct err *err)
{
	auto_close int fd = memfd_create("seccomp policy", MFD_CLOEXEC);
	auto_free char *bytes = NULL;
	size_t len = 0;
	int result;

	if (fd < 0)
		return failed(err, -errno, "memfd_create");
	result = seccomp_export_bpf(filter, fd);
	if (result == 0 && lseek(fd, 0, SEEK_SET) < 0)
		result = -errno;
	if (result == 0)
		result = fd_read_all(fd, BYTES_LIMIT, &bytes, &len);
	if (result < 0)
		return failed(err, result, "export");
	for (size_t at = 0; at < len; at += sizeof(struct sock_filter)) {
		struct sock_filter *room =
			array_push(program->code, program->n);

		if (!room)
			return failed(err, -ENOMEM, "export");
		memcpy(room, bytes + at, sizeof(*room));
	}
	return 0;
}

static int append_libseccomp(const struct ruleset *set, struct program *program,
			     struct err *err)
{
	scmp_filter_ctx filter;
	int result;

	if (set->fallback)
		return 0; /* the prologue decides all */
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return failed(err, -ENOMEM, "libseccomp");
	result = set_up(filter, set->machine);
	if (result < 0)
		result = failed(err, result, "libseccomp");
	else if (add_denials(filter, set, err) < 0 ||
		 append(filter, program, err) < 0)
		result = -1;
	seccomp_release(filter);
	return result;
}

int compile_plainly(const struct ruleset *set, struct program **out,
		    struct err *err)
{
	auto_of(program) struct program *program = calloc(1, sizeof(*program));

	if (!program)
		return failed(err, -ENOMEM, "compile");
	if (prologue_emit(set, program, err) < 0 ||
	    append_libseccomp(set, program, err) < 0)
		return -1;
	*out = TAKE(program);
	return 0;
}

int compile(const struct ruleset *set, struct program **out, struct err *err)
{
	auto_of(program) struct program *program = NULL;

	if (compile_plainly(set, &program, err) < 0 ||
	    program_dispatch(program, machine_audit_arch(set->machine), err) <
		    0)
		return -1;
	if (program->n > BPF_MAXINSNS)
		return err_set(err, ERR_MANIFEST,
			       "seccomp policy: %zu instructions, and the "
			       "kernel takes %d: write fewer conditions",
			       program->n, BPF_MAXINSNS);
	*out = TAKE(program);
	return 0;
}

void program_free(struct program *program)
{
	if (!program)
		return;
	free(program->code);
	free(program);
}
