"""jaillaunch called as capejail: that program's options and session, in our own
words, and where it does better."""

import os
import socket
import threading

import pytest

from conftest import BUILD, run, shared_once
from jailroot import add_program, make_root

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


def make_plain_root(path):
    """With bash and coreutils: busybox calls setuid(), which the policy of
    capejail forbids."""
    make_root(path)
    for name in ("sh", "ls", "id", "ln", "cat"):
        (path / "bin" / name).unlink(missing_ok=True)
    for name in ("ls", "id", "ln", "cat", "bash"):
        add_program(path, "/bin/" + name)
    (path / "bin/chroot").unlink(missing_ok=True)
    add_program(path, "/usr/sbin/chroot", "bin/chroot")
    (path / "bin/sh").symlink_to("bash")


def plain_root():
    return shared_once("capejail-root", make_plain_root)


@pytest.fixture(scope="module")
def capejail(tmp_path_factory):
    path = tmp_path_factory.mktemp("guise") / "capejail"
    path.symlink_to(BUILD / "jaillaunch")
    return lambda *argv, **kw: run(path, *argv, **kw)


@pytest.fixture
def cape(capejail):
    """In the shared root, as jailuser."""
    return lambda *argv, **kw: capejail("-r", plain_root(), "-u",
                                        "jailuser", *argv, **kw)


def test_the_session_of_its_manual(cape):
    """User and place; and chroot is a bad system call."""
    done = cape("--", "sh", "-c", "echo $USER; pwd; ls -d /bin")
    assert (done.status, done.out) == (0, "jailuser\n/\n/bin\n"), done
    done = cape("--", "bash", "-c", "chroot /tmp; echo $?")
    assert done.out == "159\n" and "Bad system call" in done.err, done


def test_the_prompt(cape):
    done = cape("--", "sh", "-i", input="exit 3\n")
    assert done.status == 3 and "[jail]$ " in done.out + done.err, done


def test_directory_and_variables(cape):
    done = cape("-d", "/home/jailuser", "-e", "A=1", "-e", "B=x y", "sh", "-c",
                'pwd; echo "$A$B$HIDDEN"', env={**os.environ, "HIDDEN": "1"})
    assert done.out == "/home/jailuser\n1x y\n", done


def test_its_policy(cape):
    """An allowlist: what is not on it ends the program."""
    done = cape("sh", "-c", "ls /; exit 4")
    assert done.status == 4, done
    assert cape("ln", "-s", "a", "/tmp/b").status != 0
    insecure = cape("-I", "sh", "-c", "chroot / 2>&1; echo $?")
    assert "159" not in insecure.out and "no seccomp" in insecure.err, insecure
    assert insecure.err.startswith("capejail: warning: "), insecure


def test_network_and_none(cape):
    """The host's, and with -n none."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    script = f"cat < /dev/tcp/127.0.0.1/{port}"

    def serve():
        peer, _ = server.accept()
        peer.sendall(b"hello\n")
        peer.close()
    threading.Thread(target=serve, daemon=True).start()
    done = cape("-n", "bash", "-c", script)
    assert done.status != 0 and done.out == "", done
    done = cape("-n", "-I", "bash", "-c", script)  # an empty one of its own
    assert done.status != 0 and done.out == "", done
    done = cape("bash", "-c", script)
    server.close()
    assert done.out == "hello\n", done


def test_users_by_number_and_their_group(capejail):
    """Better: the gid of the passwd line, and numbers."""
    done = capejail("-r", plain_root(), "-u", "admin", "sh", "-c",
                    "id -u; id -g; id -G")
    assert done.out == "1001\n1001\n1001\n", done
    done = capejail("-r", plain_root(), "-u", "4711", "id", "-u")
    assert done.out == "4711\n", done


def test_root_only_if_asked(capejail):
    root = plain_root()
    done = capejail("-r", root, "id")
    assert done.status == 125 and "capejail: no user" in done.err, done
    done = capejail("-r", root, "-u", "rooted", "id")
    assert done.status == 125 and "root" in done.err, done
    done = capejail("-r", root, "-u", "root", "sh", "-i", input="id -u\n")
    assert done.out.startswith("0\n"), done
    assert "[jail]# " in done.out + done.err, done


def test_better_statuses(cape):
    """A signal is 128+n, nothing of ours is on standard error."""
    for script, status in (("kill -9 $$", 137), ("exit 42", 42)):
        done = cape("sh", "-c", script)
        assert (done.status, done.out, done.err) == (status, "", ""), done
    assert cape("no-such-program").status == 127


def test_descriptors_are_closed(cape):
    end, other = os.pipe()
    done = cape("sh", "-c", f"true <&{end} && echo leaked; true",
                pass_fds=[end])
    os.close(end)
    os.close(other)
    assert done.out == "", done


def test_help(capejail):
    done = capejail("-h")
    assert done.status == 0 and done.err == "", done
    for letter in "rduenIh":
        assert f"\n  -{letter} " in done.out, done


@pytest.mark.parametrize("argv,words", [
    (["-r", "/"], "no program"), (["-x"], "unknown option (-h lists them)"),
    (["-r"], "needs an argument"), (["--root", "/", "true"], "unknown"),
    (["-r", "/no/such", "-u", "1", "true"], "/no/such")])
def test_errors(capejail, argv, words):
    done = capejail(*argv)
    assert done.status == 125 and done.out == "", done
    assert done.err.startswith("capejail: ") and words in done.err, done


def test_the_name_alone_decides(jaillaunch):
    done = jaillaunch("-r", plain_root(), "-u", "1000", "--landlock", "none",
                      "id", "-u")
    assert done.out == "1000\n", done
