#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
#
# SAs that are not alone: AH around ESP, IPComp within it; those of an XFRM interface, of marked packets, in a VRF. Each is made
# by ip(8) at both ends, with another key at each: packets pass only because both are dictated.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"
# shellcheck source=tests/scenarios/lib/both.sh
. "$KMTIA_TOP/tests/scenarios/lib/both.sh"

readonly here=10.1.0.1 there=10.1.0.2
readonly gcm=(aead 'rfc4106(gcm(aes))' KEY-20 128)
readonly mac=(auth-trunc 'hmac(sha256)' KEY-32 128)

# policy_both SELECTOR_ARG... -- TEMPLATE...: what goes either way has these templates. A template is a word, its arguments
# separated by commas. An interface's policies are for all that goes through it.
policy_both() {
	local selector=() hosts ns src dst dir template templates

	while [[ $1 != -- ]]; do
		selector+=("$1")
		shift
	done
	shift
	for ns in a b; do
		for src in $here $there; do
			[[ $src == "$here" ]] && dst=$there || dst=$here
			[[ $ns$src == "a$here" || $ns$src == "b$there" ]] && dir=out || dir=in
			templates=()
			for template; do
				# shellcheck disable=SC2206 # words
				templates+=(tmpl src $src dst $dst ${template//,/ })
			done
			hosts=(src "$src" dst "$dst")
			[[ ${selector[0]:-} != if_id ]] || hosts=()
			ip -n $ns xfrm policy add "${hosts[@]}" dir $dir "${selector[@]}" "${templates[@]}"
		done
	done
}

# pings NAME ARG...: from a
pings() {
	ok "$1: packets pass" ip netns exec a ping -n -q -c 3 -i 0.1 -W 5 "${@:2}"
}

# dictated NAME N: all ESP and AH SAs, N at each end, have the dictated keys
dictated() {
	local ns

	for ns in a b; do
		is "$1: $ns has the SAs" "$(ip_keys $ns | wc -l)" "$2"
		is "$1: $ns has the dictated keys" "$(ip_keys $ns)" "$(ip_keys $ns | with_expected_keys)"
	done
}

# ip_keys NS: xfrm_keys, without what has no key
ip_keys() {
	xfrm_keys "$1" | awk '$3 != "comp" && $3 != "ipencap"'
}

# packets NS PROTO: that SAs of this protocol have carried
packets() {
	ip -n "$1" -s xfrm state | awk -v proto="$2" '
		$1 == "proto" { is = $2 == proto }
		is && /lifetime current:/ { getline; sum += $2 }
		END { print sum + 0 }'
}

# over: for the next
over() {
	local ns

	for ns in a b; do
		ip -n $ns xfrm state flush
		ip -n $ns xfrm policy flush
		wait_for 10 eval "[[ \$(stat $ns live) == 0 ]]"
	done
}

ah_and_esp() {
	policy_both -- proto,esp,reqid,1,mode,transport proto,ah,reqid,1,mode,transport
	sa_both $here $there esp 0x1001 "${gcm[@]}"
	sa_both $here $there ah 0x1002 "${mac[@]}"
	sa_both $there $here esp 0x1003 "${gcm[@]}"
	sa_both $there $here ah 0x1004 "${mac[@]}"
	dictated 'AH and ESP' 4
	pings 'AH and ESP' $there
	is 'AH and ESP: both carry them' "$(($(packets a ah) >= 6)) $(($(packets a esp) >= 6))" '1 1'
	over
}

esp_and_comp() {
	local asked

	asked=$(stat a questions)
	policy_both -- proto,comp,reqid,1,mode,transport,level,use proto,esp,reqid,1,mode,transport
	sa_both $here $there esp 0x1101 "${gcm[@]}"
	sa_both $there $here esp 0x1102 "${gcm[@]}"
	sa_both $here $there comp 0x1103 comp deflate
	sa_both $there $here comp 0x1104 comp deflate
	is 'IPComp: its SAs have no keys, and nobody is asked about them' $(($(stat a questions) - asked)) 2
	dictated 'IPComp' 2
	pings 'IPComp' -s 1200 $there
	is 'IPComp: both carry them' "$(($(packets a comp) >= 6)) $(($(packets a esp) >= 6))" '1 1'
	over
}

xfrm_interface() {
	local ns last=1

	for ns in a b; do
		ip -n $ns link add ipsec0 type xfrm dev v$ns if_id 7
		ip -n $ns addr add 10.7.0.$((last++))/24 dev ipsec0
		ip -n $ns link set ipsec0 up
	done
	policy_both if_id 7 -- proto,esp,reqid,1,mode,tunnel
	SA_MODE=tunnel sa_both $here $there esp 0x1201 "${gcm[@]}" if_id 7
	SA_MODE=tunnel sa_both $there $here esp 0x1202 "${gcm[@]}" if_id 7
	dictated 'XFRM interface' 2
	is 'XFRM interface: it is known whose they are' "$(km a -j sa show | jq -c '[.[].if_id]')" '[7,7]'
	pings 'XFRM interface' 10.7.0.2
	over
	for ns in a b; do
		ip -n $ns link del ipsec0
	done
}

marks() {
	local ns

	modprobe -qa nf_tables nft_meta || :
	for ns in a b; do
		ip netns exec $ns nft -f - <<-NFT
			table inet marks {
				chain in {
					type filter hook prerouting priority mangle
					meta l4proto esp meta mark set 5
				}
				chain out {
					type route hook output priority mangle
					meta l4proto { icmp } meta mark set 5
				}
			}
		NFT
	done
	policy_both mark 5 mask 0xff -- proto,esp,reqid,1,mode,transport
	sa_both $here $there esp 0x1301 "${gcm[@]}" mark 5 mask 0xff
	sa_both $there $here esp 0x1302 "${gcm[@]}" mark 5 mask 0xff
	dictated 'marked packets' 2
	pings 'marked packets' $there
	is 'marked packets: the SAs carry them' $(($(packets a esp) >= 6)) 1
	over
	for ns in a b; do
		ip netns exec $ns nft delete table inet marks
	done
}

vrf() {
	modprobe -q vrf || :
	ip -n a link add blue type vrf table 100
	ip -n a link set blue up
	ip -n a link set va master blue
	ip -n a neigh replace $there lladdr 02:00:00:00:00:02 nud permanent dev va
	policy_both -- proto,esp,reqid,1,mode,transport
	sa_both $here $there esp 0x1401 "${gcm[@]}"
	sa_both $there $here esp 0x1402 "${gcm[@]}"
	dictated 'VRF' 2
	pings 'VRF' -I blue $there
	is 'VRF: the SAs carry them' $(($(packets a esp) >= 6)) 1
	over
}

netns_pair
must 'the module loads' module_load
for ns in a b; do
	must "$ns: rule" km $ns rule add priority 10 dictate any on-failure reject timeout 5000
	must "$ns: kmtiad registers" tia_start $ns
done
ah_and_esp
esp_and_comp
xfrm_interface
marks
vrf

# The control: with a rule at one end only the same SAs carry nothing.
km b rule flush
policy_both -- proto,esp,reqid,1,mode,transport
sa_both $here $there esp 0x1501 "${gcm[@]}"
sa_both $there $here esp 0x1502 "${gcm[@]}"
fails 'dictated at one end only: nothing passes' ip netns exec a ping -n -q -c 2 -i 0.1 -W 1 -I blue $there
done_testing
