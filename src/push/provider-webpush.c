/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * provider-webpush: Web Push: RFC 8030 with VAPID (RFC 8292) and, where the phone gave keys, an
 * encrypted body (RFC 8291).
 *
 * The phone's pn-prid is the push URL (RFC 8599 section 12), so it is judged before it is used:
 * here against the list of origins, in push-http against the address it leads to.
 */
#include "push/provider-webpush.h"

#include "base/clock.h"
#include "base/error.h"
#include "crypto/base64url.h"
#include "crypto/ece.h"
#include "push/push-attempt.h"
#include "push/push-url.h"

#include <string.h>

#define TOPIC_BYTES 12  /* 16 characters: unique enough, and each costs */
#define MAX_TTL 2419200 /* four weeks */
#define MAX_HEADERS 6

struct _ProviderWebpush {
  PushProvider parent_instance;

  PushHttp *http;
  Vapid *vapid;
  PushPayload *payload;
  gchar *proxy;
  gchar *subject;
  gchar *ca_file;
  gboolean any_origin;
  GHashTable *origins; /* set of those that are listed, private or not */
  PushAttempts attempts;
};

typedef struct {
  gchar *url;
  gchar *origin;
  GStrv headers;
  GBytes *body;
} Push;

G_DEFINE_FINAL_TYPE (ProviderWebpush, provider_webpush, PUSH_TYPE_PROVIDER)

static void
push_free (Push *push)
{
  g_free (push->url);
  g_free (push->origin);
  g_strfreev (push->headers);
  g_clear_pointer (&push->body, g_bytes_unref);
  g_free (push);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Push, push_free)

static const gchar *
urgency (PushKind kind)
{
  switch (kind) {
  case PUSH_KIND_CALL:
  case PUSH_KIND_CANCEL:
    return "Urgency: high";
  case PUSH_KIND_MESSAGE:
    return "Urgency: normal";
  case PUSH_KIND_REFRESH:
    return "Urgency: low";
  }
  g_return_val_if_reached ("Urgency: normal");
}

/* Any key becomes a topic of RFC 8030 section 5.4, and the service does not learn the Call-ID. */
static gchar *
make_topic (const PushRequest *request)
{
  const gchar *key = request->collapse_key ? request->collapse_key : request->call_id;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;

  if (!key)
    return NULL;
  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_get_digest (checksum, digest, &size);
  return base64url_encode (digest, TOPIC_BYTES);
}

static GBytes *
make_body (ProviderWebpush *webpush, const PushRequest *request, GError **error)
{
  g_autoptr (GBytes) text = push_payload_to_bytes (push_payload_fill (webpush->payload, request));

  return ece_encrypt (request->enc_key, request->enc_auth, text, error);
}

static GStrv
make_headers (ProviderWebpush *webpush, const PushRequest *request, const Push *push)
{
  g_autofree gchar *authorization =
      vapid_authorization (webpush->vapid, push->origin, webpush->subject, clock_wall ());
  g_autofree gchar *topic = make_topic (request);
  GStrv headers = g_new0 (gchar *, MAX_HEADERS + 1), next = headers;

  *next++ = g_strdup_printf ("TTL: %u", MIN (request->ttl, MAX_TTL));
  *next++ = g_strdup (urgency (request->kind));
  if (authorization)
    *next++ = g_strconcat ("Authorization: ", authorization, NULL);
  if (topic)
    *next++ = g_strconcat ("Topic: ", topic, NULL);
  if (push->body) {
    *next++ = g_strdup ("Content-Type: application/octet-stream");
    *next++ = g_strdup ("Content-Encoding: aes128gcm");
  }
  return headers;
}

/* RFC 8030 section 5, and what the services really say. */
static PushOutcome
outcome_of_status (guint status)
{
  switch (status) {
  case 200:
  case 201:
  case 202:
  case 204:
    return PUSH_ACCEPTED;
  case 404:
  case 410:
    return PUSH_TOKEN_DEAD;
  case 401:
  case 403:
    return PUSH_CREDENTIALS;
  case 429:
    return PUSH_RATE_LIMITED;
  default:
    return status >= 500 ? PUSH_UNREACHABLE : PUSH_REFUSED;
  }
}

static PushAttemptNext
judge (PushProvider *provider,
       gpointer push,
       guint try,
       const PushHttpAnswer *answer,
       PushResult *result,
       PushAttemptNext next)
{
  if (answer->outcome != PUSH_HTTP_ANSWERED)
    return next;
  result->outcome = outcome_of_status (answer->status);
  if (result->outcome != PUSH_ACCEPTED)
    push_result_quote (result, answer->body);
  return result->outcome == PUSH_UNREACHABLE ? PUSH_ATTEMPT_PAUSE : PUSH_ATTEMPT_END;
}

static GQueue *
fill (PushProvider *provider, gpointer data, PushHttpRequest *request)
{
  ProviderWebpush *webpush = PROVIDER_WEBPUSH (provider);
  const Push *push = data;

  request->url = push->url;
  request->origin = push->origin;
  request->headers = (const gchar *const *) push->headers;
  request->body = push->body;
  request->ca_file = webpush->ca_file;
  request->proxy = webpush->proxy;
  request->any_address = g_hash_table_contains (webpush->origins, push->origin);
  return NULL;
}

static const PushAttemptFuncs funcs = { fill, judge, (GDestroyNotify) push_free };

