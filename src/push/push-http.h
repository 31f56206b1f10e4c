/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-answer.h"

#include <gio/gio.h>

#define PUSH_HTTP_MAX_IN_FLIGHT 10000

#define PUSH_TYPE_HTTP (push_http_get_type ())
G_DECLARE_FINAL_TYPE (PushHttp, push_http, PUSH, HTTP, GObject)

PushHttp *push_http_new (guint max_in_flight);

PushTransfer *push_http_send (PushHttp *http,
                              const PushHttpRequest *request,
                              PushHttpFunc func,
                              gpointer user_data);
void push_http_cancel (PushTransfer *transfer);

gint64 push_http_date (const gchar *date);
