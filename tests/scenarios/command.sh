#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
#
# The command kmtia and the daemon, as an operator types them.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

# exits STATUS NAME REGEX CMD...: with that status, and words that match
exits() {
	local status=0 out

	out=$("${@:4}" 2>&1) || status=$?
	is "$2: exit status" "$status" "$1"
	like "$2: words" "$out" "$3"
}

# json NAME CMD...: prints valid JSON
json() {
	ok "$1" bash -c '"$@" | jq -e . >/dev/null' bash "${@:2}"
}

netns_pair

# --- Without the module
exits 2 'status without the module' 'module' km a status
exits 2 'rule add without the module' '[Mm]odule|family' km a rule add priority 1
exits 1 'kmtiad without the module' '[Mm]odule|family' bash -c "$(declare -f tia_uuid tia_conf); tia_conf a;
	exec ip netns exec a kmtiad -f -c /run/kmtiad.a.conf"

must 'the module loads' module_load

# --- Empty lists are lists
for object in manager rule sa; do
	is "$object show: nothing" "$(km a $object show)" ''
	is "$object show -j: an empty list" "$(km a -j $object show | tr -d ' \n')" '[]'
done
is 'manager policy show: nothing' "$(km a manager policy show)" ''
is 'manager policy show -j: an empty list' "$(km a -j manager policy | tr -d ' \n')" '[]'
json 'stats show -j' kmtia -n a -j stats show
json 'status -j' kmtia -n a -j status
ok 'status' km a status

# --- Rules
rule='priority 10 remote 10.1.0.0/24 proto esp dictate any notify any on-failure reject'
# shellcheck disable=SC2086 # words
ok 'the rule of the manual' km a rule add $rule
is 'is shown in its own words' "$(km a rule show)" "$rule timeout 1000"
everything="priority 20 local fd01::/64 remote fd02::/32 proto ah dir in reqid 7 if_id 0x9 mark 0x10/0xff"
everything+=" dictate $(tia_uuid a) notify $(tia_uuid b) keys $(tia_uuid b) on-failure manager timeout 250"
# shellcheck disable=SC2086
ok 'a rule with everything' km a rule add $everything
is 'is shown in its own words' "$(km a rule show | tail -n 1)" "$everything"
km a rule show >/run/rules
km a rule flush
is 'flush' "$(km a rule show)" ''
while read -r line; do
	# shellcheck disable=SC2086
	km a rule add $line
done </run/rules
is 'what show says can be typed again' "$(km a rule show)" "$(</run/rules)"
is 'rules of another namespace are its own' "$(km b rule show)" ''
json 'rule show -j' kmtia -n a -j rule show
is 'in JSON, too' "$(km a -j rule show | jq -c '[.[].priority]')" '[10,20]'
ok 'del' km a rule del priority 20
ok 'del, in short' km a ru d 10
is 'nothing is left' "$(km a rule show)" ''
ok 'on-failure keep' bash -c 'kmtia -n a rule add priority 10 dictate any on-failure keep 2>/run/warning'
like 'comes with a warning' "$(</run/warning)" 'Warning: .*other end'

ok 'replace, of what there is' km a rule replace priority 10 dictate any timeout 70
is 'puts the rule in its place' "$(km a rule show)" \
	'priority 10 dictate any notify none on-failure reject timeout 70'
ok 'replace, of what there is not' km a ru rep priority 30 notify any
is 'adds it' "$(km a -j rule show | jq -c '[.[].priority]')" '[10,30]'
exits 2 'replace by what the kernel refuses' 'nobody dictates' km a rule replace priority 10 on-failure keep
is 'leaves what there is' "$(km a rule show | head -n 1)" \
	'priority 10 dictate any notify none on-failure reject timeout 70'
