# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# A kernel with sanitizers, everything built in, from the newest kernel source that Debian has. Sourced by get.

# debug_stamp: of what the kernel is made besides the source
debug_stamp() {
	{
		gcc --version | head -n 1
		cat "$here/debug.config" "$here/debug.sh"
	} | sha256sum | cut -c 1-16
}

# debug_current: is the one in the cache made with this configuration, compiler and script?
debug_current() {
	[[ -f $cache/kernels/debug/stamp && $(<"$cache/kernels/debug/stamp") == "$(debug_stamp)" ]]
}

# debug_sources: packages with kernel sources, the newest first; the last is installed
debug_sources() {
	if ((backports)); then
		apt_names | grep -E '^linux-source-[0-9]+\.[0-9]+$' | sort -Vr
	fi
	echo linux-source-6.1
}

# debug_source PACKAGE: unpacks it into $tmp/build
debug_source() {
	local tar=/usr/src/$1.tar.xz

	if [[ ! -e $tar ]]; then
		apt_unpack "$tmp" "$1" >>"$tmp/apt.log" 2>&1 || return 1
		tar=$tmp/usr/src/$1.tar.xz
	fi
	rm -rf "$tmp/build"
	mkdir "$tmp/build"
	tar -C "$tmp/build" --strip-components=1 --exclude='*/Documentation/*/translations' -xf "$tar"
}

# debug_options SED: lines of debug.config, changed
debug_options() {
	sed -nE "$1" "$here/debug.config"
}

# debug_configure: a .config that has everything that debug.config asks for and this kernel knows
debug_configure() {
	local want faults=()

	make tinyconfig
	debug_options 's/^(CONFIG_[^ ]*).*/\1/p' >"$tmp/fragment"
	scripts/kconfig/merge_config.sh -m .config "$tmp/fragment"
	make olddefconfig
	while read -r want; do
		grep -qxF "$want" .config || faults+=("$want")
	done < <(debug_options 's/^(CONFIG_[^ ]*=[^n ][^ ]*)$/\1/p')
	while read -r want; do
		! grep -q "^$want=" .config || faults+=("$want=n")
	done < <(debug_options 's/^(CONFIG_[^ ]*)=n$/\1/p')
	while read -r want; do
		grep -qxF "$want" .config || echo "not in this kernel: $want"
	done < <(debug_options 's/^(CONFIG_[^ ]*) +# .*/\1/p')
	if ((${#faults[@]})); then
		echo "options that did not take effect: ${faults[*]}"
		return 1
	fi
}

# debug_prune: leaves what modules are built with, and what lint uses
debug_prune() {
	find . \( -path './drivers/*' -o -path './sound/*' -o -path './samples/*' -o -path './rust/*' -o \
		-path './Documentation/*' -o -path './tools/*' -o -name 'vmlinux*' -o -name '.tmp_*' \) ! -type d \
		! -path './Documentation/netlink/*' ! -path './tools/net/ynl/*' ! -path './tools/objtool/objtool' \
		! -path './tools/include/*' ! -name 'Makefile*' ! -name 'Kconfig*' -delete
	find . -type f \( -name '*.[coSa]' -o -name '*.cmd' -o -name '*.dts*' \) ! -path './scripts/*' ! -path './tools/*' \
		! -path './net/xfrm/*.c' -delete
	find . -type d -empty -delete
}

# debug_build PACKAGE: $tmp/kernel from $tmp/build
debug_build() {
	local release

	cd "$tmp/build" || return
	debug_configure || return
	make -j"$(nproc)" vmlinux modules || return
	release=$(make -s kernelrelease)
	mkdir -p "$tmp/kernel/lib/modules/$release"
	cp modules.builtin modules.builtin.modinfo modules.order "$tmp/kernel/lib/modules/$release/"
	depmod -b "$tmp/kernel" "$release" || return
	cp .config "$tmp/kernel/config"
	strip -g -o "$tmp/kernel/vmlinux" vmlinux || return
	echo "$release" >"$tmp/kernel/release"
	debug_stamp >"$tmp/kernel/stamp"
	debug_prune || return
	mv "$tmp/build" "$tmp/kernel/build"
	ln -s ../../../build "$tmp/kernel/lib/modules/$release/build"
}

# debug_get: of the newest source that can be had and built
debug_get() {
	local package log=$cache/kernels/debug.log name

	while read -r package; do
		echo "kernel debug: building it from $package; log: $log" >&2
		if ! debug_source "$package"; then
			echo "kernel debug: no $package: $(tail -n 1 "$tmp/apt.log")" >&2
			continue
		fi
		rm -rf "$tmp/kernel"
		if (debug_build "$package") </dev/null >"$log" 2>&1; then
			name=debug-$(<"$tmp/kernel/release")
			rm -rf "${cache:?}/kernels/$name"
			mv "$tmp/kernel" "$cache/kernels/$name"
			ln -sfn "$name" "$cache/kernels/debug"
			return
		fi
		echo "kernel debug: $package could not be built:" >&2
		tail -n 20 "$log" >&2
	done < <(debug_sources | awk '!seen[$0]++')
	fail debug 'no kernel source could be had and built'
}
