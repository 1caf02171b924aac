/*
 * pcr: the registers that depend on where an image runs, or on who signed it.
 */
#include <errno.h>
#include <string.h>

#include "pcr.h"
#include "signing.h"
#include "verbs.h"

struct args {
	const char *role, *instance, *certificate;
	bool help;
};

static const struct opt options[] = {
	{0, "role-arn", "ARN", OPT_INTO(struct args, role),
	 "PCR3: of the role of the instance that starts the enclave"},
	{0, "instance-id", "ID", OPT_INTO(struct args, instance),
	 "PCR4: of that instance"},
	{0, "cert", "FILE", OPT_INTO(struct args, certificate),
	 "PCR8: of the signing certificate"},
	VERB_HELP(struct args),
	{0},
};

/* A blank or line break that came along would give another register. */
static int check_text(const char *option, const char *text, const char *start,
		      struct err *err)
{
	if (strncmp(text, start, strlen(start)) == 0 &&
	    !strpbrk(text, " \t\r\n"))
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s %s: begins with %s, and has no "
		       "blanks",
		       option, text, start);
}

static int add(json_t *out, const char *name, const struct pcr *pcr,
	       struct err *err)
{
	char hex[PCR_HEX_SIZE];

	pcr_hex(pcr, hex);
	return json_object_set_new(out, name, json_pack("s", hex)) == 0
		       ? 0
		       : err_sys(err, ENOMEM, "%s", name);
}

static int add_text(json_t *out, const char *name, const char *text,
		    struct err *err)
{
	struct pcr pcr;

	if (!text)
		return 0;
	return pcr_of_text(text, &pcr, err) < 0 ? -1
						: add(out, name, &pcr, err);
}

static int add_certificate(json_t *out, const char *path, struct err *err)
{
	auto_of(certificate) struct certificate *certificate = NULL;
	struct pcr pcr;

	if (!path)
		return 0;
	if (certificate_read(path, &certificate, err) < 0 ||
	    certificate_pcr(certificate, &pcr, err) < 0)
		return -1;
	return add(out, "PCR8", &pcr, err);
}

static int check_args(const struct args *args, struct err *err)
{
	if (!args->role && !args->instance && !args->certificate)
		return err_set(err, ERR_USAGE,
			       "pcr: of what? --role-arn, --instance-id or "
			       "--cert");
	if (args->role && check_text("--role-arn", args->role, "arn:", err) < 0)
		return -1;
	return args->instance
		       ? check_text("--instance-id", args->instance, "i-", err)
		       : 0;
}

static int run(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	char **operands;
	json_t *out;
	int status = verb_parse(&verb_pcr, options, argc, argv, &args,
				&args.help, 0, &operands, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (check_args(&args, err) < 0)
		return -1;
	out = json_object();
	if (!out || add_text(out, "PCR3", args.role, err) < 0 ||
	    add_text(out, "PCR4", args.instance, err) < 0 ||
	    add_certificate(out, args.certificate, err) < 0) {
		json_decref(out);
		return -1;
	}
	return verb_print_json(out, err);
}

const struct bake_verb verb_pcr = {
	.name = "pcr",
	.usage = "[--role-arn ARN] [--instance-id ID] [--cert FILE]",
	.help = "print the registers of a role, an instance, a certificate",
	.options = options,
	.run = run,
};
