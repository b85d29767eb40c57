# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# An unmodified strongSwan charon in a network namespace, with one connection "t" with one child "c".
#
# Set before charon_conf, where the default is not right:
MODE=${MODE:-transport}              # or tunnel; the traffic selectors are the hosts' own addresses
ESP=${ESP:-aes128gcm16}              # proposal of the child
IKE=${IKE:-aes128-sha256-curve25519} # proposal of the IKE SA
IKE_VERSION=${IKE_VERSION:-2}        # 0: initiate 2, accept both
PSK=${PSK:-a shared secret}
CHARON_EXTRA=${CHARON_EXTRA:-}       # more lines for strongswan.conf's section charon

# Each charon sees its own directory as /run, because the path of the PID file is compiled in.
charon_dir() {
	echo "/run/charon/$1"
}

charon_log() {
	echo "/run/charon/$1/charon.log"
}

charon_pid() {
	cat "$(charon_dir "$1")/charon.pid"
}

# The log levels: chd 4 writes the keys that IKE derived.
charon_strongswan_conf() {
	cat <<-CONF
		charon {
			load_modular = no
			load = random nonce aes sha1 sha2 hmac curve25519 gmp kdf kernel-netlink socket-default vici
			install_routes = no
			install_virtual_ip = no
			plugins {
				vici {
					socket = unix:///run/charon.vici
				}
			}
			filelog {
				main {
					path = /run/charon.log
					flush_line = yes
					default = 1
					ike = 1
					knl = 2
					chd = 4
				}
			}
			$CHARON_EXTRA
		}
		swanctl {
			load = random
		}
	CONF
}

# charon_swanctl_conf NS <FILE: the file as swanctl.conf, and all that charon needs beside it
charon_swanctl_conf() {
	local etc=/etc/netns/$1

	mkdir -p "$(charon_dir "$1")" \
		"$etc"/swanctl/{x509{,ca,ocsp,aa,ac,crl},pubkey,private,rsa,ecdsa,bliss,pkcs{8,12}}
	charon_strongswan_conf >"$etc/strongswan.conf"
	cat >"$etc/swanctl/swanctl.conf"
}

# charon_conf NS LOCAL REMOTE [CHILD_LINES [CONNECTION_LINES]]: the lines are added to the sections of swanctl.conf
charon_conf() {
	charon_swanctl_conf "$1" <<-CONF
		connections {
			t {
				version = $IKE_VERSION
				local_addrs = $2
				remote_addrs = $3
				proposals = $IKE
				local {
					auth = psk
					id = $2
				}
				remote {
					auth = psk
					id = $3
				}
				children {
					c {
						mode = $MODE
						esp_proposals = $ESP
						${4:-}
					}
				}
				${5:-}
			}
		}
		secrets {
			ike-t {
				secret = "$PSK"
			}
		}
	CONF
}

# sw NS ARG...: swanctl, told about that charon
sw() {
	timeout 60 ip netns exec "$1" swanctl "${@:2}" --uri "unix://$(charon_dir "$1")/charon.vici"
}

charon_start() {
	local dir

	dir=$(charon_dir "$1")
	rm -f "$dir/charon.vici" "$dir/charon.log"
	# ip gives it a mount namespace of its own.
	# shellcheck disable=SC2016 # expanded there
	ip netns exec "$1" sh -c 'mount --bind "$1" /run && exec /usr/lib/ipsec/charon' sh "$dir" \
		</dev/null >"$dir/charon.out" 2>&1 &
	if ! wait_for 30 test -S "$dir/charon.vici"; then
		tail -n 20 "$dir/charon.out" "$dir/charon.log" >&2
		return 1
	fi
	sw "$1" --load-all
}

process_gone() {
	[[ ! -e /proc/$1 ]]
}

charon_stop() {
	local pid

	pid=$(charon_pid "$1")
	kill "$pid"
	wait_for 20 process_gone "$pid"
}

# charon_up NS [CHILD]: negotiates the child
charon_up() {
	sw "$1" --initiate --child "${2:-c}" --timeout 40
}

# charon_mark NS: where the log goes on, for ike_keys
charon_mark() {
	echo $(($(wc -l <"$(charon_log "$1")") + 1))
}

# ike_keys NS [MARK]: the keys of children that IKE derived since then, in that order, a line for each:
#	initiator|responder encryption|integrity KEY
# An initiator's key protects what the initiator of that exchange sends.
ike_keys() {
	tail -n +"${2:-1}" "$(charon_log "$1")" | awk '
		match($0, /(encryption|integrity) (initiator|responder) key => [0-9]+ bytes/) {
			split(substr($0, RSTART, RLENGTH), w, " ")
			kind = w[1]
			role = w[2]
			left = w[5]
			key = ""
			next
		}
		left > 0 {
			sub(/^[^:]*: /, "")
			for (i = 1; i <= 16 && left > 0; i++) {
				key = key tolower($i)
				left--
			}
			if (left == 0)
				print role, kind, key
		}'
}

# charon_sas NS: the SAs that IKE negotiated, with the keys that it derived for them, from charon's log, a line for each:
#	src dst proto spi encryption-key authentication-key
# As in xfrm_keys. charon writes the keys first, and then "adding inbound ESP SA" with the SPI and the hosts; which key is
# whose, it says at the start of the exchange by what it sends or parses.
charon_sas() {
	awk '
		function take(role, kind) {
			return keys[role, kind] == "" ? "-" : keys[role, kind]
		}
		/ (generating|parsed) (IKE_AUTH|CREATE_CHILD_SA|QUICK_MODE) request / {
			mine = / generating / ? "initiator" : "responder"
			other = / generating / ? "responder" : "initiator"
		}
		match($0, /(encryption|integrity) (initiator|responder) key => [0-9]+ bytes/) {
			split(substr($0, RSTART, RLENGTH), w, " ")
			kind = w[1]
			role = w[2]
			left = w[5]
			keys[role, kind] = ""
			if (kind == "encryption")
				keys[role, "integrity"] = ""
			next
		}
		left > 0 {
			sub(/^[^:]*: /, "")
			for (i = 1; i <= 16 && left > 0; i++) {
				keys[role, kind] = keys[role, kind] tolower($i)
				left--
			}
			next
		}
		match($0, /(inbound|outbound) (ESP|AH) SA$/) {
			split(substr($0, RSTART, RLENGTH), w, " ")
			role = w[1] == "inbound" ? other : mine
			proto = tolower(w[2])
			next
		}
		match($0, /  SPI 0x[0-9a-f]+, src [^ ]+ dst [^ ]+$/) {
			split(substr($0, RSTART, RLENGTH), w, /[ ,]+/)
			print w[5], w[7], proto, w[3], proto == "ah" ? "-" : take(role, "encryption"), take(role, "integrity")
		}' "$(charon_log "$1")" | sort -u
}
