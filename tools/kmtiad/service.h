/* SPDX-License-Identifier: GPL-2.0-only */
/* kmtiad as a service: what it tells its manager, and how it guards itself. */
#ifndef KMTIAD_SERVICE_H
#define KMTIAD_SERVICE_H

void service_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
void service_reloading(void);
int service_watchdog_ms(void);
void service_harden(void);

#endif /* KMTIAD_SERVICE_H */
