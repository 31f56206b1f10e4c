/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-answer.h"

#include <curl/curl.h>
#include <gio/gio.h>

struct _PushTransfer {
  GObject *http; /* the PushHttp that carries it */
  PushHttpFunc func;
  gpointer user_data;
  PushHttpAnswer *early; /* the answer that comes without libcurl, nullable */
  CURL *easy;            /* NULL: libcurl never heard of it */
  gchar *url;
  gchar *origin;
  struct curl_slist *headers;
  GBytes *body; /* nullable */
  GString *answer;
  GSequenceIter *place; /* among the deadlines */
  gint64 begun;
  gint64 deadline;
  gint64 due; /* when to look after it: its deadline, or before, whether it was answered */
  gboolean any_address;
  gboolean connected;
  gboolean retried;
  guint addresses_refused;
  guint addresses_tried;
  gchar trouble[CURL_ERROR_SIZE];
};

typedef struct {
  const gchar *address; /* the other end's, numeric; libcurl's */
  long port;
  long local_port;
} PushPlace;

CURL *push_transfer_make_easy (void);

PushTransfer *push_transfer_new (PushHttpFunc func, gpointer user_data);
void push_transfer_free (PushTransfer *transfer);
void push_transfer_set_up (PushTransfer *transfer, const PushHttpRequest *request, CURL *easy);

void push_transfer_renew (PushTransfer *transfer);
gboolean push_transfer_place (PushTransfer *transfer, PushPlace *place);
gboolean push_place_is_of (int fd, gpointer place);
gboolean push_transfer_is_broken (PushTransfer *transfer, CURLcode code);
PushHttpAnswer *push_transfer_answer (PushTransfer *transfer, CURLcode code);
