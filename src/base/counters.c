/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * counters: what happened how often, and how much of each thing there is.
 *
 * The one state that the threads share: atomic, never locked, never reset.
 */
#include "base/counters.h"

#include <stdatomic.h>

static _Atomic gint64 values[N_COUNTERS];

static const gchar *const names[N_COUNTERS] = {
#define COUNTER_NAME(id, name) [COUNTER_##id] = name,
  COUNTERS (COUNTER_NAME)
#undef COUNTER_NAME
};

/**
 * counters_add:
 * @counter: which
 * @delta: how much more, or less
 *
 * Any thread may call it.
 */
void
counters_add (Counter counter, gint64 delta)
{
  atomic_fetch_add_explicit (&values[counter], delta, memory_order_relaxed);
}

/**
 * counters_get:
 * @counter: which
 *
 * Returns: its value now
 */
gint64
counters_get (Counter counter)
{
  return atomic_load_explicit (&values[counter], memory_order_relaxed);
}

/**
 * counters_name:
 * @counter: which
 *
 * Returns: (transfer none): its name, in lower case with underscores
 */
const gchar *
counters_name (Counter counter)
{
  return names[counter];
}
