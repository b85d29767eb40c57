# SPDX-License-Identifier: GPL-2.0
#
# make             module, library, command and daemon, into build/
# make deps        install what building and testing need (Debian 12, as root)
# make demo        what it is for, step by step (calls deps)
# make check       the tests (calls deps)
# make bench       what it costs (needs what deps installs)
# make install     PREFIX, DESTDIR
# make regen       netlink code from its specification
#
# KVER=6.1.0-56-amd64 chooses the kernel, KDIR=... its build directory.

VERSION := 0.1.0
SONAME := libkmtia.so.0

# The running kernel if its headers are there, else the newest that has some; one with PREEMPT_RT only if there is no other.
KVER ?= $(shell r=$$(uname -r); [ -e /lib/modules/$$r/build ] || \
	r=$$(cd /lib/modules 2>/dev/null && ls -d */build 2>/dev/null | \
	     sed 's,/build,,' | sort -V | awk '/-rt-/ { rt = $$0; next } { r = $$0 } END { print r ? r : rt }'); echo $$r)
KDIR ?= /lib/modules/$(KVER)/build

# Which kernel "make check-vm" boots: a name that tests/vm/kernel/get knows
KERNEL ?= 6.1

# The one with sanitizers, for faults that no other sees; empty while it is not
# there
DEBUG_KVER ?= $(shell tests/vm/kernel/get --print release debug 2>/dev/null)
DEBUG_KDIR ?= $(shell tests/vm/kernel/get --print build debug 2>/dev/null)

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
SYSCONFDIR ?= /etc
MODDIR ?= /lib/modules/$(KVER)/updates
INSTALL ?= install

TOP := $(CURDIR)
B := build
M := $(B)/$(KVER)

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes
STD := -std=gnu11
CPPFLAGS += -Ilib/include -Ikmod/uapi -Itools -DKMTIA_VERSION='"$(VERSION)"' \
	    $(NL_CFLAGS)
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	    -fno-omit-frame-pointer -O1 -g

NL_CFLAGS := $(shell pkg-config --cflags libnl-genl-3.0 2>/dev/null)
NL_LIBS = $(shell pkg-config --libs libnl-genl-3.0)
TOOL_LIBS := -ljansson -lconfuse -lcrypto

LIB_SRC := $(wildcard lib/*.c)
LIB_HDR := $(wildcard lib/*.h lib/include/*.h) kmod/uapi/linux/kmtia.h
CMD_SRC := $(wildcard tools/kmtia/*.c)
DAEMON_SRC := $(wildcard tools/kmtiad/*.c tools/sources/*.c tools/exporters/*.c)
SHARED_SRC := $(wildcard tools/*.c)
TOOL_HDR := $(wildcard tools/*.h tools/*/*.h)
KMOD_SRC := Kbuild $(shell find kmod -name '*.[ch]')

LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$(B)/obj/%.o)
DAEMON_OBJ := $(DAEMON_SRC:%.c=$(B)/obj/%.o)
SHARED_OBJ := $(SHARED_SRC:%.c=$(B)/obj/%.o)

# make V=1 shows the commands.
ifneq ($(V),1)
Q := @
say = @echo '  $(1)	$(2)'
endif

.PHONY: all module kunit race samples lib tools deps demo check check-full bench lint install \
	install-module regen clean unit-tests check-vm check-mutants check-model
.DELETE_ON_ERROR:

all: module lib tools

# What a module must be built again for: the kernel may be another one of the
# same release.
KDIR_FILES = $(wildcard $(KDIR)/Module.symvers $(KDIR)/.config)

# --- The module. Kbuild leaves its output beside the sources, so it gets a
# --- tree of links to them.

module: $(M)/kmtia.ko

need_headers = @[ -n "$(KVER)" ] && [ -e "$(KDIR)" ] || { \
	echo "no kernel headers found (KDIR=$(KDIR)); see 'make deps'" >&2; exit 1; }

$(M)/kmtia.ko: $(KMOD_SRC) $(KDIR_FILES)
	$(need_headers)
	@rm -rf $(M)/src && mkdir -p $(M)/src
	@cp -rs $(TOP)/kmod $(TOP)/Kbuild $(M)/src/
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(M)/src W=1 modules
	@cp $(M)/src/kmtia.ko $@

