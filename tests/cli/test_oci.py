"""--oci CONFIG.json: what becomes of an OCI runtime's configuration, what is
not honoured and said so, and what is refused."""

import copy
import json
import os
import shutil

import pytest

from conftest import BUILD, run
from jailroot import make_root

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")

# As runtimes write it when they are asked for a new one.
USUAL = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False, "user": {"uid": 1000, "gid": 1000},
        "args": ["sh", "-c", "echo started"],
        "env": ["PATH=/bin", "A=from the config"],
        "cwd": "/",
        "capabilities": {
            key: ["CAP_KILL", "CAP_NET_BIND_SERVICE"] for key in
            ("bounding", "effective", "permitted", "ambient")},
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 77, "soft": 77}],
        "noNewPrivileges": True},
    "root": {"path": "rootfs", "readonly": True},
    "hostname": "boxed",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "noexec", "nodev", "ro"]}],
    "linux": {
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "namespaces": [{"type": name} for name in
                       ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "maskedPaths": ["/proc/kcore", "/sys/firmware"],
        "readonlyPaths": ["/proc/sys"]},
}


class Bundle:
    """A directory with a rootfs and a config.json that can be changed."""

    def __init__(self, path):
        self.path = path
        self.root = path / "rootfs"
        make_root(self.root)
        (self.root / "proc").mkdir()
        self.config = copy.deepcopy(USUAL)

    def write(self):
        (self.path / "config.json").write_text(json.dumps(self.config))
        return self.path / "config.json"

    def launch(self, *argv, **kwargs):
        return run(BUILD / "jaillaunch", "--oci", self.write(), *argv,
                   **kwargs)

    def sh(self, script, *options):
        return self.launch(*options, "sh", "-c", script)

    def notes(self, *options):
        done = self.launch("--report", self.path / "report", *options)
        assert done.status == 0, done
        report = json.loads((self.path / "report").read_text())
        return "\n".join(report["oci"]["not_honoured"])

    def refuses(self, words, *options):
        done = self.launch(*options)
        assert (done.status, done.out) == (125, ""), done
        assert done.err.startswith("jaillaunch: ") and words in done.err, done
        assert done.err.count("\n") == 1, done


def can_unshare():
    return run("unshare", "-n", "-p", "-f", "-m", "true").status == 0


@pytest.fixture
def bundle(scratch):
    if not can_unshare():
        pytest.skip("no namespaces: the configuration asks for them")
    return Bundle(scratch)


def test_the_usual_configuration(bundle):
    done = bundle.launch()
    assert (done.status, done.out, done.err) == (0, "started\n", ""), done
    done = bundle.sh("id -u; id -g; id -G; echo $A; pwd; ulimit -n; "
                     "touch /new 2>/dev/null || echo read-only; uname -n")
    assert done.out.split("\n")[:7] == [
        "1000", "1000", "1000", "from the config", "/", "77",
        "read-only"], done


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", "2>&-",
                                    "<&- >&- 2>&-"])
@pytest.mark.needs("ns-cgroup", "mount", "root")
def test_whatever_streams_the_caller_left_closed(bundle, closed):
    put(bundle.config, "process.args", ["sh", "-c", "exit 3"])
    done = run("sh", "-c", f'exec "$@" {closed}', "sh", BUILD / "jaillaunch",
               "--oci", bundle.write())
    assert done.status == 3, done


def test_the_host_name(bundle):
    from jailroot import compile_c
    compile_c("""#include <stdio.h>
        #include <unistd.h>
        int main(void) { char n[65]; gethostname(n, 65); puts(n); }""",
              bundle.root / "name")
    assert bundle.launch("/name").out == "boxed\n"
    assert bundle.launch("--hostname", "mine", "/name").out == "mine\n"


def test_proc_with_a_pid_namespace(bundle):
    done = bundle.sh("ls /proc | sed -n '/^[0-9]/!p'; echo $(ls /proc/self)")
    assert "status" in done.out and "kcore" not in done.out, done
    bundle.config["linux"]["namespaces"] = [{"type": "network"}]
    assert "/proc: not honoured: it needs a pid namespace" in bundle.notes()
    assert bundle.sh("ls /proc").out == ""


def test_flags_override(bundle):
    script = "id -u; echo $A; ulimit -n; pwd"
    done = bundle.sh(script, "-u", "2000", "-e", "A=typed", "--limit",
                     "nofile=50", "-d", "/tmp")
    assert done.out == "2000\ntyped\n50\n/tmp\n", done


