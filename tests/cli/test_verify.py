"""jailbuild --verify: nothing to say of an image of ours, a line for each
thing that is wrong with another, and no crash whatever the file."""

import gzip
import io
import os
import random
import resource
import struct
import tarfile

import pytest

import treeimage
from conftest import BUILD, run
from treeimage import Node

root_only = pytest.mark.skipif(os.geteuid() != 0,
                               reason="needs root: owners and devices")

MANIFEST = b"bin /bin/true\n"


def verify(image, **kwargs):
    return run(BUILD / "jailbuild", "--verify", image, **kwargs)


def jail(*nodes):
    """A tree as jailbuild makes it, with further nodes."""
    return [
        Node("d", b"/", 0o755),
        Node("f", b"/.jail/manifest", text=MANIFEST),
        Node("f", b"/etc/passwd", text=b"root:x:0:0:root:/root:/bin/sh\n"
                                       b"user:x:1000:1000::/home/user:/x\n"),
        Node("f", b"/bin/true", 0o755, text=b"x" * 600),
        Node("h", b"/bin/yes", target=b"/bin/true"),
        Node("l", b"/sbin", 0o777, target=b"bin"),
        Node("c", b"/dev/null", 0o666, device=(1, 3)),
        Node("d", b"/tmp", 0o1777),
        Node("f", b"/" + b"l" * 150, text=b"long"),
        Node("f", b"/order-z", text=b"first in the tree, second in a walk"),
        Node("h", b"/order/z", target=b"/order-z"),
        *nodes,
    ]


def written(nodes, output, form="", mtime=0):
    done = treeimage.write(nodes, output, form, mtime)
    assert done.status == 0, done
    return output


@pytest.mark.parametrize("form", ["tar", "tar.zst", "tar.gz", "tar.xz", "dir"])
@pytest.mark.parametrize("mtime", [0, 1234567890])
def test_an_image_of_ours_is_passed_in_silence(form, mtime, scratch):
    if form == "dir" and os.geteuid() != 0:
        pytest.skip("needs root: owners and devices")
    image = written(jail(), scratch / "image", form, mtime)
    done = verify(image)
    assert (done.status, done.out, done.err) == (0, "", ""), done


@pytest.mark.parametrize("form", ["tar", "tar.zst", "tar.gz", "tar.xz", "dir"])
def test_what_jailbuild_builds_is_passed(form, scratch):
    if form == "dir" and os.geteuid() != 0:
        pytest.skip("needs root: owners and devices")
    (scratch / "m.txt").write_text("bash\ndev null zero\n"
                                   "user u uid=2000 home=/home/u\n"
                                   "allow setuid /usr/bin/bash\n")
    built = run(BUILD / "jailbuild", "m.txt", "--format", form, "-o", "image",
                cwd=scratch)
    assert (built.status, built.err) == (0, ""), built
    done = verify(scratch / "image")
    assert (done.status, done.out, done.err) == (0, "", ""), done


@root_only
@pytest.mark.parametrize("form", ["tar", "dir"])
def test_file_capabilities_are_read_back(form, scratch):
    image = written(jail(Node("f", b"/ping", 0o755, text=b"x",
                              caps="cap_net_raw")), scratch / "image", form)
    assert "extended attribute" not in verify(image).out
    assert "file capabilities that no `caps` gives" in verify(image).out


