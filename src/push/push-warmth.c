/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-warmth: keeps a connection to a push service open, so that no call waits for one.
 *
 * The providers whose service has one address start it. TCP's own keepalive finds out when the
 * other end is gone; here the connection is made anew then.
 */
#include "push/push-warmth.h"

#include "base/clock.h"
#include "base/deadline.h"

#define INTERVAL_MS 10000
#define PATIENCE_MS 10000

struct _PushWarmth {
  gint refs; /* one is the owner's, one that of the request under way */
  PushHttp *http;
  gchar *url;
  gchar *ca_file;
  gchar *certificate;
  gchar *key_file;
  gchar *proxy;
  Deadline *timer;
  PushTransfer *asking; /* the request under way, or NULL */
  gboolean stopped;
};

static void look (PushWarmth *warmth);

static void
on_timer (gpointer user_data)
{
  PushWarmth *warmth = user_data;

  warmth->timer = NULL;
  look (warmth);
}

static void
on_connected (PushHttpAnswer *answer, gpointer user_data)
{
  PushWarmth *warmth = user_data;

  push_http_answer_free (answer);
  warmth->asking = NULL;
  if (!warmth->stopped)
    warmth->timer = deadline_new (INTERVAL_MS + clock_jitter (INTERVAL_MS / 10), on_timer, warmth);
  push_warmth_free (warmth);
}

static void
look (PushWarmth *warmth)
{
  PushHttpRequest request = {
    .url = warmth->url,
    .ca_file = warmth->ca_file,
    .certificate = warmth->certificate,
    .key_file = warmth->key_file,
    .proxy = warmth->proxy,
    .deadline_ms = PATIENCE_MS,
    .any_address = TRUE,
    .connect_only = TRUE,
  };

  warmth->refs++;
  warmth->asking = push_http_send (warmth->http, &request, on_connected, warmth);
}

/**
 * push_warmth_new:
 * @http: (transfer none): the client
 * @request: where to, and how pushes go there; copied
 *
 * Returns: (transfer full): the warmth, a connection on its way
 */
PushWarmth *
push_warmth_new (PushHttp *http, const PushHttpRequest *request)
{
  PushWarmth *warmth = g_new0 (PushWarmth, 1);

  warmth->refs = 1;
  warmth->http = g_object_ref (http);
  warmth->url = g_strdup (request->url);
  warmth->ca_file = g_strdup (request->ca_file);
  warmth->certificate = g_strdup (request->certificate);
  warmth->key_file = g_strdup (request->key_file);
  warmth->proxy = g_strdup (request->proxy);
  look (warmth);
  return warmth;
}

/**
 * push_warmth_stop:
 * @warmth: the warmth
 *
 * Connects no more.
 */
void
push_warmth_stop (PushWarmth *warmth)
{
  deadline_clear (&warmth->timer);
  warmth->stopped = TRUE;
  if (warmth->asking)
    push_http_cancel (warmth->asking);
}

/**
 * push_warmth_free:
 * @warmth: (transfer full): a warmth that was stopped
 */
void
push_warmth_free (PushWarmth *warmth)
{
  if (--warmth->refs > 0)
    return;
  g_object_unref (warmth->http);
  g_free (warmth->url);
  g_free (warmth->ca_file);
  g_free (warmth->certificate);
  g_free (warmth->key_file);
  g_free (warmth->proxy);
  g_free (warmth);
}
