/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay: feeds a fuzz target its corpus, for compilers without libFuzzer. Prints TAP.
 *
 * The target's name is the program's ("fuzz-contact" reads corpus/contact), or files and folders
 * are given.
 */
#include "fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

static guint n_tests;

static gboolean
replay_file (const gchar *path)
{
  g_autofree gchar *data = NULL;
  gsize size;
  gboolean read = g_file_get_contents (path, &data, &size, NULL);
  g_autofree gchar *name = g_path_get_basename (path);
  g_autofree guint8 *exact = read ? g_memdup2 (data, size) : NULL;

  if (read)
    LLVMFuzzerTestOneInput (exact, size);
  g_print ("%s %u - %s\n", read ? "ok" : "not ok", ++n_tests, name);
  return read;
}

static gboolean
replay (const gchar *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  gboolean ok = TRUE;
  const gchar *name;

  if (!folder)
    return replay_file (path);
  while ((name = g_dir_read_name (folder))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);

    ok &= replay_file (file);
  }
  return ok;
}

int
main (int argc, char **argv)
{
  gboolean ok = TRUE;

  for (int i = 1; i < argc; i++)
    ok &= replay (argv[i]);
  if (argc == 1) {
    const gchar *tests = g_getenv ("G_TEST_SRCDIR");
    const gchar *target = strrchr (argv[0], '/');
    g_autofree gchar *corpus = NULL;

    target = target ? target + 1 : argv[0];
    if (!tests || !g_str_has_prefix (target, "fuzz-")) {
      g_print ("Bail out! no G_TEST_SRCDIR, or not called fuzz-NAME\n");
      return 1;
    }
    corpus = g_build_filename (tests, "fuzz", "corpus", target + strlen ("fuzz-"), NULL);
    ok = replay (corpus);
  }
  g_print ("1..%u\n", n_tests);
  return ok && n_tests > 0 ? 0 : 1;
}