@pytest.mark.parametrize("node,manifest,words", [
    (Node("f", b"/s", 0o4755), b"", "/s: setuid stripped"),
    (Node("f", b"/s", 0o4755), b"allow setuid /s\n", None),
    (Node("f", b"/s", 0o4755), b"allow setuid /t\n", "/s: setuid stripped"),
    (Node("f", b"/usr/lib/s", 0o4755), b"allow setuid /usr/{lib}/s\n", None),
    (Node("f", b"/s", 0o2755), b"", "/s: setgid stripped"),
    (Node("f", b"/w", 0o666), b"", "/w: write for group and others stripped"),
    (Node("f", b"/w", 0o666), b"allow writable /w\n", None),
    (Node("d", b"/w", 0o1755), b"", "/w: sticky bit stripped"),
    (Node("f", b"/o", uid=1000), b"", "/o: owner 1000:0 is now root"),
    (Node("d", b"/home/user", 0o700, 1000, 1000), b"", None),
    (Node("d", b"/home/user", 0o700, 1000, 1001), b"", "/home/user: owner"),
    (Node("c", b"/dev/mem", device=(1, 1)), b"",
     "/dev/mem: no device that an image may have"),
    (Node("c", b"/dev/zero", device=(1, 1)), b"", "/dev/zero: no device"),
    (Node("f", b"/proc/x"), b"", "/proc/x: nothing may lie below /proc"),
    (Node("f", b"/a\nb"), b"", "/a\\x0ab: a control character"),
    (Node("l", b"/up", 0o777, target=b"../x"), b"", "climbs above the root"),
    (Node("f", b"/c", caps="cap_chown"), b"",
     "/c: file capabilities that no `caps` gives"),
    (Node("f", b"/c", caps="cap_chown"), b"caps /c cap_chown\n", None),
])
def test_the_rules_of_the_lockdown_hold(node, manifest, words, scratch):
    nodes = jail(node)
    nodes[1] = Node("f", b"/.jail/manifest", text=MANIFEST + manifest)
    done = verify(written(nodes, scratch / "image.tar"))
    if words is None:
        assert (done.status, done.out) == (0, ""), done
    else:
        assert done.status == 4
        assert words in done.out and done.out.count("\n") == 1, done


def test_a_home_cannot_be_a_directory_of_all(scratch):
    nodes = [node for node in jail() if node.path != b"/etc/passwd"]
    nodes += [Node("f", b"/etc/passwd", text=b"user:x:1000:1000::/etc:/x\n"),
              Node("d", b"/etc", 0o755, 1000, 1000)]
    done = verify(written(nodes, scratch / "image.tar"))
    assert "/etc: owner 1000:1000 is now root" in done.out


@pytest.mark.parametrize("text,words", [
    (None, "/.jail/manifest: not there: no image of jailbuild"),
    (b"bin  /bin/true\n", "/.jail/manifest: not in canonical form"),
    (b"# a comment\nbin /bin/true\n", "/.jail/manifest: not in canonical"),
    (b"nonsense /bin/true x y\n", "/.jail/manifest:1: "),
])
def test_the_manifest_must_be_canonical(text, words, scratch):
    nodes = jail()
    if text is None:
        nodes = [node for node in nodes if node.path != b"/.jail/manifest"]
    else:
        nodes[1] = Node("f", b"/.jail/manifest", text=text)
    done = verify(written(nodes, scratch / "image.tar"))
    assert done.status == 4
    assert done.out.startswith(f"{scratch}/image.tar: {words}"), done
    assert done.out.count("\n") == 1


# Archives of others. A member is (name, attributes of TarInfo).

def foreign(path, *members, form=tarfile.USTAR_FORMAT, base=True):
    """A tar by Python's hand, in form like ours, with further members."""
    with tarfile.open(path, "w", format=form) as tar:
        def add(name, data=b"", **attributes):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in attributes.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
        if base:
            add("./", type=tarfile.DIRTYPE, mode=0o755)
            add("./.jail/", type=tarfile.DIRTYPE, mode=0o755)
            add("./.jail/manifest", MANIFEST)
        for name, attributes in members:
            add(name, **attributes)
    return path


@pytest.mark.parametrize("name,attributes,words", [
    ("/abs", {}, "/abs: no name that an image may have"),
    ("rel", {}, "rel: no name that an image may have"),
    ("./../up", {}, "./../up: no name that an image may have"),
    ("./a/../b", {}, "./a/../b: no name that an image may have"),
    ("./a//b", {}, "./a//b: no name that an image may have"),
    ("./a/.", {}, "./a/.: no name that an image may have"),
    ("./" + "n" * 5000, {}, ": no name that an image may have"),
    ("./no/dir", {}, "/no/dir: no directory before it holds it"),
    ("./.jail/manifest", {}, "/.jail/manifest: two members of one name"),
    ("./", {"type": tarfile.DIRTYPE}, "/: a second root"),
    ("./b", {"type": tarfile.BLKTYPE}, "/b: neither file, directory, link"),
    ("./h", {"type": tarfile.LNKTYPE, "linkname": "./none"},
     "/h: a hard link to no file"),
    ("./h", {"type": tarfile.LNKTYPE, "linkname": "./.jail"},
     "/h: a hard link to no file"),
    ("./h", {"type": tarfile.LNKTYPE, "linkname": "./h"},
     "/h: a hard link to no file"),
    ("./h", {"type": tarfile.LNKTYPE, "linkname": "../../etc/passwd"},
     "../../etc/passwd: no name that an image may have"),
    ("./l", {"type": tarfile.SYMTYPE, "linkname": ""}, "/l: a link to noth"),
    ("./.jail/manifest/x", {}, "/.jail/manifest/x: no directory before"),
    ("./\x1b[31m/x", {}, "/\\x1b[31m/x: no directory before it"),
    ("./x", {"pax_headers": {"SCHILY.xattr.user.x": "y"}},
     "/x: an extended attribute"),
    ("./x", {"pax_headers": {"SCHILY.acl.access": "user:lisa:r-x:502"}},
     "/x: an access control list"),
])
def test_what_no_image_may_have_is_named(name, attributes, words, scratch):
    image = foreign(scratch / "image.tar", (name, attributes),
                    form=tarfile.PAX_FORMAT)
    done = verify(image)
    assert done.status == 4
    assert words in done.out, done
    assert all(line.startswith(f"{image}: ") for line in
               done.out.splitlines())
    assert "\x1b" not in done.out


