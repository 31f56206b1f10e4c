/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings.h"
#include "registrar/location.h"
#include "sip/sip-stack.h"

typedef struct _EdgeSetup EdgeSetup;

EdgeSetup *edge_setup_new (Settings *settings, GError **error);
void edge_setup_free (EdgeSetup *setup);

const SipEdge *edge_setup_sip (EdgeSetup *setup, const ListenSettings *listen);
gboolean edge_setup_open (EdgeSetup *setup, SipStack *stack, Location *location, GError **error);
guint edge_setup_registered_timeout (const EdgeSetup *setup);
void edge_setup_renew (EdgeSetup *setup);
void edge_setup_stop_async (EdgeSetup *setup, GAsyncReadyCallback callback, gpointer user_data);