ok 'del' km a rule del 30
exits 1 'an unknown word' 'colour' km a rule add priority 5 colour red
exits 1 'a word twice' 'proto' km a rule add priority 5 proto esp proto ah
exits 1 'no priority' 'priority' km a rule add dictate any
exits 1 'host bits' '10.1.0.1/24' km a rule add priority 5 remote 10.1.0.1/24
exits 1 'no such object' 'banana' km a banana
exits 1 'an ambiguous object' 'stats.*status|status.*stats' km a sta
exits 2 'priority taken' 'exists' km a rule add priority 10
exits 2 'no such rule' 'no rule' km a rule del 77
exits 2 'on-failure where nobody dictates' 'nobody dictates' km a rule add priority 5 on-failure keep
exits 2 'no such manager' 'no key manager' km a manager del 00000000-0000-4000-8000-000000000001
exits 2 'no such namespace' 'nowhere' kmtia -n nowhere rule show
is 'none of them added a rule' "$(km a rule show | wc -l)" 1

# --- Manager policy
ok 'policy set, of a user' km a manager policy set uuid "$(tia_uuid a)" user root dictate exclusive
ok 'of a group' km a ma pol set gid 7 any notify
is 'is shown in its own words' "$(km a manager policy show)" "uuid $(tia_uuid a) uid 0 dictate exclusive
any gid 7 notify"
while read -r line; do
	# shellcheck disable=SC2086
	ok 'what show says can be typed again' km a manager policy set $line
done < <(km a manager policy)
is 'and is a statement once' "$(km a manager policy show | wc -l)" 2
is 'in JSON, too' "$(km a -j manager policy show | jq -c .)" \
	"[{\"uuid\":\"$(tia_uuid a)\",\"uid\":0,\"flags\":[\"dictate\",\"exclusive\"]},{\"gid\":7,\"flags\":[\"notify\"]}]"
json 'with indentation' kmtia -n a -j -p manager policy show
is 'the policy of another namespace is its own' "$(km b manager policy show)" ''
exits 1 'no flags' 'what for' km a manager policy set any uid 5
exits 1 'no such user' 'no user here' km a manager policy set any user nosuchuser notify
exits 1 'del of nothing in particular' 'as whom' km a manager policy del
exits 2 'del of what there is not' 'no such statement' km a manager policy del any uid 7
ok 'del' km a manager policy del any gid 7
is 'takes that one back' "$(km a manager policy show)" "uuid $(tia_uuid a) uid 0 dictate exclusive"

# --- What is saved
km a rule save >/run/saved.conf
like 'save: the rule' "$(</run/saved.conf)" 'rule 10 \{.*dictate = any.*on-failure = reject.*timeout = 70'
like 'and the policy' "$(</run/saved.conf)" "manager-policy \\{.*$(tia_uuid a).*uid = 0.*exclusive"
exits 1 'save is no JSON' 'show' km a -j rule save
tia_conf a
{ echo 'rules = "/run/saved.conf"' && cat /run/kmtiad.a.conf; } >/run/with-rules.conf
ok 'kmtiad takes the file' kmtiad --check-config -c /run/with-rules.conf
sed -i 's/on-failure/on-falure/' /run/saved.conf
exits 2 'but not a bad one' '^/run/saved.conf:[0-9]+: no such option .on-falure' kmtiad --check-config -c /run/with-rules.conf
ok 'del all' km a manager policy del all
is 'takes all back' "$(km a manager policy show)" ''

# --- The daemon's configuration
tia_conf a
ok 'check-config of a good one' kmtiad --check-config -c /run/kmtiad.a.conf
sed 's/notify/notfy/' /run/kmtiad.a.conf >/run/bad.conf
exits 2 'check-config of a bad one' '/run/bad.conf:4: ' kmtiad --check-config -c /run/bad.conf
exits 2 'kmtiad with a bad one' '/run/bad.conf:4: ' ip netns exec a kmtiad -f -c /run/bad.conf
is 'registers nobody' "$(km a manager show)" ''
exits 2 'no such file' '/run/none.conf' kmtiad --check-config -c /run/none.conf

# --- Monitor, managers, SAs
ip netns exec a kmtia -j monitor >/run/monitor.json &
json_monitor=$!
ip netns exec a kmtia monitor >/run/monitor.txt &
text_monitor=$!
# shellcheck disable=SC2016 # evaluated later
ok 'both monitors listen' wait_for 10 eval '{ km a rule add priority 99; km a rule del 99; } 2>/dev/null &&
	[[ -s /run/monitor.json && -s /run/monitor.txt ]]'
