/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum { PUSH_TEMPLATE_APNS, PUSH_TEMPLATE_FCM } PushTemplate;

const gchar *push_template_linphone (PushTemplate service);
