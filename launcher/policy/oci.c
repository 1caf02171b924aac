#include "oci.h"

#include <errno.h>
#include <string.h>

#include "../capability.h"
#include "../kernel_version.h"
#include "oci_reader.h"

static int no_memory(struct reader *reader)
{
	return err_sys(reader->err, ENOMEM, "%s", reader->name);
}

/* --- actions */

/* What an action answers; key names the errno that goes with it. */
static int get_answer(struct reader *reader, const struct place *above,
		      json_t *object, const char *action_key,
		      const char *errno_key, int *answer)
{
	const struct place place = {above, errno_key, 0};
	json_t *value = json_object_get(object, errno_key);
	uint64_t number = EPERM;
	int action;

	if (oci_get_word(reader, above, object, action_key, oci_actions,
			 &action) < 0)
		return -1;
	*answer = action;
	if (value && !json_is_null(value)) {
		if (oci_get_number(reader, &place, value, ERRNO_MOST, &number) <
		    0)
			return -1;
		if (action != OCI_ERRNO && action != OCI_TRACE)
			return oci_wrong(reader, &place,
					 "of use with SCMP_ACT_ERRNO only");
	}
	if (action == OCI_ERRNO)
		*answer = number ? (int)number : ANSWER_FAKE;
	if (action == OCI_TRACE || action == OCI_NOTIFY)
		*answer = ENOSYS;
	if (action == OCI_TRACE || action == OCI_NOTIFY)
		return written_note(reader->written, reader->err,
				    "%s answers ENOSYS: there is no tracer and "
				    "no listener",
				    action == OCI_TRACE ? "SCMP_ACT_TRACE"
							: "SCMP_ACT_NOTIFY");
	return 0;
}

/* --- arguments */

/* SCMP_CMP_MASKED_EQ: value is the mask, valueTwo what is compared with. */
static int take_masked(struct reader *reader, const struct place *place,
		       struct condition *when, uint64_t two)
{
	when->kind = CONDITION_IS;
	when->mask = when->value;
	when->value = two;
	if (two & ~when->mask)
		return oci_wrong(
			reader, place,
			"valueTwo has bits that value, the mask, has not: "
			"never equal");
	return 0;
}

static int read_arg(struct reader *reader, const struct place *place,
		    json_t *arg, struct condition *out)
{
	const struct place index_place = {place, "index", 0};
	const struct place value_place = {place, "value", 0};
	const struct place two_place = {place, "valueTwo", 0};
	json_t *second;
	uint64_t index, two = 0;
	int operator;

	if (oci_check_keys(reader, place, arg, "index value valueTwo op") < 0 ||
	    oci_get_word(reader, place, arg, "op", oci_operators, &operator) <
		    0 ||
	    oci_get_number(reader, &index_place, json_object_get(arg, "index"),
			   5, &index) < 0 ||
	    oci_get_number(reader, &value_place, json_object_get(arg, "value"),
			   UINT64_MAX, &out->value) < 0)
		return -1;
	second = json_object_get(arg, "valueTwo");
	if (second &&
	    oci_get_number(reader, &two_place, second, UINT64_MAX, &two) < 0)
		return -1;
	out->arg = (unsigned)index;
	out->is_wide = true;
	out->mask = UINT64_MAX;
	if (operator== OCI_MASKED_EQ)
		return take_masked(reader, place, out, two);
	if (two)
		return oci_wrong(reader, &two_place,
				 "of use with SCMP_CMP_MASKED_EQ only");
	out->kind = (enum condition_kind) operator;
	return 0;
}

static bool has_twice(const struct condition *when, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (when[i].arg == when[k].arg)
				return true;
	return false;
}

/*
 * All must hold; but where one argument is compared twice each comparison is a
 * rule of its own, as runtimes have it.
 */
static int add_rules(struct reader *reader, const struct rule *rule,
		     const struct condition *when, size_t n)
{
	struct rule made = *rule;

	if (!has_twice(when, n)) {
		memcpy(made.when, when, n * sizeof(*when));
		return written_add(reader->written, &made, reader->err);
	}
	for (size_t i = 0; i < n; i++) {
		made.when[0] = when[i];
		if (written_add(reader->written, &made, reader->err) < 0)
			return -1;
	}
	return 0;
}

