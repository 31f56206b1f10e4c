/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* REGISTERs as they come, and what is read out of them. */
#include "base/error.h"
#include "registrar/registration.h"
#include "sip/sip-map.h"

#include "lone-phone.h"
#include "lone-stack.h"

#include <string.h>

#define ALICE "alice@pbx.example.com"
#define PUSH ";pn-provider=apns;pn-param=T.a.b;pn-prid="
#define INSTANCE ";+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000001>\""
#define ONE "Contact: <sip:a@192.0.2.1:5060>\r\n"

typedef struct {
  SipStack *stack;
  LonePhone *phone;
  Pbx *pbx;
  KeyedHash *key;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "pbx.example.com", "192.0.2.9", NULL };

  fixture->stack = lone_stack_new (SIP_SIDE_PHONES);
  fixture->phone = lone_phone_new (fixture->stack);
  fixture->pbx = pbx_new ("office", domains, 3600, NULL);
  fixture->key = keyed_hash_new ("0123456789abcdef0123456789abcdef", 32);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  keyed_hash_free (fixture->key);
  pbx_free (fixture->pbx);
  lone_phone_free (fixture->phone);
  sip_stack_free (fixture->stack);
}

static Registration *
read_from (Fixture *fixture, const gchar *user, const gchar *call_id, const gchar *lines,
           GError **error)
{
  SipRequest *request = lone_phone_register (fixture->phone, user, call_id, lines);
  Registration *registration = registration_read (request, fixture->pbx, fixture->key, error);

  sip_request_reply (request, 200, NULL, TAG_END ());
  sip_request_unref (request);
  return registration;
}

static Registration *
read_lines (Fixture *fixture, const gchar *lines)
{
  g_autoptr (GError) error = NULL;
  Registration *registration = read_from (fixture, ALICE, "c", lines, &error);

  g_assert_no_error (error);
  return registration;
}

static void
test_read (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *lines;
    guint contacts;
    gint64 asked; /* by the first one */
    PnKind kind;  /* of the first one */
    gboolean remove_all;
  } rows[] = {
    { "", 0 },
    { "Contact: *\r\nExpires: 0\r\n", 0, .remove_all = TRUE },
    { ONE, 1, 3600 },
    { ONE "Expires: 60\r\n", 1, 60 },
    { "Contact: <sip:a@192.0.2.1>;expires=7\r\nExpires: 60\r\n", 1, 7 },
    { "Contact: <sip:a@192.0.2.1>;expires=0\r\n", 1, 0 },
    { "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.2>\r\nExpires: 5\r\n", 2, 5 },
    { "Contact: <sip:1@b.c>, <sip:2@b.c>, <sip:3@b.c>, <sip:4@b.c>\r\n"
      "Contact: <sip:5@b.c>, <sip:6@b.c>, <sip:7@b.c>, <sip:8@b.c>\r\n", 8, 3600 },
    { ONE ONE, 1, 3600 },
    { "Contact: <sip:a@192.0.2.1>" INSTANCE ";expires=9, <sip:a@192.0.2.2>" INSTANCE
      ";expires=0\r\n", 1, 9 },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;expires=0, <sip:a@192.0.2.2" PUSH "ab>;expires=9\r\n",
      1, 9, PN_PUSH },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;expires=0, <sip:a@192.0.2.2" PUSH "cd>;expires=9\r\n",
      2, 0, PN_PUSH },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>\r\n", 1, 3600, PN_PUSH },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>\r\nFeature-Caps: *;+sip.x=\"y\"\r\n", 1, 3600, PN_PUSH },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>\r\nFeature-Caps: *;+sip.x=\"y\"\r\n"
      "Feature-Caps: *;+sip.pns=\"apns\"\r\n", 1, 3600, PN_NONE },
    { "Contact: <sip:a@192.0.2.1;pn-provider=apns>\r\n", 1, 3600, PN_QUERY_ONE },
    { "Contact: <sip:a@192.0.2.1;pn-provider>\r\n", 1, 3600, PN_QUERY_ALL },
    { "Contact: <sip:a@192.0.2.1;pn-type=nobody:x;pn-colour=red>\r\n", 1, 3600, PN_NONE },
    { ONE "x-p-push: device-os=ios;device-uid=AA;allow-call-push=true;app-id=c.b\r\n", 1, 3600,
      PN_PUSH },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Registration) registration = read_lines (fixture, rows[i].lines);
    const RegistrationContact *first;

    g_test_message ("%s", rows[i].lines);
    g_assert_cmpuint (registration->contacts->len, ==, rows[i].contacts);
    g_assert_cmpint (registration->remove_all, ==, rows[i].remove_all);
    if (rows[i].contacts == 0)
      continue;
    first = g_ptr_array_index (registration->contacts, 0);
    g_assert_cmpint (first->asked, ==, rows[i].asked);
    g_assert_cmpint (first->push->kind, ==, rows[i].kind);
  }
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *lines;
    const gchar *phrase; /* how it begins */
  } rows[] = {
    { "Contact: *\r\n", "Contact: * Stands Alone" },
    { "Contact: *\r\nExpires: 60\r\n", "Contact: * Stands Alone" },
    { ONE ONE ONE ONE ONE ONE ONE ONE ONE, "Too Many Contacts" },
    { "x-p-push: device-os=ios;device-uid=AA\r\n" ONE, "Bad Push Parameter" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (Registration) registration =
      read_from (fixture, ALICE, "c", rows[i].lines, &error);

    g_assert_null (registration);
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
    g_assert_cmpuint (sip_map_error (error), ==, 400);
    g_assert_true (g_str_has_prefix (error->message, rows[i].phrase));
  }
}

