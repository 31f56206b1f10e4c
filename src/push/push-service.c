/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-service: the door of push/: finds the provider, sends, counts and logs.
 *
 * Called by wake/, which knows devices and calls; here are only tokens and outcomes.
 */
#include "push/push-service.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/log-ids.h"
#include "base/log.h"

struct _PushService {
  GObject parent_instance;

  GPtrArray *groups;  /* of Group, in the order of the configuration */
  GPtrArray *retired; /* of Group: what a newer configuration replaced, while it is in use */
  guint in_flight;
  gboolean stopped;
  GTask *stopping; /* the stop that waits for what is in flight */
};

typedef struct {
  gchar *name;
  PushProvider *provider;
  PushLimits *limits; /* nullable */
} Group;

typedef struct {
  PushRequest *request;
  PushProvider *provider;
  gint64 started;
} Sending;

G_DEFINE_FINAL_TYPE (PushService, push_service, G_TYPE_OBJECT)

static void
sending_free (Sending *sending)
{
  push_request_free (sending->request);
  g_clear_object (&sending->provider);
  g_free (sending);
}

static void
group_free (Group *group)
{
  g_free (group->name);
  g_object_unref (group->provider);
  push_limits_free (group->limits);
  g_free (group);
}

static Group *
find_group (PushService *service, const gchar *name, const gchar *param)
{
  for (guint i = 0; i < service->groups->len; i++) {
    Group *group = g_ptr_array_index (service->groups, i);

    if (push_provider_supports (group->provider, name, param))
      return group;
  }
  return NULL;
}

static void
count_outcome (PushOutcome outcome)
{
  switch (outcome) {
  case PUSH_ACCEPTED:
    counters_inc (COUNTER_PUSHES_ACCEPTED);
    return;
  case PUSH_TOKEN_DEAD:
    counters_inc (COUNTER_PUSHES_TOKEN_DEAD);
    return;
  case PUSH_CREDENTIALS:
  case PUSH_REFUSED:
  case PUSH_RATE_LIMITED:
    counters_inc (COUNTER_PUSHES_REFUSED);
    return;
  case PUSH_UNREACHABLE:
  case PUSH_TIMED_OUT:
    counters_inc (COUNTER_PUSHES_FAILED);
    return;
  case PUSH_QUEUE_FULL:
    counters_inc (COUNTER_PUSHES_QUEUE_FULL);
    return;
  case PUSH_CANCELLED:
    return;
  }
}

static GLogLevelFlags
outcome_level (PushOutcome outcome)
{
  switch (outcome) {
  case PUSH_ACCEPTED:
  case PUSH_TOKEN_DEAD:
  case PUSH_CANCELLED:
    return G_LOG_LEVEL_INFO;
  case PUSH_CREDENTIALS:
  case PUSH_REFUSED:
  case PUSH_UNREACHABLE:
  case PUSH_TIMED_OUT:
  case PUSH_RATE_LIMITED:
  case PUSH_QUEUE_FULL:
    return G_LOG_LEVEL_WARNING;
  }
  g_return_val_if_reached (G_LOG_LEVEL_WARNING);
}

/* NULL for what is no more than an ordinary line. */
static const gchar *
outcome_log_id (PushOutcome outcome)
{
  switch (outcome) {
  case PUSH_TOKEN_DEAD:
    return LOG_ID_TOKEN_DEAD;
  case PUSH_CREDENTIALS:
    return LOG_ID_PUSH_CREDENTIALS;
  case PUSH_RATE_LIMITED:
  case PUSH_QUEUE_FULL:
    return LOG_ID_LIMIT_REACHED;
  case PUSH_ACCEPTED:
  case PUSH_REFUSED:
  case PUSH_UNREACHABLE:
  case PUSH_TIMED_OUT:
  case PUSH_CANCELLED:
    return NULL;
  }
  g_return_val_if_reached (NULL);
}

