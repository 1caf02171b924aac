"""--uid-pool: a uid for each running jail, what keeps it free or taken, and
what goes with it at the end.

The attacks of one jail on another succeed where both have one uid."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BUILD, landlock_abi, ordinary_user, run
from escape.confederates import (fresh_uid, has_any, kill_all_of, libc,
                                 make_mountable, processes_of)
from jailroot import busybox_root, make_root, refuses

JAILLAUNCH = BUILD / "jaillaunch"
LOCKS = pathlib.Path("/run/jailwright/uids")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Pool:
    """Uids of the test's own."""

    def __init__(self, n):
        self.first = fresh_uid()
        for _ in range(n - 1):
            fresh_uid()
        self.uids = range(self.first, self.first + n)
        self.option = f"--uid-pool={self.first}-{self.first + n - 1}"

    def locks(self):
        return [uid for uid in self.uids if (LOCKS / str(uid)).exists()]

    def kill(self):
        for uid in self.uids:
            kill_all_of(uid)
            with contextlib.suppress(FileNotFoundError):
                (LOCKS / str(uid)).unlink()


@pytest.fixture
def pool():
    made = []

    def make(n):
        made.append(Pool(n))
        return made[-1]
    yield make
    for one in made:
        one.kill()


def jail(pool, *options, root=None):
    user = "nobody" if root == "/" else "jailuser"
    return [str(word) for word in (
        JAILLAUNCH, "-r", root or busybox_root(), "-u", user, pool.option,
        "--ns=none", *options)]


@contextlib.contextmanager
def started(argv, **kwargs):
    """A jail whose program has spoken; gives the process and the line."""
    with subprocess.Popen([str(word) for word in argv], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          **kwargs) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, condition
        time.sleep(0.02)


WAIT = ("sh", "-c", "id -u; read x")


# --- who one is

def test_the_uid_is_of_the_pool_and_the_name_the_users(pool, scratch):
    some = pool(3)
    done = run(*jail(some, "--report", scratch / "report"), "--", "sh", "-c",
               "id -u; id -g; echo $HOME $USER $LOGNAME; id -G")
    uid, gid, names, groups = done.out.splitlines()
    assert int(uid) in some.uids and gid == uid
    assert names == "/home/jailuser jailuser jailuser"
    assert groups.split() == [uid, "29", "1000"]
    user = json.loads((scratch / "report").read_text())["user"]
    assert user["uid"] == int(uid) and not user["shares_uid"]
    assert user["uid_pool"] == {"first": some.uids[0], "last": some.uids[-1]}
    assert user["separated_by"][0] == "uid-pool"
    assert some.locks() == []


def test_groups_as_asked_for(pool):
    some = pool(1)
    uid = some.uids[0]
    for options, groups in ((("--no-groups",), f"{uid}"),
                            (("-g", "44"), "44 29"),
                            (("-u", "4242"), f"{uid}")):
        done = run(*jail(some, *options), "--", "id", "-G")
        assert done.out.strip() == groups, done


def test_no_user_is_needed(pool):
    some = pool(1)
    done = run(JAILLAUNCH, "-r", busybox_root(), some.option, "--", "sh", "-c",
               "id -u; echo $USER $HOME")
    assert done.out == f"{some.uids[0]}\n{some.uids[0]} /\n", done


def test_root_of_the_image_is_nobody(pool):
    done = run(*jail(pool(1), "-u", "root"), "--", "sh", "-c", "id -u; id -G")
    assert "0" not in done.out.split(), done


def test_explain_says_it(pool):
    some = pool(1)
    done = run(*jail(some, "--explain"), "--", "true")
    assert "whose uid (of --uid-pool) nobody else has" in done.out
    assert some.locks() == []


def test_limit_pids_is_the_jails_alone(pool):
    """Two jails of one uid would share the number."""
    some = pool(2)
    busy = "(sleep 60 & sleep 60 & sleep 60 & sleep 60 & echo; wait)"
    with started([*jail(some, "--limit", "pids=8"), "--", "sh", "-c", busy]):
        done = run(*jail(some, "--limit", "pids=8"), "--", "sh", "-c",
                   "sleep 0.1 & sleep 0.1 & sleep 0.1 & sleep 0.1 & wait; "
                   "echo all")
        assert done.out == "all\n", done


