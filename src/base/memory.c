/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory: the allocator behind malloc(): tcmalloc, or the C library's where that was left out.
 *
 * Called by who has just let go of much at once.
 */
#include "config.h"

#include "base/memory.h"

#ifdef HAVE_TCMALLOC
#include <gperftools/malloc_extension_c.h>
#else
#include <malloc.h>
#endif

/**
 * memory_give_back:
 *
 * Gives what is free back to the system, at once.
 */
void
memory_give_back (void)
{
#ifdef HAVE_TCMALLOC
  MallocExtension_ReleaseFreeMemory ();
#else
  malloc_trim (0);
#endif
}
