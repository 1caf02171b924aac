"""Every preset of manifests/ is built and does its work in a jail: an ordinary
user, no /proc, no network unless the test says so."""

import re
import socket
import subprocess
import time

import pytest

from conftest import BUILD, ROOT, owner_of, run, shared_once

PRESETS = sorted(path.stem for path in (ROOT / "manifests").glob("*.txt"))


def image(*names):
    """The image of one preset, or of several together."""
    def make(path):
        manifests = [ROOT / "manifests" / f"{name}.txt" for name in names]
        done = run(BUILD / "jailbuild", "-q", "--format", "tar", "-o", path,
                   *manifests, timeout=300)
        assert done.status == 0, done
        assert done.out + done.err == ""
    return shared_once("preset-" + "+".join(names) + ".tar", make)


def jail(names, *argv, options=(), **kwargs):
    """Runs a program in the jail of presets and demands success."""
    names = [names] if isinstance(names, str) else names
    done = run(BUILD / "jaillaunch", "-q", "-i", image(*names), *options,
               "--", *argv, timeout=300, **kwargs)
    assert done.status == 0, done
    return done


@pytest.mark.parametrize("name", PRESETS)
def test_builds_and_is_as_large_as_it_says(name):
    text = (ROOT / "manifests" / f"{name}.txt").read_text()
    head = text.split("\n\n", 1)[0]
    assert head.startswith(f"# {name}: ")
    size = re.search(r"([0-9.]+) MB", head)
    assert size, "the header does not say how large it is"
    real = image(name).stat().st_size / 1e6
    assert 0.6 * real - 1 < float(size.group(1)) < 1.6 * real + 1, real


def test_all_presets_go_together(scratch):
    """No two contradict each other, but for what is started."""
    both = scratch / "all.txt"
    names = [name for name in PRESETS if name not in ("busybox", "base")]
    both.write_text("entry sh\n" + "".join(f"use {name}\n" for name in names))
    done = run(BUILD / "jailbuild", "--presets", ROOT / "manifests",
               "--print=manifest", both)
    assert done.status == 0, done
    assert "entry sh\n" in done.out


# --- bash, coreutils, busybox ------------------------------------------------

def test_bash_is_the_jail_of_the_tour():
    script = """
        set -e
        [ "$(id -un)" = jailuser ] && [ "$(id -u)" = 1000 ]
        [ "$(cd /dev; echo *)" = "full null random urandom zero" ]
        [ ! -e /proc ] && [ ! -e /sys ]
        [ "$HOME" = /home/jailuser ] && cd ~ && echo text > file
        [ "$(cat < file | tr a-z A-Z)" = TEXT ]
        [ "$SHELL" = /bin/bash ] && [ "$PWD" = "$HOME" ]
        cat <<< "$(printf '%s' $'\\u00e9' | wc -m)"
    """
    assert jail("bash", "bash", "-c", script).out == "1\n"


def test_bash_starts_by_itself():
    done = jail("bash", input="echo $0; pwd\n")
    assert done.out == "bash\n/\n"


def test_bash_cannot_chroot():
    done = run(BUILD / "jaillaunch", "-q", "-i", image("bash"), "--", "bash",
               "-c", "chroot /tmp; echo $?")
    assert done.out == "159\n"
    assert "Bad system call" in done.err


# A line a program: its status, then the command.  Every program is there.
COREUTILS = r"""
0 /usr/bin/[ 1 = 1 ]
0 arch
0 b2sum f
0 base32 f
0 base64 f
0 basename /a/b
0 basenc --base16 f
0 cat f
1 chcon -t x f
0 chgrp 1000 f
0 chmod 600 f
0 chown 1000:1000 f
125 chroot
0 cksum f
0 comm f f
0 cp f f.cp
0 csplit f 2
0 cut -c1 f
0 date
0 dd if=f of=f.dd status=none
1 df
0 dir
0 dircolors
0 dirname /a/b
0 du f
0 echo x
0 env
0 expand f
0 expr 1 + 1
0 factor 60
1 false
0 fmt f
0 fold f
0 groups
0 head -1 f
0 hostid
0 id
0 install -m 600 f f.in
0 join f f
0 link f f.link
0 ln -s f f.ln
1 logname
0 ls -l
0 md5sum f
0 mkdir d
0 mkfifo p
0 mknod p2 p
0 mktemp
0 mv f.cp f.mv
0 nice true
0 nl f
0 nohup true
0 nproc
0 numfmt --to=si 1000
0 od f
0 paste f f
0 pathchk x
0 pinky
0 pr f
0 printenv PATH
0 printf %s x
0 ptx f
0 pwd
0 readlink f.ln
0 realpath f.ln
0 rm f.mv
0 rmdir d
1 runcon
0 seq 3
0 sha1sum f
0 sha224sum f
0 sha256sum f
0 sha384sum f
0 sha512sum f
0 shred f.dd
0 shuf f
0 sleep 0
0 sort f
0 split f
0 stat f
0 stdbuf -oL true
1 stty
0 sum f
0 sync f
0 tac f
0 tail -1 f
0 tee f.tee
0 test -f f
0 timeout 5 true
0 touch f.touch
0 tr a b
0 true
0 truncate -s 1 f.tee
0 tsort f2
1 tty
0 uname -a
0 unexpand f
0 uniq f
0 unlink f.link
0 users
0 vdir
0 wc f
0 who
0 whoami
0 timeout 0 yes
"""


