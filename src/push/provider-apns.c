/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * provider-apns: Apple's push service: its HTTP/2 interface for providers (RFC 8599 section 10).
 *
 * The phone names team, topic and token; only topics that are configured are used. Which kind of
 * notification it becomes apns-notice decides, what an answer means apns-answer.
 */
#include "push/provider-apns.h"

#include "base/clock.h"
#include "base/error.h"
#include "crypto/certificate-life.h"
#include "push/apns-answer.h"
#include "push/apns-door.h"
#include "push/apns-notice.h"
#include "push/push-attempt.h"
#include "push/push-warmth.h"

#include <string.h>

#define PRODUCTION "https://api.push.apple.com"
#define SANDBOX "https://api.sandbox.push.apple.com"
#define MAX_COLLAPSE_ID 64
#define NO_TOKEN "0" /* of no device */
#define MAX_TRIES 2 /* of an answer that says that Apple is ill; it asks for quarters of hours */

struct _ProviderApns {
  PushProvider parent_instance;

  PushHttp *http;
  PushWarmth *warmth;
  ApnsToken *token; /* nullable: certificate authentication */
  PushPayload *payload;
  gchar *team_id;
  GStrv topics;
  gchar *endpoint;
  gchar *certificate;
  gchar *key_file;
  gchar *ca_file;
  gchar *proxy;
  ApnsDoor *doors[2]; /* production and the sandbox */
  PushAttempts attempts;
};

typedef struct {
  gboolean sandbox;
  ApnsType type;
  gchar *url;
  GPtrArray *headers; /* the last one but NULL is the authorization */
  gchar *bearer;      /* what the try under way says */
  GBytes *body;
  gboolean alone;
  gboolean renew; /* the next try goes over another connection */
} Push;

G_DEFINE_FINAL_TYPE (ProviderApns, provider_apns, PUSH_TYPE_PROVIDER)

static void
push_free (Push *push)
{
  g_free (push->url);
  g_ptr_array_unref (push->headers);
  g_free (push->bearer);
  g_clear_pointer (&push->body, g_bytes_unref);
  g_free (push);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Push, push_free)

static const gchar *
origin_of (ProviderApns *apns, gboolean sandbox)
{
  if (g_str_has_prefix (apns->endpoint, "https:"))
    return apns->endpoint;
  return sandbox ? SANDBOX : PRODUCTION;
}

/* The application's key lives as long as the phone keeps the notification. */
static gchar *
make_collapse_id (const gchar *key)
{
  return strlen (key) <= MAX_COLLAPSE_ID
             ? g_strdup (key)
             : g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
}

static GPtrArray *
make_headers (const PushRequest *request, const ApnsNotice *notice)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func (g_free);
  gint64 expiration = request->ttl ? clock_wall () + request->ttl : 0;

  g_ptr_array_add (headers, g_strdup_printf ("apns-id: %s", request->id));
  g_ptr_array_add (headers, g_strdup_printf ("apns-topic: %s", notice->topic));
  g_ptr_array_add (headers,
                   g_strdup_printf ("apns-push-type: %s", apns_notice_type_name (notice->type)));
  g_ptr_array_add (headers,
                   g_strdup_printf ("apns-priority: %u", apns_notice_priority (notice->type)));
  g_ptr_array_add (headers, g_strdup_printf ("apns-expiration: %" G_GINT64_FORMAT, expiration));
  if (request->collapse_key && notice->type != APNS_VOIP) {
    g_autofree gchar *id = make_collapse_id (request->collapse_key);

    g_ptr_array_add (headers, g_strdup_printf ("apns-collapse-id: %s", id));
  }
  g_ptr_array_add (headers, g_strdup ("content-type: application/json"));
  return headers;
}

static gboolean
check_topic (ProviderApns *apns, const gchar *topic)
{
  return g_strv_contains ((const gchar *const *) apns->topics, topic);
}

static gboolean
prepare (ProviderApns *apns, const PushRequest *request, Push *push, gchar **problem)
{
  g_autoptr (GError) error = NULL;
  ApnsNotice notice;

  push->headers = g_ptr_array_new ();
  if (!apns_notice_choose (&notice, request, &error)) {
    *problem = g_strdup (error->message);
    return FALSE;
  }
  if (!check_topic (apns, notice.topic)) {
    *problem = g_strdup_printf ("the topic %s is not configured", notice.topic);
    return FALSE;
  }
  push->type = notice.type;
  push->body = apns_notice_payload (notice.type, apns->payload, request);
  if (g_bytes_get_size (push->body) > apns_notice_limit (notice.type)) {
    *problem = g_strdup_printf ("the payload is larger than %" G_GSIZE_FORMAT " bytes",
                                apns_notice_limit (notice.type));
    return FALSE;
  }
  push->sandbox =
      g_str_equal (apns->endpoint, "sandbox") || g_strcmp0 (request->provider, "apns.dev") == 0;
  push->url = g_strconcat (origin_of (apns, push->sandbox), "/3/device/", notice.token, NULL);
  g_ptr_array_unref (push->headers);
  push->headers = make_headers (request, &notice);
  g_ptr_array_add (push->headers, NULL);
  g_ptr_array_add (push->headers, NULL);
  return TRUE;
}

