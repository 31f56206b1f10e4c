/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store-db.h"

/* clang-format off */
/*
 * The columns, each with its place in the struct. contact is the phone's Contact as it came;
 * flow_address is ip:port; q is in thousandths, -1 when none was given; times are seconds since the
 * epoch; other_flows are those beside the newest, in the registrar's words. Text may be NULL except
 * token, pbx, aor and contact.
 */
#define BINDING_ROW_TEXTS(X) X (token) X (pbx) BINDING_ROW_MORE_TEXTS (X)

#define BINDING_ROW_MORE_TEXTS(X)                                                                  \
  X (aor) X (device) X (instance) X (contact) X (call_id) X (path) X (user_agent)                  \
  X (flow_transport) X (flow_listener) X (flow_address) X (provider) X (param) X (prid)            \
  X (voip_token) X (remote_token) X (voip_topic) X (remote_topic) X (enc_key) X (enc_auth)         \
  X (dialect) X (upstream_contact) X (upstream_call_id) X (upstream_route) X (other_flows)

#define BINDING_ROW_NUMBERS(X)                                                                     \
  X (reg_id) X (cseq) X (q) X (pn_flags) X (expires_wall) X (upstream_cseq)                        \
  X (upstream_expires_wall) X (last_wake_wall) X (wake_ok) X (wake_failed) X (created_wall)        \
  X (updated_wall)
/* clang-format on */

/* Strings are borrowed, except in what binding_row_copy() returns. */
typedef struct {
#define BINDING_ROW_TEXT(name) const gchar *name;
#define BINDING_ROW_NUMBER(name) gint64 name;
  BINDING_ROW_TEXTS (BINDING_ROW_TEXT)
  BINDING_ROW_NUMBERS (BINDING_ROW_NUMBER)
#undef BINDING_ROW_TEXT
#undef BINDING_ROW_NUMBER
} BindingRow;

typedef void (*BindingRowFunc) (const BindingRow *row, gpointer user_data);

BindingRow *binding_row_copy (const BindingRow *row);
void binding_row_free (BindingRow *row);

gboolean binding_row_put (StoreDb *db, const BindingRow *row, GError **error);
gboolean binding_row_remove (StoreDb *db, const gchar *token, GError **error);
gboolean binding_row_each (StoreDb *db, BindingRowFunc func, gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BindingRow, binding_row_free)
