/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lone-stack: a real stack with one UDP listener on loopback, and ports that nobody else has.
 */
#include "lone-stack.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

/* Binds the socket to a port of the kernel's choice. */
guint
lone_port (int fd)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  return ntohs (address.sin_port);
}

guint
lone_free_port (int type)
{
  int fd = socket (AF_INET, type, 0);
  guint port = lone_port (fd);

  close (fd);
  return port;
}

SipStack *
lone_stack_new (SipSide side)
{
  guint port = lone_free_port (SOCK_DGRAM);
  SipListenerOptions options = { "lone", side, SIP_TRANSPORT_UDP, "127.0.0.1", port,
                                 "127.0.0.1", port };
  g_autoptr (GPtrArray) listeners = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  SipStack *stack;

  g_ptr_array_add (listeners, &options);
  stack = sip_stack_new (listeners, NULL, &error);
  g_assert_no_error (error);
  return stack;
}

SipFlow *
lone_flow_to_nobody (SipStack *stack)
{
  return sip_flow_to_address (g_ptr_array_index (sip_stack_listeners (stack), 0), "127.0.0.1", 9);
}