tia_start a
km a rule flush
km a rule add priority 10 dictate any notify any
MODE=transport
key=1eef1eef1eef1eef1eef1eef1eef1eef1eef1eef
ok 'an SA is dictated' manual_sa a 10.1.0.1 10.1.0.2 0x1001 $key
is 'sa show names it' "$(km a -j sa show spi 0x1001 | jq -c '[.[] | [.spi, .daddr, .origin, .manager]]')" \
	"[[\"0x00001001\",\"10.1.0.2\",\"local\",\"$(tia_uuid a)\"]]"
like 'as text, too' "$(km a sa show)" "src 10.1.0.1 dst 10.1.0.2.*spi 0x00001001.*origin local"
unlike 'without its key' "$(km a -s sa show) $(km a -j sa show)" "$(xfrm_keys a | awk '{ print $5 }')"
is 'sa show of another SPI' "$(km a -j sa show spi 0x2002 | tr -d ' \n')" '[]'
json 'manager show -j' kmtia -n a -j manager show
is 'manager show' "$(km a -j manager show | jq -c '[.[] | [.uuid, .name, .pid]]')" \
	"[[\"$(tia_uuid a)\",\"tia-a\",$(tia_pid a)]]"
ok 'the monitor tells' wait_line /run/monitor.json '"dictated"' 10
ok 'as text, too' wait_line /run/monitor.txt 'dictated' 10
ok 'manager del' km a manager del "$(tia_uuid a)"
is 'ends the registration' "$(km a manager show)" ''
ok 'the monitor tells that, too' wait_line /run/monitor.json '"manager-del"' 10
fails 'then an SA is refused' manual_sa a 10.1.0.1 10.1.0.2 0x1002 $key
ok 'which is monitored' wait_line /run/monitor.json '"failed"' 10
km a manager policy set any uid 5 notify
km a manager policy del all
km a rule replace priority 10 dictate any
for event in policy-set policy-del 'rule-replace rule 10'; do
	ok "monitor: $event" wait_line /run/monitor.txt "^$event" 10
	ok 'in JSON, too' wait_line /run/monitor.json "\"event\": *\"${event%% *}\"" 10
done
kill $json_monitor $text_monitor
status=0
wait $json_monitor || status=$?
is 'monitor ends well when told to' "$status" 0
ok 'each line of it is JSON' jq -e . /run/monitor.json
unlike 'no key is in it' "$(cat /run/monitor.json /run/monitor.txt)" "$(xfrm_keys a | awk '{ print $5 }')|$key"
ok 'kmtiad notices' wait_for 30 process_gone "$(tia_pid a)"

# --- SAs by configuration
cat >/run/kmtiad.b.conf <<-CONF
	manager { uuid = "$(tia_uuid b)" name = "static" flags = {"dictate", "exclusive"} }
	source static {
		on-missing = "cannot"
		sa { spi = 0x1001 proto = "esp" aead = "0x00112233445566778899aabbccddeeff01234567" key-id = "manual-1" }
	}
CONF
chmod 600 /run/kmtiad.b.conf
must 'kmtiad with keys by SPI' tia_start b
like 'that dictates alone' "$(km b manager show)" 'flags dictate,exclusive '
is 'in JSON, too' "$(km b -j manager show | jq -c '.[].flags')" '["dictate","exclusive"]'
km b rule add priority 10 dictate any
ok 'an SA whose SPI it knows' manual_sa b 10.1.0.1 10.1.0.2 0x1001 $key
is 'has that key' "$(xfrm_keys b | awk '{ print $5 }')" 00112233445566778899aabbccddeeff01234567
is 'under its name' "$(km b -j sa show | jq -r '.[].key_id')" manual-1
exits 2 'an SA whose SPI it does not know' '' manual_sa b 10.1.0.1 10.1.0.2 0x1003 $key
is 'is not installed' "$(sa_count b)" 1
chmod 644 /run/kmtiad.b.conf
exits 2 'a file of keys that others may read' 'read' kmtiad --check-config -c /run/kmtiad.b.conf
ok 'kmtiad ends' tia_stop b

km a rule flush
km b rule flush
ok 'the module unloads' module_unload
done_testing
