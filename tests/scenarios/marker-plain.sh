#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300 --mem 512 --memory
#
# On a kernel that does not wipe what it frees a secret is nowhere, either, when it is not needed any more; and of what kmtia
# frees nothing holds the secret or a key.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
KEYS=0
# shellcheck source=tests/scenarios/lib/marker.sh
. "$KMTIA_TOP/tests/scenarios/lib/marker.sh"

# derived_key SEED SPI: computed without kmtia
derived_key() {
	"$KMTIA_TOP/tests/py/kdf.py" slot --derivation mix --secret-file /run/secret --key-id "marker-$1" --proto esp --spi "$2" \
		--role aead --algorithm 'rfc4106(gcm(aes))' --bits 160 --module-keys $module_key
}

# freed COUNTER: of kmtia_free_check
freed() {
	cat "/sys/module/kmtia_free_check/parameters/$1"
}

# refused WHAT SPI KEY: a kmtiad gives an SA a key that another one has had
refused() {
	cat >/run/kmtiad.a.conf <<-CONF
		manager {
			uuid = "$(tia_uuid a)"
			flags = {"dictate"}
		}
		source static {
			sa {
				spi = $2
				aead = "0x$3"
			}
		}
	CONF
	chmod 600 /run/kmtiad.a.conf
	must "$1: another kmtiad registers" tia_start a
	fails "$1: an SA that it gives the same key is refused" manual_sa a 10.1.0.1 10.1.0.2 "$2" $module_key
	like "$1: for that reason" "$(dmesg | grep 'kmtia: refused' | tail -n 1)" 'used'
	ok "$1: that kmtiad ends" tia_stop a
}

# dictated_and_freed STANDING SEED SPI: with a module that looks into what is freed meanwhile
dictated_and_freed() {
	local what=asked key secret

	[[ $1 == no ]] || what=standing
	marker make /run/secret $length "$2"
	secret=$(od -A n -v -t x1 -N 16 /run/secret | tr -d ' \n')
	key=$(derived_key "$2" "$3")
	conf "$2" "$1"
	must "freed, $what: look into what is freed" insmod "${KMTIA_KO%/*}/kmtia_free_check.ko" \
		patterns="$secret,${key:0:32},${module_key:0:32}"
	must "freed, $what: kmtiad registers" tia_start a
	ok "freed, $what: an SA" manual_sa a 10.1.0.1 10.1.0.2 "$3" $module_key
	is "freed, $what: has the derived key" "$(xfrm_keys a | awk '{ print $5 }')" "$key"
	ip -n a xfrm state deleteall
	ok "freed, $what: kmtiad ends" tia_stop a
	# Keys that an SA got are freed elsewhere than those that no SA may have.
	refused "freed, $what" $(($3 + 0x1000)) "$key"
	ok "freed, $what: the module unloads" reload
	is "freed, $what: nobody freed the secret" "$(freed all | cut -d, -f1)" 0
	is "freed, $what: kmtia freed neither secret nor key, nor the keying module's" "$(freed ours | cut -d, -f1-3)" 0,0,0
	ok "freed, $what: control: kmtia freed something" test "$(freed seen_ours)" -gt 0
	ok "freed, $what: control: others freed the key" test "$(freed all | cut -d, -f2)" -gt 0
	ok "freed, $what: control: and the keying module's" test "$(freed all | cut -d, -f3)" -gt 0
	rmmod kmtia_free_check
}

# reload: kmtia frees all that it has
reload() {
	km a rule flush
	module_unload
	module_load
	km a rule add priority 10 dictate any on-failure reject
}

netns_pair
must 'the module loads' module_load
must 'rule' km a rule add priority 10 dictate any on-failure reject
round asked 1001 no 0x1001 1
round standing 2002 yes 0x1002 2
dictated_and_freed no 3003 0x1003
dictated_and_freed yes 4004 0x1004
ok 'rules flushed' km a rule flush
ok 'the module unloads' module_unload
done_testing