def test_flags_override_the_root(bundle, scratch):
    other = scratch / "other"
    make_root(other)
    (other / "proc").mkdir()
    (other / "here").write_text("other")
    done = bundle.sh("cat /here", "-r", other)
    assert done.out == "other", done


def test_paths_are_relative_to_the_configuration(bundle):
    bundle.write()
    for path in ("config.json", "./config.json"):
        done = run(BUILD / "jaillaunch", "--oci", path, cwd=bundle.path)
        assert done.out == "started\n", done
    bundle.config["root"]["path"] = str(bundle.root)
    assert bundle.launch(cwd="/").out == "started\n"


def test_ambient_capabilities(bundle):
    done = bundle.launch("--report", bundle.path / "r")
    assert done.status == 0, done
    user = json.loads((bundle.path / "r").read_text())["user"]
    assert user["caps"] == user["ambient_caps"] == ["kill", "net_bind_service"]


def test_resources(bundle):
    bundle.config["linux"]["resources"] = {
        "memory": {"limit": 64 << 20}, "pids": {"limit": 20},
        "cpu": {"quota": 50000, "period": 100000}}
    done = bundle.launch("--report", bundle.path / "r")
    assert done.status == 0, done
    limits = {row["name"]: row["value"] for row in
              json.loads((bundle.path / "r").read_text())["limits"]}
    assert limits == {"memory": 64 << 20, "pids": 20, "cpus": 0.5,
                      "nofile": 77}


def test_limits_below_zero_are_none(bundle):
    bundle.config["linux"]["resources"] = {
        "memory": {"limit": -1}, "pids": {"limit": -1}, "cpu": {"quota": -1}}
    done = bundle.launch("--report", bundle.path / "r")
    assert done.status == 0, done
    limits = json.loads((bundle.path / "r").read_text())["limits"]
    assert [row["name"] for row in limits] == ["nofile"]


def test_mounts(bundle):
    host = bundle.path / "data"
    host.mkdir()
    host.chmod(0o777)
    (host / "file").write_text("of the host")
    for name in ("ro", "rw", "scratch"):
        (bundle.root / name).mkdir()
    bundle.config["mounts"] += [
        {"destination": "/ro", "source": "data", "options": ["bind", "ro"]},
        {"destination": "/rw", "type": "bind", "source": str(host)},
        {"destination": "/scratch", "type": "tmpfs",
         "options": ["size=1024k", "noatime"]}]
    done = bundle.sh("cat /ro/file && ! echo x 2>/dev/null >/ro/no && "
                     "echo written >/rw/new && echo x 2>&1 >/scratch/y; "
                     "echo $?")
    assert done.out.startswith("of the host"), done
    assert (host / "new").read_text() == "written\n"
    assert not (host / "no").exists()
    notes = bundle.notes()
    assert "mounts[5]: noatime is not honoured" in notes, notes


def test_noexec(bundle):
    """It was left out with a note, and confines."""
    host = bundle.path / "data"
    host.mkdir()
    shutil.copy("/bin/true", host / "true")
    for name in ("a", "b", "c", "d"):
        (bundle.root / name).mkdir()
        (bundle.root / name).chmod(0o777)
    bundle.config["mounts"] += [
        {"destination": "/a", "source": "data", "options": ["bind", "ro",
                                                            "noexec"]},
        {"destination": "/b", "source": "data", "options": ["rbind", "rw",
                                                            "rnoexec"]},
        {"destination": "/c", "type": "tmpfs", "options": ["noexec"]},
        {"destination": "/d", "type": "tmpfs",
         "options": ["size=1024k", "noexec"]}]
    done = bundle.sh("cat /a/true >/c/true; cat /a/true >/d/true; "
                     "chmod 755 /c/true /d/true; for at in a b c d; do "
                     "/$at/true 2>/dev/null; echo $?; done")
    assert done.out == "126\n126\n126\n126\n", done
    assert "noexec" not in bundle.notes()


def test_options_of_a_bind_are_honoured_or_named(bundle):
    honoured = ["bind", "ro", "rro", "nosuid", "nodev", "rprivate", "exec"]
    others = ["noatime", "rslave", "what"]
    bundle.config["mounts"].append({
        "destination": "/tmp/x", "source": ".", "options": honoured + others})
    said = [note.split(" is not honoured")[0]
            for note in bundle.notes().split("\n")
            if note.startswith("mounts[3]: ")]
    assert said == ["mounts[3]: " + option for option in others], said


