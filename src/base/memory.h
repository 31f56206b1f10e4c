/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gsize memory_in_use (void);
gsize memory_resident (void);
void memory_give_back (void);
