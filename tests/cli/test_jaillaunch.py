"""jaillaunch from outside: each option, message and exit status."""

import os
import subprocess

import pytest

from conftest import BUILD
from jailroot import busybox_root, launch, refuses, sh

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")


# --- exit status

@pytest.mark.parametrize("status", [0, 1, 77, 124, 125, 126, 127, 255])
def test_exit_status_is_the_programs(status):
    done = sh(f"exit {status}")
    assert (done.status, done.out, done.err) == (status, "", ""), done


@pytest.mark.parametrize("signal", ["TERM", "KILL", "SEGV", "USR1"])
def test_signal_death_is_128_plus_n(signal):
    import signal as names
    number = getattr(names, "SIG" + signal)
    assert sh(f"kill -{signal} $$").status == 128 + number


def test_not_found_is_127():
    refuses("no such program in the jail; looked along PATH=",
            "-r", busybox_root(), "-u", 1000, "nothing", status=127)
    refuses("/bin/nothing: no such file in the jail",
            "-r", busybox_root(), "-u", 1000, "/bin/nothing", status=127)


# --- user and group

@pytest.mark.needs("ids")
def test_user_by_name_has_its_groups():
    done = launch("--", "id")
    assert done.out == ("uid=1000(jailuser) gid=1000(jailuser) "
                        "groups=29(audio)\n"), done


@pytest.mark.parametrize("user", ["1000", "#1000"])
@pytest.mark.needs("ids")
def test_number_takes_the_line_of_passwd(user):
    assert "groups=29(audio)" in launch("-u", user, "--", "id").out


def test_number_without_line_works():
    done = launch("-u", "4242", "--", "id")
    assert done.out == "uid=4242 gid=4242\n"


@pytest.mark.needs("ids")
def test_group_and_no_groups():
    assert launch("-g", "video", "--no-groups", "--", "id").out == \
        "uid=1000(jailuser) gid=44(video)\n"
    assert "gid=7 " in launch("-g", "#7", "--", "id").out


def test_unknown_user_names_the_known():
    refuses('user "bob" is not in the jail\'s /etc/passwd (it has: root, '
            'jailuser, rooted, admin); a number always works',
            "-r", busybox_root(), "-u", "bob", "id")


def test_unknown_group():
    refuses('group "staff" is not in the jail\'s /etc/group',
            "-r", busybox_root(), "-u", "jailuser", "-g", "staff", "id")


@pytest.mark.parametrize("user", ["root", "0", "#0", "rooted"])
def test_root_needs_allow_root(user):
    refuses("--allow-root", "-r", busybox_root(), "-u", user, "id")
    done = launch("--allow-root", "-u", user, "--", "id", "-u")
    assert (done.status, done.out) == (0, "0\n"), done


def test_group_root_needs_allow_root():
    refuses("--allow-root", "-r", busybox_root(), "-u", "1000", "-g", "0",
            "id")
    refuses('puts "admin" into group 0', "-r", busybox_root(), "-u", "admin",
            "id")
    assert launch("-u", "admin", "--no-groups", "--", "true").status == 0


def test_no_user_is_an_error():
    refuses("no user: say -u", "-r", busybox_root(), "id")


def test_no_program_is_an_error():
    refuses("no program", "-r", busybox_root(), "-u", "jailuser")


# --- environment and directory

def test_environment_is_ours_alone():
    done = launch("--", "env", env={"SECRET": "x", "TERM": "vt100",
                                    "LD_PRELOAD": "", "PATH": "/nowhere"})
    assert sorted(done.out.splitlines()) == [
        "HOME=/home/jailuser", "LOGNAME=jailuser",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PS1=[jail]$ ", "SHELL=/bin/sh", "USER=jailuser"]


def test_environment_options():
    done = launch("-e", "A=1", "-e", "B", "-e", "UNSET", "--env", "A=2=3",
                  "--", "env", env={"B": "caller", "C": "not"})
    lines = done.out.splitlines()
    assert "A=2=3" in lines and "B=caller" in lines
    assert not any(line.startswith(("C=", "UNSET", "A=1")) for line in lines)


def test_keep_env_keeps_identity_ours():
    done = launch("--keep-env", "--", "env",
                  env={"C": "kept", "HOME": "/root", "USER": "root"})
    lines = done.out.splitlines()
    assert "C=kept" in lines and "HOME=/home/jailuser" in lines
    assert "USER=jailuser" in lines


def test_bad_environment():
    refuses('environment "=x" is not NAME=VALUE', "-r", busybox_root(), "-u",
            "1000", "-e", "=x", "id")


def test_root_prompt():
    done = launch("--allow-root", "-u", "root", "--", "env")
    assert "PS1=[jail]# " in done.out


def test_start_directory():
    assert launch("--", "pwd").out == "/\n"
    assert launch("-d", "/home/jailuser", "--", "pwd").out == \
        "/home/jailuser\n"


def test_start_directory_is_entered_as_the_user():
    refuses("enter the start directory /root: Permission denied", "-r", busybox_root(), "-u", "1000",
            "-d", "/root", "pwd")
    refuses("absolute path", "-r", busybox_root(), "-u", "1000", "-d", "tmp",
            "pwd")


def test_relative_program_is_relative_to_the_start_directory():
    assert launch("-d", "/bin", "--", "./true").status == 0
    refuses("/bin/./nope: no such file", "-r", busybox_root(), "-u", "1000",
            "-d", "/bin", "--", "./nope", status=127)


# --- confinement

@pytest.mark.needs("our mounts", "ids")
def test_status_of_the_program():
    """All that the kernel says about it, seen from outside."""
    process = subprocess.Popen(
        [BUILD / "jaillaunch", "-r", busybox_root(), "-u", "jailuser", "--",
         "/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True)
    try:
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        pid = child_of(child_of(process.pid))
        status = dict(line.split(":\t", 1) for line in
                      open(f"/proc/{pid}/status").read().splitlines())
        assert status["Uid"].split() == ["1000"] * 4
        assert status["Gid"].split() == ["1000"] * 4
        assert status["Groups"].split() == ["29"]
        for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[which], 16) == 0, which
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert os.readlink(f"/proc/{pid}/root") == str(busybox_root())
        assert int(status["SigBlk"], 16) == 0
        assert int(status["SigIgn"], 16) == 0
        limits = open(f"/proc/{pid}/limits").read()
        core = [line for line in limits.splitlines() if "core" in line][0]
        assert core.split()[4:6] == ["1", "1"]
        assert open(f"/proc/{pid}/oom_score_adj").read() == "1000\n"
    finally:
        process.terminate()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def child_of(pid):
    for entry in os.listdir("/proc"):
        try:
            fields = open(f"/proc/{entry}/stat").read()
        except (OSError, ValueError):
            continue
        if int(fields.rsplit(")", 1)[1].split()[1]) == pid:
            return int(entry)
    raise AssertionError(f"{pid} has no child")
