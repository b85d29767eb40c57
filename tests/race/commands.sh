#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --kernel debug --cpus 2 --name race-commands --time 1200
#
# Two acts at the same time, each against each: tests/race/outcomes has what may come of it. All but the module's end.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"

cp "$KMTIA_TOP/build/race/$(uname -r)/kmtia.ko" /run/kmtia.ko
# shellcheck disable=SC2086 # options
exec "$KMTIA_TOP/build/tests/bin/race" ${RACE:--x unload} /run/kmtia.ko "$KMTIA_TOP/tests/race/outcomes"
