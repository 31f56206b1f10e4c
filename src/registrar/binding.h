/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/pn-params.h"
#include "registrar/pbx.h"

/* What a phone did before its newest REGISTER, too. */
typedef struct {
  gint64 created_wall;   /* seconds since the epoch */
  gint64 last_wake_wall; /* seconds since the epoch, 0: never woken */
  guint wake_ok;
  guint wake_failed;
} BindingHistory;

/* What RFC 3327, RFC 5626 and proxies of ours add, for the phones that have them. */
typedef struct {
  gchar *path;       /* nullable: the proxies before the phone, as the Route of its requests */
  guint reg_id;      /* which of the phone's flows this is, 0: the only one */
  gchar *source;     /* nullable: the phone's address, where its flow leads to another */
  GPtrArray *others; /* nullable: Binding: its other flows, the newest first */
} BindingOutbound;

typedef struct _Binding {
  gint refs;
  Pbx *pbx;
  gchar *token;      /* the user part of our Contact at the PBX */
  gchar *shared;     /* nullable: the user part of the Contact that it shares with others there */
  gchar *aor;
  gchar *contact;    /* as the phone sent it, without expires */
  gchar *target_uri; /* nullable: see binding_target() */
  gchar *call_id;    /* of the phone's REGISTER, with its sequence number */
  guint32 cseq;
  GRefString *user_agent; /* nullable, interned: phones of one kind share it */
  PnParams *push;    /* nullable: no push */
  SipFlow *flow;     /* of the newest REGISTER */
  gint64 registered; /* monotonic microseconds: when that was */
  gint64 expires;    /* monotonic microseconds */
  const gchar *at_risk; /* nullable: why it may be lost while it sleeps */
  BindingHistory history;
  gboolean renewed; /* it took the place of an older one */
  GSequenceIter *expiry;
  BindingOutbound *outbound; /* nullable */
} Binding;

Binding *binding_new (Pbx *pbx, const gchar *token, const gchar *aor);
Binding *binding_ref (Binding *binding);
void binding_unref (Binding *binding);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Binding, binding_unref)

const gchar *binding_target (Binding *binding);
gboolean binding_has_push (const Binding *binding);
gchar *binding_called_as (const Binding *binding, const sip_to_t *to);
