"""Every fuzz target runs over its corpus, without a fuzzer."""

import pytest

from conftest import BUILD, ROOT, run

HERE = ROOT / "tests" / "fuzz"
TARGETS = sorted(path.stem for path in HERE.glob("fuzz_*.c"))


@pytest.mark.parametrize("target", TARGETS)
def test_replay(target, scratch):
    corpus = HERE / "corpus" / target.removeprefix("fuzz_")
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    assert files, f"{corpus} has no file"
    done = run(BUILD / "fuzz" / target, *files, cwd=scratch, timeout=120)
    assert done.status == 0, done