static void
log_result (const Sending *sending, const PushResult *result)
{
  const PushRequest *request = sending->request;
  /* That a push could not be taken back is no trouble. */
  GLogLevelFlags level =
      request->kind == PUSH_KIND_CANCEL ? G_LOG_LEVEL_INFO : outcome_level (result->outcome);
  g_autofree gchar *status = NULL, *ms = NULL;

  if (!log_wants (level))
    return;
  status = g_strdup_printf ("%u", result->status);
  ms = g_strdup_printf ("%.1f", result->duration_us / 1000.0);
  log_line (level,
            LOG_FIELDS ("MESSAGE_ID", outcome_log_id (result->outcome), "PUSH_ID", request->id,
                        "BINDING", request->binding, "CALL_ID", request->call_id, "PROVIDER",
                        request->provider, "STATUS", status, "MS", ms),
            "Push to %s for a %s: %s%s%s", log_mask (request->prid),
            push_kind_to_string (request->kind), push_outcome_to_string (result->outcome),
            result->reason ? ", " : "", result->reason ? result->reason : "");
}

static void
complete_stop (PushService *service)
{
  g_autoptr (GTask) task = NULL;

  if (service->in_flight)
    return;
  g_ptr_array_set_size (service->retired, 0);
  if (!service->stopping)
    return;
  task = g_steal_pointer (&service->stopping);
  g_task_return_boolean (task, TRUE);
}

/* What the service knew before the phone registered for the last time is out of date. */
static void
compare_dates (const PushRequest *request, PushResult *result)
{
  if (result->outcome == PUSH_TOKEN_DEAD && result->dead_since &&
      result->dead_since < request->registered)
    result->outcome = PUSH_REFUSED;
}

static void
give_back (PushService *service, const PushRequest *request)
{
  const Group *group = find_group (service, request->provider, request->param);

  if (group && group->limits)
    push_limits_give_back (group->limits, request);
}

static void
on_sent (PushResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Sending *sending = g_task_get_task_data (task);
  PushService *service = g_task_get_source_object (task);

  result->duration_us = clock_now () - sending->started;
  compare_dates (sending->request, result);
  if (result->outcome == PUSH_UNREACHABLE || result->outcome == PUSH_QUEUE_FULL)
    give_back (service, sending->request);
  count_outcome (result->outcome);
  counters_dec (COUNTER_PUSHES_IN_FLIGHT);
  log_result (sending, result);
  g_task_return_pointer (task, result, (GDestroyNotify) push_result_free);
  service->in_flight--;
  complete_stop (service);
}

/* Why the push is not sent at all. */
static PushResult *
object_to (PushService *service, const Group *group, const PushRequest *request)
{
  const gchar *excess;
  PushResult *result;
  guint wait;

  if (service->stopped)
    return push_result_new (PUSH_CANCELLED, 0, "the service is stopped");
  if (!group)
    return push_result_new (PUSH_REFUSED, 0, "no push service for this device");
  excess = group->limits ? push_limits_take (group->limits, request, &wait) : NULL;
  if (!excess)
    return NULL;
  result = push_result_new (PUSH_RATE_LIMITED, 0, excess);
  result->retry_after = wait;
  return result;
}

/**
 * push_service_send_async:
 * @service: the service
 * @request: what to push; copied
 * @deadline_ms: milliseconds until an answer is useless
 * @cancellable: (nullable): ends the push with PUSH_CANCELLED
 * @callback: called once, never before this returns
 * @user_data: for @callback
 */
void
push_service_send_async (PushService *service,
                         const PushRequest *request,
                         guint deadline_ms,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task = g_task_new (service, cancellable, callback, user_data);
  Sending *sending = g_new0 (Sending, 1);
  Group *group = find_group (service, request->provider, request->param);
  PushResult *objection;

  sending->request = push_request_copy (request);
  sending->provider = group ? g_object_ref (group->provider) : NULL;
  sending->started = clock_now ();
  g_task_set_source_tag (task, push_service_send_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, sending, (GDestroyNotify) sending_free);

  counters_inc (COUNTER_PUSHES_SENT);
  counters_inc (COUNTER_PUSHES_IN_FLIGHT);
  service->in_flight++;
  objection = object_to (service, group, request);
  if (objection)
    on_sent (objection, task);
  else
    push_provider_send (group->provider, request, deadline_ms, cancellable, on_sent, task);
}

/**
 * push_service_send_finish:
 * @service: the service
 * @result: what the callback was given
 * @error: where an error goes; never set for what became of the push
 *
 * Returns: (transfer full): what came of it; NULL only after a programming error
 */
PushResult *
push_service_send_finish (PushService *service, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, service), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * push_service_add:
 * @service: the service
 * @provider: (transfer none): asked after those that were added before
 */
void
push_service_add (PushService *service, PushProvider *provider)
{
  push_service_add_limited (service, push_provider_name (provider), provider, NULL);
}

