/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon: the composition root: builds the floors upward and tears them down downward.
 *
 * The only place that knows the configuration and all rooms; each room gets its own small options.
 */
#include "daemon/daemon.h"

#include "base/counters.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory-ebb.h"
#include "base/names.h"
#include "call/router.h"
#include "crypto/token.h"
#include "daemon/edge-setup.h"
#include "daemon/media-setup.h"
#include "daemon/push-setup.h"
#include "daemon/room-options.h"
#include "manage/management.h"
#include "proto/feature-caps.h"
#include "sip/sip-stack.h"
#include "wake/push-target.h"
#include "wake/refresh.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define PURR_BITS 128
#define PNSREG_SECONDS 130 /* before its expiry a phone that can refresh by itself does so */
#define STOP_PATIENCE_MS 1500
#define STOP_POLL_MS 20

struct _Daemon {
  Settings *settings;
  KeyedHash *token_key;
  EdgeSetup *edge;
  SipStack *stack;
  PushSetup *push_setup;
  PushService *push;
  GPtrArray *pbxes;
  Store *store;
  Location *location;
  Ledger *ledger;
  AccountBook *accounts;
  Upstream *upstream;
  Doorkeeper *doorkeeper;
  Keeper *keeper;
  Sharing *sharing;
  Registrar *registrar;
  PushBucket *bucket;
  Refresh *refresh;
  MediaSetup *media;
  Router *router;
  Management *management;
  MemoryEbb *ebb;
};

/* ---- where push and registrar, who do not know each other, are told of each other ---- */

static void
append_caps (Daemon *daemon, const gchar *provider, gboolean pnsreg, const gchar *purr,
             GPtrArray *feature_caps)
{
  g_autofree gchar *vapid = push_service_vapid (daemon->push, provider);
  gchar *caps = feature_caps_push (provider, vapid, pnsreg ? PNSREG_SECONDS : 0, purr);

  if (caps)
    g_ptr_array_add (feature_caps, caps);
}

static gboolean
on_push_question (const PnParams *push, gboolean pnsreg, GPtrArray *feature_caps,
                  gpointer user_data)
{
  Daemon *daemon = user_data;
  g_auto (GStrv) names = NULL;
  g_autofree gchar *purr = NULL;

  switch (push->kind) {
  case PN_NONE:
    return TRUE;
  case PN_INCOMPLETE:
    return FALSE;
  case PN_PUSH:
  case PN_QUERY_ONE:
    if (!push_target_is_supported (daemon->push, push))
      return FALSE;
    if (!feature_caps)
      return TRUE;
    /* Dialogs end with us, so whom a request inside one is for is known without the PURR: it only
     * tells the phone that such requests wake it, and is another one each time (RFC 8599 6.2.1). */
    if (push->kind == PN_PUSH && !pn_params_only_rings (push))
      purr = token_random (PURR_BITS);
    append_caps (daemon, push->provider, pnsreg, purr, feature_caps);
    return TRUE;
  case PN_QUERY_ALL:
    names = push_service_names (daemon->push);
    for (gsize i = 0; feature_caps && names[i]; i++)
      append_caps (daemon, names[i], pnsreg, NULL, feature_caps);
    return names[0] != NULL;
  }
  return FALSE;
}

/* A PBX that was away, or whose connection closed, may have forgotten who was registered. */
static void
on_pbx_event (Pbx *pbx, PbxEvent event, gpointer user_data)
{
  Daemon *daemon = user_data;

  switch (event) {
  case PBX_EVENT_REACHABLE:
  case PBX_EVENT_MOVED:
  case PBX_EVENT_LOST:
    keeper_pbx_lost (daemon->keeper, pbx);
    refresh_pbx_lost (daemon->refresh, pbx);
    break;
  case PBX_EVENT_UNREACHABLE:
    break;
  }
}

