/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/vapid.h"
#include "push/push-http.h"
#include "push/push-payload.h"
#include "push/push-provider.h"

typedef struct {
  const gchar *subject;              /* how to reach the administrator, nullable */
  const gchar *const *allow_origins; /* NULL-terminated; NULL means "*" */
  const gchar *ca_file;              /* a trust anchor beside the system's, nullable */
  const gchar *proxy;                /* with listed origins only, nullable */
  PushPayload *payload;              /* what it tells the application; NULL: the least */
} ProviderWebpushOptions;

#define PROVIDER_TYPE_WEBPUSH (provider_webpush_get_type ())
G_DECLARE_FINAL_TYPE (ProviderWebpush, provider_webpush, PROVIDER, WEBPUSH, PushProvider)

ProviderWebpush *provider_webpush_new (PushHttp *http,
                                       Vapid *vapid,
                                       const ProviderWebpushOptions *options,
                                       GError **error);
