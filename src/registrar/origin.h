/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-request.h"

gboolean origin_is_behind_proxy (SipRequest *request, const gchar *const *proxies);
gchar *origin_address (SipRequest *request, const gchar *const *proxies);
gchar *origin_offender (SipRequest *request, const gchar *const *proxies);