static void
test_long_contact (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *token = g_strnfill (4000, 'a');
  g_autofree gchar *lines = g_strdup_printf ("Contact: <sip:a@192.0.2.1" PUSH "%s>\r\n", token);
  g_autoptr (Registration) registration = read_lines (fixture, lines);
  const RegistrationContact *entry = g_ptr_array_index (registration->contacts, 0);

  g_assert_cmpstr (entry->push->prid, ==, token);
}

static gchar *
token_of (Fixture *fixture, const gchar *user, const gchar *contact)
{
  g_autofree gchar *lines = g_strdup_printf ("Contact: %s\r\n", contact);
  g_autoptr (Registration) registration = read_from (fixture, user, "c", lines, NULL);

  return g_strdup (
    ((const RegistrationContact *) g_ptr_array_index (registration->contacts, 0))->token);
}

/* Which REGISTERs come from one phone, so that the PBX gets one Contact. */
static void
test_same_phone (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *user, *contact;
    gboolean same; /* as the row before */
  } rows[] = {
    { ALICE, "<sip:a@192.0.2.1:5060>" INSTANCE },
    { ALICE, "<sip:a@192.0.2.7:1" PUSH "cd>" INSTANCE, TRUE },
    { "alice@192.0.2.9", "<sip:a@192.0.2.7>" INSTANCE, TRUE },
    { "bob@pbx.example.com", "<sip:a@192.0.2.7>" INSTANCE, FALSE },
    { ALICE, "<sip:a@192.0.2.1" PUSH "ab>" },
    { ALICE, "<sip:b@192.0.2.2:99" PUSH "ab>", TRUE },
    { ALICE, "<sip:b@192.0.2.2:99;pn-provider=fcm;pn-param=T.a.b;pn-prid=ab>", FALSE },
    { ALICE, "<sip:a@192.0.2.1" PUSH "cd>", FALSE },
    { ALICE, "<sip:a@192.0.2.1:5062>", FALSE },
    { ALICE, "<sip:a@192.0.2.1:5062;transport=udp>", TRUE },
    { ALICE, "<sip:a@192.0.2.1:5064>", FALSE },
  };
  g_autofree gchar *before = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    gchar *token = token_of (fixture, rows[i].user, rows[i].contact);

    g_test_message ("%s", rows[i].contact);
    g_assert_cmpint (g_strcmp0 (token, before) == 0, ==, rows[i].same);
    g_free (before);
    before = token;
  }
}

static void
test_asks (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *lines;
    gint64 seconds;
  } rows[] = {
    { "", 0 },
    { "Contact: <sip:a@192.0.2.1>;expires=60\r\n", 60 },
    { "Contact: <sip:a@192.0.2.1>;expires=7200\r\n", 7200 },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;expires=300\r\n", 3600 },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;expires=7200\r\n", 7200 },
    { "Contact: <sip:a@192.0.2.1" PUSH "ab>;expires=0\r\n", 0 },
    { "Contact: <sip:a@192.0.2.1>;expires=0, <sip:a@192.0.2.2>;expires=90\r\n", 90 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Registration) registration = read_lines (fixture, rows[i].lines);

    g_assert_cmpint (registration_asks (registration), ==, rows[i].seconds);
  }
}

/* A phone without instance, whose binding of before has the Contact and Call-ID of the first two. */
static void
test_adopted (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *former, *call_id, *contact;
    gboolean adopted;
  } rows[] = {
    { "<sip:a@192.0.2.1" PUSH "ab>", "c", "<sip:a@192.0.2.1" PUSH "cd>", TRUE },
    { "<sip:a@192.0.2.1" PUSH "ab>", "c", "<sip:a@192.0.2.5>", TRUE },
    { "<sip:a@192.0.2.1" PUSH "ab>", "other", "<sip:a@192.0.2.1>", TRUE },
    { "<sip:a@192.0.2.1" PUSH "ab>", "other", "<sip:a@192.0.2.5>", FALSE },
    { "<sip:a@192.0.2.1" PUSH "ab>", "other", "<sip:a@192.0.2.1" PUSH "cd>", FALSE },
    { "<sip:a@192.0.2.1>" INSTANCE, "c", "<sip:a@192.0.2.1>", FALSE },
    { "<sip:a@192.0.2.1>", "c", "<sip:a@192.0.2.1:7>" INSTANCE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *lines = g_strdup_printf ("Contact: %s\r\n", rows[i].contact);
    g_autoptr (Registration) registration =
      read_from (fixture, ALICE, rows[i].call_id, lines, NULL);
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, 0);
    g_autoptr (Binding) former = binding_new (fixture->pbx, "former", "sip:" ALICE);
    Record *record = record_new (registration->key);

    g_test_message ("%s after %s", rows[i].contact, rows[i].former);
    former->contact = g_strdup (rows[i].former);
    former->call_id = g_strdup ("c");
    record_put (record, former);
    registration_adopt (registration, record);
    g_assert_cmpint (g_str_equal (entry->token, "former"), ==, rows[i].adopted);
    record_free (record);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/registration/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("read", test_read);
  ADD ("refused", test_refused);
  ADD ("long-contact", test_long_contact);
  ADD ("same-phone", test_same_phone);
  ADD ("asks", test_asks);
  ADD ("adopted", test_adopted);
  return g_test_run ();
}
