# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two unmodified strongSwan daemons run on keys that TIAs dictate. MODE is set by who sources this.
#
# IKE's own keys come from charon's log and the installed ones from ip(8), at both ends; what is on the wire from a
# capture that tshark decrypts. Nothing is taken from kmtia's word but the table that it exports, and that is what tshark
# is to judge.

# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

ping_both() {
	ip netns exec a ping -n -q -c 10 -i 0.05 -W 5 10.1.0.2
	ip netns exec b ping -n -q -c 10 -i 0.05 -W 5 10.1.0.1
}

# ike_table MARK: Wireshark's table for the SAs with the keys that IKE had in mind. The initiator is a, so its key is
# that of what a sends.
ike_table() {
	local role key src dst spi _
	local -A keys

	while read -r role _ key; do
		keys[$role]=$key
	done < <(ike_keys a "$1")
	while read -r src dst _ spi _; do
		[[ $src == 10.1.0.1 ]] && role=initiator || role=responder
		printf '"IPv4","%s","%s","%s","AES-GCM with 16 octet ICV [RFC4106]","0x%s","NULL",""\n' \
			"$src" "$dst" "$spi" "${keys[$role]}"
	done < <(xfrm_keys a)
}

# check_keys WHAT MARK: the installed keys are the dictated ones at both ends, and none is IKE's
check_keys() {
	local ns ike installed

	is "$1: both ends have the same SAs and keys" "$(xfrm_keys a)" "$(xfrm_keys b)"
	ike=$(ike_keys a "$2" | awk '{ print $3 }')
	is "$1: IKE derived two keys, both ends the same" "$(ike_keys b "$3")" "$(ike_keys a "$2")"
	is "$1: which are two" "$(wc -w <<<"$ike")" 2
	for ns in a b; do
		is "$1: $ns has the keys that its TIA was told to dictate" "$(xfrm_keys $ns)" "$(expected_keys $ns)"
		installed=$(xfrm_keys $ns | awk '{ print $5 }')
		is "$1: $ns has none of IKE's" "$(grep -Fx -f <(echo "$ike") <<<"$installed" || :)" ''
	done
}

# judge_capture FILE WHAT TABLE: at least 20 packets, both ways, all of them right by the table
judge_capture() {
	local packets

	# In tunnel mode there are inner addresses, too.
	packets=$(tshark_esp "$1" "$3" ip.src ip.dst | sed 's/,[^ ]*//g')
	is "$2: every ESP packet decrypts with the exported table" \
		"$(awk '$2 != 1' <<<"$packets")" ''
	is "$2: at least 20 packets" "$(($(wc -l <<<"$packets") >= 20))" 1
	is "$2: both directions" "$(awk '{ print $3, $4 }' <<<"$packets" | sort -u)" \
		$'10.1.0.1 10.1.0.2\n10.1.0.2 10.1.0.1'
	is "$2: none with the keys that IKE derived" \
		"$(tshark_esp "$1" /run/ike_table | awk '$2 == 1')" ''
	is "$2: though that table has the same SPIs" \
		"$(cut -d, -f4 /run/ike_table | sort -u)" "$(grep -v '^#' "$3" | cut -d, -f4 | sort -u)"
}

spis() {
	xfrm_keys a | awk '{ print $4 }' | sort | tr '\n' ' '
}

rekeyed() {
	sa_count_is a 2 && sa_count_is b 2 && [[ $(spis) != "$1" ]]
}

strongswan_scenario() {
	local ns before mark_a mark_b

	netns_pair
	must 'the module loads' module_load
	for ns in a b; do
		must "$ns: rule" km $ns rule add priority 10 remote 10.1.0.0/24 proto esp dictate any \
			notify any keys "$(tia_uuid $ns)" on-failure reject
		must "$ns: kmtiad registers" tia_start $ns
	done
	charon_conf a 10.1.0.1 10.1.0.2
	charon_conf b 10.1.0.2 10.1.0.1
	must 'charon runs in a' charon_start a
	must 'charon runs in b' charon_start b

	must 'CHILD_SA comes up' charon_up a
	check_keys "$MODE" 1 1
	is "SAs are in $MODE mode" "$(ip -n a xfrm state | grep -o 'mode .*')" \
		"mode $MODE"$'\n'"mode $MODE"
	must 'capture' capture_start a va /run/before.pcap
	ok 'ping both ways' ping_both
	capture_stop /run/before.pcap
	ike_table 1 >/run/ike_table
	wait_for 10 has_lines /run/esp_sa.a 2
	judge_capture /run/before.pcap 'before rekeying' /run/esp_sa.a

	before=$(spis)
	mark_a=$(charon_mark a) mark_b=$(charon_mark b)
	ok 'rekey' sw a --rekey --child c
	ok 'new SAs replace the old' wait_for 30 rekeyed "$before"
	check_keys 'rekeyed' "$mark_a" "$mark_b"
	must 'capture again' capture_start a va /run/after.pcap
	ok 'ping both ways after rekeying' ping_both
	capture_stop /run/after.pcap
	{
		ike_table "$mark_a"
		cat /run/ike_table
	} >/run/ike_both
	mv /run/ike_both /run/ike_table
	wait_for 10 has_lines /run/esp_sa.b 4
	judge_capture /run/after.pcap 'after rekeying, table of the other end' /run/esp_sa.b

	ok 'delete' sw a --terminate --child c
	ok 'no SA is left' wait_for 20 sa_count_is a 0
	ok 'at the other end, too' wait_for 20 sa_count_is b 0
	for ns in a b; do
		is "$ns: kmtia tracks no SA" "$(km $ns -j sa show | tr -d ' \n')" '[]'
		is "$ns: four SAs were dictated" "$(stat $ns dictated)" 4
		is "$ns: four questions were asked" "$(stat $ns questions)" 4
	done
	charon_stop a
	charon_stop b
	for ns in a b; do
		ok "$ns: kmtiad ends" tia_stop $ns
		ok "$ns: rules flushed" km $ns rule flush
	done
	ok 'the module unloads' module_unload
	done_testing
}
