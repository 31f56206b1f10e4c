/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ng-peer.h"

typedef struct _Rtpengine Rtpengine;

typedef struct {
  const gchar *label; /* the same in every run, another for every daemon at the same rtpengine */
  NgPeerOptions peer;
} RtpengineOptions;

typedef void (*RtpengineFunc) (const gchar *address, gboolean up, gpointer user_data);

Rtpengine *rtpengine_new (const RtpengineOptions *options);
void rtpengine_free (Rtpengine *rtpengine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rtpengine, rtpengine_free)

gboolean
rtpengine_set_instances (Rtpengine *rtpengine, const gchar *const *addresses, GError **error);

void rtpengine_each (const Rtpengine *rtpengine, RtpengineFunc func, gpointer user_data);
gchar *rtpengine_create_call_id (Rtpengine *rtpengine);
NgPeer *rtpengine_take (Rtpengine *rtpengine, const NgPeer *after);
void rtpengine_give_back (Rtpengine *rtpengine, NgPeer *peer, const gchar *call_id);
