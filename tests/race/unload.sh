#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --kernel debug --cpus 2 --name race-unload --time 1200
#
# The module is unloaded while something else goes on: tests/race/outcomes has what may come of it.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"

cp "$KMTIA_TOP/build/race/$(uname -r)/kmtia.ko" /run/kmtia.ko
# shellcheck disable=SC2086 # options
exec "$KMTIA_TOP/build/tests/bin/race" ${RACE:--w unload} /run/kmtia.ko "$KMTIA_TOP/tests/race/outcomes"
