/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wake/push-target.h"

#define WAKEUP_MAX_REPEAT 8

typedef struct _Wakeup Wakeup;

typedef enum {
  WAKEUP_ACCEPTED, /* a push service took the push */
  WAKEUP_REFUSED,  /* it did not, and no further push will follow */
  WAKEUP_DEAD,     /* likewise, and the token will never do again */
} WakeupEvent;

typedef void (*WakeupFunc) (Wakeup *wakeup, WakeupEvent event, const gchar *reason,
                            gpointer user_data);

typedef struct {
  PushService *service;
  PushKind kind;
  const guint *repeat; /* seconds after the first push; 0 ends the list */
  const gchar *call_id;
  const PushCaller *caller;
  guint seconds;
} WakeupOptions;

Wakeup *wakeup_start (Binding *binding, const WakeupOptions *options, WakeupFunc func,
                      gpointer user_data);
void wakeup_stop (Wakeup *wakeup);
void wakeup_give_up (Wakeup *wakeup);
void wakeup_free (Wakeup *wakeup);

gboolean wakeup_is_accepted (const Wakeup *wakeup);
const gchar *wakeup_prid (const Wakeup *wakeup);
