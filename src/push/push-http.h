/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-answer.h"

#include <gio/gio.h>

#define PUSH_HTTP_MAX_IN_FLIGHT 10000

#define PUSH_TYPE_HTTP (push_http_get_type ())
G_DECLARE_FINAL_TYPE (PushHttp, push_http, PUSH, HTTP, GObject)

PushHttp *push_http_new (guint max_in_flight);

void push_http_send_async (PushHttp *http,
                           const PushHttpRequest *request,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
PushHttpAnswer *push_http_send_finish (PushHttp *http, GAsyncResult *result, GError **error);

gint64 push_http_date (const gchar *date);
