"""The schemas of the report and of the events describe all that is written,
and the hook in conftest.py would see what they do not."""

import json
import re

import pytest

import schemas
from conftest import ROOT, run

SOURCES = {"report": ["report.c", "syscall_guard.c"], "events": ["events.c"]}


def described(schema):
    """Names of members that have a description, anywhere."""
    found = set()
    if isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            if member.get("description"):
                found.add(name)
            found |= described(member)
        for part in schema.values():
            found |= described(part)
    elif isinstance(schema, list):
        for part in schema:
            found |= described(part)
    return found


def open_objects(schema, place="$"):
    """Objects that would let an unknown member pass."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and \
                schema.get("additionalProperties") is not False:
            yield place
        for name, part in schema.items():
            yield from open_objects(part, f"{place}.{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from open_objects(part, place)


@pytest.mark.parametrize("name", SOURCES)
def test_every_member_that_is_written_is_described(name):
    schema = schemas.validator(name).schema
    text = "".join((ROOT / "launcher" / source).read_text()
                   for source in SOURCES[name])
    written = set(re.findall(
        r"(?:json_\w+|put_\w+|add_\w+)\(\s*&?(?:json|events),\s*\"(\w+)\"",
        text))
    written |= set(re.findall(r"\\\"(\w+)\\\":", text))
    written |= set(re.findall(r"\? \"(\w+)\"\s*: \"(\w+)\",", text)[0])
    assert len(written) > 10
    assert written <= described(schema), written - described(schema)
    assert not list(open_objects(schema))


GOOD = {"jaillaunch": "1", "format": 1, "outcome": "failed",
        "exit_status": 125, "tty": {"kind": "none"}}


@pytest.mark.parametrize("change", [
    {"more": 1}, {"format": 2}, {"outcome": "fine"}, {"exit_status": 256},
    {"tty": {}}, {"tty": {"kind": "none", "more": 1}},
    {"layers": [{"name": "x", "applied": True}]}])
def test_the_hook_refuses_what_is_not_described(change):
    assert json.loads(json.dumps(GOOD)) == GOOD
    with pytest.raises(AssertionError, match="report: "):
        json.loads(json.dumps({**GOOD, **change}))


def test_a_report_that_nobody_reads_is_checked(scratch):
    (scratch / "report").write_text(json.dumps({**GOOD, "more": 1}))
    with pytest.raises(AssertionError, match="more"):
        run("true", "--report", scratch / "report")


def test_they_are_installed():
    done = run("make", "-n", "install", "B=/nowhere/build",
               "DESTDIR=/nowhere", "PREFIX=/usr", cwd=ROOT)
    for line in done.out.splitlines():
        if "schema.json" in line:
            return
    pytest.fail("make install does not install docs/*.schema.json")
