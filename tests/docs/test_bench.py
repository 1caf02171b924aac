"""The benches that documentation names are there, and no other is run."""

import re

from conftest import BUILD, ROOT, run

BENCH = ROOT / "tests" / "bench" / "run"


def test_a_bench_that_there_is_not_is_no_success():
    done = run(BENCH, "frobnicate", env={"JAIL_BUILD": str(BUILD)})
    assert (done.status, done.out, done.err) == (
        2, "", "bench/run: frobnicate: no comparison is called so\n"), done


def test_the_benches_that_documentation_names():
    sources = "".join(path.name + path.read_text() for path in
                      BENCH.parent.glob("bench_*.py"))
    for page in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"tests/bench/run (\w+)", page.read_text()):
            assert re.search(rf"bench_\w*{name}|\w*{name}\w*\.py",
                             sources), (page, name)