def test_every_program_of_coreutils():
    lines = COREUTILS.strip().splitlines()
    listed = set(re.findall(
        r"\S+", " ".join(re.findall(r"^bin (.*)$", (
            ROOT / "manifests" / "coreutils.txt").read_text(), re.M))))
    tried = {line.split()[1].removeprefix("/usr/bin/") for line in lines}
    assert listed - tried <= {"yes"}
    script = "cd /tmp\nprintf 'one\\ntwo\\nthree\\n' > f\necho 'a b' > f2\n"
    for line in lines:
        status, command = line.split(" ", 1)
        if command == "timeout 0 yes":
            command = "yes | head -1"
        script += (f"env -- {command} </dev/null >/dev/null 2>err\n"
                   f"s=$?; [ $s = {status} ] || "
                   f"echo \"{command}: $s: $(<err)\"\n")
    done = jail(["bash", "coreutils"], "bash", "-c", script)
    assert done.out == ""


def test_coreutils_have_names_for_numbers():
    # who is not root unpacks what is his own
    owner = "jailuser:jailuser" if owner_of(0) else "root:root"
    assert jail("coreutils", "stat", "-c", "%U:%G", "/").out == owner + "\n"
    assert jail("coreutils", "whoami").out == "jailuser\n"


def test_busybox():
    script = """
        set -e
        [ "$(id -un)" = jailuser ]
        cd; printf 'b\\na\\n' | sort > f; [ "$(head -n 1 f)" = a ]
        [ "$(awk 'BEGIN { print 6 * 7 }')" = 42 ]
        tar cf f.tar f; gzip f.tar; gunzip -c f.tar.gz | tar tf -
        for f in /bin/*; do [ -x $f ]; done
        find /usr -name busybox
    """
    done = jail("busybox", "sh", "-c", script)
    assert done.out == "f\n/usr/bin/busybox\n"


# --- languages ---------------------------------------------------------------

PYTHON = r"""
import asyncio, bz2, ctypes, decimal, hashlib, json, locale, lzma
import multiprocessing, os, sqlite3, ssl, subprocess, sys, tempfile
import threading, unicodedata, urllib.request, uuid, xml.etree.ElementTree
import zlib
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import shared_memory

def square(x):
    return x * x

def main():
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(square, range(100))) == 328350
    daemon = threading.Thread(target=threading.Event().wait, daemon=True)
    daemon.start()

    async def child():
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print('child')",
            stdout=asyncio.subprocess.PIPE)
        await asyncio.sleep(0.01)
        return (await made.communicate())[0]
    assert asyncio.run(child()) == b"child\n"
    assert subprocess.run([sys.executable, "-V"]).returncode == 0
    for method in "fork", "spawn":
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, [2, 3]) == [4, 9], method
    memory = shared_memory.SharedMemory(create=True, size=4096)
    memory.buf[0] = 7
    memory.close()
    memory.unlink()
    base = sqlite3.connect(os.path.join(tempfile.mkdtemp(), "db"))
    base.execute("create table t (x)")
    base.execute("insert into t values (42)")
    base.commit()
    assert base.execute("select x from t").fetchone() == (42,)
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 50
    assert ctypes.CDLL(None).getpid() == os.getpid()
    assert lzma.decompress(lzma.compress(b"x")) == b"x"
    assert bz2.decompress(bz2.compress(b"x")) == b"x"
    assert zlib.decompress(zlib.compress(b"x")) == b"x"
    assert hashlib.sha256().hexdigest().startswith("e3b0c442")
    assert sys.stdout.encoding == "utf-8", sys.stdout.encoding
    assert os.path.expanduser("~jailuser") == "/home/jailuser"
    assert not os.path.exists("/proc")
    print("all done")

if __name__ == "__main__":
    main()
"""


def test_python3(scratch):
    program = scratch / "smoke.py"
    program.write_text(PYTHON)
    done = jail("python3", "python3", "/tmp/smoke.py",
                options=("--copy", f"{program}:/tmp/smoke.py"))
    assert done.out.splitlines()[-1] == "all done"
    assert done.err == ""


