# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests/bench/figures.sh: figures, and who is asked.
# shellcheck disable=SC2034 # some are for who reads this

bin=$KMTIA_TOP/build/tests/bin
KMTIA_KO_DIR=$(dirname "$KMTIA_KO")
# SAs of a round, and rounds that count; one more comes first
N=${N:-500} ROUNDS=${ROUNDS:-5}
# SAs that the last newsa made
asked=$((N * (ROUNDS + 1)))
# Where managers and rules are for; empty: where we are
netns=''
tias=()
declare -A counted
# In which watchers say that they were told of a round
told=/run/told
mkfifo $told

# figure NAME VALUE
figure() {
	echo "$1 $2" >>"$KMTIA_OUT/figures"
	like "$1: $2" "$2" '^[0-9]+$'
}

# figures COMMAND...: those that it prints
figures() {
	local name value

	while read -r name value; do
		figure "$name" "$value"
	done < <("$@")
}


in_netns() {
	if [[ -n $netns ]]; then
		ip netns exec "$netns" "$@"
	else
		"$@"
	fi
}

stat() {
	kmtia -j stats show | jq -r ".\"$1\""
}

# since NAME: by how much a counter has grown with the last newsa
since() {
	echo $(($(stat "$1") - counted[$1]))
}

count() {
	local name

	for name in dictated questions; do
		counted[$name]=$(stat $name)
	done
}

# newsa NAME [pairs] [told WATCHERS]: each in a process of its own, so that none inherits another's state
newsa() {
	local time own

	! module_loaded || count
	read -r time own < <("$bin/newsa" "$N" "$ROUNDS" "${@:2}" 3<>"$told")
	figure "newsa.$1" "$time"
	figure "newsa.$1.own" "$own"
}

rule_for_all() {
	must "${netns:-here}: a rule for all SAs" in_netns kmtia rule add priority 10 dictate any on-failure reject timeout 10000
}

# tia_up FORM [NUMBER [WEIGHT]]
tia_up() {
	local out=/run/tia.${#tias[@]} command=("$bin/tia" "$@")

	[[ -z $netns ]] || command=(ip netns exec "$netns" "${command[@]}")
	"${command[@]}" >"$out" 2>"$out.err" &
	tias+=($!)
	must "${netns:-here}: a manager: $*" wait_line "$out" ready 600
	[[ -n $netns ]] || count
}

# tia_down: all of them; none has complained
tia_down() {
	local i

	for i in "${!tias[@]}"; do
		kill "${tias[i]}"
		wait "${tias[i]}" || :
	done
	is 'no manager has complained' "$(cat /run/tia.*.err)" ''
	rm -f /run/tia.*
	tias=()
}

watcher_uuid() {
	printf '77617463-6800-0000-0000-0000000000%02x' "$1"
}

watchers=()

# watchers_up N [fetch]: each says in the pipe when it was told of a round
watchers_up() {
	local i

	for ((i = 1; i <= $1; i++)); do
		# A rule gives the keys to the first.
		"$bin/watcher" "$i" "$N" ${2:+$((i == 1 ? N / 2 : 0))} >"/run/watcher.$i" 3<>"$told" &
		watchers+=($!)
		must "watcher $i" wait_line "/run/watcher.$i" ready 600
	done
}

# watchers_down: nothing was lost
watchers_down() {
	local i

	for i in "${!watchers[@]}"; do
		kill "${watchers[i]}"
		wait "${watchers[i]}" || :
	done
	is 'nothing was lost' "$(cat /run/watcher.*)" "$(for i in "${watchers[@]}"; do echo ready; done)"
	rm -f /run/watcher.*
	watchers=()
}

# module_bytes: what kmtia has allocated for SAs: its own caches, nodes of its arrays, tables of its hashes
module_bytes() {
	local slabs tables

	slabs=$(awk '$1 ~ /^kmtia_/ || $1 == "radix_tree_node" { sum += $3 * $4 } END { printf "%d", sum }' /proc/slabinfo)
	tables=$(awk '/bucket_table_alloc/ { sum += $2 } END { printf "%d", sum }' /proc/vmallocinfo)
	echo $((slabs + tables))
}
