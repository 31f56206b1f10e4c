/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sofia.h"

#include <glib.h>

/* A message seen with another session description than its own. */
typedef struct {
  sip_t sip;
  sip_payload_t payload;
  gchar *parts; /* nullable: a body of several parts */
} SipBodyView;

const gchar *sip_body_sdp (const sip_t *sip, gsize *size);
const sip_t *
sip_body_view_init (SipBodyView *view, const sip_t *sip, const gchar *sdp, gsize size);
void sip_body_view_clear (SipBodyView *view);
