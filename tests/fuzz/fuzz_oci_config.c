/*
 * Any bytes read as a config.json: what is accepted becomes pieces of known
 * kinds, each whole, and no option but those of the tables; what is not is
 * told in words that begin with the file's name.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cleanup.h"
#include "oci/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const options[] = {
	"--ambient-caps=",
	"--bind=",
	"--caps=",
	"--chdir=",
	"--env=",
	"--group=#",
	"--hostname=",
	"--limit=",
	"--net=private",
	"--no-groups",
	"--ns=pid,ipc,uts,cgroup",
	"--proc",
	"--read-only",
	"--tmpfs=/",
	"--tty=no",
	"--user=#",
};

static void check_option(const char *option)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strncmp(option, options[i], strlen(options[i])) == 0)
			return;
	assert(!"an option that no table has");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *answer = NULL;
	struct err err = {0};
	size_t len = 0;

	if (config_read("fuzz", "/dir", (const char *)data, size, &answer, &len,
			&err) < 0) {
		assert(err.kind == ERR_MANIFEST);
		assert(strncmp(err.msg, "fuzz:", 5) == 0);
		return 0;
	}
	assert(len == 0 || answer[len - 1] == '\0');
	for (const char *at = answer; at < answer + len; at += strlen(at) + 1) {
		assert(strchr("oarsn", *at) && *at);
		if (*at == OCI_OPTION)
			check_option(at + 1);
	}
	return 0;
}
