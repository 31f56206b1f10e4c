/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/media-session.h"
#include "sip/sip-body.h"

typedef struct _Passage Passage;

/* @status: 0, or the status with which to refuse; then @problem says why and @sip is as it came */
typedef void (*PassageFunc) (const sip_t *sip, guint status, const gchar *problem,
                             gpointer user_data);

void passage_start (Passage **place, MediaSession *session, MediaParty from, MediaKind kind,
                    msg_t *msg, PassageFunc func, gpointer user_data);
void passage_cancel (Passage **place);
