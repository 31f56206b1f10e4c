/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-service.h"
#include "registrar/keeper.h"

typedef struct _Refresh Refresh;

Refresh *refresh_new (Location *location, Keeper *keeper, PushService *service);
void refresh_free (Refresh *refresh);
void refresh_resume (Refresh *refresh);
void refresh_pbx_lost (Refresh *refresh, const Pbx *pbx);
