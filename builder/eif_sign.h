#pragma once
/*
 * eif_sign: the signature section, put behind an image whose PCR0 is known.
 */
#include "eif_write.h"
#include "err.h"
#include "signing.h"

/* The certificate must be valid now, and the key its own. */
int eif_sign(struct eif_writer *writer, const struct certificate *certificate,
	     const char *key_path, const struct pcr *pcr, struct err *err);

/* A signature that was made elsewhere; ERR_INPUT when it is not the
 * certificate's over this PCR0. */
int eif_attach(struct eif_writer *writer, const struct certificate *certificate,
	       const void *signature, size_t len, const char *name,
	       const struct pcr *pcr, struct err *err);
