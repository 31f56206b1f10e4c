/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lone-phone: a socket that sends REGISTERs to a lone stack, and gets the answers.
 */
#include "lone-phone.h"

#include "lone-stack.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (5 * G_TIME_SPAN_SECOND)

struct _LonePhone {
  SipStack *stack;
  SipRequest *request; /* nullable: what the stack just handed over */
  int fd;
  guint port;
  guint sent;
};

static void
on_request (SipRequest *request, gpointer user_data)
{
  LonePhone *phone = user_data;

  g_assert_null (phone->request);
  phone->request = sip_request_ref (request);
}

LonePhone *
lone_phone_new (SipStack *stack)
{
  LonePhone *phone = g_new0 (LonePhone, 1);

  phone->stack = stack;
  phone->fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  phone->port = lone_port (phone->fd);
  sip_stack_set_handler (stack, on_request, phone);
  return phone;
}

void
lone_phone_free (LonePhone *phone)
{
  sip_stack_set_handler (phone->stack, NULL, NULL);
  close (phone->fd);
  g_free (phone);
}

static void
turn (gint64 until)
{
  g_assert_cmpint (g_get_monotonic_time (), <, until);
  if (!g_main_context_iteration (NULL, FALSE))
    g_usleep (200);
}

/* @lines: further headers, each with its CRLF. The request is the caller's. */
SipRequest *
lone_phone_register (
    LonePhone *phone, const gchar *user, const gchar *call_id, const gchar *lines)
{
  const SipListener *listener = g_ptr_array_index (sip_stack_listeners (phone->stack), 0);
  struct sockaddr_in door = { .sin_family = AF_INET,
                              .sin_port = htons ((guint16) sip_listener_port (listener)),
                              .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  gint64 until = g_get_monotonic_time () + PATIENCE;
  g_autofree gchar *text = NULL;

  phone->sent++;
  text = g_strdup_printf (
    "REGISTER sip:pbx.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%u\r\n"
    "From: <sip:%s>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: %s\r\nCSeq: %u REGISTER\r\n"
    "Max-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
    phone->port, phone->sent, user, user, call_id, phone->sent, lines);
  g_assert_cmpint (sendto (phone->fd, text, strlen (text), 0, (struct sockaddr *) &door,
                           sizeof door), >, 0);
  while (!phone->request)
    turn (until);
  return g_steal_pointer (&phone->request);
}

/* Whether an answer is there already, without any turn of the loop. */
gboolean
lone_phone_is_answered (LonePhone *phone)
{
  gchar byte;

  return recv (phone->fd, &byte, 1, MSG_PEEK) > 0;
}

/* The next answer, whole. */
gchar *
lone_phone_answer (LonePhone *phone)
{
  gint64 until = g_get_monotonic_time () + PATIENCE;
  gchar buffer[8192];
  gssize size;

  while ((size = recv (phone->fd, buffer, sizeof buffer, 0)) < 0)
    turn (until);
  return g_strndup (buffer, (gsize) size);
}
