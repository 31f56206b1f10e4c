/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What push-http makes of servers that fail, and that the next push succeeds. */
#include "test-certificate.h"

#include "base/counters.h"
#include "push/push-http.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define LONG 10000 /* ms; a test that needs it has failed */
#define N_PUSHES 6

typedef struct {
  gchar *directory;
  gchar *certificate;
  gchar *key;
  GSubprocess *server;
  gchar *port;
  PushHttp *http;
  GPtrArray *answers;
  guint left;
} Fixture;

static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static void
start_server (Fixture *fixture, const gchar *fault)
{
  g_autofree gchar *program = g_test_build_filename (G_TEST_DIST, "fault-server.py", NULL);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  fixture->server = g_subprocess_launcher_spawn (launcher, &error, "python3", program, fault,
                                                 fixture->certificate, fixture->key, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (fixture->server));
  fixture->port = g_data_input_stream_read_line_utf8 (lines, NULL, NULL, NULL);
  g_assert_nonnull (fixture->port);
}

static void
make_certificate (Fixture *fixture, const gchar *name, gint64 life)
{
  g_autoptr (GError) error = NULL;

  test_certificate_make_with (fixture->certificate, fixture->key, name, life, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer fault)
{
  fixture->directory = g_dir_make_tmp ("test-push-faults-XXXXXX", NULL);
  fixture->certificate = g_build_filename (fixture->directory, "cert.pem", NULL);
  fixture->key = g_build_filename (fixture->directory, "key.pem", NULL);
  make_certificate (fixture, g_str_equal (fault, "wrong-name") ? "DNS:elsewhere.example" : NULL,
                    g_str_equal (fault, "expired") ? -3600 : 0);
  start_server (fixture, fault);
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  fixture->answers = g_ptr_array_new_with_free_func ((GDestroyNotify) push_http_answer_free);
}

static void
tear_down (Fixture *fixture, gconstpointer fault)
{
  g_assert_finalize_object (fixture->http);
  g_ptr_array_unref (fixture->answers);
  g_subprocess_send_signal (fixture->server, SIGTERM);
  g_subprocess_wait (fixture->server, NULL, NULL);
  g_object_unref (fixture->server);
  g_assert_cmpint (g_remove (fixture->certificate), ==, 0);
  g_assert_cmpint (g_remove (fixture->key), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->port);
  g_free (fixture->certificate);
  g_free (fixture->key);
  g_free (fixture->directory);
}

static void
on_answer (PushHttpAnswer *answer, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->answers, answer);
  fixture->left--;
}

static void
start (Fixture *fixture, guint deadline_ms)
{
  g_autofree gchar *url = g_strdup_printf ("https://127.0.0.1:%s/push", fixture->port);
  PushHttpRequest request = {
    .url = url, .ca_file = fixture->certificate, .deadline_ms = deadline_ms, .any_address = TRUE
  };

  fixture->left++;
  push_http_send (fixture->http, &request, on_answer, fixture);
}

static void
wait_for_all (Fixture *fixture)
{
  while (fixture->left)
    g_main_context_iteration (NULL, TRUE);
}

static guint
count (Fixture *fixture, PushHttpOutcome outcome)
{
  guint n = 0;

  for (guint i = 0; i < fixture->answers->len; i++) {
    const PushHttpAnswer *answer = g_ptr_array_index (fixture->answers, i);

    if (answer->outcome == PUSH_HTTP_ANSWERED)
      g_assert_cmpuint (answer->status, ==, 200);
    else if (answer->reason)
      g_test_message ("%s", answer->reason);
    n += answer->outcome == outcome;
  }
  return n;
}

static void
assert_sound_again (Fixture *fixture)
{
  g_ptr_array_set_size (fixture->answers, 0);
  start (fixture, LONG);
  wait_for_all (fixture);
  g_assert_cmpuint (count (fixture, PUSH_HTTP_ANSWERED), ==, 1);
}

/* The fault costs no push. */
static void
test_all_arrive (Fixture *fixture, gconstpointer fault)
{
  for (int i = 0; i < N_PUSHES; i++)
    start (fixture, LONG);
  wait_for_all (fixture);
  g_assert_cmpuint (count (fixture, PUSH_HTTP_ANSWERED), ==, N_PUSHES);
  assert_sound_again (fixture);
}

static void
test_a_stalled_stream (Fixture *fixture, gconstpointer fault)
{
  gint64 begun = g_get_monotonic_time ();

  for (int i = 0; i < N_PUSHES; i++)
    start (fixture, 2800);
  while (fixture->left > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2700000);
  wait_for_all (fixture);
  g_assert_cmpuint (count (fixture, PUSH_HTTP_ANSWERED), ==, N_PUSHES - 1);
  g_assert_cmpuint (count (fixture, PUSH_HTTP_TIMED_OUT), ==, 1);
  assert_sound_again (fixture);
}

/* Returns: the seconds until all pushes over a warm connection were answered */
static gdouble
push_over_warm (Fixture *fixture)
{
  g_autoptr (GTimer) timer = NULL;

  start (fixture, LONG);
  wait_for_all (fixture);
  timer = g_timer_new ();
  for (int i = 0; i < N_PUSHES; i++)
    start (fixture, LONG);
  wait_for_all (fixture);
  g_assert_cmpuint (count (fixture, PUSH_HTTP_ANSWERED), ==, N_PUSHES + 1);
  return g_timer_elapsed (timer, NULL);
}

/* The other end of a warm connection is gone and nobody said so. */
static void
test_a_dead_connection (Fixture *fixture, gconstpointer fault)
{
  g_assert_cmpfloat (push_over_warm (fixture), <, 4.5);
  assert_sound_again (fixture);
}

/* Its kernel acknowledges, but the service has forgotten it: half of the deadline is left. */
static void
test_a_forgotten_connection (Fixture *fixture, gconstpointer fault)
{
  gdouble seconds = push_over_warm (fixture);

  g_assert_cmpfloat (seconds, >, 4.5);
  g_assert_cmpfloat (seconds, <, 8);
  assert_sound_again (fixture);
}

/* Nothing is sent twice to a service that takes its time. */
static void
test_a_slow_service (Fixture *fixture, gconstpointer fault)
{
  gint64 retried = counters_get (COUNTER_PUSHES_RETRIED);

  g_assert_cmpfloat (push_over_warm (fixture), >, 3.5);
  g_assert_cmpint (counters_get (COUNTER_PUSHES_RETRIED), ==, retried);
  assert_sound_again (fixture);
}

static void
test_a_bad_certificate (Fixture *fixture, gconstpointer fault)
{
  start (fixture, LONG);
  wait_for_all (fixture);
  g_assert_cmpuint (count (fixture, PUSH_HTTP_UNREACHABLE), ==, 1);
  make_certificate (fixture, NULL, 0);
  assert_sound_again (fixture);
}

static void
add (const gchar *fault, void (*test) (Fixture *fixture, gconstpointer fault))
{
  g_autofree gchar *path = g_strconcat ("/push-faults/", fault, NULL);

  g_test_add (path, Fixture, fault, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("goaway", test_all_arrive);
  add ("goaway-all", test_all_arrive);
  add ("refuse", test_all_arrive);
  add ("reset", test_all_arrive);
  add ("half", test_all_arrive);
  add ("slow-tls", test_all_arrive);
  add ("stall", test_a_stalled_stream);
  add ("gone", test_a_dead_connection);
  add ("mute", test_a_forgotten_connection);
  add ("slow", test_a_slow_service);
  add ("expired", test_a_bad_certificate);
  add ("wrong-name", test_a_bad_certificate);
  return g_test_run ();
}
