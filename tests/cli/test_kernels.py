"""The kernels of enclaves lack what newer ones have.  Each absence is forced
(tests/tools/without.c), and the same jail must come of it; the report says how."""

import json
import os
import resource
import shutil

import pytest

from conftest import BUILD, COLUMN, IS_SANITIZED, run, shared_once

NEW_MOUNTS = ("open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
              "fspick", "mount_setattr")
LANDLOCK = ("landlock_create_ruleset", "landlock_add_rule",
            "landlock_restrict_self")
NO_LANDLOCK = [",".join(LANDLOCK) + "=ENOSYS"]
# A filter that hands calls to a supervisor is an unknown flag to a kernel
# before 5.0; a file system that it does not have is ENODEV.
OLD = [",".join((*LANDLOCK, *NEW_MOUNTS, "clone3", "pidfd_open",
                 "pidfd_getfd", "pidfd_send_signal", "close_range", "openat2",
                 "faccessat2", "epoll_pwait2", "process_madvise",
                 "io_uring_setup")) + "=ENOSYS", "user-notif=EINVAL"]
KERNELS = {
    "6.6": NO_LANDLOCK,
    "4.14": OLD,
    "4.14 without EROFS": [*OLD, "mount=ENODEV"],
    "no landlock": NO_LANDLOCK,
    "no clone3": ["clone3=ENOSYS"],
    "no pidfd_open": ["pidfd_open,pidfd_send_signal=ENOSYS"],
    "no close_range": ["close_range=ENOSYS"],
    "no openat2": ["openat2=ENOSYS"],
    "no new mount API": [",".join(NEW_MOUNTS) + "=ENOSYS"],
    "no user notification": ["user-notif=EINVAL"],
    "no EROFS": ["mount,fsopen=ENODEV"],
}
FLOOR = {"session", "fds", "root", "rlimits", "bounding", "ids", "caps",
         "no-new-privs", "seccomp"}

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(IS_SANITIZED, reason="the sanitizers need /proc, and "
                       "the probe its libraries")]


def make(directory):
    directory.mkdir()
    directory.chmod(0o755)
    shutil.copy(BUILD / "tools/probe", directory / "probe")
    (directory / "manifest").write_text(
        "copy ./probe /probe mode=755\nuser jailuser uid=1000\n"
        "run-as jailuser\ndir /tmp mode=1777\n")
    for name in ("image.tar", "root/"):
        done = run(BUILD / "jailbuild", directory / "manifest", "-o",
                   f"{directory}/{name}")
        assert done.status == 0, done


@pytest.fixture(scope="module")
def place():
    return shared_once("kernels-image", make)


def launch(kernel, scratch, *argv):
    before = [word for row in KERNELS[kernel]
              for word in (BUILD / "tools/without", row)]
    with open("/dev/null", "rb") as left:  # which the jail must not have
        return run(*before, BUILD / "jaillaunch", *argv, "--report",
                   scratch / "report", "--", "/probe", "1000",
                   BUILD / "jaillaunch", *(("image",) if "-i" in argv else ()),
                   pass_fds=[left.fileno()])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", ["-r root", "-i image.tar"])
def test_the_same_jail_on_every_kernel(kernel, kind, place, scratch):
    option, name = kind.split()
    done = launch(kernel, scratch, option, place / name)
    assert done.status == 7 and done.out.startswith("confined"), done
    report = json.loads((scratch / "report").read_text())
    layers = {layer["name"]: layer for layer in report["layers"]}
    assert {name for name in FLOOR if layers[name]["applied"]} == FLOOR
    if any(row in NO_LANDLOCK + OLD for row in KERNELS[kernel]
           if row.startswith("landlock")):
        assert not layers["landlock"]["applied"]
        assert layers["landlock"]["why"]


# How an image's root is come by, where the kernel decides that: the words of
# why it is not mounted; else by a loop device.
UNPACKED = {
    "4.14 without EROFS": "erofs: Function not implemented",
    "no EROFS": "erofs: No such device",
}
BY_LOOP = {"4.14", "no new mount API"}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("options, mounted", [
    ([], "a mount that the image's jails share"),
    (["--no-pin"], "a mount of its own")])
@pytest.mark.needs("mount-calls", "mount", "root")
def test_an_image_is_mounted_as_the_kernel_can(kernel, options, mounted,
                                               place, scratch):
    shutil.copy(place / "image.tar", scratch / "own.tar")  # nobody's pin
    done = launch(kernel, scratch, "-i", scratch / "own.tar", *options)
    assert done.status == 7, done
    root = json.loads((scratch / "report").read_text())["root"]
    if kernel in UNPACKED:
        assert root["from"] == "unpacked into a private directory", root
        assert root["why_not_mounted"] == UNPACKED[kernel], root
    else:
        assert root["from"] == mounted, root
        assert "why_not_mounted" not in root, root
    if kernel in BY_LOOP:
        assert root["by_loop"] is True, root
    if kernel == "4.14 without EROFS":  # and without any mount
        assert root["method"] == "chroot", root


@pytest.mark.needs("mount-calls", "mount", "root")
def test_a_resource_that_is_used_up_is_no_lack(place, scratch):
    """Else whoever exhausts it would get a lesser jail."""
    for call in ("landlock_create_ruleset=ENOMEM", "open_tree=EMFILE"):
        done = run(BUILD / "tools/without", call, BUILD / "jaillaunch", "-i",
                   place / "image.tar", "--", "/probe", "1000", "/x", "image")
        assert done.status == 125 and done.out == "", done


@pytest.mark.skipif(bool(COLUMN), reason="takes calls away by itself")
@pytest.mark.parametrize("left", [7, 15000])
def test_descriptors_are_found_without_close_range(place, scratch, left):
    """However far they are, and not one number after another: a container may
    have been given a limit of a thousand million."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= left:
        pytest.skip("the limit is lower")
    seen = scratch / "seen"
    script = f'ulimit -Sn {left + 1}; exec "$@" {left}</dev/null'
    done = run("bash", "-c", script, "bash",
               BUILD / "tools/fault", seen, 60, "list",
               BUILD / "tools/without", "close_range=ENOSYS",
               BUILD / "jaillaunch", "-r", place / "root", "--", "/probe",
               "1000", BUILD / "jaillaunch")
    assert done.out.startswith("confined"), done
    calls = seen.read_text().split("\n")
    assert 3 < sum(" fcntl " in call for call in calls) < 500


@pytest.mark.skipif(bool(COLUMN), reason="takes calls away by itself")
@pytest.mark.parametrize("left, most", [(7, 2500), (700, 5000)])
def test_descriptors_are_found_without_proc_either(place, scratch, left, most):
    """As far as the table of those that are open goes."""
    seen = scratch / "seen"
    script = f'''mount -t tmpfs none /proc
ulimit -Sn 1000; exec "$@" {left}</dev/null'''
    done = run("unshare", "-m", "bash", "-c", script, "bash",
               BUILD / "tools/fault", seen, 60, "list",
               BUILD / "tools/without", "close_range=ENOSYS",
               BUILD / "jaillaunch", "-r", place / "root", "--ns", "none",
               "--", "/probe", "1000", BUILD / "jaillaunch")
    assert done.out.startswith("confined"), done
    calls = seen.read_text().split("\n")
    n_tried = sum(" fcntl " in call for call in calls)
    assert left < n_tried < most, n_tried
