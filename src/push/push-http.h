/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#define PUSH_HTTP_MAX_IN_FLIGHT 10000
#define PUSH_HTTP_MAX_BODY 8192

typedef struct {
  const gchar *url;            /* https only */
  const gchar *const *headers; /* "Name: value", NULL-terminated; nullable */
  GBytes *body;                /* nullable: an empty POST */
  const gchar *ca_file;        /* a trust anchor beside the system's, nullable */
  guint deadline_ms;           /* from now until an answer is useless */
  gboolean any_address;        /* lifts the address gate: the URL is the administrator's */
} PushHttpRequest;

typedef enum {
  PUSH_HTTP_ANSWERED,
  PUSH_HTTP_UNREACHABLE,
  PUSH_HTTP_FORBIDDEN,
  PUSH_HTTP_TIMED_OUT,
  PUSH_HTTP_QUEUE_FULL,
  PUSH_HTTP_CANCELLED,
} PushHttpOutcome;

typedef struct {
  PushHttpOutcome outcome;
  guint status;      /* when answered */
  guint retry_after; /* seconds, or 0 */
  gchar *body;       /* the answer's body, cut at PUSH_HTTP_MAX_BODY, NUL-terminated */
  gchar *reason;     /* why there is no answer, nullable */
} PushHttpAnswer;

#define PUSH_TYPE_HTTP (push_http_get_type ())
G_DECLARE_FINAL_TYPE (PushHttp, push_http, PUSH, HTTP, GObject)

PushHttp *push_http_new (guint max_in_flight);

void push_http_send_async (PushHttp *http,
                           const PushHttpRequest *request,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
PushHttpAnswer *push_http_send_finish (PushHttp *http, GAsyncResult *result, GError **error);

void push_http_answer_free (PushHttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushHttpAnswer, push_http_answer_free)
