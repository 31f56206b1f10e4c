/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>

gboolean push_gate_allows (const struct sockaddr *address);
