"""Enclaves that are booted: what the init does, what its failures say, and
what a jail in there cannot do."""

import re

import pytest

from conftest import BUILD, ROOT, run
from enclave import machine, ramdisk
from enclave.machine import Exit, Kernel, Machine, heartbeat, image

EXIT_PORT = 5005
LAUNCH = f"heartbeat early\nexit-port {EXIT_PORT}\n"

pytestmark = machine.NEEDS_STATIC


class Enclave:
    """Boots once, to its end."""

    def __init__(self, scratch, launch, more=None, modules=None, ports=None,
                 init=None, launcher=None, **kw):
        kernel = Kernel("amd64")
        self.exit = Exit()
        modules = kernel.modules if modules is None else modules
        ramdisks = [
            ramdisk.first(init or BUILD / "jail-init", modules),
            ramdisk.second(BUILD / "jaillaunch", image("bash"), launch, more)]
        if ports is None:
            ports = {9000: heartbeat, EXIT_PORT: self.exit}
        self.console = Machine(scratch, kernel, ramdisks, ports, **kw).wait()

    def line(self, start):
        """The one line of the console that starts so, without the start."""
        found = re.findall(rf"^{re.escape(start)}(.*)$", self.console, re.M)
        assert len(found) == 1, (start, self.console)
        return found[0]

    def ours(self):
        """What the init says."""
        return re.findall(r"^jail-init: (.*)$", self.console, re.M)


def words(*argv, directive="argv"):
    """A launch file's lines."""
    return "".join(f'{directive} "{word}"\n' for word in argv)


# --- the program and its end

def test_a_shell_says_what_was_denied(scratch):
    enclave = Enclave(scratch, LAUNCH + "user jailuser\n" +
                      words("bash", "-c", "chroot /tmp; exit 7"))
    assert "Bad system call" in enclave.line("bash: line 1: ")
    assert enclave.ours() == ["exited 7"]
    assert enclave.exit.words == "exited 7\n"


# --- inside and outside of the jail

OPEN_PATH = r"""
#include <fcntl.h>
#include "attempt.h"
int main(int argc, char **argv)
{
	if (open(word_of(argc, argv, 1), O_RDONLY | O_CLOEXEC) < 0)
		refused("open");
	escaped("opened it");
}
"""


def attempt(name, scratch):
    """A program of tests/escape, or the one above."""
    if name != "open_path":
        return ramdisk.program(BUILD / "escape" / name)
    done = run("gcc", "-static", "-s", "-D_GNU_SOURCE", "-I",
               ROOT / "tests/escape", "-x", "c", "-o", scratch / name, "-",
               input=OPEN_PATH)
    assert done.status == 0, done
    return ramdisk.program(scratch / name)


# attempt and its argument, what it says in the jail, where "status" is its
# exit status: 128 and SIGSYS
KILLED = "status 159"
REFUSED = {
    "bpf": "refused: bpf: EPERM",
    "int80": KILLED,
    "io_uring": "refused: io_uring_setup: ENOSYS",
    "kexec_file": KILLED,
    "mknod_char": "refused: mknod: EPERM",
    "module_file": KILLED,
    "mount_bind": "refused: mount: EPERM",
    "mount_fsopen": "refused: fsopen: ENOSYS",
    "mount_proc": "refused: mount: EPERM",
    "open_path /dev/kmsg": "refused: open: ENOENT",
    "open_path /dev/mem": "refused: open: ENOENT",
    "open_path /dev/nsm": "refused: open: ENOENT",
    "open_path /dev/vsock": "refused: open: ENOENT",
    "open_path /jaillaunch": "refused: open: ENOENT",
    "open_path /proc/self": "refused: open: ENOENT",
    "second_chroot /./jaillaunch": KILLED,
    "socket_vsock": "refused: socket: EAFNOSUPPORT",
    "userfaultfd": "refused: userfaultfd: EPERM",
    "userns_clone": "refused: clone: EPERM",
    "userns_clone3": "refused: clone3: ENOSYS",
    "userns_unshare": "refused: unshare: EPERM",
}