/**
 * push_service_add_limited:
 * @service: the service
 * @name: what the administrator calls it
 * @provider: (transfer none): asked after those that were added before
 * @limits: (transfer full) (nullable): how much it gets
 */
void
push_service_add_limited (PushService *service,
                          const gchar *name,
                          PushProvider *provider,
                          PushLimits *limits)
{
  Group *group = g_new0 (Group, 1);

  group->name = g_strdup (name);
  group->provider = g_object_ref (provider);
  group->limits = limits;
  g_ptr_array_add (service->groups, group);
}

/**
 * push_service_take_over:
 * @service: the service
 * @newer: one with the providers of a newer configuration, which gives them away
 *
 * Pushes that are under way end with the providers that they began with.
 */
void
push_service_take_over (PushService *service, PushService *newer)
{
  g_ptr_array_extend_and_steal (service->retired, service->groups);
  service->groups = newer->groups;
  newer->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) group_free);
  complete_stop (service);
}

/**
 * push_service_each:
 * @service: the service
 * @func: called for each provider and its name, in the order in which they were added
 * @user_data: for @func
 */
void
push_service_each (PushService *service, PushServiceFunc func, gpointer user_data)
{
  for (guint i = 0; i < service->groups->len; i++) {
    const Group *group = g_ptr_array_index (service->groups, i);

    func (group->name, group->provider, user_data);
  }
}

/**
 * push_service_supports:
 * @service: the service
 * @provider: the phone's pn-provider
 * @param: (nullable): its pn-param
 *
 * Returns: whether we push for it (RFC 8599 section 5.6.1)
 */
gboolean
push_service_supports (PushService *service, const gchar *provider, const gchar *param)
{
  return find_group (service, provider, param) != NULL;
}

/**
 * push_service_vapid:
 * @service: the service
 * @provider: a pn-provider value
 *
 * Returns: (transfer full) (nullable): the value of +sip.vapid for it (RFC 8599 section 5.4)
 */
gchar *
push_service_vapid (PushService *service, const gchar *provider)
{
  Group *found = find_group (service, provider, NULL);

  return found ? g_strdup (push_provider_vapid_key (found->provider)) : NULL;
}

/**
 * push_service_names:
 * @service: the service
 *
 * Returns: (transfer full): every pn-provider value to announce, each once
 */
GStrv
push_service_names (PushService *service)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < service->groups->len; i++) {
    const Group *group = g_ptr_array_index (service->groups, i);
    const gchar *name = push_provider_name (group->provider);

    if (g_hash_table_add (seen, (gpointer) name))
      g_strv_builder_add (names, name);
  }
  return g_strv_builder_end (names);
}

static void
stop_groups (GPtrArray *groups)
{
  for (guint i = 0; i < groups->len; i++)
    push_provider_stop (((Group *) g_ptr_array_index (groups, i))->provider);
}

/**
 * push_service_stop_async:
 * @service: the service
 * @callback: called when nothing is in flight any more
 * @user_data: for @callback
 *
 * Ends every push in flight with PUSH_CANCELLED and accepts no more. Once.
 */
void
push_service_stop_async (PushService *service, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (!service->stopped);

  service->stopped = TRUE;
  service->stopping = g_task_new (service, NULL, callback, user_data);
  g_task_set_source_tag (service->stopping, push_service_stop_async);
  stop_groups (service->groups);
  stop_groups (service->retired);
  complete_stop (service);
}

/**
 * push_service_stop_finish:
 * @service: the service
 * @result: what the callback was given
 * @error: where an error goes
 *
 * Returns: TRUE
 */
gboolean
push_service_stop_finish (PushService *service, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, service), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
push_service_finalize (GObject *object)
{
  PushService *service = PUSH_SERVICE (object);

  g_ptr_array_unref (service->groups);
  g_ptr_array_unref (service->retired);
  G_OBJECT_CLASS (push_service_parent_class)->finalize (object);
}

static void
push_service_class_init (PushServiceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = push_service_finalize;
}

static void
push_service_init (PushService *service)
{
  service->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) group_free);
  service->retired = g_ptr_array_new_with_free_func ((GDestroyNotify) group_free);
}

/**
 * push_service_new:
 *
 * Returns: (transfer full): a service without providers
 */
PushService *
push_service_new (void)
{
  return g_object_new (PUSH_TYPE_SERVICE, NULL);
}
