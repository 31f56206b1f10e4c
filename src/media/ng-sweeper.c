/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ng-sweeper: ends what is over at one rtpengine: calls as they end, those that ended while it was
 * down, and those that an earlier run of this daemon left behind, which it finds by their label.
 *
 * The set of instances, rtpengine, has one for each.
 */
#include "media/ng-sweeper.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "base/log.h"

#define MAX_PENDING 8192 /* beyond, rtpengine's own time-out for silent calls does the work */
#define MAX_IN_FLIGHT 256
#define GATHER_MS 50
#define MAX_LISTS 256

typedef struct {
  NgSweeper *sweeper;
  gchar *call_id;
} Errand;

struct _NgSweeper {
  NgPeer *peer;
  gchar *label; /* what the ids of this daemon's calls begin with */
  gchar *run;   /* those of this run */
  GQueue pending; /* gchar *: call ids */
  Deadline *gathering;
  guint in_flight;
  gboolean listing;
  gboolean listed;
  guint n_lists;
};

static void
errand_free (Errand *errand)
{
  g_free (errand->call_id);
  g_free (errand);
}

static void send_pending (NgSweeper *sweeper);
static void list (NgSweeper *sweeper);

static void
on_deleted (NgOutcome outcome, const NgReply *reply, gpointer user_data)
{
  Errand *errand = user_data;
  NgSweeper *sweeper = errand->sweeper;

  if (outcome == NG_CLOSED) {
    errand_free (errand);
    return;
  }
  sweeper->in_flight--;
  if (outcome == NG_REPLIED)
    counters_inc (COUNTER_MEDIA_DELETES);
  else
    g_queue_push_tail (&sweeper->pending, g_steal_pointer (&errand->call_id));
  errand_free (errand);
  if (outcome == NG_REPLIED && !sweeper->gathering)
    send_pending (sweeper);
}

static void
send_pending (NgSweeper *sweeper)
{
  while (sweeper->in_flight < MAX_IN_FLIGHT && !g_queue_is_empty (&sweeper->pending)) {
    Errand *errand = g_new (Errand, 1);

    errand->sweeper = sweeper;
    errand->call_id = g_queue_pop_head (&sweeper->pending);
    sweeper->in_flight++;
    ng_peer_send (sweeper->peer, NG_UNHURRIED, ng_message_delete (errand->call_id), on_deleted,
                  errand);
  }
  if (sweeper->in_flight == 0 && !sweeper->listed)
    list (sweeper);
}

static void
on_listed (NgOutcome outcome, const NgReply *reply, gpointer user_data)
{
  NgSweeper *sweeper = user_data;
  guint found = 0, calls = reply && reply->calls ? reply->calls->len : 0;

  if (outcome == NG_CLOSED)
    return;
  sweeper->listing = FALSE;
  if (outcome != NG_REPLIED)
    return;
  for (guint i = 0; i < calls; i++) {
    const gchar *call_id = g_ptr_array_index (reply->calls, i);

    if (!g_str_has_prefix (call_id, sweeper->label) || g_str_has_prefix (call_id, sweeper->run))
      continue;
    g_queue_push_tail (&sweeper->pending, g_strdup (call_id));
    found++;
  }
  counters_add (COUNTER_MEDIA_LEFTOVERS, found);
  if (found > 0)
    log_info (LOG_FIELDS ("RTPENGINE", ng_peer_address (sweeper->peer)),
              "%u calls of an earlier run are ended at rtpengine", found);
  /* A full list may have hidden more of them, once these are gone. */
  sweeper->listed = found == 0 || calls < NG_LIST_LIMIT ||
                    ++sweeper->n_lists == MAX_LISTS;
  send_pending (sweeper);
}

static void
list (NgSweeper *sweeper)
{
  if (sweeper->listing)
    return;
  sweeper->listing = TRUE;
  ng_peer_send (sweeper->peer, NG_UNHURRIED, ng_message_list (), on_listed, sweeper);
}

/**
 * ng_sweeper_new:
 * @peer: an instance, which is freed before its sweeper
 * @label: what the ids of this daemon's calls begin with, in every run
 * @run: what those of this run begin with
 *
 * Returns: (transfer full): a sweeper
 */
NgSweeper *
ng_sweeper_new (NgPeer *peer, const gchar *label, const gchar *run)
{
  NgSweeper *sweeper = g_new0 (NgSweeper, 1);

  sweeper->peer = peer;
  sweeper->label = g_strdup (label);
  sweeper->run = g_strdup (run);
  g_queue_init (&sweeper->pending);
  return sweeper;
}

/**
 * ng_sweeper_free:
 * @sweeper: (transfer full): a sweeper; what it could not end, the next run finds
 */
void
ng_sweeper_free (NgSweeper *sweeper)
{
  deadline_clear (&sweeper->gathering);
  g_queue_clear_full (&sweeper->pending, g_free);
  g_free (sweeper->label);
  g_free (sweeper->run);
  g_free (sweeper);
}

static void
on_gathered (gpointer user_data)
{
  NgSweeper *sweeper = user_data;

  sweeper->gathering = NULL;
  if (!ng_peer_is_down (sweeper->peer))
    send_pending (sweeper);
}

static void
gather (NgSweeper *sweeper)
{
  if (!sweeper->gathering)
    sweeper->gathering = deadline_new (GATHER_MS, on_gathered, sweeper);
}

/**
 * ng_sweeper_add:
 * @sweeper: a sweeper
 * @call_id: a call that is over, or that may have begun though nobody knows
 *
 * Nobody waits for it, so those of a short while go out together: whoever is woken for one of them
 * takes the others along, on both sides.
 */
void
ng_sweeper_add (NgSweeper *sweeper, const gchar *call_id)
{
  if (g_queue_get_length (&sweeper->pending) >= MAX_PENDING) {
    counters_inc (COUNTER_MEDIA_DELETES_DROPPED);
    return;
  }
  g_queue_push_tail (&sweeper->pending, g_strdup (call_id));
  gather (sweeper);
}

/**
 * ng_sweeper_resume:
 * @sweeper: a sweeper whose instance is up, for the first time or again
 *
 * Sends what is to be ended in a while: an instance that stood still answers a ping while another
 * of its threads only begins with an offer of before, and what is to end that call must come later.
 */
void
ng_sweeper_resume (NgSweeper *sweeper)
{
  gather (sweeper);
}

/**
 * ng_sweeper_flush:
 * @sweeper: a sweeper whose instance is about to be left
 *
 * Sends what is to be ended at once.
 */
void
ng_sweeper_flush (NgSweeper *sweeper)
{
  send_pending (sweeper);
}

/**
 * ng_sweeper_is_idle:
 * @sweeper: a sweeper
 *
 * Returns: whether all that it was told to end has ended
 */
gboolean
ng_sweeper_is_idle (const NgSweeper *sweeper)
{
  return sweeper->in_flight == 0 && g_queue_get_length ((GQueue *) &sweeper->pending) == 0;
}
