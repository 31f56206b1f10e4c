/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-answer.h"

#include <curl/curl.h>
#include <gio/gio.h>

typedef struct {
  GTask *task;
  CURL *easy;
  gchar *url;
  gchar *origin;
  struct curl_slist *headers;
  GBytes *body; /* nullable */
  GString *answer;
  GSequenceIter *place; /* among the deadlines */
  gint64 begun;
  gint64 deadline;
  gint64 due; /* when to look after it: its deadline, or before, whether it was answered */
  gulong cancel_handler;
  gboolean any_address;
  gboolean connected;
  gboolean cancelled;
  gboolean retried;
  guint addresses_refused;
  guint addresses_tried;
  gchar trouble[CURL_ERROR_SIZE];
} PushTransfer;

typedef struct {
  const gchar *address; /* the other end's, numeric; libcurl's */
  long port;
  long local_port;
} PushPlace;

PushTransfer *push_transfer_new (
    GTask *task, const PushHttpRequest *request, const gchar *url, const gchar *origin, CURL *easy);
void push_transfer_free (PushTransfer *transfer);

void push_transfer_renew (PushTransfer *transfer);
gboolean push_transfer_place (PushTransfer *transfer, PushPlace *place);
gboolean push_place_is_of (int fd, gpointer place);
gboolean push_transfer_is_broken (PushTransfer *transfer, CURLcode code);
PushHttpAnswer *push_transfer_answer (PushTransfer *transfer, CURLcode code);
