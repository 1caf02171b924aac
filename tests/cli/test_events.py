"""--events: what happens in a launch, a line each, as it happens; each line is
checked against docs/events.schema.json (schemas.py, by json.loads())."""

import fcntl
import json
import os
import re
import signal
import subprocess
import time

import pytest

from cli.test_supervisor import own_uid
from conftest import BUILD, IS_SANITIZED, owner_of, run
from jailroot import busybox_root, refuses
from processes import processes_of

JAILLAUNCH = BUILD / "jaillaunch"
WITHOUT = BUILD / "tools/without"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# A call that is refused, as often as is said.
FLOOD = "i=0; while [ $i -lt {} ]; do chroot /x 2>/dev/null; i=$((i+1)); done"


def argv(*options, program=("true",), root=None):
    return [str(word) for word in (JAILLAUNCH, "-r", root or busybox_root(),
                                   "-u", "1000", *options, "--", *program)]


def events(*options, before=(), status=0, **kwargs):
    done = run(*before, *argv("--events", "fd:2", *options, **kwargs))
    assert done.status == status, done
    return [json.loads(line) for line in done.err.splitlines()
            if line.startswith("{")]


def kinds(found):
    return [event["event"] for event in found]


@pytest.mark.needs("ns-cgroup")
def test_a_plain_launch():
    found = events(program=["sleep", "0.5"])  # else it is gone: pid 0
    assert kinds(found) == ["prepared", "started", "ended"]
    prepared, started, ended = found
    assert prepared["attempt"] == 1
    assert {"root", "ids", "seccomp"} <= set(prepared["layers"])
    assert prepared["namespaces"] == ["pid", "ipc", "uts", "cgroup"] + \
        (["user"] if owner_of(0) else [])
    assert started["pid"] > 0
    assert ended["outcome"] == "exited" and ended["exit_status"] == 0
    times = [event["time"] for event in found]
    assert times == sorted(times)


@pytest.mark.skipif(IS_SANITIZED, reason="the sanitizers need /proc")
@pytest.mark.parametrize("namespaces", ["auto", "none"])
@pytest.mark.needs("root")
def test_the_number_is_the_programs_also_without_proc(namespaces):
    """In a pid namespace of its own it has another there; a terminal that is
    lent to it again needs ours."""
    uid = own_uid()
    with subprocess.Popen(
            ["unshare", "-m", "sh", "-c", 'umount -l /proc; exec "$@"', "-",
             JAILLAUNCH, "-r", busybox_root(), "-u", str(uid), "--ns", namespaces,
             "--events", "fd:1", "--", "sleep", "60"],
            stdout=subprocess.PIPE, text=True) as process:
        try:
            started = next(event for event in map(json.loads, process.stdout)
                           if event["event"] == "started")
            assert [started["pid"]] == processes_of(uid)
        finally:
            process.terminate()


@pytest.mark.parametrize("program, status, expected", [
    (["sh", "-c", "exit 3"], 3, {"outcome": "exited"}),
    (["sh", "-c", "kill -9 $$"], 137, {"outcome": "signaled", "signal": 9}),
    (["/nosuch"], 127, {"outcome": "not-found"}),
    (["/etc/passwd"], 126, {"outcome": "not-executable"}),
])
@pytest.mark.needs("root")
def test_the_end(program, status, expected):
    found = events("--ns", "none", program=program, status=status)
    assert expected.items() <= found[-1].items()
    assert found[-1]["exit_status"] == status
    assert ("started" in kinds(found)) == (status not in (126, 127))
    assert ("error" in found[-1]) == (status in (126, 127))


def test_what_was_never_started_ends_too():
    found = events("-u", "nosuch", status=125)
    assert kinds(found) == ["ended"]
    assert found[0]["outcome"] == "failed" and "nosuch" in found[0]["error"]


@pytest.mark.needs("ns-cgroup")
def test_each_attempt_is_prepared():
    found = events(before=(WITHOUT, "namespaces:0x20000000=EPERM"))
    assert kinds(found) == ["prepared", "prepared", "started", "ended"]
    assert [event.get("attempt") for event in found[:2]] == [1, 2]
    assert "pid" in found[0]["namespaces"]
    assert "pid" not in found[1]["namespaces"]


