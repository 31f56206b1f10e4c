/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum { PN_NONE, PN_PUSH, PN_QUERY_ONE, PN_QUERY_ALL, PN_INCOMPLETE } PnKind;

typedef enum {
  PN_DIALECT_RFC8599,
  PN_DIALECT_DRAFT_2017,
  PN_DIALECT_DRAFT_OLD,
  PN_DIALECT_LINPHONE,
  PN_DIALECT_LINPHONE_LEGACY,
  PN_DIALECT_PORTSIP,
  PN_DIALECT_MIZU,
} PnDialect;

typedef struct {
  PnKind kind;
  PnDialect dialect;
  gchar *provider;
  gchar *param;
  gchar *prid;

  gchar *team;
  gchar *bundle;
  gchar *service;
  gchar *topic;
  gchar *voip_token;
  gchar *voip_topic;
  gchar *remote_token;
  gchar *remote_topic;

  gchar *enc_key;
  gchar *enc_auth;

  gboolean silent;
  gchar *problem;
} PnParams;

PnParams *pn_params_new (PnKind kind, PnDialect dialect);
PnParams *pn_params_copy (const PnParams *params);
void pn_params_free (PnParams *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PnParams, pn_params_free)

void pn_params_break (PnParams *params, const gchar *problem);
gboolean pn_params_only_rings (const PnParams *params);
gboolean pn_params_equal (const PnParams *a, const PnParams *b);
const gchar *pn_dialect_name (PnDialect dialect);