static void
watch_pbxes (Daemon *daemon)
{
  for (guint i = 0; i < daemon->pbxes->len; i++)
    pbx_watch (g_ptr_array_index (daemon->pbxes, i), on_pbx_event, daemon);
}

static void
unwatch_pbxes (Daemon *daemon)
{
  for (guint i = 0; daemon->pbxes && i < daemon->pbxes->len; i++)
    pbx_unwatch (g_ptr_array_index (daemon->pbxes, i), on_pbx_event, daemon);
}

static void
on_sip_request (SipRequest *request, gpointer user_data)
{
  Daemon *daemon = user_data;

  router_take (daemon->router, request);
}

/* ---- up ---- */

/* What root writes into the folder of the service's user, that user cannot read. */
static gboolean
make_state_dir (const gchar *dir, GError **error)
{
  GStatBuf status;

  if (g_mkdir_with_parents (dir, 0700) < 0 || g_stat (dir, &status) < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "cannot make %s: %s", dir,
                 g_strerror (errno));
    return FALSE;
  }
  if (geteuid () == 0 && status.st_uid != 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                 "%s belongs to the service's user and not to root; start the service, or run "
                 "sipwaked as that user or with another state-dir", dir);
    return FALSE;
  }
  return TRUE;
}

static gboolean
load_token_key (Daemon *daemon, GError **error)
{
  g_autofree gchar *path =
    g_build_filename (daemon->settings->daemon.state_dir, SIPWAKE_TOKEN_KEY_FILE, NULL);

  if (!make_state_dir (daemon->settings->daemon.state_dir, error))
    return FALSE;
  daemon->token_key = token_key_load (path, error);
  return daemon->token_key != NULL;
}

static Management *
create_management (Daemon *daemon, const DaemonProcess *process, GError **error)
{
  ManagementOptions options = {
    .settings = daemon->settings,
    .instance = process->instance,
    .router = daemon->router,
    .location = daemon->location,
    .keeper = daemon->keeper,
    .pbxes = daemon->pbxes,
    .accounts = daemon->accounts,
    .push = daemon->push,
    .bucket = daemon->bucket,
    .rtpengine = media_setup_rtpengine (daemon->media),
    .reload = process->reload,
    .reload_data = process->user_data,
  };

  return management_new (&options, error);
}

static gboolean
build_registrar (Daemon *daemon, GError **error)
{
  RegistrarRooms rooms;

  daemon->ledger = ledger_new (daemon->store, daemon->location);
  daemon->accounts =
    account_book_new (daemon->store, daemon->settings->daemon.state_dir, error);
  daemon->doorkeeper = daemon->accounts ? doorkeeper_new (error) : NULL;
  if (!daemon->doorkeeper || !account_book_load (daemon->accounts, daemon->pbxes, error) ||
      !ledger_load (daemon->ledger, daemon->pbxes, daemon->stack, error))
    return FALSE;
  daemon->upstream = upstream_new ();
  daemon->keeper = keeper_new (daemon->upstream, daemon->location, daemon->accounts);
  keeper_resume (daemon->keeper);
  daemon->sharing = sharing_new (daemon->location, daemon->ledger, daemon->token_key);
  for (guint i = 0; i < daemon->pbxes->len; i++) {
    const PbxSettings *group = g_ptr_array_index (daemon->settings->pbxes, i);

    sharing_set_policy (daemon->sharing, g_ptr_array_index (daemon->pbxes, i),
                        room_options_sharing (group->contacts));
  }
  rooms = (RegistrarRooms){
    .pbxes = daemon->pbxes,
    .token_key = daemon->token_key,
    .location = daemon->location,
    .ledger = daemon->ledger,
    .upstream = daemon->upstream,
    .accounts = daemon->accounts,
    .doorkeeper = daemon->doorkeeper,
    .keeper = daemon->keeper,
    .sharing = daemon->sharing,
    .options = room_options_admission (daemon->settings, daemon->edge),
  };
  daemon->registrar = registrar_new (&rooms);
  return TRUE;
}

