# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# SAs that ip(8) makes at both ends, with another key at each: traffic passes only if both are dictated.

# some_key NS BYTES: what the keying module in NS proposes
some_key() {
	local byte

	printf -v byte '%02x' "'$1"
	printf "0x%0.s" 1
	printf "$byte%0.s" $(seq "$2")
}

# sa_both SRC DST PROTO SPI ARG...: KEY-n in ARG stands for a key of n bytes. SA_MODE: transport, if it is not set
sa_both() {
	local ns arg args

	for ns in a b; do
		args=()
		for arg in "${@:5}"; do
			[[ $arg != KEY-* ]] || arg=$(some_key $ns "${arg#KEY-}")
			args+=("$arg")
		done
		ip -n $ns xfrm state add src "$1" dst "$2" proto "$3" spi "$4" reqid 1 mode "${SA_MODE:-transport}" "${args[@]}"
	done
}