def test_python3_loads_every_module_of_its_library():
    """What a tree brings is whole: no module lacks a library."""
    program = """
import importlib, os, sys, sysconfig
root = os.path.join(sysconfig.get_path("stdlib"), "lib-dynload")
names = {name.split(".")[0] for name in os.listdir(root)}
assert len(names) > 20
for name in sorted(names):
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, error)
"""
    done = jail("python3", "python3", "-c", program)
    assert done.out == ""


NODE = r"""
const assert = require('assert');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { execFileSync } = require('child_process');
const crypto = require('crypto'), fs = require('fs'), os = require('os');
const tls = require('tls'), zlib = require('zlib'), net = require('net');
if (!isMainThread) {
    parentPort.postMessage(21 * 2);
    return;
}
assert(tls.rootCertificates.length > 50);
assert.equal(crypto.createHash('sha256').digest('hex').slice(0, 8),
             'e3b0c442');
assert.equal(zlib.gunzipSync(zlib.gzipSync('x')).toString(), 'x');
fs.writeFileSync(os.tmpdir() + '/x', 'text');
assert.equal(execFileSync('/usr/bin/node', ['-p', '6 * 7']).toString(),
             '42\n');
assert.equal(os.userInfo().username, 'jailuser');
assert.equal(typeof fetch, 'function');
assert(!fs.existsSync('/proc'));
new Worker(__filename).on('message', (x) => {
    assert.equal(x, 42);
    fs.promises.readFile('/tmp/x', 'utf8').then((text) => console.log(text));
});
"""


def test_node(scratch):
    program = scratch / "smoke.js"
    program.write_text(NODE)
    done = jail("node", "node", "/tmp/smoke.js",
                options=("--copy", f"{program}:/tmp/smoke.js"))
    assert done.out == "text\n"
    assert done.err == ""


PERL = r"""
use strict; use warnings; use utf8;
use POSIX qw(floor setlocale LC_ALL); use Encode; use Socket;
use Data::Dumper; use Digest::SHA qw(sha256_hex); use File::Temp;
use IO::Socket; use List::Util qw(sum); use MIME::Base64; use Storable;
use Time::HiRes qw(sleep); use JSON::PP; use Text::Wrap; use threads;
die unless floor(3.7) == 3 and sum(1 .. 4) == 10;
die unless encode('UTF-8', "\x{20ac}") eq "\xe2\x82\xac";
die unless decode('iso-8859-15', "\xa4") eq "\x{20ac}";
die unless sha256_hex('') =~ /^e3b0c442/;
die unless decode_json('{"a":[1]}')->{a}[0] == 1;
die unless setlocale(LC_ALL, '') eq 'C.UTF-8';
die unless threads->create(sub { 42 })->join == 42;
die unless (getpwuid($<))[0] eq 'jailuser';
die unless `$^X -e 'print 7'` == 7;
die unless "\x{410}" =~ /\p{Lu}/ and lc("\x{410}") eq "\x{430}";
my $file = File::Temp->new; print $file 'x' or die;
print "done\n";
"""


def test_perl():
    done = jail(["perl", "bash"], "perl", "-e", PERL)
    assert done.out == "done\n"
    assert done.err == ""


GCC = r"""
set -e
cd /tmp
cat > hello.c <<'END'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *work(void *arg) { return arg; }
int main(int argc, char **argv)
{
	pthread_t thread;
	void *result;
	if (pthread_create(&thread, NULL, work, argv) ||
	    pthread_join(thread, &result) || result != argv)
		return 1;
	printf("%.0f\n", sqrt(atof(argv[argc - 1])));
	return 0;
}
END
gcc -O2 -g -Wall -Werror hello.c -o hello -lm
./hello 1764
gcc -O2 -flto -static hello.c -o static -lm
./static 1764
cpp -dM /dev/null > macros
cat > makefile <<'END'
libtwice.a: twice.o
	ar rcs $@ $^
END
echo 'int twice(int x) { return 2 * x; }' > twice.c
make -s
echo 'int twice(int); int main(void) { return twice(21); }' > main.c
gcc main.c libtwice.a -o main
./main || echo $?
gcc -shared -fPIC twice.c -o libtwice.so
gcc main.c -L. -Wl,-rpath,/tmp -l:libtwice.so -o main
./main || echo $?
"""


def test_gcc():
    done = jail(["gcc", "coreutils"], "sh", "-c", GCC)
    assert done.out == "42\n42\n42\n42\n"
    assert done.err == ""


