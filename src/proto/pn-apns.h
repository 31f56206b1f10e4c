/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/pn-value.h"

#include <glib.h>

void pn_apns_read (PnParams *params);
void pn_apns_read_app_id (PnParams *params, const gchar *app_id);
void pn_apns_read_pair (PnParams *params,
                        const gchar *bundle,
                        const gchar *voip_token,
                        const gchar *remote_token);
