/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-provider: the abstract push service.
 *
 * Called by push-service. The leaves are provider-webpush and provider-fake; what a leaf must do
 * stands at PushProviderClass.
 */
#include "push/push-provider.h"

G_DEFINE_ABSTRACT_TYPE (PushProvider, push_provider, G_TYPE_OBJECT)

/**
 * push_provider_name:
 * @provider: a provider
 *
 * Returns: (transfer none): the pn-provider value under which phones are told of it
 *   (RFC 8599 section 5.4)
 */
const gchar *
push_provider_name (PushProvider *provider)
{
  return PUSH_PROVIDER_GET_CLASS (provider)->name (provider);
}

/**
 * push_provider_supports:
 * @provider: a provider
 * @pn_provider: what the phone named
 * @pn_param: (nullable): its parameter
 *
 * Returns: whether @provider pushes for it
 */
gboolean
push_provider_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param)
{
  return PUSH_PROVIDER_GET_CLASS (provider)->supports (provider, pn_provider, pn_param);
}

/**
 * push_provider_vapid_key:
 * @provider: a provider
 *
 * Returns: (transfer none) (nullable): the public key for +sip.vapid in base64url, 87 characters
 */
const gchar *
push_provider_vapid_key (PushProvider *provider)
{
  PushProviderClass *class = PUSH_PROVIDER_GET_CLASS (provider);

  return class->vapid_key ? class->vapid_key (provider) : NULL;
}

/**
 * push_provider_prove:
 * @provider: a provider
 * @end: (out): when what it proves itself by ends, wall seconds, or 0
 * @error: why it cannot
 *
 * Returns: (transfer full) (nullable): by what the service knows us
 */
gchar *
push_provider_prove (PushProvider *provider, gint64 *end, GError **error)
{
  PushProviderClass *class = PUSH_PROVIDER_GET_CLASS (provider);

  *end = 0;
  return class->prove ? class->prove (provider, end, error) : g_strdup ("none is needed");
}

/**
 * push_provider_question:
 * @provider: a provider
 *
 * Returns: (transfer full) (nullable): a push for no device, whose answer shows whether the service
 *   believes us; NULL where there is no service to ask
 */
PushRequest *
push_provider_question (PushProvider *provider)
{
  PushProviderClass *class = PUSH_PROVIDER_GET_CLASS (provider);

  return class->question ? class->question (provider) : NULL;
}

/**
 * push_provider_send:
 * @provider: a provider
 * @request: what to push
 * @deadline_ms: milliseconds until an answer is useless
 * @cancellable: (nullable): ends it at once
 * @func: told what came of it, once, within the deadline, perhaps before this returns
 * @user_data: for @func
 */
void
push_provider_send (PushProvider *provider,
                    const PushRequest *request,
                    guint deadline_ms,
                    GCancellable *cancellable,
                    PushProviderFunc func,
                    gpointer user_data)
{
  PUSH_PROVIDER_GET_CLASS (provider)->send (provider, request, deadline_ms, cancellable, func,
                                            user_data);
}

/**
 * push_provider_stop:
 * @provider: a provider
 *
 * Cancels what is in flight and refuses what comes later. May be called again.
 */
void
push_provider_stop (PushProvider *provider)
{
  PushProviderClass *class = PUSH_PROVIDER_GET_CLASS (provider);

  if (class->stop)
    class->stop (provider);
}

static void
push_provider_class_init (PushProviderClass *class)
{
}

static void
push_provider_init (PushProvider *provider)
{
}
