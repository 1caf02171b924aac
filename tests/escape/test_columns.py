"""Every attempt on hosts that lack something (tests/tools/column.c).

Nothing more may succeed than on a host that has all, but for what is stopped
by a layer that the host cannot give, and then the report names that layer and
says why it is not there.  What cannot be done without is refused in one line.

`make check` tries every attempt in COMMON, and one for each layer elsewhere;
JAIL_SOAK=1 tries all everywhere, from every kind of root."""

import json
import os
import re
import subprocess

import pytest

from conftest import BUILD, IS_SANITIZED, run
from escape.test_escape import (
    IN_PLACE, TABLE, ended, help_, launch, prepared)

pytestmark = pytest.mark.skipif(
    IS_SANITIZED, reason="the sanitizers need /proc")

COLUMNS = run(BUILD / "tools/column", "--list").out.split()
COMMON = "enclave"
SOAK = os.environ.get("JAIL_SOAK") == "1"
# What stops an attempt where nothing is lacking, and what the report must then
# say where it does not: of the layer; of what stands for a part of one.
LAYERS_LOST = {"landlock"}
PARTS_LOST = {
    # each process is bounded, not all together
    "memory_bomb": lambda report: next(
        limit["why_no_cgroup"] for limit in report["limits"]
        if limit["name"] == "memory"),
    # nothing lists POSIX queues but their file system
    "left_queue_own_uid":
        lambda report: report["ipc_removed"]["posix_queues_not_seen"],
}


def representatives():
    """The first attempt that each layer stops, with nothing said before."""
    found = {}
    for row in TABLE:
        if not row.later and not row.behind:
            found.setdefault(row.layer, row)
    return list(found.values())


def attempts():
    for column in COLUMNS:
        for row in TABLE if SOAK or column == COMMON else representatives():
            for root in row.all_roots() if SOAK else row.roots[:1]:
                yield pytest.param(
                    column, row, root,
                    id=f"{column}-{row.name}-{root}".replace(" ", ""))


def assert_loss_is_named(case, root, command):
    """By the report; with --exec, which leaves nobody to write one, by
    --explain."""
    name, layer = case.row.name, case.row.layer
    assert layer in LAYERS_LOST or name in PARTS_LOST, "escaped"
    if root == IN_PLACE:
        at = command.index("--exec")
        said = run(*command[:at], "--explain", *command[at:])
        assert re.search(rf"^{layer} +off +\S", said.out, re.M), said
        return
    report = json.loads((case.scratch / "report").read_text())
    if name in PARTS_LOST:
        assert PARTS_LOST[name](report)
        return
    said = next(row for row in report["layers"] if row["name"] == layer)
    assert not said["applied"] and said["why"], said


def assert_ended_well(how, row, root):
    """Refused, by our program or the kernel, or in a line of the launcher's."""
    wanted = row.expected(root)
    if how == wanted or re.fullmatch(wanted, how, re.S):
        return
    if how.startswith("launcher: "):
        assert re.fullmatch(r"launcher: (jaillaunch: warning: no seccomp[^\n]*"
                            r"\n)?jaillaunch: [^\n]+", how), how
        return
    assert how != "hangs" and not how.startswith("status "), how


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
@pytest.mark.parametrize("column, row, root", attempts())
def test_nothing_more_succeeds(scratch, column, row, root):
    scratch.chmod(0o1777)  # an ordinary user's launcher writes a report, too
    with prepared(scratch, row) as case:
        command = launch(case, root, BUILD / "columns" / column / "jaillaunch")
        for _ in range(1 + row.twice):
            result = help_.finish(case, case.start(command))
        how = ended(case, result)
        if how != "escaped":
            assert_ended_well(how, row, root)
        elif not row.later:
            assert_loss_is_named(case, root, command)
