# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Linters for C in user space; sourced by tests/lint, which sets work.

: "${work:?}"

mapfile -t user_files < <(git ls-files {lib,tools,tests/lib,tests/tools,tests/bench,tests/programs,tests/race}/'*.[ch]')
mapfile -t user_c < <(printf '%s\n' "${user_files[@]}" | grep '\.c$')

# The Makefile's flags, warnings and all
user_flags() {
	make -s --no-print-directory lint-flags | tr ' ' '\n'
}

# Some warnings need an optimizer.
check_user_gcc() {
	local flags file

	mapfile -t flags < <(user_flags)
	for file in "${user_c[@]}"; do
		gcc "${flags[@]}" -O2 -c -o "$work/user-gcc.o" "$file" || :
	done
}

check_user_clang() {
	local flags

	mapfile -t flags < <(user_flags)
	clang "${flags[@]}" -fsyntax-only "${user_c[@]}"
}

# A process each: clang-tidy 14 confuses the va_lists of several files.
check_clang_tidy() {
	local flags

	mapfile -t flags < <(user_flags)
	printf '%s\n' "${user_c[@]}" |
		xargs -P 2 -I {} clang-tidy --quiet {} -- "${flags[@]}" 2>"$work/clang-tidy.err" || cat "$work/clang-tidy.err"
}

# The format differs between versions.
check_clang_format() {
	clang-format-14 --dry-run --Werror "${user_files[@]}"
}

# What clang-format is told to leave to the author
check_line_length() {
	local file

	for file in "${user_files[@]}"; do
		expand "$file" | awk -v file="$file" 'length > 100 { print file ":" NR ": " length " columns, more than 100" }'
	done
}