# A module with a fault of which a test must tell: tests/mutants/NAME.patch. What
# the fault does not change is not compiled again: it comes from the sound
# module, and is told where it is now. $(1) is the kernel's release, $(2) its
# build directory.
define mutant_rule
$(B)/mutants/%/$(1)/kmtia.ko: tests/mutants/%.patch $(B)/$(1)/kmtia.ko
	@rm -rf $$(@D) && mkdir -p $$(@D)
	@cp -aL $(B)/$(1)/src $$(@D)/src
	@find $$(@D)/src \( -name '.*.cmd' -o -name '*.mod' \) -exec sed -i 's,/$(B)/$(1)/src,/$$(@D)/src,g' {} +
	$$(call say,MUTANT,$$* ($(1)))
	$$(Q)patch -s -p1 -F0 --no-backup-if-mismatch -d $$(@D)/src < $$<
	$$(Q)$$(MAKE) -s --no-print-directory -C $(2) M=$(TOP)/$$(@D)/src W=1 modules > $$(@D)/log 2>&1 || \
		{ cat $$(@D)/log; exit 1; }
	@! cmp -s $$(@D)/src/kmtia.ko $(B)/$(1)/kmtia.ko || { echo "$$<: the module is the same" >&2; exit 1; }
	@cp $$(@D)/src/kmtia.ko $$@
	@ln -sf $$(patsubst $(M)/%,../../../$(1)/%,$$(CHECK_KO)) $$(@D)/
endef

$(eval $(call mutant_rule,$(KVER),$(KDIR)))

# Some faults only a kernel with debugging sees.
ifneq ($(filter-out $(KVER),$(DEBUG_KVER)),)
$(eval $(call mutant_rule,$(DEBUG_KVER),$(DEBUG_KDIR)))

$(B)/$(DEBUG_KVER)/kmtia.ko: $(KMOD_SRC) $(wildcard $(DEBUG_KDIR)/Module.symvers)
	$(Q)$(MAKE) --no-print-directory KVER=$(DEBUG_KVER) KDIR=$(DEBUG_KDIR) module
endif

# The module once more, with wide windows: for the race tests
race: $(B)/race/$(KVER)/kmtia.ko

$(B)/race/$(KVER)/kmtia.ko: $(KMOD_SRC) $(KDIR_FILES)
	$(need_headers)
	@rm -rf $(@D) && mkdir -p $(@D)/src
	@cp -rs $(TOP)/kmod $(TOP)/Kbuild $(@D)/src/
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(@D)/src W=1 KMTIA_RACE=y modules
	@strip -g -o $@ $(@D)/src/kmtia.ko # loaded often

