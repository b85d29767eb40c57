# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# The cases of lib/ike.sh, as charon and pluto want them, and what these say about them. A pair has cases, of which each is a
# connection "cN".

# case_charon NS CASE: its section of swanctl.conf
case_charon() {
	local n=$2 ours=a.example theirs=b.example local=${host_a[$2]} remote=${host_b[$2]} ts='' esn=noesn
	local local_ts=${inner_a[$2]} remote_ts=${inner_b[$2]}

	if [[ $1 == b ]]; then
		ours=b.example theirs=a.example local=${host_b[n]} remote=${host_a_seen[n]}
		local_ts=${inner_b[n]} remote_ts=${inner_a_seen[n]}
	fi
	[[ ${case_mode[n]} == transport ]] || ts="local_ts = $local_ts"$'\n'"remote_ts = $remote_ts"
	! case_is "$n" esn || esn=esn
	ike_algorithm "${case_sa[n]}"
	cat <<-CONF
		c$n {
			version = ${case_ike[n]}
			local_addrs = $local
			remote_addrs = $remote
			proposals = $IKE
			unique = never
			local {
				auth = psk
				id = $ours
			}
			remote {
				auth = psk
				id = $theirs
			}
			children {
				c$n {
					mode = ${case_mode[n]}
					${sa_shape%% *}_proposals = $for_charon-$esn
					$ts
				}
			}
		}
	CONF
}

# case_pluto NS CASE: its section of ipsec.conf; the ends find out which they are
case_pluto() {
	local n=$2 left=${host_a[$2]} type=${case_mode[$2]} ikev2=yes esn=no

	[[ $1 == a ]] || left=${host_a_seen[n]}
	[[ ${case_ike[n]} == 2 ]] || ikev2=no
	! case_is "$n" esn || esn=yes
	ike_algorithm "${case_sa[n]}"
	cat <<-CONF
		conn c$n
		  type=$type
		  ikev2=$ikev2
		  ike=aes128-sha2_256-dh31
		  phase2=${sa_shape%% *}
		  ${sa_shape%% *}=$for_pluto
		  esn=$esn
		  left=$left
		  leftid=@a.example
		  right=${host_b[n]}
		  rightid=@b.example
	CONF
	if [[ $type != transport ]]; then
		prefix_lines "${inner_a[n]}" "${inner_b[n]}"
	fi
	echo
}

# prefix_lines LEFT RIGHT
prefix_lines() {
	local bits=32

	[[ $1 != *:* ]] || bits=128
	printf '\tleftsubnet=%s/%d\n\trightsubnet=%s/%d\n' "$1" $bits "$2" $bits
}

# ike_conf_charon, ike_conf_pluto NS: for all cases of the pair
ike_conf_charon() {
	local n

	{
		echo 'connections {'
		for n in $(cases); do
			case_charon "$1" "$n"
		done
		printf '}\nsecrets {\n\tike-all {\n\t\tsecret = "%s"\n\t}\n}\n' "$PSK"
	} | charon_swanctl_conf "$1"
}

ike_conf_pluto() {
	local n

	for n in $(cases); do
		case_pluto "$1" "$n"
	done | pluto_conf "$1"
}

# ike_log NS: without what only helps its authors
ike_log() {
	echo "${daemon[$1]} in $1:"
	grep -av '^|' "$("${daemon[$1]}_log" "$1")" | grep -avE 'key =>|: +[0-9]+: ' | tail -n 15
}

# case_up CASE: negotiated, and installed at both ends
case_up() {
	local by=a

	! case_is "$1" by-b || by=b
	if "${daemon[$by]}_up" "$by" "c$1" && wait_for 20 case_installed "$1"; then
		return 0
	fi
	ike_log a
	ike_log b
	return 1
}

# case_installed CASE: an SA each way, at both ends
case_installed() {
	local ns host=${host_b[$1]}

	for ns in a b; do
		[[ $(ip -n $ns xfrm state list src "$host" | grep -c '^src') == 1 ]] || return
		[[ $(ip -n $ns xfrm state list dst "$host" | grep -c '^src') == 1 ]] || return
	done
}

# ike_list_charon, ike_list_pluto NS: all that they say
ike_list_charon() {
	sw "$1" --list-sas
}

ike_list_pluto() {
	pw "$1" --status
}

# ike_version_charon, ike_version_pluto CASE <LIST
ike_version_charon() {
	sed -n "s/^c$1: .* ESTABLISHED, IKEv\([12]\),.*/\1/p"
}

ike_version_pluto() {
	awk -v name="\"c$1\":" '
		index($3, name) == 1 && $4 == "STATE_V2_ESTABLISHED_CHILD_SA" { print 2 }
		index($3, name) == 1 && $4 ~ /^STATE_QUICK_[IR]2$/ { print 1 }'
}
