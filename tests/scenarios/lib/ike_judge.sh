# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# What is asserted of the cases of lib/ike.sh.

# keep WHAT <LINES: of SAs, without their addresses, which a NAT changes
keep() {
	local src dst rest

	while read -r src dst rest; do
		if [[ -n ${case_of[$dst]:-} ]]; then
			sas["$1 ${case_of[$dst]} >"]+="> $rest"$'\n'
		elif [[ -n ${case_of[$src]:-} ]]; then
			sas["$1 ${case_of[$src]} <"]+="< $rest"$'\n'
		fi
	done
}

# kept WHAT CASE: both directions
kept() {
	printf '%s%s' "${sas[$1 $2 >]:-}" "${sas[$1 $2 <]:-}"
}

# look: what the kernel and the daemons have, and what the keys must be. SAs without a key are none yet.
look() {
	local ns

	sas=()
	for ns in a b; do
		xfrm_keys $ns | awk '$5 != "-" || $6 != "-"' >"/run/ike.xfrm.$ns"
		"${daemon[$ns]}_sas" $ns >"/run/ike.own.$ns"
		"ike_list_${daemon[$ns]}" $ns >"/run/ike.list.$ns"
		xfrm_facts $ns >"/run/ike.facts.$ns"
		secret_keys $ns "/run/ike.own.$ns" <"/run/ike.xfrm.$ns" >"/run/ike.expected.$ns" ||
			diag "$ns: it cannot be said what all keys must be"
		keep "xfrm $ns" <"/run/ike.xfrm.$ns"
		keep "own $ns" <"/run/ike.own.$ns"
		keep "facts $ns" <"/run/ike.facts.$ns"
		keep "expected $ns" <"/run/ike.expected.$ns"
	done
	awk '{ print $5; print $6 }' /run/ike.own.[ab] | sed '/^-$/d' >/run/ike.own.keys
}

# shape: of lines that were kept, proto, names, ICV and lengths of the keys
shape() {
	local way proto key auth enc_name auth_name icv

	while read -r way proto _ key auth enc_name auth_name icv; do
		[[ $key != - ]] || key=''
		[[ $auth != - ]] || auth=''
		echo "$way $proto $enc_name $auth_name $icv $((${#key} / 2)) $((${#auth} / 2))"
	done
}

# both_ways TEXT
both_ways() {
	printf '> %s\n< %s' "$1" "$1"
}

# judge_shape CASE: algorithms, mode, ESN, encapsulation and the version of IKE are those of the table
judge_shape() {
	local n=$1 name=${case_name[$1]} ns esn=- encap=-

	! case_is "$n" esn || esn=esn
	((!NAT)) || encap=espinudp
	ike_algorithm "${case_sa[n]}"
	for ns in a b; do
		is "$name: algorithms in $ns" "$(kept "xfrm $ns" "$n" | shape)" "$(both_ways "$sa_shape")"
		is "$name: mode, ESN, encapsulation in $ns" "$(kept "facts $ns" "$n" | cut -d' ' -f1,4-6)" \
			"$(both_ways "${case_mode[n]} $esn $encap")"
		((case_ike[n])) || continue
		is "$name: version of IKE as $ns lists it" "$("ike_version_${daemon[$ns]}" "$n" <"/run/ike.list.$ns")" \
			"${case_ike[n]}"
	done
}

# installed_own: keys in the kernel that are IKE's
installed_own() {
	awk '{ print $5; print $6 }' "/run/ike.xfrm.$1" | grep -xF -f /run/ike.own.keys || :
}

# judge_keys CASE
judge_keys() {
	local n=$1 name=${case_name[$1]} ns own

	own=$(kept 'own a' "$n")
	like "$name: IKE derived keys" "$own" '^> .*< '
	is "$name: the same ones at both ends" "$(kept 'own b' "$n")" "$own"
	is "$name: both ends have the same SAs and keys" "$(kept 'xfrm b' "$n")" "$(kept 'xfrm a' "$n")"
	for ns in a b; do
		is "$name: $ns has the mixed keys" "$(kept "xfrm $ns" "$n")" "$(kept "expected $ns" "$n")"
	done
}

# judge_traffic CASE: each SA has seen two requests and two replies at least, and none was wrong
judge_traffic() {
	local ns

	for ns in a b; do
		is "${case_name[$1]}: packets passed each SA of $ns" \
			"$(kept "facts $ns" "$1" | awk '{ print $1, ($7 >= 4), $8 }')" "$(both_ways '1 0')"
	done
}