@pytest.mark.parametrize("attributes", [
    {"uname": "root"}, {"gname": "staff"}, {"mtime": 5},
    {"pax_headers": {"comment": "hidden"}},
    {"pax_headers": {"mtime": "0.5"}},
])
def test_what_readers_might_see_differently_is_refused(attributes, scratch):
    """The tree is fine, but the bytes are not those that it gives."""
    image = foreign(scratch / "image.tar", ("./x", attributes),
                    form=tarfile.PAX_FORMAT)
    done = verify(image)
    assert done.status == 4
    assert "its header is not as jailbuild writes it" in done.out


def test_every_byte_but_those_of_contents_counts(scratch):
    image = written(jail(), scratch / "image.tar")
    data = bytearray(image.read_bytes())
    with tarfile.open(image) as tar:
        contents = [range(member.offset_data, member.offset_data + member.size)
                    for member in tar if member.isfile()]
    rng = random.Random(1)
    free = [at for at in range(len(data))
            if not any(at in content for content in contents)]
    for at in rng.sample(free, 60):
        flipped = bytearray(data)
        flipped[at] ^= 1 << rng.randrange(8)
        image.write_bytes(flipped)
        done = verify(image)
        assert done.status == 4, (at, done)
    for content in contents[1:]: # the first is the manifest
        flipped = bytearray(data)
        flipped[content.start] ^= 1
        image.write_bytes(flipped)
        assert verify(image).status == 0


# The index: a file system in the first members' headers.  It must tell the
# same tree as these, or whoever mounts sees another than whoever extracts.

SOAK = os.environ.get("JAIL_SOAK") == "1"


def outside_contents(image):
    """Offsets of all bytes that are not a file's content: first those of the
    index, then all others."""
    with tarfile.open(image) as tar:
        members = tar.getmembers()
    size = image.stat().st_size
    is_content = bytearray(size)
    for member in members:
        if member.isreg():
            end = member.offset_data + member.size
            is_content[member.offset_data:end] = b"\1" * member.size
    index = bytearray(size)
    for member in members:
        if "comment" in member.pax_headers:
            end = member.offset_data - 512
            index[member.offset:end] = b"\1" * (end - member.offset)
    return ([at for at in range(size) if index[at]],
            [at for at in range(size) if not index[at] and not is_content[at]])


def oddities():
    """Of an image that verifies: every kind of inode, directories of several
    blocks, long links."""
    more = [Node("d", b"/many", 0o755), Node("p", b"/fifo", 0o644),
            Node("l", b"/long", 0o777, target=b"t" * 600),
            Node("f", b"/size511", text=b"s" * 511),
            Node("f", b"/size512", text=b"s" * 512),
            Node("f", b"/empty"),
            Node("d", b"/home/many", 0o700, 70000, 70000)]
    more += [Node("f", b"/many/%04d" % number, text=b"%d" % number)
             for number in range(200)]
    nodes = jail(*more)
    nodes[2].text += b"many:x:70000:70000::/home/many:/x\n"
    return nodes


def several_segments():
    """More metadata than one header may carry."""
    return jail(*[Node("f", b"/%02d/" % (number % 9) + b"n" * 230 +
                       b"%06d" % number, text=b"x") for number in range(4000)])


