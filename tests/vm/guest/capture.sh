# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Captures with tcpdump, and what tshark makes of the ESP in them.

# capture_start NS IFACE FILE: returns when it runs. Beside FILE, FILE.pid and FILE.log appear.
capture_start() {
	ip netns exec "$1" tcpdump -Z root -n -U --immediate-mode -i "$2" -w "$3" </dev/null >/dev/null 2>"$3.log" &
	echo $! >"$3.pid"
	wait_line "$3.log" 'listening on' 20
}

# has_lines FILE N: at least
has_lines() {
	(($(wc -l <"$1") >= $2))
}

# capture_drained FILE: has tcpdump written all that the kernel has for it? It says both numbers when asked.
capture_drained() {
	local lines

	lines=$(wc -l <"$1.log")
	kill -USR1 "$(<"$1.pid")"
	wait_for 5 has_lines "$1.log" $((lines + 1))
	tail -n 1 "$1.log" | awk '{ exit !($2 == $5) }'
}

# capture_stop FILE: with all packets up to now in it
capture_stop() {
	local pid

	pid=$(<"$1.pid")
	wait_for 10 capture_drained "$1"
	kill -INT "$pid"
	wait_for 10 process_gone "$pid"
}

# wireshark_encryption XFRM_NAME ICV_BITS: its name in Wireshark's table
wireshark_encryption() {
	case $1 in
	'rfc4106(gcm(aes))') echo "AES-GCM with $(($2 / 8)) octet ICV [RFC4106]" ;;
	'cbc(aes)') echo 'AES-CBC [RFC3602]' ;;
	'rfc3686(ctr(aes))') echo 'AES-CTR [RFC3686]' ;;
	'cbc(des3_ede)') echo 'TripleDES-CBC [RFC2451]' ;;
	'ecb(cipher_null)') echo 'NULL' ;;
	*)
		echo "Wireshark knows no $1" >&2
		return 1
		;;
	esac
}

# wireshark_authentication XFRM_NAME ICV_BITS
wireshark_authentication() {
	case $1/$2 in
	-/*) echo 'NULL' ;;
	'hmac(md5)/96') echo 'HMAC-MD5-96 [RFC2403]' ;;
	'hmac(sha1)/96') echo 'HMAC-SHA-1-96 [RFC2404]' ;;
	'hmac(sha256)/128') echo 'HMAC-SHA-256-128 [RFC4868]' ;;
	'hmac(sha384)/192') echo 'HMAC-SHA-384-192 [RFC4868]' ;;
	'hmac(sha512)/256') echo 'HMAC-SHA-512-256 [RFC4868]' ;;
	*)
		echo "Wireshark knows no $1 with $2 bits" >&2
		return 1
		;;
	esac
}

# esp_sa_file NS FILE: the namespace's ESP SAs as Wireshark's table
esp_sa_file() {
	local src dst proto spi key auth_key name auth icv family

	while read -r src dst proto spi key auth_key name auth icv; do
		[[ $proto == esp ]] || continue
		[[ $src == *:* ]] && family=IPv6 || family=IPv4
		printf '"%s","%s","%s","%s","%s","%s","%s","%s"\n' $family "$src" "$dst" "$spi" \
			"$(wireshark_encryption "$name" "$icv")" "$(wireshark_key "$key")" \
			"$(wireshark_authentication "$auth" "$icv")" "$(wireshark_key "$auth_key")"
	done < <(xfrm_keys "$1") >"$2"
}

wireshark_key() {
	[[ $1 == - ]] || echo "0x$1"
}

# tshark_esp FILE ESP_SA_FILE [FIELD...]: a line for each ESP packet: SPI, whether its ICV is right (1, 0, or "-" where
# the table has no key), and the fields
tshark_esp() {
	local config field fields=(-e esp.spi -e esp.icv_good)

	config=$(mktemp -d "$tap_tmp/wireshark.XXXXXX")
	cp "$2" "$config/esp_sa"
	for field in "${@:3}"; do
		fields+=(-e "$field")
	done
	WIRESHARK_CONFIG_DIR=$config timeout 120 tshark -n -r "$1" -Y esp -T fields "${fields[@]}" \
		-o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE \
		2>"$config/log" >"$config/packets" || {
		cat "$config/log" >&2
		return 1
	}
	awk -F '\t' '{ for (i = 1; i <= NF; i++) printf "%s%s", $i == "" ? "-" : $i, i < NF ? " " : "\n" }' "$config/packets"
}
