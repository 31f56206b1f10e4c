/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/account-import.h"

GPtrArray *account_import_pjsip (const gchar *text, GError **error);
