/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtpengine: the instances of rtpengine that serve a PBX, in the order of preference.
 *
 * A new call takes the first one that is up and stays with it; media-session asks for the next
 * one when that does not answer.
 */
#include "media/rtpengine.h"

#include "base/error.h"
#include "crypto/token.h"
#include "media/ng-sweeper.h"

#include <string.h>

#define MAX_INSTANCES 16
#define RUN_BITS 60
#define CALL_BITS 80

typedef struct {
  NgPeer *peer;
  NgSweeper *sweeper;
} Instance;

struct _Rtpengine {
  gchar *run; /* what call ids begin with */
  GArray *instances;
};

static void
on_returned (NgPeer *peer, gpointer user_data)
{
  Rtpengine *rtpengine = user_data;

  for (guint i = 0; i < rtpengine->instances->len; i++) {
    Instance *instance = &g_array_index (rtpengine->instances, Instance, i);

    if (instance->peer == peer)
      ng_sweeper_resume (instance->sweeper);
  }
}

static gboolean
add_instance (Rtpengine *rtpengine, const gchar *address, const gchar *label,
              const NgPeerOptions *options, GError **error)
{
  Instance instance;

  if (rtpengine->instances->len == MAX_INSTANCES) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "more than %d instances of rtpengine", MAX_INSTANCES);
    return FALSE;
  }
  if (!g_str_has_prefix (address, "udp:")) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "\"%s\": an rtpengine is named as udp:ADDRESS:PORT", address);
    return FALSE;
  }
  instance.peer = ng_peer_new (address + strlen ("udp:"), options, on_returned, rtpengine, error);
  if (!instance.peer)
    return FALSE;
  instance.sweeper = ng_sweeper_new (instance.peer, label, rtpengine->run);
  g_array_append_val (rtpengine->instances, instance);
  return TRUE;
}

/**
 * rtpengine_new:
 * @instances: as "udp:127.0.0.1:2223", the preferred one first
 * @options: what holds for all of them
 * @error: set where there is none, or one is malformed
 *
 * Main thread only. Calls of an earlier run with the same label are ended as soon as an instance
 * answers.
 *
 * Returns: (transfer full) (nullable): the set of instances
 */
Rtpengine *
rtpengine_new (const gchar *const *instances, const RtpengineOptions *options, GError **error)
{
  g_autoptr (Rtpengine) rtpengine = g_new0 (Rtpengine, 1);
  g_autofree gchar *label = g_strdup_printf ("sipwake/%s/", options->label);
  g_autofree gchar *run = token_random (RUN_BITS);

  rtpengine->run = g_strdup_printf ("%s%s/", label, run);
  rtpengine->instances = g_array_new (FALSE, FALSE, sizeof (Instance));
  for (; *instances; instances++)
    if (!add_instance (rtpengine, *instances, label, &options->peer, error))
      return NULL;
  if (rtpengine->instances->len == 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "no rtpengine is named");
    return NULL;
  }
  return g_steal_pointer (&rtpengine);
}

/**
 * rtpengine_free:
 * @rtpengine: (transfer full): a set of instances whose sessions have all been released
 */
void
rtpengine_free (Rtpengine *rtpengine)
{
  for (guint i = 0; i < rtpengine->instances->len; i++) {
    Instance *instance = &g_array_index (rtpengine->instances, Instance, i);

    ng_peer_free (instance->peer);
    ng_sweeper_free (instance->sweeper);
  }
  g_array_unref (rtpengine->instances);
  g_free (rtpengine->run);
  g_free (rtpengine);
}

/**
 * rtpengine_is_up:
 * @rtpengine: a set of instances
 *
 * Returns: whether a new call would find one
 */
gboolean
rtpengine_is_up (const Rtpengine *rtpengine)
{
  return rtpengine_next (rtpengine, NULL) != NULL;
}

/**
 * rtpengine_create_call_id:
 * @rtpengine: a set of instances
 *
 * Returns: (transfer full): an id for a call at any of them, which tells whose it is
 */
gchar *
rtpengine_create_call_id (const Rtpengine *rtpengine)
{
  g_autofree gchar *token = token_random (CALL_BITS);

  return g_strconcat (rtpengine->run, token, NULL);
}

/**
 * rtpengine_next:
 * @rtpengine: a set of instances
 * @after: (nullable): one that was tried, or %NULL for the first
 *
 * Returns: (transfer none) (nullable): the next one that is up
 */
NgPeer *
rtpengine_next (const Rtpengine *rtpengine, const NgPeer *after)
{
  gboolean found = after == NULL;

  for (guint i = 0; i < rtpengine->instances->len; i++) {
    NgPeer *peer = g_array_index (rtpengine->instances, Instance, i).peer;

    if (found && !ng_peer_is_down (peer))
      return peer;
    found |= peer == after;
  }
  return NULL;
}

/**
 * rtpengine_delete:
 * @rtpengine: a set of instances
 * @peer: one of them
 * @call_id: a call at it that is over
 *
 * Ends it, as soon as the instance is there to do so.
 */
void
rtpengine_delete (Rtpengine *rtpengine, NgPeer *peer, const gchar *call_id)
{
  for (guint i = 0; i < rtpengine->instances->len; i++) {
    Instance *instance = &g_array_index (rtpengine->instances, Instance, i);

    if (instance->peer == peer)
      ng_sweeper_add (instance->sweeper, call_id);
  }
}
