/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _MemoryEbb MemoryEbb;

MemoryEbb *memory_ebb_new (void);
void memory_ebb_free (MemoryEbb *ebb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MemoryEbb, memory_ebb_free)
