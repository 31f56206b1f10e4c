/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-request.h"

#include <glib.h>

typedef struct _PushPayload PushPayload;
typedef struct _JsonObject JsonObject; /* json-glib's own, which only the providers include */

PushPayload *push_payload_new (const gchar *text, GError **error);
PushPayload *push_payload_load (const gchar *path, GError **error);
PushPayload *push_payload_ref (PushPayload *payload);
void push_payload_unref (PushPayload *payload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushPayload, push_payload_unref)

JsonObject *push_payload_fill (const PushPayload *payload, const PushRequest *request);
GBytes *push_payload_to_bytes (JsonObject *object);
