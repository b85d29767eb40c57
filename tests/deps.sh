#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what is missing of tests/packages, and unpacks what cannot be installed. When nothing is missing, it touches
# neither apt nor the network.

set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
list=$here/packages

# lines FILE: without comments and empty ones
lines() {
	grep -vE '^[[:space:]]*(#|$)' "$1"
}

# installed PACKAGE...: those of them that are
installed() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || :
}

mapfile -t wanted < <(lines "$list")
mapfile -t missing < <(lines "$list" | grep -vxF "$(installed "${wanted[@]}")")
if ((${#missing[@]} == 0)); then
	exec "$here/libreswan.sh"
fi

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
if ((EUID != 0)); then
	printf '%s\n' 'Packages are missing; as root, run' "  ${install[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
"${install[@]}"
exec "$here/libreswan.sh"
