# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Many connections between two unmodified IKE daemons run on keys that are mixed from IKE's and a secret. lib/manual.sh is a
# third kind of keying module: ip(8).
#
# Who sources this says whether there is a NAT between them (NAT=1), and gives a table for each pair of daemons; a line is a
# connection:
#
#	IKE	1 or 2, its version; 0 for SAs that are made by hand
#	IP	4, 6, 6in4 or 4in6
#	MODE	transport, tunnel, beet
#	SA	a name of ike_algorithm
#	...	any of: esn; by-b (b initiates); and of what is not as it should be, one of: no-rule (no rule is for it),
#		refused (nobody dictates at b), secret (b has another secret)
#
# Each has addresses of its own, so that all of a pair live at the same time. IKE's own keys come from the daemons' logs, the
# installed ones from ip(8), what they must be from tests/py/kdf.py.

# shellcheck source=tests/scenarios/lib/secret.sh
. "$KMTIA_TOP/tests/scenarios/lib/secret.sh"
# shellcheck source=tests/scenarios/lib/ike_daemons.sh
. "$KMTIA_TOP/tests/scenarios/lib/ike_daemons.sh"
# shellcheck source=tests/scenarios/lib/ike_judge.sh
. "$KMTIA_TOP/tests/scenarios/lib/ike_judge.sh"

NAT=${NAT:-0}
# Daemons of each pair, the pair at work, and its daemons by namespace
pairs=()
pair=0
declare -A daemon

readonly ike_names=('by hand,' IKEv1 IKEv2)

# Of each case, by its number
case_pair=() case_name=() case_ike=() case_mode=() case_sa=() case_options=()
# Hosts: a's as a knows it, and as b does, behind a NAT another one; b's. Then those that talk.
host_a=() host_a_seen=() host_b=()
inner_a=() inner_a_seen=() inner_b=()
# Host of b -> case, and what is known of a case's SAs, [WHAT CASE DIRECTION]; > is from a to b
declare -A case_of sas
# Wrong packets by namespace, when the pair began
declare -A errors_before

# ike_algorithm NAME: sets for_charon, for_pluto: proposals; sa_shape: protocol, names, ICV, bytes of the keys
ike_algorithm() {
	local gcm='esp rfc4106(gcm(aes)) - 128'

	for_charon='' for_pluto=''
	case $1 in
	gcm128) for_charon=aes128gcm16 for_pluto=aes_gcm128 sa_shape="$gcm 20 0" ;;
	gcm256) for_charon=aes256gcm16 for_pluto=aes_gcm256 sa_shape="$gcm 36 0" ;;
	chacha)
		for_charon=chacha20poly1305 for_pluto=chacha20_poly1305
		sa_shape='esp rfc7539esp(chacha20,poly1305) - 128 36 0'
		;;
	ccm128)
		for_charon=aes128ccm16 for_pluto=aes_ccm128
		sa_shape='esp rfc4309(ccm(aes)) - 128 19 0'
		;;
	ctr128-sha256)
		for_charon=aes128ctr-sha256 for_pluto=aes_ctr128-sha2_256
		sa_shape='esp rfc3686(ctr(aes)) hmac(sha256) 128 20 32'
		;;
	cbc128-sha256)
		for_charon=aes128-sha256 for_pluto=aes_cbc128-sha2_256
		sa_shape='esp cbc(aes) hmac(sha256) 128 16 32'
		;;
	cbc256-sha512)
		for_charon=aes256-sha512 for_pluto=aes_cbc256-sha2_512
		sa_shape='esp cbc(aes) hmac(sha512) 256 32 64'
		;;
	ah-sha1) sa_shape='ah - hmac(sha1) 96 0 20' ;;
	ah-sha256)
		for_charon=sha256 for_pluto=sha2_256
		sa_shape='ah - hmac(sha256) 128 0 32'
		;;
	ah-sha384) sa_shape='ah - hmac(sha384) 192 0 48' ;;
	ah-sha512) sa_shape='ah - hmac(sha512) 256 0 64' ;;
	ah-cmac) sa_shape='ah - cmac(aes) 96 0 16' ;;
	*)
		echo "there is no algorithm $1" >&2
		return 1
		;;
	esac
}

# case_is CASE OPTION
case_is() {
	[[ " ${case_options[$1]} " == *" $2 "* ]]
}

# case_hosts CASE FAMILY
case_hosts() {
	local n=$1 net=7

	! case_is "$n" no-rule || net=9
	if [[ $2 == 6 ]]; then
		host_a[n]=fd0$net::$n:1 host_b[n]=fd0$net::$n:2
	else
		host_a[n]=10.$net.$n.1 host_b[n]=10.$net.$n.2
	fi
	host_a_seen[n]=${host_a[n]}
	if ((NAT)); then
		[[ $2 == 6 ]] && host_a[n]=fd02::$n:1 || host_a[n]=192.168.$n.1
		[[ $2 == 6 ]] && host_a_seen[n]=$nat_address6 || host_a_seen[n]=$nat_address4
	fi
	case_of[${host_b[n]}]=$n
}

