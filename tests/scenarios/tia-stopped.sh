#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300
#
# The TIA is away, or hangs: what an operator of an unmodified strongSwan sees, under each failure action, at both ends.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

# refused WHAT NS REGEX: the next CHILD_SA fails; the log of NS's charon has a line that matches since then
refused() {
	local mark start

	mark=$(charon_mark "$2")
	start=$(now_ms)
	fails "$1: CHILD_SA fails" charon_up a
	took=$(($(now_ms) - start))
	like "$1: charon in $2 logs the error" "$(tail -n +"$mark" "$(charon_log "$2")")" "$3"
	is "$1: no SA is left in $2" "$(sa_count "$2")" 0
}

rules() {
	local ns

	for ns in a b; do
		km $ns rule flush
		km $ns rule add priority 10 remote 10.1.0.0/24 proto esp dictate any notify any "$@"
	done 2>/dev/null
}

# ike_is_installed MARK_A MARK_B: both ends have the keys that IKE derived, and no others
ike_is_installed() {
	local ns mark

	for ns in a b; do
		[[ $ns == a ]] && mark=$1 || mark=$2
		is "$ns has IKE's keys" "$(xfrm_keys $ns | awk '{ print $5 }' | sort)" \
			"$(ike_keys $ns "$mark" | awk '{ print $3 }' | sort)"
	done
}

child_down() {
	sw a --terminate --child c
	wait_for 20 sa_count_is a 0
	wait_for 20 sa_count_is b 0
}

netns_pair
must 'the module loads' module_load
for ns in a b; do
	must "$ns: kmtiad registers" tia_start $ns
done
charon_conf a 10.1.0.1 10.1.0.2
charon_conf b 10.1.0.2 10.1.0.1
must "charon runs in a" charon_start a
must "charon runs in b" charon_start b

# --- No rule: a TIA that would dictate is not asked.
must 'no rule: CHILD_SA comes up' charon_up a
ike_is_installed 1 1
for ns in a b; do
	is "no rule: $ns was asked nothing" "$(stat $ns questions)" 0
	is "no rule: the TIA of $ns neither" "$(km $ns -j manager show | jq '.[0].questions')" 0
done
ok 'child down' child_down

# --- The TIA is away.
rules on-failure reject
ip netns exec b kmtia -j monitor >/run/monitor.b &
monitor=$!
wait_line /proc/$monitor/comm kmtia 10
tia_stop b
wait_for 10 grep -q manager-del /run/monitor.b
refused 'TIA of b stopped, reject' b 'received netlink error: Required key not available \(126\)'
like 'the initiator is told' "$(tail -n 50 "$(charon_log a)")" 'NO_PROPOSAL_CHOSEN'
is 'it is refused at once' "$((took < 5000)) ($took ms)" "1 ($took ms)"
spi=$(dmesg | sed -n 's/.*kmtia: refused esp SA spi \(0x[0-9a-f]*\) src 10.1.0.. dst 10.1.0..: rule 10: no key manager.*/\1/p' |
	tail -n 1)
like 'the kernel log names rule and SA' "$spi" '^0x[0-9a-f]{8}$'
wait_line /run/monitor.b '"failed"' 10
is 'so does the monitor event' "$(jq -c "select(.event == \"failed\" and .sa.spi == \"$spi\") | [.rule, .errno]" \
	/run/monitor.b)" '[10,126]'
kill $monitor

tia_start b
tia_stop a
refused 'TIA of a stopped, reject' a 'received netlink error: Required key not available \(126\)'
tia_stop b

rules on-failure keep
mark_a=$(charon_mark a) mark_b=$(charon_mark b)
ok 'both TIAs stopped, keep at both ends: CHILD_SA comes up' charon_up a
ike_is_installed "$mark_a" "$mark_b"
ok 'traffic passes' ip netns exec a ping -n -q -c 3 -i 0.1 -W 5 10.1.0.2
is 'a has counted the kept SAs' "$(stat a kept)" 2
ok 'child down' child_down

# --- The TIA hangs.
tia_start a
tia_start b
rules on-failure reject timeout 6000
kill -STOP "$(tia_pid b)"
sw a --initiate --child c --timeout 40 >/run/initiate 2>&1 &
initiate=$!
wait_for 20 eval '[[ $(stat b pending) == 1 ]]'
start=$(now_ms)
ip -n b xfrm state >/dev/null
ip -n b xfrm policy >/dev/null
took=$(($(now_ms) - start))
is 'while charon waits an SA is pending' "$(stat b pending)" 1
is 'ip xfrm in the same namespace is not delayed' "$((took < 4000)) ($took ms)" "1 ($took ms)"
status=0
wait $initiate || status=$?
isnt 'the TIA hangs: CHILD_SA fails' "$status" 0
like 'charon logs the time-out' "$(tail -n 50 "$(charon_log b)")" \
	'received netlink error: Connection timed out \(110\)'
refused 'the next one' b 'received netlink error: Connection timed out \(110\)'
is 'is refused at once' "$((took < 5000)) ($took ms)" "1 ($took ms)"
is 'because the TIA is known to have stalled' "$(km b -j manager show | jq '.[0].stalled')" true
kill -CONT "$(tia_pid b)"
wait_for 10 eval '[[ $(km b -j manager show | jq ".[0].stalled") != true ]]'
mark_a=$(charon_mark a)
ok 'it wakes up: CHILD_SA comes up' charon_up a
is 'with dictated keys' "$(xfrm_keys a)" "$(expected_keys a)"
ok 'child down' child_down

km a rule flush
km b rule flush
ok 'the module unloads' module_unload
done_testing
