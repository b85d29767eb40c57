#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 600
#
# AH, of SAs that ip(8) makes: they run on keys that are mixed from those that it was given and a secret.
#
# Left out, because the kernel refuses it: AH in BEET mode.

# shellcheck source=tests/vm/guest.sh
. "${KMTIA_TOP:?run this with tests/vm/run}/tests/vm/guest.sh"
# shellcheck source=tests/scenarios/lib/manual.sh
. "$KMTIA_TOP/tests/scenarios/lib/manual.sh"

# IKE, IP, mode, SA, what else; see lib/ike.sh
ike_table manual manual <<-'TABLE'
	0  4     transport  ah-sha256
	0  6     transport  ah-sha256
	0  4     tunnel     ah-sha512
	0  6     tunnel     ah-sha384
	0  4     transport  ah-sha1
	0  6     tunnel     ah-cmac
	0  6in4  tunnel     ah-sha256
	0  4in6  tunnel     ah-sha256
	0  4     transport  ah-sha512  esn
	0  6     tunnel     ah-sha256  esn
	0  4     transport  ah-sha256  no-rule
	0  6     tunnel     ah-sha256  no-rule
	0  4     transport  ah-sha256  secret
	0  6     tunnel     ah-sha512  secret
TABLE
ike_scenario
