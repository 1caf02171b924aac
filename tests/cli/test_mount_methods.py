"""Every way in which a root is made, the ways before it made to fail: the same
jail by each of them, whatever the image is, with every option."""

import fcntl
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from conftest import BUILD, IS_SANITIZED, owner_of, run, shared_once
from processes import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="mounts need root")
LAUNCH = BUILD / "jaillaunch"
DETACHED, NAMESPACE, OLD_NAMESPACE, ATTACHED, CHROOT = ORDER = [
    "detached mounts", "mount namespace", "mount namespace by mount(2)",
    "mounts attached for a moment", "chroot"]
# What Linux has had since 5.2, but for LOOP_CONFIGURE, of 5.8.
SINCE_5_2 = "open_tree,move_mount,fsopen,fsconfig,fsmount,mount_setattr," \
    "openat2,close_range,pidfd_open,clone3,ioctl:0x4c0a"
PINNED = "a mount that the image's jails share"
UNPACKED = "unpacked into a private directory"
METHODS = [
    ("all", "", DETACHED),
    ("no-old", "unshare,mount,pivot_root", DETACHED),
    # of an older kernel: flags cannot be set on what is nowhere
    ("5.11", "mount_setattr", NAMESPACE),
    ("5.11-initramfs", "mount_setattr,pivot_root", NAMESPACE),
    ("no-move", "move_mount", OLD_NAMESPACE),
    ("4.14", SINCE_5_2, OLD_NAMESPACE),
    ("4.14-initramfs", SINCE_5_2 + ",pivot_root", OLD_NAMESPACE),
    ("5.11-no-namespace", "mount_setattr,unshare", ATTACHED),
    ("4.14-no-namespace", SINCE_5_2 + ",unshare", ATTACHED),
    ("nothing", "unshare,move_mount,mount", CHROOT),
]
MOUNTED = [row for row in METHODS if row[2] != CHROOT]


def method_of(method):
    """Who is not root has one way only."""
    return OLD_NAMESPACE if owner_of(0) else method


def every(rows):
    return pytest.mark.parametrize("missing, method",
                                   [row[1:] for row in rows],
                                   ids=[row[0] for row in rows])


def make_images(path):
    path.mkdir()
    (path / "m.jail").write_text("use bash\nuse coreutils\ndir /mnt\n"
                                 "text /etc/motd \"of the image\\n\"\n")
    for suffix in ("tar", "tar.zst", "squashfs"):
        done = run(BUILD / "jailbuild", path / "m.jail", "-o",
                   path / f"image.{suffix}")
        assert done.status == 0, done


@pytest.fixture
def images():
    return shared_once("methods-images", make_images)


def launch(missing, *argv, program=":", before=()):
    """The image comes last in argv, or -r and a directory."""
    tool = [BUILD / "tools/without", f"{missing}=ENOSYS"] if missing else []
    return run(*before, *tool, LAUNCH, *argv, "--", "bash", "-c", program)


def report_of(scratch):
    return json.loads((scratch / "report").read_text())["root"]


LOOK = """exec 2>&1
read -r line </etc/motd && echo "$line"
shopt -s globstar dotglob
dirs=() files=()
for name in / /**; do
	[ -d $name ] && [ ! -L $name ] && dirs+=($name) || files+=($name)
done
stat -c '%F %a %u %g %n' "${dirs[@]}"
stat -c '%F %a %u %g %h %s %Y %t %T %N' "${files[@]}"
echo x >/tmp/x && echo tmp
echo x >~/x && echo home
echo x >/new || echo read-only
echo x >/dev/x || echo no node
echo x >/dev/null && echo null
"""


def what_differs(one, other):
    """The times of the jail's own devices left out."""
    def lines(text):
        return {re.sub(r"(^character.* 0) \d+ ", r"\1 ", line)
                for line in text.splitlines()}

    return lines(one) ^ lines(other)


def without_capabilities(*names):
    """Root as container engines have it."""
    return ("setpriv", "--inh-caps=-all",
            "--bounding-set=" + ",".join(f"-{name}" for name in names))


