/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/fcm-account.h"
#include "push/push-http.h"

typedef struct _FcmAccess FcmAccess;

FcmAccess *
fcm_access_new (PushHttp *http, FcmAccount *account, const gchar *ca_file, const gchar *proxy);
void fcm_access_unref (FcmAccess *access);
void fcm_access_stop (FcmAccess *access);

const gchar *fcm_access_get (FcmAccess *access, GQueue **queue);
void fcm_access_drop (FcmAccess *access, const gchar *refused);
const gchar *fcm_access_problem (FcmAccess *access);
gboolean fcm_access_is_refused (FcmAccess *access);
void fcm_access_forgive (FcmAccess *access);