JAVA = r"""
import java.nio.file.*;
import java.time.*;
import java.util.*;
import java.util.concurrent.*;
public class Smoke {
	public static void main(String[] args) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(4);
		List<Future<Integer>> all = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			int x = i;
			all.add(pool.submit(() -> x * x));
		}
		int sum = 0;
		for (Future<Integer> one : all)
			sum += one.get();
		pool.shutdown();
		Path file = Files.createTempFile("x", "y");
		Files.writeString(file, "text");
		ZonedDateTime.now(ZoneId.of("Europe/Paris"));
		javax.net.ssl.SSLContext.getDefault();
		Process child = new ProcessBuilder("/usr/bin/java", "-version")
			.redirectErrorStream(true).start();
		String said = new String(child.getInputStream().readAllBytes());
		if (child.waitFor() != 0 || !said.contains("version"))
			throw new Exception(said);
		System.out.println(sum + Files.readString(file) +
				   System.getProperty("user.name"));
	}
}
"""


def test_java(scratch):
    program = scratch / "Smoke.java"
    program.write_text(JAVA)
    done = jail("java", "java", "/tmp/Smoke.java",
                options=("--copy", f"{program}:/tmp/Smoke.java"))
    assert done.out == "328350textjailuser\n"


def test_java_compiles(scratch):
    program = scratch / "Smoke.java"
    program.write_text(JAVA)
    jail("java", "javac", "-d", "/tmp", "/tmp/Smoke.java",
         options=("--copy", f"{program}:/tmp/Smoke.java"))


# --- tools -------------------------------------------------------------------

GIT = """
set -e
cd
git config --global user.email jail@localhost
git config --global user.name Jail
git init -q -b main one
cd one
echo one > file
git add file
git commit -q -m first
echo two >> file
git commit -q -a -m second
git gc -q
git fsck --strict
cd ..
git clone -q one two
git clone -q file://$HOME/one three
git -C three log --format=%s
cd two
git checkout -q -b topic
echo three >> file
git stash -q
git stash pop -q
git commit -q -a -m third
git push -q origin topic
git -C ../one branch --list topic
git -c protocol.file.allow=always submodule --quiet add ../one sub
git commit -q -m sub
git rebase -q main topic
git grep -c three
git diff --stat HEAD~1 HEAD
"""


def test_git():
    done = jail("git", "sh", "-c", GIT)
    lines = [line.strip() for line in done.out.splitlines()]
    assert lines[:4] == ["second", "first", "topic", "file:1"]
    assert "2 files changed" in lines[-1]
    assert done.err == ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def https_server(tmp_path_factory):
    """An HTTPS server of this machine for "localhost": its port and the file
    with its certificate."""
    where = tmp_path_factory.mktemp("https")
    key, certificate = where / "key.pem", where / "cert.pem"
    made = run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
               "-keyout", key, "-out", certificate, "-days", "2", "-subj",
               "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    assert made.status == 0, made
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-quiet", "-www", "-accept",
         f"127.0.0.1:{port}", "-key", str(key), "-cert", str(certificate)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port, certificate
    server.kill()
    server.wait()


@pytest.mark.needs("the caller's files")
def test_curl_speaks_tls(https_server):
    port, certificate = https_server
    options = ("--net", "host", "--copy", f"{certificate}:/tmp/ca.pem")
    done = jail("curl-tls", "curl", "-sS", "-4", "--cacert", "/tmp/ca.pem",
                f"https://localhost:{port}/", options=options)
    assert "Ciphers supported in s_server" in done.out
    refused = run(BUILD / "jaillaunch", "-q", "-i", image("curl-tls"),
                  *options, "--", "curl", "-sS", "-4",
                  f"https://localhost:{port}/")
    assert refused.status == 60, refused    # not one of the usual authorities


def test_curl_without_a_network(https_server):
    port, _ = https_server
    assert "jailuser" in jail("curl-tls", "curl", "-sS",
                              "file:///etc/passwd").out
    done = run(BUILD / "jaillaunch", "-q", "-i", image("curl-tls"), "--",
               "curl", "-sS", "-4", f"https://localhost:{port}/")
    assert done.status == 7, done


def test_openssl():
    assert len(jail("openssl", "openssl", "rand", "-hex", "16").out) == 33
    done = jail("openssl", "openssl", "req", "-x509", "-newkey", "rsa:2048",
                "-nodes", "-keyout", "/tmp/key", "-subj", "/CN=x")
    assert "BEGIN CERTIFICATE" in done.out
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest in jail("openssl", "openssl", "dgst", "-sha256").out
    assert "31d6cfe0d16ae931b73c59d7e0c089c0" in jail(
        "openssl", "openssl", "dgst", "-provider", "legacy", "-md4").out


def test_sqlite():
    done = jail("sqlite", "sqlite3", "/tmp/base", """
        create virtual table t using fts5(x);
        insert into t values ('one two'), ('three');
        select x from t where t match 'two';
        select json_extract('{"a": 42}', '$.a'), sqrt(49), upper('x');
    """)
    assert done.out == "one two\n42|7.0|X\n"
