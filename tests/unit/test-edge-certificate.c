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
    { "ignored", "URI:sips:alice@a.example", "" },
    { "ignored", "URI:mailto:alice@a.example", "" },
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-certificate/identities", test_identities);
  g_test_add_func ("/edge-certificate/proofs", test_proofs);
  g_test_add_func ("/edge-certificate/names-of-a-client", test_names_of_a_client);
  g_test_add_func ("/edge-certificate/nul-hides-nothing", test_nul_hides_nothing);
  return g_test_run ();
}
