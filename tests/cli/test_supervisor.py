"""The processes of a launch: nothing is left, whatever is killed and when;
signals, limits of time, and callers in a bad state."""

import contextlib
import ctypes
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import tempfile
import time

import pytest

from conftest import BUILD, owner_of, run, shared_once
from jailroot import busybox_root, compile_c
from processes import (child_of, descendants, eventually, parents,
                       processes_of)

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")
JAILLAUNCH = BUILD / "jaillaunch"

# FORKERS KIND COUNT MARK [hold]: after a moment the program itself ends, or
# waits.
FORKERS = r"""
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* Forks and exits for ever, each time in a session of its own. */
static void chain(void)
{
	for (;;) {
		pid_t pid = fork();
		if (pid > 0)
			_exit(0);
		if (pid == 0)
			setsid();
	}
}
/* All stay and fork on, in the program's own group. */
static void bomb(void)
{
	for (;;)
		fork();
}
/* All stay and fork on, each in a session of its own. */
static void scatter(void)
{
	for (;;)
		if (fork() == 0)
			setsid();
}
int main(int argc, char **argv)
{
	int i;

	for (i = 0; i < argv[2][0] - '0'; i++) {
		if (fork() != 0)
			continue;
		if (strcmp(argv[1], "chain") == 0)
			chain();
		if (strcmp(argv[1], "bomb") == 0)
			bomb();
		scatter();
	}
	usleep(20000);
	if (argc > 4)
		pause();
	return 5;
}
"""
SPIN = "int main(void){for(;;);}"
NONBLOCK = r"""
#include <fcntl.h>
int main(void)
{
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
	fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_APPEND);
	return 0;
}
"""
STATE = r"""
/* What a caller can leave to its children, as this process has it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	sigset_t mask;
	int number, fd, ignored = 0, blocked = 0;
	struct rlimit files;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (number = 1; number < 65; number++) {
		/* The kernel's structure: the handler comes first. */
		unsigned long handler[8] = {0};

		syscall(SYS_rt_sigaction, number, NULL, handler, 8);
		ignored += handler[0] == 1;
		blocked += sigismember(&mask, number) == 1;
	}
	dprintf(3, "ignored %d blocked %d umask %03o", ignored, blocked,
		umask(0));
	for (fd = 0; fd < 3; fd++)
		dprintf(3, " fd%d %s", fd, fcntl(fd, F_GETFD) < 0 ? "closed"
								  : "open");
	getrlimit(RLIMIT_NOFILE, &files);
	dprintf(3, " nofile %s\n", files.rlim_cur >= 256 ? "usable" : "tiny");
	return 0;
}
"""


def make_programs(path):
    path.mkdir(mode=0o755)
    for name, source in (("forkers", FORKERS), ("spin", SPIN),
                         ("nonblock", NONBLOCK), ("state", STATE)):
        compile_c(source, path / name)


def programs():
    return shared_once("supervisor-root", make_programs)


uids, started = [], []  # of the test that is running


def own_uid():
    """A uid that no other process has, so that what is left can be seen."""
    uids.append(random.randrange(1 << 20, 1 << 30))
    return uids[-1]


@pytest.fixture(autouse=True)
def nothing_stays():
    """Of a test that failed: what forks for ever would slow all others."""
    yield
    while started:
        process = started.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()
    while uids:
        uid = uids.pop()
        while processes_of(uid):
            subprocess.run(["setpriv", "--reuid", str(uid), "--clear-groups",
                            "sh", "-c", "kill -KILL -1"], check=False)


def start(*argv, root=None, **kwargs):
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.PIPE)
    started.append(subprocess.Popen(
        [str(a) for a in (JAILLAUNCH, "-r", root or busybox_root(), *argv)],
        text=True, **kwargs))
    return started[-1]


# By what its processes are: in a user namespace its uid is the launcher's.
SLEEPER = ["sh", "-c", "echo ready; exec sleep 50"]