def test_options_of_a_tmpfs_are_honoured_or_named(bundle):
    honoured = ["rw", "nosuid", "nodev", "noexec", "size=1024k", "rprivate"]
    others = ["ro", "mode=0755", "uid=0", "nr_inodes=5",
              "strictatime", "tmpcopyup"]
    (bundle.root / "scratch").mkdir()
    bundle.config["mounts"].append({
        "destination": "/scratch", "type": "tmpfs",
        "options": honoured + others})
    notes = bundle.notes().split("\n")
    said = [note.split(" is not honoured")[0] for note in notes
            if note.startswith("mounts[3]: ")]
    assert said == ["mounts[3]: " + option for option in others], notes


MOST = 2**64 - 1  # RLIM_INFINITY


def limits_of(bundle, *rlimits, pids=None):
    bundle.config["process"]["rlimits"] = [
        {"type": kind, "soft": soft, "hard": hard}
        for kind, soft, hard in rlimits]
    if pids is not None:
        put(bundle.config, "linux.resources.pids", {"limit": pids})
    assert bundle.launch("--report", bundle.path / "report").status == 0
    report = json.loads((bundle.path / "report").read_text())
    return {row["name"]: row["value"] for row in report["limits"]}


def test_a_limit_may_be_infinite(bundle):
    """The text of it in a string stays what it is."""
    put(bundle.config, "process.args", ["printf", "%s", str(MOST) + '"\\'])
    found = limits_of(bundle, ("RLIMIT_NOFILE", 77, MOST),
                      ("RLIMIT_FSIZE", MOST, MOST),
                      ("RLIMIT_STACK", 2**53 + 4096 + 1, MOST))
    assert found["nofile"] == 77 and found["fsize"] == "unlimited", found
    assert found["stack"] == 2**53 + 4096 + 1, found
    assert bundle.launch().out == str(MOST) + '"\\'


@pytest.mark.parametrize("number", [MOST - 1, MOST + 1, -MOST])
def test_no_other_number_is_infinite(bundle, number):
    bundle.config["process"]["rlimits"] = [
        {"type": "RLIMIT_FSIZE", "soft": number, "hard": number}]
    bundle.refuses("too big" if number > 0 else "too big negative")


def test_the_lower_of_two_limits_of_processes_counts(bundle):
    assert limits_of(bundle, ("RLIMIT_NPROC", 900, 900),
                     pids=33)["pids"] == 33
    assert limits_of(bundle, ("RLIMIT_NPROC", MOST, MOST),
                     pids=33)["pids"] == 33
    assert limits_of(bundle, ("RLIMIT_NPROC", 22, 22), pids=33)["pids"] == 22
    bundle.config["process"]["rlimits"][0].update(soft=0, hard=0)
    bundle.refuses("limit pids")


def seccomp(**more):
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
         "errnoRet": 28}], **more}


def test_seccomp(bundle):
    bundle.config["linux"]["seccomp"] = seccomp()
    done = bundle.sh("mkdir /tmp/x")
    assert "No space left" in done.err, done
    done = bundle.sh("mkdir /tmp/x", "--seccomp", "default")
    assert done.status == 0, done
    done = bundle.sh("chroot /; echo $?")  # the floor is below it
    assert done.out == "159\n", done


def test_what_is_wrong_with_seccomp_has_its_place(bundle):
    bundle.config["linux"]["seccomp"] = seccomp(defaultAction="SCMP_ACT_ALOW")
    bundle.refuses('config.json: linux.seccomp: defaultAction: '
                   '"SCMP_ACT_ALOW" is not known')


def test_the_root_can_be_written_where_it_says_so(bundle):
    bundle.config["root"]["readonly"] = False
    bundle.config["linux"]["readonlyPaths"] = []
    bundle.config["mounts"] = []
    (bundle.root / "open").mkdir()
    (bundle.root / "open").chmod(0o777)
    assert bundle.sh("echo x >/open/f").status == 0
    assert (bundle.root / "open/f").exists()
    bundle.config["mounts"].append({"destination": "/home/jailuser",
                                    "type": "tmpfs"})
    assert "with mounts the root is read-only" in bundle.notes()


NOT_HONOURED = [
    ("hooks", {"prestart": [{"path": "/bin/touch",
                             "args": ["touch", "MARK"]}]},
     "hooks: not honoured: programs outside the jail are not run"),
    ("domainname", "x", "domainname: not honoured"),
    ("news", {}, "news: not honoured: not known"),
    ("process.oomScoreAdj", 5, "process.oomScoreAdj: not honoured"),
    ("process.noNewPrivileges", False, "it is always set"),
    ("process.user.additionalGids", [5], "no supplementary groups"),
    ("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 9}],
     "the hard limit is the soft one"),
    ("linux.sysctl", {"kernel.x": "1"}, "linux.sysctl: not honoured"),
    ("linux.resources.cpu", {"shares": 5}, "cpu.shares: not honoured"),
    ("linux.resources.blockIO", {"weight": 5}, "blockIO.weight: not honoured"),
    ("process.user.umask", 0, "process.user.umask: not honoured"),
    ("linux.namespaces", [{"type": "user"}],
     "linux.namespaces[0]: not honoured: no namespace of this kind"),
    ("linux.namespaces", [{"type": "pid"}],
     'without "network" the host\'s is meant'),
    ("linux.namespaces", [{"type": "network", "path": "/x"}],
     "linux.namespaces[0]: the path is not honoured"),
    ("process.capabilities.effective", ["CAP_CHOWN"], "those of \"ambient\""),
]


