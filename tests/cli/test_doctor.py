"""jaillaunch doctor: each primitive that is taken away is named, with what
comes of it, and the doctor leaves nothing behind."""

import json
import os
import pathlib
import shutil
import tempfile

import pytest

from conftest import BUILD, IS_SANITIZED, ROOT, landlock_abi, ordinary_user, \
    run
from jailroot import busybox_root

JAILLAUNCH = BUILD / "jaillaunch"
WITHOUT = BUILD / "tools/without"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def doctor(*before, status=0, **kwargs):
    done = run(*before, JAILLAUNCH, "doctor", "--json", **kwargs)
    assert done.status == status, done
    told = json.loads(done.out)
    assert told["works"] == (status == 0)
    return done, {row["name"]: row for row in told["primitives"]}, \
        {row["name"]: row for row in told["layers"]}


def missing(rows):
    return {name for name, row in rows.items() if not row["ok"]}


def check(rows):
    """Who lacks something is told why, and what to do."""
    for row in rows.values():
        assert row["ok"] != bool(row.get("cause")), row
        assert row["ok"] != bool(row.get("remedy")), row


@needs_root
def test_root_can_launch():
    done, rows, layers = doctor()
    check(rows)
    assert done.err == ""
    assert not any(row["need"] == "floor" for row in rows.values()
                   if not row["ok"])
    assert layers["seccomp"]["available"] and layers["root"]["available"]
    assert rows["landlock"]["ok"] == (landlock_abi() >= 2)


@needs_root
def test_the_text_says_the_same():
    _, rows, layers = doctor()
    done = run(JAILLAUNCH, "doctor")
    assert done.status == 0 and done.err == "", done
    told = dict(line.split(None, 1) for line in
                done.out.split("\n\n")[0].splitlines())
    assert {name: words.split()[0] for name, words in told.items()} == {
        name: "ok" if row["ok"] else "missing" for name, row in rows.items()}
    line = done.out.split("\n\n")[1].splitlines()[0]
    assert line.split(": ")[1].split() == [
        name for name, row in layers.items() if row["available"]]


# A row of tests/tools/without, and what is missing then besides what is
# missing here anyway; those of the floor end the doctor with 125.
LACKS = [
    ("chroot=EPERM", {"chroot"}),
    ("setgroups=EPERM", {"setgroups"}),
    ("setresuid=EPERM", {"setresuid"}),
    ("setresgid=EPERM", {"setresuid"}),
    ("prlimit64,setrlimit=EPERM", {"setrlimit"}),
    ("prctl=EPERM", {"capbset-drop", "no-new-privs", "subreaper",
                     "seccomp-filter", "seccomp-notify", "landlock",
                     "landlock-paths", "landlock-scopes"}),
    ("capset=EPERM", {"capset"}),
    ("seccomp=ENOSYS", {"seccomp-filter", "seccomp-kill", "seccomp-notify"}),
    ("user-notif=EINVAL", {"seccomp-notify"}),
    ("pidfd_open=ENOSYS", {"pidfd_open"}),
    ("landlock_create_ruleset=ENOSYS",
     {"landlock", "landlock-paths", "landlock-scopes"}),
    ("landlock_restrict_self=EPERM",
     {"landlock", "landlock-paths", "landlock-scopes"}),
    ("namespaces:0x20000000=EPERM", {"ns-pid"}),
    ("namespaces:0x08000000=EINVAL", {"ns-ipc"}),
    ("namespaces:0x04000000=ENOSPC", {"ns-uts"}),
    ("namespaces:0x02000000=EINVAL", {"ns-cgroup"}),
    ("namespaces:0x40000000=EPERM", {"ns-net"}),
    ("namespaces:0x20000=EPERM", {"ns-mnt"}),
    ("namespaces:0x10000000=EPERM", {"ns-user"}),
    ("unshare=EPERM", {"ns-cgroup", "ns-mnt"}),  # the others by clone()
    ("fsopen,fsconfig,fsmount=ENOSYS", {"mount-calls", "erofs-file"}),
    ("fsopen=ENODEV", {"mount-calls", "erofs-file", "tmpfs", "devpts",
                       "overlay", "erofs", "squashfs"}),
    ("fsopen,mount=ENOSYS", {"mount-calls", "mount", "erofs-file", "tmpfs",
                             "devpts", "overlay", "erofs", "squashfs"}),
    ("open_tree=ENOSYS", {"mount-detached"}),
    ("mount_setattr=ENOSYS", {"mount-detached"}),
    ("mount=EPERM", {"mount"}),
    ("ioctl:0x4C82=ENODEV", {"loop"}),
    ("ioctl:0x4C0A=EPERM", set()),  # LOOP_CONFIGURE; as 5.7 does it
    ("mkdir,mkdirat=EPERM", {"cgroup-memory", "cgroup-pids", "cgroup-cpu",
                             "cgroup-cputime"}),
    ("ioctl:0x5441=EINVAL", {"pty"}),
    ("close_range=ENOSYS", {"close_range"}),
    ("openat2=ENOSYS", {"openat2"}),
    ("clone3=ENOSYS", {"clone3"}),
]