@pytest.mark.parametrize("nodes,count", [
    (oddities, 20000 if SOAK else 400),
    (several_segments, 2000 if SOAK else 24),
])
@pytest.mark.parametrize("seed", range(2))
def test_no_flipped_bit_makes_another_tree(seed, nodes, count, scratch):
    image = written(nodes(), scratch / "image.tar")
    with tarfile.open(image) as tar:
        n_segments = sum("comment" in member.pax_headers for member in tar)
    assert n_segments == (2 if nodes is several_segments else 1)
    rng = random.Random(seed)
    index, headers = outside_contents(image)
    # the superblock and the root often, they are few bytes
    places = [*rng.choices(index, k=count // 4),
              *rng.choices(range(1024, 1536), k=count // 8),
              *rng.choices(headers, k=count // 8)]
    flips = "".join(f"{at} {rng.randrange(8)}\n" for at in places)
    done = run(BUILD / "tools" / "flips", image, input=flips, timeout=3000)
    assert (done.status, done.out, done.err) == (0, "", ""), done


def test_the_flips_are_looked_at(scratch):
    """What does not count, a bit of a content, is passed."""
    image = written(jail(), scratch / "image.tar")
    with tarfile.open(image) as tar:
        at = tar.getmember("./bin/true").offset_data
    done = run(BUILD / "tools" / "flips", image, input=f"{at} 0\n1030 0\n")
    assert (done.status, done.out) == (0, f"{at} 0\n"), done


def index_of(image):
    """The header and the payload that carry the index."""
    with open(image, "rb") as file:
        data = file.read()
    size = 512 + int(data[124:135], 8)
    return data[:(size + 511) // 512 * 512], data


OTHER_TREES = {
    "mode": Node("f", b"/victim", 0o755, text=b"same"),
    "owner": Node("f", b"/victim", uid=1000, text=b"same"),
    "name": Node("f", b"/victin", text=b"same"),
    "size": Node("f", b"/victim", text=b"sam"),
    "type": Node("p", b"/victim"),
    "link": Node("l", b"/victim", 0o777, target=b"/etc/shadow"),
    "hard link": Node("h", b"/victim", target=b"/bin/true"),
    "device": Node("c", b"/victim", device=(1, 3)),
}


@pytest.mark.parametrize("other", OTHER_TREES)
def test_the_index_of_another_tree_is_refused(other, scratch):
    """Two images of the same layout, but for one node: the members of the
    one behind the index of the other."""
    ours = jail(Node("f", b"/victim", text=b"same"))
    index, whole = index_of(written(ours, scratch / "ours.tar"))
    other_index, data = index_of(
        written(jail(OTHER_TREES[other]), scratch / "other.tar"))
    assert len(index) == len(other_index) and index != other_index
    mixed = scratch / "mixed.tar"
    mixed.write_bytes(other_index + whole[len(index):])
    done = verify(mixed)
    assert done.status == 4
    assert "its header is not as jailbuild writes it" in done.out, done
    mixed.write_bytes(index + whole[len(index):])
    assert verify(mixed).status == 0


def test_contents_that_the_index_exchanges_are_refused(scratch):
    """Only where the contents lie is another: no header says it."""
    image = written(jail(Node("f", b"/a", text=b"1" * 512),
                         Node("f", b"/b", text=b"2" * 512)),
                    scratch / "image.tar")
    with tarfile.open(image) as tar:
        blocks = [tar.getmember(name).offset_data // 512
                  for name in ("./a", "./b")]
    index, data = index_of(image)
    # of an inode: size, a reserved word, the first block
    first, second = (struct.pack("<III", 512, 0, block) for block in blocks)
    assert index.count(first) == index.count(second) == 1
    index = index.replace(first, b"*" * 12).replace(second, first)
    image.write_bytes(index.replace(b"*" * 12, second) + data[len(index):])
    done = verify(image)
    assert done.status == 4 and "its header is not as" in done.out, done


def test_a_plain_tar_with_an_index_put_before_it_is_refused(scratch):
    """As whoever has no jailbuild would make one of a tar of another tool."""
    index, _ = index_of(written(jail(), scratch / "image.tar"))
    run("mkdir", "-p", scratch / "root" / ".jail")
    (scratch / "root" / ".jail" / "manifest").write_bytes(MANIFEST)
    done = run("tar", "-cf", scratch / "plain.tar", "-C", scratch / "root",
               "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", ".")
    assert done.status == 0
    mixed = scratch / "mixed.tar"
    mixed.write_bytes(index + (scratch / "plain.tar").read_bytes())
    done = verify(mixed)
    assert done.status == 4 and "its header is not as" in done.out, done


def test_a_plain_tar_of_ours_is_passed(scratch):
    (scratch / "m.txt").write_text("bash\n")
    for number, options in enumerate(([], ["--no-index"])):
        done = run(BUILD / "jailbuild", "m.txt", *options, "-o",
                   f"{number}.tar", cwd=scratch)
        assert (done.status, done.err) == (0, ""), done
        done = verify(scratch / f"{number}.tar")
        assert (done.status, done.out, done.err) == (0, "", ""), done
    index, data = index_of(scratch / "0.tar")
    plain = (scratch / "1.tar").read_bytes()
    end = len(plain) - 4096
    assert b"comment=" not in plain
    assert data[len(index):][:end] == plain[:end]


@pytest.mark.parametrize("change,words", [
    (lambda data: data + b"\0" * 512, "there is more behind its end"),
    (lambda data: data + b"x", "there is more behind its end"),
    (lambda data: data[:-512], "the last member: is not followed by zeros"),
    (lambda data: data[:-1], "the last member: is not followed by zeros"),
])
def test_nothing_hides_behind_the_end(change, words, scratch):
    image = written(jail(), scratch / "image.tar")
    image.write_bytes(change(image.read_bytes()))
    done = verify(image)
    assert done.status == 4 and words in done.out, done


@pytest.mark.parametrize("form", ["tar", "tar.zst", "tar.gz", "tar.xz"])
def test_a_cut_off_image_is_refused(form, scratch):
    image = written(jail(Node("f", b"/noise", file="/bin/bash")),
                    scratch / "image", form)
    data = image.read_bytes()
    for length in (0, 1, 511, 512, 600, len(data) // 3, len(data) // 2,
                   len(data) * 9 // 10):
        image.write_bytes(data[:length])
        done = verify(image)
        assert done.status == 4, (length, done)
        assert done.err.count("\n") + done.out.count("\n") >= 1


@pytest.mark.parametrize("make", [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(bytes(10240)),
    lambda path: path.write_bytes(os.urandom(10000)),
    lambda path: path.write_text("#!/bin/sh\n"),
    lambda path: path.mkdir(),
    os.mkfifo,
    lambda path: path.symlink_to("nowhere"),
    lambda path: None,
])
def test_what_is_no_image_is_refused(make, scratch):
    make(scratch / "image.tar")
    done = verify(scratch / "image.tar", timeout=10)
    assert done.status == 4, done
    assert str(scratch / "image.tar") in done.out + done.err


def test_an_image_compressed_twice_is_refused(scratch):
    image = written(jail(), scratch / "image.tar.gz")
    image.write_bytes(gzip.compress(image.read_bytes()))
    done = verify(image)
    assert done.status == 4
    assert "compressed more than once" in done.err


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (250 << 20, 250 << 20))


@pytest.mark.skipif("asan" in BUILD.name, reason="sanitizers need memory")
def test_a_bomb_costs_no_memory(scratch):
    """More zeros than there may be memory, in a small file."""
    sparse = scratch / "sparse"
    with open(sparse, "wb") as file:
        file.truncate(300 << 20)
    image = written(jail(Node("f", b"/zeros", file=str(sparse))),
                    scratch / "image.tar.zst")
    assert image.stat().st_size < 1 << 20
    done = verify(image, preexec_fn=little_memory)
    assert done.status == 0, done


def test_many_violations_are_counted(scratch):
    image = foreign(scratch / "image.tar",
                    *[(f"bad{number}", {}) for number in range(150)])
    done = verify(image)
    lines = done.out.splitlines()
    assert len(lines) == 101
    assert lines[-1] == f"{image}: and 50 violations more"


@root_only
def test_a_directory_is_checked_too(scratch):
    image = scratch / "image"
    written(jail(), str(image) + "/")
    run("mknod", image / "block", "b", "7", "0")
    os.setxattr(image / "bin" / "true", "user.x", b"y")
    done = verify(image)
    assert done.status == 4
    assert "/block: neither file" in done.out
    assert "/bin/true: an extended attribute" in done.out, done


@root_only
@pytest.mark.parametrize("slashes", ["/", "//", "/."])
def test_a_directory_is_named_as_it_was_for_the_output(slashes, scratch):
    image = str(scratch / "image")
    written(jail(), image + "/")
    done = verify(image + slashes)
    assert (done.status, done.out, done.err) == (0, "", ""), done
