# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# An unmodified libreswan pluto in a network namespace. tests/libreswan.sh has unpacked it, since its package conflicts with
# strongSwan's.
#
# It is run by itself, never by its unit or by ipsec(8): when those stop, they flush the SAs of everybody.

readonly pluto_programs=/usr/libexec/ipsec

# Each pluto sees its own directory as /run, as each charon does.
pluto_dir() {
	echo "/run/plutos/$1"
}

pluto_log() {
	echo "/run/plutos/$1/pluto.log"
}

pluto_available() {
	[[ -e $KMTIA_TOP/build/libreswan/complete ]]
}

# pluto_conf NS <CONNECTIONS: sections "conn" of ipsec.conf. The level of debugging writes the keys that IKE derived.
pluto_conf() {
	local dir

	dir=$(pluto_dir "$1")
	mkdir -p "$dir/pluto"
	echo ": PSK \"$PSK\"" >"$dir/ipsec.secrets"
	{
		cat <<-'CONF'
			config setup
			  logfile=/run/pluto.log
			  logtime=no
			  plutodebug="base private"
			  uniqueids=no
			  dnssec-enable=no
			  audit-log=no
			  ikev1-policy=accept

			conn %default
			  authby=secret
			  leftupdown=%disabled
			  rightupdown=%disabled
			  pfs=no
			  auto=add

		CONF
		cat
	} >"$dir/ipsec.conf"
}

# pluto_nss DIR: its database for certificates, which must be there but may be empty
pluto_nss() {
	local empty=/run/plutos/nss

	if [[ ! -d $empty ]]; then
		mkdir "$empty"
		certutil -N -d "sql:$empty" --empty-password
	fi
	rm -rf "$1"
	cp -r "$empty" "$1"
}

# pluto_start NS: until it has read all its connections
pluto_start() {
	local dir

	[[ -e $pluto_programs ]] || ln -s "$KMTIA_TOP/build/libreswan/$pluto_programs" "$pluto_programs"
	dir=$(pluto_dir "$1")
	rm -f "$dir/pluto.log"
	pluto_nss "$dir/nss"
	# ip gives it a mount namespace of its own.
	# shellcheck disable=SC2016 # expanded there
	ip netns exec "$1" sh -c 'mount --bind "$1" /run && exec "$2/pluto" --nofork --config /run/ipsec.conf \
		--secretsfile /run/ipsec.secrets --nssdir /run/nss' sh "$dir" "$pluto_programs" \
		</dev/null >"$dir/pluto.out" 2>&1 &
	echo $! >"$dir/pid"
	wait_for 60 pluto_ready "$1" "$!" || :
	if process_gone "$!" || ! pluto_ready "$1" "$!"; then
		tail -n 20 "$dir/pluto.out" "$dir/pluto.log" >&2
		return 1
	fi
	! grep -a 'failed to add' "$dir/pluto.log" >&2
}

# pluto_ready NS PID: or dead
pluto_ready() {
	grep -qs '^loading secrets from' "$(pluto_log "$1")" || process_gone "$2"
}

pluto_pid() {
	cat "$(pluto_dir "$1")/pid"
}

pluto_stop() {
	pw "$1" --shutdown
	wait_for 20 process_gone "$(pluto_pid "$1")"
}

# pw NS ARG...: whack, which tells that pluto what to do
pw() {
	timeout 60 ip netns exec "$1" "$pluto_programs/whack" --ctlsocket "$(pluto_dir "$1")/pluto/pluto.ctl" "${@:2}"
}

# pluto_up NS CONNECTION: negotiates it. whack is content with an IKE SA; IKEv2 and IKEv1 have different words for more.
pluto_up() {
	local said

	said=$(pw "$1" --initiate --name "$2") || :
	echo "$said"
	grep -qE 'established Child SA|IPsec SA established' <<<"$said"
}

# pluto_sas NS: the SAs that IKE negotiated, with the keys that it derived for them, from pluto's log, a line for each:
#	src dst proto spi encryption-key authentication-key
# As in xfrm_keys; pluto writes them before it asks the kernel for the SA. "inbound 10.1.0.2/32-ALL->10.1.0.2[5213204d]==>
# 10.1.0.1-ALL->10.1.0.1/32" has the hosts beside the SPI and after the arrow (which is "=espinudp==>" with UDP).
pluto_sas() {
	LC_ALL=C grep -aE '^\| ((ESP|AH) (enc|auth)key:|kernel: add_sa\(\)|  ([0-9a-f]{2} +){1,16} )' "$(pluto_log "$1")" |
		sed 's/^| //' | awk '
		function keep() {
			if (kind != "")
				keys[kind] = key
			kind = key = ""
		}
		/^(ESP|AH) (enc|auth)key:/ { keep(); proto = tolower($1); kind = substr($2, 1, 3); next }
		kind != "" && /^  / {
			line = substr($0, 1, 53)
			gsub(/ /, "", line)
			key = key line
			next
		}
		{ keep() }
		/^kernel: add_sa\(\)/ && match($0, /->[0-9a-f.:]+\[[0-9a-f]+\]=[a-z]*=+>[0-9a-f.:]+-/) {
			split(substr($0, RSTART + 2, RLENGTH - 3), w, /\[|\]=[a-z]*=+>/)
			print w[1], w[3], proto, "0x" w[2], keys["enc"] == "" ? "-" : keys["enc"],
				keys["aut"] == "" ? "-" : keys["aut"]
			delete keys
		}' | sort
}
