/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-service.h"
#include "registrar/binding.h"

typedef struct {
  const gchar *uri;    /* nullable */
  const gchar *number; /* nullable */
  const gchar *name;   /* the display-name as it stands in From, nullable */
} PushCaller;

PushRequest *push_target_request (const Binding *binding, PushKind kind);
void push_target_set_call (PushRequest *request,
                           const gchar *call_id,
                           const PushCaller *caller,
                           guint seconds);
gboolean push_target_is_supported (PushService *service, const PnParams *push);
