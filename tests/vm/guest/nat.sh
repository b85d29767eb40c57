# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two network namespaces, and a router between them that hides one behind an address of its own.
#
#	netns a                           netns n                                        netns b
#	va 192.168.0.1/24  <-- veth -->  na 192.168.0.254/24  nb 10.1.0.254/24  <-- veth -->  vb 10.1.0.2/24
#	   fd02::1/64                       fd02::fe/64          fd01::fe/64                      fd01::2/64
#
# UDP that a sends to b leaves n with its address and another port. Nothing else passes, and towards a only answers do.

readonly nat_address4=10.1.0.254 nat_address6=fd01::fe

# nat_ports FIRST-LAST: those that n uses from now on, for what it does not know yet
nat_ports() {
	ip netns exec n nft -f - <<-NFT
		table inet nat
		delete table inet nat
		table inet nat {
			chain out {
				type nat hook postrouting priority srcnat
				oifname "nb" meta l4proto udp masquerade to :$1
			}
			chain forward {
				type filter hook forward priority filter
				iifname "nb" ct state new drop
				iifname "na" meta l4proto != udp drop
			}
		}
	NFT
}

# nat_forget: n knows no connection any more, and takes what comes next from a for a new one
nat_forget() {
	ip netns exec n conntrack -F
}

netns_nat() {
	local ns

	ipsec_modules_load
	modprobe -a nf_tables nft_chain_nat nft_masq nft_ct nf_conntrack_netlink
	ip -batch - <<-IP
		netns add a
		netns add b
		netns add n
		link add va netns a address 02:00:00:00:00:01 type veth peer name na netns n address 02:00:00:00:00:fa
		link add vb netns b address 02:00:00:00:00:02 type veth peer name nb netns n address 02:00:00:00:00:fb
	IP
	for ns in a b n; do
		ip netns exec $ns sysctl -q net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	done
	nat_end a va 192.168.0.1 fd02::1 fa 192.168.0.254 fd02::fe
	nat_end n na 192.168.0.254 fd02::fe 01 192.168.0.1 fd02::1
	nat_end n nb $nat_address4 $nat_address6 02 10.1.0.2 fd01::2
	nat_end b vb 10.1.0.2 fd01::2 fb $nat_address4 $nat_address6
	ip netns exec n sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	# What it is to forget, nat_forget says. Otherwise a connection of two packets, such as IKEv2's, lasts half a minute, and
	# libreswan looks every 20 s only whether it said something in the last 20 s.
	ip netns exec n sysctl -q net.netfilter.nf_conntrack_udp_timeout=3600
	nat_ports 20000-29999
}

# nat_end NS DEV ADDRESS4 ADDRESS6 PEER_MAC PEER4 PEER6
nat_end() {
	ip -n "$1" -batch - <<-IP
		link set lo up
		addr add $3/24 dev $2
		addr add $4/64 dev $2 nodad
		link set $2 up
		neigh replace $6 lladdr 02:00:00:00:00:$5 nud permanent dev $2
		neigh replace $7 lladdr 02:00:00:00:00:$5 nud permanent dev $2
	IP
}
