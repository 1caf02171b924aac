/*
 * payload, attach and sign: the signature of an image that is there already,
 * made elsewhere (a key in an HSM) or here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "apart.h"
#include "cose.h"
#include "eif_examine.h"
#include "eif_sign.h"
#include "fdio.h"
#include "outfile.h"
#include "verbs.h"

enum { SIGNATURE_FILE_MAX = 4096 };

struct args {
	const char *certificate, *key, *signature, *output;
	bool help;
};

#define CERTIFICATE_OPTION                                                     \
	{                                                                      \
		'c', "cert", "FILE", OPT_INTO(struct args, certificate),       \
			"the signing certificate, PEM"                         \
	}
#define OUTPUT_OPTION                                                          \
	{                                                                      \
		'o', "output", "FILE", OPT_INTO(struct args, output),          \
			"write to FILE (default: the image itself)"            \
	}

static const struct opt payload_options[] = {
	CERTIFICATE_OPTION,
	{'o', "output", "FILE", OPT_INTO(struct args, output),
	 "write the bytes to be signed to FILE, too"},
	VERB_HELP(struct args),
	{0},
};

static const struct opt attach_options[] = {
	CERTIFICATE_OPTION,
	{'s', "signature", "FILE", OPT_INTO(struct args, signature),
	 "the signature: DER, or r and s"},
	OUTPUT_OPTION,
	VERB_HELP(struct args),
	{0},
};

static const struct opt sign_options[] = {
	{'k', "key", "FILE", OPT_INTO(struct args, key),
	 "the private key, PEM"},
	CERTIFICATE_OPTION,
	OUTPUT_OPTION,
	VERB_HELP(struct args),
	{0},
};

static int need(const char *verb, const char *option, const char *value,
		struct err *err)
{
	return value ? 0
		     : err_set(err, ERR_USAGE, "%s: no %s (--help)", verb,
			       option);
}

/* An image whose bytes are what it says that they are; its old signature does
 * not matter. */
static int examine(const char *path, struct eif_facts **out, struct err *err)
{
	auto_of(eif_facts) struct eif_facts *facts = NULL;

	if (eif_examine(path, &facts, err) < 0)
		return -1;
	if (facts->crc != facts->eif->header.crc)
		return err_set(err, ERR_INPUT,
			       "%s: its checksum is wrong: it is damaged; bake "
			       "it again",
			       path);
	*out = TAKE(facts);
	return 0;
}

static int write_bytes(const char *path, const struct cbor_out *data,
		       struct err *err)
{
	auto_of(outfile) struct outfile *file = NULL;
	int error;

	if (!path)
		return 0;
	if (verb_check_output(path, err) < 0 ||
	    outfile_open(path, 0644, &file, err) < 0)
		return -1;
	error = fd_write_full(file->fd, data->data, data->len);
	if (error < 0)
		return err_sys(err, -error, "write %s", path);
	return outfile_commit(file, err);
}

static int tell_payload(const struct curve *curve, const struct cbor_out *data,
			struct err *err)
{
	auto_free char *hex = calloc(data->len + 1, 2);
	char digest[2 * 64 + 1];

	if (!hex)
		return err_sys(err, ENOMEM, "payload");
	for (size_t i = 0; i < data->len; i++)
		sprintf(hex + 2 * i, "%02x", data->data[i]);
	if (curve_digest(curve, data->data, data->len, digest, err) < 0)
		return -1;
	return verb_print_json(json_pack("{s:s, s:s, s:s, s:s}", "Algorithm",
					 curve->algorithm, "DigestAlgorithm",
					 curve->digest, "Digest", digest,
					 "ToBeSigned", hex),
			       err);
}

static int check_payload_output(const struct args *args, const char *path,
				struct err *err)
{
	const char *const inputs[] = {args->certificate, path};

	return apart_check(args->output, inputs,
			   sizeof(inputs) / sizeof(*inputs), err);
}

