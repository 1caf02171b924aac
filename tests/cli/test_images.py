"""The recipes of images/: each is built by make, into a verified image."""

import os
import shutil

import pytest

from conftest import BUILD, IS_SANITIZED, ROOT, run

RECIPES = sorted(path.stem for path in (ROOT / "images").glob("*.recipe"))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_built_and_verified(name, scratch):
    (scratch / "images").mkdir()
    shutil.copy(ROOT / "images" / f"{name}.recipe", scratch / "images")
    image = scratch / f"{name}.tar"
    done = run(BUILD / "jailbuild", "--presets", ROOT / "manifests",
               scratch / "images" / f"{name}.recipe", "-o", image)
    assert (done.status, done.err) == (0, ""), done
    done = run(BUILD / "jailbuild", "--verify", image)
    assert (done.status, done.out, done.err) == (0, "", ""), done


def test_make_images_names_every_recipe():
    done = run("make", "-C", ROOT, "-n", "-W", "images/bash.recipe",
               f"B={BUILD}", "images")
    assert done.status == 0, done
    assert "images/bash.recipe -o images/bash.tar" in done.out


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
@pytest.mark.skipif(IS_SANITIZED, reason="the sanitizers need /proc")
def test_programs_find_what_stands_beside_them_without_proc(scratch):
    """In a chroot that has no /proc: an enclave, a bare root."""
    root = scratch / "root"
    (root / "build").mkdir(parents=True)
    (root / "tmp").mkdir()
    shutil.copytree(ROOT / "manifests", root / "manifests")
    files = ["jailbuild", "jaillaunch", "jail-unpack"]
    for name in files:
        shutil.copy(BUILD / name, root / "build")
    manifest = root / "m.txt"
    # all that the helper needs, by jailbuild itself
    manifest.write_text("use busybox\n" + "".join(
        f"bin {BUILD / name} as=/build/{name}\n" for name in files))
    done = run(BUILD / "jailbuild", "--presets", ROOT / "manifests", manifest,
               "-o", f"{scratch}/libraries/")
    assert done.status == 0, done
    shutil.copytree(scratch / "libraries", root, dirs_exist_ok=True,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("dev", "build"))
    (root / "m.txt").write_text("use busybox\n")
    done = run("chroot", root, "/build/jailbuild", "/m.txt", "-o", "/m.tar")
    assert (done.status, done.err) == (0, ""), done
    done = run("chroot", root, "/build/jaillaunch", "-i", "/m.tar", "--store",
               "none", "--", "/bin/sh", "-c", "exit 7")
    assert (done.status, done.err) == (7, ""), done
