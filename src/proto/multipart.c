/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * multipart: one part of a body that has several (RFC 2046 section 5.1, RFC 5621).
 *
 * Nothing is copied and nothing decoded: a part is named by where it stands. sip-body looks for a
 * session description with it.
 */
#include "proto/multipart.h"

#include <string.h>

#define MAX_BOUNDARY 70 /* RFC 2046 section 5.1.1 */

/* A stretch of the body or of a header. */
typedef struct {
  const gchar *start;
  const gchar *end;
} Span;

static gboolean find (Span body, Span type, const gchar *wanted, guint depth, Span *found);

/* Takes the first line off a text, without its line end. */
static gboolean
take_line (Span *text, Span *line)
{
  const gchar *stop;

  if (text->start == text->end)
    return FALSE;
  stop = memchr (text->start, '\n', (gsize) (text->end - text->start));
  line->start = text->start;
  line->end = stop ? stop : text->end;
  text->start = stop ? stop + 1 : text->end;
  if (line->end > line->start && line->end[-1] == '\r')
    line->end--;
  return TRUE;
}

static Span
trim (Span span)
{
  while (span.start < span.end && g_ascii_isspace (*span.start))
    span.start++;
  while (span.start < span.end && g_ascii_isspace (span.end[-1]))
    span.end--;
  return span;
}

static gboolean
begins_with (Span span, const gchar *text)
{
  gsize length = strlen (text);

  return (gsize) (span.end - span.start) >= length &&
         g_ascii_strncasecmp (span.start, text, length) == 0;
}

static gboolean
is (Span span, const gchar *text)
{
  return begins_with (span, text) && (gsize) (span.end - span.start) == strlen (text);
}

/* Takes what stands before the next semicolon that is not inside quotes. */
static Span
take_parameter (Span *type)
{
  Span parameter = { type->start, type->start };
  gboolean quoted = FALSE;

  for (; parameter.end < type->end && (quoted || *parameter.end != ';'); parameter.end++)
    if (*parameter.end == '"')
      quoted = !quoted;
  type->start = parameter.end < type->end ? parameter.end + 1 : type->end;
  return trim (parameter);
}

static gboolean
find_boundary (Span type, Span *boundary)
{
  while (type.start < type.end) {
    Span parameter = take_parameter (&type);

    if (!begins_with (parameter, "boundary="))
      continue;
    *boundary = (Span){ parameter.start + strlen ("boundary="), parameter.end };
    if (boundary->end - boundary->start >= 2 && *boundary->start == '"' &&
        boundary->end[-1] == '"') {
      boundary->start++;
      boundary->end--;
    }
    return boundary->end > boundary->start && boundary->end - boundary->start <= MAX_BOUNDARY;
  }
  return FALSE;
}

/* @last: of the delimiter behind which no part follows */
static gboolean
is_delimiter (Span line, Span boundary, gboolean *last)
{
  gsize length = (gsize) (boundary.end - boundary.start);

  if (!begins_with (line, "--") || (gsize) (line.end - line.start) < length + 2 ||
      memcmp (line.start + 2, boundary.start, length) != 0)
    return FALSE;
  line.start += length + 2;
  *last = begins_with (line, "--");
  if (*last)
    line.start += 2;
  line = trim (line);
  return line.start == line.end;
}

/* Takes a header with the lines that continue it. */
static gboolean
take_header (Span *part, Span *header)
{
  Span line;

  if (!take_line (part, header) || header->start == header->end)
    return FALSE;
  while (part->start < part->end && (*part->start == ' ' || *part->start == '\t') &&
         take_line (part, &line))
    header->end = line.end;
  return TRUE;
}

static gboolean
find_in_part (Span part, const gchar *wanted, guint depth, Span *found)
{
  Span type = { "", "" }, header;

  while (take_header (&part, &header)) {
    if (!begins_with (header, "Content-Type"))
      continue;
    header.start += strlen ("Content-Type");
    header = trim (header);
    if (header.start < header.end && *header.start == ':')
      type = (Span){ header.start + 1, header.end };
  }
  return find (part, type, wanted, depth, found);
}

static gboolean
find (Span body, Span type, const gchar *wanted, guint depth, Span *found)
{
  Span name = take_parameter (&type), boundary, line, part = { NULL, NULL };
  gboolean last = FALSE;

  if (is (name, wanted)) {
    *found = body;
    return TRUE;
  }
  if (!begins_with (name, "multipart/") || depth == MULTIPART_MAX_DEPTH ||
      !find_boundary (type, &boundary))
    return FALSE;
  while (!last && take_line (&body, &line)) {
    if (!is_delimiter (line, boundary, &last)) {
      part.end = line.end;
      continue;
    }
    if (part.start && find_in_part (part, wanted, depth + 1, found))
      return TRUE;
    part.start = part.end = body.start;
  }
  /* One that nothing closes ends with the body. */
  part.end = body.end;
  return !last && part.start && find_in_part (part, wanted, depth + 1, found);
}

/**
 * multipart_find:
 * @body: a body; it need not be terminated
 * @size: bytes in it
 * @type: its Content-Type with the parameters
 * @wanted: a content type without parameters
 * @part_size: (out): bytes in the part
 *
 * Looks into parts that have parts themselves, to a depth of %MULTIPART_MAX_DEPTH.
 *
 * Returns: (transfer none) (nullable): the first part of the type @wanted, which is the whole body
 *   where that is of this type itself
 */
const gchar *
multipart_find (const gchar *body, gsize size, const gchar *type, const gchar *wanted,
                gsize *part_size)
{
  Span found;

  if (!find ((Span){ body, body + size }, (Span){ type, type + strlen (type) }, wanted, 0, &found))
    return NULL;
  *part_size = (gsize) (found.end - found.start);
  return found.start;
}