@needs_root
@pytest.mark.parametrize("lack, gone", LACKS, ids=[row for row, _ in LACKS])
def test_what_is_taken_away_is_missed(lack, gone):
    if IS_SANITIZED and "prlimit64" in lack:
        pytest.skip("a sanitizer does not start without limits")
    _, here, _ = doctor()
    floor = any(here[name]["need"] == "floor" for name in gone)
    done, rows, layers = doctor(WITHOUT, lack, status=125 if floor else 0)
    check(rows)
    assert missing(rows) == missing(here) | gone
    for name in gone:
        if here[name]["need"] == "floor":
            assert name in done.err and done.err.count("\n") == 1, done
            if here[name]["layer"]:
                assert not layers[here[name]["layer"]]["available"]


@needs_root
def test_a_line_has_one_remedy():
    """That of a launch, to do without, is none of the host's."""
    rows = doctor(WITHOUT, "mkdir,mkdirat=EPERM")[1]
    assert rows["cgroup-cpu"]["cause"] == rows["cgroup-pids"]["cause"]
    for row in rows.values():
        assert "--limit" not in row.get("cause", "") and \
            ";" not in row.get("cause", ""), row


@needs_root
def test_every_primitive_is_taken_away_by_some_test():
    _, rows, _ = doctor()
    tried = set.union(*(gone for _, gone in LACKS))
    assert set(rows) - tried == {"proc", "store"}  # below


@needs_root
def test_a_layer_is_gone_with_the_last_of_what_it_needs():
    spaces = [f"namespaces:{flag}=EPERM" for flag in
              ("0x20000000", "0x08000000", "0x04000000", "0x02000000")]
    before = [word for row in spaces for word in (WITHOUT, row)]
    assert doctor(*before[:6])[2]["namespaces"]["available"]
    layers = doctor(*before)[2]
    assert layers["namespaces"] == {"name": "namespaces", "available": False,
                                    "missing": "ns-pid"}


@needs_root
@pytest.mark.parametrize("lack", [
    None, "landlock_create_ruleset=ENOSYS", "clone,clone3,unshare=EPERM",
    "unshare=ENOSYS", "mkdir,mkdirat=EPERM"])
def test_a_launch_has_the_layers_that_were_promised(lack, scratch):
    before = [WITHOUT, lack] if lack and "clone," not in lack else []
    if lack and "clone," in lack:  # clone itself is needed
        before = [word for flag in ("0x20000000", "0x08000000", "0x04000000",
                                    "0x02000000")
                  for word in (WITHOUT, f"namespaces:{flag}=EPERM")]
    layers = doctor(*before)[2]
    done = run(*before, JAILLAUNCH, "-r", busybox_root(), "-u", "1000",
               "--limit", "pids=100", "--limit", "output=1M", "--report",
               scratch / "report", "--", "true")
    assert done.status == 0, done
    report = json.loads((scratch / "report").read_text())
    applied = {row["name"]: row["applied"] for row in report["layers"]}
    if lack == "unshare=ENOSYS":  # clone() makes them, too
        layers.pop("namespaces"), applied.pop("namespaces")
    assert {name: row["available"] for name, row in layers.items()} == applied


