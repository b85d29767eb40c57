# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Packages that Debian has for later releases than this machine's, fetched and not installed. apt gets a configuration of
# its own: the system's sources stay as they are, and the mirror is the one that they name.

# apt_isolated TMPDIR: sets apt_options to those of an apt that knows nothing but backports, and has its index
apt_isolated() {
	local mirror release

	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
		sort -u | head -n 1)
	if [[ -z $mirror ]]; then
		echo 'apt knows no Debian mirror' >&2
		return 1
	fi
	mkdir -p "$1"/{lists,cache/archives}/partial
	for release in bookworm-backports trixie-backports; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main"
	done >"$1/sources.list"
	apt_options=(-o "Dir::Etc::SourceList=$1/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache" -o APT::Sandbox::User="$(id -un)")
	apt-get -qq "${apt_options[@]}" update
}

# apt_names: those of all packages
apt_names() {
	apt-cache "${apt_options[@]}" pkgnames
}

# apt_unpack DIR PACKAGE...: unpacks packages, with nothing of what they depend on, into DIR
apt_unpack() {
	local dir=$1 debs deb
	shift

	debs=$(mktemp -d "$dir/debs.XXXXXX")
	(cd "$debs" && apt-get -qq "${apt_options[@]}" download "$@") || return 1
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$dir" || return 1
	done
	rm -rf "$debs"
}