# case_inner CASE FAMILY MODE
case_inner() {
	local n=$1

	if [[ $3 == transport ]]; then
		inner_a[n]=${host_a[n]} inner_a_seen[n]=${host_a_seen[n]} inner_b[n]=${host_b[n]}
		return
	fi
	if [[ $2 == 6 ]]; then
		inner_a[n]=fd08::$n:1 inner_b[n]=fd08::$n:2
	else
		inner_a[n]=10.8.$n.1 inner_b[n]=10.8.$n.2
	fi
	inner_a_seen[n]=${inner_a[n]}
}

# ike_table DAEMON_A DAEMON_B <TABLE: charon, pluto or manual
ike_table() {
	local n ike ip mode sa options

	pairs+=("$1 $2")
	while read -r ike ip mode sa options; do
		n=$((${#case_name[@]} + 1))
		case_pair[n]=$((${#pairs[@]} - 1))
		case_name[n]="${ike_names[ike]} IPv$ip $mode $sa${options:+, $options}"
		case_ike[n]=$ike case_mode[n]=$mode case_sa[n]=$sa case_options[n]=$options
		case_hosts "$n" "${ip##*in}"
		case_inner "$n" "${ip%%in*}" "$mode"
	done
}

# cases [OPTION]: the numbers of those of the pair that have it; "-": of those where all is as it should be
cases() {
	local n

	for n in "${!case_name[@]}"; do
		((case_pair[n] == pair)) || continue
		if [[ ${1:-} == - ]]; then
			case_is "$n" no-rule || case_is "$n" refused || case_is "$n" secret || echo "$n"
		elif (($# == 0)) || case_is "$n" "$1"; then
			echo "$n"
		fi
	done
}

# ike_addresses NS: all of the cases', and the way to those of the other end
ike_addresses() {
	local n dev=v$1 inner host via4 via6

	[[ $1 == a ]] && via4=10.1.0.2 via6=fd01::2 || via4=10.1.0.1 via6=fd01::1
	if ((NAT)); then
		[[ $1 == a ]] && via4=192.168.0.254 via6=fd02::fe || via4=$nat_address4 via6=$nat_address6
	fi
	echo "route add default via $via4 dev $dev"
	echo "route add default via $via6 dev $dev"
	for n in "${!case_name[@]}"; do
		[[ $1 == a ]] && host=${host_a[n]} inner=${inner_a[n]} || host=${host_b[n]} inner=${inner_b[n]}
		address_line "$host" "$dev"
		[[ $inner == "$host" ]] || address_line "$inner" "$dev"
	done
}

address_line() {
	[[ $1 == *:* ]] && echo "addr add $1/128 dev $2 nodad" || echo "addr add $1/32 dev $2"
}

ike_network() {
	local ns

	if ((NAT)); then
		netns_nat
		ip -n n -batch - <<-IP
			route add 192.168.0.0/16 via 192.168.0.1 dev na
			route add 10.0.0.0/8 via 10.1.0.2 dev nb
			route add fd02::/16 via fd02::1 dev na
			route add fd00::/8 via fd01::2 dev nb
		IP
	else
		netns_pair
	fi
	for ns in a b; do
		ip -n $ns -batch <(ike_addresses $ns)
	done
}

# ike_rules NS: the other end's hosts are recognised by b's address
ike_rules() {
	local net where=remote priority=10

	[[ $1 == a ]] || where=local
	for net in 10.7.0.0/16 fd07::/16; do
		km "$1" rule add priority $((priority++)) $where $net dictate any notify any on-failure reject
	done
}

# start_tia: everything but the daemons
start_tia() {
	local ns

	must 'the module loads' module_load
	for ns in a b; do
		must "$ns: rules" ike_rules $ns
		secret_make $ns s
		secret_conf $ns
		must "$ns: kmtiad registers" tia_start $ns
	done
}

# start_pair NUMBER
start_pair() {
	local ns

	pair=$1
	read -r 'daemon[a]' 'daemon[b]' <<<"${pairs[pair]}"
	for ns in a b; do
		"ike_conf_${daemon[$ns]}" $ns
		must "${daemon[$ns]} runs in $ns" "${daemon[$ns]}_start" $ns
		errors_before[$ns]=$(proto_errors $ns)
	done
}

# judge_pair NUMBER: all of it, and what else is given as commands
judge_pair() {
	local ns hook

	start_pair "$1"
	judge_mixed
	for hook in "${@:2}"; do
		"$hook"
	done
	[[ -z $(cases no-rule) ]] || judge_no_rule
	[[ -z $(cases refused) ]] || judge_refused
	[[ -z $(cases secret) ]] || judge_secret
	for ns in a b; do
		ok "${daemon[$ns]} ends in $ns" "${daemon[$ns]}_stop" $ns
	done
}

# ike_scenario [COMMAND...]: for judge_pair
ike_scenario() {
	local ns i

	if [[ " ${pairs[*]} " == *' pluto '* ]] && ! pluto_available; then
		skip_all 'libreswan is not there: run tests/libreswan.sh'
	fi
	ike_network
	start_tia
	for i in "${!pairs[@]}"; do
		judge_pair "$i" "$@"
	done
	# Half of what was shown was without a question, and half with one.
	is 'a was asked nothing' "$(stat a questions)" 0
	isnt 'b was asked' "$(stat b questions)" 0
	for ns in a b; do
		ok "kmtiad ends in $ns" tia_stop $ns
		ok "rules of $ns are flushed" km $ns rule flush
	done
	ok 'the module unloads' module_unload
	done_testing
}
