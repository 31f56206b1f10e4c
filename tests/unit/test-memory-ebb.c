/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory-ebb.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

#define BLOCKS 100000
#define BLOCK 1024
#define MEGABYTES(n) ((gsize) (n) << 20)

/* As calls do: many small pieces, and the last one stays. */
static gchar *
peak (void)
{
  static gchar *blocks[BLOCKS];

  for (gsize i = 0; i < BLOCKS; i++)
    blocks[i] = memset (g_malloc (BLOCK), 1, BLOCK);
  for (gsize i = 0; i < BLOCKS - 1; i++)
    g_free (blocks[i]);
  return blocks[BLOCKS - 1];
}

static void
pass_a_minute (void)
{
  clock_test_advance (61 * CLOCK_SECOND);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_gives_back_what_is_spare (void)
{
  g_autoptr (MemoryEbb) ebb = memory_ebb_new ();
  g_autofree gchar *last = NULL;
  gsize before = memory_resident ();

  if (!memory_in_use ()) {
    g_test_skip ("a sanitizer allocates");
    return;
  }
  pass_a_minute ();
  last = peak ();
  pass_a_minute ();
  /* It may have been used a moment ago. */
  g_assert_cmpuint (memory_resident (), >, before + MEGABYTES (80));
  pass_a_minute ();
  g_assert_cmpuint (memory_resident (), <, before + MEGABYTES (20));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-ebb/gives-back-what-is-spare", test_gives_back_what_is_spare);
  return g_test_run ();
}
