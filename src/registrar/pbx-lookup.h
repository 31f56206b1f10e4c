/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-listener.h"

/* Where a name leads, in the order in which it is to be tried. */
typedef struct {
  GPtrArray *addresses; /* GInetSocketAddress */
  gboolean by_srv;
} PbxAnswer;

void pbx_lookup_async (const gchar *host,
                       guint port,
                       SipTransport transport,
                       gboolean needs_srv,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
PbxAnswer *pbx_lookup_finish (GAsyncResult *result, GError **error);
void pbx_answer_free (PbxAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PbxAnswer, pbx_answer_free)
