#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
#
# The helpers of the scenarios do what they say, and notice when something is wrong. No module of ours is loaded: what is
# shown here is that two unmodified strongSwan daemons, the kernel, tcpdump and tshark agree, and that we read them right.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"

# judged STATEMENT...: what a test script with these statements prints, in one line, and its status
judged() {
	local status=0 text

	printf '%s\n' ". '$KMTIA_TOP/tests/common.sh'" "$1" >"$tap_tmp/judged.sh"
	text=$(bash "$tap_tmp/judged.sh" 2>&1) || status=$?
	echo "${text//$'\n'/ } [$status]"
}

tap_helpers() {
	like 'ok: a command that succeeds passes' "$(judged 'ok x true; done_testing')" '^ok 1 - x 1\.\.1 \[0\]$'
	like 'ok: a command that fails does not' "$(judged 'ok x sh -c "echo why; exit 3"; done_testing')" \
		'^not ok 1 - x .*exit status 3: .*#   why 1\.\.1 \[1\]$'
	like 'ok: nor does a function of which not the last command fails' \
		"$(judged 'f() { false; true; }; ok x f; done_testing')" '^not ok 1 - x .*"false" exited with 1.* \[1\]$'
	like 'fails: a command that fails passes' "$(judged 'fails x false; done_testing')" '^ok 1 - x 1\.\.1 \[0\]$'
	like 'fails: one that succeeds does not' "$(judged 'fails x true; done_testing')" '^not ok 1 - x .*\[1\]$'
	like 'fails: nor one that is not there' "$(judged 'fails x nonesuch; done_testing')" '^not ok 1 .* 127, .*\[1\]$'
	# shellcheck disable=SC2016 # for the other shell
	like 'fails: nor one that was killed' "$(judged 'fails x sh -c "kill -SEGV \$\$"; done_testing')" \
		'^not ok 1 .* 139, .*\[1\]$'
	unlike 'must: ends the script' "$(judged 'must x false; echo went on; done_testing')" 'went on'
	like 'is: equal strings' "$(judged 'is x "a b" "a b"; is y a "*"; done_testing')" '^ok 1 - x not ok 2 - y .*\[1\]$'
	like 'isnt: unequal strings' "$(judged 'isnt x a b; isnt y a a; done_testing')" '^ok 1 - x not ok 2 - y .*\[1\]$'
	like 'like: a regular expression' "$(judged 'like x abc "b.$"; like y abc "^b"; done_testing')" \
		'^ok 1 - x not ok 2 - y .*\[1\]$'
	like 'unlike: the contrary' "$(judged 'unlike x abc "^b"; unlike y abc b; done_testing')" \
		'^ok 1 - x not ok 2 - y .*\[1\]$'
	like 'pass, skip, done_testing' "$(judged 'pass "a#b"; skip c why; done_testing')" \
		'^ok 1 - a\\#b ok 2 - c # SKIP why 1\.\.2 \[0\]$'
	like 'skip_all: no test, but a reason' "$(judged 'skip_all why; pass x')" '^1\.\.0 # SKIP why \[0\]$'
	# shellcheck disable=SC2016 # for the other shell
	like 'an unset variable ends the script, without a plan' "$(judged 'pass x; echo $nope; done_testing')" \
		'^ok 1 - x .*unbound variable[^.]*\[1\]$'
	like 'a failing command ends the script, without a plan' "$(judged 'pass x; false; done_testing')" \
		'^ok 1 - x .*"false" exited with 1 \[1\]$'
	like 'the script must say that it is at its end' "$(judged 'pass x')" 'without done_testing \[1\]$'
	like 'a plan that was not fulfilled is noticed' "$(judged 'plan 2; pass x')" 'without done_testing \[1\]$'
	like 'a plan that was fulfilled will do' "$(judged 'plan 1; pass x')" '^1\.\.1 ok 1 - x \[0\]$'
	like 'at_exit: runs when the script dies' "$(judged 'at_exit echo "a  b"; false')" ' a  b \[1\]$'
}

waiting() {
	local start file=$tap_tmp/late

	start=$(now_ms)
	(sleep 0.3; echo 'it is here' >"$file") &
	ok 'wait_line: waits for a file and a line in it' wait_line "$file" '^it is' 10
	ok 'now_ms: that took some 300 ms' test $(($(now_ms) - start)) -ge 300
	start=$(now_ms)
	fails 'wait_for: gives up' wait_for 1 false
	ok 'wait_for: after its time' test $(($(now_ms) - start)) -ge 1000
	like 'wait_for: says what it waited for' "$(wait_for 0 test -e /nonesuch 2>&1 || :)" 'in vain for: test -e /nonesuch'
}

# key_of NS SRC: encryption and authentication key of the SA from SRC, as the kernel has it
key_of() {
	xfrm_keys "$1" | awk -v src="$2" '$1 == src { print $5, $6 }'
}

# ike_key_of NS ROLE: the same as IKE derived it
ike_key_of() {
	ike_keys "$1" | awk -v role="$2" '
		$1 == role && $2 == "encryption" { key = $3 }
		$1 == role && $2 == "integrity" { auth = $3 }
		END { print key, auth == "" ? "-" : auth }'
}