# What not even the enclave's root can do: the init switched it off.
SWITCHED_OFF = {
    "kexec_file": "refused: kexec_file_load: EPERM",
    "module_file": "refused: finit_module: EPERM",
}

# The trusted service of these tests: a shell, outside of any jail.
SERVICE = r"""
ask() {
	words=$("$@" 2>&1)
	echo "status $? ${words##*
}"
}
mknod -m 600 /dev/nsm c 1 3
while read -r words; do
	set -- $words
	name=$1
	shift
	echo "outside $words: $(ask /jail/attempt/$name $*)"
	echo "inside $words: $(ask /jaillaunch -r /jail -u jailuser \
		-- /attempt/$name $*)"
done </attempts
"""


@pytest.fixture(scope="module")
def tools():
    """A shell and coreutils for a service that is one."""
    entries = ramdisk.unpacked(
        image("tools", "use bash\nuse coreutils\n"), "/")
    del entries["/"]
    return {path: entry for path, entry in entries.items()
            if not path.startswith(("/dev", "/.jail"))}


def service(tools, script, **files):
    """An app that is a script, and files beside it."""
    more = dict(tools)
    more["/service"] = ramdisk.file("#!/bin/bash\n" + script, 0o755)
    for name, text in files.items():
        more["/" + name] = ramdisk.file(text)
    return more


def test_a_jail_is_refused_what_its_enclave_can_do(scratch, tools):
    more = service(tools, SERVICE,
                   attempts="".join(f"{words}\n" for words in REFUSED))
    more["/jail/attempt"] = ramdisk.directory()
    for name in {words.split()[0] for words in REFUSED}:
        more["/jail/attempt/" + name] = attempt(name, scratch)
    enclave = Enclave(scratch, LAUNCH + "app /service\n", more)
    for words, inside in REFUSED.items():
        outside = enclave.line(f"outside {words}: ")
        if words in SWITCHED_OFF:
            assert outside == f"status 1 {SWITCHED_OFF[words]}"
        else:
            assert outside.startswith("status 0 escaped: "), (words, outside)
        assert enclave.line(f"inside {words}: ").rstrip() == (
            inside if inside == KILLED else f"status 1 {inside}"), words
    assert enclave.ours() == ["exited 0"]


# --- what the init makes of the enclave

STATE = r"""
say() { echo "state $1: $2"; }
say id "$(id -u)"
say input "$(wc -c)"
say arguments "$*"
say streams "$(readlink /proc/self/fd/1 | cut -d : -f 1)"
say descriptors "$(cd /proc/$$/fd && echo *)" # 3: the directory itself
touch /new 2>&1
for path in /tmp /run /dev/shm; do
	say "$path" "$(touch $path/new && df -k --output=size $path | tail -1)"
done
say memory "$(sed -n 's/MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
say lo "$(cat /sys/class/net/lo/flags)"
say controllers "$(cat /sys/fs/cgroup/cgroup.subtree_control)"
for name in kptr_restrict dmesg_restrict unprivileged_bpf_disabled \
	kexec_load_disabled modules_disabled; do
	say $name "$(cat /proc/sys/kernel/$name)"
done
while read -r _ target kind options _; do
	say "mount $target" "$kind $options"
done </proc/mounts
say init "$(tr '\0' ' ' </proc/1/cmdline)"
say blocked "$(sed -n 's/SigBlk:\s*//p' /proc/self/status)"
exit 3
"""


