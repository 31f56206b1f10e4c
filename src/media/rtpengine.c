/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtpengine: the instances of rtpengine that serve PBXs, in the order of preference.
 *
 * A new call takes the first one that is up and stays with it; media-session asks for the next
 * one when that does not answer. Which ones there are may change: one that is no longer listed gets
 * no new calls, and goes when its last call has ended there.
 */
#include "media/rtpengine.h"

#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/token.h"
#include "media/ng-sweeper.h"

#include <string.h>

#define RUN_BITS 60
#define TIDY_MS 1000

typedef struct {
  NgPeer *peer;
  NgSweeper *sweeper;
  guint calls;
  gboolean retired;
} Instance;

struct _Rtpengine {
  gchar *label; /* what call ids of every run begin with */
  gchar *run;   /* those of this one */
  guint64 last_call;
  NgPeerOptions options;
  GPtrArray *instances; /* Instance; the retired ones first */
  Deadline *tidy;
};

static void
instance_free (Instance *instance)
{
  if (!ng_peer_is_down (instance->peer))
    ng_sweeper_flush (instance->sweeper);
  ng_peer_free (instance->peer);
  ng_sweeper_free (instance->sweeper);
  g_free (instance);
}

static Instance *
find_peer (const Rtpengine *rtpengine, const NgPeer *peer)
{
  for (guint i = 0; i < rtpengine->instances->len; i++) {
    Instance *instance = g_ptr_array_index (rtpengine->instances, i);

    if (instance->peer == peer)
      return instance;
  }
  return NULL;
}

static void
on_returned (NgPeer *peer, gpointer user_data)
{
  Instance *instance = find_peer (user_data, peer);

  if (instance)
    ng_sweeper_resume (instance->sweeper);
}

static Instance *
instance_new (Rtpengine *rtpengine, const gchar *address, GError **error)
{
  NgPeer *peer = ng_peer_new (address, &rtpengine->options, on_returned, rtpengine, error);
  Instance *instance;

  if (!peer)
    return NULL;
  instance = g_new0 (Instance, 1);
  instance->peer = peer;
  instance->sweeper = ng_sweeper_new (peer, rtpengine->label, rtpengine->run);
  return instance;
}

/* What is to be ended at one that is down, it ends itself when it hears no more sound. */
static gboolean
is_done (const Instance *instance)
{
  return instance->retired && instance->calls == 0 &&
         (ng_sweeper_is_idle (instance->sweeper) || ng_peer_is_down (instance->peer));
}

static void
on_tidy (gpointer user_data)
{
  Rtpengine *rtpengine = user_data;
  gboolean waiting = FALSE;

  rtpengine->tidy = NULL;
  for (guint i = rtpengine->instances->len; i > 0; i--) {
    Instance *instance = g_ptr_array_index (rtpengine->instances, i - 1);

    if (is_done (instance)) {
      log_info (LOG_FIELDS ("RTPENGINE", ng_peer_address (instance->peer)),
                "rtpengine is no longer in use");
      g_ptr_array_remove_index (rtpengine->instances, i - 1);
    } else {
      waiting |= instance->retired;
    }
  }
  if (waiting)
    rtpengine->tidy = deadline_new (TIDY_MS, on_tidy, rtpengine);
}

/**
 * rtpengine_new:
 * @options: what holds for all instances
 *
 * Main thread only.
 *
 * Returns: (transfer full): a set without instances
 */
Rtpengine *
rtpengine_new (const RtpengineOptions *options)
{
  Rtpengine *rtpengine = g_new0 (Rtpengine, 1);
  g_autofree gchar *run = token_random (RUN_BITS);

  rtpengine->label = g_strdup_printf ("sipwake/%s/", options->label);
  rtpengine->run = g_strdup_printf ("%s%s/", rtpengine->label, run);
  rtpengine->options = options->peer;
  rtpengine->instances = g_ptr_array_new_with_free_func ((GDestroyNotify) instance_free);
  return rtpengine;
}

/**
 * rtpengine_free:
 * @rtpengine: (transfer full): a set of instances whose sessions have all been released
 */
void
rtpengine_free (Rtpengine *rtpengine)
{
  deadline_clear (&rtpengine->tidy);
  g_ptr_array_unref (rtpengine->instances);
  g_free (rtpengine->label);
  g_free (rtpengine->run);
  g_free (rtpengine);
}

static Instance *
find_address (const Rtpengine *rtpengine, const gchar *address)
{
  for (guint i = 0; i < rtpengine->instances->len; i++) {
    Instance *instance = g_ptr_array_index (rtpengine->instances, i);

    if (g_str_equal (ng_peer_address (instance->peer), address))
      return instance;
  }
  return NULL;
}

