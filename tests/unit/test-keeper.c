/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper and a PBX of one socket, with hours that pass in a moment. */
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "registrar/keeper.h"

#include "lone-stack.h"
#include "store-disk.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AOR "sip:alice@pbx.example.com"

typedef struct {
  gchar *directory;
  Store *store;
  AccountBook *accounts;
  Account *account;
  SipStack *stack;
  SipFlow *flow;
  Pbx *pbx;
  Location *location;
  Upstream *upstream;
  Keeper *keeper;
  int socket;      /* of the PBX */
  const gchar *answer;
  const gchar *granted; /* nullable: in place of what is asked for, as a parameter */
  guint received;  /* REGISTERs */
  gchar *last;     /* nullable */
  guint told;      /* status */
} Fixture;

/* @data: the seconds that the PBX is asked for */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "pbx.example.com", NULL };
  g_autoptr (GError) error = NULL;

  fixture->directory = disk_make_dir ();
  fixture->store = store_open (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->accounts = account_book_new (fixture->store, fixture->directory, &error);
  g_assert_no_error (error);
  fixture->stack = lone_stack_new (SIP_SIDE_PBX);
  fixture->flow = lone_flow_to_nobody (fixture->stack);
  fixture->socket = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  fixture->pbx = pbx_new ("office", domains, GPOINTER_TO_UINT (data), NULL);
  pbx_add_route (fixture->pbx, pbx_route_new (fixture->stack, "office", "127.0.0.1",
                                              lone_port (fixture->socket), SIP_TRANSPORT_UDP));
  fixture->account = account_new (fixture->pbx, AOR, "alice");
  fixture->account->realm = g_strdup ("pbx.example.com");
  fixture->account->ha1 = g_strdup ("0123456789abcdef0123456789abcdef");
  fixture->location = location_new ();
  fixture->upstream = upstream_new ();
  fixture->keeper = keeper_new (fixture->upstream, fixture->location, fixture->accounts);
  fixture->answer = "200 OK";
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  keeper_free (fixture->keeper);
  upstream_free (fixture->upstream);
  g_object_unref (fixture->location);
  account_unref (fixture->account);
  pbx_free (fixture->pbx);
  sip_flow_unref (fixture->flow);
  sip_stack_free (fixture->stack);
  close (fixture->socket);
  account_book_free (fixture->accounts);
  disk_stop (fixture->store);
  disk_remove_dir (fixture->directory);
  g_free (fixture->directory);
  g_free (fixture->last);
}

static gchar *
answer_to (const gchar *status, const gchar *request)
{
  GString *text = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (request, "\r\n", -1);

  g_string_printf (text, "SIP/2.0 %s\r\n", status);
  for (gchar **line = lines; *line; line++)
    for (const gchar *kept = "Via:From:To:Call-ID:CSeq:Contact:"; *kept;
         kept = strchr (kept, ':') + 1)
      if (g_ascii_strncasecmp (*line, kept, (gsize) (strchr (kept, ':') - kept) + 1) == 0)
        g_string_append_printf (text, "%s%s\r\n", *line, *kept == 'T' ? ";tag=pbx" : "");
  return g_string_free (g_string_append (text, "Content-Length: 0\r\n\r\n"), FALSE);
}

static void
grant (const Fixture *fixture, gchar **answer)
{
  g_autoptr (GString) text = g_string_new (*answer);

  if (!fixture->granted)
    return;
  g_assert_cmpuint (g_string_replace (text, ";expires=3600", fixture->granted, 0), ==, 1);
  g_free (*answer);
  *answer = g_strdup (text->str);
}

static gboolean
serve (Fixture *fixture)
{
  gchar buffer[4096];
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  ssize_t length =
    recvfrom (fixture->socket, buffer, sizeof buffer - 1, 0, (struct sockaddr *) &from, &size);
  g_autofree gchar *answer = NULL;

  if (length < 0)
    return FALSE;
  buffer[length] = '\0';
  if (g_str_has_prefix (buffer, "REGISTER ")) {
    /* Where the machine stands still for half a second, the stack sends the same once more. */
    fixture->received += g_strcmp0 (buffer, fixture->last) != 0;
    g_free (fixture->last);
    fixture->last = g_strdup (buffer);
    answer = answer_to (fixture->answer, buffer);
    grant (fixture, &answer);
  } else {
    answer = answer_to ("200 OK", buffer); /* a probe */
  }
  sendto (fixture->socket, answer, strlen (answer), 0, (struct sockaddr *) &from, size);
  return TRUE;
}