@needs_root
def test_an_ordinary_user_can_by_a_user_namespace():
    _, rows, _ = doctor(**ordinary_user())
    for name in ("chroot", "capbset-drop", "ns-pid", "ns-user", "tmpfs"):
        assert rows[name]["ok"], rows[name]
    assert not rows["erofs-file"]["ok"] and not rows["store"]["ok"]


@needs_root
def test_an_ordinary_user_cannot_without():
    done, rows, _ = doctor(
        WITHOUT, "namespaces:0x10000000=EPERM", "setpriv", "--reuid=65534",
        "--regid=65534", "--clear-groups", status=125)
    check(rows)
    assert done.err == ("jaillaunch: doctor: no program can be launched here "
                        "without: chroot, setgroups, setresuid, capbset-drop; "
                        "run jaillaunch as root\n")
    assert rows["no-new-privs"]["ok"] and rows["seccomp-filter"]["ok"]
    assert rows["chroot"]["remedy"] == "run jaillaunch as root"


@needs_root
def test_in_a_chroot_without_proc(scratch):
    if IS_SANITIZED:
        pytest.skip("a sanitized jaillaunch is not static")
    shutil.copy(JAILLAUNCH, scratch / "jaillaunch")
    done = run("chroot", scratch, "/jaillaunch", "doctor", "--json")
    assert done.status == 0 and done.err == "", done
    rows = {row["name"]: row for row in json.loads(done.out)["primitives"]}
    check(rows)
    assert {"proc", "store", "pty", "erofs-file", "cgroup-pids"} <= \
        missing(rows)
    assert os.listdir(scratch) == ["jaillaunch"]


STORE = "mount -t tmpfs -o mode=755 none /var/lib && " \
    "mkdir -m 755 /var/lib/jailwright && mkdir -m 700 /var/lib/jailwright/store"
READ_ONLY = STORE + " && mount -o remount,ro /var/lib"


@needs_root
@pytest.mark.parametrize("lack", ["faccessat2=ENOSYS", "faccessat2=EPERM"])
@pytest.mark.parametrize("make, is_there", [(STORE, True), (READ_ONLY, False)])
def test_a_store_is_asked_for_also_where_a_sandbox_forbids_new_calls(
        make, is_there, lack):
    _, rows, _ = doctor("unshare", "-m", "sh", "-c", make + ' && exec "$@"', "-",
                        WITHOUT, lack)
    check(rows)
    assert rows["store"]["ok"] == is_there, rows["store"]


def snapshot():
    """What somebody could leave behind, but for what other tests mount."""
    others = (tempfile.gettempdir() + "/jailtest", "/run/jailwright/pins/",
              "/run/jailwright/devices/")
    groups = [path for top, names, _ in os.walk("/sys/fs/cgroup")
              for path in names if path.startswith("jail")]
    places = ("/var/lib", "/var/tmp", "/run/jailwright", "/")
    mounts = [line for line in open("/proc/mounts")
              if not line.split()[1].startswith(others)]
    return (mounts, sorted(groups),
            [sorted(os.listdir(place)) for place in places
             if os.path.isdir(place)])


@needs_root
@pytest.mark.skipif(not os.path.exists("/proc/mounts"), reason="needs /proc")
def test_nothing_stays():
    """Other tests run beside: so what one try leaves, several have to."""
    for _ in range(20):
        before = snapshot()
        doctor()
        if snapshot() == before:
            return
    assert snapshot() == before


def test_what_is_not_understood_is_refused():
    done = run(JAILLAUNCH, "doctor", "me")
    assert done.status == 125 and done.out == "", done
    assert done.err == ('jaillaunch: doctor: "me": it takes no operand\n')


def test_every_primitive_is_in_the_documentation():
    done = run(JAILLAUNCH, "doctor", "--json")
    text = (ROOT / "docs/LAYERS.md").read_text()
    for row in json.loads(done.out)["primitives"]:
        assert f"`{row['name']}`" in text, row["name"]
