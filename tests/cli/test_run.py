"""tests/run itself: what failed is run once more, alone, if it is told to."""

import os
import pathlib
import shutil

import pytest

from conftest import IS_SANITIZED, run

TESTS = pathlib.Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(IS_SANITIZED, reason="starts no program")
ONCE = '''
import pathlib
def test_once():
    mark = pathlib.Path(__file__).with_name("mark{0}")
    was_there = mark.exists()
    mark.touch()
    assert was_there
'''
ALWAYS = "def test_always():\n    assert False\n"
FINE = "def test_fine():\n    pass\n"
UNSTEADY = "UNSTEADY (failed, and passed when run alone): "


@pytest.fixture
def tests(scratch):
    """A directory of tests with nothing in it but what they need."""
    place = scratch / "tests"
    place.mkdir()
    for path in (*TESTS.glob("*.py"), TESTS / "run", TESTS / "own_root",
                 TESTS / "pytest.ini"):
        shutil.copy(path, place)
    (scratch / "docs").symlink_to(TESTS.parent / "docs")
    return place


def outcome(tests, retries, *texts):
    """(status, the last line, what was unsteady) of a run of these tests."""
    for number, text in enumerate(texts):
        (tests / f"test_{number}.py").write_text(text.format(number))
    # of a launcher that is not there, which has nothing to tidy up
    done = run(tests / "run", timeout=120, env={
        "PATH": os.environ["PATH"], "JAIL_BUILD": str(tests),
        "JAIL_RETRIES": str(retries), "JAIL_JOBS": "2"})
    lines = done.out.splitlines()
    return done.status, lines[-1], [
        line.removeprefix(UNSTEADY) for line in lines
        if line.startswith(UNSTEADY)]


def test_what_passes_alone_is_named_and_does_not_fail_the_run(tests):
    assert outcome(tests, 5, ONCE, FINE) == (
        0, "2 passed, 0 failed, 0 skipped", ["test_0.py::test_once"])


def test_what_fails_twice_has_failed(tests):
    assert outcome(tests, 5, ALWAYS, ONCE) == (
        1, "1 passed, 1 failed, 0 skipped", ["test_1.py::test_once"])


def test_more_than_a_few_are_not_run_again(tests):
    assert outcome(tests, 1, ONCE, ONCE, FINE) == (
        1, "1 passed, 2 failed, 0 skipped", [])


def test_nothing_is_run_again_unasked(tests):
    assert outcome(tests, 0, ONCE, FINE) == (
        1, "1 passed, 1 failed, 0 skipped", [])
