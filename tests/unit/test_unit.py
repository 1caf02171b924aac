"""Each unit-test program (C, cmocka) is one test here."""

import pytest

from conftest import BUILD, ROOT, run

PROGRAMS = sorted(path.stem for path in
                  (ROOT / "tests" / "unit").glob("test_*.c"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_unit(name, scratch):
    done = run(BUILD / "unit" / name, cwd=scratch, timeout=300)
    assert done.status == 0, done
