"""Launching a program, against other programs that confine one, and against
starting it without any confinement."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from bench import BUILD, Comparison, Missing, Row, Target, program

UID = 1000
# What every launch has; else it has namespaces and Landlock, too.
FLOOR = ("--ns", "none", "--landlock", "none")
TRUE = "int main(void) { return 0; }\n"
# Ends with its first instructions.  In a virtual machine the start of glibc
# alone takes 0.3 ms, a third of a launch: it asks CPUID some 70 times, and each
# time the hypervisor answers.
ENDS_AT_ONCE = ("""
#include <sys/syscall.h>
void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0L));
#elif defined(__aarch64__)
	register long call __asm__("x8") = SYS_exit_group;
	register long status __asm__("x0") = 0;
	__asm__ volatile("svc 0" : : "r"(call), "r"(status));
#endif
}
""", "-static", "-nostdlib")


def compile_program(path, source, *options):
    subprocess.run(["gcc", "-O2", *options, "-o", path, "-xc", "-"],
                   input=source, text=True, check=True)


def make_root(source, *options):
    """A root that holds /true and what that needs."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="jailbench."))
    root.chmod(0o755)
    compile_program(root / "true", source, *options)
    (root / "etc").mkdir()
    (root / "etc" / "passwd").write_text(f"user:x:{UID}:{UID}::/:/true\n")
    listed = subprocess.run(["ldd", root / "true"], capture_output=True,
                            text=True, check=False).stdout
    for word in listed.split():
        if word.startswith("/") and os.path.exists(word):
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word[1:])
    return root


def others(root):
    """Each runs the same program in the same root."""
    def bwrap():
        return Row("bwrap --ro-bind", [program("bwrap"), "--ro-bind", root,
                                       "/", "/true"])

    def bwrap_all():
        return Row("bwrap --unshare-all",
                   [program("bwrap"), "--unshare-all", "--ro-bind", root, "/",
                    "/true"])

    def firejail():
        return Row("firejail --noprofile",
                   [program("firejail"), "--noprofile", "--quiet",
                    "--nonewprivs", "--seccomp", "--", root / "true"])

    rows = []
    for make in (bwrap, bwrap_all, firejail):
        try:
            rows.append(make())
        except Missing as name:
            print(f"not compared with {name}: not installed")
    return rows


def launch_of(title, targets, source, *options):
    root = make_root(source, *options)
    launch = [BUILD / "jaillaunch", "-r", root, "-u", str(UID)]
    rows = [
        Row("spawn, no confinement", [root / "true"]),
        Row("chroot --userspec", [program("chroot"),
                                  f"--userspec={UID}:{UID}", root, "/true"]),
        Row("jaillaunch -r, the floor", [*launch, *FLOOR, "--", "/true"]),
        Row("jaillaunch -r, floor, --exec", [*launch, *FLOOR, "--exec", "--",
                                             "/true"]),
        Row("jaillaunch -r", [*launch, "--", "/true"]),
    ]
    return Comparison(title, rows + others(root), "chroot --userspec", 40,
                      targets, {"firejail --noprofile": 10},
                      lambda: shutil.rmtree(root), turns=10)


def bench_launch_of_a_program_that_ends_at_once():
    """What is timed is the launch, and nothing of the program."""
    return launch_of("Launch of a program that ends at once", [
        Target("jaillaunch -r, the floor", "chroot --userspec", 0.6),
        Target("jaillaunch -r, the floor", "bwrap --ro-bind", 0.5),
        Target("jaillaunch -r", "bwrap --unshare-all", 0.6),
    ], *ENDS_AT_ONCE)


def bench_launch_of_a_static_program():
    return launch_of("Launch of a static program", [
        Target("jaillaunch -r, the floor", "chroot --userspec", 0.65),
        Target("jaillaunch -r, the floor", "bwrap --ro-bind", 0.6),
        Target("jaillaunch -r", "bwrap --unshare-all", 0.6),
    ], TRUE, "-static")


def bench_launch_of_a_dynamic_program():
    return launch_of("Launch of a program with a shared library", [
        Target("jaillaunch -r, the floor", "bwrap --ro-bind", 0.6),
        Target("jaillaunch -r", "bwrap --unshare-all", 0.6),
    ], TRUE)
