/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-stream: where a SIP message ends in a stream of bytes.
 *
 * Follows start line, header and Content-Length (RFC 3261 sections 7.5, 18.3) without holding a
 * byte, and tells the keep-alives between messages apart (RFC 5626 section 4.4.1). Pure; called by
 * edge-relay in both directions and by edge-frame. A message without Content-Length has no body,
 * as it does for the stack behind us.
 */
#include "edge/edge-stream.h"

#include <string.h>

/**
 * edge_stream_init:
 * @stream: (out caller-allocates): a stream, between messages
 * @limit: bytes that one message may have, header and body together
 */
void
edge_stream_init (EdgeStream *stream, gsize limit)
{
  memset (stream, 0, sizeof *stream);
  stream->limit = limit;
}

static void
begin_line (EdgeStream *self)
{
  self->line_start = TRUE;
  self->after_cr = FALSE;
}

static void
begin_message (EdgeStream *self)
{
  self->place = EDGE_STREAM_HEADER;
  self->size = 0;
  self->length = 0;
  self->has_length = FALSE;
  self->blanks = 0;
  self->first_line = TRUE;
  self->field = EDGE_STREAM_SKIP;
  self->line_start = FALSE;
  self->after_cr = FALSE;
}

static gboolean
is_length_name (const EdgeStream *self)
{
  if (self->name_size == 1)
    return g_ascii_tolower (self->name[0]) == 'l';
  return self->name_size == strlen ("Content-Length") &&
         g_ascii_strncasecmp (self->name, "Content-Length", self->name_size) == 0;
}

