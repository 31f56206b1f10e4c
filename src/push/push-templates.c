/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-templates: the payload templates that come with us, for applications that are known.
 *
 * Linphone's applications look for these keys; they show the caller before the INVITE is there.
 */
#include "push/push-templates.h"

#define LINPHONE_APNS                                                                              \
  "{\"aps\":{\"sound\":\"\",\"loc-key\":\"IC_MSG\",\"loc-args\":[\"${caller-number}\"],"           \
  "\"call-id\":\"${call-id}\",\"uuid\":\"${uuid}\",\"send-time\":\"${time}\"},"                    \
  "\"from-uri\":\"${caller-uri}\",\"display-name\":\"${caller-name}\",\"call-id\":\"${call-id}\"," \
  "\"pn_ttl\":\"${ttl}\",\"customPayload\":{}}"
#define LINPHONE_FCM                                                                               \
  "{\"uuid\":\"${uuid}\",\"from-uri\":\"${caller-uri}\",\"display-name\":\"${caller-name}\","      \
  "\"call-id\":\"${call-id}\",\"sip-from\":\"${caller-uri}\",\"loc-key\":\"IC_MSG\","              \
  "\"loc-args\":\"${caller-number}\",\"send-time\":\"${time}\",\"custom-payload\":\"{}\"}"

/**
 * push_template_linphone:
 * @service: the service
 *
 * Returns: (transfer none): the template for Linphone's applications
 */
const gchar *
push_template_linphone (PushTemplate service)
{
  switch (service) {
  case PUSH_TEMPLATE_APNS:
    return LINPHONE_APNS;
  case PUSH_TEMPLATE_FCM:
    return LINPHONE_FCM;
  }
  g_return_val_if_reached (NULL);
}
