/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ng-message.h"

typedef struct _NgPeer NgPeer;

typedef enum {
  NG_REPLIED,
  NG_TIMED_OUT,   /* it may have done what was asked */
  NG_UNREACHABLE, /* nobody listens there */
  NG_FULL,        /* too many requests wait already; not sent */
  NG_CLOSED,      /* the peer was freed */
} NgOutcome;

typedef enum { NG_URGENT, NG_UNHURRIED } NgUrgency;

/* @reply: of NG_REPLIED, else NULL */
typedef void (*NgFunc) (NgOutcome outcome, const NgReply *reply, gpointer user_data);
typedef void (*NgPeerFunc) (NgPeer *peer, gpointer user_data);

typedef struct {
  guint deadline_ms; /* how long a request may go unanswered */
  guint probe_ms;    /* between two pings */
  guint max_in_flight;
} NgPeerOptions;

NgPeer *ng_peer_new (const gchar *address, const NgPeerOptions *options, NgPeerFunc returned,
                     gpointer user_data, GError **error);
void ng_peer_free (NgPeer *peer);

void ng_peer_send (NgPeer *peer, NgUrgency urgency, GString *request, NgFunc func,
                   gpointer user_data);

const gchar *ng_peer_address (const NgPeer *peer);
gboolean ng_peer_is_down (const NgPeer *peer);
const gchar *ng_outcome_text (NgOutcome outcome);
