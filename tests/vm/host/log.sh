# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The kernel's log.

# without_traces FILE: standard input without those that FILE allows
without_traces() {
	perl -0777 -pe '
		BEGIN { open my $in, "<", shift or die; @allowed = split /\n/, <$in> // "" }
		s{^[^\n]*-\[ cut here.*?-\[ end trace[^\n]*\n}{
			my $trace = $&;
			(grep { $trace =~ m/$_/s } @allowed) ? "" : $trace;
		}gems' "$1"
}
