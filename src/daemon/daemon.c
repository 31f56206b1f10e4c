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
#include "base/names.h"
#include "call/router.h"
#include "crypto/token.h"
#include "daemon/media-setup.h"
#include "daemon/push-setup.h"
#include "manage/management.h"
#include "proto/feature-caps.h"
#include "sip/sip-stack.h"
#include "wake/refresh.h"

#define PURR_BITS 128
#define PNSREG_SECONDS 130 /* before its expiry a phone that can refresh by itself does so */
#define STOP_PATIENCE_MS 1500
#define STOP_POLL_MS 20

struct _Daemon {
  Settings *settings;
  GBytes *token_key;
  SipStack *stack;
  PushService *push;
  GPtrArray *pbxes;
  Store *store;
  Location *location;
  Ledger *ledger;
  AccountBook *accounts;
  Upstream *upstream;
  Doorkeeper *doorkeeper;
  Keeper *keeper;
  Registrar *registrar;
  PushBucket *bucket;
  Refresh *refresh;
  MediaSetup *media;
  Router *router;
  Management *management;
};

/* ---- options of the rooms ---- */

static SipTransport
sip_transport (SettingsTransport transport)
{
  switch (transport) {
  case SETTINGS_TRANSPORT_UDP:
    return SIP_TRANSPORT_UDP;
  case SETTINGS_TRANSPORT_TCP:
    return SIP_TRANSPORT_TCP;
  case SETTINGS_TRANSPORT_TLS:
    return SIP_TRANSPORT_TLS;
  case SETTINGS_TRANSPORT_WS:
    return SIP_TRANSPORT_WS;
  case SETTINGS_TRANSPORT_WSS:
    return SIP_TRANSPORT_WSS;
  }
  return SIP_TRANSPORT_UDP;
}

static CallOptions
call_options (const Settings *settings)
{
  return (CallOptions){
    .wake_seconds = settings->wake.timeout,
    .hold_response = settings->wake.hold_response,
    .direct_try_ms = settings->wake.direct_try,
    .policy = { .busy_ends = settings->call.busy_ends,
                .decline_ends = settings->call.decline_ends,
                .failure_ends = settings->call.failure_ends },
    .show_late_phones = settings->call.late_phones_are_shown,
    .only_registered = settings->call.only_registered_callers,
  };
}

static GPtrArray *
listener_options (const Settings *settings, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < settings->listens->len; i++) {
    const ListenSettings *listen = g_ptr_array_index (settings->listens, i);
    SipListenerOptions *options = g_new0 (SipListenerOptions, 1);

    g_ptr_array_add (all, options);
    *options = (SipListenerOptions){
      .name = listen->name,
      .side = listen->side == SETTINGS_SIDE_PHONES ? SIP_SIDE_PHONES : SIP_SIDE_PBX,
      .transport = sip_transport (listen->transport),
      .host = listen->host,
      .port = listen->port,
      .advertise_host = listen->advertise_host,
      .advertise_port = listen->advertise_port,
    };
    if (listen->transport != SETTINGS_TRANSPORT_UDP && listen->transport != SETTINGS_TRANSPORT_TCP) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                   "[listen:%s] uri: this version does not serve transport=%s yet", listen->name,
                   settings_transport_name (listen->transport));
      return NULL;
    }
  }
  return g_steal_pointer (&all);
}

static GPtrArray *
create_pbxes (const Settings *settings, SipStack *stack)
{
  GPtrArray *pbxes = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_free);

  for (guint i = 0; i < settings->pbxes->len; i++) {
    const PbxSettings *group = g_ptr_array_index (settings->pbxes, i);
    Pbx *pbx = pbx_new (group->name, (const gchar *const *) group->domains,
                        group->register_expires, (const gchar *const *) group->accept_from);

    for (guint j = 0; j < group->routes->len; j++) {
      const RouteSettings *route = g_ptr_array_index (group->routes, j);

      pbx_add_route (pbx, pbx_route_new (stack, group->name, route->host, route->port,
                                         sip_transport (route->transport)));
    }
    g_ptr_array_add (pbxes, pbx);
  }
  return pbxes;
}

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
    if (!push_service_supports (daemon->push, push->provider, push->param))
      return FALSE;
    /* Dialogs end with us, so whom a request inside one is for is known without the PURR: it only
     * tells the phone that such requests wake it, and is another one each time (RFC 8599 6.2.1). */
    if (push->kind == PN_PUSH && !pn_params_only_rings (push))
      purr = token_random (PURR_BITS);
    append_caps (daemon, push->provider, pnsreg, purr, feature_caps);
    return TRUE;
  case PN_QUERY_ALL:
    names = push_service_names (daemon->push);
    for (gsize i = 0; names[i]; i++)
      append_caps (daemon, names[i], pnsreg, NULL, feature_caps);
    return names[0] != NULL;
  }
  return FALSE;
}