static gboolean
prepare (ProviderWebpush *webpush, const PushRequest *request, Push *push, GError **error)
{
  if (!request->prid) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "There is no push URL");
    return FALSE;
  }
  push->url = push_url_parse (request->prid, &push->origin, error);
  if (!push->url)
    return FALSE;
  if (!webpush->any_origin && !g_hash_table_contains (webpush->origins, push->origin)) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED, "%s is not in allow-origins",
                 push->origin);
    return FALSE;
  }
  /* An empty push says nothing but "wake up". */
  if (request->kind == PUSH_KIND_CANCEL && !(request->enc_key && request->enc_auth)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                         "a phone without keys cannot be told that the call is over");
    return FALSE;
  }
  if (request->enc_key && request->enc_auth) {
    push->body = make_body (webpush, request, error);
    if (!push->body)
      return FALSE;
  }
  push->headers = make_headers (webpush, request, push);
  return TRUE;
}

static void
provider_webpush_send (PushProvider *provider,
                       const PushRequest *request,
                       guint deadline_ms,
                       GCancellable *cancellable,
                       PushProviderFunc func,
                       gpointer user_data)
{
  ProviderWebpush *webpush = PROVIDER_WEBPUSH (provider);
  PushAttemptOptions options = {
    .provider = provider,
    .http = webpush->http,
    .attempts = &webpush->attempts,
    .funcs = &funcs,
    .deadline_ms = deadline_ms,
    .cancellable = cancellable,
  };
  g_autoptr (Push) push = g_new0 (Push, 1);
  g_autoptr (GError) error = NULL;

  if (prepare (webpush, request, push, &error))
    push_attempt_start (&options, g_steal_pointer (&push), func, user_data);
  else
    func (push_result_new (PUSH_REFUSED, 0, error->message), user_data);
}

static const gchar *
provider_webpush_name (PushProvider *provider)
{
  return "webpush";
}

static gboolean
provider_webpush_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param)
{
  return g_strcmp0 (pn_provider, "webpush") == 0;
}

static const gchar *
provider_webpush_vapid_key (PushProvider *provider)
{
  return vapid_key (PROVIDER_WEBPUSH (provider)->vapid);
}

static gchar *
provider_webpush_prove (PushProvider *provider, gint64 *end, GError **error)
{
  return g_strdup_printf ("VAPID %s", provider_webpush_vapid_key (provider));
}

static void
provider_webpush_stop (PushProvider *provider)
{
  push_attempts_stop (&PROVIDER_WEBPUSH (provider)->attempts);
}

static void
provider_webpush_finalize (GObject *object)
{
  ProviderWebpush *webpush = PROVIDER_WEBPUSH (object);

  g_clear_object (&webpush->http);
  g_clear_pointer (&webpush->vapid, vapid_unref);
  g_clear_pointer (&webpush->payload, push_payload_unref);
  g_free (webpush->proxy);
  g_free (webpush->subject);
  g_free (webpush->ca_file);
  g_hash_table_unref (webpush->origins);
  G_OBJECT_CLASS (provider_webpush_parent_class)->finalize (object);
}

static void
provider_webpush_class_init (ProviderWebpushClass *class)
{
  PushProviderClass *provider_class = PUSH_PROVIDER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = provider_webpush_finalize;
  provider_class->name = provider_webpush_name;
  provider_class->supports = provider_webpush_supports;
  provider_class->vapid_key = provider_webpush_vapid_key;
  provider_class->prove = provider_webpush_prove;
  provider_class->send = provider_webpush_send;
  provider_class->stop = provider_webpush_stop;
}

static void
provider_webpush_init (ProviderWebpush *webpush)
{
  webpush->origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static gboolean
add_origin (ProviderWebpush *webpush, const gchar *text, GError **error)
{
  g_autofree gchar *origin = NULL, *url = NULL;

  if (g_str_equal (text, "*")) {
    webpush->any_origin = TRUE;
    return TRUE;
  }
  url = push_url_parse (text, &origin, NULL);
  if (!url || strlen (url) != strlen (origin) + 1) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "allow-origins: %s is neither * nor an origin such as https://push.example.com",
                 text);
    return FALSE;
  }
  g_hash_table_add (webpush->origins, g_steal_pointer (&origin));
  return TRUE;
}

/**
 * provider_webpush_new:
 * @http: (transfer none): the client
 * @vapid: (transfer none): our identity
 * @options: what the administrator decided; copied
 * @error: where an error goes
 *
 * An origin that is listed may have any address; "*" lets every origin in that has a public one.
 *
 * Returns: (transfer full) (nullable): the provider
 */
ProviderWebpush *
provider_webpush_new (PushHttp *http,
                      Vapid *vapid,
                      const ProviderWebpushOptions *options,
                      GError **error)
{
  g_autoptr (ProviderWebpush) webpush = g_object_new (PROVIDER_TYPE_WEBPUSH, NULL);

  webpush->http = g_object_ref (http);
  webpush->vapid = vapid_ref (vapid);
  webpush->payload =
      options->payload ? push_payload_ref (options->payload) : push_payload_new (NULL, NULL);
  webpush->proxy = g_strdup (options->proxy);
  webpush->subject = g_strdup (options->subject);
  webpush->ca_file = g_strdup (options->ca_file);
  webpush->any_origin = options->allow_origins == NULL;
  for (gsize i = 0; options->allow_origins && options->allow_origins[i]; i++)
    if (!add_origin (webpush, options->allow_origins[i], error))
      return NULL;
  return g_steal_pointer (&webpush);
}
