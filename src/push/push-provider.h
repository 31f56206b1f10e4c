/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-request.h"
#include "push/push-result.h"

#include <gio/gio.h>

#define PUSH_TYPE_PROVIDER (push_provider_get_type ())
G_DECLARE_DERIVABLE_TYPE (PushProvider, push_provider, PUSH, PROVIDER, GObject)

/* The result is the callee's. */
typedef void (*PushProviderFunc) (PushResult *result, gpointer user_data);

/**
 * PushProviderClass:
 * @name: the pn-provider value under which phones are told of it
 * @supports: whether it pushes for this pn-provider and (nullable) pn-param; never blocks
 * @vapid_key: the key for +sip.vapid, or NULL; a leaf without VAPID leaves it NULL
 * @prove: (transfer full) (nullable): says by what the service knows us, after having tried that it
 *   can be used; NULL with an error when it cannot. @end is when it ends, wall seconds, or stays
 * @question: (transfer full) (nullable): a push for no device, whose answer shows whether the service
 *   believes us; a leaf without a service of its own leaves it NULL
 * @send: sends @request, which lives only during the call. @func is called once, within
 *   @deadline_ms, perhaps before the call returns; retries are the leaf's business
 * @stop: no more pushes: those in flight end soon as PUSH_CANCELLED, further ones at once
 *
 * What a push service's leaf fills in. name, supports and send are mandatory; one that proves
 * nothing leaves prove NULL.
 */
struct _PushProviderClass {
  GObjectClass parent_class;

  const gchar *(*name) (PushProvider *provider);
  gboolean (*supports) (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param);
  const gchar *(*vapid_key) (PushProvider *provider);
  gchar *(*prove) (PushProvider *provider, gint64 *end, GError **error);
  PushRequest *(*question) (PushProvider *provider);
  void (*send) (PushProvider *provider,
                const PushRequest *request,
                guint deadline_ms,
                GCancellable *cancellable,
                PushProviderFunc func,
                gpointer user_data);
  void (*stop) (PushProvider *provider);
};

const gchar *push_provider_name (PushProvider *provider);
gboolean
push_provider_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param);
const gchar *push_provider_vapid_key (PushProvider *provider);
gchar *push_provider_prove (PushProvider *provider, gint64 *end, GError **error);
PushRequest *push_provider_question (PushProvider *provider);

void push_provider_send (PushProvider *provider,
                         const PushRequest *request,
                         guint deadline_ms,
                         GCancellable *cancellable,
                         PushProviderFunc func,
                         gpointer user_data);
void push_provider_stop (PushProvider *provider);
