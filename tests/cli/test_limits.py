"""Limits of the whole jail: memory, pids, cpus and processor time by cgroups,
or by what comes next; each is told when it was met, and nothing is left.

Each attack is first shown to work without the limit."""

import contextlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import pytest

from conftest import BUILD, run, shared_once
from jailroot import busybox_root, compile_c, launch, refuses, sh
from processes import descendants, eventually, parents, processes_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")
JAILLAUNCH = BUILD / "jaillaunch"
ROUNDS = 200 if os.environ.get("JAIL_SOAK") == "1" else 12

# hog WHAT N SIZE: what one jail can use of the machine; N processes.
HOG = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void eat(size_t megabytes)
{
	volatile char *memory = malloc(megabytes << 20);
	size_t i;

	if (!memory)
		_exit(3);
	for (i = 0; i < megabytes << 20; i += 4096)
		memory[i] = 1;
}
int main(int argc, char **argv)
{
	int n = atoi(argv[2]), size = argc > 3 ? atoi(argv[3]) : 0;
	int i, status, failed = 0, forked = 0, ends[2];

	if (pipe(ends) < 0)
		return 9;
	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid > 0) {
			forked++;
			continue;
		}
		close(ends[0]);
		if (strcmp(argv[1], "spin") == 0)
			for (;;)
				;
		if (strcmp(argv[1], "memory") == 0)
			eat(size);
		if (write(ends[1], "x", 1) != 1)
			_exit(4);
		close(ends[1]);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (strcmp(argv[1], "spin") == 0)
		pause();
	if (strcmp(argv[1], "memory") == 0) { /* all hold it together */
		char byte;

		for (i = 0; i < forked && read(ends[0], &byte, 1) == 1; i++)
			;
		failed = forked - i;
	}
	signal(SIGTERM, SIG_IGN); /* to be left */
	kill(0, SIGTERM);
	for (i = 0; i < forked; i++) {
		wait(&status);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			failed++;
	}
	printf("%d forked, %d failed\n", forked, failed);
	return 0;
}
"""
EAT = r"""
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	size_t i, size = (size_t)atoi(argv[1]) << 20;
	volatile char *memory = malloc(size);

	if (!memory)
		return 3;
	for (i = 0; i < size; i += 4096)
		memory[i] = 1;
	return 0;
}
"""


def make_programs(path):
    path.mkdir(mode=0o755)
    compile_c(HOG, path / "hog")
    compile_c(EAT, path / "eat")


def programs():
    return shared_once("limits-root", make_programs)


def mounts():
    """(type, mount point, options) of the cgroup hierarchies."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/self/mountinfo").read_text().split(
                "\n"):
            left, _, right = line.partition(" - ")
            kind, *rest = right.split()[:1] + right.split()[2:] or [""]
            if kind in ("cgroup", "cgroup2"):
                yield kind, left.split()[4], rest[0]


HAS = {word for kind, point, options in mounts()
       for word in (options.split(",") if kind == "cgroup" else pathlib.Path(
           point, "cgroup.controllers").read_text().split())}
HAS_COUNT = any(kind == "cgroup2" for kind, *_ in mounts()) or \
    "cpuacct" in HAS


def needs(controller):
    return pytest.mark.skipif(controller not in HAS, reason="no cgroup "
                              f"hierarchy with {controller} is mounted")


def groups():
    """All of ours, of every hierarchy."""
    found = set()
    for _, point, _ in mounts():
        for path, names, _ in os.walk(point):
            found |= {os.path.join(path, name) for name in names
                      if name.startswith("jailwright-")}
    return found


def is_left(path):
    """Unlocked: its launcher is dead."""
    import fcntl
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.exists(path)
    except OSError:
        return False
    finally:
        os.close(fd)


def groups_of(pid):
    return {path for path in groups() if f"/jailwright-{pid}-" in path}


def own_uid():
    return random.randrange(1 << 20, 1 << 30)


