# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The kernel module under test: $KMTIA_KO.

# module_load [PARAMETER=VALUE...]
module_load() {
	local needs

	needs=$(modinfo -F depends "$KMTIA_KO")
	if [[ -n $needs ]]; then
		# shellcheck disable=SC2086 # a list of names
		modprobe -a ${needs//,/ }
	fi
	insmod "$KMTIA_KO" "$@"
}

module_unload() {
	rmmod kmtia
}

module_loaded() {
	[[ -r /sys/module/kmtia/initstate && $(</sys/module/kmtia/initstate) == live ]]
}
