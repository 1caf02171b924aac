"""Golden images: a manifest, the tree that is planned for it, and the SHA-256
of the tar.  JAIL_GOLDEN_UPDATE=1 writes what is expected anew."""

import hashlib
import os
import pathlib

import pytest

from conftest import BUILD, run, shared_once
import fixture_root

HERE = pathlib.Path(__file__).parent / "build"
CASES = sorted(path.stem for path in HERE.glob("*.txt"))
UPDATE = os.environ.get("JAIL_GOLDEN_UPDATE") == "1"


@pytest.fixture(scope="session")
def source_root():
    return shared_once("fixture-root", fixture_root.make)


def compare(path, text):
    if UPDATE:
        path.write_text(text)
    assert path.read_text() == text


def build(*args):
    env = {key: value for key, value in os.environ.items()
           if key != "SOURCE_DATE_EPOCH"}
    done = run(BUILD / "jailbuild", *args, env=env, cwd=HERE)
    assert done.status == 0 and done.err == "", done
    return done.out


@pytest.mark.parametrize("name", CASES)
def test_the_tree_is_as_expected(name, source_root):
    out = build(f"{name}.txt", "--sysroot", source_root, "--print=tree")
    compare(HERE / f"{name}.tree", out)


@pytest.mark.parametrize("name", CASES)
def test_the_image_is_as_expected(name, source_root, scratch):
    image = scratch / "image.tar"
    build(f"{name}.txt", "--sysroot", source_root, "-o", image)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    compare(HERE / f"{name}.sha256", f"{digest}\n")
    build("--verify", image)
