"""Refused system calls: who made them, how often, by which rule, what would
allow them; and that they stay refused whoever dies."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BUILD, run, shared_once
from jailroot import busybox_root

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="chroot needs root")
JAILLAUNCH = BUILD / "jaillaunch"
UID = "23457"


def make_root(path):
    path.mkdir(mode=0o755)
    shutil.copy(BUILD / "tools/denied", path)


def root_dir():
    return shared_once("refusals-root", make_root)


def without(what, error):
    return BUILD / "tools/without", f"{what}={error}"


def launch(*argv, options=(), before=(), root=None, **kwargs):
    # else nobody would be told, and so nobody asked
    if not {"--report", "--exec", "-v"} & set(map(str, options)):
        options = ("--report", "/dev/null", *options)
    return run(*before, JAILLAUNCH, "-r", root or root_dir(), "-u", UID,
               *options, "--", *(argv if root else ("/denied", *argv)),
               **kwargs)


def report_of(scratch, *argv, options=(), **kwargs):
    path = scratch / "report"
    done = launch(*argv, options=("--report", path, *options), **kwargs)
    return done, json.loads(path.read_text())


def kinds(report):
    return {(kind["syscall"], kind["rule"]): kind
            for kind in report["denied"]}


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_a_refusal_is_told_with_rule_and_remedy():
    done = launch("mount", "3", options=["-v"])
    assert done.status == 0, done
    assert re.search(
        r"^denied: mount ×3 by denied\[\d+\] → EPERM "
        r"\(rule @mount; --syscall-allow=mount allows it\)$", done.err,
        re.M), done


def test_silent_unless_asked():
    done = launch("mount", "3")
    assert (done.status, done.out, done.err) == (0, "", "")


@pytest.mark.needs("seccomp-notify")
def test_the_remedy_is_one():
    assert launch("family", "2", options=["-v"]).err.endswith(
        "(rule @socket: family == AF_INET, without --net=host; --net=host "
        "allows it)\n")
    assert launch("family", "2",
                  options=["--net=host"]).out == "socket allowed\n"
    assert launch("family", "2", options=["--syscall-allow=socket"]).out == \
        "socket allowed\n"


@pytest.mark.needs("seccomp-notify")
def test_the_report_has_all_of_it(scratch):
    done, report = report_of(scratch, "family", "40")
    assert done.out == "socket EAFNOSUPPORT\n"
    kind, = report["denied"]
    assert kind["pid"] > 1
    assert kind["arguments"][:2] == ["0x28", "0x1"]
    assert {key: kind[key] for key in (
        "syscall", "rule", "count", "comm", "errno", "allowed_by")} == {
            "syscall": "socket", "rule": "@socket", "count": 1,
            "comm": "denied", "errno": "EAFNOSUPPORT",
            "allowed_by": "--syscall-allow=socket"}
    assert "enclave" in kind["why"]
    assert report["seccomp"]["itemised"] is True
    assert report["denied_of_more_kinds"] == 0


@pytest.mark.parametrize("how, count", [("threads", 40), ("children", 41)])
@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_every_process_and_thread_is_counted(how, count, scratch):
    done, report = report_of(scratch, how, "10")
    assert done.status == 0 and done.out == ""
    assert kinds(report)["mount", "@mount"]["count"] == count


@pytest.mark.needs("seccomp-notify", "kills")
def test_bad_system_call(scratch):
    done, report = report_of(scratch, "root")
    assert (done.status, done.out) == (159, "")
    assert report["signal"] == signal.SIGSYS
    kind = kinds(report)["chroot", "@mount"]
    assert (kind["kill"], kind["by_sigkill"]) == ("SIGSYS", 0)
    assert "errno" not in kind


def test_bad_system_call_of_a_child_is_named_by_the_shell():
    done = launch("/bin/sh", "-c", "chroot /; echo $?; exit 7",
                  root=busybox_root())
    assert (done.status, done.out) == (7, "159\n"), done
    assert "Bad system call" in done.err


@pytest.mark.parametrize("how", ["caught", "ignored", "blocked"])
@pytest.mark.needs("seccomp-notify", "kills")
def test_who_keeps_sigsys_off_dies_of_sigkill(how, scratch):
    done, report = report_of(scratch, f"{how}-root")
    assert (done.status, done.out) == (137, "")
    kind = kinds(report)["chroot", "@mount"]
    assert (kind["kill"], kind["by_sigkill"]) == ("SIGKILL", 1)


@pytest.mark.needs("seccomp-notify", "the keeper's /proc", "kills")
def test_the_whole_process_dies_with_its_thread(scratch):
    for _ in range(20):
        done, report = report_of(scratch, "thread-root")
        assert (done.status, done.out) == (159, "")
    assert kinds(report)["chroot", "@mount"]["kill"] == "SIGSYS"


@pytest.mark.needs("seccomp-notify")
def test_numbers_without_a_name(scratch):
    done, report = report_of(scratch, "number", "400")
    assert done.out == "number ENOSYS\n"
    kind, = report["denied"]
    assert (kind["syscall"], kind["number"], kind["rule"]) == \
        (None, 400, "unreviewed")
    assert "allowed_by" not in kind


@pytest.mark.parametrize("number", ["435", "437", "500", "-1"])
@pytest.mark.needs("seccomp-notify")
def test_calls_with_a_way_out_stay_silent(number, scratch):
    """clone3, openat2, what is newer: too frequent for what it tells."""
    done, report = report_of(scratch, "number", number)
    assert done.out == "number ENOSYS\n"
    assert report["denied"] == []
    assert report["seccomp"]["silent"] == ["clone3", "openat2"]


@pytest.mark.needs("seccomp-notify")
def test_what_the_caller_denies_is_told_as_such(scratch):
    done, report = report_of(
        scratch, "number", str(os.uname().machine == "x86_64" and 110 or 173),
        options=["--syscall-deny=getppid"])
    assert done.out == "number EPERM\n"
    assert kinds(report)["getppid", "--syscall-deny"]["errno"] == "EPERM"


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_a_policy_of_the_callers_own_is_named(scratch):
    policy = scratch / "my.policy"
    policy.write_text("default allow\nerrno:EXDEV getppid\nerrno:0 syncfs\n")
    getppid, syncfs = (110, 306) if os.uname().machine == "x86_64" \
        else (173, 267)
    options = ["--seccomp", policy]
    done, report = report_of(scratch, "number", str(getppid), options=options)
    assert done.out == "number EXDEV\n"
    kind = kinds(report)["getppid", str(policy)]
    assert (kind["errno"], kind["allowed_by"]) == \
        ("EXDEV", "--syscall-allow=getppid")
    seccomp = report["seccomp"]
    assert seccomp["policy"] == str(policy)
    assert seccomp["file_sha256"] == \
        hashlib.sha256(policy.read_bytes()).hexdigest()
    done, report = report_of(scratch, "number", str(syncfs), options=options)
    assert done.out == "number allowed\n"  # as it says: 0, and not made
    assert kinds(report)["syncfs", str(policy)]["errno"] == "0"
    # what it allows the floor still refuses
    done, report = report_of(scratch, "tell", options=options)
    assert kinds(report)["mount", "@mount"]["errno"] == "EPERM"


ALLOWLIST = """\
default kill
allow @loader mmap brk write writev exit exit_group sigaltstack rt_sigprocmask
errno:EACCES mount
"""


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_a_policy_that_lets_nothing_be_sent_is_itemised(scratch):
    policy = scratch / "narrow.policy"
    policy.write_text(ALLOWLIST)
    done, report = report_of(scratch, "tell", options=["--seccomp", policy])
    assert (done.status, done.out) == (0, "mount EACCES\n")
    assert kinds(report)["mount", str(policy)]["count"] == 1


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_nothing_of_a_name_moves_a_cursor(scratch):
    done, report = report_of(scratch, "name", options=["-v"])
    assert ' by ?[31m?"x[' in done.err
    assert kinds(report)["mount", "@mount"]["comm"] == '\x1b[31m\n"x'


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_a_program_gets_no_listener_and_no_way_around_ours(scratch):
    done, report = report_of(scratch, "own-filter")
    assert done.out == "listener EPERM\nfilter allowed\nmount ENOSYS\n"
    assert kinds(report)["seccomp", "@seccomp"]["errno"] == "EPERM"


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_signals_break_off_no_answer(scratch):
    done, report = report_of(scratch, "restarted", "3000")
    assert (done.status, done.out) == (0, "")
    assert kinds(report)["mount", "@mount"]["count"] == 3000


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_a_signal_may_break_off_the_question_but_opens_nothing(scratch):
    done, report = report_of(scratch, "broken-off", "3000")
    assert done.status == 0
    broken = done.out.splitlines()
    assert set(broken) <= {"mount EINTR"}
    assert kinds(report)["mount", "@mount"]["count"] == 3000 - len(broken)


@pytest.mark.needs("seccomp-notify", "kills")
def test_who_takes_sigsys_at_the_last_moment_dies(scratch):
    for _ in range(10):
        done, report = report_of(scratch, "wavering")
        assert done.status in (137, 159)
        assert "allowed" not in done.out
        assert kinds(report)["chroot", "@mount"]["count"] >= 1


# --- whatever the program does

@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_a_flood_is_counted(scratch):
    done, report = report_of(scratch, "mount", "100000", timeout=120)
    assert (done.status, done.out) == (0, "")
    assert kinds(report)["mount", "@mount"]["count"] == 100000


@pytest.mark.needs("seccomp-notify")
def test_a_flood_of_kinds_takes_no_more_room(scratch):
    n = 3000
    # one of three is refused for the sake of processes outside
    done, report = report_of(scratch, "spray", str(n), timeout=120,
                             options=("--ns=none",))
    assert done.status == 0
    told = sum(kind["count"] for kind in report["denied"])
    assert told + report["denied_of_more_kinds"] == 3 * n
    assert len(report["denied"]) <= 96


def children_of(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(word) for word in path.read_text().split()]
    except OSError:
        return []


def wait_for(check, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"),
                                reason="needs /proc")


@pytest.fixture
def flood():
    """A launch whose program asks without end: (supervisor, keeper)."""
    launched = subprocess.Popen(
        [str(word) for word in (JAILLAUNCH, "-r", root_dir(), "-u", UID, "--",
                                "/denied", "flood")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert launched.stdout.readline() == "begun\n"
    yield launched, children_of(launched.pid)[0]
    launched.kill()
    launched.communicate()


def memory_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M).group(1))


@needs_proc
def test_a_flood_takes_no_memory_and_hides_no_signal(flood):
    launched, keeper = flood
    time.sleep(0.3)
    before = memory_of(keeper)
    time.sleep(1)
    assert memory_of(keeper) - before <= 64
    launched.send_signal(signal.SIGTERM)
    assert launched.wait(timeout=20) == 128 + signal.SIGTERM


def gone(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return state.rsplit(")", 1)[1].split()[0] == "Z"


@needs_proc
@pytest.mark.parametrize("victim", ["supervisor", "keeper"])
def test_whoever_dies_nothing_is_allowed_and_nothing_stays(victim, flood):
    launched, keeper = flood
    program, = children_of(keeper)
    os.kill(launched.pid if victim == "supervisor" else keeper,
            signal.SIGKILL)
    wait_for(lambda: gone(program))
    out, _ = launched.communicate(timeout=20)
    assert "allowed" not in out
    assert set(out.splitlines()) <= {"mount EPERM", "mount ENOSYS"}


@needs_proc
def test_calls_are_answered_while_the_supervisor_is_stopped():
    with subprocess.Popen(
            [str(word) for word in (JAILLAUNCH, "-r", root_dir(), "-u", UID,
                                    "--", "/denied", "apart")],
            stdout=subprocess.PIPE, text=True) as launched:
        try:
            # of the attempt that succeeds, which need not be the first
            program, = wait_for(lambda: [
                pid for keeper in children_of(launched.pid)
                for pid in children_of(keeper) if children_of(pid)])
            os.kill(program, signal.SIGSTOP)
            wait_for(lambda: pathlib.Path(f"/proc/{launched.pid}/stat")
                     .read_text().rsplit(")", 1)[1].split()[0] == "T")
            assert launched.stdout.readline() == "mount EPERM\n"
            launched.send_signal(signal.SIGCONT)
            launched.send_signal(signal.SIGTERM)
            assert launched.wait(timeout=20) == 128 + signal.SIGTERM
        finally:
            launched.kill()


# --- where it cannot be had

@pytest.mark.parametrize("what, error, why", [
    ("notif-sizes", "EINVAL", "Linux 5.0"),
    ("notif-sizes", "ENOSYS", "Linux 5.0"),
    ("user-notif", "EINVAL", "Linux 5.0"),
    ("user-notif", "EPERM", "a sandbox around jaillaunch"),
    ("user-notif", "EMFILE", "nofile"),
])
@pytest.mark.needs("seccomp-notify")
def test_without_a_listener_the_jail_is_as_tight(what, error, why, scratch):
    before = without(what, error)
    done, report = report_of(scratch, "tell", before=before, options=["-v"])
    assert done.out == "mount EPERM\n"
    assert report["seccomp"]["itemised"] is False
    assert why in report["seccomp"]["why_not_itemised"]
    assert why in done.err.splitlines()[-1]
    assert "denied" not in report
    assert launch("root", before=before).status == 159
    assert launch("ignored-root", before=before).status == 159


@pytest.mark.needs("seccomp-notify", "the program's mount", "kills")
def test_without_killable_waits(scratch):
    before = without("notif-killable", "EINVAL")
    done, report = report_of(scratch, "tell", before=before)
    assert (done.out, len(report["denied"])) == ("mount EPERM\n", 1)
    assert launch("root", before=before).status == 159
    assert launch("ignored-root", before=before).status == 137


@pytest.mark.needs("seccomp-notify", "the program's mount")
def test_without_pidfds_kills_are_the_kernels(scratch):
    before = without("pidfd_open", "ENOSYS")
    done, report = report_of(scratch, "ignored-root", before=before)
    assert done.status == 159
    assert report["denied"] == []
    assert "pidfd_open" in report["seccomp"]["why_kills_not_itemised"]
    done, report = report_of(scratch, "tell", before=before)
    assert len(report["denied"]) == 1


# jaillaunch sees no /proc, or one that numbers processes in another way
OTHER_PROC = {
    "none": ["unshare", "-m", "sh", "-c",
             'umount -l /proc && exec "$@"', "sh"],
    "another namespace's": ["unshare", "-p", "-f"],
}


@needs_proc
@pytest.mark.parametrize("namespaces", [(), ("--ns", "none")])
@pytest.mark.parametrize("proc", OTHER_PROC)
@pytest.mark.needs("seccomp-notify", "the program's mount", "kills", "root")
def test_with_another_proc(proc, namespaces, scratch):
    before = OTHER_PROC[proc]
    if run(*before, "true").status != 0:
        pytest.skip("no namespace can be made here")
    if proc == "none" and b"__asan_init" in JAILLAUNCH.read_bytes():
        pytest.skip("LeakSanitizer wants a /proc")
    how_run = {"before": before, "options": namespaces}
    done, report = report_of(scratch, "tell", **how_run)
    assert done.out == "mount EPERM\n"
    assert kinds(report)["mount", "@mount"]["errno"] == "EPERM"
    assert launch("root", **how_run).status == 159
    # without one the filter kills
    status = 159 if proc == "none" else 137
    for how in ("caught", "ignored", "blocked"):
        done, report = report_of(scratch, f"{how}-root", **how_run)
        assert (done.status, done.out) == (status, "")
        assert ("why_kills_not_itemised" in report["seccomp"]) == \
            (proc == "none")
    done = launch("thread-root", **how_run)
    assert done.status in (159, 137) and done.out == ""


@pytest.mark.needs("seccomp-notify", "the program's mount", "kills")
def test_in_a_pid_namespace_without_a_proc_of_its_own(scratch):
    before = without("fsopen", "EPERM")
    done, report = report_of(scratch, "tell", before=before)
    assert done.out == "mount EPERM\n"
    assert kinds(report)["mount", "@mount"]["comm"] == "denied"
    assert launch("root", before=before).status == 159
    assert launch("ignored-root", before=before).status == 137
    done = launch("thread-root", before=before)
    assert done.status in (159, 137) and done.out == ""


@pytest.mark.needs("seccomp-notify")
def test_under_somebody_elses_listener(scratch):
    done, report = report_of(scratch, "tell", before=(
        BUILD / "tools/other-kernel", "100000"))
    assert done.out == "mount EPERM\n"
    assert "runs under" in report["seccomp"]["why_not_itemised"]


@pytest.mark.needs("seccomp-notify")
def test_without_a_descriptor_for_it(scratch):
    done, report = report_of(scratch, "tell", options=["--limit", "nofile=3"])
    assert done.out == "mount EPERM\n"
    assert "nofile" in report["seccomp"]["why_not_itemised"]


def test_without_a_filter_nothing_starts():
    """Never less confinement: the launch fails."""
    done = launch("tell", before=without("seccomp", "EBUSY"))
    assert (done.status, done.out) == (125, "")
    assert "seccomp" in done.err


def test_exec_has_nobody_to_tell():
    done = launch("tell", options=["--exec", "--explain"])
    assert "not itemised: nobody would be told (--exec" in done.out
    done = launch("tell", options=["--exec"])
    assert (done.status, done.out) == (0, "mount EPERM\n")


def test_without_report_and_v_nobody_is_asked():
    """The plain filter kills whoever ignores SIGSYS, too, and says so."""
    done = run(JAILLAUNCH, "-r", root_dir(), "-u", UID, "--", "/denied",
               "ignored-root")
    assert (done.status, done.out) == (159, "")


# --- the policy

def test_explain_and_report_name_the_policy(scratch):
    done = launch("tell", options=["--explain"])
    match = re.search(
        r"^policy +default, filter sha256 ([0-9a-f]{64})\n"
        r" +calls: (\d+) allowed, (\d+) refused, (\d+) killed for, (\d+) by "
        r"their arguments$", done.out, re.M)
    assert match, done
    seccomp = report_of(scratch, "tell")[1]["seccomp"]
    assert seccomp["policy"] == "default" and not seccomp["amended"]
    assert seccomp["filter_sha256"] == match[1]
    assert list(seccomp["calls"].values()) == \
        [int(number) for number in match.groups()[1:]]


def test_what_amends_a_policy_changes_its_digest_and_counts(scratch):
    plain = report_of(scratch, "tell")[1]["seccomp"]
    amended = report_of(scratch, "tell", options=[
        "--syscall-deny=getppid", "--syscall-allow=bpf,ptrace"])[1]["seccomp"]
    assert amended["amended"]
    assert amended["filter_sha256"] != plain["filter_sha256"]
    assert amended["calls"]["allowed"] == plain["calls"]["allowed"] + 1
    assert amended["calls"]["refused"] == plain["calls"]["refused"] - 1


def test_without_a_policy_there_is_none_to_name(scratch):
    done, report = report_of(scratch, "tell", options=["-I", "-q"])
    assert done.status == 0
    assert "seccomp" not in report and "denied" not in report
