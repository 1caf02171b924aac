"""What a manifest says of the launch is held against the image when that is
built: no launch fails for a mistake that a line of the manifest makes."""

import os

import pytest

from conftest import BUILD, run
from jailroot import refuses

JAILBUILD = BUILD / "jailbuild"
HAS = "(it has: root, nobody)"
ALONG = ("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; add "
         "`bin {0}`, or give its path")


@pytest.fixture
def build(scratch):
    def build(text, *options):
        (scratch / "m.txt").write_text(text)
        return run(JAILBUILD, "m.txt", *(options or ["--print=tree"]),
                   cwd=scratch)
    return build


MISTAKES = [
    ("run-as app", f"run-as app: no such user in the image {HAS}; add `user "
     "app uid=N`, or take a number"),
    ("entry nosuch", "entry nosuch: no such program in the image along " +
     ALONG.format("nosuch")),
    ("env PATH=/app:here\nentry cat",
     "entry cat: no such program in the image along /app:here; add `bin cat`, "
     "or give its path"),
    ("entry /app/run", "entry /app/run: no such program in the image; bring "
     "it there by `bin`, `file` or `copy`"),
    ("text /app/run \"\"\nentry /app/run", "entry /app/run: it is not "
     "executable in the image; give its line mode=0755"),
    ("text /app/run \"\" mode=0755\nworkdir /app\nentry ./walk",
     "entry ./walk: no such program in the image; bring it there by `bin`, "
     "`file` or `copy`"),
    ("dir /app\nentry /app", "entry /app: it is no file, but must be a "
     "program"),
    ("text /app/other \"\"\ndir /app\nentry /app/run",
     "entry /app/run: no such program in the image; bring it there by `bin`, "
     "`file` or `copy`"),
    ("bin cat\nomit /usr/bin/cat\nentry cat", "entry cat: no such program in "
     "the image along " + ALONG.format("cat")),
    ("workdir /srv", "workdir /srv: no such directory in the image; add `dir "
     "/srv`"),
    ("workdir /etc/passwd", "workdir /etc/passwd: it is no directory"),
    ("seccomp strikt", "seccomp strikt: no policy has that name; did you mean "
     "\"strict\"?"),
    ("seccomp my.policy", "seccomp my.policy: no policy has that name; an "
     "image can choose default, strict, cape or cape-deny, and a file of your "
     "own is for --seccomp"),
    ("net lan", "net lan: there is no such network; it is none, host or "
     "private"),
]


@pytest.mark.parametrize("text, words", MISTAKES,
                         ids=[text.replace("\n", "; ") for text, _ in
                              MISTAKES])
def test_mistakes(build, text, words):
    line = text.count("\n") + 1
    done = build(text + "\n")
    assert (done.status, done.out, done.err) == (
        3, "", f"jailbuild: m.txt:{line}: {words}\n")


def test_users_are_listed_but_not_all_of_many(build):
    done = build("".join(f"user u{n} uid={n}\n" for n in range(100, 120)) +
                 "run-as nosuch\n")
    assert "(it has: root, u100, u101, u102, u103, u104, u105, u106, ...);" \
        in done.err, done


@pytest.mark.parametrize("text", [
    "run-as 1000", "run-as nobody", "run-as root", "user app uid=7\nrun-as app",
    "bin cat\nentry cat", "bin cat\nentry /bin/cat x",
    "bin cat as=/app/run\nentry /app/run", "copy ./tool /app/run\n"
    "entry /app/run", "copy ./tool /app/run\nworkdir /app\nentry ./run",
    "copy ./tool /app/run\nenv PATH=/app\nentry run",
    "copy ./tool /app/run\nlink /app/walk -> run\nentry /app/walk",
    "copy ./tool /app/run\nlink /opt/app -> ../app\nentry /opt/app/run\n"
    "workdir /opt/app",
    "text /app/run \"#!/bin/x\" mode=0755\nentry /app/run",
    # where the caller may mount something
    "dir /app\nentry /app/bin/run\nworkdir /app/x",
    "dir /app\nlink /opt/app -> /app\nentry /opt/app/run",
    "entry /tmp/run", "workdir /run/x", "link /app -> /run/app\nentry /app/x",
    "workdir /dev/shm\nneed shm", "workdir /",
    # what only the caller may allow
    "seccomp none", "net host", "seccomp cape-deny\nnet private",
    "uid-pool 100000-100100",
])
def test_what_is_right(build, scratch, text):
    (scratch / "tool").write_text("#!/bin/sh\n")
    (scratch / "tool").chmod(0o755)
    done = build(text + "\n")
    assert done.status == 0 and done.err == "", done


def test_a_path_may_be_as_deep_as_a_launch_takes_it(build, scratch):
    deepest = "/d" * 64
    done = build(f"dir {deepest}\n", "-o", "x.tar.gz")
    assert done.status == 0, done
    if os.geteuid() == 0:
        refuses("PATH has no", "-i", scratch / "x.tar.gz", "--store", "none",
                "-u", "1000", "-e", "PATH=x", "--", "x")
    done = build(f"dir /e\ndir {deepest}/d\n")
    assert (done.status, done.out, done.err) == (
        3, "", f"jailbuild: m.txt:2: {('/d' * 65)[:100]}...: a path of 65 "
        "components; a launch takes at most 64\n")


def test_a_tree_that_is_too_deep_names_its_line(build, scratch):
    (scratch / ("tree" + "/d" * 70)).mkdir(parents=True)
    done = build("dir /e\ncopy ./tree /x\n")
    assert done.status == 3, done
    assert done.err.startswith("jailbuild: m.txt:2: /x/d/d/d"), done
    assert "a path of 65 components; a launch takes at most 64" in done.err
