/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sdp-restore: what a media relay has made of a session description, with the streams that it does
 * not understand as they were before it: fax (T.38), files, floor control (RFC 4566 section 5.14).
 *
 * A relay adds attributes of RTP to every stream and drops or moves others. media-session puts back
 * what was there; only port and address stay the relay's.
 */
#include "proto/sdp-restore.h"

#include "base/error.h"
#include "proto/sdp-line.h"
#include "proto/sdp-traits.h"

#include <string.h>

/* An m= line with all that belongs to it, or what stands before the first one. */
typedef struct {
  const gchar *start;
  const gchar *end;
  SdpMedia media; /* of an m= line */
} Section;

static gboolean
take_section (SdpReader *reader, Section *section)
{
  SdpReader ahead = *reader;
  SdpLine line;

  section->start = reader->next;
  if (!sdp_reader_next (&ahead, &line))
    return FALSE;
  if (!sdp_line_is_media (&line, &section->media))
    section->media = (SdpMedia){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
  do
    *reader = ahead;
  while (sdp_reader_next (&ahead, &line) && line.type != 'm');
  section->end = reader->next;
  return TRUE;
}

static gboolean
is_stream (const Section *section)
{
  return section->media.kind.text != NULL;
}

static gboolean
take_stream (SdpReader *reader, Section *section)
{
  while (take_section (reader, section))
    if (is_stream (section))
      return TRUE;
  return FALSE;
}

static gboolean
is_rtp (const Section *section)
{
  SdpTraits traits;

  sdp_traits_read (section->start, (gsize) (section->end - section->start), &traits);
  return traits.rtp;
}

/* What a section says of where its media goes, if it does. */
static void
read_connection (const Section *section, SdpWord *connection)
{
  SdpReader reader;
  SdpLine line;

  sdp_reader_init (&reader, section->start, (gsize) (section->end - section->start));
  while (sdp_reader_next (&reader, &line))
    if (line.type == 'c')
      *connection = (SdpWord){ line.text, line.size };
}

static void
replace (GString *out, const gchar **done, const SdpWord *old, const SdpWord *new)
{
  g_string_append_len (out, *done, old->text - *done);
  g_string_append_len (out, new->text, (gssize) new->size);
  *done = old->text + old->size;
}

static gboolean
same_word (const SdpWord *one, const SdpWord *other)
{
  return one->size == other->size &&
         (one->size == 0 || memcmp (one->text, other->text, one->size) == 0);
}

/* Where a c= line belongs: behind m= and i= (RFC 4566 5). */
static const gchar *
place_of_connection (const Section *section)
{
  const gchar *place = section->start;
  SdpReader reader;
  SdpLine line;

  sdp_reader_init (&reader, section->start, (gsize) (section->end - section->start));
  while (sdp_reader_next (&reader, &line) && (line.type == 'm' || line.type == 'i'))
    place = line.end;
  return place;
}

static void
insert_connection (GString *out, const gchar **done, const gchar *place, const SdpWord *connection)
{
  g_string_append_len (out, *done, place - *done);
  if (place[-1] != '\n')
    g_string_append (out, "\r\n");
  g_string_append (out, "c=");
  g_string_append_len (out, connection->text, (gssize) connection->size);
  g_string_append (out, "\r\n");
  *done = place;
}

/* @session is what holds for a stream that does not say where it goes. */
static void
append_restored (GString *out, const Section *section, const SdpWord *port,
                 const SdpWord *connection, const SdpWord *session)
{
  const gchar *done = section->start;
  SdpWord own = { NULL, 0 };
  SdpReader reader;
  SdpLine line;

  read_connection (section, &own);
  replace (out, &done, &section->media.port, port);
  if (!own.text && !same_word (connection, session))
    insert_connection (out, &done, place_of_connection (section), connection);
  sdp_reader_init (&reader, section->start, (gsize) (section->end - section->start));
  while (connection->text && sdp_reader_next (&reader, &line))
    if (line.type == 'c')
      replace (out, &done, &(SdpWord){ line.text, line.size }, connection);
  g_string_append_len (out, done, section->end - done);
}

/**
 * sdp_restore:
 * @sdp: a body as its sender made it; it need not be terminated
 * @size: bytes in it
 * @relayed: what a relay has made of it, likewise
 * @relayed_size: bytes in that
 * @new_size: (out): bytes in the new body
 * @error: set where the two have not the same streams
 *
 * Takes streams of RTP and what stands before the first stream from @relayed. All other streams are
 * those of @sdp, to the byte but for the port and c= lines, which are the relay's;
 * where the relay alone has a c= line for a stream, that is added.
 *
 * Returns: (transfer full) (nullable): the new body, terminated
 */
gchar *
sdp_restore (const gchar *sdp, gsize size, const gchar *relayed, gsize relayed_size,
             gsize *new_size, GError **error)
{
  GString *restored = g_string_sized_new (size + relayed_size);
  SdpWord session = { NULL, 0 };
  SdpReader ours, theirs;
  Section before, after;
  gboolean same = TRUE;

  sdp_reader_init (&ours, sdp, size);
  sdp_reader_init (&theirs, relayed, relayed_size);
  while (same && take_section (&theirs, &after)) {
    SdpWord connection = session;

    read_connection (&after, &connection);
    if (!is_stream (&after)) {
      session = connection;
      g_string_append_len (restored, after.start, after.end - after.start);
      continue;
    }
    same = take_stream (&ours, &before) && before.media.kind.size == after.media.kind.size &&
           memcmp (before.media.kind.text, after.media.kind.text, after.media.kind.size) == 0;
    if (same && is_rtp (&before))
      g_string_append_len (restored, after.start, after.end - after.start);
    else if (same)
      append_restored (restored, &before, &after.media.port, &connection, &session);
  }
  if (!same || take_stream (&ours, &before)) {
    g_string_free (restored, TRUE);
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL,
                 "the media relay has changed which streams there are");
    return NULL;
  }
  *new_size = restored->len;
  return g_string_free (restored, FALSE);
}
