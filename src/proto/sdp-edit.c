/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sdp-edit: one address in the place of another, and the rest of the body to the byte.
 *
 * The lines that say where media goes are c=, o= (RFC 4566 sections 5.7, 5.2) and a=rtcp
 * (RFC 3605); all three end with network type, address type and address. media-mode calls it.
 */
#include "proto/sdp-edit.h"

#include "base/error.h"
#include "proto/address.h"
#include "proto/sdp-line.h"

#include <string.h>

/* Where the address type and the address stand in a line. */
typedef struct {
  const gchar *type;
  gsize type_size;
  const gchar *address;
  gsize address_size;
} Place;

/* Takes the last word off the text that ends at *@end. */
static gboolean
take_last_word (const gchar *start, const gchar **end, const gchar **word, gsize *size)
{
  const gchar *stop = *end;

  while (stop > start && g_ascii_isspace (stop[-1]))
    stop--;
  *end = stop;
  while (*end > start && !g_ascii_isspace ((*end)[-1]))
    (*end)--;
  *word = *end;
  *size = (gsize) (stop - *end);
  return *size > 0;
}

static gboolean
find_place (const SdpLine *line, Place *place)
{
  const gchar *end = line->text + line->size, *network;
  gsize network_size;

  if (line->type != 'c' && line->type != 'o' && !sdp_line_is_attribute (line, "rtcp"))
    return FALSE;
  return take_last_word (line->text, &end, &place->address, &place->address_size) &&
         take_last_word (line->text, &end, &place->type, &place->type_size) &&
         take_last_word (line->text, &end, &network, &network_size) && network_size == 2 &&
         g_ascii_strncasecmp (network, "IN", 2) == 0 && place->type_size == 3 &&
         g_ascii_strncasecmp (place->type, "IP", 2) == 0;
}

/* A host name, a multicast group with its reach and a malformed address are none. */
static GInetAddress *
read_address (const Place *place)
{
  gchar text[64];

  if (place->address_size >= sizeof text || memchr (place->address, '\0', place->address_size))
    return NULL;
  memcpy (text, place->address, place->address_size);
  text[place->address_size] = '\0';
  return g_inet_address_new_from_string (text);
}

static gboolean
is_wanted (GInetAddress *address, const gchar *const *patterns)
{
  if (g_inet_address_get_is_any (address))
    return FALSE;
  if (!patterns)
    return address_is_private (address);
  for (; *patterns; patterns++)
    if (address_matches (*patterns, address))
      return TRUE;
  return FALSE;
}

/**
 * sdp_edit_address:
 * @sdp: a body; it need not be terminated
 * @size: bytes in it
 * @patterns: (nullable): addresses and networks as for address_matches(); %NULL stands for all that
 *   are private, as address_is_private() has it
 * @address: what stands in their place
 * @new_size: (out): bytes in the new body
 * @error: set where the body is too big
 *
 * Replaces addresses in c=, o= and a=rtcp lines, with the right address type. Ports, line ends,
 * order, spelling and all other lines stay as they are; so does 0.0.0.0, which means hold.
 *
 * Returns: (transfer full) (nullable): the new body, terminated
 */
gchar *
sdp_edit_address (const gchar *sdp, gsize size, const gchar *const *patterns,
                  GInetAddress *address, gsize *new_size, GError **error)
{
  g_autofree gchar *text = g_inet_address_to_string (address);
  const gchar *type =
    g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 ? "IP6" : "IP4";
  const gchar *done = sdp;
  GString *edited;
  SdpReader reader;
  SdpLine line;
  Place place;

  if (size > SDP_MAX_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT,
                 "the session description has %" G_GSIZE_FORMAT " bytes, more than %d", size,
                 SDP_MAX_SIZE);
    return NULL;
  }
  edited = g_string_sized_new (size + 128);
  sdp_reader_init (&reader, sdp, size);
  while (sdp_reader_next (&reader, &line)) {
    g_autoptr (GInetAddress) old = find_place (&line, &place) ? read_address (&place) : NULL;

    if (!old || !is_wanted (old, patterns))
      continue;
    g_string_append_len (edited, done, place.type - done);
    g_string_append (edited, type);
    done = place.type + place.type_size;
    g_string_append_len (edited, done, place.address - done);
    g_string_append (edited, text);
    done = place.address + place.address_size;
  }
  g_string_append_len (edited, done, sdp + size - done);
  *new_size = edited->len;
  return g_string_free (edited, FALSE);
}
