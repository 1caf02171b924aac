#include "policy_verbs.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../capability.h"
#include "../landlock.h"
#include "../namespaces.h"
#include "../outcome.h"
#include "../policy_file.h"
#include "compile.h"
#include "named.h"
#include "policy_options.h"
#include "policy_show.h"

/* What a verb works on. */
struct subject {
	struct policy_request request;
	enum machine machine;
	char *text;
	struct written *written; /* NULL: a named policy */
	struct ruleset *set;
};

static int print_help(void)
{
	fputs("usage: jaillaunch policy show [NAME|FILE]\n"
	      "       jaillaunch policy explain NAME|FILE [SYSCALL]\n"
	      "       jaillaunch policy check FILE\n\n"
	      "Policies by name:\n",
	      stdout);
	for (size_t i = 0; i < n_named_policies; i++)
		printf("  %-10s %s\n", named_policies[i].name,
		       named_policies[i].summary);
	fputc('\n', stdout);
	opts_help(policy_options, stdout);
	return 0;
}

static int find_machine(const char *name, enum machine *out, struct err *err)
{
	*out = MACHINE_NATIVE;
	if (!name)
		return 0;
	for (unsigned i = 0; i < MACHINES; i++)
		if (strcmp(name, machine_name((enum machine)i)) == 0) {
			*out = (enum machine)i;
			return 0;
		}
	return err_set(err, ERR_USAGE,
		       "--machine \"%s\": it is x86_64 or aarch64", name);
}

/* A network of the jail's own keeps abstract names apart, too. */
static const struct {
	const char *name;
	unsigned features;
} networks[] = {
	{"none", 0},
	{"host", POLICY_NET_HOST},
	{"private", POLICY_NET_HOST | POLICY_UNIX},
};

static int find_network(const char *name, unsigned *features, struct err *err)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++)
		if (!name || strcmp(name, networks[i].name) == 0) {
			*features |= networks[i].features;
			return 0;
		}
	return err_set(err, ERR_USAGE,
		       "--net \"%s\": it is none, host or private", name);
}

/* true: as a launch here would have it. */
static int is_auto(const char *option, const char *word, bool *out,
		   struct err *err)
{
	*out = !word || strcmp(word, "auto") == 0;
	return *out || strcmp(word, "none") == 0
		       ? 0
		       : err_set(err, ERR_USAGE,
				 "%s \"%s\": it is auto or none", option, word);
}

/* Who is not root has no pid namespace that policies count on. */
static bool has_own_pids(void)
{
	return capability_is_effective(CAP_SYS_CHROOT) > 0 &&
	       capability_is_effective(CAP_SYS_ADMIN) > 0 &&
	       namespaces_try(CLONE_NEWPID, false) == 0;
}

static int find_features(const struct policy_args *args, unsigned *out,
			 struct err *err)
{
	bool is_scoped, has_namespaces;

	*out = 0;
	if (find_network(args->net, out, err) < 0 ||
	    is_auto("--landlock", args->landlock, &is_scoped, err) < 0 ||
	    is_auto("--ns", args->namespaces, &has_namespaces, err) < 0)
		return -1;
	if (is_scoped && landlock_ask() >= LANDLOCK_ABI_SCOPES)
		*out |= POLICY_UNIX;
	if (has_namespaces && has_own_pids())
		*out |= POLICY_OWN_PIDS;
	return 0;
}

static int read_file(struct subject *subject, struct err *err)
{
	struct policy_request *request = &subject->request;

	if (policy_file_read(request, &subject->text, err) < 0)
		return -1;
	return policy_read(request, subject->machine, &subject->written, err);
}

static int make_subject(const struct policy_args *args, const char *name,
			struct subject *subject, struct err *err)
{
	subject->request = (struct policy_request){
		.name = name,
		.allow = args->allow.items,
		.n_allow = args->allow.n,
		.deny = args->deny.items,
		.n_deny = args->deny.n,
		.deny_action = args->deny_action,
	};
	if (strcmp(name, "none") == 0)
		return err_set(err, ERR_USAGE,
			       "none is no policy: every system call is "
			       "allowed, as with -I; policies are default, "
			       "strict, cape, cape-deny and files");
	if (find_machine(args->machine, &subject->machine, err) < 0 ||
	    find_features(args, &subject->request.features, err) < 0 ||
	    (args->caps &&
	     capabilities_parse("--caps", args->caps, &subject->request.caps,
				err) < 0) ||
	    (policy_is_file(name) && read_file(subject, err) < 0))
		return -1;
	return ruleset_make(&subject->request, subject->written,
			    subject->machine, &subject->set, err);
}

