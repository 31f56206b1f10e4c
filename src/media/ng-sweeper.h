/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ng-peer.h"

typedef struct _NgSweeper NgSweeper;

NgSweeper *ng_sweeper_new (NgPeer *peer, const gchar *label, const gchar *run);
void ng_sweeper_free (NgSweeper *sweeper);

void ng_sweeper_add (NgSweeper *sweeper, const gchar *call_id);
void ng_sweeper_resume (NgSweeper *sweeper);
void ng_sweeper_flush (NgSweeper *sweeper);
gboolean ng_sweeper_is_idle (const NgSweeper *sweeper);
