# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two network namespaces, and the SAs in them.
#
#	netns a                                    netns b
#	va 10.1.0.1/24 fd01::1/64  <-- veth -->  vb 10.1.0.2/24 fd01::2/64
#
# Neighbours are permanent: no ARP or neighbour discovery meets an IPsec policy or disturbs a capture.

readonly ipsec_modules=(
	esp4 esp6 ah4 ah6 xfrm_user af_key veth
	drbg seqiv echainiv gcm ctr ghash_generic authenc cbc hmac sha256_generic ecb crypto_null
)

# ipsec_modules_load: what the kernel has of them. seqiv needs an RNG, and nothing loads that on demand in every case.
ipsec_modules_load() {
	modprobe -qa "${ipsec_modules[@]}" || :
}

# netns_end NS DEV LAST PEER PEER_LAST: addresses of one end
netns_end() {
	ip netns exec "$1" sysctl -q net.ipv6.conf.default.accept_dad=0 net.ipv6.conf."$2".accept_dad=0
	ip -n "$1" -batch - <<-IP
		link set lo up
		addr add 10.1.0.$3/24 dev $2
		addr add fd01::$3/64 dev $2 nodad
		link set $2 up
		neigh replace 10.1.0.$4 lladdr 02:00:00:00:00:0$4 nud permanent dev $2
		neigh replace fd01::$4 lladdr 02:00:00:00:00:0$4 nud permanent dev $2
	IP
}

netns_pair() {
	ipsec_modules_load
	ip -batch - <<-IP
		netns add a
		netns add b
		link add va netns a address 02:00:00:00:00:01 type veth peer name vb netns b address 02:00:00:00:00:02
	IP
	netns_end a va 1 2
	netns_end b vb 2 1
}

# xfrm_keys NS: a line for each SA, sorted by address and SPI:
#	src dst proto spi encryption-key authentication-key encryption-name authentication-name icv-bits
# Keys in hex without 0x; "-" for what there is none of. An AEAD counts as encryption.
xfrm_keys() {
	ip -n "$1" xfrm state | awk '
		function hex(key) {
			return key ~ /^0x./ ? substr(key, 3) : "-"
		}
		function flush() {
			if (src != "")
				print src, dst, proto, spi, key, auth_key, name, auth, icv
			key = auth_key = name = auth = icv = "-"
		}
		/^src/ { flush(); src = $2; dst = $4 }
		$1 == "proto" { proto = $2; spi = $4 }
		$1 == "enc" { name = $2; key = hex($3) }
		$1 == "aead" { name = $2; key = hex($3); icv = $4 }
		$1 == "auth" { auth = $2; auth_key = hex($3) }
		$1 == "auth-trunc" { auth = $2; auth_key = hex($3); icv = $4 }
		END { flush() }' | sort
}

# xfrm_facts NS: a line for each SA, sorted as those of xfrm_keys, of what is not its keys:
#	src dst proto spi mode esn|- encap|- packets failed
xfrm_facts() {
	ip -n "$1" -s xfrm state | awk '
		function flush() {
			if (src != "")
				print src, dst, proto, spi, mode, esn, encap, packets, failed
			esn = encap = "-"
		}
		/^src/ { flush(); src = $2; dst = $4 }
		$1 == "proto" { proto = $2; spi = substr($4, 1, 10); mode = $NF }
		/^\treplay-window .* flag / && / esn / { esn = "esn" }
		$1 == "encap" { encap = $3 }
		/^\tlifetime current:/ { getline; packets = $2 + 0 }
		/^\tstats:/ { getline; failed = $NF }
		END { flush() }' | sort
}

# proto_errors NS: how many packets met an SA and were not right
proto_errors() {
	ip netns exec "$1" awk '$1 == "XfrmInStateProtoError" { print $2 }' /proc/net/xfrm_stat
}

# manual_sa NS SRC DST SPI KEY [ARG...]: an SA of rfc4106(gcm(aes)) with KEY (hex, 20 bytes), as MODE says
manual_sa() {
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" reqid 1 mode "$MODE" \
		aead 'rfc4106(gcm(aes))' "0x$5" 128 "${@:6}"
}

# manual_policy NS SRC DST in|out|fwd: that what goes from SRC to DST has such an SA
manual_policy() {
	ip -n "$1" xfrm policy add src "$2" dst "$3" dir "$4" tmpl src "$2" dst "$3" proto esp reqid 1 mode "$MODE"
}

# manual_pair KEY_AB KEY_BA: SAs with SPIs 0x1001 (a to b) and 0x1002 and their policies, in both namespaces
manual_pair() {
	local ns

	for ns in a b; do
		manual_sa $ns 10.1.0.1 10.1.0.2 0x1001 "$1"
		manual_sa $ns 10.1.0.2 10.1.0.1 0x1002 "$2"
	done
	manual_policy a 10.1.0.1 10.1.0.2 out
	manual_policy a 10.1.0.2 10.1.0.1 in
	manual_policy b 10.1.0.2 10.1.0.1 out
	manual_policy b 10.1.0.1 10.1.0.2 in
}
