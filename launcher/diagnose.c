#include "diagnose.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fdio.h"
#include "rootfd.h"
#include "spec.h"

/* Scripts whose interpreter is a script, and so on: the kernel's bound. */
#define MAX_DEPTH 5
#define HEAD_SIZE 4096

/* How a check of one file went. */
enum finding { FOUND_NOTHING, FOUND_MISSING, FOUND_FAULT };

struct look {
	const struct jail_spec *spec;
	int error; /* what execve() said */
	struct err *err;
};

static const struct machine {
	unsigned number;
	const char *name;
} machines[] = {
	{EM_X86_64, "x86-64"},	{EM_386, "i386"},     {EM_AARCH64, "aarch64"},
	{EM_ARM, "32-bit ARM"}, {EM_RISCV, "RISC-V"}, {EM_PPC64, "ppc64"},
	{EM_S390, "s390"},	{EM_MIPS, "MIPS"},
};

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#else
#error "the seccomp policies know x86_64 and aarch64 only"
#endif

static const char *machine_name(unsigned number)
{
	size_t i;

	for (i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].number == number)
			return machines[i].name;
	return "an unknown machine";
}

static enum finding fault(const struct look *look, const char *path,
			  const char *words)
{
	err_set(look->err, ERR_INPUT, "%s: %s", path, words);
	return FOUND_FAULT;
}

/* May the jail's user do what (S_IXOTH, S_IROTH) with it?  ACLs apart. */
static bool user_may(const struct jail_user *user, const struct stat *st,
		     mode_t what)
{
	size_t i;

	if (user->uid == 0)
		return S_ISDIR(st->st_mode) || st->st_mode & 0111;
	if (user->uid == st->st_uid)
		return st->st_mode & what << 6;
	if (user->gid == st->st_gid)
		return st->st_mode & what << 3;
	for (i = 0; i < user->n_groups; i++)
		if (user->groups[i] == st->st_gid)
			return st->st_mode & what << 3;
	return st->st_mode & what;
}

/* A link whose target is not there, or a name that is not there. */
static enum finding tell_missing(const struct look *look, const char *path,
				 const char *prefix, int error)
{
	char target[256];
	auto_close int fd =
		root_open(look->spec->root_fd, prefix, O_PATH | O_NOFOLLOW, 0);
	ssize_t len =
		fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target) - 1);

	if (len >= 0) {
		target[len] = '\0';
		err_set(look->err, ERR_INPUT,
			error == ELOOP
				? "%s: the symbolic link %s -> %s leads in a "
				  "circle"
				: "%s: the symbolic link %s -> %s leads to "
				  "nothing in the jail (links cannot lead "
				  "outside its root)",
			path, prefix, target);
		return FOUND_FAULT;
	}
	if (strcmp(path, prefix) == 0)
		err_set(look->err, ERR_USAGE, "%s: no such file in the jail",
			path);
	else
		err_set(look->err, ERR_USAGE,
			"%s: no such file in the jail: it has no %s", path,
			prefix);
	return FOUND_MISSING;
}

/* Each directory on the way must be there and be open to the user. */
static enum finding check_way(const struct look *look, const char *path)
{
	auto_free char *prefix = strdup(path);
	size_t at;

	if (!prefix)
		return FOUND_NOTHING;
	for (at = 1; path[0] && path[at - 1]; at++) {
		auto_close int fd = -1;
		struct stat st;

		if (path[at] != '/' && path[at] != '\0')
			continue;
		prefix[at] = '\0';
		fd = root_open(look->spec->root_fd, prefix, O_PATH, 0);
		if (fd < 0)
			return tell_missing(look, path, prefix, -fd);
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && path[at] &&
		    !user_may(&look->spec->user, &st, S_IXOTH)) {
			err_set(look->err, ERR_INPUT,
				"%s: uid %u may not enter the directory %s "
				"(mode %03o, owner %u)",
				path, look->spec->user.uid, prefix,
				st.st_mode & 07777, st.st_uid);
			return FOUND_FAULT;
		}
		prefix[at] = path[at];
	}
	return FOUND_NOTHING;
}