@pytest.mark.parametrize("name", ["image.tar", "image.tar.zst"])
@pytest.mark.needs("root")
def test_root_of_a_container_may_not_mount(images, scratch, name):
    """Nor enter any namespace, its own included."""
    argv = ["-i", images / name, "--store", "none", "--report",
            scratch / "report"]
    before = without_capabilities("sys_admin")
    for pinned in (False, True):
        if pinned:
            launch("", *argv)
        done = launch("", *argv, program=LOOK, before=before)
        assert done.status == 0, done
        for word in ("of the image\n", "tmp\nhome\n", "read-only\n",
                     "no node\n", "null\n"):
            assert word in done.out, done
        report = report_of(scratch)
        assert (report["method"], report["from"]) == (CHROOT, UNPACKED)


@pytest.mark.needs("root")
def test_root_of_a_container_may_not_make_devices(images):
    before = without_capabilities("sys_admin", "mknod")
    argv = ["-i", images / "image.tar"]
    done = launch("", *argv, before=before)
    assert (done.status, done.err) == (
        125, "jaillaunch: make /dev/null (--dev none does without): Operation "
             "not permitted\n"), done
    done = launch("", *argv, "--dev", "none", before=before,
                  program="echo /dev/*")
    assert (done.status, done.out) == (0, "/dev/*\n"), done


@every(METHODS)
@pytest.mark.needs("mount-calls", "ns-mnt", "mount", "root")
def test_the_same_jail_by_every_method(images, scratch, missing, method):
    argv = ["-i", images / "image.tar", "--report", scratch / "report"]
    launch("", *argv)  # the pin is there
    plain = launch("", *argv, program=LOOK)
    assert report_of(scratch)["method"] == DETACHED
    for word in ("of the image\n", "tmp\nhome\n", "read-only\n", "no node\n"):
        assert word in plain.out, plain
    done = launch(missing, *argv, program=LOOK)
    report = report_of(scratch)
    assert report["method"] == method, report
    assert report["from"] == (UNPACKED if method == CHROOT else PINNED)
    assert done.status == plain.status == 0
    if method == CHROOT:  # no file system of its own, and other numbers
        assert "read-only\n" in done.out and "tmp\nhome\n" in done.out
    else:
        assert not what_differs(done.out, plain.out)
    passed = [row["method"] for row in report["passed_over"]]
    assert passed == ORDER[:ORDER.index(method)]


def of_another(images, scratch):
    """Nobody's image is unpacked, into a directory."""
    shutil.copy(images / "image.tar", scratch / "other.tar")
    (scratch / "other.tar").chmod(0o666)  # others may write: not trusted
    return ["-i", scratch / "other.tar"], UNPACKED


def compressed(images, scratch):
    shutil.copy(images / "image.tar.zst", scratch / "own.tar.zst")
    return ["--store", scratch / "store", "-i", scratch / "own.tar.zst"], PINNED


def squashfs(images, scratch):
    shutil.copy(images / "image.squashfs", scratch / "own.squashfs")
    return ["-i", scratch / "own.squashfs"], PINNED


def unpinned(images, scratch):
    return [*squashfs(images, scratch)[0], "--no-pin"], "a mount of its own"


@pytest.mark.parametrize("form", [of_another, compressed, squashfs, unpinned])
@every(MOUNTED)
@pytest.mark.needs("mount-calls", "ns-mnt", "mount", "root")
def test_of_every_form(images, scratch, missing, method, form):
    plain = launch("", "-i", images / "image.tar", program=LOOK)
    argv, origin = form(images, scratch)
    for _ in range(2):
        done = launch(missing, *argv, "--report", scratch / "report",
                      program=LOOK)
        report = report_of(scratch)
        assert report["method"] == method, report
        assert report["from"] == origin, report
        assert done.status == 0 and not what_differs(done.out, plain.out), \
            what_differs(done.out, plain.out)
    if form is unpinned:
        # who else has it open for a moment, to look, closes it last
        assert eventually(lambda: not run("losetup", "-j", argv[1]).out)