# What tests want to know from inside the kernel
CHECK_KO := $(patsubst tests/kmod/%.c,$(M)/%.ko,$(wildcard tests/kmod/*.c))

$(CHECK_KO) &: tests/kmod/Kbuild $(wildcard tests/kmod/*.[ch]) \
		tests/py/kdf.py $(KMOD_SRC) $(KDIR_FILES)
	@rm -rf $(M)/check && mkdir -p $(M)/check
	@cp -s $(TOP)/tests/kmod/Kbuild $(TOP)/tests/kmod/*.[ch] $(M)/check/
	@cp -rs $(TOP)/kmod $(M)/check/
	@python3 tests/py/kdf.py --vectors > $(M)/check/kdf_vectors.h
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(M)/check W=1 modules
	@cp $(CHECK_KO:$(M)/%=$(M)/check/%) $(M)/

# A key manager in the kernel, as an example
samples: $(M)/kmtia_sample.ko

$(M)/kmtia_sample.ko: kmod/samples/kmtia_sample.c kmod/samples/Kbuild $(M)/kmtia.ko
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(M)/src/kmod/samples W=1 \
		KBUILD_EXTRA_SYMBOLS=$(TOP)/$(M)/src/Module.symvers modules
	@cp $(M)/src/kmod/samples/kmtia_sample.ko $@

# The module once more, with the KUnit suites in it: for kernels with KUnit
KUNIT_SRC := tests/kunit/Kbuild $(wildcard tests/kunit/*.[ch]) tests/kmod/kdf_trials.h

kunit: $(M)/kmtia_kunit.ko

$(M)/kmtia_kunit.ko: $(KUNIT_SRC) tests/py/kdf.py $(KMOD_SRC) $(KDIR_FILES)
	$(need_headers)
	@rm -rf $(M)/kunit && mkdir -p $(M)/kunit
	@cp -s $(addprefix $(TOP)/,$(KUNIT_SRC)) $(M)/kunit/
	@cp -rs $(TOP)/kmod $(M)/kunit/
	@cp -s $(TOP)/Kbuild $(M)/kunit/Kbuild.kmtia
	@python3 tests/py/kdf.py --vectors > $(M)/kunit/kdf_vectors.h
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(TOP)/$(M)/kunit W=1 modules
	@cp $(M)/kunit/kmtia_kunit.ko $@

# What tests/check-mutants wants to know
print-%:
	@echo '$($*)'

# --- The library

lib: $(B)/lib/libkmtia.so $(B)/lib/libkmtia.pc

$(B)/obj/lib/%.o: lib/%.c $(LIB_HDR)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(CFLAGS) $(WARN) -fPIC -fvisibility=hidden -c -o $@ $<

$(B)/lib/libkmtia.so.$(VERSION): $(LIB_OBJ) lib/libkmtia.map
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,lib/libkmtia.map \
		-Wl,--no-undefined -Wl,--no-undefined-version -Wl,-z,relro,-z,now \
		$(LDFLAGS) -o $@ $(LIB_OBJ) $(NL_LIBS)

$(B)/lib/libkmtia.so: $(B)/lib/libkmtia.so.$(VERSION)
	$(Q)ln -sf libkmtia.so.$(VERSION) $(B)/lib/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

$(B)/lib/libkmtia.pc: lib/libkmtia.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's,@PREFIX@,$(PREFIX),;s,@LIBDIR@,$(LIBDIR),;s,@INCLUDEDIR@,$(INCLUDEDIR),;s,@VERSION@,$(VERSION),' $< > $@

# --- Command and daemon

tools: $(B)/bin/kmtia $(B)/bin/kmtiad

$(B)/obj/tools/%.o: tools/%.c $(LIB_HDR) $(TOOL_HDR)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(CFLAGS) $(WARN) $(HARDEN) -c -o $@ $<

$(B)/bin/kmtia: $(CMD_OBJ) $(SHARED_OBJ) $(B)/lib/libkmtia.so
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $(CMD_OBJ) $(SHARED_OBJ) \
		-L$(B)/lib -lkmtia -ljansson

$(B)/bin/kmtiad: $(DAEMON_OBJ) $(SHARED_OBJ) $(B)/lib/libkmtia.so
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $(DAEMON_OBJ) $(SHARED_OBJ) \
		-L$(B)/lib -lkmtia $(TOOL_LIBS)

# --- Programs that only tests need

TEST_BIN := $(patsubst tests/bench/%.c,$(B)/tests/bin/%,$(wildcard tests/bench/*.c)) \
	    $(patsubst tests/programs/%.c,$(B)/tests/bin/%,$(wildcard tests/programs/*.c)) \
	    $(B)/tests/bin/race
LIB_TESTS := $(patsubst tests/lib/test_%.c,$(B)/tests/lib/test_%,$(wildcard tests/lib/test_*.c))
TOOL_TESTS := $(patsubst tests/tools/test_%.c,$(B)/tests/tools/test_%,$(wildcard tests/tools/test_*.c))
PY_TESTS := $(wildcard tests/py/test_*.py)
WRAP = $(shell cat tests/lib/wrap.flags 2>/dev/null)

unit-tests: $(LIB_TESTS) $(TOOL_TESTS)
test-programs: $(TEST_BIN) check-modules
check-modules: $(CHECK_KO) $(M)/kmtia_sample.ko
.PHONY: test-programs check-modules

# What unit tests are linked with, built with sanitizers, once for all of them.
SAN_LIB := $(LIB_SRC:%.c=$(B)/san/%.o)
SAN_LIB_FAKES := $(patsubst %.c,$(B)/san/%.o,$(wildcard tests/lib/fake_*.c))
SAN_TOOLS := $(patsubst %.c,$(B)/san/%.o,$(filter-out %/main.c,$(CMD_SRC) $(DAEMON_SRC)) $(SHARED_SRC))
SAN_TOOL_FAKES := $(patsubst %.c,$(B)/san/%.o,$(wildcard tests/tools/fake_*.c))
.SECONDARY: $(SAN_LIB) $(SAN_LIB_FAKES) $(SAN_TOOLS) $(SAN_TOOL_FAKES)

$(B)/san/%.o: %.c $(LIB_HDR) $(TOOL_HDR) $(wildcard tests/*/fake_*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) -Ilib $(SANITIZE) $(WARN) -c -o $@ $<

$(B)/tests/lib/test_%: tests/lib/test_%.c $(SAN_LIB) $(SAN_LIB_FAKES)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) -Ilib $(SANITIZE) $(WARN) -o $@ $< \
		$(SAN_LIB_FAKES) $(SAN_LIB) $(WRAP) $(NL_LIBS) -lcmocka

