#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unpacks libreswan into build/libreswan, whence scenarios run it. Its package cannot be installed: it conflicts with
# strongSwan's. What it needs is in tests/packages. When it is there, neither apt nor the network is touched.

set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kmtia/libreswan
to=$top/build/libreswan
if [[ -e $to/complete ]]; then
	exit 0
fi

# package: the downloaded one
package() {
	find "$cache" -name 'libreswan_*.deb' 2>/dev/null | sort -V | tail -n 1
}

if [[ -z $(package) ]]; then
	new=$(mktemp -d "${TMPDIR:-/tmp}/kmtia-libreswan.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	# apt downloads as a user of its own where it can.
	chmod 755 "$new"
	(cd "$new" && apt-get -qq -o APT::Sandbox::User=root download libreswan)
	mkdir -p "$cache"
	cp "$new"/libreswan_*.deb "$cache/"
fi
rm -rf "$to"
mkdir -p "$to"
dpkg-deb -x "$(package)" "$to"
: >"$to/complete"
