"""Each X.jail is refused with the words in X.err, and no others."""

import pathlib

import pytest

from conftest import BUILD, run

HERE = pathlib.Path(__file__).resolve().parent
PRESETS = "../../manifests"
REASONS = sorted(path.stem for path in HERE.glob("*.jail"))


def read(*argv):
    return run(BUILD / "tools" / "manifest", "-p", PRESETS, *argv, cwd=HERE)


def test_there_are_reasons():
    assert len(REASONS) >= 90
    assert REASONS == sorted(path.stem for path in HERE.glob("*.err"))


@pytest.mark.parametrize("reason", REASONS)
def test_is_refused_for_that_reason(reason):
    done = read(f"{reason}.jail")
    assert done.err == (HERE / f"{reason}.err").read_text()
    assert done.out == ""
    assert done.status == 3


def test_a_file_that_is_missing_is_no_fault_of_a_manifest():
    done = read("no-such-file.jail")
    assert done.err == "no-such-file.jail: No such file or directory\n"
    assert done.status == 4


def test_a_file_may_have_one_mebibyte(scratch):
    path = scratch / "big.jail"
    path.write_bytes(b"#\n" * (1 << 19))
    assert read(path).status == 0
    path.write_bytes(b"#\n" * (1 << 19) + b"#")
    done = read(path)
    assert done.err == f"{path}: has more than 1 MiB\n"
    assert done.status == 4


def test_files_that_use_each_other_are_bounded_in_depth(scratch):
    for i in range(20):
        (scratch / f"{i}.txt").write_text(f"use ./{i + 1}.txt\nbin p{i}\n")
    (scratch / "20.txt").write_text("bin last\n")
    done = read(scratch / "0.txt")
    assert done.err == (f"{scratch}/15.txt:1: more than 16 files use each "
                        "other\n")
    assert read(scratch / "5.txt").status == 0


def test_files_are_bounded_in_number(scratch):
    for i in range(256):
        (scratch / f"{i}.txt").write_text(f"bin p{i}\n")
    main = scratch / "main.txt"
    main.write_text("".join(f"use ./{i}.txt\n" for i in range(255)))
    assert read(main).status == 0
    main.write_text("".join(f"use ./{i}.txt\n" for i in range(256)))
    assert read(main).err == f"{scratch}/255.txt: more than 256 files\n"