@every(MOUNTED)
@pytest.mark.needs("mount-calls", "ns-mnt")
def test_bind(images, scratch, missing, method):
    image = images / "image.tar"
    place = scratch / "place"
    place.mkdir()
    place.chmod(0o777)
    (place / "file").write_text("of the host\n")
    program = 'cd $0; read -r a <file; echo "$a"; echo x >new || echo no'
    for option, words in (("", "of the host\nno\n"), (":rw", "of the host\n")):
        done = launch(missing, "-i", image, "--bind", f"{place}:/mnt{option}",
                      program=program.replace("$0", "/mnt"))
        assert done.out == words, done
    assert (place / "new").read_text() == "x\n"
    # a file, a place below another, a path that is not absolute, and a link
    (scratch / "link").symlink_to(place)
    done = launch(missing, "-i", image, "--bind", f"{place}/file:/etc/motd",
                  "--bind", "link:/tmp/a/b", "--report", scratch / "report",
                  program='read -r a </etc/motd; echo "$a";' +
                  program.replace("$0", "/tmp/a/b"),
                  before=["env", "-C", scratch])
    assert done.out == "of the host\nof the host\nno\n", done
    assert report_of(scratch)["method"] == method_of(method)


@every(MOUNTED)
@pytest.mark.needs("mount-calls", "ns-mnt")
def test_tmpfs(images, scratch, missing, method):
    done = launch(missing, "-i", images / "image.tar", "--tmpfs", "/mnt:64K",
                  "-u", "0", "--allow-root", "--report", scratch / "report",
                  program="printf %65537s >/mnt/big; stat -f -c '%T %b' /mnt;"
                  "stat -c %s /mnt/big; touch /new || echo no")
    assert done.out == "tmpfs 16\n65536\nno\n", done
    assert report_of(scratch)["method"] == method_of(method)


@every(MOUNTED)
@pytest.mark.needs("mount-calls", "ns-mnt")
def test_noexec(images, scratch, missing, method):
    shutil.copy("/bin/true", scratch / "true")
    scratch.chmod(0o755)
    run_it = 'for at in $0; do "$at/true" 2>/dev/null; echo $?; done'
    done = launch(missing, "-i", images / "image.tar", "--report",
                  scratch / "report", "--bind", f"{scratch}:/mnt:noexec",
                  "--bind", f"{scratch}:/tmp/rw:rw,noexec",
                  "--bind", f"{scratch}:/tmp/exec",
                  "--tmpfs", "/tmp/a:1M,noexec", "--tmpfs", "/tmp/b:noexec",
                  "--tmpfs", "/tmp/c:1M", program="for at in a b c; do "
                  "cp /bin/true /tmp/$at; done;" + run_it.replace(
                      "$0", "/mnt /tmp/rw /tmp/a /tmp/b /tmp/c /tmp/exec"))
    assert done.out == "126\n126\n126\n126\n0\n0\n", done
    assert report_of(scratch)["method"] == method_of(method)


@every(MOUNTED)
@pytest.mark.needs("mount-calls", "ns-mnt", "proc")
def test_writable_and_persist(images, scratch, missing, method):
    image = images / "image.tar"
    user = ["-u", "0", "--allow-root", "--report", scratch / "report"]
    program = "cat /new; echo x >/new && rm /etc/motd && ls -d /etc/motd; " \
        "stat -f -c %T /; stat -c '%a %u' /"
    for _ in range(2):
        done = launch(missing, "-i", image, "--writable=1M", *user,
                      program=program)
        assert done.out == "overlayfs\n755 0\n", done
        assert report_of(scratch)["method"] == method_of(method)
    keep = scratch / "keep"
    for words in ("overlayfs\n755 0\n", "x\noverlayfs\n755 0\n"):
        done = launch(missing, "-i", image, "--persist", keep, *user,
                      program=program.replace(" && rm /etc/motd", ""))
        assert done.out == words.replace("over", "/etc/motd\nover"), done
        assert report_of(scratch)["method"] == method_of(method)
    assert (keep / "upper/new").read_text() == "x\n"
    assert stat.S_IMODE(keep.stat().st_mode) == 0o700


@every(MOUNTED)
@pytest.mark.needs("mount-calls")
def test_in_place_of_the_launcher(images, missing, method):
    done = launch(missing, "-i", images / "image.tar", "--exec",
                  program="echo x >/tmp/x && echo tmp; echo x >/x || echo no")
    assert done.status == 0 and done.out == "tmp\nno\n", (method, done)