$(B)/tests/tools/test_%: tests/tools/test_%.c $(wildcard tests/tools/*.h) $(DAEMON_SRC) $(SAN_TOOLS) \
		$(SAN_TOOL_FAKES) $(SAN_LIB)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(SANITIZE) $(WARN) -o $@ $< \
		$(SAN_TOOL_FAKES) $(SAN_TOOLS) $(SAN_LIB) $(NL_LIBS) $(TOOL_LIBS) -lcmocka

$(B)/tests/bin/%: tests/bench/%.c $(B)/lib/libkmtia.so
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(CFLAGS) $(WARN) -o $@ $< -L$(B)/lib -lkmtia $(NL_LIBS) -lcrypto

$(B)/tests/bin/%: tests/programs/%.c $(B)/lib/libkmtia.so
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(CFLAGS) $(WARN) -o $@ $< -Wl,--as-needed -L$(B)/lib -lkmtia

# For programs that a 64-bit kernel sees as 32-bit ones
$(B)/tests/bin/%32: tests/programs/%32.c kmod/uapi/linux/kmtia.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) -m32 -Ikmod/uapi $(CFLAGS) $(WARN) -o $@ $<

$(B)/tests/bin/race: $(wildcard tests/race/*.[ch]) kmod/uapi/linux/kmtia.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) -Ikmod/uapi $(CFLAGS) $(WARN) -o $@ $(filter %.c,$^) -pthread

# --- Tests

deps:
	tests/deps.sh

SCENARIOS := $(wildcard tests/scenarios/*.sh tests/scenarios/*.py)

# A kernel of tests/vm/kernel/get, and what is built for it. One that cannot be
# had is no error: its tests are skipped, and say why.
PRINT := tests/vm/kernel/get --print

kernel-%:
	@mkdir -p $(B)/kernels
	@tests/vm/kernel/get --why $(B)/kernels/$*.why $*

for-%:
	+@if $(PRINT) release $* >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory KVER=$$($(PRINT) release $*) KDIR=$$($(PRINT) build $*) \
			module $(if $(filter debug,$*),kunit) check-modules; fi

# The variant for races, on a kernel with sanitizers
race-%:
	+@if $(PRINT) release $* >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory KVER=$$($(PRINT) release $*) KDIR=$$($(PRINT) build $*) race; fi

# What no kernel of Debian's can do
DEBUG := $(wildcard tests/debug/*.py)

# Only on the debug kernel, and only in check-full: each takes a quarter of an hour and more
RACES := debug:tests/race/commands.sh debug:tests/race/unload.sh

# On the debug kernel: KUnit, and what most paths of the module are in
SMOKE := debug:tests/kunit/run.py debug:tests/scenarios/several.py

# What deps installs may be what the variables above were computed from, so
# the rest runs in makes of their own.
check: deps kernel-debug
	$(MAKE) --no-print-directory -j$$(nproc) check-run

# Every scenario on every kernel, all mutants, that the harness fails where it
# must, and that all of this proves what Documentation/behaviours.rst promises.
check-full: deps kernel-6.12 kernel-debug
	$(MAKE) --no-print-directory -j$$(nproc) for-6.12 race-debug
	$(MAKE) --no-print-directory -j$$(nproc) TARGET=check-full MUTANTS=all MODEL=full \
		LAST='--last tests/behaviours.py' \
		SELFTEST='tests/vm/selftest-host.sh tests/lint-selftest' \
		SMOKE='$(RACES) debug:tests/kunit/run.py $(DEBUG:%=debug:%) $(SCENARIOS:%=debug:%) $(SCENARIOS:%=6.12:%)' check-run

kernel-debug kernel-6.12: deps

.PHONY: check-run
TARGET := check
MUTANTS ?= quick
MODEL ?= quick
# What takes longest comes first, as two run at a time, of which the mutants are
# one. The demo is to fail with a mutant.
check-run: all unit-tests test-programs for-debug $(B)/mutants/no-dictate/$(KVER)/kmtia.ko
	MAKEFLAGS= MUTANTS=$(MUTANTS) MODEL=$(MODEL) MUTANT_JOBS=1 CONTROL=no \
		tests/tap-summary --skips $(TARGET) $(LAST) $(if $(RESUME),--resume) \
		$(LIB_TESTS) $(TOOL_TESTS) $(PY_TESTS) tests/model/check.py tests/check-mutants tests/demo/check.sh tests/lint \
		$(SMOKE) $(SELFTEST) tests/vm/selftest.sh $(SCENARIOS)

check-mutants: all test-programs
	MAKEFLAGS= tests/check-mutants

# All searches of the model, or with MODEL=quick the small ones
check-model:
	tests/tap-summary --verbose tests/model/check.py

# One scenario on one kernel: make check-vm KERNEL=6.12 SCENARIO=rekey
check-vm: all test-programs kernel-$(KERNEL)
	$(MAKE) --no-print-directory for-$(KERNEL)
	tests/tap-summary --verbose $(KERNEL):$(or $(filter tests/scenarios/$(SCENARIO).%,$(SCENARIOS)),$(SCENARIO))

bench: all test-programs
	tests/bench/run

demo: deps
	$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	tests/demo/run

lint:
	tests/lint

# What user space is compiled with, for tests/lint
lint-flags:
	@echo $(STD) $(CPPFLAGS) -Ilib $(WARN)
.PHONY: lint-flags

regen:
	Documentation/netlink/regen

# --- Installation. depmod is the packager's or the administrator's.

install: lib tools
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/linux \
		$(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man3 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(UNITDIR) $(DESTDIR)$(COMPDIR) \
		$(DESTDIR)$(SYSCONFDIR)/kmtia
	$(INSTALL) -m 755 $(B)/lib/libkmtia.so.$(VERSION) $(DESTDIR)$(LIBDIR)/
	ln -sf libkmtia.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libkmtia.so
	$(INSTALL) -m 644 $(B)/lib/libkmtia.pc $(DESTDIR)$(LIBDIR)/pkgconfig/
	$(INSTALL) -m 644 lib/include/libkmtia.h $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m 644 kmod/uapi/linux/kmtia.h $(DESTDIR)$(INCLUDEDIR)/linux/
	$(INSTALL) -m 755 $(B)/bin/kmtia $(B)/bin/kmtiad $(DESTDIR)$(SBINDIR)/
	$(INSTALL) -m 644 Documentation/man/*.3 $(DESTDIR)$(MANDIR)/man3/
	$(INSTALL) -m 644 Documentation/man/*.5 $(DESTDIR)$(MANDIR)/man5/
	$(INSTALL) -m 644 Documentation/man/*.8 $(DESTDIR)$(MANDIR)/man8/
	sed 's,/usr/sbin/,$(SBINDIR)/,' tools/systemd/kmtiad.service > $(DESTDIR)$(UNITDIR)/kmtiad.service
	$(INSTALL) -m 644 tools/completion/kmtia $(DESTDIR)$(COMPDIR)/kmtia
	$(INSTALL) -m 600 tools/systemd/kmtiad.conf.example $(DESTDIR)$(SYSCONFDIR)/kmtia/

install-module: module
	$(INSTALL) -d $(DESTDIR)$(MODDIR)
	$(INSTALL) -m 644 $(M)/kmtia.ko $(DESTDIR)$(MODDIR)/

clean:
	rm -rf $(B)
