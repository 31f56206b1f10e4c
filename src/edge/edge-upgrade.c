/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-upgrade: the HTTP request that turns a connection into a WebSocket, and its answer.
 *
 * RFC 6455 section 4.2 for the handshake, RFC 7118 section 4.2 for the subprotocol "sip". Pure;
 * edge-connection reads and writes the bytes.
 */
#include "edge/edge-upgrade.h"

#include <openssl/evp.h>
#include <string.h>

#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_SIZE 24 /* 16 bytes in base64 */
#define MAX_HEADERS 64

typedef struct {
  gboolean host;
  gboolean upgrade;
  gboolean connection;
  gboolean protocol;
  gchar *version;
  gchar *key;
  gchar *origin;
} Request;

static void
request_clear (Request *request)
{
  g_free (request->version);
  g_free (request->key);
  g_free (request->origin);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

static void
refuse (EdgeUpgrade *upgrade, guint status, const gchar *cause)
{
  upgrade->verdict = EDGE_UPGRADE_REFUSED;
  upgrade->status = status;
  upgrade->cause = cause;
}

static gboolean
list_has (const gchar *list, const gchar *word, gboolean ignore_case)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  for (gsize i = 0; words[i]; i++) {
    g_strstrip (words[i]);
    if (ignore_case ? g_ascii_strcasecmp (words[i], word) == 0 : g_str_equal (words[i], word))
      return TRUE;
  }
  return FALSE;
}

static void
keep_value (gchar **place, const gchar *value)
{
  g_free (*place);
  *place = g_strdup (value);
}

static void
take_header (Request *request, const gchar *name, const gchar *value)
{
  if (g_ascii_strcasecmp (name, "Host") == 0)
    request->host = TRUE;
  else if (g_ascii_strcasecmp (name, "Upgrade") == 0)
    request->upgrade |= list_has (value, "websocket", TRUE);
  else if (g_ascii_strcasecmp (name, "Connection") == 0)
    request->connection |= list_has (value, "upgrade", TRUE);
  else if (g_ascii_strcasecmp (name, "Sec-WebSocket-Protocol") == 0)
    request->protocol |= list_has (value, "sip", FALSE);
  else if (g_ascii_strcasecmp (name, "Sec-WebSocket-Version") == 0)
    keep_value (&request->version, value);
  else if (g_ascii_strcasecmp (name, "Sec-WebSocket-Key") == 0)
    keep_value (&request->key, value);
  else if (g_ascii_strcasecmp (name, "Origin") == 0)
    keep_value (&request->origin, value);
}

static gboolean
take_headers (gchar **lines, Request *request, EdgeUpgrade *upgrade)
{
  gsize n = 0;

  for (; lines[n]; n++) {
    gchar *colon = strchr (lines[n], ':');

    if (n >= MAX_HEADERS) {
      refuse (upgrade, 431, "too many header fields");
      return FALSE;
    }
    if (!colon || colon == lines[n] || g_ascii_isspace (lines[n][0]) ||
        g_ascii_isspace (colon[-1])) {
      refuse (upgrade, 400, "malformed header field");
      return FALSE;
    }
    *colon = '\0';
    take_header (request, lines[n], g_strstrip (colon + 1));
  }
  return TRUE;
}

static gboolean
key_is_sane (const gchar *key)
{
  g_autofree guchar *decoded = NULL;
  gsize size;

  if (!key || strlen (key) != KEY_SIZE)
    return FALSE;
  decoded = g_base64_decode (key, &size);
  return size == 16;
}

