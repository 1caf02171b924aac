"""What a system call costs that a jail may make, against the shortest of all
filters."""

import pathlib
import shutil
import subprocess
import tempfile

from bench import BUILD, Comparison, Row, Target

UID = 1000
# calls [filter] WHICH: two million calls, below a filter of one instruction
# if that is asked for.
CALLS = r"""
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K,
					    SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};
	int i, of_arguments = !strcmp(argv[argc - 1], "fcntl");

	if (!strcmp(argv[1], "filter") &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	     syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0))
		return 1;
	for (i = 0; i < 2000000; i++)
		if (of_arguments)
			fcntl(1, F_GETFD);
		else
			getppid();
	return 0;
}
"""


def make_root():
    root = pathlib.Path(tempfile.mkdtemp(prefix="jailbench."))
    root.chmod(0o755)
    subprocess.run(["gcc", "-O2", "-static", "-D_GNU_SOURCE", "-x", "c", "-o",
                    root / "calls", "-"], input=CALLS, text=True, check=True)
    return root


def calls_of(title, which, targets):
    root = make_root()
    launch = [BUILD / "jaillaunch", "-r", root, "-u", str(UID)]
    return Comparison(title, [
        Row("no filter", [root / "calls", which]),
        Row("a filter of one instruction", [root / "calls", "filter", which]),
        Row("jaillaunch", [*launch, "--", "/calls", which]),
        Row("jaillaunch --seccomp strict", [*launch, "--seccomp", "strict",
                                            "--", "/calls", which]),
    ], "a filter of one instruction", 20, targets, {},
        lambda: shutil.rmtree(root))


def bench_allowed_calls():
    return calls_of("Two million allowed calls", "getppid", [
        Target("jaillaunch", "a filter of one instruction", 1.05)])


def bench_allowed_calls_with_rules_about_arguments():
    return calls_of("Two million calls that are allowed by their arguments",
                    "fcntl", [])
