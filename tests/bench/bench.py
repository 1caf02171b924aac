"""Comparing programs by speed, fairly on a busy machine.

All commands of a comparison run in turn, in a new order each round, so that
whatever slows the machine down slows all of them; what counts is the ratio of
medians in one run, never a time.  What takes far less time than Python needs to
start it runs several times at one go, by turns, too (tests/tools/stopwatch.c).  A comparison is a function of a file
bench_*.py whose name starts with bench_ and that returns a Comparison, or
Amounts where memory is compared."""

import dataclasses
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("JAIL_BUILD", ROOT / "build")).resolve()

STOPWATCH = BUILD / "tools" / "stopwatch"
SEPARATOR = "::"  # no word of a command


# Debian's programs want Debian's interpreters, not others that come first.
SYSTEM = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class Missing(Exception):
    """A program to compare with is not installed: its row is left out."""


@dataclasses.dataclass
class Row:
    """One command.  before() and after() are not timed; after() also proves
    that the command did its work."""
    name: str
    argv: list
    before: object = None
    after: object = None
    stdin: str = os.devnull
    env: dict = dataclasses.field(default_factory=lambda: SYSTEM)

    def run(self):
        if self.before:
            self.before()
        ran, = stopwatch([self], 1)
        if self.after:
            self.after()
        return ran.seconds


class Ran(typing.NamedTuple):
    name: str  # of the row
    seconds: float
    memory: int  # bytes, at most


def stopwatch(rows, turns):
    """Each row as often as said, by turns; a Ran for each time.  What Python
    needs to start a program is not counted."""
    first = rows[0]
    commands = [word for row in rows for word in (SEPARATOR, *row.argv)]
    with open(first.stdin, "rb") as stdin, tempfile.TemporaryFile() as took:
        done = subprocess.run(
            [STOPWATCH, str(took.fileno()), str(turns),
             str(random.getrandbits(31)), *commands],
            stdin=stdin, env=first.env, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, check=False, pass_fds=[took.fileno()])
        took.seek(0)
        lines = [line.split() for line in took.read().splitlines()]
    if done.returncode != 0:
        failed = rows[int(lines[-1][0])].name if lines else first.name
        raise RuntimeError(f"{failed}: status {done.returncode}: "
                           f"{done.stderr.decode(errors='replace')}")
    return [Ran(rows[int(index)].name, int(nanoseconds) / 1e9,
                int(kibibytes) * 1024)
            for index, nanoseconds, kibibytes in lines]


@dataclasses.dataclass
class Target:
    """row must take at most limit times what other takes."""
    row: str
    other: str
    limit: float


@dataclasses.dataclass
class Comparison:
    title: str
    rows: list
    base: str  # the row that is 1.00
    rounds: int = 20
    targets: list = dataclasses.field(default_factory=list)
    slow: dict = dataclasses.field(default_factory=dict)  # row -> runs, alone
    clean: object = None
    turns: int = 1  # a round, at one go; if more, no row has before or after


def program(name, *more):
    """The path of a program, also of one outside of PATH."""
    found = shutil.which(name, path=os.pathsep.join([SYSTEM["PATH"], *more]))
    if not found:
        raise Missing(name)
    return found


def measure(comparison):
    """row name -> times, by turns."""
    times = {row.name: [] for row in comparison.rows}
    for row in comparison.rows:
        row.run()  # warms caches; counts for nothing
    quick = [row for row in comparison.rows
             if comparison.turns > 1 and row.name not in comparison.slow]
    for number in range(comparison.rounds):
        rows = [row for row in comparison.rows if row not in quick and
                number < comparison.slow.get(row.name, comparison.rounds)]
        for row in random.sample(rows, len(rows)):
            times[row.name].append(row.run())
        for ran in stopwatch(quick, comparison.turns) if quick else ():
            times[ran.name].append(ran.seconds)
    return times


def p10(values):
    return sorted(values)[len(values) // 10]


def report(comparison, times):
    """Prints the table; the targets that were missed."""
    base = times[comparison.base]
    print(f"\n{comparison.title} ({comparison.rounds * comparison.turns} "
          "rounds)")
    print(f"  {'':34} {'median':>10} {'p10':>10} {'ratio':>7} "
          f"{'ratio p10':>9}")
    for row in comparison.rows:
        taken = times[row.name]
        median = statistics.median(taken)
        print(f"  {row.name:34} {median * 1e3:7.2f} ms "
              f"{p10(taken) * 1e3:7.2f} ms "
              f"{median / statistics.median(base):7.2f} "
              f"{p10(taken) / p10(base):9.2f}")
    missed = []
    for target in comparison.targets:
        ratio = (statistics.median(times[target.row]) /
                 statistics.median(times[target.other]))
        held = ratio <= target.limit
        print(f"  {'held' if held else 'MISSED'}: {target.row} at most "
              f"{target.limit} x {target.other}: {ratio:.2f}")
        if not held:
            missed.append(f"{comparison.title}: {target.row}: {ratio:.2f} x "
                          f"{target.other}, not {target.limit}")
    return missed


@dataclasses.dataclass
class Amounts:
    """What is compared by size, not by time: rows are names, each with a
    size in bytes for each column."""
    title: str
    columns: list
    rows: dict
    targets: list = dataclasses.field(default_factory=list)  # first column

    def report(self):
        """Prints the table; the targets that were missed."""
        print(f"\n{self.title}")
        print(f"  {'':34} " + " ".join(f"{name:>16}" for name in self.columns))
        for name, sizes in self.rows.items():
            print(f"  {name:34} " + " ".join(f"{size / 1e6:13.1f} MB"
                                             for size in sizes))
        missed = []
        for target in self.targets:
            ratio = self.rows[target.row][0] / self.rows[target.other][0]
            held = ratio <= target.limit
            print(f"  {'held' if held else 'MISSED'}: {target.row} at most "
                  f"{target.limit} x {target.other}: {ratio:.2f}")
            if not held:
                missed.append(f"{self.title}: {target.row}: {ratio:.2f} x "
                              f"{target.other}, not {target.limit}")
        return missed


def compare(comparison):
    if isinstance(comparison, Amounts):
        return comparison.report()
    try:
        return report(comparison, measure(comparison))
    finally:
        if comparison.clean:
            comparison.clean()
