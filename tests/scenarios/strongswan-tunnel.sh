#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
#
# An unmodified strongSwan pair (IKEv2, PSK, AES-GCM-128, tunnel mode) runs on dictated keys.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
MODE=tunnel
# shellcheck source=tests/scenarios/lib/strongswan.sh
. "$KMTIA_TOP/tests/scenarios/lib/strongswan.sh"

strongswan_scenario
