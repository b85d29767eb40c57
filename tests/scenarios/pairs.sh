#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
#
# A program of libkmtia's is told once of each pair of SAs that two unmodified charons negotiate, with the keys that
# `ip xfrm state` shows; also of those that were there before it. Without the grant it gets no keys.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
MODE=transport
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

readonly granted=6b6d7469-6100-4000-8000-0000000000e1 other=6b6d7469-6100-4000-8000-0000000000e2

# pairs_start NAME UUID: in a
pairs_start() {
	ip netns exec a "$KMTIA_TOP/build/tests/bin/pairs" "$2" >"/run/pairs.$1" 2>&1 &
	wait_line "/run/pairs.$1" ready 10
}

# told NAME: of which pairs
told() {
	grep -v ready "/run/pairs.$1" || :
}

# told_of NAME N
told_of() {
	[[ $(told "$1" | wc -l) == "$2" ]]
}

# shown WORD: the pair of a, as XFRM has it
shown() {
	echo "$1 $(xfrm_keys a | awk '$2 == "10.1.0.1" { print $4, $5 }') $(xfrm_keys a | awk '$1 == "10.1.0.1" { print $4, $5 }')"
}

netns_pair
must 'the module loads' module_load
for ns in a b; do
	must "$ns: rule" km $ns rule add priority 10 dictate any notify any keys $granted on-failure reject
	must "$ns: kmtiad registers" tia_start $ns
done
must 'a program that is granted keys' pairs_start one $granted
must 'and one that is not' pairs_start two $other
charon_conf a 10.1.0.1 10.1.0.2
charon_conf b 10.1.0.2 10.1.0.1
must 'charon runs in a' charon_start a
must 'charon runs in b' charon_start b
must 'CHILD_SA comes up' charon_up a
ok 'the program is told' wait_for 10 told_of one 1
is 'of the pair, with its keys' "$(told one)" "$(shown pair)"
is 'which are the dictated ones' "$(xfrm_keys a)" "$(expected_keys a)"
ok 'the other one, too' wait_for 10 told_of two 1
is 'without keys' "$(told two)" "$(shown pair | awk '{ print $1, $2, "-", $4, "-" }')"

ok 'rekey' sw a --rekey --child c
ok 'of the new pair as well' wait_for 20 told_of one 2
ok 'the old one goes' wait_for 20 sa_count_is a 2
is 'with its keys' "$(told one | tail -n 1)" "$(shown pair)"

must 'the first ends' pkill -f "pairs $granted"
must 'its place is free' wait_for 10 eval '! km a -j manager show | grep -q $granted'
must 'one that starts late' pairs_start three $granted
ok 'is told of what is there' wait_for 10 told_of three 1
is 'with its keys, too' "$(told three)" "$(shown replayed)"
for ns in a b; do
	must "$ns: nothing is dictated any more" km $ns rule replace priority 10 notify any keys $granted
done
ok 'rekey' sw a --rekey --child c
ok 'the one that is left is told of a pair that nobody dictated' wait_for 20 told_of three 2
ok 'the dictated one goes' wait_for 20 sa_count_is a 2
is 'with its keys' "$(told three | tail -n 1)" "$(shown pair)"
is 'nobody was told twice' "$(told one | wc -l) $(told two | wc -l) $(told three | wc -l)" '2 3 2'
charon_stop a
charon_stop b
done_testing
