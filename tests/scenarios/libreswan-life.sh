#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
#
# libreswan from its start, when it probes what the kernel can do by creating SAs, to its stop, when its scripts flush all
# SAs of the host. Under a rule that rejects, without a TIA.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

if ! pluto_available; then
	skip_all 'libreswan was not to be had (tests/libreswan.sh)'
fi

# own_conf NS
own_conf() {
	pluto_conf "$1" <<-CONF
		conn t
		  type=transport
		  ikev2=yes
		  ike=aes128-sha2_256-dh31
		  phase2=esp
		  esp=aes_gcm_c_128
		  left=10.1.0.1
		  leftid=@a.example
		  right=10.1.0.2
		  rightid=@b.example
	CONF
}

# probes NS: what it found out by creating SAs, as its log says
probes() {
	grep -aE 'Kernel supports|kernel supports' "$(pluto_log "$1")" || :
}

netns_pair
PSK='a shared secret'
must 'the module loads' module_load
for ns in a b; do
	own_conf $ns
	must "$ns: rule" km $ns rule add priority 10 dictate any on-failure reject
done
must 'pluto starts in a, where a rule rejects and no TIA is' pluto_start a
must 'and in b' pluto_start b
is 'nobody was asked about its probes' "$(stat a questions)" 0
is 'and none was refused' "$(stat a refused)" 0
is 'no SA is left of them' "$(sa_count a)" 0
unlike 'it does not complain' "$(grep -a '^ERROR\|Required key' "$(pluto_log a)" || :)" 'Required key'

fails 'a connection can not come up' pluto_up a t
wait_for 20 sa_count_is a 0
like 'pluto says why' "$(grep -a 'Required key' "$(pluto_log a)" "$(pluto_log b)")" 'Required key not available'
isnt 'refused under the rule' "$(stat a refused)$(stat b refused)" 00
for ns in a b; do
	must "$ns: kmtiad registers" tia_start $ns
done
must 'with TIAs it comes up' pluto_up a t
must 'there are two SAs' wait_for 20 sa_count_is a 2
is 'with the dictated keys' "$(xfrm_keys a)" "$(expected_keys a)"

pluto_stop a
ok 'its stop script flushes' ip netns exec a "$pluto_programs/_stackmanager" stop --xfrm
is 'no SA is left' "$(sa_count a)" 0
ok 'kmtia knows of none' wait_for 10 eval '[[ $(stat a live) == 0 ]]'
pluto_stop b
done_testing