/* One byte of a header line that may turn out to be Content-Length. FALSE: it is one, and bad. */
static gboolean
step_field (EdgeStream *self, gchar byte)
{
  gboolean space = byte == ' ' || byte == '\t';

  switch (self->field) {
  case EDGE_STREAM_NAME:
    if (byte == ':' || space) {
      if (!is_length_name (self)) {
        self->field = EDGE_STREAM_SKIP;
        return TRUE;
      }
      /* Two lengths are a trick: whom of us would the other one follow? */
      if (self->has_length)
        return FALSE;
      self->has_length = TRUE;
      self->has_value = FALSE;
      self->field = byte == ':' ? EDGE_STREAM_VALUE : EDGE_STREAM_COLON;
      return TRUE;
    }
    if (self->name_size < sizeof self->name)
      self->name[self->name_size++] = byte;
    else
      self->field = EDGE_STREAM_SKIP;
    return TRUE;
  case EDGE_STREAM_COLON:
    if (byte == ':')
      self->field = EDGE_STREAM_VALUE;
    return byte == ':' || space;
  case EDGE_STREAM_VALUE:
    if (space) {
      if (self->has_value)
        self->field = EDGE_STREAM_VALUE_END;
      return TRUE;
    }
    if (!g_ascii_isdigit (byte))
      return FALSE;
    self->has_value = TRUE;
    /* A number that is past every limit stays there and cannot wrap. */
    if (self->length <= self->limit)
      self->length = self->length * 10 + (gsize) (byte - '0');
    return TRUE;
  case EDGE_STREAM_VALUE_END:
    return space;
  case EDGE_STREAM_SKIP:
    return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

static gboolean
end_of_length_is_sane (const EdgeStream *self)
{
  if (self->field == EDGE_STREAM_COLON)
    return FALSE;
  if (self->field == EDGE_STREAM_VALUE || self->field == EDGE_STREAM_VALUE_END)
    return self->has_value;
  return TRUE;
}

static EdgeStreamEvent
broken (EdgeStream *self, EdgeStreamEvent event)
{
  self->place = EDGE_STREAM_BROKEN;
  return event;
}

static EdgeStreamEvent
end_message (EdgeStream *self)
{
  self->place = EDGE_STREAM_BETWEEN;
  self->blanks = 0;
  self->messages++;
  return EDGE_STREAM_MESSAGE;
}

static EdgeStreamEvent
end_header (EdgeStream *self)
{
  if (self->size + self->length > self->limit)
    return broken (self, EDGE_STREAM_TOO_LARGE);
  if (self->length == 0)
    return end_message (self);
  self->place = EDGE_STREAM_BODY;
  self->body = self->length;
  return EDGE_STREAM_MORE;
}

/* The first byte of a line decides what becomes of the line before: a space continues it. */
static EdgeStreamEvent
step_line_start (EdgeStream *self, gchar byte)
{
  if (byte == ' ' || byte == '\t') {
    if (self->first_line)
      return broken (self, EDGE_STREAM_MALFORMED);
    self->line_start = FALSE;
    return step_field (self, byte) ? EDGE_STREAM_MORE : broken (self, EDGE_STREAM_MALFORMED);
  }
  if (!self->first_line && !end_of_length_is_sane (self))
    return broken (self, EDGE_STREAM_MALFORMED);
  if (byte == '\r') {
    self->after_cr = TRUE;
    return EDGE_STREAM_MORE;
  }
  if (byte == '\n')
    return end_header (self);
  self->first_line = FALSE;
  self->line_start = FALSE;
  self->field = EDGE_STREAM_NAME;
  self->name_size = 0;
  return step_field (self, byte) ? EDGE_STREAM_MORE : broken (self, EDGE_STREAM_MALFORMED);
}

static EdgeStreamEvent
step_header (EdgeStream *self, gchar byte)
{
  if (++self->size > self->limit)
    return broken (self, EDGE_STREAM_TOO_LARGE);
  if (byte == '\0')
    return broken (self, EDGE_STREAM_MALFORMED);
  if (self->after_cr) {
    if (byte != '\n')
      return broken (self, EDGE_STREAM_MALFORMED);
    self->after_cr = FALSE;
    if (self->line_start)
      return end_header (self);
    begin_line (self);
    return EDGE_STREAM_MORE;
  }
  if (self->line_start)
    return step_line_start (self, byte);
  if (byte == '\r') {
    self->after_cr = TRUE;
    return EDGE_STREAM_MORE;
  }
  if (byte == '\n') {
    begin_line (self);
    return EDGE_STREAM_MORE;
  }
  if (self->first_line || self->field == EDGE_STREAM_SKIP)
    return EDGE_STREAM_MORE;
  return step_field (self, byte) ? EDGE_STREAM_MORE : broken (self, EDGE_STREAM_MALFORMED);
}

static EdgeStreamEvent
eat_blanks (EdgeStream *self, const guint8 *bytes, gsize size, gsize *eaten)
{
  static const gchar ping[] = "\r\n\r\n";

  for (; *eaten < size; ++*eaten) {
    guint8 byte = bytes[*eaten];

    if (byte != '\r' && byte != '\n')
      break;
    if (byte != ping[self->blanks])
      self->blanks = 0;
    if (byte == ping[self->blanks] && ++self->blanks == strlen (ping)) {
      self->blanks = 0;
      ++*eaten;
      return EDGE_STREAM_PING;
    }
  }
  return EDGE_STREAM_BLANK;
}

/**
 * edge_stream_next:
 * @stream: a stream
 * @bytes: (array length=size): what came; at least one byte
 * @size: how many
 * @eaten: (out): how many of them this event speaks of
 *
 * Returns: EDGE_STREAM_MORE when all of @bytes belong to a message that goes on,
 *   EDGE_STREAM_MESSAGE when they end one, EDGE_STREAM_BLANK for line ends between messages,
 *   EDGE_STREAM_PING when those completed a double CRLF; EDGE_STREAM_TOO_LARGE or
 *   EDGE_STREAM_MALFORMED once, and for ever, when the stream cannot be followed any longer
 */
EdgeStreamEvent
edge_stream_next (EdgeStream *stream, const guint8 *bytes, gsize size, gsize *eaten)
{
  EdgeStreamEvent event;

  *eaten = 0;
  if (stream->place == EDGE_STREAM_BROKEN)
    return EDGE_STREAM_MALFORMED;
  if (stream->place == EDGE_STREAM_BETWEEN) {
    event = eat_blanks (stream, bytes, size, eaten);
    if (*eaten > 0)
      return event;
    if (!g_ascii_isalnum ((gchar) bytes[0]))
      return broken (stream, EDGE_STREAM_MALFORMED);
    begin_message (stream);
  }
  while (*eaten < size && stream->place == EDGE_STREAM_HEADER) {
    event = step_header (stream, (gchar) bytes[(*eaten)++]);
    if (event != EDGE_STREAM_MORE)
      return event;
  }
  if (stream->place == EDGE_STREAM_BODY) {
    gsize part = MIN (stream->body, size - *eaten);

    *eaten += part;
    stream->body -= part;
    if (stream->body == 0)
      return end_message (stream);
  }
  return EDGE_STREAM_MORE;
}

/**
 * edge_stream_is_between:
 * @stream: a stream
 *
 * Returns: whether a byte of our own could be put in here without tearing a message
 */
gboolean
edge_stream_is_between (const EdgeStream *stream)
{
  return stream->place == EDGE_STREAM_BETWEEN;
}
