/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of the bindings, the disk and the answer when a REGISTER is granted. */
#include "base/clock.h"
#include "registrar/settlement.h"

#include "lone-phone.h"
#include "lone-stack.h"
#include "store-disk.h"

#include <string.h>

#define ALICE "alice@pbx.example.com"
#define PUSH ";pn-provider=apns;pn-param=T.a.b;pn-prid="
#define FIRST "+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000001>\""
#define SECOND "+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000002>\""

typedef struct {
  gchar *directory;
  Store *store; /* NULL once it is stopped */
  SipStack *stack;
  LonePhone *phone;
  Pbx *pbx;
  KeyedHash *key;
  Location *location;
  Ledger *ledger;
  guint refreshed;
  guint removed;
} Fixture;

static void
count (Location *location, Binding *binding, gpointer counter)
{
  ++*(guint *) counter;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "pbx.example.com", NULL };

  fixture->directory = disk_make_dir ();
  fixture->store = store_open (fixture->directory, NULL);
  g_assert_nonnull (fixture->store);
  fixture->stack = lone_stack_new (SIP_SIDE_PHONES);
  fixture->phone = lone_phone_new (fixture->stack);
  fixture->pbx = pbx_new ("office", domains, 3600, NULL);
  fixture->key = keyed_hash_new ("0123456789abcdef0123456789abcdef", 32);
  fixture->location = location_new ();
  fixture->ledger = ledger_new (fixture->store, fixture->location);
  g_signal_connect (fixture->location, "refreshed", G_CALLBACK (count), &fixture->refreshed);
  g_signal_connect (fixture->location, "removed", G_CALLBACK (count), &fixture->removed);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ledger_free (fixture->ledger);
  g_object_unref (fixture->location);
  keyed_hash_free (fixture->key);
  pbx_free (fixture->pbx);
  lone_phone_free (fixture->phone);
  sip_stack_free (fixture->stack);
  disk_stop (fixture->store);
  disk_remove_dir (fixture->directory);
  g_free (fixture->directory);
}

/* Grants each Contact what it asks for, and twice that to who can be woken. */
static void
run (Fixture *fixture, const gchar *lines)
{
  g_autoptr (SipRequest) request =
    lone_phone_register (fixture->phone, ALICE, "c", lines);
  g_autoptr (GError) error = NULL;
  g_autoptr (Registration) registration =
    registration_read (request, fixture->pbx, fixture->key, &error);
  g_autoptr (GPtrArray) feature_caps = g_ptr_array_new ();
  g_autoptr (GPtrArray) removals =
    g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  const Record *record;
  Grant grants[8] = { 0 };

  g_assert_no_error (error);
  record = location_record (fixture->location, registration->key);
  registration_adopt (registration, record);
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    grants[i].told = entry->asked;
    grants[i].kept = entry->asked * (entry->push->kind == PN_PUSH ? 2 : 1);
  }
  for (guint i = 0; registration->remove_all && record && i < record->bindings->len; i++)
    g_ptr_array_add (removals, binding_ref (g_ptr_array_index (record->bindings, i)));
  g_ptr_array_add (feature_caps, "*;+sip.pns=\"apns\"");
  settlement_run (
    fixture->location, fixture->ledger, registration, grants, removals, 200, NULL,
    settlement_answer (fixture->location, registration, grants, feature_caps, NULL));
}

static gchar *
settle (Fixture *fixture, const gchar *lines)
{
  run (fixture, lines);
  return lone_phone_answer (fixture->phone);
}

/* What the phones of one user do one after another. */
static void
test_steps (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *lines;
    guint bindings, rows, refreshed, removed;
    const gchar *with, *without; /* nullable: in the answer */
  } steps[] = {
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;" FIRST "\r\nExpires: 600\r\n", 1, 1, 1, 0,
      "Contact: <sip:a@192.0.2.1" PUSH "ab>;" FIRST ";expires=600", NULL },
    { "Contact: <sip:a@192.0.2.5" PUSH "ab>;" FIRST "\r\nExpires: 600\r\n", 1, 1, 2, 0,
      "192.0.2.5", "192.0.2.1" },
    { "Contact: <sip:a@192.0.2.2>;" SECOND "\r\nExpires: 60\r\n", 2, 2, 3, 0, "192.0.2.2",
      "192.0.2.5" },
    { "", 2, 2, 3, 0, "Contact: <sip:a@192.0.2.5>;expires=1", "pn-" },
    { "Contact: <sip:a@192.0.2.5>;" FIRST ";expires=0\r\n", 1, 1, 3, 1, "+sip.pns=\"apns\"",
      "Contact:" },
    { "Contact: <sip:a@192.0.2.5>;" FIRST ";expires=0\r\n", 1, 1, 3, 1, "200 OK", "Contact:" },
    { "Contact: <sip:a@192.0.2.7" PUSH "cd>;" FIRST ", <sip:a@192.0.2.8>;expires=0\r\n", 2, 2, 4, 1,
      "192.0.2.7", "192.0.2.8" },
    { "Contact: *\r\nExpires: 0\r\n", 0, 0, 4, 3, "200 OK", "Contact:" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree gchar *answer = settle (fixture, steps[i].lines);
    g_autoptr (GHashTable) rows = disk_load (fixture->store);

    g_test_message ("%s%s", steps[i].lines, answer);
    g_assert_true (g_str_has_prefix (answer, "SIP/2.0 200 OK\r\n"));
    g_assert_nonnull (strstr (answer, steps[i].with));
    g_assert_true (!steps[i].without || !strstr (answer, steps[i].without));
    g_assert_cmpuint (location_count (fixture->location), ==, steps[i].bindings);
    g_assert_cmpuint (g_hash_table_size (rows), ==, steps[i].rows);
    g_assert_cmpuint (fixture->refreshed, ==, steps[i].refreshed);
    g_assert_cmpuint (fixture->removed, ==, steps[i].removed);
  }
}

