#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --icount --time 6000
#
# Where the instructions of an SA go that one process dictates: a sample of all stacks each 4,000 instructions, by perf, which
# make deps does not install (linux-perf). Leaves perf.data and its reports in $KMTIA_OUT. Not a test.
#
# profile.sh [FORM]: of the manager's answer, as tests/bench/tia has it; or "kernel": the manager is a module

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/bench/lib.sh
. "$KMTIA_TOP/tests/bench/lib.sh"

# report NAME OPTION...
report() {
	perf report -i "$KMTIA_OUT/perf.data" --stdio -g none "${@:2}" >"$KMTIA_OUT/$1" 2>/dev/null
}

main() {
	ipsec_modules_load
	must 'the module loads' module_load
	rule_for_all
	if [[ ${1:-} == kernel ]]; then
		insmod "$KMTIA_KO_DIR/kmtia_sample.ko" form=keys
	else
		tia_up "${1:-keys}"
	fi
	newsa warm
	must 'perf samples' perf record -a -e cpu-clock -c 4000 -g -o "$KMTIA_OUT/perf.data" -- "$bin/newsa" 300 3
	report functions --no-children --sort comm,dso,symbol
	report stacks --children --sort comm,symbol
	perf script -i "$KMTIA_OUT/perf.data" -F comm,ip,sym >"$KMTIA_OUT/samples" 2>/dev/null
	tia_down
	kmtia rule flush
	done_testing
}

main "$@"
