/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/pn-names.h"
#include "proto/pn-params.h"

#include <string.h>

#define VOIP_TOKEN "EFFDB4D8C32F845036CA3555003D44E98C82EA3F8437BD3499D14A17B039D5B6"
#define REMOTE_TOKEN "FC86D3D61AAFCC5D18AAC9D4CEDC6C70505080693FD21D0E62B5061FD4516ADE"

typedef struct {
  const gchar *source;
  const gchar *uri;
  PnParams said;
} Vector;

/* One Contact URI of each form that is known from standards, captures or client sources. */
static const Vector vectors[] = {
  { "RFC 8599 figure 2",
    "sip:alice@alicemobile.example.com;pn-provider=acme;pn-param=acme-param"
    ";pn-prid=ZTY4ZDJlMzODE1NmUgKi0K",
    { PN_PUSH, PN_DIALECT_RFC8599, "acme", "acme-param", "ZTY4ZDJlMzODE1NmUgKi0K" } },
  { "RFC 8599 section 10",
    "sip:a@h;pn-provider=apns;pn-param=DEF123GHIJ.com.example.yourexampleapp.voip"
    ";pn-prid=00fc13adff78512",
    { PN_PUSH, PN_DIALECT_RFC8599, "apns", "DEF123GHIJ.com.example.yourexampleapp.voip",
      "00fc13adff78512", .team = "DEF123GHIJ", .bundle = "com.example.yourexampleapp",
      .service = "voip", .topic = "com.example.yourexampleapp.voip",
      .voip_token = "00fc13adff78512", .voip_topic = "com.example.yourexampleapp.voip" } },
  { "Linphone 4.6.5 on iOS",
    "sip:u@h;pn-prid=" VOIP_TOKEN ":voip&" REMOTE_TOKEN ":remote;pn-provider=apns"
    ";pn-param=ABCD1234.generic.linphone.voip&remote;pn-silent=1;pn-timeout=0",
    { PN_PUSH, PN_DIALECT_LINPHONE, "apns", "ABCD1234.generic.linphone.voip&remote", VOIP_TOKEN,
      .team = "ABCD1234", .bundle = "generic.linphone", .service = "voip",
      .topic = "generic.linphone.voip", .voip_token = VOIP_TOKEN,
      .voip_topic = "generic.linphone.voip", .remote_token = REMOTE_TOKEN,
      .remote_topic = "generic.linphone", .silent = TRUE } },
  { "RFC 8599 section 11, as Linphone on Android",
    "sip:u@h;pn-prid=abc:APA91bXX_y-z;pn-provider=fcm;pn-param=929724111839;pn-silent=1"
    ";pn-timeout=0",
    { PN_PUSH, PN_DIALECT_RFC8599, "fcm", "929724111839", "abc:APA91bXX_y-z", .silent = TRUE } },
  { "RFC 8599 section 12",
    "sip:u@h;pn-provider=webpush;pn-prid=https://push.example.net/p/abc%3Fx%3D1",
    { PN_PUSH, PN_DIALECT_RFC8599, "webpush", NULL, "https://push.example.net/p/abc?x=1" } },
  { "RFC 8599 section 4.1.5, every service",
    "sip:u@h;pn-provider",
    { PN_QUERY_ALL, PN_DIALECT_RFC8599 } },
  { "RFC 8599 section 4.1.5, one service",
    "sip:u@h;pn-provider=fcm",
    { PN_QUERY_ONE, PN_DIALECT_RFC8599, "fcm" } },
  { "draft of 2017-10-30, its figure",
    "sip:alice@alicemobile.example.com;pn-type=acme:acme-param"
    ";pn-prid=\"ZTY4ZDJlMzODE1NmUgKi0K\"",
    { PN_PUSH, PN_DIALECT_DRAFT_2017, "acme", "acme-param", "ZTY4ZDJlMzODE1NmUgKi0K" } },
  { "draft of 2017-10-30, APNs",
    "sip:u@h;pn-type=apns:DEF123GHIJ.com.yourcompany.yourexampleapp;pn-prid=00fc13adff78512",
    { PN_PUSH, PN_DIALECT_DRAFT_2017, "apns", "DEF123GHIJ.com.yourcompany.yourexampleapp",
      "00fc13adff78512", .team = "DEF123GHIJ", .bundle = "com.yourcompany.yourexampleapp",
      .topic = "com.yourcompany.yourexampleapp", .remote_token = "00fc13adff78512",
      .remote_topic = "com.yourcompany.yourexampleapp" } },
  { "draft of 2017-10-04",
    "sip:u@h;pn-type=acme;pn-token=\"ZTY4ZDJlMzODE1NmUgKi0K\"",
    { PN_PUSH, PN_DIALECT_DRAFT_OLD, "acme", NULL, "ZTY4ZDJlMzODE1NmUgKi0K" } },
  { "older Linphone on iOS",
    "sip:u@h;app-id=org.linphone.phone.voip.prod;pn-type=apple;pn-tok=" VOIP_TOKEN
    ";pn-msg-str=IM_MSG;pn-call-str=IC_MSG;pn-call-snd=ring.caf;pn-msg-snd=msg.caf;pn-timeout=0",
    { PN_PUSH, PN_DIALECT_LINPHONE_LEGACY, "apns", ".org.linphone.phone.voip", VOIP_TOKEN,
      .bundle = "org.linphone.phone", .service = "voip", .topic = "org.linphone.phone.voip",
      .voip_token = VOIP_TOKEN, .voip_topic = "org.linphone.phone.voip" } },
  { "older Linphone on iOS, test build",
    "sip:u@h;app-id=org.linphone.phone.dev;pn-type=apple;pn-tok=" VOIP_TOKEN,
    { PN_PUSH, PN_DIALECT_LINPHONE_LEGACY, "apns.dev", ".org.linphone.phone", VOIP_TOKEN,
      .bundle = "org.linphone.phone", .topic = "org.linphone.phone", .remote_token = VOIP_TOKEN,
      .remote_topic = "org.linphone.phone" } },
  { "older Linphone on Android",
    "sip:u@h;app-id=1234567;pn-type=google;pn-tok=reg-tok;pn-msg-str=IM_MSG",
    { PN_PUSH, PN_DIALECT_LINPHONE_LEGACY, "fcm", "1234567", "reg-tok" } },
  { "older Linphone with Firebase",
    "sip:u@h;app-id=1234567;pn-type=firebase;pn-tok=reg-tok",
    { PN_PUSH, PN_DIALECT_LINPHONE_LEGACY, "fcm", "1234567", "reg-tok" } },
};