/* Returns how many REGISTERs there were in all, when @seconds have passed. */
static guint
registers_after (Fixture *fixture, gint64 seconds)
{
  clock_test_advance (seconds * CLOCK_SECOND);
  for (guint i = 0; i < 60; i++) {
    g_main_context_iteration (NULL, FALSE);
    while (serve (fixture))
      continue;
    g_usleep (500);
  }
  return fixture->received;
}

/* On a busy machine even the loopback takes its time. */
static void
assert_registers (Fixture *fixture, gint64 seconds, guint expected)
{
  gint64 until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  registers_after (fixture, seconds);
  while (fixture->received < expected && g_get_monotonic_time () < until)
    registers_after (fixture, 0);
  g_assert_cmpuint (registers_after (fixture, 0), ==, expected);
}

static void
on_told (guint status, const gchar *phrase, gpointer user_data)
{
  ((Fixture *) user_data)->told = status;
}

static void
keep (Fixture *fixture)
{
  keeper_register (fixture->keeper, fixture->account, AOR, "t1", NULL, on_told, fixture);
}

static void
test_renewed_in_time (Fixture *fixture, gconstpointer data)
{
  keep (fixture);
  assert_registers (fixture, 0, 1);
  g_assert_cmpuint (fixture->told, ==, 200);
  g_assert_true (keeper_holds (fixture->keeper, "t1"));
  g_assert_nonnull (strstr (fixture->last, ";expires=3600"));
  assert_registers (fixture, 3600 * 7 / 10 - 10, 1);
  assert_registers (fixture, 3600 / 10 + 10, 2);
  assert_registers (fixture, 3600, 3);
}

static Binding *
register_phone (Fixture *fixture)
{
  Binding *binding = binding_new (fixture->pbx, "t1", AOR);

  binding->flow = sip_flow_ref (fixture->flow);
  binding->expires = clock_now () + 86400 * CLOCK_SECOND;
  location_put (fixture->location, binding);
  keep (fixture);
  return binding;
}

static void
test_left_with_the_binding (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture);

  assert_registers (fixture, 0, 1);
  location_remove (fixture->location, binding, "gone");
  assert_registers (fixture, 0, 2);
  g_assert_nonnull (strstr (fixture->last, ";expires=0"));
  g_assert_false (keeper_holds (fixture->keeper, "t1"));
  assert_registers (fixture, 7200, 2);
}

static void
test_follows_retry_after (Fixture *fixture, gconstpointer data)
{
  fixture->answer = "503 Busy\r\nRetry-After: 100";
  keep (fixture);
  assert_registers (fixture, 0, 1);
  g_assert_cmpuint (fixture->told, ==, 503);
  assert_registers (fixture, 95, 1);
  fixture->answer = "200 OK";
  assert_registers (fixture, 34, 2);
  g_assert_true (keeper_holds (fixture->keeper, "t1"));
}

static void
test_stops_when_forbidden (Fixture *fixture, gconstpointer data)
{
  fixture->answer = "403 Forbidden";
  keep (fixture);
  assert_registers (fixture, 0, 1);
  g_assert_cmpuint (fixture->told, ==, 403);
  g_assert_nonnull (fixture->account->trouble);
  assert_registers (fixture, 86400, 1);
}

/* Of a phone that sleeps: what becomes of it is for the administrator to decide. */
static void
test_forbidden_later (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture);

  assert_registers (fixture, 0, 1);
  fixture->answer = "403 Forbidden";
  assert_registers (fixture, 3600, 2);
  g_assert_nonnull (fixture->account->trouble);
  g_assert_false (keeper_holds (fixture->keeper, "t1"));
  g_assert_true (location_has (fixture->location, binding));
  assert_registers (fixture, 3600, 2);
}

static void
test_asks_for_longer (Fixture *fixture, gconstpointer data)
{
  fixture->answer = "423 Interval Too Brief\r\nMin-Expires: 7200";
  keep (fixture);
  assert_registers (fixture, 0, 2);
  g_assert_nonnull (strstr (fixture->last, ";expires=7200"));
}

