# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A secret, and a key derived from it, that are looked for in all of the guest's memory; for scenarios with "# vm: --memory".
# The secret is made in a file on tmpfs and overwritten there, so that no copy is left but by those who are on trial: kmtiad,
# the library, the kernel.

# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"
# shellcheck disable=SC2034 # for manual_sa
MODE=transport
PATH=$KMTIA_TOP/build/tests/bin:$PATH

KEYS=${KEYS:-1}
readonly length=96 module_key=a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3

# conf SEED STANDING
conf() {
	cat >/run/kmtiad.a.conf <<-CONF
		manager {
			uuid = "$(tia_uuid a)"
			flags = {"dictate"}
		}
		source secret {
			derivation = "mix"
			standing = $2
			secret {
				key-id = "marker-$1"
				file = "/run/secret"
			}
		}
	CONF
}

# key_words SEED SPI: what the host needs to compute the key
key_words() {
	echo mix "marker-$1" "$2" 'rfc4106(gcm(aes))' $module_key $length "$1"
}

# found KIND WORD...: in memory?
found() {
	(($(memory_count "$@") > 0))
}

# round WHAT SEED STANDING SPI DICTATED: from the making of the secret until it and, unless KEYS=0, the key are nowhere.
# DICTATED is how many SAs were dictated then.
round() {
	local words

	read -r -a words < <(key_words "$2" "$4")
	ok "$1: the secret is nowhere before it is made" memory_clean secret $length "$2"
	must "$1: make the secret" marker make /run/secret $length "$2"
	ok "$1: control: in its file it is found" found secret $length "$2"
	conf "$2" "$3"
	must "$1: kmtiad registers" tia_start a
	ok "$1: an SA" manual_sa a 10.1.0.1 10.1.0.2 "$4" $module_key
	is "$1: is dictated" "$(ip -n a xfrm state count | tr -dc 0-9)" 1
	marker wipe /run/secret
	ok "$1: control: the secret is found while kmtiad has it" found secret $length "$2"
	ok "$1: control: the key is found while the SA lives" found key "${words[@]}"
	ip -n a xfrm state deleteall
	ok "$1: kmtiad ends" tia_stop a
	ok "$1: the secret is nowhere" wait_for 20 memory_clean secret $length "$2"
	((!KEYS)) || ok "$1: the key is nowhere" wait_for 20 memory_clean key "${words[@]}"
	is "$1: all SAs were dictated" "$(stat a dictated)" "$5"
}
