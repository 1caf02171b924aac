#!/usr/bin/python3
"""The matrix: the tests of the launcher on hosts that lack something, each a
column (tests/tools/column.c).  With JAIL_COLUMN=NAME, conftest.py asks here
whether a test that failed may fail in that column.

What is lacking is not written down here: `jaillaunch doctor` in the column says
it, and SAID how a launch does.  A failure is excused for three reasons only:

    refused    a launch of the test ended with 125 and one line, which says what
               is lacking
    lost       the test declares that it needs what is lacking, by
               @pytest.mark.needs("landlock", ...), and what a launch of its own
               said, or says with --explain, names that loss
    elsewhere  the test moves the launcher to where no column is, or declares
               that it needs what is in NOT_SAID

As a program, after all columns were run: how many were excused in each, and
the declarations that nothing has borne out, which fail it."""

import collections
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

# By the names of the doctor ("cgroup": all that begin so), how a launch says that
# it does without, and how, that it cannot.  What is not here costs nothing where
# it is lacking: no test may need it.
NAMESPACE = r"a namespace .*cannot be made|no namespace can|" \
    "--require namespaces"
MOUNT = r"layer root: .*: (Operation not permitted|Function not implemented)"
NO_WAY = "nobody would be left to remove the unpacked image"
QUEUES = "^POSIX queues of the uid are not seen: "
SAID = {
    "landlock": (r"^landlock +off +(this kernel|Landlock is)", "Landlock"),
    "ns-pid": ("^namespace pid +off it cannot", NAMESPACE),
    "ns-ipc": ("^namespace ipc +off it cannot", NAMESPACE),
    "ns-uts": ("^namespace uts +off it cannot", NAMESPACE),
    "ns-cgroup": ("^namespace cgroup +off it cannot", NAMESPACE),
    "ns-net": (None, NAMESPACE),
    "ns-user": (None, "user namespace"),
    "ns-mnt": ("^entered not by mount namespace.*: make a mount namespace",
               "make a mount namespace|no user namespace can be made"),
    "mount": ("^entered not by (mounts attached for a moment|mount namespace "
              rf"by mount\(2\): make mounts private)|{QUEUES}",
              f"{MOUNT}|{NO_WAY}|a squashfs can only be mounted|remove pin"),
    "mount-calls": (f"^entered not by detached mounts: |{QUEUES}",
                    f"{MOUNT}|{NO_WAY}|copy the root's mount: Invalid arg"),
    "seccomp-notify": ("refusals are not itemised: (this kernel|a sandbox)",
                       "listeners"),
    "kills": ("^ +kills are not itemised: (this kernel|there is no /proc)",
              "kills are not itemised"),
    "oom-score": ("^OOM score +not raised: there is no /proc", "OOM score"),
    "cgroup": ("no cgroup: |^cgroup +off +(?! |no limit)", "cgroup"),
    "proc": ("there is no /proc to find|^entered not by detached mounts: make "
             "the root writable",
             "there is no /proc|needs /proc|/proc is needed"),
    "chroot": (None, "no user namespace can be made|only root|"
               "without root, /proc is needed"),
    "store": (None, "store [^ ]+: (only root has|Permission denied)"),
    "loop": (None, "only root can"),
    # what only root can have, and what is another in a user namespace: it has
    # one uid, which is the caller's outside
    "root": ("^  unpacked because +only root can",
             "only root|run jaillaunch as root|without root, /proc is needed|"
             "do not have the capability ourselves"),
    "ids": ("^namespace user +on", "layer ids: enter the start directory .*: "
            "Permission denied"),
}
# Names that are none of the doctor's, and on which of its rows they hang.
HANGS_ON = {"kills": ("pidfd_open", "proc"), "oom-score": ("proc",),
            "root": ("store",), "ids": ("store",)}
BOUND = 400  # seconds, for a test in a column
LONGEST = 1800  # and in any other run; nothing comes near it
PATIENCE = 20  # seconds, for an --explain
# What is said for words that launch nothing.
VERBS = {"doctor", "policy", "store"}
# What the launcher is called by, and then calls itself.
GUISES = ("jaillaunch", "capejail", "go-jail")
SAYS = rf"(?:{'|'.join(GUISES)}): "
ANY_LAUNCH = ["-r", "/", "-u", "54321", "--", "true"]