/* Some PBXs grant the largest number that they have. */
static void
test_takes_what_is_granted (Fixture *fixture, gconstpointer data)
{
  fixture->granted = ";expires=9223372036854775807";
  keep (fixture);
  assert_registers (fixture, 0, 1);
  assert_registers (fixture, 86400, 1);
  g_assert_true (keeper_holds (fixture->keeper, "t1"));
}

static void
test_again_when_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "other.example.com", NULL };
  Pbx *other = pbx_new ("other", domains, 3600, NULL);

  keep (fixture);
  assert_registers (fixture, 0, 1);
  keeper_pbx_lost (fixture->keeper, other);
  assert_registers (fixture, 10, 1);
  keeper_pbx_lost (fixture->keeper, fixture->pbx);
  assert_registers (fixture, 10, 2);
  pbx_free (other);
}

/* Phones with accounts that a start has found on the disk. */
static void
resume (Fixture *fixture, guint count)
{
  for (guint i = 0; i < count; i++) {
    g_autofree gchar *aor = g_strdup_printf ("sip:u%u@pbx.example.com", i);
    g_autofree gchar *token = g_strdup_printf ("t%u", i);
    g_autoptr (Account) account = account_new (fixture->pbx, aor, "alice");
    g_autoptr (Binding) binding = binding_new (fixture->pbx, token, aor);

    account->password = g_strdup ("secret");
    account_book_put_async (fixture->accounts, account, NULL, NULL);
    binding->flow = sip_flow_ref (fixture->flow);
    binding->expires = clock_now () + 86400 * CLOCK_SECOND;
    location_put (fixture->location, binding);
  }
  keeper_resume (fixture->keeper);
}

/* How many REGISTERs were sent, whether or not the PBX got them. */
static gint64
sent_after (Fixture *fixture, gint64 seconds)
{
  registers_after (fixture, seconds);
  return counters_get (COUNTER_UPSTREAM_REGISTERS);
}

/* Second by second, so that what comes in one is answered in it. */
static gint64
sent_within (Fixture *fixture, guint seconds)
{
  for (guint second = 0; second < seconds; second++)
    sent_after (fixture, 1);
  return sent_after (fixture, 0);
}

/* The machine adds time of its own to the seconds that pass. */
static gint64
at_most (gint64 begun, gint64 a_second)
{
  return a_second * (clock_now () - begun) / CLOCK_SECOND;
}

/* Some fifty a second. */
static void
test_a_start_is_no_storm (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_UPSTREAM_REGISTERS);
  gint64 begun = clock_now ();

  resume (fixture, 2000);
  g_assert_cmpint (sent_after (fixture, 2) - before, <, at_most (begun, 75));
  g_assert_cmpint (sent_after (fixture, 20) - before, >, 700);
  g_assert_cmpint (sent_after (fixture, 23) - before, >=, 2000);
}

/* Nor does a registration end before it is renewed. */
static void
test_a_start_is_in_time (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_UPSTREAM_REGISTERS);

  resume (fixture, 2000);
  g_assert_cmpint (sent_after (fixture, 12) - before, >=, 2000);
}

/* The PBX grants a minute of the hour that it is asked for: there were twelve seconds left. */
static void
test_a_start_is_in_time_where_less_is_granted (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_UPSTREAM_REGISTERS);
  gint64 begun = clock_now ();

  fixture->granted = ";expires=60";
  resume (fixture, 2000);
  sent_after (fixture, 1);
  g_assert_cmpint (sent_after (fixture, 1) - before, <, at_most (begun, 250));
  g_assert_cmpint (sent_after (fixture, 5) - before, >, 600);
  g_assert_cmpint (sent_after (fixture, 7) - before, >=, 2000);
}

/* So little is no rule for all, and would make a storm of it. */
static void
test_a_start_where_hardly_anything_is_granted (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_UPSTREAM_REGISTERS);
  gint64 begun = clock_now ();

  fixture->granted = ";expires=10";
  resume (fixture, 2000);
  for (guint second = 0; second < 5; second++)
    g_assert_cmpint (sent_after (fixture, 1) - before, <, at_most (begun, 100));
}