static gboolean
build (Daemon *daemon, const DaemonProcess *process, GError **error)
{
  g_autoptr (GPtrArray) listeners = NULL;
  CallOptions options = room_options_call (daemon->settings);

  if (!load_token_key (daemon, error))
    return FALSE;
  daemon->store = store_open (daemon->settings->daemon.state_dir, error);
  if (!daemon->store)
    return FALSE;
  daemon->push_setup = push_setup_new ();
  daemon->push = push_setup_create (daemon->push_setup, daemon->settings, error);
  if (!daemon->push)
    return FALSE;
  daemon->edge = edge_setup_new (daemon->settings, error);
  if (!daemon->edge)
    return FALSE;
  listeners = room_options_listeners (daemon->settings, daemon->edge);
  daemon->stack = sip_stack_new (listeners, NULL, error);
  if (!daemon->stack)
    return FALSE;
  daemon->location = location_new ();
  if (!edge_setup_open (daemon->edge, daemon->stack, daemon->location, error))
    return FALSE;
  daemon->pbxes = room_options_pbxes (daemon->settings, daemon->stack);
  if (!build_registrar (daemon, error))
    return FALSE;
  registrar_set_push (daemon->registrar, on_push_question, daemon);
  daemon->bucket = push_bucket_new (daemon->location, daemon->push);
  push_bucket_set_repeat (daemon->bucket, daemon->settings->wake.repeat);
  daemon->refresh = refresh_new (daemon->location, daemon->keeper, daemon->push);
  refresh_resume (daemon->refresh);
  watch_pbxes (daemon);
  daemon->media = media_setup_new (daemon->token_key);
  daemon->router = router_new (daemon->pbxes, daemon->location, daemon->registrar, daemon->bucket,
                               &options);
  if (!media_setup_apply (daemon->media, daemon->settings, daemon->pbxes, daemon->router, error))
    return FALSE;
  sip_stack_set_handler (daemon->stack, on_sip_request, daemon);
  daemon->management = create_management (daemon, process, error);
  return daemon->management != NULL;
}

/**
 * daemon_new:
 * @settings: (transfer none): the configuration
 * @process: what only the process knows; @instance lives only during the call
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the daemon, listening
 */
Daemon *
daemon_new (Settings *settings, const DaemonProcess *process, GError **error)
{
  Daemon *daemon = g_new0 (Daemon, 1);

  daemon->settings = settings_ref (settings);
  daemon->ebb = memory_ebb_new ();
  if (!build (daemon, process, error)) {
    daemon_free (daemon);
    return NULL;
  }
  return daemon;
}

/**
 * daemon_reconfigure:
 * @daemon: the daemon
 * @settings: (transfer none): a newer configuration
 * @error: return location
 *
 * Takes over what can change while calls go on: how phones are admitted and woken, by which push
 * services and keys, how the media of calls to come find their way, and what is logged. When the
 * push services or the media cannot be set up, all stays as it is.
 *
 * Returns: whether @settings are in use
 */
gboolean
daemon_reconfigure (Daemon *daemon, Settings *settings, GError **error)
{
  CallOptions options = room_options_call (settings);
  AdmissionOptions admission = room_options_admission (settings, daemon->edge);
  g_autoptr (PushService) push = push_setup_create (daemon->push_setup, settings, error);

  if (!push ||
      !media_setup_apply (daemon->media, settings, daemon->pbxes, daemon->router, error))
    return FALSE;
  push_service_take_over (daemon->push, push);
  push_bucket_set_repeat (daemon->bucket, settings->wake.repeat);
  log_set_level (settings->daemon.log_level);
  log_set_personal (settings->daemon.log_personal_data);
  router_set_options (daemon->router, &options);
  registrar_set_options (daemon->registrar, &admission);
  edge_setup_renew (daemon->edge);
  settings_ref (settings);
  settings_unref (daemon->settings);
  daemon->settings = settings;
  return TRUE;
}

