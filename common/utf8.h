#pragma once
/*
 * utf8: which bytes are text.
 */
#include <stddef.h>

/*
 * Length of the UTF-8 sequence at text (at most left bytes): 1 to 4, or 0 when
 * it is none (overlong, surrogate, beyond U+10FFFF, cut off).
 */
size_t utf8_sequence(const char *text, size_t left);

/* Of a sequence of that length: a control character (C0, DEL or C1)? */
int utf8_is_control(const char *text, size_t length);
