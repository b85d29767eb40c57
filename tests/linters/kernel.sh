# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Linters for what runs in the kernel; sourced by tests/lint, which sets work and cache.

: "${work:?}" "${cache:?}"

# headers: the releases that have some, the newest last
headers() {
	(cd /lib/modules && ls -d ./*/build) | sed 's,^\./,,; s,/build,,' | sort -V
}

kver=${KVER:-$(headers | grep -v -e -rt- | tail -n 1)}
kdir=${KDIR:-/lib/modules/$kver/build}
mapfile -t kernel_c < <(git ls-files 'kmod/*.[ch]' 'tests/kmod/*.[ch]' 'tests/kunit/*.[ch]' | grep -v '_gen\.[ch]$\|uapi/')

# The script and its dictionaries of the kernel's sources; unpacking them takes a while, so once.
checkpatch_get() {
	local tar

	tar=$(ls /usr/src/linux-source-6.*.tar.xz | sort -V | tail -n 1)
	[[ -x $cache/checkpatch/checkpatch.pl && $cache/checkpatch -nt $tar ]] && return
	rm -rf "$work/checkpatch"
	mkdir -p "$work/checkpatch" "$cache"
	tar -C "$work/checkpatch" --strip-components=2 -xf "$tar" --wildcards '*/scripts/checkpatch.pl' \
		'*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch' '*/scripts/kernel-doc'
	rm -rf "$cache/checkpatch"
	mv "$work/checkpatch" "$cache/checkpatch"
	touch "$cache/checkpatch"
}

# checkpatch_files IGNORE FILE...: none is not an error. Its exit status says no more than its output.
checkpatch_files() {
	(($# == 1)) || perl "$cache/checkpatch/checkpatch.pl" --no-tree --strict --terse --no-summary --ignore "$1" \
		-f "${@:2}" || :
}

# Version tests are what compat/ is for; the macro makes strings, and evaluates nothing. Tracepoints are written as all are
# in the kernel, which is not as functions are.
check_checkpatch() {
	local file compat=() others=()

	for file in "${kernel_c[@]}"; do
		case $file in
		kmod/compat/*) compat+=("$file") ;;
		kmod/trace.h) checkpatch_files MACRO_ARG_REUSE,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT "$file" ;;
		*) others+=("$file") ;;
		esac
	done
	checkpatch_files MACRO_ARG_REUSE "${others[@]}"
	checkpatch_files MACRO_ARG_REUSE,LINUX_VERSION_CODE,CONSTANT_COMPARISON "${compat[@]}"
}

check_kernel_doc() {
	perl "$cache/checkpatch/kernel-doc" -none "${kernel_c[@]}"
}

# Only compat/ knows about kernel versions.
check_compat() {
	git grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION\(' -- '*.[ch]' '*Kbuild' ':!kmod/compat' || :
}

# kernel_make DIR TARGET... [VARIABLE...]: what make says, besides what it does and what kernels of a distribution are
# always told
kernel_make() {
	make -s -C "$kdir" M="$1" "${@:2}" 2>&1 |
		grep -vE 'Skipping BTF|compiler differs|The kernel was built by|You are using' |
		sed "s,$1/,,g" || :
}

# kernel_build NAME VARIABLE...: everything, anew, as the Makefile does
kernel_build() {
	local dir=$work/$1 objects

	mkdir -p "$dir/module" "$dir/check"
	cp -r kmod Kbuild "$dir/module/"
	kernel_make "$dir/module" modules "${@:2}"
	# What only the race tests' variant has
	kernel_make "$dir/module" kmod/race.o KMTIA_RACE=y "${@:2}"
	cp -r tests/kmod/* kmod "$dir/check/"
	python3 tests/py/kdf.py --vectors >"$dir/check/kdf_vectors.h"
	kernel_make "$dir/check" modules "${@:2}"
	[[ -e tests/kunit/Kbuild ]] || return 0
	# It takes another kernel than this one to link it; and the module's objects were compiled above.
	mkdir "$dir/kunit"
	cp -r tests/kunit/*.[ch] tests/kunit/Kbuild tests/kmod/*.h kmod "$dir/kunit/"
	cp Kbuild "$dir/kunit/Kbuild.kmtia"
	cp "$dir/check/kdf_vectors.h" "$dir/kunit/"
	mapfile -t objects < <(cd tests/kunit && printf '%s\n' *.c | sed 's/c$/o/')
	kernel_make "$dir/kunit" "${objects[@]}" "${@:2}"
}

# Together, since sparse does not run without the compiler.
check_kernel_gcc() {
	kernel_build kernel-gcc W=1 C=2 CF=-Wbitwise
}

# Locks and mutexes are other types there.
check_kernel_rt() {
	local kdir dir=$work/kernel-rt

	kdir=/lib/modules/$(headers | grep -e -rt- | tail -n 1)/build
	mkdir -p "$dir"
	cp -r kmod Kbuild "$dir/"
	kernel_make "$dir" modules W=1
}

# A kernel that was configured for gcc has flags that clang does not know: here is what its configuration would say, had
# it been made for this clang. What is given on make's command line wins.
clang_config() {
	local version

	version=$(clang -dM -E -x c /dev/null |
		awk '{ v[$2] = $3 }
		END { print v["__clang_major__"] * 10000 + v["__clang_minor__"] * 100 + v["__clang_patchlevel__"] }')
	echo CC=clang CONFIG_CC_IS_GCC= CONFIG_GCC_VERSION=0 CONFIG_CC_IS_CLANG=y CONFIG_CLANG_VERSION="$version"
	# -Wno-array-bounds is for gcc's false alarms; -Wimplicit-fallthrough has no levels.
	echo CONFIG_CC_NO_ARRAY_BOUNDS= CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough
	# Code generation that clang 14 lacks or spells otherwise: return thunks, int3 after ret, mcount's table, zeroed
	# variables. The second names are those of kernels from 6.9 on.
	echo CONFIG_RETHUNK= CONFIG_MITIGATION_RETHUNK= CONFIG_SLS= CONFIG_MITIGATION_SLS=
	echo CONFIG_FTRACE_MCOUNT_USE_CC= CONFIG_CC_HAS_AUTO_VAR_INIT_ZERO_BARE= CONFIG_CC_HAS_AUTO_VAR_INIT_ZERO_ENABLER=y
}

check_kernel_clang() {
	local config

	mapfile -t config < <(clang_config | tr ' ' '\n')
	kernel_build kernel-clang W=1 "${config[@]}"
}
