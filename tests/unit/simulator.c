/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulator: the push service simulator as a child of a unit test.
 */
#include "simulator.h"

#include <signal.h>
#include <sys/prctl.h>

static gchar *
dup_member (JsonObject *object, const gchar *name)
{
  return g_strdup (json_object_get_string_member_with_default (object, name, NULL));
}

/* A test that fails aborts and stops nothing. */
static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/**
 * simulator_start:
 * @options: (nullable): its options, NULL-terminated
 *
 * Returns: (transfer full): a simulator that listens
 */
Simulator *
simulator_start (const gchar *const *options)
{
  g_autofree gchar *program = g_test_build_filename (G_TEST_BUILT, "..", "push-simulator", NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) listening = NULL;
  Simulator *simulator = g_new0 (Simulator, 1);

  g_ptr_array_add (argv, program);
  for (gsize i = 0; options && options[i]; i++)
    g_ptr_array_add (argv, (gpointer) options[i]);
  g_ptr_array_add (argv, NULL);

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  simulator->process =
      g_subprocess_launcher_spawnv (launcher, (const gchar *const *) argv->pdata, &error);
  g_assert_no_error (error);
  simulator->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (simulator->process));
  listening = simulator_next (simulator);
  simulator->url = dup_member (listening, "url");
  simulator->ca = dup_member (listening, "ca");
  simulator->p256dh = dup_member (listening, "p256dh");
  simulator->auth = dup_member (listening, "auth");
  simulator->apns_key = dup_member (listening, "apns_key");
  simulator->fcm_account = dup_member (listening, "fcm_account");
  g_assert_nonnull (simulator->url);
  return simulator;
}

/**
 * simulator_stop:
 * @simulator: (transfer full): a simulator
 *
 * Ends it and asserts that it ended well.
 */
void
simulator_stop (Simulator *simulator)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_send_signal (simulator->process, SIGTERM);
  g_subprocess_wait_check (simulator->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (simulator->lines);
  g_object_unref (simulator->process);
  g_free (simulator->url);
  g_free (simulator->ca);
  g_free (simulator->p256dh);
  g_free (simulator->auth);
  g_free (simulator->apns_key);
  g_free (simulator->fcm_account);
  g_free (simulator);
}

/**
 * simulator_next:
 * @simulator: a simulator
 *
 * Waits for its next line.
 *
 * Returns: (transfer full): what it tells
 */
JsonObject *
simulator_next (Simulator *simulator)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line =
      g_data_input_stream_read_line_utf8 (simulator->lines, NULL, NULL, &error);
  g_autoptr (JsonNode) node = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (line);
  node = json_from_string (line, &error);
  g_assert_no_error (error);
  return json_node_dup_object (node);
}

/**
 * simulator_url:
 * @simulator: a simulator
 * @path: a path
 *
 * Returns: (transfer full): the URL of @path there
 */
gchar *
simulator_url (Simulator *simulator, const gchar *path)
{
  return g_strconcat (simulator->url, path, NULL);
}
