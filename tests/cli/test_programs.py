"""Ordinary programs under the default seccomp policy with no_new_privs, as an
ordinary user: none may notice.  The strictest set of features (no sockets but
pairs, foreign pids refused) unless a test says what it needs."""

import os
import textwrap

import pytest

from conftest import BUILD, ordinary_user, run

FILTERED = BUILD / "tools" / "filtered"
NET_HOST, UNIX, OWN_PIDS = 1, 2, 4


@pytest.fixture
def filtered(scratch):
    """filtered(args..., features=0) -> standard output; the program must
    succeed.  Its current directory is its own."""
    user = ordinary_user()
    os.chown(scratch, user["user"], user["group"])
    env = {"PATH": "/usr/bin:/bin", "HOME": str(scratch), "LANG": "C.UTF-8",
           "TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}

    def call(*argv, features=0, **kwargs):
        done = run(FILTERED, "--features", features, *argv, cwd=scratch,
                   env=env, timeout=120, **user, **kwargs)
        assert done.status == 0, done
        return done.out
    return call


def put(directory, name, text):
    (directory / name).write_text(textwrap.dedent(text))
    owner = directory.stat()
    os.chown(directory / name, owner.st_uid, owner.st_gid)


def test_bash(filtered):
    out = filtered("bash", "-c", r"""
        set -e
        echo one | tr a-z A-Z | cat
        cat <(echo two) <<<three -
        (sleep 0.01; exit 3) & wait $! || echo $?
        trap 'echo trapped' USR1; kill -USR1 $$
        coproc cat; echo four >&"${COPROC[1]}"; read -r -u "${COPROC[0]}" line
        echo "$line"; ulimit -c 0; ulimit -n 64; umask 077
        mkfifo pipe; echo five >pipe & read -r line <pipe; echo "$line"
        set -m; sleep 0.01 & fg >/dev/null; timeout 5 true""")
    assert out == "ONE\ntwo\nthree\n3\ntrapped\nfour\nfive\n"


def test_coreutils(filtered):
    out = filtered("sh", "-ec", """
        seq 1000 | shuf | sort --parallel=2 -n >numbers; tail -1 numbers
        cp -a numbers copy; mv copy moved; ln moved hard; ln -s moved soft
        install -m 755 moved installed; chmod 640 moved; stat -c %a moved
        mkdir -p a/b/c; touch -d @0 a/b/c/d; rmdir -p a/b/c 2>/dev/null || :
        rm -r a; truncate -s 1M big; dd if=big of=out bs=4k status=none
        sync out; cmp big out; shred -u out; df . >/dev/null; du -s . >/dev/null
        mktemp >/dev/null; mkfifo fifo; id -u; nproc >/dev/null
        echo $(($(nice -n 5 nice) - $(nice)))
        timeout 5 sleep 0.01; readlink soft; sha256sum </dev/null | cut -c 1-8
        ls -laR / >/dev/null 2>&1 || :; split -n 3 numbers; cat xa? | wc -l
        nohup true 2>/dev/null; stdbuf -o0 echo end; chown nobody moved
        ionice -c 3 true; taskset 1 true; chrt -b 0 true; prlimit -n >/dev/null
        """)
    assert out == "1000\n640\n65534\n5\nmoved\ne3b0c442\n1000\nend\n"


def python(filtered, code, **kwargs):
    return filtered("python3", "-c", textwrap.dedent(code), **kwargs)


def test_python_threads(filtered):
    assert python(filtered, """
        import threading, queue, os, time, resource, signal, mmap
        results = queue.Queue()
        threads = [threading.Thread(target=lambda n=n: results.put(n * n))
                   for n in range(50)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(sum(results.queue))
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        os.nice(1); resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        fd = os.memfd_create("x"); os.write(fd, b"hello")
        print(mmap.mmap(fd, 5)[:])
        pid = os.fork()
        if pid == 0: signal.pause()
        pidfd = os.pidfd_open(pid)
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        print(os.waitpid(pid, 0)[1])
        """) == "40425\nb'hello'\n15\n"


def test_python_asyncio(filtered):
    assert python(filtered, """
        import asyncio
        async def main():
            tasks = [asyncio.sleep(0.01, n) for n in range(100)]
            print(sum(await asyncio.gather(*tasks)))
            child = await asyncio.create_subprocess_exec(
                "cat", stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE)
            print((await child.communicate(b"through cat"))[0])
            print(await asyncio.to_thread(lambda: "thread"))
        asyncio.run(main())
        """) == "4950\nb'through cat'\nthread\n"


def test_python_asyncio_server(filtered):
    assert python(filtered, """
        import asyncio
        async def answer(reader, writer):
            writer.write(await reader.readline()); await writer.drain()
            writer.close()
        async def ask(reader, writer):
            writer.write(b"hello\\n"); print(await reader.readline())
            writer.close()
        async def main():
            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            await ask(*await asyncio.open_connection("localhost", port))
            server = await asyncio.start_unix_server(answer, "socket")
            await ask(*await asyncio.open_unix_connection("socket"))
        asyncio.run(main())
        """, features=NET_HOST | UNIX) == "b'hello\\n'\nb'hello\\n'\n"


def test_python_subprocess(filtered):
    assert python(filtered, """
        import subprocess, os, pty
        print(subprocess.check_output(["echo", "hi"], text=True), end="")
        print(subprocess.run("exit 3", shell=True).returncode)
        print(subprocess.run(["cat"], input=b"x" * 100000,
                             capture_output=True, start_new_session=True)
              .stdout.count(b"x"))
        pid = os.posix_spawn("/bin/true", ["true"], {})
        print(os.waitpid(pid, 0)[1])
        """) == "hi\n3\n100000\n0\n"


@pytest.mark.parametrize("method, features", [
    ("fork", 0), ("spawn", 0), ("forkserver", UNIX)])
def test_python_multiprocessing(filtered, scratch, method, features):
    put(scratch, "pool.py", """
        import multiprocessing, sys
        from multiprocessing import shared_memory
        def square(n): return n * n
        if __name__ == "__main__":
            multiprocessing.set_start_method(sys.argv[1])
            with multiprocessing.Pool(2) as pool:
                print(sum(pool.map(square, range(100))))
            block = shared_memory.SharedMemory(create=True, size=100)
            block.close(); block.unlink()
        """)
    assert filtered("python3", "pool.py", method,
                    features=features) == "328350\n"


def test_python_numpy(filtered):
    assert filtered("/usr/bin/python3", "-c", textwrap.dedent("""
        import numpy
        a = numpy.random.default_rng(1).random((300, 300))
        b = a @ numpy.linalg.inv(a)
        print(numpy.allclose(b, numpy.eye(300)))
        numpy.linalg.svd(a)
        """)) == "True\n"


def test_node(filtered, scratch):
    put(scratch, "main.js", """
        const {Worker, isMainThread, parentPort} = require("worker_threads");
        const {execFileSync, fork} = require("child_process");
        const fs = require("fs"), crypto = require("crypto");
        if (!isMainThread) { parentPort.postMessage("worker"); return; }
        if (process.argv[2] === "child") { process.send("ipc"); return; }
        (async () => {
            const worker = new Worker(__filename);
            console.log(await new Promise(r => worker.on("message", r)));
            console.log(execFileSync("echo", ["exec"]).toString().trim());
            const child = fork(__filename, ["child"]);
            console.log(await new Promise(r => child.on("message", r)));
            const seen = new Promise(r => fs.watch(".", r));
            await fs.promises.writeFile("x", "y"); await seen;
            console.log("watch");
            await new Promise(r => crypto.pbkdf2("a", "b", 99, 9, "sha1", r));
            console.log("crypto"); process.exit(0);
        })();
        """)
    assert filtered("node", "main.js") == \
        "worker\nexec\nipc\nwatch\ncrypto\n"


def test_node_http(filtered, scratch):
    put(scratch, "main.js", """
        const http = require("http");
        const server = http.createServer((_, answer) => answer.end("hello"));
        server.listen(0, "127.0.0.1", () => http.get(
            {port: server.address().port, host: "127.0.0.1"},
            answer => answer.on("data", data => {
                console.log(String(data)); process.exit(0); })));
        """)
    assert filtered("node", "main.js", features=NET_HOST) == "hello\n"


def test_perl(filtered):
    assert filtered("perl", "-MPOSIX", "-MIO::Select", "-we", r"""
        $| = 1;
        my $pid = fork; if (!$pid) { exit 3 } waitpid $pid, 0;
        print $? >> 8, "\n"; print `echo shell`;
        open my $pipe, "-|", "seq 3" or die; print <$pipe>;
        local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; pause;
        socketpair my $a, my $b, 1, 1, 0 or die; syswrite $a, "pair\n";
        print scalar <$b>;""") == "3\nshell\n1\n2\n3\nalarm\npair\n"


def test_ruby(filtered):
    assert filtered("ruby", "-e", """
        puts (1..10).map { |n| Thread.new { n * n } }.sum(&:value)
        puts `echo shell`
        Process.wait(fork { exit 3 }); puts $?.exitstatus
        r, w = IO.pipe; spawn("echo spawned", out: w); w.close; puts r.read
        """) == "385\nshell\n3\nspawned\n"


def test_git(filtered):
    out = filtered("sh", "-ec", """
        git config --global user.email a@b; git config --global user.name a
        git init -q one; cd one
        for n in 1 2 3; do echo $n >file; git add file; git commit -qm $n; done
        git gc -q; git repack -adq --threads=2; git fsck 2>/dev/null
        git stash list; git log --oneline | wc -l; cd ..
        git clone -q one two; git -C two status --short; cd two
        git checkout -qb new HEAD~1; git rebase -q master; git worktree add -q ../w
        git archive HEAD | tar -t; git grep -c 3""")
    assert out == "3\nfile\nfile:1\n"


def test_gcc(filtered, scratch):
    put(scratch, "main.c", """
        #include <pthread.h>
        #include <stdio.h>
        static void *twice(void *n) { *(int *)n *= 2; return 0; }
        int main(void)
        {
            int n = 21; pthread_t thread;
            pthread_create(&thread, 0, twice, &n);
            pthread_join(thread, 0);
            return printf("%d\\n", n) != 3;
        }
        """)
    out = filtered("sh", "-ec", "gcc -O2 -flto -pipe -pthread main.c -o main "
                                "&& ./main && gcc -static -pthread main.c "
                                "-o main && ./main")
    assert out == "42\n42\n"


def test_gxx(filtered, scratch):
    put(scratch, "main.cc", """
        #include <filesystem>
        #include <future>
        #include <iostream>
        int main()
        {
            auto n = std::async(std::launch::async, [] { return 42; });
            std::filesystem::create_directories("a/b");
            std::filesystem::copy("main.cc", "a/b/c");
            std::filesystem::remove_all("a");
            try { throw n.get(); } catch (int got) { std::cout << got; }
        }
        """)
    assert filtered("sh", "-ec", "g++ -std=c++17 -pthread main.cc -o main && "
                                 "./main") == "42"


def test_thread_sanitizer(filtered, scratch):
    """Executes itself again without address randomisation."""
    put(scratch, "main.c", """
        #include <stdio.h>
        int main(void) { return puts("tsan") < 0; }
        """)
    assert filtered("sh", "-ec", "gcc -fsanitize=thread main.c -o main && "
                                 "./main") == "tsan\n"


def test_make(filtered, scratch):
    put(scratch, "Makefile", """
        all: a b c d
        a b c d:
        \t@sleep 0.01; touch $@
        """)
    assert filtered("make", "-j4", "--output-sync") == ""
    assert all((scratch / name).exists() for name in "abcd")


def test_java(filtered, scratch):
    put(scratch, "Main.java", """
        import java.util.concurrent.*;
        public class Main {
            public static void main(String[] args) throws Exception {
                ExecutorService pool = Executors.newFixedThreadPool(4);
                System.out.println(pool.submit(() -> 42).get());
                pool.shutdown();
                Process child = new ProcessBuilder("echo", "child").start();
                System.out.print(new String(
                    child.getInputStream().readAllBytes()));
                System.gc();
            }
        }
        """)
    filtered("javac", "Main.java")
    for options in ([], ["-XX:+UseParallelGC", "-XX:+UseNUMA"]):
        assert filtered("java", "-Xmx128m", *options, "Main") == \
            "42\nchild\n"


def test_go(filtered, scratch):
    put(scratch, "main.go", """
        package main
        import ("fmt"; "os/exec"; "sync")
        func main() {
            var group sync.WaitGroup
            sums := make(chan int, 100)
            for n := 0; n < 100; n++ {
                group.Add(1)
                go func(n int) { sums <- n; group.Done() }(n)
            }
            group.Wait(); close(sums)
            sum := 0
            for n := range sums { sum += n }
            out, err := exec.Command("echo", "child").Output()
            fmt.Println(sum, string(out), err)
        }
        """)
    assert filtered("go", "run", "main.go") == "4950 child\n <nil>\n"


def test_curl(filtered, scratch):
    """From a server that is under the policy as well."""
    put(scratch, "index.html", "hello\n")
    put(scratch, "serve.py", """
        import http.server, subprocess, threading
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://localhost:%d/index.html" % server.server_port
        print(subprocess.check_output(["curl", "-sS", url], text=True))
        """)
    assert filtered("python3", "serve.py",
                    features=NET_HOST | UNIX) == "hello\n\n"


def test_curl_without_network_says_so(filtered, scratch):
    done = run(FILTERED, "curl", "-sS", "http://127.0.0.1:1/")
    assert done.status == 7, done
    done = run(FILTERED, "curl", "-sS", "file:///etc/debian_version")
    assert done.status == 0 and done.out, done


def test_openssl(filtered, scratch):
    out = filtered("sh", "-ec", """
        openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert \
            -subj /CN=localhost 2>/dev/null
        openssl verify -CAfile cert cert
        echo secret | openssl enc -aes-256-cbc -pbkdf2 -k x |
            openssl enc -d -aes-256-cbc -pbkdf2 -k x
        openssl speed -seconds 1 -bytes 64 sha256 >/dev/null 2>&1""")
    assert out == "cert: OK\nsecret\n"


def test_tar(filtered):
    out = filtered("sh", "-ec", """
        mkdir -p in/deep out; echo x >in/deep/file; ln -s file in/deep/link
        mkfifo in/fifo
        for how in z J; do
            tar -c${how}f archive in; tar -xf archive -C out
        done
        tar --zstd -cf archive in; tar -xpf archive -C out
        cat out/in/deep/link; find in | cpio -o --quiet | cpio -t --quiet""")
    assert out.startswith("x\nin\n")


def test_vim(filtered, scratch):
    put(scratch, "file", "hello world\n")
    filtered("vim", "-Nu", "NONE", "-es", "-c", "%s/world/jail/",
             "-c", "call system('true')", "-c", "wq", "file")
    assert (scratch / "file").read_text() == "hello jail\n"


def test_sqlite(filtered):
    out = filtered("sqlite3", "base", """
        PRAGMA journal_mode=WAL; CREATE TABLE t(n);
        WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s
            LIMIT 10000) INSERT INTO t SELECT n FROM s;
        SELECT sum(n) FROM t; VACUUM; PRAGMA integrity_check;""")
    assert out == "wal\n50005000\nok\n"


def test_threads_by_number(filtered, scratch):
    """What docs/SECCOMP.md says of threads that name themselves by id."""
    put(scratch, "main.c", """
        #define _GNU_SOURCE
        #include <pthread.h>
        #include <stdio.h>
        #include <string.h>
        int main(void)
        {
            cpu_set_t cpus; struct sched_param param = {0};
            pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);
            printf("%s, ", strerrorname_np(pthread_setaffinity_np(
                pthread_self(), sizeof(cpus), &cpus)));
            printf("%s\\n", strerrorname_np(pthread_setschedparam(
                pthread_self(), SCHED_OTHER, &param)));
        }
        """)
    filtered("gcc", "-pthread", "main.c", "-o", "main")
    assert filtered("./main") == "EPERM, EPERM\n"
    assert filtered("./main", features=OWN_PIDS) == "0, 0\n"
    assert filtered("--allow", "@foreign-pid", "./main") == "0, 0\n"


def test_openmp_works_unless_told_to_pin(filtered, scratch):
    put(scratch, "main.c", """
        #include <stdio.h>
        int main(void)
        {
            int sum = 0;
            #pragma omp parallel for reduction(+:sum) num_threads(2)
            for (int i = 0; i < 100; i++) sum += i;
            printf("%d\\n", sum);
        }
        """)
    filtered("gcc", "-fopenmp", "main.c", "-o", "main")
    assert filtered("./main") == "4950\n"
    pinned = "env", "OMP_PROC_BIND=true", "./main"
    assert filtered(*pinned, features=OWN_PIDS) == "4950\n"
    done = run(FILTERED, *pinned, cwd=scratch, **ordinary_user())
    assert "Operation not permitted" in done.err, done
