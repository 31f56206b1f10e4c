/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * provider-fcm: Google's Firebase Cloud Messaging, its HTTP v1 interface (RFC 8599 section 11).
 *
 * A push is a data message of high priority, which the application gets even while the phone dozes.
 * The project is that of the service account; the phone's pn-param is looked up, never sent.
 */
#include "push/provider-fcm.h"

#include "base/error.h"
#include "push/fcm-access.h"
#include "push/fcm-answer.h"
#include "push/push-attempt.h"
#include "push/push-warmth.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define ENDPOINT "https://fcm.googleapis.com"
#define MAX_TTL 2419200 /* four weeks */
#define MAX_DATA 4096
#define MAX_TOKEN 4096
#define COLLAPSE_KEY_LENGTH 32
#define NO_TOKEN "0" /* of no device */
#define MAX_TRIES 2 /* with another access token */

struct _ProviderFcm {
  PushProvider parent_instance;

  PushHttp *http;
  PushWarmth *warmth;
  FcmAccess *access;
  PushPayload *payload;
  gchar *project;
  gchar *url;
  GStrv projects; /* nullable: all */
  gchar *ca_file;
  gchar *proxy;
  gboolean accepted; /* Google took what we send at least once */
  PushAttempts attempts;
};

typedef struct {
  const gchar *headers[3];
  gchar *authorization;
  GBytes *body;
} Push;

G_DEFINE_FINAL_TYPE (ProviderFcm, provider_fcm, PUSH_TYPE_PROVIDER)

static void
push_free (Push *push)
{
  g_free (push->authorization);
  g_clear_pointer (&push->body, g_bytes_unref);
  g_free (push);
}

/* Google takes nothing but strings. */
static JsonObject *
make_data (const PushPayload *payload, const PushRequest *request)
{
  JsonObject *filled = push_payload_fill (payload, request), *data = json_object_new ();
  JsonObjectIter iter;
  JsonNode *member;
  const gchar *name;

  json_object_iter_init (&iter, filled);
  while (json_object_iter_next (&iter, &name, &member)) {
    g_autofree gchar *text = json_node_get_value_type (member) == G_TYPE_STRING
                                 ? json_node_dup_string (member)
                                 : json_to_string (member, FALSE);

    json_object_set_string_member (data, name, text);
  }
  json_object_unref (filled);
  return data;
}

static JsonObject *
make_android (const PushRequest *request)
{
  JsonObject *android = json_object_new ();
  g_autofree gchar *ttl = g_strdup_printf ("%us", MIN (request->ttl, MAX_TTL));

  json_object_set_string_member (android, "priority", "high");
  json_object_set_string_member (android, "ttl", ttl);
  if (request->collapse_key) {
    g_autofree gchar *key =
        g_compute_checksum_for_string (G_CHECKSUM_SHA256, request->collapse_key, -1);

    key[COLLAPSE_KEY_LENGTH] = '\0';
    json_object_set_string_member (android, "collapse_key", key);
  }
  return android;
}

static GBytes *
make_body (const PushRequest *request, JsonObject *data)
{
  JsonObject *message = json_object_new (), *root = json_object_new ();

  json_object_set_string_member (message, "token", request->prid);
  json_object_set_object_member (message, "data", data);
  json_object_set_object_member (message, "android", make_android (request));
  json_object_set_object_member (root, "message", message);
  return push_payload_to_bytes (root);
}

static GQueue *
fill (PushProvider *provider, gpointer data, PushHttpRequest *request)
{
  ProviderFcm *fcm = PROVIDER_FCM (provider);
  Push *push = data;
  GQueue *queue;
  const gchar *authorization = fcm_access_get (fcm->access, &queue);

  if (!authorization)
    return queue;
  g_free (push->authorization);
  push->authorization = g_strdup (authorization);
  push->headers[0] = push->authorization;
  push->headers[1] = "content-type: application/json";
  request->url = fcm->url;
  request->headers = push->headers;
  request->body = push->body;
  request->ca_file = fcm->ca_file;
  request->proxy = fcm->proxy;
  request->any_address = TRUE;
  return NULL;
}

static PushAttemptNext
judge (PushProvider *provider,
       gpointer data,
       guint try,
       const PushHttpAnswer *answer,
       PushResult *result,
       PushAttemptNext next)
{
  ProviderFcm *fcm = PROVIDER_FCM (provider);
  Push *push = data;

  if (answer->outcome != PUSH_HTTP_ANSWERED)
    return next;
  switch (fcm_answer_read (answer->status, answer->body, result)) {
  case FCM_REMEDY_NONE:
    break;
  case FCM_REMEDY_PAUSE:
    /* Without a time Google means minutes. */
    return answer->status >= 500 || answer->retry_after ? PUSH_ATTEMPT_PAUSE : PUSH_ATTEMPT_END;
  case FCM_REMEDY_TOKEN:
    fcm_access_drop (fcm->access, push->authorization);
    return try < MAX_TRIES ? PUSH_ATTEMPT_AGAIN : PUSH_ATTEMPT_END;
  case FCM_REMEDY_DOUBT:
    if (fcm->accepted)
      result->outcome = PUSH_TOKEN_DEAD;
    break;
  }
  fcm->accepted |= result->outcome == PUSH_ACCEPTED;
  return PUSH_ATTEMPT_END;
}

static const PushAttemptFuncs funcs = { fill, judge, (GDestroyNotify) push_free };

static gboolean
is_token (const gchar *prid)
{
  return prid && *prid && strlen (prid) <= MAX_TOKEN && g_utf8_validate (prid, -1, NULL);
}

