/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-service.h"
#include "registrar/binding.h"

typedef struct _Wakeup Wakeup;
typedef void (*WakeupFunc) (Wakeup *wakeup, gboolean accepted, const gchar *reason,
                            gpointer user_data);

Wakeup *wakeup_start (PushService *service, const Binding *binding, PushKind kind,
                      const gchar *call_id, guint seconds, WakeupFunc func, gpointer user_data);
void wakeup_free (Wakeup *wakeup);

gboolean wakeup_is_accepted (const Wakeup *wakeup);

PushRequest *
wakeup_push (const Binding *binding, PushKind kind, const gchar *call_id, guint seconds);
