"""What may fail in a column of the matrix (tests/matrix.py), by tests of which
it is known."""

import os
import re
import sys

import pytest

import matrix
from conftest import COLUMN, ROOT, BUILD, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or COLUMN != "",
                                reason="needs root, and chooses the column")
TESTS = '''
import pytest
from conftest import BUILD, run


def launch(*options):
    return run(BUILD / "jaillaunch", "-r", "/", "-u", "54321", *options, "--",
               "true")


def test_passes():
    assert launch().status == 0


def test_says_nothing():
    launch()
    raise AssertionError("undeclared")


@pytest.mark.needs("landlock")
def test_declares():
    launch()
    raise AssertionError


@pytest.mark.needs("landlock")
def test_declares_and_launches_nothing():
    raise AssertionError("no launch says it")


@pytest.mark.needs("landlock")
def test_declares_for_nothing():
    launch()


@pytest.mark.needs("cgroup")
def test_declares_what_is_there():
    launch("--limit", "pids=100")
    raise AssertionError("it is there")


def test_is_refused():
    assert launch("--require", "landlock").status == 0


def test_is_refused_for_something_else():
    assert launch("--require", "nothing").status == 0
'''


def judged(scratch, column, tests):
    """What pytest says, and which tests failed."""
    (scratch / "test_it.py").write_text(tests)
    done = run(sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "conftest", "-p",
               "no:cacheprovider", scratch / "test_it.py", cwd=scratch,
               env=dict(os.environ, JAIL_COLUMN=column,
                        JAIL_BUILD=str(BUILD), JAIL_TEST_SUMMARY="",
                        PYTHONPATH=str(ROOT / "tests"),
                        JAIL_MATRIX_LOG=str(scratch / "log")))
    assert done.status == 1, done
    return done, re.findall(r"^FAILED .*::test_(\w+)", done.out, re.M)


def test_only_what_is_lost_or_refused_is_excused(scratch):
    done, failed = judged(scratch, "no-landlock", TESTS)
    assert failed == ["says_nothing", "declares_and_launches_nothing",
                      "declares_what_is_there",
                      "is_refused_for_something_else"], done
    assert "lost: landlock      off  this kernel has no Landlock" in done.out
    assert "refused: jaillaunch: --require landlock" in done.out


PROC = """
import pytest
from conftest import BUILD, run


def launch(*program, launcher=BUILD / "jaillaunch"):
    return run(launcher, "-r", "/", "-u", "54321", "--", *program)


@pytest.mark.needs("the program's /proc")
def test_looks_there():
    assert launch("cat", "/proc/self/status").status == 0


@pytest.mark.needs("the program's /proc")
def test_looks_there_by_another_name(tmp_path):
    (tmp_path / "launcher").symlink_to(BUILD / "jaillaunch")
    assert launch("cat", "/proc/self/status",
                  launcher=tmp_path / "launcher").status == 0


@pytest.mark.needs("the program's /proc")
def test_fails_before():
    launch("true")
    raise AssertionError("something else")


def test_declares_nothing():
    assert launch("cat", "/proc/self/status").status == 0


def test_is_refused_for_a_place(tmp_path):
    (tmp_path / "root").mkdir()
    assert run(BUILD / "jaillaunch", "-r", tmp_path / "root", "-u", "54321",
               "--proc", "--", "true").status == 0


@pytest.mark.needs("kills")
def test_wants_kills_itemised():
    launch("true")
    raise AssertionError


@pytest.mark.needs("oom-score")
def test_wants_a_score():
    launch("true")
    raise AssertionError


@pytest.mark.needs("proc")
def test_wants_something_that_no_launch_misses():
    launch("true")
    raise AssertionError
"""


def test_without_proc_the_program_or_the_launch_says_what_is_missed(scratch):
    done, failed = judged(scratch, "no-proc", PROC)
    assert failed == ["fails_before", "declares_nothing",
                      "is_refused_for_a_place",
                      "wants_something_that_no_launch_misses"], done
    assert "lost:               kills are not itemised: there is no" in done.out
    assert "lost: OOM score     not raised: there is no /proc" in done.out
    assert done.out.count("elsewhere: the column lacks it for the prog") == 2, done


USER = """
import pytest
from conftest import BUILD, owner_of, run


def launch(*options):
    return run(BUILD / "jaillaunch", "-r", "/", "-u", "54321", *options, "--",
               "id", "-u")


def test_knows_whose_column_it_is():
    assert owner_of(54321) != 54321


def test_passes():
    assert launch().out == "54321\\n"


def test_launches_nothing():
    raise AssertionError


def test_declares_nothing():
    launch()
    raise AssertionError


@pytest.mark.needs("root")
def test_declares_root_for_nothing():
    launch()
    raise AssertionError


@pytest.mark.needs("ids")
def test_declares_ids():
    launch()
    raise AssertionError


def test_is_refused():
    assert launch("--uid-pool", "100000-100009").status == 0
"""


def test_a_users_column_excuses_what_a_launch_of_his_says(scratch):
    done, failed = judged(scratch, "ordinary-user", USER)
    assert failed == ["launches_nothing", "declares_nothing",
                      "declares_root_for_nothing"], done
    assert "lost: namespace user   on" in done.out
    assert re.search("refused: jaillaunch: .*--uid-pool", done.out), done


def test_where_nothing_can_be_launched_who_launches_is_excused(scratch):
    done, failed = judged(scratch, "all-as-user", USER)
    assert failed == ["launches_nothing"], done
    assert done.out.count("refused: no program can be launched here") == 5, done


def test_declarations_that_nothing_bears_out_are_told(scratch, capsys):
    rows = {"one": '["a", "mount"]', "two": "null"}
    for column, pair in rows.items():
        (scratch / column).write_text(
            f'{{"test": "x", "kind": "lost", "bears_out": {pair}, '
            '"declared": [["a", "mount"], ["b", "proc"]]}\n')
    assert matrix.main(scratch)
    told = capsys.readouterr().out
    assert 'b passes without "proc"' in told and '"mount"' not in told
    (scratch / "one").write_text("")
    (scratch / "two").write_text("")
    assert not matrix.main(scratch)
