/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-certificate: the names that stand in an X.509 certificate.
 *
 * Three readings: the host names that a client may ask for by SNI, wildcards included; the SIP
 * domains that the certificate proves (RFC 5922 section 7), wildcards excluded; and those for whom a
 * client with this certificate may speak. Pure; edge-tls and edge-entrance call it.
 */
#include "edge/edge-certificate.h"

#include <openssl/x509v3.h>
#include <string.h>

/* NULL when the name holds a NUL, which would end it early for whoever reads it as a string. */
static gchar *
asn1_to_string (const ASN1_STRING *text)
{
  const gchar *bytes = (const gchar *) ASN1_STRING_get0_data (text);
  int size = ASN1_STRING_length (text);

  if (size <= 0 || memchr (bytes, '\0', (size_t) size))
    return NULL;
  return g_strndup (bytes, (gsize) size);
}

/*
 * The common name counts where there are no alternative names at all; they are there, and name
 * nobody, when they are malformed or stand twice.
 */
static GENERAL_NAMES *
alternative_names (X509 *certificate, gboolean *lacking)
{
  int critical;
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, &critical, NULL);

  *lacking = !names && critical == -1;
  return names;
}

static gchar *
common_name (X509 *certificate)
{
  X509_NAME *subject = X509_get_subject_name (certificate);
  int at = X509_NAME_get_index_by_NID (subject, NID_commonName, -1);

  if (at < 0)
    return NULL;
  return asn1_to_string (X509_NAME_ENTRY_get_data (X509_NAME_get_entry (subject, at)));
}

static void
add_lower (GPtrArray *names, const gchar *name)
{
  if (name)
    g_ptr_array_add (names, g_ascii_strdown (name, -1));
}

/* RFC 5922 section 7.1: scheme sip alone, and no user part. */
static gchar *
uri_to_domain (const gchar *uri)
{
  const gchar *host;
  gsize size;

  if (!uri || g_ascii_strncasecmp (uri, "sip:", 4) != 0)
    return NULL;
  host = uri + 4;
  size = strcspn (host, ";?");
  if (size == 0 || memchr (host, '@', size))
    return NULL;
  return g_strndup (host, size);
}

static gchar *
ip_to_string (const ASN1_OCTET_STRING *ip)
{
  g_autoptr (GInetAddress) address = NULL;
  int size = ASN1_STRING_length (ip);

  if (size != 4 && size != 16)
    return NULL;
  address = g_inet_address_new_from_bytes (ASN1_STRING_get0_data (ip),
                                           size == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (address);
}

static void
collect (const GENERAL_NAMES *names, int type, GPtrArray *found)
{
  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
    g_autofree gchar *text = NULL;
    g_autofree gchar *domain = NULL;

    if (name->type != type)
      continue;
    if (type == GEN_IPADD) {
      text = ip_to_string (name->d.iPAddress);
      add_lower (found, text);
      continue;
    }
    text = asn1_to_string (name->d.ia5);
    if (type == GEN_URI)
      domain = uri_to_domain (text);
    add_lower (found, type == GEN_URI ? domain : text);
  }
}

/**
 * edge_certificate_hosts:
 * @certificate: a certificate
 *
 * Returns: (transfer full) (element-type utf8): the host names it serves, in lower case, as
 *   written ("*.example.com" too); the common name when it has no alternative names
 */
GPtrArray *
edge_certificate_hosts (X509 *certificate)
{
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_free);
  gboolean lacking;
  GENERAL_NAMES *names = alternative_names (certificate, &lacking);
  g_autofree gchar *name = lacking ? common_name (certificate) : NULL;

  add_lower (hosts, name);
  if (names) {
    collect (names, GEN_DNS, hosts);
    collect (names, GEN_URI, hosts);
    GENERAL_NAMES_free (names);
  }
  return hosts;
}

/**
 * edge_certificate_identities:
 * @certificate: a certificate
 *
 * RFC 5922 section 7.1: the URIs of scheme sip in the alternative names; where there is none, the
 * DNS names; the common name only where there are no alternative names at all.
 *
 * Returns: (transfer full) (element-type utf8): the SIP domains it proves, in lower case
 */
