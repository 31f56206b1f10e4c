/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define PUSH_HTTP_MAX_BODY 8192

typedef struct {
  const gchar *url;            /* https only */
  const gchar *origin;         /* of @url, where push_url_parse() gave both; nullable */
  const gchar *const *headers; /* "Name: value", NULL-terminated; nullable */
  GBytes *body;                /* nullable: an empty POST */
  const gchar *ca_file;        /* a trust anchor beside the system's, nullable */
  const gchar *certificate;    /* PEM file of our own, nullable */
  const gchar *key_file;       /* and of its key, nullable: in the same file */
  const gchar *proxy;          /* http, socks4a or socks5h URL, nullable */
  guint deadline_ms;           /* from now until an answer is useless */
  gboolean any_address;        /* lifts the address gate: the URL is the administrator's */
  gboolean connect_only;       /* sends nothing: opens the connection where none stands */
  gboolean renew;              /* prefers a connection that was not there before */
} PushHttpRequest;

typedef enum {
  PUSH_HTTP_ANSWERED,
  PUSH_HTTP_CONNECTED, /* of connect_only */
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
  gchar *date;       /* the time by the server's clock as it tells it, nullable */
  gchar *body;       /* the answer's body, cut at PUSH_HTTP_MAX_BODY, NUL-terminated */
  gchar *reason;     /* why there is no answer, nullable */
} PushHttpAnswer;

/* A request under way. */
typedef struct _PushTransfer PushTransfer;

/* The answer is the callee's. */
typedef void (*PushHttpFunc) (PushHttpAnswer *answer, gpointer user_data);

PushHttpAnswer *push_http_answer_new (PushHttpOutcome outcome, const gchar *reason);
void push_http_answer_free (PushHttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushHttpAnswer, push_http_answer_free)
