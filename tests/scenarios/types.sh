#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
#
# ESP and AH, over IPv4 and IPv6, of each shape of keys. Each SA is made by ip(8) at both ends, with another key at each:
# traffic passes only because both are dictated.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"
# shellcheck source=tests/scenarios/lib/both.sh
. "$KMTIA_TOP/tests/scenarios/lib/both.sh"

# policies PROTO: traffic between the ends needs it
policies() {
	local ns src dst dir

	for ns in a b; do
		ip -n $ns xfrm policy flush
		for src in 10.1.0.1 10.1.0.2 fd01::1 fd01::2; do
			case $src in
			*.1) dst=10.1.0.2 ;;
			*.2) dst=10.1.0.1 ;;
			*::1) dst=fd01::2 ;;
			*) dst=fd01::1 ;;
			esac
			dir=in
			[[ $ns == a && $src == *1 || $ns == b && $src == *2 ]] && dir=out
			ip -n $ns xfrm policy add src $src dst $dst dir $dir \
				tmpl src $src dst $dst proto "$1" reqid 1 mode transport
		done
	done
}

# try NAME PROTO ADDR_A ADDR_B ALGORITHM...
try() {
	local name=$1 proto=$2 ns

	# The test function gives the same key for the same SPI, and a key is for one SA only.
	spi=$((spi + 2))
	policies "$proto"
	ok "$name: SAs" sa_both "$3" "$4" "$proto" $spi "${@:5}"
	ok "$name: and back" sa_both "$4" "$3" "$proto" $((spi + 1)) "${@:5}"
	for ns in a b; do
		is "$name: $ns has two" "$(sa_count $ns)" 2
		is "$name: $ns has the dictated keys" "$(xfrm_keys $ns)" "$(expected_keys $ns)"
	done
	ok "$name: a packet passes" ip netns exec a ping -n -q -c 2 -i 0.1 -W 5 "$4"
	is "$name: mates are known" "$(km a -j sa show | jq -c '[.[].mate.spi] | sort')" \
		"$(printf '["0x%08x","0x%08x"]' $spi $((spi + 1)))"
	is "$name: directions are known" "$(km a -j sa show | jq -c '[.[].direction] | sort')" '["in","out"]'
	for ns in a b; do
		ip -n $ns xfrm state flush
		wait_for 10 eval "[[ \$(stat $ns live) == 0 ]]"
	done
}

netns_pair
must 'the module loads' module_load
for ns in a b; do
	must "$ns: rule" km $ns rule add priority 10 dictate any on-failure reject timeout 5000
	must "$ns: kmtiad registers" tia_start $ns
done
is 'all types are interposed on' "$(stat a hooked)" 15

spi=0x1101
readonly gcm=(aead 'rfc4106(gcm(aes))' KEY-20 128)
readonly cbc=(enc 'cbc(aes)' KEY-16 auth-trunc 'hmac(sha256)' KEY-32 128)
readonly mac=(auth-trunc 'hmac(sha256)' KEY-32 128)
try 'ESP GCM, IPv4' esp 10.1.0.1 10.1.0.2 "${gcm[@]}"
try 'ESP GCM, IPv6' esp fd01::1 fd01::2 "${gcm[@]}"
try 'ESP CBC with HMAC, IPv4' esp 10.1.0.1 10.1.0.2 "${cbc[@]}"
try 'ESP CBC with HMAC, IPv6' esp fd01::1 fd01::2 "${cbc[@]}"
try 'ESP NULL with HMAC, IPv4' esp 10.1.0.1 10.1.0.2 enc 'ecb(cipher_null)' '' "${mac[@]}"
try 'AH, IPv4' ah 10.1.0.1 10.1.0.2 "${mac[@]}"
try 'AH, IPv6' ah fd01::1 fd01::2 "${mac[@]}"

# The control: with a TIA at one end only, the same SAs carry nothing.
km b rule flush
policies esp
sa_both 10.1.0.1 10.1.0.2 esp 0x1001 "${gcm[@]}"
sa_both 10.1.0.2 10.1.0.1 esp 0x1002 "${gcm[@]}"
fails 'dictated at one end only: nothing passes' ip netns exec a ping -n -q -c 2 -i 0.1 -W 1 10.1.0.2
isnt 'b counts packets that do not authenticate' \
	"$(ip netns exec b awk '$1 == "XfrmInStateProtoError" { print $2 }' /proc/net/xfrm_stat)" 0
like 'kmtia status at the other end says what that means' "$(km b status)" 'XfrmInStateProtoError'

# An id that lives already: XFRM refuses it, and its TIA is not even asked.
asked=$(stat a questions)
fails 'an SA of the same identity is refused' ip -n a xfrm state add src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x1001 \
	reqid 1 mode transport aead 'rfc4106(gcm(aes))' "$(some_key a 20)" 128
is 'without a question' "$(stat a questions)" "$asked"
is 'it is counted' "$(stat a existing)" 1
keys=$(xfrm_keys a)
ok 'a live SA can be updated' ip -n a xfrm state update src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x1001 \
	reqid 1 mode transport aead 'rfc4106(gcm(aes))' "$(some_key a 20)" 128
is 'without a question, too' "$(stat a questions)" "$asked"
is 'and its key remains' "$(xfrm_keys a)" "$keys"

# IKE daemons read keys back, delete an SA and add it again.
key=$(xfrm_keys a | awk '$4 == "0x00001001" { print $5 }')
ip -n a xfrm state delete src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x1001
ok 'an SA that is added again, elsewhere' ip -n a xfrm state add src 10.1.0.1 dst 10.9.0.2 proto esp spi 0x1001 \
	reqid 1 mode transport aead 'rfc4106(gcm(aes))' "0x$key" 128
is 'is not asked about' "$(stat a questions) $(stat a readded)" "$asked 1"
is 'and keeps its key' "$(xfrm_keys a | awk '$2 == "10.9.0.2" { print $5 }')" "$key"
is 'and what is known about it' "$(km a -j sa show spi 0x1001 | jq -c '[.[] | [.daddr, .origin]]')" '[["10.9.0.2","local"]]'
ip -n a xfrm state delete src 10.1.0.1 dst 10.9.0.2 proto esp spi 0x1001
fails 'keys of zeros, as read back under lockdown, are refused' ip -n a xfrm state add src 10.1.0.1 dst 10.1.0.2 \
	proto esp spi 0x1001 reqid 1 mode transport aead 'rfc4106(gcm(aes))' \
	0x0000000000000000000000000000000000000000 128
is 'without a question' "$(stat a questions)" "$asked"

km a rule flush
ok 'the module unloads' module_unload
done_testing
