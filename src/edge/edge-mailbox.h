/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _EdgeMailbox EdgeMailbox;

EdgeMailbox *edge_mailbox_new (GDestroyNotify destroy, GError **error);
void edge_mailbox_free (EdgeMailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeMailbox, edge_mailbox_free)

int edge_mailbox_get_fd (const EdgeMailbox *mailbox);
void edge_mailbox_post (EdgeMailbox *mailbox, gpointer letter);
gpointer edge_mailbox_take (EdgeMailbox *mailbox);
