/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-lookup: a host name to the addresses behind it: SRV, A and AAAA (RFC 3263 4.2).
 *
 * By GResolver, never by the SIP stack, whose own resolver can crash. A name with a port has no SRV
 * records. The routes ask.
 */
#include "registrar/pbx-lookup.h"

#include "base/deadline.h"
#include "base/error.h"

#define MAX_HOSTS 8      /* that SRV records may name */
#define MAX_ADDRESSES 16 /* in all */
#define PATIENCE_MS 20000

typedef struct {
  gchar *host;
  guint port;
  SipTransport transport;
  gboolean needs_srv;
  GCancellable *cancellable; /* ours, so that the deadline can end the lookup */
  GCancellable *outer;
  gulong outer_id;
  Deadline *deadline;
  GList *targets; /* GSrvTarget: not looked up yet */
  PbxAnswer *answer;
  GError *error;
} Lookup;

static void
lookup_free (Lookup *lookup)
{
  if (lookup->outer)
    g_cancellable_disconnect (lookup->outer, lookup->outer_id);
  g_clear_object (&lookup->outer);
  deadline_clear (&lookup->deadline);
  g_object_unref (lookup->cancellable);
  g_resolver_free_targets (lookup->targets);
  g_clear_pointer (&lookup->answer, pbx_answer_free);
  g_clear_error (&lookup->error);
  g_free (lookup->host);
  g_free (lookup);
}

static guint
default_port (SipTransport transport)
{
  return transport == SIP_TRANSPORT_TLS ? 5061 : 5060;
}

static void look_up_next (GTask *task);

static void
finish (GTask *task)
{
  Lookup *lookup = g_task_get_task_data (task);

  if (lookup->answer->addresses->len)
    g_task_return_pointer (task, g_steal_pointer (&lookup->answer),
                           (GDestroyNotify) pbx_answer_free);
  else if (lookup->error)
    g_task_return_error (task, g_steal_pointer (&lookup->error));
  else
    g_task_return_new_error (task, SIPWAKE_ERROR, SIPWAKE_ERROR_NOT_FOUND, "%s offers no SIP by %s",
                             lookup->host, sip_transport_name (lookup->transport));
  g_object_unref (task);
}

static void
take_addresses (Lookup *lookup, GList *addresses, guint port)
{
  GPtrArray *all = lookup->answer->addresses;

  for (GList *link = addresses; link && all->len < MAX_ADDRESSES; link = link->next)
    g_ptr_array_add (all, g_inet_socket_address_new (link->data, (guint16) port));
}

static void
on_target_addresses (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Lookup *lookup = g_task_get_task_data (task);
  GSrvTarget *target = lookup->targets->data;
  GList *addresses;

  g_clear_error (&lookup->error);
  addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &lookup->error);
  take_addresses (lookup, addresses, g_srv_target_get_port (target));
  g_resolver_free_addresses (addresses);
  lookup->targets = g_list_delete_link (lookup->targets, lookup->targets);
  g_srv_target_free (target);
  look_up_next (task);
}

static void
look_up_next (GTask *task)
{
  Lookup *lookup = g_task_get_task_data (task);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  if (!lookup->targets || g_cancellable_is_cancelled (lookup->cancellable)) {
    finish (task);
    return;
  }
  g_resolver_lookup_by_name_async (resolver, g_srv_target_get_hostname (lookup->targets->data),
                                   lookup->cancellable, on_target_addresses, task);
}

static void
look_up_host (GTask *task, guint port)
{
  Lookup *lookup = g_task_get_task_data (task);

  lookup->targets = g_list_append (NULL, g_srv_target_new (lookup->host, (guint16) port, 0, 0));
  look_up_next (task);
}

/* RFC 2782: a target "." says that there is no such service. */
static void
take_targets (Lookup *lookup, GList *targets)
{
  guint count = 0;

  lookup->answer->by_srv = TRUE;
  for (GList *link = targets; link; link = link->next) {
    GSrvTarget *target = link->data;
    const gchar *host = g_srv_target_get_hostname (target);

    if (count < MAX_HOSTS && *host && !g_str_equal (host, ".")) {
      lookup->targets = g_list_append (lookup->targets, target);
      count++;
    } else {
      g_srv_target_free (target);
    }
  }
  g_list_free (targets);
}

static void
on_targets (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *targets = g_resolver_lookup_service_finish (G_RESOLVER (source), result, &error);
  GTask *task = user_data;
  Lookup *lookup = g_task_get_task_data (task);

  if (!error) {
    take_targets (lookup, targets);
    look_up_next (task);
  } else if (g_error_matches (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND) ||
             !lookup->needs_srv) {
    look_up_host (task, default_port (lookup->transport));
  } else {
    lookup->error = g_steal_pointer (&error);
    finish (task);
  }
}

static void
on_patience_over (gpointer user_data)
{
  Lookup *lookup = user_data;

  lookup->deadline = NULL;
  g_cancellable_cancel (lookup->cancellable);
}

static void
on_outer_cancelled (GCancellable *outer, gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
}

/**
 * pbx_lookup_async:
 * @host: a host name
 * @port: its port, or 0 where SRV records may say it
 * @transport: by what it is to be reached
 * @needs_srv: whether an SRV lookup that failed, other than for want of records, is an error, since
 *   there were such records before; otherwise the addresses of @host itself will do
 * @cancellable: (nullable): ends it
 * @callback: called with the answer, in 20 seconds at the latest
 * @user_data: for @callback
 */
void
pbx_lookup_async (const gchar *host,
                  guint port,
                  SipTransport transport,
                  gboolean needs_srv,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Lookup *lookup = g_new0 (Lookup, 1);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  lookup->host = g_strdup (host);
  lookup->port = port;
  lookup->transport = transport;
  lookup->needs_srv = needs_srv;
  lookup->cancellable = g_cancellable_new ();
  lookup->answer = g_new0 (PbxAnswer, 1);
  lookup->answer->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  lookup->deadline = deadline_new (PATIENCE_MS, on_patience_over, lookup);
  if (cancellable) {
    lookup->outer = g_object_ref (cancellable);
    lookup->outer_id = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled),
                                              g_object_ref (lookup->cancellable), g_object_unref);
  }
  g_task_set_task_data (task, lookup, (GDestroyNotify) lookup_free);
  if (port) {
    look_up_host (task, port);
    return;
  }
  g_resolver_lookup_service_async (resolver, transport == SIP_TRANSPORT_TLS ? "sips" : "sip",
                                   transport == SIP_TRANSPORT_UDP ? "udp" : "tcp", host,
                                   lookup->cancellable, on_targets, task);
}

/**
 * pbx_lookup_finish:
 * @result: what the callback got
 * @error: return location
 *
 * Returns: (transfer full) (nullable): at least one address
 */
PbxAnswer *
pbx_lookup_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * pbx_answer_free:
 * @answer: (transfer full): an answer
 */
void
pbx_answer_free (PbxAnswer *answer)
{
  g_ptr_array_unref (answer->addresses);
  g_free (answer);
}
