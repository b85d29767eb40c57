#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 600
#
# An unmodified strongSwan and an unmodified libreswan: what they negotiate runs on keys that are mixed from IKE's and a
# secret.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/ike.sh
. "$KMTIA_TOP/tests/scenarios/lib/ike.sh"

# IKE, IP, mode, ESP, what else; see lib/ike.sh
ike_table charon pluto <<-'TABLE'
	2  4     tunnel     gcm128
	2  6     tunnel     gcm256         by-b
	2  4     transport  cbc128-sha256  by-b
	2  6     transport  cbc256-sha512
	2  4     tunnel     chacha         by-b
	2  4     tunnel     gcm128         esn
	2  6     transport  cbc128-sha256  esn by-b
	2  6in4  tunnel     ccm128
	2  4     transport  ctr128-sha256
	1  4     tunnel     cbc128-sha256
	1  6     transport  gcm128         by-b
	2  4     tunnel     gcm128         no-rule
	2  4     tunnel     gcm128         secret
TABLE
ike_scenario
