/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

GByteArray *
edge_received_fix (const guint8 *message, gsize size, const gchar *address, guint16 port);
