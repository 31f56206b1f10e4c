/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory-ebb: what calls took goes back to the system when they are over.
 *
 * The allocator keeps what is freed, which is right while as many calls begin as end, and after a
 * busy hour would keep a hundred times what is needed. What has not been used for a minute goes
 * back. The daemon has one.
 */
#include "base/memory-ebb.h"

#include "base/deadline.h"
#include "base/memory.h"

#define LOOK_MS 60000
#define WORTH (32 << 20) /* bytes; less is not worth the page faults when it is needed again */

struct _MemoryEbb {
  Deadline *deadline;
  gsize before; /* what was spare at the last look */
  gsize rest;   /* what cannot be given back: it lies between what is used */
};

static gsize
spare (void)
{
  gsize used = memory_in_use ();

  return MAX (memory_resident (), used) - used;
}

static void
look (gpointer user_data)
{
  MemoryEbb *ebb = user_data;
  gsize now = spare ();

  ebb->deadline = deadline_new (LOOK_MS, look, ebb);
  if (MIN (now, ebb->before) >= ebb->rest + WORTH) {
    memory_give_back ();
    ebb->rest = now = spare ();
  }
  ebb->rest = MIN (ebb->rest, now);
  ebb->before = now;
}

/**
 * memory_ebb_new:
 *
 * Returns: (transfer full): looks after the memory of this process from now on
 */
MemoryEbb *
memory_ebb_new (void)
{
  MemoryEbb *ebb = g_new0 (MemoryEbb, 1);

  ebb->deadline = deadline_new (LOOK_MS, look, ebb);
  return ebb;
}

/**
 * memory_ebb_free:
 * @ebb: (transfer full): what looks after the memory
 */
void
memory_ebb_free (MemoryEbb *ebb)
{
  deadline_clear (&ebb->deadline);
  g_free (ebb);
}
