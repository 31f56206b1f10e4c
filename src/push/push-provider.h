/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-request.h"
#include "push/push-result.h"

#include <gio/gio.h>

#define PUSH_TYPE_PROVIDER (push_provider_get_type ())
G_DECLARE_DERIVABLE_TYPE (PushProvider, push_provider, PUSH, PROVIDER, GObject)

/**
 * PushProviderClass:
 * @name: the pn-provider value under which phones are told of it
 * @supports: whether it pushes for this pn-provider and (nullable) pn-param; never blocks
 * @vapid_key: the key for +sip.vapid, or NULL; a leaf without VAPID leaves it NULL
 * @prove: (transfer full) (nullable): says by what the service knows us, after having tried that it
 *   can be used; NULL with an error when it cannot. @end is when it ends, wall seconds, or stays
 * @question: (transfer full) (nullable): a push for no device, whose answer shows whether the service
 *   believes us; a leaf without a service of its own leaves it NULL
 * @send_async: sends @request, which lives only during the call. The callback comes once, never
 *   before the call returned, and within @deadline_ms; retries are the leaf's business
 * @send_finish: (transfer full): the result; GError only for what is no answer at all
 * @stop: no more pushes: those in flight end soon as PUSH_CANCELLED, further ones at once
 *
 * What a push service's leaf fills in. name, supports, send_async and send_finish are mandatory; one
 * that proves nothing leaves prove NULL.
 */
struct _PushProviderClass {
  GObjectClass parent_class;

  const gchar *(*name) (PushProvider *provider);
  gboolean (*supports) (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param);
  const gchar *(*vapid_key) (PushProvider *provider);
  gchar *(*prove) (PushProvider *provider, gint64 *end, GError **error);
  PushRequest *(*question) (PushProvider *provider);
  void (*send_async) (PushProvider *provider,
                      const PushRequest *request,
                      guint deadline_ms,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  PushResult *(*send_finish) (PushProvider *provider, GAsyncResult *result, GError **error);
  void (*stop) (PushProvider *provider);
};

const gchar *push_provider_name (PushProvider *provider);
gboolean
push_provider_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param);
const gchar *push_provider_vapid_key (PushProvider *provider);
gchar *push_provider_prove (PushProvider *provider, gint64 *end, GError **error);
PushRequest *push_provider_question (PushProvider *provider);

void push_provider_send_async (PushProvider *provider,
                               const PushRequest *request,
                               guint deadline_ms,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
PushResult *
push_provider_send_finish (PushProvider *provider, GAsyncResult *result, GError **error);
void push_provider_stop (PushProvider *provider);
