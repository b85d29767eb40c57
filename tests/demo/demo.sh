#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 420
#
# What kmtia is for, step by step: a secret that two gateways share strengthens every SA of their unmodified IKE daemons.
# Run by tests/demo/run, which makes this script's comments the story.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with make demo}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"
MODE=tunnel
ESP=aes256gcm16

# step TITLE, tell LINE: the story
step() {
	echo "#=$1"
}

tell() {
	echo "#|$1"
}

# quote TEST FILE REGEX WHO: the last line that matches, as somebody else's word
quote() {
	local line

	line=$(grep -E "$3" "$2" | tail -n 1 | cut -c 1-260) || :
	[[ -z $line ]] || tell "    $4: $line"
	like "$1" "$line" "$3"
}

# gateway_conf NS USE GRACE [FILE]: kmtiad with the old secret and the new; FILE in place of the old one
gateway_conf() {
	cat >"/run/kmtiad.$1.conf" <<-CONF
		control = "/run/kmtiad.$1.sock"
		manager {
			uuid = "$(tia_uuid "$1")"
			name = "gateway-$1"
			flags = {"dictate"}
			grace = $3
		}
		source secret {
			derivation = "mix"
			standing = yes
			use = "$2"
			secret {
				key-id = "2026-11"
				file = "${4:-/run/2026-11.key}"
			}
			secret {
				key-id = "2026-12"
				file = "/run/2026-12.key"
			}
		}
	CONF
}

# sas_of_ike MARK: the SAs, with the keys that IKE derived, for kdf.py: src dst proto spi key -
sas_of_ike() {
	local src dst proto spi role key _
	local -A keys

	while read -r role _ key; do
		keys[$role]=$key
	done < <(ike_keys a "$1")
	while read -r src dst proto spi _; do
		[[ $src == 10.1.0.1 ]] && role=initiator || role=responder
		echo "$src $dst $proto $spi ${keys[$role]} -"
	done < <(xfrm_keys a)
}

fingerprint() {
	perl -e 'print pack "H*", shift' "$1" | sha256sum | cut -c 1-12
}

# keys_are_mixed WHAT MARK KEY_ID: shows fingerprints, and compares with what kdf.py computes from IKE's keys
keys_are_mixed() {
	local src dst spi ike at_a at_b _

	sas_of_ike "$2" >/run/ike.keys
	tell "$(printf '%-24s %-11s %-14s %-14s %s' SA SPI "IKE's key" 'installed at a' 'at b')"
	while read -r src dst _ spi ike _; do
		at_a=$(xfrm_keys a | awk -v s="$spi" '$4 == s { print $5 }')
		at_b=$(xfrm_keys b | awk -v s="$spi" '$4 == s { print $5 }')
		tell "$(printf '%-24s %-11s %-14s %-14s %s' "$src > $dst" "$spi" "$(fingerprint "$ike")" \
			"$(fingerprint "$at_a")" "$(fingerprint "$at_b")")"
		isnt "$1: $spi has another key than IKE's" "$at_a" "$ike"
	done </run/ike.keys
	is "$1: two SAs, at both ends the same" "$(wc -l </run/ike.keys) $(xfrm_keys a)" "2 $(xfrm_keys b)"
	is "$1: their keys are HKDF of IKE's key and the secret, computed in Python" "$(xfrm_keys a)" \
		"$(xfrm_keys a | "$KMTIA_TOP/tests/py/kdf.py" expect --derivation mix --secret-file "/run/$3.key" \
			--key-id "$3" --ike /run/ike.keys)"
}

pings() {
	ip netns exec a ping -n -q -c 5 -i 0.05 -W 5 10.1.0.2 && ip netns exec b ping -n -q -c 5 -i 0.05 -W 5 10.1.0.1
}

child_down() {
	sw a --terminate --child c
	wait_for 20 sa_count_is a 0 && wait_for 20 sa_count_is b 0
}

# child_again WHAT: taken down, negotiated anew; sets mark
child_again() {
	ok "$1: the old SAs are taken down" child_down
	mark=$(charon_mark a)
	ok "$1: CHILD_SA comes up" charon_up a
	ok "$1: ping passes both ways" pings
}

# esp_sa_of_ike FILE: Wireshark's table with IKE's keys
esp_sa_of_ike() {
	local src dst spi key _

	while read -r src dst _ spi key _; do
		printf '"IPv4","%s","%s","%s","AES-GCM with 16 octet ICV [RFC4106]","0x%s","NULL",""\n' "$src" "$dst" "$spi" "$key"
	done </run/ike.keys >"$1"
}

# capture_is_encrypted: pings under capture; counts what tshark decrypts
capture_is_encrypted() {
	local total good

	must 'capture' capture_start a va /run/demo.pcap
	ok 'ping passes both ways' pings
	capture_stop /run/demo.pcap
	esp_sa_file a /run/esp_sa
	total=$(tshark_esp /run/demo.pcap /run/esp_sa | wc -l)
	good=$(tshark_esp /run/demo.pcap /run/esp_sa | awk '$2 == 1' | wc -l)
	tell "tshark, with the installed keys: $good of $total ESP packets decrypt and are authentic"
	is 'tshark decrypts all with the installed keys' "$good $((total >= 20))" "$total 1"
	esp_sa_of_ike /run/esp_sa.ike
	good=$(tshark_esp /run/demo.pcap /run/esp_sa.ike | awk '$2 == 1' | wc -l)
	tell "tshark, with IKE's keys:         $good of $total"
	is "and none with IKE's" "$good" 0
}