def family_of(process):
    """What a launch of SLEEPER started, once that runs."""
    assert process.stdout.readline() == "ready\n"
    return descendants(process.pid)


def has_gone(family):
    return not set(family) & set(parents())


# --- signals

@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "TERM", "USR1",
                                  "USR2", "ALRM", "WINCH"])
def test_signals_reach_the_program(name):
    process = start("-u", "1000", "--", "sh", "-c",
                    f"trap 'echo got {name}; exit 3' {name}; echo ready; "
                    "while :; do :; done", start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, "SIG" + name))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (3, f"got {name}\n", "")


def test_a_signal_that_kills_it_is_told():
    process = start("-u", "1000", "--", *SLEEPER, start_new_session=True)
    assert family_of(process)
    process.terminate()
    assert process.wait(timeout=20) == 128 + signal.SIGTERM
    process.communicate()


def test_stops_and_goes_on_with_the_program():
    process = start("-u", own_uid(), "--", "sh", "-c",
                    "echo ready; read line; echo $line", start_new_session=True,
                    stdin=subprocess.PIPE)
    _, program = family_of(process)
    process.send_signal(signal.SIGTSTP)
    state = pathlib.Path(f"/proc/{process.pid}/stat")
    assert eventually(lambda: ") T " in state.read_text())
    assert ") T " in pathlib.Path(f"/proc/{program}/stat").read_text()
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate("again\n", timeout=20)
    assert (process.returncode, out) == (0, "again\n")


# --- limits of time

def test_wall_time_ends_everything(scratch):
    uid = own_uid()
    begin = time.monotonic()
    done = run(JAILLAUNCH, "-r", busybox_root(), "-u", uid, "--limit",
               "wall-time=300ms", "--report", scratch / "report", "--", "sh",
               "-c", "trap '' TERM HUP; setsid sleep 60 & sleep 60")
    assert done.status == 124, done
    assert 0.3 <= time.monotonic() - begin < 5
    report = json.loads((scratch / "report").read_text())
    assert report["outcome"] == "time-limit"
    assert report["limit"] == "wall-time"
    assert report["exit_status"] == 124
    assert processes_of(uid) == []


def test_wall_time_ends_a_stopped_jail():
    uid = own_uid()
    process = start("-u", uid, "--limit", "wall-time=0.5", "--", "sh", "-c",
                    "kill -STOP $$", start_new_session=True)
    assert process.wait(timeout=20) == 124
    process.communicate()
    assert processes_of(uid) == []


def test_cpu_time():
    done = run(JAILLAUNCH, "-r", programs(), "-u", own_uid(), "--limit",
               "cpu-time=1", "--", "/spin")
    assert done.status == 124, done


# --- what is left behind

def test_orphans_are_ended_and_counted(scratch):
    uid = own_uid()
    done = run(JAILLAUNCH, "-r", busybox_root(), "-u", uid, "--report",
               scratch / "report", "--", "sh", "-c",
               "(setsid sleep 60 &) ; (setsid sleep 61 &); sleep 0.1; exit 9")
    assert done.status == 9, done
    assert processes_of(uid) == []
    report = json.loads((scratch / "report").read_text())
    assert report["use"]["orphans_ended"] == 2


