/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/bus-interface.h"
#include "registrar/account-book.h"

typedef struct _BusAccounts BusAccounts;

BusAccounts *bus_accounts_new (AccountBook *book,
                               GPtrArray *pbxes,
                               GDBusConnection *connection,
                               Authority *authority,
                               GError **error);
void bus_accounts_free (BusAccounts *accounts);

GVariant *bus_accounts_list (BusAccounts *accounts, guint offset, guint limit, const gchar *filter);
const gchar *bus_account_state (const Account *account);
void bus_accounts_add (BusAccounts *accounts, GDBusMethodInvocation *invocation);
void bus_accounts_import (BusAccounts *accounts, GDBusMethodInvocation *invocation);
