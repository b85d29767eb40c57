#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 60000 --mem 6144
#
# What kmtia costs, and what others cost in the same run. Leaves "NAME VALUE" lines in $KMTIA_OUT/figures, which
# Documentation/performance.rst explains: nanoseconds where nothing else is said, which with --icount are instructions. Each
# part asserts that what it measured is what it says: who was asked, and how often.
#
# figures.sh [PART...]; MEASURE is "instructions" with --icount, else "time". With SLOW=1 each SA costs a tenth more than it
# should as soon as kmtia is loaded, and some more: the control of the comparison.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/bench/lib.sh
. "$KMTIA_TOP/tests/bench/lib.sh"

parts=(baselines idle rules one_tia standing bidders in_kernel watchers failures live parallel packets library children)

# --- Others --------------------------------------------------------------------------------------

part_baselines() {
	ip link set lo up
	figures "$bin/pingpong"
	touch /run/some-file
	figures "$bin/fanotify" /run/some-file
	figures "$bin/seccomp"
	modprobe -a nfnetlink_queue nft_queue
	figures "$bin/nfqueue" nfqueue.plain
	nft -f - <<-NFT
		table inet bench {
			chain out {
				type filter hook output priority filter
				oifname "lo" udp dport 9 queue num 0
			}
		}
	NFT
	figures "$bin/nfqueue" nfqueue.asked queue
	nft delete table inet bench
	figure hkdf "$(hkdf)"
	newsa plain
}

# hkdf: what the module says in the kernel's log
hkdf() {
	insmod "$KMTIA_KO_DIR/kmtia_kdf_bench.ko"
	dmesg | sed -n 's/.*kmtia_kdf_bench: hkdf //p' | tail -n 1
	rmmod kmtia_kdf_bench
}

# --- kmtia ----------------------------------------------------------------------------------------

part_idle() {
	newsa module
	is 'idle: no SA was looked at' "$(stat matched)" 0
}

part_rules() {
	local n

	for n in 1 100 10000; do
		must "$n rules" "$bin/rules" $n
		newsa rules_$n
		is "$n rules: none covers an SA" "$(stat matched)" 0
		must "$n rules are flushed" kmtia rule flush
	done
}

part_one_tia() {
	local form

	rule_for_all
	for form in keys expand mix; do
		tia_up "$form"
		newsa tia_$form
		is "$form: each SA was asked about, and dictated" "$(since dictated) $(since questions)" "$asked $asked"
		[[ $form != keys ]] || answer_times
		tia_down
	done
	kmtia rule flush
}

# answer_times: how long the manager took, by class
answer_times() {
	local name count

	while read -r name count; do
		figure "$name" "$count"
	done < <(kmtia -j stats show | jq -r 'to_entries[] | select(.key | startswith("answers_")) | "\(.key) \(.value)"')
}

part_standing() {
	rule_for_all
	tia_up standing
	newsa standing_mix
	is 'standing secret: each SA was dictated, without a question' "$(since dictated) $(since questions)" "$asked 0"
	tia_down
	kmtia rule flush
}

# Several that bid the same: all are asked for their bids, and one for the keys.
part_bidders() {
	local i n

	rule_for_all
	for n in 2 4 8; do
		for ((i = 1; i <= n; i++)); do
			tia_up keys $i 5
		done
		newsa bidders_$n
		is "$n bidders: each SA took so many bids, and keys" "$(since questions)" $((asked * (n + 1)))
		tia_down
	done
	kmtia rule flush
}

part_in_kernel() {
	rule_for_all
	insmod "$KMTIA_KO_DIR/kmtia_sample.ko" form=keys
	newsa kernel_manager
	is 'in the kernel: each SA was dictated' "$(since dictated)" "$asked"
	rmmod kmtia_sample
	kmtia rule flush
}

part_watchers() {
	local n

	# Which SA is the way back of which
	ip addr add 10.1.0.1/32 dev lo
	kmtia rule add priority 10 notify any keys "$(watcher_uuid 1)"
	newsa watched
	for n in 1 4 16; do
		watchers_up $n
		newsa watchers_$n told $n
		watchers_down
	done
	newsa watched_pairs pairs
	for n in 1 4 16; do
		watchers_up $n fetch
		newsa watchers_${n}_fetch pairs told $n
		watchers_down
	done
	kmtia rule flush
	ip addr del 10.1.0.1/32 dev lo
}