static void
set_authorization (ProviderApns *apns, Push *push)
{
  gpointer *slot = &push->headers->pdata[push->headers->len - 2];

  g_free (push->bearer);
  push->bearer = g_strdup (apns_token_get (apns->token, NULL));
  g_free (*slot);
  *slot = g_strdup_printf ("authorization: %s", push->bearer ? push->bearer : "");
}

static GQueue *
fill (PushProvider *provider, gpointer data, PushHttpRequest *request)
{
  ProviderApns *apns = PROVIDER_APNS (provider);
  Push *push = data;
  GQueue *queue = apns->token ? apns_door_enter (apns->doors[push->sandbox], &push->alone) : NULL;

  if (queue)
    return queue;
  if (apns->token)
    set_authorization (apns, push);
  request->url = push->url;
  request->headers = (const gchar *const *) push->headers->pdata;
  request->body = push->body;
  request->ca_file = apns->ca_file;
  request->certificate = apns->certificate;
  request->key_file = apns->certificate ? apns->key_file : NULL;
  request->proxy = apns->proxy;
  request->any_address = TRUE;
  request->renew = push->renew;
  return NULL;
}

static PushAttemptNext
follow (ProviderApns *apns, Push *push, guint try, ApnsRemedy remedy)
{
  switch (remedy) {
  case APNS_REMEDY_NONE:
    return PUSH_ATTEMPT_END;
  case APNS_REMEDY_RECONNECT:
    push->renew = TRUE;
    return try < MAX_TRIES ? PUSH_ATTEMPT_AGAIN : PUSH_ATTEMPT_END;
  case APNS_REMEDY_TOKEN:
    return try < MAX_TRIES && apns->token && apns_token_renew (apns->token, push->bearer)
               ? PUSH_ATTEMPT_AGAIN
               : PUSH_ATTEMPT_END;
  }
  g_return_val_if_reached (PUSH_ATTEMPT_END);
}

static PushAttemptNext
judge (PushProvider *provider,
       gpointer data,
       guint try,
       const PushHttpAnswer *answer,
       PushResult *result,
       PushAttemptNext next)
{
  ProviderApns *apns = PROVIDER_APNS (provider);
  ApnsDoor *door = apns->doors[((Push *) data)->sandbox];
  Push *push = data;

  push->renew = FALSE;
  if (answer->outcome == PUSH_HTTP_ANSWERED)
    next = follow (apns, push, try, apns_answer_read (answer->status, answer->body, result));
  if (answer->outcome == PUSH_HTTP_UNREACHABLE)
    apns_door_close (door);
  result->final = push->type == APNS_VOIP && result->outcome == PUSH_ACCEPTED;
  if (apns->token)
    apns_door_leave (door, push->alone,
                     answer->outcome == PUSH_HTTP_ANSWERED && answer->status != 403);
  return next;
}

static const PushAttemptFuncs funcs = { fill, judge, (GDestroyNotify) push_free };

static void
provider_apns_send (PushProvider *provider,
                    const PushRequest *request,
                    guint deadline_ms,
                    GCancellable *cancellable,
                    PushProviderFunc func,
                    gpointer user_data)
{
  ProviderApns *apns = PROVIDER_APNS (provider);
  PushAttemptOptions options = {
    .provider = provider,
    .http = apns->http,
    .attempts = &apns->attempts,
    .funcs = &funcs,
    .deadline_ms = deadline_ms,
    .cancellable = cancellable,
  };
  g_autoptr (Push) push = g_new0 (Push, 1);
  g_autofree gchar *problem = NULL;

  if (prepare (apns, request, push, &problem))
    push_attempt_start (&options, g_steal_pointer (&push), func, user_data);
  else
    func (push_result_new (PUSH_REFUSED, 0, problem), user_data);
}

static const gchar *
provider_apns_name (PushProvider *provider)
{
  return "apns";
}

static gboolean
provider_apns_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param)
{
  ProviderApns *apns = PROVIDER_APNS (provider);
  g_autofree gchar *team = NULL, *topic = NULL;

  if (g_strcmp0 (pn_provider, "apns") != 0 && g_strcmp0 (pn_provider, "apns.dev") != 0)
    return FALSE;
  if (!pn_param)
    return TRUE;
  topic = apns_notice_topic_of_param (pn_param, &team);
  return topic && check_topic (apns, topic) &&
         (!*team || !apns->team_id || g_str_equal (team, apns->team_id));
}

