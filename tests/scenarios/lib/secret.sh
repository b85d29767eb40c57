# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A kmtiad in a namespace that dictates by mixing a secret into the keying module's own keys, and the keys that this must
# give, computed without it. The kernel has the secret of a, and asks b's kmtiad each time.

# shellcheck source=tests/scenarios/lib/tia.sh
. "$KMTIA_TOP/tests/scenarios/lib/tia.sh"

readonly secret_id=k1

# secret_make NS CHARACTER: 32 bytes of it
secret_make() {
	local file=/run/secret.$1

	printf "$2%0.s" {1..32} >"$file"
	chmod 600 "$file"
}

# secret_conf NS: for tia_start
secret_conf() {
	local standing=no

	[[ $1 != a ]] || standing=yes
	cat >"/run/kmtiad.$1.conf" <<-CONF
		manager {
			uuid = "$(tia_uuid "$1")"
			name = "tia-$1"
			flags = {"dictate", "notify"}
		}
		source secret {
			derivation = "mix"
			standing = "$standing"
			use = "$secret_id"
			secret {
				key-id = "$secret_id"
				file = "/run/secret.$1"
			}
		}
	CONF
}

# secret_keys NS IKE <LINES: lines of xfrm_keys with the keys that they must have; IKE is a file with those of the keying
# module, "src dst proto spi encryption-key authentication-key"
secret_keys() {
	"$KMTIA_TOP/tests/py/kdf.py" expect --derivation mix --secret-file "/run/secret.$1" --key-id "$secret_id" --ike "$2"
}