# One that is dead, and one that does not answer, cost nothing from the second SA on.
part_failures() {
	kmtia rule add priority 10 dictate any on-failure keep timeout 300
	tia_up keys
	kill -KILL "${tias[0]}"
	wait "${tias[0]}" || :
	tias=()
	newsa dead
	is 'dead: nobody was asked' "$(since questions)" 0
	tia_up none
	newsa stalled
	is 'stalled: one question' "$(since questions)" 1
	tia_down
	kmtia rule flush
}

part_live() {
	local count time own before after

	rule_for_all
	tia_up keys
	before=$(module_bytes)
	while read -r count time own; do
		figure "newsa.live_$count" "$time"
		figure "newsa.live_$count.own" "$own"
	done < <("$bin/newsa" live 1000 10000 100000)
	is 'live: all were dictated' "$(since dictated)" 100000
	after=$(module_bytes)
	figure memory.per_sa $(((after - before + 50000) / 100000))
	ip xfrm state flush
	tia_down
	kmtia rule flush
}

# What an SA takes of the machine when as many namespaces as that create theirs at the same time, each with a manager of its own
part_parallel() {
	local i n go=/run/go

	mkfifo $go
	for n in 1 4 16; do
		for ((i = 1; i <= n; i++)); do
			ip netns add p$i
			netns=p$i rule_for_all
			netns=p$i tia_up keys $i
		done
		for ((i = 1; i <= n; i++)); do
			in_parallel p$i 3<>$go &
		done
		head -c $n /dev/zero >$go
		for ((i = 1; i <= n; i++)); do
			wait_line /run/p$i ' ' 6000
		done
		figure parallel.netns_$n "$(awk -v n=$n '{ sum += $2 } END { printf "%d", sum / NR / n }' /run/p[0-9]*)"
		tia_down
		for ((i = 1; i <= n; i++)); do
			is "$n namespaces: all SAs of $i were dictated" "$(ip netns exec p$i kmtia -j stats show | jq .dictated)" 1000
			ip netns del p$i
			rm /run/p$i
		done
	done
}

# in_parallel NETNS: when it is told to
in_parallel() {
	: >"/run/$1"
	head -c 1 <&3 >/dev/null
	exec ip netns exec "$1" "$bin/newsa" live 1000 >"/run/$1" 3<&-
}

# What a datagram costs its sender that goes through an SA to the other namespace, where it is dropped when it has come out
part_packets() {
	netns_pair
	ip netns exec b nft -f - <<-NFT
		table inet bench {
			chain in {
				type filter hook input priority filter
				udp dport 9 drop
			}
		}
	NFT
	figures ip netns exec a "$bin/datagrams" 10.1.0.2 packet.clear
	packets_of packet.plain
	for ns in a b; do
		netns=$ns rule_for_all
		netns=$ns tia_up keys
	done
	packets_of packet.dictated
	for ns in a b; do
		is "$ns: the SA was dictated" "$(ip netns exec $ns kmtia -j stats show | jq .dictated)" 1
		ip netns exec $ns kmtia rule flush
	done
	tia_down
	ip netns del a
	ip netns del b
}

# packets_of NAME: with an SA that is made now
packets_of() {
	local ns

	for ns in a b; do
		ip -n $ns xfrm state add src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x1001 reqid 1 mode transport \
			aead 'rfc4106(gcm(aes))' "0x$(printf 'ab%.0s' {1..20})" 128 replay-window 32
		ip -n $ns xfrm policy add src 10.1.0.1 dst 10.1.0.2 dir "$([[ $ns == a ]] && echo out || echo in)" \
			tmpl src 10.1.0.1 dst 10.1.0.2 proto esp reqid 1 mode transport
	done
	figures ip netns exec a "$bin/datagrams" 10.1.0.2 "$1"
	ok "$1: the packets came out of the SA" test "$(ip -n b -s xfrm state | awk '/lifetime current:/ { getline; print $2 + 0 }')" -ge 5000
	for ns in a b; do
		ip -n $ns xfrm state flush
		ip -n $ns xfrm policy flush
	done
}

