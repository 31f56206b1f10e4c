/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-log.h"
#include "call/call.h"
#include "registrar/registrar.h"

typedef struct _Router Router;

Router *router_new (GPtrArray *pbxes, Location *location, Registrar *registrar, PushBucket *bucket,
                    const CallOptions *options);
void router_free (Router *router);
void router_set_options (Router *router, const CallOptions *options);
void router_set_media (Router *router, const Pbx *pbx, CallMedia *media);

void router_take (Router *router, SipRequest *request);
guint router_n_calls (Router *router);
CallLog *router_log (Router *router);
Call *router_find_call (Router *router, const gchar *id);
void router_hang_up_all (Router *router);

void router_drain (Router *router);
gboolean router_is_draining (const Router *router);