static enum finding check_mode(const struct look *look, const char *path,
			       int fd)
{
	struct statvfs file_system;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return FOUND_NOTHING;
	if (S_ISDIR(st.st_mode))
		return fault(look, path, "it is a directory");
	if (!S_ISREG(st.st_mode))
		return fault(look, path, "it is not a regular file");
	if (!user_may(&look->spec->user, &st, S_IXOTH)) {
		err_set(look->err, ERR_INPUT,
			"%s: not executable for uid %u (mode %03o, owner %u); "
			"chmod it in the image",
			path, look->spec->user.uid, st.st_mode & 07777,
			st.st_uid);
		return FOUND_FAULT;
	}
	if (look->error == EACCES && fstatvfs(fd, &file_system) == 0 &&
	    file_system.f_flag & ST_NOEXEC)
		return fault(look, path,
			     "its file system is mounted noexec; keep the jail "
			     "on another, or remount it");
	return FOUND_NOTHING;
}

static enum finding check_file(const struct look *look, const char *path,
			       unsigned depth);

/* The interpreter of an ELF file or a script, and its own. */
static enum finding check_interpreter(const struct look *look, const char *path,
				      const char *interpreter,
				      const char *named_by, unsigned depth)
{
	enum finding finding;

	if (*interpreter != '/') {
		err_set(look->err, ERR_INPUT,
			"%s: its interpreter \"%s\" (%s) is not an absolute "
			"path",
			path, interpreter, named_by);
		return FOUND_FAULT;
	}
	finding = check_file(look, interpreter, depth + 1);
	if (finding == FOUND_NOTHING)
		return FOUND_NOTHING;
	err_context(look->err, "%s: its interpreter (%s)", path, named_by);
	return FOUND_FAULT;
}

static enum finding check_script(const struct look *look, const char *path,
				 const char *head, unsigned depth)
{
	char interpreter[256];
	const char *at = head + 2;
	size_t len;

	at += strspn(at, " \t");
	len = strcspn(at, " \t\n");
	if (len == 0)
		return fault(look, path, "its \"#!\" line names nothing");
	if (len >= sizeof(interpreter))
		return fault(look, path, "its \"#!\" line is too long");
	memcpy(interpreter, at, len);
	interpreter[len] = '\0';
	if (interpreter[len - 1] == '\r')
		return fault(look, path,
			     "its \"#!\" line ends with a carriage return: "
			     "store it with Unix line ends");
	return check_interpreter(look, path, interpreter, "#!", depth);
}

/* PT_INTERP of a 64-bit file of our own machine. */
static enum finding check_elf_interpreter(const struct look *look,
					  const char *path, int fd,
					  const Elf64_Ehdr *elf, unsigned depth)
{
	char interpreter[PATH_MAX];
	Elf64_Phdr segment;
	unsigned i;

	for (i = 0; i < elf->e_phnum; i++) {
		off_t at = (off_t)(elf->e_phoff + i * sizeof(segment));

		if (fd_pread_full(fd, &segment, sizeof(segment), at) !=
		    sizeof(segment))
			return fault(look, path, "the ELF file is truncated");
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz < 2 ||
		    segment.p_filesz > sizeof(interpreter) ||
		    fd_pread_full(fd, interpreter, segment.p_filesz,
				  (off_t)segment.p_offset) !=
			    (ssize_t)segment.p_filesz ||
		    interpreter[segment.p_filesz - 1] != '\0')
			return fault(look, path,
				     "the ELF file's PT_INTERP is broken");
		return check_interpreter(look, path, interpreter, "PT_INTERP",
					 depth);
	}
	return FOUND_NOTHING;
}

