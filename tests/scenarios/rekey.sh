#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
#
# Whatever makes IKE replace its SAs (a rekeying by either end, by both at once, with PFS, reauthentication), the new ones
# are dictated, too, and no packet is lost; a rekeying that is refused costs nothing of what is up.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
MODE=tunnel
ESP=aes128gcm16-curve25519
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

# spis NS: of the SAs that are there: charon tries again after a refusal, and then has an SPI for a while, but no SA
spis() {
	xfrm_keys "$1" | awk '$5 != "-" || $6 != "-" { print $4 }' | sort | tr '\n' ' '
}

# replaced OLD: both ends have one pair, the same one, and neither SA is of the old
replaced() {
	local now

	now=$(spis a)
	sa_count_is a 2 && sa_count_is b 2 && [[ $now == "$(spis b)" ]] && ! grep -qFf <(tr ' ' '\n' <<<"$1" | grep .) <<<"$now"
}

# of_ike NS: installed SAs whose key is the one that IKE derived
of_ike() {
	grep -cFxf <(charon_sas "$1" | awk '{ print $1, $2, $3, $4, $5 }') <(xfrm_keys "$1" | awk '{ print $1, $2, $3, $4, $5 }') || :
}

# all_dictated WHAT
all_dictated() {
	local ns

	for ns in a b; do
		is "$1: $ns has the dictated keys" "$(xfrm_keys $ns)" "$(expected_keys $ns)"
		is "$1: $ns has none of IKE's" "$(of_ike $ns)" 0
	done
	is "$1: both ends have the same" "$(xfrm_keys a)" "$(xfrm_keys b)"
}

# exchange WHAT CMD...: it makes IKE replace the pair
exchange() {
	local before

	before=$(spis a)
	ok "$1: charon does it" "${@:2}"
	ok "$1: there is a new pair" wait_for 30 replaced "$before"
	all_dictated "$1"
}

# both_rekey: at the same time; one of the two exchanges wins, or both fail for the other (RFC 7296, 2.8.1)
both_rekey() {
	sw a --rekey --child c &
	sw b --rekey --child c
	wait "$!"
}

# traffic_begin, traffic_end: a ping that goes on all the time
traffic_begin() {
	ip netns exec a ping -n -i 0.1 -W 5 10.1.0.2 >/run/ping.out 2>&1 &
	ping_pid=$!
	wait_line /run/ping.out 'icmp_seq=3 ' 20
}

traffic_end() {
	kill -INT "$ping_pid"
	wait "$ping_pid" || :
	grep -o '[0-9.]*% packet loss' /run/ping.out
}

# refused_rekeying: without b's TIA; what is up stays, and is used
refused_rekeying() {
	local before mark

	before=$(spis a)
	mark=$(charon_mark b)
	must 'b loses its TIA' tia_stop b KILL
	sw a --rekey --child c || :
	ok 'refused: b says why' wait_for 20 said_since b "$mark" 'Required key not available'
	ok 'refused: the old pair is up' test "$(spis a)" = "$before"
	ok 'refused: at both ends' test "$(spis b)" = "$before"
	ok 'refused: and carries packets' ip netns exec a ping -n -q -c 5 -i 0.1 -W 5 10.1.0.2
	must 'the TIA comes back' tia_start b
}

# said_since NS MARK REGEX: in charon's log
said_since() {
	tail -n +"$2" "$(charon_log "$1")" | grep -q "$3"
}

netns_pair
must 'the module loads' module_load
for ns in a b; do
	must "$ns: rule" km $ns rule add priority 10 remote 10.1.0.0/24 proto esp dictate any on-failure reject
	must "$ns: kmtiad registers" tia_start $ns
done
charon_conf a 10.1.0.1 10.1.0.2
charon_conf b 10.1.0.2 10.1.0.1
must 'charon runs in a' charon_start a
must 'charon runs in b' charon_start b
must 'CHILD_SA comes up' charon_up a
all_dictated 'first pair'
traffic_begin
exchange 'rekeyed by the initiator' sw a --rekey --child c
exchange 'rekeyed by the responder' sw b --rekey --child c
exchange 'rekeyed by both' both_rekey
before=$(spis a) asked=$(stat a questions)
mark=$(charon_mark a)
ok 'IKE SA rekeyed: charon does it' sw a --rekey --ike t
ok 'IKE SA rekeyed: it is' wait_for 30 said_since a "$mark" 'IKE_SA t\[.*rekeyed'
is 'IKE SA rekeyed: the pair is the same' "$(spis a)" "$before"
is 'IKE SA rekeyed: nobody was asked' "$(stat a questions)" "$asked"
is 'all the time no packet was lost' "$(traffic_end)" '0% packet loss'
exchange 'reauthenticated' sw a --rekey --ike t --reauth
refused_rekeying
exchange 'afterwards' sw a --rekey --child c

for ns in a b; do
	must "control: $ns has no rule" km $ns rule flush
done
before=$(spis a)
ok 'control: rekeyed' sw a --rekey --child c
ok 'control: there is a new pair' wait_for 30 replaced "$before"
is 'control: a has the keys of IKE' "$(of_ike a)" 2
is 'control: b, too' "$(of_ike b)" 2
charon_stop a
charon_stop b
done_testing