GPtrArray *
edge_certificate_identities (X509 *certificate)
{
  GPtrArray *identities = g_ptr_array_new_with_free_func (g_free);
  gboolean lacking;
  GENERAL_NAMES *names = alternative_names (certificate, &lacking);
  g_autofree gchar *name = lacking ? common_name (certificate) : NULL;

  add_lower (identities, name);
  if (names) {
    collect (names, GEN_URI, identities);
    if (identities->len == 0)
      collect (names, GEN_DNS, identities);
    GENERAL_NAMES_free (names);
  }
  return identities;
}

static gboolean
has_name (const GPtrArray *names, const gchar *name)
{
  for (guint i = 0; i < names->len; i++)
    if (g_ascii_strcasecmp (names->pdata[i], name) == 0)
      return TRUE;
  return FALSE;
}

/* A PBX without a domain has a numeric address, about which RFC 5922 is silent. */
static gboolean
proves_address (X509 *certificate, const gchar *address)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);
  g_autofree gchar *canonical = g_inet_address_to_string (parsed);
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);

  if (!names)
    return FALSE;
  collect (names, GEN_IPADD, addresses);
  GENERAL_NAMES_free (names);
  return has_name (addresses, canonical);
}

/**
 * edge_certificate_proves:
 * @certificate: a certificate whose chain has been verified
 * @name: the SIP domain that was to be reached, or a numeric address
 *
 * RFC 5922 section 7.2: compared without case, and a wildcard matches nothing.
 *
 * Returns: whether the certificate proves it
 */
gboolean
edge_certificate_proves (X509 *certificate, const gchar *name)
{
  g_autoptr (GPtrArray) identities = edge_certificate_identities (certificate);

  if (strchr (name, '*'))
    return FALSE;
  if (has_name (identities, name))
    return TRUE;
  return g_hostname_is_ip_address (name) && proves_address (certificate, name);
}

/* A user's SIP URI without scheme and parameters, or a mail address. */
static gchar *
name_to_user (const GENERAL_NAME *name)
{
  g_autofree gchar *text = asn1_to_string (name->d.ia5);
  const gchar *at = text ? strchr (text, '@') : NULL;
  gsize scheme = 0;

  if (!at)
    return NULL;
  if (name->type == GEN_EMAIL)
    return g_steal_pointer (&text);
  if (g_ascii_strncasecmp (text, "sip:", 4) == 0)
    scheme = 4;
  else if (g_ascii_strncasecmp (text, "sips:", 5) == 0)
    scheme = 5;
  return scheme ? g_strndup (text + scheme, (gsize) (at - text) - scheme + strcspn (at, ";?"))
                : NULL;
}

static gboolean
is_meant_for_user (const GENERAL_NAME *name)
{
  int size;

  if (name->type != GEN_URI)
    return name->type == GEN_EMAIL;
  size = ASN1_STRING_length (name->d.ia5);
  return size > 0 && memchr (ASN1_STRING_get0_data (name->d.ia5), '@', (gsize) size);
}

/* Whether there are any; @users has those whose form we keep. */
static gboolean
collect_users (const GENERAL_NAMES *names, GPtrArray *users)
{
  gboolean any = FALSE;

  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
    gchar *user;

    if (!is_meant_for_user (name))
      continue;
    any = TRUE;
    user = name_to_user (name);
    if (user)
      g_ptr_array_add (users, user);
  }
  return any;
}

/**
 * edge_certificate_names:
 * @certificate: a client's certificate whose chain has been verified
 *
 * The users that it names: SIP and SIPS URIs and mail addresses among the alternative names. One
 * that names no user, not even in a form that is not understood, speaks for the whole of the
 * domains that RFC 5922 section 7.1 finds in it. Where there are no alternative names at all, the
 * common name is one or the other.
 *
 * Returns: (transfer full) (array zero-terminated=1): "user@domain" or "domain", each as written
 */
GStrv
edge_certificate_names (X509 *certificate)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  gboolean lacking;
  GENERAL_NAMES *names = alternative_names (certificate, &lacking);
  gchar *name = lacking ? common_name (certificate) : NULL;

  if (name)
    g_ptr_array_add (found, name);
  if (names && !collect_users (names, found))
    g_ptr_array_extend_and_steal (found, edge_certificate_identities (certificate));
  GENERAL_NAMES_free (names);
  g_ptr_array_add (found, NULL);
  return (GStrv) g_ptr_array_steal (found, NULL);
}
