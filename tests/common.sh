# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP and waiting, for every test in bash, on the host or in a guest. To be sourced first.
#
# The sourcing script is strict from here on: an unset variable, or a command that fails outside of ok and fails, ends
# it, and says where. Only done_testing (or a plan that was fulfilled) makes its end a good one.

set -Eeuo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8

tap_count=0
tap_failed=0
tap_planned=''
tap_over=0
tap_exits=()
tap_tmp=$(mktemp -d "${TMPDIR:-/tmp}/kmtia-test.XXXXXX")

# diag TEXT...: lines of comment
diag() {
	local text="$*"

	printf '# %s\n' "${text//$'\n'/$'\n# '}"
}

# tap_diag_output: what the last command wrote, at most 40 lines of it
tap_diag_output() {
	if [[ -s $tap_tmp/out ]]; then
		tail -n 40 "$tap_tmp/out" | sed 's/^/#   /'
	fi
}

# plan N: this many tests will come. Without it, done_testing counts.
plan() {
	tap_planned=$1
	echo "1..$1"
}

# tap_result ok|'not ok' NAME [DIRECTIVE]
tap_result() {
	local name=${2//$'\n'/ }

	((++tap_count))
	[[ $1 == ok ]] || ((++tap_failed))
	echo "$1 $tap_count - ${name//'#'/'\#'}${3:+ # $3}"
}

pass() {
	tap_result ok "$1"
}

fail() {
	tap_result 'not ok' "$1"
	diag "at $(tap_place)"
}

# skip NAME REASON: a test that cannot be made here
skip() {
	tap_result ok "$1" "SKIP $2"
}

# skip_all REASON: ends a script that has made no test yet
skip_all() {
	echo "1..0 # SKIP $1"
	tap_over=1
	exit 0
}

# tap_place: file and line of the test script that brought us here
tap_place() {
	local i

	for ((i = 1; i < ${#BASH_SOURCE[@]} - 1; i++)); do
		[[ ${BASH_SOURCE[i]} == "${BASH_SOURCE[0]}" ]] || break
	done
	echo "${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
}

# tap_died STATUS LINE COMMAND: for the trap; what fails in this file itself was given to it, and it says so
tap_died() {
	local file=${BASH_SOURCE[1]-$0}

	[[ $file == "${BASH_SOURCE[0]}" ]] || echo "# ${file##*/}:$2: \"$3\" exited with $1" >&2
}

tap_trap_error() {
	# shellcheck disable=SC2016 # expanded by the trap
	trap 'tap_died $? $LINENO "$BASH_COMMAND"' ERR
}

# tap_try CMD...: runs it in a subshell in which every failing command is fatal; sets tap_status
tap_try() {
	local flags=$-

	trap - ERR
	set +e
	(
		tap_trap_error
		set -e
		"$@"
	) >"$tap_tmp/out" 2>&1 </dev/null
	tap_status=$?
	# In an interactive shell, it was not set.
	if [[ $flags == *e* ]]; then
		set -e
		tap_trap_error
	fi
}

# ok NAME CMD...: passes if the command succeeds. It runs in a subshell: variables that it sets are lost.
ok() {
	tap_try "${@:2}"
	if ((tap_status == 0)); then
		pass "$1"
		return
	fi
	fail "$1"
	diag "exit status $tap_status: ${*:2}"
	tap_diag_output
}

# must NAME CMD...: ok, but nothing after it makes sense if it fails
must() {
	ok "$@"
	((tap_status == 0)) || exit 1
}

# fails NAME CMD...: passes if the command exits with 1 to 125; a crash or a command that is not there does not count
fails() {
	tap_try "${@:2}"
	if ((tap_status > 0 && tap_status < 126)); then
		pass "$1"
		return
	fi
	fail "$1"
	diag "exit status $tap_status, expected 1 to 125: ${*:2}"
	tap_diag_output
}

# tap_compare PASSED NAME GOT RELATION EXPECTED
tap_compare() {
	if (($1)); then
		pass "$2"
	else
		fail "$2"
		diag "got:"$'\n'"  ${3//$'\n'/$'\n  '}"
		diag "expected $4:"$'\n'"  ${5//$'\n'/$'\n  '}"
	fi
}

# is, isnt NAME GOT EXPECTED: strings
is() {
	tap_compare "$([[ $2 == "$3" ]] && echo 1 || echo 0)" "$1" "$2" 'to be' "$3"
}

isnt() {
	tap_compare "$([[ $2 != "$3" ]] && echo 1 || echo 0)" "$1" "$2" 'not to be' "$3"
}

# like, unlike NAME GOT REGEX: extended regular expressions
like() {
	tap_compare "$([[ $2 =~ $3 ]] && echo 1 || echo 0)" "$1" "$2" 'to match' "$3"
}

unlike() {
	tap_compare "$([[ $2 =~ $3 ]] && echo 0 || echo 1)" "$1" "$2" 'not to match' "$3"
}

# done_testing: the last statement of a test script
done_testing() {
	[[ -n $tap_planned ]] || echo "1..$tap_count"
	tap_over=1
}

# at_exit CMD...: to be run at the end, however it comes; the last registered first
at_exit() {
	tap_exits=("${*@Q}" "${tap_exits[@]}")
}

finish() {
	local status=$? cmd

	trap - ERR EXIT
	set +e
	for cmd in "${tap_exits[@]}"; do
		eval "$cmd"
	done
	rm -rf "$tap_tmp"
	if ((status == 0 && !tap_over)) && [[ $tap_planned != "$tap_count" ]]; then
		echo '# the script ended without done_testing' >&2
		status=1
	fi
	((status == 0 && tap_failed > 0)) && status=1
	exit "$status"
}

trap finish EXIT
tap_trap_error

# now_ms: milliseconds since the epoch
now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# wait_for SECONDS CMD...: until the command succeeds, tried every 50 ms; if it does not, says what it waited for
wait_for() {
	local limit=$1 end out=$tap_tmp/wait.$BASHPID

	shift
	end=$((${EPOCHREALTIME/[.,]/} + limit * 1000000))
	until "$@" >"$out" 2>&1; do
		if ((${EPOCHREALTIME/[.,]/} >= end)); then
			{
				echo "waited $limit s in vain for: $*"
				tail -n 20 "$out"
			} >&2
			return 1
		fi
		sleep 0.05
	done
}

# wait_line FILE REGEX SECONDS: until a line of the file matches
wait_line() {
	wait_for "$3" grep -qE -e "$2" "$1" && return 0
	echo "the last lines of $1:" >&2
	tail -n 20 "$1" >&2
	return 1
}
