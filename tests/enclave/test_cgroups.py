"""Limits by cgroups in an enclave that is booted: there it is certain which
version is mounted, and that nothing of the other is."""

import re
import struct

import pytest

from conftest import BUILD, ROOT, run
from enclave import ramdisk
from enclave.machine import Kernel
from enclave.test_boot import Enclave, LAUNCH, image, service

pytestmark = pytest.mark.skipif(
    b"libasan" in (BUILD / "jail-init").read_bytes(),
    reason="sanitized programs are not static, and a ramdisk has no libraries")

# What is said, a line each: "WHAT: ...".
ATTACKS = r"""
groups=/sys/fs/cgroup
mkfifo /tmp/ready
jail() {
	/jaillaunch -r /jail -u jailuser --report /tmp/report "$@" 2>&1
}
fact() {
	sed -n "s/^ *\"$1\": \"*\([^\",]*\).*/\1/p" /tmp/report | tail -1
}
met() {
	tr -d '\n ' </tmp/report | sed 's/.*"limits_met":\[\([^]]*\)\].*/\1/'
}
say() { echo "$1: $2"; }
left() { (cd $groups && echo $(find . -name 'jailwright-*')); }

# Each attack outside, and in a jail with a limit.
attack() {
	name=$1
	say "$name outside" "$(/jail/attempt/$name)"
	shift
	say "$name inside" "$(jail "$@" -- /attempt/$name)"
	say "$name by" "$(fact enforced_by)"
	say "$name met" "$(met)"
}
attack memory_bomb --limit memory=24M
attack fork_bomb --limit pids=16
attack cpu_hog --limit cpus=0.01
jail --limit cpu-time=0.3 -- /bin/bash -c 'while :; do :; done & while :; do :; done'
say "cpu-time" "$? $(fact limit) $(fact enforced_by)"
jail --limit memory=16M -- /attempt/eat
say "eater" "$? $(fact outcome) $(fact limit) $(fact oom_kills)"
say "left" "$(left)."
"""

SCRIPT = r"""
# Both guardians are killed: the next launch removes it all.
/jaillaunch -r /jail -u jailuser --ns=none --limit pids=20 --limit memory=50M -- \
	/bin/bash -c 'while :; do :; done & echo ready; wait' >/tmp/ready &
launcher=$!
read -r _ </tmp/ready
keeper=$(cat /proc/$launcher/task/$launcher/children)
kill -STOP $launcher # else it could do the work of the other
kill -KILL $keeper $launcher
wait $launcher
sleep 0.5
say "before" "$(left | wc -w) group, $(cat $groups/jailwright-*/cgroup.procs |
	wc -l) process"
jail --limit pids=20 -- /bin/bash -c :
say "after" "$(left)."

# In a group with bounds, below one that hands controllers on.
mkdir $groups/user $groups/user/own
echo "+memory +pids" >$groups/user/cgroup.subtree_control
echo 30M >$groups/user/own/memory.max
echo $$ >$groups/user/own/cgroup.procs
say "bound" "$(jail --limit memory=200M -- /attempt/memory_bomb)"
say "bound too" "$(jail --limit pids=50 -- /attempt/memory_bomb)"
/jaillaunch -r /jail -u jailuser --limit memory=200M -- /bin/bash -c \
	'echo ready; while :; do :; done' >/tmp/ready &
launcher=$!
read -r _ </tmp/ready
place=$(echo $groups/user/jailwright-*)
say "place" "${place%-*-*} $(cat $place/memory.max) $(cat $place/memory.swap.max)"
say "cpus" "$(jail --limit cpus=1 -- /bin/bash -c :; echo $? $(fact enforced_by))"
kill $launcher
wait $launcher
say "left at last" "$(left)."

# Read-only, it is of no use: each process for itself.
mount -o remount,ro,bind $groups $groups 2>/dev/null ||
	mount -o remount,ro $groups
say "read-only" "$(jail --limit memory=24M -- /attempt/memory_bomb)"
say "read-only by" "$(fact enforced_by)"
say "read-only why" "$(fact why_no_cgroup)"
"""

EAT = r"""
#include "attempt.h"
int main(void)
{
	static char memory[64 << 20];
	volatile char *at;

	for (at = memory; at < memory + sizeof(memory); at += 4096)
		*at = 1;
	escaped("ate it");
}
"""


SAYS = {
    "memory_bomb outside": "escaped: 8 processes hold 64 MiB",
    "memory_bomb inside": "refused: a process was killed",
    "memory_bomb by": "cgroup v2: memory.max",
    "memory_bomb met": '"memory"',
    "fork_bomb outside": "escaped: 64 processes",
    "fork_bomb inside": "refused: fork: EAGAIN",
    "fork_bomb by": "cgroup v2: pids.max",
    "fork_bomb met": '"pids"',
    "cpu_hog outside": "escaped: 3 processes got 0.03 s each",
    "cpu_hog inside": "refused: little of the processors",
    "cpu_hog by": "cgroup v2: cpu.max",
    "cpu_hog met": '"cpus"',
    "cpu-time": "124 cpu-time cgroup v2: cpu.stat",
    "eater": "137 signaled memory 1",
    "left": ".",
    "before": "1 group, 1 process",
    "after": ".",
    # 30M of the group that the launcher is in, whatever is asked for
    "bound": "refused: a process was killed",
    "bound too": "refused: a process was killed",
    "place": "/sys/fs/cgroup/user/jailwright 31457280 0",
    # handed on by the root alone
    "cpus": "0 cgroup v2: cpu.max",
    "left at last": ".",
    # half of the machine's memory, for seven of them
    "read-only": "refused: fork: EAGAIN",
    "read-only by": "rlimit: address space of each process",
    "read-only why": "make a cgroup: Read-only file system",
}