static PnParams *
read_contact (const gchar *format, const gchar *text)
{
  g_autofree gchar *value =
      g_strdup_printf ("%s%s%s", format[0] == '<' ? "<" : "", text, format[0] == '<' ? ">" : "");
  g_autoptr (GError) error = NULL;
  g_autoptr (Contact) contact = contact_parse (value, &error);

  g_assert_no_error (error);
  return pn_params_from_contact (contact);
}

static void
assert_said (const PnParams *params, const PnParams *said)
{
  g_assert_cmpint (params->kind, ==, said->kind);
  g_assert_cmpstr (params->provider, ==, said->provider);
  g_assert_cmpstr (params->param, ==, said->param);
  g_assert_cmpstr (params->prid, ==, said->prid);
  g_assert_cmpstr (pn_dialect_name (params->dialect), ==, pn_dialect_name (said->dialect));
  g_assert_cmpstr (params->team, ==, said->team);
  g_assert_cmpstr (params->bundle, ==, said->bundle);
  g_assert_cmpstr (params->service, ==, said->service);
  g_assert_cmpstr (params->topic, ==, said->topic);
  g_assert_cmpstr (params->voip_token, ==, said->voip_token);
  g_assert_cmpstr (params->voip_topic, ==, said->voip_topic);
  g_assert_cmpstr (params->remote_token, ==, said->remote_token);
  g_assert_cmpstr (params->remote_topic, ==, said->remote_topic);
  g_assert_cmpstr (params->enc_key, ==, said->enc_key);
  g_assert_cmpstr (params->enc_auth, ==, said->enc_auth);
  g_assert_cmpint (params->silent, ==, said->silent);
  g_assert_true ((params->problem != NULL) == (params->kind == PN_INCOMPLETE));
}

/* Inside the URI, and outside it, where a URI without angle brackets puts them. */
static void
test_vectors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++) {
    g_autoptr (PnParams) inside = read_contact ("<>", vectors[i].uri);
    g_autoptr (PnParams) outside = read_contact ("", vectors[i].uri);
    g_autoptr (PnParams) copy = pn_params_copy (inside);

    g_test_message ("%s", vectors[i].source);
    assert_said (inside, &vectors[i].said);
    assert_said (outside, &vectors[i].said);
    assert_said (copy, &vectors[i].said);
    g_assert_true (pn_params_equal (inside, copy));
  }
}

