/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-payload.h"
#include "push/push-request.h"

typedef enum { APNS_VOIP, APNS_ALERT, APNS_BACKGROUND } ApnsType;

typedef struct {
  ApnsType type;
  const gchar *token;
  const gchar *topic;
} ApnsNotice;

gboolean apns_notice_choose (ApnsNotice *notice, const PushRequest *request, GError **error);
const gchar *apns_notice_type_name (ApnsType type);
guint apns_notice_priority (ApnsType type);
gsize apns_notice_limit (ApnsType type);
GBytes *apns_notice_payload (ApnsType type, const PushPayload *payload, const PushRequest *request);
gchar *apns_notice_topic_of_param (const gchar *param, gchar **team);
