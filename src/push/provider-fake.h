/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-provider.h"

#define PROVIDER_TYPE_FAKE (provider_fake_get_type ())
G_DECLARE_FINAL_TYPE (ProviderFake, provider_fake, PROVIDER, FAKE, PushProvider)

ProviderFake *provider_fake_new (const gchar *name);

void provider_fake_set_outcome (ProviderFake *fake, PushOutcome outcome, guint delay_ms);
void provider_fake_set_retry_after (ProviderFake *fake, guint seconds);
void provider_fake_set_silent (ProviderFake *fake);
void provider_fake_set_final (ProviderFake *fake);
void provider_fake_set_vapid_key (ProviderFake *fake, const gchar *key);

GPtrArray *provider_fake_requests (ProviderFake *fake);
