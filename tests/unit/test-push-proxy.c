/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pushes that leave through a proxy: HTTP/2 all the same, and the addresses are judged. */
#include "simulator.h"

#include "base/counters.h"
#include "push/push-http.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define LONG 10000 /* ms; a test that needs it has failed */

typedef struct {
  Simulator *simulator;
  GSubprocess *process;
  GDataInputStream *lines;
  gchar *proxy;
  PushHttp *http;
  PushHttpAnswer *answer;
} Fixture;

static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static gchar *
next_line (Fixture *fixture)
{
  gchar *line = g_data_input_stream_read_line_utf8 (fixture->lines, NULL, NULL, NULL);

  g_assert_nonnull (line);
  return line;
}

static void
set_up (Fixture *fixture, gconstpointer scheme)
{
  g_autofree gchar *program = g_test_build_filename (G_TEST_DIST, "push-proxy.py", NULL);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *port = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  fixture->process = g_subprocess_launcher_spawn (launcher, &error, "python3", program, NULL);
  g_assert_no_error (error);
  fixture->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (fixture->process));
  port = next_line (fixture);
  fixture->proxy = g_strdup_printf ("%s://127.0.0.1:%s", (const gchar *) scheme, port);
  fixture->simulator = simulator_start (NULL);
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
}

static void
tear_down (Fixture *fixture, gconstpointer scheme)
{
  g_assert_finalize_object (fixture->http);
  simulator_stop (fixture->simulator);
  g_subprocess_send_signal (fixture->process, SIGTERM);
  g_subprocess_wait (fixture->process, NULL, NULL);
  g_object_unref (fixture->lines);
  g_object_unref (fixture->process);
  g_free (fixture->proxy);
}

static void
on_answer (PushHttpAnswer *answer, gpointer user_data)
{
  ((Fixture *) user_data)->answer = answer;
}

static PushHttpAnswer *
ask (Fixture *fixture, const gchar *url, gboolean any_address)
{
  static const gchar *const headers[] = { "TTL: 5", NULL };
  PushHttpRequest request = {
    .url = url,
    .headers = headers,
    .ca_file = fixture->simulator->ca,
    .proxy = fixture->proxy,
    .deadline_ms = LONG,
    .any_address = any_address,
  };

  fixture->answer = NULL;
  push_http_send (fixture->http, &request, on_answer, fixture);
  while (!fixture->answer)
    g_main_context_iteration (NULL, TRUE);
  return fixture->answer;
}

static void
test_http2_goes_through (Fixture *fixture, gconstpointer scheme)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/push/abc"), *line = NULL;
  const gchar *kind = g_str_has_prefix (scheme, "http") ? "http " : "socks ";
  const gchar *port = strrchr (fixture->simulator->url, ':');
  gint64 opened = counters_get (COUNTER_PUSH_CONNECTIONS);

  /* The second goes over the connection of the first. */
  for (int i = 0; i < 2; i++) {
    g_autoptr (PushHttpAnswer) answer = ask (fixture, url, TRUE);
    g_autoptr (JsonObject) push = NULL;

    g_assert_cmpstr (answer->reason, ==, NULL);
    g_assert_cmpuint (answer->status, ==, 201);
    push = simulator_next (fixture->simulator);
    g_assert_cmpstr (json_object_get_string_member (push, "http"), ==, "2");
  }
  line = next_line (fixture);
  g_assert_true (g_str_has_prefix (line, kind));
  g_assert_true (g_str_has_suffix (line, port));
  g_assert_cmpint (counters_get (COUNTER_PUSH_CONNECTIONS), ==, opened + 1);
}

/* The name is the proxy's business: it may be one that only the proxy knows. */
static void
test_the_proxy_looks_names_up (Fixture *fixture, gconstpointer scheme)
{
  const gchar *port = strrchr (fixture->simulator->url, ':');
  g_autofree gchar *url = g_strdup_printf ("https://localhost%s/push/abc", port);
  g_autofree gchar *line = NULL, *expected = g_strdup_printf ("localhost%s", port);
  g_autoptr (PushHttpAnswer) answer = ask (fixture, url, TRUE);

  line = next_line (fixture);
  g_assert_true (g_str_has_suffix (line, expected));
}

/* Nobody here sees where the proxy goes to. */
static void
test_what_must_be_judged_does_not_go (Fixture *fixture, gconstpointer scheme)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/push/abc");
  g_autoptr (PushHttpAnswer) answer = ask (fixture, url, FALSE);

  g_assert_cmpint (answer->outcome, ==, PUSH_HTTP_FORBIDDEN);
  g_assert_nonnull (strstr (answer->reason, "proxy"));
}

static void
add (const gchar *scheme, const gchar *name, void (*test) (Fixture *fixture, gconstpointer scheme))
{
  g_autofree gchar *path = g_strdup_printf ("/push-proxy/%s/%s", scheme, name);

  g_test_add (path, Fixture, scheme, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  static const gchar *const schemes[] = { "http", "socks5h" };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++) {
    add (schemes[i], "http2-goes-through", test_http2_goes_through);
    add (schemes[i], "the-proxy-looks-names-up", test_the_proxy_looks_names_up);
    add (schemes[i], "what-must-be-judged-does-not-go", test_what_must_be_judged_does_not_go);
  }
  return g_test_run ();
}
