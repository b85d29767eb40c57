# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a scenario sources first: TAP (tests/common.sh), the module, network namespaces, charon, pluto, captures.
#
#	. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"

if [[ ! -e /run/vm/vars ]]; then
	echo "$0 would change this machine's IPsec: run it with tests/vm/run" >&2
	exit 2
fi

# shellcheck source=tests/common.sh
. "$KMTIA_TOP/tests/common.sh"
# shellcheck source=tests/vm/guest/module.sh
. "$KMTIA_TOP/tests/vm/guest/module.sh"
# shellcheck source=tests/vm/guest/net.sh
. "$KMTIA_TOP/tests/vm/guest/net.sh"
# shellcheck source=tests/vm/guest/nat.sh
. "$KMTIA_TOP/tests/vm/guest/nat.sh"
# shellcheck source=tests/vm/guest/charon.sh
. "$KMTIA_TOP/tests/vm/guest/charon.sh"
# shellcheck source=tests/vm/guest/pluto.sh
. "$KMTIA_TOP/tests/vm/guest/pluto.sh"
# shellcheck source=tests/vm/guest/memory.sh
. "$KMTIA_TOP/tests/vm/guest/memory.sh"
# shellcheck source=tests/vm/guest/capture.sh
. "$KMTIA_TOP/tests/vm/guest/capture.sh"
