/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What sip-dialog and sip-way share, in terms of sip-dialog.h. */
struct _SipDialog {
  nta_leg_t *leg;      /* NULL: the stack does not know of it yet */
  SipRequest *opening; /* nullable: what the peer opens it with */
  gchar *tag;          /* ours, until there is a leg */
  SipFlow *flow;
  SipListener *listener;
  SipListener *named; /* whose URI our Contact is */
  gchar *contact_user;
  gboolean is_sips; /* our Contact */
  gchar *call_id;   /* NULL: that of @opening */
  SipDialog *peer; /* nullable: the other leg of the same call */
  SipDialogFunc func;
  gpointer user_data;
  SipDialogWayFunc way;
  gpointer way_data;
  SipAcked acked;
  gchar *key; /* nullable: what it is found by when its peer is known */
  gint64 heard; /* when the peer was last heard on @flow, in monotonic microseconds */
};

nta_leg_t *sip_dialog_leg (SipDialog *dialog);
void sip_dialog_use_sips (SipDialog *dialog);