# pair_up VARIANT KEY_REGEX: two daemons, a ping, and everybody's opinion about the keys
pair_up() {
	local ns pcap=$KMTIA_OUT/$1.pcap

	charon_conf a 10.1.0.1 10.1.0.2
	charon_conf b 10.1.0.2 10.1.0.1
	must "$1: charon starts in a" charon_start a
	must "$1: charon starts in b" charon_start b
	must "$1: they negotiate a child" charon_up a
	like "$1: the mode is $MODE" "$(ip -n a xfrm state)" "mode $MODE"
	for ns in a b; do
		like "$1: the kernel's key in $ns has the right form" "$(key_of $ns 10.1.0.1)" "$2"
		is "$1: what a sends has the initiator's key in $ns" "$(key_of $ns 10.1.0.1)" "$(ike_key_of $ns initiator)"
		is "$1: what b sends has the responder's key in $ns" "$(key_of $ns 10.1.0.2)" "$(ike_key_of $ns responder)"
	done
	must "$1: a capture starts" capture_start a va "$pcap"
	ok "$1: a ping passes" ip netns exec a ping -c 2 -i 0.2 -W 5 10.1.0.2
	ok "$1: the capture stops" capture_stop "$pcap"
	ok "$1: the keys of a as Wireshark's table" esp_sa_file a "$tap_tmp/esp_sa"
	is "$1: with them, tshark finds every ICV right" "$(tshark_esp "$pcap" "$tap_tmp/esp_sa" icmp.type)" "$(expected_packets)"
}

# expected_packets: two requests and two replies
expected_packets() {
	local ab ba

	ab=$(xfrm_keys a | awk '$1 == "10.1.0.1" { print $4 }')
	ba=$(xfrm_keys a | awk '$1 == "10.1.0.2" { print $4 }')
	printf '%s\n' "$ab 1 8" "$ba 1 0" "$ab 1 8" "$ba 1 0"
}

wrong_keys() {
	local pcap=$KMTIA_OUT/gcm.pcap

	sed -E 's/"0x[0-9a-f]{40}"/"0x0123456789012345678901234567890123456789"/' "$tap_tmp/esp_sa" >"$tap_tmp/wrong"
	# What it decrypts to is noise, which may make the packet malformed and its ICV unknown.
	unlike 'with a wrong key, tshark finds no ICV right' "$(tshark_esp "$pcap" "$tap_tmp/wrong")" ' 1'
	: >"$tap_tmp/none"
	is 'without a key, it finds nothing' "$(tshark_esp "$pcap" "$tap_tmp/none" | cut -d ' ' -f 2 | uniq)" -
}

rekeying() {
	local mark

	mark=$(charon_mark b)
	must 'a child is rekeyed' sw b --rekey --child c
	ok 'IKE has derived new keys' wait_for 10 rekeyed "$mark"
	is 'b began it, so b sends with the new initiator key' "$(key_of b 10.1.0.2 | tail -n 1)" "$(ike_key_of b initiator)"
}

# rekeyed MARK: only the new SAs are left, and the log has their keys
rekeyed() {
	[[ $(ike_keys b "$1" | wc -l) == 2 && $(xfrm_keys b | wc -l) == 2 && $(xfrm_keys a | wc -l) == 2 ]]
}

by_hand() {
	local ab=00112233445566778899aabbccddeeff00112233 ba=ffeeddccbbaa99887766554433221100ffeeddcc

	must 'a pair of SAs by hand' manual_pair $ab $ba
	is 'xfrm_keys shows them' "$(xfrm_keys b)" "10.1.0.1 10.1.0.2 esp 0x00001001 $ab - rfc4106(gcm(aes)) - 128
10.1.0.2 10.1.0.1 esp 0x00001002 $ba - rfc4106(gcm(aes)) - 128"
	ok 'a ping passes with them' ip netns exec a ping -c 1 -W 5 10.1.0.2
	ok 'one SA gets another key' ip -n b xfrm state deleteall src 10.1.0.1
	ok 'namely a wrong one' manual_sa b 10.1.0.1 10.1.0.2 0x1001 $ba
	fails 'and no ping passes' ip netns exec a ping -c 1 -W 1 10.1.0.2
}

tap_helpers
waiting
must 'two namespaces' netns_pair
ok 'IPv4 between them' ip netns exec a ping -c 1 -W 5 10.1.0.2
ok 'IPv6 between them' ip netns exec b ping -c 1 -W 5 fd01::1
pair_up gcm '^[0-9a-f]{40} -$'
wrong_keys
rekeying
for ns in a b; do
	ok "charon stops in $ns" charon_stop $ns
done
MODE=tunnel
ESP=aes256-sha256
IKE_VERSION=1
pair_up v1-tunnel-cbc '^[0-9a-f]{64} [0-9a-f]{64}$'
for ns in a b; do
	ok "charon stops in $ns" charon_stop $ns
done
MODE=transport
by_hand
done_testing