static gchar *
provider_apns_prove (PushProvider *provider, gint64 *end, GError **error)
{
  ProviderApns *apns = PROVIDER_APNS (provider);
  gint64 begin;

  if (apns->token)
    return apns_token_get (apns->token, error) ? apns_token_name (apns->token) : NULL;
  if (certificate_life_read (apns->certificate, &begin, end))
    return g_strdup (apns->certificate);
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: no certificate can be read there",
               apns->certificate);
  return NULL;
}

static PushRequest *
provider_apns_question (PushProvider *provider)
{
  const gchar *topic = PROVIDER_APNS (provider)->topics[0];
  PushRequest *request = NULL;

  if (topic && g_str_has_suffix (topic, ".voip")) {
    request = push_request_new (PUSH_KIND_CALL, "apns");
    request->voip_token = g_strdup (NO_TOKEN);
    request->voip_topic = g_strdup (topic);
  } else if (topic) {
    request = push_request_new (PUSH_KIND_REFRESH, "apns");
    request->remote_token = g_strdup (NO_TOKEN);
    request->remote_topic = g_strdup (topic);
  }
  return request;
}

static void
provider_apns_stop (PushProvider *provider)
{
  ProviderApns *apns = PROVIDER_APNS (provider);

  push_warmth_stop (apns->warmth);
  push_attempts_stop (&apns->attempts);
}

static void
provider_apns_finalize (GObject *object)
{
  ProviderApns *apns = PROVIDER_APNS (object);

  for (gsize i = 0; i < G_N_ELEMENTS (apns->doors); i++)
    apns_door_free (apns->doors[i]);
  push_warmth_stop (apns->warmth);
  push_warmth_free (apns->warmth);
  g_clear_object (&apns->http);
  g_clear_pointer (&apns->token, apns_token_unref);
  g_clear_pointer (&apns->payload, push_payload_unref);
  g_free (apns->team_id);
  g_strfreev (apns->topics);
  g_free (apns->endpoint);
  g_free (apns->certificate);
  g_free (apns->key_file);
  g_free (apns->ca_file);
  g_free (apns->proxy);
  G_OBJECT_CLASS (provider_apns_parent_class)->finalize (object);
}

static void
provider_apns_class_init (ProviderApnsClass *class)
{
  PushProviderClass *provider_class = PUSH_PROVIDER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = provider_apns_finalize;
  provider_class->name = provider_apns_name;
  provider_class->supports = provider_apns_supports;
  provider_class->prove = provider_apns_prove;
  provider_class->question = provider_apns_question;
  provider_class->send = provider_apns_send;
  provider_class->stop = provider_apns_stop;
}

static void
provider_apns_init (ProviderApns *apns)
{
  for (gsize i = 0; i < G_N_ELEMENTS (apns->doors); i++)
    apns->doors[i] = apns_door_new ();
}

static PushWarmth *
keep_warm (ProviderApns *apns)
{
  g_autofree gchar *url =
      g_strconcat (origin_of (apns, g_str_equal (apns->endpoint, "sandbox")), "/", NULL);
  PushHttpRequest request = {
    .url = url,
    .ca_file = apns->ca_file,
    .certificate = apns->certificate,
    .key_file = apns->certificate ? apns->key_file : NULL,
    .proxy = apns->proxy,
  };

  return push_warmth_new (apns->http, &request);
}

/**
 * provider_apns_new:
 * @http: (transfer none): the client, used under one key only: Apple wants a connection for each
 * @token: (transfer none) (nullable): the team's; NULL for certificate authentication
 * @options: what the administrator decided; copied
 *
 * Returns: (transfer full): the provider
 */
ProviderApns *
provider_apns_new (PushHttp *http, ApnsToken *token, const ProviderApnsOptions *options)
{
  ProviderApns *apns = g_object_new (PROVIDER_TYPE_APNS, NULL);

  apns->http = g_object_ref (http);
  apns->token = token ? apns_token_ref (token) : NULL;
  apns->payload =
      options->payload ? push_payload_ref (options->payload) : push_payload_new (NULL, NULL);
  apns->team_id = g_strdup (options->team_id);
  apns->topics = g_strdupv ((gchar **) options->topics);
  apns->endpoint = g_strdup (options->endpoint);
  apns->certificate = g_strdup (options->certificate);
  apns->key_file = g_strdup (options->key_file);
  apns->ca_file = g_strdup (options->ca_file);
  apns->proxy = g_strdup (options->proxy);
  apns->warmth = keep_warm (apns);
  return apns;
}