@pytest.mark.needs("ns-cgroup")
def test_a_limit_is_told():
    found = events("--limit", "wall-time=200ms", program=["sleep", "9"],
                   status=124)
    assert kinds(found) == ["prepared", "started", "limit", "ended"]
    assert found[2]["limit"] == "wall-time"


@pytest.mark.needs("seccomp-notify", "ns-cgroup", "kills")
def test_refused_calls_are_told_as_they_are_made():
    """Each before the program goes on."""
    read, write = os.pipe()
    with subprocess.Popen(
            argv("--events", f"fd:{write}", "--limit", "wall-time=20",
                 program=["sh", "-c", """
                 dd if=/dev/zero of=/dev/null count=0 2>/dev/null
                 chroot /; echo ready; read x"""]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, pass_fds=[write]) as process:
        os.close(write)
        assert process.stdout.readline() == "ready\n"
        with open(read, encoding="utf-8") as lines:
            found = [json.loads(next(lines)) for _ in range(3)]
            assert process.poll() is None
            process.stdin.write("\n")
            process.stdin.close()
            found += [json.loads(line) for line in lines]
    assert kinds(found) == ["prepared", "started", "denied", "ended"]
    denied = found[2]
    assert (denied["syscall"], denied["nth"]) == ("chroot", 1)
    assert denied["kill"] == "SIGSYS" and denied["comm"] == "chroot"
    assert len(denied["arguments"]) == 6 and denied["rule"] == "@mount"


@pytest.mark.needs("seccomp-notify", "kills")
def test_a_flood_of_refusals_is_none_of_events(scratch):
    found = events("--report", scratch / "report",
                   program=["sh", "-c", FLOOD.format(60)], status=0)
    denied = [event for event in found if event["event"] == "denied"]
    assert [event["nth"] for event in denied] == [1, 2, 3, 4]
    report = json.loads((scratch / "report").read_text())
    assert sum(kind["count"] for kind in report["denied"]) == 60


@pytest.mark.needs("seccomp-notify", "ns-cgroup", "kills")
def test_who_does_not_read_holds_nobody_up():
    """The pipe is full from the start: nothing is waited for, but the end, for
    a second; what was lost is told by the next line that there is room for."""
    read, write = os.pipe()
    size = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.write(write, b"\n" * size)
    with subprocess.Popen(argv("--events", f"fd:{write}", program=[
            "sh", "-c", "chroot /x; echo done; read x"]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, pass_fds=[write]) as process:
        os.close(write)
        assert process.stdout.readline() == b"done\n"  # though nobody read
        time.sleep(0.2)
        assert os.read(read, size) == b"\n" * size
        process.stdin.close()
        with open(read, encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines]
    assert process.returncode == 1
    assert kinds(found) == ["ended"] and found[0]["lost"] == 3, found


def test_a_full_pipe_at_the_end_costs_a_second():
    read, write = os.pipe()
    size = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.write(write, b"\n" * size)
    began = time.monotonic()
    done = run(*argv("--events", f"fd:{write}"), pass_fds=[write])
    assert done.status == 0 and time.monotonic() - began < 20, done
    os.close(read), os.close(write)


def lost(done, where, why):
    """Each attempt has a line; here it may take several."""
    found = re.fullmatch(f"jaillaunch: warning: --events {where}: the last "
                         f"([0-9]+) lines were lost: {why}\n", done.err)
    return found and int(found[1]) >= 3


def test_a_full_disk_is_told_at_the_end():
    done = run(*argv("--events", "/dev/full", program=["echo", "ran"]))
    assert (done.status, done.out) == (0, "ran\n"), done
    assert lost(done, "/dev/full", "No space left on device"), done
    done = run(*argv("--events", "/dev/full", "-q", program=["echo", "ran"]))
    assert (done.status, done.out, done.err) == (0, "ran\n", "")


def test_a_line_that_was_cut_in_its_middle_is_the_last(scratch):
    refuser = "import resource, signal, os, sys; " \
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); " \
        "resource.setrlimit(resource.RLIMIT_FSIZE, (99, 99)); " \
        "os.execv(sys.argv[1], sys.argv[1:])"
    done = run("/usr/bin/python3", "-c", refuser,
               *argv("--events", scratch / "events"))
    assert done.status == 0, done
    assert lost(done, scratch / "events", "No space left on device"), done
    assert (scratch / "events").stat().st_size == 99


def test_a_pipe_that_nobody_empties_is_told_at_the_end():
    read, write = os.pipe()
    os.write(write, b"\n" * fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096))
    done = run(*argv("--events", f"fd:{write}"), pass_fds=[write])
    assert done.status == 0
    assert lost(done, f"fd:{write}", "who reads them did not in time"), done
    os.close(read), os.close(write)


