#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
#
# A host that gets another address (RFC 4555): unmodified strongSwan reads its SAs back, deletes them and adds them again with
# the new one, at both ends. Nobody is asked again, the dictated keys stay, and traffic goes on.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
MODE=tunnel
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

# inner NS DEV ADDRESS PEER PEER_ADDRESS: a host behind the gateway
inner() {
	ip -n "$1" addr add "$3/32" dev lo
	ip -n "$1" route add "$5/32" dev "$2" src "$3"
	ip -n "$1" neigh replace "$5" lladdr "02:00:00:00:00:0$4" nud permanent dev "$2"
}

# hosts: the ends of the SAs of a
hosts() {
	ip -n a xfrm state | awk '/^src/ { print $2; print $4 }' | sort -u | tr '\n' ' '
}

# at ADDRESS: both ends have a's SAs there
at() {
	[[ $(hosts) == "$1 10.1.0.2 " || $(hosts) == "10.1.0.2 $1 " ]] && sa_count_is a 2 && sa_count_is b 2 &&
		[[ $(xfrm_keys a) == "$(xfrm_keys b)" ]]
}

# spis_and_keys NS
spis_and_keys() {
	xfrm_keys "$1" | awk '{ print $4, $5 }' | sort
}

# moves FROM TO: a loses one address and has the other
moves() {
	local asked readded

	asked=$(stat a questions) readded=$(stat a readded)
	is "$2: the packets pass before" "$(received 3)" 3
	# The one that stays is the subnet's first then, and keeps its routes.
	ip netns exec a sysctl -q net.ipv4.conf.va.promote_secondaries=1
	ip -n a addr add "$2/24" dev va
	ip -n a addr del "$1/24" dev va
	ok "$2: charon moves the SAs, at both ends" wait_for 60 at "$2"
	for ns in a b; do
		is "$2: $ns has the keys that it had" "$(spis_and_keys $ns)" "$keys"
		is "$2: $ns: none is one of IKE's" "$(grep -cFf <(charon_sas $ns | awk '{ print $5 }') <<<"$(spis_and_keys $ns)")" 0
	done
	is "$2: nobody was asked" "$(stat a questions) $(stat b questions)" "$asked $asked"
	is "$2: both were added again" "$(stat a readded)" $((readded + 2))
	ok "$2: packets pass again" wait_for 20 passes
	is "$2: and none is lost" "$(received 10)" 10
}

# received N: of so many pings
received() {
	ip netns exec a ping -n -q -c "$1" -i 0.1 -W 5 -I 10.2.0.1 10.2.0.2 | grep -o '[0-9]* received' | cut -d' ' -f1
}

passes() {
	[[ $(received 1) == 1 ]]
}

netns_pair
must 'the module loads' module_load
inner a va 10.2.0.1 2 10.2.0.2
inner b vb 10.2.0.2 1 10.2.0.1
ip -n b neigh replace 10.1.0.11 lladdr 02:00:00:00:00:01 nud permanent dev vb
for ns in a b; do
	must "$ns: rule" km $ns rule add priority 10 proto esp dictate any on-failure reject
	must "$ns: kmtiad registers" tia_start $ns
done
charon_conf a 10.1.0.1 10.1.0.2 $'local_ts = 10.2.0.1/32\nremote_ts = 10.2.0.2/32' 'local_addrs = %any'
charon_conf b 10.1.0.2 10.1.0.1 $'local_ts = 10.2.0.2/32\nremote_ts = 10.2.0.1/32' 'remote_addrs = %any'
must 'charon runs in a' charon_start a
must 'charon runs in b' charon_start b
must 'CHILD_SA comes up' charon_up a
must 'it is there' wait_for 20 at 10.1.0.1
is 'with the dictated keys' "$(xfrm_keys a)" "$(expected_keys a)"
keys=$(spis_and_keys a)
moves 10.1.0.1 10.1.0.11
moves 10.1.0.11 10.1.0.1
charon_stop a
charon_stop b
done_testing
