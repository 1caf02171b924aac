# Jailwright.  `make help` lists the targets.
#
#   demo     install what is missing, build, make an image, look into a jail
#   check    install what the tests need, build, run every test
#   all      build the programs (the default)
#   asan     run the tests under the address and undefined-behaviour sanitizers
#   cross    build everything for aarch64 (give B=DIR to keep both)
#   lint     clang-format, clang-tidy, gcc -fanalyzer, shellcheck
#   fuzz     run every fuzz target (FUZZ_RUNS executions each)
#   soak     run the long sweeps: kills, faults, flipped bits
#   matrix   tests of the launcher on hosts that lack something
#   bench    compare speed with other programs, as ratios of one run
#   images   build the images whose recipes stand in images/
#   enclave-service  build the example of images/enclave-service/
#   install  into $(DESTDIR)$(PREFIX)
#   clean    remove build/ and built images
#
# V=1 shows commands.  CC, CFLAGS, LDFLAGS are yours; ours are kept apart.
# STATIC=0 links the programs to shared libraries.  CROSS=aarch64-linux-gnu-
# builds for another machine.  B=DIR builds elsewhere than in build/.

PREFIX ?= /usr/local
B ?= build
STATIC ?= 1
FUZZ_RUNS ?= 1000000
VERSION := 0.1.0

CC = $(CROSS)gcc
AR = $(CROSS)ar
PKG_CONFIG ?= $(CROSS)pkg-config
CFLAGS ?= -O2 -g
HOSTCC ?= cc

# Whatever has its own main() is a program; all else goes into an archive.
mains := $(wildcard builder/jailbuild.c builder/jailbake.c launcher/jaillaunch.c \
	launcher/jail-unpack.c launcher/jail-policy.c \
	launcher/init/jail-init.c launcher/policy/policy-gen.c)
programs := $(filter-out policy-gen,$(basename $(notdir $(mains))))

warnings := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wcast-qual \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wformat=2 -Wwrite-strings -Wundef -Wvla -Wnull-dereference \
	-Wimplicit-fallthrough -Wredundant-decls
hardening := -fstack-protector-strong -fstack-clash-protection \
	-fno-strict-overflow -fvisibility=hidden
ifeq ($(SANITIZE),)
hardening += -D_FORTIFY_SOURCE=2
else
sanitize := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
STATIC := 0
endif
ours := -std=gnu11 -D_GNU_SOURCE -DJAIL_VERSION='"$(VERSION)"' \
	-DJAIL_LIBEXEC='"$(PREFIX)/libexec/jailwright"' \
	-DJAIL_SHARE='"$(PREFIX)/share/jailwright"' \
	-Icommon -I$(B)/gen $(warnings) $(hardening) $(sanitize)
link := -Wl,-z,relro,-z,now,-z,noexecstack $(sanitize)
pie := -fPIE

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' '$1' '$2')

sources = $(filter-out $(mains),$(wildcard $1))
objects = $(patsubst %.c,$(B)/obj/%.o,$1)

