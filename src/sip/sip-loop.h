/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sofia.h"

#include <glib.h>

typedef struct _SipLoop SipLoop;

SipLoop *sip_loop_new (GMainContext *context, GError **error);
void sip_loop_free (SipLoop *loop);

su_root_t *sip_loop_root (SipLoop *loop);
void sip_loop_kick (SipLoop *loop);
