/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/digest.h"
#include "registrar/pbx.h"
#include "sip/sip-digest.h"

typedef struct _Account {
  gint refs;
  Pbx *pbx;
  gchar *aor;
  gchar *username;
  gchar *realm;     /* nullable: the PBX has not told it yet */
  DigestAlgorithm algorithm;
  gchar *ha1;       /* nullable while there is only a password */
  gchar *password;  /* nullable once there is an HA1 */
  gchar *trouble;   /* nullable: why the PBX does not take it */
} Account;

Account *account_new (Pbx *pbx, const gchar *aor, const gchar *username);
Account *account_ref (Account *account);
void account_unref (Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_unref)

gboolean account_has_secret (const Account *account);
gboolean account_is_ready (const Account *account);
gboolean account_learn (Account *account, const sip_t *response);
void account_replace (Account *account, const Account *newer);
void account_forget (Account *account);
