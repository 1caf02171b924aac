"""Jails of somebody who is not root: by a user namespace, with the same bounds,
and with what he cannot have named."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BUILD, ROOT, ordinary_user, run, shared_once
from jailroot import busybox_root, make_root, sh
from processes import descendants, eventually, parents, processes_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="ids are changed")

LAUNCH = BUILD / "jaillaunch"
ROUNDS = 200 if os.environ.get("JAIL_SOAK") == "1" else 12
NEWUSER = "namespaces:0x10000000"


def has_user_namespaces():
    return run("setpriv", "--reuid=65534", "--clear-groups", "unshare",
               "--user", "--mount", "true").status == 0


if not has_user_namespaces():
    pytestmark = pytest.mark.skip("no user namespaces here")


def make_all(path):
    path.mkdir()
    make_root(path / "root")
    (path / "m.jail").write_text(
        "use busybox\nuser jailuser uid=1000\nrun-as jailuser\n"
        "need shm pts proc\ntext /etc/secret mode=0600 \"of root\\n\"\n")
    for name in ("image.tar", "image.tar.gz"):
        done = run(BUILD / "jailbuild", "--presets", ROOT / "manifests",
                   path / "m.jail", "-o", path / name)
        assert done.status == 0, done


def image(name="image.tar"):
    return shared_once("rootless", make_all) / name


def inside(script, *options, where=(), before=(), who=None):
    where = where or ("-i", image())
    return run(*before, LAUNCH, *where, "-u", "1000", *options, "--",
               "/bin/sh" if "-r" in where else "busybox",
               *([] if "-r" in where else ["sh"]), "-c", script,
               **(ordinary_user() if who is None else who))


def without(missing):
    """Still root, as the filter has to be made without no_new_privs."""
    return (BUILD / "tools/without", missing, "setpriv", "--reuid=65534",
            "--regid=65534", "--clear-groups")


def directory():
    return ("-r", image("root"))


def kill_one(pid):
    """Its name, if it was still there."""
    with contextlib.suppress(OSError):
        name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        os.kill(pid, signal.SIGKILL)
        return name
    return None


def left(uid):
    """In the caller's directory."""
    place = pathlib.Path(f"/tmp/jailwright-{uid}")
    return list(place.iterdir()) if place.exists() else []


@pytest.fixture
def alone():
    """A user whose jails are this test's alone."""
    uid = 1_000_000 + os.getpid()
    yield {"user": uid, "group": uid, "extra_groups": []}
    shutil.rmtree(f"/tmp/jailwright-{uid}", ignore_errors=True)


@pytest.mark.parametrize("where", ["directory", "image.tar", "image.tar.gz"])
def test_runs_confined(where):
    where = directory() if where == "directory" else ("-i", image(where))
    shell = "" if "-r" in where else "busybox "
    done = inside(f"{shell}id -u; {shell}id -g; echo $$; {shell}touch /x; "
                  f"{shell}touch /bin/x; echo t >/tmp/x; {shell}cat /tmp/x",
                  where=where)
    assert done.out == "1000\n1000\n2\nt\n", done
    assert done.err.count("Read-only file system") == 2, done
    done = inside(f"{shell}chroot /", where=where)
    if "-r" not in where:
        assert done.status == 128 + signal.SIGSYS, done


def test_has_no_capability():
    done = inside("busybox grep ^Cap /proc/self/status; "
                  "busybox grep NoNewPrivs /proc/self/status")
    words = done.out.split()
    assert words[1::2] == 5 * ["0000000000000000"] + ["1"], done


def test_the_map_has_nobody_else():
    done = inside("busybox cat /proc/self/uid_map /proc/self/gid_map "
                  "/proc/self/setgroups")
    uid, gid = (ordinary_user()[key] for key in ("user", "group"))
    assert done.out.split() == ["1000", str(uid), "1", "1000", str(gid), "1",
                                "deny"], done


def test_devices_and_places():
    done = inside("busybox head -c 3 /dev/zero | busybox wc -c; "
                  "echo x >/dev/null && busybox ls /dev /dev/pts; "
                  "echo > ~/a && echo > /dev/shm/a && busybox ls ~")
    assert done.out.split() == (
        "3 /dev: full null ptmx pts random shm urandom zero /dev/pts: ptmx a"
    ).split(), done
    done = inside("busybox ls /dev", "--dev", "null", "--no-pin")
    assert "zero" not in done.out and "null" in done.out, done


def test_a_root_that_can_be_written():
    done = inside("echo new >/x && cat /x && echo >/dev/null && echo old",
                  "--writable", where=directory())
    assert done.out == "new\nold\n", done
    assert not (image("root") / "x").exists()