static int read_args(struct reader *reader, const struct place *above,
		     json_t *entry, const struct rule *rule)
{
	const struct place list_place = {above, "args", 0};
	auto_free struct condition *when = NULL;
	json_t *args, *arg;
	size_t i;

	if (oci_get_list(reader, above, entry, "args", &args) < 0)
		return -1;
	when = calloc(json_array_size(args) + 1, sizeof(*when));
	if (!when)
		return no_memory(reader);
	json_array_foreach(args, i, arg)
	{
		const struct place place = {&list_place, NULL, i};

		if (read_arg(reader, &place, arg, &when[i]) < 0)
			return -1;
	}
	return add_rules(reader, rule, when, json_array_size(args));
}

/* --- includes, excludes */

/* "CAP_SYS_ADMIN" */
static int has_capability(struct reader *reader, const struct place *place,
			  const char *name, bool *out)
{
	bool has_prefix = strncasecmp(name, "CAP_", 4) == 0;
	const char *text = has_prefix ? name + 4 : name;

	for (unsigned i = 0; i < N_CAPABILITIES; i++)
		if (strcasecmp(capability_names[i], text) == 0) {
			*out = reader->request->caps >> i & 1;
			return 0;
		}
	return oci_wrong(reader, place, "no capability is named \"%.100s\"",
			 name);
}

static int is_machine(struct reader *reader, const struct place *place,
		      const char *name, bool *out)
{
	int machine;

	if (oci_find_word(reader, place, oci_go_machines, name, &machine) < 0)
		return -1;
	*out = machine == (int)reader->machine;
	return 0;
}

/* How many there are, and how many of them are true of the jail. */
static int count(struct reader *reader, const struct place *above,
		 json_t *filter, const char *key,
		 int (*test)(struct reader *, const struct place *,
			     const char *, bool *),
		 size_t *n, size_t *n_true)
{
	const struct place list_place = {above, key, 0};
	json_t *list, *item;
	size_t i;

	*n_true = 0;
	if (oci_get_list(reader, above, filter, key, &list) < 0)
		return -1;
	*n = json_array_size(list);
	json_array_foreach(list, i, item)
	{
		const struct place place = {&list_place, NULL, i};
		const char *text;
		bool is_true;

		if (oci_get_string(reader, &place, item, &text) < 0 ||
		    test(reader, &place, text, &is_true) < 0)
			return -1;
		*n_true += is_true;
	}
	return 0;
}

/* "4.8"; true when there is none is up to the caller. */
static int is_kernel(struct reader *reader, const struct place *above,
		     json_t *filter, bool *is_there, bool *out)
{
	const struct place place = {above, "minKernel", 0};
	json_t *value = json_object_get(filter, "minKernel");
	const char *text;
	unsigned least[2];

	*is_there = value && !json_is_null(value);
	*out = false;
	if (!*is_there)
		return 0;
	if (oci_get_string(reader, &place, value, &text) < 0)
		return -1;
	if (!*text) {
		*is_there = false;
		return 0;
	}
	if (!kernel_version_read(text, false, least))
		return oci_wrong(reader, &place,
				 "\"%.40s\" is not a version as \"4.8\"", text);
	*out = reader->kernel[0] > least[0] ||
	       (reader->kernel[0] == least[0] && reader->kernel[1] >= least[1]);
	return 0;
}

/* includes: all capabilities, one of the machines, and that kernel or newer;
 * excludes: any of them. */
static int read_filter(struct reader *reader, const struct place *above,
		       json_t *entry, const char *key, bool *applies)
{
	const struct place place = {above, key, 0};
	json_t *filter = json_object_get(entry, key);
	size_t caps, caps_true, machines, machines_true;
	bool has_kernel, kernel_true;

	if (!filter || json_is_null(filter))
		return 0;
	if (oci_check_keys(reader, &place, filter, "caps arches minKernel") <
		    0 ||
	    count(reader, &place, filter, "caps", has_capability, &caps,
		  &caps_true) < 0 ||
	    count(reader, &place, filter, "arches", is_machine, &machines,
		  &machines_true) < 0 ||
	    is_kernel(reader, &place, filter, &has_kernel, &kernel_true) < 0)
		return -1;
	if (strcmp(key, "excludes") == 0)
		*applies = *applies && !caps_true && !machines_true &&
			   !kernel_true;
	else
		*applies = *applies && caps_true == caps &&
			   (!machines || machines_true) &&
			   (!has_kernel || kernel_true);
	return 0;
}

/* --- rules */

