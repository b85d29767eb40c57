# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Debian's own kernels, unpacked: image, modules, and what modules are built with. Sourced by get.

# debian_release SERIES: the newest release of it in the backports, or nothing
debian_release() {
	apt_names | sed -nE "s/^linux-headers-(${1//./\\.}\.[0-9]+[^-]*-amd64)$/\1/p" | sort -V | tail -n 1
}

# headers_move DIR RELEASE: the packages' files name each other by paths that hold for a system; make it DIR's
headers_move() {
	local headers=$1/usr/src/linux-headers-$2 common link

	common=$(sed -n 's,^include /usr/src/\(linux-headers-[^/]*\)/Makefile$,\1,p' "$headers/Makefile")
	[[ -n $common ]] || return 1
	sed -i "s,^include /usr/src/,include $1/usr/src/," "$headers/Makefile"
	for link in build source; do
		rm -f "$1/lib/modules/$2/$link"
	done
	ln -s "../../../usr/src/linux-headers-$2" "$1/lib/modules/$2/build"
	ln -s "../../../usr/src/$common" "$1/lib/modules/$2/source"
}

# debian_get SERIES
debian_get() {
	local release packages

	((backports)) || fail "$1" "the backports cannot be had: $(tail -n 1 "$tmp/apt.log")"
	release=$(debian_release "$1")
	[[ -n $release ]] || fail "$1" 'neither installed nor in the backports'
	echo "kernel $1: fetching $release" >&2
	mapfile -t packages < <(apt-cache "${apt_options[@]}" depends "linux-headers-$release" |
		sed -nE 's/^ *Depends: (linux-(headers|kbuild)-.*)/\1/p')
	mkdir "$tmp/kernel"
	if ! apt_unpack "$tmp/kernel" "linux-image-$release" "linux-headers-$release" "${packages[@]}" >>"$tmp/apt.log" 2>&1; then
		fail "$1" "$release cannot be fetched: $(tail -n 1 "$tmp/apt.log")"
	fi
	rm -rf "$tmp/kernel/usr/share"
	depmod -b "$tmp/kernel" "$release"
	rm -rf "$cache/kernels/$release"
	mv "$tmp/kernel" "$cache/kernels/$release"
	headers_move "$cache/kernels/$release" "$release" || fail "$1" "the headers of $release are of an unknown make"
	ln -sfn "$release" "$cache/kernels/$1"
}