def test_the_home_is_kept_too(scratch, alone):
    os.chown(scratch, alone["user"], alone["user"])
    for words in ("", "kept\n"):
        done = inside("busybox ls ~; echo x >~/kept", "--persist",
                      scratch / "keep", who=alone)
        assert (done.status, done.out) == (0, words), done


def test_copies_into_tmp_and_home_leave_them_writable(scratch):
    (scratch / "file").write_text("copied\n")
    done = inside("busybox cat /tmp/file ~/file; echo x >/tmp/x && "
                  "echo x >~/x && busybox cat /tmp/x ~/x; echo >/x",
                  "--copy", f"{scratch}/file:/tmp/file", "--copy",
                  f"{scratch}/file:/home/jailuser/file")
    assert done.out == "copied\ncopied\nx\nx\n", done
    assert done.err.count("Read-only file system") == 1, done


def test_no_overlay_over_the_hosts_mounts():
    done = run(LAUNCH, "-r", "/", "--writable", "-u", "1000", "--", "true",
               **ordinary_user())
    assert done.status == 125 and "without mounts below it" in done.err, done


NEW_MOUNTS = "open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr"


def writable(mountinfo):
    """Where what is mounted on top can be written, or gives privileges.  What
    is mounted above others later covers them."""
    top = {}
    for line in mountinfo.splitlines():
        point, flags = line.split()[4:6]
        top = {other: flags for other, flags in top.items()
               if not other.startswith(point + "/")}
        top[point] = flags.split(",")
    return {point for point, flags in top.items()
            if not {"ro", "nosuid"} <= set(flags)}


@pytest.mark.parametrize("missing", [
    "", "mount_setattr=ENOSYS", f"{NEW_MOUNTS}=ENOSYS", f"{NEW_MOUNTS}=EPERM"])
def test_the_whole_host(missing):
    before = without(missing) if missing else ()
    done = run(*before, LAUNCH, "-r", "/", "-u", "1000", "--", "sh", "-c",
               "id -u >&2; touch /var/tmp/x; cat /proc/self/mountinfo",
               **({} if missing else ordinary_user()))
    assert done.err.startswith("1000\n"), done
    assert "Read-only file system" in done.err, done
    assert writable(done.out) == {"/tmp"}, done


@pytest.mark.parametrize("missing", ["mount_setattr", NEW_MOUNTS])
def test_the_hosts_mounts_in_a_closed_directory(scratch, missing):
    """Before Linux 5.12 each is made read-only by its path, which leads
    nowhere there; who opens the directory later must not show them."""
    root = scratch / "root"
    make_root(root)
    for name in ("open", "closed/a/b", "closed/c"):
        (root / name).mkdir(parents=True)
    outside = """
        root=$1; shift
        for name in open closed/a/b closed/c; do
            mount -t tmpfs x "$root/$name" || exit 9; done
        chmod 700 "$root/closed"; mkfifo -m 644 "$root/opened"
        { exec 3>"$root/opened"; chmod 755 "$root/closed"; echo >&3; } &
        "$@"; status=$?; kill $! 2>/dev/null; exit $status """
    done = run("unshare", "--mount", "sh", "-c", outside, "sh", root,
               *without(f"{missing}=ENOSYS"), LAUNCH, "-r", root, "-u",
               "1000", "--", "/bin/sh", "-c",
               "read line </opened; ls -ld /closed; "
               "for name in open closed/a/b closed/c; do touch /$name/x; done")
    assert done.out.startswith("d---------"), done
    assert done.err.count("Read-only file system") == 1, done
    assert done.err.count("Permission denied") == 2, done


@pytest.mark.parametrize("options, words", [
    (["--uid-pool=2000-2001"], "--uid-pool: only root may"),
    (["--caps=net_raw", "--ambient-caps=net_raw"], "do not have the capab"),
    (["--ns=none"], "run jaillaunch as root, or leave --ns none out"),
    (["--limit=nofile=unlimited"],
     "above the caller's own hard limit (ulimit -H)")])
def test_what_cannot_be_had_is_an_error(options, words):
    done = inside("echo ran", *options, where=directory())
    assert (done.status, done.out) == (125, ""), done
    assert words in done.err and done.err.count("\n") == 1, done


@pytest.mark.needs("ids")
def test_root_has_no_use_for_it():
    done = run(LAUNCH, "-r", busybox_root(), "-u", "1000", "--ns=user", "true")
    assert done.status == 125 and "it is for who is not root" in done.err


def test_the_report_names_the_losses(scratch):
    scratch.chmod(0o777)
    report = scratch / "report"
    assert inside("true", "--report", report).status == 0
    said = json.loads(report.read_text())
    assert said["namespaces"]["used"] == ["pid", "ipc", "uts", "cgroup",
                                          "user"]
    assert said["root"]["method"] == "mount namespace by mount(2)"
    assert sum(note.startswith("without root: ")
               for note in said["notes"]) == 2, said