def put(config, key, value):
    *above, last = key.split(".")
    for name in above:
        config = config.setdefault(name, {})
    config[last] = value


@pytest.mark.parametrize("key,value,words", NOT_HONOURED)
def test_what_is_not_honoured_is_said(bundle, key, value, words):
    """In the report and with -v; else nothing is printed."""
    put(bundle.config, key, value)
    notes = bundle.notes()
    assert words in notes, notes
    done = bundle.launch("-v")
    assert done.status == 0 and words in done.err, done
    assert bundle.launch().err == ""


def test_hooks_are_never_run(bundle):
    mark = bundle.path / "mark"
    for kind in ("prestart", "createRuntime", "poststop"):
        put(bundle.config, "hooks." + kind,
            [{"path": "/usr/bin/touch", "args": ["touch", str(mark)]}])
    assert bundle.launch().status == 0
    assert not mark.exists()


def test_empty_values_ask_for_nothing(bundle):
    for key in ("hooks", "linux.sysctl", "linux.resources.rdma"):
        put(bundle.config, key, {})
    put(bundle.config, "process.apparmorProfile", "")
    put(bundle.config, "linux.mountLabel", "")
    put(bundle.config, "linux.devices", None)
    notes = bundle.notes()
    assert "hooks" not in notes and "sysctl" not in notes, notes


REFUSED = [
    ("process.apparmorProfile", "strict", "process.apparmorProfile: jaillaunch "
     "enters no AppArmor profile"),
    ("process.selinuxLabel", "a:b:c", "process.selinuxLabel"),
    ("linux.mountLabel", "a:b:c", "linux.mountLabel"),
    ("linux.maskedPaths", ["/etc/secret"],
     "linux.maskedPaths[0]: /etc/secret cannot be covered"),
    # it only begins as what a jail does not have
    ("linux.maskedPaths", ["/proc/../etc/secret"],
     "linux.maskedPaths[0]: /proc/../etc/secret cannot be covered"),
    ("linux.resources.unified", {"memory.max": "1"},
     "linux.resources.unified: no file of a cgroup is written"),
    ("linux.resources.cpu", {"cpus": "0"},
     "linux.resources.cpu.cpus: processors and memory nodes are not chosen"),
    ("linux.resources.hugepageLimits", [{"pageSize": "2MB", "limit": 0}],
     "linux.resources.hugepageLimits: jaillaunch does not limit it"),
    ("linux.resources.blockIO", {"throttleReadBpsDevice": [{"rate": 1}]},
     "blockIO.throttleReadBpsDevice: jaillaunch does not limit it"),
    ("process.user.umask", 0o77, "process.user.umask: the umask is 022, and "
     "63 (077) keeps more from others"),
    ("mounts", [{"destination": "/tmp", "type": "bind", "source": ".",
                 "options": ["nosymfollow"]}],
     "mounts[0].options[0]: nosymfollow: links there are followed"),
    ("process.rlimits", [{"type": "RLIMIT_MEMLOCK", "soft": 1, "hard": 1}],
     "process.rlimits[0].type: RLIMIT_MEMLOCK is a limit that"),
    ("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 9, "hard": 1}],
     'it is more than "hard"'),
    ("process.user.uid", 0, "the user is root (uid 0)"),
    ("process.user.uid", "x", "process.user.uid: a whole number"),
    ("process.env", ["HOME"], 'process.env[0]: "HOME" is not NAME=VALUE'),
    ("process.args", "sh", "process.args: a list belongs here"),
    ("process.args", [], "no program"),
    ("process.capabilities.bounding", ["CAP_NOTHING"],
     'no capability "nothing"'),
    ("process.capabilities.ambient", ["CAP_CHOWN"],
     "--ambient-caps CAP_CHOWN: --caps has to name them too"),
    ("process.cwd", "relative", "an absolute path"),
    ("ociVersion", "2.0", 'ociVersion: version "2.0"; known is 1'),
    ("root.path", "nowhere", "nowhere"),
    ("root.readonly", "yes", "root.readonly: true or false belongs here"),
    ("linux.namespaces", [{"type": "netwrok"}], 'the nearest is "network"'),
    ("mounts", [{"destination": "tmp", "type": "tmpfs"}],
     "mounts[0]: destination \"tmp\": an absolute path"),
    ("mounts", [{"destination": "/tmp", "type": "bind"}],
     "mounts[0]: no source"),
    ("mounts", [{"destination": "/proc", "type": "bind", "source": "/proc"}],
     "linux.maskedPaths[0]: /proc/kcore cannot be covered"),
    ("mounts", [{"destination": "/tmp", "type": "tmpfs",
                 "options": ["noswap"]}],
     "mounts[0].options[0]: noswap: what is written there can be swapped"),
    ("mounts", [{"destination": "/tmp", "type": "tmpfs", "options": [5]}],
     "mounts[0].options[0]: a string belongs here"),
    ("linux", 5, "linux: an object belongs here"),
]


