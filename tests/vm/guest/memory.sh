# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# How often a secret is in this machine's memory; the host looks (tests/vm/host/memory.py). Needs "# vm: --memory".

# memory_port: the device
memory_port() {
	local sys

	for sys in /sys/class/virtio-ports/*; do
		if [[ $(<"$sys/name") == kmtia.memory ]]; then
			echo "/dev/${sys##*/}"
			return
		fi
	done
	echo 'the machine was not started with --memory' >&2
	return 1
}

# memory_count secret|key ARG...: see memory.py
memory_count() {
	local port count

	port=$(memory_port)
	exec {memory_fd}<>"$port"
	echo "$*" >&$memory_fd
	IFS= read -r -t 60 count <&$memory_fd
	exec {memory_fd}>&-
	if [[ $count != +([0-9]) ]]; then
		echo "memory_count $1: $count" >&2
		return 1
	fi
	echo "$count"
}

# memory_clean secret|key ARG...: found nowhere; what is freed later than the command that frees it is waited for
memory_clean() {
	[[ $(memory_count "$@") == 0 ]]
}
