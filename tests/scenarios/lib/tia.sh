# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A kmtiad in a namespace that dictates by its public test function, and the keys that it must give, computed without it.

# tia_uuid NS: each namespace's manager has its own
tia_uuid() {
	printf '6b6d7469-6100-4000-8000-0000000000%02x\n' "'$1"
}

tia_log() {
	echo "/run/kmtiad.$1.log"
}

# tia_conf NS [LINES]: writes the configuration; the exporter gets keys only where a rule grants them
tia_conf() {
	cat >"/run/kmtiad.$1.conf" <<-CONF
		manager {
			uuid = "$(tia_uuid "$1")"
			name = "tia-$1"
			flags = {"dictate", "notify"}
		}
		source static {
			test-function = "spi-sha256"
			on-missing = "cannot"
		}
		exporter wireshark {
			file = "/run/esp_sa.$1"
		}
		${2:-}
	CONF
}

# tia_start NS: returns when it is registered
tia_start() {
	[[ -e /run/kmtiad.$1.conf ]] || tia_conf "$1"
	ip netns exec "$1" kmtiad --foreground --config "/run/kmtiad.$1.conf" \
		</dev/null >"$(tia_log "$1")" 2>&1 &
	echo $! >"/run/kmtiad.$1.pid"
	wait_line "$(tia_log "$1")" 'registered as' 20
}

tia_pid() {
	cat "/run/kmtiad.$1.pid"
}

# tia_stop NS [SIGNAL]
tia_stop() {
	kill "-${2:-TERM}" "$(tia_pid "$1")"
	wait_for 10 process_gone "$(tia_pid "$1")"
}

# km NS ARG...: the command, in that namespace
km() {
	kmtia -n "$@"
}

# test_key SPI PROTO ROLE BYTES: what the function "spi-sha256" of kmtiad.conf(5) gives, in hex. PROTO and ROLE are
# numbers: 50 esp, 51 ah; 0 aead, 1 encryption, 2 authentication.
test_key() {
	local key='' counter=0

	while ((${#key} < $4 * 2)); do
		key+=$({
			printf 'kmtia test key\0'
			printf '%b' "$(printf '\\x%02x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) \
				$(($1 & 255)) "$2" "$3" $((counter++)))"
		} | sha256sum | cut -d' ' -f1)
	done
	echo "${key:0:$4*2}"
}

# with_expected_keys: lines of xfrm_keys, with the keys that a TIA of the test function dictates for these SAs
with_expected_keys() {
	local src dst proto spi key auth_key rest number enc auth

	while read -r src dst proto spi key auth_key rest; do
		[[ $proto == esp ]] && number=50 || number=51
		enc=$key auth=$auth_key
		if [[ $auth_key == - ]]; then
			enc=$(test_key "$spi" $number 0 $((${#key} / 2)))
		else
			[[ $key == - ]] || enc=$(test_key "$spi" $number 1 $((${#key} / 2)))
			auth=$(test_key "$spi" $number 2 $((${#auth_key} / 2)))
		fi
		echo "$src $dst $proto $spi $enc $auth $rest"
	done
}

# expected_keys NS: what xfrm_keys must say
expected_keys() {
	xfrm_keys "$1" | with_expected_keys
}

# stat NS NAME: one of the module's counters
stat() {
	km "$1" stats show | awk -v name="$2" '$1 == name { print $2 }'
}

sa_count() {
	ip -n "$1" xfrm state | grep -c ^src || :
}

# sa_count_is NS N
sa_count_is() {
	[[ $(sa_count "$1") == "$2" ]]
}
