/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces by name. */
#ifndef KMTIA_TOOLS_NETNS_H
#define KMTIA_TOOLS_NETNS_H

int netns_enter(const char *name);

#endif /* KMTIA_TOOLS_NETNS_H */