@pytest.mark.parametrize("options", [(), ("--exec",)])
@pytest.mark.parametrize("error, words", [
    ("EPERM", "in a chroot, or by a filter"), ("EINVAL", "this kernel"),
    ("ENOSPC", "No space left")])
def test_without_user_namespaces(options, error, words):
    done = inside("echo ran", *options, where=directory(),
                  before=without(f"{NEWUSER}={error}"), who={})
    assert (done.status, done.out) == (125, ""), done
    assert "Operation not permitted (not root, and no user namespace can " \
        "be made: " in done.err and words in done.err, done
    assert "or run jaillaunch as root\n" in done.err, done


def test_a_namespace_in_which_nothing_may_be_done():
    """As AppArmor leaves it."""
    done = inside("echo ran", where=directory(),
                  before=without("namespaces:0x00020000=EPERM"), who={})
    assert (done.status, done.out) == (125, ""), done
    assert "not root, and no user namespace can be made" in done.err, done


@pytest.mark.parametrize("options, words", [
    ((), "without root"), (("--tmpfs", "/tmp"), "--tmpfs")])
def test_where_nothing_can_be_mounted(options, words):
    done = inside("echo ran", *options, where=directory(),
                  before=without("mount=EPERM"), who={})
    assert (done.status, done.out) == (125, ""), done
    assert done.err.startswith(
        f"jaillaunch: {words}: mounts, which cannot be made here (run "
        "jaillaunch as root") and done.err.count("\n") == 1, done


def test_what_has_mounts_below_it_cannot_be_bound():
    done = inside("echo ran", "--bind", "/dev:/tmp", where=directory())
    assert (done.status, done.out) == (125, ""), done
    assert "--bind; without root, only of what has no mounts" in done.err


def test_exec():
    done = inside("echo $$; id -u", "--exec", where=directory())
    assert done.out.endswith("\n1000\n") and not done.out.startswith("2\n")


@pytest.mark.parametrize("flag", ["0x08000000", "0x04000000", "0x02000000"])
def test_exec_without_a_namespace_that_cannot_be_made(flag):
    """A user namespace that was entered for an attempt cannot be left."""
    done = inside("echo ran", "--exec", where=directory(),
                  before=without(f"namespaces:{flag}=ENOSYS"), who={})
    assert (done.status, done.out) == (0, "ran\n"), done


def test_another_file_system_is_bound(scratch):
    (scratch / "f").write_text("bound\n")
    done = inside("cat /mnt/f; touch /mnt/x", "--writable", "--bind",
                  f"{scratch}:/mnt", where=directory())
    assert done.out == "bound\n" and "Read-only" in done.err, done


@pytest.mark.parametrize("who", ["supervisor", "keeper", "both"])
@pytest.mark.needs("mount", "ns-mnt")
def test_whoever_is_killed_nothing_stays(who, alone):
    marker = f"8{os.getpid() % 100000}.25"
    jail = subprocess.Popen(
        [LAUNCH, "-i", image(), "--", "busybox", "sh", "-c",
         f"trap '' TERM; busybox sleep {marker} & busybox setsid busybox "
         f"sleep {marker} & echo up; wait"],
        stdout=subprocess.PIPE, text=True, **alone)
    assert jail.stdout.readline() == "up\n"
    keeper = next(pid for pid in run("pgrep", "-P", jail.pid).out.split()
                  if "jail-keeper" in
                  pathlib.Path(f"/proc/{pid}/comm").read_text())
    if who != "supervisor":
        os.kill(int(keeper), signal.SIGKILL)
    if who != "keeper":
        jail.kill()
    jail.wait(30)
    for _ in range(600):
        if run("pgrep", "-f", f"sleep {marker}").status == 1 and \
                not left(alone["user"]):
            break
        time.sleep(0.05)
    else:
        pytest.fail(f"something was left: {left(alone['user'])}")
    jail.stdout.close()


