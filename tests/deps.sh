#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what is missing of tests/packages. When nothing is, it touches neither apt nor the network.

set -euo pipefail

list=$(dirname "$(readlink -f "$0")")/packages

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
	exit 0
fi

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
if ((EUID != 0)); then
	printf '%s\n' 'Packages are missing; as root, run' "  ${install[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
"${install[@]}"
