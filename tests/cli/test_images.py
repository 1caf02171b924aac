"""The recipes of images/: each is built by make, into a verified image."""

import shutil

import pytest

from conftest import BUILD, ROOT, run

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
