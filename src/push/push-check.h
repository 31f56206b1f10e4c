/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-service.h"

typedef enum {
  PUSH_VERDICT_GOOD,
  PUSH_VERDICT_BAD,
  PUSH_VERDICT_UNKNOWN,
} PushVerdict;

typedef struct {
  gchar *group;
  gchar *provider;
  const gchar *subject; /* key, certificate, service or clock */
  PushVerdict verdict;
  gchar *detail; /* for a person */
} PushFinding;

void push_finding_free (PushFinding *finding);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushFinding, push_finding_free)

void push_check_async (PushService *service,
                       guint deadline_ms,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
GPtrArray *push_check_finish (PushService *service, GAsyncResult *result, GError **error);

const gchar *push_verdict_to_string (PushVerdict verdict);