static gsize
size_of (JsonObject *data)
{
  g_autoptr (GBytes) text = push_payload_to_bytes (json_object_ref (data));

  return g_bytes_get_size (text);
}

static PushResult *
prepare (ProviderFcm *fcm, const PushRequest *request, Push *push)
{
  g_autoptr (JsonObject) data = NULL;

  if (fcm_access_is_refused (fcm->access))
    return push_result_new (PUSH_CREDENTIALS, 0, fcm_access_problem (fcm->access));
  if (!is_token (request->prid))
    return push_result_new (PUSH_REFUSED, 0, "the device token is none");
  data = make_data (fcm->payload, request);
  if (size_of (data) > MAX_DATA)
    return push_result_new (PUSH_REFUSED, 0, "the payload is larger than 4096 bytes");
  push->body = make_body (request, g_steal_pointer (&data));
  return NULL;
}

static void
provider_fcm_send (PushProvider *provider,
                   const PushRequest *request,
                   guint deadline_ms,
                   GCancellable *cancellable,
                   PushProviderFunc func,
                   gpointer user_data)
{
  ProviderFcm *fcm = PROVIDER_FCM (provider);
  PushAttemptOptions options = {
    .provider = provider,
    .http = fcm->http,
    .attempts = &fcm->attempts,
    .funcs = &funcs,
    .deadline_ms = deadline_ms,
    .cancellable = cancellable,
  };
  Push *push = g_new0 (Push, 1);
  PushResult *refused = prepare (fcm, request, push);

  if (!refused) {
    push_attempt_start (&options, push, func, user_data);
    return;
  }
  push_free (push);
  func (refused, user_data);
}

static const gchar *
provider_fcm_name (PushProvider *provider)
{
  return "fcm";
}

static gboolean
provider_fcm_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param)
{
  ProviderFcm *fcm = PROVIDER_FCM (provider);

  return g_strcmp0 (pn_provider, "fcm") == 0 &&
         (!pn_param || !fcm->projects ||
          g_strv_contains ((const gchar *const *) fcm->projects, pn_param));
}

static gchar *
provider_fcm_prove (PushProvider *provider, gint64 *end, GError **error)
{
  ProviderFcm *fcm = PROVIDER_FCM (provider);
  const gchar *problem = fcm_access_problem (fcm->access);

  if (!problem)
    return g_strdup_printf ("service account of the project %s", fcm->project);
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED, "no access token for the project %s: %s",
               fcm->project, problem);
  return NULL;
}

static PushRequest *
provider_fcm_question (PushProvider *provider)
{
  PushRequest *request = push_request_new (PUSH_KIND_REFRESH, "fcm");

  fcm_access_forgive (PROVIDER_FCM (provider)->access);
  request->prid = g_strdup (NO_TOKEN);
  return request;
}

static void
provider_fcm_stop (PushProvider *provider)
{
  ProviderFcm *fcm = PROVIDER_FCM (provider);

  fcm_access_stop (fcm->access);
  push_warmth_stop (fcm->warmth);
  push_attempts_stop (&fcm->attempts);
}

static void
provider_fcm_finalize (GObject *object)
{
  ProviderFcm *fcm = PROVIDER_FCM (object);

  fcm_access_stop (fcm->access);
  fcm_access_unref (fcm->access);
  push_warmth_stop (fcm->warmth);
  push_warmth_free (fcm->warmth);
  g_clear_object (&fcm->http);
  push_payload_unref (fcm->payload);
  g_free (fcm->project);
  g_free (fcm->url);
  g_strfreev (fcm->projects);
  g_free (fcm->ca_file);
  g_free (fcm->proxy);
  G_OBJECT_CLASS (provider_fcm_parent_class)->finalize (object);
}

static void
provider_fcm_class_init (ProviderFcmClass *class)
{
  PushProviderClass *provider_class = PUSH_PROVIDER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = provider_fcm_finalize;
  provider_class->name = provider_fcm_name;
  provider_class->supports = provider_fcm_supports;
  provider_class->prove = provider_fcm_prove;
  provider_class->question = provider_fcm_question;
  provider_class->send = provider_fcm_send;
  provider_class->stop = provider_fcm_stop;
}

static void
provider_fcm_init (ProviderFcm *fcm)
{
}

/**
 * provider_fcm_new:
 * @http: (transfer none): the client
 * @account: (transfer full): the service account, whose first access token is asked for at once
 * @options: what the administrator decided; copied
 *
 * Returns: (transfer full): the provider
 */
ProviderFcm *
provider_fcm_new (PushHttp *http, FcmAccount *account, const ProviderFcmOptions *options)
{
  ProviderFcm *fcm = g_object_new (PROVIDER_TYPE_FCM, NULL);

  fcm->http = g_object_ref (http);
  fcm->project = g_strdup (fcm_account_project (account));
  fcm->url =
      g_strdup_printf ("%s/v1/projects/%s/messages:send",
                       options->endpoint ? options->endpoint : ENDPOINT, fcm->project);
  fcm->payload =
      options->payload ? push_payload_ref (options->payload) : push_payload_new (NULL, NULL);
  fcm->projects = g_strdupv ((gchar **) options->projects);
  fcm->ca_file = g_strdup (options->ca_file);
  fcm->proxy = g_strdup (options->proxy);
  fcm->access = fcm_access_new (http, account, options->ca_file, options->proxy);
  fcm->warmth = push_warmth_new (
      http, &(PushHttpRequest){ .url = fcm->url, .ca_file = fcm->ca_file, .proxy = fcm->proxy });
  return fcm;
}
