#pragma once
/*
 * oci_words: the words that a profile consists of, and what they are to us.
 */
struct oci_word {
	const char *text; /* NULL ends a list */
	int value;
};

/* Actions that are no answer by themselves. */
enum { OCI_ERRNO = 10000, OCI_TRACE, OCI_NOTIFY };

/* An operator that is no enum condition_kind. */
enum { OCI_MASKED_EQ = 10000 };

/* Machines that are not ours; no enum machine. */
enum { OCI_OTHER_MACHINE = 10000 };

extern const struct oci_word oci_actions[];
extern const struct oci_word oci_operators[];
extern const struct oci_word oci_machines[]; /* SCMP_ARCH_... */
extern const struct oci_word oci_go_machines[]; /* as Go calls them */
extern const struct oci_word oci_flags[];
