"""Images that are mounted: by every method, trusted or not, and nothing left."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import tempfile
import time

import pytest

from conftest import (BUILD, COLUMN, ordinary_user, owner_of, run,
                      shared_once)
from jailroot import add_program, busybox_root
from processes import child_of, eventually, keeper_of
from treeimage import Node, write

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="mounts need root")
LAUNCH = BUILD / "jaillaunch"
PINS = pathlib.Path("/run/jailwright/pins")

LOOK = """exec 2>&1
read -r line </etc/passwd && echo "$line"
echo x >/tmp/x && echo tmp
echo x >~/x && echo home
echo x >/new || echo read-only
echo x >/dev/null && echo null
for name in /dev/* /home/* ~/*; do echo "$name"; done
"""


def make_image(path):
    path.mkdir()
    manifest = path / "m.jail"
    manifest.write_text("use bash\nuse coreutils\ndir /mnt\n"
                        "text /etc/motd \"of the image\\n\"\n")
    done = run(BUILD / "jailbuild", manifest, "-o", path / "image.tar")
    assert done.status == 0, done


@pytest.fixture
def image():
    return shared_once("mounts-image", make_image) / "image.tar"


@pytest.fixture
def own(image, scratch):
    """A copy that the test may change."""
    path = scratch / "own.tar"
    shutil.copy(image, path)
    path.chmod(0o644)
    return path


def report_of(scratch):
    return json.loads((scratch / "report").read_text())["root"]


def look(scratch, *argv, before=(), program=LOOK):
    return run(*before, LAUNCH, *argv, "--report", scratch / "report", "--",
               "bash", "-c", program)


def without(calls, error="EPERM"):
    return [BUILD / "tools/without", f"{calls}={error}"]


PINNED = "a mount that the image's jails share"
FIRST = "detached mounts"


SHARED = """
mount -t tmpfs none /run && mount --make-rshared / || exit 77
"$@" || exit
grep -E "pins/[^ /]+/| /proc/[0-9]" /proc/self/mountinfo && exit 1
exit 0
"""


@pytest.mark.parametrize("missing", [
    "", "mount_setattr", "mount_setattr,unshare", "open_tree,fsopen",
    "open_tree,fsopen,unshare"])
def test_shared_mounts_get_none_of_the_jails(image, scratch, missing):
    """As where systemd runs: a copy of a shared mount is shared."""
    done = run("unshare", "-m", "bash", "-c", SHARED, "bash",
               *(without(missing, "ENOSYS") if missing else ()), LAUNCH,
               "-i", image, "--bind", f"{scratch}:/mnt", "--", "bash", "-c",
               "echo x >/tmp/x && echo wrote")
    assert done.status == 0 and done.out == "wrote\n", done


@pytest.mark.parametrize("options, command, is_met", [
    (["--limit", "tmp=1M"], "cat /dev/zero >/tmp/x", True),
    (["--limit", "tmp=1M"], "cat /dev/zero >/home/jailuser/x", True),
    (["--limit", "tmp=1M"], "head -c 900000 /dev/zero >/tmp/x", False),
    (["--limit", "tmp=1M"], "cat /dev/zero >/tmp/x; rm /tmp/x", False),
    (["--tmpfs", "/tmp:64K"], "cat /dev/zero >/tmp/x", True),
    (["--writable=1M"], "cat /dev/zero >~/x", True),
    (["--writable=1M"], "echo x >~/x", False),
    # no more than a tmpfs of ours takes: /tmp may be the host's
    ([], "i=0; while [ $i -lt 70000 ] && >/tmp/$i; do i=$((i+1)); done", True),
])
@pytest.mark.needs("mount")
def test_a_full_file_system_of_the_jails_own_is_named(image, scratch, options,
                                                      command, is_met):
    done = run(LAUNCH, "-i", image, *options, "--report",
               scratch / "report", "--", "bash", "-c", command)
    report = json.loads((scratch / "report").read_text())
    assert report["limits_met"] == (["tmp"] if is_met else []), done


@pytest.mark.needs("our mounts", "mount-calls", "mount", "root")
def test_device_nodes_are_made_once_and_looked_at(image, scratch):
    """The pinned nodes of --dev: another file system there is not used."""
    script = """
mount -t tmpfs none /run || exit 77
L="$1 -i $2 --dev full,null -- bash -c"
$L 'ls /dev; echo x >/dev/x || echo no; echo >/dev/null && echo null'
cd /run/jailwright/devices/ && ls && stat -c %d null,full >"$3"
$L true
stat -c %d null,full | cmp - "$3" && echo same
mknod null,full/zero c 1 5 2>/dev/null || echo read-only
mount -t tmpfs -o mode=755 none null,full && mknod null,full/null c 1 3
$L 'ls /dev'
ls null,full
umount null,full && ls null,full
"""
    done = run("unshare", "-m", "bash", "-c", script, "bash", LAUNCH, image,
               scratch / "devices")
    assert done.out.split() == [
        "full", "null", "no", "null", "null,full", "same", "read-only",
        "full", "null", "full", "null"], done


@pytest.mark.parametrize("pins", ["devices", "pins"])
@pytest.mark.parametrize("form", ["image", "squashfs"])
@pytest.mark.needs("mount-calls", "mount", "root")
def test_a_prune_in_the_middle_of_a_launch(form, request, scratch, pins):
    """What the launcher has just opened is no longer mounted anywhere."""
    script = """
mount -t tmpfs none /run && "$1" -i "$2" -- true || exit 77
strace -qq -f -o "$3/trace" -e trace=open_tree \\
	-e inject=open_tree:delay_enter=300000:when=1 "$1" -i "$2" \\
	--report "$3/report" -- bash -c "$4" &
while ! grep -q open_tree "$3/trace"; do sleep 0.01; done 2>/dev/null
for pin in /run/jailwright/$5/*; do umount -l $pin; done 2>/dev/null
wait $!
"""
    done = run("unshare", "-m", "bash", "-c", script, "bash", LAUNCH,
               request.getfixturevalue(form), scratch, LOOK, pins,
               env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    assert (done.status, done.err) == (0, ""), done
    assert "read-only\n" in done.out and "tmp\nhome\n" in done.out
    report = report_of(scratch)
    assert (report["method"], report["from"]) == (FIRST, PINNED)


@pytest.mark.needs("our mounts", "mount-calls", "mount", "root")
@pytest.mark.parametrize("missing", ["", "move_mount"])
def test_a_pin_of_another_mount_namespace_stays(image, missing):
    """Both have one /run, such as a service's and the host's: a directory that
    was removed here would be unmounted there, in the middle of a launch."""
    script = """
count() { grep -c /run/jailwright/pins /proc/self/mountinfo; }
umount -l /run/jailwright/pins/* 2>/dev/null  # others remove theirs meanwhile
mount -t tmpfs none /run && "${@:2}" -i "$1" -- true || exit 77
count
unshare -m --propagation private bash -c '
	umount -l /run/jailwright/pins/* 2>/dev/null
	"${@:2}" -i "$1" -- true && grep -c jailwright/pins /proc/self/mountinfo
' bash "$@"
count
"""
    lacking = without(missing, "ENOSYS") if missing else ()
    done = run("unshare", "-m", "bash", "-c", script, "bash", image, *lacking,
               LAUNCH)
    assert (done.status, done.err) == (0, ""), done
    before, inside, after = done.out.split()
    assert before == inside == after != "0", done


def test_flags_of_an_older_kernel(image, scratch):
    done = look(scratch, "-i", image, "--bind", f"{scratch}:/mnt",
                program="echo x >/mnt/x || echo no; echo x >/new || echo no",
                before=without("mount_setattr", "ENOSYS"))
    assert done.out == "no\nno\n", done
    assert not (scratch / "x").exists()


@pytest.mark.parametrize("call, error", [("move_mount", "ENOSPC"),
                                         ("fsmount", "ENOMEM"),
                                         ("open_tree", "EMFILE")])
@pytest.mark.needs("our mounts", "mount-calls", "mount", "root")
def test_what_is_scarce_is_not_missing(image, scratch, call, error):
    assert look(scratch, "-i", image).status == 0
    done = look(scratch, "-i", image, before=without(call, error))
    assert done.status == 125 and done.err.count("\n") == 1, done
    assert report_of(scratch)["method"] == "none"


@pytest.mark.needs("mount-calls", "mount", "ns-mnt", "root")
def test_explain_says_how_and_why(image):
    done = run(*without("move_mount"), LAUNCH, "-i", image, "--explain")
    assert done.out.endswith(
        "entered not by mount namespace: attach a mount: Operation not "
        "permitted\nentered by    mount namespace by mount(2)\n"), done
    done = run(*without("fsopen,mount", "ENOSYS"), LAUNCH, "-i", image,
               "--no-pin", "--explain")
    assert "unpacked because  erofs: Function not implemented" in done.out, \
        done


@pytest.mark.needs("our mounts", "mount", "root")
def test_what_is_explained_is_what_a_launch_does(image, scratch):
    """A pin that nothing can be mounted in is of no use: the launch unpacks."""
    assert look(scratch, "-i", image).status == 0
    before = without("open_tree,mount,unshare,move_mount")
    options = "-i", image, "-u", "1000"
    done = run(*before, LAUNCH, *options, "--explain")
    assert done.status == 0 and done.err == "", done
    said = done.out[done.out.index("the image is"):]
    assert said.startswith(
        "the image is  unpacked into a private directory\n"
        "  unpacked because  there is no way to mount in it\n"), done
    assert said.endswith("\nentered by    chroot\n"), done
    done = run(*before, LAUNCH, *options, "-v", "--", "true")
    assert done.status == 0 and said in done.err, done
    assert done.err.count("the image is") == 1, done
    assert look(scratch, *options, before=before).status == 0
    assert report_of(scratch)["from"] == "unpacked into a private directory"


@pytest.mark.needs("mount", "root")
def test_the_report_tells_images_apart_as_far_as_it_knows(image, own, scratch):
    """Of what is mounted the index; of what was read the digest."""
    look(scratch, "-i", image)
    report = report_of(scratch)
    assert "sha256" not in report
    said = run("blkid", "-p", "-o", "value", "-s", "UUID", image).out.strip()
    assert report["index"] == said and len(said) == 36
    look(scratch, "-i", own, "--no-pin")
    assert report_of(scratch)["index"] == said  # the same tree
    own.chmod(0o666)
    look(scratch, "-i", own)
    report = report_of(scratch)
    assert "index" not in report
    assert report["sha256"] == run("sha256sum", own).out.split()[0]


# --- file capabilities

def make_capable(path):
    path.mkdir()
    manifest = path / "m.jail"
    manifest.write_text("use bash\nuse coreutils\n"
                        "caps /usr/bin/cat cap_net_raw\n")
    for name in ("image.tar", "image.squashfs"):
        done = run(BUILD / "jailbuild", manifest, "-o", path / name)
        assert done.status == 0, done


@pytest.fixture
def capable():
    return shared_once("mounts-capable", make_capable)


@pytest.mark.parametrize("form, kind, attributes", [
    ("image.tar", "erofs", []),
    ("image.squashfs", "squashfs", ["security.capability"])])
def test_file_capabilities_are_in_the_headers_of_a_tar(capable, scratch, form,
                                                       kind, attributes):
    """And not in its index."""
    if kind == "erofs":
        with tarfile.open(capable / form) as tar:
            keys = tar.getmember("./usr/bin/cat").pax_headers
        assert "SCHILY.xattr.security.capability" in keys
    at = scratch / "at"
    at.mkdir()
    done = run("mount", "-t", kind, "-o", "ro,loop", capable / form, at)
    assert done.status == 0, done
    try:
        assert os.listxattr(at / "usr/bin/cat") == attributes
    finally:
        assert run("umount", at).status == 0


@pytest.mark.parametrize("missing", ["", "fsopen,mount"])
def test_an_image_with_file_capabilities_runs_where_it_is_mounted(
        own, capable, scratch, missing):
    """It is never unpacked; another image says what is done here."""
    before = without(missing, "ENOSYS") if missing else ()
    assert look(scratch, "-i", own, "--no-pin", before=before,
                program=":").status == 0
    is_mounted = report_of(scratch)["from"] == "a mount of its own"
    assert is_mounted or missing or COLUMN
    done = run(*before, LAUNCH, "-i", capable / "image.tar", "--no-pin", "--",
               "cat", "/etc/group")
    if is_mounted:
        assert done.status == 0 and done.out.startswith("root:"), done
    else:
        assert done.status == 125 and done.out == "", done
        assert done.err.endswith(
            ' "usr/bin/cat": it has file capabilities, which are never '
            "unpacked; build the image without `caps`\n") and done.err.count("\n") == 1, done


@pytest.mark.needs("mount", "root")
def test_a_loop_device_that_another_just_had_is_no_failure(own_squashfs,
                                                           scratch):
    """Opened or bound while the other is leaving it, it gives ENXIO."""
    def launch(*inject):
        done = run("strace", "-qq", "-o", scratch / "trace", "-e",
                   "trace=ioctl", *inject, LAUNCH, "-i", own_squashfs,
                   "--no-pin", "--", "true")
        return done, (scratch / "trace").read_text().splitlines()

    done, lines = launch()
    assert done.status == 0, done
    bound = next(number for number, line in enumerate(lines, 1)
                 if re.search("LOOP_(CONFIGURE|SET_FD)", line))
    done, lines = launch("-e", f"inject=ioctl:error=ENXIO:when={bound}")
    assert done.status == 0 and "INJECTED" in lines[bound - 1], (done, lines)


# --- who is trusted

def by_user(path):
    os.chown(path, 1000, 1000)


def by_mode(path):
    path.chmod(0o666)


def by_directory(path):
    path.parent.chmod(0o777)


def by_owner_of_directory(path):
    os.chown(path.parent, 1000, 1000)


SPOILT_FILES = [(by_user, "belongs neither to root nor to us"),
                (by_mode, "can be written by others")]
SPOILT_DIRECTORIES = [
    (by_directory, "can be written by others"),
    (by_owner_of_directory, "belongs neither to root nor to us")]


def assert_unpacked(scratch, own, words):
    assert look(scratch, "-i", own).status == 0
    report = report_of(scratch)
    assert report["from"] == "unpacked into a private directory"
    assert words in report["why_not_mounted"]


@pytest.mark.parametrize("spoil, words", SPOILT_FILES + SPOILT_DIRECTORIES)
@pytest.mark.needs("root", "the caller's files")
def test_an_image_of_others_is_unpacked(own, scratch, spoil, words):
    spoil(own)
    assert_unpacked(scratch, own, words)


@pytest.mark.parametrize("spoil, words", SPOILT_FILES)
@pytest.mark.needs("mount", "root")
def test_a_pin_is_not_used_once_its_image_may_change(own, scratch, spoil,
                                                     words):
    assert look(scratch, "-i", own).status == 0
    assert report_of(scratch)["from"] == PINNED
    spoil(own)
    assert_unpacked(scratch, own, words)


@pytest.fixture
def coarse(scratch):
    """A file system that notes times in seconds."""
    place, disk = scratch / "coarse", scratch / "disk"
    place.mkdir()
    disk.touch()
    os.truncate(disk, 1 << 30)  # what is pinned keeps its room
    made = run("mkfs.ext4", "-q", "-I", "128", disk)
    assert made.status == 0, made
    if run("mount", "-o", "loop", disk, place).status != 0:
        pytest.skip("no loop device can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("spoil, words", SPOILT_FILES)
@pytest.mark.needs("root")
def test_nor_where_its_ctime_stays_the_same(image, coarse, scratch, spoil,
                                            words):
    for _ in range(20):
        own = coarse / "own.tar"
        shutil.copy(image, own)
        own.chmod(0o644)
        before = own.stat().st_ctime_ns
        assert look(scratch, "-i", own).status == 0
        spoil(own)
        if own.stat().st_ctime_ns == before:
            break
        own.unlink()
    else:
        raise AssertionError("a second was always over")
    assert_unpacked(scratch, own, words)


@pytest.mark.parametrize("spoil, words", SPOILT_DIRECTORIES)
@pytest.mark.needs("our mounts", "mount", "root", "the caller's files")
def test_a_pin_is_of_a_file_and_not_of_a_name(own, scratch, spoil, words):
    """Who can put another file there chooses what is launched; only what was
    trusted when its pin was made is mounted."""
    before = own.parent.stat()
    for _ in range(5):  # a launcher elsewhere may remove the pin
        os.chown(own.parent, before.st_uid, before.st_gid)
        own.parent.chmod(before.st_mode)
        assert look(scratch, "-i", own).status == 0
        spoil(own)
        assert look(scratch, "-i", own).status == 0
        if report_of(scratch)["from"] == PINNED:
            break
    assert report_of(scratch)["from"] == PINNED
    other = own.with_name("other")
    other.write_bytes(own.read_bytes())
    other.rename(own)
    assert_unpacked(scratch, own, words)


@pytest.mark.needs("root")
def test_an_image_that_is_open_for_writing_is_unpacked(own, scratch):
    with open(own, "r+b"):
        assert look(scratch, "-i", own).status == 0
    assert "is open for writing" in report_of(scratch)["why_not_mounted"]


@pytest.mark.parametrize("offset, words", [
    (1024 + 4, "damaged (checksum)"), (1024 + 80, "features"),
    (1024 + 12, "features"), (1024, "no index")])
@pytest.mark.needs("root")
def test_a_superblock_that_lies_is_not_mounted(own, scratch, offset, words):
    with open(own, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0xff]))
    done = look(scratch, "-i", own)
    assert done.status == 0, done
    assert words in report_of(scratch)["why_not_mounted"]


@pytest.mark.needs("root")
def test_an_image_that_was_appended_to_is_not_mounted(own, scratch):
    with open(own, "ab") as file:
        file.write(bytes(10240))
    assert look(scratch, "-i", own).status == 0
    assert "another size" in report_of(scratch)["why_not_mounted"]


@pytest.mark.needs("mount", "root")
def test_a_changed_image_has_another_pin(own, scratch):
    def pins():
        inode = f"-{own.stat().st_ino}-"
        return [path.name for path in PINS.iterdir()
                if inode in path.name and path.suffix != ".of"]

    def motd():
        return look(scratch, "-i", own,
                    program='read -r line </etc/motd; echo "$line"').out

    assert motd() == "of the image\n"
    first = pins()
    assert motd() == "of the image\n"
    assert len(first) == 1 and pins() == first
    data = own.read_bytes()
    own.write_bytes(data.replace(b"of the image", b"of the enemy"))
    assert motd() == "of the enemy\n"
    assert len(pins()) == 1 and pins() != first


@pytest.mark.needs("our mounts", "mount", "root")
def test_a_pin_that_is_something_else_is_replaced(own, scratch):
    assert look(scratch, "-i", own).status == 0
    pin, = [path for path in PINS.iterdir()
            if f"-{own.stat().st_ino}-" in path.name and path.suffix != ".of"]
    subprocess.run(["mount", "-t", "tmpfs", "none", pin], check=True)
    assert look(scratch, "-i", own).status == 0
    assert report_of(scratch)["from"] == PINNED
    kinds = [line.split()[2] for line in open("/proc/mounts")
             if line.split()[1] == str(pin)]
    assert kinds == ["erofs"]


@pytest.mark.needs("our mounts", "mount", "root")
def test_twenty_launchers_make_one_pin(own):
    """Each would be slow to mount it, so that all find none."""
    slow = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=move_mount,mount",
            "-e", "inject=move_mount,mount:delay_enter=500000:when=1"]
    jails = [subprocess.Popen([*slow, LAUNCH, "-i", own, "--", "bash", "-c",
                               "echo"], stdout=subprocess.PIPE,
                              env=dict(os.environ,
                                       ASAN_OPTIONS="detect_leaks=0"))
             for _ in range(20)]
    assert [jail.communicate()[0] for jail in jails] == [b"\n"] * 20
    mounts = [line for line in open("/proc/mounts")
              if f"-{own.stat().st_ino}-" in line]
    assert len(mounts) == 1


def pin_of(path):
    st = path.stat()
    return PINS / f"{st.st_dev:x}-{st.st_ino}-{st.st_ctime_ns}-{st.st_size}"


def link_of(pin):
    return pin.with_name(pin.name + ".of")


def leave_link(pin, path):
    """What a launcher that was killed after its first step leaves."""
    link_of(pin).symlink_to(path)


def leave_directory(pin, path):
    leave_link(pin, path)
    pin.mkdir(0o700, exist_ok=True)


LEFT = [leave_link, leave_directory]


@pytest.mark.parametrize("leave", LEFT)
def test_prune_removes_half_made_pins(image, own, scratch, leave):
    assert look(scratch, "-i", image).status == 0  # there are pins
    pin = pin_of(own)

    def is_listed(words, *options):
        """A pin that another test makes may remove it at any moment."""
        if not link_of(pin).is_symlink():
            leave(pin, own)
        out = run(LAUNCH, "store", "list", *options).out
        return re.search(rf"{pin.name}{words}", out)

    assert wait_until(lambda: is_listed(r" .*  pin, unfinished\n"))
    assert wait_until(lambda: is_listed(
        rf'",\s*"bytes": {own.stat().st_size},\s*"mounted": false', "--json"))
    assert run(LAUNCH, "store", "prune").status == 0
    assert not pin.exists() and not link_of(pin).is_symlink()


@pytest.mark.parametrize("leave", LEFT)
@pytest.mark.needs("our mounts", "mount", "root")
def test_a_launch_finishes_a_half_made_pin(own, scratch, leave):
    leave(pin_of(own), own)
    assert look(scratch, "-i", own).status == 0
    assert report_of(scratch)["from"] == PINNED
    assert os.path.ismount(pin_of(own))


@pytest.mark.skipif(owner_of(0) != 0, reason="who is not root pins nothing, but "
                    "root's next launch beside us may")
def test_the_next_pin_removes_the_link_of_another(image, own, scratch):
    assert look(scratch, "-i", image).status == 0
    shutil.copy(own, scratch / "other.tar")
    leave_link(pin_of(scratch / "other.tar"), scratch / "other.tar")
    assert look(scratch, "-i", own).status == 0
    assert not link_of(pin_of(scratch / "other.tar")).is_symlink()


@pytest.mark.parametrize("delay, seen, why", [
    ("delay_enter", "F_SETSIG, SIGURG", "is open for writing"),
    ("delay_exit", "F_SETLEASE, F_RDLCK", "")], ids=["before", "after"])
@pytest.mark.needs("mount", "root")
def test_who_opens_an_image_to_write_while_it_is_checked(own, scratch, delay,
                                                         seen, why):
    """Before the lease is had, there is none to be had.  Later that breaks
    it, for which the kernel sends a signal; whoever opens the image waits
    until it is given back."""
    # with pins of its own: who makes one in another place, where this image is
    # not to be seen, would remove its pin, and the launch be tried again
    alone = ["unshare", "-m", "sh", "-c",
             'mount -t tmpfs none /run && exec "$@"', "sh"]
    # only at the beginning: to unpack takes more such calls
    slow = [*alone, "strace", "-o", scratch / "trace", "-e", "trace=fcntl", "-e",
            f"inject=fcntl:{delay}=300000:when=1..20"]
    # a sanitizer looks for leaks by ptrace, which has only one user
    with subprocess.Popen([*slow, LAUNCH, "-i", own, "--report",
                           scratch / "report", "--", "bash", "-c", "echo ran"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=dict(
                              os.environ,
                              ASAN_OPTIONS="detect_leaks=0")) as launcher:
        trace = scratch / "trace"
        wait_until(lambda: trace.exists() and seen in trace.read_text())
        with open(own, "r+b"):
            out, err = launcher.communicate(timeout=60)
    assert (launcher.returncode, out) == (0, "ran\n"), err
    root = report_of(scratch)
    if why:
        assert root["from"] == "unpacked into a private directory"
        assert why in root["why_not_mounted"]
    else:
        assert "--- SIGURG" in trace.read_text(), "the lease was not broken"
        assert root["from"] == PINNED, root


# --- squashfs

def make_squashfs(path):
    path.mkdir()
    manifest = path / "m.jail"
    manifest.write_text("use bash\nuse coreutils\ndir /mnt\n"
                        "text /etc/motd \"of the image\\n\"\n")
    done = run(BUILD / "jailbuild", manifest, "-o", path / "image.squashfs")
    assert done.status == 0, done


@pytest.fixture
def squashfs():
    return shared_once("mounts-squashfs", make_squashfs) / "image.squashfs"


@pytest.fixture
def own_squashfs(squashfs, scratch):
    path = scratch / "own.squashfs"
    shutil.copy(squashfs, path)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("option, origin", [
    ([], PINNED), (["--no-pin"], "a mount of its own")])
@pytest.mark.needs("our mounts", "ns-cgroup")
def test_a_squashfs_is_the_same_jail(image, own_squashfs, scratch, option,
                                     origin):
    tar = look(scratch, "-i", image, *option)
    done = look(scratch, "-i", own_squashfs, *option)
    report = report_of(scratch)
    assert report["from"] == origin and report["by_loop"] is True, report
    assert report["method"] != "chroot"
    assert (done.status, done.out, done.err) == (0, tar.out, tar.err)
    assert "read-only\n" in done.out and "tmp\nhome\n" in done.out
    if option:
        assert wait_until(lambda: not loops_of(own_squashfs))
    else:  # the pin's, until that is removed
        assert len(loops_of(own_squashfs)) == 1
        look(scratch, "-i", own_squashfs)
        assert len(loops_of(own_squashfs)) == 1
        assert run(LAUNCH, "store", "prune", "--all", "--store",
                   scratch / "none").status == 0
        own_squashfs.rename(scratch / "gone")
        assert run(LAUNCH, "store", "prune").status == 0
        assert wait_until(lambda: not loops_of(scratch / "gone"))


ONLY_BASH = "bin bash\nuser jailuser uid=1000\nrun-as jailuser\n"


@pytest.mark.parametrize("more, words", [
    ("", None), ("omit /dev\n", "it has no /dev")])
@pytest.mark.needs("mount", "root")
def test_an_image_has_a_dev_whatever_its_manifest_says(scratch, more, words):
    """To mount on; else each launch would unpack it, or refuse a squashfs."""
    manifest = scratch / "m.jail"
    manifest.write_text(ONLY_BASH + more)
    for suffix in ("tar", "squashfs"):
        image = scratch / f"own.{suffix}"
        done = run(BUILD / "jailbuild", manifest, "-o", image)
        assert done.status == 0, done
        done = look(scratch, "-i", image, program="echo x >/dev/null")
        if words and suffix == "squashfs":
            refused_squashfs(done, words)
            continue
        assert (done.status, done.err) == (0, ""), done
        assert report_of(scratch)["from"] == (
            "unpacked into a private directory" if words else PINNED)
        assert report_of(scratch).get("why_not_mounted") == words


@pytest.mark.parametrize("attempt, refusal", [
    ("write_image", "EROFS"), ("mount_bind", "EPERM"),
    ("second_chroot", "SIGSYS"), ("mknod_char", "EPERM")])
def test_a_squashfs_denies_the_same(scratch, attempt, refusal):
    nodes = [Node("d", b"/", 0o755), Node("d", b"/dev", 0o755),
             Node("d", b"/tmp", 0o1777), Node("d", b"/bin", 0o777),
             Node("d", b"/etc", 0o777), Node("f", b"/etc/passwd", 0o666),
             Node("f", b"/attempt", 0o755,
                  file=str(BUILD / "escape" / attempt))]
    done = write(nodes, scratch / "image.squashfs")
    assert done.status == 0, done
    done = run(LAUNCH, "-i", scratch / "image.squashfs", "-u", "1000",
               "--no-pin", "--report", scratch / "report", "--", "/attempt",
               "/nowhere")
    assert report_of(scratch)["by_loop"] is True
    assert (refusal == "SIGSYS" and done.status == 128 + signal.SIGSYS) or \
        (done.status == 1 and done.out.endswith(f": {refusal}\n")), done


def refused_squashfs(done, why):
    assert done.status == 125 and done.out == "", done
    assert done.err.count("\n") == 1 and "can only be mounted" in done.err
    assert why in done.err and "jailbuild -o NAME.tar" in done.err, done


@pytest.mark.parametrize("call, error, why", [
    ("ioctl", "ENODEV", "no loop device: No such device"),
    ("fsopen", "ENODEV", "squashfs: No such device"),
    ("fsopen,mount", "ENOSYS", "squashfs: Function not implemented")])
@pytest.mark.needs("mount-calls")
def test_a_squashfs_that_cannot_be_mounted(own_squashfs, call, error, why):
    for option in ([], ["--no-pin"]):
        refused_squashfs(run(*without(call, error), LAUNCH, "-i", own_squashfs,
                             *option, "--", "bash", "-c", "echo ran"), why)
    assert wait_until(lambda: not loops_of(own_squashfs))


def test_a_squashfs_that_must_not_be_mounted(own_squashfs):
    def launch(*argv, **kw):
        return run(LAUNCH, "-i", own_squashfs, *argv, "--", "bash", "-c",
                   "echo ran", **kw)

    refused_squashfs(launch("--copy", "/etc/passwd:/etc/passwd"),
                     "--copy changes it")
    refused_squashfs(launch(**ordinary_user()), "only root can")
    own_squashfs.chmod(0o666)
    refused_squashfs(launch(), "can be written by others")
    own_squashfs.chmod(0o644)
    with open(own_squashfs, "r+b") as file:
        file.seek(28)
        file.write(b"\xff")
    refused_squashfs(launch(), "superblock is damaged")


# --- by the file itself, by a loop device, or not

@pytest.mark.needs("root")
def test_a_kernel_before_6_4_mounts_no_tar(own, scratch):
    """By the number that it tells; the jail is the same, unpacked."""
    before = "setarch", "--uname-2.6"
    assert run(*before, "uname", "-r").out.startswith("2.6.")
    why = "EROFS with blocks of 512 bytes needs Linux 6.4"
    for option in ([], ["--no-pin"]):
        done = run(*before, LAUNCH, "-i", own, *option, "--explain")
        assert f"unpacked because  {why}\n" in done.out, done
        done = look(scratch, "-i", own, *option, before=before)
        assert done.status == 0, done
        report = report_of(scratch)
        assert report["from"] == "unpacked into a private directory", report
        assert report["why_not_mounted"] == why, report


@pytest.mark.needs("mount-calls", "mount", "root")
def test_an_image_on_a_disk_is_mounted_without_a_loop_device(image, coarse,
                                                             scratch):
    rows = json.loads(run(LAUNCH, "doctor", "--json").out)["primitives"]
    file = next(row for row in rows if row["name"] == "erofs-file")
    if not file["ok"]:
        pytest.skip("a file itself cannot be mounted here")
    own = coarse / "own.tar"
    shutil.copy(image, own)
    own.chmod(0o644)
    for option, origin in ((["--no-pin"], "a mount of its own"),
                           ([], PINNED)):
        assert look(scratch, "-i", own, *option).status == 0
        report = report_of(scratch)
        assert report["from"] == origin, report
        assert not report.get("by_loop"), report
        assert not loops_of(own)


def on_tmpfs(place):
    return "tmpfs", "mode=755"


def on_overlayfs(place):
    """Of a tmpfs, as the tests may be on an overlayfs themselves."""
    below = place.parent / "below"
    below.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", below],
                   check=True)
    for name in ("lower", "upper", "work"):
        (below / name).mkdir(mode=0o755)
    return "overlay", ",".join([f"lowerdir={below}/lower",
                                f"upperdir={below}/upper",
                                f"workdir={below}/work"])


@pytest.mark.parametrize("kind", [on_tmpfs, on_overlayfs])
@pytest.mark.needs("mount", "root")
def test_an_image_on_another_is_mounted_by_a_loop_device(own, scratch, kind):
    place = scratch / "memory"
    place.mkdir()
    form, options = kind(place)
    subprocess.run(["mount", "-t", form, "-o", options, "none", place],
                   check=True)
    try:
        shutil.copy(own, place / "image.tar")
        assert look(scratch, "-i", own, "--no-pin").status == 0
        assert report_of(scratch)["from"] == "a mount of its own"
        done = look(scratch, "-i", place / "image.tar", "--no-pin")
        assert done.status == 0, done
        report = report_of(scratch)
        assert report["from"] == "a mount of its own" and report["by_loop"]
        assert wait_until(
            lambda: str(place) not in run("losetup", "-a").out)
    finally:
        for path in (place, place.parent / "below"):
            if path.is_mount():
                subprocess.run(["umount", path], check=True)


# --- options

def test_bind(image, scratch):
    (scratch / "file").write_text("of the host\n")
    program = 'read -r line <$0/file; echo "$line"; echo x >$0/new || echo no'
    for option, words in (("", "of the host\nno\n"),
                          (":ro", "of the host\nno\n"),
                          (":rw", "of the host\n")):
        scratch.chmod(0o777)
        done = run(LAUNCH, "-i", image, "--bind", f"{scratch}:/mnt{option}",
                   "--", "bash", "-c", program, "/mnt")
        assert done.out == words, done
    assert (scratch / "new").read_text() == "x\n"
    done = run(LAUNCH, "-i", image, "--bind", f"{scratch}/file:/etc/motd",
               "--bind", f"{scratch}:/tmp/a/b", "--", "bash", "-c",
               'read -r a </etc/motd; echo "$a"; ' + program, "/tmp/a/b")
    assert done.out == "of the host\nof the host\nno\n", done


@pytest.mark.parametrize("name, option, status, words", [
    ("script", "", 127, "/mnt mounts, or the jail lacks what it needs"),
    ("none", "", 127, "no such file in what --bind"),
    ("closed", "", 126, "not to be executed by uid 1000: by its mode"),
    ("text", "", 126, "/mnt/text: Exec format error"),
    ("script", ":noexec", 126, ":noexec is noexec")])
def test_a_program_that_is_bound_and_cannot_be_executed(image, scratch, name,
                                                        option, status, words):
    """All were told as "no such file in the jail: it has no /mnt/..."."""
    scratch.chmod(0o755)
    for file, text, mode in (("script", "#!/nowhere\n", 0o755),
                             ("closed", "#!/bin/bash\n", 0o644),
                             ("text", "\0text\n", 0o755)):
        (scratch / file).write_text(text)
        (scratch / file).chmod(mode)
    done = run(LAUNCH, "-i", image, "-u", "1000", "--bind",
               f"{scratch}:/mnt{option}", "--", f"/mnt/{name}")
    assert done.status == status and words in done.err, done
    assert done.err.count("\n") == 1, done


@pytest.mark.parametrize("argv, words", [
    (["--bind", "/etc:/nowhere"], "/nowhere is not in the image"),
    (["--bind", "/nowhere/x:/mnt"], "/nowhere/x: No such file"),
    (["--bind", "/etc"], "is not SRC:DST"),
    (["--bind", "/etc:mnt"], "absolute path"),
    (["--bind", "/etc:/mnt:wr"], '"wr" is none of ro, rw and noexec'),
    (["--bind", "/etc:/mnt:"], '"" is none of ro, rw and noexec'),
    (["--bind", "/etc:/mnt:rw,exec"], '"exec" is none of'),
    (["--bind", "/etc:/mnt/../etc"], 'without "."'),
    (["--bind", "/etc:/bin"], "a link"),
    (["--bind", "/etc:/bin/x"], "a link of the image is on the way"),
    (["--bind", "/etc/passwd:/mnt"], "/mnt: in the image it is a directory"),
    (["--tmpfs", "/mnt:much"], "is not a size"),
    (["--tmpfs", "/mnt", "--bind", "/etc:/mnt"], "is mounted already"),
    (["--writable", "--persist", "/nowhere/x"], "one, not both"),
    (["--exec", "--persist", "/nowhere/x"], "nobody would be left to keep"),
    (["--persist", "/etc"],
     f"remove it, or give it to uid {owner_of(0)} with mode 700"),
    (["--writable=1"], "out of range")])
def test_options_that_are_refused(image, argv, words):
    done = run(LAUNCH, "-i", image, *argv, "--", "bash", "-c", "echo ran")
    assert done.status == 125 and done.out == "", done
    assert done.err.count("\n") == 1 and words in done.err, done


FILL = 'x=$(printf %65536s); for i in {1..64}; do printf %s "$x" || break; ' \
       'done >$0/big 2>/dev/null; stat -c %s $0/big'


def test_sizes_are_limits(image):
    for argv, place in ((["--limit", "tmp=1M"], "/tmp"),
                        (["--tmpfs", "/mnt:1M"], "/mnt"),
                        (["--writable=1M"], "/home/jailuser")):
        user = ["-u", "0", "--allow-root"] if place == "/mnt" else []
        done = run(LAUNCH, "-i", image, *argv, *user, "--", "bash", "-c", FILL,
                   place)
        assert 900_000 < int(done.out) <= 1 << 20, (argv, done)


def test_writable_is_gone_and_persist_is_kept(image, scratch):
    program = "ls ~; echo x >~/kept && echo wrote"
    for _ in range(2):
        done = run(LAUNCH, "-i", image, "--writable", "--", "bash", "-c",
                   program)
        assert done.out == "wrote\n", done
    keep = ["-i", image, "--persist", scratch / "keep"]
    assert run(LAUNCH, *keep, "--", "bash", "-c", program).out == "wrote\n"
    assert run(LAUNCH, *keep, "--", "bash", "-c", program).out == \
        "kept\nwrote\n"
    assert stat.S_IMODE((scratch / "keep").stat().st_mode) == 0o700
    with subprocess.Popen([LAUNCH, *keep, "--", "bash", "-c",
                           "echo; read line"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        done = run(LAUNCH, *keep, "--", "bash", "-c", "echo ran")
        assert "another jail is using it" in done.err, done
        first.communicate(b"\n")


@pytest.mark.needs("mount")
def test_persist_is_locked_as_long_as_the_jail_is_there(image, scratch):
    """The supervisor is killed, and the keeper has not ended the jail yet."""
    keep = ["-i", image, "--persist", scratch / "keep"]
    with subprocess.Popen([LAUNCH, *keep, "--", "bash", "-c", "echo; read x"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        # A stopped one would go on: its process group is an orphan then.
        with subprocess.Popen(["strace", "-p", str(keeper_of(first.pid)), "-e",
                               "trace=kill", "-e",
                               "inject=kill:delay_enter=3000000"],
                              stderr=subprocess.PIPE, text=True) as tracer:
            assert "attached" in tracer.stderr.readline()
            first.kill()
            first.wait()
            done = run(LAUNCH, *keep, "--", "true")
            assert "another jail is using it" in done.err, done
            tracer.stderr.read()
    assert eventually(lambda: run(LAUNCH, *keep, "--", "true").status == 0)


@pytest.mark.needs("mount")
def test_only_the_jail_stands_in_its_mounts(image):
    """Who else does would keep them when it has ended."""
    def place(pid, name):
        found = os.stat(f"/proc/{pid}/{name}")
        return found.st_dev, found.st_ino

    with subprocess.Popen([LAUNCH, "-i", image, "--writable", "--", "bash",
                           "-c", "echo; read x"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as jail:
        jail.stdout.readline()
        keeper = keeper_of(jail.pid)
        root = place(child_of(keeper), "root")
        assert root == place(child_of(keeper), "cwd")
        assert root not in (place(jail.pid, "cwd"), place(keeper, "cwd"),
                            place(keeper, "root"))
        jail.communicate(b"\n")


@pytest.mark.parametrize("options", [(), ("--writable",), ("--ns", "mnt")])
@pytest.mark.needs("mount", "ns-mnt")
def test_the_program_is_born_in_its_root(image, options):
    """And may enter it late."""
    done = run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=chroot",
               "-e", "inject=chroot:delay_enter=300000", LAUNCH, "-i", image,
               *options, "--", "bash", "-c",
               "pwd; cat /etc/motd; echo x >/tmp/x && cat /tmp/x; cd ..; pwd; "
               "test -c /dev/null && echo null")
    assert (done.status, done.out, done.err) == (
        0, "/\nof the image\nx\n/\nnull\n", ""), done


@pytest.mark.needs("mount-calls", "ids")
def test_a_directory_is_left_alone_unless_mounts_are_asked_for(image, scratch):
    root = scratch / "root"
    root.mkdir()
    subprocess.run(["tar", "-xf", image, "-C", root], check=True)
    done = look(scratch, "-r", root, "-u", "jailuser")
    assert report_of(scratch)["method"] == "chroot"
    assert (root / "tmp/x").exists()
    (root / "tmp/x").unlink()
    done = look(scratch, "-r", root, "-u", "jailuser", "--tmpfs", "/mnt")
    assert report_of(scratch)["method"] == FIRST, done
    assert not (root / "tmp/x").exists()
    done = look(scratch, "-r", root, "-u", "jailuser", "--tmpfs", "/mnt",
                before=without("unshare,move_mount,mount"))
    assert done.status == 125 and "attach a mount" in done.err, done


def test_copies_into_tmp_are_seen(image, scratch):
    (scratch / "file").write_text("copied\n")
    done = run(LAUNCH, "-i", image, "--copy", f"{scratch}/file:/tmp/file",
               "--", "bash", "-c", "cat /tmp/file; echo x >/tmp/x && echo wrote")
    assert done.out == "copied\nwrote\n", done


def test_devices_are_those_that_were_asked_for(image):
    for argv, names in (([], "full null random urandom zero"),
                        (["--dev", "null,tty"], "null tty"),
                        (["--dev", "none"], "")):
        done = run(LAUNCH, "-i", image, *argv, "--", "bash", "-c",
                   "cd /dev; ls")
        assert done.out.split() == names.split(), (argv, done)


@pytest.mark.parametrize("name", ["tmp", "home", "dev"])
def test_links_do_not_say_what_is_mounted_where(scratch, name):
    """/tmp, /home and /dev of a hostile image lead to its /etc."""
    root = scratch / "root"
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    for other in {"tmp", "home", "dev"} - {name}:
        (root / other).mkdir()
    (root / name).symlink_to("/etc")
    (root / "etc/mark").write_text("here\n")
    (root / "etc/passwd").write_text("u:x:1000:1000::/home/u:/bin/sh\n")
    (root / "etc/u").mkdir()
    os.chown(root / "etc/u", 1000, 1000)
    add_program(root, shutil.which("busybox"), "bin/busybox")
    for applet in ("sh", "cat", "ls"):
        (root / "bin" / applet).symlink_to("busybox")
    done = run(LAUNCH, "-r", root, "-u", "u", "--writable", "--", "/bin/sh",
               "-c", "cat /etc/mark && echo $(ls /etc)")
    assert done.out == "here\nmark passwd u\n", done


def test_need_shm(image, scratch):
    (scratch / "spec").write_text("need shm\nrun-as jailuser\n")
    done = run(LAUNCH, "-i", image, "--spec", scratch / "spec", "--limit",
               "tmp=1M", "--", "bash", "-c", FILL, "/dev/shm")
    assert 900_000 < int(done.out) <= 1 << 20, done


TERMINALS = """
import os, pty, stat, termios, tty
master, slave = pty.openpty()
name = os.ttyname(slave)
tty.setraw(slave)
os.write(master, b"typed")
print(name, os.read(slave, 9), sorted(os.listdir("/dev/pts")),
      oct(os.stat("/dev/pts/ptmx").st_mode & 0o777),
      oct(os.stat(name).st_mode & 0o777), os.stat(name).st_uid,
      os.readlink("/dev/ptmx"), flush=True)
pid, fd = pty.fork()
if pid == 0:
    print(os.ttyname(0), os.getpgrp() == os.tcgetpgrp(0), flush=True)
    os._exit(0)
print(os.read(fd, 99), sorted(os.listdir("/dev")))
"""


def make_python(path):
    path.mkdir()
    (path / "m.jail").write_text("use python3\nneed shm pts\n")
    for name in ("image.tar", "root/"):
        done = run(BUILD / "jailbuild", path / "m.jail", "-o",
                   f"{path}/{name}")
        assert done.status == 0, done


@pytest.mark.parametrize("missing", [
    "", "mount_setattr", "open_tree,fsopen", "open_tree,fsopen,unshare"])
@pytest.mark.parametrize("option", [(), ("--writable",), ("--no-pin",)])
def test_need_pts(missing, option):
    """Terminals of the jail's own: those of the host are not to be seen."""
    path = shared_once("mounts-python", make_python)
    done = run(*(without(missing, "ENOSYS") if missing else ()), LAUNCH, "-i",
               path / "image.tar", *option, "--", "python3", "-c", TERMINALS)
    assert (done.status, done.err, done.out) == (
        0, "", "/dev/pts/0 b'typed' ['0', 'ptmx'] 0o666 0o620 1000 pts/ptmx\n"
        "b'/dev/pts/1 True\\r\\n' ['full', 'null', 'ptmx', 'pts', 'random', "
        "'shm', 'urandom', 'zero']\n"), done


def test_need_pts_of_a_directory(scratch):
    root = shared_once("mounts-python", make_python) / "root"
    (scratch / "spec").write_text("need pts\nrun-as jailuser\n")
    argv = ["-r", root, "--spec", scratch / "spec", "--", "python3", "-c",
            "import os; print(os.listdir('/dev/pts'))"]
    done = run(LAUNCH, *argv)
    assert done.status == 125 and done.err.endswith(
        "has no /dev/pts to mount it on\n"), done
    try:
        (root / "dev/pts").mkdir()
        assert run(LAUNCH, *argv).out == "['ptmx']\n"
    finally:
        (root / "dev/pts").rmdir()


def test_need_pts_where_nothing_can_be_mounted(scratch):
    image = shared_once("mounts-python", make_python) / "image.tar"
    for missing, words in (("unshare,move_mount,mount", "attach a mount"),
                           ("fsopen,mount", "make a tmpfs")):
        done = run(*without(missing), LAUNCH, "-i", image, "--", "python3",
                   "-c", "print('ran')")
        assert done.status == 125 and done.out == "", done
        assert done.err.count("\n") == 1 and words in done.err, done
        assert "need shm, need pts: mounts, which cannot be made here" in \
            done.err, done


@pytest.mark.parametrize("options, words", [
    (["--tmpfs", "/tmp"], "--tmpfs"), (["--bind", "/etc:/tmp"], "--bind"),
    (["--bind", "/etc:/tmp", "--tmpfs", "/home"], "--tmpfs, --bind"),
    (["--writable"], "--writable"), (["--read-only"], "--read-only"),
    (["--limit", "tmp=1M", "--ns", "mnt"], "--ns mnt, limit tmp")])
@pytest.mark.parametrize("in_place", [(), ("--exec",)])
def test_an_option_that_wants_mounts_where_there_are_none(
        in_place, options, words):
    done = run(*without("unshare,move_mount,open_tree,fsopen,mount"), LAUNCH,
               *in_place, "-r", busybox_root(), "-u", 1000, *options, "--",
               "/bin/echo", "ran")
    assert (done.status, done.out) == (125, ""), done
    assert done.err.startswith(
        f"jaillaunch: {words}: mounts, which cannot be made here (") and \
        done.err.count("\n") == 1, done


@pytest.mark.needs("mount", "root")
def test_device_nodes_of_an_image_do_not_work(scratch):
    """Root's file need not be root's work."""
    (scratch / "a.c").write_text(
        '#include <stdio.h>\n#include <fcntl.h>\n'
        'int main(void) { int fd = open("/node", O_RDONLY); '
        'perror("open"); return fd < 0; }\n')
    subprocess.run(["gcc", "-static", "-o", scratch / "a", scratch / "a.c"],
                   check=True)
    nodes = [Node("d", b"/", 0o755), Node("d", b"/dev", 0o755),
             Node("d", b"/tmp", 0o1777), Node("d", b"/bin", 0o755),
             Node("c", b"/node", 0o666, device=(1, 3)),
             Node("f", b"/bin/attempt", 0o755,
                  file=str(scratch / "a"))]
    done = write(nodes, scratch / "image.tar")
    assert done.status == 0, done
    for option in ([], ["--writable"], ["--no-pin"]):
        done = run(LAUNCH, "-i", scratch / "image.tar", "-u", 1000, *option,
                   "--report", scratch / "report", "--", "/bin/attempt")
        assert "mount" in report_of(scratch)["from"], report_of(scratch)
        assert done.err == "open: Permission denied\n", done


@pytest.mark.needs("mount", "ns-mnt", "root")
def test_the_hosts_mounts_are_gone_from_the_namespace(image):
    for missing, is_gone in (("mount_setattr", True),
                             ("mount_setattr,pivot_root", False)):
        argv = [*without(missing, "ENOSYS"), LAUNCH, "-i", image, "--",
                "bash", "-c", "echo; read line"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as jail:
            jail.stdout.readline()
            keeper, = run("pgrep", "-P", jail.pid).out.split()
            kinds = [line.split(" - ")[1].split()[0] for line in
                     open(f"/proc/{keeper}/mountinfo")]
            jail.communicate(b"\n")
        assert (set(kinds) == {"tmpfs", "erofs"}) == is_gone, kinds


@pytest.mark.needs("mount-calls", "mount", "root")
def test_no_mount_of_the_host_is_reached_from_a_detached_root(image):
    """The kernel lists the mounts below a process's root: there are none of
    its namespace, and nothing is above it."""
    with subprocess.Popen([LAUNCH, "-i", image, "--", "bash", "-c",
                           "echo; read line"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as jail:
        jail.stdout.readline()
        keeper, = run("pgrep", "-P", jail.pid).out.split()
        program, = run("pgrep", "-P", keeper).out.split()
        with open(f"/proc/{program}/mountinfo", encoding="utf-8") as file:
            reached = file.read()
        root = os.listdir(f"/proc/{program}/root")
        above = os.listdir(f"/proc/{program}/root/../..")
        jail.communicate(b"\n")
    assert reached == "" and above == root


@pytest.mark.parametrize("missing", [
    "", "unshare", "unshare,move_mount", "move_mount"])
@pytest.mark.needs("mount", "root")
def test_no_user_namespace_in_a_jail_even_without_seccomp(image, missing):
    done = run(*(without(missing) if missing else ()), LAUNCH, "-i", image,
               "-I", "--bind", f"{BUILD}/escape/userns_unshare:/tmp/attempt",
               "--", "/tmp/attempt")
    assert done.status == 1 and "EPERM" in done.out, done


# --- nothing is left

def mounts():
    """Without those that are kept for later launches, and those that other
    tests make meanwhile in their own directories."""
    kept = ("/run/jailwright/pins/", "/run/jailwright/devices/",
            f"{tempfile.gettempdir()}/jailtest")
    return {line for line in open("/proc/self/mountinfo")
            if not line.split()[4].startswith(kept) and
            ("jail" in line or re.search(" /proc/[0-9]", line))}


def loops_of(path):
    """The loop devices of a file, by what the kernel says."""
    inode = os.stat(path)
    found = []
    for line in run("losetup", "-l", "-n", "-O",
                    "NAME,BACK-INO,BACK-FILE").out.splitlines():
        name, number, file = [*line.split(None, 2), "", ""][:3]
        if not file:
            continue  # one that is just being detached
        if int(number) == inode.st_ino and pathlib.Path(
                file.split(" (")[0]).name.startswith(path.stem):
            found.append(name)
    return found


def in_jail(marker):
    return run("pgrep", "-f", marker).out.split()


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


CONFIGURE = "ioctl:0x4c0a"  # LOOP_CONFIGURE
KILLS = 240 if os.environ.get("JAIL_SOAK") else 36  # of each of ten cases


def children_of(pid):
    """Without a process of our own, which would take longer than a launch."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_some(argv, which, moment):
    """SIGKILL: the launcher, its keeper, both, or the jail's first process;
    the launcher where the others are not there yet."""
    end = time.monotonic() + moment
    with subprocess.Popen(argv, process_group=0) as jail:
        time.sleep(max(0, end - time.monotonic()))
        keepers = children_of(jail.pid)
        victims = [[jail.pid], keepers, [jail.pid, *keepers],
                   [pid for keeper in keepers for pid in children_of(keeper)]]
        kill_all(victims[which] or [jail.pid])
        if not wait_until(lambda: jail.poll() is not None, 2):
            jail.kill()


def moments_of(launch, prepare, n):
    """n moments spread over the time that a launch takes, closer together at
    its beginning, when the pin is made."""
    took = []
    for _ in range(3):
        prepare()
        start = time.monotonic()
        assert run(*launch, ":").status == 0
        took.append(time.monotonic() - start)
    moments = [sorted(took)[1] * ((i + random.random()) / n) ** 2
               for i in range(n)]
    random.shuffle(moments)
    return moments


def pins_of(path):
    """What is there of all pins that the file ever had."""
    st = path.stat()
    return [name for name in os.listdir(PINS)
            if name.startswith(f"{st.st_dev:x}-{st.st_ino}-")]


@pytest.mark.parametrize("missing", [
    "", "unshare", "unshare,move_mount", f"open_tree,fsopen,{CONFIGURE}",
    f"open_tree,fsopen,unshare,{CONFIGURE}"])
@pytest.mark.parametrize("form", ["own", "own_squashfs"])
def test_kills_leave_nothing(form, request, scratch, missing):
    """No process, no mount but the pin, no loop device but the pin's, nothing
    half-made after a prune."""
    path = request.getfixturevalue(form)
    marker = f"sleep {random.randrange(10**6, 10**7)}"
    before = mounts()
    lacking = without(missing, "ENOSYS") if missing else ()
    n_unfinished = 0
    for options, prepare in (([], path.touch), ([], lambda: None),
                             (["--no-pin"], lambda: None)):
        launch = [*lacking, LAUNCH, "-i", path, *options, "--", "bash", "-c"]
        for i, moment in enumerate(moments_of(launch, prepare, KILLS // 3)):
            prepare()
            kill_some([*launch, marker], i % 4, moment)
            n_unfinished += not os.path.ismount(pin_of(path))
    assert n_unfinished > 0, "no kill came early enough to show anything"
    assert wait_until(lambda: not in_jail(marker)), in_jail(marker)
    if CONFIGURE in missing or COLUMN:
        # a loop device that was bound by halves, and a private directory
        # whose guard was killed too: the next launch of their kind sees to it
        assert look(scratch, "-i", path, "--no-pin", before=lacking,
                    program=":").status == 0
    assert wait_until(lambda: mounts() <= before), mounts() - before
    kept = [line for line in open("/proc/mounts")
            if any(f"/{name} " in line for name in pins_of(path)) and
            line.startswith("/dev/loop")]
    assert wait_until(lambda: len(loops_of(path)) == len(kept)), (
        kept, loops_of(path))
    path.rename(scratch / "gone")
    assert run(LAUNCH, "store", "prune").status == 0
    assert not pins_of(scratch / "gone")
    assert wait_until(lambda: not loops_of(scratch / "gone"))


@pytest.mark.needs("our mounts", "mount-calls", "mount", "root")
def test_prune_removes_the_devices_too(image):
    """In mounts of our own: other tests' launches would make them anew.  Those
    that stand below are covered, but still listed."""
    count = "grep -c /run/jailwright/devices /proc/self/mountinfo"
    script = (f'mount --make-rprivate / && mount -t tmpfs none /run && {count};'
              f'"$1" -i "$2" -- true && {count};'
              f'"$1" store prune && {count}; ls -A /run/jailwright/devices')
    done = run("unshare", "--mount", "sh", "-c", script, "sh", LAUNCH, image)
    before, held, after = map(int, done.out.split())
    assert (held - before, after - before) == (1, 0), done
    assert (done.status, done.err) == (0, ""), done
