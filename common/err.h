#pragma once
/*
 * err: why a function failed: the kind of person who can mend it, the errno if
 * the kernel said one, and words that name the thing.
 *
 * Every function here returns -1, so that a failing function can end with
 * "return err_set(...)".  Nothing allocates.  Only main() prints.
 */
#include <stdarg.h>

enum err_kind {
	ERR_NONE,
	ERR_USAGE, /* who typed the command line */
	ERR_MANIFEST, /* who wrote the manifest or the policy */
	ERR_INPUT, /* who made the image, ELF file or other input */
	ERR_HOST, /* who runs the host: a layer or privilege it lacks */
	ERR_SYSTEM, /* the system: out of memory, I/O errors */
};

struct err {
	enum err_kind kind;
	int sys; /* errno, or 0 */
	char msg[512];
};

/* The failure is described by the words alone. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A system call failed: ": strerror(sys)" is appended. kind is ERR_SYSTEM. */
int err_sys(struct err *err, int sys, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_sys(), for a failure that another kind of person must mend. */
int err_sys_kind(struct err *err, enum err_kind kind, int sys,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Prefixes "context: " to the words of a failure; the kind stays. */
int err_context(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As err_context(), and says that another kind of person must mend it. */
int err_reword(struct err *err, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Compilers and analysers are told the value: they cannot see into err.c. */
#define err_set(...) ERR_FAILED(err_set(__VA_ARGS__))
#define err_sys(...) ERR_FAILED(err_sys(__VA_ARGS__))
#define err_sys_kind(...) ERR_FAILED(err_sys_kind(__VA_ARGS__))
#define err_context(...) ERR_FAILED(err_context(__VA_ARGS__))
#define err_reword(...) ERR_FAILED(err_reword(__VA_ARGS__))
#define ERR_FAILED(call)                                                       \
	__extension__({                                                        \
		call;                                                          \
		-1;                                                            \
	})

/*
 * Copies text to out with every byte below 32 and above 126 as \xNN, so that a
 * name out of an archive cannot steer a terminal.  Always
 * NUL-terminated; what does not fit is cut.
 */
void err_escape(const char *text, char *out, unsigned long size);

/* main() only: one line "program: words" on standard error, escaped. */
void err_print(const char *program, const struct err *err);
