#include "policy_load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "helper.h"
#include "helper_ask.h"
#include "policy_answer.h"
#include "policy_cache.h"
#include "policy_file.h"

/* jail-policy load OPTION... */
struct words {
	char **items;
	size_t n;
	char features[16], caps[24];
};

static void add(struct words *words, const char *option, const char *value)
{
	words->items[words->n++] = helper_argument(option);
	if (value)
		words->items[words->n++] = helper_argument(value);
}

static int make_words(const struct policy_request *request, struct words *words,
		      struct err *err)
{
	size_t i;

	*words = (struct words){0};
	words->items = calloc(16 + 2 * (request->n_allow + request->n_deny),
			      sizeof(*words->items));
	if (!words->items)
		return err_sys(err, ENOMEM, "seccomp policy");
	snprintf(words->features, sizeof(words->features), "%u",
		 request->features);
	snprintf(words->caps, sizeof(words->caps), "%jx",
		 (uintmax_t)request->caps);
	words->items[words->n++] = helper_argument("jail-policy");
	words->items[words->n++] = helper_argument("load");
	add(words, "--name", request->name);
	add(words, "--features", words->features);
	add(words, "--caps", words->caps);
	if (request->deny_action)
		add(words, "--deny-action", request->deny_action);
	if (request->text)
		add(words, "--text", NULL);
	if (request->open)
		add(words, "--open", request->open);
	for (i = 0; i < request->n_allow; i++)
		add(words, "--allow", request->allow[i]);
	for (i = 0; i < request->n_deny; i++)
		add(words, "--deny", request->deny[i]);
	return 0;
}

static int as_program(char *answer, size_t size, struct sock_fprog *program,
		      struct err *err)
{
	if (size == 0 || size % sizeof(struct sock_filter))
		return err_set(err, ERR_SYSTEM, "jail-policy: no filter");
	program->len = (unsigned short)(size / sizeof(struct sock_filter));
	program->filter = (struct sock_filter *)(void *)answer;
	return 0;
}

static int compile(const char *helper, const struct policy_request *request,
		   struct sock_fprog *program, void **owned, struct err *err)
{
	auto_free char *answer = NULL;
	struct words words;
	size_t size;
	int result;

	if (make_words(request, &words, err) < 0)
		return -1;
	result = helper_ask(helper, words.items, request->text,
			    request->text_len, POLICY_ANSWER_MOST, &answer,
			    &size, err);
	free(words.items);
	if (result < 0 || as_program(answer, size, program, err) < 0)
		return -1;
	*owned = TAKE(answer);
	return 0;
}

int policy_load(const struct policy_request *asked, struct loaded_policy *out,
		struct err *err)
{
	struct policy_request *request = &out->request;
	auto_free char *path = NULL;
	char key[SHA256_HEX_SIZE];

	*out = (struct loaded_policy){.request = *asked};
	if (policy_builtin(request, &out->program))
		return 0;
	if ((!request->text && policy_is_file(request->name) &&
	     policy_file_read(request, &out->text, err) < 0) ||
	    helper_find("jail-policy", &path, err) < 0)
		return -1;
	policy_cache_key(request, path, key);
	if (policy_cache_find(key, &out->program, &out->owned))
		return 0;
	if (compile(path, request, &out->program, &out->owned, err) < 0)
		return -1;
	policy_cache_put(key, &out->program);
	return 0;
}

void policy_unload(struct loaded_policy *policy)
{
	free(policy->owned);
	free(policy->text);
}
