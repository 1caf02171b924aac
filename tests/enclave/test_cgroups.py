"""Limits by cgroups of version 2, in an enclave that is booted: there it is
certain that nothing of version 1 is mounted."""

import re

import pytest

from conftest import BUILD, ROOT, run
from enclave import ramdisk
from enclave.machine import Kernel
from enclave.test_boot import Enclave, LAUNCH, image, service

pytestmark = pytest.mark.skipif(
    b"libasan" in (BUILD / "jail-init").read_bytes(),
    reason="sanitized programs are not static, and a ramdisk has no libraries")

# What is said, a line each: "WHAT: ...".
SCRIPT = r"""
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
    more = service(tools(), SCRIPT)
    more["/jail/attempt"] = ramdisk.directory()
    more["/jail/attempt/eat"] = eater(scratch)
    for name in ("memory_bomb", "fork_bomb", "cpu_hog"):
        more["/jail/attempt/" + name] = ramdisk.program(
            BUILD / "escape" / name)
    # the kernel tells of each process that it kills, in the midst of ours
    cmdline = Kernel("amd64").cmdline.replace("quiet", "loglevel=0")
    enclave = Enclave(scratch, LAUNCH + "app /service\n", more,
                      cmdline=cmdline)
    said = dict(re.findall(r"^([a-z_ -]+): (.*)$", enclave.console, re.M))
    assert {what: said.get(what) for what in SAYS} == SAYS, enclave.console
    assert enclave.ours() == ["exited 0"]
