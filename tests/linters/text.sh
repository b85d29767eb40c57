# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Linters for scripts, manual pages and everything else; sourced by tests/lint.

mapfile -t files < <(git ls-files | while read -r file; do
	[[ -L $file || ! -f $file ]] || echo "$file"
done)

# with_first_line REGEX: those of the files whose first line matches
with_first_line() {
	awk -v regex="$1" 'FNR == 1 && $0 ~ regex { print FILENAME } { nextfile }' "${files[@]}"
}

check_shellcheck() {
	local scripts

	mapfile -t scripts < <({
		with_first_line '^#!/bin/(ba)?sh|shellcheck shell=bash'
		git ls-files '*.sh'
	} | sort -u)
	shellcheck -x "${scripts[@]}"
}

check_python() {
	local scripts

	mapfile -t scripts < <({
		with_first_line '^#!.*python'
		git ls-files '*.py'
	} | sort -u)
	flake8 "${scripts[@]}"
}

check_yamllint() {
	yamllint -d '{extends: default, rules: {line-length: {max: 100}, document-start: disable, indentation: disable}}' \
		Documentation/netlink/specs/kmtia.yaml
}

check_man() {
	mandoc -T lint -W warning Documentation/man/*
	groff -mandoc -ww -b -z -K utf8 Documentation/man/*
}

# Each file but the texts of licences, tests' data, lists for git and for the netlink generator, prose in Markdown, and
# what has no comments or is the kernel's own.
check_spdx() {
	local file

	for file in "${files[@]}"; do
		case $file in
		LICENSES/* | *.md | *.patch | *.flags | *.json | .gitignore | .shellcheckrc | MAINTAINERS) ;;
		tests/vm/badlog* | Documentation/netlink/genetlink.yaml) ;;
		*) head -n 3 "$file" | grep -q SPDX-License-Identifier || echo "$file has no SPDX line" ;;
		esac
	done
}

check_regen() {
	Documentation/netlink/regen --check
}
