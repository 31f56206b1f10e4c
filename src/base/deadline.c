/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * deadline: something to be done when a time is up, unless it is called off before.
 *
 * g_timeout_add() for many: each of its sources costs every turn of the loop, and thousands of
 * calls may wait at once. Here all deadlines of the main loop are one source with a binary heap:
 * most are called off, and those that are far away cost no more than their place in it. They follow
 * the test clock.
 */
#include "base/deadline.h"

#include "base/clock.h"

struct _Deadline {
  gint64 due;    /* monotonic microseconds */
  guint32 place; /* in the heap */
  guint32 turn;  /* among those that are due at once */
  DeadlineFunc func;
  gpointer user_data;
};

static GPtrArray *heap; /* of Deadline; none is due before the one at (place - 1) / 2 */
static GSource *source;

static Deadline *
at (guint place)
{
  return heap->pdata[place];
}

static Deadline *
first (void)
{
  return heap->len ? at (0) : NULL;
}

static gboolean
is_before (const Deadline *a, const Deadline *b)
{
  return a->due < b->due || (a->due == b->due && (gint32) (a->turn - b->turn) < 0);
}

static void
put (Deadline *deadline, guint place)
{
  heap->pdata[place] = deadline;
  deadline->place = place;
}

/* Puts it where it belongs, seen from a free place: above those that are later, below the others. */
static void
settle (Deadline *deadline, guint place)
{
  guint above, below;

  for (; place > 0; place = above) {
    above = (place - 1) / 2;
    if (is_before (at (above), deadline))
      break;
    put (at (above), place);
  }
  for (; (below = 2 * place + 1) < heap->len; place = below) {
    if (below + 1 < heap->len && is_before (at (below + 1), at (below)))
      below++;
    if (is_before (deadline, at (below)))
      break;
    put (at (below), place);
  }
  put (deadline, place);
}

static void
take_out (Deadline *deadline)
{
  Deadline *last = g_ptr_array_steal_index_fast (heap, heap->len - 1);

  if (last != deadline)
    settle (last, deadline->place);
  g_free (deadline);
}

static gboolean
prepare (GSource *self, gint *timeout)
{
  const Deadline *next = first ();
  gint64 left;

  *timeout = -1;
  if (!next)
    return FALSE;
  left = next->due - clock_now ();
  *timeout = (gint) CLAMP ((left + 999) / 1000, 0, G_MAXINT);
  return left <= 0;
}

static gboolean
check (GSource *self)
{
  const Deadline *next = first ();

  return next && next->due <= clock_now ();
}

static gboolean
dispatch (GSource *self, GSourceFunc callback, gpointer user_data)
{
  gint64 now = clock_now ();

  for (Deadline *next = first (); next && next->due <= now; next = first ()) {
    DeadlineFunc func = next->func;
    gpointer data = next->user_data;

    take_out (next);
    func (data);
  }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs funcs = { prepare, check, dispatch, NULL, NULL, NULL };

/**
 * deadline_new:
 * @milliseconds: from now
 * @func: called once then, in the main loop; the deadline is gone when it is called
 * @user_data: for @func
 *
 * Main thread only. Of those that are due at once the oldest is called first.
 *
 * Returns: (transfer full): the deadline; to be called off by deadline_clear()
 */
Deadline *
deadline_new (guint milliseconds, DeadlineFunc func, gpointer user_data)
{
  static guint32 turn;
  Deadline *deadline = g_new (Deadline, 1);

  if (!source) {
    heap = g_ptr_array_new ();
    source = g_source_new (&funcs, sizeof (GSource));
    g_source_set_name (source, "deadlines");
    g_source_attach (source, NULL);
  }
  deadline->due = clock_now () + (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
  deadline->turn = turn++;
  deadline->func = func;
  deadline->user_data = user_data;
  g_ptr_array_add (heap, deadline);
  settle (deadline, heap->len - 1);
  return deadline;
}

/**
 * deadline_clear:
 * @deadline: (inout): the deadline to call off; NULL is none. Set to NULL
 *
 * @func of a deadline that has passed must have cleared the pointer to it itself.
 */
void
deadline_clear (Deadline **deadline)
{
  if (!*deadline)
    return;
  take_out (*deadline);
  *deadline = NULL;
}
