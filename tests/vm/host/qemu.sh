# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2054
#
# QEMU's command line, and whether it can use KVM. Sourced by tests/vm/run.

# quoted PATH: as the value of a QEMU option
quoted() {
	echo "${1//,/,,}"
}

# initrd_of DIR: the cached initramfs with DIR in front of it
initrd_of() {
	(cd "$1" && find . | cpio -o -H newc --quiet) | cat - "$initramfs"
}

# probe_kvm TMPDIR: boots up to a word with KVM. On some hosts /dev/kvm opens, and then the guest hangs or QEMU aborts.
probe_kvm() {
	mkdir -p "$1/probe/vm"
	: >"$1/probe/vm/probe"
	initrd_of "$1/probe" >"$1/probe.initrd"
	timeout -k 5 20 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -accel kvm -cpu max -m 512 \
		-kernel "$kernel_boot" -initrd "$1/probe.initrd" -append 'console=ttyS0 panic=-1 quiet' \
		-serial stdio </dev/null 2>&1 | grep -q 'this accelerator works'
}

# acceleration TMPDIR: sets accel to kvm or tcg. The answer is remembered for this host kernel and this QEMU.
acceleration() {
	local key lock

	accel=tcg
	[[ -w /dev/kvm ]] || return 0
	key=accel-$({ uname -rv; qemu-system-x86_64 --version; } | sha256sum | cut -c 1-16)
	if [[ ! -f $cache/vm/$key ]]; then
		exec {lock}>"$cache/vm/.accel.lock"
		flock "$lock"
		if [[ ! -f $cache/vm/$key ]]; then
			probe_kvm "$1" && accel=kvm
			cache_put "$key" <<<"$accel"
		fi
		exec {lock}>&-
	fi
	accel=$(<"$cache/vm/$key")
}

# qemu_command: sets qemu to everything but the channels to the outside
qemu_command() {
	local append

	append="console=ttyS0 loglevel=$((shell ? 4 : 7)) panic=-1 oops=panic printk.devkmsg=on random.trust_cpu=on"
	# QEMU translates a program once if it always lies at the same address.
	append+=' nokaslr norandmaps'
	# An emulated CPU that waits for its host is not stalled.
	append+=' rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30 tsc=reliable'
	append+=" ${append_words[*]}"
	initrd_of "$tmp/run" >"$tmp/initrd"
	qemu=(
		qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -M q35
		-cpu max -m "$mem" -kernel "$kernel_boot" -initrd "$tmp/initrd" -append "$append"
		-device virtio-rng-pci
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=root,mount_tag=root
	)
	if ((icount)); then
		qemu+=(-accel tcg -icount shift=0,sleep=off -smp 1 -rtc base=utc,clock=vm)
	elif [[ $accel == kvm ]]; then
		qemu+=(-accel kvm -smp "$cpus" -rtc base=utc,clock=host)
	else
		qemu+=(-accel tcg,thread=multi -smp "$cpus" -rtc base=utc,clock=host)
	fi
}

# qemu_channels LOGDIR: kernel log, TAP (on QEMU's standard output), the scenario's stderr, its status, and a directory
qemu_channels() {
	local dir port file

	dir=$(quoted "$1")
	qemu+=(-chardev "file,id=console,path=$dir/console.log" -serial chardev:console -device virtio-serial-pci)
	for port in tap stderr status; do
		file=$dir/$port
		[[ $port != tap ]] || file=/dev/fd/1
		qemu+=(-chardev "file,id=$port,path=$file" -device "virtserialport,chardev=$port,name=kmtia.$port")
	done
	if ((memory)); then
		rm -f "$tmp/qmp" "$tmp/memory"
		qemu+=(
			-qmp "unix:$(quoted "$tmp/qmp"),server=on,wait=off"
			-chardev "socket,id=memory,path=$(quoted "$tmp/memory"),server=on,wait=off"
			-device virtserialport,chardev=memory,name=kmtia.memory
		)
	fi
	qemu+=(
		-fsdev "local,id=out,path=$dir/out,security_model=none"
		-device virtio-9p-pci,fsdev=out,mount_tag=out
	)
}
