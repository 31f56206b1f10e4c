/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory: the allocator behind malloc(): tcmalloc, or the C library's where that was left out.
 *
 * Called by who has just let go of much at once, by memory-ebb and by the metrics.
 */
#include "config.h"

#include "base/memory.h"

#include <stdio.h>
#include <unistd.h>

#ifdef HAVE_TCMALLOC
#include <gperftools/malloc_extension_c.h>
#else
#include <malloc.h>
#endif

/**
 * memory_in_use:
 *
 * Returns: what was allocated and not freed, in bytes; 0 under a sanitizer. All of it is looked
 * through, so this is not for each call.
 */
gsize
memory_in_use (void)
{
#ifdef HAVE_TCMALLOC
  size_t bytes = 0;

  MallocExtension_GetNumericProperty ("generic.current_allocated_bytes", &bytes);
  return bytes;
#else
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#endif
}

/**
 * memory_resident:
 *
 * Returns: what the process has from the system, in bytes; 0 where that cannot be read
 */
gsize
memory_resident (void)
{
  g_autofree gchar *text = NULL;
  gsize pages = 0;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) ||
      sscanf (text, "%*s %" G_GSIZE_FORMAT, &pages) != 1)
    return 0;
  return pages * (gsize) sysconf (_SC_PAGESIZE);
}

/**
 * memory_give_back:
 *
 * Gives what is free back to the system, at once.
 */
void
memory_give_back (void)
{
#ifdef HAVE_TCMALLOC
  MallocExtension_MarkThreadIdle (); /* else what this thread has set aside holds many pages */
  MallocExtension_ReleaseFreeMemory ();
#else
  malloc_trim (0);
#endif
}