def test_the_enclave_is_as_promised(scratch, tools):
    greeted = []

    def greet(connection):
        greeted.append(True)
        heartbeat(connection)
    exit = Exit()
    enclave = Enclave(scratch, "heartbeat late\nexit-port 5005\n"
                      'app /service one "two three"\n', service(tools, STATE),
                      ports={9000: greet, EXIT_PORT: exit})
    state = dict(re.findall(r"^state (.*?): (.*)$", enclave.console, re.M))
    expected = {
        "id": "0", "input": "0", "arguments": "one two three",
        "streams": "pipe", "descriptors": "0 1 2 255 3", "lo": "0x9",
        "controllers": "cpu memory pids", "kptr_restrict": "2",
        "dmesg_restrict": "1", "unprivileged_bpf_disabled": "1",
        "kexec_load_disabled": "1", "modules_disabled": "1",
        "blocked": "0000000000000000",
    }
    assert {name: state[name] for name in expected} == expected
    # the kernel hands on what it does not know
    assert state["init"] == "/init nomodules "
    assert "touch: cannot touch '/new': Read-only file system" in \
        enclave.console
    memory = int(state["memory"])
    for place, share in (("/tmp", 8), ("/run", 4), ("/dev/shm", 8)):
        assert abs(int(state[place]) - memory / share) < memory / 50, place
    assert state["mount /"].startswith("rootfs ro,")
    for target, kind in (("/dev", "devtmpfs"), ("/proc", "proc"),
                         ("/sys", "sysfs"), ("/sys/fs/cgroup", "cgroup2"),
                         ("/tmp", "tmpfs"), ("/dev/pts", "devpts")):
        assert re.match(rf"{kind} rw,nosuid", state[f"mount {target}"])
    assert enclave.ours() == ["exited 3"]
    assert exit.words == "exited 3\n" and greeted == [True]


# --- failures: each is told on the console, and to the parent if it is there

def refuse_to_answer(connection):
    connection.received.get(timeout=60)
    connection.send(b"?")
    connection.close()


def far_too_much():
    return {"/filler": ramdisk.file(bytes(150 << 20))}


NO_VSOCK = ("this kernel has no AF_VSOCK: build it with "
            "CONFIG_VIRTIO_VSOCKETS=y, or bake its modules in with --modules")
FAILURES = {
    "no parent": dict(
        ports={}, says=["heartbeat: connect to CID 3, port 9000: Connection "
                        "reset by peer",
                        "warning: exit-port: connect to CID 3, port 5005: "
                        "Connection reset by peer"]),
    "a parent that answers wrongly": dict(
        ports={9000: refuse_to_answer},
        says=["heartbeat: the parent does not answer as it should"]),
    "a directive of the future": dict(
        launch=LAUNCH + "fortune 5\n",
        says=['launch: /.jail/launch:3: "fortune" is no directive that this '
              "init knows: the image was baked by another version of "
              "jailbake"]),
    "a program that is missing": dict(
        launch=LAUNCH.replace("early", "late") + "app /missing\n",
        ports={}, says=["start: execute /missing: No such file or directory"]),
    "no vsock": dict(modules=[], says=["heartbeat: " + NO_VSOCK,
                                       "warning: exit-port: " + NO_VSOCK]),
    "too large an image": dict(
        more=far_too_much, says=["ramdisks: the image does not fit into half "
                                 "of the memory: start the enclave with more "
                                 "(jailbake prints how much)"]),
}
# the port is not known yet, or there is no way to it
UNTOLD = ("no parent", "no vsock", "too large an image")


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_told(name, scratch):
    row = dict(FAILURES[name])
    says = row.pop("says")
    exit = Exit()
    row["ports"] = row.get("ports", {9000: heartbeat})
    if name != "no parent":
        row["ports"] = {**row["ports"], EXIT_PORT: exit}
    row["more"] = row.get("more", dict)()
    row.setdefault("launch", LAUNCH + words("true"))
    enclave = Enclave(scratch, **row)
    assert enclave.ours() == says, enclave.console
    assert "Kernel panic" not in enclave.console
    assert exit.words == (None if name in UNTOLD else f"failed {says[0]}\n")


def test_a_module_of_another_kernel_is_named(scratch):
    module = scratch / "nsm.ko"
    module.write_bytes(b"no module at all")
    enclave = Enclave(scratch, LAUNCH + words("true"), modules=[module])
    assert enclave.ours()[0] == \
        "modules: module nsm.ko is not for this kernel: Exec format error"


def test_without_heartbeat_no_vsock_is_needed(scratch):
    enclave = Enclave(scratch, "heartbeat none\nuser jailuser\n" +
                      words("bash", "-c", "exit 5"), modules=[])
    assert enclave.ours() == ["exited 5"]