# What libkmtia itself executes for a question, in instructions of user space, and with what it calls of other libraries
part_library() {
	local few many

	rule_for_all
	callgrind 600
	few=$(totals)
	callgrind 1600
	many=$(totals)
	figure library.question $(((many - few) / 1000))
	kmtia rule flush
}

# callgrind N: of a TIA that N SAs ask
callgrind() {
	valgrind -q --tool=callgrind --callgrind-out-file=/run/callgrind.out "$bin/tia" keys >/run/tia.callgrind 2>/run/tia.callgrind.err &
	tias+=($!)
	must 'a manager: keys, counted' wait_line /run/tia.callgrind ready 6000
	"$bin/newsa" live "$1" >/dev/null
	ip xfrm state flush
	tia_down
}

# totals: instructions of the last one
totals() {
	sed -n 's/^totals: //p' /run/callgrind.out
}

# 100 CHILD_SAs between two charons: time from the first SA of the initiator to the last. Where processors wait for each
# other, the clock of an emulated machine that counts instructions tells nothing.
part_children() {
	local ns

	[[ $MEASURE == time ]] || return 0
	module_unload
	netns_pair
	for ns in a b; do
		charon_swanctl_conf $ns < <(children_conf $ns)
	done
	children_of children.plain
	must 'the module loads' module_load
	for ns in a b; do
		netns=$ns rule_for_all
		netns=$ns tia_up keys
	done
	children_of children.tia
	for ns in a b; do
		is "$ns: all SAs were dictated" "$(ip netns exec $ns kmtia -j stats show | jq .dictated)" 200
		ip netns exec $ns kmtia rule flush
	done
	tia_down
	ip netns del a
	ip netns del b
}

children_conf() {
	local own=1 other=2 n

	[[ $1 == a ]] || own=2 other=1
	cat <<-CONF
		connections {
			t {
				version = 2
				local_addrs = 10.1.0.$own
				remote_addrs = 10.1.0.$other
				proposals = aes128-sha256-curve25519
				local {
					auth = psk
					id = 10.1.0.$own
				}
				remote {
					auth = psk
					id = 10.1.0.$other
				}
				children {
	CONF
	for ((n = 1; n <= 100; n++)); do
		echo "c$n { esp_proposals = aes128gcm16"
		echo "local_ts = 10.8.$n.$own/32"
		echo "remote_ts = 10.8.$n.$other/32"
		[[ $1 == b ]] || echo 'start_action = start'
		echo '}'
	done
	echo '} } }'
	echo 'secrets { ike-t { secret = "a shared secret" } }'
}

# children_installed: 200 SAs with keys at both ends
children_installed() {
	local ns

	for ns in a b; do
		[[ $(xfrm_keys $ns | awk '$5 != "-"' | wc -l) == 200 ]] || return 1
	done
}

# children_of NAME
children_of() {
	local monitor ns

	ip -n a -t xfrm monitor SA >/run/sas &
	monitor=$!
	must "$1: charon runs in b" charon_start b
	must "$1: charon runs in a" charon_start a
	must "$1: 100 children come up" wait_for 300 children_installed
	kill $monitor
	figure "$1" "$(sas_span </run/sas)"
	for ns in a b; do
		ok "$1: charon ends in $ns" charon_stop $ns
		ip -n $ns xfrm state flush
		ip -n $ns xfrm policy flush
	done
}

# sas_span: nanoseconds between the first and the last timestamp of ip(8)
sas_span() {
	local day month date time year usec first='' last

	while read -r _ day month date time year usec _; do
		last=$(date -d "$day $month $date $time $year" +%s)$(printf '%06d' "$((10#$usec))")000
		first=${first:-$last}
	done < <(grep '^Timestamp:')
	echo $((last - first))
}

load() {
	local plain

	module_load
	[[ ${SLOW:-} ]] || return 0
	plain=$(awk '$1 == "newsa.plain" { print $2 }' "$KMTIA_OUT/figures")
	insmod "$KMTIA_KO_DIR/kmtia_slow.ko" turns=$((plain / 25))
}

main() {
	local part

	ipsec_modules_load
	for part in "${@:-${parts[@]}}"; do
		# The first needs a kernel that has not seen the module.
		[[ $part == baselines ]] || module_loaded || must 'the module loads' load
		"part_$part"
	done
	done_testing
}

main "$@"
