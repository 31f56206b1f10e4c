/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/apns-token.h"
#include "push/push-http.h"
#include "push/push-payload.h"
#include "push/push-provider.h"

typedef struct {
  const gchar *team_id;       /* phones that name another are not ours; nullable */
  const gchar *const *topics; /* NULL-terminated */
  const gchar *endpoint;      /* production, sandbox or https://host:port */
  const gchar *certificate;   /* PEM file, instead of a token; nullable */
  const gchar *key_file;      /* the certificate's key; nullable: in the same file */
  const gchar *ca_file;       /* nullable */
  const gchar *proxy;         /* nullable */
  PushPayload *payload;       /* what it tells the application; NULL: the least */
} ProviderApnsOptions;

#define PROVIDER_TYPE_APNS (provider_apns_get_type ())
G_DECLARE_FINAL_TYPE (ProviderApns, provider_apns, PROVIDER, APNS, PushProvider)

ProviderApns *
provider_apns_new (PushHttp *http, ApnsToken *token, const ProviderApnsOptions *options);
