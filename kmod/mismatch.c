// SPDX-License-Identifier: GPL-2.0
/*
 * SAs whose key is another one at the other end. IKE sees nothing wrong with
 * them: they are installed, packets come in, and all of them fail the integrity
 * check. A key does not change in an SA's life, so one packet that passed shows
 * that it is right.
 */
#include "internal.h"

#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <net/xfrm.h>

#define MISMATCH_PACKETS	3	/* fewer may be somebody's garbage */

#ifdef CONFIG_XFRM_STATISTICS
/* snmp_fold_field() is not exported by every kernel. */
static unsigned long failures_of(const struct net *net)
{
	const struct linux_xfrm_mib *mib;
	unsigned long failures = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		mib = per_cpu_ptr(net->mib.xfrm_statistics, cpu);
		failures += mib->mibs[LINUX_MIB_XFRMINSTATEPROTOERROR];
	}
	return failures;
}
#endif

/* Has any packet failed since the last look? Where the kernel does not count
 * them for the namespace each SA must be looked at.
 */
static bool failures_grew(struct kmtia_net *kn)
{
#ifdef CONFIG_XFRM_STATISTICS
	unsigned long failures = failures_of(kn->net);
	bool grew = failures != kn->tracker.failures;

	kn->tracker.failures = failures;
	return grew;
#else
	return true;
#endif
}

static void mismatch_check(struct kmtia_net *kn, struct kmtia_track *track)
{
	struct xfrm_state *x;
	u32 failed;
	bool gone;

	x = kmtia_track_state(kn, track, &gone);
	if (!x)
		return;
	failed = READ_ONCE(x->stats.integrity_failed);
	if (failed >= MISMATCH_PACKETS && !READ_ONCE(x->curlft.packets)) {
		track->mismatched = true;
		kmtia_count(kn, KMTIA_STAT_MISMATCHED);
		kmtia_monitor_mismatch(kn->net, track, failed);
	}
	xfrm_state_put(x);
}

/**
 * kmtia_mismatch_work() - look for SAs that nothing passes
 * @work: kmtia_tracker::watch; armed while an SA is alive
 */
void kmtia_mismatch_work(struct work_struct *work)
{
	struct kmtia_net *kn = container_of(to_delayed_work(work),
					    struct kmtia_net, tracker.watch);
	unsigned long start = jiffies;
	struct kmtia_track *track;
	u64 handle = 0;

	if (failures_grew(kn))
		while ((track = kmtia_tracker_next(&kn->tracker, handle))) {
			handle = track->handle + 1;
			if (!track->mismatched)
				mismatch_check(kn, track);
			kmtia_track_put(track);
			cond_resched();
		}
	/* One packet of garbage makes us look at every SA: where they are so
	 * many that this takes long it is done the less often.
	 */
	if (READ_ONCE(kn->tracker.live))
		queue_delayed_work(kmtia_wq, &kn->tracker.watch,
				   KMTIA_MISMATCH_PERIOD +
				   20 * (jiffies - start));
}