@pytest.mark.parametrize("where", ["root", "image.tar", "image.tar.gz"])
def test_sigkill_of_any_at_any_moment_leaves_nothing(where, alone):
    """Of one of the processes, or of several at once."""
    source = ["-r", image("root")] if where == "root" else ["-i", image(where)]
    shell = ["/bin/sh"] if where == "root" else ["busybox", "sh"]
    sleep = "sleep" if where == "root" else "busybox sleep"
    for count in range(ROUNDS):
        jail = subprocess.Popen(
            [LAUNCH, *source, "-u", "1000", "--", *shell, "-c",
             f"trap '' TERM; {sleep} 50 & {sleep} 51 & {sleep} 52"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True, **alone)
        time.sleep(0.15 if count % 4 == 0 else random.random() *
                   (0.02 if where == "root" else 0.08))
        family = [jail.pid, *descendants(jail.pid)]
        victims = random.sample(family, random.randint(
            1, len(family) if count % 2 else 1))
        names = [kill_one(pid) for pid in victims]
        if jail.pid not in victims:
            jail.send_signal(signal.SIGINT)
        err = jail.communicate(timeout=30)[1]
        what = (where, names, err)
        assert b"Assertion" not in err and b"anitizer" not in err, what
        assert eventually(lambda: not processes_of(alone["user"])), what
        assert eventually(lambda: not set(family) & set(parents())), what
        if jail.pid in victims and (
                "jail-guard" in names or names.count("jaillaunch") > 1):
            # nobody is left for it but the next launch; a guard is not called
            # so at once
            assert inside("true", who=alone).status == 0
        assert eventually(lambda: not left(alone["user"])), \
            (what, left(alone["user"]))


def test_nothing_is_left_in_the_callers_directory(alone):
    assert inside("true", who=alone).status == 0
    assert pathlib.Path(f"/tmp/jailwright-{alone['user']}").exists()
    assert not left(alone["user"])


def mounted(options, who, *after):
    """In a mount namespace with something on the caller's directory in /tmp."""
    place = f"/tmp/jailwright-{who['user']}"
    return ("unshare", "-m", "sh", "-c",
            f"mkdir -pm 700 {place} && chown {who['user']} {place} && "
            f"mount -t tmpfs -o mode=700,uid={who['user']},{options} x {place}"
            ' && exec "$@"', "sh", "setpriv", f"--reuid={who['user']}",
            f"--regid={who['user']}", "--clear-groups", *after)


def elsewhere(where, environment, name="image.tar.gz"):
    return inside("busybox pwd; busybox sleep 0", before=(*where, "env",
                  "-uXDG_RUNTIME_DIR", "-uTMPDIR",
                  *(f"{key}={value}" for key, value in environment.items())),
                  where=("-i", image(name)), who={})


@pytest.fixture
def spare(alone, scratch):
    """A directory that belongs to the user of alone."""
    scratch.chmod(0o755)
    path = scratch / "spare"
    path.mkdir(mode=0o700)
    os.chown(path, alone["user"], alone["user"])
    return path


@pytest.mark.parametrize("options", ["ro", "noexec", "size=64k", "size=900k",
                                     "nr_inodes=2"])
@pytest.mark.parametrize("variable", ["XDG_RUNTIME_DIR", "TMPDIR"])
def test_another_place_where_tmp_will_not_do(alone, spare, options, variable):
    """Also where that is found out only when all of it is needed."""
    done = elsewhere(mounted(options, alone), {variable: spare})
    assert (done.status, done.out, done.err) == (0, "/\n", ""), done
    place = spare / f"jailwright-{alone['user']}"
    assert place.stat().st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []


def test_a_place_without_devices_is_good_enough_without_root(alone):
    done = elsewhere(mounted("nodev", alone), {})
    assert (done.status, done.out, done.err) == (0, "/\n", ""), done


def test_a_place_with_no_room_for_the_image_is_not_tried(alone):
    done = elsewhere(mounted("size=64k", alone), {}, "image.tar")
    assert done.status == 125, done
    assert f"/tmp/jailwright-{alone['user']} has room for 65536 bytes, not " \
        in done.err, done


def test_all_that_was_tried_is_told(alone, spare):
    place = f"/tmp/jailwright-{alone['user']}"
    says = ("jaillaunch: no place to unpack the image (-r takes one that is "
            f"unpacked): {place} is mounted noexec; ")
    done = elsewhere(mounted("noexec", alone), {})
    assert (done.status, done.out, done.err) == (
        125, "", f"{says}$XDG_RUNTIME_DIR is not set; $TMPDIR is not set\n")
    spare.chmod(0o777)
    done = elsewhere(mounted("noexec", alone),
                     {"XDG_RUNTIME_DIR": "run", "TMPDIR": spare})
    assert done.err == (
        f"{says}$XDG_RUNTIME_DIR: run is no absolute path; $TMPDIR: {spare} "
        "can be written to by others and is not sticky\n"), done
    os.chown(spare, 12345, 0)
    spare.chmod(0o755)
    done = elsewhere(mounted("noexec", alone),
                     {"XDG_RUNTIME_DIR": "/nosuch", "TMPDIR": spare})
    assert done.err == (
        f"{says}$XDG_RUNTIME_DIR: /nosuch: No such file or directory; "
        f"$TMPDIR: {spare} belongs to uid 12345\n"), done
    assert list(spare.iterdir()) == []


def test_foreign_pids_stay_refused():
    """The keeper, the init there, has the uid of the program."""
    done = inside("prlimit --pid 1 --nofile=3 || echo refused",
                  where=("-r", "/"))
    assert done.out == "refused\n", done


def test_root_itself_needs_no_user_namespace():
    assert sh("id -u").out == "1000\n"
