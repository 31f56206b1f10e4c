/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/edge-certificate.h"

#include <glib.h>
#include <openssl/x509v3.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

/* Unsigned: only its names are read. */
static X509 *
certificate_with (const gchar *common_name, const gchar *names)
{
  X509 *certificate = X509_new ();

  if (common_name)
    X509_NAME_add_entry_by_txt (X509_get_subject_name (certificate), "CN", MBSTRING_ASC,
                                (const guint8 *) common_name, -1, -1, 0);
  if (names) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, NID_subject_alt_name, names);

    g_assert_nonnull (extension);
    X509_add_ext (certificate, extension, -1);
    X509_EXTENSION_free (extension);
  }
  return certificate;
}

static gchar *
join (GPtrArray *names)
{
  g_autoptr (GPtrArray) owned = names;
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < owned->len; i++)
    g_string_append_printf (text, "%s%s", i ? " " : "", (const gchar *) owned->pdata[i]);
  return g_string_free (text, FALSE);
}

/* RFC 5922 section 7.1 */
static void
test_identities (void)
{
  static const struct {
    const gchar *names;
    const gchar *identities;
    const gchar *hosts;
  } cases[] = {
    { NULL, "cn.example", "cn.example" },
    { "URI:sip:A.example,DNS:b.example", "a.example", "b.example a.example" },
    { "URI:sip:a.example,URI:SIP:c.example;transport=tls", "a.example c.example",
      "a.example c.example" },
    { "DNS:b.example,DNS:*.b.example", "b.example *.b.example", "b.example *.b.example" },
    { "URI:sips:a.example,DNS:b.example", "b.example", "b.example" },
    { "URI:sip:bob@a.example", "", "" },
    { "URI:http://a.example", "", "" },
    { "IP:192.0.2.1", "", "" },
    { "email:a@b.example", "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (X509) certificate = certificate_with ("CN.example", cases[i].names);
    g_autofree gchar *identities = join (edge_certificate_identities (certificate));
    g_autofree gchar *hosts = join (edge_certificate_hosts (certificate));

    g_assert_cmpstr (identities, ==, cases[i].identities);
    g_assert_cmpstr (hosts, ==, cases[i].hosts);
  }
}

/* RFC 5922 section 7.2 */
static void
test_proofs (void)
{
  static const struct {
    const gchar *names;
    const gchar *name;
    gboolean proven;
  } cases[] = {
    { "URI:sip:pbx.example", "PBX.example", TRUE },
    { "URI:sip:pbx.example", "sub.pbx.example", FALSE },
    { "URI:sip:pbx.example,DNS:host.example", "host.example", FALSE },
    { "DNS:pbx.example", "pbx.example", TRUE },
    { "DNS:*.example", "pbx.example", FALSE },
    { "DNS:*.example", "*.example", FALSE },
    { "IP:192.0.2.1", "192.0.2.1", TRUE },
    { "IP:192.0.2.1", "192.0.2.2", FALSE },
    { "IP:2001:DB8::1", "2001:db8:0::1", TRUE },
    { "DNS:pbx.example", "cn.example", FALSE },
    { NULL, "cn.example", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (X509) certificate = certificate_with ("cn.example", cases[i].names);

    g_test_message ("case %" G_GSIZE_FORMAT, i);
    g_assert_cmpint (edge_certificate_proves (certificate, cases[i].name), ==, cases[i].proven);
  }
}

static void
test_nul_hides_nothing (void)
{
  g_autoptr (X509) certificate = X509_new ();
  g_autofree gchar *identities = NULL;

  X509_NAME_add_entry_by_txt (X509_get_subject_name (certificate), "CN", MBSTRING_ASC,
                              (const guint8 *) "pbx.example\0.evil.example", 25, -1, 0);
  identities = join (edge_certificate_identities (certificate));
  g_assert_cmpstr (identities, ==, "");
  g_assert_false (edge_certificate_proves (certificate, "pbx.example"));
}

static void
test_names_of_a_client (void)
{
  static const struct {
    const gchar *common_name;
    const gchar *names;
    const gchar *proven;
  } cases[] = {
    { "ignored", "URI:sip:Alice@a.example", "Alice@a.example" },
    { "ignored", "URI:SIP:alice@a.example;transport=tls,email:bob@a.example",
      "alice@a.example bob@a.example" },
    { "ignored", "URI:sip:alice@a.example,URI:sip:a.example,DNS:a.example", "alice@a.example" },
    { "ignored", "email:alice@a.example,DNS:a.example", "alice@a.example" },
    { "ignored", "URI:sip:a.example,DNS:b.example", "a.example" },
    { "ignored", "DNS:a.example,DNS:b.example", "a.example b.example" },
    { "ignored", "URI:sips:alice@a.example;transport=tls", "alice@a.example" },
    { "ignored", "URI:SIPS:alice@a.example,DNS:a.example", "alice@a.example" },
    { "ignored", "URI:mailto:alice@a.example,DNS:a.example", "" },
    { "ignored", "URI:mailto:alice@a.example,email:bob@a.example", "bob@a.example" },
    { "ignored", "email:a.example,DNS:a.example", "" },
    { "ignored", "URI:http://b.example,DNS:a.example", "a.example" },
    { "ignored", "IP:192.0.2.1", "" },
    { "Alice@a.example", NULL, "Alice@a.example" },
    { "a.example", NULL, "a.example" },
    { NULL, NULL, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (X509) certificate = certificate_with (cases[i].common_name, cases[i].names);
    g_auto (GStrv) names = edge_certificate_names (certificate);
    g_autofree gchar *proven = g_strjoinv (" ", names);

    g_test_message ("case %" G_GSIZE_FORMAT, i);
    g_assert_cmpstr (proven, ==, cases[i].proven);
  }
}

static void
add_name (GENERAL_NAMES *names, int type, const gchar *bytes, int size)
{
  GENERAL_NAME *name = GENERAL_NAME_new ();
  ASN1_IA5STRING *text = ASN1_IA5STRING_new ();

  ASN1_STRING_set (text, bytes, size);
  GENERAL_NAME_set0_value (name, type, text);
  sk_GENERAL_NAME_push (names, name);
}

/* A user whose name cannot be read is a user all the same. */
static void
test_nul_opens_no_domain (void)
{
  static const struct {
    int type;
    const gchar *bytes;
    int size;
  } cases[] = {
    { GEN_EMAIL, "alice@a.example\0.b.example", 26 },
    { GEN_URI, "sip:alice\0@a.example", 20 },
    { GEN_URI, "sip:alice@a.example\0", 20 },
    { GEN_EMAIL, "", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (X509) certificate = certificate_with ("a.example", NULL);
    GENERAL_NAMES *names = GENERAL_NAMES_new ();
    g_auto (GStrv) proven = NULL;

    add_name (names, cases[i].type, cases[i].bytes, cases[i].size);
    add_name (names, GEN_DNS, "a.example", 9);
    g_assert_cmpint (X509_add1_ext_i2d (certificate, NID_subject_alt_name, names, 0, 0), ==, 1);
    GENERAL_NAMES_free (names);
    proven = edge_certificate_names (certificate);
    g_test_message ("case %" G_GSIZE_FORMAT, i);
    g_assert_cmpuint (g_strv_length (proven), ==, 0);
  }
}

static void
assert_proves_nobody (X509 *certificate)
{
  g_auto (GStrv) names = edge_certificate_names (certificate);
  g_autofree gchar *identities = join (edge_certificate_identities (certificate));
  g_autofree gchar *hosts = join (edge_certificate_hosts (certificate));

  g_assert_cmpuint (g_strv_length (names), ==, 0);
  g_assert_cmpstr (identities, ==, "");
  g_assert_cmpstr (hosts, ==, "");
}

/* Alternative names that cannot be read are no reason to believe the common name. */
static void
test_unreadable_names (void)
{
  g_autoptr (X509) doubled = certificate_with ("a.example", "URI:sip:alice@a.example");
  g_autoptr (X509) malformed = certificate_with ("a.example", NULL);
  ASN1_OCTET_STRING *garbage = ASN1_OCTET_STRING_new ();
  X509_EXTENSION *extension;

  X509_add_ext (doubled, X509_get_ext (doubled, 0), -1);
  assert_proves_nobody (doubled);

  ASN1_OCTET_STRING_set (garbage, (const guint8 *) "\x30\x05\x86", 3);
  extension = X509_EXTENSION_create_by_NID (NULL, NID_subject_alt_name, 0, garbage);
  X509_add_ext (malformed, extension, -1);
  X509_EXTENSION_free (extension);
  ASN1_OCTET_STRING_free (garbage);
  assert_proves_nobody (malformed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-certificate/identities", test_identities);
  g_test_add_func ("/edge-certificate/proofs", test_proofs);
  g_test_add_func ("/edge-certificate/names-of-a-client", test_names_of_a_client);
  g_test_add_func ("/edge-certificate/nul-hides-nothing", test_nul_hides_nothing);
  g_test_add_func ("/edge-certificate/nul-opens-no-domain", test_nul_opens_no_domain);
  g_test_add_func ("/edge-certificate/unreadable-names", test_unreadable_names);
  return g_test_run ();
}
