#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300 --cpus 2
#
# Many SAs come and go: nothing of the module's is left of them, in memory or in the SAs.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

readonly readd_ms=2000

# batch add|delete FIRST N: for ip -batch
batch() {
	local i spi key='aead rfc4106(gcm(aes)) 0x1eef1eef1eef1eef1eef1eef1eef1eef1eef1eef 128'

	[[ $1 == add ]] || key=''
	for ((i = 0; i < $3; i++)); do
		printf -v spi '0x%x' $(($2 + i))
		echo "xfrm state $1 src 10.1.0.1 dst 10.2.$((i >> 8)).$((i & 255)) proto esp spi $spi${key:+ mode tunnel $key}"
	done
}

# objects CACHE: how many of its objects are in use. Free ones that a CPU keeps count as used until it gives them back.
objects() {
	echo 1 >"/sys/kernel/slab/$1/shrink"
	awk -v cache="$1" '$1 == cache { print $2 }' /proc/slabinfo
}

no_objects() {
	[[ $(objects "$1") == 0 ]]
}

# check_types N: with no rule nothing interposes, so that the slots of the protocols hold what they should. insmod looks
# at the namespace of who calls it.
check_types() {
	km a rule flush
	is 'without a rule nothing is interposed on' "$(stat a hooked)" 0
	must 'the test module loads' ip netns exec a insmod "${KMTIA_KO%/*}/kmtia_check.ko"
	is 'it sees the SAs' "$(</sys/module/kmtia_check/parameters/seen)" "$1"
	is 'the type of each is the original' "$(</sys/module/kmtia_check/parameters/foreign)" 0
	rmmod kmtia_check
	km a rule add "${rule[@]}"
	is 'with a rule all types are' "$(stat a hooked)" 15
}

netns_pair
must 'the module loads' module_load readd_ms=$readd_ms
rule=(priority 10 dictate any on-failure reject)
must 'rule' km a rule add "${rule[@]}"
must 'kmtiad registers' tia_start a

for round in 1 2; do
	must "round $round: 1,000 SAs" ip -n a -batch <(batch add 0x10000 1000)
	is "round $round: they are tracked" "$(stat a live)" 1000
	is "round $round: and all dictated" "$(km a -j sa show | jq 'map(select(.origin == "local")) | length')" 1000
	some=$(xfrm_keys a | tail -n 20)
	is "round $round: with the keys that the TIA gives" "$some" "$(with_expected_keys <<<"$some")"
	((round == 2)) || check_types 1000
	start=$(now_ms)
	ip -n a -batch <(batch delete 0x10000 1000)
	is "round $round: deleted: none is tracked, at once" "$(stat a live)" 0
	is "round $round: none is listed" "$(km a -j sa show | tr -d ' \n')" '[]'
	is "round $round: no SA is left" "$(sa_count a)" 0
	# A set of it that is full forgets its oldest key; where the keys fall is another matter at each boot.
	known=$(stat a reuse)
	is "round $round: the reuse memory knows the keys" "$((known > 980 && known <= 1000)) ($known)" "1 ($known)"
	((round == 1)) || is "round $round: once" "$known" "$known_first"
	known_first=${known_first:-$known}
done
ok 'after the re-add time no SA is remembered' wait_for 20 eval '[[ $(stat a remembered) == 0 ]]'
took=$(($(now_ms) - start))
is 'and not much before' "$((took >= readd_ms)) ($took ms)" "1 ($took ms)"
ok 'no tracked SA is left in the slabs' wait_for 20 no_objects kmtia_sa
ok 'nor a request' wait_for 20 no_objects kmtia_request

must '5,000 more SAs' ip -n a -batch <(batch add 0x20000 5000)
max=$(stat a reuse-max)
is 'are more keys than the reuse memory holds' "$((max < 5000))" 1
is 'which stays within its bound' "$(($(stat a reuse) <= max))" 1
is 'and is in use' "$(($(stat a reuse) > max / 2))" 1
ip -n a xfrm state flush
ok 'a flush leaves none tracked' wait_for 20 eval '[[ $(stat a live) == 0 ]]'
ok 'the slabs are empty again' wait_for 30 no_objects kmtia_sa

tia_stop a
km a rule flush
ok 'the module unloads' module_unload
done_testing