static void
on_sip_request (SipRequest *request, gpointer user_data)
{
  Daemon *daemon = user_data;

  router_take (daemon->router, request);
}

/* ---- up ---- */

static gboolean
load_token_key (Daemon *daemon, GError **error)
{
  g_autofree gchar *path =
    g_build_filename (daemon->settings->daemon.state_dir, SIPWAKE_TOKEN_KEY_FILE, NULL);

  if (g_mkdir_with_parents (daemon->settings->daemon.state_dir, 0700) < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "cannot make %s",
                 daemon->settings->daemon.state_dir);
    return FALSE;
  }
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
    .pbxes = daemon->pbxes,
    .push = daemon->push,
    .bucket = daemon->bucket,
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
  rooms = (RegistrarRooms){
    .pbxes = daemon->pbxes,
    .token_key = daemon->token_key,
    .location = daemon->location,
    .ledger = daemon->ledger,
    .upstream = daemon->upstream,
    .accounts = daemon->accounts,
    .doorkeeper = daemon->doorkeeper,
    .keeper = daemon->keeper,
    .binding_expires = daemon->settings->wake.binding_expires,
  };
  daemon->registrar = registrar_new (&rooms);
  return TRUE;
}

static gboolean
build (Daemon *daemon, const DaemonProcess *process, GError **error)
{
  g_autoptr (GPtrArray) listeners = listener_options (daemon->settings, error);
  CallOptions options = call_options (daemon->settings);

  if (!listeners || !load_token_key (daemon, error))
    return FALSE;
  daemon->store = store_open (daemon->settings->daemon.state_dir, error);
  if (!daemon->store)
    return FALSE;
  daemon->push = push_setup_create (daemon->settings, error);
  if (!daemon->push)
    return FALSE;
  daemon->stack = sip_stack_new (listeners, NULL, error);
  if (!daemon->stack)
    return FALSE;
  daemon->pbxes = create_pbxes (daemon->settings, daemon->stack);
  daemon->location = location_new ();
  if (!build_registrar (daemon, error))
    return FALSE;
  registrar_set_push (daemon->registrar, on_push_question, daemon);
  daemon->bucket = push_bucket_new (daemon->location, daemon->push);
  daemon->refresh = refresh_new (daemon->location, daemon->accounts, daemon->push);
  refresh_resume (daemon->refresh);
  daemon->media = media_setup_create (daemon->settings, daemon->token_key, error);
  if (!daemon->media)
    return FALSE;
  daemon->router = router_new (daemon->pbxes, daemon->location, daemon->registrar, daemon->bucket,
                               &options);
  media_setup_apply (daemon->media, daemon->pbxes, daemon->router);
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
 *
 * Takes over what can change while calls go on: how phones are woken, and what is logged.
 */
void
daemon_reconfigure (Daemon *daemon, Settings *settings)
{
  CallOptions options = call_options (settings);

  log_set_level (settings->daemon.log_level);
  router_set_options (daemon->router, &options);
  registrar_set_binding_expires (daemon->registrar, settings->wake.binding_expires);
  settings_ref (settings);
  settings_unref (daemon->settings);
  daemon->settings = settings;
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
on_push_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Stopping *stopping = g_task_get_task_data (task);

  push_service_stop_finish (PUSH_SERVICE (source), result, NULL);
  store_stop_async (stopping->daemon->store, on_store_stopped, task);
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
  g_clear_pointer (&daemon->management, management_free);
  g_clear_pointer (&daemon->router, router_free);
  g_clear_pointer (&daemon->refresh, refresh_free);
  g_clear_pointer (&daemon->media, media_setup_free);
  g_clear_pointer (&daemon->bucket, push_bucket_free);
  g_clear_pointer (&daemon->registrar, registrar_free);
  g_clear_pointer (&daemon->keeper, keeper_free);
  g_clear_pointer (&daemon->upstream, upstream_free);
  g_clear_pointer (&daemon->doorkeeper, doorkeeper_free);
  g_clear_pointer (&daemon->accounts, account_book_free);
  g_clear_pointer (&daemon->ledger, ledger_free);
  g_clear_object (&daemon->location);
  g_clear_pointer (&daemon->pbxes, g_ptr_array_unref);
  g_clear_pointer (&daemon->stack, sip_stack_free);
  g_clear_object (&daemon->push);
  g_clear_pointer (&daemon->store, store_free);
  g_clear_pointer (&daemon->token_key, g_bytes_unref);
  settings_unref (daemon->settings);
  g_free (daemon);
}
