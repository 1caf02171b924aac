/*
 * Our table of system calls against what the kernel's headers and libseccomp,
 * as installed here, say: they know fewer calls, never other ones.
 */
#include "test.h"

#include <asm/unistd.h>
#include <seccomp.h>
#include <stdlib.h>

#include "policy/rules.h"
#include "policy/syscalls.h"

TEST(names_are_sorted_and_unique)
{
	for (size_t i = 1; i < n_syscall_names; i++)
		assert_true(strcmp(syscall_names[i - 1].name,
				   syscall_names[i].name) < 0);
}

TEST(every_name_is_found_and_no_other)
{
	for (size_t i = 0; i < n_syscall_names; i++) {
		const char *name = syscall_names[i].name;

		assert_ptr_equal(syscall_find(name, strlen(name)),
				 &syscall_names[i]);
		assert_null(syscall_find(name, 0));
	}
	assert_null(syscall_find("opena", 5));
	assert_null(syscall_find("openat22", 8));
	assert_null(syscall_find("zzz", 3));
	assert_ptr_equal(syscall_find("open", 4), syscall_find("openat", 4));
}

TEST(numbers_are_unique_and_the_newest_is_known)
{
	for (int machine = 0; machine < MACHINES; machine++) {
		unsigned seen[SYSCALL_NEWEST + 1] = {0};

		for (size_t i = 0; i < n_syscall_names; i++) {
			int nr = syscall_names[i].nr[machine];

			assert_true(nr >= SYSCALL_NONE && nr <= SYSCALL_NEWEST);
			if (nr == SYSCALL_NONE)
				continue;
			assert_int_equal(seen[nr]++, 0);
			assert_string_equal(
				syscall_name_of((enum machine)machine,
						(unsigned)nr),
				syscall_names[i].name);
		}
		/* Since 424 both machines have the same numbers, no holes. */
		for (unsigned nr = 424; nr <= SYSCALL_NEWEST; nr++)
			assert_int_equal(seen[nr], 1);
		assert_null(syscall_name_of((enum machine)machine,
					    SYSCALL_NEWEST + 1));
		assert_null(syscall_name_of((enum machine)machine, UINT32_MAX));
	}
}

static const uint32_t libseccomp_arch[MACHINES] = {
	[MACHINE_X86_64] = SCMP_ARCH_X86_64,
	[MACHINE_AARCH64] = SCMP_ARCH_AARCH64,
};

TEST(libseccomp_has_the_same_numbers_for_both_machines)
{
	for (int machine = 0; machine < MACHINES; machine++) {
		unsigned known = 0;

		for (size_t i = 0; i < n_syscall_names; i++) {
			int theirs = seccomp_syscall_resolve_name_arch(
				libseccomp_arch[machine],
				syscall_names[i].name);

			if (theirs == __NR_SCMP_ERROR)
				continue; /* newer than this libseccomp */
			known++;
			assert_int_equal(theirs < 0 ? SYSCALL_NONE : theirs,
					 syscall_names[i].nr[machine]);
		}
		assert_true(known >= 360);
	}
}

TEST(libseccomp_knows_no_number_that_we_lack)
{
	for (int machine = 0; machine < MACHINES; machine++)
		for (unsigned nr = 0; nr <= SYSCALL_NEWEST; nr++) {
			char *theirs = seccomp_syscall_resolve_num_arch(
				libseccomp_arch[machine], (int)nr);
			const char *ours =
				syscall_name_of((enum machine)machine, nr);

			if (theirs) {
				assert_non_null(ours);
				assert_string_equal(theirs, ours);
			}
			free(theirs);
		}
}

/* Made by make from <asm/unistd.h> of the target. */
static const struct {
	const char *name;
	unsigned nr;
} kernel_names[] = {
#include "kernel_names.h"
};

TEST(the_kernel_headers_have_the_same_numbers)
{
	size_t n = sizeof(kernel_names) / sizeof(*kernel_names);

	assert_true(n >= 300);
	for (size_t i = 0; i < n; i++) {
		const char *name = kernel_names[i].name;
		const struct syscall_name *ours =
			syscall_find(name, strlen(name));

		if (kernel_names[i].nr > SYSCALL_NEWEST)
			continue; /* refused until reviewed */
		if (!ours)
			fail_msg("%s is not in syscalls.c", name);
		else
			assert_int_equal(ours->nr[MACHINE_NATIVE],
					 kernel_names[i].nr);
	}
}

static void check_calls(const struct rule *rule)
{
	const char *at = rule->calls;

	while (*at) {
		size_t len = strcspn(at, " ");

		if (!syscall_find(at, len))
			fail_msg("@%s: no call \"%.*s\"", rule->group, (int)len,
				 at);
		at += len + (at[len] == ' ');
	}
}

TEST(every_rule_names_calls_that_exist)
{
	for (size_t i = 0; i < n_rules; i++) {
		check_calls(&rules[i]);
		assert_true(rules[i].why[0] != '\0');
		assert_true(rules[i].group[0] != '@');
	}
}

TEST_MAIN