static void
test_variants (void)
{
  static const Vector cases[] = {
    { "upper case, tokens the other way round",
      "sip:u@h;PN-PROVIDER=APNS;pn-param=T.b.c.remote&voip;pn-prid=AA:remote&BB:voip",
      { PN_PUSH, PN_DIALECT_LINPHONE, "apns", "T.b.c.remote&voip", "BB", .team = "T",
        .bundle = "b.c", .service = "voip", .topic = "b.c.voip", .voip_token = "BB",
        .voip_topic = "b.c.voip", .remote_token = "AA", .remote_topic = "b.c" } },
    { "one token that names its service",
      "sip:u@h;pn-provider=apns.dev;pn-param=T.b.remote;pn-prid=AA:remote",
      { PN_PUSH, PN_DIALECT_LINPHONE, "apns.dev", "T.b.remote", "AA", .team = "T", .bundle = "b",
        .service = "remote", .topic = "b", .remote_token = "AA", .remote_topic = "b" } },
    { "escaped ampersand and colon",
      "sip:u@h;pn-provider=apns;pn-param=T.b.voip%26remote;pn-prid=AA%3Avoip%26BB%3Aremote",
      { PN_PUSH, PN_DIALECT_LINPHONE, "apns", "T.b.voip&remote", "AA", .team = "T", .bundle = "b",
        .service = "voip", .topic = "b.voip", .voip_token = "AA", .voip_topic = "b.voip",
        .remote_token = "BB", .remote_topic = "b" } },
    { "keys of the draft in an RFC 8599 push",
      "sip:u@h;pn-provider=webpush;pn-prid=https://p/1;pn-enckey=BA1%3D;pn-encsec=\"s3\"",
      { PN_PUSH, PN_DIALECT_RFC8599, "webpush", NULL, "https://p/1",
        .enc_key = "BA1=", .enc_auth = "s3" } },
    { "the draft with keys and an escaped colon",
      "sip:u@h;pn-type=\"web%3Apush:a%3Ab\";pn-prid=x;pn-enckey=k;pn-enccode=c",
      { PN_NONE, PN_DIALECT_DRAFT_2017 } },
    { "the draft with keys",
      "sip:u@h;pn-type=acme:a%3Ab;pn-prid=x;pn-enckey=k;pn-enccode=c",
      { PN_PUSH, PN_DIALECT_DRAFT_2017, "acme", "a:b", "x", .enc_key = "k", .enc_auth = "c" } },
    { "Windows Phone, for which there is no service any more",
      "sip:u@h;app-id=db3.notify.example.com;pn-type=wp;pn-tok=/x/y",
      { PN_PUSH, PN_DIALECT_LINPHONE_LEGACY, "wp", "db3.notify.example.com", "/x/y" } },
    { "a query cut off, pn-prid last",
      "sip:u@h;pn-provider=webpush;pn-prid=https://p/1?x=1&y=2",
      { PN_PUSH, PN_DIALECT_RFC8599, "webpush", NULL, "https://p/1?x=1&y=2" } },
    { "a query cut off with the parameters behind it",
      "sip:u@h;pn-prid=https://p/1?x=1;pn-provider=webpush;pn-enckey=k",
      { PN_PUSH, PN_DIALECT_RFC8599, "webpush", NULL, "https://p/1?x=1", .enc_key = "k" } },
    { "a quoted query needs no repair",
      "sip:u@h;pn-provider=webpush;pn-prid=\"https://p/1?x=1;y\"",
      { PN_PUSH, PN_DIALECT_RFC8599, "webpush", NULL, "https://p/1?x=1;y" } },
    { "URI headers of their own are not the push URL's",
      "sip:u@h;pn-prid=https://p/1;pn-provider=webpush?x=1",
      { PN_PUSH, PN_DIALECT_RFC8599, "webpush", NULL, "https://p/1" } },
    { "pn-type without any token", "sip:u@h;pn-type=apple;app-id=x", { PN_NONE } },
    { "a token without pn-type", "sip:u@h;pn-tok=x;pn-prid=y", { PN_NONE } },
    { "a provider that is no word", "sip:u@h;pn-provider=a%22b;pn-prid=x", { PN_NONE } },
    { "a PURR alone", "sip:u@h;pn-purr=abc", { PN_NONE } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (PnParams) params = read_contact ("<>", cases[i].uri);

    g_test_message ("%s", cases[i].source);
    assert_said (params, &cases[i].said);
  }
}

static void
test_incomplete (void)
{
  static const gchar *const uris[] = {
    "sip:u@h;pn-provider;pn-prid=x",
    "sip:u@h;pn-provider=apns;pn-prid;pn-param=T.b",
    "sip:u@h;pn-provider=apns;pn-prid=AA",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=nodot",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=.b",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=T.",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=T..voip",
    "sip:u@h;pn-provider=apns;pn-prid=../x;pn-param=T.b.voip",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=T.b%0Ax.voip",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=T.b/c.voip",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=T.b.voip&remote",
    "sip:u@h;pn-provider=apns;pn-prid=AA&BB;pn-param=T.b.voip&remote",
    "sip:u@h;pn-provider=apns;pn-prid=AA;pn-param=T.b.voip&voip",
    "sip:u@h;pn-provider=apns;pn-prid=AA:voip&BB:voip;pn-param=T.b.voip&remote",
    "sip:u@h;pn-provider=apns;pn-prid=AA:voip&BB:remote;pn-param=T.b.voip",
    "sip:u@h;pn-provider=apns;pn-prid=AA:voip&BB:remote&CC:x;pn-param=T.b.voip&remote",
    "sip:u@h;pn-provider=apns;pn-prid=AA:voip;pn-param=T.b",
    "sip:u@h;pn-provider=apns;pn-prid=AA:x;pn-param=T.b",
    "sip:u@h;pn-provider=fcm;pn-prid=x",
    "sip:u@h;pn-provider=fcm;pn-prid=x;pn-param=",
    "sip:u@h;pn-provider=fcm;pn-prid=x%zz;pn-param=1",
    "sip:u@h;pn-provider=fcm;pn-prid=x%00;pn-param=1",
    "sip:u@h;pn-provider=fcm;pn-prid=x%0d%0aHost:y;pn-param=1",
    "sip:u@h;pn-provider=fcm;pn-prid=%ff%fe;pn-param=1",
    "sip:u@h;pn-provider=webpush;pn-prid=http://p/1",
    "sip:u@h;pn-provider=webpush;pn-prid=https://",
    "sip:u@h;pn-type=apns:nodot;pn-prid=AA",
    "sip:u@h;pn-type=apns;pn-token=AA",
    "sip:u@h;pn-type=acme:%0a;pn-prid=AA",
    "sip:u@h;pn-type=apple;pn-tok=AA",
    "sip:u@h;pn-type=apple;pn-tok=A/A;app-id=b",
    "sip:u@h;pn-type=apple;pn-tok=AA;app-id=.voip.dev",
    "sip:u@h;pn-type=google;pn-tok;app-id=1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++) {
    g_autoptr (PnParams) params = read_contact ("<>", uris[i]);

    g_test_message ("%s", uris[i]);
    g_assert_cmpint (params->kind, ==, PN_INCOMPLETE);
    g_assert_nonnull (params->problem);
  }
}

static void
test_headers (void)
{
  static const struct {
    const gchar *name, *value;
    PnParams said;
  } cases[] = {
    { "x-p-push",
      "device-os=ios;device-uid=AA|BB;allow-call-push=true;allow-message-push=true;app-id=c.b",
      { PN_PUSH, PN_DIALECT_PORTSIP, "apns", ".c.b.voip", "AA", .bundle = "c.b", .service = "voip",
        .topic = "c.b.voip", .voip_token = "AA", .voip_topic = "c.b.voip", .remote_token = "BB",
        .remote_topic = "c.b" } },
    { "PortSIP-Push",
      "device-os=ios; device-uid=AA; app-id=c.b",
      { PN_PUSH, PN_DIALECT_PORTSIP, "apns", ".c.b.voip", "AA", .bundle = "c.b", .service = "voip",
        .topic = "c.b.voip", .voip_token = "AA", .voip_topic = "c.b.voip" } },
    { "X-Push",
      "device-os=android;device-uid=a:b_c;allow-call-push=true;app-id=c.b",
      { PN_PUSH, PN_DIALECT_PORTSIP, "fcm", "c.b", "a:b_c" } },
    { "x-p-push",
      "device-os=ios;device-uid=AA;allow-call-push=false;app-id=c.b",
      { PN_NONE, PN_DIALECT_PORTSIP } },
    { "x-p-push", "device-os=symbian;device-uid=AA;app-id=c.b", { PN_NONE, PN_DIALECT_PORTSIP } },
    { "x-p-push",
      "device-os=ios;device-uid=|;app-id=c.b",
      { PN_INCOMPLETE, PN_DIALECT_PORTSIP, "apns", "c.b", .bundle = "c.b" } },
    { "x-p-push", "device-os=ios;device-uid=AA", { PN_INCOMPLETE, PN_DIALECT_PORTSIP, "apns" } },
    { "x-p-push", "\"", { PN_NONE, PN_DIALECT_PORTSIP } },
    { "X-MPUSH",
      " i:c.b.voip:AA ",
      { PN_PUSH, PN_DIALECT_MIZU, "apns", ".c.b.voip", "AA", .bundle = "c.b", .service = "voip",
        .topic = "c.b.voip", .voip_token = "AA", .voip_topic = "c.b.voip" } },
    { "x-mpush",
      "a:com.example.app:tok:en",
      { PN_PUSH, PN_DIALECT_MIZU, "fcm", "com.example.app", "tok:en" } },
    { "x-mpush", "i:c.b", { PN_NONE, PN_DIALECT_MIZU } },
    { "x-mpush", "z:c.b:AA", { PN_NONE, PN_DIALECT_MIZU } },
    { "x-mpush", "a::", { PN_INCOMPLETE, PN_DIALECT_MIZU, "fcm", "", "" } },
    { "Subject", "i:c.b:AA", { PN_NONE } },
  };
  g_autofree gchar *fill = g_strnfill (5000, 'x');
  g_autofree gchar *endless = g_strdup_printf ("a:b:%s", fill);
  g_autoptr (PnParams) too_long = pn_params_from_header ("x-mpush", endless);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (PnParams) params = pn_params_from_header (cases[i].name, cases[i].value);

    g_test_message ("%s: %s", cases[i].name, cases[i].value);
    assert_said (params, &cases[i].said);
  }
  g_assert_cmpint (too_long->kind, ==, PN_NONE);
}