static gboolean
check_address (const gchar *address, GError **error)
{
  if (!g_str_has_prefix (address, "udp:")) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "\"%s\": an rtpengine is named as udp:ADDRESS:PORT", address);
    return FALSE;
  }
  return TRUE;
}

/* The retired ones come first, so that a call that leaves one finds the others behind it. */
static void
put_last (Rtpengine *rtpengine, const GPtrArray *listed)
{
  GPtrArray *instances = rtpengine->instances;

  for (guint i = 0; i < instances->len; i++)
    ((Instance *) g_ptr_array_index (instances, i))->retired = TRUE;
  for (guint i = 0; i < listed->len; i++) {
    Instance *instance = g_ptr_array_index (listed, i);
    guint place;

    instance->retired = FALSE;
    g_ptr_array_find (instances, instance, &place);
    g_ptr_array_add (instances, g_ptr_array_steal_index (instances, place));
  }
}

static gboolean
is_usable (const Instance *instance)
{
  return !instance->retired && !ng_peer_is_down (instance->peer);
}

/**
 * rtpengine_set_instances:
 * @rtpengine: a set of instances
 * @addresses: those of the ones that new calls may take, as "udp:127.0.0.1:2223", the preferred one
 *   first
 * @error: set where one is malformed; the set is then what it was
 *
 * Calls of an earlier run with the same label are ended as soon as an instance answers.
 *
 * Returns: whether the set is now this one
 */
gboolean
rtpengine_set_instances (Rtpengine *rtpengine, const gchar *const *addresses, GError **error)
{
  g_autoptr (GPtrArray) listed = g_ptr_array_new ();
  g_autoptr (GPtrArray) fresh =
    g_ptr_array_new_with_free_func ((GDestroyNotify) instance_free);

  for (guint i = 0; addresses[i]; i++) {
    Instance *instance;

    if (!check_address (addresses[i], error))
      return FALSE;
    instance = find_address (rtpengine, addresses[i] + strlen ("udp:"));
    if (!instance) {
      instance = instance_new (rtpengine, addresses[i] + strlen ("udp:"), error);
      if (!instance)
        return FALSE;
      g_ptr_array_add (fresh, instance);
    }
    g_ptr_array_add (listed, instance);
  }
  g_ptr_array_extend_and_steal (rtpengine->instances, g_steal_pointer (&fresh));
  put_last (rtpengine, listed);
  deadline_clear (&rtpengine->tidy);
  on_tidy (rtpengine);
  return TRUE;
}

/**
 * rtpengine_each:
 * @rtpengine: a set of instances
 * @func: called with each that new calls may take, the preferred one first
 * @user_data: for @func
 */
void
rtpengine_each (const Rtpengine *rtpengine, RtpengineFunc func, gpointer user_data)
{
  for (guint i = 0; i < rtpengine->instances->len; i++) {
    const Instance *instance = g_ptr_array_index (rtpengine->instances, i);

    if (!instance->retired)
      func (ng_peer_address (instance->peer), is_usable (instance), user_data);
  }
}

/**
 * rtpengine_create_call_id:
 * @rtpengine: a set of instances
 *
 * Returns: (transfer full): an id for a call at any of them, which tells whose it is
 */
gchar *
rtpengine_create_call_id (Rtpengine *rtpengine)
{
  return g_strdup_printf ("%s%" G_GUINT64_FORMAT, rtpengine->run, ++rtpengine->last_call);
}

/**
 * rtpengine_take:
 * @rtpengine: a set of instances
 * @after: (nullable): one that was tried, or %NULL for the first
 *
 * Returns: (transfer none) (nullable): the next one that is up, which stays until it is given back
 */
NgPeer *
rtpengine_take (Rtpengine *rtpengine, const NgPeer *after)
{
  gboolean found = after == NULL;

  for (guint i = 0; i < rtpengine->instances->len; i++) {
    Instance *instance = g_ptr_array_index (rtpengine->instances, i);

    if (found && is_usable (instance)) {
      instance->calls++;
      return instance->peer;
    }
    found |= instance->peer == after;
  }
  return NULL;
}

/**
 * rtpengine_give_back:
 * @rtpengine: a set of instances
 * @peer: one of them that was taken
 * @call_id: (nullable): a call that may have begun there; it is ended as soon as the instance is
 *   there to do so
 */
void
rtpengine_give_back (Rtpengine *rtpengine, NgPeer *peer, const gchar *call_id)
{
  Instance *instance = find_peer (rtpengine, peer);

  instance->calls--;
  if (call_id)
    ng_sweeper_add (instance->sweeper, call_id);
}