/* ---- down ---- */

typedef struct {
  Daemon *daemon;
  gint64 until;
} Stopping;

static void
on_store_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Stopping *stopping = g_task_get_task_data (task);

  if (!store_stop_finish (stopping->daemon->store, result, &error))
    log_error (LOG_NONE, "the last changes are not on the disk: %s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
on_edge_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Stopping *stopping = g_task_get_task_data (task);

  store_stop_async (stopping->daemon->store, on_store_stopped, task);
}

static void
on_push_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Stopping *stopping = g_task_get_task_data (task);

  push_service_stop_finish (PUSH_SERVICE (source), result, NULL);
  edge_setup_stop_async (stopping->daemon->edge, on_edge_stopped, task);
}

static gboolean
on_stop_poll (gpointer user_data)
{
  GTask *task = user_data;
  Stopping *stopping = g_task_get_task_data (task);

  if (counters_get (COUNTER_LEGS_OPEN) > 0 && g_get_monotonic_time () < stopping->until)
    return G_SOURCE_CONTINUE;
  push_service_stop_async (stopping->daemon->push, on_push_stopped, task);
  return G_SOURCE_REMOVE;
}

/**
 * daemon_stop_async:
 * @daemon: the daemon
 * @callback: called when all is quiet, in two seconds at the latest
 * @user_data: for @callback
 *
 * Hangs up all calls, waits until the peers have heard of it, and brings the disk up to date.
 */
void
daemon_stop_async (Daemon *daemon, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Stopping *stopping = g_new0 (Stopping, 1);

  stopping->daemon = daemon;
  stopping->until =
    g_get_monotonic_time () + STOP_PATIENCE_MS * (gint64) G_TIME_SPAN_MILLISECOND;
  g_task_set_task_data (task, stopping, g_free);
  g_clear_pointer (&daemon->management, management_free);
  sip_stack_set_handler (daemon->stack, NULL, NULL);
  router_hang_up_all (daemon->router);
  g_timeout_add (STOP_POLL_MS, on_stop_poll, task);
}

/**
 * daemon_stop_finish:
 * @daemon: the daemon
 * @result: what the callback got
 * @error: return location
 *
 * Returns: whether it stopped
 */
gboolean
daemon_stop_finish (Daemon *daemon, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * daemon_free:
 * @daemon: (transfer full): a daemon that was stopped, or never came up
 */
void
daemon_free (Daemon *daemon)
{
  unwatch_pbxes (daemon);
  g_clear_pointer (&daemon->management, management_free);
  g_clear_pointer (&daemon->router, router_free);
  g_clear_pointer (&daemon->refresh, refresh_free);
  g_clear_pointer (&daemon->media, media_setup_free);
  g_clear_pointer (&daemon->bucket, push_bucket_free);
  g_clear_pointer (&daemon->registrar, registrar_free);
  g_clear_pointer (&daemon->sharing, sharing_free);
  g_clear_pointer (&daemon->keeper, keeper_free);
  g_clear_pointer (&daemon->upstream, upstream_free);
  g_clear_pointer (&daemon->doorkeeper, doorkeeper_free);
  g_clear_pointer (&daemon->accounts, account_book_free);
  g_clear_pointer (&daemon->ledger, ledger_free);
  g_clear_object (&daemon->location);
  g_clear_pointer (&daemon->pbxes, g_ptr_array_unref);
  g_clear_pointer (&daemon->edge, edge_setup_free);
  g_clear_pointer (&daemon->stack, sip_stack_free);
  g_clear_object (&daemon->push);
  g_clear_pointer (&daemon->push_setup, push_setup_free);
  g_clear_pointer (&daemon->store, store_free);
  g_clear_pointer (&daemon->token_key, keyed_hash_free);
  memory_ebb_free (daemon->ebb);
  settings_unref (daemon->settings);
  g_free (daemon);
}