common_c := $(call sources,common/*.c)
builder_c := $(call sources,builder/*.c)
launcher_c := $(call sources,launcher/*.c launcher/layers/*.c \
	launcher/policy/*.c launcher/oci/*.c launcher/init/*.c)
unit_c := $(wildcard tests/unit/test_*.c)

# What each program is linked to.
builder_libs := -larchive -lelf -lcrypto -lcap -ljansson -lsquashfs -lz
# What libarchive, libelf and libsquashfs need of others when linked statically.
builder_static_libs := $(if $(filter 1,$(STATIC)),-llzma -lzstd \
	-lacl -llz4)
unpack_libs := -lz -llzma -lzstd -lcrypto -lcap
policy_libs := -lseccomp -ljansson

# What shells complete, told by the programs; not by those of another machine.
shown := $(if $(CROSS),,jailbuild jaillaunch jailbake)
completions := $(foreach shell,bash zsh,$(shown:%=$(B)/completion/%.$(shell)))

all: $(programs:%=$(B)/%) $(completions)

# Sources that know where things are installed: made anew when it is elsewhere.
placed := builder/bake_defaults.o builder/presets.o launcher/helper.o
$(placed:%=$(B)/obj/%) $(placed:%=$(B)/musl/%): $(B)/prefix
$(B)/prefix: always
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@

$(B)/completion/%.bash: $(B)/%
	$(Q)mkdir -p $(@D)
	$(Q)$< --completion bash >$@.new && mv $@.new $@
$(B)/completion/%.zsh: $(B)/%
	$(Q)mkdir -p $(@D)
	$(Q)$< --completion zsh >$@.new && mv $@.new $@

# Set per program; the Makefiles of packagers may override them.
static_or_pie := $(if $(filter 1,$(STATIC)),-static,-pie)

# Static, since a loader would need a third of the time that an image takes.
# libcrypto then warns of name lookups that we never make: shown on failure.
$(B)/jailbuild $(B)/jailbake: $(B)/%: $(B)/obj/builder/%.o $(B)/libbuilder.a \
		$(B)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) $(static_or_pie) $(link) $(LDFLAGS) -o $@ $^ \
		$(builder_libs) $(builder_static_libs) 2>$@.log || \
		{ cat $@.log; exit 1; }

# jaillaunch links no library; what needs one are helper programs.  It is built
# with musl where there is a musl-gcc for the machine: the start-up code of
# glibc asks the processor some seventy questions (CPUID), and in a virtual
# machine each costs microseconds.
ifeq ($(origin MUSL),undefined)
MUSL := $(if $(CROSS)$(SANITIZE)$(filter 0,$(STATIC)),,$(shell \
	command -v musl-gcc))
endif
launch_c := launcher/jaillaunch.c $(common_c) $(filter-out \
	launcher/decompress.c launcher/tar_extension.c \
	launcher/tar_reader.c launcher/unpack_confine.c \
	launcher/policy/% launcher/oci/% launcher/init/%,$(launcher_c)) \
	$(addprefix launcher/policy/,builtin.c rules.c syscalls.c)
# jail-init, which an enclave starts from, is made in the same way.
init_c := $(wildcard launcher/init/*.c) $(common_c)
ifneq ($(MUSL),)
launch_cc := $(MUSL)
launch_objects := $(launch_c:%.c=$(B)/musl/%.o)
init_objects := $(init_c:%.c=$(B)/musl/%.o)
else
launch_cc := $(CC)
launch_objects := $(call objects,$(launch_c))
init_objects := $(call objects,$(init_c))
endif
# Fewer segments, fewer pages: a twentieth of a launch.
launch_link := -Wl,-z,noseparate-code -Wl,--gc-sections
$(B)/jaillaunch: $(launch_objects)
	$(call say,LD,$@)
	$(Q)$(launch_cc) $(static_or_pie) $(link) $(launch_link) $(LDFLAGS) \
		-o $@ $^

# Static whatever STATIC says: there is no loader in a first ramdisk.
$(B)/jail-init: $(init_objects)
	$(call say,LD,$@)
	$(Q)$(launch_cc) $(if $(SANITIZE),-pie,-static) $(link) \
		-Wl,--gc-sections -s $(LDFLAGS) -o $@ $^

# The kernel's headers come from the distribution, behind musl's own.
kernel_headers := -idirafter /usr/include $(addprefix -idirafter ,$(wildcard \
	/usr/include/$(shell $(CC) -print-multiarch)))
$(B)/musl/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL) $(ours) $(pie) -Dstrerrordesc_np=strerror \
		-ffunction-sections -fdata-sections \
		$(kernel_headers) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/jail-policy: $(call objects,launcher/jail-policy.c) $(B)/liblauncher.a \
		$(B)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(link) $(LDFLAGS) -o $@ $^ $(policy_libs)

$(B)/jail-unpack: $(call objects,launcher/jail-unpack.c) $(B)/liblauncher.a \
		$(B)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(link) $(LDFLAGS) -o $@ $^ $(unpack_libs)

$(B)/libcommon.a: $(call objects,$(common_c))
$(B)/libbuilder.a: $(call objects,$(builder_c))
$(B)/liblauncher.a: $(call objects,$(launcher_c))
$(B)/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ours) $(pie) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The default seccomp policy is compiled here, on the machine that builds, by
# libseccomp; for every machine, as the tests look at all of them.
host_flags := -std=gnu11 -D_GNU_SOURCE -Icommon $(warnings) -O1 -g
policy_gen_c := $(addprefix launcher/policy/,policy-gen.c ruleset.c \
	ruleset_find.c rules.c syscalls.c prologue.c compile.c dispatch.c \
	fates.c facts.c questions.c graph.c layout.c named.c \
	names.c written.c policy_text.c) common/err.c common/errno_name.c \
	common/fdio.c common/nearest.c
policy_headers := $(B)/gen/policy_x86_64.h $(B)/gen/policy_aarch64.h
$(B)/policy-gen: $(policy_gen_c:%.c=$(B)/obj/host/%.o)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) -o $@ $^ -lseccomp
$(B)/obj/host/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(host_flags) -MMD -MP -c -o $@ $<
$(policy_headers): $(B)/gen/policy_%.h: $(B)/policy-gen
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$< $* >$@.new && mv $@.new $@
$(foreach dir,obj musl,$(B)/$(dir)/launcher/policy/builtin.o) \
	$(call objects,tests/unit/test_policy.c): \
	$(policy_headers)

# The names and numbers that the target's kernel headers have, for the tests.
$(B)/gen/kernel_names.h: Makefile
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include <asm/unistd.h>' | $(CC) $(CPPFLAGS) -E -dM - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/{"\1", __NR_\1},/p' | \
		grep -vE '"(syscalls|arch_specific_syscall)"' >$@
$(B)/obj/tests/unit/test_syscalls.o $(B)/obj/tests/tools/fault.o: \
	$(B)/gen/kernel_names.h

# Unit tests: one program a file.
unit_programs := $(unit_c:tests/unit/%.c=$(B)/unit/%)
unit: $(unit_programs)
test_archives := $(B)/libbuilder.a $(B)/liblauncher.a $(B)/libcommon.a
test_libs := $(builder_libs) $(policy_libs) $(unpack_libs)
$(unit_programs): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(test_archives)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -pie $(link) $(LDFLAGS) -o $@ $^ -lcmocka $(test_libs)
# Tools of the tests (tests/tools/X.c, each with its own main), and the fuzz
# targets: with libFuzzer in the build of `make fuzz`, else with a main() that
# replays files.
tool_programs := $(patsubst tests/tools/%.c,$(B)/tools/%,$(filter-out \
	tests/tools/denied.c,$(wildcard tests/tools/*.c)))
fuzz_programs := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzzer := $(findstring fuzzer,$(SANITIZE))
fuzz_main := $(if $(fuzzer),,$(B)/obj/tests/fuzz/replay.o)
unit: $(tool_programs) $(fuzz_programs)

# Escape attempts: what runs in the jail, so static, and never sanitized.
escape_programs := $(patsubst tests/escape/%.c,$(B)/escape/%,$(wildcard tests/escape/*.c))
unit: $(escape_programs) $(B)/tools/denied
$(escape_programs): $(B)/escape/%: tests/escape/%.c tests/escape/attempt.h
$(B)/tools/denied: tests/tools/denied.c
$(escape_programs) $(B)/tools/denied:
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(warnings) $(CPPFLAGS) $(CFLAGS) \
		-static -s $(LDFLAGS) -o $@ $<

# The launcher without one layer: then what that layer stops must succeed.
layer_names := $(shell sed -n 's/.*&layer_\([a-z]*\),.*/\1/p' launcher/layers.c)
without_programs := $(layer_names:%=$(B)/without/%)
unit: $(without_programs)
$(B)/obj/without/%.o: launcher/layers.c
	$(Q)mkdir -p $(@D)
	$(Q)sed '/&layer_$*,/d' $< >$(@:.o=.c)
	$(Q)$(CC) $(ours) -Ilauncher $(pie) $(CPPFLAGS) $(CFLAGS) -c -o $@ \
		$(@:.o=.c)
$(without_programs): $(B)/without/%: $(B)/obj/without/%.o \
		$(call objects,launcher/jaillaunch.c) $(B)/liblauncher.a \
		$(B)/libcommon.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(static_or_pie) $(link) $(LDFLAGS) -o $@ $^ \
		$(policy_libs)

$(tool_programs): $(B)/tools/%: $(B)/obj/tests/tools/%.o $(test_archives)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(or $(tool_kind),-pie) $(link) $(LDFLAGS) -o $@ $^ \
		$(test_libs)
# Run in roots without libraries too.
$(B)/tools/syscalls $(B)/tools/probe: tool_kind := $(static_or_pie)

# jaillaunch on hosts that lack something: build directories with a launcher that
# makes itself lack it first.
columns := $(shell sed -n 's/^\t{"\([a-z0-9.-]*\)",.*/\1/p' tests/tools/column.c)
column_launchers := $(columns:%=$(B)/columns/%/jaillaunch)
unit: $(column_launchers)
$(column_launchers): $(B)/tools/column
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)for name in $(filter-out jaillaunch,$(programs)) completion cache \
		escape fuzz gen policy-gen tools unit without; do \
		ln -s ../../$$name $(@D)/$$name; done
	$(Q)rm -f $@ && cp $< $@