@pytest.mark.parametrize("key,value,words", REFUSED)
def test_what_would_confine_less_or_means_nothing_is_refused(bundle, key, value,
                                                             words):
    put(bundle.config, key, value)
    bundle.refuses(words)


@pytest.mark.parametrize("mount, path, is_refused", [
    ({"type": "bind", "source": "."}, "/tmp/x", True),
    ({"type": "bind", "source": "."}, "/tmp/x/y", True),
    ({"type": "tmpfs"}, "/tmp/x", True),
    ({"type": "bind", "source": ".", "options": ["ro"]}, "/tmp/x", False),
    ({"type": "bind", "source": "."}, "/tmp/xy", False),
    ({"type": "bind", "source": "."}, "/proc/../tmp/x", True)])
def test_a_readonly_path_in_a_mount_that_can_be_written(bundle, mount, path,
                                                        is_refused):
    """It stayed what the mount was, and nothing was said."""
    bundle.config["mounts"].append({"destination": "/tmp/x", **mount})
    bundle.config["linux"]["readonlyPaths"] = [path]
    if is_refused:
        bundle.refuses(f"linux.readonlyPaths[0]: {path} can be made read-only")
    else:
        assert bundle.launch().status == 0


def test_readonly_paths_need_a_readonly_root(bundle):
    bundle.config["linux"]["readonlyPaths"] = ["/etc"]
    assert bundle.launch().status == 0
    bundle.config["root"]["readonly"] = False
    bundle.refuses("linux.readonlyPaths[0]: /etc can be made read-only")


@pytest.mark.parametrize("text,words", [
    ("", "config.json:1: "), ("{", "config.json:1: "), ("[]", "no ociVersion"),
    ("{}", "no ociVersion"), ('{"ociVersion": 1}', "a string belongs here"),
    ('{"ociVersion": "1.0", "ociVersion": "1.0"}', "duplicate"),
    ('{"ociVersion": "1.0", "hostname": "a\\u0000b"}', "config.json:1: ")])
def test_files_that_are_no_configuration(scratch, text, words):
    path = scratch / "config.json"
    path.write_text(text)
    done = run(BUILD / "jaillaunch", "--oci", path)
    assert done.status == 125 and words in done.err, done
    done = run(BUILD / "jaillaunch", "--oci", scratch / "none")
    assert done.status == 125 and "No such file" in done.err, done


def test_it_cannot_say_what_only_the_caller_may(bundle):
    """An option in a value stays a value."""
    bundle.config["process"]["env"] += ["B=--allow-root"]
    bundle.config["process"]["args"] = ["sh", "-c", "echo $B; echo $0", "-I"]
    done = bundle.launch()
    assert done.out == "--allow-root\n-I\n", done


def test_read_only_contradicts_writable(bundle):
    bundle.refuses("--read-only and --writable contradict", "--writable")


def test_where_no_namespace_can_be_made(bundle):
    """Refused, not left out: the configuration asks for them; and the caller
    may do without."""
    flags = ["0x20000000", "0x08000000", "0x04000000", "0x02000000",
             "0x40000000"]  # pid ipc uts cgroup net
    host = [word for flag in flags for word in (
        BUILD / "tools/without", f"namespaces:{flag}=EPERM")]
    host += [BUILD / "jaillaunch", "--oci", bundle.write()]
    done = run(*host)
    assert done.status == 125 and done.out == "", done
    assert "namespace" in done.err, done
    done = run(*host, "--ns", "auto", "--net", "none")
    assert (done.status, done.out) == (0, "started\n"), done
