/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _FcmAccount FcmAccount;

FcmAccount *fcm_account_load (const gchar *path, GError **error);
void fcm_account_free (FcmAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcmAccount, fcm_account_free)

const gchar *fcm_account_project (const FcmAccount *account);
const gchar *fcm_account_token_uri (const FcmAccount *account);
GBytes *fcm_account_make_grant (const FcmAccount *account, GError **error);