static void close_subject(struct subject *subject)
{
	ruleset_free(subject->set);
	written_free(subject->written);
	free(subject->text);
}

/* --- the verbs: operands behind the verb, at least one */

static int show(const struct subject *subject, char **operands, struct err *err)
{
	(void)operands;
	(void)err;
	printf("# %s, on %s\n", subject->request.name,
	       machine_name(subject->machine));
	policy_show(subject->set, stdout);
	return 0;
}

static int explain(const struct subject *subject, char **operands,
		   struct err *err)
{
	const struct syscall_name *call;
	const char *name = operands[1];

	if (!name) {
		policy_explain(subject->set, stdout);
		return 0;
	}
	if (name_find_call((struct name){name, strlen(name)}, &call, err) < 0)
		return -1;
	if (call)
		policy_explain_call(subject->set, call, stdout);
	else
		printf("%s is not a call of x86_64 or aarch64: no effect\n",
		       name);
	return 0;
}

static void print_overruled(const struct subject *subject)
{
	bool is_first = true;

	for (size_t i = 0; i < n_syscall_names; i++) {
		int nr = syscall_names[i].nr[subject->machine];

		if (nr == SYSCALL_NONE ||
		    !policy_is_overruled(subject->set, (unsigned)nr))
			continue;
		if (is_first)
			printf("%s: allowed, but refused by the floor "
			       "(--syscall-allow opens it):",
			       subject->request.name);
		is_first = false;
		printf(" %s", syscall_names[i].name);
	}
	if (!is_first)
		putchar('\n');
}

/* Silent, unless something is not what its author may expect. */
static int check(const struct subject *subject, char **operands,
		 struct err *err)
{
	auto_of(program) struct program *program = NULL;
	const struct written *written = subject->written;

	(void)operands;
	if (compile(subject->set, &program, err) < 0)
		return err_context(err, "%s", subject->request.name);
	for (size_t i = 0; written && i < written->n_notes; i++)
		printf("%s: %s\n", subject->request.name, written->notes[i]);
	print_overruled(subject);
	return 0;
}

static const struct {
	const char *name;
	int least, most; /* operands */
	int (*run)(const struct subject *subject, char **operands,
		   struct err *err);
} verbs[] = {
	{"show", 0, 1, show},
	{"explain", 1, 2, explain},
	{"check", 1, 1, check},
};

static int run_verb(const struct policy_args *args, int n, char **words,
		    struct err *err)
{
	static char usual[] = "default";
	struct subject subject = {.machine = MACHINE_NATIVE};
	char *shown[] = {usual, NULL};
	int result;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		char **operands = n > 1 ? words + 1 : shown;

		if (n == 0 || strcmp(words[0], verbs[i].name) != 0)
			continue;
		if (n - 1 < verbs[i].least || n - 1 > verbs[i].most)
			break;
		result = make_subject(args, operands[0], &subject, err);
		if (result == 0)
			result = verbs[i].run(&subject, operands, err);
		close_subject(&subject);
		return result;
	}
	return err_set(err, ERR_USAGE,
		       "policy: it is show [NAME|FILE], explain NAME|FILE "
		       "[SYSCALL] or check FILE; see policy --help");
}

int policy_verbs(int argc, char **argv, struct err *err)
{
	struct policy_args args = {0};
	int first, status = STATUS_FAILED;

	if (opts_parse(policy_options, false, argc, argv, &args, &first, err) ==
	    0) {
		if (args.help)
			status = print_help();
		else if (run_verb(&args, argc - first, argv + first, err) == 0)
			status = 0;
	}
	opt_list_free(&args.allow);
	opt_list_free(&args.deny);
	return status;
}