def hog(scratch, *argv, limits=(), uid=None, launcher=(JAILLAUNCH,),
        options=()):
    """(Result, report) of a run of a program of these; its groups are gone."""
    words = [word for limit in limits for word in ("--limit", limit)]
    process = subprocess.Popen(
        [str(word) for word in (*launcher, "-r", programs(), "-u",
                                uid or own_uid(), "--report",
                                scratch / "report", *words, *options, "--",
                                *argv)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert not groups_of(process.pid)
    report = json.loads((scratch / "report").read_text())
    return process.returncode, out, err, report


def enforced(report, name):
    return next(limit for limit in report["limits"] if limit["name"] == name)


# --- memory

@needs("memory")
@pytest.mark.needs("cgroup")
def test_memory_of_one_process(scratch):
    assert hog(scratch, "/eat", 60)[0] == 0
    status, out, err, report = hog(scratch, "/eat", 60,
                                   limits=["memory=20M"])
    assert (status, out, err) == (137, "", ""), report
    assert report["outcome"] == "signaled"
    assert report["limit"] == "memory"
    assert report["limits_met"] == ["memory"]
    assert report["use"]["oom_kills"] >= 1
    assert report["use"]["memory_peak_bytes"] <= 20 << 20
    assert re.fullmatch(r"cgroup v[12]: memory\.(max|limit_in_bytes)",
                        enforced(report, "memory")["enforced_by"])


@needs("memory")
@pytest.mark.needs("cgroup")
def test_memory_of_all_together(scratch):
    attack = ("/hog", "memory", 4, 10)
    assert hog(scratch, *attack)[1] == "4 forked, 0 failed\n"
    status, out, _, report = hog(scratch, *attack, limits=["memory=24M"])
    assert (status, report["outcome"]) == (0, "exited")
    assert not out.endswith(", 0 failed\n")
    assert "limit" not in report  # the program went on
    assert report["limits_met"] == ["memory"]


@needs("memory")
@pytest.mark.needs("cgroup")
def test_memory_that_is_enough_is_not_met(scratch):
    status, _, _, report = hog(scratch, "/eat", 10, limits=["memory=40M"])
    assert status == 0
    assert report["limits_met"] == []
    assert report["use"]["oom_kills"] == 0
    assert report["use"]["memory_peak_bytes"] >= 10 << 20


@needs("memory")
@pytest.mark.needs("cgroup")
def test_memory_in_a_cgroup_is_no_address_space():
    assert sh("ulimit -v", "--limit", "memory=64M").out == sh("ulimit -v").out


# --- processes

@needs("pids")
@pytest.mark.needs("cgroup")
def test_pids(scratch):
    attack = ("/hog", "forks", 40)
    assert hog(scratch, *attack)[1] == "40 forked, 0 failed\n"
    status, out, _, report = hog(scratch, *attack, limits=["pids=10"])
    assert (status, out) == (0, "9 forked, 0 failed\n"), report
    assert report["limits_met"] == ["pids"]
    assert report["use"]["forks_refused"] >= 1


@needs("pids")
@pytest.mark.needs("cgroup")
def test_pids_of_others_do_not_count(scratch):
    uid = own_uid()
    others = [subprocess.Popen(["sleep", "60"], user=uid) for _ in range(8)]
    try:
        out = hog(scratch, "/hog", "forks", 9, limits=["pids=10"], uid=uid)[1]
    finally:
        for process in others:
            process.kill()
            process.wait()
    assert out == "9 forked, 0 failed\n"


@needs("pids")
def test_what_forks_while_it_is_ended_is_not_a_limit_met(scratch):
    status, _, _, report = hog(scratch, "/hog", "spin", 3, limits=[
        "pids=10", "wall-time=200ms"])
    assert status == 124
    assert report["limits_met"] == ["wall-time"]


# --- processors

@needs("cpu")
def test_cpus(scratch):
    """In 0.8 s of wall time, a fiftieth of one processor gives 0.016."""
    attack = ("/hog", "spin", 2)
    limits = ["wall-time=800ms"]
    report = hog(scratch, *attack, limits=limits)[3]
    assert "throttled_seconds" not in report["use"]
    report = hog(scratch, *attack, limits=[*limits, "cpus=0.02"])[3]
    assert report["use"]["user_seconds"] < 0.1, report
    assert report["use"]["throttles"] > 0
    assert "throttled_seconds" in report["use"]
    assert report["limits_met"] == ["cpus", "wall-time"]
    assert enforced(report, "cpus")["value"] == 0.02


@needs("cpu")
def test_cpus_that_are_enough(scratch):
    report = hog(scratch, "/eat", 1, limits=["cpus=4096"])[3]
    assert report["limits_met"] == []
    assert report["use"]["throttles"] == 0


def test_cpus_cannot_be_had_otherwise():
    refuses("--limit cpus=unlimited runs it without", "-r", programs(), "-u",
            own_uid(), "--exec", "--limit", "cpus=1", "--", "/eat", "1")
    done = run(JAILLAUNCH, "-r", programs(), "-u", own_uid(), "--exec",
               "--limit", "cpus=unlimited", "--", "/eat", "1")
    assert done.status == 0, done


# --- time

@pytest.mark.skipif(not HAS_COUNT, reason="nothing counts it")
@pytest.mark.needs("cgroup")
def test_cpu_time_is_of_all_processes_and_has_fractions(scratch):
    status, _, _, report = hog(scratch, "/hog", "spin", 3,
                               limits=["cpu-time=0.3", "wall-time=20s"])
    assert status == 124, report
    assert report["outcome"] == "time-limit"
    assert report["limit"] == "cpu-time"
    assert report["limits_met"] == ["cpu-time"]
    assert 0.28 <= report["use"]["user_seconds"] + \
        report["use"]["system_seconds"] < 0.6
    assert enforced(report, "cpu-time") == {
        "name": "cpu-time", "value": 0.3,
        "enforced_by": enforced(report, "cpu-time")["enforced_by"]}


def test_cpu_time_without_a_cgroup_is_of_the_program(scratch):
    spin = shared_once("limits-spin", lambda path: (
        path.mkdir(mode=0o755),
        compile_c("int main(void) { for (;;); }", path / "spin")))
    done = run(*hidden(), JAILLAUNCH, "-r", spin, "-u", own_uid(), "--report",
               scratch / "report", "--limit", "cpu-time=300ms", "--", "/spin")
    report = json.loads((scratch / "report").read_text())
    assert (done.status, report["limit"]) == (124, "cpu-time"), done
    assert 0.28 <= report["use"]["user_seconds"] < 0.6
    assert enforced(report, "cpu-time")["enforced_by"] == \
        "keeper: the program; rlimit: whole seconds, each process"


def test_idling_uses_no_cpu_time():
    done = sh("sleep 0.5", "--limit", "cpu-time=0.3")
    assert done.status == 0, done


# --- output

def limited(limit, script, **kwargs):
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.PIPE)
    return subprocess.run(
        [str(word) for word in (JAILLAUNCH, "-r", busybox_root(), "-u",
                                own_uid(), "--limit", f"output={limit}", "--",
                                "/bin/sh", "-c", script)],
        stdin=subprocess.DEVNULL, timeout=60, check=False, **kwargs)


def test_output_up_to_the_limit_arrives(scratch):
    """To the byte; one more ends the jail."""
    attack = "yes | head -c 100000; exit 5"
    assert sh(attack).status == 5
    for limit, status in ((100000, 5), (99999, 137), (4096, 137), (1, 137),
                          (0, 137)):
        done = launch("--limit", f"output={limit}", "--report",
                      scratch / "report", "--", "sh", "-c", attack)
        report = json.loads((scratch / "report").read_text())
        assert (done.status, len(done.out)) == (status, limit), limit
        assert done.err == ""
        assert report.get("limit") == ("output" if status == 137 else None)
        assert report["limits_met"] == (["output"] if status == 137 else [])
        assert report["outcome"] == ("signaled" if status == 137 else
                                     "exited")
        assert enforced(report, "output") == {
            "name": "output", "value": limit,
            "enforced_by": "relay: both together"}


def test_output_counts_both(scratch):
    done = limited(7, "echo out; echo err >&2; sleep 50")
    assert done.returncode == 137
    assert len(done.stdout) + len(done.stderr) == 7
    assert done.stdout in (b"out\n", b"out") or done.stderr == b"err\n"


def test_output_that_is_endless():
    begin = time.monotonic()
    done = limited("1M", "setsid yes & yes >&2")
    assert done.returncode == 137
    assert len(done.stdout) + len(done.stderr) == 1 << 20
    assert time.monotonic() - begin < 30


def test_what_ended_before_it_could_be_ended_is_no_success():
    for _ in range(20):
        done = limited(3, "echo four")
        assert (done.returncode, done.stdout) == (137, b"fou"), done


def test_output_to_one_file_stays_in_order(scratch):
    script = "for i in 1 2 3 4 5 6 7 8; do echo o$i; echo e$i >&2; done"
    wanted = "".join(f"o{i}\ne{i}\n" for i in range(1, 9)).encode()
    done = limited("1M", script, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, wanted), done
    with open(scratch / "file", "wb") as file:
        file.write(b"before\n")
        file.flush()
        assert limited("1M", script, stdout=file,
                       stderr=subprocess.STDOUT).returncode == 0
    assert (scratch / "file").read_bytes() == b"before\n" + wanted


def test_output_to_a_file_is_bounded_too(scratch):
    with open(scratch / "file", "wb") as file:
        assert limited("10K", "yes", stdout=file).returncode == 137
    assert (scratch / "file").stat().st_size == 10 << 10


def test_who_stops_reading_ends_the_program():
    """SIGPIPE, as without a limit."""
    read, write = os.pipe()
    process = subprocess.Popen(
        [str(word) for word in (JAILLAUNCH, "-r", busybox_root(), "-u",
                                own_uid(), "--limit", "output=1G", "--",
                                "yes")],
        stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert os.read(read, 2) == b"y\n"
    os.close(read)
    err = process.communicate(timeout=60)[1]
    assert (process.returncode, err) == (128 + signal.SIGPIPE, b"")


def test_output_that_cannot_be_written_is_told():
    with open("/dev/full", "wb") as full:
        done = limited("1G", "yes", stdout=full)
    assert done.returncode == 125
    assert done.stderr == (b"jaillaunch: standard output: No space left on "
                           b"device\n")


def test_a_reader_who_waits_keeps_the_program_waiting():
    read, write = os.pipe()
    uid = own_uid()
    process = subprocess.Popen(
        [str(word) for word in (JAILLAUNCH, "-r", busybox_root(), "-u", uid,
                                "--limit", "output=1G", "--", "sh", "-c",
                                "yes | head -c 400000")],
        stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    time.sleep(0.3)
    assert process.poll() is None
    with os.fdopen(read, "rb") as pipe:
        assert len(pipe.read()) == 400000
    assert process.wait(timeout=60) == 0
    process.communicate()


@pytest.mark.parametrize("is_over", [False, True])
def test_a_reader_who_never_reads_does_not_keep_us(is_over):
    """The last output is not handed on, if we are told to end."""
    read, write = os.pipe()
    process = subprocess.Popen(
        [str(word) for word in (
            JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(), "--limit",
            "output=80000" if is_over else "output=1G", "--", "sh", "-c",
            "head -c 100000 /dev/zero")],
        stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    process.wait(timeout=20)
    process.communicate()
    os.close(read)


@pytest.mark.parametrize("victim", ["supervisor", "keeper"])
def test_what_floods_ends_with_any_of_us(victim):
    for _ in range(6):
        uid = own_uid()
        process = subprocess.Popen(
            [str(word) for word in (JAILLAUNCH, "-r", busybox_root(), "-u",
                                    uid, "--limit", "output=100G", "--", "sh",
                                    "-c", "setsid yes & yes >&2")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            # the keeper and two of the program's
            assert eventually(lambda: len(descendants(process.pid)) >= 3)
            family = set(descendants(process.pid))
            kill_all([process.pid] if victim == "supervisor" else
                     children_of(process.pid))
            process.wait(timeout=30)
        finally:
            process.terminate()
        assert eventually(lambda: not family & set(parents())), family
        assert eventually(lambda: not processes_of(uid)), processes_of(uid)


def test_the_program_does_not_get_the_callers_file(scratch):
    """It cannot seek, truncate or read what is its output."""
    with open(scratch / "file", "w+b") as file:
        file.write(b"secret of the caller\n")
        file.flush()
        done = limited("1K", "head -c 5 <&1; echo $?", stdout=file)
    assert done.returncode == 0
    assert b"secre\n" not in (scratch / "file").read_bytes()[21:]


# --- without cgroups

def hidden():
    """A prefix: the command sees no hierarchy."""
    points = " ".join(point for _, point, _ in mounts())
    if not points:
        return ()
    return ("unshare", "-m", "sh", "-c",
            f'umount -l {points} && exec "$@"', "sh")


def read_only():
    points = [point for _, point, _ in mounts()]
    return ("unshare", "-m", "sh", "-c", " && ".join(
        [f"mount -o remount,ro,bind {point}" for point in points]
        + ['exec "$@"']), "sh")


def test_without_cgroups_memory_is_of_each_process(scratch):
    status, _, _, report = hog(scratch, "/eat", 60, limits=["memory=20M"],
                               launcher=(*hidden(), JAILLAUNCH))
    assert status == 3
    limit = enforced(report, "memory")
    assert limit["enforced_by"] == \
        "rlimit: address space of each process, times pids"
    assert limit["why_no_cgroup"] in ("no cgroup hierarchy is mounted",
                                      "there is no /proc to find one by")
    layer = report["layers"][0]
    assert (layer["name"], layer["applied"]) == ("cgroup", False)
    assert layer["why"] == limit["why_no_cgroup"]
    assert "oom_kills" not in report["use"]


def memory_of_machine():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize("share", [2, 3, 9, 40])
def test_without_cgroups_the_product_is_half_of_the_memory(share):
    """As many processes as together have no more than half of it."""
    bytes_ = memory_of_machine() // share
    done = run(*hidden(), JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(),
               "--limit", f"memory={bytes_}", "--", "/bin/sh", "-c",
               "ulimit -Hu")
    assert done.status == 0, done
    assert int(done.out) in (share // 2, max(1, share // 2 - 1))


def test_without_cgroups_pids_that_are_said_stand():
    done = run(*hidden(), JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(),
               "--limit", f"memory={memory_of_machine()}", "--limit",
               "pids=77", "--", "/bin/sh", "-c", "ulimit -Hu")
    assert (done.status, done.out) == (0, "77\n"), done


def test_no_memory_limit_is_no_bound():
    done = run(*hidden(), JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(),
               "--", "/bin/sh", "-c", "ulimit -Hu; ulimit -Hv")
    assert done.out == "4096\nunlimited\n", done


@needs("memory")
@pytest.mark.needs("cgroup")
def test_read_only_hierarchies_are_told(scratch):
    status, _, _, report = hog(scratch, "/eat", 60,
                               limits=["memory=20M", "pids=50"],
                               launcher=(*read_only(), JAILLAUNCH))
    assert status == 3
    assert "Read-only file system" in enforced(report, "memory")[
        "why_no_cgroup"]
    assert "rlimit" in enforced(report, "pids")["enforced_by"]


@needs("memory")
@pytest.mark.parametrize("error,is_refused", [
    ("EPERM", False), ("ENOSYS", False), ("ENOSPC", True), ("ENOMEM", True)])
@pytest.mark.needs("cgroup")
def test_a_group_that_cannot_be_made(error, is_refused):
    command = [BUILD / "tools/without", f"mkdirat={error}", JAILLAUNCH, "-r",
               programs(), "-u", own_uid(), "--limit", "memory=20M", "--",
               "/eat", "60"]
    done = run(*command)
    assert done.status == (125 if is_refused else 3), done
    if is_refused:
        assert re.fullmatch(r"jaillaunch: cgroup below \S+: make a cgroup: "
                            r"[^\n]+\n", done.err), done


@needs("memory")
def test_in_place_there_is_no_cgroup():
    done = launch("--exec", "--limit", "memory=20M", "--limit", "pids=50",
                  "--", "/bin/sh", "-c", "ulimit -v; ulimit -Hu")
    assert (done.status, done.out) == (0, "20480\n50\n"), done


# --- being born in a group

IS_UNIFIED = any(kind == "cgroup2" for kind, *_ in mounts())


@pytest.mark.skipif(not IS_UNIFIED, reason="version 2 is not mounted")
@pytest.mark.needs("cgroup")
def test_the_program_is_born_in_its_group():
    """Nobody is moved, which would take ten times as long."""
    done = run("strace", "-f", "-e", "trace=clone,clone3,write", JAILLAUNCH,
               "-r", busybox_root(), "-u", own_uid(), "--limit",
               "cpu-time=9", "--", "/bin/true")
    assert done.status == 0, done
    if "ENOSYS" in done.err:
        pytest.skip("Linux before 5.7")
    assert re.search(r"clone3\(\{flags=CLONE_VM\|[A-Z_|]*CLONE_INTO_CGROUP",
                     done.err), done
    assert not re.search(r"write\(\d+, \"0\"", done.err), done


@pytest.mark.skipif(not IS_UNIFIED, reason="version 2 is not mounted")
@pytest.mark.parametrize("error", ["ENOSYS", "EPERM", "ENOMEM"])
@pytest.mark.needs("cgroup")
def test_who_cannot_be_born_there_joins(error, scratch):
    status, _, _, report = hog(
        scratch, "/hog", "spin", 2, limits=["cpu-time=0.2", "wall-time=20s"],
        launcher=(BUILD / "tools/without", f"clone3={error}", JAILLAUNCH))
    assert (status, report["limit"]) == (124, "cpu-time"), report
    assert "cgroup v2" in enforced(report, "cpu-time")["enforced_by"]


# --- what is asked for, and what is not

def calls_of(*options):
    done = run("strace", "-f", "-e", "trace=open,openat,mkdir,mkdirat",
               JAILLAUNCH, "-r", busybox_root(), "-u", own_uid(), *options,
               "--", "/bin/true",
               # leaks are not looked for under strace
               env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert done.status == 0, done
    return [line for line in done.err.splitlines() if "cgroup" in line
            or "mountinfo" in line or "jailwright-" in line]


@needs("pids")
def test_no_limit_no_cgroup():
    assert calls_of() == []
    assert calls_of("--limit", "memory=unlimited", "--limit", "nofile=50",
                    "--limit", "wall-time=50s") == []
    assert calls_of("--limit", "pids=50") != []


@needs("pids")
@needs("memory")
@pytest.mark.needs("cgroup")
def test_explain_says_by_what():
    before = groups()
    done = launch("--explain", "--limit", "memory=50M", "--limit", "pids=9",
                  "--limit", "nofile=50", "--", "true")
    assert done.status == 0, done
    assert re.search(r"^cgroup +on +denies more memory", done.out, re.M)
    assert re.search(r"^limit memory +cgroup v[12]: memory\.", done.out, re.M)
    assert re.search(r"^limit pids +cgroup v[12]: pids\.max$", done.out, re.M)
    assert re.search(r"^limit nofile +rlimit: each process$", done.out, re.M)
    done = launch("--explain", "--", "true")
    assert re.search(r"^cgroup +off +no limit asks for one", done.out, re.M)
    # those of other tests come and go
    assert eventually(lambda: not [path for path in groups() - before
                                   if is_left(path)])


@needs("memory")
def test_no_hierarchy_is_seen_from_inside(scratch):
    image = scratch / "image.tar"
    subprocess.run([BUILD / "jailbuild", "-o", image, "/dev/stdin"],
                   input="bin bash\nbin cat\nbin ls\nbin mount\n"
                   "user jailuser uid=1000\nrun-as jailuser\n",
                   text=True, check=True)
    done = run(JAILLAUNCH, "-i", image, "--limit", "memory=50M", "--", "bash",
               "-c", "ls / /sys /proc 2>&1; mount -t cgroup2 none /tmp 2>&1; "
               "echo $?")
    assert "cgroup" not in done.out.replace("mount: ", ""), done
    assert not done.out.endswith("\n0\n"), done


# --- nothing is left

LIMITS = [word for limit in ("memory=64M", "pids=50", "cpus=1", "cpu-time=9")
          if {"memory": "memory", "pids": "pids", "cpus": "cpu",
              "cpu-time": "cpu"}[limit.split("=")[0]] in HAS
          for word in ("--limit", limit)]


def children_of(pid):
    with contextlib.suppress(OSError):
        return [int(word) for word in pathlib.Path(
            f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def start(uid):
    return subprocess.Popen(
        [str(word) for word in (JAILLAUNCH, "-r", busybox_root(), "-u", uid,
                                *LIMITS, "--", "sh", "-c",
                                "(setsid sleep 50 &); sleep 51 & sleep 52")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)


def kill_all(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not LIMITS, reason="no cgroup hierarchy is mounted")
@pytest.mark.parametrize("victims", ["supervisor", "keeper", "program"])
def test_whichever_is_killed_its_groups_go(victims):
    for count in range(ROUNDS):
        uid = own_uid()
        process = start(uid)
        time.sleep(0.1 if count % 3 == 0 else random.random() * 0.006)
        keepers = children_of(process.pid)
        kill_all({"supervisor": [process.pid], "keeper": keepers,
                  "program": [pid for keeper in keepers
                              for pid in children_of(keeper)]}[victims])
        if process.poll() is None and victims != "supervisor":
            time.sleep(0.02)
            process.terminate()
        process.wait(timeout=30)
        assert eventually(lambda: not processes_of(uid)), processes_of(uid)
        # Killed before it had a keeper, it leaves them to the next launch.
        if victims != "supervisor" or keepers:
            assert eventually(lambda: not groups_of(process.pid)), (
                count, groups_of(process.pid))
    assert sh("true", *LIMITS).status == 0
    assert not groups_of(process.pid)


@pytest.mark.skipif(not LIMITS, reason="no cgroup hierarchy is mounted")
@pytest.mark.needs("cgroup")
def test_what_two_killed_ones_left_goes_with_the_next_launch():
    """Processes in it, too."""
    left = set()
    for count in range(ROUNDS):
        uid = own_uid()
        process = start(uid)
        if count % 2 == 0:
            assert eventually(lambda: len(processes_of(uid)) >= 3)
        else:
            time.sleep(random.random() * 0.006)
        os.kill(process.pid, signal.SIGSTOP)  # so that it starts no other
        kill_all(children_of(process.pid) + [process.pid])
        process.wait(timeout=30)
        left |= groups_of(process.pid)
        # The next launch; or one more, if these were still dying then.
        assert eventually(lambda: sh("true", *LIMITS).status == 0 and
                          not groups_of(process.pid)), count
        assert eventually(lambda: not processes_of(uid)), processes_of(uid)
    assert left


@pytest.mark.skipif(not LIMITS, reason="no cgroup hierarchy is mounted")
@pytest.mark.needs("cgroup")
def test_launches_at_the_same_time_do_not_take_each_others_groups():
    uid = own_uid()
    running = []
    for _ in range(60):
        running.append(subprocess.Popen(
            [str(word) for word in (JAILLAUNCH, "-r", busybox_root(), "-u",
                                    uid, *LIMITS, "--", "true")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT))
        if len(running) == 6:
            for process in running:
                out = process.communicate(timeout=60)[0]
                assert (process.returncode, out) == (0, b"")
                # another launch, which took one for stale, is removing it
                end = time.monotonic() + 10
                while groups_of(process.pid) and time.monotonic() < end:
                    time.sleep(0.05)
                assert not groups_of(process.pid)
            running = []