/* A PBX that sheds load, and then lets the others in for less. */
static void
test_a_start_leaves_alone_whom_the_pbx_puts_off (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_UPSTREAM_REGISTERS);

  fixture->answer = "503 Service Unavailable\r\nRetry-After: 900";
  resume (fixture, 500);
  g_assert_cmpint (sent_within (fixture, 5) - before, >, 100);
  fixture->answer = "200 OK";
  fixture->granted = ";expires=60";
  g_assert_cmpint (sent_within (fixture, 15) - before, ==, 500);
}

/* The PBX may have forgotten nothing: then they must not be late, either. */
static void
test_in_time_when_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_UPSTREAM_REGISTERS);

  fixture->granted = ";expires=60";
  resume (fixture, 500);
  g_assert_cmpint (sent_within (fixture, 15) - before, ==, 500);
  keeper_pbx_lost (fixture->keeper, fixture->pbx);
  g_assert_cmpint (sent_after (fixture, 13) - before, ==, 1000);
}

static void
replace_account (Fixture *fixture)
{
  g_autoptr (Account) newer = account_new (fixture->pbx, AOR, "alice");

  newer->password = g_strdup ("new");
  account_book_put_async (fixture->accounts, newer, NULL, NULL);
}

static void
test_tries_again_with_another_secret (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = NULL;

  account_book_put_async (fixture->accounts, fixture->account, NULL, NULL);
  fixture->answer = "403 Forbidden";
  binding = register_phone (fixture);
  assert_registers (fixture, 3600, 1);
  fixture->answer = "200 OK";
  replace_account (fixture);
  assert_registers (fixture, 0, 2);
  g_assert_true (keeper_holds (fixture->keeper, "t1"));
  g_assert_null (fixture->account->trouble);
  g_assert_null (fixture->account->ha1);
  g_assert_cmpstr (fixture->account->password, ==, "new");
  replace_account (fixture);
  assert_registers (fixture, 0, 2);
}

static void
test_lets_go_without_the_account (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = NULL;

  account_book_put_async (fixture->accounts, fixture->account, NULL, NULL);
  binding = register_phone (fixture);
  assert_registers (fixture, 0, 1);
  account_book_remove_async (fixture->accounts, fixture->account, NULL, NULL);
  g_assert_false (account_has_secret (fixture->account));
  g_assert_true (location_has (fixture->location, binding));
  g_assert_cmpint (binding->expires, >, clock_now () + 3500 * CLOCK_SECOND);
  g_assert_cmpint (binding->expires, <=, clock_now () + 3600 * CLOCK_SECOND);
  assert_registers (fixture, 86400, 1);
}

#define ADD_FOR(expires, path, function)                                                           \
  g_test_add ("/keeper/" path, Fixture, GUINT_TO_POINTER (expires), set_up, function, tear_down)
#define ADD(path, function) ADD_FOR (3600, path, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_init ();
  ADD ("renewed-in-time", test_renewed_in_time);
  ADD ("left-with-the-binding", test_left_with_the_binding);
  ADD ("retry-after", test_follows_retry_after);
  ADD ("forbidden", test_stops_when_forbidden);
  ADD ("forbidden-later", test_forbidden_later);
  ADD ("longer", test_asks_for_longer);
  ADD ("granted-for-ever", test_takes_what_is_granted);
  ADD ("another-secret", test_tries_again_with_another_secret);
  ADD ("without-the-account", test_lets_go_without_the_account);
  ADD ("pbx-lost", test_again_when_the_pbx_lost_all);
  ADD ("a-start-is-no-storm", test_a_start_is_no_storm);
  ADD_FOR (60, "a-start-is-in-time", test_a_start_is_in_time);
  ADD ("a-start-where-less-is-granted", test_a_start_is_in_time_where_less_is_granted);
  ADD ("a-start-where-hardly-anything-is-granted", test_a_start_where_hardly_anything_is_granted);
  ADD ("a-start-and-put-off", test_a_start_leaves_alone_whom_the_pbx_puts_off);
  ADD ("pbx-lost-where-less-is-granted", test_in_time_when_the_pbx_lost_all);
  return g_test_run ();
}
