# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# Finds kernels and makes what QEMU boots from them. Sourced by tests/vm/run.
#
# A kernel is named by
#   6.1, 6.12 ...      the newest installed Debian kernel of that series,
#   6.1.0-56-amd64     an installed release,
#   debug, 6.12 ...    a directory $cache/kernels/NAME,
#   path/to/DIR        such a directory anywhere.
# A directory holds bzImage, vmlinux or boot/vmlinuz-*, and, unless everything that the harness needs is built in,
# lib/modules/RELEASE/ with a modules.dep (empty if nothing is a module). Beside a bare vmlinux, a file "release" names the
# release. tests/vm/kernel/get makes such directories.

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kmtia

# What the harness itself needs in the guest; a kernel without modules must have these built in.
readonly boot_modules=(virtio_pci virtio_console virtio_rng 9pnet_virtio 9p overlay)

# first_file PATH...: the first of them that is a file
first_file() {
	local f

	for f; do
		if [[ -f $f ]]; then
			echo "$f"
			return 0
		fi
	done
	return 1
}

# le_number FILE OFFSET BYTES: a little-endian number in a file
le_number() {
	od -A n -t "u$3" -j "$2" -N "$3" --endian=little "$1" | tr -d ' '
}

# image_release BZIMAGE: the release that the boot header of an x86 kernel names
image_release() {
	local at

	at=$(le_number "$1" $((0x20e)) 2)
	# Read whole, lest what is cut off fail for want of a reader.
	od -A n -c -v -w1 -j $((at + 0x200)) -N 256 "$1" | awk '$1 == "\\0" || NF == 0 { exit } { printf "%s", $1 }'
}

# newest_installed SERIES: the newest installed release of a series that has an image
newest_installed() {
	local dir rel

	for dir in /lib/modules/"$1".*-amd64; do
		rel=${dir##*/}
		[[ $rel == *-@(rt|cloud)-amd64 || ! -f /boot/vmlinuz-$rel ]] || echo "$rel"
	done | sort -V | tail -n 1
}

kernel_from_dir() {
	local dir

	dir=$(readlink -f "$1")
	kernel_image=$(first_file "$dir"/{bzImage,vmlinux} "$dir"/boot/vmlinuz-*) || return 1
	for kernel_modules in "$dir"/lib/modules/*; do
		kernel_release=${kernel_modules##*/}
		[[ -f $kernel_modules/modules.dep ]] || continue
		[[ -s $kernel_modules/modules.dep ]] || kernel_builtin=1
		return 0
	done
	kernel_modules=''
	kernel_builtin=1
	if [[ -f $dir/release ]]; then
		kernel_release=$(<"$dir/release")
	else
		kernel_release=$(image_release "$kernel_image")
	fi
}

# kernel_locate NAME: sets kernel_image, kernel_release, kernel_modules (its /lib/modules/RELEASE, or nothing) and
# kernel_builtin (1: there are no modules to load)
kernel_locate() {
	local rel

	kernel_builtin=0
	if [[ $1 == */* ]]; then
		kernel_from_dir "$1"
		return
	fi
	rel=$1
	[[ -f /boot/vmlinuz-$rel ]] || rel=$(newest_installed "$1")
	if [[ -n $rel ]]; then
		kernel_image=/boot/vmlinuz-$rel
		kernel_release=$rel
		kernel_modules=/lib/modules/$rel
	elif [[ -d $cache/kernels/$1 ]]; then
		kernel_from_dir "$cache/kernels/$1"
	else
		return 1
	fi
}

# cache_put NAME: standard input becomes the cached file NAME, whole or not at all; what nobody used for a month goes
cache_put() {
	local tmp

	mkdir -p "$cache/vm"
	find "$cache/vm" -type f -mtime +30 -delete
	tmp=$(mktemp "$cache/vm/.new.XXXXXX")
	if ! cat >"$tmp"; then
		rm -f "$tmp"
		return 1
	fi
	chmod 644 "$tmp"
	mv "$tmp" "$cache/vm/$1"
}

decompressor() {
	case $(od -A n -t x1 -N 4 "$1" | tr -d ' \n') in
	fd377a58) echo 'xz --single-stream -dc' ;;
	28b52ffd) echo 'zstd -dcq' ;;
	02214c18) echo 'lz4 -dcq' ;;
	425a68*) echo 'bzip2 -dc' ;;
	1f8b*) echo 'gzip -dc' ;;
	*) return 1 ;;
	esac
}

# unpack_bzimage BZIMAGE OUT: its payload, an ELF file; fails unless that can be booted directly (PVH entry note)
unpack_bzimage() {
	local start len tool

	start=$((($(le_number "$1" $((0x1f1)) 1) + 1) * 512 + $(le_number "$1" $((0x248)) 4)))
	len=$(le_number "$1" $((0x24c)) 4)
	tail -c +$((start + 1)) "$1" | head -c "$len" >"$2.packed"
	tool=$(decompressor "$2.packed") || return 1
	# All but gzip are followed by four bytes with the unpacked length.
	[[ $tool == gzip* ]] || truncate -s -4 "$2.packed"
	$tool <"$2.packed" >"$2" 2>/dev/null && readelf -n "$2" 2>/dev/null | grep -q 0x00000012
}

# kernel_prepare TMPDIR: sets kernel_boot, the file for -kernel. Emulating the decompressor would take longer than all
# the rest of the boot, so it is done here, once.
kernel_prepare() {
	local key

	kernel_boot=$kernel_image
	[[ $(od -A n -t x1 -N 4 "$kernel_image") != ' 7f 45 4c 46' ]] || return 0
	key=vmlinux-$kernel_release-$(sha256sum <"$kernel_image" | cut -c 1-16)
	if [[ ! -f $cache/vm/$key ]]; then
		unpack_bzimage "$kernel_image" "$1/vmlinux" || return 0
		cache_put "$key" <"$1/vmlinux"
	fi
	touch "$cache/vm/$key"
	kernel_boot=$cache/vm/$key
}

# module_files: paths of boot_modules and what they need, in the order of loading
module_files() {
	((kernel_builtin)) && return 0
	modprobe -d "${kernel_modules%/lib/modules/*}/" -S "$kernel_release" --show-depends -a "${boot_modules[@]}" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# initramfs_tree DIR: fills DIR with what the guest boots into first
initramfs_tree() {
	local file name

	mkdir -p "$1"/{bin,dev,proc,sys,modules,lower,upper,root}
	install -m 755 "$(type -P busybox)" "$1/bin/busybox"
	install -m 755 "$vm/guest/initramfs" "$1/init"
	while read -r file; do
		name=${file##*/}
		name=${name%%.ko*}.ko
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -dcq "$file" ;;
		*.gz) gzip -dc "$file" ;;
		*) cat "$file" ;;
		esac >"$1/modules/$name"
		echo "$name" >>"$1/modules/list"
	done
}

# initramfs_prepare TMPDIR: sets initramfs
initramfs_prepare() {
	local files key

	files=$(module_files)
	key=initramfs-$kernel_release-$(
		echo "$files" | cat - "$(type -P busybox)" "$vm/guest/initramfs" "$vm/host/kernel.sh" |
			{ cat; [[ -z $files ]] || xargs -d '\n' cat <<<"$files"; } | sha256sum | cut -c 1-16
	)
	initramfs=$cache/vm/$key
	if [[ ! -f $initramfs ]]; then
		initramfs_tree "$1/initramfs" < <([[ -z $files ]] || echo "$files")
		(cd "$1/initramfs" && find . | cpio -o -H newc --quiet | gzip -1) | cache_put "$key"
	fi
	touch "$initramfs"
}
