"""Images of jailbake's, booted: what the jail does there, `jailbake try`, another
machine, and the example of images/enclave-service."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

import eif
import tars
from conftest import BUILD, ROOT, run, shared_once
from enclave import machine
from enclave.machine import (Baked, Exit, Kernel, Machine, heartbeat, image)

EXIT_PORT = 5005
# Quiet: what the kernel has to say would come between the lines.
CMDLINE = "console=ttyS0 reboot=k panic=1 pci=off quiet"

pytestmark = machine.NEEDS_STATIC


def bake(out, kernel, jail, *options, command=()):
    """jailbake's own measurements must be the parser's."""
    done = run(BUILD / "jailbake", "-i", jail, "--kernel", kernel.image,
               "--modules", ",".join(map(str, kernel.modules)), "-q", "-o",
               out, *options, *(("--", *command) if command else ()))
    assert done.status == 0, done
    told = json.loads(done.out)["Measurements"]
    del told["HashAlgorithm"]
    assert told == eif.Eif(out.read_bytes()).pcrs
    return out


def boot(path, scratch, arch="amd64"):
    baked, exit = Baked(path, scratch, arch), Exit()
    console = Machine(scratch, baked, baked.ramdisks,
                      {9000: heartbeat, EXIT_PORT: exit}).wait()
    return console, exit.words


def test_the_program_runs_in_the_jail_and_its_end_is_told(scratch):
    path = bake(scratch / "bash.eif", Kernel("amd64"), image("bash"), "-u",
                "jailuser", "--exit-port", EXIT_PORT, "--jail-option=--report",
                "--jail-option=fd:2",
                command=("bash", "-c", "id; chroot /tmp"))
    console, told = boot(path, scratch)
    assert re.search(r"^uid=1000\(jailuser\) gid=1000\(jailuser\) groups=1000"
                     r"\(jailuser\)$", console, re.M), console
    assert re.findall("^jail-init: .*", console, re.M) == [
        "jail-init: exited 159 (Bad system call)"]
    assert told == "exited 159\n"
    report = json.loads(re.search(r"^\{.*?^\}", console, re.M | re.S)[0])
    assert report["outcome"] == "signaled" and report["signal"] == 31
    layers = {layer["name"]: layer for layer in report["layers"]}
    # the floor, which every kernel of an enclave can give
    for name in ("session", "fds", "root", "rlimits", "bounding", "ids",
                 "caps", "no-new-privs", "seccomp"):
        assert layers[name]["applied"], layers[name]
    # Debian's kernel has it, those of enclaves do not: it is said either way
    assert layers["landlock"]["applied"] or layers["landlock"]["why"]


def test_without_words_the_image_says_what_to_run(scratch):
    """Its entry, its run-as, its environment."""
    jail = image("said", "use bash\nrun-as jailuser\nenv A=b\n"
                         'entry bash -c "id -un; echo $A; exit 4"\n')
    path = bake(scratch / "said.eif", Kernel("amd64"), jail, "--exit-port",
                EXIT_PORT)
    console, told = boot(path, scratch)
    assert "\njailuser\nb\njail-init: exited 4\n" in "\n" + console
    assert told == "exited 4\n"


def test_the_memory_that_is_advised_is_enough(scratch):
    """For an image of many names, and little in them."""
    jail = scratch / "many.tar"
    jail.write_bytes(b"".join(tars.file(f"./{i}") for i in range(20000)) +
                     image("bash").read_bytes())
    path, kernel = scratch / "many.eif", Kernel("amd64")
    done = run(BUILD / "jailbake", "-i", jail, "--kernel", kernel.image,
               "--modules", ",".join(map(str, kernel.modules)), "-o", path,
               "-u", "jailuser", "--cmdline", CMDLINE, "--", "bash", "-c",
               "set -- /1*; echo $# names")
    advice = re.search(r"give the enclave (\d+) MiB", done.err)[1]
    done = try_it("-q", "-m", advice, path)
    assert (done.status, done.err) == (0, ""), done
    assert "\n11111 names\n" in "\n" + done.out.replace("\r", "")


# --- another machine

ARM64_PROGRAM = r"""
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
	printf("uid %d, vsock %d\n", getuid(),
	       socket(AF_VSOCK, SOCK_STREAM, 0));
	fflush(stdout);
	return chroot("/tmp");
}
"""


def cross_build(path):
    """The two programs of an enclave, for aarch64."""
    done = run("make", "-s", "-C", ROOT, f"B={path}",
               "CROSS=aarch64-linux-gnu-", f"{path}/jail-init",
               f"{path}/jaillaunch", timeout=600)
    assert done.status == 0, done


@pytest.fixture
def arm64(scratch):
    """An image for aarch64, baked on this machine."""
    build = shared_once("enclave-arm64", cross_build)
    root = scratch / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/passwd").write_text("jailuser:x:1000:1000::/:/program\n")
    done = run("aarch64-linux-gnu-gcc", "-static", "-x", "c", "-o",
               root / "program", "-", input=ARM64_PROGRAM)
    assert done.status == 0, done
    done = run("tar", "-C", root, "-cf", scratch / "image.tar", ".")
    assert done.status == 0, done
    return bake(scratch / "arm.eif", Kernel("arm64"), scratch / "image.tar",
                "-u", "jailuser", "--exit-port", EXIT_PORT, "--fix-kernel",
                # born in a group, by code for this machine
                "--jail-option=--limit", "--jail-option=memory=50M",
                "--cmdline", CMDLINE, "--init", build / "jail-init", "--launcher",
                build / "jaillaunch", command=("/program",))


ARM64_SAYS = "\nuid 1000, vsock -1\njail-init: exited 159 (Bad system call)\n"


def test_an_arm_enclave_boots_and_confines(arm64, scratch):
    console, told = boot(arm64, scratch, "arm64")
    assert ARM64_SAYS in "\n" + console
    assert told == "exited 159\n"


# --- jailbake try

def try_it(*argv, **kwargs):
    return run(BUILD / "jailbake", "try", *argv, timeout=240, **kwargs)


@pytest.fixture
def small(scratch):
    """bake(command) -> an image that tells its end."""
    def make(*command):
        return bake(scratch / "small.eif", Kernel("amd64"), image("bash"),
                    "-u", "jailuser", "--exit-port", EXIT_PORT, "--cmdline",
                    CMDLINE, command=command)
    return make


def test_try_shows_the_console_and_how_it_ended(small):
    path = small("bash", "-c", "echo in the jail; exit 0")
    done = try_it(path)
    assert done.status == 0, done
    assert "\nin the jail\njail-init: exited 0\n" in \
        "\n" + done.out.replace("\r", "")
    assert re.fullmatch(rf"jailbake: {path}: ended after [0-9.]+ s, with a "
                        "heartbeat\n", done.err)


def test_try_fails_when_the_program_does(small, scratch):
    path = small("bash", "-c", "chroot /tmp")
    done = try_it("-q", path, env={**os.environ, "TMPDIR": str(scratch)})
    assert done.status == 4, done
    assert done.err == f"jailbake: {path}: told port 5005: exited 159\n"
    assert [name for name in os.listdir(scratch)
            if name.startswith("jailbake.")] == []


def test_try_takes_the_inits_word_where_nothing_is_told(scratch):
    """A panic, after which the machine ends too, is no success."""
    for init, command, says in (
            ("jail-init", "exit 0", None),
            ("jail-init", "exit 3", "its init said: exited 3"),
            ("escape/int80", "", "ended, and its init did not say how")):
        path = bake(scratch / "x.eif", Kernel("amd64"), image("bash"), "-u",
                    "jailuser", "--cmdline", CMDLINE, "--init", BUILD / init,
                    command=("bash", "-c", command))
        done = try_it("-q", path)
        assert (done.status, done.err) == (
            (4, f"jailbake: {path}: {says}\n") if says else (0, "")), done


def test_try_of_an_arm_image(arm64):
    done = try_it(arm64)
    assert done.status == 4, done
    assert ARM64_SAYS in "\n" + done.out.replace("\r", "")
    assert "told port 5005: exited 159" in done.err


def test_try_has_an_end(small):
    path = small("sleep", "1000")
    done = try_it("--seconds", "1", path)
    assert done.status == 4, done
    assert done.err == f"jailbake: {path}: still runs after 1 s\n"


def test_try_ends_with_its_caller(small, scratch):
    """QEMU and what was laid down for it are gone; also after a kill."""
    path = small("bash", "-c", "echo up; exec sleep 1000")
    for number, status in ((signal.SIGTERM, 2), (signal.SIGKILL, -9)):
        child = subprocess.Popen(
            [BUILD / "jailbake", "try", path], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(scratch)})
        assert any(line.startswith(b"up") for line in child.stdout)
        own = [name for name in os.listdir(scratch)
               if name.startswith("jailbake.")]
        assert len(own) == 1
        child.send_signal(number)
        assert child.wait(30) == status
        # the pipe has an end: nobody writes to it any more
        child.stdout.read()
        if number == signal.SIGTERM:
            assert not (scratch / own[0]).exists()


def test_try_says_what_is_missing(small, scratch):
    path = small("true")
    done = try_it(path, env={"PATH": str(scratch)})
    assert done.status == 5, done
    assert done.err == (
        "jailbake: qemu-system-x86_64 is not installed: Debian has it in the "
        "package qemu-system-x86\n")
    for option in ("--memory", "--seconds"):
        done = try_it(option, "0", path)
        assert done.status == 2 and f"{option} 0: a number" in done.err
    (scratch / "broken").write_bytes(path.read_bytes()[:-1])
    assert try_it(scratch / "broken").status == 4


def test_a_terminal_gets_progress_and_no_control_bytes(small):
    path = small("bash", "-c", r"printf 'a\033[2J\302\233b\303\251\n'; sleep 2")
    main, terminal = pty.openpty()
    child = subprocess.Popen([BUILD / "jailbake", "try", path],
                             stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(main, 4096):
            shown += part
    except OSError:  # the end of a terminal
        pass
    os.close(main)
    assert child.wait(60) == 0
    assert b"\rbooting, 0 s \r" in shown
    assert b"a?[2J?b\xc3\xa9\r\n" in shown


# --- the example: a trusted service that starts jails

def make_service(directory):
    """As `make enclave-service` does, with the programs that are tested."""
    directory.mkdir()
    done = run("make", "-s", "-C", ROOT, f"B={BUILD}", f"I={directory}",
               directory / "service")
    assert done.status == 0, done
    for name in ("app", "jail"):
        recipe = f"{name}.recipe"
        shutil.copy(ROOT / "images/enclave-service" / recipe, directory)
        done = run(BUILD / "jailbuild", "--presets", ROOT / "manifests",
                   directory / recipe, "-o", directory / f"{name}.tar")
        assert (done.status, done.err) == (0, ""), done


def test_make_names_the_images_of_the_example():
    done = run("make", "-C", ROOT, "-n", "-W", "images/enclave-service/"
               "service.c", "-W", "images/enclave-service/jail.recipe",
               f"B={BUILD}", "enclave-service")
    assert done.status == 0, done
    for name in ("app", "jail"):
        assert f"-o images/enclave-service/{name}.tar" in done.out


REQUESTS = [
    ("id -u; echo $((6*7)); exit 3\n", ["42"], "exited 3"),
    # one jail leaves nothing to the next
    ("echo secret >/tmp/left && cat /tmp/left\n", ["secret"], "exited 0"),
    ("cat /tmp/left; chroot /tmp; exit $?\n",
     ["No such file or directory", "Bad system call"], "exited 159"),
    ("exec 3</dev/vsock\n", ["No such file or directory"], "exited 1"),
    ("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; "
     "done\n", ["yyy"], "exited "),
    ("ls / /jaillaunch\n", ["No such file or directory", "home"], "exited 2"),
]


def test_a_trusted_service_starts_jails_again_and_again(scratch):
    images = shared_once("enclave-service", make_service)
    path = bake(scratch / "service.eif", Kernel("amd64"), images / "jail.tar",
                "--app", images / "app.tar")
    baked = Baked(path, scratch)
    uids = set()
    with Machine(scratch, baked, baked.ramdisks, {9000: heartbeat}) as enclave:
        until = time.monotonic() + 120
        while "service: listening on port 5000" not in enclave.console():
            assert time.monotonic() < until and \
                enclave.process.poll() is None, enclave.console()
            time.sleep(0.1)
        for script, words, end in REQUESTS:
            connection = enclave.parent.connect(5000)
            connection.send(script.encode())
            connection.finish()
            answer = connection.read(timeout=120).decode()
            assert answer.splitlines()[-1].startswith(end), answer[-300:]
            for word in words:
                assert word in answer, (script, answer[-300:])
            assert len(answer) <= (1 << 20) + 100
            if script.startswith("id"):
                uids.add(answer.split()[0])
        assert all(200000 <= int(uid) <= 200063 for uid in uids) and uids
        assert enclave.parent.connect(5001) is None  # nobody listens there
