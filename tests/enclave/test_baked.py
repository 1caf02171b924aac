"""What jailbake bakes boots: its own sections, split by the tests' own reader
and laid into memory as a loader does it."""

import json

import pytest

import eif
from conftest import BUILD, run
from enclave.machine import Exit, Kernel, Machine, heartbeat
from enclave.test_boot import image, pytestmark  # noqa: F401

EXIT_PORT = 5005


def bake(scratch, kernel, *more, command=("bash", "-c", "id; chroot /tmp")):
    """Nothing but what a user would say: init and launcher are found."""
    out = scratch / "x.eif"
    user = ("-u", "jailuser") if command else ()
    done = run(BUILD / "jailbake", "-i", image("bash"), *user,
               "--kernel", kernel.image, "--cmdline", kernel.cmdline,
               "--modules", ",".join(map(str, kernel.modules)), "--exit-port",
               EXIT_PORT, "-o", out, *more, "--", *command)
    assert done.status == 0, done
    assert run(BUILD / "jailbake", "verify", out).status == 0
    baked = eif.Eif(out.read_bytes())
    told = json.loads(done.out)["Measurements"]
    assert told.items() >= baked.pcrs.items()
    return baked


@pytest.fixture
def kernel():
    return Kernel("amd64")


def boot(scratch, kernel, baked, **kw):
    exit = Exit()
    (scratch / "kernel").write_bytes(baked.one(eif.KERNEL))
    kernel.image = scratch / "kernel"
    machine = Machine(scratch, kernel, baked.all(eif.RAMDISK),
                      {9000: heartbeat, EXIT_PORT: exit},
                      cmdline=baked.one(eif.CMDLINE).decode(), **kw)
    return machine.wait(), exit


def test_a_baked_image_boots_and_its_jail_is_one(scratch, kernel):
    console, exit = boot(scratch, kernel, bake(scratch, kernel))
    assert "uid=1000(jailuser) gid=1000(jailuser)" in console, console
    assert exit.words == "exited 159\n"
    assert "jail-init: exited 159 (Bad system call)" in console


def test_an_app_starts_in_place_of_the_jail_and_starts_jails(scratch, kernel):
    """The app's tree is the enclave's root: here a shell with its libraries."""
    launch = ("/jaillaunch -r /jail -u jailuser -- /usr/bin/bash -c "
              "'echo jailed as $UID'; echo trusted as $UID; exit 7")
    baked = bake(scratch, kernel, "--app", image("bash"), "--app-exec",
                 '/usr/bin/bash -c "' + launch + '"', command=())
    console, exit = boot(scratch, kernel, baked)
    assert "jailed as 1000\n" in console and "trusted as 0\n" in console, \
        console
    assert exit.words == "exited 7\n"