static int run_payload(int argc, char **argv, struct err *err)
{
	auto_of(certificate) struct certificate *certificate = NULL;
	auto_of(eif_facts) struct eif_facts *facts = NULL;
	struct args args = {0};
	struct cbor_out data;
	char **files;
	int status = verb_parse(&verb_payload, payload_options, argc, argv,
				&args, &args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (need("payload", "--cert", args.certificate, err) < 0 ||
	    check_payload_output(&args, files[0], err) < 0 ||
	    certificate_read(args.certificate, &certificate, err) < 0 ||
	    examine(files[0], &facts, err) < 0 ||
	    cose_to_be_signed(certificate_curve(certificate), &facts->pcrs.all,
			      &data, err) < 0)
		return -1;
	status = write_bytes(args.output, &data, err);
	if (status == 0)
		status = tell_payload(certificate_curve(certificate), &data,
				      err);
	free(data.data);
	return status;
}

/* What is put behind the copy. */
struct signer {
	const struct args *args;
	struct certificate *certificate;
	char *signature; /* attach: what was made elsewhere */
	size_t len;
};

static int put_signature(const struct signer *signer, struct eif_writer *writer,
			 const struct pcr *pcr, struct err *err)
{
	if (signer->signature)
		return eif_attach(writer, signer->certificate,
				  signer->signature, signer->len,
				  signer->args->signature, pcr, err);
	return eif_sign(writer, signer->certificate, signer->args->key, pcr,
			err);
}

static int write_signed(const struct signer *signer,
			const struct eif_facts *facts, struct outfile *file,
			struct err *err)
{
	const struct eif_target target = {
		.fd = file->fd,
		.name = file->path,
		.flags = facts->eif->header.flags,
	};
	auto_of(eif_writer) struct eif_writer *writer = NULL;
	struct pcrs pcrs;
	uint64_t size;

	if (eif_writer_new(&target, &writer, err) < 0 ||
	    eif_copy_unsigned(writer, facts->eif, err) < 0 ||
	    eif_measured(writer, &pcrs, err) < 0)
		return -1;
	if (memcmp(&pcrs, &facts->pcrs, sizeof(pcrs)) != 0)
		return err_set(err, ERR_INPUT, "%s: changed while it was read",
			       facts->eif->name);
	if (put_signature(signer, writer, &pcrs.all, err) < 0)
		return -1;
	return eif_finish(writer, &size, err);
}

/* As nitro-cli build-enclave tells of a signed image. */
static int tell_measurements(const struct signer *signer,
			     const struct eif_facts *facts, struct err *err)
{
	struct pcr pcr8;

	if (certificate_pcr(signer->certificate, &pcr8, err) < 0)
		return -1;
	return verb_print_json(eif_measurements(&facts->pcrs, &pcr8), err);
}

static int check_output(const struct args *args, const char *path,
			struct err *err)
{
	const char *output = args->output ? args->output : path;
	const char *const inputs[] = {args->certificate, args->key,
				      args->signature};

	if (verb_check_output(output, err) < 0)
		return -1;
	return apart_check(output, inputs, sizeof(inputs) / sizeof(*inputs),
			   err);
}

static int sign_file(struct signer *signer, const char *path, struct err *err)
{
	const char *output = signer->args->output;
	auto_of(eif_facts) struct eif_facts *facts = NULL;
	auto_of(outfile) struct outfile *file = NULL;

	if (certificate_read(signer->args->certificate, &signer->certificate,
			     err) < 0 ||
	    examine(path, &facts, err) < 0 ||
	    check_output(signer->args, path, err) < 0 ||
	    outfile_open(output ? output : path, 0644, &file, err) < 0 ||
	    write_signed(signer, facts, file, err) < 0 ||
	    outfile_commit(file, err) < 0)
		return -1;
	return tell_measurements(signer, facts, err);
}

static int read_signature(struct signer *signer, struct err *err)
{
	const char *path = signer->args->signature;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = fd < 0 ? -errno
			   : fd_read_all(fd, SIGNATURE_FILE_MAX,
					 &signer->signature, &signer->len);

	return error < 0 ? err_sys_kind(err, ERR_INPUT, -error, "%s", path) : 0;
}

static int run_attach(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	struct signer signer = {.args = &args};
	char **files;
	int status = verb_parse(&verb_attach, attach_options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (need("attach", "--cert", args.certificate, err) < 0 ||
	    need("attach", "--signature", args.signature, err) < 0)
		return -1;
	status = read_signature(&signer, err);
	if (status == 0)
		status = sign_file(&signer, files[0], err);
	certificate_free(signer.certificate);
	free(signer.signature);
	return status;
}

static int run_sign(int argc, char **argv, struct err *err)
{
	struct args args = {0};
	struct signer signer = {.args = &args};
	char **files;
	int status = verb_parse(&verb_sign, sign_options, argc, argv, &args,
				&args.help, 1, &files, err);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (need("sign", "--key", args.key, err) < 0 ||
	    need("sign", "--cert", args.certificate, err) < 0)
		return -1;
	status = sign_file(&signer, files[0], err);
	certificate_free(signer.certificate);
	return status;
}

const struct bake_verb verb_payload = {
	.name = "payload",
	.usage = "--cert FILE [-o FILE] FILE",
	.help = "print what is to be signed of an image, for a key elsewhere",
	.options = payload_options,
	.run = run_payload,
};

const struct bake_verb verb_attach = {
	.name = "attach",
	.usage = "--cert FILE --signature FILE [-o FILE] FILE",
	.help = "put a signature that was made elsewhere into an image",
	.options = attach_options,
	.run = run_attach,
};

const struct bake_verb verb_sign = {
	.name = "sign",
	.usage = "--key FILE --cert FILE [-o FILE] FILE",
	.help = "sign an image, or sign it anew",
	.options = sign_options,
	.run = run_sign,
};
