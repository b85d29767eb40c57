#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make demo says PASS, in time, and FAIL with a module that does not write the keys. Runs on the host.

set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
cd "$top"
# shellcheck source=tests/vm/host/kernel.sh
. tests/vm/host/kernel.sh
kernel_locate 6.1
out=build/vm/demo.out
mkdir -p build/vm
count=0
failed=0

# result STATUS NAME
result() {
	if (($1 == 0)); then
		echo "ok $((++count)) - $2"
		return
	fi
	((++failed))
	echo "not ok $((++count)) - $2"
	tail -n 30 $out | sed 's/^/# /'
}

start=$SECONDS status=0
tests/demo/run >$out 2>&1 || status=$?
took=$((SECONDS - start))
[[ $status == 0 && $(tail -n 1 $out) == 'demo: PASS' ]] && status=0 || status=1
result $status 'the demo ends with PASS'
result $((took >= 240)) "in less than four minutes ($took s)"
for word in "IKE's key" 'tshark, with the installed keys: 20 of 20' 'INSTALLED, TUNNEL' '100% packet loss' \
	'received netlink error: Required key not available' 'NO_PROPOSAL_CHOSEN' 'MISMATCH: esp spi'; do
	status=0
	grep -qF "$word" $out || status=1
	result $status "it shows: $word"
done

status=0
KMTIA_KO=build/mutants/no-dictate/$kernel_release/kmtia.ko tests/demo/run >$out 2>&1 || status=$?
[[ $status == 1 && $(tail -n 1 $out) == 'demo: FAIL' ]] && status=0 || status=1
result $status 'with a module that does not write keys it ends with FAIL'
echo "1..$count"
((failed == 0))
