#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 600
#
# Two unmodified libreswan daemons (4.10): each kind of SA that they negotiate runs on keys that are mixed from IKE's and a
# secret.
#
# Left out, because this libreswan has no such thing: BEET mode, and ESN with IKEv1.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/ike.sh
. "$KMTIA_TOP/tests/scenarios/lib/ike.sh"

# IKE, IP, mode, ESP, what else; see lib/ike.sh
ike_table pluto pluto <<-'TABLE'
	2  4     transport  gcm128
	2  6     transport  gcm128
	2  4     tunnel     gcm256
	2  6     tunnel     gcm256
	2  4     transport  chacha
	2  6     tunnel     chacha
	2  4     tunnel     ccm128
	2  6     transport  ctr128-sha256
	2  4     tunnel     cbc128-sha256
	2  6     transport  cbc256-sha512
	2  6in4  tunnel     gcm128
	2  4in6  tunnel     gcm128
	2  4     tunnel     gcm128         esn
	2  6     transport  cbc256-sha512  esn by-b
	2  4     transport  chacha         esn
	1  4     transport  gcm128
	1  4     tunnel     cbc128-sha256
	1  6     tunnel     gcm256
	1  6     transport  cbc256-sha512  by-b
	2  4     transport  ah-sha256
	1  6     tunnel     ah-sha256
	2  4     tunnel     gcm128         no-rule
	1  6     transport  cbc128-sha256  no-rule
	2  4     tunnel     gcm128         refused
	2  4     transport  gcm128         secret
	2  6     tunnel     cbc128-sha256  secret
TABLE
ike_scenario
