#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --icount --time 3000
#
# The cost of NEWSA, in guest instructions: without the module, with it and no rule, with a rule that does not match, and
# with one TIA that dictates. While the guest is idle its clock jumps ahead, so the time limit is a generous one. Leaves "NAME VALUE" lines in $KMTIA_OUT/newsa.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"

# A process of its own for each figure, so that none inherits another's state.
measure() {
	local value

	value=$("$KMTIA_TOP/build/tests/bin/newsa" 500 5)
	echo "$1 $value" >>"$KMTIA_OUT/newsa"
	like "$1: $value instructions" "$value" '^[1-9][0-9]+$'
}

ipsec_modules_load
measure newsa.plain
module_load
measure newsa.module
kmtia rule add priority 10 remote 192.0.2.0/24 dictate any
measure newsa.unmatched
kmtia rule flush
"$KMTIA_TOP/build/tests/bin/tia" >/run/tia.out 2>/run/tia.err &
wait_line /run/tia.out ready 20
kmtia rule add priority 10 dictate any on-failure reject timeout 10000
measure newsa.tia
is 'the TIA was asked for each SA' "$(kmtia -j stats show | jq '.dictated')" 3000
is 'and never said a word' "$(</run/tia.err)" ''
kmtia rule flush
done_testing