def test_a_reader_that_is_gone_ends_nobody():
    read, write = os.pipe()
    os.close(read)
    done = run(*argv("--events", f"fd:{write}", program=["echo", "ran"]),
               pass_fds=[write])
    os.close(write)
    assert (done.status, done.out, done.err) == (0, "ran\n", "")


@pytest.mark.needs("ns-cgroup")
def test_signals_stops_and_continuing(scratch):
    path = scratch / "events"
    with subprocess.Popen(argv("--events", path, program=[
            "sh", "-c", "trap 'echo usr1' USR1; echo ready; kill -STOP $$; "
            "read x; read x"]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        process.send_signal(signal.SIGCONT)
        while "continued" not in path.read_text():
            time.sleep(0.02)
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == b"usr1\n"
        process.stdin.close()
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert kinds(found) == ["prepared", "started", "stopped", "continued",
                            "signal", "ended"]
    assert found[2]["signal"] == signal.SIGSTOP
    assert found[4]["signal"] == signal.SIGUSR1


def test_the_jail_does_not_get_the_descriptor():
    read, write = os.pipe()
    done = run(*argv("--events", f"fd:{write}", "--proc", program=[
        "ls", "/proc/self/fd"]), pass_fds=[write])
    os.close(read), os.close(write)
    if done.status == 0:
        assert set(done.out.split()) <= {"0", "1", "2", "3"}  # 3: ls's own
    done = run(*argv("--events", "fd:2", program=["sh", "-c", "echo x >&9"]))
    assert done.status != 0


@pytest.mark.parametrize("report, told", [
    ("new", "new"), ("there", "there"), ("new", "./new"), ("link", "there"),
    ("there", "hard"), ("fd:1", "there"), ("there", "fd:1")])
def test_one_file_is_not_for_the_report_too(report, told, scratch):
    there = scratch / "there"
    there.write_text("")
    (scratch / "link").symlink_to("there")
    (scratch / "hard").hardlink_to(there)
    with open(there, "w", encoding="utf-8") as out:
        done = subprocess.run(
            argv("--report", report, "--events", told), cwd=scratch,
            stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 125, done
    assert done.stderr == (
        f"jaillaunch: --report and --events both write {told}, and one would "
        "lose what the other writes: name two files, or a pipe\n")
    assert there.read_text() == "" and not (scratch / "new").exists()


def test_what_takes_both_may_have_both(scratch):
    fifo = scratch / "fifo"
    os.mkfifo(fifo)
    fifo.chmod(0o666)
    read = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    write = os.open(fifo, os.O_WRONLY)
    for where in f"fd:{write}", fifo:
        done = run(*argv("--report", where, "--events", where),
                   pass_fds=[write])
        assert done.status == 0, done
    os.close(write)
    with open(read, encoding="utf-8") as lines:
        assert lines.read().count('"event":"ended"') == 2
    with open(scratch / "both", "w", encoding="utf-8") as out:
        done = subprocess.run(argv("--report", "fd:1", "--events", "fd:1"),
                              stdout=out, check=False)
    assert done.returncode == 0
    assert (scratch / "both").read_text().startswith('{"event":"prepared"')
    done = run(*argv("--report", scratch / "report", "--events",
                     scratch / "events"))
    assert done.status == 0, done


@pytest.mark.parametrize("options, words", [
    (["--events", "fd:x"], "fd:x: not a descriptor's number"),
    (["--events", "fd:"], "not a descriptor's number"),
    (["--events", "fd:99"], "--events fd:99"),
    (["--events", "/nowhere/x"], "--events /nowhere/x"),
    (["--events", "fd:2", "--exec"], "--events needs the supervisor"),
])
def test_mistakes(options, words):
    refuses(words, "-r", busybox_root(), "-u", "1000", *options, "--", "true")