static int add_name(struct reader *reader, const struct place *place,
		    json_t *item, char **calls)
{
	const char *text;
	struct err why = {0};

	if (oci_get_string(reader, place, item, &text) < 0)
		return -1;
	if (text[0] == '@' || strchr(text, ' '))
		return oci_wrong(reader, place,
				 "\"%.100s\" is not a system call", text);
	if (written_list(calls, (struct name){text, strlen(text)}, &why) < 0)
		return oci_wrong(reader, place, "%.300s", why.msg);
	return 0;
}

static int read_names(struct reader *reader, const struct place *above,
		      json_t *entry, char **calls)
{
	const struct place list_place = {above, "names", 0};
	const struct place name_place = {above, "name", 0};
	json_t *name = json_object_get(entry, "name"), *names, *item;
	size_t i;

	if (oci_get_list(reader, above, entry, "names", &names) < 0)
		return -1;
	if (!name == !json_array_size(names))
		return oci_wrong(reader, above,
				 "one of \"names\" and \"name\" is "
				 "needed");
	if (name)
		return add_name(reader, &name_place, name, calls);
	json_array_foreach(names, i, item)
	{
		const struct place place = {&list_place, NULL, i};

		if (add_name(reader, &place, item, calls) < 0)
			return -1;
	}
	return 0;
}

/* All of it is checked, also where it does not apply. */
static int read_entry(struct reader *reader, const struct place *place,
		      json_t *entry)
{
	auto_free char *calls = NULL, *where = oci_place_text(place),
		       *why = NULL;
	struct rule rule = {.group = "written"};
	size_t before = reader->written->n;
	bool applies = true;

	if (!where || asprintf(&why, "%s: %s", reader->name, where) < 0)
		return no_memory(reader);
	if (oci_check_keys(reader, place, entry,
			   "names name action errnoRet args comment includes "
			   "excludes") < 0 ||
	    read_names(reader, place, entry, &calls) < 0 ||
	    get_answer(reader, place, entry, "action", "errnoRet",
		       &rule.answer) < 0)
		return -1;
	rule.calls = calls ? calls : "";
	rule.why = why;
	if (read_args(reader, place, entry, &rule) < 0 ||
	    read_filter(reader, place, entry, "includes", &applies) < 0 ||
	    read_filter(reader, place, entry, "excludes", &applies) < 0)
		return -1;
	if (!applies || !calls)
		written_cut(reader->written, before);
	return 0;
}

static int read_entries(struct reader *reader)
{
	const struct place list_place = {NULL, "syscalls", 0};
	json_t *list, *entry;
	size_t i;

	if (oci_get_list(reader, NULL, reader->root, "syscalls", &list) < 0)
		return -1;
	json_array_foreach(list, i, entry)
	{
		const struct place place = {&list_place, NULL, i};

		if (read_entry(reader, &place, entry) < 0)
			return -1;
	}
	return 0;
}

/* --- the document */

static int take_architecture(struct reader *reader, const struct place *place,
			     json_t *value, bool *is_native)
{
	const char *text;
	int machine;

	if (oci_get_string(reader, place, value, &text) < 0 ||
	    oci_find_word(reader, place, oci_machines, text, &machine) < 0)
		return -1;
	if (machine == (int)reader->machine)
		*is_native = true;
	return 0;
}

static int read_architectures(struct reader *reader, const struct place *above,
			      json_t *object, const char *key, bool *is_native,
			      size_t *n)
{
	const struct place list_place = {above, key, 0};
	json_t *list, *item;
	size_t i;

	if (oci_get_list(reader, above, object, key, &list) < 0)
		return -1;
	*n += json_array_size(list);
	json_array_foreach(list, i, item)
	{
		const struct place place = {&list_place, NULL, i};

		if (take_architecture(reader, &place, item, is_native) < 0)
			return -1;
	}
	return 0;
}

static int read_arch_map(struct reader *reader, bool *is_native, size_t *n)
{
	const struct place list_place = {NULL, "archMap", 0};
	json_t *list, *item;
	bool unused = false;
	size_t i;

	if (oci_get_list(reader, NULL, reader->root, "archMap", &list) < 0)
		return -1;
	if (list && *n)
		return oci_wrong(reader, &list_place,
				 "either this or \"architectures\"");
	*n += json_array_size(list);
	json_array_foreach(list, i, item)
	{
		const struct place place = {&list_place, NULL, i};
		const struct place one = {&place, "architecture", 0};
		size_t n_sub = 0;

		if (oci_check_keys(reader, &place, item,
				   "architecture subArchitectures") < 0 ||
		    take_architecture(reader, &one,
				      json_object_get(item, "architecture"),
				      is_native) < 0 ||
		    read_architectures(reader, &place, item, "subArchitectures",
				       &unused, &n_sub) < 0)
			return -1;
	}
	return 0;
}

