#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The VM harness fails where it must: each test boots a scenario that is bad in one way, and one that is good.
# shellcheck disable=SC2016 # the scenarios are in single quotes

top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=tests/common.sh
. "$top/tests/common.sh"
# shellcheck source=tests/vm/host/log.sh
. "$top/tests/vm/host/log.sh"

# run_vm NAME LINES [OPTION...]: runs a scenario of these lines; leaves out, err and status
run_vm() {
	local file=$tap_tmp/selftest-$1.sh

	printf '%s\n' '#!/bin/bash' "${2//$'\t'/}" >"$file"
	status=0
	"$top/tests/vm/run" "${@:3}" "$file" 1st '2 nd' >"$tap_tmp/stdout" 2>"$tap_tmp/stderr" || status=$?
	out=$(<"$tap_tmp/stdout")
	err=$(<"$tap_tmp/stderr")
	log=$top/build/vm/selftest-$1
}

# results: standard output without comments
results() {
	grep -v '^#' <<<"$out" || :
}

good() {
	run_vm good '
		# vm: --env FROM_HEAD=1 --env BOTH=1 --cpus 1
		. "$KMTIA_TOP/tests/vm/guest.sh"
		is "two arguments" "$1,$2" "1st,2 nd"
		is "the head sets options" "$FROM_HEAD,$(nproc)" 1,1
		is "the command line overrides them" "$BOTH" 2
		is "the environment" "$KMTIA_KO" "$KMTIA_TOP/build/$(uname -r)/kmtia.ko"
		ok "the root is writable" touch /etc/changed
		ok "the output directory too" touch "$KMTIA_OUT/left"
		echo to-stderr >/dev/stderr
		sleep 1000 &
		done_testing' --env BOTH=2
	is 'a good scenario: status 0' "$status" 0
	is 'a good scenario: its tests, the one of the harness, one plan' "$(results)" 'ok 1 - two arguments
ok 2 - the head sets options
ok 3 - the command line overrides them
ok 4 - the environment
ok 5 - the root is writable
ok 6 - the output directory too
ok 7 - kernel log is clean
1..7'
	is 'a good scenario: nothing on stderr' "$err" ''
	ok 'what it wrote into the output directory is here' test -e "$log/out/left"
	fails 'what it wrote elsewhere is not' test -e /etc/changed
	is 'its stderr is kept' "$(<"$log/stderr")" to-stderr
	like 'the kernel log is kept' "$(<"$log/console.log")" 'Linux version.*kmtia-vm: running'
}

live() {
	local fd first

	printf '%s\n' '#!/bin/bash' 'echo 1..1; echo ok 1; sleep 100' >"$tap_tmp/selftest-live.sh"
	exec {fd}< <(exec "$top/tests/vm/run" "$tap_tmp/selftest-live.sh" 2>/dev/null)
	read -r -t 60 first <&"$fd" || :
	is 'TAP comes while the scenario runs' "$first" 'ok 1'
	kill "$!"
	ok 'killing the harness ends the machine' wait_for 10 machine_gone "$top/build/vm/selftest-live/console.log"
	exec {fd}<&-
}

# machine_gone FILE: nobody writes it any more
machine_gone() {
	! pgrep -f "path=$1"
}

bad() {
	run_vm status 'echo ok 1; echo 1..1; exit 3'
	is 'exit status 3: fails' "$status" 1
	is 'exit status 3: is a failing test' "$(results)" 'ok 1
not ok 2 - the scenario exits with status 0 # not 3
1..2'
	run_vm failing 'echo "not ok 1 - x"; echo "not ok 2 - y # TODO z"; echo 1..2; exit 1'
	is 'a failing test: fails' "$status" 1
	is 'a failing test: is passed on' "$(results)" 'not ok 1 - x
not ok 2 - y # TODO z
ok 3 - kernel log is clean
1..3'
	run_vm plan 'echo 1..3; echo ok 1; echo ok 3; echo words >&2'
	is 'a wrong plan: fails' "$status" 1
	like 'a wrong plan: says why' "$out" $'not ok 3 - the TAP is complete\n# test number 3.*\n# 3 tests were planned, 2 seen'
	like 'a failure shows the end of stderr' "$err" $'\n# words'
	like 'and of the kernel log' "$err" 'kmtia-vm: the scenario ended with status 0'
	run_vm empty 'exit 0'
	is 'no plan: fails' "$status" 1
	is 'no plan: is a failing test' "$(results)" 'not ok 1 - the TAP is complete
1..1'
}

