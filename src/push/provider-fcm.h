/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/fcm-account.h"
#include "push/push-http.h"
#include "push/push-payload.h"
#include "push/push-provider.h"

typedef struct {
  const gchar *endpoint;        /* https://host:port; NULL: Google's */
  const gchar *const *projects; /* the pn-param values served, NULL-terminated; NULL: all */
  const gchar *ca_file;         /* nullable */
  const gchar *proxy;           /* nullable */
  PushPayload *payload;         /* what it tells the application; NULL: the least */
} ProviderFcmOptions;

#define PROVIDER_TYPE_FCM (provider_fcm_get_type ())
G_DECLARE_FINAL_TYPE (ProviderFcm, provider_fcm, PROVIDER, FCM, PushProvider)

ProviderFcm *
provider_fcm_new (PushHttp *http, FcmAccount *account, const ProviderFcmOptions *options);
