# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Passes a scenario's TAP on and judges it. The plan is held back, because the harness adds tests of its own.

tap_seen=0    # tests so far
tap_failed=0  # those of the scenario that failed
tap_plan=''   # what the scenario planned
tap_note=''   # the plan's comment: "# SKIP why"
tap_faults=() # what is wrong with its TAP
vm_failed=0   # tests of the harness that failed

tap_test() {
	local failed=$1 number=$2 rest=$3

	((++tap_seen))
	if [[ -n $number && $number -ne $tap_seen ]]; then
		tap_faults+=("test number $number where $tap_seen was due")
	fi
	if [[ -n $failed && ! ${rest^^} =~ (^|[^\\])'#'[[:space:]]*TODO ]]; then
		((++tap_failed))
	fi
}

# tap_line LINE: prints it, unless it is a plan
tap_line() {
	local plan='^1\.\.([0-9]+)[[:space:]]*(#.*)?$'
	local test='^(not )?ok([[:space:]]+([0-9]+))?(([[:space:]].*)?)$'

	if [[ $1 =~ $plan ]]; then
		[[ -z $tap_plan ]] || tap_faults+=('more than one plan')
		tap_plan=${BASH_REMATCH[1]}
		tap_note=${BASH_REMATCH[2]}
		return
	fi
	if [[ $1 =~ $test ]]; then
		tap_test "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}"
	elif [[ $1 == 'Bail out!'* ]]; then
		tap_faults+=("$1")
		set -- "# $1"
	fi
	printf '%s\n' "$1"
}

# tap_read COPY: everything from standard input, as it comes
tap_read() {
	local line

	: >"$1"
	while IFS= read -r line || [[ -n $line ]]; do
		printf '%s\n' "$line" >>"$1"
		tap_line "$line"
	done
}

# tap_judge: completes tap_faults
tap_judge() {
	if [[ -z $tap_plan ]]; then
		tap_faults+=('there is no plan: the scenario did not reach its end')
	elif ((tap_plan != tap_seen)); then
		tap_faults+=("$tap_plan tests were planned, $tap_seen seen")
	elif ((tap_plan == 0)) && [[ ! ${tap_note^^} =~ ^'#'[[:space:]]*SKIP ]]; then
		tap_faults+=('there are no tests and no reason for that')
	fi
}

# vm_not_ok NAME: a test of the harness that failed
vm_not_ok() {
	((++vm_failed))
	echo "not ok $((++tap_seen)) - $1"
}

# vm_plan: ends the output
vm_plan() {
	if ((tap_seen == 0)); then
		echo "1..0 $tap_note"
	else
		echo "1..$tap_seen"
	fi
}
