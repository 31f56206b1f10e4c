/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fcm-access: the access token that Google wants to see (RFC 6749, RFC 7523).
 *
 * One for all pushes of a service account; fetched at the start and again some minutes before it
 * ends, so that no call waits for it. Never more than one fetch is under way.
 */
#include "push/fcm-access.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "push/push-attempt.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define EARLY (5 * 60)   /* seconds before its end at which a token is replaced */
#define MIN_LIFE 60      /* seconds; a service that grants less is not believed */
#define RETRY_MS 1000    /* while pushes wait */
#define REFUSED_MS 60000 /* after a refusal, and when nobody waits */
#define FETCH_MS 10000
#define MAX_LIFE (24 * 3600)
#define MAX_TOKEN 4096

struct _FcmAccess {
  gint refs;
  PushHttp *http;
  FcmAccount *account;
  gchar *ca_file;
  gchar *proxy;
  gchar *header;          /* "authorization: Bearer TOKEN", or NULL */
  gint64 expires;         /* monotonic microseconds */
  PushTransfer *fetching; /* the fetch under way, or NULL */
  gboolean refused;       /* no token within the minute */
  gchar *problem;         /* why the last fetch brought none, or NULL */
  GQueue waiting;         /* of PushAttempt */
  Deadline *timer;        /* of the next fetch */
  gboolean stopped;
};

static void fetch (FcmAccess *access);

/**
 * fcm_access_unref:
 * @access: (transfer full): the access
 */
void
fcm_access_unref (FcmAccess *access)
{
  if (--access->refs > 0)
    return;
  deadline_clear (&access->timer);
  g_object_unref (access->http);
  fcm_account_free (access->account);
  g_free (access->ca_file);
  g_free (access->proxy);
  g_free (access->header);
  g_free (access->problem);
  g_free (access);
}

static void
on_timer (gpointer user_data)
{
  FcmAccess *access = user_data;

  access->timer = NULL;
  fetch (access);
}

static void
fetch_in (FcmAccess *access, gint64 milliseconds)
{
  deadline_clear (&access->timer);
  access->timer = deadline_new ((guint) milliseconds, on_timer, access);
}

/* Bad characters would end in a header. */
static gboolean
is_token (const gchar *text)
{
  if (!text || !*text || strlen (text) > MAX_TOKEN)
    return FALSE;
  for (; *text; text++)
    if (!g_ascii_isgraph (*text))
      return FALSE;
  return TRUE;
}

static gboolean
take_token (FcmAccess *access, const gchar *body)
{
  g_autoptr (JsonNode) root = json_from_string (body, NULL);
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const gchar *token =
      object ? json_object_get_string_member_with_default (object, "access_token", NULL) : NULL;
  gint64 life = object ? json_object_get_int_member_with_default (object, "expires_in", 0) : 0;

  if (!is_token (token))
    return FALSE;
  life = CLAMP (life, MIN_LIFE, MAX_LIFE);
  g_free (access->header);
  access->header = g_strconcat ("authorization: Bearer ", token, NULL);
  access->expires = clock_now () + life * CLOCK_SECOND;
  fetch_in (access, MAX (life - EARLY, life / 2) * 1000);
  return TRUE;
}

static void
refuse (FcmAccess *access, const PushHttpAnswer *answer)
{
  g_autoptr (PushResult) result = push_result_new (PUSH_CREDENTIALS, answer->status, NULL);

  result->date = g_strdup (answer->date);
  push_result_quote (result, answer->body);
  log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_PUSH_CREDENTIALS, "PROVIDER", "fcm"),
             "no access token for the project %s: %s", fcm_account_project (access->account),
             result->reason);
  access->refused = TRUE;
  access->problem = g_strdup (result->reason);
  fetch_in (access, REFUSED_MS);
  push_attempt_end_all (&access->waiting, result);
}

static void
wait_for_better (FcmAccess *access, const PushHttpAnswer *answer)
{
  access->problem = answer->outcome == PUSH_HTTP_ANSWERED
                        ? g_strdup_printf ("the service said %u", answer->status)
                        : g_strdup (answer->reason);
  fetch_in (access, g_queue_is_empty (&access->waiting) ? REFUSED_MS : RETRY_MS);
}

