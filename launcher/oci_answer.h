#pragma once
/*
 * oci_answer: what `jail-policy config` answers about a config.json: pieces,
 * each a letter, text, and a NUL byte.  Most are words of our own command line,
 * so that there is one place that decides what they mean.
 */
enum oci_piece {
	OCI_OPTION = 'o', /* "--limit=pids=64" */
	OCI_ARGUMENT = 'a', /* of the program, which is the first */
	OCI_ROOT = 'r', /* the root's directory */
	OCI_POLICY = 's', /* linux.seccomp, as JSON */
	OCI_NOTE = 'n', /* "mounts[2] (/proc): not honoured: ..." */
};

/* What a config.json may have, and what becomes of it. */
#define OCI_CONFIG_MOST (1 << 20)
#define OCI_ANSWER_MOST (4 << 20)