def tools():
    """A shell and what the script calls."""
    entries = ramdisk.unpacked(image(
        "cgroups", "use bash\nuse coreutils\nbin sed find mount\n"), "/")
    return {path: entry for path, entry in entries.items()
            if path != "/" and not path.startswith(("/dev", "/.jail"))}


def eater(scratch):
    done = run("gcc", "-static", "-s", "-D_GNU_SOURCE", "-I",
               ROOT / "tests/escape", "-x", "c", "-o", scratch / "eat", "-",
               input=EAT)
    assert done.status == 0, done
    return ramdisk.program(scratch / "eat")


def test_limits_are_kept_by_version_2(scratch):
    said = limited(scratch, ATTACKS + SCRIPT)
    assert {what: said.get(what) for what in SAYS} == SAYS, said


def limited(scratch, script, more=None, **kw):
    """What a script says of the attacks."""
    more = {**service(tools(), script), **(more or {})}
    more["/jail/attempt"] = ramdisk.directory()
    more["/jail/attempt/eat"] = eater(scratch)
    for name in ("memory_bomb", "fork_bomb", "cpu_hog"):
        more["/jail/attempt/" + name] = ramdisk.program(
            BUILD / "escape" / name)
    # the kernel tells of each process that it kills, in the midst of ours
    cmdline = Kernel("amd64").cmdline.replace("quiet", "loglevel=0")
    enclave = Enclave(scratch, LAUNCH + "app /service\n", more,
                      cmdline=cmdline, **kw)
    assert enclave.ours() == ["exited 0"], enclave.console
    return dict(re.findall(r"^([a-z_ -]+): (.*)$", enclave.console, re.M))


# --- version 1, where the kernel has no other

# The init of such a kernel: its mount() of this type fails.  A filter sees where
# the words lie, not what they are; the init is no position-independent program.
NO_VERSION_2 = r"""
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, what)
#define UNLESS(value, skip) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define TYPE offsetof(struct seccomp_data, args[2])

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, nr)), UNLESS(SYS_mount, 5),
		LOAD(TYPE), UNLESS(WORDS, 3), LOAD(TYPE + 4), UNLESS(0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENODEV),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	(void)argc;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		execv("/rootfs/init", argv);
	return 1;
}
"""

SAYS_OLD = {
    **{what: SAYS[what] for what in SAYS if what.startswith((
        "memory_bomb", "fork_bomb", "cpu_hog", "eater"))},
    "memory_bomb by": "cgroup v1: memory.limit_in_bytes",
    "fork_bomb by": "cgroup v1: pids.max",
    "cpu_hog by": "cgroup v1: cpu.cfs_quota_us",
    "cpu-time": "124 cpu-time cgroup v1: cpuacct.usage",
    "left": ".",
}


# The init of a kernel whose version 2 has no controller of processors: there is
# none where version 1 has it.
CPU_IS_OLD = r"""
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argc;
	if (mount("cgroup", "/rootfs/var", "cgroup", 0, "cpu") == 0)
		execv("/rootfs/init", argv);
	return 1;
}
"""

SAYS_BOTH = {
    "cpu_hog inside": "refused: little of the processors",
    "cpu_hog by": "cgroup v1: cpu.cfs_quota_us",
    "memory_bomb inside": "refused: a process was killed",
    "memory_bomb by": "cgroup v2: memory.max",
    "controllers": "memory pids",
    "left": ".",
}


def address_of(program, words):
    """Of the one place in a program where these words are."""
    data = program.read_bytes()
    assert data[16] == 2 and data.count(words) == 1
    place = data.index(words)
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(start, start + size * count, size):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ",
                                                                 data, at)
        if kind == 1 and offset <= place < offset + length:
            return address + place - offset
    raise AssertionError("it lies in no segment")


def limited_behind(scratch, before, script, *flags):
    """With that program before the init."""
    done = run("gcc", "-static", "-s", *flags, "-x", "c", "-o",
               scratch / "init", "-", input=before)
    assert done.status == 0, done
    return limited(scratch, script,
                   {"/init": ramdisk.program(BUILD / "jail-init")},
                   init=scratch / "init")


def test_what_version_2_lacks_is_kept_by_version_1(scratch):
    said = limited_behind(
        scratch, CPU_IS_OLD, ATTACKS +
        'say controllers "$(cat $groups/cgroup.subtree_control)"\n')
    assert {what: said.get(what) for what in SAYS_BOTH} == SAYS_BOTH, said


def test_limits_are_kept_by_version_1(scratch):
    words = address_of(BUILD / "jail-init", b"\0cgroup2\0") + 1
    said = limited_behind(scratch, NO_VERSION_2, ATTACKS,
                          f"-DWORDS={words:#x}")
    assert {what: said.get(what) for what in SAYS_OLD} == SAYS_OLD, said