static void
test_equal (void)
{
  static const gchar plain[] = "sip:u@h;pn-provider=fcm;pn-param=1;pn-prid=a:b";
  static const gchar *const same[] = {
    "sip:u@other:7;x;pn-prid=a%3ab;pn-param=1;pn-provider=FCM",
    "sip:u@h;pn-type=fcm:1;pn-prid=\"a:b\"",
  };
  static const gchar *const different[] = {
    "sip:u@h;pn-provider=fcm;pn-param=1;pn-prid=A:b",
    "sip:u@h;pn-provider=fcm;pn-param=2;pn-prid=a:b",
    "sip:u@h;pn-provider=acme;pn-param=1;pn-prid=a:b",
    "sip:u@h;pn-provider=fcm;pn-param=1;pn-prid=a:b;pn-enckey=k",
    "sip:u@h;pn-provider=fcm",
    "sip:u@h",
  };
  g_autoptr (PnParams) params = read_contact ("<>", plain);

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++) {
    g_autoptr (PnParams) other = read_contact ("<>", same[i]);

    g_assert_true (pn_params_equal (params, other));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (different); i++) {
    g_autoptr (PnParams) other = read_contact ("<>", different[i]);

    g_assert_false (pn_params_equal (params, other));
  }
}

static void
test_names (void)
{
  g_assert_true (pn_name_is_push ("pn-prid"));
  g_assert_true (pn_name_is_push ("PN-call-remote-push-interval"));
  g_assert_true (pn_name_is_push ("App-Id"));
  g_assert_false (pn_name_is_push ("transport"));
  g_assert_false (pn_name_is_push ("pn"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pn-params/vectors", test_vectors);
  g_test_add_func ("/pn-params/variants", test_variants);
  g_test_add_func ("/pn-params/incomplete", test_incomplete);
  g_test_add_func ("/pn-params/headers", test_headers);
  g_test_add_func ("/pn-params/equal", test_equal);
  g_test_add_func ("/pn-params/names", test_names);
  return g_test_run ();
}
