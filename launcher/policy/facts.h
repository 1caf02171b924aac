#pragma once
/*
 * facts: what is known of a call where a question is asked, from the answers
 * to the questions on every way there.
 */
#include "questions.h"

/*
 * The same as root without questions whose answer is known.  Nothing is asked
 * twice for it: it is never larger.
 */
uint32_t facts_apply(struct graph *graph, uint32_t root);