def is_user():
    """The launcher of this column is an ordinary user's."""
    return "root" in lacking()


def refusal_of(need):
    name = need.removeprefix("ns-")
    return rf"{SAID[need][1]}|--require (ns-)?{name}\b"


class Hang(Exception):
    """What is never excused."""


def bounded(seconds):
    """A test that waits for what never comes must say so."""
    def end(*_):
        raise Hang(f"longer than {seconds} s")
    signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)


class Launch(subprocess.Popen):
    """Stands for subprocess.Popen in a column, and remembers the launches of
    the test that is running."""

    all = []
    launcher = ""

    def __init__(self, args, *more, **kwargs):
        self.place = {name: kwargs[name] for name in
                      ("cwd", "env", "user", "group", "extra_groups")
                      if name in kwargs}
        self.said = ("", "")
        super().__init__(args, *more, **kwargs)
        self.words = [] if isinstance(args, (str, bytes)) else \
            [os.fspath(word) for word in args]
        if any(word.endswith("jaillaunch") or os.path.realpath(word) ==
               Launch.launcher for word in self.words):  # by another name
            Launch.all.append(self)

    def communicate(self, *args, **kwargs):
        both = super().communicate(*args, **kwargs)
        self.said = tuple(os.fsdecode(text or "") for text in both)
        return both

    def refusal(self):
        """The line that it ended with, if that is all that it did."""
        out, err = self.said
        if self.returncode == 125 and not out and \
                re.fullmatch(SAYS + r"[^\n]+\n", err) and \
                any(re.search(refusal_of(need), err)
                    for need in lacking() & SAID.keys()):
            return err.strip()
        return None

    @functools.cached_property
    def explained(self):
        """The same launch, explained; where a script makes it of words of its
        own, one of the image that the script is given."""
        if self.launcher not in self.words:
            return ""
        at = self.words.index(self.launcher)
        before = self.words[:at]
        rest = self.words[at + 1:]
        if "-c" in before and '"$@"' not in before[before.index("-c") + 1]:
            if not rest or not os.path.isfile(rest[0]):
                return ""
            before, rest = [], ["-i", rest[0], "--", "true"]
        while "--events" in rest:  # to a descriptor that is closed now
            del rest[rest.index("--events"):rest.index("--events") + 2]
        if VERBS.intersection(rest[:1]):
            rest = ANY_LAUNCH
        words = [self.launcher, "--explain", *rest]
        text = self.what_says([*before, *words])
        # It may have no stream to say it on, or one with much else in it.
        return text if text and "strace" not in before else \
            text + "\n" + self.what_says(words)

    def what_says(self, words):
        try:
            done = subprocess.run(words, capture_output=True, text=True,
                                  errors="replace", input="", check=False,
                                  timeout=PATIENCE, **self.place)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout + done.stderr

    def names(self, need):
        """The words by which it says that this is lacking."""
        lost = SAID[need][0]
        said = rf"^{SAYS}.*(?:{refusal_of(need)}).*" + (
            f"|(?:{lost}).*" if lost else "")
        for text in (*self.said, self.explained):
            found = re.search(said, text, re.M)
            if found:
                return found[0]
        return None


def install(launcher):
    """For all of this process."""
    Launch.launcher = os.fspath(launcher)
    subprocess.Popen = Launch


# What no launcher says: what the column does to the test itself, or what the
# launcher makes up for.  Each with the row of the doctor that it comes with, and
# what its program says then, or None.
OUR_MOUNTS = "our mounts"  # such as the pins of a launch that has ended
NOT_SAID = {
    OUR_MOUNTS: (None, "the launcher had mounts of its own", None),
    "the program's mount": ("mount", "the column refuses it to the program, "
                            "too, before the jail does", None),
    "the program's pidfd_open": ("pidfd_open", "the column lacks it for the "
                                 "program, too", None),
    "the program's /proc": ("proc", "the column lacks it for the program, too",
                            r"/(proc/[\w/]+|dev/stdin)'?: No such file"),
    "the keeper's /proc": (("mount-calls", "store"), "whose thread it is, is "
                           "not known without: it is ended by SIGKILL", None),
    "the caller's files": ("store", "the test's are root's, and the launcher is "
                           "not", "Permission denied"),
    "the caller's processes": ("store", "the test's are root's, and the launcher "
                               "is not", None),
}