# case_ping CASE: both ways
case_ping() {
	ip netns exec a ping -n -q -c 2 -i 0.02 -W 5 -I "${inner_a[$1]}" "${inner_b[$1]}"
	ip netns exec b ping -n -q -c 2 -i 0.02 -W 5 -I "${inner_b[$1]}" "${inner_a_seen[$1]}"
}

# case_silent CASE: neither way does a packet come back
case_silent() {
	local out

	out=$(ip netns exec a ping -n -q -c 2 -i 0.02 -W 1 -I "${inner_a[$1]}" "${inner_b[$1]}" || :)
	out+=$(ip netns exec b ping -n -q -c 2 -i 0.02 -W 1 -I "${inner_b[$1]}" "${inner_a_seen[$1]}" || :)
	echo "$out"
	[[ $(grep -c ' 100% packet loss' <<<"$out") == 2 ]]
}

# new_errors NS: packets that were wrong with this pair
new_errors() {
	echo $(($(proto_errors "$1") - errors_before[$1]))
}

# judge_mixed: the cases that shall work
judge_mixed() {
	local n ns

	for n in $(cases -); do
		ok "${case_name[n]}: comes up" case_up "$n"
	done
	for n in $(cases -); do
		ok "${case_name[n]}: ping both ways" case_ping "$n"
	done
	look
	for n in $(cases -); do
		judge_keys "$n"
		judge_shape "$n"
		judge_traffic "$n"
	done
	for ns in a b; do
		is "$ns: none of the installed keys is one of IKE's" "$(installed_own $ns)" ''
		is "$ns: no packet was wrong" "$(new_errors $ns)" 0
	done
}

# judge_no_rule: where no rule is, IKE's keys are
judge_no_rule() {
	local n ns

	for n in $(cases no-rule); do
		ok "${case_name[n]}: comes up" case_up "$n"
		ok "${case_name[n]}: ping both ways" case_ping "$n"
	done
	look
	for n in $(cases no-rule); do
		for ns in a b; do
			like "${case_name[n]}: IKE's keys for $ns are known" "$(kept "own $ns" "$n")" '^> .*< '
			is "${case_name[n]}: $ns has them" "$(kept "xfrm $ns" "$n" | cut -d' ' -f1-5)" "$(kept "own $ns" "$n")"
		done
	done
}

# case_keys NS CASE: SAs with keys, as the kernel has them
case_keys() {
	xfrm_keys "$1" | awk -v host="${host_b[$2]}" '($1 == host || $2 == host) && ($5 != "-" || $6 != "-")'
}

# judge_refused: where a rule is, and nobody dictates, there is no SA, rather than one with IKE's keys
judge_refused() {
	local n

	must 'nobody dictates in b' tia_stop b
	for n in $(cases refused); do
		fails "${case_name[n]}: comes not up" "${daemon[a]}_up" a "c$n"
		is "${case_name[n]}: b has no SA" "$(case_keys b "$n")" ''
		is "${case_name[n]}: nor has a" "$(case_keys a "$n")" ''
	done
	must 'kmtiad registers in b again' tia_start b
}

# secret_change CHARACTER: what b's secret is made of from now on
secret_change() {
	tia_stop b
	secret_make b "$1"
	tia_start b
}

# judge_secret: with another secret at b, all looks well to IKE, and nothing passes
judge_secret() {
	local n ns errors

	must 'b gets another secret' secret_change t
	for n in $(cases secret); do
		ok "${case_name[n]}: comes up" case_up "$n"
		ok "${case_name[n]}: nothing passes" case_silent "$n"
	done
	look
	for n in $(cases secret); do
		is "${case_name[n]}: same SAs" "$(kept 'xfrm b' "$n" | cut -d' ' -f1-3)" "$(kept 'xfrm a' "$n" | cut -d' ' -f1-3)"
		is "${case_name[n]}: IKE's keys are the same" "$(kept 'own b' "$n")" "$(kept 'own a' "$n")"
		isnt "${case_name[n]}: the installed ones are not" "$(kept 'xfrm b' "$n")" "$(kept 'xfrm a' "$n")"
		for ns in a b; do
			is "${case_name[n]}: $ns has the keys of its secret" "$(kept "xfrm $ns" "$n")" "$(kept "expected $ns" "$n")"
		done
	done
	for ns in a b; do
		errors=$(new_errors $ns)
		ok "$ns: packets were wrong, $errors" test "$errors" -gt 0
	done
	# That was the end, or the next pair needs what a has.
	((pair + 1 == ${#pairs[@]})) || must 'b gets the right one back' secret_change s
}