spis() {
	xfrm_keys a | awk '{ print $4 }' | sort | tr '\n' ' '
}

rekeyed() {
	sa_count_is a 2 && sa_count_is b 2 && [[ $(spis) != "$1" ]]
}

rekey() {
	local before

	before=$(spis)
	mark=$(charon_mark a)
	ok "$1: IKE rekeys" sw a --rekey --child c
	ok "$1: new SAs replace the old" wait_for 30 rekeyed "$before"
}

# --- The story ------------------------------------------------------------------------------------------------------

step 'Two gateways, a and b, with unmodified strongSwan and a secret that was brought by hand'
netns_pair
must 'the module loads' module_load
(umask 077 && for id in 2026-11 2026-12 wrong; do head -c 64 /dev/urandom >/run/$id.key; done)
for ns in a b; do
	must "$ns: rule: ESP with the other network is refused unless dictated" \
		km $ns rule add priority 10 remote 10.1.0.0/24 proto esp dictate any on-failure reject
	gateway_conf $ns 2026-11 20000
	must "$ns: kmtiad gives the kernel the standing secret 2026-11" tia_start $ns
done
charon_conf a 10.1.0.1 10.1.0.2
charon_conf b 10.1.0.2 10.1.0.1
must 'charon runs in a' charon_start a
must 'charon runs in b' charon_start b

step 'A tunnel comes up: IKEv2, PSK, AES-GCM-256'
mark=1
must 'CHILD_SA comes up' charon_up a
keys_are_mixed 'first SAs' 1 2026-11
capture_is_encrypted

step 'IKE rekeys'
rekey rekey
keys_are_mixed 'rekeyed' "$mark" 2026-11
ok 'ping passes both ways' pings

step 'Rotation: the new secret is chosen at one end, then at the other; SAs that are up stay up'
before=$(spis)
for ns in a b; do
	must "$ns: kmtia secret use 2026-12" km $ns secret use 2026-12 control /run/kmtiad.$ns.sock
	is "$ns: the SAs stay" "$(spis)" "$before"
	ok "$ns: ping passes" pings
done
rekey rotation
keys_are_mixed 'after rotation' "$mark" 2026-12
ok 'ping passes both ways' pings

step 'kmtiad hangs at both ends (SIGSTOP): the secret stands in the kernel'
kill -STOP "$(tia_pid a)" "$(tia_pid b)"
child_again 'kmtiad stopped'
keys_are_mixed 'kmtiad stopped' "$mark" 2026-12
kill -CONT "$(tia_pid a)" "$(tia_pid b)"
for ns in a b; do
	is "$ns: in all this time nobody was asked" "$(stat $ns questions)" 0
done

step 'kmtiad of b is killed: within its grace, 20 seconds, the secret goes on answering'
tia_stop b KILL
child_again 'kmtiad killed'
keys_are_mixed 'kmtiad killed' "$mark" 2026-12
must 'b: kmtiad starts again, and takes over' tia_start b
tell "$(km b manager show | head -n 1 | cut -c 1-120)"

step 'kmtiad of b is killed, and has asked for no grace: nothing comes up in clear, or weaker'
gateway_conf b 2026-12 0
ok 'b: kmtiad is taken down, to have no grace from now on' tia_stop b
ok 'b: an administrator ends the grace that it still has' km b manager del "$(tia_uuid b)"
must 'b: kmtiad runs' tia_start b
ok 'b: and is killed' tia_stop b KILL
ok 'the old SAs are taken down' child_down
fails 'CHILD_SA is refused' charon_up a
is 'b has no SA' "$(sa_count b)" 0
quote 'b: charon says why' "$(charon_log b)" 'received netlink error: Required key not available' 'charon at b'
dmesg >/run/dmesg
quote 'b: the kernel names rule and SA' /run/dmesg 'kmtia: refused esp SA .* rule 10: no key manager' 'kernel at b '
quote 'a: charon is told' "$(charon_log a)" 'NO_PROPOSAL_CHOSEN' 'charon at a'

step 'b has a wrong secret of the same name: IKE sees nothing wrong'
gateway_conf a 2026-11 0
gateway_conf b 2026-11 0 /run/wrong.key
for ns in a b; do
	[[ $ns == b ]] || tia_stop a
	km $ns manager del "$(tia_uuid $ns)" >/dev/null 2>&1 || :
	must "$ns: kmtiad runs" tia_start $ns
done
ok 'CHILD_SA comes up' charon_up a
sw a --list-sas >/run/list-sas
quote 'IKE says INSTALLED' /run/list-sas 'INSTALLED' 'charon at a'
ip netns exec a ping -n -q -c 5 -i 0.05 -W 1 10.1.0.2 >/run/ping || :
loss=$(grep -o '[0-9]*% packet loss' /run/ping)
tell "    ping: $loss"
is 'but nothing passes' "$loss" '100% packet loss'
ok 'kmtia status finds it' wait_for 20 eval 'km b status >/run/status 2>&1; grep -qi mismatch /run/status'
while IFS= read -r line; do
	tell "    ${line:0:140}"
done < <(grep -iE -A 3 'mismatch' /run/status)
# The command looks when it is asked, the module once in a while.
wait_for 20 eval 'dmesg >/run/dmesg; grep -q "kmtia: mismatch:" /run/dmesg' || :
quote 'and the kernel says so' /run/dmesg 'kmtia: mismatch: esp SA' 'kernel at b '
done_testing