kernel_trouble() {
	run_vm warning 'echo "WARNING: provoked" >/dev/kmsg; echo ok 1; echo 1..1'
	is 'a warning of the kernel: fails' "$status" 1
	like 'a warning of the kernel: is shown' "$out" $'\nnot ok 2 - kernel log is clean\n# .*WARNING: provoked\n1..2$'
	run_vm panic 'echo ok 1; echo 1..1; echo c >/proc/sysrq-trigger; sleep 60'
	is 'a panic: fails' "$status" 1
	like 'a panic: the machine died' "$out" 'not ok 2 - the machine lives until the scenario ends'
	like 'a panic: is shown' "$out" 'not ok 3 - kernel log is clean.*sysrq triggered crash'
	run_vm hang 'echo ok 1; sleep 60' --time 14
	is 'a hang: fails' "$status" 1
	like 'a hang: is a failing test' "$out" 'not ok 2 - the scenario ends within 14 seconds'
	like 'a hang: shows the processes' "$err" 'sleep 60'
}

# complaints: the lines of standard input that are against the rules
complaints() {
	grep -E -f <(grep -vE '^[[:space:]]*(#|$)' "$top/tests/vm/badlog") || :
}

log_rules() {
	local bad="WARNING: CPU: 0 PID: 1 at net/xfrm/xfrm_state.c:1 f+0x1/0x2
BUG: kernel NULL pointer dereference, address: 0000000000000000
BUG: sleeping function called from invalid context at mm/slab.h:1
BUG: scheduling while atomic: ip/1/0x00000002
BUG: soft lockup - CPU#0 stuck for 26s! [ip:1]
Oops: 0000 [#1] PREEMPT SMP NOPTI
general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
 Call Trace:
Kernel panic - not syncing: x
WARNING: possible circular locking dependency detected
INFO: trying to register non-static key.
INFO: task ip:1 blocked for more than 60 seconds.
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: rcu_preempt kthread starved for 5250 jiffies!
BUG: KASAN: use-after-free in f+0x1/0x2
UBSAN: shift-out-of-bounds in a.c:1:2
refcount_t: underflow; use-after-free.
list_del corruption. prev->next should be x
unregister_netdevice: waiting for lo to become free. Usage count = 2
kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)"
	local good="clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:
kmtia: loading out-of-tree module taints kernel.
kmtia: module verification failed: signature and/or required key missing - tainting kernel
alg: No test for seqiv(rfc4106(gcm(aes))) (seqiv(rfc4106(gcm_base(ctr(aes-generic),ghash-generic))))
rcu: Hierarchical SRCU implementation.
device va entered promiscuous mode"

	is 'the rules for the log know all these complaints' "$(complaints <<<"$bad")" "$bad"
	is 'and have nothing against these lines' "$(complaints <<<"$good")" ''
}

# trace FUNCTION CALLER
trace() {
	printf '%s\n' '[ 1.0] ------------[ cut here ]------------' "[ 1.1] WARNING: CPU: 0 PID: 1 at x.c:1 $1+0x1/0x2" \
		'[ 1.2] Call Trace:' "[ 1.3]  $2+0x1/0x2" '[ 1.4] ---[ end trace 0000000000000000 ]---'
}

log_traces() {
	local allowed=$tap_tmp/traces

	echo 'known\+.*caller\+' >"$allowed"
	is 'an allowed trace is left out, and nothing else' "$({
		trace known caller
		echo between
		trace known other
		trace known caller
		trace other caller
	} | without_traces "$allowed")" "$(echo between && trace known other && trace other caller)"
	: >"$allowed"
	is 'where none is allowed all are left' "$(trace known caller | without_traces "$allowed")" "$(trace known caller)"
}

usage() {
	fails 'a scenario that is not there' "$top/tests/vm/run" /nonesuch
	fails 'an option that is not there' "$top/tests/vm/run" --nonesuch "$0"
	fails 'a kernel that is not there' "$top/tests/vm/run" --kernel 0.1 "$0"
	fails 'a limit that is no number' "$top/tests/vm/run" --time soon "$0"
	fails 'a scenario outside the machine' bash "$top/tests/vm/selftest.sh"
}

run_vm skip 'echo "1..0 # SKIP no need"'
is 'a scenario that is skipped: status 0' "$status" 0
is 'a scenario that is skipped: says so' "$(results)" '1..0 # SKIP no need'
log_rules
log_traces
good
live
bad
kernel_trouble
usage
run_vm icount 'echo "ok 1 - $(nproc)"; echo 1..1' --icount
is 'counting instructions: one CPU' "$(results)" 'ok 1 - 1
ok 2 - kernel log is clean
1..2'
done_testing