@functools.lru_cache
def has_own_mounts():
    launcher = pathlib.Path(Launch.launcher)
    done = subprocess.run([launcher.parent / "tools/column", "--apart"],
                          capture_output=True, text=True, check=True)
    return launcher.parent.name in done.stdout.split()


@functools.lru_cache
def lacking():
    """What the doctor misses in this column, by the names of SAID."""
    done = subprocess.run([Launch.launcher, "doctor", "--json"], check=False,
                          capture_output=True, text=True)
    rows = {row["name"]: row["ok"]
            for row in json.loads(done.stdout)["primitives"]}
    missing = {name for name, is_there in rows.items() if not is_there}
    lost = {name for name in SAID if name in missing or
            missing & set(HANGS_ON.get(name, ())) or
            name not in rows and any(row.startswith(name + "-")
                                     for row in missing)}
    if has_own_mounts():
        lost.add(OUR_MOUNTS)
    return lost | {name for name, (row, *_) in NOT_SAID.items()
                   if missing & ({row} if isinstance(row, str) else
                                 set(row or ()))}


def not_said(need, launches):
    """Why, if that is all that has to be known."""
    _, why, program = NOT_SAID[need]
    if program is None or any(re.search(program, text) for launch in launches
                              for text in launch.said):
        return why
    return None


def needs_of(item):
    """(who declares, need) of a test: itself, its class or its file."""
    return {(re.sub(r"\[.*", "", node.nodeid), need)
            for node, mark in item.iter_markers_with_node("needs")
            for need in mark.args}


def excuse(item):
    """(kind, what was declared, why) of a test that failed, or None."""
    launches, Launch.all = Launch.all, []
    declared = [pair for pair in sorted(needs_of(item))
                if pair[1] in lacking()]
    if any(launch.names("chroot") for launch in launches
           if "chroot" in lacking()):  # no program can be launched at all
        return "refused", None, "no program can be launched here"
    for pair in declared:
        if pair[1] in NOT_SAID:
            why = not_said(pair[1], launches)
            if why:
                return "elsewhere", pair, why
            continue
        for launch in launches:
            words = launch.names(pair[1])
            if words:
                return "lost", pair, words
    for launch in launches:
        if launch.refusal():
            return "refused", None, launch.refusal()
        if launch.returncode == 124 and "column" in launch.said[1]:
            return "elsewhere", None, launch.said[1].strip()
    return None


def judge(item, report, is_hang, log):
    """Of a test that ended: turns a failure that is excused into a skip, and
    writes down what came of what it declares."""
    declared = sorted(pair for pair in needs_of(item) if pair[1] in lacking())
    kind, pair, why = report.outcome, None, ""
    if report.failed:
        found = None if is_hang else excuse(item)
        if found:
            kind, pair, why = found
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1],
                               f"{kind}: {why}")
        else:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash else str(report.longrepr)
    Launch.all = []
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps({"test": item.nodeid, "kind": kind,
                                   "bears_out": pair, "why": why,
                                   "declared": declared}) + "\n")


def main(directory):
    borne_out, declared = set(), set()
    for path in sorted(pathlib.Path(directory).iterdir()):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        count = collections.Counter(row["kind"] for row in rows)
        needs = collections.Counter(row["bears_out"][1] for row in rows
                                    if row["bears_out"])
        print(f"{path.name:16}" + "".join(
            f" {count[kind]:5} {kind}" for kind in
            ("passed", "refused", "lost", "elsewhere", "skipped", "failed")) + "".join(
            f", {number} {need}" for need, number in sorted(needs.items())))
        for row in rows:
            declared |= {tuple(pair) for pair in row["declared"]}
            if row["bears_out"]:
                borne_out.add(tuple(row["bears_out"]))
    stale = sorted(declared - borne_out)
    for who, need in stale:
        print(f'{who} passes without "{need}", which it says it needs')
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