@every(MOUNTED)
def test_links_of_the_image_lead_nowhere(images, scratch, missing, method):
    """Where something is mounted there may be a link to the host, by root's
    reckoning; mount(2) would follow it."""
    root = scratch / "root"
    root.mkdir()
    subprocess.run(["tar", "-xf", images / "image.tar", "-C", root],
                   check=True)
    (scratch / "outside").mkdir()
    (scratch / "outside/file").write_text("kept\n")
    (root / "file").symlink_to(scratch / "outside/file")
    (root / "directory").symlink_to(scratch / "outside")
    for target in ("file", "directory"):
        source = "/etc/passwd" if target == "file" else "/etc"
        done = launch(missing, "-r", root, "-u", "0", "--allow-root",
                      "--writable", "--bind", f"{source}:/{target}",
                      program=f"ls -d /{target} >/dev/null && echo ran")
        assert done.out in ("", "ran\n") and done.status in (0, 125), done
    assert (scratch / "outside/file").read_text() == "kept\n"
    assert os.listdir(scratch / "outside") == ["file"]


@pytest.mark.skipif(IS_SANITIZED, reason="the sanitizers need /proc")
@pytest.mark.parametrize("missing, method", [
    ("", DETACHED), ("mount_setattr", NAMESPACE),
    ("move_mount", OLD_NAMESPACE), (SINCE_5_2, OLD_NAMESPACE)],
    ids=["all", "5.11", "no-move", "4.14"])
@pytest.mark.parametrize("option", [(), ("--writable",), ("--bind", "file")])
@pytest.mark.needs("mount-calls", "ns-mnt", "mount")
def test_without_proc(images, scratch, missing, method, option):
    (scratch / "file").write_text("of the host\n")
    if option and option[0] == "--bind":
        option = ("--bind", f"{scratch}/file:/etc/motd")
    done = launch(missing, "-i", images / "image.tar", *option, "--report",
                  scratch / "report",
                  program='read -r a </etc/motd; echo "$a"; echo x >/tmp/x',
                  before=["unshare", "--mount", "sh", "-c",
                          'umount -l /proc 2>/dev/null; exec "$@"', "sh"])
    words = "of the host\n" if "--bind" in option else "of the image\n"
    assert done.status == 0 and done.out == words, done
    # layers that are nowhere have no path then
    assert report_of(scratch)["method"] == method or option == ("--writable",)


@pytest.mark.needs("mount")
def test_a_process_has_another_number_in_an_outer_proc(images, scratch):
    """In a pid namespace with the /proc of an outer one, the process below
    which mounts are made says itself what its number is there."""
    script = 'exec unshare --pid --fork "$@"'
    done = launch(SINCE_5_2 + ",unshare", "-i", images / "image.tar",
                  "--report", scratch / "report", before=["sh", "-c", script,
                                                          "sh"])
    report = report_of(scratch)
    assert done.status == 0 and report["method"] == ATTACHED, (done, report)
    assert not [line for line in open("/proc/self/mountinfo")
                if re.search(" /proc/[0-9]", line)]


def test_a_loop_device_that_a_kill_left_is_freed(images, scratch):
    """Before LOOP_CONFIGURE a device is bound first and told to free itself
    then; who is killed between leaves one, and the next launch frees it."""
    image = scratch / "own.squashfs"
    shutil.copy(images / "image.squashfs", image)
    control = os.open("/dev/loop-control", os.O_RDWR)
    with open(image, "rb") as file:
        for _ in range(64):
            number = fcntl.ioctl(control, 0x4c82)  # LOOP_CTL_GET_FREE
            loop = os.open(f"/dev/loop{number}", os.O_RDONLY)
            try:
                fcntl.ioctl(loop, 0x4c00, file.fileno())  # LOOP_SET_FD
                break
            except OSError:
                pass
            finally:
                os.close(loop)
    os.close(control)
    assert f"/dev/loop{number}:" in run("losetup", "-j", image).out
    done = launch(SINCE_5_2, "-i", image, "--no-pin")
    assert done.status == 0, done
    assert eventually(lambda: not run("losetup", "-j", image).out)