$(fuzz_programs): $(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(fuzz_main) \
		$(test_archives)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -pie $(link) $(if $(fuzzer),-fsanitize=fuzzer) $(LDFLAGS) \
		-o $@ $^ $(test_libs)

# -iquote: builder/elf.h must not stand before the system's <elf.h>.
$(B)/obj/tests/%.o: ours += -iquote builder -iquote launcher -Itests
$(B)/obj/tests/fuzz/%.o: ours += -Wno-missing-prototypes

# What each target needs from the distribution; installed when missing.
build_packages := gcc musl-tools make libc6-dev libseccomp-dev libcap-dev \
	libarchive-dev zlib1g-dev liblzma-dev libzstd-dev libelf-dev libssl-dev \
	libjansson-dev libacl1-dev libsquashfs-dev liblz4-dev
check_packages := $(shell cat tests/packages)
install_missing = @missing=$$(for package in $1; do \
	dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | \
		grep -qx installed || echo $$package; done); \
	test -z "$$missing" || { echo "installing" $$missing; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && $2 apt-get -qq install --no-install-recommends \
		-y $$missing >/dev/null; }

packages:
	$(call install_missing,$(build_packages))
# Java is not to be installed where there is no /proc.
packages-check: packages
	$(call install_missing,python3)
	$(call install_missing,$(check_packages),tests/own_root)

check: packages-check
	$(Q)$(MAKE) --no-print-directory all unit
	$(Q)JAIL_RETRIES=5 JAIL_BUILD=$(abspath $(B)) tests/run

# The whole sweeps: too long for `make check`.
soak: packages-check
	$(Q)$(MAKE) --no-print-directory all unit
	$(Q)JAIL_SOAK=1 JAIL_BUILD=$(abspath $(B)) tests/run fault cli/test_verify.py \
		cli/test_mounts.py cli/test_limits.py \
		cli/test_many_launches.py cli/test_rootless.py

# Every attempt to escape, and the tests of the launcher, on hosts that lack
# something (COLUMN=NAME: one): where each failure was read.  Not those that start
# no launcher, and those that choose hosts, or move the launcher, themselves.
COLUMN ?= no-clone3 no-pidfd-open no-close-range no-openat2 no-landlock \
	no-user-notif no-cgroup no-new-mounts no-unshare no-mount \
	plain-chroot no-namespaces no-proc ordinary-user 4.14 enclave sandbox \
	container all-as-user
no_launcher := completion formats images jailbake% jailbuild other_forms \
	progress readers run verify
own_hosts := columns doctor kernels many_launches matrix
launcher_tests := $(patsubst %,cli/test_%.py,$(filter-out \
	$(no_launcher) $(own_hosts),$(patsubst tests/cli/test_%.py,%,\
	$(wildcard tests/cli/test_*.py))))
matrix: packages-check
	$(Q)$(MAKE) --no-print-directory all unit
	$(Q)rm -rf $(B)/matrix && mkdir -p $(B)/matrix
	$(Q)status=0; JAIL_SOAK=1 JAIL_BUILD=$(abspath $(B)) tests/run \
			escape/test_columns.py cli/test_columns.py || status=1; \
	for column in $(COLUMN); do echo "column $$column"; \
		JAIL_COLUMN=$$column JAIL_BUILD=$(abspath $(B)) \
		JAIL_MATRIX_LOG=$(abspath $(B))/matrix/$$column tests/run \
			$(launcher_tests) || status=1; done; \
		$(if $(filter-out 1,$(words $(COLUMN))),tests/matrix.py \
			$(B)/matrix || status=1;) exit $$status

asan:
	$(Q)$(MAKE) --no-print-directory B=$(B)/asan SANITIZE=address,undefined \
		CFLAGS='-O1 -g' all unit
	$(Q)ln -sfn $(abspath manifests) $(B)/manifests # beside $(B)/asan
	$(Q)JAIL_BUILD=$(abspath $(B))/asan tests/run

# Each target runs FUZZ_RUNS times from its corpus; what it finds stays in the
# current directory as crash-*.  FUZZ=NAME picks one.
FUZZ ?= *
fuzz: packages-check
	$(Q)$(MAKE) --no-print-directory B=$(B)/libfuzzer CC=clang \
		SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g' \
		fuzzers
	$(Q)set -e; for target in $(B)/libfuzzer/fuzz/fuzz_$(FUZZ); do \
		name=$${target##*/fuzz_}; new=$(B)/libfuzzer/corpus/$$name; \
		mkdir -p $$new; echo "fuzz $$name"; \
		$$target -runs=$(FUZZ_RUNS) -print_final_stats=1 -verbosity=0 \
			$$new tests/fuzz/corpus/$$name; done
fuzzers: $(fuzz_programs)

# Everything for aarch64, against a sysroot of Debian's arm64 packages.
ARM64_SYSROOT ?= $(B)/arm64-sysroot
cross: packages-check
	$(Q)tests/cross/sysroot $(ARM64_SYSROOT) libc6-dev \
		$(filter lib%-dev zlib1g-dev,$(build_packages)) libcmocka-dev
	$(Q)$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu- \
		CPPFLAGS='$(CPPFLAGS) --sysroot=$(abspath $(ARM64_SYSROOT))' \
		LDFLAGS='$(LDFLAGS) --sysroot=$(abspath $(ARM64_SYSROOT))' \
		all unit

# From nothing to a look around in a jail; the last command is refused.
demo: packages
	$(Q)$(MAKE) --no-print-directory all
	$(Q)images/demo $(B)

images: $(patsubst %.recipe,%.tar,$(wildcard images/*.recipe))
images/%.tar: images/%.recipe $(B)/jailbuild $(wildcard manifests/*.txt)
	$(call say,JAIL,$@)
	$(Q)$(B)/jailbuild $< -o $@

# The example of an enclave with a service that starts jails: two images.
I ?= images/enclave-service
enclave-service: $(I)/app.tar $(I)/jail.tar
$(I)/service: images/enclave-service/service.c
	$(call say,CC,$@)
	$(Q)$(launch_cc) -std=gnu11 -D_GNU_SOURCE $(warnings) $(if $(MUSL),\
		$(kernel_headers)) $(CPPFLAGS) $(CFLAGS) -static -s \
		$(LDFLAGS) -o $@ $<
$(I)/app.tar: $(I)/service
$(I)/%.tar: images/enclave-service/%.recipe $(B)/jailbuild
	$(call say,JAIL,$@)
	$(Q)test $(<D) -ef $(I) || cp $< $(I)
	$(Q)$(B)/jailbuild --presets manifests $(I)/$(<F) -o $@

packages-bench: packages-check
	$(call install_missing,$(shell cat tests/bench/packages))
bench: packages-bench all
	$(Q)JAIL_BUILD=$(abspath $(B)) tests/bench/run

lint: packages-check
	$(Q)$(MAKE) --no-print-directory $(policy_headers) \
		$(B)/gen/kernel_names.h
	$(Q)tests/lint/run

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/jailwright \
		$(DESTDIR)$(PREFIX)/share/jailwright/manifests \
		$(foreach n,1 5 8,$(DESTDIR)$(PREFIX)/share/man/man$n) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 755 $(B)/jailbuild $(B)/jaillaunch $(B)/jailbake $(DESTDIR)$(PREFIX)/bin
	for name in capejail go-jail; do \
		ln -sf jaillaunch $(DESTDIR)$(PREFIX)/bin/$$name; done
	install -m 755 $(B)/jail-unpack $(B)/jail-policy $(B)/jail-init \
		$(DESTDIR)$(PREFIX)/libexec/jailwright
	install -m 644 manifests/*.txt \
		$(DESTDIR)$(PREFIX)/share/jailwright/manifests
	install -m 644 docs/*.schema.json $(DESTDIR)$(PREFIX)/share/jailwright
	$(Q)for page in docs/man/*; do \
		place=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} && \
		sed 's,/usr/local/\(share\|libexec\)/jailwright,$(PREFIX)/\1/jailwright,' \
			$$page >$$place && chmod 644 $$place || exit 1; done
	$(Q)for program in $(shown); do \
		install -m 644 $(B)/completion/$$program.bash \
			$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program && \
		install -m 644 $(B)/completion/$$program.zsh \
			$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$program || \
		exit 1; done

clean:
	rm -rf $(B) images/*.tar images/*.tar.* \
		images/enclave-service/*.tar images/enclave-service/service

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

.PHONY: always demo images enclave-service all unit check soak matrix asan fuzz fuzzers cross bench lint install packages packages-check packages-bench clean help
# Not .SECONDARY: then an object that is missing would not be made.
.PRECIOUS: $(B)/% %.o
-include $(shell find $(B)/obj $(B)/musl -name '*.d' 2>/dev/null)
