"""Docker's default profile as a policy: read, compared call by call with what
is known of it, interpreted, and in force."""

import re

import pytest

import docker_profile
from conftest import BUILD, ordinary_user, run

SYSCALLS = BUILD / "tools" / "syscalls"
INTERPRET = BUILD / "tools" / "interpret"
SYS_ADMIN, SYS_PTRACE = 1 << 21, 1 << 19


def policy(*args):
    done = run(BUILD / "jaillaunch", "policy", *args)
    assert done.status == 0 and done.err == "", done
    return done.out


def verdicts(*args):
    """{name: what becomes of it}"""
    return {line[:24].strip(): line[25:] for line in
            policy("explain", *args).splitlines()}


@pytest.fixture
def profile(scratch):
    path = scratch / "docker.json"
    path.write_text(docker_profile.profile(verdicts("default")))
    return path


def floor(profile, *args):
    """Calls that are allowed, and of which the floor has something to say."""
    shown = policy("show", profile, *args)
    return set(re.findall(r"^# \S+ (\w+)", shown.partition("the floor")[2],
                          re.M))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_call_is_as_documented(profile, machine):
    args = ("--machine", machine, "--net", "host")
    got = verdicts(profile, *args)
    below = floor(profile, *args)
    refused = set(docker_profile.NEVER)
    for names in docker_profile.BY_CAPABILITY.values():
        refused |= set(names)
    refused -= set(docker_profile.SINCE_KERNEL["4.8"])
    if machine == "aarch64":
        refused |= {"modify_ldt", "arch_prctl"}
    assert len(got) > 300
    for name, verdict in got.items():
        if name == "clone3":
            assert verdict == "ENOSYS"
        elif name in ("clone", "personality", "socket"):
            assert verdict == "EPERM, but it depends", name
        elif name in refused:
            assert verdict == "EPERM", name
        elif name not in below:
            assert verdict == "allowed", name
    # what Docker allows and a jail without namespaces does not
    assert {"ptrace", "openat2", "statmount"} <= below


def test_capabilities_open_what_the_floor_leaves(profile):
    nice = verdicts(profile, "--caps", "sys_nice")
    assert nice["mbind"] == "allowed"
    assert verdicts(profile)["mbind"] == "EPERM"
    check = policy("check", profile, "--caps", "sys_admin,sys_chroot")
    assert re.search(r"allowed, but refused by the floor.*: .*\bmount\b",
                     check), check
    assert verdicts(profile, "--caps", "sys_chroot",
                    "--syscall-allow", "chroot")["chroot"] == "allowed"


@pytest.mark.parametrize("caps", [0, SYS_ADMIN | SYS_PTRACE])
def test_it_is_interpreted_and_holds_in_the_kernel(profile, caps):
    done = run(INTERPRET, "--policy", profile, "--caps", caps)
    assert done.status == 0 and done.out.endswith(" 0 wrong\n"), done
    done = run(SYSCALLS, "--policy", profile, "--caps", caps, timeout=300,
               **ordinary_user())
    assert done.status == 0 and done.out.endswith(" 0 wrong\n"), done


def test_programs_run_under_it(profile, jaillaunch):
    done = jaillaunch("-r", "/", "-u", "54321", "--seccomp", profile, "--",
                      "python3", "-c", "import subprocess, threading\n"
                      "t = threading.Thread(target=print, args=('thread',))\n"
                      "t.start(); t.join()\n"
                      "subprocess.run(['chroot', '/'])")
    assert done.status == 0 and done.out == "thread\n", done
    assert "not permitted" in done.err, done


@pytest.mark.parametrize("name", ["default", "strict", "cape", "cape-deny"])
@pytest.mark.parametrize("features", [0, 7])
def test_named_policies_are_interpreted(name, features):
    done = run(INTERPRET, "--policy", name, "--features", features)
    assert done.status == 0, done
    assert len(re.findall(r" 0 wrong$", done.out, re.M)) == 2, done
