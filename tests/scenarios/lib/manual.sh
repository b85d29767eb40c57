# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# ip(8) as the "daemon" of lib/ike.sh: it knows the case cN, and makes the SAs of both ends, with the same keys.

# shellcheck source=tests/scenarios/lib/ike.sh
. "$KMTIA_TOP/tests/scenarios/lib/ike.sh"

readonly manual_own=/run/manual.own

ike_conf_manual() {
	: >"$manual_own"
}

manual_start() {
	:
}

# random_key BYTES
random_key() {
	od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

# manual_state CASE SRC DST INNER_SRC INNER_DST SPI: at both ends
manual_state() {
	local n=$1 ns key proto auth icv bytes esn=()

	ike_algorithm "${case_sa[n]}"
	read -r proto _ auth icv _ bytes <<<"$sa_shape"
	! case_is "$n" esn || esn=(replay-window 64 flag esn)
	key=$(random_key "$bytes")
	for ns in a b; do
		ip -n $ns xfrm state add src "$2" dst "$3" proto "$proto" spi "$6" reqid "$n" mode "${case_mode[n]}" \
			auth-trunc "$auth" "0x$key" "$icv" "${esn[@]}" sel src "$4" dst "$5"
	done
	printf '%s %s %s 0x%08x - %s\n' "$2" "$3" "$proto" "$6" "$key" >>"$manual_own"
}

# manual_template CASE SRC DST INNER_SRC INNER_DST: what goes that way has such an SA
manual_template() {
	local n=$1 ns dir proto

	read -r proto _ <<<"$sa_shape"
	for ns in a b; do
		dir=in
		[[ $ns == a && $2 == "${host_a[n]}" || $ns == b && $2 == "${host_b[n]}" ]] && dir=out
		ip -n $ns xfrm policy add src "$4" dst "$5" dir $dir \
			tmpl src "$2" dst "$3" proto "$proto" reqid "$n" mode "${case_mode[n]}"
	done
}

# manual_up NS cN
manual_up() {
	local n=${2#c}
	local there=("${host_a[n]}" "${host_b[n]}" "${inner_a[n]}" "${inner_b[n]}")
	local back=("${host_b[n]}" "${host_a[n]}" "${inner_b[n]}" "${inner_a[n]}")

	manual_state "$n" "${there[@]}" $((0x1000 + 2 * n))
	manual_state "$n" "${back[@]}" $((0x1001 + 2 * n))
	manual_template "$n" "${there[@]}"
	manual_template "$n" "${back[@]}"
}

manual_log() {
	echo "$manual_own"
}

manual_sas() {
	sort "$manual_own"
}

ike_list_manual() {
	:
}

manual_stop() {
	ip -n "$1" xfrm state flush
	ip -n "$1" xfrm policy flush
}