# --- which are free

@pytest.mark.needs("root")
def test_twenty_at_once_have_twenty_uids(pool):
    some = pool(20)
    with contextlib.ExitStack() as stack:
        jails = [subprocess.Popen([*jail(some), "--", *WAIT], text=True,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
                 for _ in range(20)]
        for process in jails:
            stack.callback(process.wait)
            stack.callback(process.kill)
        uids = [int(process.stdout.readline()) for process in jails]
        assert sorted(uids) == list(some.uids)
        assert some.locks() == list(some.uids)
        done = run(*jail(some), "--", "true")
        assert done.status == 125
        assert "all 20 uids are in use" in done.err
        for process in jails:
            process.communicate("x\n")
            assert process.returncode == 0
    assert some.locks() == []


@pytest.mark.needs("root")
def test_many_launches_leave_nothing(pool):
    some = pool(3)
    loop = 'i=0; while [ $i -lt 40 ]; do "$@" || exit 1; i=$((i+1)); done'
    program = ("sh", "-c", "setsid sleep 9 & exit 0")
    both = [subprocess.Popen(["sh", "-c", loop, "sh", *jail(some), "--",
                              *program]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert some.locks() == []
    assert not any(has_any(uid) for uid in some.uids)


@pytest.mark.needs("root")
def test_an_empty_pool_says_what_to_do_and_fills_again(pool):
    some = pool(1)
    with started([*jail(some), "--", *WAIT]) as (process, uid):
        assert int(uid) == some.uids[0]
        refuses(f"--uid-pool {uid}-{uid}: all 1 uids are in use, by running "
                "jails or other processes, or have IPC objects that cannot be "
                "removed; give it a larger range",
                *jail(some)[1:], "true")
        process.communicate("\n")
    assert run(*jail(some), "--", "id", "-u").out.strip() == uid


def test_a_uid_of_somebody_else_is_passed_over(pool):
    some = pool(2)
    other = some.uids[0]
    with subprocess.Popen(["sleep", "60"], user=other) as process:
        try:
            for _ in range(6):
                done = run(*jail(some), "--", "id", "-u")
                assert done.out.strip() == str(some.uids[1]), done
            assert process.poll() is None
            refuses("all 1 uids are in use", "-r", busybox_root(),
                    f"--uid-pool={other}-{other}", "true")
            assert process.poll() is None
        finally:
            process.kill()
    assert some.locks() == []


@pytest.mark.parametrize("text", ["0-5", "5-4", "5", "5-", "-5", "a-b", "5-6x",
                                  "1-4294967295", "1-99999999999999999999",
                                  " 5-6", ""])
def test_ranges_that_are_none(text):
    refuses("is not FIRST-LAST", "-r", busybox_root(), "--uid-pool", text,
            "true")


def test_a_spec_file_may_name_it_and_an_image_not(pool, scratch):
    some = pool(1)
    uid = some.uids[0]
    spec = scratch / "spec.txt"
    spec.write_text(f"run-as jailuser\nuid-pool {uid}-{uid}\n")
    done = run(JAILLAUNCH, "-r", busybox_root(), "--spec", spec, "--", "id",
               "-u")
    assert done.out == f"{uid}\n", done
    done = run(JAILLAUNCH, "-r", busybox_root(), "--spec", spec,
               "--uid-pool=1-2", "true")
    assert "--uid-pool 1-2: uid 1 is daemon's" in done.err, done
    (scratch / "m.txt").write_text(f"/bin/true\nuid-pool {uid}-{uid}\n")
    built = run(BUILD / "jailbuild", scratch / "m.txt", "-o",
                scratch / "image.tar")
    assert built.status == 0, built
    refuses(f'the image asks for "uid-pool {uid}-{uid}", which only you can '
            "choose: say --uid-pool", "-i", scratch / "image.tar", "true")
    done = run(JAILLAUNCH, "-i", scratch / "image.tar", some.option, "true")
    assert done.status == 0, done
    spec.write_text("uid-pool 5-4\n")
    refuses('spec.txt:1: "5-4" is not FIRST-LAST', "-r",
            busybox_root(), "--spec", spec, "true")


def test_accounts_of_the_host_are_not_taken():
    refuses("--uid-pool 1-4294967294: uid 1 is daemon's, by the host's "
            "/etc/passwd", "-r", busybox_root(), "--uid-pool", "1-4294967294",
            "true")


@pytest.mark.parametrize("first,last,is_refused", [
    (7000, 7099, False), (7099, 7100, True), (7100, 7199, True),
    (7000, 8000, True), (7120, 7130, True), (7199, 7300, True),
    (7200, 7300, False), (4294967000, 4294967001, False)])
def test_uids_of_user_namespaces_are_not_taken(scratch, first, last,
                                               is_refused):
    shutil.copytree("/etc", scratch / "etc", symlinks=True)
    (scratch / "etc/subuid").write_text(
        "broken\nalice:0:0\nbob:x:9\nalice:7100:100\ncarol:9999999:1")
    done = run("unshare", "-m", "sh", "-c",
               'mount --bind "$0" /etc && exec "$@"', scratch / "etc",
               JAILLAUNCH, "-r", busybox_root(), f"--uid-pool={first}-{last}",
               "--", "true")
    words = f"--uid-pool {first}-{last}: some are alice's for user namespaces"
    if is_refused:
        assert done.status == 125 and words in done.err, done
    else:
        assert (done.status, done.err) == (0, ""), done


@pytest.mark.parametrize("options,words", [
    (["--exec"], "--uid-pool needs the supervisor"),
    (["--persist", "/nowhere"], "--uid-pool and --persist"),
])
def test_what_it_does_not_go_with(options, words):
    refuses(words, "-r", busybox_root(), "--uid-pool", "500000-500001",
            *options, "true")


def test_only_root_can():
    refuses("--uid-pool: only root may give jails other uids", "-r",
            busybox_root(), "--uid-pool", "500000-500001", "true",
            **ordinary_user())


# --- what is killed, and when

# Daemons that leave session and parent, and say when they are there.
DAEMONS = ("sh", "-c", "for i in 1 2 3; do setsid sh -c "
           "'sleep 600 & sleep 600 & wait' & done; sleep 0.2; id -u; wait")


def keeper_of(launcher):
    """The child that is called so."""
    for task in pathlib.Path(f"/proc/{launcher}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if pathlib.Path(f"/proc/{pid}/comm").read_text() == \
                    "jail-keeper\n":
                return int(pid)
    raise AssertionError("no keeper")


@pytest.mark.parametrize("victim", ["launcher", "keeper"])
@pytest.mark.needs("root")
def test_a_kill_frees_the_uid(pool, victim):
    some = pool(1)
    with started([*jail(some), "--", *DAEMONS]) as (process, uid):
        assert len(processes_of(int(uid))) > 6
        pid = process.pid if victim == "launcher" else keeper_of(process.pid)
        os.kill(pid, signal.SIGKILL)
        process.wait()
        until(lambda: not has_any(int(uid)))
        until(lambda: some.locks() == [])
    assert run(*jail(some), "--", "id", "-u").out.strip() == uid


def end_keeper(process):
    """While the launcher sleeps.  (The other way round, its death would wake
    the keeper, of an orphaned process group.)"""
    keeper = keeper_of(process.pid)
    process.send_signal(signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    until(lambda: pathlib.Path(f"/proc/{keeper}/stat").read_text()
          .split()[2] == "Z")


@pytest.mark.needs("root")
def test_the_lock_lives_as_long_as_one_of_both(pool):
    """While one of them ends the jail nobody else gets its uid."""
    some = pool(1)
    with started([*jail(some), "--", *DAEMONS]) as (process, uid):
        end_keeper(process)
        assert run(*jail(some), "true").status == 125
        assert some.locks() == [int(uid)]
        process.send_signal(signal.SIGCONT)
        until(lambda: some.locks() == [])
    assert run(*jail(some), "true").status == 0


@pytest.mark.needs("mount-calls", "mount", "root")
def test_what_two_kills_left_is_ended_by_who_comes_next(pool, scratch):
    some = pool(1)
    name = f"jail-{some.uids[0]}"
    with started([*jail(some, root="/"), "--", "sh", "-c",
                  f"{LEAVE} {name} >&2; " + DAEMONS[2]],
                 stderr=subprocess.DEVNULL) as (process, uid):
        end_keeper(process)
        process.kill()
        process.wait()
    assert processes_of(int(uid)), "nothing was left: no test"
    assert some.locks() == [int(uid)]
    done = run(*jail(some), "--", "id", "-u")
    assert done.out.strip() == uid, done
    assert not has_any(int(uid)) and some.locks() == []
    assert objects_of(int(uid)) == [] and unlink_queue(name) == -1


def test_one_stroke_ends_a_swarm(pool):
    """Which forks and exits for ever, each time in another session."""
    some = pool(1)
    swarm = "while :; do setsid sh -c 'while :; do sleep 0; done' & done"
    started_at = time.monotonic()
    done = run(*jail(some, "--limit", "pids=100"), "--", "sh", "-c",
               f"({swarm}) 2>/dev/null & exec sleep 0.5")
    assert done.status == 0, done
    assert time.monotonic() - started_at < 40
    assert not has_any(some.uids[0]) and some.locks() == []


# --- IPC

LEAVE = r"""python3 -c '
import ctypes, os, sys
name = sys.argv[1].encode()
libc = ctypes.CDLL(None)
made = [libc.shmget(0, 4096, 0o1600), libc.semget(0, 2, 0o1600),
        libc.msgget(0, 0o1600), libc.mq_open(b"/" + name, 0o102, 0o600, None),
        os.open("/dev/shm/" + sys.argv[1], os.O_CREAT | os.O_RDWR)]
os.mkdir(f"/dev/shm/{sys.argv[1]}.d")
open(f"/dev/shm/{sys.argv[1]}.d/x", "w").close()
os.chmod(f"/dev/shm/{sys.argv[1]}.d", 0)
print(*made)
assert min(made) >= 0' """
KINDS = ("shared_memory", "semaphores", "message_queues", "posix_queues")


def objects_of(uid):
    """What the kernel lists, but for POSIX queues."""
    found = []
    for kind in ("shm", "sem", "msg"):
        path = pathlib.Path("/proc/sysvipc", kind)
        head, *rows = [line.split() for line in path.read_text().splitlines()]
        found += [(kind, row[1]) for row in rows
                  if str(uid) in (row[head.index("uid")],
                                  row[head.index("cuid")])]
    return found + [("posix", path.name) for path in
                    pathlib.Path("/dev/shm").iterdir()
                    if path.lstat().st_uid == uid]


def unlink_queue(name):
    return libc.mq_unlink(b"/" + name.encode())


def remove_objects(uid, name):
    for kind, name_or_id in objects_of(uid):
        if kind == "posix":
            subprocess.run(["rm", "-r", f"/dev/shm/{name_or_id}"], check=True)
        else:
            subprocess.run(["ipcrm", "-" + {"shm": "m", "sem": "s",
                                            "msg": "q"}[kind], name_or_id],
                           check=True)
    unlink_queue(name)


@pytest.mark.needs("mount-calls", "mount")
def test_ipc_objects_go_with_the_jail(pool, scratch):
    some = pool(1)
    uid, name = some.uids[0], f"jail-{some.uids[0]}"
    done = run(*jail(some, "--report", scratch / "report", root="/"), "--",
               "sh", "-c", f"{LEAVE} {name}", cwd="/")
    assert done.status == 0, done
    assert objects_of(uid) == [] and unlink_queue(name) == -1
    swept = json.loads((scratch / "report").read_text())["ipc_removed"]
    assert {kind: swept[kind] for kind in KINDS} == dict.fromkeys(KINDS, 1)
    assert swept["posix_memory"] == 2


def test_root_of_a_container_removes_them_too(pool, scratch):
    """Who has no CAP_SYS_ADMIN may not: the uid itself does, whatever modes it
    gave them."""
    some = pool(1)
    make = ("import ctypes; libc = ctypes.CDLL(None); "
            "assert libc.shmget(0, 4096, 0o1000) >= 0; "
            "assert libc.semget(0, 1, 0o1600) >= 0; "
            "assert libc.msgget(0, 0o1600) >= 0")
    done = run("setpriv", "--inh-caps=-all",
               "--bounding-set=-sys_admin,-ipc_owner",
               *jail(some, "--report", scratch / "report", root="/"), "--",
               "python3", "-c", make, cwd="/")
    assert (done.status, done.err) == (0, ""), done
    assert objects_of(some.uids[0]) == []
    swept = json.loads((scratch / "report").read_text())["ipc_removed"]
    assert [swept[kind] for kind in KINDS[:3]] == [1, 1, 1], swept


def test_what_cannot_be_removed_is_told_and_nobody_finds_it(pool, scratch):
    """The uid is not given away with it; who can remove it gets the uid."""
    some = pool(1)
    uid = some.uids[0]
    command = [*jail(some, "--report", scratch / "report", root="/"), "--",
               "ipcmk", "-M", "4096"]
    unable = BUILD / "tools/without", "shmctl=EPERM"
    try:
        assert run(*unable, *command, cwd="/").status == 0
        swept = json.loads((scratch / "report").read_text())["ipc_removed"]
        assert swept["system_v_not_removed"] == "Operation not permitted"
        assert len(objects_of(uid)) == 1
        done = run(*unable, *command, cwd="/")
        assert done.status == 125 and "cannot be removed" in done.err, done
        assert run(*jail(some, root="/"), "--", "true").status == 0
        assert objects_of(uid) == []
        assert some.locks() == []
    finally:
        remove_objects(uid, f"jail-{uid}")


def test_those_of_a_shared_uid_stay(scratch):
    """It cannot be told whose they are."""
    uid = fresh_uid()
    name = f"jail-{uid}"
    try:
        done = run(JAILLAUNCH, "-r", "/", "-u", uid, "--ns=none", "--report",
                   scratch / "report", "--", "sh", "-c", f"{LEAVE} {name}")
        assert done.status == 0, done
        assert len(objects_of(uid)) == 5
        assert unlink_queue(name) == 0
        assert "ipc_removed" not in (scratch / "report").read_text()
    finally:
        remove_objects(uid, name)


def test_those_of_others_stay(pool):
    some, other = pool(1), fresh_uid()
    name = f"jail-{other}"
    try:
        run("sh", "-c", f"{LEAVE} {name}", user=other, group=other,
            extra_groups=[])
        before = objects_of(other)
        assert len(before) == 5
        assert run(*jail(some, root="/"), "--", "true").status == 0
        assert objects_of(other) == before
        assert unlink_queue(name) == 0
    finally:
        remove_objects(other, name)


@pytest.mark.parametrize("victim", ["launcher", "keeper"])
@pytest.mark.needs("mount-calls", "mount", "root")
def test_ipc_objects_go_after_a_kill(pool, victim):
    some = pool(1)
    uid, name = some.uids[0], f"jail-{some.uids[0]}"
    with started([*jail(some, root="/"), "--", "sh", "-c",
                  f"{LEAVE} {name}; sleep 600"]) as (process, _):
        assert len(objects_of(uid)) == 5
        os.kill(process.pid if victim == "launcher"
                else keeper_of(process.pid), signal.SIGKILL)
        process.wait()
        until(lambda: some.locks() == [])
    assert objects_of(uid) == [] and unlink_queue(name) == -1


def test_memory_in_a_directory_of_ones_own(pool, scratch):
    root = scratch / "root"
    make_root(root)
    (root / "dev/shm").mkdir()
    (root / "dev/shm").chmod(0o1777)
    (root / "dev/shm/roots").write_text("")
    done = run(*jail(pool(1), root=root), "--", "sh", "-c",
               "echo x > /dev/shm/x; ls /dev/shm")
    assert done.out == "roots\nx\n", done
    assert os.listdir(root / "dev/shm") == ["roots"]


@pytest.mark.needs("mount-calls", "mount")
def test_without_a_way_to_list_queues_the_report_says_so(pool, scratch):
    if os.path.ismount("/dev/mqueue"):
        pytest.skip("/dev/mqueue is there, and needs no mount")
    done = run(BUILD / "tools/without", "fsopen=ENOSYS",
               *jail(pool(1), "--report", scratch / "report"), "--", "true")
    assert done.status == 0, done
    swept = json.loads((scratch / "report").read_text())["ipc_removed"]
    assert swept["posix_queues_not_seen"] == "Function not implemented"
    done = run(BUILD / "tools/without", "fsopen=ENOSYS",
               *jail(pool(1), "--explain"), "--", "true")
    assert "POSIX queues of the uid are not seen: Function not impl" in done.out
    done = run(BUILD / "tools/without", "fsopen=ENOMEM", *jail(pool(1)), "--",
               "true")
    assert done.status == 125 and "message queues" in done.err, done


# --- files

def image(scratch, files=(), mode=0o700):
    """With busybox, and a home of the user's that has these files."""
    root = scratch / "tree"
    make_root(root)
    (root / "home/jailuser").chmod(mode)
    for name in files:
        (root / "home/jailuser" / name).write_text("of the image")
        os.chown(root / "home/jailuser" / name, 1000, 1000)
        (root / "home/jailuser" / name).chmod(0o600)
    subprocess.run(["rm", "-r", root / "dev"], check=True)
    (root / "dev").mkdir()
    make_mountable(root, scratch / "image.tar")
    return scratch / "image.tar"


LOOK = ("sh", "-c", "cd; echo mine > new && cat new; echo tmp > /tmp/x; "
        "cat /tmp/x; stat -c %u . new /tmp/x; cat old 2>/dev/null; true")


def in_image(pool, path, *options):
    return run(JAILLAUNCH, "-i", path, "-u", "jailuser", pool.option,
               *options, "--", *LOOK)


def root_of(path):
    return json.loads(path.read_text())["root"]


@pytest.mark.parametrize("options", [(), ("--copy", "/etc/hostname:/etc/h"),
                                     ("--writable",)])
def test_an_empty_home_and_tmp_are_the_uids(pool, scratch, options):
    some = pool(1)
    uid = some.uids[0]
    done = in_image(some, image(scratch), *options)
    assert done.out == f"mine\ntmp\n{uid}\n{uid}\n{uid}\n", done


@pytest.mark.parametrize("options", [
    ("--writable",), ("--writable", "--copy", "/etc/hostname:/etc/h")])
def test_a_home_with_files_is_given_to_the_uid(pool, scratch, options):
    """In a mounted image nothing can be given: so it is unpacked."""
    some = pool(1)
    uid = some.uids[0]
    done = in_image(some, image(scratch, ["old"]), *options, "--report",
                    scratch / "report")
    assert done.out == f"mine\ntmp\n{uid}\n{uid}\n{uid}\nof the image", done
    root = root_of(scratch / "report")
    assert root["from"] == "unpacked into a private directory"
    if "--copy" not in options:
        assert root["why_not_mounted"] == \
            "its user's home is closed to the uid of --uid-pool"


@pytest.mark.needs("mount")
def test_a_read_only_home_can_be_read(pool, scratch):
    done = in_image(pool(1), image(scratch, ["old"]))
    assert "of the image" in done.out and "mine" not in done.out, done


@pytest.mark.needs("mount")
def test_an_open_home_is_left_in_the_mount(pool, scratch):
    done = run(JAILLAUNCH, "-i", image(scratch, ["old"], 0o755), "-u",
               "jailuser", pool(1).option, "--report", scratch / "report",
               "--", "ls", "/home/jailuser")
    assert done.out == "old\n", done
    assert "mount" in root_of(scratch / "report")["from"]


# --- two jails

def escape(name):
    return BUILD / "escape" / name


def outsider(secret):
    return [BUILD / "tools/outsider", secret]


SHARED_MEMORY = ("sh", "-c", "ipcmk -M 4096 -p 0600 | sed 's/.*: //'; read x")
# what the victim runs; the attack, given what the victim said; how it fails
PAIRS = {
    "signal": (outsider, lambda said: [escape("signal_outsider"), *said],
               "EPERM"),
    "ptrace": (outsider, lambda said: [escape("ptrace_outsider"), *said],
               "EPERM"),
    "memory": (outsider, lambda said: [escape("process_vm_read"), *said],
               "EPERM"),
    "descriptor": (outsider, lambda said: [escape("pidfd_getfd"), *said],
                   "EPERM"),
    "proc": (outsider, lambda said: [
        "sh", "-c", f"cat /proc/{said[0]}/environ >/dev/null && echo escaped"],
        "Permission denied"),
    "shm": (lambda secret: SHARED_MEMORY, lambda said: [
        escape("shared_memory_outsider"), *said], "EACCES"),
}


NEEDS = {"proc": "the program's /proc",
         "descriptor": "the program's pidfd_open"}


def with_needs(pairs):
    """Their names, and what some of them need."""
    return [pytest.param(name, marks=pytest.mark.needs(NEEDS[name]))
            if name in NEEDS else name for name in pairs]


def attack(pair, options, scratch):
    """One jail on another: the attack's result."""
    victim, attacker, _ = PAIRS[pair]
    (scratch / "secret").write_text("secret")
    command = [JAILLAUNCH, "-r", "/", *options, "-I", "-q", "--landlock",
               "none", "--ns=none", "--"]
    with started([*command, *victim(scratch / "secret")]) as (_, said):
        return run(*command, *attacker(said.split()))


LISTEN = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0" + sys.argv[1])
listener.listen()
print(sys.argv[1], flush=True)
sys.stdin.read()
"""
SCOPED = {
    **{name: PAIRS[name] for name in
       ("signal", "ptrace", "memory", "descriptor", "proc")},
    "abstract": (
        lambda secret: ["python3", "-c", LISTEN, f"jail-{fresh_uid()}"],
        lambda said: [escape("abstract_socket"), *said], "EPERM")}


@pytest.mark.skipif(landlock_abi() < 6, reason="Landlock has no scopes")
@pytest.mark.parametrize("pair", with_needs(SCOPED))
@pytest.mark.needs("landlock", "root")
def test_landlock_keeps_two_jails_of_one_uid_apart(scratch, pair):
    """And what one of them does not, its absence shows."""
    victim, attacker, refusal = SCOPED[pair]
    (scratch / "secret").write_text("secret")
    uid = fresh_uid()
    command = [JAILLAUNCH, "-r", "/", "-u", uid, "--ns=none", "-I", "-q"]
    with started([*command, "--", *victim(scratch / "secret")]) as (_, said):
        words = attacker(said.split())
        done = run(*command, "--landlock", "none", "--", *words)
        assert "escaped" in done.out, done
        # without -I the refusal of seccomp may come first
        done = run(*command, "--", *words)
        assert "escaped" not in done.out, done
        assert refusal in done.out + done.err, done
        done = run(*command[:-2], "--", *words)
        assert "escaped" not in done.out, done


@pytest.mark.parametrize("pair", with_needs(PAIRS))
@pytest.mark.needs("root")
def test_a_jail_cannot_attack_another(pool, scratch, pair):
    uid = fresh_uid()
    try:
        done = attack(pair, ["-u", uid], scratch)
        assert "escaped" in done.out, done
    finally:
        remove_objects(uid, f"jail-{uid}")
    done = attack(pair, [pool(2).option], scratch)
    assert "escaped" not in done.out and done.status != 0, done
    assert PAIRS[pair][2] in done.out + done.err, done