static gboolean
origin_is_allowed (const gchar *origin, const gchar *const *origins)
{
  if (!origins || !origin)
    return TRUE;
  for (gsize i = 0; origins[i]; i++)
    if (g_ascii_strcasecmp (origins[i], origin) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
path_matches (const gchar *target, const gchar *path)
{
  gsize size = strcspn (target, "?#");

  return !path || (strlen (path) == size && strncmp (target, path, size) == 0);
}

static void
fill_accept (EdgeUpgrade *upgrade, const gchar *key)
{
  g_autofree gchar *text = g_strconcat (key, WEBSOCKET_GUID, NULL);
  guint8 digest[EVP_MAX_MD_SIZE];
  guint size = 0;

  EVP_Digest (text, strlen (text), digest, &size, EVP_sha1 (), NULL);
  EVP_EncodeBlock ((guint8 *) upgrade->accept, digest, (int) size);
}

static void
judge (const gchar *line,
       const Request *request,
       const gchar *path,
       const gchar *const *origins,
       EdgeUpgrade *upgrade)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);

  if (g_strv_length (words) != 3 || !g_str_has_prefix (words[2], "HTTP/"))
    return refuse (upgrade, 400, "no HTTP request");
  if (!g_str_equal (words[0], "GET"))
    return refuse (upgrade, 405, "only GET opens a WebSocket");
  if (!g_str_equal (words[2], "HTTP/1.1"))
    return refuse (upgrade, 505, "a WebSocket needs HTTP/1.1");
  if (!path_matches (words[1], path))
    return refuse (upgrade, 404, "no WebSocket at this path");
  if (!request->upgrade || !request->connection)
    return refuse (upgrade, 426, "this port speaks WebSocket only");
  if (!request->version || !g_str_equal (request->version, "13"))
    return refuse (upgrade, 426, "WebSocket version 13 is needed");
  if (!request->host || !key_is_sane (request->key))
    return refuse (upgrade, 400, "Host or Sec-WebSocket-Key is missing or malformed");
  if (!origin_is_allowed (request->origin, origins))
    return refuse (upgrade, 403, "this origin is not allowed");
  if (!request->protocol)
    return refuse (upgrade, 400, "the subprotocol sip is needed");
  upgrade->verdict = EDGE_UPGRADE_ACCEPTED;
  fill_accept (upgrade, request->key);
}

/**
 * edge_upgrade_parse:
 * @bytes: (array length=size): all that came so far
 * @size: how much
 * @path: (nullable): the path that is served; %NULL for any
 * @origins: (nullable): the origins that are let in; %NULL for any. A client without Origin is no
 *   browser and could as well have written whatever we want to read.
 * @upgrade: (out caller-allocates): EDGE_UPGRADE_MORE while the request is not complete; else the
 *   verdict, and in eaten the request's size: what follows are frames already
 */
void
edge_upgrade_parse (const guint8 *bytes,
                    gsize size,
                    const gchar *path,
                    const gchar *const *origins,
                    EdgeUpgrade *upgrade)
{
  g_auto (Request) request = { 0 };
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  const gchar *end = g_strstr_len ((const gchar *) bytes, (gssize) size, "\r\n\r\n");

  memset (upgrade, 0, sizeof *upgrade);
  if (size > 0 && !g_ascii_isupper ((gchar) bytes[0]))
    return refuse (upgrade, 400, "no HTTP request");
  if (!end) {
    upgrade->verdict = EDGE_UPGRADE_MORE;
    if (size >= EDGE_UPGRADE_MAX)
      refuse (upgrade, 431, "the request is too large");
    return;
  }
  upgrade->eaten = (gsize) (end - (const gchar *) bytes) + 4;
  if (upgrade->eaten > EDGE_UPGRADE_MAX)
    return refuse (upgrade, 431, "the request is too large");
  text = g_strndup ((const gchar *) bytes, upgrade->eaten - 4);
  lines = g_strsplit (text, "\r\n", -1);
  if (take_headers (lines + 1, &request, upgrade))
    judge (lines[0], &request, path, origins, upgrade);
}

/**
 * edge_upgrade_answer:
 * @upgrade: an accepted upgrade
 *
 * Returns: (transfer full): the 101 response
 */
gchar *
edge_upgrade_answer (const EdgeUpgrade *upgrade)
{
  return g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n"
                          "Sec-WebSocket-Protocol: sip\r\n\r\n",
                          upgrade->accept);
}

static const gchar *
phrase (guint status)
{
  static const struct {
    guint status;
    const gchar *phrase;
  } phrases[] = {
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 426, "Upgrade Required" },
    { 431, "Request Header Fields Too Large" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == status)
      return phrases[i].phrase;
  return "Bad Request";
}

/**
 * edge_upgrade_refusal:
 * @status: an HTTP status of 400 or above
 * @cause: why, for a person
 *
 * Returns: (transfer full): the response; the connection closes after it
 */
gchar *
edge_upgrade_refusal (guint status, const gchar *cause)
{
  const gchar *extra = "";

  if (status == 405)
    extra = "Allow: GET\r\n";
  else if (status == 426)
    extra = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  else if (status == 503)
    extra = "Retry-After: 30\r\n";
  return g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                          "Connection: close\r\n"
                          "%s"
                          "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s\n",
                          status, phrase (status), extra, strlen (cause) + 1, cause);
}
