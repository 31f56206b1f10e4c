/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-url: judges the URL that a phone wants to be woken by (RFC 8599 section 12).
 *
 * It takes less than RFC 3986 and writes anew what it took, so that no other parser can read a
 * different host in it.
 */
#include "push/push-url.h"

#include "base/error.h"

#include <string.h>

#define SCHEME "https://"
#define MAX_LENGTH 4096 /* a Contact, which brings it, is no longer */
#define NAME_CHARACTERS                                                                            \
  "abcdefghijklmnopqrstuvwxyz"                                                                     \
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                                     \
  "0123456789-._"
#define ADDRESS_CHARACTERS "0123456789abcdefABCDEF:."

static gchar *
refuse (GError **error, const gchar *what)
{
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The push URL %s", what);
  return NULL;
}

static gsize
host_length (const gchar *host)
{
  gsize length;

  if (*host != '[')
    return strspn (host, NAME_CHARACTERS);
  length = 1 + strspn (host + 1, ADDRESS_CHARACTERS);
  return length > 1 && host[length] == ']' ? length + 1 : 0;
}

/* Returns what follows the port, or NULL when it is none. */
static const gchar *
read_port (const gchar *text, guint *port)
{
  gsize digits;

  *port = 443;
  if (*text != ':')
    return text;
  digits = strspn (text + 1, "0123456789");
  if (digits == 0 || digits > 5)
    return NULL;
  *port = (guint) g_ascii_strtoull (text + 1, NULL, 10);
  return *port >= 1 && *port <= 65535 ? text + 1 + digits : NULL;
}

/**
 * push_url_parse:
 * @url: a push URL
 * @origin: (out) (optional) (transfer full): its origin (RFC 6454 section 6.2): https://host in
 *   lower case, and the port where it is not 443
 * @error: what is wrong with it
 *
 * Takes https only, without user information, of at most 4096 visible ASCII characters.
 *
 * Returns: (transfer full) (nullable): the URL as it is to be requested
 */
gchar *
push_url_parse (const gchar *url, gchar **origin, GError **error)
{
  const gchar *host = url + strlen (SCHEME), *rest;
  g_autofree gchar *name = NULL, *base = NULL, *path = NULL;
  gsize length = strlen (url), size;
  guint port;

  if (length > MAX_LENGTH)
    return refuse (error, "is longer than 4096 characters");
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (url[i]) || url[i] == '\\')
      return refuse (error, "has characters that no URL has");
  if (g_ascii_strncasecmp (url, SCHEME, strlen (SCHEME)) != 0)
    return refuse (error, "is not https");
  if (memchr (host, '@', strcspn (host, "/?#")))
    return refuse (error, "has user information");

  size = host_length (host);
  rest = size ? read_port (host + size, &port) : NULL;
  if (!rest || !strchr ("/?#", *rest))
    return refuse (error, "names no host and port");
  name = g_ascii_strdown (host, (gssize) size);
  base =
      port == 443 ? g_strconcat (SCHEME, name, NULL) : g_strdup_printf (SCHEME "%s:%u", name, port);
  path = g_strndup (rest, strcspn (rest, "#"));
  url = g_strconcat (base, *path == '/' ? "" : "/", path, NULL);
  if (origin)
    *origin = g_steal_pointer (&base);
  return (gchar *) url;
}
