#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300 --mem 512 --memory --append init_on_free=1
#
# When a secret is not needed any more it is nowhere in the machine's memory, and neither is a key derived from it.
#
# For the key the kernel must wipe what it frees (init_on_free): xfrm_user copies keys into its events and frees those as
# they are; see marker-plain for what kmtia frees itself.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/marker.sh
. "$KMTIA_TOP/tests/scenarios/lib/marker.sh"

netns_pair
must 'the module loads' module_load
must 'rule' km a rule add priority 10 dictate any on-failure reject
round asked 1001 no 0x1001 1
round standing 2002 yes 0x1002 2
ok 'rules flushed' km a rule flush
ok 'the module unloads' module_unload
done_testing
