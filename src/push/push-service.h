/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-limits.h"
#include "push/push-provider.h"

#define PUSH_TYPE_SERVICE (push_service_get_type ())
G_DECLARE_FINAL_TYPE (PushService, push_service, PUSH, SERVICE, GObject)

PushService *push_service_new (void);
void push_service_add (PushService *service, PushProvider *provider);
void push_service_add_limited (PushService *service,
                               const gchar *name,
                               PushProvider *provider,
                               PushLimits *limits);
void push_service_take_over (PushService *service, PushService *newer);

typedef void (*PushServiceFunc) (const gchar *name, PushProvider *provider, gpointer user_data);

void push_service_each (PushService *service, PushServiceFunc func, gpointer user_data);
gboolean push_service_supports (PushService *service, const gchar *provider, const gchar *param);
gchar *push_service_vapid (PushService *service, const gchar *provider);
GStrv push_service_names (PushService *service);

void push_service_send_async (PushService *service,
                              const PushRequest *request,
                              guint deadline_ms,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
PushResult *push_service_send_finish (PushService *service, GAsyncResult *result, GError **error);

void
push_service_stop_async (PushService *service, GAsyncReadyCallback callback, gpointer user_data);
gboolean push_service_stop_finish (PushService *service, GAsyncResult *result, GError **error);