def forkers(mark):
    """Those of one launch: their uid may be the launcher's, too."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[0] == b"/forkers" and words[3] == str(mark).encode():
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("kind", ["chain", "bomb", "scatter"])
def test_what_forks_for_ever_is_ended(kind):
    uid = own_uid()
    done = run(JAILLAUNCH, "-r", programs(), "-u", uid, "--limit", "pids=100",
               "--", "/forkers", kind, "3", uid)
    assert done.status == 5, done
    assert forkers(uid) == processes_of(uid) == []


@pytest.mark.parametrize("kind", ["chain", "bomb", "scatter"])
@pytest.mark.parametrize("victim", ["supervisor", "keeper"])
def test_what_forks_for_ever_ends_with_any_of_us(kind, victim):
    uid = own_uid()
    process = start("-u", uid, "--limit", "pids=100", "--", "/forkers", kind,
                    "3", uid, "hold", root=programs())
    assert eventually(lambda: forkers(uid))
    keeper = child_of(process.pid)
    time.sleep(0.1)  # who forks and exits for ever is hardly ever seen
    os.kill(process.pid if victim == "supervisor" else keeper, signal.SIGKILL)
    process.communicate(timeout=60)
    assert eventually(lambda: not forkers(uid) and not processes_of(uid),
                      20), (forkers(uid), processes_of(uid))
    assert eventually(lambda: keeper not in parents())


MARK = "00-supervisor"  # the first that is unpacked


def make_image(path):
    with tempfile.TemporaryDirectory() as place:
        (pathlib.Path(place) / MARK).touch()
        subprocess.run(["tar", "-cf", str(path), "-C", place, f"./{MARK}",
                        "-C", str(busybox_root()), "."], check=True)


def private_directories():
    found, user = [], owner_of(0)
    shared = () if user else ("/run/jailwright", "/var/lib/jailwright")
    for base in (*shared, f"/tmp/jailwright-{user}"):
        with contextlib.suppress(OSError):
            found += [f"{base}/{name}" for name in os.listdir(base)
                      if name.startswith("run-")]
    return found


def is_of_this_file(path):
    """Other tests kill launches, too, and leave what the next one removes."""
    names = list(pathlib.Path(path).glob("*")) + \
        list(pathlib.Path(path).glob("*/*"))
    return not names or any(name.name == MARK for name in names)


def is_in_use(path):
    import fcntl
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def left_of_this_file():
    return [path for path in private_directories()
            if not is_in_use(path) and is_of_this_file(path)]


@pytest.mark.parametrize("victim", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("source", ["root", "image"])
def test_sigkill_of_any_process_at_any_moment_leaves_nothing(victim, source):
    """victim: the supervisor, then its descendants in the order of birth."""
    image = shared_once("supervisor.tar", make_image)
    rounds = 12
    for count in range(rounds):
        uid = own_uid()
        where = (["-r", busybox_root()] if source == "root" else
                 ["-i", image])
        process = subprocess.Popen(
            [str(a) for a in (JAILLAUNCH, *where, "-u", uid, "--", "sh", "-c",
                              "(setsid sleep 50 &); (sleep 51 &); sleep 52")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
        time.sleep(random.random() * (0.004 if source == "root" else 0.06)
                   if count % 3 else 0.15)
        family = [process.pid] + descendants(process.pid)
        target = family[min(victim, len(family) - 1)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, signal.SIGKILL)
        if target != process.pid and count % 2 == 0:
            process.terminate()  # else it may run to its end: 52 seconds
        elif target != process.pid:
            process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=30)[1]
        assert b"Assertion" not in err and b"sanitizer" not in err.lower()
        assert eventually(lambda: not processes_of(uid)), processes_of(uid)
        assert eventually(lambda: not set(family) & set(parents())), family
    if source == "image":
        assert eventually(lambda: not left_of_this_file()), \
            {path: os.listdir(path) for path in left_of_this_file()}


def test_what_a_killed_launch_left_goes_with_the_next(scratch):
    """Supervisor and guard killed together."""
    image = shared_once("supervisor.tar", make_image)
    uid = own_uid()
    process = subprocess.Popen(
        [JAILLAUNCH, "-i", image, "-u", str(uid), "--", *SLEEPER], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    family = family_of(process)
    before = set(private_directories())
    for pid in family:
        name = pathlib.Path(f"/proc/{pid}/comm").read_text()
        if name == "jail-guard\n":
            os.kill(pid, signal.SIGKILL)
    process.kill()
    process.communicate()
    assert eventually(lambda: has_gone(family))
    left = [path for path in before if not is_in_use(path)]
    assert eventually(lambda: all(not is_in_use(path) for path in left))
    done = run(JAILLAUNCH, "-i", image, "-u", uid, "--", "true")
    assert done.status == 0, done
    assert not any(os.path.exists(path) for path in left)


def caught_unpacking(image, large, uid):
    """A launch whose helper was stopped amidst of it, its processes by name,
    and its directory; None if it was too quick for us."""
    process = subprocess.Popen(
        [JAILLAUNCH, "-i", image, "-u", str(uid), "--", "true"],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    mine = []
    while process.poll() is None and not mine:
        mine = [path for path in private_directories()
                if os.path.exists(f"{path}/{large}")]
    names = {}
    for pid in descendants(process.pid):
        with contextlib.suppress(OSError):
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            names[name] = pid
    if "jail-unpack" in names and "jail-guard" in names:
        os.kill(names["jail-unpack"], signal.SIGSTOP)
        time.sleep(0.05)  # what it had written is written to the directory
        if process.poll() is None:
            return process, names, mine[0]
        os.kill(names["jail-unpack"], signal.SIGKILL)
        process.communicate()
        return None
    process.communicate()
    assert process.returncode == 0
    return None


@pytest.mark.parametrize("ended_by", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_while_unpacking_leaves_nothing_even_without_guard(
        ended_by, scratch):
    """As a signal would kill the launch, it is killed, but tidily."""
    uid = own_uid()
    large = f"large-{uid}"
    (scratch / large).write_bytes(os.urandom(1 << 20) * 48)
    image = scratch / "image.tar"
    subprocess.run(["tar", "-cf", image, "-C", scratch, large, "-C",
                    busybox_root(), "."], check=True)
    caught = None
    while caught is None:
        caught = caught_unpacking(image, large, uid)
    process, names, mine = caught
    assert os.path.isdir(mine)
    os.kill(names["jail-guard"], signal.SIGKILL)
    process.send_signal(signal.Signals[ended_by])
    process.communicate(timeout=20)
    assert process.returncode == -signal.Signals[ended_by]
    assert not os.path.exists(mine)
    assert not set(names.values()) & set(parents())


def make_large_image(path):
    """What takes its time to be removed."""
    with tempfile.TemporaryDirectory() as place:
        top = pathlib.Path(place, MARK)
        top.mkdir()
        for number in range(4000):
            (top / f"{number}").touch()
        subprocess.run(["tar", "-cf", str(path), "-C", place, f"./{MARK}",
                        "-C", str(busybox_root()), "."], check=True)


@pytest.mark.parametrize("options", [
    [], pytest.param(["--ns", "none"], marks=pytest.mark.needs("root"))])
def test_the_guard_outlives_the_search_for_orphans(options):
    """The keeper is killed, and then the supervisor, which has ended what the
    keeper left, and not removed the image yet."""
    image = shared_once("supervisor-large.tar", make_large_image)
    process = subprocess.Popen(
        [JAILLAUNCH, "-i", image, "-u", str(own_uid()), *options, "--",
         *SLEEPER], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    family = set(family_of(process))
    names = {pathlib.Path(f"/proc/{pid}/comm").read_text().strip(): pid
             for pid, parent in parents().items() if parent == process.pid}
    os.kill(names["jail-keeper"], signal.SIGKILL)
    assert eventually(lambda: has_gone(family - {names["jail-guard"]}))
    time.sleep(0.01)
    process.kill()
    process.communicate(timeout=20)
    assert eventually(lambda: names["jail-guard"] not in parents())
    # other tests of this file may be removing theirs
    assert eventually(lambda: not left_of_this_file())


def test_the_killed_keeper_is_told(scratch):
    process = start("-u", own_uid(), "--report", scratch / "report", "--",
                    *SLEEPER)
    family = family_of(process)
    os.kill(child_of(process.pid), signal.SIGKILL)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 125
    assert err == "jaillaunch: the keeper was killed, and the jail with it\n"
    assert has_gone(family)
    report = json.loads((scratch / "report").read_text())
    assert report["outcome"] == "failed"


def oom_score_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())


@pytest.mark.parametrize("callers", [0, 500])
@pytest.mark.parametrize("namespaces", [
    pytest.param(["--ns", "none"], marks=pytest.mark.needs("root")), []])
@pytest.mark.needs("oom-score")
def test_when_memory_runs_out_the_jail_goes_and_its_guardians_stay(
        callers, namespaces):
    process = subprocess.Popen(
        [JAILLAUNCH, "-r", busybox_root(), "-u", str(own_uid()), *namespaces,
         "--", "sh", "-c", "sleep 50 & wait"], stdin=subprocess.DEVNULL,
        preexec_fn=lambda: pathlib.Path(
            "/proc/self/oom_score_adj").write_text(str(callers)))
    try:
        assert eventually(lambda: len(descendants(process.pid)) == 3)
        family = [process.pid, *descendants(process.pid)]
        assert eventually(lambda: [oom_score_of(pid) for pid in family] ==
                          [callers, callers, 1000, 1000])
    finally:
        process.terminate()
        process.wait()


# --- the caller's state

def state_of(**kwargs):
    """What /state says on descriptor 3."""
    read, write = os.pipe()
    prepare = kwargs.pop("prepare", lambda: None)

    def preexec():
        os.dup2(write, 3)
        prepare()

    process = subprocess.Popen(
        [str(a) for a in (JAILLAUNCH, "-r", programs(), "-u", own_uid(),
                          "--keep-fd", 3, "/state")],
        preexec_fn=preexec, close_fds=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")
    return text


CLEAN = ("ignored 0 blocked 0 umask 022 fd0 open fd1 open fd2 open "
         "nofile usable\n")


def ignore_signals():
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ,
                   signal.SIGINT, signal.SIGTERM, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    # Those that a C library keeps for itself, as it would not do it.
    rt_sigaction = {"x86_64": 13, "aarch64": 134}[os.uname().machine]
    ignore = (ctypes.c_ulong * 8)(1)
    for number in (32, 33, 34):
        assert ctypes.CDLL(None).syscall(rt_sigaction, number, ignore, None,
                                         8) == 0


def block_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))


def close_streams():
    for fd in (0, 1, 2):
        os.close(fd)


def tiny_limits():
    # The soft ones: raising a hard one needs CAP_SYS_RESOURCE, which even
    # root may lack.
    for which, value in ((resource.RLIMIT_NOFILE, 5),
                         (resource.RLIMIT_FSIZE, 0),
                         (resource.RLIMIT_STACK, 65536),
                         (resource.RLIMIT_NPROC, 1)):
        resource.setrlimit(which, (value, resource.getrlimit(which)[1]))


def start_timers():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)


@pytest.mark.parametrize("dirt", [lambda: None, ignore_signals, block_signals,
                                  close_streams, tiny_limits, start_timers,
                                  lambda: os.umask(0o777)],
                         ids=["clean", "ignored", "blocked", "closed", "tiny",
                              "timers", "umask"])
def test_the_program_does_not_see_a_dirty_caller(dirt):
    assert state_of(prepare=dirt) == CLEAN


def test_files_that_may_not_grow_are_an_error_in_words(scratch):
    """By default the signal of that limit kills, without a word."""
    def no_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    (scratch / "x.tar").write_bytes(b"")
    subprocess.run(["tar", "-cf", scratch / "x.tar", "-C", busybox_root(),
                    "."], check=True)
    (scratch / "x.jail").write_text('text /x "x"\n')
    for argv in ((JAILLAUNCH, "-i", scratch / "x.tar", "-u", "1000", "true"),
                 (BUILD / "jailbuild", scratch / "x.jail", "-o",
                  scratch / "y.tar")):
        done = run(*argv, preexec_fn=no_files)
        assert done.status in (5, 125) and "File too large" in done.err, done
        assert done.err.count("\n") == 1, done
    assert "y.tar" not in os.listdir(scratch)


def test_exit_status_arrives_whatever_the_caller_ignores():
    done = run(JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(), "--", "sh",
               "-c", "exit 7", preexec_fn=ignore_signals)
    assert done.status == 7, done


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_directory_as_a_stream_is_refused(stream, scratch):
    fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
               "stderr": subprocess.PIPE, stream: fd}
    process = subprocess.Popen(
        [str(a) for a in (JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(),
                          "true")], **streams)
    _, err = process.communicate(timeout=20)
    os.close(fd)
    assert process.returncode == 125
    if stream != "stderr":
        assert b"is a directory: the program could leave the jail" in err


def test_inherited_descriptors_are_closed():
    fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(fd, True)
    # No /proc in the jail: the shell's own redirection tells.
    done = run(JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(), "--", "sh",
               "-c", f"true <&{fd}", close_fds=False)
    os.close(fd)
    assert done.status != 0 and "Bad file descriptor" in done.err, done


def test_keep_fd():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    done = run(JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(), "--keep-fd",
               write, "--", "sh", "-c", f"echo hi >&{write}", close_fds=False)
    os.close(write)
    assert done.status == 0, done
    assert os.read(read, 10) == b"hi\n"
    os.close(read)


def test_flags_of_the_streams_are_given_back():
    read, write = os.pipe()
    null = os.open("/dev/null", os.O_WRONLY)
    import fcntl
    before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (read, null)]
    process = subprocess.Popen(
        [str(a) for a in (JAILLAUNCH, "-r", programs(), "-u", own_uid(),
                          "/nonblock")], stdin=read, stdout=null)
    assert process.wait(timeout=20) == 0
    assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (read, null)] == before
    for fd in (read, write, null):
        os.close(fd)


def test_exec_keeps_the_process_id():
    process = start("-u", own_uid(), "--exec", "--", "sh", "-c", "echo $$")
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, f"{process.pid}\n", "")


def test_the_callers_hard_limits_hold_in_the_jail():
    root = busybox_root()
    done = run("sh", "-c", 'ulimit -n 100 && exec "$@"', "sh", JAILLAUNCH,
               "-r", root, "-u", "1234", "--", "/bin/sh", "-c", "ulimit -Hn")
    assert (done.status, done.out) == (0, "100\n"), done


def test_who_is_left_is_found_by_proc_also_beside_a_mounted_image(scratch):
    # The keeper stands in the jail's mounts then, where there is no /proc:
    # without it each of four million process numbers is tried.
    image = shared_once("supervisor.tar", make_image)
    done = run("strace", "-f", "-e", "trace=waitid", "-o", scratch / "trace",
               JAILLAUNCH, "-i", image, "-u", "1234", "--", "sh", "-c",
               "(setsid sleep 50 &); exit 3")
    assert done.status == 3, done
    with open(scratch / "trace", encoding="ascii") as trace:
        assert sum(1 for _ in trace) < 100000


@pytest.mark.needs("root")
def test_a_signal_during_a_failed_attempt_reaches_the_next():
    """The cgroup namespace cannot be made, after a while."""
    started.append(subprocess.Popen(
        ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=unshare", "-e",
         "inject=unshare:error=EPERM:delay_enter=500000:when=1",
         str(JAILLAUNCH), "-r", str(busybox_root()), "-u", str(own_uid()),
         "--", "sleep", "60"]))
    tracer = started[-1].pid
    assert eventually(lambda: child_of(tracer) and child_of(child_of(tracer)))
    time.sleep(0.2)
    os.kill(child_of(tracer), signal.SIGTERM)
    assert started[-1].wait(timeout=20) == 128 + signal.SIGTERM
