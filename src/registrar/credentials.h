/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/account.h"

typedef struct _Credentials Credentials;

Credentials *credentials_new (Account *account);
Credentials *credentials_ref (Credentials *credentials);
void credentials_unref (Credentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Credentials, credentials_unref)

gchar *credentials_answer (Credentials *credentials, const sip_t *response, const gchar *method,
                           const gchar *uri, const gchar *body, gsize body_size);