static enum finding check_elf(const struct look *look, const char *path, int fd,
			      const char *head, size_t len, unsigned depth)
{
	const unsigned char *ident = (const unsigned char *)head;
	bool is_little = ident[EI_DATA] != ELFDATA2MSB;
	Elf64_Ehdr elf;
	unsigned machine;

	if (len < sizeof(elf))
		return fault(look, path, "the ELF file is truncated");
	memcpy(&elf, head, sizeof(elf));
	machine = is_little ? le16toh(elf.e_machine) : be16toh(elf.e_machine);
	if (machine != OUR_MACHINE || ident[EI_CLASS] != ELFCLASS64) {
		err_set(look->err, ERR_INPUT,
			"%s: a program for %s%s; this machine is %s", path,
			machine_name(machine),
			machine == OUR_MACHINE ? " with 32-bit addresses" : "",
			machine_name(OUR_MACHINE));
		return FOUND_FAULT;
	}
	if (elf.e_type != ET_EXEC && elf.e_type != ET_DYN)
		return fault(look, path,
			     "an ELF file, but not a program (an object file "
			     "or a core dump)");
	if (elf.e_phentsize != sizeof(Elf64_Phdr))
		return fault(look, path, "the ELF file's header is broken");
	return check_elf_interpreter(look, path, fd, &elf, depth);
}