/* What is new is on the disk before the phone is told; calls that wait for the phone do not wait. */
static void
test_disk_first (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *lines;
    gboolean at_once;
  } steps[] = {
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;" FIRST "\r\n", FALSE },
    { "Contact: <sip:a@192.0.2.5" PUSH "ab>;" FIRST "\r\n", TRUE },
    { "Contact: <sip:a@192.0.2.5" PUSH "cd>;" FIRST "\r\n", FALSE },
    { "Contact: <sip:a@192.0.2.5>;" FIRST "\r\n", FALSE },
    { "Contact: <sip:a@192.0.2.6>;" FIRST "\r\n", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree gchar *answer = NULL;

    run (fixture, steps[i].lines);
    g_test_message ("%s", steps[i].lines);
    g_assert_cmpuint (fixture->refreshed, ==, i + 1);
    g_assert_cmpint (lone_phone_is_answered (fixture->phone), ==, steps[i].at_once);
    answer = lone_phone_answer (fixture->phone);
    g_assert_true (g_str_has_prefix (answer, "SIP/2.0 200"));
  }
}

static void
expect_one (Binding *binding, gpointer found)
{
  *(Binding **) found = binding;
}

/* A phone that can be woken stays as long as the PBX keeps it, and is told what it asked for. */
static void
test_kept_and_told (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *answer =
    settle (fixture, "Contact: <sip:a@192.0.2.1" PUSH "ab>;" FIRST ";expires=600\r\n");
  Binding *binding = NULL;

  location_each (fixture->location, expect_one, &binding);
  g_assert_nonnull (binding);
  g_assert_cmpint ((binding->expires - clock_now ()) / CLOCK_SECOND, >, 1100);
  g_assert_nonnull (strstr (answer, ";expires=600\r\n"));
  g_assert_cmpstr (binding_target (binding), ==, "sip:a@192.0.2.1");
}

/* A phone with several flows is on the disk for as long as the one that ends last. */
static void
test_flows_on_the_disk (Fixture *fixture, gconstpointer data)
{
  static const struct {
    guint reg_id, expires, kept;
  } steps[] = { { 1, 3600, 3600 }, { 2, 300, 3600 }, { 1, 0, 300 }, { 1, 600, 600 } };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree gchar *lines = g_strdup_printf (
      "Supported: path, outbound\r\nPath: <sip:127.0.0.1:%u;lr;ob>\r\n"
      "Contact: <sip:a@192.0.2.1>;" FIRST ";reg-id=%u;expires=%u\r\n",
      6000 + steps[i].reg_id, steps[i].reg_id, steps[i].expires);
    g_autofree gchar *answer = settle (fixture, lines);
    DiskResults written = { .pending = 1 };
    g_autoptr (GHashTable) rows = NULL;
    GHashTableIter iter;
    BindingRow *row;

    g_assert_true (g_str_has_prefix (answer, "SIP/2.0 200"));
    /* What waits for the next commit goes with it. */
    store_remove_binding_async (fixture->store, "nobody", disk_on_written, &written);
    disk_drain (&written);
    rows = disk_load (fixture->store);
    g_assert_cmpuint (g_hash_table_size (rows), ==, 1);
    g_hash_table_iter_init (&iter, rows);
    g_hash_table_iter_next (&iter, NULL, (gpointer *) &row);
    g_assert_cmpint (ABS (row->expires_wall - clock_wall () - steps[i].kept), <, 30);
  }
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer stopped)
{
  *(gboolean *) stopped = TRUE;
}

/* Who is known goes on without a disk; who is new, or wakes in another way, is told the truth. */
static void
test_no_disk (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *lines;
    const gchar *status;
    guint bindings;
  } steps[] = {
    { "Contact: <sip:a@192.0.2.9" PUSH "ab>;" FIRST "\r\n", "SIP/2.0 200", 1 },
    { "Contact: <sip:a@192.0.2.2>;" SECOND "\r\n", "SIP/2.0 500", 1 },
    { "Contact: <sip:a@192.0.2.9" PUSH "cd>;" FIRST "\r\n", "SIP/2.0 500", 1 },
  };
  g_autofree gchar *first =
    settle (fixture, "Contact: <sip:a@192.0.2.1" PUSH "ab>;" FIRST "\r\n");
  gboolean stopped = FALSE;

  g_assert_true (g_str_has_prefix (first, "SIP/2.0 200"));
  store_stop_async (fixture->store, on_stopped, &stopped);
  g_assert_true (disk_wait (&stopped, 20000));
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree gchar *answer = settle (fixture, steps[i].lines);

    g_test_message ("%s%s", steps[i].lines, answer);
    g_assert_true (g_str_has_prefix (answer, steps[i].status));
    g_assert_cmpuint (location_count (fixture->location), ==, steps[i].bindings);
  }
  store_free (fixture->store);
  fixture->store = store_open (fixture->directory, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK); /* a binding that is not on the disk is an error */
#define ADD(name, func) g_test_add ("/settlement/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("steps", test_steps);
  ADD ("disk-first", test_disk_first);
  ADD ("kept-and-told", test_kept_and_told);
  ADD ("flows-on-the-disk", test_flows_on_the_disk);
  ADD ("no-disk", test_no_disk);
  return g_test_run ();
}
