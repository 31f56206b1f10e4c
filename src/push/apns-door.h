/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _ApnsDoor ApnsDoor;

ApnsDoor *apns_door_new (void);
void apns_door_free (ApnsDoor *door);

GQueue *apns_door_enter (ApnsDoor *door, gboolean *alone);
void apns_door_leave (ApnsDoor *door, gboolean alone, gboolean accepted);
void apns_door_close (ApnsDoor *door);