static enum finding check_content(const struct look *look, const char *path,
				  unsigned depth)
{
	auto_close int fd = root_open(look->spec->root_fd, path, O_RDONLY, 0);
	char head[HEAD_SIZE + 1] = {0};
	ssize_t len = fd < 0 ? -1 : fd_pread_full(fd, head, HEAD_SIZE, 0);

	if (len < 0)
		return FOUND_NOTHING;
	if (len == 0)
		return fault(look, path, "it is empty");
	if (len >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		return check_elf(look, path, fd, head, (size_t)len, depth);
	if (len >= 2 && memcmp(head, "#!", 2) == 0)
		return check_script(look, path, head, depth);
	return fault(look, path,
		     "neither an ELF program nor a script (a script begins "
		     "with \"#!\" and its interpreter)");
}

static enum finding check_file(const struct look *look, const char *path,
			       unsigned depth)
{
	auto_close int fd = -1;
	enum finding finding = check_way(look, path);

	if (finding != FOUND_NOTHING)
		return finding;
	if (depth >= MAX_DEPTH)
		return fault(look, path,
			     "scripts as interpreters of scripts, too deep");
	fd = root_open(look->spec->root_fd, path, O_PATH, 0);
	if (fd < 0)
		return FOUND_NOTHING;
	finding = check_mode(look, path, fd);
	return finding ? finding : check_content(look, path, depth);
}

static bool is_there(const struct jail_spec *spec, const char *path)
{
	auto_close int fd =
		root_open(spec->root_fd, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0;
}

/*
 * On a mount that is nosuid they are ignored; elsewhere the kernel does not
 * execute a program with less than it is to have.
 */
static bool has_capabilities(const struct look *look, const char *path)
{
	auto_close int fd =
		root_open(look->spec->root_fd, path, O_RDONLY | O_NONBLOCK, 0);

	return fd >= 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* What the errno alone tells, when the files tell nothing. */
static void tell_errno(const struct look *look, const char *path)
{
	unsigned uid = look->spec->user.uid;

	if (look->error == EPERM && has_capabilities(look, path))
		err_set(look->err, ERR_INPUT,
			"%s: it has file capabilities, and the jail has not: "
			"remove them (setcap -r), or name them in --caps",
			path);
	else if (look->error == EAGAIN)
		err_set(look->err, ERR_HOST,
			"%s: uid %u has as many processes as its limit allows "
			"(limit pids counts all of the uid's, outside the jail "
			"too)",
			path, uid);
	else if (look->error == ENOMEM)
		err_set(look->err, ERR_USAGE,
			"%s: no memory to start it: limit as, memory or stack "
			"is too small for it",
			path);
	else if (look->error == EACCES && look->spec->landlock.has_paths)
		err_set(look->err, ERR_USAGE,
			"%s: --landlock-read names neither it nor a directory "
			"above it, or not the loader or interpreter that it "
			"needs",
			path);
	else
		err_sys_kind(look->err, ERR_INPUT, look->error, "%s", path);
}

/* The path as seen from the jail's "/". */
static char *make_absolute(const struct jail_spec *spec, const char *path)
{
	char *absolute;
	int len = *path == '/' ? asprintf(&absolute, "%s", path)
			       : asprintf(&absolute, "%s/%s",
					  strcmp(spec->workdir, "/") == 0
						  ? ""
						  : spec->workdir,
					  path);

	return len < 0 ? NULL : absolute;
}

/* Not found along PATH: the one that is there after all is the one to tell. */
static uint32_t choose_program(const struct jail_spec *spec, uint32_t program)
{
	uint32_t i;

	if (is_there(spec, spec->programs[program]))
		return program;
	for (i = 0; spec->programs[i]; i++)
		if (is_there(spec, spec->programs[i]))
			return i;
	return program;
}

/* The --bind whose destination the path is, or is below. */
static const char *find_bind(const struct jail_spec *spec, const char *path)
{
	size_t i;

	for (i = 0; i < spec->flags->binds.n; i++) {
		const char *request = spec->flags->binds.items[i];
		const char *at = request;

		while ((at = strstr(at, ":/"))) {
			size_t len = strcspn(++at, ":");

			if (strncmp(path, at, len) == 0 &&
			    (path[len] == '/' || path[len] == '\0'))
				return request;
		}
	}
	return NULL;
}

/* What is mounted there is gone with the jail: only the errno tells. */
static bool tell_bound(const struct look *look, const char *path,
		       const char *bind)
{
	if (look->error == ENOENT)
		err_set(look->err, ERR_USAGE,
			"%s: no such file in what --bind %s mounts, or the "
			"jail lacks what it needs: its loader, or the "
			"interpreter of its first line",
			path, bind);
	else if (look->error == EACCES)
		err_set(look->err, ERR_USAGE,
			"%s: not to be executed by uid %u: by its mode, or "
			"because --bind %s is noexec",
			path, look->spec->user.uid, bind);
	else
		tell_errno(look, path);
	return look->error == ENOENT;
}

/* Did the kernel find what we did not?  Then it is in something mounted. */
static bool is_elsewhere(const struct look *look, enum finding finding)
{
	return finding == FOUND_MISSING && look->error != ENOENT &&
	       look->error != ENOTDIR && look->error != ELOOP;
}

bool diagnose_exec(const struct jail_spec *spec, uint32_t program, int error,
		   struct err *err)
{
	struct look look = {spec, error, err};
	bool is_searched = strchr(spec->argv[0], '/') == NULL;
	auto_free char *path = NULL;
	enum finding finding;
	const char *bind;

	if (is_searched)
		program = choose_program(spec, program);
	path = make_absolute(spec, spec->programs[program]);
	if (!path) {
		err_sys(err, error, "%s", spec->programs[program]);
		return false;
	}
	bind = find_bind(spec, path);
	if (bind && (error != ENOENT || !is_searched))
		return tell_bound(&look, path, bind);
	if (is_searched && !is_there(spec, path)) {
		err_set(err, ERR_USAGE,
			"%s: no such program in the jail; looked along PATH=%s",
			spec->argv[0], environ_get(&spec->env, "PATH"));
		return true;
	}
	finding = check_file(&look, path, 0);
	if (is_elsewhere(&look, finding))
		finding = FOUND_NOTHING;
	if (finding == FOUND_NOTHING)
		tell_errno(&look, path);
	return finding == FOUND_MISSING;
}
