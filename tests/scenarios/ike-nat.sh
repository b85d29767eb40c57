#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 600
#
# A NAT between the ends, through which only UDP passes: each end knows another address of a, and another port, yet both mix
# the same keys. Pairs of unmodified strongSwan, of libreswan (4.10), and one of each.
#
# Left out, because this libreswan has no such thing: IKEv2's transport mode through a NAT. Where RFC 7296, 2.23.1, exchanges
# addresses in the traffic selectors, it answers, or takes the answer for, TS_UNACCEPTABLE, whoever the other end is.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
NAT=1
# shellcheck source=tests/scenarios/lib/ike.sh
. "$KMTIA_TOP/tests/scenarios/lib/ike.sh"

# IKE, IP, mode, ESP, what else; see lib/ike.sh
ike_table charon charon <<-'TABLE'
	2  4     tunnel     gcm128
	2  4     transport  gcm128         esn
	2  4     tunnel     cbc128-sha256
	2  6     tunnel     gcm256
	2  6in4  tunnel     chacha
	1  4     tunnel     gcm128
	1  4     transport  cbc256-sha512
TABLE
ike_table pluto pluto <<-'TABLE'
	2  4     tunnel     gcm128
	2  4     tunnel     chacha         esn
	2  4     tunnel     cbc128-sha256
	2  6     tunnel     gcm256
	1  4     tunnel     cbc128-sha256
	1  4     transport  gcm128
TABLE
ike_table pluto charon <<-'TABLE'
	2  4     tunnel     ctr128-sha256
	1  4     transport  gcm128
TABLE
ike_table charon pluto <<-'TABLE'
	2  4     tunnel     gcm128
	1  4     tunnel     cbc256-sha512
	1  4     transport  gcm128
	2  4     tunnel     gcm128         no-rule
	2  4     tunnel     gcm128         secret
TABLE

# encap_ports NS: those of the ends, as the SAs have them
encap_ports() {
	ip -n "$1" xfrm state | awk '$1 == "encap" { print $5; print $7 }' | sort -nu
}

# rebind: the router forgets its connections, and takes other ports. strongSwan hears from the kernel where a is now, deletes
# the SAs of b, and adds them again, with the keys that it reads back: those must stay.
rebind() {
	local n keys ports questions

	[[ ${daemon[*]} == 'charon charon' ]] || return 0
	keys=$(xfrm_keys b) questions=$(stat b questions) ports=$(encap_ports b)
	like 'b knows a by the ports of the router' "${ports//$'\n'/ }" '^4500( 2[0-9]{4})+$'
	nat_ports 40000-49999
	ok 'the router forgets' nat_forget
	for n in $(cases -); do
		ok "${case_name[n]}: answers come again" wait_for 20 \
			ip netns exec a ping -n -q -c 1 -W 1 -I "${inner_a[n]}" "${inner_b[n]}"
	done
	ports=$(encap_ports b)
	like 'b has the new ports' "${ports//$'\n'/ }" '^4500( 4[0-9]{4})+$'
	is 'and the keys that it had' "$(xfrm_keys b)" "$keys"
	is 'without a question' "$(stat b questions)" "$questions"
	nat_ports 20000-29999
}

ike_scenario rebind
