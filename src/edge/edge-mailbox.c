/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-mailbox: letters from one thread to the other, and a descriptor that wakes the reader.
 *
 * The edge has two: commands to its thread, events to the main loop. Each is bounded by what it
 * speaks of: a connection has at most a handful of letters under way.
 */
#include "edge/edge-mailbox.h"

#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct _EdgeMailbox {
  /* Not a GMutex: the thread sanitizer does not see through GLib's. */
  pthread_mutex_t lock;
  GQueue letters;
  GDestroyNotify destroy;
  int fd;
};

/**
 * edge_mailbox_new:
 * @destroy: frees a letter that nobody took
 * @error: SIPWAKE_ERROR_LIMIT when the process has no descriptor left
 *
 * Returns: (transfer full): an empty mailbox, or %NULL
 */
EdgeMailbox *
edge_mailbox_new (GDestroyNotify destroy, GError **error)
{
  int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  EdgeMailbox *self;

  if (fd < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "cannot make an eventfd: %s",
                 g_strerror (errno));
    return NULL;
  }
  self = g_new0 (EdgeMailbox, 1);
  pthread_mutex_init (&self->lock, NULL);
  g_queue_init (&self->letters);
  self->destroy = destroy;
  self->fd = fd;
  return self;
}

/**
 * edge_mailbox_free:
 * @mailbox: (nullable) (transfer full): a mailbox that no thread uses any longer
 */
void
edge_mailbox_free (EdgeMailbox *mailbox)
{
  if (!mailbox)
    return;
  g_queue_clear_full (&mailbox->letters, mailbox->destroy);
  pthread_mutex_destroy (&mailbox->lock);
  close (mailbox->fd);
  g_free (mailbox);
}

/**
 * edge_mailbox_get_fd:
 * @mailbox: a mailbox
 *
 * Returns: a descriptor that is readable while there are letters
 */
int
edge_mailbox_get_fd (const EdgeMailbox *mailbox)
{
  return mailbox->fd;
}

/**
 * edge_mailbox_post:
 * @mailbox: a mailbox
 * @letter: (transfer full): what to hand over
 *
 * Any thread may call it.
 */
void
edge_mailbox_post (EdgeMailbox *mailbox, gpointer letter)
{
  guint64 one = 1;

  pthread_mutex_lock (&mailbox->lock);
  g_queue_push_tail (&mailbox->letters, letter);
  /* It cannot fail: the count is 0 or 1. */
  if (mailbox->letters.length == 1 && write (mailbox->fd, &one, sizeof one) < 0)
    g_warn_if_reached ();
  pthread_mutex_unlock (&mailbox->lock);
}

/**
 * edge_mailbox_take:
 * @mailbox: a mailbox
 *
 * Returns: (nullable) (transfer full): the oldest letter, or %NULL
 */
gpointer
edge_mailbox_take (EdgeMailbox *mailbox)
{
  gpointer letter;
  guint64 count;

  pthread_mutex_lock (&mailbox->lock);
  letter = g_queue_pop_head (&mailbox->letters);
  if (letter && mailbox->letters.length == 0 && read (mailbox->fd, &count, sizeof count) < 0)
    g_warn_if_reached ();
  pthread_mutex_unlock (&mailbox->lock);
  return letter;
}