static void
on_answer (PushHttpAnswer *given, gpointer user_data)
{
  FcmAccess *access = user_data;
  g_autoptr (PushHttpAnswer) answer = given;
  gboolean answered = answer->outcome == PUSH_HTTP_ANSWERED;

  access->fetching = NULL;
  if (!access->stopped) {
    access->refused = FALSE;
    g_clear_pointer (&access->problem, g_free);
    if (answered && answer->status == 200 && take_token (access, answer->body))
      push_attempt_resume_all (&access->waiting);
    else if (answered && answer->status < 500 && answer->status != 429)
      refuse (access, answer);
    else
      wait_for_better (access, answer);
  }
  fcm_access_unref (access);
}

static void
fetch (FcmAccess *access)
{
  static const gchar *const headers[] = { "content-type: application/x-www-form-urlencoded", NULL };
  g_autoptr (GBytes) form = fcm_account_make_grant (access->account, NULL);
  PushHttpRequest request = {
    .url = fcm_account_token_uri (access->account),
    .headers = headers,
    .body = form,
    .ca_file = access->ca_file,
    .proxy = access->proxy,
    .deadline_ms = FETCH_MS,
    .any_address = TRUE,
  };

  access->refs++;
  access->fetching = push_http_send (access->http, &request, on_answer, access);
}

/**
 * fcm_access_get:
 * @access: the access
 * @queue: (out) (nullable): where to wait when there is no token
 *
 * Returns: (transfer none) (nullable): the authorization header
 */
const gchar *
fcm_access_get (FcmAccess *access, GQueue **queue)
{
  *queue = NULL;
  if (access->header && clock_now () < access->expires)
    return access->header;
  if (!access->fetching) {
    deadline_clear (&access->timer);
    fetch (access);
  }
  *queue = &access->waiting;
  return NULL;
}

/**
 * fcm_access_drop:
 * @access: the access
 * @refused: the header that Google did not take
 *
 * Of many pushes that were refused the first fetches a new token for all.
 */
void
fcm_access_drop (FcmAccess *access, const gchar *refused)
{
  if (g_strcmp0 (access->header, refused) == 0)
    g_clear_pointer (&access->header, g_free);
}

/**
 * fcm_access_problem:
 * @access: the access
 *
 * Returns: (transfer none) (nullable): why there is no token
 */
const gchar *
fcm_access_problem (FcmAccess *access)
{
  return access->header ? NULL : access->problem;
}

/**
 * fcm_access_is_refused:
 * @access: the access
 *
 * Returns: whether there is no token and will be none within the minute
 */
gboolean
fcm_access_is_refused (FcmAccess *access)
{
  return !access->header && access->refused;
}

/**
 * fcm_access_forgive:
 * @access: the access
 *
 * Lets the next push ask for a token, although the last fetch was refused.
 */
void
fcm_access_forgive (FcmAccess *access)
{
  access->refused = FALSE;
}

/**
 * fcm_access_stop:
 * @access: the access
 *
 * Ends the fetch and makes no further one.
 */
void
fcm_access_stop (FcmAccess *access)
{
  deadline_clear (&access->timer);
  access->stopped = TRUE;
  if (access->fetching)
    push_http_cancel (access->fetching);
}

/**
 * fcm_access_new:
 * @http: (transfer none): the client
 * @account: (transfer full): the service account
 * @ca_file: (nullable): a further trust anchor
 * @proxy: (nullable): through which to ask
 *
 * Returns: (transfer full): the access; its first token is on its way
 */
FcmAccess *
fcm_access_new (PushHttp *http, FcmAccount *account, const gchar *ca_file, const gchar *proxy)
{
  FcmAccess *access = g_new0 (FcmAccess, 1);

  access->refs = 1;
  access->http = g_object_ref (http);
  access->account = account;
  access->ca_file = g_strdup (ca_file);
  access->proxy = g_strdup (proxy);
  fetch (access);
  return access;
}
