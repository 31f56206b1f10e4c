/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * answerer: what stands in for a PBX in a unit test: real sockets, and one answer to everything.
 */
#include "answerer.h"

#include <string.h>

#define MAX_REQUEST 8192

struct _Answerer {
  GSocketService *service;
  guint port;
  gchar *answer; /* status line and headers of its own; NULL: silence */
  GPtrArray *connections;
  GPtrArray *requests; /* request lines */
};

typedef struct {
  Answerer *answerer;
  GSocketConnection *connection;
  gchar buffer[MAX_REQUEST];
  gsize used;
} Reading;

static void read_on (Reading *reading);

static void
answer (Reading *reading, const gchar *request)
{
  static const gchar *const copied[] = { "Via:", "From:", "To:", "Call-ID:", "CSeq:" };
  Answerer *self = reading->answerer;
  g_auto (GStrv) lines = g_strsplit (request, "\r\n", -1);
  g_autoptr (GString) text = NULL;

  g_ptr_array_add (self->requests, g_strdup (lines[0]));
  if (!self->answer)
    return;
  text = g_string_new (NULL);
  g_string_append_printf (text, "SIP/2.0 %s\r\n", self->answer);
  for (gchar **line = lines + 1; *line; line++)
    for (gsize i = 0; i < G_N_ELEMENTS (copied); i++)
      if (g_str_has_prefix (*line, copied[i]))
        g_string_append_printf (text, "%s%s\r\n", *line, i == 2 ? ";tag=t" : "");
  g_string_append (text, "Content-Length: 0\r\n\r\n");
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (reading->connection)),
                             text->str, text->len, NULL, NULL, NULL);
}

/* One read may bring several requests, or a part of one; none has a body. */
static void
answer_whole_requests (Reading *reading)
{
  gchar *begin = reading->buffer, *end;

  while ((end = strstr (begin, "\r\n\r\n"))) {
    *end = '\0';
    if (strstr (begin, "SIP/2.0\r\n"))
      answer (reading, begin);
    begin = end + strlen ("\r\n\r\n");
  }
  reading->used -= (gsize) (begin - reading->buffer);
  memmove (reading->buffer, begin, reading->used + 1);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reading *reading = user_data;
  gssize size = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (size <= 0) {
    g_object_unref (reading->connection);
    g_free (reading);
    return;
  }
  reading->used += (gsize) size;
  reading->buffer[reading->used] = '\0';
  answer_whole_requests (reading);
  read_on (reading);
}

static void
read_on (Reading *reading)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (reading->connection)),
                             reading->buffer + reading->used, MAX_REQUEST - 1 - reading->used,
                             G_PRIORITY_DEFAULT, NULL, on_read, reading);
}

static gboolean
on_incoming (GSocketService *service,
             GSocketConnection *connection,
             GObject *source,
             gpointer user_data)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->answerer = user_data;
  reading->connection = g_object_ref (connection);
  g_ptr_array_add (reading->answerer->connections, g_object_ref (connection));
  read_on (reading);
  return TRUE;
}

/* Opens its port, again the same one. */
void
answerer_open (Answerer *self)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("127.0.0.4", self->port);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  self->service = g_socket_service_new ();
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
}

/* Closes its port and all connections. */
void
answerer_shut (Answerer *self)
{
  if (!self->service)
    return;
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
  for (guint i = 0; i < self->connections->len; i++)
    g_socket_shutdown (g_socket_connection_get_socket (g_ptr_array_index (self->connections, i)),
                       TRUE, TRUE, NULL);
  g_ptr_array_set_size (self->connections, 0);
}

/* It says 200 until told otherwise. */
Answerer *
answerer_new (void)
{
  Answerer *self = g_new0 (Answerer, 1);

  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->requests = g_ptr_array_new_with_free_func (g_free);
  self->answer = g_strdup ("200 OK");
  answerer_open (self);
  return self;
}

/* What it still reads has ended when the loop has turned. */
void
answerer_free (Answerer *self)
{
  answerer_shut (self);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_ptr_array_unref (self->connections);
  g_ptr_array_unref (self->requests);
  g_free (self->answer);
  g_free (self);
}

guint
answerer_port (const Answerer *self)
{
  return self->port;
}

/* How many requests of that method came. */
guint
answerer_count (const Answerer *self, const gchar *method)
{
  guint count = 0;

  for (guint i = 0; i < self->requests->len; i++)
    count += g_str_has_prefix (g_ptr_array_index (self->requests, i), method);
  return count;
}

/* @answer: status and phrase, with further headers after CR LF; NULL for silence */
void
answerer_say (Answerer *self, const gchar *answer)
{
  g_free (self->answer);
  self->answer = g_strdup (answer);
}