/* Where machines are named ours must be; others stay refused. */
static int check_machine(struct reader *reader)
{
	bool is_native = false;
	size_t n = 0;

	if (read_architectures(reader, NULL, reader->root, "architectures",
			       &is_native, &n) < 0 ||
	    read_arch_map(reader, &is_native, &n) < 0)
		return -1;
	if (n && !is_native)
		return oci_wrong(
			reader, NULL,
			"this machine's architecture (%s) is not among "
			"those of the profile: no call could be made",
			machine_name(reader->machine));
	return 0;
}

static int check_flags(struct reader *reader)
{
	const struct place list_place = {NULL, "flags", 0};
	json_t *list, *item;
	size_t i;

	if (oci_get_list(reader, NULL, reader->root, "flags", &list) < 0)
		return -1;
	json_array_foreach(list, i, item)
	{
		const struct place place = {&list_place, NULL, i};
		const char *text;
		int unused;

		if (oci_get_string(reader, &place, item, &text) < 0 ||
		    oci_find_word(reader, &place, oci_flags, text, &unused) <
			    0 ||
		    written_note(reader->written, reader->err,
				 "%s has no effect", text) < 0)
			return -1;
	}
	if (json_object_get(reader->root, "listenerPath"))
		return oci_wrong(
			reader, NULL,
			"listenerPath: jaillaunch hands calls to nobody");
	return 0;
}

/* KILL before TRAP, errno, log and allow; else as written. */
static int strictness(const struct rule *rule)
{
	switch (rule->answer) {
	case ANSWER_KILL:
		return 0;
	case ANSWER_TRAP:
		return 1;
	case ANSWER_LOG:
		return 3;
	case ANSWER_ALLOW:
		return 4;
	default:
		return 2;
	}
}

static void sort_by_strictness(struct written *written)
{
	for (size_t i = 1; i < written->n; i++) {
		struct rule rule = written->rules[i];
		size_t k = i;

		for (; k > 0 &&
		       strictness(&written->rules[k - 1]) > strictness(&rule);
		     k--)
			written->rules[k] = written->rules[k - 1];
		written->rules[k] = rule;
	}
}

static int read_document(struct reader *reader)
{
	struct written *written = reader->written;
	char *where;

	if (oci_check_keys(
		    reader, NULL, reader->root,
		    "defaultAction defaultErrnoRet architectures archMap "
		    "syscalls flags listenerPath listenerMetadata comment") <
		    0 ||
	    get_answer(reader, NULL, reader->root, "defaultAction",
		       "defaultErrnoRet", &written->fallback.answer) < 0 ||
	    check_machine(reader) < 0 || check_flags(reader) < 0 ||
	    read_entries(reader) < 0)
		return -1;
	written->fallback.group = "written";
	written->fallback.calls = "";
	if (asprintf(&where, "%s: defaultAction", reader->name) < 0)
		return no_memory(reader);
	written->fallback.why = where;
	sort_by_strictness(written);
	return 0;
}

static void find_kernel(struct reader *reader)
{
	memcpy(reader->kernel, reader->request->kernel, sizeof(reader->kernel));
	if (!reader->kernel[0])
		kernel_version_running(reader->kernel);
}

int oci_read(const struct policy_request *request, enum machine machine,
	     struct written **out, struct err *err)
{
	auto_of(written) struct written *written = written_new();
	struct reader reader = {.request = request,
				.machine = machine,
				.written = written,
				.name = request->name,
				.err = err};
	json_error_t why;
	int result;

	if (!written)
		return err_sys(err, ENOMEM, "seccomp policy");
	reader.root = oci_parse(request->text, request->text_len, &why);
	if (!reader.root)
		return err_set(err, ERR_MANIFEST, "%s:%d: %s", request->name,
			       why.line, why.text);
	find_kernel(&reader);
	result = read_document(&reader);
	json_decref(reader.root);
	if (result == 0)
		*out = TAKE(written);
	return result;
}

bool oci_is_json(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", text[i]) || !text[i])
			return text[i] == '{';
	return false;
}
